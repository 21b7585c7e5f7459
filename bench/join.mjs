// Joins against DuckDB: the operators alone (rows lie in the arena; a broadcast side as objects of the store, of which each thread makes a table of its own;
// partitioned joins with the exchange of both sides; DuckDB reads tables in memory), warm, medians, side by side.
//   node bench/join.mjs [--rows N] [--runs N] [--threads N] [--case PART_OF_NAME] [--no-duckdb] [--no-javascript]
// `without`: the same with kernels switched off. "rows": the result's rows are put into the store; DuckDB makes a temporary table of them.
import { CASES, ROWS_SQL, SUMS_SQL, tablesSql } from './lib/join_cases.mjs';
import { median, spread } from './lib/measure.mjs';
import { duckConnection, operatorOptions, operatorThreads } from './lib/phases.mjs';

const options = operatorOptions('10000000');
const { rows, runs, threads } = options;
const pool = await operatorThreads('./join_thread.mjs', options);
const { store, phase } = pool;

const release = (refs) => {
  for (const id of new Set(refs.map((r) => r.object))) store.release(id);
};
const slowest = (all) => Math.max(...all.map((m) => m.ms));

/** Milliseconds, and the totals of the result. */
async function once(spec, kernels, side) {
  let ms = 0;
  let all;
  if (spec.how === 'broadcast') all = await phase({ what: 'broadcast', kernels, input: side });
  else {
    const maps = await phase({ what: 'map', kernels });
    ms = slowest(maps);
    const pieces = maps.map((m) => m.result);
    all = await phase({ what: 'reduce', kernels, input: pieces });
    release(pieces.flat(3));
  }
  release(all.flatMap((m) => m.result.refs));
  const total = (name) => all.reduce((n, m) => n + m.result[name], 0);
  return { map: ms, ms: ms + slowest(all), rows: total('rows'), v: total('v'), w: total('w') };
}

const db = await duckConnection(options);

async function duck(spec) {
  const start = performance.now();
  if (spec.use === 'rows') await db.run(ROWS_SQL);
  else await db.runAndReadAll(SUMS_SQL);
  return performance.now() - start;
}

function checked(name, ours, sums) {
  const near = (a, b) => Math.abs(a - b) <= 1e-9 * Math.abs(b);
  const [count, v, w] = sums.map(Number);
  if (ours.rows !== count) throw new Error(`${name}: ${ours.rows} rows, DuckDB has ${count}`);
  if (CASES[name].use === 'sums' && !(near(ours.v, v) && near(ours.w, w))) throw new Error(`${name}: the sums differ`);
}

console.log(`${rows} rows, ${threads} threads, ${runs} runs, operators alone (ms: median, min..max)`);
console.log(
  'case                             rows        flowc                  without          duckdb           ratio  target',
);
for (const [name, spec] of Object.entries(CASES)) {
  if (!name.includes(options.case)) continue;
  const made = pool.make(name);
  let sums = null;
  if (db !== null) {
    for (const sql of tablesSql(spec, rows)) await db.run(sql);
    sums = (await db.runAndReadAll(SUMS_SQL)).getRows()[0];
  }
  const side = (await made).flat();
  const [ours, plain, theirs, maps] = [[], [], [], []];
  let last;
  for (let r = -2; r < runs; r++) {
    last = await once(spec, true, side);
    if (sums !== null) checked(name, last, sums);
    if (r >= 0) {
      ours.push(last.ms);
      maps.push(last.map);
    }
    if (options.plain) {
      const p = await once(spec, false, side);
      if (r >= 0) plain.push(p.ms);
    }
    if (db !== null) {
      const ms = await duck(spec);
      if (r >= 0) theirs.push(ms);
    }
  }
  release(side);
  const show = (times) => (times.length === 0 ? '' : `${median(times).toFixed(0)} (${spread(times)})`);
  const exchange = spec.how === 'broadcast' ? '' : ` map ${median(maps).toFixed(0)}`;
  const ratio = theirs.length === 0 ? '' : (median(ours) / median(theirs)).toFixed(2);
  console.log(
    `${name.padEnd(30)} ${String(last.rows).padStart(9)}   ${(show(ours) + exchange).padEnd(26)} ${show(plain).padEnd(16)} ${show(theirs).padEnd(16)} ${ratio.padEnd(6)} ${spec.target}`,
  );
}
await pool.end();
