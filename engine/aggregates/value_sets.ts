import type { Column, I32Column } from '../batch/column.ts';
import { gatherColumn } from '../batch/gather.ts';
import { heapScratch } from '../memory/heap_scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { f64Vector, u32Vector } from '../memory/vector.ts';
import { GroupTable } from '../operators/hash_table.ts';
import type { NumberStore } from '../operators/number_store.ts';
import type { ValueStore } from '../operators/value_store.ts';
import type { Store } from '../store/types.ts';
import type { DataType } from '../types.ts';
import { T } from '../types.ts';
import { countColumn, countsOf } from './counts.ts';
import type { SpillContext } from './def.ts';
import { type EntrySink, SpilledSets } from './spilled_sets.ts';
import { GroupIndex, itemsOf, listColumn } from './value_log.ts';

/** Rows handed on at a time where a whole set is walked. */
const CHUNK = 65536;

/** The different values of each group, each with the number of times it came, in order of first appearance. */
export class ValueSets {
  private readonly table: GroupTable;
  private readonly times: Vector<Float64Array>;
  /** Set entries in order of first appearance, which within a batch is not that of the table. */
  private readonly arrival: Vector<Uint32Array>;
  private readonly index: GroupIndex;
  private readonly groupOf: Vector<Uint32Array>;
  private readonly work = heapScratch();
  private groups = 0;
  private indexed = -1;
  private entries = new Uint32Array(0);
  private readonly type: DataType;
  private spilled: SpilledSets | null = null;
  /** Entries that came before those in memory. */
  private passed = 0;

  constructor(store: Store, type: DataType, owner: string) {
    this.type = type;
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
    if (this.entries.length < n) this.entries = new Uint32Array(Math.max(n, 1024));
    const { entries } = this;
    const before = this.table.groups;
    this.table.insert([group, values], n, entries);
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

  /** Merges sets with their times, as `lists` gives them. */
  merge(groups: Uint32Array, rows: number, values: Column, times: Column): void {
    const items = itemsOf(values, groups, rows);
    const counts = itemsOf(times, groups, rows);
    const all = countsOf(counts.child, counts.child.length);
    const each = new Float64Array(items.n);
    for (let i = 0; i < items.n; i++) each[i] = all[counts.rows[i] as number] as number;
    this.add(items.child, items.groups, items.rows, items.n, each);
  }

  /** The entries of a group, with the times each came, in order of first appearance. */
  *entriesOf(group: number): Generator<readonly [entry: number, times: number]> {
    const index = this.indexAll();
    const end = index.start(group + 1);
    for (let k = index.start(group); k < end; k++) {
      const e = index.entry(k);
      yield [e, this.times.data[e] as number];
    }
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

  /** Moves the entries to the store; those that come again later are the same ones. */
  spill(ctx: SpillContext): void {
    if (this.size === 0) return;
    this.spilled ??= new SpilledSets(ctx, this.type);
    this.chunks((groups, values, times, first) => this.spilled?.add(groups, values, times, first));
    this.passed += this.size;
    const { groups } = this;
    this.release();
    this.groups = groups;
  }

  /** True when entries are in the store: then only `each` reads them. */
  get isSpilled(): boolean {
    return this.spilled !== null;
  }

  /** Entries of the largest group that are in memory, and all that were spilled. */
  largest(): number {
    const index = this.indexAll();
    let most = 0;
    for (let g = 0; g < this.groups; g++) most = Math.max(most, index.start(g + 1) - index.start(g));
    return most + this.passed;
  }

  /** Hands all entries to `sink`, `ordered`: those of a group in order of first appearance. Columns are valid during the call. */
  each(ordered: boolean, sink: EntrySink): void {
    if (this.spilled === null) {
      this.chunks(sink);
      return;
    }
    this.spill(this.spilled.ctx);
    this.spilled.each(ordered, sink);
  }

  /** The entries in memory, in order of first appearance. */
  private chunks(sink: EntrySink): void {
    const from = (this.table.key(0) as NumberStore).doubles.data;
    const groups = new Uint32Array(Math.min(CHUNK, this.size));
    for (let at = 0; at < this.size; at += CHUNK) {
      const n = Math.min(CHUNK, this.size - at);
      const entries = this.arrival.data.subarray(at, at + n);
      this.work.reset();
      for (let i = 0; i < n; i++) groups[i] = from[entries[i] as number] as number;
      const values = this.table.key(1).column(entries, n, this.work);
      const times = countColumn(this.times.data, entries, n, this.work);
      sink(groups.subarray(0, n), values, times, this.passed + at);
    }
  }

  /** The values of the entries. */
  values(): ValueStore {
    return this.table.key(1);
  }

  clear(): void {
    this.table.clear();
    this.times.length = 0;
    this.groups = 0;
    this.indexed = -1;
    this.passed = 0;
    this.spilled?.free();
    this.spilled = null;
  }

  private release(): void {
    this.table.free();
    for (const v of [this.times, this.arrival, this.groupOf]) v.free();
    this.index.free();
    this.indexed = -1;
  }

  free(): void {
    this.clear();
    this.release();
  }
}
