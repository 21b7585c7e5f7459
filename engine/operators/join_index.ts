import { getBit, setBit } from '../batch/bitmap.ts';
import type { Column } from '../batch/column.ts';
import type { RowEquality } from '../batch/compare.ts';
import type { Kernels } from '../kernels/load.ts';
import { bitmapAt, kernelsFor } from '../kernels/load.ts';
import type { Scratch } from '../memory/types.ts';
import { keyBlocks, keyEquality } from './join_keys.ts';

/**
 * Finds the rows of a table by a 32-bit tag: the key, where that is one column of 32-bit integers (`exact`), else its hash, so that the keys of the pairs
 * have to be compared. Slots of (tag, first row + 1; 0: empty) with linear probing; the rows lie in the order of the slots, those of a tag one after another.
 */
export interface JoinIndex {
  readonly exact: boolean;
  /** Two words a slot; one (first row + 1) where the index is direct. */
  readonly slots: Uint32Array;
  /** Bitmap of the rows behind which there is another of the same tag. Null: every tag is there once. */
  readonly more: Uint8Array | null;
  /** Slot of hash h: (h << skip) >>> shift, and on from there. */
  readonly skip: number;
  readonly shift: number;
  /** A slot for each key from `min` on, `range` + 1 of them: no hashes are needed. Complete: all keys are there once, so that no slots are needed either. */
  readonly direct: DirectRange | null;
  readonly complete: boolean;
}

export interface DirectRange {
  readonly min: number;
  readonly range: number;
}

/** Rows as they are put into an index, or looked up in it; `valid` clears those that are left out. `hashes` may be empty for a direct index. */
export interface TaggedRows {
  readonly hashes: Uint32Array;
  readonly tags: Uint32Array;
  readonly valid: Uint8Array | null;
}

/** Where a search for pairs is: next position, and row + 1 to go on with at that position (0: not looked up yet). */
export interface Cursor {
  at: number;
  resume: number;
}

/** Which positions are given once: with their first match, or without any. `all`: every match. */
export interface Wanted {
  readonly found: 'first' | 'all' | 'none';
  /** Positions without a match are given, with NO_ROW. */
  readonly missed: boolean;
}

/** Words of a job, in the order of engine/kernels/assembly/join.ts. */
const JOB_WORDS = 20;
const [SLOTS, MASK, SKIP, SHIFT, NEXT, MIN, RANGE, HASHES, TAGS, VALID] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
const [AT, RESUME, TO, ROOM, POSITIONS, RIGHTS, EMIT] = [10, 11, 12, 13, 14, 15, 16] as const;
const [KEYS, KEY_COUNT, WORK] = [17, 18, 19] as const;
/** Room for looking up 1024 positions together. */
const BLOCK_WORDS = 2048;
const NONE = 0xffffffff;

/** Two thirds of the slots are in use at most. */
const SLOTS_PER_ROW = 1.5;
/** A direct index has at most this many slots a row: it takes no more memory than one by hash. */
const DIRECT_PER_ROW = 4;
const LEAST_DIRECT = 1024;

/** A kernel's block of words, and behind it room to work in. */
export function newJob(scratch: Scratch): Uint32Array {
  return scratch.u32(JOB_WORDS + BLOCK_WORDS);
}

/** The slots a direct index over these keys has, or null when the keys lie too far apart. */
export function directRange(
  keys: Int32Array,
  valid: Uint8Array | null,
  rows: number,
  scratch: Scratch,
): DirectRange | null {
  const { low, high } = keyBounds(keys, valid, rows, scratch);
  const range = high - low;
  return range >= 0 && range < Math.max(LEAST_DIRECT, DIRECT_PER_ROW * rows) ? { min: low, range } : null;
}

