import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Flight } from '../../engine/shuffle_tasks/flight.ts';
import { joinPieces, tallyOf } from '../../engine/shuffle_tasks/pieces.ts';
import { type PlanInput, planShuffle, stepsOf } from '../../engine/shuffle_tasks/plan.ts';
import { LateArray } from '../../engine/tasks/late_array.ts';

const base: PlanInput = {
  strategy: 'auto',
  maps: 50,
  partitions: 50,
  bytes: 10e9,
  memory: 1e9,
  workers: 2,
  inFlight: null,
};

test('auto: simple for large pieces, push for small ones that are spilled', () => {
  assert.is(planShuffle(base).strategy, 'simple');
  const small = { ...base, maps: 1000, partitions: 1000, bytes: 10e9 };
  assert.is(planShuffle(small).strategy, 'push');
  assert.is(planShuffle({ ...small, maps: 400, partitions: 400, bytes: 1e8 }).strategy, 'simple');
  assert.is(planShuffle({ ...small, bytes: null }).strategy, 'push');
  assert.is(planShuffle({ ...small, strategy: 'simple' }).strategy, 'simple');
});

test('what is at work fits into memory', () => {
  assert.is(planShuffle(base).inFlight, 2);
  assert.is(planShuffle({ ...base, bytes: 1e9 }).inFlight, 4);
  assert.is(planShuffle({ ...base, inFlight: 1 }).inFlight, 1);
  assert.is(planShuffle({ ...base, memory: 1e6 }).inFlight, 1);
  const push = planShuffle({ ...base, strategy: 'push', maps: 1000 });
  assert.is(push.round, 20);
  assert.equal(push.groups, [0, 25, 50]);
  assert.is(planShuffle({ ...base, strategy: 'push', maps: 3, bytes: 1 }).round, 2);
});

test('steps: in order, each within the size but for a single piece', () => {
  assert.equal(stepsOf([1, 2, 3, 4, 5], 6), [3, 4, 5]);
  assert.equal(stepsOf([9, 1, 9], 5), [1, 2, 3]);
  assert.equal(stepsOf([], 5), [0]);
  assert.equal(stepsOf([1, 1], Number.POSITIVE_INFINITY), [2]);
});

test('rows and bytes of pieces', () => {
  assert.equal(tallyOf(new Float64Array(6), 2), { rows: 3, bytes: 48 });
  assert.equal(tallyOf([1, 2], 1), { rows: 2, bytes: 0 });
  assert.equal(tallyOf(null, 1), { rows: 0, bytes: 0 });
  assert.equal(tallyOf({ numRows: 4, batches: [] }, 1), { rows: 4, bytes: 0 });
  assert.equal(tallyOf(new ArrayBuffer(5), 1), { rows: 1, bytes: 5 });
  assert.equal(tallyOf('text', 1), { rows: 1, bytes: 0 });
});

test('pieces of one kind are put together', () => {
  const [joined, ...others] = joinPieces([Uint32Array.of(1, 2), Uint32Array.of(), Uint32Array.of(3)]);
  assert.is(others.length, 0);
  assert.instance(joined, LateArray);
  const into = new Uint32Array(3);
  (joined as LateArray).place(new Uint8Array(into.buffer));
  assert.equal(into, Uint32Array.of(1, 2, 3));
  assert.equal(tallyOf(joined, 1), { rows: 3, bytes: 12 });
  assert.equal(joinPieces([[1], [], [2, 3]]), [[1, 2, 3]]);
  assert.equal(joinPieces([Uint8Array.of(1), [2]]), [Uint8Array.of(1), [2]]);
  assert.equal(joinPieces([]), []);
});

test('a flight starts no more after a failure', async () => {
  const flight = new Flight(2);
  const started: number[] = [];
  const job = (i: number) => async () => {
    started.push(i);
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (i === 1) throw new Error('down');
  };
  let error: unknown = null;
  try {
    for (let i = 0; i < 10; i++) await flight.start(job(i));
    await flight.end();
  } catch (e) {
    error = e;
  }
  assert.match((error as Error).message, 'down');
  assert.ok(started.length < 5);
});

test.run();
