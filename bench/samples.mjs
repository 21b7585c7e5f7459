// The samples through `flowc run` against DuckDB for the same job, each in a fresh process, in turn. node bench/samples.mjs [--runs N]
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ROOT } from './lib/data.mjs';
import { sideBySide, spread } from './lib/measure.mjs';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, threads: { type: 'string', default: '2' } },
});
mkdirSync(`${ROOT}out`, { recursive: true });

/** Numeric answers of both, where the two write a comparable file; null = equal. */
function compare(ours, theirs) {
  const rows = (f) =>
    readFileSync(`${ROOT}out/${f}`, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((l) => l.replaceAll('"', ''));
  const near = (a, b) => a === b || Math.abs(Number(a) - Number(b)) <= 1e-6 * Math.max(1, Math.abs(Number(b)));
  const [x, y] = [rows(ours), rows(theirs)];
  if (x.length !== y.length) return `${x.length} rows against ${y.length}`;
  for (let i = 0; i < x.length; i++) {
    const [p, q] = [x[i].split(','), y[i].split(',')];
    if (p.length !== q.length || p.some((v, j) => !near(v, q[j]))) return `row ${i + 1}: ${x[i]} against ${y[i]}`;
  }
  return null;
}

const answers = {
  airports: ['airports.csv', 'duck-airports.csv'],
  birdstrikes: ['birdstrikes.csv', 'duck-birdstrikes.csv'],
  flights: ['flights-ranking.csv', 'duck-flights-ranking.csv'],
};

console.log('sample        flowc ms (min..max)      duckdb ms (min..max)     ratio   answers');
for (const file of readdirSync(`${ROOT}samples`)
  .filter((f) => f.endsWith('.flow'))
  .sort()) {
  const name = file.slice(0, -5);
  const sql = new URL(`sql/${name}.sql`, import.meta.url);
  const commands = [
    { name: 'flowc', cwd: ROOT, args: ['dist/cli.js', 'run', `samples/${file}`, '--workers', values.threads] },
  ];
  if (existsSync(sql))
    commands.push({ name: 'duckdb', cwd: ROOT, args: ['bench/lib/duck.mjs', values.threads, sql.pathname] });
  const [ours, theirs] = await sideBySide(commands, Number(values.runs));
  const agree = answers[name] && theirs ? (compare(...answers[name]) ?? 'agree') : '';
  const show = (r) => (r ? `${r.median.toFixed(0).padStart(6)} (${spread(r.times)})`.padEnd(25) : ''.padEnd(25));
  console.log(
    `${name.padEnd(14)}${show(ours)}${show(theirs)}${theirs ? (ours.median / theirs.median).toFixed(2).padEnd(8) : '        '}${agree}`,
  );
}
