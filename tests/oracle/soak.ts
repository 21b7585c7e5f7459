// Random pipelines against the reference interpreter for as long as one likes:
//   npm run soak -- [--minutes 10] [--seed N] [--save NAME] [--limit 600MB]
// Ends with 1 at the first difference, shown as a flow and its data, as small as it gets; with --save it is kept in tests/regressions, and run by the tests.
// With --limit it runs in a process of its own that may not hold more: in a cgroup v2 where one can be made, else watched. How much it held, and by how much that grew, is told at the end.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseSize } from '../../cli/size.ts';
import { Bench, save, search } from './agree.ts';
import { limited } from './limited.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string' },
    save: { type: 'string' },
    limit: { type: 'string' },
  },
});
/** Between two reports, milliseconds. */
const ROUND = 30_000;
const MIB = 2 ** 20;

async function soak(): Promise<void> {
  const end = performance.now() + Number(values.minutes) * 60_000;
  const bench = new Bench();
  let total = 0;
  let seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
  const started = performance.now();
  for (; performance.now() < end; seed++) {
    const ms = Math.min(ROUND, end - performance.now());
    const { found, runs } = await search(bench, { runs: Number.MAX_SAFE_INTEGER, ms, seed });
    total += runs;
    if (found !== null) {
      console.log(`${found.message}\nseed ${found.seed}`);
      if (values.save !== undefined) console.log(`kept as ${save(values.save, found.smallest)}`);
      process.exitCode = 1;
      break;
    }
    const minutes = (performance.now() - started) / 60_000;
    const resident = (process.memoryUsage.rss() / MIB).toFixed(0);
    console.log(`${total} pipelines, ${(total / minutes).toFixed(0)} a minute, ${resident} MiB resident`);
  }
  const counts = [...bench.counts].sort(([a], [b]) => (a < b ? -1 : 1));
  console.log(counts.map(([choice, n]) => `${choice}: ${n}`).join(', '));
  await bench.close();
}

async function soakLimited(limit: string): Promise<void> {
  const { minutes, seed: first, save: name } = values;
  const args = [
    '--minutes',
    minutes,
    ...(first === undefined ? [] : ['--seed', first]),
    ...(name === undefined ? [] : ['--save', name]),
  ];
  const held = await limited(['--import', 'tsx', fileURLToPath(import.meta.url), ...args], parseSize(limit, '--limit'));
  const peak = `the most was ${Math.round(held.peak / MIB)} MiB of ${limit}`;
  const growth = `it grew by ${(held.slope / MIB).toFixed(1)} MiB a minute over the second half`;
  console.log(`${held.over ? 'beyond the limit: ' : ''}${peak} resident, ${growth} (${held.by})`);
  process.exitCode = held.over ? 1 : (held.exit ?? 1);
}

await (values.limit === undefined ? soak() : soakLimited(values.limit));
