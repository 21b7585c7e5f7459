import { EngineBug, RunError } from '../errors.ts';
import { kernelsOf } from '../kernels/load.ts';
import { type LateArray, lateArrays } from '../tasks/late_array.ts';
import { addChecksums, type Checksum, NO_ROWS, sumsOf } from './checksum.ts';
import { checksumInPlace, splitInPlace } from './in_place.ts';
import { ROW_BYTES, ROW_WIDTH, type RowKernels } from './row_kernels.ts';

/**
 * Rows of two 64-bit columns, key and payload, side by side, as the experiments make, split and sort them. A thread has one small memory in which the
 * kernels work on a chunk at a time, so that wherever rows come from and go to, what is done to them is done in the cache.
 */

export const MOST_PARTITIONS = 65536;
const CHUNK_ROWS = 65536;
const CHUNK_BYTES = CHUNK_ROWS * ROW_BYTES;

const CHUNK = 0;
const STAGE = CHUNK + CHUNK_BYTES;
const IDS = STAGE + CHUNK_BYTES;
const COUNTS = IDS + 2 * CHUNK_ROWS;
const NEXT = COUNTS + 4 * MOST_PARTITIONS;
const BOUNDS = NEXT + 4 * MOST_PARTITIONS;
const SUMS = BOUNDS + 8 * MOST_PARTITIONS;
const SORTED = SUMS + 4096;
const WASM_PAGE = 65536;
const MOST_PAGES = 65536;

/** Bytes a thread holds for its kernels, outside the store; a sort needs twice its rows on top. */
export const KERNEL_BYTES = SORTED;

/** Which rows: numbers `first` to `first + rows - 1` of the endless sequence of a seed. */
export interface MadeRows {
  readonly first: number;
  readonly rows: number;
  readonly seed: number;
}

interface Machine {
  readonly kernels: RowKernels;
  readonly memory: WebAssembly.Memory;
  bytes: Uint8Array;
}

let machine: Machine | null = null;

function machineOf(): Machine {
  if (machine !== null) return machine;
  const memory = new WebAssembly.Memory({
    initial: Math.ceil(SORTED / WASM_PAGE),
    maximum: MOST_PAGES,
    shared: true,
  });
  const kernels = kernelsOf(memory) as RowKernels | null;
  if (kernels === null) throw new EngineBug('dist/kernels.wasm is missing: build first');
  machine = { kernels, memory, bytes: new Uint8Array(memory.buffer) };
  return machine;
}

function words(m: Machine, at: number, n: number): Uint32Array {
  return new Uint32Array(m.bytes.buffer, at, n);
}

/** Any seed gives a sequence of its own: neighbouring numbers must not give the same one, moved by one. */
function seedWord(seed: number): bigint {
  const x = BigInt.asUintN(64, BigInt(seed) * 0xbf58476d1ce4e5b9n + 0x94d049bb133111ebn);
  return BigInt.asUintN(64, (x ^ (x >> 29n)) * 0x94d049bb133111ebn);
}

/** Where chunks of rows come from. */
interface Source {
  readonly rows: number;
  /** Puts rows [from, from + n) into the chunk. */
  load(m: Machine, from: number, n: number): void;
}

function made({ first, rows, seed }: MadeRows): Source {
  const word = seedWord(seed);
  return { rows, load: (m, from, n) => m.kernels.rows_make(CHUNK, BigInt(first + from), n, word) };
}

function given(pieces: readonly BigUint64Array[]): Source[] {
  return pieces.map((p) => {
    const bytes = new Uint8Array(p.buffer, p.byteOffset, p.byteLength);
    return {
      rows: p.length / ROW_WIDTH,
      load: (m, from, n) => m.bytes.set(bytes.subarray(from * ROW_BYTES, (from + n) * ROW_BYTES), CHUNK),
    };
  });
}

function eachChunk(m: Machine, source: Source, visit: (n: number, from: number) => void): void {
  for (let from = 0; from < source.rows; from += CHUNK_ROWS) {
    const n = Math.min(CHUNK_ROWS, source.rows - from);
    source.load(m, from, n);
    visit(n, from);
  }
}