/** Smallest and largest key of the valid rows; the first is larger than the second where there is none. */
export function keyBounds(
  keys: Int32Array,
  valid: Uint8Array | null,
  rows: number,
  scratch: Scratch,
): { readonly low: number; readonly high: number } {
  const bounds = scratch.i32(2);
  const k = kernelsFor(keys, valid, bounds);
  if (k !== null) {
    k.join_range(keys.byteOffset, bitmapAt(valid), rows, bounds.byteOffset);
    return { low: bounds[0] as number, high: bounds[1] as number };
  }
  let low = 0x7fffffff;
  let high = -0x80000000;
  for (let i = 0; i < rows; i++) {
    if (valid !== null && !getBit(valid, i)) continue;
    const v = keys[i] as number;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return { low, high };
}

export interface IndexSpec {
  readonly rows: number;
  /** Leading hash bits that all rows share. */
  readonly skip: number;
  readonly exact: boolean;
  readonly direct: DirectRange | null;
  /** Rows with the keys of another one are left out, save the first: for joins that only ask whether there is a match. */
  readonly distinct: boolean;
  readonly keys: readonly Column[];
}

/** An index, and the rows in the order it finds them: those that are left out are not among them. In the order of the slots, those of a tag as they came. */
export interface Arranged {
  readonly index: JoinIndex;
  readonly order: Uint32Array;
}

/** `memory` is where the index lies; the order lies in `work`. */
export function buildIndex(spec: IndexSpec, tagged: TaggedRows, memory: Scratch, work: Scratch): Arranged {
  const { rows, skip, exact, direct } = spec;
  const bits = Math.max(1, Math.ceil(Math.log2(rows * SLOTS_PER_ROW + 1)));
  const slots = memory.u32(direct === null ? 2 << bits : direct.range + 1);
  const making = { exact, slots, skip, shift: 32 - bits, direct, next: work.u32(rows) };
  const linked = direct === null ? fill(making, spec, tagged, work) : fillDirect(making, spec, tagged, work);
  const order = work.u32(rows);
  const more = (linked === 0 ? work : memory).bitmap(rows, false);
  const count = arrange(making, order, more, work);
  const complete = direct !== null && linked === 0 && count === direct.range + 1;
  const index = { exact, slots, skip, shift: 32 - bits, direct, complete, more: linked === 0 ? null : more };
  return { index, order: order.subarray(0, count) };
}

/** An index whose rows lie as they came: `next` is, by row, row + 1 of the next row with its tag, 0 after the last. */
interface Making extends Omit<JoinIndex, 'more' | 'complete'> {
  readonly next: Uint32Array;
}

function arrange(making: Making, order: Uint32Array, more: Uint8Array, work: Scratch): number {
  const { slots, next, direct } = making;
  const job = newJob(work);
  const k = kernelsFor(job, slots, next, order, more);
  if (k !== null) {
    writeIndex(job, making, next);
    return k.join_arrange(job.byteOffset, direct === null ? 0 : 1, order.byteOffset, more.byteOffset);
  }
  const width = direct === null ? 2 : 1;
  let n = 0;
  for (let s = width - 1; s < slots.length; s += width) {
    let row = slots[s] as number;
    if (row === 0) continue;
    slots[s] = n + 1;
    for (;;) {
      order[n] = row - 1;
      row = next[row - 1] as number;
      if (row === 0) break;
      setBit(more, n++);
    }
    n++;
  }
  return n;
}

function writeIndex(job: Uint32Array, index: Omit<Making, 'next'>, next: ArrayBufferView | null): void {
  const { slots, direct } = index;
  job[SLOTS] = slots.byteOffset;
  job[MASK] = (slots.length >>> 1) - 1;
  job[SKIP] = index.skip;
  job[SHIFT] = index.shift;
  job[NEXT] = next === null ? NONE : next.byteOffset;
  job[MIN] = direct === null ? 0 : direct.min;
  job[RANGE] = direct === null ? 0 : direct.range;
}

/** The kernels for the index and rows with the job's block filled in, or null. */
function prepared(
  job: Uint32Array,
  index: Omit<Making, 'next'>,
  tagged: TaggedRows,
  next: ArrayBufferView | null,
  ...others: readonly ArrayBufferView[]
): Kernels | null {
  const { slots, direct } = index;
  const { hashes, tags, valid } = tagged;
  const k = kernelsFor(job, slots, next, tags, valid, direct === null ? hashes : null, ...others);
  if (k === null) return null;
  writeIndex(job, index, next);
  job[HASHES] = hashes.byteOffset;
  job[TAGS] = tags.byteOffset;
  job[VALID] = bitmapAt(valid);
  return k;
}

/** Gives the number of rows behind another one. From the last row to the first, so that the rows of a tag are in order. */
function fill(index: Making, spec: IndexSpec, tagged: TaggedRows, work: Scratch): number {
  const { next } = index;
  // Where tags are keys, rows of one tag need no comparison.
  const blocks = spec.distinct ? keyBlocks(spec.keys, spec.keys) : null;
  const keys = work.u32(Math.max(1, blocks?.words.length ?? 0));
  const job = newJob(work);
  if (!spec.distinct || blocks !== null) {
    const k = prepared(job, index, tagged, next, keys, ...(blocks?.views ?? []));
    if (k !== null) {
      keys.set(blocks?.words ?? []);
      job[KEYS] = blocks === null ? 0 : keys.byteOffset;
      job[KEY_COUNT] = blocks?.count ?? 0;
      return k.join_build(job.byteOffset, spec.rows);
    }
  }
  return fillWithout(index, spec, tagged, spec.distinct ? keyEquality(spec.keys, spec.keys) : null);
}

function fillWithout(index: Making, spec: IndexSpec, tagged: TaggedRows, same: RowEquality | null): number {
  const { slots, skip, shift } = index;
  const { hashes, tags, valid } = tagged;
  const { next } = index;
  const mask = (slots.length >>> 1) - 1;
  slots.fill(0);
  let linked = 0;
  for (let row = spec.rows - 1; row >= 0; row--) {
    if (valid !== null && !getBit(valid, row)) continue;
    const tag = tags[row] as number;
    let at = ((hashes[row] as number) << skip) >>> shift;
    while (slots[2 * at + 1] !== 0 && slots[2 * at] !== tag) at = (at + 1) & mask;
    const first = slots[2 * at + 1] as number;
    if (first !== 0) {
      if (same !== null && isListed(first, row, next, same)) continue;
      linked++;
    }
    next[row] = first;
    slots[2 * at] = tag;
    slots[2 * at + 1] = row + 1;
  }
  return linked;
}

function isListed(first: number, row: number, next: Uint32Array, same: RowEquality): boolean {
  for (let other = first; other !== 0; other = next[other - 1] as number) if (same(row, other - 1)) return true;
  return false;
}

function fillDirect(index: Making, spec: IndexSpec, tagged: TaggedRows, work: Scratch): number {
  const { next } = index;
  const job = newJob(work);
  const k = prepared(job, index, tagged, next);
  if (k !== null) return k.join_build_direct(job.byteOffset, spec.rows, spec.distinct ? 1 : 0);
  const { slots, direct } = index;
  const { tags, valid } = tagged;
  const min = direct?.min ?? 0;
  slots.fill(0);
  let linked = 0;
  for (let row = spec.rows - 1; row >= 0; row--) {
    if (valid !== null && !getBit(valid, row)) continue;
    const at = ((tags[row] as number) - min) >>> 0;
    const first = slots[at] as number;
    if (first !== 0 && spec.distinct) continue;
    if (first !== 0) linked++;
    next[row] = first;
    slots[at] = row + 1;
  }
  return linked;
}

/**
 * Pairs of left positions from the cursor on, below `to`, in order, with right rows in order, as many as the arrays hold; gives their number and moves the
 * cursor on. `job` is room for a kernel's block.
 */
export function findPairs(
  index: JoinIndex,
  left: TaggedRows,
  cursor: Cursor,
  to: number,
  wanted: Wanted,
  positions: Uint32Array,
  rights: Uint32Array,
  job: Uint32Array,
): number {
  const more = wanted.found === 'all' ? index.more : null;
  const k = prepared(job, index, left, more, positions, rights);
  if (k === null) return findWithout(index, left, cursor, to, wanted, positions, rights);
  job[AT] = cursor.at;
  job[RESUME] = cursor.resume;
  job[TO] = to;
  job[ROOM] = positions.length;
  job[POSITIONS] = positions.byteOffset;
  job[RIGHTS] = rights.byteOffset;
  job[EMIT] = (wanted.found === 'none' ? 0 : 1) | (wanted.missed ? 2 : 0);
  job[WORK] = job.byteOffset + 4 * JOB_WORDS;
  const n = k.join_probe(job.byteOffset, index.direct === null ? 0 : index.complete ? 2 : 1);
  cursor.at = job[AT] as number;
  if (more !== null) cursor.resume = job[RESUME] as number;
  return n;
}

function findWithout(
  index: JoinIndex,
  left: TaggedRows,
  cursor: Cursor,
  to: number,
  wanted: Wanted,
  positions: Uint32Array,
  rights: Uint32Array,
): number {
  const more = wanted.found === 'all' ? index.more : null;
  const room = positions.length;
  let p = cursor.at;
  let row = cursor.resume;
  let n = 0;
  for (; p < to && n < room; p++) {
    if (row === 0) row = firstOf(index, left, p);
    const found = row !== 0;
    if (found ? wanted.found === 'none' : !wanted.missed) {
      row = 0;
      continue;
    }
    do {
      positions[n] = p;
      rights[n++] = row - 1;
      row = row !== 0 && more !== null && getBit(more, row - 1) ? row + 1 : 0;
    } while (row !== 0 && n < room);
    if (row !== 0) break;
  }
  cursor.at = p;
  cursor.resume = row;
  return n;
}

/** First row + 1 for a left position, 0 for none. */
function firstOf(index: JoinIndex, left: TaggedRows, p: number): number {
  const { slots, skip, shift, direct } = index;
  if (left.valid !== null && !getBit(left.valid, p)) return 0;
  const tag = left.tags[p] as number;
  if (direct !== null) {
    const at = (tag - direct.min) >>> 0;
    return at <= direct.range ? (slots[at] as number) : 0;
  }
  const mask = (slots.length >>> 1) - 1;
  let at = ((left.hashes[p] as number) << skip) >>> shift;
  while (slots[2 * at + 1] !== 0 && slots[2 * at] !== tag) at = (at + 1) & mask;
  return slots[2 * at + 1] as number;
}
