// Random pipelines against the reference interpreter for as long as one likes:
//   npm run soak -- [--minutes 10] [--seed N] [--save NAME]
// Ends with 1 at the first difference, shown as a flow and its data, as small as it gets; with --save it is kept in tests/regressions, and run by the tests.
import { parseArgs } from 'node:util';
import { Bench, save, search } from './agree.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' }, save: { type: 'string' } },
});
/** Between two reports, milliseconds. */
const ROUND = 30_000;
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
  const resident = (process.memoryUsage.rss() / 2 ** 20).toFixed(0);
  console.log(`${total} pipelines, ${(total / minutes).toFixed(0)} a minute, ${resident} MiB resident`);
}
await bench.close();
