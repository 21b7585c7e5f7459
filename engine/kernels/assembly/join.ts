// Tables of hash joins. A row is found by its hash (or, where the table is direct, by its key) and told from others by a 32-bit tag: its key where that is
// one 32-bit integer, else its hash, so that the keys of the pairs have to be compared. A table is `mask + 1` slots of (tag, first row + 1; 0: empty), with
// linear probing; rows of one tag follow one another, and `more` has a bit for each row behind which there is another of its tag. A direct table is one
// word a key: first row + 1; a complete one has no slots, as the row of a key is its distance from the smallest.
//
// While it is made, `next` is row + 1 of the next row with the same tag, 0 after the last one; then the rows are put into the order of the slots.
//
// What a kernel works on comes as a block of words, as engine/operators/join_index.ts lays them out.

import { same } from './join_equal.ts';
import { bitAt } from './memory.ts';

/** No bitmap; no `more`: every tag is there once. */
const NONE: u32 = 0xffffffff;

// Words of a block.
const SLOTS: u32 = 0;
const MASK: u32 = 4;
const SKIP: u32 = 8;
const SHIFT: u32 = 12;
/** While a table is made `next`, afterwards `more`. */
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
const WORK: u32 = 76;

/** Positions that are looked up together, so that the waits for memory overlap. WORK is room for two words each. */
const BLOCK: u32 = 1024;

/** Kinds of tables. */
const DIRECT: u32 = 1;
const COMPLETE: u32 = 2;

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

/** Rows in the order of the slots, and of their lists, to `order`; sets `more` (zeros before), and makes the slots name places in that order. Their number. */
export function join_arrange(job: u32, direct: u32, order: u32, more: u32): u32 {
  const slots = load<u32>(job, SLOTS);
  const next = load<u32>(job, NEXT);
  const width: u32 = direct ? 4 : 8;
  const end = slots + ((direct ? load<u32>(job, RANGE) : load<u32>(job, MASK)) + 1) * width;
  let n: u32 = 0;
  for (let slot = slots + (width - 4); slot < end; slot += width) {
    let row = load<u32>(slot);
    if (row === 0) continue;
    store<u32>(slot, n + 1);
    for (;;) {
      store<u32>(order + (n << 2), row - 1);
      row = load<u32>(next + ((row - 1) << 2));
      if (row === 0) break;
      const at = more + (n >> 3);
      store<u8>(at, load<u8>(at) | ((<u8>1) << (<u8>(n & 7))));
      n++;
    }
    n++;
  }
  return n;
}

/** For `count` positions from `p` on, first row + 1 or 0, to `firsts`. The first slot of each first, without a branch; `rest`: room for those to go on with. */
function lookUp(job: u32, p: u32, count: u32, firsts: u32, rest: u32): void {
  const slots = load<u32>(job, SLOTS);
  const mask = load<u32>(job, MASK);
  const skip = load<u32>(job, SKIP);
  const shift = load<u32>(job, SHIFT);
  const hashes = load<u32>(job, HASHES) + (p << 2);
  const tags = load<u32>(job, TAGS) + (p << 2);
  let open: u32 = 0;
  for (let i: u32 = 0; i < count << 2; i += 4) {
    const tag = load<u32>(tags + i);
    const slot = load<u64>(slots + (((load<u32>(hashes + i) << skip) >> shift) << 3));
    const first = <u32>(slot >> 32);
    const other: u32 = <u32>(<u32>slot !== tag) & <u32>(first !== 0);
    store<u32>(firsts + i, first);
    store<u32>(rest + (open << 2), i);
    open += other;
  }
  for (let k: u32 = 0; k < open; k++) {
    const i = load<u32>(rest + (k << 2));
    const tag = load<u32>(tags + i);
    let at = (load<u32>(hashes + i) << skip) >> shift;
    let slot: u64;
    do {
      at = (at + 1) & mask;
      slot = load<u64>(slots + (at << 3));
    } while (<u32>(slot >> 32) !== 0 && <u32>slot !== tag);
    store<u32>(firsts + i, <u32>(slot >> 32));
  }
}

function lookUpDirect(job: u32, p: u32, count: u32, firsts: u32): void {
  const slots = load<u32>(job, SLOTS);
  const low = load<u32>(job, MIN);
  const range = load<u32>(job, RANGE);
  const tags = load<u32>(job, TAGS) + (p << 2);
  for (let i: u32 = 0; i < count << 2; i += 4) {
    const place = load<u32>(tags + i) - low;
    const known = place <= range;
    const first = load<u32>(slots + ((known ? place : 0) << 2));
    store<u32>(firsts + i, known ? first : 0);
  }
}

