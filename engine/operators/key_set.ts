import { getBit, setBit } from '../batch/bitmap.ts';
import type { Batch, Column, I32Column } from '../batch/column.ts';
import { hashColumns } from '../batch/hash.ts';
import { bitmapAt, kernelsFor } from '../kernels/load.ts';
import type { Scratch } from '../memory/types.ts';
import { Stage } from '../shuffle/stage.ts';
import type { Store } from '../store/types.ts';
import { keyBounds } from './join_index.ts';
import { validKeys } from './join_keys.ts';

/** Bits for a key in a Bloom filter, at least: about three of a hundred foreign keys pass. */
const BLOOM_BITS = 12;
/** Bits for a key of a set by range, at most; below LEAST_BITS in all it is always one. */
const RANGE_BITS = 32;
const LEAST_BITS = 1 << 16;
/** Largest set, in bytes: beyond it each test waits for memory. */
export const MOST_BYTES = 16 << 20;

/** Batches read as often as asked. */
export type Source = () => Iterable<Batch>;

/**
 * A set of the keys of all rows of a relation; rows with a null key are not in it. `keep` gives rows that may be in it: exactly those where the keys are 32-bit integers
 * in a narrow range, a few more otherwise.
 */
export class KeySet {
  readonly #memory: Stage;
  readonly #set: RangeSet | BloomSet;

  /** `rows`: of the source. Null where the set would be larger than MOST_BYTES. */
  static of(source: Source, keys: readonly number[], rows: number, store: Store): KeySet | null {
    const work = new Stage(store, 'join');
    try {
      const range = rangeOf(source, keys, rows, work.scratch);
      const bytes = range === null ? bloomBytes(rows) : bitmapBytes(range.high - range.low);
      return bytes > MOST_BYTES ? null : new KeySet(source, keys, { range, bytes }, store);
    } finally {
      work.free();
    }
  }

  private constructor(
    source: Source,
    keys: readonly number[],
    { range, bytes }: { readonly range: Range | null; readonly bytes: number },
    store: Store,
  ) {
    this.#memory = new Stage(store, 'join');
    const work = new Stage(store, 'join');
    try {
      const room = this.#memory.scratch.u8(bytes).fill(0);
      this.#set = range === null ? new BloomSet(room) : new RangeSet(room, range);
      for (const batch of source()) {
        this.#set.add(columnsAt(batch, keys), batch.rows, work.scratch);
        work.reset();
      }
    } catch (e) {
      this.#memory.free();
      throw e;
    } finally {
      work.free();
    }
  }

  /** Rows of the columns that may be in the set, in order, in `out`; their number. Null: these columns cannot be tested. */
  keep(columns: readonly Column[], rows: number, out: Uint32Array, scratch: Scratch): number | null {
    return this.#set.keep(columns, rows, out, scratch);
  }

  free(): void {
    this.#memory.free();
  }
}

interface Range {
  readonly low: number;
  readonly high: number;
}

function bloomBytes(rows: number): number {
  return Math.max(64, 2 ** Math.ceil(Math.log2((rows * BLOOM_BITS) / 8)));
}

/** Bytes of bits for 0 to `range`; kernels read whole words. */
function bitmapBytes(range: number): number {
  return ((range >>> 6) + 1) * 8;
}

function columnsAt(batch: Batch, keys: readonly number[]): Column[] {
  return keys.map((k) => batch.columns[k] as Column);
}

/** Smallest and largest key, where that is one column of 32-bit integers and its bits are worth their memory; else null. */
function rangeOf(source: Source, keys: readonly number[], rows: number, scratch: Scratch): Range | null {
  const [key] = keys;
  if (keys.length !== 1 || key === undefined) return null;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const batch of source()) {
    const column = batch.columns[key] as Column;
    if (column.phys === 'null') continue;
    if (column.phys !== 'i32') return null;
    const bounds = keyBounds(column.values, column.validity, batch.rows, scratch);
    low = Math.min(low, bounds.low);
    high = Math.max(high, bounds.high);
    if (high - low >= Math.max(LEAST_BITS, rows * RANGE_BITS)) return null;
  }
  return low > high ? { low: 0, high: 0 } : { low, high };
}

