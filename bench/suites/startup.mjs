// Whole processes, from start to end, over next to no data: what a command costs before it works.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from '../lib/measure.mjs';
import { difference } from './lib/compare.mjs';
import { geometricMean, median, spread } from './lib/numbers.mjs';
import { BENCH, ROOT } from './lib/places.mjs';

const POLARS = `const pl = (await import('nodejs-polars')).default;
const df = await pl.scanCSV(process.argv[1]).groupBy('b').agg(pl.len().alias('n'), pl.col('a').sum().alias('s')).sort('b').collect();
for (const row of df.rows()) console.log(row.join(','));`;

function commands(dir, options) {
  const [csv, flow, sql] = ['small.csv', 'small.flow', 'small.sql'].map((f) => join(dir, f));
  const lines = Array.from({ length: 100 }, (_, i) => `${i},${i % 7}`);
  writeFileSync(csv, `a,b\n${lines.join('\n')}\n`);
  writeFileSync(flow, `from csv(${JSON.stringify(csv)}) | summarize n = count(), s = sum(a) by b | sort b\n`);
  writeFileSync(sql, `select b, count(*), sum(a) from '${csv}' group by b order by b`);
  const cli = join(ROOT, 'dist/cli.js');
  const small = [
    {
      name: 'flowc',
      args: [cli, 'run', flow, '--quiet', '--out', 'csv', '--workers', String(options.threads)],
      header: true,
    },
  ];
  if (options.peers.includes('duckdb'))
    small.push({ name: 'duckdb', args: [join(BENCH, 'lib/duck.mjs'), String(options.threads), sql] });
  if (options.peers.includes('polars'))
    small.push({ name: 'polars', args: ['--input-type=module', '-e', POLARS, csv] });
  return [
    { name: 'a small file, grouped', commands: small },
    { name: '--version', commands: [{ name: 'flowc', args: [cli, '--version'] }] },
    { name: 'nothing', commands: [{ name: 'node', args: ['-e', '0'] }] },
  ];
}

async function runCase({ name, commands: list }, runs) {
  const contestants = list.map((c) => ({ name: c.name, times: [] }));
  for (let r = -1; r < runs; r++) {
    for (const [i, { args, header }] of list.entries()) {
      const done = await execute(process.execPath, args, { cwd: BENCH });
      const c = contestants[i];
      if (done.code !== 0) c.failed = done.stderr.slice(0, 500) || `ended with ${done.code}`;
      c.peak = Math.max(c.peak ?? 0, done.peak);
      if (r < 0) c.coldMs = done.ms;
      else c.times.push(done.ms);
      c.answer = done.stdout
        .trim()
        .split('\n')
        .slice(header ? 1 : 0)
        .map((l) => l.split(','));
    }
  }
  const [ours, ...others] = contestants;
  for (const c of contestants) Object.assign(c, { median: median(c.times), spread: spread(c.times) });
  for (const c of others) {
    const differs = c.failed ? null : difference(c.answer, ours.answer);
    if (differs !== null) c.difference = differs;
    c.ratio = ours.median / c.median;
  }
  return { name, contestants };
}

/** @returns the plain data that report.mjs prints */
export async function run(options) {
  const dir = mkdtempSync(join(tmpdir(), 'flowc-bench-'));
  try {
    const cases = [];
    for (const one of commands(dir, options)) cases.push(await runCase(one, options.runs));
    const all = cases.flatMap((c) => c.contestants.map((contestant) => ({ case: c.name, contestant })));
    const names = ['duckdb', 'polars'].filter((n) => all.some((x) => x.contestant.name === n));
    const ratios = (name) => all.flatMap(({ contestant: c }) => (c.name === name && c.ratio ? [c.ratio] : []));
    return {
      suite: 'startup',
      title: 'Start-up: whole processes',
      about:
        'A CSV file of a hundred rows grouped and sorted, workers included; and what starting alone takes. Times are of whole processes; "cold" is the first of them.',
      threads: options.threads,
      cases,
      means: Object.fromEntries(names.map((n) => [n, geometricMean(ratios(n))])),
      problems: all
        .filter(({ contestant: c }) => c.difference || (c.failed && c.name === 'flowc'))
        .map(({ case: name, contestant: c }) => `${name}: ${c.name}: ${c.difference ?? c.failed}`),
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
