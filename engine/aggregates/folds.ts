import type { Validity } from '../batch/bitmap.ts';
import { ALL_VALID } from '../batch/bitmap.ts';
import type { Column } from '../batch/column.ts';
import { bitmapAt, kernelsFor } from '../kernels/load.ts';
import type { Scratch } from '../memory/types.ts';
import { T } from '../types.ts';

/**
 * Accumulators by kernels: each takes the group of every row and a column, and says whether it did: false where there is no kernel for the column or
 * where not all lies in one memory, and then nothing has changed. Rows without a value are left out.
 */

/** Counts rows, or rows with a value in `col`. */
export function foldCount(groups: Uint32Array, rows: number, col: Column | undefined, counts: Float64Array): boolean {
  if (col?.phys === 'null') return true;
  const validity = col?.validity ?? null;
  const k = kernelsFor(counts, groups, validity);
  if (k === null) return false;
  k.fold_count(groups.byteOffset, bitmapAt(validity), rows, counts.byteOffset);
  return true;
}

export function foldTrues(groups: Uint32Array, rows: number, col: Column, counts: Float64Array): boolean {
  if (col.phys !== 'bool') return false;
  const k = kernelsFor(counts, groups, col.values, col.validity);
  if (k === null) return false;
  k.fold_count_trues(groups.byteOffset, col.values.byteOffset, bitmapAt(col.validity), rows, counts.byteOffset);
  return true;
}

/** Adds counts; the column has no nulls. */
export function foldCounts(groups: Uint32Array, rows: number, col: Column, counts: Float64Array): boolean {
  if (col.phys !== 'i32' && col.phys !== 'i64') return false;
  const k = kernelsFor(counts, groups, col.values);
  if (k === null) return false;
  k[`fold_counts_${col.phys}`](groups.byteOffset, col.values.byteOffset, rows, counts.byteOffset);
  return true;
}

/** Adds ints to sums of two limbs. */
export function foldInts(groups: Uint32Array, rows: number, col: Column, lo: Float64Array, mid: Float64Array): boolean {
  if (col.phys !== 'i32' && col.phys !== 'i64') return false;
  const k = kernelsFor(lo, mid, groups, col.values, col.validity);
  if (k === null) return false;
  const from = [groups.byteOffset, col.values.byteOffset, bitmapAt(col.validity), rows] as const;
  if (col.phys === 'i32') k.fold_sum_i32(...from, lo.byteOffset, mid.byteOffset);
  else k.fold_sum_i64(...from, lo.byteOffset, mid.byteOffset, col.wide ? 1 : 0);
  return true;
}

/** Adds ints or decimals to sums of three limbs. */
export function foldTriples(
  groups: Uint32Array,
  rows: number,
  col: Column,
  lo: Float64Array,
  mid: Float64Array,
  top: Float64Array,
): boolean {
  // A carry of such small terms stays in the limb in the middle.
  if (col.phys === 'i32') return foldInts(groups, rows, col, lo, mid);
  if (col.phys !== 'i64' && col.phys !== 'i128') return false;
  const k = kernelsFor(lo, mid, top, groups, col.values, col.validity);
  if (k === null) return false;
  const form = col.phys === 'i128' ? 2 : col.wide ? 1 : 0;
  const from = [groups.byteOffset, col.values.byteOffset, bitmapAt(col.validity), rows] as const;
  k.fold_sum_triples(...from, form, lo.byteOffset, mid.byteOffset, top.byteOffset);
  return true;
}

/** Adds sums of two limbs; the columns have no nulls. */
export function foldLimbs(
  groups: Uint32Array,
  rows: number,
  low: Float64Array,
  high: Float64Array,
  lo: Float64Array,
  mid: Float64Array,
): boolean {
  const k = kernelsFor(lo, mid, groups, low, high);
  if (k === null) return false;
  k.fold_sum_limbs(groups.byteOffset, low.byteOffset, high.byteOffset, rows, lo.byteOffset, mid.byteOffset);
  return true;
}

/** Adds numbers to double-doubles. */
export function foldDoubles(
  groups: Uint32Array,
  rows: number,
  col: Column,
  hi: Float64Array,
  lo: Float64Array,
): boolean {
  if (col.phys !== 'i32' && col.phys !== 'i64' && col.phys !== 'f64') return false;
  const k = kernelsFor(hi, lo, groups, col.values, col.validity);
  if (k === null) return false;
  const from = [groups.byteOffset, col.values.byteOffset, bitmapAt(col.validity), rows] as const;
  k[`fold_doubles_${col.phys}`](...from, hi.byteOffset, lo.byteOffset);
  return true;
}

