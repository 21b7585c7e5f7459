// Graphs as JSON: exact round trips, and errors that say where.
import { deepStrictEqual } from 'node:assert';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Dag, type DagNode, dag } from '../../compiler/dag/index.ts';
import { RunError } from '../../engine/errors.ts';
import { fromModule, task } from '../../engine/tasks/definition.ts';
import { FakeEngine } from './fake.ts';

const messageOf = (act: () => unknown): string => {
  try {
    act();
  } catch (e) {
    if (e instanceof RunError && e.code === 'FLOW7016') return e.message;
    throw e;
  }
  throw new Error('did not fail');
};

const again = (g: Dag): Dag => dag.fromJSON(JSON.stringify(g));

/** A value without nodes, as a literal, there and back. */
function returned(value: unknown): unknown {
  const g = dag();
  g.literal('x', value);
  const json = again(g);
  assert.equal(JSON.stringify(json), JSON.stringify(g));
  const [node] = json.nodes;
  let read: unknown;
  json.output('x', node);
  // A literal that is an output is given as it is.
  void json.run(new FakeEngine()).then((values) => {
    read = values.x;
  });
  return new Promise((resolve) => setImmediate(() => setImmediate(() => resolve(read))));
}

test('values of every kind come back', async () => {
  const values = {
    plain: [null, true, 'text', 1.5, -7, { a: { b: [] } }],
    numbers: [Number.NaN, Infinity, -Infinity, -0, 0, 5e-324, 2 ** 53],
    bigint: -(2n ** 70n),
    undefined: [undefined, { a: undefined }],
    dates: [new Date(0), new Date(8.64e15)],
    map: new Map<unknown, unknown>([
      ['a', 1n],
      [new Date(5), new Set([1, 'b'])],
    ]),
    typed: [
      new Float64Array([1.5, -0]),
      new Uint8Array(0),
      new BigInt64Array([-1n]),
      new Int16Array([1, 2]).subarray(1),
    ],
    buffer: new Uint8Array([1, 2, 255]).buffer,
    regexp: /a\/"b"/giu,
    tags: { $: 'undefined', nested: { $: { $: 1 } } },
    keys: JSON.parse('{ "__proto__": 1, "": 2, "constructor": 3, "toString": null }'),
  };
  deepStrictEqual(await returned(values), values);
  assert.ok(Number.isNaN(((await returned(new Date(Number.NaN))) as Date).getTime()));
});

test('a property: any data comes back exactly', async () => {
  const leaf = fc.oneof(
    fc.constantFrom(null, undefined, Number.NaN, -0, Infinity),
    fc.boolean(),
    fc.double(),
    fc.bigInt(),
    fc.string({ unit: 'binary' }),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
    fc.float64Array(),
    fc.bigInt64Array(),
  );
  const key = fc.oneof(fc.string(), fc.constantFrom('$', '__proto__', '0'));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
      fc.array(fc.tuple(leaf, tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
      fc.array(leaf, { maxLength: 3 }).map((all) => new Set(all)),
    ),
  }));
  await fc.assert(
    fc.asyncProperty(value, async (one) => {
      deepStrictEqual(await returned(one), one);
    }),
    { numRuns: 100 },
  );
});

