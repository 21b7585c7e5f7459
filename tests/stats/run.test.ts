// Figures and traces of real runs, and the options that ask for them.
import * as fs from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { valuesOf } from '../../engine/batch/access.ts';
import { check, Engine, type EngineOptions, type PhysicalPlan, plan, RunError, runText } from '../../index.ts';
import { bigCsv, Place } from '../faults/harness.ts';

const place = new Place();
const big = place.path('big.csv');
const out = place.path('out.csv');
const SORT = `from csv("${big}") | sort k | write csv("${out}")`;
const GROUP = `from csv("${big}") | summarize n = count(), m = mean(k), t = max(s) by g = k // 7 | sort g`;
const MEMORY = 16 << 20;

test.before(() => bigCsv(big, 700_000));

async function physical(flow: string): Promise<PhysicalPlan> {
  const bound = await check(flow, 'test.flow', {});
  assert.ok(bound.plan);
  return (await plan(bound.plan, {})).physical;
}

test('figures of a run are its own: spills by step, tasks, exchanges; those of the engine add up', async () => {
  const engine = new Engine({ workers: 2, memory: MEMORY, spillDirs: [place.spill], spill: { threshold: 0.5 } });
  try {
    const sort = await physical(SORT);
    const first = (await engine.run(sort)).stats;
    const second = (await engine.run(sort)).stats;
    for (const s of [first, second]) {
      assert.ok(s.spill.spilledBytes > 0 && s.spill.restoredBytes > 0);
      const sum = s.operators.reduce((n, o) => n + o.spilledBytes, 0);
      assert.is(sum, s.spill.spilledBytes);
      assert.ok(s.operators.some((o) => o.name === 'from big.csv | sort runs' && o.spilledBytes > 0));
      assert.ok(s.operators.some((o) => o.name === 'sort k | write csv' && o.restoredBytes > 0));
      assert.ok(s.memory.peak <= MEMORY && s.memory.peakOwners.length > 0);
      assert.is(s.tasks.retries + s.tasks.reconstructions + s.tasks.failed + s.tasks.workersLost, 0);
    }
    assert.is(second.tasks.done, first.tasks.done);
    const all = engine.stats();
    assert.is(all.spill.spilledBytes, first.spill.spilledBytes + second.spill.spilledBytes);
    assert.is(all.tasks.done, first.tasks.done + second.tasks.done);
    assert.is(all.disk.bytes, 0);
    assert.is(engine.traceJson(), null);
    assert.equal(JSON.parse(JSON.stringify(all)), all);
  } finally {
    await engine.close();
  }
});

test('progress: never goes back, below 1 until the run is over', async () => {
  const engine = new Engine({ workers: 2, memory: MEMORY, spillDirs: [place.spill] });
  try {
    const seen: number[] = [];
    const { results, progress } = await engine.run(await physical(GROUP), {
      onStage: () => void seen.push(engine.progress().share),
    });
    for (const r of results) r.release();
    assert.equal(
      seen,
      [...seen].sort((a, b) => a - b),
    );
    assert.ok((seen.at(-1) as number) < 1 && (seen.at(-1) as number) > 0.5, String(seen));
    assert.ok(seen.filter((s) => s > 0.1 && s < 0.9).length > 2, String(seen));
    assert.is(progress.share, 1);
  } finally {
    await engine.close();
  }
});

test('push and simple shuffles give the same rows; both are told', async () => {
  const options = { workers: 2, memory: MEMORY, spillDirs: [place.spill] };
  const simple = await runText(GROUP, { ...options, shuffle: 'simple' });
  const push = await runText(GROUP, { ...options, shuffle: 'push' });
  assert.equal(push.results, simple.results);
  assert.is(simple.stats.exchanges[0]?.strategy, 'simple');
  assert.is(push.stats.exchanges[0]?.strategy, 'push');
  assert.ok((push.stats.exchanges[0]?.rounds ?? 0) > 1);
  assert.is(push.stats.exchanges[0]?.rows, simple.stats.exchanges[0]?.rows);
});

test('the number of partitions does not show in the rows, nor in their order', async () => {
  const engine = new Engine({ workers: 2, memory: 64 << 20, spillDirs: [place.spill] });
  try {
    const flow = await physical(`from csv("${big}") | summarize n = count(), t = max(s) by g = k // 7 | where n > 1`);
    const rowsWith = async (partitions?: number): Promise<string> => {
      const { results, stats } = await engine.run(flow, partitions === undefined ? {} : { partitions });
      if (partitions !== undefined)
        assert.is(stats.exchanges[0]?.partitions, 2 ** Math.ceil(Math.log2(partitions)), String(partitions));
      const batches = results.flatMap((r) => [...r.batches()].map((b) => b.columns.map((c) => [...valuesOf(c)])));
      for (const r of results) r.release();
      const columns = [0, 1, 2].map((k) => batches.flatMap((b) => b[k] ?? []));
      return JSON.stringify(columns);
    };
    const expected = await rowsWith();
    for (const partitions of [1, 5, 256]) assert.ok((await rowsWith(partitions)) === expected, String(partitions));
    for (const partitions of [0, 257, 1.5]) {
      const failure = await engine.run(flow, { partitions }).catch((e: unknown) => e);
      assert.ok(failure instanceof RunError);
      assert.is(failure.code, 'FLOW7016');
      assert.match(failure.message, 'partitions is');
    }
  } finally {
    await engine.close();
  }
});

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly ts: number;
  readonly dur?: number;
  readonly tid: number;
  readonly cat?: string;
  readonly args?: Record<string, unknown>;
}