/** Adds double-doubles; the columns have no nulls. */
export function foldDoubleDoubles(
  groups: Uint32Array,
  rows: number,
  high: Float64Array,
  low: Float64Array,
  hi: Float64Array,
  lo: Float64Array,
): boolean {
  const k = kernelsFor(hi, lo, groups, high, low);
  if (k === null) return false;
  k.fold_doubles_merge(groups.byteOffset, high.byteOffset, low.byteOffset, rows, hi.byteOffset, lo.byteOffset);
  return true;
}

/** Words of the job of fold_moments; see engine/kernels/assembly/group_moments.ts. */
export const MOMENTS_WORDS = 20;
const FORMS = { i32: 0, i64: 1, f64: 2 } as const;

/** Adds rows without nulls to their group's count and to the sums of moments, pairs of high and low parts. `job`: MOMENTS_WORDS. */
export function foldMoments(
  groups: Uint32Array,
  rows: number,
  args: readonly Column[],
  counts: Float64Array,
  sums: readonly (readonly [hi: Float64Array, lo: Float64Array])[],
  job: Uint32Array,
): boolean {
  const numbers = args.flatMap((c) => (c.phys === 'i32' || c.phys === 'i64' || c.phys === 'f64' ? [c] : []));
  if (numbers.length < args.length) return false;
  const views = [...numbers.flatMap((c) => [c.values, c.validity]), ...sums.flat(), counts, groups];
  const k = kernelsFor(job, ...views);
  if (k === null) return false;
  job.set([groups.byteOffset, rows, counts.byteOffset]);
  numbers.forEach((c, i) => {
    job.set([c.values.byteOffset, FORMS[c.phys], bitmapAt(c.validity)], 3 + 3 * i);
  });
  job.set(
    sums.flatMap(([hi, lo]) => [hi.byteOffset, lo.byteOffset]),
    9,
  );
  k.fold_moments(job.byteOffset, numbers.length - 1);
  return true;
}

/** Keeps the least (`sign` 1) or greatest (-1) number; ints within +-2^53. */
export function foldExtreme(
  groups: Uint32Array,
  rows: number,
  col: Column,
  held: Float64Array,
  nulls: Uint8Array,
  sign: 1 | -1,
): boolean {
  if (col.phys !== 'i32' && col.phys !== 'i64' && col.phys !== 'f64') return false;
  const k = kernelsFor(held, nulls, groups, col.values, col.validity);
  if (k === null) return false;
  const from = [groups.byteOffset, col.values.byteOffset, bitmapAt(col.validity), rows] as const;
  k[`fold_extreme_${col.phys}`](...from, held.byteOffset, nulls.byteOffset, sign);
  return true;
}

const validOf = (bits: Uint8Array, nullCount: number): Validity =>
  nullCount === 0 ? ALL_VALID : { validity: bits, nullCount };

/** The sums of two limbs of the first `n` groups of `order`; null when kernels do not reach them, or one lies beyond +-(2^53 - 1). */
export function sumsOf(
  lo: Float64Array,
  mid: Float64Array,
  order: Uint32Array,
  n: number,
  scratch: Scratch,
): { readonly exact: Float64Array; readonly valid: Validity } | null {
  if (kernelsFor(lo, mid, order) === null) return null;
  const exact = scratch.f64(n);
  const bits = scratch.bitmap(n, false);
  const k = kernelsFor(lo, mid, order, exact, bits);
  if (k === null) return null;
  const at = [lo.byteOffset, mid.byteOffset, order.byteOffset] as const;
  const none = k.fold_sums(...at, n, exact.byteOffset, bits.byteOffset);
  return none < 0 ? null : { exact, valid: validOf(bits, none) };
}

/** Sums of double-doubles, divided by `counts` and `unit` if there are any, of the first `n` groups of `order`; null when kernels do not reach them. */
export function floatsOf(
  hi: Float64Array,
  lo: Float64Array,
  counts: Float64Array | null,
  unit: number,
  order: Uint32Array,
  n: number,
  scratch: Scratch,
): Column | null {
  if (kernelsFor(hi, lo, counts, order) === null) return null;
  const values = scratch.f64(n);
  const bits = scratch.bitmap(n, false);
  const k = kernelsFor(hi, lo, counts, order, values, bits);
  if (k === null) return null;
  const to = [order.byteOffset, n, values.byteOffset, bits.byteOffset] as const;
  const none =
    counts === null
      ? k.fold_highs(hi.byteOffset, lo.byteOffset, ...to)
      : k.fold_means(hi.byteOffset, counts.byteOffset, unit, ...to);
  return { type: T.float, phys: 'f64', length: n, ...validOf(bits, none), values };
}
