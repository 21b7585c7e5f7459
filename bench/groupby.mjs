// Group-by against DuckDB: the operators alone (rows lie in the arena; partial half, hash exchange, final half, on threads; DuckDB reads a
// table in memory), warm, medians, side by side. node bench/groupby.mjs [--rows N] [--runs N] [--threads N] [--case PART_OF_NAME]
//
// `cpu plain`: the same with kernels switched off. DuckDB's query is reduced to one row, so that it need not give its groups to JavaScript. On a
// busy machine the ratio of processor times says more than that of the clock.
import { CASES, groupSql, tableSql } from './lib/groupby_cases.mjs';
import { median, spread } from './lib/measure.mjs';
import { duckConnection, operatorOptions, operatorThreads } from './lib/phases.mjs';

const options = operatorOptions('4000000');
const { rows, runs, threads } = options;
const pool = await operatorThreads('./groupby_thread.mjs', options);
const { store, phase } = pool;

const sum = (all, f) => all.reduce((n, x) => n + f(x), 0);

/** Milliseconds of both halves, rows exchanged, and groups. */
async function once(kernels) {
  const maps = await phase({ what: 'map', kernels });
  const pieces = maps.map((m) => m.pieces);
  const reduced = await phase({ what: 'reduce', kernels, pieces });
  for (const id of new Set(pieces.flat(2).map((r) => r.object))) store.release(id);
  return {
    map: Math.max(...maps.map((m) => m.ms)),
    reduce: Math.max(...reduced.map((m) => m.ms)),
    cpu: (sum(maps, (m) => m.cpu) + sum(reduced, (m) => m.cpu)) / threads,
    sent: sum(maps, (m) => m.sent),
    groups: sum(reduced, (m) => m.groups),
  };
}

const db = await duckConnection(options);

async function duck(spec) {
  const [start, before] = [performance.now(), process.cpuUsage()];
  const sums = spec.aggs.map((_, i) => `sum(a${i})`).join(', ');
  const result = await db.runAndReadAll(`select count(*), ${sums} from (${groupSql('t', spec)})`);
  const used = process.cpuUsage(before);
  const cpu = (used.user + used.system) / 1000 / threads;
  return { ms: performance.now() - start, cpu, groups: Number(result.getRows()[0][0]) };
}

console.log(
  `${rows} rows, ${threads} threads, ${runs} runs, operators alone; ms, medians; cpu: processor time a thread`,
);
console.log(
  'case            groups    exchanged  flowc (map+reduce) cpu     cpu plain DuckDB (min..max) cpu     ratio  by cpu target',
);
for (const [name, spec] of Object.entries(CASES)) {
  if (!name.includes(options.case)) continue;
  const made = pool.make(name);
  if (db !== null) await db.run(tableSql('t', spec, rows));
  await made;
  const [ours, plain, theirs] = [[], [], []];
  let last;
  for (let r = -2; r < runs; r++) {
    last = await once(true);
    if (r >= 0) ours.push(last);
    if (options.plain) {
      const p = await once(false);
      if (r >= 0) plain.push(p);
    }
    if (db !== null) {
      const d = await duck(spec);
      if (d.groups !== last.groups) throw new Error(`${name}: ${last.groups} groups, DuckDB has ${d.groups}`);
      if (r >= 0) theirs.push(d);
    }
  }
  const total = ours.map((o) => o.map + o.reduce);
  const ms = (all, f) => (all.length === 0 ? '' : median(all.map(f)).toFixed(0));
  const wall = `${median(total).toFixed(0)} (${ms(ours, (o) => o.map)} + ${ms(ours, (o) => o.reduce)})`;
  const duckdb = theirs.length === 0 ? '' : `${ms(theirs, (d) => d.ms)} (${spread(theirs.map((d) => d.ms))})`;
  const over = (f, g) => (theirs.length === 0 ? '' : (median(ours.map(f)) / median(theirs.map(g))).toFixed(2));
  const cells = [
    [name, 15],
    [last.groups, 9],
    [last.sent, 10],
    [wall, 18],
    [ms(ours, (o) => o.cpu), 7],
    [ms(plain, (p) => p.cpu), 9],
    [duckdb, 17],
    [ms(theirs, (d) => d.cpu), 7],
    [
      over(
        (o) => o.map + o.reduce,
        (d) => d.ms,
      ),
      6,
    ],
    [
      over(
        (o) => o.cpu,
        (d) => d.cpu,
      ),
      6,
    ],
    [spec.target, 6],
  ];
  console.log(cells.map(([v, width]) => String(v).padEnd(width)).join(' '));
}
await pool.end();
