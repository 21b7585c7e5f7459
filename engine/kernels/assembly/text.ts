// Tests and mappings of texts, over their bytes. A text of row r is bytes[offsets[r] .. offsets[r + 1]]; all lie in one stretch, whose end may be read up to.
import { copy } from './memory.ts';

/** Stands for "all rows". */
const ALL_ROWS: u32 = 0xffffffff;
/** The first piece has to stand at the begin, the last one at the end. */
const AT_BEGIN: u32 = 1;
const AT_END: u32 = 2;

function same(a: u32, b: u32, length: u32): bool {
  let k: u32 = 0;
  for (; k + 8 <= length; k += 8) if (load<u64>(a + k) !== load<u64>(b + k)) return false;
  for (; k < length; k++) if (load<u8>(a + k) !== load<u8>(b + k)) return false;
  return true;
}

/** Where a piece (of one byte at least) first stands within [from, to); `to` when it does not. Bytes before `end` may be read. */
function find(from: u32, to: u32, end: u32, piece: u32, size: u32): u32 {
  if (to - from < size) return to;
  // The last place where it may begin, and one.
  const stop = to - size + 1;
  const first = i8x16.splat(load<i8>(piece));
  const last = i8x16.splat(load<i8>(piece + size - 1));
  let p = from;
  while (p < stop && p + size + 15 <= end) {
    let mask = i8x16.bitmask(v128.and(i8x16.eq(v128.load(p), first), i8x16.eq(v128.load(p + size - 1), last)));
    while (mask !== 0) {
      const at = p + ctz(mask);
      if (at >= stop) return to;
      if (same(at, piece, size)) return at;
      mask &= mask - 1;
    }
    p += 16;
  }
  const byte = load<u8>(piece);
  for (; p < stop; p++) if (load<u8>(p) === byte && same(p, piece, size)) return p;
  return to;
}

/** Whether the pieces stand in [from, to) one after another. `sizes`: of each piece; `pieces`: their bytes. */
function fits(from: u32, to: u32, end: u32, sizes: u32, count: u32, pieces: u32, anchors: u32): bool {
  let begin = from;
  let finish = to;
  let k: u32 = 0;
  let rest = count;
  let piece = pieces;
  if (anchors & AT_BEGIN) {
    const size = load<u32>(sizes);
    if (finish - begin < size || !same(begin, piece, size)) return false;
    begin += size;
    piece += size;
    // One piece at both ends is the whole text.
    if (count === 1 && (anchors & AT_END) !== 0) return begin === finish;
    k = 1;
  }
  if (anchors & AT_END && k < rest) {
    rest--;
    const size = load<u32>(sizes + (rest << 2));
    let last = piece;
    for (let j = k; j < rest; j++) last += load<u32>(sizes + (j << 2));
    if (finish - begin < size || !same(finish - size, last, size)) return false;
    finish -= size;
  }
  for (; k < rest; k++) {
    const size = load<u32>(sizes + (k << 2));
    const at = find(begin, finish, end, piece, size);
    if (at === finish) return false;
    begin = at + size;
    piece += size;
  }
  return true;
}

/**
 * Sets the bit of each row whose text holds the pieces, of rows `rows[i]` (i when ALL_ROWS), i < n. `total`: rows of the column. The bits are 0 before.
 * A piece is one byte long at least, save a single one at both ends.
 */
export function text_pieces(
  offsets: u32,
  bytes: u32,
  total: u32,
  rows: u32,
  n: u32,
  sizes: u32,
  count: u32,
  pieces: u32,
  anchors: u32,
  out: u32,
): void {
  const end = bytes + load<u32>(offsets + (total << 2));
  if (rows === ALL_ROWS && count === 1 && anchors === 0) {
    find_all(offsets, bytes, n, end, pieces, load<u32>(sizes), out);
    return;
  }
  for (let i: u32 = 0; i < n; i++) {
    const r = rows === ALL_ROWS ? i : load<u32>(rows + (i << 2));
    const from = bytes + load<u32>(offsets + (r << 2));
    const to = bytes + load<u32>(offsets + (r << 2), 4);
    if (fits(from, to, end, sizes, count, pieces, anchors)) setBit(out, r);
  }
}

function setBit(bits: u32, row: u32): void {
  const at = bits + (row >> 3);
  store<u8>(at, <u8>(<u32>load<u8>(at) | (1 << (row & 7))));
}

/** Looks for a piece in all texts at once: what is found is then given to its row. */
function find_all(offsets: u32, bytes: u32, n: u32, end: u32, piece: u32, size: u32, out: u32): void {
  let row: u32 = 0;
  let p = bytes + load<u32>(offsets);
  const stop = bytes + load<u32>(offsets + (n << 2));
  while (row < n) {
    const at = find(p, stop, end, piece, size);
    if (at === stop) return;
    while (bytes + load<u32>(offsets + (row << 2), 4) <= at) row++;
    const next = bytes + load<u32>(offsets + (row << 2), 4);
    if (at + size <= next) {
      setBit(out, row);
      p = next;
      row++;
    } else p = at + 1;
  }
}

