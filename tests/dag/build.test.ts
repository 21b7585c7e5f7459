// Building and running graphs, on an engine that notes what is asked of it.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Dag, DagError, type DagNode, type DagTaskEvent, dag } from '../../compiler/dag/index.ts';
import { RunError } from '../../engine/errors.ts';
import { task } from '../../engine/tasks/definition.ts';
import type { Ref } from '../../engine/tasks/types.ts';
import { FakeEngine } from './fake.ts';

const square = (x: number): number => x * x;
const add = (a: number, b: number): number => a + b;
const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
const split = (text: string): [string, number] => [text.toUpperCase(), text.length];

/** The types of `a` and `b` are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const typed = <T extends true>(_proof?: T): void => undefined;

async function rejection(promise: Promise<unknown>): Promise<RunError> {
  const error = await promise.then(
    () => null,
    (e: unknown) => e,
  );
  if (!(error instanceof RunError)) throw new Error(`not a RunError: ${String(error)}`);
  return error;
}

test('a graph is built, run with inputs, and gives typed outputs', async () => {
  const g = dag('squares');
  const n = g.input<number>('n');
  const a = g.task('square', square, n);
  typed<Same<typeof a, DagNode<number>>>();
  const total = g.task('total', sum, [a, 1, a]);
  const built = g.output('result', total).output('both', { a, rest: [a, n] });
  const values = await built.run(new FakeEngine(), { inputs: { n: 3 } });
  typed<Same<(typeof values)['result'], number>>();
  typed<Same<(typeof values)['both'], { a: number; rest: [number, number] }>>();
  assert.equal(values, { result: 19, both: { a: 9, rest: [9, 3] } });
  const loose = await g.run(new FakeEngine(), { inputs: { n: 2 } });
  typed<Same<(typeof loose)['result'], unknown>>();
  assert.is(loose.result, 9);
});

test('wrong arguments are wrong types', () => {
  const g = dag();
  const text = g.input<string>('text');
  // @ts-expect-error a string is no number
  g.task('a', square, text);
  // @ts-expect-error an argument too few
  g.task('b', add, 1);
  const built = dag().output('x', text);
  // @ts-expect-error there is no such output
  const run = (): unknown => built.run(new FakeEngine(), { outputs: ['y'] });
  assert.type(run, 'function');
});

test('several results are several nodes', async () => {
  const g = dag();
  const [upper, length] = g.task('split', task(split, { returns: 2 }), 'abc');
  typed<Same<typeof length, DagNode<number>>>();
  assert.is(String(upper), 'split[0]');
  const values = await g
    .output('l', g.task('twice', add, length, length))
    .output('u', upper)
    .run(new FakeEngine());
  assert.equal(values, { l: 6, u: 'ABC' });
});

test('outputs may be chosen by name or given as nodes; what they do not need does not run', async () => {
  const g = dag();
  const one = g.task('one', square, 1);
  const two = g.task('two', square, 2);
  const built = g.output('one', one).output('two', two);
  const engine = new FakeEngine();
  const chosen = await built.run(engine, { outputs: ['two'] });
  typed<Same<typeof chosen, { two: number }>>();
  assert.equal([chosen, engine.submitted], [{ two: 4 }, ['two']]);
  const given = await g.run(engine, { outputs: { mine: [one, { two }] } });
  typed<Same<(typeof given)['mine'], [number, { two: number }]>>();
  assert.equal(given, { mine: [1, { two: 4 }] });
  assert.equal(engine.submitted, ['two', 'one', 'two']);
});

test('only the inputs that are needed must be given, and defaults fill in', async () => {
  const g = dag();
  const a = g.input('a', { default: 5 });
  const b = g.input<number>('b');
  g.output('a', g.task('sa', square, a)).output('b', g.task('sb', square, b));
  assert.equal(await g.run(new FakeEngine(), { outputs: ['a'] }), { a: 25 });
  assert.equal(await g.run(new FakeEngine(), { outputs: ['a'], inputs: { a: 6 } }), { a: 36 });
  const error = await rejection(g.run(new FakeEngine()));
  assert.is(error.message, 'the graph `graph` cannot run: the input `b` has no value');
});

test('large values are put once, small ones travel with the tasks; all are released', async () => {
  const g = dag();
  const data = g.literal('data', new Float64Array([1, 2, 3]));
  const k = g.literal('k', 2);
  const at = (xs: Float64Array, i: number): number => xs[i] ?? 0;
  const parts = [0, 1, 2].map((i) => g.task(`at ${i}`, add, g.task(`get ${i}`, at, data, i), k));
  g.output('parts', parts).output('data', data);
  const engine = new FakeEngine();
  assert.equal(await g.run(engine), { parts: [3, 4, 5], data: new Float64Array([1, 2, 3]) });
  assert.is(engine.puts, 1);
  assert.is(engine.held, 0);
});

test('an input may be a ref, which stays the caller’s', async () => {
  const g = dag();
  const xs = g.input<number[]>('xs');
  g.output('sum', g.task('sum', sum, xs)).output('xs', xs);
  const engine = new FakeEngine();
  const ref = engine.put([1, 2]);
  assert.equal(await g.run(engine, { inputs: { xs: ref } }), { sum: 3, xs: [1, 2] });
  assert.is(engine.held, 1);
});

test('a tree is worked off in depth: few results are held at a time', async () => {
  const g = dag();
  const tree = (depth: number, i: number): DagNode<number> =>
    depth === 0
      ? g.task(`leaf ${i}`, square, i)
      : g.task(`node ${depth} ${i}`, add, tree(depth - 1, 2 * i), tree(depth - 1, 2 * i + 1));
  g.output('root', tree(8, 0));
  const engine = new FakeEngine();
  assert.equal(await g.run(engine), { root: Array.from({ length: 256 }, (_, i) => i * i).reduce((a, b) => a + b) });
  assert.ok(engine.mostHeld <= 10, `${engine.mostHeld} refs were held`);
  assert.is(engine.held, 0);
});

test('get: false gives refs, which are the caller’s', async () => {
  const g = dag();
  const n = g.input<number>('n');
  const a = g.task('a', square, n);
  const built = g.output('pair', [a, g.task('b', square, a)]).output('n', n);
  const engine = new FakeEngine();
  const refs = await built.run(engine, { inputs: { n: 2 }, get: false });
  typed<Same<(typeof refs)['pair'], [Ref<number>, Ref<number>]>>();
  assert.equal(await engine.get([...refs.pair, refs.n]), [4, 16, 2]);
  assert.is(engine.held, 3);
});

test('connect: the second starts when the first is done, and so does what reads it', async () => {
  const g = dag();
  const a = g.task('a', square, 1);
  const b = g.task('b', square, a);
  const c = g.task('c', square, 3);
  const d = g.task('d', square, c);
  g.connect(b, 'c').output('d', d);
  const engine = new FakeEngine();
  assert.equal(await g.run(engine), { d: 81 });
  assert.equal(engine.ran, ['a', 'b', 'c', 'd']);
  assert.is(engine.held, 0);
});

test('when a task fails that others follow, they do not run', async () => {
  const g = dag();
  const a = g.task('a', () => {
    throw new Error('no');
  });
  const b = g.task('b', square, 1);
  g.connect(a, b).output('b', b);
  const engine = new FakeEngine();
  assert.is((await rejection(g.run(engine))).message, 'task "a" failed: Error: no');
  assert.equal(engine.submitted, ['a']);
  assert.is(engine.held, 0);
});

test('onTask is told of all tasks', async () => {
  const g = dag();
  g.output('x', g.task('b', square, g.task('a', square, 2)));
  const events: DagTaskEvent[] = [];
  await g.run(new FakeEngine(), { onTask: (e) => events.push(e) });
  assert.equal(
    events.map((e) => `${e.task} ${e.state}`),
    ['a submitted', 'b submitted', 'a done', 'b done'],
  );
  const failing = dag();
  failing.output(
    'x',
    failing.task('bad', () => JSON.parse('{') as number),
  );
  const told: DagTaskEvent[] = [];
  const error = await rejection(failing.run(new FakeEngine(), { onTask: (e) => told.push(e) }));
  await new Promise(setImmediate);
  assert.equal(
    told.map((e) => [e.state, e.error]),
    [
      ['submitted', undefined],
      ['failed', error],
    ],
  );
});

test('a signal cancels, before and while it runs', async () => {
  const g = dag('long');
  g.output('x', g.task('b', square, g.task('a', square, 2)));
  const before = await rejection(g.run(new FakeEngine(), { signal: AbortSignal.abort() }));
  assert.equal([before.code, before.message], ['FLOW7012', 'the graph `long` was cancelled before it started']);
  const control = new AbortController();
  const engine = new FakeEngine();
  const running = g.run(engine, { signal: control.signal });
  control.abort();
  assert.is((await rejection(running)).code, 'FLOW7012');
  assert.is(engine.held, 0);
});

test('annotations: options of tasks, and data that stays with a node', async () => {
  const g = dag();
  const n = g.input<number>('n', { default: 1, meta: { unit: 'm' } });
  const a = g.task('a', task(square, { retries: 1 }), n);
  g.annotate(a, { priority: 2, meta: { owner: 'x' } })
    .annotate('a', { meta: { step: 1 } })
    .output('a', a);
  assert.equal(g.meta(a), { owner: 'x', step: 1 });
  assert.equal(g.meta('n'), { unit: 'm' });
  assert.equal(g.toJSON().nodes[1]?.options, { retries: 1, priority: 2 });
  const fails = (act: () => unknown): string => {
    try {
      act();
    } catch (e) {
      if (e instanceof RunError && e.code === 'FLOW7016') return e.message;
      throw e;
    }
    throw new Error('did not fail');
  };
  assert.is(
    fails(() => g.annotate('b', {})),
    'there is no node `b` to annotate',
  );
  assert.is(
    fails(() => g.annotate(n, { retries: 1 })),
    'the input `n` is no task: it has no option "retries"',
  );
  assert.is(
    fails(() => g.annotate(a, { retries: -1 })),
    'retries of a task is -1; a whole number from 0 is expected',
  );
  assert.is(
    fails(() => g.input('')),
    'the name of a node is ""; a text that is not empty is expected',
  );
});

/** Messages and severities, by one line each. */
const told = (g: Dag, request = {}): string[] =>
  g.validate(request).map((p) => `${p.severity} ${p.kind}: ${p.message}`);

