// The engine in this process: workers that die, runs that are aborted or whose engine is closed, inputs that change under them. A kept engine holds
// nothing of a failed run.
import * as fs from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunOptions, RunResult } from '../../engine/runtime/engine.ts';
import { check, Engine, plan, RunError } from '../../index.ts';
import { bigCsv, Place, until } from './harness.ts';

const place = new Place();
const ROWS = 450_000;
const MEMORY = 32 << 20;
const big = place.path('big.csv');
const out = place.path('out.csv');
const SORT = (file = big) => `from csv("${file}") | sort k | write csv("${out}")`;
const JOIN = `let other = from csv("${big}") | select id2 = id, s2 = s\nfrom csv("${big}") | join other as r on id == r.id2 | summarize n = count(), t = max(s2) by g = k % 1000 | write csv("${out}")`;

/** Worker threads as they start; node tells of each. */
const workers: Worker[] = [];
const note = (w: Worker): void => void workers.push(w);

test.before(() => {
  process.on('worker', note);
  bigCsv(big, ROWS);
});

test.after(() => {
  process.off('worker', note);
});

async function physical(flow: string) {
  const bound = await check(flow, 'test.flow', {});
  assert.ok(bound.plan, bound.diagnostics.map((d) => d.message).join('\n'));
  return (await plan(bound.plan, {})).physical;
}

const newEngine = (count = 2): Engine => new Engine({ workers: count, memory: MEMORY, spillDirs: [place.spill] });

async function failing(run: Promise<RunResult>): Promise<RunError> {
  try {
    await run;
  } catch (e) {
    assert.instance(e, RunError, String(e instanceof Error ? e.stack : e));
    return e as RunError;
  }
  throw new Error('the run did not fail');
}

/** Calls `act` once, when the n-th task of the run is done. */
function atTask(n: number, act: () => void): RunOptions {
  let tasks = 0;
  return {
    onStage: (e) => {
      if (e.state === 'task' && ++tasks === n) act();
    },
  };
}

async function holdsNothing(engine: Engine): Promise<void> {
  await until('the memory to be free', () => {
    const { objects, used } = engine.stats().memory;
    return objects === 0 && used === 0;
  });
  assert.is(engine.stats().disk.bytes, 0);
  assert.equal(
    fs.readdirSync(place.folder).filter((f) => f.endsWith('.tmp')),
    [],
  );
}

test('an aborted run, at any task: FLOW7012, and the engine is as new', async () => {
  const engine = newEngine();
  try {
    const sort = await physical(SORT());
    await engine.run(sort);
    const expected = fs.readFileSync(out);
    for (const n of [1, 4, 9]) {
      fs.rmSync(out, { force: true });
      const controller = new AbortController();
      const error = await failing(
        engine.run(sort, { ...atTask(n, () => controller.abort()), signal: controller.signal }),
      );
      assert.is(error.code, 'FLOW7012');
      assert.not.ok(fs.existsSync(out));
      await holdsNothing(engine);
    }
    const aborted = AbortSignal.abort();
    assert.is((await failing(engine.run(sort, { signal: aborted }))).code, 'FLOW7012');
    await engine.run(sort);
    assert.ok(fs.readFileSync(out).equals(expected), 'the run after it gives the same bytes');
  } finally {
    await engine.close();
  }
  assert.equal(place.leftovers(), []);
});

test('an aborted run whose task never comes to its next batch', async () => {
  fs.rmSync(out, { force: true });
  const stuck = place.path('stuck.csv');
  fs.writeFileSync(stuck, `s\n${'a'.repeat(60)}!\n`);
  const engine = newEngine();
  try {
    const controller = new AbortController();
    const flow = `from csv("${stuck}") | where s matches "^(a+)+$" | write csv("${out}")`;
    const run = failing(engine.run(await physical(flow), { signal: controller.signal }));
    await until('a worker at work', () => engine.progress().rowsRead > 0);
    controller.abort();
    assert.is((await run).code, 'FLOW7012');
    await holdsNothing(engine);
    assert.is((await engine.run(await physical(SORT()))).sinks.length, 1);
  } finally {
    await engine.close();
  }
});

