import { mapEntry } from '../batch/build.ts';
import type { Column } from '../batch/column.ts';
import { EngineBug } from '../errors.ts';
import type { Scratch } from '../memory/types.ts';
import { valueStore } from '../operators/value_store.ts';
import type { Store } from '../store/types.ts';
import type { DataType, Field } from '../types.ts';
import { field, T } from '../types.ts';
import type { Accumulator, AggregateDef, ResolvedAggregate } from './def.ts';
import { validRows } from './numbers.ts';
import { itemsOf, listColumn } from './value_log.ts';
import { ValueSets } from './value_sets.ts';

/** `f(distinct x)`: collects each group's different values; f itself runs over them at the end. */
class OfDistinct implements Accumulator {
  private readonly sets: ValueSets;
  private readonly type: DataType;
  private readonly inner: Accumulator;
  private groups = 0;
  /** Set entries that `inner` has seen. */
  private done = -1;

  constructor(store: Store, type: DataType, inner: Accumulator) {
    this.sets = new ValueSets(store, type, 'distinct values');
    this.type = type;
    this.inner = inner;
  }

  bytes(): number {
    return this.sets.bytes() + this.inner.bytes();
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
    const items = itemsOf(state[0] as Column, groups, rows);
    this.sets.add(items.child, items.groups, items.rows, items.n, null);
  }

  states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    return [this.sets.lists(this.type, order, n, scratch).values];
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    if (this.done !== this.sets.size) {
      this.inner.clear();
      this.inner.grow(this.groups);
      this.sets.each((groups, values, rows) => this.inner.add(groups, rows, [values]));
      this.done = this.sets.size;
    }
    this.inner.grow(this.groups);
    return this.inner.values(order, n, scratch);
  }

  clear(): void {
    this.sets.clear();
    this.inner.clear();
    this.groups = 0;
    this.done = -1;
  }

  free(): void {
    this.sets.free();
    this.inner.free();
    this.groups = 0;
    this.done = -1;
  }
}

/** How often each value came: the state of mode and histogram. */
abstract class Counted implements Accumulator {
  protected readonly sets: ValueSets;
  protected readonly type: DataType;

  constructor(store: Store, type: DataType, owner: string) {
    this.sets = new ValueSets(store, type, owner);
    this.type = type;
  }

  bytes(): number {
    return this.sets.bytes();
  }

  grow(groups: number): void {
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

  clear(): void {
    this.sets.clear();
  }

  free(): void {
    this.sets.free();
  }
}

/** The most frequent value; of equally frequent ones that which came first. */
class Mode extends Counted {
  private readonly store: Store;

  constructor(store: Store, type: DataType) {
    super(store, type, 'mode');
    this.store = store;
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
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
}

/** A map from each value to its count, in order of first appearance. */
class Histogram extends Counted {
  private readonly result: DataType & { kind: 'map' };

  constructor(store: Store, type: DataType) {
    super(store, type, 'histogram');
    this.result = histogramType(type);
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    const { values, times } = this.sets.lists(this.type, order, n, scratch);
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
}

function histogramType(key: DataType): DataType & { kind: 'map' } {
  return { kind: 'map', key, value: { type: T.int, nullable: false } };
}

function countedState(type: DataType): Field[] {
  return [field('s0', T.list(type, false), false), field('s1', T.list(T.int, false), false)];
}

/** `resolved` over the different values of its only argument. */
export function overDistinct(resolved: ResolvedAggregate, args: readonly DataType[]): ResolvedAggregate | null {
  const [type, ...more] = args;
  if (type === undefined || more.length > 0) return null;
  return {
    type: resolved.type,
    nullable: resolved.nullable,
    state: [field('s0', T.list(type, false), false)],
    create: (store) => new OfDistinct(store, type, resolved.create(store)),
  };
}

export function distinctAggregates(count: AggregateDef): readonly AggregateDef[] {
  return [
    {
      name: 'count_distinct',
      aliases: ['n_distinct'],
      doc: 'The number of different values that are not null, exactly. `approx_count_distinct` needs far less memory.',
      signature: 'count_distinct(x: any) -> int',
      example: 'summarize customers = count_distinct(customer_id) by month',
      resolve: (args) => {
        const inner = args.length === 1 ? count.resolve(args) : null;
        return inner === null ? null : overDistinct(inner, args);
      },
    },
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
      doc: 'How often each value that is not null came, as a map in order of first appearance; empty when there are none.',
      signature: 'histogram(x: T) -> map<T, int>',
      example: 'summarize colors = histogram(color) by shop',
      resolve: ([type, ...more]) => {
        if (type === undefined || more.length > 0) return null;
        const create = (store: Store): Accumulator => new Histogram(store, type);
        return { type: histogramType(type), nullable: false, state: countedState(type), create };
      },
    },
  ];
}
