// Sorting of row numbers by normalised keys: unsigned 64-bit words whose order is that of the rows. All sorts are stable.
import { bitAt } from './memory.ts';

const NONE: u32 = 0xffffffff;
const SIGN: u64 = 0x8000000000000000;

/** The value at row i as an unsigned number in the order of its type: -0 is 0, every NaN the greatest. */
function ordered<T>(values: u32, stride: u32, i: u32): u64 {
  if (isBoolean<T>()) return <u64>bitAt(values, i);
  const at = values + i * stride;
  if (isFloat<T>()) {
    const v = load<f64>(at);
    if (v !== v) return u64.MAX_VALUE;
    const bits = reinterpret<u64>(v);
    if (v === 0) return SIGN;
    return bits & SIGN ? ~bits : bits ^ SIGN;
  }
  if (sizeof<T>() === 4) return isSigned<T>() ? <u64>(load<u32>(at) ^ 0x80000000) : <u64>load<u32>(at);
  return isSigned<T>() ? load<u64>(at) ^ SIGN : load<u64>(at);
}

function range<T>(values: u32, stride: u32, validity: u32, n: u32, out: u32): void {
  let low = u64.MAX_VALUE;
  let high: u64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    if (validity !== NONE && !bitAt(validity, i)) continue;
    const w = ordered<T>(values, stride, i);
    low = min(low, w);
    high = max(high, w);
  }
  store<u64>(out, min(low, high));
  store<u64>(out, high, 8);
}

/**
 * Adds (value - least), or (greatest - value) where descending, to the words, `shift` bits up or (negative) down; what is moved out is lost. Rows under a null
 * add 0.
 */
function pack<T>(
  values: u32,
  stride: u32,
  validity: u32,
  n: u32,
  bounds: u32,
  desc: u32,
  shift: i32,
  words: u32,
): void {
  const low = load<u64>(bounds);
  const high = load<u64>(bounds, 8);
  const up = <u64>max(shift, 0);
  const down = <u64>max(-shift, 0);
  for (let i: u32 = 0; i < n; i++) {
    if (validity !== NONE && !bitAt(validity, i)) continue;
    const w = ordered<T>(values, stride, i);
    const at = words + (i << 3);
    store<u64>(at, load<u64>(at) | (((desc ? high - w : w - low) >> down) << up));
  }
}

// Kinds of values, as engine/operators/sort_normal.ts names them.
const BOOL: u32 = 0;
const I32: u32 = 1;
const U32: u32 = 2;
const I64: u32 = 3;
const U64: u32 = 4;

/** out: the least and the greatest of the valid values as unsigned numbers, 8 bytes each; both alike when there are none. */
export function sort_range(kind: u32, values: u32, stride: u32, validity: u32, n: u32, out: u32): void {
  if (kind === BOOL) range<bool>(values, stride, validity, n, out);
  else if (kind === I32) range<i32>(values, stride, validity, n, out);
  else if (kind === U32) range<u32>(values, stride, validity, n, out);
  else if (kind === I64) range<i64>(values, stride, validity, n, out);
  else if (kind === U64) range<u64>(values, stride, validity, n, out);
  else range<f64>(values, stride, validity, n, out);
}

/** `bounds`: what sort_range wrote. */
export function sort_pack(
  kind: u32,
  values: u32,
  stride: u32,
  validity: u32,
  n: u32,
  bounds: u32,
  desc: u32,
  shift: i32,
  words: u32,
): void {
  if (kind === BOOL) pack<bool>(values, stride, validity, n, bounds, desc, shift, words);
  else if (kind === I32) pack<i32>(values, stride, validity, n, bounds, desc, shift, words);
  else if (kind === U32) pack<u32>(values, stride, validity, n, bounds, desc, shift, words);
  else if (kind === I64) pack<i64>(values, stride, validity, n, bounds, desc, shift, words);
  else if (kind === U64) pack<u64>(values, stride, validity, n, bounds, desc, shift, words);
  else pack<f64>(values, stride, validity, n, bounds, desc, shift, words);
}

