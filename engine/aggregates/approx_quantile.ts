import type { Column } from '../batch/column.ts';
import { RunError } from '../errors.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { f64Vector } from '../memory/vector.ts';
import type { NumberStore } from '../operators/number_store.ts';
import type { Store } from '../store/types.ts';
import type { DataType } from '../types.ts';
import { field, isNumeric, T } from '../types.ts';
import type { Accumulator, AggregateDef, ResolvedAggregate } from './def.ts';
import { floatColumn } from './double_double.ts';
import type { ValidRows } from './numbers.ts';
import { doublesOf, validRows } from './numbers.ts';
import { nullableFloats } from './sums.ts';
import { ValueSets } from './value_sets.ts';

/** Relative error of an answer. */
const ACCURACY = 0.01;
const GAMMA = (1 + ACCURACY) / (1 - ACCURACY);
const LOG_GAMMA = Math.log(GAMMA);
/** Added to a magnitude's bucket, so that all of them are above 0 and the sign can stand for that of the value. */
const SHIFT = 40000;
/** Buckets of infinity and NaN, behind those of all numbers. */
const INFINITE = 100000;
const NOT_A_NUMBER = 100001;

function bucketOf(x: number): number {
  if (x === 0) return 0;
  if (x !== x) return NOT_A_NUMBER;
  const size = Math.abs(x);
  const bucket = size === Number.POSITIVE_INFINITY ? INFINITE : Math.ceil(Math.log(size) / LOG_GAMMA) + SHIFT;
  return x < 0 ? -bucket : bucket;
}

function valueOf(bucket: number): number {
  if (bucket === 0) return 0;
  if (bucket === NOT_A_NUMBER) return Number.NaN;
  const size = Math.abs(bucket);
  if (size === INFINITE) return bucket < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  // The middle of the bucket, by relative error; scaled first, as the bucket's end may lie beyond the largest number.
  const middle = GAMMA ** (size - SHIFT - 1) * ((2 * GAMMA) / (GAMMA + 1));
  return bucket < 0 ? -middle : middle;
}

/**
 * Counts of values in logarithmic buckets (as DDSketch): adding and merging only count, so that the answer does not depend on the order or grouping of
 * the rows, and a group holds at most a few thousand buckets.
 */
class QuantileSketch implements Accumulator {
  private readonly buckets: ValueSets;
  private readonly q: Vector<Float64Array>;
  private readonly at: number | null;
  private readonly unit: number;
  private readonly qUnit: number;
  private work = new Float64Array(0);

  constructor(store: Store, arg: DataType, at: number | DataType) {
    this.buckets = new ValueSets(store, T.float, 'quantile sketch');
    this.q = f64Vector(store, 'quantile sketch');
    this.at = typeof at === 'number' ? at : null;
    this.unit = arg.kind === 'decimal' ? 10 ** arg.scale : 1;
    this.qUnit = typeof at !== 'number' && at.kind === 'decimal' ? 10 ** at.scale : 1;
  }

  bytes(): number {
    return this.buckets.bytes() + this.q.bytes;
  }

  grow(groups: number): void {
    this.buckets.grow(groups);
    if (this.at === null) this.q.grow(groups, Number.NaN);
  }

  add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const v = validRows(groups, rows, args);
    const x = doublesOf(args[0] as Column, v, 0);
    if (this.work.length < v.n) this.work = new Float64Array(Math.max(1024, v.n));
    for (let i = 0; i < v.n; i++) this.work[i] = bucketOf((x[i] as number) / this.unit);
    const base = { type: T.float, length: v.n, nullCount: 0, validity: null };
    this.buckets.add({ ...base, phys: 'f64', values: this.work }, v.groups, null, v.n, null);
    if (this.at === null) this.fractions(v, args[1] as Column);
  }

  private fractions(v: ValidRows, col: Column): void {
    const q = doublesOf(col, v, 1);
    for (let i = 0; i < v.n; i++) {
      const value = (q[i] as number) / this.qUnit;
      if (!(value >= 0 && value <= 1)) {
        const text = String(value);
        throw new RunError('FLOW7005', `approx_quantile needs a fraction between 0 and 1, got ${text}`, {
          value: text,
        });
      }
      this.q.data[v.groups[i] as number] = value;
    }
  }

  merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    this.buckets.merge(groups, rows, state[0] as Column, state[1] as Column);
    const q = state[2];
    if (q?.phys !== 'f64') return;
    for (let i = 0; i < rows; i++) {
      if (!Number.isNaN(q.values[i])) this.q.data[groups[i] as number] = q.values[i] as number;
    }
  }

  states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    const { values, times } = this.buckets.lists(T.float, order, n, scratch);
    return this.at === null ? [values, times, floatColumn(this.q.data, order, n, scratch)] : [values, times];
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    const held = (this.buckets.values() as NumberStore).doubles;
    return nullableFloats(n, scratch, (i) => {
      const g = order[i] as number;
      const counted: [bucket: number, times: number][] = [];
      let total = 0;
      for (const [e, times] of this.buckets.entriesOf(g)) {
        counted.push([held.data[e] as number, times]);
        total += times;
      }
      if (total === 0) return null;
      counted.sort((a, b) => a[0] - b[0]);
      const rank = (this.at ?? (this.q.data[g] as number)) * (total - 1);
      let below = 0;
      for (const [bucket, times] of counted) {
        below += times;
        if (below > rank) return valueOf(bucket);
      }
      return valueOf(counted[counted.length - 1]?.[0] ?? 0);
    });
  }

  clear(): void {
    this.buckets.clear();
    this.q.length = 0;
  }

  free(): void {
    this.buckets.free();
    this.q.free();
  }
}

function sketch(args: readonly DataType[], at: number | null): ResolvedAggregate | null {
  const [type, q, ...more] = args;
  if (type === undefined || more.length > 0 || !(isNumeric(type) || type.kind === 'null')) return null;
  const which = at ?? q;
  if (which === undefined || (at !== null && q !== undefined) || (q !== undefined && !isNumeric(q))) return null;
  const state = [field('s0', T.list(T.float, false), false), field('s1', T.list(T.int, false), false)];
  if (at === null) state.push(field('s2', T.float, false));
  return { type: T.float, nullable: true, state, create: (store) => new QuantileSketch(store, type, which) };
}

export const APPROXIMATE_QUANTILES: readonly AggregateDef[] = [
  {
    name: 'approx_median',
    doc: 'About the middle value, within 1 %, in little memory; null when there are none. The same data always give the same answer.',
    signature: 'approx_median(x: int | float | decimal) -> float?',
    example: 'summarize typical = approx_median(price) by town',
    resolve: (args) => sketch(args, 0.5),
  },
  {
    name: 'approx_quantile',
    doc: 'About the value below which the fraction `q` of the values lies, within 1 %, in little memory; null when there are none. The same data always give the same answer.',
    signature: 'approx_quantile(x: int | float | decimal, q: float) -> float?',
    example: 'summarize p95 = approx_quantile(latency, 0.95) by endpoint',
    resolve: (args) => sketch(args, null),
  },
];