/** Characters of each of the rows: bytes that do not continue one. */
export function text_lengths(offsets: u32, bytes: u32, rows: u32, n: u32, out: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const r = rows === ALL_ROWS ? i : load<u32>(rows + (i << 2));
    let p = bytes + load<u32>(offsets + (r << 2));
    const to = bytes + load<u32>(offsets + (r << 2), 4);
    let count: u32 = 0;
    for (; p + 16 <= to; p += 16) count += popcnt(i8x16.bitmask(i8x16.gt_s(v128.load(p), i8x16.splat(-65))));
    for (; p < to; p++) count += u32((load<u8>(p) & 0xc0) !== 0x80);
    store<u32>(out + (r << 2), count);
  }
}

/** Letters of ASCII from `from` to `from` + 25 with bit 0x20 turned, of n bytes; others as they are. */
export function text_letters(bytes: u32, n: u32, from: u32, out: u32): void {
  const low = i8x16.splat(<i8>from);
  const count = i8x16.splat(26);
  const turn = i8x16.splat(0x20);
  let k: u32 = 0;
  for (; k + 16 <= n; k += 16) {
    const v = v128.load(bytes + k);
    const letters = i8x16.lt_u(i8x16.sub(v, low), count);
    v128.store(out + k, v128.xor(v, v128.and(letters, turn)));
  }
  for (; k < n; k++) {
    const c = <u32>load<u8>(bytes + k);
    store<u8>(out + k, c - from < 26 ? c ^ 0x20 : c);
  }
}

/**
 * Where the part [skip, skip + take) of each text of ASCII lies: starts into `starts`, ends of the parts put together into `ends` (n + 1). A negative
 * `skip` counts from the end. Gives the bytes of all parts.
 */
export function text_part_offsets(offsets: u32, n: u32, skip: i32, take: u32, starts: u32, ends: u32): u32 {
  let total: u32 = 0;
  store<u32>(ends, 0);
  for (let i: u32 = 0; i < n; i++) {
    const from = load<u32>(offsets + (i << 2));
    const length = <i64>(load<u32>(offsets + (i << 2), 4) - from);
    const begin = skip < 0 ? length + <i64>skip : <i64>skip;
    const a = max(<i64>0, min(begin, length));
    const b = max(a, min(begin + <i64>take, length));
    store<u32>(starts + (i << 2), from + <u32>a);
    total += <u32>(b - a);
    store<u32>(ends + (i << 2), total, 4);
  }
  return total;
}

/** Puts together the parts that text_part_offsets found. */
export function text_parts(bytes: u32, n: u32, starts: u32, ends: u32, out: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const at = load<u32>(ends + (i << 2));
    copy(out + at, bytes + load<u32>(starts + (i << 2)), load<u32>(ends + (i << 2), 4) - at);
  }
}

/** Offsets (n + 1) of the texts with every `piece` replaced by `by` bytes; their end, or 0xffffffff when it passes 2 GiB. */
export function text_replace_offsets(offsets: u32, bytes: u32, n: u32, piece: u32, size: u32, by: u32, out: u32): u32 {
  const end = bytes + load<u32>(offsets + (n << 2));
  let total: u64 = 0;
  store<u32>(out, 0);
  for (let i: u32 = 0; i < n; i++) {
    let p = bytes + load<u32>(offsets + (i << 2));
    const to = bytes + load<u32>(offsets + (i << 2), 4);
    total += to - p;
    for (let at = find(p, to, end, piece, size); at !== to; at = find(p, to, end, piece, size)) {
      total = total + by - size;
      p = at + size;
    }
    if (total > 0x7fffffff) return 0xffffffff;
    store<u32>(out + (i << 2), <u32>total, 4);
  }
  return <u32>total;
}

/** The bytes that belong to text_replace_offsets. */
export function text_replace(
  offsets: u32,
  bytes: u32,
  n: u32,
  piece: u32,
  size: u32,
  by: u32,
  length: u32,
  out: u32,
): void {
  const end = bytes + load<u32>(offsets + (n << 2));
  let o = out;
  for (let i: u32 = 0; i < n; i++) {
    let p = bytes + load<u32>(offsets + (i << 2));
    const to = bytes + load<u32>(offsets + (i << 2), 4);
    for (let at = find(p, to, end, piece, size); at !== to; at = find(p, to, end, piece, size)) {
      copy(o, p, at - p);
      o += at - p;
      copy(o, by, length);
      o += length;
      p = at + size;
    }
    copy(o, p, to - p);
    o += to - p;
  }
}
