import { andBits } from '../batch/bitmap.ts';
import { encodedSize } from '../batch/codec.ts';
import type { Batch, Column, I32Column, I64Column, I128Column } from '../batch/column.ts';
import { gatherColumn } from '../batch/gather.ts';
import { hashColumns } from '../batch/hash.ts';
import { wordsOf } from '../batch/ints.ts';
import { kernelsFor } from '../kernels/load.ts';
import type { MeasuredScratch } from '../memory/bump.ts';
import type { Scratch } from '../memory/types.ts';
import { T } from '../types.ts';
import type { JoinIndex, TaggedRows } from './join_index.ts';
import { asWords, validKeys } from './join_keys.ts';
import { sortByKey } from './radix.ts';

const NO_HASHES = new Uint32Array(0);

/** Rows in order of their hashes: row numbers, and the hashes in that order. */
export interface HashOrder {
  readonly order: Uint32Array;
  readonly hashes: Uint32Array;
}

/** Rows by (hash of the keys, number), in `memory`. `skip`: leading bits that all hashes share. */
export function orderByHash(
  keys: readonly Column[],
  n: number,
  skip: number,
  memory: Scratch,
  work: MeasuredScratch,
): HashOrder {
  const order = memory.u32(n);
  const hashes = memory.u32(n);
  const unsorted = work.u32(n);
  hashColumns(keys, n, unsorted);
  const [a, b, counts] = [work.u32(2 * n), work.u32(2 * n), work.u32(SORT_COUNTS)];
  const k = kernelsFor(order, hashes, unsorted, a, b, counts);
  if (k !== null) {
    const room = [a.byteOffset, b.byteOffset, counts.byteOffset] as const;
    k.join_sort(unsorted.byteOffset, n, Math.min(skip, 31), ...room, order.byteOffset, hashes.byteOffset);
    return { order, hashes };
  }
  for (let i = 0; i < n; i++) order[i] = i;
  const sorted = sortByKey(unsorted, order, a, n).subarray(0, n);
  if (sorted !== order) order.set(sorted);
  for (let i = 0; i < n; i++) hashes[i] = unsorted[order[i] as number] as number;
  return { order, hashes };
}

/** Words that join_sort counts in. */
const SORT_COUNTS = 2 * 2048;

/** Left rows being joined, and the order to go through them: that of their hashes, or as they come. A position is a row's place in that order. */
export class LeftRows {
  readonly batch: Batch;
  /** Row of each position; null: the same. */
  readonly order: Uint32Array | null;
  readonly keys: readonly Column[];
  private readonly memory: Scratch;
  private hashes: Uint32Array | null;
  private byHash: TaggedRows | null = null;
  private byKey: TaggedRows | null = null;
  private noted: Uint8Array | null = null;
  private width: number | null = null;
  private moved: I32Column | null = null;

  /** What is found out about the rows lies in `memory`. */
  constructor(batch: Batch, keys: readonly Column[], sorted: HashOrder | null, memory: Scratch) {
    this.batch = batch;
    this.keys = keys;
    this.order = sorted === null ? null : sorted.order;
    this.hashes = sorted === null ? null : sorted.hashes;
    this.memory = memory;
  }

  /** By position: matches found so far, counted up to 2. Kept where they are asked for only. */
  get matches(): Uint8Array {
    this.noted ??= new Uint8Array(this.batch.rows);
    return this.noted;
  }

  get rowBytes(): number {
    this.width ??= this.batch.rows === 0 ? 0 : encodedSize(this.batch) / this.batch.rows;
    return this.width;
  }

  /** By position. */
  get keyHashes(): Uint32Array {
    return this.hashed();
  }

  /** The rows' hashes, tags and validity by position, as the index needs them. */
  tagged(index: JoinIndex): TaggedRows {
    if (!index.exact) {
      const hashes = this.hashed();
      this.byHash ??= { hashes, tags: hashes, valid: this.valid() };
      return this.byHash;
    }
    const hashes = index.direct === null ? this.hashed() : (this.hashes ?? NO_HASHES);
    if (this.byKey === null || (this.byKey.hashes !== hashes && hashes !== NO_HASHES))
      this.byKey = { ...this.keyed(this.byKey), hashes };
    return this.byKey;
  }

  /** The only key's column by position, where it was put in order already. */
  get sortedKey(): Column | null {
    return this.moved;
  }

  private hashed(): Uint32Array {
    if (this.hashes === null) {
      this.hashes = this.memory.u32(this.batch.rows);
      hashColumns(this.keys, this.batch.rows, this.hashes);
    }
    return this.hashes;
  }

  /** By position. */
  private valid(): Uint8Array | null {
    const bits = validKeys(this.keys, this.batch.rows, this.memory);
    return bits === null ? null : this.placed(bits);
  }

  private placed(bits: Uint8Array): Uint8Array {
    if (this.order === null) return bits;
    const n = this.batch.rows;
    const col = { type: T.bool, phys: 'bool', length: n, nullCount: 0, validity: null, values: bits } as const;
    const moved = gatherColumn(col, this.order, n, this.memory);
    return moved.phys === 'bool' ? moved.values : bits;
  }

  /** Tags that are the keys: of one column, of integers in any width. Values that have no 32-bit form equal none of the table. */
  private keyed(known: TaggedRows | null): Omit<TaggedRows, 'hashes'> {
    if (known !== null) return known;
    const n = this.batch.rows;
    const [key] = this.keys;
    let valid = validKeys(this.keys, n, this.memory);
    let tags: Uint32Array;
    if (key?.phys === 'i32') tags = asWords(key.values);
    else if (key?.phys === 'i64' || key?.phys === 'i128') {
      const fitting = this.memory.bitmap(n, true);
      tags = narrowed(key, n, fitting, this.memory);
      if (valid !== null) andBits(fitting, valid);
      valid = fitting;
    } else {
      // All keys are null.
      tags = this.memory.u32(n).fill(0);
      valid = this.memory.bitmap(n, false);
    }
    if (this.order === null) return { tags, valid };
    const values = new Int32Array(tags.buffer, tags.byteOffset, n);
    const col: I32Column = { type: T.int, phys: 'i32', length: n, nullCount: 0, validity: null, values };
    const moved = gatherColumn(col, this.order, n, this.memory) as I32Column;
    if (key?.phys === 'i32' && key.nullCount === 0) this.moved = { ...key, values: moved.values };
    return { tags: asWords(moved.values), valid: valid === null ? null : this.placed(valid) };
  }
}

/** Low words; rows with other values than those are cleared in `fitting`. */
function narrowed(col: I64Column | I128Column, n: number, fitting: Uint8Array, memory: Scratch): Uint32Array {
  const out = memory.i32(n);
  const words = wordsOf(col.values);
  const k = col.phys === 'i64' ? kernelsFor(words, out, fitting) : null;
  if (k !== null) {
    k.join_narrow(words.byteOffset, n, out.byteOffset, fitting.byteOffset);
    return asWords(out);
  }
  const width = col.phys === 'i64' ? 2 : 4;
  for (let i = 0; i < n; i++) {
    const low = words[width * i] as number;
    out[i] = low;
    for (let w = 1; w < width; w++) {
      if (words[width * i + w] !== low >> 31) {
        fitting[i >> 3] = (fitting[i >> 3] as number) & ~(1 << (i & 7));
        break;
      }
    }
  }
  return asWords(out);
}
