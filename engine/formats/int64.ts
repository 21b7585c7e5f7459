/**
 * 64-bit integers as two 32-bit halves, so that text becomes BigInt64Array words without a bigint a value. One result at a time:
 * the functions leave it in `lo` and `hi` of the object they are given.
 */
export interface Words {
  /** Low and high half, each as a signed 32-bit number. */
  lo: number;
  hi: number;
}

const TWO26 = 67108864;

/**
 * a * k + b exactly, for integers |a| < 2^53, 0 <= k <= 2^22, |b| < 2^52. False when the result passes 64 bits.
 * Floor arithmetic throughout, so that negative values come out in two's complement.
 */
export function mulAdd64(a: number, k: number, b: number, out: Words): boolean {
  const high = Math.floor(a / TWO26);
  const low = (a - high * TWO26) * k + b;
  const carry = Math.floor(low / TWO26);
  const middle = high * k + carry;
  const top = Math.floor(middle / 64);
  out.lo = ((middle - top * 64) * TWO26 + (low - carry * TWO26)) | 0;
  out.hi = top | 0;
  return top >= -2147483648 && top <= 2147483647;
}

/** An exact double as words. */
export function splitExact(v: number, out: Words): void {
  const hi = Math.floor(v / 4294967296);
  out.hi = hi | 0;
  out.lo = (v - hi * 4294967296) | 0;
}

/** True when the value lies beyond +-(2^53 - 1). */
export function beyondExact(lo: number, hi: number): boolean {
  return hi < -0x200000 || hi >= 0x200000 || (hi === -0x200000 && lo === 0);
}

const DIGIT_POWERS = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6];

/**
 * Decimal digits with an optional sign in u8[from, to) as a 64-bit integer. False when there is anything else or the value
 * does not fit in 64 bits.
 */
export function parseInt64(u8: Uint8Array, from: number, to: number, out: Words): boolean {
  let i = from;
  const sign = u8[i];
  const negative = sign === 45;
  if (negative || sign === 43) i++;
  if (i >= to) return false;
  while (i < to - 1 && u8[i] === 48) i++;
  const digits = to - i;
  if (digits > 19) return false;
  const cut = digits > 15 ? i + 15 : to;
  let head = 0;
  for (; i < cut; i++) {
    const d = u8[i]! - 48;
    if (d >>> 0 > 9) return false;
    head = head * 10 + d;
  }
  if (i === to) {
    splitExact(negative ? -head : head, out);
    return true;
  }
  let tail = 0;
  const tailDigits = to - i;
  for (; i < to; i++) {
    const d = u8[i]! - 48;
    if (d >>> 0 > 9) return false;
    tail = tail * 10 + d;
  }
  const k = DIGIT_POWERS[tailDigits]!;
  return negative ? mulAdd64(-head, k, -tail, out) : mulAdd64(head, k, tail, out);
}
