// The hash shuffle of fixed-width columns against memcpy of the same bytes, on one and two threads, with kernels and without them; and the
// checksums of spill files. All warm; medians. node bench/kernels.mjs [--rows N] [--runs N] [--columns 2,4] [--bits 6] [--nulls]
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { register } from 'tsx/esm/api';
import { median } from './lib/measure.mjs';

register();
const { createStore } = await import('../engine/store/store.ts');

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '4000000' },
    runs: { type: 'string', default: '7' },
    columns: { type: 'string', default: '2,4' },
    bits: { type: 'string', default: '6' },
    nulls: { type: 'boolean', default: false },
  },
});
const [rows, runs, bits] = [values.rows, values.runs, values.bits].map(Number);
const THREADS = 2;
/** Words of the control block: generation, threads at work, threads done. */
const [GENERATION, DONE] = [0, 1];

const store = createStore({ limit: 3 * 2 ** 30, threads: THREADS + 1 });
const control = new Int32Array(new SharedArrayBuffer(64));

async function session(columns) {
  const workers = Array.from({ length: THREADS }, (_, i) => {
    const init = { store: store.handle, thread: i + 1, control, rows, columns, bits, nulls: values.nulls };
    return new Worker(new URL('./lib/kernel_thread.mjs', import.meta.url), { workerData: init });
  });
  const ready = (w) => new Promise((done) => w.once('message', done));
  await Promise.all(workers.map(ready));

  /** Milliseconds from the start signal until the last of `threads` threads is done, and those of processor time of the busiest. */
  async function once(what, kernels, threads) {
    Atomics.store(control, DONE, 0);
    const active = workers.slice(0, threads);
    const set = active.map(ready);
    for (const w of active) w.postMessage({ what, kernels });
    await Promise.all(set);
    const finished = active.map(ready);
    const start = performance.now();
    Atomics.add(control, GENERATION, 1);
    Atomics.notify(control, GENERATION);
    const ends = await Promise.all(finished);
    return {
      ms: Math.max(...ends.map((e) => e.end)) - (performance.timeOrigin + start),
      cpu: Math.max(...ends.map((e) => e.cpu)),
    };
  }

  const bytes = rows * 8 * columns;
  for (const threads of [1, 2]) {
    const cases = [
      ['memcpy', 'copy', true],
      ['shuffle, JavaScript', 'shuffle', false],
      ['shuffle, kernels', 'shuffle', true],
    ];
    const times = cases.map(() => []);
    // Side by side, so that what else the machine does falls on all alike; the first two runs warm up.
    for (let r = -2; r < runs; r++) {
      for (const [i, [, what, kernels]] of cases.entries()) {
        const took = await once(what, kernels, threads);
        if (r >= 0) times[i].push(took);
      }
    }
    const speeds = (of) => times.map((t) => (bytes * threads) / median(t.map(of)) / 1e6);
    const [wall, cpu] = [speeds((t) => t.ms), speeds((t) => t.cpu)];
    const show = (speed, i) => `${speed[i].toFixed(2).padStart(6)} GB/s ${(speed[i] / speed[0]).toFixed(2)} of memcpy`;
    for (const [i, [name]] of cases.entries()) {
      const line = `${columns} columns, ${threads} thread${threads === 1 ? ' ' : 's'}  ${name.padEnd(20)}`;
      const range = [Math.min, Math.max].map((f) => f(...times[i].map((t) => t.ms)).toFixed(0)).join('..');
      console.log(`${line} ${show(wall, i)}   by processor time ${show(cpu, i)}   (${range} ms)`);
    }
  }
  for (const w of workers) w.postMessage({ what: 'end' });
  await Promise.all(workers.map((w) => new Promise((done) => w.once('exit', done))));
}

function checksums() {
  if (crc32 === undefined) return;
  const data = new Uint8Array(new SharedArrayBuffer(64 << 20)).fill(7);
  for (const chunk of [4096, 16384, 65536, 1 << 20]) {
    const times = [];
    for (let r = 0; r < runs; r++) {
      const start = performance.now();
      for (let at = 0; at < data.length; at += chunk) crc32(data.subarray(at, at + chunk));
      times.push(performance.now() - start);
    }
    console.log(`crc32 of ${String(chunk).padStart(7)} bytes  ${(data.length / median(times) / 1e6).toFixed(2)} GB/s`);
  }
}

console.log(`${rows} rows a thread, 64-bit columns, ${2 ** bits} partitions${values.nulls ? ', a tenth null' : ''}`);
for (const c of values.columns.split(',')) await session(Number(c));
checksums();
store.close();