test('every problem is told, each in one line', () => {
  const g = dag('bad');
  const other = dag('other');
  const a = g.task('alpha', square, g.node<number>('alpah'));
  g.task('alpha', square, 1);
  g.input('alpha_2');
  const [first] = g.task('pair', task(split, { returns: 2 }), 'x');
  g.task('foreign', square, other.input<number>('z'));
  g.task('hidden', (m: Map<string, unknown>) => m.size, new Map([['k', a]]));
  g.task('native', Math.max, 1, 2);
  g.task('bound', square.bind(null), 2);
  g.task('class', class {} as unknown as () => number);
  g.task('many', square, g.node<number>('pair'));
  g.task('more', square, g.node<number>('pair', 2));
  g.task('of one', square, g.node<number>('native', 0));
  const round: unknown[] = [a];
  round.push(round);
  g.task('round', (x: unknown) => x, round);
  g.connect('nativ', a).output('x', first).output('x', g.node('piar', 0));
  assert.equal(
    told(g).filter((line) => !line.startsWith('warning')),
    [
      'error duplicate-name: two nodes are called `alpha`; `alpha_3` is free',
      'error duplicate-name: two outputs are called `x`',
      'error unknown-node: the task `alpha` names `alpah`, and there is no such node; did you mean `alpha`?',
      'error foreign-node: the task `foreign` names `z` of another graph, `other`',
      'error hidden-node: the task `hidden` has `alpha` in a Map or a Set; nodes may stand in arrays and plain objects',
      'error unknown-result: the task `many` reads `pair`, and `pair` has 2 results, numbered from 0',
      'error unknown-result: the task `more` reads `pair[2]`, and `pair` has 2 results, numbered from 0',
      'error unknown-result: the task `of one` reads `native[0]`, and `native` has one result, without a number',
      'error circular-value: the task `round` has nodes in a structure that contains itself',
      'error unknown-node: the output `x` names `piar`, and there is no such node; did you mean `pair`?',
      'error unknown-node: the order `nativ -> alpha` names `nativ`, and there is no such node; did you mean `native`?',
      'error function: the function of the task `native` cannot be sent to a worker: the function max has no text in JavaScript (it is native); wrap it: (...args) => max(...args)',
      'error function: the function of the task `bound` cannot be sent to a worker: the function bound square is bound: what it is bound to cannot travel; pass what it needs as arguments',
      'error function: the function of the task `class` cannot be sent to a worker: it is a class; tasks are calls of functions',
    ],
  );
  for (const { message } of g.validate()) assert.not.match(message, /\n/);
});

