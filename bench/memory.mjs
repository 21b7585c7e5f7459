// A sort and a group-by over at least 2 GB under a memory limit: peak resident memory seen from outside, spilled bytes, wall time.
// node bench/memory.mjs [--gb 2] [--memory 64MB] [--duckdb]
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { flightsCsv, ROOT } from './lib/data.mjs';
import { execute } from './lib/measure.mjs';

const { values } = parseArgs({
  options: {
    gb: { type: 'string', default: '2' },
    memory: { type: 'string', default: '64MB' },
    duckdb: { type: 'boolean', default: false },
    workers: { type: 'string', default: '2' },
  },
});
const csv = await flightsCsv(Number(values.gb));
console.log(
  `${csv.split('/').at(-1)}: ${(statSync(csv).size / 1e9).toFixed(2)} GB, limit ${values.memory}, ${values.workers} workers`,
);
const dir = mkdtempSync(join(tmpdir(), 'flowc-bench-'));
mkdirSync(join(dir, 'spill'));

const jobs = {
  sort: `| sort distance desc, origin, id | write csv("${dir}/sorted.csv")`,
  'group by id // 4':
    '| summarize n = count(), mean_delay = mean(delay), far = max(distance) by g = id // 4 | summarize groups = count(), n = sum(n), far = max(far)',
  'group by route':
    '| summarize n = count(), mean_delay = mean(delay) by origin, destination | sort n desc, origin, destination | take 3',
};
const sql = {
  sort: `copy (from '${csv}' order by distance desc, origin, id) to '${dir}/duck.csv' (header)`,
  'group by id // 4': `select count(*), sum(n), max(far) from (select count(*) n, avg(delay), max(distance) far from '${csv}' group by id // 4)`,
  'group by route': `select origin, destination, count(*), avg(delay) from '${csv}' group by all order by 3 desc, 1, 2 limit 3`,
};
try {
  for (const [name, steps] of Object.entries(jobs)) {
    writeFileSync(join(dir, 'job.flow'), `from csv("${csv}")\n${steps}\n`);
    const r = await execute(
      process.execPath,
      [
        'dist/cli.js',
        'run',
        join(dir, 'job.flow'),
        '--memory',
        values.memory,
        '--workers',
        values.workers,
        '--spill-dir',
        join(dir, 'spill'),
        '--json',
      ],
      { cwd: ROOT },
    );
    const summary = r.stdout.trim().split('\n').at(-1);
    console.log(
      `flowc  ${name.padEnd(18)} ${(r.ms / 1000).toFixed(1)} s, peak ${(r.peak / 2 ** 20).toFixed(0)} MiB, exit ${r.code}, spill files left ${readdirSync(join(dir, 'spill')).length}`,
    );
    console.log(`       ${summary}`);
    if (r.code !== 0) console.log(r.stderr.slice(0, 2000));
    if (values.duckdb) {
      writeFileSync(join(dir, 'job.sql'), sql[name]);
      const d = await execute(
        process.execPath,
        [
          'bench/lib/duck.mjs',
          values.workers,
          '--memory',
          values.memory,
          '--temp',
          join(dir, 'spill'),
          join(dir, 'job.sql'),
        ],
        { cwd: ROOT },
      );
      console.log(
        `duckdb ${name.padEnd(18)} ${(d.ms / 1000).toFixed(1)} s, peak ${(d.peak / 2 ** 20).toFixed(0)} MiB, exit ${d.code} ${d.code === 0 ? d.stdout.trim().split('\n')[0] : /^.*(?:Error|error):.*$/m.exec(d.stderr)?.[0].slice(0, 200)}`,
      );
    }
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