function lookUpComplete(job: u32, p: u32, count: u32, firsts: u32): void {
  const low = load<u32>(job, MIN);
  const range = load<u32>(job, RANGE);
  const tags = load<u32>(job, TAGS) + (p << 2);
  const before = i32x4.splat(low - 1);
  const end = i32x4.splat(range + 1);
  const whole = count & ~3;
  for (let i: u32 = 0; i < whole << 2; i += 16) {
    const place = i32x4.sub(v128.load(tags + i), before);
    v128.store(firsts + i, v128.and(place, i32x4.le_u(place, end)));
  }
  for (let i = whole << 2; i < count << 2; i += 4) {
    const place = load<u32>(tags + i) - low;
    store<u32>(firsts + i, place <= range ? place + 1 : 0);
  }
}

/** As lookUp, for every kind of table and with `valid`. */
function firstsOf(job: u32, kind: u32, p: u32, count: u32, firsts: u32, rest: u32): void {
  if (kind === COMPLETE) lookUpComplete(job, p, count, firsts);
  else if (kind === DIRECT) lookUpDirect(job, p, count, firsts);
  else lookUp(job, p, count, firsts, rest);
  const valid = load<u32>(job, VALID);
  if (valid === NONE) return;
  for (let i: u32 = 0; i < count; i++) {
    const at = firsts + (i << 2);
    store<u32>(at, load<u32>(at) & (0 - bitAt(valid, p + i)));
  }
}

/** At most one pair a left position: `emit` & 1: positions that were found, `emit` & 2: the others, with NO_ROW on the right. */
function single(job: u32, kind: u32): u32 {
  const positions = load<u32>(job, POSITIONS);
  const rights = load<u32>(job, RIGHTS);
  const found = load<u32>(job, EMIT) & 1;
  const missed = load<u32>(job, EMIT) >> 1;
  const firsts = load<u32>(job, WORK);
  const from = load<u32>(job, AT);
  const to = min(load<u32>(job, TO), from + load<u32>(job, ROOM));
  let n: u32 = 0;
  for (let p = from; p < to; p += BLOCK) {
    const count = min(BLOCK, to - p);
    firstsOf(job, kind, p, count, firsts, firsts + (BLOCK << 2));
    for (let i: u32 = 0; i < count; i++) {
      const first = load<u32>(firsts + (i << 2));
      store<u32>(positions + (n << 2), p + i);
      store<u32>(rights + (n << 2), first - 1);
      const hit: u32 = <u32>(first !== 0);
      n += (hit & found) | ((1 - hit) & missed);
    }
  }
  store<u32>(job, to, AT);
  return n;
}

/** All pairs, until the room is full: then RESUME is the row + 1 to go on with. Positions that are not found are given where `emit` & 2. */
function many(job: u32, kind: u32): u32 {
  const positions = load<u32>(job, POSITIONS);
  const rights = load<u32>(job, RIGHTS);
  const missed = load<u32>(job, EMIT) >> 1;
  const more = load<u32>(job, NEXT);
  const room = load<u32>(job, ROOM);
  const to = load<u32>(job, TO);
  const firsts = load<u32>(job, WORK);
  let p = load<u32>(job, AT);
  let row = load<u32>(job, RESUME);
  let n: u32 = 0;
  while (p < to && n < room) {
    const from = p;
    const end = min(to, p + BLOCK);
    firstsOf(job, kind, p, end - p, firsts, firsts + (BLOCK << 2));
    for (; p < end && n < room; p++) {
      if (row === 0) row = load<u32>(firsts + ((p - from) << 2));
      store<u32>(positions + (n << 2), p);
      store<u32>(rights + (n << 2), row - 1);
      if (row === 0) {
        n += missed;
        continue;
      }
      n++;
      while (bitAt(more, row - 1) && n < room) {
        store<u32>(positions + (n << 2), p);
        store<u32>(rights + (n << 2), row);
        n++;
        row++;
      }
      if (bitAt(more, row - 1)) {
        row++;
        break;
      }
      row = 0;
    }
    if (row !== 0) break;
  }
  store<u32>(job, p, AT);
  store<u32>(job, row, RESUME);
  return n;
}

/**
 * Pairs of left positions from AT on, below TO, in order, with the rows of equal tag in row order, at most ROOM of them; gives their number and moves AT and
 * RESUME on. `kind`: 0, DIRECT or COMPLETE.
 */
export function join_probe(job: u32, kind: u32): u32 {
  return load<u32>(job, NEXT) === NONE ? single(job, kind) : many(job, kind);
}
