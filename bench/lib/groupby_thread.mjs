// A thread of bench/groupby.mjs: makes its rows in the arena, then runs the halves of a group-by at a common start signal.
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';
import { CASES, entryOf, STEP, textOf } from './groupby_cases.mjs';

register();
const { aggregate } = await import('../../engine/operators/aggregate.ts');
const { hashWriter } = await import('../../engine/shuffle/hash.ts');
const { hashPartition } = await import('../../engine/shuffle/reader.ts');
const { arenaScratch } = await import('../../engine/memory/scratch.ts');
const { useKernels } = await import('../../engine/kernels/load.ts');
const { attachStore } = await import('../../engine/store/store.ts');
const { field, T } = await import('../../engine/types.ts');

const { thread, threads, control, rows } = workerData;
const store = attachStore(workerData.store, thread + 1);
const BATCH = 65536;
const GRANT = 512 << 20;

let memory = arenaScratch(store, 'bench');
let scratch = arenaScratch(store, 'bench');
let batches = [];
let params;
let schema;
let bits;

function texts(entries, n, count) {
  const offsets = memory.i32(n + 1);
  const size = textOf(0, count).length;
  const bytes = memory.u8(n * size);
  offsets[0] = 0;
  for (let i = 0; i < n; i++) {
    const end = (i + 1) * size;
    bytes[end - size] = 0x69;
    bytes[end - size + 1] = 0x64;
    for (let k = end - 1, rest = entries[i]; k > end - size + 1; k--, rest = Math.floor(rest / 10))
      bytes[k] = 0x30 + (rest % 10);
    offsets[i + 1] = end;
  }
  return { type: T.string, phys: 'utf8', length: n, nullCount: 0, validity: null, offsets, bytes };
}

const dictionaries = new Map();
function dictionaryOf(count) {
  if (!dictionaries.has(count)) {
    const entries = Array.from({ length: count }, (_, i) => i);
    dictionaries.set(count, texts(entries, count, count));
  }
  return dictionaries.get(count);
}

function keyColumn([, kind, count, spread], xs) {
  const n = xs.length;
  const base = { length: n, nullCount: 0, validity: null };
  if (kind === 'string')
    return texts(
      xs.map((x) => entryOf(x, count)),
      n,
      count,
    );
  const values = memory.i32(n);
  for (let i = 0; i < n; i++) values[i] = entryOf(xs[i], count) * (spread ?? 1);
  if (kind === 'int') return { ...base, type: T.int, phys: 'i32', values };
  return { ...base, type: T.string, phys: 'dict', codes: values, dictionary: dictionaryOf(count) };
}

function make(name) {
  memory.release();
  scratch.release();
  dictionaries.clear();
  memory = arenaScratch(store, 'bench');
  scratch = arenaScratch(store, 'bench');
  const { keys, aggs } = CASES[name];
  schema = [
    ...keys.map(([k, kind]) => field(k, kind === 'int' ? T.int : T.string)),
    field('v1', T.int, false),
    field('v2', T.int, false),
    field('v3', T.float, false),
  ];
  batches = [];
  const mine = Math.ceil(rows / threads);
  for (let at = thread * mine; at < Math.min(rows, (thread + 1) * mine); at += BATCH) {
    const n = Math.min(BATCH, Math.min(rows, (thread + 1) * mine) - at);
    const xs = Float64Array.from({ length: n }, (_, i) => Number((BigInt(at + i) * BigInt(STEP)) & 0xffffffffn));
    const ints = (f) => {
      const values = memory.i32(n);
      for (let i = 0; i < n; i++) values[i] = f(xs[i]);
      return { type: T.int, phys: 'i32', length: n, nullCount: 0, validity: null, values };
    };
    const floats = memory.f64(n);
    for (let i = 0; i < n; i++) floats[i] = (xs[i] % 1000003) / 7;
    const v3 = { type: T.float, phys: 'f64', length: n, nullCount: 0, validity: null, values: floats };
    const columns = [...keys.map((k) => keyColumn(k, xs)), ints((x) => (x % 5) + 1), ints((x) => (x % 15) + 1), v3];
    batches.push({ schema, rows: n, columns });
  }
  params = {
    keys: keys.map((k) => k[0]),
    aggregates: aggs.map(([fn, arg], i) => ({
      name: `a${i}`,
      fn,
      args: arg === null ? [] : [arg],
      argTypes: arg === null ? [] : [arg === 'v3' ? T.float : T.int],
      distinct: false,
    })),
  };
  const width = 8 * (keys.length + 3);
  bits = Math.max(2, Math.ceil(Math.log2((rows * width) / (8 << 20))));
}

function context() {
  return { scratch, store, grant: GRANT, index: thread, check() {}, side() {}, shared: (_k, f) => f() };
}

async function map() {
  const ctx = context();
  const middle = aggregate.partialSchema(params, [schema]);
  const source = (async function* () {
    yield* batches;
  })();
  const writer = hashWriter(ctx, middle, params.keys, bits);
  let sent = 0;
  const step = { op: 'aggregate', phase: 'partial', params, input: schema, output: middle, sides: [] };
  for await (const b of aggregate.partial(params, step, ctx)(source)) {
    sent += b.rows;
    writer.add(b);
  }
  const { pieces } = writer.finish();
  writer.free();
  return { pieces, sent };
}

async function reduce(all) {
  const middle = aggregate.partialSchema(params, [schema]);
  const output = aggregate.schema(params, [schema]);
  const step = { op: 'aggregate', phase: 'final', params, input: middle, output, sides: [] };
  let groups = 0;
  const sums = params.aggregates.map(() => 0);
  for (let p = thread; p < 2 ** bits; p += threads) {
    const ctx = context();
    const reader = hashPartition(
      store,
      all.flatMap((pieces) => pieces[p]),
      middle,
      bits,
    );
    for await (const b of aggregate.final(params, step, [reader], ctx)) {
      groups += b.rows;
      for (let a = 0; a < sums.length; a++) sums[a] += Number(b.columns[params.keys.length + a].values[0] ?? 0);
      scratch.reset();
    }
  }
  return { groups };
}

/** Milliseconds this thread ran so far (Linux), else by the clock. */
function busy() {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0]) / 1e6;
  } catch {
    return performance.now();
  }
}

async function run({ what, kernels, pieces }) {
  useKernels(kernels);
  const generation = Atomics.load(control, 0);
  parentPort.postMessage('set');
  Atomics.wait(control, 0, generation);
  const [start, before] = [performance.now(), busy()];
  const result = what === 'map' ? await map() : await reduce(pieces);
  const [ms, cpu] = [performance.now() - start, busy() - before];
  if (what === 'reduce') scratch.release();
  parentPort.postMessage({ ...result, ms, cpu });
}

parentPort.on('message', (message) => {
  if (message.what === 'make') {
    make(message.name);
    parentPort.postMessage('made');
  } else if (message.what === 'end') {
    memory.release();
    scratch.release();
    parentPort.close();
  } else void run(message);
});
parentPort.postMessage('ready');
