// Sorting of texts by their bytes: eight bytes at a time as a number, those that agree so far by the next eight.
import { sort_radix } from './sort.ts';

const WIDTH: u32 = 16;
const WINDOW: u32 = 8;
const FEW: u32 = 12;
const STRETCHES: u32 = 8;
const DENSE_FROM: u32 = 256;
/** Windows after which texts that still agree are compared instead. */
const LEVELS: u32 = 32;

/** Orders pairs whose second word is a row number (8 bytes each) by the texts of their rows, stably. Room as for sort_radix. */
export function sort_text(offsets: u32, bytes: u32, n: u32, elements: u32, other: u32, counts: u32): void {
  for (let i: u32 = 0; i < n; i++) store<u64>(elements + (i << 4), i, 8);
  level(offsets, bytes, n, elements, other, counts, 0, LEVELS);
}

/** ranks[row]: how many different texts come before the row's. `elements`: as sort_text left them. */
export function sort_text_ranks(offsets: u32, bytes: u32, n: u32, elements: u32, ranks: u32): void {
  let rank: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const at = elements + (i << 4);
    const row = rowAt(at);
    if (i > 0 && compare(offsets, bytes, rowAt(at - WIDTH), row, 0) !== 0) rank++;
    store<u32>(ranks + (row << 2), rank);
  }
}

function rowAt(element: u32): u32 {
  return load<u32>(element, 8);
}

function start(offsets: u32, row: u32): u32 {
  return load<u32>(offsets + (row << 2));
}

function length(offsets: u32, row: u32): u32 {
  return load<u32>(offsets + (row << 2), 4) - start(offsets, row);
}

/** Sign of the order of two texts that agree up to `at`. */
function compare(offsets: u32, bytes: u32, x: u32, y: u32, at: u32): i32 {
  const a = bytes + start(offsets, x);
  const b = bytes + start(offsets, y);
  const m = length(offsets, x);
  const n = length(offsets, y);
  const end = min(m, n);
  let i = at;
  for (; i + 8 <= end; i += 8) {
    const u = load<u64>(a + i);
    const v = load<u64>(b + i);
    if (u !== v) return bswap<u64>(u) < bswap<u64>(v) ? -1 : 1;
  }
  for (; i < end; i++) {
    const u = load<u8>(a + i);
    const v = load<u8>(b + i);
    if (u !== v) return u < v ? -1 : 1;
  }
  return m === n ? 0 : m < n ? -1 : 1;
}

/** Texts that agree up to `at`. */
function level(offsets: u32, bytes: u32, n: u32, a: u32, t: u32, counts: u32, agreed: u32, levels: u32): void {
  if (n <= FEW) {
    insert(offsets, bytes, n, a, agreed);
    return;
  }
  if (levels === 0) {
    merge(offsets, bytes, n, a, t, agreed);
    return;
  }
  const at = common(offsets, bytes, n, a, agreed);
  for (let i: u32 = 0; i < n; i++) {
    const e = a + (i << 4);
    store<u64>(e, window(offsets, bytes, rowAt(e), at));
  }
  if (n > DENSE_FROM) condense(a, n, counts);
  sort_radix(a, t, WIDTH, n, 0, counts);
  for (let i: u32 = 0; i < n; ) {
    const key = load<u64>(a + (i << 4));
    let j = i + 1;
    while (j < n && load<u64>(a + (j << 4)) === key) j++;
    if (j - i > 1) ties(offsets, bytes, j - i, a + (i << 4), t, counts, at, levels);
    i = j;
  }
}

/**
 * Drops bits that are the same in all keys, where they stand in few stretches: letters and digits differ in some bits of each byte only, and a digit of a radix sort should
 * tell many values apart. `room`: for 8 times 16 bytes.
 */
