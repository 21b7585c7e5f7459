import type { Column } from '../batch/column.ts';
import { EngineBug } from '../errors.ts';
import { kernelsFor } from '../kernels/load.ts';
import type { Scratch } from '../memory/types.ts';
import type { NumberStore } from '../operators/number_store.ts';
import type { Store } from '../store/types.ts';
import type { DataType, Field } from '../types.ts';
import { field, isNumeric, T } from '../types.ts';
import type { AggregateDef, ResolvedAggregate } from './def.ts';
import { Fractions, fractionOf, stateOf, unitOf } from './fractions.ts';
import { groupsOf, OverValues } from './held_values.ts';
import { doublesOf, type ValidRows, validRows } from './numbers.ts';
import { SpilledRuns } from './spilled_runs.ts';
import { nullableFloats } from './sums.ts';
import type { GroupIndex } from './value_log.ts';

const FLOATS = T.list(T.float, false);
const PAIR: readonly Field[] = [field('g', T.int, false), field('v', T.float)];

/** Place of a quantile among `n` sorted values, between two of them where it is not whole. */
const placeOf = (n: number, q: number): number => q * (n - 1);

const between = (a: number, b: number, part: number): number => (part === 0 ? a : a + (b - a) * part);

function interpolate(sorted: Float64Array, q: number): number {
  const place = placeOf(sorted.length, q);
  const below = Math.floor(place);
  // Of zeros, which sign comes first depends on how they were sorted.
  return between(sorted[below] as number, sorted[below + 1] as number, place - below) + 0;
}

/** The quantiles of groups whose values lie in sorted runs; NaN for a group without values. */
function quantilesOf(runs: SpilledRuns, counts: readonly number[], q: (g: number) => number): Float64Array {
  const out = new Float64Array(counts.length).fill(Number.NaN);
  const numbers: number[] = [];
  const wanted: { readonly g: number; readonly part: number; readonly upper: boolean }[] = [];
  let start = 0;
  counts.forEach((n, g) => {
    if (n > 0) {
      const place = placeOf(n, q(g));
      const below = Math.floor(place);
      const part = place - below;
      numbers.push(start + below);
      wanted.push({ g, part, upper: false });
      if (part > 0) {
        numbers.push(start + below + 1);
        wanted.push({ g, part, upper: true });
      }
    }
    start += n;
  });
  runs.pick(Float64Array.from(numbers), 1, (k, col, row) => {
    if (col.phys !== 'f64') throw new EngineBug('spilled values are not floats');
    const { g, part, upper } = wanted[k] as (typeof wanted)[number];
    const v = col.values[row] as number;
    out[g] = (upper ? between(out[g] as number, v, part) : v) + 0;
  });
  return out;
}

/** All values of groups as doubles. */
abstract class OverDoubles extends OverValues {
  protected readonly unit: number;
  private results: Float64Array | null = null;

  constructor(store: Store, arg: DataType) {
    super(store, T.float, 'quantile', true);
    this.unit = unitOf(arg);
  }

  override add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const v = validRows(groups, rows, args);
    this.append(args[0] as Column, v);
  }

  protected append(col: Column, v: ValidRows): void {
    if (col.phys === 'f64' || col.phys === 'i32') {
      this.held.log.append(col, v.groups, v.rows, v.n);
      return;
    }
    const values = doublesOf(col, v, 0);
    const doubles: Column = { type: T.float, phys: 'f64', length: v.n, nullCount: 0, validity: null, values };
    this.held.log.append(doubles, v.groups, null, v.n);
  }

  /** The quantile that is wanted of a group; with `distances` that of the distances from it. */
  protected abstract fraction(group: number): number;
  protected abstract readonly distances: boolean;
  /** The results of groups from runs, NaN where there are no values. */
  protected abstract ofRuns(runs: SpilledRuns, counts: readonly number[]): Float64Array;

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    const runs = this.held.runs();
    if (runs === null) return this.inMemory(order, n, scratch);
    const counts = Array.from({ length: this.held.groups }, (_, g) => this.held.count(g));
    this.results ??= this.ofRuns(runs, counts);
    const results = this.results;
    return nullableFloats(n, scratch, (i) => {
      const g = order[i] as number;
      return (counts[g] ?? 0) === 0 ? null : (results[g] as number) / this.unit;
    });
  }

  private inMemory(order: Uint32Array, n: number, scratch: Scratch): Column {
    const { log } = this.held;
    const index = log.indexAll();
    const held = (log.values as NumberStore).doubles;
    const selected = this.bySelection(index, held.data, order, n, scratch);
    if (selected !== null) return selected;
    return nullableFloats(n, scratch, (i) => {
      const g = order[i] as number;
      const from = index.start(g);
      const count = index.start(g + 1) - from;
      if (count === 0) return null;
      const sorted = scratch.f64(count);
      for (let k = 0; k < count; k++) sorted[k] = held.data[index.entry(from + k)] as number;
      sorted.sort();
      const q = this.fraction(g);
      const v = interpolate(sorted, q);
      if (!this.distances) return v / this.unit;
      return interpolate(sorted.map((x) => Math.abs(x - v)).sort(), q) / this.unit;
    });
  }

  /** By a kernel, which need not sort; null where it does not reach all of it. */
  private bySelection(
    index: GroupIndex,
    held: Float64Array,
    order: Uint32Array,
    n: number,
    scratch: Scratch,
  ): Column | null {
    const { starts, entries } = index.parts;
    if (this.held.log.size === 0 || kernelsFor(held, starts, entries, order) === null) return null;
    const fractions = scratch.f64(n);
    let most = 0;
    for (let i = 0; i < n; i++) {
      const g = order[i] as number;
      fractions[i] = this.fraction(g);
      most = Math.max(most, index.start(g + 1) - index.start(g));
    }
    const work = scratch.f64(most);
    const values = scratch.f64(n);
    const validity = scratch.bitmap(n, false);
    const k = kernelsFor(held, starts, entries, order, fractions, work, values, validity);
    if (k === null) return null;
    const nullCount = k.group_quantiles(
      held.byteOffset,
      starts.byteOffset,
      entries.byteOffset,
      order.byteOffset,
      n,
      fractions.byteOffset,
      this.unit,
      this.distances ? 1 : 0,
      work.byteOffset,
      values.byteOffset,
      validity.byteOffset,
    );
    return { type: T.float, phys: 'f64', length: n, nullCount, validity: nullCount === 0 ? null : validity, values };
  }

  override clear(): void {
    super.clear();
    this.results = null;
  }
}