function eventsOf(text: string): readonly TraceEvent[] {
  return (JSON.parse(text) as { traceEvents: TraceEvent[] }).traceEvents;
}

test('--trace: rows of threads with tasks, spills and restores; stages; memory', async () => {
  const { code, err } = await place.run(SORT, [
    '--memory',
    '16MiB',
    '--workers',
    '2',
    '--trace',
    'trace.json',
    '--stats',
  ]);
  assert.is(code, 0, err);
  assert.match(err, /^Spilled \d.* MiB, [\d,]+ objects?, \d+ MiB\/s$/m);
  assert.match(err, /^ {2}from big\.csv \| sort runs +\d/m);
  const events = eventsOf(place.read('trace.json'));
  const tasks = events.filter((e) => e.cat === 'task');
  assert.ok(tasks.some((e) => e.name === 'sort k | write csv' && (e.args?.['rows'] as number) > 0 && e.tid > 0));
  for (const kind of ['spill', 'restore']) assert.ok(events.some((e) => e.cat === 'store' && e.name === kind));
  for (const ph of ['b', 'e']) assert.is(events.filter((e) => e.cat === 'stage' && e.ph === ph).length, 2);
  assert.ok(events.some((e) => e.ph === 'C' && e.name === 'memory'));
  assert.ok(events.some((e) => e.ph === 'M' && e.args?.['name'] === 'worker 1'));
  // A thread does one thing at a time, and stores are at work within their tasks.
  for (const s of events.filter((e) => e.cat === 'store' && e.tid > 0)) {
    const end = s.ts + (s.dur ?? 0);
    assert.ok(tasks.some((t) => t.tid === s.tid && t.ts <= s.ts + 1000 && end <= t.ts + (t.dur ?? 0) + 1000));
  }
  place.isClean(err);
});

test('--trace is written when the run fails, and its place is checked before', async () => {
  fs.rmSync(place.path('trace.json'), { force: true });
  place.write('bad.csv', `n\n${'1\n'.repeat(70_000)}x\n`);
  const flow = `schema S { n: int }\nfrom csv("bad.csv") as S | sort n | write csv("o.csv")`;
  const failed = await place.run(flow, ['--trace', 'trace.json']);
  assert.is(failed.code, 1, failed.err);
  assert.ok(eventsOf(place.read('trace.json')).some((e) => e.args?.['failed'] === true));
  const refused = await place.run(SORT, ['--trace', 'none/such.json']);
  assert.is(refused.code, 2);
  assert.match(refused.err, /none\/such\.json/);
  place.isClean(failed.err + refused.err);
});

test('--stats with --json: all figures in the summary', async () => {
  const { out: text, code } = await place.run(GROUP, [
    '--json',
    '--stats',
    '--out',
    'none',
    '--shuffle',
    'push',
    '--memory',
    '16MiB',
  ]);
  assert.is(code, 0);
  const { summary } = JSON.parse(text.trimEnd().split('\n').at(-1) as string);
  assert.is(summary.stats.exchanges[0].strategy, 'push');
  assert.is(summary.stats.spill.spilledBytes, summary.spilledBytes);
});

test('spilling forbidden, capped: clear errors', async () => {
  await place.fails(1, 'FLOW7007', SORT, [/out of memory/], ['--memory', '16MiB', '--no-spill']);
  await place.fails(
    1,
    'FLOW7008',
    SORT,
    [/spill files may take 1\.0 MiB/],
    ['--memory', '16MiB', '--spill-cap', '1MiB'],
  );
});

test('options that are wrong: named before anything starts', async () => {
  const wrong: readonly (readonly [EngineOptions, RegExp])[] = [
    [{ workers: 0 }, /^workers is 0; /],
    [{ workers: 1.5 }, /^workers is 1\.5; /],
    [{ memory: Number.NaN }, /^memory is NaN; /],
    [{ heap: 1 }, /^heap is 1; /],
    [{ spill: { threshold: 2 } }, /^threshold is 2; .*0 to 1/],
    [{ spill: { diskCap: -1 } }, /^diskCap is -1; /],
    [{ spill: { fileBytes: 0 } }, /^fileBytes is 0; /],
    [{ spillDirs: [''] }, /^spillDirs is /],
  ];
  for (const [options, message] of wrong) {
    try {
      await new Engine(options).close();
      assert.unreachable();
    } catch (e) {
      assert.instance(e, RunError, String(e));
      assert.is((e as RunError).code, 'FLOW7016');
      assert.match((e as RunError).message, message);
    }
  }
  for (const args of [
    ['--spill-threshold', '2'],
    ['--spill-cap', 'much'],
    ['--shuffle', 'fast'],
  ]) {
    const { code, err } = await place.run(SORT, args);
    assert.is(code, 2, err);
    assert.match(err, new RegExp(args[0] as string));
  }
});

test.run();
