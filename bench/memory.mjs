// Operators over files larger than the memory limit: peak resident memory of the whole process seen from outside, spilled bytes, wall time.
// node bench/memory.mjs [--gb 2,0.5] [--memory 64MB,256MB] [--jobs sort,join] [--workers 2] [--duckdb] [--grid]
// --grid prints one table at the end: for each operator, by how much resident memory exceeds the limit.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { flightsCsv, ROOT } from './lib/data.mjs';
import { execute } from './lib/measure.mjs';
import { JOBS } from './lib/memory_jobs.mjs';

const { values } = parseArgs({
  options: {
    gb: { type: 'string', default: '2' },
    memory: { type: 'string', default: '64MB' },
    jobs: { type: 'string', default: '' },
    duckdb: { type: 'boolean', default: false },
    workers: { type: 'string', default: '2' },
    grid: { type: 'boolean', default: false },
  },
});
const dir = mkdtempSync(join(tmpdir(), 'flowc-bench-'));
mkdirSync(join(dir, 'spill'));
const UNITS = { KB: 1e3, MB: 1e6, GB: 1e9, MiB: 2 ** 20, GiB: 2 ** 30 };
const MIB = 2 ** 20;
const bytesOf = (size) => Number.parseFloat(size) * UNITS[size.replace(/^[\d.]+/, '')];

/** Where everything is written of a job: not beside the spill files, which are counted. */
const flowFile = join(dir, 'job.flow');

function execFlow(flow, limit) {
  writeFileSync(flowFile, `${flow}\n`);
  const args = ['--memory', limit, '--workers', values.workers, '--spill-dir', join(dir, 'spill'), '--json'];
  return execute(process.execPath, ['dist/cli.js', 'run', flowFile, ...args], { cwd: ROOT });
}

/** MiB of resident memory beyond the limit. */
async function run(name, job, csv, limit) {
  if (job.code !== undefined) writeFileSync(join(dir, 'job.js'), job.code);
  const r = await execFlow(job.flow(csv, dir), limit);
  const over = (r.peak - bytesOf(limit)) / MIB;
  const { spilledBytes = 0, restoredBytes = 0 } = JSON.parse(r.stdout.trim().split('\n').at(-1) || '{}').summary ?? {};
  console.log(
    `flowc  ${name.padEnd(18)} ${limit.padStart(6)}: ${(r.ms / 1000).toFixed(1)} s, peak ${(r.peak / MIB).toFixed(0)} MiB (limit + ${over.toFixed(0)}), spilled ${(spilledBytes / 1e9).toFixed(2)} GB, read back ${(restoredBytes / 1e9).toFixed(2)} GB, exit ${r.code}, spill files left ${readdirSync(join(dir, 'spill')).length}`,
  );
  if (r.code !== 0) console.log(r.stderr.slice(0, 2000));
  return r.code === 0 ? over : Number.POSITIVE_INFINITY;
}

/** Makes what a job reads, with memory to spare. */
async function prepare(job, csv) {
  if (job.before === undefined) return;
  const r = await execFlow(job.before(csv, dir), '512MB');
  if (r.code !== 0) throw new Error(r.stderr.slice(0, 2000));
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

/** By job, by size and limit. */
const grid = new Map();

function printGrid(sizes, limits) {
  const columns = sizes.flatMap((gb) => limits.map((limit) => `${gb} GB under ${limit}`));
  console.log(`\n| MiB beyond the limit | ${columns.join(' | ')} |\n|---|${'--:|'.repeat(columns.length)}`);
  for (const [name, cells] of grid) console.log(`| ${name} | ${cells.map((over) => over.toFixed(0)).join(' | ')} |`);
}

const sizes = values.gb.split(',');
const limits = values.memory.split(',');
const wanted = ([name]) => values.jobs === '' || values.jobs.split(',').some((j) => name.startsWith(j));

try {
  for (const gb of sizes) {
    const csv = await flightsCsv(Number(gb));
    console.log(`${csv.split('/').at(-1)}: ${(statSync(csv).size / 1e9).toFixed(2)} GB, ${values.workers} workers`);
    for (const [name, job] of Object.entries(JOBS).filter(wanted)) {
      await prepare(job, csv);
      const cells = grid.get(name) ?? [];
      grid.set(name, cells);
      for (const limit of limits) {
        cells.push(await run(name, job, csv, limit));
        if (values.duckdb && job.sql !== undefined) await peer(name, job.sql(csv, dir), limit);
      }
    }
  }
  if (values.grid) printGrid(sizes, limits);
  const most = Math.max(...[...grid.values()].flat());
  console.log(`resident memory at most the limit + ${most.toFixed(0)} MiB (to keep to: 238, which is 250 MB)`);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
