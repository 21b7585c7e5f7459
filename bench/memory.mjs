// Operators over files larger than the memory limit: peak resident memory of the whole process seen from outside, spilled bytes, wall time.
// node bench/memory.mjs [--gb 2,0.5] [--memory 64MB,256MB] [--jobs sort,join] [--workers 2] [--duckdb]
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
    jobs: { type: 'string', default: '' },
    duckdb: { type: 'boolean', default: false },
    workers: { type: 'string', default: '2' },
  },
});
const dir = mkdtempSync(join(tmpdir(), 'flowc-bench-'));
mkdirSync(join(dir, 'spill'));
const UNITS = { KB: 1e3, MB: 1e6, GB: 1e9, MiB: 2 ** 20, GiB: 2 ** 30 };
const MIB = 2 ** 20;
const bytesOf = (size) => Number.parseFloat(size) * UNITS[size.replace(/^[\d.]+/, '')];

/** By name: the steps after `from` of a file, and DuckDB's query where there is one. */
const JOBS = {
  sort: {
    flow: (csv) => `from csv("${csv}") | sort distance desc, origin, id | write csv("${dir}/out.csv")`,
    sql: (csv) => `copy (from '${csv}' order by distance desc, origin, id) to '${dir}/duck.csv' (header)`,
  },
  'group by id // 4': {
    flow: (csv) =>
      `from csv("${csv}") | summarize n = count(), mean_delay = mean(delay), far = max(distance) by g = id // 4 | summarize groups = count(), n = sum(n), far = max(far)`,
    sql: (csv) =>
      `select count(*), sum(n), max(far) from (select count(*) n, avg(delay), max(distance) far from '${csv}' group by id // 4)`,
  },
  'group by route': {
    flow: (csv) =>
      `from csv("${csv}") | summarize n = count(), mean_delay = mean(delay) by origin, destination | sort n desc, origin, destination | take 3`,
    sql: (csv) =>
      `select origin, destination, count(*), avg(delay) from '${csv}' group by all order by 3 desc, 1, 2 limit 3`,
  },
  distinct: {
    flow: (csv) => `from csv("${csv}") | distinct date, origin | summarize n = count()`,
    sql: (csv) => `select count(*) from (select distinct on (date, origin) * from '${csv}')`,
  },
  join: {
    flow: (csv) =>
      `let other = from csv("${csv}") | select id2 = id, delay2 = delay, from2 = origin\nfrom csv("${csv}") | join other as o on id == o.id2 | summarize n = count(), d = sum(delay2), f = max(from2)`,
    sql: (csv) => `select count(*), sum(o.delay), max(o.origin) from '${csv}' a join '${csv}' o on a.id = o.id`,
  },
  'shared, read twice': {
    flow: (csv) =>
      `let s = from csv("${csv}") | derive far = distance > 1000, route = origin + destination\nfrom s | summarize n = count() by route | sort n desc, route | take 3\nfrom s | where far | sort delay desc, id | take 3`,
  },
  'to parquet': { flow: (csv) => `from csv("${csv}") | where delay > 0 | write parquet("${dir}/out.parquet")` },
  'to ndjson': { flow: (csv) => `from csv("${csv}") | where delay > 0 | write ndjson("${dir}/out.ndjson")` },
};

async function run(name, flow, limit) {
  writeFileSync(join(dir, 'job.flow'), `${flow}\n`);
  const args = ['--memory', limit, '--workers', values.workers, '--spill-dir', join(dir, 'spill'), '--json'];
  const r = await execute(process.execPath, ['dist/cli.js', 'run', join(dir, 'job.flow'), ...args], { cwd: ROOT });
  const over = (r.peak - bytesOf(limit)) / MIB;
  const { spilledBytes = 0, restoredBytes = 0 } = JSON.parse(r.stdout.trim().split('\n').at(-1) || '{}').summary ?? {};
  console.log(
    `flowc  ${name.padEnd(18)} ${limit.padStart(6)}: ${(r.ms / 1000).toFixed(1)} s, peak ${(r.peak / MIB).toFixed(0)} MiB (limit + ${over.toFixed(0)}), spilled ${(spilledBytes / 1e9).toFixed(2)} GB, read back ${(restoredBytes / 1e9).toFixed(2)} GB, exit ${r.code}, spill files left ${readdirSync(join(dir, 'spill')).length}`,
  );
  if (r.code !== 0) console.log(r.stderr.slice(0, 2000));
  return r.code === 0 ? over : Number.POSITIVE_INFINITY;
}

async function peer(name, sql, limit) {
  writeFileSync(join(dir, 'job.sql'), sql);
  const args = [values.workers, '--memory', limit, '--temp', join(dir, 'spill'), join(dir, 'job.sql')];
  const d = await execute(process.execPath, ['bench/lib/duck.mjs', ...args], { cwd: ROOT });
  const said =
    d.code === 0 ? d.stdout.trim().split('\n')[0] : /^.*(?:Error|error):.*$/m.exec(d.stderr)?.[0].slice(0, 200);
  console.log(
    `duckdb ${name.padEnd(18)} ${limit.padStart(6)}: ${(d.ms / 1000).toFixed(1)} s, peak ${(d.peak / MIB).toFixed(0)} MiB, exit ${d.code} ${said}`,
  );
}

try {
  let most = Number.NEGATIVE_INFINITY;
  for (const gb of values.gb.split(',')) {
    const csv = await flightsCsv(Number(gb));
    console.log(`${csv.split('/').at(-1)}: ${(statSync(csv).size / 1e9).toFixed(2)} GB, ${values.workers} workers`);
    for (const [name, { flow, sql }] of Object.entries(JOBS)) {
      if (values.jobs !== '' && !values.jobs.split(',').some((j) => name.startsWith(j))) continue;
      for (const limit of values.memory.split(',')) {
        most = Math.max(most, await run(name, flow(csv), limit));
        if (values.duckdb && sql !== undefined) await peer(name, sql(csv), limit);
      }
    }
  }
  console.log(`resident memory at most the limit + ${most.toFixed(0)} MiB (to keep to: 238, which is 250 MB)`);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
