import type { Column } from '../batch/column.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { f64Vector } from '../memory/vector.ts';
import { pickDoubles } from '../operators/number_kernels.ts';
import type { Store } from '../store/types.ts';
import { T } from '../types.ts';
import { floatsOf, foldDoubleDoubles, foldDoubles } from './folds.ts';

/**
 * Sums in double-double (an unevaluated hi + lo, 106 bits): what is lost lies so far below the result's last bit that grouping the terms
 * into other partial sums does not show. A `lo` of -0 marks a sum without terms, since no addition leaves one behind.
 */
export class DoubleDoubles {
  private readonly hi: Vector<Float64Array>;
  private readonly lo: Vector<Float64Array>;

  constructor(store: Store, owner: string) {
    this.hi = f64Vector(store, owner);
    this.lo = f64Vector(store, owner);
  }

  bytes(): number {
    return this.hi.bytes + this.lo.bytes;
  }

  grow(groups: number): void {
    this.hi.grow(groups, 0);
    this.lo.grow(groups, -0);
  }

  /** Adds the column's values; false when only `add` can. */
  addColumn(groups: Uint32Array, rows: number, col: Column): boolean {
    return foldDoubles(groups, rows, col, this.hi.data, this.lo.data);
  }

  add(groups: Uint32Array, values: Float64Array, n: number): void {
    accumulate(this.hi.data, this.lo.data, groups, values, n);
  }

  /** Adds, row by row, two terms. */
  addPairs(groups: Uint32Array, first: Float64Array, second: Float64Array, n: number): void {
    accumulatePairs(this.hi.data, this.lo.data, groups, first, second, n);
  }

  /** The memory of the sums: high and low parts. */
  get parts(): readonly [hi: Float64Array, lo: Float64Array] {
    return [this.hi.data, this.lo.data];
  }

  /** Merges states as `states` gives them. */
  merge(groups: Uint32Array, n: number, hi: Column, lo: Column): void {
    if (hi.phys !== 'f64' || lo.phys !== 'f64') return;
    if (foldDoubleDoubles(groups, n, hi.values, lo.values, this.hi.data, this.lo.data)) return;
    mergeSums(this.hi.data, this.lo.data, groups, hi.values, lo.values, n);
  }

  isEmpty(group: number): boolean {
    return Object.is(this.lo.data[group], -0);
  }

  /** The sum rounded to a double. */
  high(group: number): number {
    return this.hi.data[group] as number;
  }

  low(group: number): number {
    return (this.lo.data[group] as number) + 0;
  }

  /** The sums, rounded, of the first `n` groups of `order`, each divided by its count and `unit` if there are counts; null where only single ones can be had. */
  column(counts: Float64Array | null, unit: number, order: Uint32Array, n: number, scratch: Scratch): Column | null {
    return floatsOf(this.hi.data, this.lo.data, counts, unit, order, n, scratch);
  }

  states(order: Uint32Array, n: number, scratch: Scratch): [Column, Column] {
    return [floatColumn(this.hi.data, order, n, scratch), floatColumn(this.lo.data, order, n, scratch)];
  }

  clear(): void {
    this.hi.length = 0;
    this.lo.length = 0;
  }

  free(): void {
    this.hi.free();
    this.lo.free();
  }
}

/** `values[order[i]]` as a float column without nulls. */
export function floatColumn(from: Float64Array, order: Uint32Array, n: number, scratch: Scratch): Column {
  const values = scratch.f64(n);
  pickDoubles(from, order, n, values);
  return { type: T.float, phys: 'f64', length: n, nullCount: 0, validity: null, values };
}

function accumulate(hi: Float64Array, lo: Float64Array, groups: Uint32Array, values: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    const g = groups[i] as number;
    const x = values[i] as number;
    const a = hi[g] as number;
    const s = a + x;
    const b = s - a;
    const l = (lo[g] as number) + (a - (s - b) + (x - b));
    const t = s + l;
    if (t - t === 0) {
      hi[g] = t;
      lo[g] = l - (t - s);
    } else {
      // Infinite or NaN: plain arithmetic says what the sum is, the error term is meaningless.
      hi[g] = s;
      lo[g] = 0;
    }
  }
}