class RangeSet {
  readonly #bits: Uint8Array;
  readonly #range: Range;

  constructor(bits: Uint8Array, range: Range) {
    this.#bits = bits;
    this.#range = range;
  }

  add([column]: readonly Column[], rows: number): void {
    if (column?.phys !== 'i32') return;
    const { values, validity } = column;
    const bits = this.#bits;
    const { low } = this.#range;
    const k = kernelsFor(bits, values, validity);
    if (k !== null) {
      k.key_bits_set(values.byteOffset, bitmapAt(validity), rows, low, bits.byteOffset);
      return;
    }
    for (let i = 0; i < rows; i++) {
      if (validity === null || getBit(validity, i)) setBit(bits, (values[i] as number) - low);
    }
  }

  keep([column]: readonly Column[], rows: number, out: Uint32Array): number | null {
    if (column?.phys === 'null') return 0;
    if (column?.phys !== 'i32') return null;
    const { values, validity }: I32Column = column;
    const bits = this.#bits;
    const { low, high } = this.#range;
    const k = kernelsFor(bits, values, validity, out);
    if (k !== null) {
      const at = [bits.byteOffset, out.byteOffset] as const;
      return k.key_bits_test(values.byteOffset, bitmapAt(validity), rows, low, high - low, ...at);
    }
    let kept = 0;
    for (let i = 0; i < rows; i++) {
      const v = values[i] as number;
      if (v < low || v > high || !getBit(bits, v - low) || (validity !== null && !getBit(validity, i))) continue;
      out[kept++] = i;
    }
    return kept;
  }
}

class BloomSet {
  readonly #bytes: Uint8Array;
  /** The filter as 32-bit words, two for each of its own. */
  readonly #words: Uint32Array;
  readonly #mask: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    this.#mask = bytes.length / 8 - 1;
  }

  add(columns: readonly Column[], rows: number, scratch: Scratch): void {
    const hashes = scratch.u32(rows);
    hashColumns(columns, rows, hashes);
    const valid = validKeys(columns, rows, scratch);
    const k = kernelsFor(this.#bytes, hashes, valid);
    if (k !== null) {
      k.key_bloom_set(hashes.byteOffset, bitmapAt(valid), rows, this.#bytes.byteOffset, this.#mask);
      return;
    }
    for (let i = 0; i < rows; i++) {
      if (valid !== null && !getBit(valid, i)) continue;
      const hash = hashes[i] as number;
      const at = 2 * (hash & this.#mask);
      for (const bit of pattern(hash)) {
        const word = at + (bit >>> 5);
        this.#words[word] = (this.#words[word] as number) | (1 << (bit & 31));
      }
    }
  }

  keep(columns: readonly Column[], rows: number, out: Uint32Array, scratch: Scratch): number {
    const hashes = scratch.u32(rows);
    hashColumns(columns, rows, hashes);
    const valid = validKeys(columns, rows, scratch);
    const k = kernelsFor(this.#bytes, hashes, valid, out);
    if (k !== null) {
      const at = [this.#bytes.byteOffset, this.#mask, out.byteOffset] as const;
      return k.key_bloom_test(hashes.byteOffset, bitmapAt(valid), rows, ...at);
    }
    let kept = 0;
    for (let i = 0; i < rows; i++) {
      if ((valid === null || getBit(valid, i)) && this.#has(hashes[i] as number)) out[kept++] = i;
    }
    return kept;
  }

  #has(hash: number): boolean {
    const at = 2 * (hash & this.#mask);
    return pattern(hash).every((bit) => ((this.#words[at + (bit >>> 5)] as number) >>> (bit & 31)) & 1);
  }
}

/** As the kernel's: three bits of 64. */
function pattern(hash: number): number[] {
  const h = Math.imul(hash, 0x9e3779b1);
  return [h >>> 26, (h >>> 20) & 63, (h >>> 14) & 63];
}
