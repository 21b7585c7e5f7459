// Encodings of Parquet's pages that are turned into the plain one. Up to 16 bytes behind the data's end may be read.
import { copy } from './memory.ts';

/** Words of a reader: where it is, where the data ends; what the header says. */
const AT: usize = 0;
const END: usize = 4;

function varint(state: u32): u64 {
  let at = load<u32>(state, AT);
  const end = load<u32>(state, END);
  let value: u64 = 0;
  for (let shift: u64 = 0; at < end && shift < 64; shift += 7) {
    const b = <u64>load<u8>(at++);
    value |= (b & 127) << shift;
    if (b < 128) {
      store<u32>(state, at, AT);
      return value;
    }
  }
  // No more bytes: whoever looks for more finds the end.
  store<u32>(state, end, AT);
  return 0;
}

function zigzag(state: u32): i64 {
  const v = varint(state);
  return <i64>(v >> 1) ^ -(<i64>(v & 1));
}

/** `width` bits from bit `bit` on. */
function bitsAt(data: u32, bit: u64, width: u32): u64 {
  const at = data + <u32>(bit >> 3);
  const shift = bit & 7;
  let v = load<u64>(at) >> shift;
  if (shift + width > 64) v |= (<u64>load<u8>(at, 8)) << (64 - shift);
  return width === 64 ? v : v & (((<u64>1) << width) - 1);
}

/** How many values a stretch of packed differences has; 0xffffffff when it makes no sense. */
export function parquet_delta_count(at: u32, end: u32, state: u32): u32 {
  store<u32>(state, at, AT);
  store<u32>(state, end, END);
  varint(state);
  varint(state);
  const n = varint(state);
  return n > 0x7fffffff ? 0xffffffff : <u32>n;
}

function unpack<V>(from: u32, end: u32, n: u32, out: u32, state: u32): u32 {
  store<u32>(state, from, AT);
  store<u32>(state, end, END);
  const block = varint(state);
  const minis = varint(state);
  varint(state);
  let value = zigzag(state);
  if (minis === 0 || minis > 65536 || block === 0 || block > 0xffffff || block % minis !== 0) return 0;
  const each = <u32>(block / minis);
  if ((each & 7) !== 0) return 0;
  if (n > 0) store<V>(out, <V>value);
  for (let i: u32 = 1; i < n; ) {
    const least = zigzag(state);
    const widths = load<u32>(state, AT);
    if (end - widths < <u32>minis) return 0;
    let at = widths + <u32>minis;
    for (let m: u32 = 0; m < <u32>minis && i < n; m++) {
      const width = <u32>load<u8>(widths + m);
      const bytes = (each >> 3) * width;
      if (width > 64 || bytes > end - at) return 0;
      const count = min(each, n - i);
      let bit: u64 = 0;
      for (let k: u32 = 0; k < count; k++, bit += width) {
        value += least + <i64>(width === 0 ? 0 : bitsAt(at, bit, width));
        store<V>(out + (i + k) * sizeof<V>(), <V>value);
      }
      i += count;
      at += bytes;
    }
    store<u32>(state, at, AT);
  }
  return load<u32>(state, AT);
}

/** The `n` integers of packed differences, as 4 or 8 bytes each. Where they end; 0 when they make no sense. `state`: two words to work in. */
export function parquet_delta_4(from: u32, end: u32, n: u32, out: u32, state: u32): u32 {
  return unpack<i32>(from, end, n, out, state);
}

export function parquet_delta_8(from: u32, end: u32, n: u32, out: u32, state: u32): u32 {
  return unpack<i64>(from, end, n, out, state);
}

/** The sum of `n` lengths as a double; negative when one of them is. */
export function parquet_lengths_sum(lengths: u32, n: u32): f64 {
  let sum: i64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const length = load<i32>(lengths + (i << 2));
    if (length < 0) return -1;
    sum += length;
  }
  return <f64>sum;
}

/**
 * Texts, each of some first bytes of the one before it (`prefixes`: lengths; 0: none) and of bytes that lie one after another from `from` on, each behind its length at `out`.
 * Where they end; 0 when a text has more of the one before than that has, or the bytes do not reach.
 */
export function parquet_plain_parts(prefixes: u32, lengths: u32, n: u32, from: u32, end: u32, out: u32): u32 {
  let to = out;
  let at = from;
  let before: u32 = 0;
  let size: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const prefix: u32 = prefixes === 0 ? 0 : load<u32>(prefixes + (i << 2));
    const length = load<u32>(lengths + (i << 2));
    if (prefix > size || length > end - at) return 0;
    store<u32>(to, prefix + length);
    copy(to + 4, before, prefix);
    copy(to + 4 + prefix, at, length);
    before = to + 4;
    size = prefix + length;
    to += 4 + size;
    at += length;
  }
  return to;
}

/** `n` values of `width` bytes whose first bytes lie together, then their second ones, and so on. */
export function parquet_join_bytes(from: u32, n: u32, width: u32, out: u32): void {
  for (let k: u32 = 0; k < width; k++) {
    const plane = from + k * n;
    for (let i: u32 = 0; i < n; i++) store<u8>(out + i * width + k, load<u8>(plane + i));
  }
}
