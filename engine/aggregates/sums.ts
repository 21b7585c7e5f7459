import { setBit } from '../batch/bitmap.ts';
import type { Column } from '../batch/column.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { f64Vector } from '../memory/vector.ts';
import type { Store } from '../store/types.ts';
import type { DataType } from '../types.ts';
import { field, isNumeric, T } from '../types.ts';
import { addCounts, countColumn } from './counts.ts';
import type { Accumulator, AggregateDef } from './def.ts';
import { binaryExponent, DoubleDoubles, floatColumn, productError } from './double_double.ts';
import { foldCount } from './folds.ts';
import { IntSum } from './int_sum.ts';
import { doublesOf, validRows } from './numbers.ts';

/** A float column of `n` results; NaN is a value, `missing(i)` says where null is. */
export function nullableFloats(n: number, scratch: Scratch, value: (i: number) => number | null): Column {
  const values = scratch.f64(n);
  const validity = scratch.bitmap(n, false);
  let nullCount = 0;
  for (let i = 0; i < n; i++) {
    const v = value(i);
    values[i] = v ?? 0;
    if (v === null) nullCount++;
    else setBit(validity, i);
  }
  return { type: T.float, phys: 'f64', length: n, nullCount, validity: nullCount === 0 ? null : validity, values };
}

class FloatSum implements Accumulator {
  private readonly sum: DoubleDoubles;

  constructor(store: Store) {
    this.sum = new DoubleDoubles(store, 'sum');
  }

  bytes(): number {
    return this.sum.bytes();
  }

  grow(groups: number): void {
    this.sum.grow(groups);
  }

  add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const col = args[0] as Column;
    if (this.sum.addColumn(groups, rows, col)) return;
    const v = validRows(groups, rows, args);
    this.sum.add(v.groups, doublesOf(col, v, 0), v.n);
  }

  merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    this.sum.merge(groups, rows, state[0] as Column, state[1] as Column);
  }

  states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    return this.sum.states(order, n, scratch);
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    const all = this.sum.column(null, 1, order, n, scratch);
    if (all !== null) return all;
    return nullableFloats(n, scratch, (i) =>
      this.sum.isEmpty(order[i] as number) ? null : this.sum.high(order[i] as number),
    );
  }

  clear(): void {
    this.sum.clear();
  }

  free(): void {
    this.sum.free();
  }
}

/** Sum over count. Ints and decimals are summed as doubles in double-double too, which is exact up to 2^105. */
class Mean implements Accumulator {
  private readonly sum: DoubleDoubles;
  private readonly n: Vector<Float64Array>;
  /** 10^scale for decimals. */
  private readonly unit: number;

  constructor(store: Store, arg: DataType) {
    this.sum = new DoubleDoubles(store, 'mean');
    this.n = f64Vector(store, 'mean');
    this.unit = arg.kind === 'decimal' ? 10 ** arg.scale : 1;
  }

  bytes(): number {
    return this.sum.bytes() + this.n.bytes;
  }

  grow(groups: number): void {
    this.sum.grow(groups);
    this.n.grow(groups, 0);
  }

  add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const col = args[0] as Column;
    const n = this.n.data;
    const summed = this.sum.addColumn(groups, rows, col);
    const counted = foldCount(groups, rows, col, n);
    if (summed && counted) return;
    const v = validRows(groups, rows, args);
    if (!summed) this.sum.add(v.groups, doublesOf(col, v, 0), v.n);
    if (counted) return;
    for (let i = 0; i < v.n; i++) {
      const g = v.groups[i] as number;
      n[g] = (n[g] as number) + 1;
    }
  }

  merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    this.sum.merge(groups, rows, state[0] as Column, state[1] as Column);
    addCounts(this.n.data, groups, rows, state[2] as Column);
  }

  states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    return [...this.sum.states(order, n, scratch), countColumn(this.n.data, order, n, scratch)];
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    const counts = this.n.data;
    const all = this.sum.column(counts, this.unit, order, n, scratch);
    if (all !== null) return all;
    return nullableFloats(n, scratch, (i) => {
      const g = order[i] as number;
      return counts[g] === 0 ? null : this.sum.high(g) / (counts[g] as number) / this.unit;
    });
  }

  clear(): void {
    this.sum.clear();
    this.n.length = 0;
  }

  free(): void {
    this.sum.free();
    this.n.free();
  }
}

/**
 * Products as a double-double mantissa and a power of two, so that neither rounding nor an intermediate overflow depends on the grouping. Zeros, infinities
 * and NaN are multiplied apart. `hi` 0 marks a product without factors.
 */
class Product implements Accumulator {
  private readonly hi: Vector<Float64Array>;
  private readonly lo: Vector<Float64Array>;
  private readonly exponent: Vector<Float64Array>;
  private readonly special: Vector<Float64Array>;
  private readonly scale: number;

  constructor(store: Store, arg: DataType) {
    this.hi = f64Vector(store, 'product');
    this.lo = f64Vector(store, 'product');
    this.exponent = f64Vector(store, 'product');
    this.special = f64Vector(store, 'product');
    this.scale = arg.kind === 'decimal' ? 10 ** arg.scale : 1;
  }

  bytes(): number {
    return this.hi.bytes * 4;
  }

  grow(groups: number): void {
    this.hi.grow(groups, 0);
    this.lo.grow(groups, 0);
    this.exponent.grow(groups, 0);
    this.special.grow(groups, 1);
  }