/** Adds the bit that a row has when it is null, or (with `first`) when it is not. */
export function sort_pack_nulls(validity: u32, n: u32, first: u32, shift: u32, words: u32): void {
  const up = <u64>shift;
  for (let i: u32 = 0; i < n; i++) {
    const at = words + (i << 3);
    store<u64>(at, load<u64>(at) | ((<u64>(bitAt(validity, i) ^ 1 ^ first)) << up));
  }
}

/** Adds the row number to each word. */
export function sort_number(words: u32, n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const at = words + (i << 3);
    store<u64>(at, load<u64>(at) | <u64>i);
  }
}

/** Pairs of a word and its row number, 16 bytes each. */
export function sort_pairs(words: u32, n: u32, out: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    store<u64>(out + (i << 4), load<u64>(words + (i << 3)));
    store<u64>(out + (i << 4), i, 8);
  }
}

/** The row numbers of pairs, or (width 8) of words under `mask`. */
export function sort_order(elements: u32, width: u32, mask: u32, n: u32, order: u32): void {
  const at = elements + (width === 8 ? 0 : 8);
  for (let i: u32 = 0; i < n; i++) store<u32>(order + (i << 2), load<u32>(at + i * width) & mask);
}

const FEW: u32 = 24;
/** Elements that are sorted within the second-level cache. */
const CACHED_BYTES: u32 = 1 << 20;
const DIGIT: u32 = 11;
const SMALL_DIGIT: u32 = 8;
const SMALL: u32 = 2048;
/** Words of a level's counters behind those of the passes. */
const PASS_WORDS: u32 = 2 << DIGIT;
const LEVEL_WORDS: u32 = 257;

/**
 * Sorts n elements of 8 or 16 bytes by the bits of their first word from `floor` on. `other`: room for n elements; `counts`: for 4096 + 9 * 257 words of 4 bytes.
 */
export function sort_radix(elements: u32, other: u32, width: u32, n: u32, floor: u32, counts: u32): void {
  const levels = counts + (PASS_WORDS << 2);
  if (width === 8) span<u64>(elements, other, n, <u64>floor, counts, levels);
  else span<v128>(elements, other, n, <u64>floor, counts, levels);
}

/**
 * Sorts pairs that agree by their words from `floor` on, which are in order, by further words of their rows: `more` arrays of `stride` bytes behind one another, each with
 * a floor of its own.
 */
export function sort_refine(
  pairs: u32,
  other: u32,
  n: u32,
  floor: u32,
  words: u32,
  stride: u32,
  more: u32,
  floors: u32,
  counts: u32,
): void {
  for (let i: u32 = 0; i < n; ) {
    const key = load<u64>(pairs + (i << 4)) >> <u64>floor;
    let j = i + 1;
    while (j < n && load<u64>(pairs + (j << 4)) >> <u64>floor === key) j++;
    if (j - i > 1) {
      const tied = pairs + (i << 4);
      for (let at = tied; at < pairs + (j << 4); at += 16) store<u64>(at, load<u64>(words + (load<u32>(at, 8) << 3)));
      const next = load<u32>(floors);
      sort_radix(tied, other, 16, j - i, next, counts);
      if (more > 1) sort_refine(tied, other, j - i, next, words + stride, stride, more - 1, floors + 4, counts);
    }
    i = j;
  }
}

