import { mapEntry } from '../batch/build.ts';
import type { Column } from '../batch/column.ts';
import { EngineBug } from '../errors.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { f64Vector } from '../memory/vector.ts';
import type { ValueStore } from '../operators/value_store.ts';
import { valueStore } from '../operators/value_store.ts';
import type { Store } from '../store/types.ts';
import type { DataType, Field } from '../types.ts';
import { field, T } from '../types.ts';
import { countColumn, countsOf } from './counts.ts';
import type { Accumulator, AggregateDef, SpillContext } from './def.ts';
import { DoubleDoubles } from './double_double.ts';
import { validRows } from './numbers.ts';
import { nullableFloats } from './sums.ts';
import { listColumn } from './value_log.ts';
import { ValueSets } from './value_sets.ts';

/** How often each value came: the state of mode, histogram and entropy. */
abstract class Counted implements Accumulator {
  protected readonly sets: ValueSets;
  protected readonly type: DataType;
  protected groups = 0;

  constructor(store: Store, type: DataType, owner: string) {
    this.sets = new ValueSets(store, type, owner);
    this.type = type;
  }

  bytes(): number {
    return this.sets.bytes();
  }

  grow(groups: number): void {
    this.groups = Math.max(this.groups, groups);
    this.sets.grow(groups);
  }

  add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const v = validRows(groups, rows, args);
    this.sets.add(args[0] as Column, v.groups, v.rows, v.n, null);
  }

  merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    this.sets.merge(groups, rows, state[0] as Column, state[1] as Column);
  }

  states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    const { values, times } = this.sets.lists(this.type, order, n, scratch);
    return [values, times];
  }

  abstract values(order: Uint32Array, n: number, scratch: Scratch): Column;

  spill(ctx: SpillContext): void {
    this.sets.spill(ctx);
  }

  largest(): number {
    return this.sets.largest();
  }

  clear(): void {
    this.sets.clear();
    this.groups = 0;
  }

  free(): void {
    this.clear();
    this.sets.free();
  }
}

/** The most frequent value; of equally frequent ones that which came first. */
class Mode extends Counted {
  private readonly store: Store;
  /** The best value of each group, of those that were spilled. */
  private best: ValueStore | null = null;

  constructor(store: Store, type: DataType) {
    super(store, type, 'mode');
    this.store = store;
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    if (this.sets.isSpilled) {
      this.best ??= this.bestOfSpilled();
      return this.best.column(order, n, scratch);
    }
    const best = scratch.i32(n);
    this.sets.mostFrequent(order, n, best);
    const present = scratch.u32(n);
    const entries = scratch.u32(n);
    let count = 0;
    for (let i = 0; i < n; i++) {
      if ((best[i] as number) < 0) continue;
      present[count] = i;
      entries[count++] = best[i] as number;
    }
    const found = this.sets.values().column(entries, count, scratch);
    if (count === n) return found;
    const out = valueStore(this.type, this.store, 'mode');
    out.grow(n);
    out.bind(found);
    out.write(present, null, count);
    for (let i = 0; i < n; i++) entries[i] = i;
    const col = out.column(entries, n, scratch);
    out.free();
    return col;
  }

  private bestOfSpilled(): ValueStore {
    const best = valueStore(this.type, this.store, 'mode');
    this.best = best;
    best.grow(this.groups);
    const most = new Float64Array(this.groups);
    this.sets.each(true, (groups, values, times) => {
      const counts = countsOf(times, groups.length);
      best.bind(values);
      for (let i = 0; i < groups.length; i++) {
        const g = groups[i] as number;
        if ((counts[i] as number) <= (most[g] as number)) continue;
        most[g] = counts[i] as number;
        best.set(g, i);
      }
    });
    return best;
  }

  override clear(): void {
    super.clear();
    this.best?.free();
    this.best = null;
  }
}

/** Entropy in bits: of N values of which each different one came c times, log2(N) - sum(c * log2(c)) / N. */
class Entropy extends Counted {
  private readonly sums: DoubleDoubles;
  private totals = new Float64Array(0);
  private done = false;

  constructor(store: Store, type: DataType) {
    super(store, type, 'entropy');
    this.sums = new DoubleDoubles(store, 'entropy');
  }

  override add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    this.done = false;
    super.add(groups, rows, args);
  }

  override merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    this.done = false;
    super.merge(groups, rows, state);
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    if (!this.done || this.totals.length < this.groups) this.sum();
    return nullableFloats(n, scratch, (i) => {
      const g = order[i] as number;
      const total = this.totals[g] as number;
      return total === 0 ? null : Math.max(0, Math.log2(total) - this.sums.high(g) / total);
    });
  }

  private sum(): void {
    this.sums.clear();
    this.sums.grow(this.groups);
    this.totals = new Float64Array(this.groups);
    this.sets.each(false, (groups, _values, times) => {
      const counts = countsOf(times, groups.length).slice(0, groups.length);
      for (let i = 0; i < groups.length; i++) {
        const g = groups[i] as number;
        this.totals[g] = (this.totals[g] as number) + (counts[i] as number);
      }
      this.sums.add(
        groups,
        counts.map((c) => c * Math.log2(c)),
        groups.length,
      );
    });
    this.done = true;
  }

  override clear(): void {
    super.clear();
    this.sums.clear();
    this.done = false;
  }

  override free(): void {
    super.free();
    this.sums.free();
  }
}

