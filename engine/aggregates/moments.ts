import type { Column } from '../batch/column.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { f64Vector, u32Vector } from '../memory/vector.ts';
import type { Store } from '../store/types.ts';
import type { DataType, Field } from '../types.ts';
import { field, isNumeric, T } from '../types.ts';
import { addCounts, countColumn } from './counts.ts';
import type { Accumulator, AggregateDef, ResolvedAggregate } from './def.ts';
import type { DD } from './double_double.ts';
import { DoubleDoubles, ddAdd, ddDivide, ddMultiply, ddNegate, productError } from './double_double.ts';
import { foldMoments, MOMENTS_WORDS } from './folds.ts';
import { doublesOf, slot, validRows } from './numbers.ts';
import { SmallMoments } from './small_moments.ts';
import { nullableFloats } from './sums.ts';

/** Centred sums of one group: n, sum (x-mx)^2, sum (y-my)^2, sum (x-mx)(y-my). */
interface Centred {
  readonly n: number;
  readonly xx: number;
  readonly yy: number;
  readonly xy: number;
  /** Means. */
  readonly mx: number;
  readonly my: number;
  /** The mean of x weighted by y. */
  readonly weighted: number;
}

export type Formula = (c: Centred) => number | null;

/**
 * Count and double-double sums of x, x*x and, for two arguments, y, y*y, x*y. Products enter with their rounding errors, so that the centred sums
 * are as good as a second pass over the data and do not show how rows were grouped.
 */
class Moments implements Accumulator {
  private readonly n: Vector<Float64Array>;
  /** x, xx, then y, yy, xy. */
  private readonly sums: readonly DoubleDoubles[];
  private readonly units: readonly number[];
  private readonly formula: Formula;
  /** What the kernel is told. */
  private readonly job: Vector<Uint32Array>;
  /** Sums that are not in `n` and `sums` yet. */
  private readonly small: SmallMoments;

  constructor(store: Store, args: readonly DataType[], formula: Formula) {
    this.n = f64Vector(store, 'moments');
    this.job = u32Vector(store, 'moments');
    this.small = new SmallMoments(store, args.length);
    this.sums = Array.from({ length: args.length === 1 ? 2 : 5 }, () => new DoubleDoubles(store, 'moments'));
    this.units = args.map((t) => (t.kind === 'decimal' ? 10 ** t.scale : 1));
    this.formula = formula;
  }

  private sum(k: number): DoubleDoubles {
    return this.sums[k] as DoubleDoubles;
  }

  bytes(): number {
    return this.sums.reduce((b, s) => b + s.bytes(), this.n.bytes + this.small.bytes());
  }

  grow(groups: number): void {
    this.n.grow(groups, 0);
    for (const s of this.sums) s.grow(groups);
  }

  /** Takes over the sums of small ints. */
  private settle(): void {
    this.small.settle(this.n.data, this.sums);
  }

  /** Does so for good. */
  private leave(): void {
    this.settle();
    this.small.leave();
  }

  add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    if (this.small.add(groups, rows, args, this.n.length, () => this.settle())) return;
    this.leave();
    this.job.reserve(MOMENTS_WORDS);
    const sums = this.sums.map((s) => s.parts);
    if (foldMoments(groups, rows, args, this.n.data, sums, this.job.data)) return;
    const v = validRows(groups, rows, args);
    const counts = this.n.data;
    for (let i = 0; i < v.n; i++) {
      const g = v.groups[i] as number;
      counts[g] = (counts[g] as number) + 1;
    }
    const x = doublesOf(args[0] as Column, v, 0);
    this.sum(0).add(v.groups, x, v.n);
    this.addProducts(1, v.groups, x, x, v.n);
    if (this.sums.length === 2) return;
    const y = doublesOf(args[1] as Column, v, 1);
    this.sum(2).add(v.groups, y, v.n);
    this.addProducts(3, v.groups, y, y, v.n);
    this.addProducts(4, v.groups, x, y, v.n);
  }

  private addProducts(k: number, groups: Uint32Array, x: Float64Array, y: Float64Array, n: number): void {
    const products = slot(2, n);
    const errors = slot(3, n);
    for (let i = 0; i < n; i++) {
      const p = (x[i] as number) * (y[i] as number);
      products[i] = p;
      // Of infinite and huge factors there is none to be had.
      errors[i] = productError(x[i] as number, y[i] as number, p) || 0;
    }
    this.sum(k).addPairs(groups, products, errors, n);
  }

  merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    this.leave();
    addCounts(this.n.data, groups, rows, state[0] as Column);
    this.sums.forEach((s, k) => {
      s.merge(groups, rows, state[1 + 2 * k] as Column, state[2 + 2 * k] as Column);
    });
  }

  states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    this.settle();
    return [countColumn(this.n.data, order, n, scratch), ...this.sums.flatMap((s) => s.states(order, n, scratch))];
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    this.settle();
    return nullableFloats(n, scratch, (i) => {
      const g = order[i] as number;
      const count = this.n.data[g] as number;
      if (count === 0) return null;
      const dd = (k: number): DD => [this.sum(k).high(g), this.sum(k).low(g)];
      const centred = (product: number, a: number, b: number): number =>
        ddAdd(dd(product), ddNegate(ddDivide(ddMultiply(dd(a), dd(b)), count)))[0];
      const [ux = 1, uy = 1] = this.units;
      const xx = atLeast0(centred(1, 0, 0) / (ux * ux));
      const mx = ddDivide(dd(0), count)[0] / ux;
      if (this.sums.length === 2) return this.formula({ n: count, xx, yy: 0, xy: 0, mx, my: 0, weighted: mx });
      return this.formula({
        n: count,
        xx,
        yy: atLeast0(centred(3, 2, 2) / (uy * uy)),
        xy: centred(4, 0, 2) / (ux * uy),
        mx,
        my: ddDivide(dd(2), count)[0] / uy,
        weighted: this.sum(4).high(g) / this.sum(2).high(g) / ux,
      });
    });
  }

  clear(): void {
    this.small.clear();
    this.n.length = 0;
    for (const s of this.sums) s.clear();
  }

  free(): void {
    this.small.free();
    this.n.free();
    this.job.free();
    for (const s of this.sums) s.free();
  }
}

