// Values of Parquet's pages: looked up in dictionaries, spread over the rows that have one, texts collected. Values of a page are dense:
// rows that are null have none.
import { bitAt, copy } from './memory.ts';
import { parquet_codes } from './parquet_runs.ts';

/** Codes that are looked up at a time. */
const BLOCK: u32 = 1024;

/** Whether one of the `n` codes is `size` or more. */
export function parquet_beyond(codes: u32, n: u32, size: u32): bool {
  const whole = n & ~3;
  // One at least.
  const last = i32x4.splat(size - 1);
  let found = i32x4.splat(0);
  for (let i: u32 = 0; i < whole; i += 4) found = v128.or(found, i32x4.gt_u(v128.load(codes + (i << 2)), last));
  if (v128.any_true(found)) return true;
  for (let i = whole; i < n; i++) if (load<u32>(codes + (i << 2)) >= size) return true;
  return false;
}

/** Takes the next `n` codes and writes the entries of a dictionary of `size` (at least 1) that they stand for. The codes go into the end of their place first. */
function lookup<V>(state: u32, n: u32, entries: u32, size: u32, out: u32): bool {
  const width: u32 = sizeof<V>();
  for (let from: u32 = 0; from < n; from += BLOCK) {
    const count = min(BLOCK, n - from);
    const to = out + from * width;
    const codes = to + count * (width - 4);
    if (!parquet_codes(state, count, codes) || parquet_beyond(codes, count, size)) return false;
    const whole = count & ~3;
    for (let i: u32 = 0; i < whole; i += 4) {
      const four = codes + (i << 2);
      const a = load<V>(entries + load<u32>(four) * width);
      const b = load<V>(entries + load<u32>(four, 4) * width);
      const c = load<V>(entries + load<u32>(four, 8) * width);
      const d = load<V>(entries + load<u32>(four, 12) * width);
      const at = to + i * width;
      store<V>(at, a);
      store<V>(at + width, b);
      store<V>(at + 2 * width, c);
      store<V>(at + 3 * width, d);
    }
    for (let i = whole; i < count; i++)
      store<V>(to + i * width, load<V>(entries + load<u32>(codes + (i << 2)) * width));
  }
  return true;
}

export function parquet_lookup_4(state: u32, n: u32, entries: u32, size: u32, out: u32): bool {
  return lookup<u32>(state, n, entries, size, out);
}

export function parquet_lookup_8(state: u32, n: u32, entries: u32, size: u32, out: u32): bool {
  return lookup<u64>(state, n, entries, size, out);
}

function spread<V>(values: u32, bits: u32, first: u32, n: u32, count: u32): void {
  const width: u32 = sizeof<V>();
  let left = count;
  // From the end: as soon as as many are left as there are rows, all are in their place.
  for (let i = n; i > left; ) {
    i--;
    let v: V = 0;
    if (bitAt(bits, first + i)) v = load<V>(values + --left * width);
    store<V>(values + i * width, v);
  }
}

/** Moves `count` values to the `n` rows whose bits, from `first` on, are set; other rows get 0. */
export function parquet_spread_4(values: u32, bits: u32, first: u32, n: u32, count: u32): void {
  spread<u32>(values, bits, first, n, count);
}

export function parquet_spread_8(values: u32, bits: u32, first: u32, n: u32, count: u32): void {
  spread<u64>(values, bits, first, n, count);
}

/** Spreads `count` bits from `from` on over the `n` rows whose bits in `valid`, from `first` on, are set. `out`: all 0 there. */
export function parquet_spread_bits(data: u32, from: u32, valid: u32, first: u32, n: u32, out: u32): void {
  let k = from;
  for (let i = first; i < first + n; i++) {
    if (!bitAt(valid, i)) continue;
    const at = out + (i >> 3);
    store<u8>(at, <u32>load<u8>(at) | (bitAt(data, k++) << (i & 7)));
  }
}

export function parquet_floats(values: u32, n: u32, out: u32): void {
  for (let i: u32 = 0; i < n; i++) store<f64>(out + (i << 3), <f64>load<f32>(values + (i << 2)));
}

/** Copies `length` bytes; where they are few, up to 15 more are written. */
function copyText(to: u32, from: u32, length: u32): void {
  if (length <= 16) v128.store(to, v128.load(from));
  else copy(to, from, length);
}

/**
 * Texts that lie one after another, each behind its length, from `at` to `end`: `n` of them are copied to `out`, their lengths to `lengths`. Where the next
 * one is; 0 when they do not fit. There are 16 bytes more to read behind `end`, and to write behind the texts.
 */
export function parquet_texts(at: u32, end: u32, n: u32, lengths: u32, out: u32): u32 {
  let from = at;
  let to = out;
  for (let i: u32 = 0; i < n; i++) {
    if (end - from < 4) return 0;
    const length = load<u32>(from);
    from += 4;
    if (length > end - from) return 0;
    store<u32>(lengths + (i << 2), length);
    copyText(to, from, length);
    from += length;
    to += length;
  }
  return from;
}

/** Bytes of the texts that codes stand for. 64-bit, as a double. */
export function parquet_codes_bytes(codes: u32, n: u32, offsets: u32): f64 {
  let sum: u64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const at = offsets + (load<u32>(codes + (i << 2)) << 2);
    sum += load<u32>(at, 4) - load<u32>(at);
  }
  return <f64>sum;
}

/** Copies the texts that codes stand for to `out`, and puts their lengths in the codes' places. */
export function parquet_codes_texts(codes: u32, n: u32, offsets: u32, bytes: u32, out: u32): void {
  let to = out;
  for (let i: u32 = 0; i < n; i++) {
    const code = codes + (i << 2);
    const at = offsets + (load<u32>(code) << 2);
    const from = load<u32>(at);
    const length = load<u32>(at, 4) - from;
    store<u32>(code, length);
    copyText(to, bytes + from, length);
    to += length;
  }
}

/** Lengths become offsets, from 0 on: n + 1 of them, from the word before the lengths on. */
export function parquet_offsets(offsets: u32, n: u32): void {
  let end: u32 = 0;
  store<u32>(offsets, 0);
  for (let i: u32 = 1; i <= n; i++) {
    end += load<u32>(offsets + (i << 2));
    store<u32>(offsets + (i << 2), end);
  }
}
