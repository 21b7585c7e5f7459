// Tables of hash joins. A row is found by its hash (or, where the table is direct, by its key) and told from others by a 32-bit tag: its key where that is
// one 32-bit integer, else its hash, so that the keys of the pairs have to be compared. A table is `mask + 1` slots of (tag, first row + 1; 0: empty), with
// linear probing, and `next`: row + 1 of the next row with the same tag, 0 after the last one. A direct table is one word a key: first row + 1.
//
// What a kernel works on comes as a block of words, as engine/operators/join_index.ts lays them out.

import { same } from './join_equal.ts';
import { bitAt } from './memory.ts';

/** No bitmap; no `next`: every tag is there once. */
const NONE: u32 = 0xffffffff;

// Words of a block.
const SLOTS: u32 = 0;
const MASK: u32 = 4;
const SKIP: u32 = 8;
const SHIFT: u32 = 12;
const NEXT: u32 = 16;
const MIN: u32 = 20;
const RANGE: u32 = 24;
const HASHES: u32 = 28;
const TAGS: u32 = 32;
const VALID: u32 = 36;
const AT: u32 = 40;
const RESUME: u32 = 44;
const TO: u32 = 48;
const ROOM: u32 = 52;
const POSITIONS: u32 = 56;
const RIGHTS: u32 = 60;
const EMIT: u32 = 64;
const KEYS: u32 = 68;
const KEY_COUNT: u32 = 72;

/** Smallest and largest value among valid rows, to out[0] and out[1]; the first is larger than the second where there is none. */
export function join_range(values: u32, valid: u32, n: u32, out: u32): void {
  let low = i32.MAX_VALUE;
  let high = i32.MIN_VALUE;
  for (let i: u32 = 0; i < n; i++) {
    if (valid !== NONE && !bitAt(valid, i)) continue;
    const v = load<i32>(values + (i << 2));
    low = min(low, v);
    high = max(high, v);
  }
  store<i32>(out, low);
  store<i32>(out, high, 4);
}

/** Low words of 64-bit integers; rows whose value has no 32-bit form are cleared in `valid`. */
export function join_narrow(values: u32, n: u32, out: u32, valid: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const low = load<i32>(values + (i << 3));
    store<i32>(out + (i << 2), low);
    if (load<i32>(values + (i << 3), 4) !== low >> 31) {
      const at = valid + (i >> 3);
      store<u8>(at, load<u8>(at) & ~((<u8>1) << (<u8>(i & 7))));
    }
  }
}

/** Puts row `row` into the list that starts with `first`, unless (`keys` not 0) a row there has the same keys. True when it is there now, before the others. */
function link(row: u32, first: u32, next: u32, keys: u32, count: u32): bool {
  if (keys !== 0) {
    for (let other = first; other !== 0; other = load<u32>(next + ((other - 1) << 2))) {
      if (same(keys, count, row, other - 1)) return false;
    }
  }
  store<u32>(next + (row << 2), first);
  return true;
}

/** Fills a table from the last row to the first, so that lists are in row order. Gives the number of rows in lists behind another row. */
export function join_build(job: u32, n: u32): u32 {
  const slots = load<u32>(job, SLOTS);
  const mask = load<u32>(job, MASK);
  const skip = load<u32>(job, SKIP);
  const shift = load<u32>(job, SHIFT);
  const next = load<u32>(job, NEXT);
  const hashes = load<u32>(job, HASHES);
  const tags = load<u32>(job, TAGS);
  const valid = load<u32>(job, VALID);
  const keys = load<u32>(job, KEYS);
  const count = load<u32>(job, KEY_COUNT);
  memory.fill(slots, 0, (mask + 1) << 3);
  let linked: u32 = 0;
  for (let row = n; row-- > 0; ) {
    if (valid !== NONE && !bitAt(valid, row)) continue;
    const tag = load<u32>(tags + (row << 2));
    let at = (load<u32>(hashes + (row << 2)) << skip) >> shift;
    let slot = slots + (at << 3);
    let first = load<u32>(slot, 4);
    while (first !== 0 && load<u32>(slot) !== tag) {
      at = (at + 1) & mask;
      slot = slots + (at << 3);
      first = load<u32>(slot, 4);
    }
    if (first !== 0) {
      if (!link(row, first, next, keys, count)) continue;
      linked++;
    } else store<u32>(next + (row << 2), 0);
    store<u32>(slot, tag);
    store<u32>(slot, row + 1, 4);
  }
  return linked;
}

/** As join_build, for a direct table over keys MIN to MIN + RANGE. */
export function join_build_direct(job: u32, n: u32, distinct: u32): u32 {
  const slots = load<u32>(job, SLOTS);
  const next = load<u32>(job, NEXT);
  const low = load<u32>(job, MIN);
  const tags = load<u32>(job, TAGS);
  const valid = load<u32>(job, VALID);
  memory.fill(slots, 0, (load<u32>(job, RANGE) + 1) << 2);
  let linked: u32 = 0;
  for (let row = n; row-- > 0; ) {
    if (valid !== NONE && !bitAt(valid, row)) continue;
    const slot = slots + ((load<u32>(tags + (row << 2)) - low) << 2);
    const first = load<u32>(slot);
    if (first !== 0 && distinct) continue;
    if (first !== 0) linked++;
    store<u32>(next + (row << 2), first);
    store<u32>(slot, row + 1);
  }
  return linked;
}