/** Finds the partition of each row of the chunk, and counts. */
type Route = (m: Machine, n: number) => void;

const byHash =
  (partitions: number): Route =>
  (m, n) =>
    m.kernels.rows_hash_ids(CHUNK, n, partitions, IDS, COUNTS);

function byRange(bounds: BigUint64Array): Route {
  return (m, n) => {
    m.bytes.set(new Uint8Array(bounds.buffer, bounds.byteOffset, bounds.byteLength), BOUNDS);
    m.kernels.rows_range_ids(CHUNK, n, BOUNDS, bounds.length, IDS, COUNTS);
  };
}

/** The rows of each partition, in order. Two passes: sizes first, so that rows go where they stay at once. */
function split(source: Source, partitions: number, count: (m: Machine) => void, route: Route): LateArray[] {
  const sizes = countRows(partitions, count).map((n) => n * ROW_BYTES);
  return lateArrays(new BigUint64Array(), sizes, (places) => fillParts(machineOf(), source, route, places));
}

/** Rows of each partition, as `count` adds them. */
function countRows(partitions: number, count: (m: Machine) => void): number[] {
  const m = machineOf();
  const counts = words(m, COUNTS, partitions).fill(0);
  count(m);
  return Array.from(counts);
}

/** Each chunk is ordered by partition in the cache; what each partition got goes to its place. */
function fillParts(m: Machine, source: Source, route: Route, places: readonly Uint8Array[]): void {
  const partitions = places.length;
  const counts = words(m, COUNTS, partitions);
  const next = words(m, NEXT, partitions);
  const filled = new Float64Array(partitions);
  eachChunk(m, source, (n) => {
    counts.fill(0);
    route(m, n);
    let at = STAGE;
    for (let p = 0; p < partitions; p++) {
      next[p] = at;
      at += (counts[p] as number) * ROW_BYTES;
    }
    m.kernels.rows_scatter(CHUNK, n, IDS, NEXT);
    at = STAGE;
    for (let p = 0; p < partitions; p++) {
      const bytes = (counts[p] as number) * ROW_BYTES;
      if (bytes === 0) continue;
      (places[p] as Uint8Array).set(m.bytes.subarray(at, at + bytes), filled[p]);
      (filled[p] as number) += bytes;
      at += bytes;
    }
  });
}

/** Rows as they are made, split by the hash of their keys; no more than a chunk of them is there at a time. */
export function splitMade(rows: MadeRows, partitions: number): LateArray[] {
  const count = (m: Machine): void => {
    const word = seedWord(rows.seed);
    for (let from = 0; from < rows.rows; from += CHUNK_ROWS) {
      const n = Math.min(CHUNK_ROWS, rows.rows - from);
      m.kernels.rows_make_ids(BigInt(rows.first + from), n, word, partitions, IDS, COUNTS);
    }
  };
  return split(made(rows), partitions, count, byHash(partitions));
}

/** Rows split by the hash of their keys. */
export function splitRows(rows: BigUint64Array, partitions: number): LateArray[] {
  const [source] = given([rows]) as [Source];
  const route = byHash(partitions);
  const count = (m: Machine): void => eachChunk(m, source, (n) => route(m, n));
  return (
    splitInPlace(
      rows,
      partitions,
      (places) => fillParts(machineOf(), source, route, places),
      () => countRows(partitions, count),
    ) ?? split(source, partitions, count, route)
  );
}

/** Rows as they are made, split by ranges: partition p has the keys from bound p - 1 up to, and without, bound p. */
export function splitMadeByRange(rows: MadeRows, bounds: BigUint64Array): LateArray[] {
  const source = made(rows);
  const route = byRange(bounds);
  return split(source, bounds.length + 1, (m) => eachChunk(m, source, (n) => route(m, n)), route);
}

export function makeRows(rows: MadeRows): LateArray {
  const m = machineOf();
  const [array] = lateArrays(new BigUint64Array(), [rows.rows * ROW_BYTES], ([into]) => {
    eachChunk(m, made(rows), (n, from) => into?.set(m.bytes.subarray(CHUNK, CHUNK + n * ROW_BYTES), from * ROW_BYTES));
  });
  return array as LateArray;
}