test('cycles are told by their names, one for each knot', () => {
  const g = dag();
  g.task('a', square, g.node<number>('c'));
  g.task('b', square, g.node<number>('a'));
  g.task('c', square, g.node<number>('b'));
  g.task('self', square, g.node<number>('self'));
  g.task('p', square, 1);
  g.task('q', square, g.node<number>('p'));
  g.connect('q', 'p').output(
    'all',
    ['a', 'self', 'q'].map((name) => g.node(name)),
  );
  assert.equal(told(g), [
    'error cycle: the graph has a cycle: a -> b -> c -> a',
    'error cycle: the graph has a cycle: self -> self',
    'error cycle: the graph has a cycle: p -> q -> p',
  ]);
});

test('inputs and outputs that are asked for are checked', async () => {
  const g = dag('asked');
  g.output('result', g.task('sq', square, g.input<number>('size')));
  assert.equal(told(g), []);
  assert.equal(told(g, { inputs: ['siez', 'zzz'], outputs: ['reslt'] }), [
    'error unknown-output: there is no output `reslt`; did you mean `result`?',
    'error unknown-input: there is no input `siez`; did you mean `size`?',
    'error unknown-input: there is no input `zzz`',
  ]);
  assert.equal(told(g, { outputs: [] }), ['error no-output: no output is asked for']);
  assert.equal(told(dag()), ['error no-output: the graph has no output']);
  const error = await rejection(g.run(new FakeEngine(), { inputs: { siez: 1 } }));
  assert.instance(error, DagError);
  assert.is(error.code, 'FLOW7016');
  assert.is(
    error.message,
    'the graph `asked` cannot run:\n  the input `size` has no value\n  there is no input `siez`; did you mean `size`?',
  );
  assert.equal(
    (error as DagError).problems.map((p) => p.kind),
    ['missing-input', 'unknown-input'],
  );
});

