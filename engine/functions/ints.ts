/** Integers beside the exact range of numbers: number while |v| <= 2^53 - 1, bigint beyond (the LiteralValue convention). */
export type Int = number | bigint;

const MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** The canonical form of an integer. */
export function narrow(v: bigint): Int {
  return v <= MAX && v >= -MAX ? Number(v) : v;
}

/** Applies `num` when both are numbers and its result is exact, else `big`. */
export function exact(
  a: Int,
  b: Int,
  num: (a: number, b: number) => number,
  big: (a: bigint, b: bigint) => bigint,
): Int {
  if (typeof a === 'number' && typeof b === 'number') {
    const r = num(a, b);
    if (Number.isSafeInteger(r)) return r + 0;
  }
  return narrow(big(BigInt(a), BigInt(b)));
}

export const addInt = (a: Int, b: Int): Int =>
  exact(
    a,
    b,
    (x, y) => x + y,
    (x, y) => x + y,
  );

export const mulInt = (a: Int, b: Int): Int =>
  exact(
    a,
    b,
    (x, y) => x * y,
    (x, y) => x * y,
  );

/** Quotient rounded toward minus infinity; `by` > 0. */
export function floorDiv(a: Int, by: number): number {
  if (typeof a === 'number') return Math.floor(a / by);
  const d = BigInt(by);
  const q = a / d;
  return Number(a % d < 0n ? q - 1n : q);
}

/** Remainder with the sign of `by` (> 0), so 0 <= result < by. */
export function floorMod(a: Int, by: number): number {
  const r = typeof a === 'number' ? a % by : Number(a % BigInt(by));
  return r < 0 ? r + by : r + 0;
}

/** 10^n as a bigint, n >= 0. */
export function pow10(n: number): bigint {
  return 10n ** BigInt(n);
}

/** Division by 10^n, rounding half away from zero: the rounding of decimals. */
export function divRound(v: bigint, by: bigint): bigint {
  const q = v / by;
  const r = v % by;
  const twice = 2n * (r < 0n ? -r : r);
  return twice >= by ? q + (v < 0n ? -1n : 1n) : q;
}