  add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const v = validRows(groups, rows, args);
    const x = doublesOf(args[0] as Column, v, 0);
    for (let i = 0; i < v.n; i++) {
      const g = v.groups[i] as number;
      const factor = (x[i] as number) / this.scale;
      if (factor === 0 || factor - factor !== 0) {
        this.special.data[g] = (this.special.data[g] as number) * factor;
        this.multiply(g, 1, 0, 0);
      } else this.multiply(g, factor, 0, 0);
    }
  }

  private multiply(g: number, hi: number, lo: number, exponent: number): void {
    const shift = binaryExponent(hi);
    // Two steps: the scale of a subnormal number is itself out of range.
    const half = shift >> 1;
    const down = (v: number): number => v * 2 ** -half * 2 ** -(shift - half);
    const a = (this.hi.data[g] as number) || 1;
    const b = down(hi);
    const p = a * b;
    const e = productError(a, b, p) + (a * down(lo) + (this.lo.data[g] as number) * b);
    const s = p + e;
    this.hi.data[g] = s;
    this.lo.data[g] = e - (s - p);
    this.exponent.data[g] = (this.exponent.data[g] as number) + shift + exponent;
    const drift = binaryExponent(s);
    if (drift !== 0) {
      this.hi.data[g] = s * 2 ** -drift;
      this.lo.data[g] = (this.lo.data[g] as number) * 2 ** -drift;
      this.exponent.data[g] = (this.exponent.data[g] as number) + drift;
    }
  }

  merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    const [hi, lo, exponent, special] = state.map((c) => (c as Column & { phys: 'f64' }).values) as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    for (let i = 0; i < rows; i++) {
      if (hi[i] === 0) continue;
      const g = groups[i] as number;
      this.multiply(g, hi[i] as number, lo[i] as number, exponent[i] as number);
      this.special.data[g] = (this.special.data[g] as number) * (special[i] as number);
    }
  }

  states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    return [this.hi, this.lo, this.exponent, this.special].map((v) => floatColumn(v.data, order, n, scratch));
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    return nullableFloats(n, scratch, (i) => {
      const g = order[i] as number;
      const hi = this.hi.data[g] as number;
      if (hi === 0) return null;
      const special = this.special.data[g] as number;
      if (special !== 1) return special * Math.sign(hi);
      const e = Math.max(-2200, Math.min(2200, this.exponent.data[g] as number));
      const half = e >> 1;
      return hi * 2 ** half * 2 ** (e - half);
    });
  }

  clear(): void {
    for (const v of [this.hi, this.lo, this.exponent, this.special]) v.length = 0;
  }

  free(): void {
    for (const v of [this.hi, this.lo, this.exponent, this.special]) v.free();
  }
}

const DD_STATE = [field('s0', T.float, false), field('s1', T.float, false)];

function sumResult(arg: DataType): DataType | null {
  if (arg.kind === 'decimal') return T.decimal(38, arg.scale);
  return arg.kind === 'int' || arg.kind === 'null' ? T.int : arg.kind === 'float' ? T.float : null;
}

export const SUMS: readonly AggregateDef[] = [
  {
    name: 'sum',
    doc: 'The sum of the values; null when there are none. Ints and decimals are summed exactly (a decimal sum has 38 digits; a total that does not fit is an error), floats so that the order of the rows does not show.',
    signature: 'sum(x: int) -> int?, sum(x: decimal(p, s)) -> decimal(38, s)?, sum(x: float) -> float?',
    example: 'summarize revenue = sum(price * quantity) by day',
    resolve: ([arg, ...more]) => {
      const type = arg === undefined || more.length > 0 ? null : sumResult(arg);
      if (type === null || arg === undefined) return null;
      if (type.kind === 'float')
        return { type, nullable: true, state: DD_STATE, create: (store) => new FloatSum(store) };
      const limbs = arg.kind === 'decimal' && arg.precision > 18 ? 3 : 2;
      const state = limbs === 3 ? [...DD_STATE, field('s2', T.float, false)] : DD_STATE;
      return { type, nullable: true, state, create: (store) => new IntSum(store, type, limbs) };
    },
  },
  {
    name: 'mean',
    aliases: ['avg'],
    doc: 'The arithmetic mean of the values; null when there are none.',
    signature: 'mean(x: int | float | decimal) -> float?',
    example: 'summarize avg_delay = mean(delay) by origin',
    resolve: ([arg, ...more]) => {
      if (arg === undefined || more.length > 0 || !(isNumeric(arg) || arg.kind === 'null')) return null;
      return {
        type: T.float,
        nullable: true,
        state: [...DD_STATE, field('s2', T.int, false)],
        create: (store) => new Mean(store, arg),
      };
    },
  },
  {
    name: 'product',
    doc: 'The product of the values; null when there are none.',
    signature: 'product(x: int | float | decimal) -> float?',
    example: 'summarize growth = product(1 + rate) by fund',
    resolve: ([arg, ...more]) => {
      if (arg === undefined || more.length > 0 || !(isNumeric(arg) || arg.kind === 'null')) return null;
      const state = ['s0', 's1', 's2', 's3'].map((name) => field(name, T.float, false));
      return { type: T.float, nullable: true, state, create: (store) => new Product(store, arg) };
    },
  },
];
