// Values as Parquet's pages have them: close together, only of rows that have one.
import { NONE } from './hash.ts';
import { bitAt, copy } from './memory.ts';

function dense<V>(values: u32, bits: u32, first: u32, n: u32, out: u32): u32 {
  const width: u32 = sizeof<V>();
  let to = out;
  for (let i: u32 = 0; i < n; i++) {
    store<V>(to, load<V>(values + i * width));
    to += bitAt(bits, first + i) * width;
  }
  return to;
}

/** Values of those of `n` rows whose bits, from `first` on, are set. Where they end; one more may be written. `out` may be where they are. */
export function parquet_dense_4(values: u32, bits: u32, first: u32, n: u32, out: u32): u32 {
  return dense<u32>(values, bits, first, n, out);
}

export function parquet_dense_8(values: u32, bits: u32, first: u32, n: u32, out: u32): u32 {
  return dense<u64>(values, bits, first, n, out);
}

/** Bits [first, first + n) of those rows whose bits in `valid` are set, or all (NONE), behind `filled` bits of `out`. How many bits it has then. */
export function parquet_dense_bits(values: u32, valid: u32, first: u32, n: u32, out: u32, filled: u32): u32 {
  let k = filled;
  for (let i = first; i < first + n; i++) {
    if (valid !== NONE && !bitAt(valid, i)) continue;
    const at = out + (k >> 3);
    const before: u32 = (k & 7) === 0 ? 0 : load<u8>(at);
    store<u8>(at, before | (bitAt(values, i) << (k & 7)));
    k++;
  }
  return k;
}

/**
 * The texts of those of rows [from, n) whose bits, from `first` on, are set (NONE: all), each behind its length, from word 0 of `span` on. Ends behind the row that
 * passes word 1, and before one that passes word 2; word 0 is then where the texts end. Gives the row where it ended.
 */
export function parquet_plain_texts(
  offsets: u32,
  bytes: u32,
  bits: u32,
  first: u32,
  from: u32,
  n: u32,
  span: u32,
): u32 {
  let to = load<u32>(span);
  const enough = load<u32>(span, 4);
  const last = load<u32>(span, 8);
  let i = from;
  for (; i < n && to < enough; i++) {
    if (bits !== NONE && !bitAt(bits, first + i)) continue;
    const at = offsets + (i << 2);
    const begin = load<u32>(at);
    const length = load<u32>(at, 4) - begin;
    if (<u64>to + 4 + length > <u64>last) break;
    store<u32>(to, length);
    copy(to + 4, bytes + begin, length);
    to += 4 + length;
  }
  store<u32>(span, to);
  return i;
}

/** Bytes of the texts that `n` codes stand for, each behind its length. As a double. */
export function parquet_plain_size(ends: u32, codes: u32, n: u32): f64 {
  let sum: u64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const at = ends + (load<u32>(codes + (i << 2)) << 2);
    sum += 4 + load<u32>(at, 4) - load<u32>(at);
  }
  return <f64>sum;
}

/** The texts that `n` codes stand for, each behind its length. Where they end. */
export function parquet_plain_codes(ends: u32, bytes: u32, codes: u32, n: u32, out: u32): u32 {
  let to = out;
  for (let i: u32 = 0; i < n; i++) {
    const at = ends + (load<u32>(codes + (i << 2)) << 2);
    const begin = load<u32>(at);
    const length = load<u32>(at, 4) - begin;
    store<u32>(to, length);
    copy(to + 4, bytes + begin, length);
    to += 4 + length;
  }
  return to;
}

/**
 * Integers of `size` (4, 8 or 16) bytes, of rows whose bits are set (NONE: all), as `width` bytes each from the most significant one. Where they end.
 */
export function parquet_big_endian(values: u32, size: u32, bits: u32, first: u32, n: u32, width: u32, out: u32): u32 {
  let to = out;
  for (let i: u32 = 0; i < n; i++) {
    if (bits !== NONE && !bitAt(bits, first + i)) continue;
    const at = values + i * size;
    const sign: u8 = load<i8>(at + size - 1) < 0 ? 0xff : 0;
    for (let k: u32 = 0; k < width; k++) store<u8>(to + width - 1 - k, k < size ? load<u8>(at + k) : sign);
    to += width;
  }
  return to;
}
