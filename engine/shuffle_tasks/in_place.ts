import { kernelsFor } from '../kernels/load.ts';
import { guessedArrays, type LateArray, lateArrays } from '../tasks/late_array.ts';
import { threadStore } from '../tasks/thread.ts';
import { type Checksum, sumsOf } from './checksum.ts';
import { ROW_BYTES, ROW_WIDTH, type RowKernels } from './row_kernels.ts';

/** Rows split and added up where they lie, when that and where they go to is one memory of the store. */

/** Up to so many partitions rows go straight from where they lie to where they stay; more of them want chunks ordered in the cache. */
const FEW_PARTITIONS = 32;
/** Fewer rows than this are counted first: that takes no time. */
const MANY_ROWS = 65536;
/** Rows that are looked at to see whether partitions are about equal. */
const SAMPLE = 256;
/** Standard deviations of a partition's size that are allowed for, where keys are spread evenly. */
const DEVIATIONS = 5;

/** Runs `work` with kernels for the memory in which all the views lie and, in the same memory, some words of scratch; null where that is not to be had. */
function inPlace<R>(
  views: readonly ArrayBufferView[],
  n: number,
  work: (k: RowKernels, scratch: Uint32Array) => R,
): R | null {
  const store = threadStore();
  const block = store?.tryAllocate(4 * n, 'shuffle') ?? null;
  if (store === null || block === null) return null;
  try {
    const kernels = kernelsFor(block.view, ...views) as RowKernels | null;
    return kernels === null ? null : work(kernels, new Uint32Array(block.view.buffer, block.view.byteOffset, n));
  } finally {
    store.free(block);
  }
}

const rowsIn = (rows: BigUint64Array): number => rows.length / ROW_WIDTH;

/**
 * Rows by the hash of their keys. Where partitions are about equal it takes one pass: each gets room for what it is likely to need, and the sizes are known afterwards.
 * Otherwise rows are counted first. `fillOtherwise`: where the store has no room in the same memory; `countOtherwise`: rows of each partition.
 * @returns null when rows cannot be split in place
 */
export function splitInPlace(
  rows: BigUint64Array,
  partitions: number,
  fillOtherwise: (places: readonly Uint8Array[]) => void,
  countOtherwise: () => number[],
): LateArray[] | null {
  if (partitions > FEW_PARTITIONS) return null;
  const fill = (places: readonly Uint8Array[]): void => {
    if (!scatter(rows, places)) fillOtherwise(places);
  };
  if (rowsIn(rows) >= MANY_ROWS && looksEven(rows, partitions)) {
    const mean = rowsIn(rows) / partitions;
    const room = Math.ceil(mean + DEVIATIONS * Math.sqrt(mean)) * ROW_BYTES;
    return guessedArrays(new BigUint64Array(), {
      rooms: new Array<number>(partitions).fill(room),
      fill: (places) => scatterWithin(rows, places),
      exactly: () => ({ sizes: sizesOf(rows, partitions) ?? countOtherwise().map((n) => n * ROW_BYTES), fill }),
    });
  }
  const sizes = sizesOf(rows, partitions);
  return sizes === null ? null : lateArrays(new BigUint64Array(), sizes, fill);
}

/** Whether no partition has far more than its share of rows here and there. */
function looksEven(rows: BigUint64Array, partitions: number): boolean {
  const step = Math.floor(rowsIn(rows) / SAMPLE) * ROW_BYTES;
  const even = inPlace([rows], partitions, (k, counts) => {
    counts.fill(0);
    for (let i = 0; i < SAMPLE; i++) k.rows_hash_count(rows.byteOffset + i * step, 1, partitions, counts.byteOffset);
    const mean = SAMPLE / partitions;
    return Math.max(...counts) <= mean + DEVIATIONS * Math.sqrt(mean);
  });
  return even === true;
}

/** Bytes of each partition. */
function sizesOf(rows: BigUint64Array, partitions: number): number[] | null {
  return inPlace([rows], partitions, (k, counts) => {
    counts.fill(0);
    k.rows_hash_count(rows.byteOffset, rowsIn(rows), partitions, counts.byteOffset);
    return Array.from(counts, (n) => n * ROW_BYTES);
  });
}

/** False when that is not possible, and nothing was done. */
function scatter(rows: BigUint64Array, places: readonly Uint8Array[]): boolean {
  const done = inPlace([rows, ...places], places.length, (k, next) => {
    places.forEach((p, i) => {
      next[i] = p.byteOffset;
    });
    k.rows_hash_scatter(rows.byteOffset, rowsIn(rows), places.length, next.byteOffset);
    return true;
  });
  return done === true;
}

/** Bytes of each partition; null when a place is too small, or that is not possible. */
function scatterWithin(rows: BigUint64Array, places: readonly Uint8Array[]): number[] | null {
  const partitions = places.length;
  return inPlace([rows, ...places], 2 * partitions, (k, words) => {
    const next = words.subarray(0, partitions);
    const limits = words.subarray(partitions);
    places.forEach((p, i) => {
      next[i] = p.byteOffset;
      limits[i] = p.byteOffset + p.byteLength;
    });
    const n = rowsIn(rows);
    const moved = k.rows_hash_scatter_within(rows.byteOffset, n, partitions, next.byteOffset, limits.byteOffset);
    return moved < n ? null : places.map((p, i) => (next[i] as number) - p.byteOffset);
  });
}

/** Null when that is not possible. */
export function checksumInPlace(rows: BigUint64Array): Checksum | null {
  return inPlace([rows], 8, (k, words) => {
    words.fill(0);
    k.rows_fold(rows.byteOffset, rowsIn(rows), words.byteOffset);
    return sumsOf(rowsIn(rows), new BigUint64Array(words.buffer, words.byteOffset, 4));
  });
}