/** Checksum of rows; `look` sees each chunk. */
function fold(sources: readonly Source[], look?: (m: Machine, n: number) => void): Checksum {
  const m = machineOf();
  const sums = new BigUint64Array(m.bytes.buffer, SUMS, 4).fill(0n);
  let rows = 0;
  for (const source of sources) {
    rows += source.rows;
    eachChunk(m, source, (n) => {
      m.kernels.rows_fold(CHUNK, n, SUMS);
      look?.(m, n);
    });
  }
  return sumsOf(rows, sums);
}

export function checksumOf(pieces: readonly BigUint64Array[]): Checksum {
  return pieces.map((p) => checksumInPlace(p) ?? fold(given([p]))).reduce(addChecksums, NO_ROWS);
}

export function checksumOfMade(rows: MadeRows): Checksum {
  return fold([made(rows)]);
}

/** As checksumOf, and how many rows do not belong to partition `p` of `partitions`. */
export function checkPartition(
  pieces: readonly BigUint64Array[],
  partitions: number,
  p: number,
): { readonly sum: Checksum; readonly strangers: number } {
  let strangers = 0;
  const sum = fold(given(pieces), (m, n) => {
    strangers += m.kernels.rows_strangers(CHUNK, n, partitions, p);
  });
  return { sum, strangers };
}

/** Every `step`-th key, from the first. */
export function sampleKeys(rows: MadeRows, step: number): BigUint64Array {
  const m = machineOf();
  const word = seedWord(rows.seed);
  const keys = new BigUint64Array(Math.ceil(rows.rows / step));
  for (let i = 0; i < keys.length; i++) {
    m.kernels.rows_make(CHUNK, BigInt(rows.first + i * step), 1, word);
    keys[i] = new BigUint64Array(m.bytes.buffer, CHUNK, 1)[0] as bigint;
  }
  return keys;
}

/** All rows of the pieces, ordered by key, then payload. RunError FLOW7007 when they are more than one thread can hold. */
export function sortRows(pieces: readonly BigUint64Array[]): LateArray {
  const m = machineOf();
  const bytes = pieces.reduce((n, p) => n + p.byteLength, 0);
  const pages = Math.ceil((SORTED + 2 * bytes) / WASM_PAGE);
  if (pages > MOST_PAGES) throw new RunError('FLOW7007', `${bytes} bytes in one range are too many to be sorted`);
  const missing = pages - m.bytes.length / WASM_PAGE;
  if (missing > 0) {
    m.memory.grow(missing);
    m.bytes = new Uint8Array(m.memory.buffer);
  }
  let at = SORTED;
  for (const p of pieces) {
    m.bytes.set(new Uint8Array(p.buffer, p.byteOffset, p.byteLength), at);
    at += p.byteLength;
  }
  m.kernels.rows_sort(SORTED, bytes / ROW_BYTES, at, COUNTS);
  const [array] = lateArrays(new BigUint64Array(), [bytes], ([into]) => {
    into?.set(m.bytes.subarray(SORTED, SORTED + bytes));
  });
  return array as LateArray;
}

/** What a sorted range comes down to. `wrong`: rows that come before the one in front of them. */
export interface RangeCheck {
  readonly sum: Checksum;
  readonly wrong: number;
  /** Null: it has no rows. */
  readonly first: bigint | null;
  readonly last: bigint | null;
}

export function checkRange(rows: BigUint64Array): RangeCheck {
  let wrong = 0;
  let from = 0;
  const sum = fold(given([rows]), (m, n) => {
    wrong += m.kernels.rows_disorder(CHUNK, n);
    if (from > 0 && comesBefore(rows, from, from - 1)) wrong++;
    from += n;
  });
  const first = rows[0] ?? null;
  return { sum, wrong, first, last: first === null ? null : (rows[rows.length - ROW_WIDTH] as bigint) };
}

function comesBefore(rows: BigUint64Array, a: number, b: number): boolean {
  const x = rows[a * ROW_WIDTH] as bigint;
  const y = rows[b * ROW_WIDTH] as bigint;
  return x < y || (x === y && (rows[a * ROW_WIDTH + 1] as bigint) < (rows[b * ROW_WIDTH + 1] as bigint));
}
