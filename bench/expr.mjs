// Filters and projections: generated JavaScript against WebAssembly assembled at run time, and the sum of the same expression in DuckDB, all on
// one thread and in memory, in turns; medians. The engine writes the column of results; the sum of Q6 is taken over it.
// node bench/expr.mjs [--rows N] [--runs N] [--nulls] [--only NAME]
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { register } from 'tsx/esm/api';
import { median } from './lib/measure.mjs';

register();
const { createStore } = await import('../engine/store/store.ts');
const { arenaScratch } = await import('../engine/memory/scratch.ts');
const { compileProjection } = await import('../engine/expr/compile.ts');
const { setNativeRows } = await import('../engine/expr/native/variants.ts');
const { MORSEL_ROWS } = await import('../engine/batch/column.ts');
const { CASES, COLUMNS } = await import('./lib/expr_cases.mjs');

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000000' },
    runs: { type: 'string', default: '7' },
    nulls: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});
const [rows, runs] = [values.rows, values.runs].map(Number);
const store = createStore({ limit: 3 * 2 ** 30, threads: 1 });
const data = arenaScratch(store);
const scratch = arenaScratch(store);
const schema = COLUMNS.map(({ name, type }) => ({ name, type, nullable: true }));

let state = 1;
function random() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
}

function validity(n) {
  const bits = data.bitmap(n, true);
  let nullCount = 0;
  for (let k = 0; values.nulls && k < n; k++) {
    if (random() < 0.1) {
      bits[k >> 3] &= ~(1 << (k & 7));
      nullCount++;
    }
  }
  return nullCount === 0 ? { validity: null, nullCount } : { validity: bits, nullCount };
}

function batchOf(n) {
  const columns = COLUMNS.map(({ type, phys, value }) => {
    const into = data[phys](n);
    for (let k = 0; k < n; k++) into[k] = value(random());
    return { type, phys, wide: false, length: n, ...validity(n), values: into };
  });
  return { schema, rows: n, columns };
}

const batches = [];
for (let at = 0; at < rows; at += MORSEL_ROWS) batches.push(batchOf(Math.min(MORSEL_ROWS, rows - at)));

const duck = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
const drawn = COLUMNS.map(({ name, sql }, k) => {
  const text = sql.replaceAll(/\br\b/g, `r${k}`);
  return values.nulls ? `case when n${k} >= 0.1 then ${text} end as ${name}` : `${text} as ${name}`;
});
const numbers = COLUMNS.map((_, k) => `random() as r${k}, random() as n${k}`);
await duck.run(`create table t as select ${drawn} from (select ${numbers} from range(${rows}))`);

function sumOf(column, n) {
  let sum = 0;
  if (column.phys === 'f64') for (let k = 0; k < n; k++) sum += column.values[k];
  return sum;
}

/** Milliseconds over all batches, with a kernel of its own where `fresh`. */
function engine(native, { filter, output, name }, fresh) {
  setNativeRows(native ? 1 : Number.POSITIVE_INFINITY);
  // The name of the output keeps kernels apart.
  const outputs = [{ name: `${name} ${native} ${fresh}`, expr: output }];
  const start = performance.now();
  const project = compileProjection(filter, outputs, schema);
  let first = 0;
  let sum = 0;
  for (const batch of batches) {
    scratch.reset();
    const out = project(batch, scratch);
    first ||= performance.now() - start;
    if (filter !== null) sum += sumOf(out.columns[0], out.rows);
  }
  return { ms: performance.now() - start, first, sum };
}

async function inDuck(sql) {
  const start = performance.now();
  await duck.runAndReadAll(`select sum(x) from (select ${sql.replace(' from t', ' as x from t')})`);
  return performance.now() - start;
}

const show = (ms) => `${ms.toFixed(1).padStart(7)} ms ${((ms / rows) * 1e6).toFixed(2).padStart(6)} ns`;
console.log(`${rows} rows, one thread${values.nulls ? ', a tenth null' : ''}: JavaScript, WebAssembly, DuckDB`);
for (const test of CASES.filter(({ name }) => name.includes(values.only))) {
  const [js, wasm, other] = [[], [], []];
  const firsts = [engine(false, test, 'first').first, engine(true, test, 'first').first];
  for (let r = -2; r < runs; r++) {
    const times = [engine(false, test, '').ms, engine(true, test, '').ms, await inDuck(test.sql)];
    if (r < 0) continue;
    for (const [k, to] of [js, wasm, other].entries()) to.push(times[k]);
  }
  const [a, b, d] = [js, wasm, other].map(median);
  const ratios = `wasm/js ${(b / a).toFixed(2)}  wasm/DuckDB ${(b / d).toFixed(2)}`;
  const begin = `first batch, code made: ${firsts.map((f) => f.toFixed(1)).join(' | ')} ms`;
  console.log(`${test.name.padEnd(30)} ${show(a)} | ${show(b)} | ${show(d)}   ${ratios}   ${begin}`);
}
store.close();