test('an engine closed while a run goes on rejects it, and the ones that wait', async () => {
  fs.rmSync(out, { force: true });
  const engine = newEngine();
  const sort = await physical(SORT());
  const closing: Promise<void>[] = [];
  const options = atTask(3, () => {
    closing.push(engine.close());
  });
  const [first, second] = await Promise.all([failing(engine.run(sort, options)), failing(engine.run(sort))]);
  assert.equal([first.code, second.code], ['FLOW7012', 'FLOW7012']);
  await Promise.all(closing);
  await engine.close();
  assert.not.ok(fs.existsSync(out));
  assert.equal(place.leftovers(), []);
  assert.is((await failing(engine.run(sort))).code, 'FLOW7012');
});

test('a worker that dies costs its task a retry, and changes nothing in the result', async () => {
  const expected = new Map<string, Buffer>();
  for (const flow of [SORT(), JOIN]) {
    const engine = newEngine();
    await engine.run(await physical(flow));
    await engine.close();
    expected.set(flow, fs.readFileSync(out));
  }
  for (const [flow, bytes] of expected) {
    for (const n of [1, 8]) {
      workers.length = 0;
      const engine = newEngine();
      try {
        const run = await engine.run(
          await physical(flow),
          atTask(n, () => void workers[n % 2]?.terminate()),
        );
        assert.is(run.sinks.length, 1);
        assert.ok(workers.length > 2, 'a new worker took the place of the dead one');
        assert.ok(fs.readFileSync(out).equals(bytes), `task ${n}: the same bytes`);
      } finally {
        await engine.close();
      }
    }
  }
  assert.equal(place.leftovers(), []);
});

test('a task that kills every worker is given up after three: FLOW7010', async () => {
  fs.rmSync(out, { force: true });
  const engine = newEngine(1);
  const kill = (w: Worker): void => void w.once('online', () => void w.terminate());
  process.on('worker', kill);
  try {
    const error = await failing(engine.run(await physical(SORT())));
    assert.is(error.code, 'FLOW7010');
    assert.match(error.message, /a worker died 3 times in the same task/);
    assert.ok(error.hint);
  } finally {
    process.off('worker', kill);
    await engine.close();
  }
  assert.not.ok(fs.existsSync(out));
  assert.equal(place.leftovers(), []);
});

test('a source that is written to, cut, replaced or removed during the run', async () => {
  const source = place.path('moving.csv');
  const changes: readonly (readonly [string, () => void, RegExp])[] = [
    ['appended', () => fs.appendFileSync(source, '9,9,9\n'), /moving\.csv" changed while it was read/],
    ['cut', () => fs.truncateSync(source, 1_000_000), /changed while it was read/],
    [
      'replaced',
      () => {
        fs.copyFileSync(big, `${source}.new`);
        fs.renameSync(`${source}.new`, source);
      },
      /changed while it was read/,
    ],
    ['removed', () => fs.rmSync(source), /it is not there any more/],
  ];
  const engine = newEngine(1);
  try {
    for (const [what, change, says] of changes) {
      fs.copyFileSync(big, source);
      fs.rmSync(out, { force: true });
      const error = await failing(engine.run(await physical(SORT(source)), atTask(2, change)));
      assert.is(error.code, 'FLOW7002', what);
      assert.match(error.message, says, what);
      assert.ok(error.where.span, what);
      assert.not.ok(fs.existsSync(out));
      await holdsNothing(engine);
    }
  } finally {
    await engine.close();
  }
});

test('a failure of the data leaves a kept engine empty, and the first error is the one that is told', async () => {
  const engine = newEngine();
  const bad = place.path('bad.csv');
  fs.copyFileSync(big, bad);
  fs.appendFileSync(bad, 'x,y,z\n');
  try {
    for (const flow of [
      `from csv("${bad}") as { id: int, k: int, s: string } | sort k | write csv("${out}")`,
      `from csv("${bad}") as { id: int, k: string, s: string } | derive n = k::int | summarize t = sum(n) by s | write parquet("${out}")`,
      `let broken = from csv("${bad}") as { id: int, k: int, s: string } | select id2 = id\nfrom csv("${big}") | join broken as r on id == r.id2 | write csv("${out}")`,
    ]) {
      fs.rmSync(out, { force: true });
      const error = await failing(engine.run(await physical(flow)));
      assert.is(error.code, 'FLOW7004', error.message);
      assert.is(error.where.row, ROWS + 1);
      assert.not.ok(fs.existsSync(out));
      await holdsNothing(engine);
    }
  } finally {
    await engine.close();
  }
  assert.equal(place.leftovers(), []);
});

test.run();
