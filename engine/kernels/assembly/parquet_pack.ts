// Levels and codes as Parquet's hybrid of runs and packed values.

/** Shorter runs are packed with their neighbours. */
const RUN: u32 = 8;

function varint(to: u32, value: u32): u32 {
  let out = to;
  let rest = value;
  for (; rest > 127; rest >>= 7) store<u8>(out++, rest | 128);
  store<u8>(out++, rest);
  return out;
}

/** `n` values in groups of eight, the last one filled up with 0. */
function packed<V>(values: u32, n: u32, width: u32, to: u32): u32 {
  const groups = (n + 7) >> 3;
  let out = varint(to, (groups << 1) | 1);
  const last = out + groups * width;
  let bits: u64 = 0;
  let filled: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    bits |= (<u64>load<V>(values + i * sizeof<V>())) << filled;
    filled += width;
    if (filled >= 32) {
      store<u32>(out, <u32>bits);
      out += 4;
      bits >>= 32;
      filled -= 32;
    }
  }
  for (; out < last; out++, bits >>= 8) store<u8>(out, <u8>bits);
  return last;
}

function run(value: u32, n: u32, width: u32, to: u32): u32 {
  let out = varint(to, n << 1);
  const last = out + ((width + 7) >> 3);
  for (let rest = value; out < last; out++, rest >>= 8) store<u8>(out, rest);
  return out;
}

function pack<V>(values: u32, n: u32, width: u32, to: u32): u32 {
  let out = to;
  let open: u32 = 0;
  for (let i: u32 = 0; i < n; ) {
    const value = load<V>(values + i * sizeof<V>());
    let end = i + 1;
    while (end < n && load<V>(values + end * sizeof<V>()) === value) end++;
    // What is packed before it takes from the run until its groups are full.
    const begin = i + ((8 - ((i - open) & 7)) & 7);
    if (end >= begin + RUN) {
      if (begin > open) out = packed<V>(values + open * sizeof<V>(), begin - open, width, out);
      out = run(<u32>value, end - begin, width, out);
      open = end;
    }
    i = end;
  }
  if (open < n) out = packed<V>(values + open * sizeof<V>(), n - open, width, out);
  return out - to;
}

/** Packs `n` levels of a byte each in `width` bits; gives the bytes written, at most those of all packed and 8 for each 8 values. */
export function parquet_pack_1(values: u32, n: u32, width: u32, out: u32): u32 {
  return pack<u8>(values, n, width, out);
}

/** The same of codes of four bytes. */
export function parquet_pack_4(values: u32, n: u32, width: u32, out: u32): u32 {
  return pack<u32>(values, n, width, out);
}

/** The `n` bits from `first` on as bytes. */
export function parquet_unpack_bits(bits: u32, first: u32, n: u32, out: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const bit = first + i;
    store<u8>(out + i, (<u32>load<u8>(bits + (bit >> 3)) >> (bit & 7)) & 1);
  }
}
