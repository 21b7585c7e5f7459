// Least and greatest values of Parquet's pages.
import { NONE } from './hash.ts';

/** Least and greatest of `n` (1 at least) integers. */
export function parquet_extremes_4(values: u32, n: u32, out: u32): void {
  let low = load<i32>(values);
  let high = low;
  let lows = i32x4.splat(low);
  let highs = lows;
  const whole = n & ~3;
  for (let i: u32 = 0; i < whole; i += 4) {
    const v = v128.load(values + (i << 2));
    lows = i32x4.min_s(lows, v);
    highs = i32x4.max_s(highs, v);
  }
  low = min(
    min(i32x4.extract_lane(lows, 0), i32x4.extract_lane(lows, 1)),
    min(i32x4.extract_lane(lows, 2), i32x4.extract_lane(lows, 3)),
  );
  high = max(
    max(i32x4.extract_lane(highs, 0), i32x4.extract_lane(highs, 1)),
    max(i32x4.extract_lane(highs, 2), i32x4.extract_lane(highs, 3)),
  );
  for (let i = whole; i < n; i++) {
    const v = load<i32>(values + (i << 2));
    low = min(low, v);
    high = max(high, v);
  }
  store<i32>(out, low);
  store<i32>(out, high, 4);
}

export function parquet_extremes_8(values: u32, n: u32, out: u32): void {
  let low = load<i64>(values);
  let high = low;
  for (let i: u32 = 1; i < n; i++) {
    const v = load<i64>(values + (i << 3));
    low = min(low, v);
    high = max(high, v);
  }
  store<i64>(out, low);
  store<i64>(out, high, 8);
}

/** Of floats those that are numbers: the least one greater than the greatest when there are none. */
export function parquet_extremes_floats(values: u32, n: u32, out: u32): void {
  let low: f64 = Infinity;
  let high: f64 = -Infinity;
  for (let i: u32 = 0; i < n; i++) {
    const v = load<f64>(values + (i << 3));
    if (v < low) low = v;
    if (v > high) high = v;
  }
  store<f64>(out, low);
  store<f64>(out, high, 8);
}

/** Where the least and the greatest of `n` (1 at least) integers of `width` bytes, the most significant one first, are: two words at `out`. */
export function parquet_extremes_wide(values: u32, n: u32, width: u32, out: u32): void {
  let low = values;
  let high = values;
  const end = values + n * width;
  for (let at = values + width; at < end; at += width) {
    if (lower(at, low, width)) low = at;
    if (lower(high, at, width)) high = at;
  }
  store<u32>(out, low);
  store<u32>(out, high, 4);
}

function lower(a: u32, b: u32, width: u32): bool {
  const x = load<i8>(a);
  const y = load<i8>(b);
  if (x !== y) return x < y;
  for (let k: u32 = 1; k < width; k++) {
    const p = load<u8>(a + k);
    const q = load<u8>(b + k);
    if (p !== q) return p < q;
  }
  return false;
}

/** The first eight bytes of a text so that they compare as numbers. Eight bytes from its begin on may be read, whatever its length. */
function prefix(at: u32, length: u32): u64 {
  if (length === 0) return 0;
  const v = bswap(load<u64>(at));
  return length >= 8 ? v : v & (~(<u64>0) << ((8 - length) << 3));
}

/** Whether one text comes before another, by their first bytes and then by the others. */
function before(p: u64, a: u32, n: u32, q: u64, b: u32, m: u32): bool {
  if (p !== q) return p < q;
  const length = min(n, m);
  for (let k: u32 = 8; k < length; k++) {
    const x = load<u8>(a + k);
    const y = load<u8>(b + k);
    if (x !== y) return x < y;
  }
  return n < m;
}

/**
 * Least and greatest of `n` (1 at least) texts by their bytes: where they are and how long, four words at `out`. The texts lie one after another, each behind its
 * length, or where `codes` is not NONE, are those entries of a dictionary. Eight bytes behind the last one may be read.
 */
export function parquet_extremes_texts(texts: u32, ends: u32, codes: u32, n: u32, out: u32): void {
  let low: u32 = 0;
  let lowLength: u32 = 0;
  let lowPrefix: u64 = 0;
  let high: u32 = 0;
  let highLength: u32 = 0;
  let highPrefix: u64 = 0;
  let next = texts;
  for (let i: u32 = 0; i < n; i++) {
    let at: u32;
    let length: u32;
    if (codes === NONE) {
      length = load<u32>(next);
      at = next + 4;
      next = at + length;
    } else {
      const entry = ends + (load<u32>(codes + (i << 2)) << 2);
      const begin = load<u32>(entry);
      at = texts + begin;
      length = load<u32>(entry, 4) - begin;
    }
    const first = prefix(at, length);
    if (i === 0 || before(first, at, length, lowPrefix, low, lowLength)) {
      low = at;
      lowLength = length;
      lowPrefix = first;
    }
    if (i === 0 || before(highPrefix, high, highLength, first, at, length)) {
      high = at;
      highLength = length;
      highPrefix = first;
    }
  }
  store<u32>(out, low);
  store<u32>(out, lowLength, 4);
  store<u32>(out, high, 8);
  store<u32>(out, highLength, 12);
}
