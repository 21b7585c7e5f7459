// Hashes of rows, bit for bit those of engine/batch/hash.ts. Each kernel writes `n` 32-bit hashes to `out`, or, with `join` not 0, combines
// them with the hashes that lie there. `validity`: address of a bitmap, or NONE.
import { bitAt } from './memory.ts';

/** No bitmap. Address 0 is an ordinary address of the arena. */
export const NONE: u32 = 0xffffffff;
export const NULL_HASH: u32 = 0x9e3779b9;
const SEED: u32 = 0x2545f491;
const JOIN_FACTOR: u32 = 0x1b873593;
const JOIN_TERM: u32 = 0x6ed9eba1;
const NAN: u64 = 0x7ff8000000000000;

function mix(x: u32): u32 {
  let h = (x ^ (x >> 16)) * 0x85ebca6b;
  h = (h ^ (h >> 13)) * 0xc2b2ae35;
  return h ^ (h >> 16);
}

function mix4(x: v128): v128 {
  let h = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), i32x4.splat(0x85ebca6b));
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 13)), i32x4.splat(0xc2b2ae35));
  return v128.xor(h, i32x4.shr_u(h, 16));
}

function joined(a: u32, b: u32): u32 {
  return mix(a * JOIN_FACTOR + b + JOIN_TERM);
}

/** Stores the hash of row i. */
function put(hash: u32, i: u32, validity: u32, out: u32, join: u32): void {
  let h = hash;
  if (validity !== NONE && !bitAt(validity, i)) h = NULL_HASH;
  const at = out + (i << 2);
  store<u32>(at, join ? joined(load<u32>(at), h) : h);
}

/** Stores the hashes of rows i to i + 3; i is a multiple of 4. */
function put4(hash: v128, i: u32, validity: u32, out: u32, join: u32): void {
  let h = hash;
  if (validity !== NONE) {
    const lanes = i32x4(1, 2, 4, 8);
    const bits = i32x4.splat(<i32>load<u8>(validity + (i >> 3)) >> (i & 4));
    h = v128.bitselect(h, i32x4.splat(NULL_HASH), i32x4.eq(v128.and(bits, lanes), lanes));
  }
  const at = out + (i << 2);
  if (join) {
    const before = i32x4.mul(v128.load(at), i32x4.splat(JOIN_FACTOR));
    h = mix4(i32x4.add(i32x4.add(before, h), i32x4.splat(JOIN_TERM)));
  }
  v128.store(at, h);
}

/** The hash of the 64 bits in two words; ints of 32 bits hash as if they were extended. */
export function hash64(low: u32, high: u32): u32 {
  return mix(mix(high + SEED) ^ low);
}

function hash64x4(low: v128, high: v128): v128 {
  return mix4(v128.xor(mix4(i32x4.add(high, i32x4.splat(SEED))), low));
}

export function hash_i32(values: u32, validity: u32, n: u32, out: u32, join: u32): void {
  const negative = i32x4.splat(mix(SEED - 1));
  const positive = i32x4.splat(mix(SEED));
  const whole = n & ~3;
  for (let i: u32 = 0; i < whole; i += 4) {
    const v = v128.load(values + (i << 2));
    const high = v128.bitselect(negative, positive, i32x4.shr_s(v, 31));
    put4(mix4(v128.xor(high, v)), i, validity, out, join);
  }
  for (let i = whole; i < n; i++) {
    const v = load<i32>(values + (i << 2));
    put(hash64(v, v >> 31), i, validity, out, join);
  }
}

export function hash_i64(values: u32, validity: u32, n: u32, out: u32, join: u32): void {
  const whole = n & ~3;
  for (let i: u32 = 0; i < whole; i += 4) {
    const a = v128.load(values + (i << 3));
    const b = v128.load(values + (i << 3), 16);
    const low = v128.shuffle<i32>(a, b, 0, 2, 4, 6);
    const high = v128.shuffle<i32>(a, b, 1, 3, 5, 7);
    put4(hash64x4(low, high), i, validity, out, join);
  }
  for (let i = whole; i < n; i++) {
    const at = values + (i << 3);
    put(hash64(load<u32>(at), load<u32>(at, 4)), i, validity, out, join);
  }
}

