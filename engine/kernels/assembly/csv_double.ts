// Doubles from decimal digits that an exact power of ten does not reach.

/** The upper half of the product of two 64-bit numbers; the lower half is that of an ordinary multiplication. */
function high(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >> 32;
  const middle = a1 * b0 + ((a0 * b0) >> 32);
  const other = a0 * b1 + (middle & 0xffffffff);
  return a1 * b1 + (middle >> 32) + (other >> 32);
}

/**
 * The double nearest to digits / 10^places, for places up to 22, by the method of Eisel and Lemire: 128 bits of the product of the digits and the
 * power tell it, ties included. `digits`: not 0. `power`: address of the first 128 bits of 10^-places, rounded up.
 */
export function nearest(digits: u64, places: u32, power: u32): f64 {
  const shift = clz<u64>(digits);
  const w = digits << shift;
  const top = load<u64>(power, 8);
  let lower = w * top;
  let upper = high(w, top);
  // Only then may the bits behind matter.
  if ((upper & 0x1ff) === 0x1ff) {
    const more = high(w, load<u64>(power));
    lower += more;
    if (lower < more) upper++;
  }
  const carry = upper >> 63;
  const cut = carry + 9;
  let mantissa = upper >> cut;
  // floor(log2(10^-places)), by a fraction that is right for these.
  let exponent = ((-217706 * <i32>places) >> 16) + 63 + <i32>carry - <i32>shift + 1023;
  // Halfway between two doubles, which only few places allow: to the even one.
  if (lower <= 1 && places <= 4 && (mantissa & 3) === 1 && mantissa << cut === upper) mantissa ^= 1;
  mantissa = (mantissa + (mantissa & 1)) >> 1;
  if (mantissa >= (<u64>2) << 52) {
    mantissa = (<u64>1) << 52;
    exponent++;
  }
  return reinterpret<f64>((mantissa & ~((<u64>1) << 52)) | ((<u64>exponent) << 52));
}