function accumulatePairs(
  hi: Float64Array,
  lo: Float64Array,
  groups: Uint32Array,
  first: Float64Array,
  second: Float64Array,
  n: number,
): void {
  for (let i = 0; i < n; i++) {
    const g = groups[i] as number;
    for (let k = 0; k < 2; k++) {
      const x = (k === 0 ? first : second)[i] as number;
      const a = hi[g] as number;
      const s = a + x;
      const b = s - a;
      const l = (lo[g] as number) + (a - (s - b) + (x - b));
      const t = s + l;
      const finite = t - t === 0;
      hi[g] = finite ? t : s;
      lo[g] = finite ? l - (t - s) : 0;
    }
  }
}

/** Adds sums: the high part, then the low one; those without terms (low part -0) are left out. */
function mergeSums(
  hi: Float64Array,
  lo: Float64Array,
  groups: Uint32Array,
  high: Float64Array,
  low: Float64Array,
  n: number,
): void {
  for (let i = 0; i < n; i++) {
    const y = low[i] as number;
    if (y === 0 && 1 / y < 0) continue;
    const g = groups[i] as number;
    for (let x = high[i] as number, rest = y, k = 0; k < 2; k++, x = rest) {
      const a = hi[g] as number;
      const s = a + x;
      const b = s - a;
      const l = (lo[g] as number) + (a - (s - b) + (x - b));
      const t = s + l;
      const finite = t - t === 0;
      hi[g] = finite ? t : s;
      lo[g] = finite ? l - (t - s) : 0;
      if (rest === 0) break;
    }
  }
}

/** A double-double value. */
export type DD = readonly [hi: number, lo: number];

function quickTwoSum(a: number, b: number): DD {
  const s = a + b;
  return [s, b - (s - a)];
}

export function ddAdd(a: DD, b: DD): DD {
  const s = a[0] + b[0];
  const v = s - a[0];
  const e = a[0] - (s - v) + (b[0] - v);
  return quickTwoSum(s, e + a[1] + b[1]);
}

export function ddNegate(a: DD): DD {
  return [-a[0], -a[1]];
}

const SPLITTER = 134217729;

/** Rounding error of the product p = a * b (Dekker); NaN where the split overflows. */
export function productError(a: number, b: number, p: number): number {
  const ca = SPLITTER * a;
  const ah = ca - (ca - a);
  const al = a - ah;
  const cb = SPLITTER * b;
  const bh = cb - (cb - b);
  const bl = b - bh;
  return al * bl - (p - ah * bh - al * bh - ah * bl);
}

export function ddMultiply(a: DD, b: DD): DD {
  const p = a[0] * b[0];
  return quickTwoSum(p, productError(a[0], b[0], p) + (a[0] * b[1] + a[1] * b[0]));
}

export function ddDivide(a: DD, n: number): DD {
  const q = a[0] / n;
  const p = q * n;
  const r = a[0] - p - productError(q, n, p) + a[1];
  return quickTwoSum(q, r / n);
}

const bits = new DataView(new ArrayBuffer(8));

/** e with 1 <= |x| / 2^e < 2; x is finite and not 0. */
export function binaryExponent(x: number): number {
  bits.setFloat64(0, x);
  const e = (bits.getUint16(0) >> 4) & 0x7ff;
  if (e !== 0) return e - 1023;
  return binaryExponent(x * 2 ** 64) - 64;
}

/** Greatest e with x a multiple of 2^e; x is finite and not 0. */
export function lowestBit(x: number): number {
  bits.setFloat64(0, x);
  const [high, low] = [bits.getUint32(0), bits.getUint32(4)];
  const biased = (high >>> 20) & 0x7ff;
  // The leading one stands in front of the 52 bits of a normal number.
  const top = (high & 0xfffff) | (biased === 0 ? 0 : 0x100000);
  const zeros = low === 0 ? 32 + trailingZeros(top) : trailingZeros(low);
  return Math.max(biased, 1) - 1075 + zeros;
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}