test('what no output needs is a warning, and does not keep the graph from running', async () => {
  const g = dag();
  g.input('idle');
  g.task('lost', square, g.task('kept', square, 2));
  g.output('x', g.node('kept'));
  assert.equal(told(g), [
    'warning unused: no output needs the input `idle`',
    'warning unused: no output needs the task `lost`',
  ]);
  const engine = new FakeEngine();
  assert.equal(await g.run(engine), { x: 4 });
  assert.equal(engine.submitted, ['kept']);
});

test('drawings', () => {
  const g = dag('drawn');
  const n = g.input('n', { default: 1 });
  const data = g.literal('data', new Float64Array(3));
  const a = g.task('read "it"', square, n);
  const b = g.task('b', (x: number, _d: Float64Array): number => x, a, data);
  g.connect(n, b).output('result', b);
  assert.is(
    g.draw(),
    [
      'n         input    default 1',
      'data      literal  Float64Array(3)',
      'read "it" task     square  <- n',
      'b         task     (a function)  <- read "it", data, n before',
      'result    output  <- b',
    ].join('\n'),
  );
  assert.is(
    g.draw('mermaid'),
    [
      'flowchart TD',
      '  n0[/"n: default 1"/]',
      '  n1[/"data = Float64Array(3)"/]',
      '  n2["read #34;it#34;: square"]',
      '  n3["b: (a function)"]',
      '  out0[/"result"/]',
      '  n0 --> n2',
      '  n2 --> n3',
      '  n1 --> n3',
      '  n0 -->|before| n3',
      '  n3 --> out0',
    ].join('\n'),
  );
  assert.match(g.draw('dot'), /^digraph flow \{\n {2}n0 \[label="n: default 1", shape=box\];/);
  assert.match(g.draw('dot'), /n2 \[label="read \\"it\\": square", shape=box\];/);
});

test('a graph with a cycle is drawn as well', () => {
  const g = dag();
  g.task('a', square, g.node<number>('b'));
  g.task('b', square, g.node<number>('a'));
  assert.is(g.draw(), 'a task     square  <- b\nb task     square  <- a');
});

test.run();
