// Graphs on the engine itself: any graph gives what a direct evaluation gives, with one worker and with two.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type DagNode, type DagTaskEvent, dag } from '../../compiler/dag/index.ts';
import { RunError } from '../../engine/errors.ts';
import { Engine } from '../../engine/runtime/engine.ts';
import { task } from '../../engine/tasks/definition.ts';

const MEMORY = 64 * 2 ** 20;
const one = new Engine({ workers: 1, memory: MEMORY });
const two = new Engine({ workers: 2, memory: MEMORY });

const add = (a: number, b: number): number => a + b;
const multiply = (xs: readonly number[]): number => xs.reduce((a, b) => (a * b) % 1_000_003, 1);
const ends = (options: { first: number; rest: readonly number[] }): [number, number] => [
  options.first,
  options.rest.reduce((a, b) => a - b, 0),
];
const scale = (xs: Float64Array, by: number): Float64Array => xs.map((x) => x * by);

interface Step {
  readonly op: 'input' | 'literal' | 'add' | 'multiply' | 'ends';
  readonly value: number;
  readonly reads: readonly number[];
  /** A node before it that it follows without reading it. */
  readonly follows: number | null;
}

const steps = fc.array(
  fc.record<Step>({
    op: fc.constantFrom('input', 'literal', 'add', 'multiply', 'ends'),
    value: fc.integer({ min: -50, max: 50 }),
    reads: fc.array(fc.nat(), { minLength: 2, maxLength: 4 }),
    follows: fc.option(fc.nat(), { freq: 5 }),
  }),
  { minLength: 1, maxLength: 25 },
);

/** The graph, and the values of its nodes by plain calls. */
function build(all: readonly Step[]): {
  nodes: DagNode<number>[];
  values: number[];
  inputs: Record<string, number>;
  g: ReturnType<typeof dag>;
} {
  const g = dag('made');
  const nodes: DagNode<number>[] = [];
  const values: number[] = [];
  const inputs: Record<string, number> = {};
  const take = (node: DagNode<number>, value: number): void => {
    nodes.push(node);
    values.push(value);
  };
  for (const [i, { op, value, reads, follows }] of all.entries()) {
    const name = `${op} ${i}`;
    const places = nodes.length === 0 ? [] : reads.map((at) => at % nodes.length);
    const read = places.map((at) => nodes[at] as DagNode<number>);
    const known = places.map((at) => values[at] as number);
    const [a, b] = read;
    const [x = 0, y = 0] = known;
    if (op === 'input') {
      inputs[name] = value;
      take(g.input<number>(name), value);
    } else if (op === 'literal' || a === undefined || b === undefined) take(g.literal(name, value), value);
    else if (op === 'add') take(g.task(name, add, a, b), add(x, y));
    else if (op === 'multiply') take(g.task(name, multiply, [value, ...read]), multiply([value, ...known]));
    else {
      const [first, rest] = g.task(name, task(ends, { returns: 2 }), { first: a, rest: read });
      const [v, w] = ends({ first: x, rest: known });
      take(first, v);
      take(rest, w);
    }
    if (follows !== null && i > 0) {
      const earlier = nodes[follows % nodes.length];
      if (earlier !== undefined && earlier.name !== name) g.connect(earlier, name);
    }
  }
  return { g, nodes, values, inputs };
}

test('a property: any graph gives what direct calls give, whatever the number of workers', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), async (all, wanted) => {
      const { g, nodes, values, inputs } = build(all);
      const places = wanted.map((at) => at % nodes.length);
      const outputs = { all: places.map((at) => nodes[at]) };
      // The last nodes are followed by none of theirs: no cycle.
      for (const engine of [one, two]) {
        const given = await g.run(engine, { inputs, outputs });
        assert.equal(
          given.all,
          places.map((at) => values[at]),
        );
      }
      const back = dag.fromJSON(JSON.stringify(g.output('all', outputs.all)));
      assert.equal(await back.run(two, { inputs }), { all: places.map((at) => values[at]) });
    }),
    { numRuns: 60, includeErrorInReport: true },
  );
});