/** -0 as 0, all NaN as one. */
function canonical2(x: v128): v128 {
  return v128.bitselect(f64x2.add(x, f64x2.splat(0)), i64x2.splat(NAN), f64x2.eq(x, x));
}

export function hash_f64(values: u32, validity: u32, n: u32, out: u32, join: u32): void {
  const whole = n & ~3;
  for (let i: u32 = 0; i < whole; i += 4) {
    const a = canonical2(v128.load(values + (i << 3)));
    const b = canonical2(v128.load(values + (i << 3), 16));
    const low = v128.shuffle<i32>(a, b, 0, 2, 4, 6);
    const high = v128.shuffle<i32>(a, b, 1, 3, 5, 7);
    put4(hash64x4(low, high), i, validity, out, join);
  }
  for (let i = whole; i < n; i++) {
    const x = load<f64>(values + (i << 3));
    const bits = x === x ? reinterpret<u64>(x + 0.0) : NAN;
    put(hash64(<u32>bits, <u32>(bits >> 32)), i, validity, out, join);
  }
}

export function hash_i128(values: u32, validity: u32, n: u32, out: u32, join: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const at = values + (i << 4);
    const w1 = load<u32>(at, 4);
    const w2 = load<u32>(at, 8);
    const w3 = load<u32>(at, 12);
    const sign: u32 = <i32>w1 >> 31;
    const beyond: u32 = w2 === sign && w3 === sign ? 0 : joined(mix(w3 + SEED), w2);
    put(hash64(load<u32>(at), w1 ^ beyond), i, validity, out, join);
  }
}

export function hash_interval(values: u32, validity: u32, n: u32, out: u32, join: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const at = values + (i << 4);
    const date = joined(mix(load<u32>(at) + SEED), load<u32>(at, 4));
    put(joined(joined(date, load<u32>(at, 8)), load<u32>(at, 12)), i, validity, out, join);
  }
}

export function hash_bool(values: u32, validity: u32, n: u32, out: u32, join: u32): void {
  const no = hash64(0, 0);
  const yes = hash64(1, 0);
  for (let i: u32 = 0; i < n; i++) {
    put(bitAt(values, i) ? yes : no, i, validity, out, join);
  }
}

export function hashBytes(from: u32, to: u32): u32 {
  let h = SEED;
  let at = from;
  for (; at + 4 <= to; at += 4) {
    h ^= rotl<u32>(load<u32>(at) * 0xcc9e2d51, 15) * 0x1b873593;
    h = rotl<u32>(h, 13) * 5 + 0xe6546b64;
  }
  if (at < to) {
    let k: u32;
    if (at > from) {
      // The last bytes, with some before them shifted out.
      k = load<u32>(to - 4) >> ((4 - (to - at)) << 3);
    } else {
      k = load<u8>(at);
      if (at + 1 < to) k |= (<u32>load<u8>(at + 1)) << 8;
      if (at + 2 < to) k |= (<u32>load<u8>(at + 2)) << 16;
    }
    h ^= rotl<u32>(k * 0xcc9e2d51, 15) * 0x1b873593;
  }
  return mix(h ^ (to - from));
}

export function hash_utf8(offsets: u32, bytes: u32, validity: u32, n: u32, out: u32, join: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const at = offsets + (i << 2);
    put(hashBytes(bytes + load<u32>(at), bytes + load<u32>(at, 4)), i, validity, out, join);
  }
}

/** A dictionary column, given the hashes of its entries. */
export function hash_codes(codes: u32, entries: u32, validity: u32, n: u32, out: u32, join: u32): void {
  for (let i: u32 = 0; i < n; i++) put(load<u32>(entries + (load<u32>(codes + (i << 2)) << 2)), i, validity, out, join);
}
