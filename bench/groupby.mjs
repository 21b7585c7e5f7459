// Group-by against DuckDB: the operators alone (rows lie in the arena; partial half, hash exchange, final half, on threads; DuckDB reads a
// table in memory), warm, medians, side by side. node bench/groupby.mjs [--rows N] [--runs N] [--threads N] [--case NAME]
//
// `without`: the same with kernels switched off. DuckDB's query is reduced to one row, so that it need not give its groups to JavaScript.
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { DuckDBInstance } from '@duckdb/node-api';
import { register } from 'tsx/esm/api';
import { CASES, groupSql, tableSql } from './lib/groupby_cases.mjs';
import { median, spread } from './lib/measure.mjs';

register();
const { createStore } = await import('../engine/store/store.ts');

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '4000000' },
    runs: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    case: { type: 'string' },
    'no-duckdb': { type: 'boolean', default: false },
    'no-javascript': { type: 'boolean', default: false },
    'cpu-prof': { type: 'string' },
  },
});
const [rows, runs, threads] = [values.rows, values.runs, values.threads].map(Number);
const store = createStore({ limit: 3 * 2 ** 30, threads: threads + 1 });
const control = new Int32Array(new SharedArrayBuffer(64));
const ready = (w) => new Promise((done) => w.once('message', done));

const workers = Array.from({ length: threads }, (_, thread) => {
  const init = { store: store.handle, thread, threads, control, rows };
  return new Worker(new URL('./lib/groupby_thread.mjs', import.meta.url), { workerData: init });
});
await Promise.all(workers.map(ready));

async function phase(message) {
  const set = workers.map(ready);
  for (const w of workers) w.postMessage(message);
  await Promise.all(set);
  const finished = workers.map(ready);
  Atomics.add(control, 0, 1);
  Atomics.notify(control, 0);
  return Promise.all(finished);
}

/** Milliseconds of both halves, rows exchanged, and groups. */
async function once(kernels) {
  const maps = await phase({ what: 'map', kernels });
  const pieces = maps.map((m) => m.pieces);
  const reduced = await phase({ what: 'reduce', kernels, pieces });
  for (const id of new Set(pieces.flat(2).map((r) => r.object))) store.release(id);
  const sum = (all, f) => all.reduce((n, x) => n + f(x), 0);
  return {
    map: Math.max(...maps.map((m) => m.ms)),
    reduce: Math.max(...reduced.map((m) => m.ms)),
    sent: sum(maps, (m) => m.sent),
    groups: sum(reduced, (m) => m.groups),
  };
}

const db = values['no-duckdb']
  ? null
  : await (await DuckDBInstance.create(':memory:', { threads: String(threads) })).connect();

async function duck(spec) {
  const start = performance.now();
  const sums = spec.aggs.map((_, i) => `sum(a${i})`).join(', ');
  const result = await db.runAndReadAll(`select count(*), ${sums} from (${groupSql('t', spec)})`);
  return { ms: performance.now() - start, groups: Number(result.getRows()[0][0]) };
}

console.log(`${rows} rows, ${threads} threads, ${runs} runs, operators alone (ms: median, min..max)`);
console.log(
  'case            groups   exchanged   flowc map + reduce    without          duckdb           ratio  target',
);
for (const [name, spec] of Object.entries(CASES)) {
  if (values.case !== undefined && values.case !== name) continue;
  const made = workers.map(ready);
  for (const w of workers) w.postMessage({ what: 'make', name });
  if (db !== null) await db.run(tableSql('t', spec, rows));
  await Promise.all(made);
  const [ours, plain, theirs] = [[], [], []];
  let last;
  for (let r = -2; r < runs; r++) {
    last = await once(true);
    if (r >= 0) ours.push(last);
    if (!values['no-javascript']) {
      const p = await once(false);
      if (r >= 0) plain.push(p.map + p.reduce);
    }
    if (db !== null) {
      const d = await duck(spec);
      if (d.groups !== last.groups) throw new Error(`${name}: ${last.groups} groups, DuckDB has ${d.groups}`);
      if (r >= 0) theirs.push(d.ms);
    }
  }
  const total = ours.map((o) => o.map + o.reduce);
  const show = (times) => (times.length === 0 ? '' : `${median(times).toFixed(0)} (${spread(times)})`);
  const halves = `${median(ours.map((o) => o.map)).toFixed(0)} + ${median(ours.map((o) => o.reduce)).toFixed(0)}`;
  const ratio = theirs.length === 0 ? '' : (median(total) / median(theirs)).toFixed(2);
  console.log(
    `${name.padEnd(14)} ${String(last.groups).padStart(8)} ${String(last.sent).padStart(10)}   ${`${median(total).toFixed(0)} = ${halves}`.padEnd(20)} ${show(plain).padEnd(16)} ${show(theirs).padEnd(16)} ${ratio.padEnd(6)} ${spec.target}`,
  );
}
for (const w of workers) w.postMessage({ what: 'end' });
await Promise.all(workers.map((w) => new Promise((done) => w.once('exit', done))));
store.close();
