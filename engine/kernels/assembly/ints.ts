// Integers in fewer bits. What stands under a null counts like any other value: whoever has nulls looks again where the answer is not the narrowest.

/** What 64-bit integers need: 0 when all have 32 bits, 1 when they are exact as doubles, 2 otherwise. */
export function ints_width(values: u32, n: u32): u32 {
  let beyond = i64x2.splat(0);
  const whole = n & ~1;
  for (let i: u32 = 0; i < whole; i += 2) {
    const v = v128.load(values + (i << 3));
    beyond = v128.or(beyond, v128.xor(v, i64x2.shr_s(i64x2.shl(v, 32), 32)));
  }
  if (!v128.any_true(beyond)) {
    if (whole === n) return 0;
    const last = load<i64>(values + (whole << 3));
    if (last === <i64>(<i32>last)) return 0;
  }
  for (let i: u32 = 0; i < n; i++) {
    const v = load<i64>(values + (i << 3));
    if (v > 9007199254740991 || v < -9007199254740991) return 2;
  }
  return 1;
}

/** Low words of 64-bit integers. */
export function ints_narrow(values: u32, n: u32, out: u32): void {
  const whole = n & ~3;
  for (let i: u32 = 0; i < whole; i += 4) {
    const at = values + (i << 3);
    v128.store(out + (i << 2), v128.shuffle<i32>(v128.load(at), v128.load(at, 16), 0, 2, 4, 6));
  }
  for (let i = whole; i < n; i++) store<i32>(out + (i << 2), load<i32>(values + (i << 3)));
}

/** Low words of 64-bit integers; true when all of them fit. Where one does not, what is in `out` has no meaning. */
export function ints_fit(values: u32, n: u32, out: u32): bool {
  const whole = n & ~3;
  let beyond = i64x2.splat(0);
  for (let i: u32 = 0; i < whole; i += 4) {
    const at = values + (i << 3);
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const low = v128.shuffle<i32>(a, b, 0, 2, 4, 6);
    // The high words are the signs of the low ones.
    beyond = v128.or(beyond, v128.xor(v128.shuffle<i32>(a, b, 1, 3, 5, 7), i32x4.shr_s(low, 31)));
    v128.store(out + (i << 2), low);
    // Values that are too large are mostly so from the start.
    if ((i & 1023) === 0 && v128.any_true(beyond)) return false;
  }
  if (v128.any_true(beyond)) return false;
  for (let i = whole; i < n; i++) {
    const v = load<i64>(values + (i << 3));
    if (v !== <i64>(<i32>v)) return false;
    store<i32>(out + (i << 2), <i32>v);
  }
  return true;
}

export function ints_widen(values: u32, n: u32, out: u32): void {
  for (let i: u32 = 0; i < n; i++) store<i64>(out + (i << 3), <i64>load<i32>(values + (i << 2)));
}

/** The low 32 bits of 128-bit integers; 1 when all of them fit. */
export function ints_32_of_128(values: u32, n: u32, out: u32): u32 {
  let beyond = i64x2.splat(0);
  const whole = n & ~3;
  for (let i: u32 = 0; i < whole; i += 4) {
    const at = values + (i << 4);
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const c = v128.load(at, 32);
    const d = v128.load(at, 48);
    // Words 0 and 1 of four values, then 2 and 3: each of words 1 to 3 has to be the sign of word 0.
    const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
    const low = v128.shuffle<i64>(ab, cd, 0, 2);
    const sign = i32x4.shr_s(low, 31);
    const high = v128.shuffle<i64>(ab, cd, 1, 3);
    const tops = v128.or(
      v128.xor(v128.shuffle<i32>(a, b, 2, 3, 6, 7), v128.shuffle<i32>(sign, sign, 0, 0, 1, 1)),
      v128.xor(v128.shuffle<i32>(c, d, 2, 3, 6, 7), v128.shuffle<i32>(sign, sign, 2, 2, 3, 3)),
    );
    beyond = v128.or(beyond, v128.or(tops, v128.xor(high, sign)));
    v128.store(out + (i << 2), low);
  }
  let fits = !v128.any_true(beyond);
  for (let i = whole; i < n; i++) {
    const low = load<i64>(values + (i << 4));
    fits = fits && low === <i64>(<i32>low) && load<i64>(values + (i << 4), 8) === low >> 63;
    store<i32>(out + (i << 2), <i32>low);
  }
  return fits ? 1 : 0;
}

/** The low 64 bits of 128-bit integers; 1 when all of them fit. */
export function ints_64_of_128(values: u32, n: u32, out: u32): u32 {
  let beyond: i64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const low = load<i64>(values + (i << 4));
    beyond |= load<i64>(values + (i << 4), 8) ^ (low >> 63);
    store<i64>(out + (i << 3), low);
  }
  return beyond === 0 ? 1 : 0;
}
