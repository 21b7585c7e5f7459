import type { LiteralValue } from '../../engine/expr.ts';
import type { DataType } from '../../engine/types.ts';

/** Numbers as whole ones over one denominator, so that sums and powers are exact. */
export interface Exact {
  readonly tops: readonly bigint[];
  readonly below: bigint;
}

const LIMB = 70;

/** Null where a number is not finite. */
export function exactly(values: readonly LiteralValue[], t: DataType): Exact | null {
  if (t.kind !== 'float')
    return { tops: values.map((v) => BigInt(v as bigint)), below: t.kind === 'decimal' ? 10n ** BigInt(t.scale) : 1n };
  const xs = values as readonly number[];
  if (!xs.every(Number.isFinite)) return null;
  let bits = 0;
  for (const x of xs) while (!Number.isInteger(x * 2 ** bits) && bits < 1000) bits++;
  return { tops: xs.map((x) => BigInt(Math.trunc(x * 2 ** bits))), below: 1n << BigInt(bits) };
}

export const total = (xs: readonly bigint[]): bigint => xs.reduce((a, x) => a + x, 0n);

/** A fraction as the float next to it. */
export function ratio(top: bigint, below: bigint): number {
  if (top === 0n || below === 0n) return top === 0n && below !== 0n ? 0 : Number.NaN;
  if (top < 0n !== below < 0n) return -ratio(top < 0n ? -top : top, below < 0n ? -below : below);
  const [a, b] = [top < 0n ? -top : top, below < 0n ? -below : below];
  const shift = LIMB - (a.toString(2).length - b.toString(2).length);
  const whole = shift >= 0 ? (a << BigInt(shift)) / b : a / (b << BigInt(-shift));
  return Number(whole) * 2 ** -shift;
}

/** The sum over all values of the product of their distances from their means, `power` times of the first and of the second. */
export function centred(x: Exact, y: Exact, powers: readonly [number, number]): number {
  const n = BigInt(x.tops.length);
  const [sx, sy] = [total(x.tops), total(y.tops)];
  const [p, q] = [BigInt(powers[0]), BigInt(powers[1])];
  const sum = total(x.tops.map((v, i) => (n * v - sx) ** p * (n * (y.tops[i] as bigint) - sy) ** q));
  return ratio(sum, n ** (p + q) * x.below ** p * y.below ** q);
}
