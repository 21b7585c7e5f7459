// What V8's optimizing compiler costs a query, and what is left when it is told to wait: node bench/tier_up.mjs [--rows 1e6] [--runs 10] [--processes 5]
// A sum by a dictionary over a Parquet file, with `optimizeLate` and without, in processes of their own that take turns. Of each the first three runs do not count.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { groupTable } from './suites/groupby.mjs';
import { median } from './suites/lib/numbers.mjs';

const WARM_UP = 3;
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1e6' },
    runs: { type: 'string', default: '10' },
    processes: { type: 'string', default: '5' },
    inner: { type: 'string' },
    file: { type: 'string' },
  },
});
const runs = Number(values.runs);

/** Means of a run, in milliseconds. */
async function measure(optimizeLate, file) {
  const { Engine, runText } = await import('../dist/index.js');
  const engine = new Engine({ workers: 2, optimizeLate });
  const flow = `from parquet(${JSON.stringify(file)}) | summarize v1 = sum(v1) by id1 | summarize n = count(), s = sum(v1)`;
  let started = 0;
  let before;
  for (let i = 0; i < WARM_UP + runs; i++) {
    if (i === WARM_UP) {
      started = performance.now();
      before = process.cpuUsage();
    }
    await runText(flow, { engine });
  }
  const { user, system } = process.cpuUsage(before);
  const result = { ms: (performance.now() - started) / runs, cpuMs: (user + system) / 1000 / runs };
  engine.close();
  return result;
}

if (values.inner !== undefined) console.log(JSON.stringify(await measure(values.inner === 'late', values.file)));
else {
  const { parquet } = groupTable(Number(values.rows), ['parquet']);
  const taken = { late: [], 'as V8 does': [] };
  for (let i = 0; i < Number(values.processes); i++) {
    for (const how of Object.keys(taken)) {
      const args = [fileURLToPath(import.meta.url), '--inner', how, '--file', parquet, '--runs', String(runs)];
      taken[how].push(JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })));
    }
  }
  console.log(
    `${values.rows} rows, runs ${WARM_UP + 1} to ${WARM_UP + runs}, medians of ${values.processes} processes, ${process.version}`,
  );
  const of = (how, what) => median(taken[how].map((t) => t[what]));
  for (const how of Object.keys(taken))
    console.log(
      `optimized ${how.padEnd(10)} ${of(how, 'ms').toFixed(1).padStart(7)} ms ${of(how, 'cpuMs').toFixed(1).padStart(7)} ms of processor time`,
    );
  console.log(`ratio of processor time ${(of('late', 'cpuMs') / of('as V8 does', 'cpuMs')).toFixed(2)}`);
}
