// Reading CSV against DuckDB's read_csv with stated types, in one process, side by side, warm, medians.
// node bench/csv.mjs [--mb N] [--file PATH] [--runs N] [--threads N] [--case NAME] [--columns a,b]
// [--profile] [--no-javascript] [--no-duckdb]
//
// read: typed columns, batch after batch. keep: the same, kept in the store (DuckDB: a temporary table). aggregate: sums over all columns, and one: over
// one column, through the library with a warm engine, planning included. Processor time tells more than the clock where the machine is busy.
import { statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { DuckDBInstance } from '@duckdb/node-api';
import { register } from 'tsx/esm/api';
import { csv, Engine, flow } from '../dist/index.js';
import { tableCsv } from './lib/csv_data.mjs';
import { median, spread } from './lib/measure.mjs';

register();
const { createStore } = await import('../engine/store/store.ts');
const { csvReader } = await import('../engine/formats/csv.ts');

const { values } = parseArgs({
  options: {
    mb: { type: 'string', default: '500' },
    file: { type: 'string' },
    runs: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    case: { type: 'string' },
    columns: { type: 'string' },
    profile: { type: 'boolean', default: false },
    'no-javascript': { type: 'boolean', default: false },
    'no-duckdb': { type: 'boolean', default: false },
  },
});
const [runs, threads] = [values.runs, values.threads].map(Number);
const path = values.file ?? tableCsv(Number(values.mb));
const bytes = statSync(path).size;

const store = createStore({ limit: 3 * 2 ** 30, threads: threads + 1 });
const control = new Int32Array(new SharedArrayBuffer(64));
const ready = (w) => new Promise((done) => w.once('message', done));
const workers = Array.from({ length: threads }, (_, thread) => {
  const workerData = { store: store.handle, thread, control, profile: values.profile };
  return new Worker(new URL('./lib/csv_thread.mjs', import.meta.url), { workerData });
});
await Promise.all(workers.map(ready));

async function phase(message) {
  const set = workers.map(ready);
  for (const w of workers) w.postMessage(message);
  await Promise.all(set);
  const finished = workers.map(ready);
  Atomics.store(control, 1, 0);
  Atomics.add(control, 0, 1);
  Atomics.notify(control, 0);
  return Promise.all(finished);
}

const reader = csvReader();
const source = { paths: [path], display: path, options: {} };
const inferred = await reader.infer(source);
const schema = inferred.filter((f) => values.columns?.split(',').includes(f.name) ?? true);

async function ours(what, kernels) {
  const scan = {
    kind: 'scan',
    format: 'csv',
    source: { ...source, schema: inferred, declared: false },
    schema,
    filter: null,
    limit: null,
  };
  const splits = await reader.splits(scan);
  const answers = [];
  for (const [i, answer] of (await phase({ what: 'probe', kernels, scan, splits })).flat()) answers[i] = answer;
  const results = await phase({ what, kernels, scan, splits: reader.resolve(splits, answers, scan) });
  return {
    answer: results.reduce((n, r) => n + r.rows, 0),
    after: () => {
      for (const id of results.flatMap((r) => r.objects)) store.release(id);
    },
  };
}

const engine = new Engine({ workers: threads, memory: 2 ** 30 });
const numbers = schema.filter((f) => f.type.kind === 'int' || f.type.kind === 'float').map((f) => f.name);
const others = schema.filter((f) => ['date', 'timestamp'].includes(f.type.kind)).map((f) => f.name);
const texts = schema.filter((f) => f.type.kind === 'string').map((f) => f.name);
const sums = {
  aggregate: [
    ...numbers.map((n) => [`sum(${n})`, `sum(${n})`]),
    ...others.map((n) => [`max(${n})`, `max(${n})`]),
    ...texts.map((n) => [`sum(length(${n}))`, `sum(strlen(${n}))`]),
  ],
  one: [[`sum(${numbers.at(-1)})`, `sum(${numbers.at(-1)})`]],
};

async function library(what) {
  const items = Object.fromEntries([['n', 'count()'], ...sums[what].map(([ours], i) => [`a${i}`, ours])]);
  const rows = await flow(csv(path)).summarize(items).collect({ engine });
  return { answer: Number(rows[0].n), after() {} };
}

const db = values['no-duckdb']
  ? null
  : await (await DuckDBInstance.create(':memory:', { threads: String(threads) })).connect();
await db?.run('set preserve_insertion_order = false');
const duckTypes = {
  int: 'BIGINT',
  float: 'DOUBLE',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
  string: 'VARCHAR',
  bool: 'BOOLEAN',
};
const stated = inferred.map((f) => `'${f.name}': '${duckTypes[f.type.kind]}'`).join(', ');
const table = `read_csv('${path}', header = true, delim = ',', quote = '"', escape = '"', auto_detect = false, columns = {${stated}})`;

async function duck(what) {
  if (what === 'read' || what === 'keep')
    await db.run(`create or replace temp table t as select ${schema.map((f) => f.name).join(', ')} from ${table}`);
  const select = sums[what]?.map(([, theirs]) => theirs) ?? [];
  const from = what === 'read' || what === 'keep' ? 't' : table;
  const result = await db.runAndReadAll(`select ${['count(*)', ...select].join(', ')} from ${from}`);
  return { answer: Number(result.getRows()[0][0]), after() {} };
}

async function timed(run) {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  const { answer, after } = await run();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  after();
  return { ms, cpu: (user + system) / 1000, answer };
}

console.log(
  `${path}: ${(bytes / 1e6).toFixed(0)} MB, ${threads} threads, ${runs} runs; median ms (spread), GB/s, ms of processor time`,
);
for (const what of ['read', 'keep', 'aggregate', 'one']) {
  if (values.case !== undefined && values.case !== what) continue;
  const low = what === 'read' || what === 'keep';
  const sides = [['flowc', () => (low ? ours(what, true) : library(what))]];
  if (low && !values['no-javascript']) sides.push(['without kernels', () => ours(what, false)]);
  if (db !== null) sides.push(['duckdb', () => duck(what)]);
  const times = sides.map(() => []);
  for (let r = -1; r < runs; r++) {
    const answers = [];
    for (const [i, [, run]] of sides.entries()) {
      const t = await timed(run);
      answers.push(t.answer);
      if (r >= 0) times[i].push(t);
    }
    if (new Set(answers).size > 1) throw new Error(`${what}: the answers differ: ${answers}`);
  }
  const clock = times.map((t) => t.map((x) => x.ms));
  const cpu = times.map((t) => median(t.map((x) => x.cpu)));
  for (const [i, [name]] of sides.entries()) {
    const ms = median(clock[i]);
    const figures = `${ms.toFixed(0).padStart(6)} (${spread(clock[i])})`.padEnd(22);
    const ratios =
      name === 'duckdb' || db === null
        ? ''
        : `   over duckdb ${(ms / median(clock.at(-1))).toFixed(2)}, by processor time ${(cpu[i] / cpu.at(-1)).toFixed(2)}`;
    console.log(
      `${what.padEnd(10)} ${name.padEnd(16)} ${figures} ${(bytes / ms / 1e6).toFixed(2).padStart(6)} GB/s ${cpu[i].toFixed(0).padStart(6)} cpu${ratios}`,
    );
  }
}
for (const w of workers) w.postMessage({ what: 'end' });
await Promise.all(workers.map((w) => new Promise((done) => w.once('exit', done))));
store.close();
engine.close();
