// Sorts against DuckDB: the operators alone (rows are copied from outside of the arena; a look at some keys, sorted runs, ranges), warm, medians, side by
// side. node bench/sort.mjs [--rows N] [--runs N] [--threads N] [--case NAME] [--share 0.33] [--no-bounds] [--plain]
//
// In memory the sorted rows are kept by both (DuckDB: a table from a table). With --share both have that share of the data's size as memory; DuckDB reads a
// database file then, and both give out the rows without keeping them. `cpu`: processor time a thread, which says more than the clock on a busy machine.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { DuckDBInstance } from '@duckdb/node-api';
import { register } from 'tsx/esm/api';
import { median, spread } from './lib/measure.mjs';
import { BYTES, CASES, orderSql, tableSql } from './lib/sort_cases.mjs';

register();
const { createStore } = await import('../engine/store/store.ts');
const { rangeTasks, sampleBounds } = await import('../engine/shuffle/range.ts');
const { rangeBuckets, rangeBytes } = await import('../engine/runtime/exchange.ts');

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '4000000' },
    runs: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    case: { type: 'string' },
    share: { type: 'string' },
    'no-bounds': { type: 'boolean', default: false },
    plain: { type: 'boolean', default: false },
    'no-duckdb': { type: 'boolean', default: false },
  },
});
const [rows, runs, threads] = [values.rows, values.runs, values.threads].map(Number);
const share = values.share === undefined ? null : Number(values.share);
const dir = mkdtempSync(join(tmpdir(), 'flowc-bench-'));
const SAMPLES = 48;

async function measure(name) {
  const spec = CASES[name];
  const bytes = rows * (4 + spec.keys.reduce((n, [, kind]) => n + BYTES[kind], 0));
  const limit = share === null ? 3 * 2 ** 30 : Math.ceil(bytes * share);
  const grant = Math.floor(((limit * 0.85) / threads) * (share === null ? 1 : 0.75));
  const store = createStore({ limit, threads: threads + 1, spillDirs: [dir] });
  const control = new Int32Array(new SharedArrayBuffer(64));
  const ready = (w) => new Promise((done) => w.once('message', done));
  const workers = Array.from({ length: threads }, (_, thread) => {
    const init = { store: store.handle, thread, threads, control, rows, grant, keep: share === null };
    return new Worker(new URL('./lib/sort_thread.mjs', import.meta.url), { workerData: init });
  });
  await Promise.all(workers.map(ready));

  async function phase(message) {
    const set = workers.map(ready);
    for (const w of workers) w.postMessage(message);
    await Promise.all(set);
    Atomics.store(control, 1, 0);
    const finished = workers.map(ready);
    const start = performance.now();
    Atomics.add(control, 0, 1);
    Atomics.notify(control, 0);
    const all = await Promise.all(finished);
    return { all, ms: performance.now() - start, cpu: all.reduce((n, m) => n + m.cpu, 0) / threads };
  }

  async function once(kernels) {
    const before = store.stats();
    const buckets = rangeBuckets(bytes, grant, threads);
    let bounds = null;
    const start = performance.now();
    const looked = await phase({ what: 'sample', kernels, count: buckets * SAMPLES });
    if (!values['no-bounds']) {
      const { keys, schema } = looked.all[0];
      bounds = sampleBounds(
        looked.all.flatMap((m) => m.samples),
        keys,
        schema,
        buckets,
      );
    }
    const look = performance.now() - start;
    const mapped = await phase({ what: 'map', kernels, cuts: { partitions: buckets, bounds } });
    const all = mapped.all.flatMap((m) => m.runs);
    const cuts = rangeTasks(all, rangeBytes(bytes, grant, threads));
    const slices = Array.from({ length: cuts.partitions }, (_, p) => cuts.slices(p));
    const reduced = await phase({ what: 'reduce', kernels, slices });
    const out = reduced.all.flatMap((m) => m.out).sort((a, b) => a.p - b.p);
    const after = store.stats();
    const objects = new Set(out.flatMap((o) => o.refs.map((r) => r.object)));
    for (const r of all) for (let i = 0; i < r.places.length; i += 4) objects.add(r.places[i]);
    for (const id of objects) store.release(id);
    return {
      ms: look + mapped.ms + reduced.ms,
      look,
      map: mapped.ms,
      reduce: reduced.ms,
      cpu: looked.cpu + mapped.cpu + reduced.cpu,
      runs: all.length,
      ranges: out.length,
      sum: `${out.map((o) => `${o.count}:${o.sum}`).join()}`,
      spilled: after.spilledBytes - before.spilledBytes,
      restored: after.restoredBytes - before.restoredBytes,
    };
  }

  const made = workers.map(ready);
  for (const w of workers) w.postMessage({ what: 'make', name });
  await Promise.all(made);
  const duck = values['no-duckdb'] ? null : await duckdb(spec, limit);
  const [ours, plain, theirs] = [[], [], []];
  for (let r = -1; r < runs; r++) {
    const o = await once(true);
    if (r >= 0) ours.push(o);
    if (values.plain) {
      const p = await once(false);
      if (p.sum !== o.sum) throw new Error(`${name}: kernels give other rows`);
      if (r >= 0) plain.push(p);
    }
    const d = duck === null ? null : await duck();
    if (d !== null && r >= 0) theirs.push(d);
  }
  for (const w of workers) w.postMessage({ what: 'end' });
  store.close();
  report(name, spec, ours, plain, theirs);
}

