// Picking rows by number. With `missing` not 0, the row number NO_ROW gives zeros.
import { bitAt, copy } from './memory.ts';

const NO_ROW: u32 = 0xffffffff;

export function has_missing(rows: u32, n: u32): u32 {
  const whole = n & ~3;
  const none = i32x4.splat(-1);
  let found = i32x4.splat(0);
  for (let i: u32 = 0; i < whole; i += 4) found = v128.or(found, i32x4.eq(v128.load(rows + (i << 2)), none));
  if (v128.any_true(found)) return 1;
  for (let i = whole; i < n; i++) if (load<u32>(rows + (i << 2)) === NO_ROW) return 1;
  return 0;
}

function gather<V>(values: u32, rows: u32, n: u32, out: u32, missing: u32): void {
  const width: u32 = sizeof<V>();
  if (missing) {
    for (let i: u32 = 0; i < n; i++) {
      const r = load<u32>(rows + (i << 2));
      store<V>(out + i * width, r === NO_ROW ? <V>0 : load<V>(values + r * width));
    }
    return;
  }
  const whole = n & ~3;
  for (let i: u32 = 0; i < whole; i += 4) {
    const at = rows + (i << 2);
    const to = out + i * width;
    const a = load<V>(values + load<u32>(at) * width);
    const b = load<V>(values + load<u32>(at, 4) * width);
    const c = load<V>(values + load<u32>(at, 8) * width);
    const d = load<V>(values + load<u32>(at, 12) * width);
    store<V>(to, a);
    store<V>(to + width, b);
    store<V>(to + 2 * width, c);
    store<V>(to + 3 * width, d);
  }
  for (let i = whole; i < n; i++) store<V>(out + i * width, load<V>(values + load<u32>(rows + (i << 2)) * width));
}

export function gather_4(values: u32, rows: u32, n: u32, out: u32, missing: u32): void {
  gather<u32>(values, rows, n, out, missing);
}

export function gather_8(values: u32, rows: u32, n: u32, out: u32, missing: u32): void {
  gather<u64>(values, rows, n, out, missing);
}

export function gather_16(values: u32, rows: u32, n: u32, out: u32, missing: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const r = load<u32>(rows + (i << 2));
    v128.store(out + (i << 4), missing && r === NO_ROW ? i64x2.splat(0) : v128.load(values + (r << 4)));
  }
}

/** Writes whole bytes; the bits behind the last row are 0. */
export function gather_bits(bits: u32, rows: u32, n: u32, out: u32): void {
  for (let i: u32 = 0; i < n; ) {
    const end = min(i + 8, n);
    const at = out + (i >> 3);
    let byte: u32 = 0;
    for (let k: u32 = 0; i < end; i++, k++) {
      const r = load<u32>(rows + (i << 2));
      if (r !== NO_ROW) byte |= bitAt(bits, r) << k;
    }
    store<u8>(at, byte);
  }
}

/** Offsets (n + 1) of the picked strings, from 0 on. Their end, or -1 when it passes 2 GiB. */
export function gather_offsets(offsets: u32, rows: u32, n: u32, out: u32): i32 {
  let end: u32 = 0;
  store<u32>(out, 0);
  for (let i: u32 = 0; i < n; i++) {
    const r = load<u32>(rows + (i << 2));
    if (r !== NO_ROW) end += load<u32>(offsets + (r << 2), 4) - load<u32>(offsets + (r << 2));
    if (<i32>end < 0) return -1;
    store<u32>(out + (i << 2), end, 4);
  }
  return end;
}

/** Up to so many bytes are copied at once, whatever the length: a branch on it would be mispredicted, and wait for the offset from far away that it depends on. */
const SHORT: u32 = 32;

/**
 * Bytes of the picked strings; `target`: the n + 1 offsets that gather_offsets wrote. Rows that follow one another are copied in one go. Of the memory behind the strings
 * SHORT bytes may be read.
 */
export function gather_bytes(offsets: u32, bytes: u32, rows: u32, n: u32, target: u32, out: u32): void {
  const lastRead = ((<u32>memory.size()) << 16) - SHORT;
  const end = out + load<u32>(target + (n << 2));
  const lastWritten: u32 = end < SHORT ? 0 : end - SHORT;
  for (let i: u32 = 0; i < n; ) {
    const first = load<u32>(rows + (i << 2));
    if (first === NO_ROW) {
      i++;
      continue;
    }
    let last = first;
    let j = i + 1;
    while (j < n && load<u32>(rows + (j << 2)) === last + 1) {
      last++;
      j++;
    }
    const begin = load<u32>(offsets + (first << 2));
    const length = load<u32>(offsets + (last << 2), 4) - begin;
    const from = bytes + begin;
    const to = out + load<u32>(target + (i << 2));
    // What it writes behind the string is written again, by those that follow.
    if (length <= SHORT && to <= lastWritten && from <= lastRead) {
      const half = v128.load(from);
      v128.store(to, v128.load(from, 16), 16);
      v128.store(to, half);
    } else copy(to, from, length);
    i = j;
  }
}