/** Buckets by the leading bits in which elements differ, while there are more than fit the cache; then least digit first. */
function span<E>(a: u32, t: u32, n: u32, floor: u64, counts: u32, levels: u32): void {
  const width: u32 = sizeof<E>();
  if (n <= FEW) {
    insert<E>(a, n, floor);
    return;
  }
  const first = load<u64>(a);
  let differ: u64 = 0;
  for (let at = a + width, end = a + n * width; at < end; at += width) differ |= load<u64>(at) ^ first;
  differ = (differ >> floor) << floor;
  if (differ === 0) return;
  const top = 64 - clz(differ);
  if (n * width > CACHED_BYTES) {
    buckets<E>(a, t, n, max<i64>(<i64>top - 8, <i64>floor), floor, counts, levels);
    return;
  }
  const wanted = min<u64>(top - floor, <u64>(35 - clz(n)));
  const low = top - wanted;
  passes<E>(a, t, n, low, <u32>wanted, counts);
  if (low === floor) return;
  // Those that agree so far are sorted by what is left.
  for (let i: u32 = 0; i < n; ) {
    const prefix = load<u64>(a + i * width) >> low;
    let j = i + 1;
    while (j < n && load<u64>(a + j * width) >> low === prefix) j++;
    if (j - i > 1) span<E>(a + i * width, t, j - i, floor, counts, levels);
    i = j;
  }
}

function insert<E>(a: u32, n: u32, floor: u64): void {
  const width: u32 = sizeof<E>();
  const end = a + n * width;
  for (let i = a + width; i < end; i += width) {
    const e = load<E>(i);
    const key = load<u64>(i) >> floor;
    let at = i;
    while (at > a && load<u64>(at - width) >> floor > key) {
      store<E>(at, load<E>(at - width));
      at -= width;
    }
    store<E>(at, e);
  }
}

function buckets<E>(a: u32, t: u32, n: u32, shift: u64, floor: u64, counts: u32, levels: u32): void {
  const width: u32 = sizeof<E>();
  const end = a + n * width;
  memory.fill(levels, 0, LEVEL_WORDS << 2);
  for (let at = a; at < end; at += width) {
    const c = levels + ((<u32>(load<u64>(at) >> shift) & 255) << 2);
    store<u32>(c, load<u32>(c) + 1);
  }
  let place = t;
  for (let b: u32 = 0; b < 256; b++) {
    const c = levels + (b << 2);
    const count = load<u32>(c);
    store<u32>(c, place);
    place += count * width;
  }
  for (let at = a; at < end; at += width) {
    const c = levels + ((<u32>(load<u64>(at) >> shift) & 255) << 2);
    const to = load<u32>(c);
    store<u32>(c, to + width);
    store<E>(to, load<E>(at));
  }
  let from = t;
  for (let b: u32 = 0; b < 256; b++) {
    const to = load<u32>(levels + (b << 2));
    const count = (to - from) / width;
    if (count > 1 && shift > floor) span<E>(from, a + (from - t), count, floor, counts, levels + (LEVEL_WORDS << 2));
    from = to;
  }
  memory.copy(a, t, n * width);
}

/** Sorts by `bits` bits from `low` on, in one or more passes from the least digit. */
function passes<E>(a: u32, t: u32, n: u32, low: u64, bits: u32, counts: u32): void {
  const width: u32 = sizeof<E>();
  const most = n < SMALL ? SMALL_DIGIT : DIGIT;
  const count = (bits + most - 1) / most;
  const digit = (bits + count - 1) / count;
  const mask: u32 = (1 << digit) - 1;
  let from = a;
  let to = t;
  for (let p: u32 = 0; p < count; p++) {
    const shift = low + <u64>(p * digit);
    memory.fill(counts, 0, (mask + 1) << 2);
    const end = from + n * width;
    for (let at = from; at < end; at += width) {
      const c = counts + ((<u32>(load<u64>(at) >> shift) & mask) << 2);
      store<u32>(c, load<u32>(c) + 1);
    }
    let place = to;
    for (let c = counts; c <= counts + (mask << 2); c += 4) {
      const size = load<u32>(c) * width;
      store<u32>(c, place);
      place += size;
    }
    for (let at = from; at < end; at += width) {
      const c = counts + ((<u32>(load<u64>(at) >> shift) & mask) << 2);
      const place = load<u32>(c);
      store<u32>(c, place + width);
      store<E>(place, load<E>(at));
    }
    const swap = from;
    from = to;
    to = swap;
  }
  if (from !== a) memory.copy(a, from, n * width);
}