async function duckdb(spec, limit) {
  const config = { threads: String(threads), temp_directory: dir };
  const file = share === null ? ':memory:' : join(dir, `t-${performance.now()}.duckdb`);
  const db = await (await DuckDBInstance.create(file, config)).connect();
  await db.run(tableSql('t', spec, rows));
  if (share !== null) {
    await db.run('checkpoint');
    await db.run(`set memory_limit = '${Math.ceil(limit / 1e6)}MB'`);
  }
  return async () => {
    const [start, before] = [performance.now(), process.cpuUsage()];
    const sorted = `select * from t order by ${orderSql(spec)}`;
    try {
      if (share === null) await db.run(`create or replace table o as ${sorted}`);
      else await db.runAndReadAll(`${sorted} limit 1 offset ${rows - 1}`);
    } catch (e) {
      console.log(`DuckDB: ${e.message.slice(0, 100)}`);
      return null;
    }
    const used = process.cpuUsage(before);
    return { ms: performance.now() - start, cpu: (used.user + used.system) / 1000 / threads };
  };
}

function report(name, spec, ours, plain, theirs) {
  const ms = (all, f) => (all.length === 0 ? '-' : median(all.map(f)).toFixed(0));
  const over = (f) => (theirs.length === 0 ? '-' : (median(ours.map(f)) / median(theirs.map(f))).toFixed(2));
  const last = ours[ours.length - 1];
  const mb = (n) => (n / 1e6).toFixed(0);
  console.log(
    `${name.padEnd(18)} flowc ${ms(ours, (o) => o.ms)} (${spread(ours.map((o) => o.ms))}; look ${ms(ours, (o) => o.look)} + runs ${ms(ours, (o) => o.map)} + ranges ${ms(ours, (o) => o.reduce)}), cpu ${ms(ours, (o) => o.cpu)}, plain cpu ${ms(plain, (o) => o.cpu)}; DuckDB ${ms(theirs, (d) => d.ms)}${theirs.length > 0 ? ` (${spread(theirs.map((d) => d.ms))})` : ''}, cpu ${ms(theirs, (d) => d.cpu)}; ratio ${over((o) => o.ms)}, by cpu ${over((o) => o.cpu)}, target ${spec.target[share === null ? 0 : 1]}; ${last.runs} runs, ${last.ranges} ranges, spilled ${mb(last.spilled)} MB, read ${mb(last.restored)} MB`,
  );
}

console.log(
  `${rows} rows, ${threads} threads, ${runs} runs${share === null ? ', in memory' : `, memory: ${share} of the data`}; ms`,
);
try {
  for (const name of Object.keys(CASES)) if (values.case === undefined || values.case === name) await measure(name);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
