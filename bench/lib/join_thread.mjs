// A thread of bench/join.mjs: makes its rows in the arena, then runs a join's parts at a common start signal.
import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';
import { CASES, intKey, RIGHT_STEP, STEP, textKey } from './join_cases.mjs';

register();
const { join } = await import('../../engine/operators/join.ts');
const { lookup } = await import('../../engine/operators/lookup.ts');
const { hashWriter } = await import('../../engine/shuffle/hash.ts');
const { hashPartition, relationReader } = await import('../../engine/shuffle/reader.ts');
const { arenaScratch } = await import('../../engine/memory/scratch.ts');
const { useKernels } = await import('../../engine/kernels/load.ts');
const { attachStore } = await import('../../engine/store/store.ts');
const { field, T } = await import('../../engine/types.ts');

const { thread, threads, control, rows } = workerData;
const store = attachStore(workerData.store, thread + 1);
const BATCH = 65536;
const GRANT = 512 << 20;
const encoder = new TextEncoder();

let memory = arenaScratch(store, 'bench');
const scratch = arenaScratch(store, 'bench');
let spec;
let schemas;
let lefts = [];
let rights = [];
const params = {
  kind: 'inner',
  leftKeys: ['k'],
  rightKeys: ['rk'],
  residual: null,
  nearest: null,
  right: [],
  add: [{ name: 'w', column: 'w' }],
  matching: 'many',
};

function keyColumn(numbers) {
  const n = numbers.length;
  const base = { length: n, nullCount: 0, validity: null };
  if (spec.key !== 'string') {
    const values = memory.i32(n);
    for (let i = 0; i < n; i++) values[i] = intKey(numbers[i], spec.key);
    return { ...base, type: T.int, phys: 'i32', values };
  }
  const offsets = memory.i32(n + 1);
  const bytes = memory.u8(n * 12);
  offsets[0] = 0;
  for (let i = 0; i < n; i++) {
    bytes.set(encoder.encode(textKey(numbers[i])), i * 12);
    offsets[i + 1] = (i + 1) * 12;
  }
  return { ...base, type: T.string, phys: 'utf8', offsets, bytes };
}

/** Rows [from, to) of a side, in batches. `make(i)`: number of the key and the value of row i. */
function side(schema, from, to, make) {
  const out = [];
  for (let at = from; at < to; at += BATCH) {
    const n = Math.min(BATCH, to - at);
    const numbers = new Float64Array(n);
    const values = memory.f64(n);
    for (let i = 0; i < n; i++) [numbers[i], values[i]] = make(at + i);
    const value = { type: T.float, phys: 'f64', length: n, nullCount: 0, validity: null, values };
    out.push({ schema, rows: n, columns: [keyColumn(numbers), value] });
  }
  return out;
}

/** Makes this thread's share of both sides. A broadcast side is made whole by the first thread, as objects, which it gives back. */
function make(name) {
  memory.release();
  memory = arenaScratch(store, 'bench');
  spec = CASES[name];
  const type = spec.key === 'string' ? T.string : T.int;
  const of = (key, value) => [field(key, type, false), field(value, T.float, false)];
  schemas = [of('k', 'v'), of('rk', 'w')];
  const keys = spec.keys ?? spec.right;
  const share = (total) => [Math.floor((total * thread) / threads), Math.floor((total * (thread + 1)) / threads)];
  lefts = side(schemas[0], ...share(rows), (i) => {
    const x = Number((BigInt(i) * BigInt(STEP)) & 0xffffffffn);
    return [x % keys, x / 8];
  });
  const total = spec.right * (spec.times ?? 1);
  const broadcast = spec.how === 'broadcast';
  const mine = broadcast ? (thread === 0 ? [0, total] : [0, 0]) : share(total);
  rights = side(schemas[1], ...mine, (j) => [(j * RIGHT_STEP) % spec.right, j / 4]);
  return broadcast ? rights.map((b) => store.putBatch(b)) : [];
}

function context(shared = (_k, f) => f(), sides = []) {
  return { scratch, store, grant: GRANT, index: thread, check() {}, side: () => sides[0], shared };
}

/** Counts what comes, and adds its values or puts its rows into the store. */
async function consume(source, total) {
  for await (const b of source) {
    total.rows += b.rows;
    if (spec.use === 'rows') total.refs.push(store.putBatch(b));
    else {
      for (const [at, name] of [
        [1, 'v'],
        [2, 'w'],
      ]) {
        const { values } = b.columns[at];
        let sum = 0;
        for (let i = 0; i < b.rows; i++) sum += values[i];
        total[name] += sum;
      }
    }
  }
}

const fresh = () => ({ rows: 0, v: 0, w: 0, refs: [] });

async function broadcast(refs) {
  let table;
  const shared = (_key, f) => (table ??= f());
  const ctx = context(shared, [relationReader(store, refs, schemas[1])]);
  const sides = [{ relation: 0, schema: schemas[1] }];
  const step = { op: 'lookup', phase: 'map', params, input: schemas[0], output: lookup.schema(params, schemas), sides };
  const total = fresh();
  const source = (async function* () {
    yield* lefts;
  })();
  await consume(lookup.map(params, step, ctx)(source), total);
  table.free();
  return total;
}

const bitsOf = (schema) => Math.max(2, Math.ceil(Math.log2((rows * (schema[0].type === T.int ? 12 : 24)) / (8 << 20))));

function map() {
  const write = (schema, keys, batches) => {
    const writer = hashWriter(context(), schema, keys, bitsOf(schema));
    for (const b of batches) writer.add(b);
    const { pieces } = writer.finish();
    writer.free();
    return pieces;
  };
  return [write(schemas[0], ['k'], lefts), write(schemas[1], ['rk'], rights)];
}

async function reduce(all) {
  const output = join.schema(params, schemas);
  const bits = bitsOf(schemas[0]);
  const step = { op: 'join', phase: 'final', params, input: schemas[0], output, sides: [] };
  const total = fresh();
  for (let p = thread; p < 2 ** bits; p += threads) {
    const readers = schemas.map((schema, s) =>
      hashPartition(
        store,
        all.flatMap((pieces) => pieces[s][p]),
        schema,
        bits,
      ),
    );
    await consume(join.final(params, step, readers, context()), total);
  }
  return total;
}

parentPort.on('message', (message) => void perform(message));

async function perform({ what, name, kernels, input }) {
  if (what === 'make') {
    parentPort.postMessage(make(name));
    return;
  }
  if (what === 'end') {
    memory.release();
    scratch.release();
    parentPort.close();
    return;
  }
  useKernels(kernels);
  const generation = Atomics.load(control, 0);
  parentPort.postMessage('set');
  Atomics.wait(control, 0, generation);
  const cpu = process.cpuUsage();
  const start = performance.now();
  const result = what === 'map' ? map() : what === 'reduce' ? await reduce(input) : await broadcast(input);
  const ms = performance.now() - start;
  parentPort.postMessage({ result, ms, cpu: process.cpuUsage(cpu) });
}
parentPort.postMessage('ready');
