// A shuffle through a store smaller than its data, against the disk's own rate; and one in memory, against memcpy. Both sides in the same run.
//   node bench/shuffle.mjs [--disk] [--cache] [--memory] [--gb 10] [--limit 1GB] [--partitions 50] [--runs 3] [--dir folder]
// The disk: as many threads as the shuffle has write the bytes that it spilled, as large blocks to fresh files in the same folder, then read what it restored: past
// the system's cache (O_DIRECT), which is the disk's own rate, and with --cache through it, too, which is the rate of memory where it has room. Memory: two threads copy the bytes that the shuffle moves, from and to memory that was touched before.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { ROOT } from './lib/data.mjs';
import { execute, median } from './lib/measure.mjs';

const { values } = parseArgs({
  options: {
    disk: { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
    cache: { type: 'boolean', default: false },
    gb: { type: 'string', default: '10' },
    limit: { type: 'string', default: '1GB' },
    partitions: { type: 'string', default: '50' },
    runs: { type: 'string', default: '3' },
    dir: { type: 'string', default: tmpdir() },
  },
});
const both = !values.disk && !values.memory;
const runs = Number(values.runs);
const workers = 2;
const dir = mkdtempSync(join(values.dir, 'flowc-bench-'));
const seconds = (ms) => (ms / 1000).toFixed(2);
const shown = (list, digits = 2) =>
  `${median(list).toFixed(digits)} (${Math.min(...list).toFixed(digits)}..${Math.max(...list).toFixed(digits)})`;

/**
 * Runs a thread of lib/shuffle_thread.mjs on each of `workers`.
 * @returns {Promise<{clock: number, processors: number}>} milliseconds from the first start to the last end, and what the processors worked in them
 */
async function threads(job) {
  const ready = new Int32Array(new SharedArrayBuffer(4));
  const jobs = Array.from({ length: workers }, (_, i) => {
    const worker = new Worker(new URL('./lib/shuffle_thread.mjs', import.meta.url), {
      workerData: { ...job, index: i, ready, workers },
    });
    // Until it is gone, with its memory: giving that back takes time of both processors.
    return new Promise((resolve, reject) => {
      let span;
      worker.on('message', (told) => {
        span = told;
      });
      worker.on('error', reject);
      worker.on('exit', () => resolve(span));
    });
  });
  const spans = await Promise.all(jobs);
  const between = (from, to) => Math.max(...spans.map((s) => s[to])) - Math.min(...spans.map((s) => s[from]));
  return { clock: between('start', 'end'), processors: between('worked', 'workedAtEnd') };
}

/** Milliseconds that the threads take to write and to read so much, and nothing else. */
async function diskAlone(written, restored, direct) {
  const { clock: write } = await threads({ kind: 'write', dir, bytes: written / workers, direct });
  const { clock: read } = await threads({ kind: 'read', dir, bytes: Math.min(written, restored) / workers, direct });
  for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true });
  return { write, read };
}

const shownRate = ({ write, read }, written, restored) =>
  `${seconds(write + read)} s (write ${(written / write / 1e6).toFixed(2)} GB/s, read ${(restored / read / 1e6).toFixed(2)} GB/s)`;

async function spilled() {
  const bytes = Number(values.gb) * 1e9;
  const partitions = Number(values.partitions);
  const size = Math.floor(bytes / partitions);
  const ratios = [];
  const cached = [];
  const times = [];
  const peaks = [];
  for (let i = 0; i < runs; i++) {
    const args = ['shuffle', '--partitions', partitions, '--partition-size', size, '--memory', values.limit];
    const r = await execute(
      process.execPath,
      ['dist/cli.js', ...args.map(String), '--workers', String(workers), '--spill-dir', dir, '--json', '--no-progress'],
      { cwd: ROOT },
    );
    if (r.code !== 0) throw new Error(r.stderr || r.stdout);
    const end = JSON.parse(r.stdout.trim().split('\n').at(-1));
    const { spilledBytes, restoredBytes } = end.stats.spill;
    const ms = end.mapMs + end.reduceMs;
    const disk = await diskAlone(spilledBytes, restoredBytes, true);
    const cache = values.cache ? await diskAlone(spilledBytes, restoredBytes, false) : null;
    times.push(ms / 1000);
    ratios.push((disk.write + disk.read) / ms);
    if (cache !== null) cached.push((cache.write + cache.read) / ms);
    peaks.push(Math.max(r.peak, end.peakRss) / 2 ** 20);
    console.log(
      `  shuffle ${seconds(ms)} s (map ${seconds(end.mapMs)}, reduce ${seconds(end.reduceMs)}, ${end.strategy}); ` +
        `disk alone ${shownRate(disk, spilledBytes, restoredBytes)}, ${cache === null ? '' : `through the cache ${shownRate(cache, spilledBytes, restoredBytes)}, `}` +
        `spilled ${(spilledBytes / 1e9).toFixed(2)} GB, restored ${(restoredBytes / 1e9).toFixed(2)} GB of ${(end.bytes / 1e9).toFixed(2)} GB`,
    );
  }
  console.log(
    `through ${values.limit} on disk: ${shown(times)} s, ${shown(
      ratios.map((r) => 100 * r),
      0,
    )} % of the disk's own rate`,
  );
  if (cached.length > 0)
    console.log(
      `  ${shown(
        cached.map((r) => 100 * r),
        0,
      )} % of the rate through the system's cache`,
    );
  console.log(`  peak resident ${shown(peaks, 0)} MiB`);
}

/**
 * What is compared with is memcpy of all the data: each thread copies its half, once, from one place to another, all touched before, larger than any cache. By
 * TypedArray.copyWithin, which is as fast there as `memory.copy` of WebAssembly and as a loop of plain 16-byte stores in C (within 4 %).
 */
async function inMemory() {
  const { inMemoryShuffle } = await import('./lib/shuffle_memory.mjs');
  const bytes = 1e9;
  const copies = { clock: [], processors: [] };
  // In turn, so that what else the machine does hits both alike.
  const { split, whole } = await inMemoryShuffle({ bytes, partitions: 16, workers, runs }, async () => {
    const { clock, processors } = await threads({ kind: 'copy', bytes: bytes / workers });
    copies.clock.push(clock);
    copies.processors.push(processors);
  });
  const report = (kind, threadsAtWork) => {
    const speeds = ({ [kind]: list }) => list.map((ms) => (threadsAtWork * bytes) / ms / 1e6);
    const [splits, wholes, copied] = [split, whole, copies].map(speeds);
    const share = (list) => ((100 * median(list)) / median(copied)).toFixed(0);
    console.log(
      `  split ${shown(splits)} GB/s, with reading it ${shown(wholes)} GB/s; memcpy by ${workers} threads ${shown(copied)} GB/s`,
    );
    console.log(`  ${share(splits)} % of memcpy, with reading ${share(wholes)} %`);
  };
  console.log('in memory, 1 GB of two 64-bit columns, 16 partitions');
  report('clock', 1);
  console.log('  by the time of the processors, which other programs take nothing from:');
  report('processors', workers);
}

try {
  if (both || values.disk) await spilled();
  if (both || values.memory) await inMemory();
} finally {
  rmSync(dir, { recursive: true, force: true });
}
