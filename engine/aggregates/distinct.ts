import type { Column, I32Column } from '../batch/column.ts';
import { gatherColumn } from '../batch/gather.ts';
import { hashColumns } from '../batch/hash.ts';
import { heapScratch } from '../memory/heap_scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { f64Vector, u32Vector } from '../memory/vector.ts';
import { GroupTable } from '../operators/hash_table.ts';
import type { NumberStore } from '../operators/number_store.ts';
import { valueStore } from '../operators/value_store.ts';
import type { Store } from '../store/types.ts';
import type { DataType } from '../types.ts';
import { field, T } from '../types.ts';
import { countColumn, countsOf } from './counts.ts';
import type { Accumulator, AggregateDef, ResolvedAggregate } from './def.ts';
import { validRows } from './numbers.ts';
import { GroupIndex, itemsOf, listColumn } from './value_log.ts';

/** Rows handed on at a time where a whole set is walked. */
const CHUNK = 65536;

/** The different values of each group, each with the number of times it came, in order of first appearance. */
class ValueSets {
  private readonly table: GroupTable;
  private readonly times: Vector<Float64Array>;
  /** Set entries in order of first appearance, which within a batch is not that of the table. */
  private readonly arrival: Vector<Uint32Array>;
  private readonly index: GroupIndex;
  private readonly groupOf: Vector<Uint32Array>;
  private readonly work = heapScratch();
  private groups = 0;
  private indexed = -1;
  private hashes = new Uint32Array(0);
  private entries = new Uint32Array(0);

  constructor(store: Store, type: DataType, owner: string) {
    this.table = new GroupTable(store, [T.int, type], owner);
    this.times = f64Vector(store, owner);
    this.arrival = u32Vector(store, owner);
    this.groupOf = u32Vector(store, owner);
    this.index = new GroupIndex(store, owner);
  }

  bytes(): number {
    return this.table.bytes() + this.times.bytes + this.arrival.bytes + this.groupOf.bytes + this.index.bytes();
  }

  grow(groups: number): void {
    this.groups = Math.max(this.groups, groups);
  }

  /** Number of different (group, value) pairs. */
  get size(): number {
    return this.table.groups;
  }

  /** Puts row `rows[i]` (i when null) of a column without nulls there into the set of `groups[i]`; `times[i]` counts it more than once. */
  add(col: Column, groups: Uint32Array, rows: Uint32Array | null, n: number, times: Float64Array | null): void {
    if (n === 0) return;
    this.work.reset();
    const values = rows === null ? col : gatherColumn(col, rows, n, this.work);
    const group: I32Column = {
      type: T.int,
      phys: 'i32',
      length: n,
      nullCount: 0,
      validity: null,
      values: new Int32Array(groups.buffer, groups.byteOffset, n),
    };
    if (this.hashes.length < n) {
      this.hashes = new Uint32Array(Math.max(n, 1024));
      this.entries = new Uint32Array(Math.max(n, 1024));
    }
    const { hashes, entries } = this;
    const before = this.table.groups;
    hashColumns([group, values], n, hashes);
    this.table.insert(hashes, [group, values], n, entries);
    this.times.grow(this.table.groups, 0);
    this.arrival.reserve(this.table.groups);
    const counts = this.times.data;
    const arrival = this.arrival.data;
    let at = before;
    for (let i = 0; i < n; i++) {
      const e = entries[i] as number;
      const held = counts[e] as number;
      if (held === 0) arrival[at++] = e;
      counts[e] = held + (times === null ? 1 : (times[i] as number));
    }
  }

  private indexAll(): GroupIndex {
    const n = this.size;
    if (this.indexed !== n) {
      this.groupOf.reserve(n);
      this.writeGroups(this.groupOf.data, n);
      this.index.build(this.groups, this.groupOf.data, this.arrival.data, n);
      this.indexed = n;
    }
    return this.index;
  }

  private writeGroups(to: Uint32Array, n: number): void {
    const from = (this.table.key(0) as NumberStore).doubles.data;
    for (let e = 0; e < n; e++) to[e] = from[e] as number;
  }

  /** The sets of groups as lists, and how often each item came. */
  lists(type: DataType, order: Uint32Array, n: number, scratch: Scratch): { values: Column; times: Column } {
    const { offsets, entries, total } = this.indexAll().lists(order, n, scratch);
    const times = countColumn(this.times.data, entries, total, scratch);
    return {
      values: listColumn(T.list(type, false), n, offsets, this.table.key(1).column(entries, total, scratch)),
      times: listColumn(T.list(T.int, false), n, offsets, times),
    };
  }

  /** For each of `order`'s groups the entry that came most often (of equals the first); -1 for an empty set. */
  mostFrequent(order: Uint32Array, n: number, out: Int32Array): void {
    const index = this.indexAll();
    const times = this.times.data;
    for (let i = 0; i < n; i++) {
      const g = order[i] as number;
      const end = index.start(g + 1);
      let best = -1;
      for (let k = index.start(g); k < end; k++) {
        const e = index.entry(k);
        if (best < 0 || (times[e] as number) > (times[best] as number)) best = e;
      }
      out[i] = best;
    }
  }

  /** Hands all pairs to `sink` in order of first appearance. */
  each(sink: (groups: Uint32Array, values: Column, n: number) => void): void {
    const from = (this.table.key(0) as NumberStore).doubles.data;
    const groups = new Uint32Array(Math.min(CHUNK, this.size));
    for (let at = 0; at < this.size; at += CHUNK) {
      const n = Math.min(CHUNK, this.size - at);
      const entries = this.arrival.data.subarray(at, at + n);
      this.work.reset();
      for (let i = 0; i < n; i++) groups[i] = from[entries[i] as number] as number;
      sink(groups, this.table.key(1).column(entries, n, this.work), n);
    }
  }

  values(): ReturnType<GroupTable['key']> {
    return this.table.key(1);
  }

  clear(): void {
    this.table.clear();
    this.times.length = 0;
    this.groups = 0;
    this.indexed = -1;
  }

  free(): void {
    this.clear();
    this.table.free();
    this.times.free();
    this.arrival.free();
    this.groupOf.free();
    this.index.free();
  }
}

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

/** The most frequent value; of equally frequent ones that which came first. */
class Mode implements Accumulator {
  private readonly sets: ValueSets;
  private readonly type: DataType;
  private readonly store: Store;

  constructor(store: Store, type: DataType) {
    this.sets = new ValueSets(store, type, 'mode');
    this.type = type;
    this.store = store;
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
    const items = itemsOf(state[0] as Column, groups, rows);
    const times = itemsOf(state[1] as Column, groups, rows);
    const counts = new Float64Array(items.n);
    const all = countsOf(times.child, times.child.length);
    for (let i = 0; i < items.n; i++) counts[i] = all[times.rows[i] as number] as number;
    this.sets.add(items.child, items.groups, items.rows, items.n, counts);
  }

  states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    const { values, times } = this.sets.lists(this.type, order, n, scratch);
    return [values, times];
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

  clear(): void {
    this.sets.clear();
  }

  free(): void {
    this.sets.free();
  }
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
        const state = [field('s0', T.list(type, false), false), field('s1', T.list(T.int, false), false)];
        return { type, nullable: true, state, create: (store) => new Mode(store, type) };
      },
    },
  ];
}
