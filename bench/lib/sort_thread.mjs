// A thread of bench/sort.mjs: makes its rows outside of the arena, then runs the halves of a sort at a common start signal.
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';
import { CASES, X, Y } from './sort_cases.mjs';

register();
const { sort } = await import('../../engine/operators/sort.ts');
const { sortIndices } = await import('../../engine/operators/sort_kernel.ts');
const { rangePartition, rangeWriter, sampleKeys } = await import('../../engine/shuffle/range.ts');
const { collectWriter } = await import('../../engine/shuffle/collect.ts');
const { arenaScratch } = await import('../../engine/memory/scratch.ts');
const { heapScratch } = await import('../../engine/memory/heap_scratch.ts');
const { useKernels } = await import('../../engine/kernels/load.ts');
const { attachStore } = await import('../../engine/store/store.ts');
const { field, T } = await import('../../engine/types.ts');

const { thread, threads, control, rows, grant, keep } = workerData;
const store = attachStore(workerData.store, thread + 1);
const scratch = arenaScratch(store, 'bench');
const BATCH = 65536;
/** Batches a task of the map half has. */
const TASK = 16;
let batches = [];
let params;
let schema;

const TYPE = { long: T.int, float: T.float, text: T.string, few: T.int, some: T.int };
const low = (a, b) => Math.imul(a, b) >>> 0;

function columnOf(kind, first, n) {
  const base = { type: TYPE[kind], length: n, nullCount: 0, validity: null };
  const x = (i) => low(first + i, X);
  const y = (i) => low(first + i, Y);
  if (kind === 'long') {
    const values = new BigInt64Array(n);
    const words = new Int32Array(values.buffer);
    for (let i = 0; i < n; i++) {
      words[2 * i] = y(i);
      words[2 * i + 1] = x(i) ^ 0x80000000;
    }
    return { ...base, phys: 'i64', values, wide: true };
  }
  if (kind === 'float')
    return { ...base, phys: 'f64', values: Float64Array.from({ length: n }, (_, i) => (x(i) - 2147483648) / 1000) };
  if (kind === 'few') return { ...base, phys: 'i32', values: Int32Array.from({ length: n }, (_, i) => x(i) % 100) };
  if (kind === 'some') return { ...base, phys: 'i32', values: Int32Array.from({ length: n }, (_, i) => y(i) % 5003) };
  const bytes = Buffer.from(Array.from({ length: n }, (_, i) => `id${String(x(i)).padStart(10, '0')}`).join(''));
  return { ...base, phys: 'utf8', offsets: Int32Array.from({ length: n + 1 }, (_, i) => 12 * i), bytes };
}

function make(name) {
  const { keys } = CASES[name];
  schema = [...keys.map(([k, kind]) => field(k, TYPE[kind], false)), field('p', T.int, false)];
  batches = [];
  const mine = Math.ceil(rows / threads);
  const end = Math.min(rows, (thread + 1) * mine);
  for (let at = thread * mine; at < end; at += BATCH) {
    const n = Math.min(BATCH, end - at);
    const p = { type: T.int, phys: 'i32', length: n, nullCount: 0, validity: null };
    const values = Int32Array.from({ length: n }, (_, i) => at + i);
    batches.push({
      schema,
      rows: n,
      columns: [...keys.map(([, kind]) => columnOf(kind, at, n)), { ...p, values }],
    });
  }
  const column = (k, kind) => ({ kind: 'column', name: k, type: TYPE[kind], nullable: false });
  params = {
    keys: keys.map(([k, kind, desc]) => ({ expr: column(k, kind), desc, nullsFirst: false })),
    limit: null,
  };
}

const context = () => ({ scratch, store, grant, index: thread, check() {}, side() {}, shared: (_k, f) => f() });

function sample({ count }) {
  const some = batches.filter((_, i) => i % TASK === 0);
  const each = Math.ceil(count / threads / some.length);
  const { keys } = params;
  return { samples: some.map((b) => sampleKeys(b, keys, each, heapScratch())), keys, schema };
}

function map({ cuts }) {
  const runs = [];
  for (let at = 0; at < batches.length; at += TASK) {
    const writer = rangeWriter(context(), schema, params.keys, null, sortIndices, cuts);
    for (const b of batches.slice(at, at + TASK)) writer.add(b);
    runs.push(...writer.finish());
    writer.free();
  }
  return { runs };
}

/** Ranges are taken by whoever is free. `marks`: rows of which the payload is told, by range. */
async function reduce({ slices }) {
  const step = { op: 'sort', phase: 'final', params, input: schema, output: schema, sides: [] };
  const out = [];
  for (let p = Atomics.add(control, 1, 1); p < slices.length; p = Atomics.add(control, 1, 1)) {
    const ctx = context();
    const writer = keep ? collectWriter(ctx, schema) : null;
    let sum = 0;
    let count = 0;
    for await (const b of sort.final(params, step, [rangePartition(store, slices[p], schema)], ctx)) {
      const payload = b.columns[b.columns.length - 1].values;
      for (let i = 0; i < b.rows; i += 997) sum = (sum * 31 + payload[i]) % 2 ** 40;
      count += b.rows;
      writer?.add(b);
      scratch.reset();
    }
    out.push({ p, sum, count, refs: writer?.finish() ?? [] });
    writer?.free();
  }
  return { out };
}

/** Milliseconds this thread ran so far (Linux), else by the clock. */
function busy() {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0]) / 1e6;
  } catch {
    return performance.now();
  }
}

async function run(message) {
  useKernels(message.kernels);
  const generation = Atomics.load(control, 0);
  parentPort.postMessage('set');
  Atomics.wait(control, 0, generation);
  const [start, before] = [performance.now(), busy()];
  const result = await { sample, map, reduce }[message.what](message);
  const [ms, cpu] = [performance.now() - start, busy() - before];
  if (message.what === 'reduce') scratch.release();
  parentPort.postMessage({ ...result, ms, cpu });
}

parentPort.on('message', (message) => {
  if (message.what === 'make') {
    make(message.name);
    parentPort.postMessage('made');
  } else if (message.what === 'end') {
    scratch.release();
    parentPort.close();
  } else void run(message);
});
parentPort.postMessage('ready');