/** Quantile by linear interpolation between the two nearest values. */
class Quantile extends OverDoubles {
  protected readonly distances = false;
  private readonly fractions: Fractions;

  constructor(store: Store, arg: DataType, at: number | DataType) {
    super(store, arg);
    this.fractions = new Fractions(store, at);
  }

  override bytes(): number {
    return super.bytes() + this.fractions.bytes;
  }

  override grow(groups: number): void {
    super.grow(groups);
    this.fractions.grow(groups);
  }

  override add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const v = validRows(groups, rows, args);
    this.append(args[0] as Column, v);
    this.fractions.add(args[1], v);
  }

  override merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    super.merge(groups, rows, state);
    this.fractions.merge(groups, rows, state[1]);
  }

  override states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    return [...super.states(order, n, scratch), ...this.fractions.state(order, n, scratch)];
  }

  protected fraction(group: number): number {
    return this.fractions.of(group);
  }

  protected ofRuns(runs: SpilledRuns, counts: readonly number[]): Float64Array {
    return quantilesOf(runs, counts, (g) => this.fractions.of(g));
  }

  override clear(): void {
    super.clear();
    this.fractions.clear();
  }

  override free(): void {
    super.free();
    this.fractions.free();
  }
}

/** Median of the distances from the median. */
class Mad extends OverDoubles {
  protected readonly distances = true;

  protected fraction(): number {
    return 0.5;
  }

  protected ofRuns(runs: SpilledRuns, counts: readonly number[]): Float64Array {
    const middles = quantilesOf(runs, counts, () => 0.5);
    const distances = new SpilledRuns(runs.ctx, PAIR, ['g', 'v']);
    try {
      for (const b of runs.sorted()) {
        const groups = groupsOf(b);
        const v = b.columns[1] as Column;
        if (v.phys !== 'f64') throw new EngineBug('spilled values are not floats');
        const values = v.values.slice(0, b.rows).map((x, i) => Math.abs(x - (middles[groups[i] as number] as number)));
        distances.add({ ...b, columns: [b.columns[0] as Column, { ...v, values }] });
      }
      return quantilesOf(distances, counts, () => 0.5);
    } finally {
      distances.free();
    }
  }
}

const isNumberType = (t: DataType): boolean => isNumeric(t) || t.kind === 'null';

function quantile(args: readonly DataType[], at: number | null): ResolvedAggregate | null {
  const [type] = args;
  const which = fractionOf(args, at);
  if (type === undefined || which === null || !isNumberType(type)) return null;
  return {
    type: T.float,
    nullable: true,
    state: stateOf(FLOATS, at),
    create: (store) => new Quantile(store, type, which),
  };
}

export const QUANTILES: readonly AggregateDef[] = [
  {
    name: 'median',
    doc: 'The middle value, or the mean of the two middle ones; null when there are none.',
    signature: 'median(x: int | float | decimal) -> float?',
    example: 'summarize typical = median(price) by town',
    resolve: (args) => quantile(args, 0.5),
  },
  {
    name: 'quantile',
    aliases: ['percentile_cont', 'quantile_cont'],
    doc: 'The value below which the fraction `q` of the values lies, interpolated linearly; null when there are none. `q` is between 0 and 1.',
    signature: 'quantile(x: int | float | decimal, q: float) -> float?',
    example: 'summarize p95 = quantile(latency, 0.95) by endpoint',
    resolve: (args) => quantile(args, null),
  },
  {
    name: 'mad',
    doc: 'The median of the distances of the values from their median: a spread that outliers do not move; null when there are none.',
    signature: 'mad(x: int | float | decimal) -> float?',
    example: 'summarize spread = mad(price) by town',
    resolve: ([type, ...more]) =>
      type === undefined || more.length > 0 || !isNumberType(type)
        ? null
        : { type: T.float, nullable: true, state: stateOf(FLOATS, 0.5), create: (store) => new Mad(store, type) },
  },
];