/** A sum of squares that rounding left just below 0; NaN stays. */
function atLeast0(v: number): number {
  return Math.max(0, v);
}

const varPop: Formula = (c) => c.xx / c.n;
const varSamp: Formula = (c) => (c.n < 2 ? null : c.xx / (c.n - 1));
const root =
  (f: Formula): Formula =>
  (c) => {
    const v = f(c);
    return v === null ? null : Math.sqrt(v);
  };

function corr(c: Centred): number | null {
  if (c.n < 2 || c.xx === 0 || c.yy === 0) return null;
  const r = c.xy / Math.sqrt(c.xx) / Math.sqrt(c.yy);
  return Math.max(-1, Math.min(1, r));
}

export function moments(args: readonly DataType[], arity: 1 | 2, formula: Formula): ResolvedAggregate | null {
  if (args.length !== arity || !args.every((t) => isNumeric(t) || t.kind === 'null')) return null;
  const floats = arity === 1 ? 4 : 10;
  const state: Field[] = [field('s0', T.int, false)];
  for (let k = 1; k <= floats; k++) state.push(field(`s${k}`, T.float, false));
  return { type: T.float, nullable: true, state, create: (store) => new Moments(store, args, formula) };
}

export const one = 'x: int | float | decimal';
export const two = 'x: int | float | decimal, y: int | float | decimal';

export const MOMENTS: readonly AggregateDef[] = [
  {
    name: 'var_pop',
    doc: 'The population variance; null without values.',
    signature: `var_pop(${one}) -> float?`,
    example: 'summarize v = var_pop(weight) by breed',
    resolve: (args) => moments(args, 1, varPop),
  },
  {
    name: 'var_samp',
    aliases: ['variance'],
    doc: 'The sample variance (divided by n - 1); null with fewer than two values.',
    signature: `var_samp(${one}) -> float?`,
    example: 'summarize v = variance(weight) by breed',
    resolve: (args) => moments(args, 1, varSamp),
  },
  {
    name: 'stddev_pop',
    doc: 'The population standard deviation; null without values.',
    signature: `stddev_pop(${one}) -> float?`,
    example: 'summarize s = stddev_pop(weight) by breed',
    resolve: (args) => moments(args, 1, root(varPop)),
  },
  {
    name: 'stddev_samp',
    aliases: ['stddev'],
    doc: 'The sample standard deviation; null with fewer than two values.',
    signature: `stddev_samp(${one}) -> float?`,
    example: 'summarize s = stddev(weight) by breed',
    resolve: (args) => moments(args, 1, root(varSamp)),
  },
  {
    name: 'covar_pop',
    doc: 'The population covariance over the rows where neither is null; null without such rows.',
    signature: `covar_pop(${two}) -> float?`,
    example: 'summarize c = covar_pop(height, weight)',
    resolve: (args) => moments(args, 2, (c) => c.xy / c.n),
  },
  {
    name: 'covar_samp',
    doc: 'The sample covariance over the rows where neither is null; null with fewer than two such rows.',
    signature: `covar_samp(${two}) -> float?`,
    example: 'summarize c = covar_samp(height, weight)',
    resolve: (args) => moments(args, 2, (c) => (c.n < 2 ? null : c.xy / (c.n - 1))),
  },
  {
    name: 'corr',
    doc: 'The correlation coefficient (Pearson) over the rows where neither is null; null with fewer than two such rows or where one side is constant.',
    signature: `corr(${two}) -> float?`,
    example: 'summarize r = corr(height, weight) by sex',
    resolve: (args) => moments(args, 2, corr),
  },
];