test('large values go through the store, by refs', async () => {
  const g = dag();
  const xs = g.input<Float64Array>('xs');
  const parts = [1, 2, 3].map((by) => g.task(`by ${by}`, scale, xs, by));
  const total = g.task(
    'total',
    (all: readonly Float64Array[]) => all.map((one) => one.reduce((a, b) => a + b, 0)),
    parts,
  );
  const built = g.output('total', total).output('last', parts[2]);
  const values = await built.run(two, { inputs: { xs: new Float64Array(100_000).fill(0.5) } });
  assert.equal(values.total, [50_000, 100_000, 150_000]);
  assert.is(values.last?.length, 100_000);
  assert.is(values.last?.[99_999], 1.5);
});

test('an input may be a ref of the engine, and refs may be had instead of values', async () => {
  const g = dag();
  const xs = g.input<Float64Array>('xs');
  const built = g.output('scaled', g.task('scaled', scale, xs, 2));
  const ref = two.put(new Float64Array([1, 2]));
  const first = await built.run(two, { inputs: { xs: ref }, get: false });
  const second = await built.run(two, { inputs: { xs: first.scaled } });
  assert.equal([...second.scaled], [4, 8]);
  first.scaled.release();
  ref.release();
});

async function failure(promise: Promise<unknown>): Promise<RunError> {
  const error = await promise.then(
    () => null,
    (e: unknown) => e,
  );
  if (!(error instanceof RunError)) throw new Error(`not a RunError: ${String(error)}`);
  return error;
}

test('a task that throws fails the run with its error, names itself, and the engine goes on', async () => {
  const g = dag();
  const bad = g.task(
    'bad one',
    (x: number): number => {
      throw new Error(`no ${x}`);
    },
    1,
  );
  g.output('x', g.task('after', add, bad, 1));
  const events: DagTaskEvent[] = [];
  const error = await failure(g.run(two, { onTask: (e) => events.push(e) }));
  assert.is(error.code, 'FLOW7013');
  assert.match(error.message, /bad one/);
  assert.match(error.message, /no 1/);
  const good = dag();
  good.output('x', good.task('fine', add, 1, 2));
  assert.equal(await good.run(two), { x: 3 });
});

test('a signal cancels a run that goes on', async () => {
  const g = dag();
  const slow = g.task('slow', async function (this: { signal: AbortSignal }) {
    await new Promise((resolve) => this.signal.addEventListener('abort', resolve));
    return 1;
  });
  g.output('x', g.task('after', add, slow, 1));
  const control = new AbortController();
  const running = g.run(one, {
    signal: control.signal,
    onTask: ({ task: name, state }) => {
      if (name === 'after' && state === 'submitted') setTimeout(() => control.abort(), 50);
    },
  });
  assert.is((await failure(running)).code, 'FLOW7012');
  const next = dag();
  next.output('x', next.task('fine', add, 1, 2));
  assert.equal(await next.run(one), { x: 3 });
});

test('annotations reach the engine', async () => {
  const g = dag();
  const slow = g.task('stuck', () => {
    for (;;);
  });
  g.annotate(slow, { timeout: 100, retries: 0 }).output('x', slow);
  assert.is((await failure(g.run(one))).code, 'FLOW7014');
});

test('a graph of many tasks is checked, run and let go', async () => {
  const g = dag();
  let level: DagNode<number>[] = Array.from({ length: 2000 }, (_, i) => g.task(`leaf ${i}`, add, i, 0));
  for (let depth = 1; level.length > 1; depth++) {
    const below = level;
    level = Array.from({ length: Math.ceil(below.length / 2) }, (_, i) =>
      g.task(`sum ${depth} ${i}`, add, below[2 * i] as DagNode<number>, below[2 * i + 1] ?? 0),
    );
  }
  assert.equal(await g.output('sum', level[0]).run(two), { sum: (1999 * 2000) / 2 });
});

test('everything ends', async () => {
  await one.close();
  await two.close();
});

test.run();