/** Graphs with everything that has a place in JSON. */
const graphs = fc
  .array(
    fc.record({
      kind: fc.constantFrom('input', 'literal', 'task', 'many', 'module'),
      reads: fc.array(fc.nat(), { maxLength: 3 }),
      value: fc.oneof(fc.integer(), fc.bigInt(), fc.constant(undefined), fc.array(fc.double())),
      nested: fc.boolean(),
      meta: fc.option(fc.dictionary(fc.string(), fc.integer(), { noNullPrototype: true })),
      follows: fc.option(fc.nat()),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((items) => {
    const g: Dag = dag('made');
    const nodes: DagNode[] = [];
    for (const [i, { kind, reads, value, nested, meta, follows }] of items.entries()) {
      const sources = nodes.length === 0 ? [] : reads.map((at) => nodes[at % nodes.length]);
      const arg = nested ? { all: [sources, value] } : value;
      const name = `${kind} ${i}`;
      if (kind === 'input') nodes.push(g.input(name, i % 2 === 0 ? {} : { default: value }));
      else if (kind === 'literal') nodes.push(g.literal(name, value));
      else if (kind === 'task') nodes.push(g.task(name, (...all: unknown[]) => all.length, arg, ...sources));
      else if (kind === 'many')
        nodes.push(
          ...g.task(
            name,
            task((x: unknown): [unknown, unknown] => [x, x], { returns: 2, priority: i }),
            arg,
          ),
        );
      else nodes.push(g.task(name, fromModule<(x: unknown) => number>('file:///steps.js', 'step'), arg));
      if (meta !== null) g.annotate(name, { meta });
      if (follows !== null && nodes.length > 1) g.connect(nodes[follows % (nodes.length - 1)] as DagNode, name);
    }
    g.output('last', nodes.at(-1));
    g.output('all', { nodes, more: [1n] });
    return g;
  });

test('a property: graphs come back exactly, and have the same problems and drawings', () => {
  fc.assert(
    fc.property(graphs, (g) => {
      const back = again(g);
      assert.equal(back.toJSON(), g.toJSON());
      assert.equal(back.validate(), g.validate());
      for (const format of ['text', 'mermaid', 'dot'] as const) assert.is(back.draw(format), g.draw(format));
    }),
    { numRuns: 200 },
  );
});

test('a graph runs after its journey', async () => {
  const g = dag('journey');
  const n = g.input<bigint>('n');
  const [low, high] = g.task(
    'split',
    task((x: bigint): [bigint, bigint] => [x % 10n, x / 10n], { returns: 2 }),
    n,
  );
  g.output(
    'sum',
    g.task('sum', ({ parts }: { parts: readonly bigint[] }) => parts.reduce((a, b) => a + b), { parts: [low, high] }),
  );
  const values = await again(g).run(new FakeEngine(), { inputs: { n: 123n } });
  assert.equal(values, { sum: 15n });
});

test('equal functions are written once', () => {
  const g = dag();
  for (let i = 0; i < 5; i++) g.task(`t${i}`, (x: number) => x + 1, i);
  const [fn, ...more] = g.toJSON().functions;
  assert.equal([fn?.kind, fn?.name, more], ['closure', '', []]);
});

test('what has no JSON is refused with its path', () => {
  const refusal = (build: (g: Dag) => unknown): string => {
    const g = dag();
    build(g);
    return messageOf(() => g.toJSON());
  };
  class Point {}
  const round: unknown[] = [];
  round.push({ again: round });
  const cases: [(g: Dag) => unknown, string][] = [
    [(g) => g.literal('p', { a: [1, new Point()] }), 'literal `p`: value.a[1] is an object of the class Point'],
    [(g) => g.input('i', { default: () => 1 }), 'input `i`: default is a function'],
    [(g) => g.task('t', (x: unknown) => x, { 'odd key': Symbol('s') }), 'task `t`: argument 1["odd key"] is a symbol'],
    [(g) => g.literal('r', round), 'literal `r`: value[0].again is a structure that contains itself'],
    [(g) => g.literal('h', new Array(2)), 'literal `h`: value is an array with holes or named members'],
    [
      (g) => g.literal('m', new Map([['k', new WeakMap()]])),
      'literal `m`: value.get("k") is an object of the class WeakMap',
    ],
    [(g) => g.literal('s', new Set([new Error('e')])), 'literal `s`: value.values[0] is an object of the class Error'],
    [(g) => g.literal('y', { [Symbol('z')]: 1 }), 'literal `y`: value is an object with symbols as keys'],
    [(g) => g.input('a', { meta: { f: Math.max } }), 'input `a`: meta.f is a function'],
    [(g) => g.output('o', { x: new Point() }), 'output `o`.x is an object of the class Point'],
    [
      (g) =>
        g.task(
          'w',
          task((x: unknown) => x, { signal: new AbortController().signal }),
          1,
        ),
      'task `w`: options.signal is an object of the class AbortSignal',
    ],
  ];
  for (const [build, message] of cases) {
    assert.is(refusal(build), `${message}, and cannot be written as JSON`);
  }
  assert.is(
    refusal((g) => [g.input('a'), g.input('a')]),
    'two nodes are called `a`: as JSON, nodes are known by their names',
  );
  assert.match(
    refusal((g) => g.task('n', Math.max, 1)),
    /^the function of the task `n` cannot be sent to a worker: /,
  );
});

test('what is no graph is refused with its path', () => {
  const good = { format: 'flowc.dag', version: 1, name: 'g', functions: [], nodes: [], outputs: [] };
  const closure = { kind: 'closure', code: 'x => x', name: '' };
  const nodes = (node: object): object => ({ ...good, functions: [closure], nodes: [node] });
  const literal = (value: unknown): object => nodes({ kind: 'literal', name: 'x', value });
  const cases: [unknown, string | RegExp][] = [
    ['{', /^the graph is no JSON: /],
    [null, 'the graph is null, not an object'],
    [{}, 'the graph has no `format`'],
    [{ ...good, format: 'x' }, 'the graph: `format` is "x", not "flowc.dag"'],
    [{ ...good, version: 2 }, 'the graph: `version` is 2; this release reads version 1'],
    [{ ...good, outpust: [] }, 'the graph has the unknown key `outpust`; did you mean `outputs`?'],
    [{ ...good, name: 1 }, 'the graph.name is 1, not a string'],
    [{ ...good, nodes: {} }, 'the graph.nodes is {}, not an array'],
    [{ ...good, nodes: [1] }, 'nodes[0] is 1, not an object'],
    [{ ...good, functions: [{ kind: 'x' }] }, 'functions[0].kind is "x", not "module" or "closure"'],
    [{ ...good, functions: [{ kind: 'module', url: 'x' }] }, 'functions[0] has no `name`'],
    [{ ...good, outputs: [{ name: 'x' }] }, 'outputs[0] has no `value`'],
    [{ ...good, order: [['a']] }, 'order[0] is ["a"], not two names'],
    [nodes({ kind: 'x', name: 'x' }), 'nodes[0].kind is "x", not "input", "literal" or "task"'],
    [nodes({ kind: 'input', name: 'x', metta: {} }), 'nodes[0] has the unknown key `metta`; did you mean `meta`?'],
    [nodes({ kind: 'input', name: 'x', meta: 1 }), 'nodes[0].meta is 1, not an object'],
    [nodes({ kind: 'task', name: 'x', fn: 1, args: [] }), 'nodes[0].fn is 1, and there are 1 functions, from 0'],
    [nodes({ kind: 'task', name: 'x', fn: 0 }), 'nodes[0] has no `args`'],
    [
      nodes({ kind: 'task', name: 'x', fn: 0, args: [], options: { retries: 'x' } }),
      'nodes[0].options: retries of a task is "x"; a whole number from 0 is expected',
    ],
    [
      nodes({ kind: 'task', name: 'x', fn: 0, args: [], options: { name: 'x' } }),
      'nodes[0].options has the unknown key `name`',
    ],
    [
      literal({ a: [{ $: 'bigint', value: 'x' }] }),
      'nodes[0].value.a[0] has the tag "bigint", and not what belongs to it',
    ],
    ...[
      { $: 'nothing' },
      { $: 'number', value: '1' },
      { $: 'date', value: 'x' },
      { $: 'regexp', source: '(', flags: '' },
      { $: 'map', entries: [[1]] },
      { $: 'object', value: [[1, 2]] },
      { $: 'Float64Array', base64: 'AAAA' },
      { $: 'Uint8Array', base64: '?' },
      { $: 'node', name: 'a', result: -1 },
    ].map((value): [unknown, RegExp] => [
      literal(value),
      /^nodes\[0\]\.value has the tag ".*", and not what belongs to it$/,
    ]),
  ];
  for (const [json, message] of cases) {
    const got = messageOf(() => dag.fromJSON(json));
    if (typeof message === 'string') assert.is(got, message);
    else assert.match(got, message);
  }
});

test('a graph that is wrong in itself is read, and told by validate', () => {
  const g = dag.fromJSON({
    format: 'flowc.dag',
    version: 1,
    name: 'wrong',
    functions: [
      { kind: 'closure', code: 'x => x', name: '' },
      { kind: 'module', url: 'http://x/y.js', name: 'f' },
    ],
    nodes: [
      { kind: 'task', name: 'a', fn: 0, args: [{ $: 'node', name: 'b' }] },
      {
        kind: 'task',
        name: 'b',
        fn: 0,
        args: [
          { $: 'node', name: 'a' },
          { $: 'node', name: 'c' },
        ],
      },
      { kind: 'task', name: 'b', fn: 1, args: [] },
    ],
    outputs: [],
  });
  assert.equal(
    g.validate().map((p) => p.message.replace(/;.*/, '')),
    [
      'two nodes are called `b`',
      'the task `b` names `c`, and there is no such node',
      'the function of the task `b` cannot be sent to a worker: "http://x/y.js" is not the URL of a module',
      'the graph has a cycle: a -> b -> a',
      'the graph has no output',
    ],
  );
});

test.run();
