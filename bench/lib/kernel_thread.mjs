// A thread of bench/kernels.mjs: makes its input in the arena once, then runs what it is told at a common start signal.
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
const { hashWriter } = await import('../../engine/shuffle/hash.ts');
const { useKernels } = await import('../../engine/kernels/load.ts');
const { attachStore } = await import('../../engine/store/store.ts');
const { field, T } = await import('../../engine/types.ts');

const { thread, control, rows, columns, bits, nulls } = workerData;
const store = attachStore(workerData.store, thread);
const BATCH = 65536;
const GRANT = 128 << 20;
const names = Array.from({ length: columns }, (_, c) => `c${c}`);
const schema = names.map((n, c) => field(n, c % 2 === 0 ? T.int : T.float));

function memory(bytes) {
  const { view } = store.allocate(bytes, 'bench');
  return view;
}

/** 64-bit values whose low words count up in steps of an odd constant: keys that do not repeat, hashed evenly. */
function column(c, first, n) {
  const view = memory(n * 8);
  const words = new Int32Array(view.buffer, view.byteOffset, 2 * n);
  for (let i = 0; i < n; i++) {
    words[2 * i] = Math.imul(first + i, 0x9e3779b1);
    words[2 * i + 1] = (first + i) & 0xffff;
  }
  const validity = nulls ? memory((n + 7) >> 3).fill(0xff) : null;
  let nullCount = 0;
  if (nulls) {
    for (let i = c; i < n; i += 10, nullCount++) validity[i >> 3] &= ~(1 << (i & 7));
  }
  const base = { type: schema[c].type, length: n, nullCount, validity };
  if (c % 2 === 0)
    return { ...base, phys: 'i64', wide: true, values: new BigInt64Array(view.buffer, view.byteOffset, n) };
  return { ...base, phys: 'f64', values: new Float64Array(view.buffer, view.byteOffset, n) };
}

const batches = [];
for (let at = 0; at < rows; at += BATCH) {
  const n = Math.min(BATCH, rows - at);
  batches.push({ schema, rows: n, columns: names.map((_, c) => column(c, thread * rows + at, n)) });
}
const target = memory(rows * 8 * columns).fill(1);

const work = {
  copy() {
    let at = 0;
    for (const b of batches) {
      for (const { values } of b.columns) {
        target.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
        at += values.byteLength;
      }
    }
  },
  shuffle() {
    const writer = hashWriter({ store, grant: GRANT }, schema, ['c0'], bits);
    for (const b of batches) writer.add(b);
    const { pieces } = writer.finish();
    writer.free();
    return () => {
      for (const id of new Set(pieces.flat().map((p) => p.object))) store.release(id);
    };
  },
};

/** Milliseconds this thread has run so far (Linux), or NaN: what it waited for others on a busy machine does not count. */
function cpuMs() {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return Number.NaN;
  }
}

parentPort.on('message', ({ what, kernels }) => {
  if (what === 'end') {
    parentPort.close();
    return;
  }
  useKernels(kernels);
  const generation = Atomics.load(control, 0);
  parentPort.postMessage('set');
  Atomics.wait(control, 0, generation);
  const before = cpuMs();
  const after = work[what]();
  const end = performance.timeOrigin + performance.now();
  const cpu = cpuMs() - before;
  after?.();
  parentPort.postMessage({ end, cpu });
});
parentPort.postMessage('ready');
