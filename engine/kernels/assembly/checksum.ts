/** An odd number without pattern, and lanes that start apart. */
const PRIME: u32 = 0x9e3779b1;
const TURN: u32 = 13;

function step(lane: v128, data: v128, prime: v128): v128 {
  const x = i32x4.mul(v128.xor(lane, data), prime);
  return v128.or(i32x4.shl(x, TURN), i32x4.shr_u(x, 32 - TURN));
}

function lane(k: u32): v128 {
  const x = i32x4.splat(k * 0x85ebca6b);
  return v128.xor(x, i32x4(1, 2, 3, 4));
}

/** Folds a number into a sum: one-to-one in both, so that whatever differs in one place alone shows in the end. */
function fold(sum: u32, x: u32): u32 {
  return rotl<u32>((sum ^ x) * PRIME, TURN);
}

function foldLanes(sum: u32, x: v128): u32 {
  let s = fold(sum, <u32>i32x4.extract_lane(x, 0));
  s = fold(s, <u32>i32x4.extract_lane(x, 1));
  s = fold(s, <u32>i32x4.extract_lane(x, 2));
  return fold(s, <u32>i32x4.extract_lane(x, 3));
}

/**
 * Checksum of `n` bytes: 32 lanes of 32 bits, each multiplied and turned with every word it takes (block i of 128 bytes gives word k to lane k), then folded into one,
 * with what is left of the bytes and their number. Equal to `checksumOf` of engine/store/checksum.ts.
 */
export function checksum(data: u32, n: u32): u32 {
  const prime = i32x4.splat(PRIME);
  let a = lane(0);
  let b = lane(1);
  let c = lane(2);
  let d = lane(3);
  let e = lane(4);
  let f = lane(5);
  let g = lane(6);
  let h = lane(7);
  const end = data + (n & ~127);
  let at = data;
  for (; at < end; at += 128) {
    a = step(a, v128.load(at), prime);
    b = step(b, v128.load(at, 16), prime);
    c = step(c, v128.load(at, 32), prime);
    d = step(d, v128.load(at, 48), prime);
    e = step(e, v128.load(at, 64), prime);
    f = step(f, v128.load(at, 80), prime);
    g = step(g, v128.load(at, 96), prime);
    h = step(h, v128.load(at, 112), prime);
  }
  let sum = foldLanes(foldLanes(foldLanes(foldLanes(n, a), b), c), d);
  sum = foldLanes(foldLanes(foldLanes(foldLanes(sum, e), f), g), h);
  for (; at < data + n; at++) sum = fold(sum, load<u8>(at));
  return sum;
}
