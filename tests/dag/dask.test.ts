// Graphs in Dask's form: https://docs.dask.org/en/stable/spec.html
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type DagTaskEvent, type DaskKeys, dag, dask } from '../../compiler/dag/index.ts';
import { RunError } from '../../engine/errors.ts';
import { task } from '../../engine/tasks/definition.ts';
import { FakeEngine } from './fake.ts';

const inc = (x: number): number => x + 1;
const add = (a: number, b: number): number => a + b;
const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);

const get = (dsk: Record<string, unknown>, keys: DaskKeys): Promise<unknown> => dask.get(new FakeEngine(), dsk, keys);

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (e: unknown) => e,
  );
  if (!(error instanceof RunError)) throw new Error(`not a RunError: ${String(error)}`);
  assert.is(error.code, 'FLOW7016');
  return error.message;
}

test('literals, aliases, tasks, and lists', async () => {
  const dsk = { x: 1, y: 'x', z: [inc, 'y'], w: [sum, ['x', 'y', 'z']], v: [[sum, ['w', 'z']], 2], text: 'free' };
  assert.is(await get(dsk, 'x'), 1);
  assert.is(await get(dsk, 'y'), 1);
  assert.is(await get(dsk, 'z'), 2);
  assert.is(await get(dsk, 'w'), 4);
  assert.equal(await get(dsk, 'v'), [6, 2]);
  assert.is(await get(dsk, 'text'), 'free');
});

test('the result mirrors the shape of the keys', async () => {
  const dsk = { a: [inc, 0], b: [inc, 'a'], c: [add, 'a', 'b'], l: ['a', ['b']] };
  const values = await dask.get(new FakeEngine(), dsk, [['a'], ['b', 'c'], [], 'l']);
  assert.equal(values, [[1], [2, 3], [], [1, [2]]]);
});

test('tasks within tasks', async () => {
  const dsk = { x: 1, 'y.1': 10, y: [add, [inc, [inc, 'x']], [sum, ['x', [add, 'x', 1]]]] };
  assert.is(await get(dsk, 'y'), 6);
});

test('only what the keys need runs, and callbacks are told', async () => {
  const events: DagTaskEvent[] = [];
  const engine = new FakeEngine();
  const dsk = new Map<string, unknown>([
    ['a', [inc, 1]],
    ['b', [inc, 'a']],
    ['c', [inc, 'b']],
  ]);
  assert.is(await dask.get(engine, dsk, 'b', { onTask: (e) => events.push(e) }), 3);
  assert.equal(engine.submitted, ['a', 'b']);
  assert.equal(
    events.filter((e) => e.state === 'done').map((e) => e.task),
    ['a', 'b'],
  );
});

test('functions may have options', async () => {
  assert.is(await get({ a: [task(inc, { retries: 0 }), 1], b: [add, 'a', 'a'] }, 'b'), 4);
});

test('objects are literals: keys in them stay text', async () => {
  assert.equal(await get({ x: 1, y: [(o: unknown) => o, { x: 'x' }] }, 'y'), { x: 'x' });
});

test('mistakes are told', async () => {
  assert.is(
    await refusal(get({ total: [inc, 1] }, ['totl'])),
    'the graph `dask` cannot run: the output `result` names `totl`, and there is no such node; did you mean `total`?',
  );
  assert.is(
    await refusal(get({ x: [inc, 'y'], y: [inc, 'x'] }, 'x')),
    'the graph `dask` cannot run: the graph has a cycle: x -> y -> x',
  );
  assert.is(
    await refusal(get({ x: 'y', y: ['x'] }, 'x')),
    'the graph `dask` cannot run: the graph has a cycle: x -> y -> x',
  );
  assert.match(
    await refusal(get({ x: [Math.max, 1] }, 'x')),
    /the function of the task `x` cannot be sent to a worker/,
  );
});

test('a graph in this form is a graph like any other', async () => {
  const g = dag.fromDask({ a: [inc, 1], b: [inc, 'a'], c: ['a'], d: 5 });
  assert.equal(await g.run(new FakeEngine()), { b: 3, c: [2], d: 5 });
  assert.is(g.draw().split('\n').length, 6);
});

test.run();