function condense(a: u32, n: u32, room: u32): void {
  const first = load<u64>(a);
  const end = a + (n << 4);
  let differ: u64 = 0;
  for (let at = a; at < end; at += WIDTH) differ |= load<u64>(at) ^ first;
  let count: u32 = 0;
  let kept: u64 = 0;
  for (let left = differ; left !== 0; ) {
    if (count === STRETCHES) return;
    const from = ctz(left);
    const ones = ctz(~(left >> from));
    const mask = ones === 64 ? u64.MAX_VALUE : (((<u64>1) << ones) - 1) << from;
    store<u64>(room + (count << 4), mask);
    store<u64>(room + (count << 4), from - kept, 8);
    kept += ones;
    left &= ~mask;
    count++;
  }
  for (let at = a; at < end; at += WIDTH) {
    const key = load<u64>(at);
    let dense: u64 = 0;
    for (let s = room; s < room + (count << 4); s += 16) dense |= (key & load<u64>(s)) >> load<u64>(s, 8);
    store<u64>(at, dense);
  }
}

/** Where the first of the texts stops being the beginning of all of them. */
function common(offsets: u32, bytes: u32, n: u32, a: u32, agreed: u32): u32 {
  const row = rowAt(a);
  const from = bytes + start(offsets, row);
  let end = length(offsets, row);
  for (let i: u32 = 1; i < n && end > agreed; i++) {
    const other = rowAt(a + (i << 4));
    const at = bytes + start(offsets, other);
    end = min(end, length(offsets, other));
    let k = agreed;
    while (k + 8 <= end && load<u64>(from + k) === load<u64>(at + k)) k += 8;
    while (k < end && load<u8>(from + k) === load<u8>(at + k)) k++;
    end = k;
  }
  return max(end, agreed);
}

/** The eight bytes from `at` on, the first one highest; zeros behind the end. */
function window(offsets: u32, bytes: u32, row: u32, at: u32): u64 {
  const size = length(offsets, row);
  if (size <= at) return 0;
  const from = bytes + start(offsets, row) + at;
  if (size - at >= WINDOW) return bswap<u64>(load<u64>(from));
  let w: u64 = 0;
  const left = size - at;
  for (let k: u32 = 0; k < left; k++) w |= (<u64>load<u8>(from + k)) << (<u64>(56 - 8 * k));
  return w;
}

/** Texts whose windows at `at` are alike: those that end in it come first, shorter ones before longer ones (they differ in zero bytes), then those that go on. */
function ties(offsets: u32, bytes: u32, n: u32, a: u32, t: u32, counts: u32, at: u32, levels: u32): void {
  let ended: u32 = 0;
  let shortest = u32.MAX_VALUE;
  let longest: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const size = length(offsets, rowAt(a + (i << 4)));
    if (size <= at + WINDOW) ended++;
    shortest = min(shortest, size);
    longest = max(longest, size);
  }
  if (shortest === longest && ended === n) return;
  if (ended > 0) {
    for (let i: u32 = 0; i < n; i++) {
      const e = a + (i << 4);
      const size = length(offsets, rowAt(e));
      store<u64>(e, <u64>min(size - min(size, at), WINDOW + 1));
    }
    sort_radix(a, t, WIDTH, n, 0, counts);
  }
  const left = n - ended;
  if (left > 1) level(offsets, bytes, left, a + (ended << 4), t, counts, at + WINDOW, levels - 1);
}

function insert(offsets: u32, bytes: u32, n: u32, a: u32, at: u32): void {
  for (let i: u32 = 1; i < n; i++) {
    let e = a + (i << 4);
    const pair = v128.load(e);
    const row = rowAt(e);
    while (e > a && compare(offsets, bytes, rowAt(e - WIDTH), row, at) > 0) {
      v128.store(e, v128.load(e - WIDTH));
      e -= WIDTH;
    }
    v128.store(e, pair);
  }
}

/** Merge sort by comparing. */
function merge(offsets: u32, bytes: u32, n: u32, a: u32, t: u32, at: u32): void {
  if (n <= FEW) {
    insert(offsets, bytes, n, a, at);
    return;
  }
  const half = n >> 1;
  merge(offsets, bytes, half, a, t, at);
  merge(offsets, bytes, n - half, a + (half << 4), t, at);
  memory.copy(t, a, half << 4);
  let i = t;
  const iEnd = t + (half << 4);
  let j = a + (half << 4);
  const jEnd = a + (n << 4);
  for (let to = a; i < iEnd; to += WIDTH) {
    if (j < jEnd && compare(offsets, bytes, rowAt(i), rowAt(j), at) > 0) {
      v128.store(to, v128.load(j));
      j += WIDTH;
    } else {
      v128.store(to, v128.load(i));
      i += WIDTH;
    }
  }
}
