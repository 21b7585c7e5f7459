import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatStats } from '../../engine/trace/format.ts';
import { addTasks, type EngineStats, NO_TASKS, statsBetween } from '../../engine/trace/stats.ts';
import { Trace } from '../../engine/trace/trace.ts';

const MiB = 2 ** 20;
const spill = (n: number) => ({
  spilledBytes: n * MiB,
  spilledObjects: n,
  spillMs: n,
  restoredBytes: 2 * n * MiB,
  restoredObjects: 2 * n,
  restoreMs: 4 * n,
});

const stats = (n: number, more: Partial<EngineStats> = {}): EngineStats => ({
  memory: {
    limit: 64 * MiB,
    used: 1 * MiB,
    peak: 60 * MiB,
    objects: 3,
    objectBytes: MiB,
    owners: [{ name: 'objects', bytes: MiB }],
    peakOwners: [
      { name: 'objects', bytes: 40 * MiB },
      { name: 'sort run', bytes: 20 * MiB },
      { name: 'tiny', bytes: 1000 },
    ],
  },
  spill: spill(n),
  operators: [{ name: 'sort k', ...spill(n) }],
  tasks: { ...NO_TASKS, done: n, retries: 1 },
  disk: { bytes: 0 },
  ...more,
});

test('as text: totals with throughput, owners at the peak, a table of steps, tasks', () => {
  assert.equal(formatStats(stats(1000)).split('\n'), [
    'Memory 1.0 of 64 MiB in use, 3 objects, peak 60 MiB',
    '  at its peak: objects 40, sort run 20, others 0.0 MiB',
    '  now: objects 1.0 MiB',
    'Spilled 1000 MiB, 1,000 objects, 1000 MiB/s',
    'Restored 2000 MiB, 2,000 reads, 500 MiB/s',
    '  step    spilled MiB  objects  MiB/s  restored MiB  reads  MiB/s',
    '  sort k         1000    1,000   1000          2000  2,000    500',
    'Tasks 1,000 done, 1 retry, 0 reconstructions, 0 workers lost',
    '',
  ]);
});

test('nothing spilled, shuffles, tasks that failed', () => {
  const exchange = {
    stage: 'from a',
    strategy: 'push',
    partitions: 8,
    maps: 4,
    rounds: 2,
    rows: 1,
    bytes: 3 * MiB,
  } as const;
  const quiet = stats(0, { operators: [], tasks: { ...NO_TASKS, failed: 2, workersLost: 1 } });
  const text = formatStats({ ...quiet, exchanges: [exchange], ms: 5 });
  assert.match(
    text,
    /^Spilled 0 MiB, 0 objects\nRestored 0 MiB, 0 reads\nShuffled 3\.0 MiB, 1 row, 4 tasks to 8 partitions \(push, 2 rounds\): from a\n/m,
  );
  assert.match(text, /^Tasks 0 done, 2 failed, 0 retries, 0 reconstructions, 1 worker lost\n$/m);
});

test('what happened between two looks', () => {
  const before = stats(10);
  const after = stats(30, {
    operators: [
      { name: 'sort k', ...spill(10) },
      { name: 'new', ...spill(5) },
    ],
  });
  const { spill: s, operators, tasks } = statsBetween(before, after);
  assert.is(s.spilledObjects, 20);
  assert.equal(
    operators.map((o) => [o.name, o.spilledObjects]),
    [['new', 5]],
  );
  assert.is(tasks.done, 20);
  assert.is(addTasks(tasks, { done: 1 }).done, 21);
});

test('a trace keeps so many events, and counts the others', () => {
  const trace = new Trace(performance.timeOrigin, 3);
  for (let i = 0; i < 10; i++) trace.mark(`m${i}`);
  const { traceEvents, otherData } = JSON.parse(trace.json());
  assert.is(otherData.droppedEvents, 7);
  assert.equal(
    traceEvents.filter((e: { ph: string }) => e.ph === 'i').map((e: { name: string }) => e.name),
    ['m0', 'm1', 'm2'],
  );
});

test.run();