/** A map from each value to its count, in order of first appearance. */
class Histogram extends Counted {
  private readonly store: Store;
  private readonly result: DataType & { kind: 'map' };
  /** What was spilled, read back: group after group. */
  private whole: {
    readonly keys: ValueStore;
    readonly times: Vector<Float64Array>;
    readonly counts: Float64Array;
  } | null = null;

  constructor(store: Store, type: DataType) {
    super(store, type, 'histogram');
    this.store = store;
    this.result = histogramType(type);
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    const { values, times } = this.sets.isSpilled
      ? this.fromSpilled(order, n, scratch)
      : this.sets.lists(this.type, order, n, scratch);
    if (values.phys !== 'list' || times.phys !== 'list') throw new EngineBug('sets are not lists');
    const length = values.child.length;
    const entries: Column = {
      type: mapEntry(this.result),
      phys: 'struct',
      length,
      nullCount: 0,
      validity: null,
      children: [values.child, times.child],
    };
    return listColumn(this.result, n, values.offsets, entries);
  }

  private fromSpilled(order: Uint32Array, n: number, scratch: Scratch): { values: Column; times: Column } {
    this.whole ??= this.collect();
    const { keys, times, counts } = this.whole;
    const starts = new Float64Array(counts.length + 1);
    counts.forEach((c, g) => {
      starts[g + 1] = (starts[g] as number) + c;
    });
    const offsets = scratch.i32(n + 1);
    offsets[0] = 0;
    for (let i = 0; i < n; i++) offsets[i + 1] = (offsets[i] as number) + (counts[order[i] as number] as number);
    const total = offsets[n] as number;
    const entries = scratch.u32(total);
    for (let i = 0, at = 0; i < n; i++) {
      const g = order[i] as number;
      for (let e = starts[g] as number; e < (starts[g + 1] as number); e++) entries[at++] = e;
    }
    return {
      values: listColumn(T.list(this.type, false), n, offsets, keys.column(entries, total, scratch)),
      times: listColumn(T.list(T.int, false), n, offsets, countColumn(times.data, entries, total, scratch)),
    };
  }

  private collect(): NonNullable<Histogram['whole']> {
    const whole = {
      keys: valueStore(this.type, this.store, 'histogram'),
      times: f64Vector(this.store, 'histogram'),
      counts: new Float64Array(this.groups),
    };
    this.whole = whole;
    let at = 0;
    this.sets.each(true, (groups, values, times) => {
      const n = groups.length;
      whole.keys.bind(values);
      whole.keys.append(at, null, n);
      whole.times.reserve(at + n);
      whole.times.data.set(countsOf(times, n).subarray(0, n), at);
      at += n;
      for (const g of groups) whole.counts[g] = (whole.counts[g] as number) + 1;
    });
    return whole;
  }

  override clear(): void {
    super.clear();
    this.whole?.keys.free();
    this.whole?.times.free();
    this.whole = null;
  }
}

function histogramType(key: DataType): DataType & { kind: 'map' } {
  return { kind: 'map', key, value: { type: T.int, nullable: false } };
}

function countedState(type: DataType): Field[] {
  return [field('s0', T.list(type, false), false), field('s1', T.list(T.int, false), false)];
}

export const COUNTED: readonly AggregateDef[] = [
  {
    name: 'mode',
    doc: 'The most frequent value (of equally frequent ones the first in the order of the rows); null when there are none.',
    signature: 'mode(x: T) -> T?',
    example: 'summarize usual = mode(carrier) by route',
    resolve: ([type, ...more]) => {
      if (type === undefined || more.length > 0) return null;
      return { type, nullable: true, state: countedState(type), create: (store) => new Mode(store, type) };
    },
  },
  {
    name: 'histogram',
    doc: 'How often each value that is not null came, as a map in order of first appearance; empty when there are none. The map of a group has to fit in memory.',
    signature: 'histogram(x: T) -> map<T, int>',
    example: 'summarize colors = histogram(color) by shop',
    resolve: ([type, ...more]) => {
      if (type === undefined || more.length > 0) return null;
      const create = (store: Store): Accumulator => new Histogram(store, type);
      return { type: histogramType(type), nullable: false, state: countedState(type), create };
    },
  },
  {
    name: 'entropy',
    doc: 'The entropy of the values in bits: 0 when all are equal, log2(n) when n values differ; null when there are none.',
    signature: 'entropy(x: any) -> float?',
    example: 'summarize mixed = entropy(species) by plot',
    resolve: ([type, ...more]) => {
      if (type === undefined || more.length > 0) return null;
      const create = (store: Store): Accumulator => new Entropy(store, type);
      return { type: T.float, nullable: true, state: countedState(type), create };
    },
  },
];