/** First row + 1 of a tag, 0 when it is not there. S: a slot of the table, u64, or u32 where it is direct. `low` and `range` are those of a direct table. */
function find<S>(slots: u32, mask: u32, start: u32, tag: u32, low: u32, range: u32): u32 {
  if (sizeof<S>() === 4) {
    const place = tag - low;
    return place <= range ? load<u32>(slots + (place << 2)) : 0;
  }
  let at = start;
  let slot = load<u64>(slots + (at << 3));
  while (<u32>(slot >> 32) !== 0 && <u32>slot !== tag) {
    at = (at + 1) & mask;
    slot = load<u64>(slots + (at << 3));
  }
  return <u32>(slot >> 32);
}

/** At most one pair a left position: `emit` & 1: positions that were found, `emit` & 2: the others, with NO_ROW on the right. */
function single<S>(job: u32): u32 {
  const slots = load<u32>(job, SLOTS);
  const mask = load<u32>(job, MASK);
  const skip = load<u32>(job, SKIP);
  const shift = load<u32>(job, SHIFT);
  const low = load<u32>(job, MIN);
  const range = load<u32>(job, RANGE);
  const hashes = load<u32>(job, HASHES);
  const tags = load<u32>(job, TAGS);
  const valid = load<u32>(job, VALID);
  const positions = load<u32>(job, POSITIONS);
  const rights = load<u32>(job, RIGHTS);
  const found = load<u32>(job, EMIT) & 1;
  const missed = load<u32>(job, EMIT) >> 1;
  const from = load<u32>(job, AT);
  const to = min(load<u32>(job, TO), from + load<u32>(job, ROOM));
  let n: u32 = 0;
  for (let p = from; p < to; p++) {
    const start = sizeof<S>() === 4 ? 0 : (load<u32>(hashes + (p << 2)) << skip) >> shift;
    let first = find<S>(slots, mask, start, load<u32>(tags + (p << 2)), low, range);
    if (valid !== NONE && !bitAt(valid, p)) first = 0;
    store<u32>(positions + (n << 2), p);
    store<u32>(rights + (n << 2), first - 1);
    n += first !== 0 ? found : missed;
  }
  store<u32>(job, to, AT);
  return n;
}

/** All pairs, until the room is full: then RESUME is the row + 1 to go on with. Positions that are not found are given where `emit` & 2. */
function many<S>(job: u32): u32 {
  const slots = load<u32>(job, SLOTS);
  const mask = load<u32>(job, MASK);
  const skip = load<u32>(job, SKIP);
  const shift = load<u32>(job, SHIFT);
  const low = load<u32>(job, MIN);
  const range = load<u32>(job, RANGE);
  const hashes = load<u32>(job, HASHES);
  const tags = load<u32>(job, TAGS);
  const valid = load<u32>(job, VALID);
  const positions = load<u32>(job, POSITIONS);
  const rights = load<u32>(job, RIGHTS);
  const missed = load<u32>(job, EMIT) >> 1;
  const next = load<u32>(job, NEXT);
  const room = load<u32>(job, ROOM);
  const to = load<u32>(job, TO);
  let p = load<u32>(job, AT);
  let row = load<u32>(job, RESUME);
  let n: u32 = 0;
  for (; p < to && n < room; p++) {
    if (row === 0 && (valid === NONE || bitAt(valid, p))) {
      const start = sizeof<S>() === 4 ? 0 : (load<u32>(hashes + (p << 2)) << skip) >> shift;
      row = find<S>(slots, mask, start, load<u32>(tags + (p << 2)), low, range);
    }
    if (row === 0) {
      store<u32>(positions + (n << 2), p);
      store<u32>(rights + (n << 2), -1);
      n += missed;
      continue;
    }
    do {
      store<u32>(positions + (n << 2), p);
      store<u32>(rights + (n << 2), row - 1);
      n++;
      row = load<u32>(next + ((row - 1) << 2));
    } while (row !== 0 && n < room);
    if (row !== 0) break;
  }
  store<u32>(job, p, AT);
  store<u32>(job, row, RESUME);
  return n;
}

/**
 * Pairs of left positions from AT on, below TO, in order, with the rows of equal tag in row order, at most ROOM of them; gives their number and moves AT and
 * RESUME on.
 */
export function join_probe(job: u32, direct: u32): u32 {
  if (load<u32>(job, NEXT) === NONE) return direct ? single<u32>(job) : single<u64>(job);
  return direct ? many<u32>(job) : many<u64>(job);
}
