import type { Column } from '../batch/column.ts';
import { sliceColumn } from '../batch/slice.ts';
import { EngineBug } from '../errors.ts';
import { copyInto } from '../kernels/copy.ts';
import { kernelsFor } from '../kernels/load.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { u32Vector } from '../memory/vector.ts';
import type { ValueStore } from '../operators/value_store.ts';
import { valueStore } from '../operators/value_store.ts';
import type { Store } from '../store/types.ts';
import type { DataType } from '../types.ts';

/** Rows of the items of a list state and the group each goes to. */
export interface Items {
  readonly n: number;
  readonly rows: Uint32Array;
  readonly groups: Uint32Array;
}

/** The items of all rows of a list column, in order. */
export function itemsOf(state: Column, groups: Uint32Array, rows: number): Items & { readonly child: Column } {
  if (state.phys !== 'list') throw new EngineBug(`a list state in ${state.phys} form`);
  const { offsets, child } = state;
  const total = (offsets[rows] as number) - (offsets[0] as number);
  const at = new Uint32Array(total);
  const to = new Uint32Array(total);
  let n = 0;
  for (let i = 0; i < rows; i++) {
    const end = offsets[i + 1] as number;
    for (let k = offsets[i] as number; k < end; k++) {
      at[n] = k;
      to[n++] = groups[i] as number;
    }
  }
  return { n, rows: at, groups: to, child };
}

/** A list column over items in one child column. */
export function listColumn(type: DataType, n: number, offsets: Int32Array, child: Column): Column {
  return { type, phys: 'list', length: n, nullCount: 0, validity: null, offsets, child };
}

/** Stands for "in order". */
const IN_ORDER = 0xffffffff;

/** Entries grouped: those of group g are `entries[starts[g] .. starts[g + 1]]`, in order of arrival. */
export class GroupIndex {
  private readonly starts: Vector<Uint32Array>;
  private readonly entries: Vector<Uint32Array>;

  constructor(store: Store, owner: string) {
    this.starts = u32Vector(store, owner);
    this.entries = u32Vector(store, owner);
  }

  bytes(): number {
    return this.starts.bytes + this.entries.bytes;
  }

  /** `groupOf[e]` for the entries e of `arrival` (or 0 to n - 1), by counting sort. */
  build(groups: number, groupOf: Uint32Array, arrival: Uint32Array | null, n: number): void {
    this.starts.length = 0;
    this.starts.grow(groups + 2, 0);
    this.entries.reserve(n);
    const starts = this.starts.data;
    const entries = this.entries.data;
    const k = n === 0 ? null : kernelsFor(starts, entries, groupOf, arrival);
    if (k !== null) {
      const order = arrival === null ? IN_ORDER : arrival.byteOffset;
      k.group_index(groupOf.byteOffset, order, n, groups, starts.byteOffset, entries.byteOffset);
      return;
    }
    for (let e = 0; e < n; e++) {
      const g = (groupOf[e] as number) + 2;
      starts[g] = (starts[g] as number) + 1;
    }
    for (let g = 2; g < groups + 2; g++) starts[g] = (starts[g] as number) + (starts[g - 1] as number);
    for (let i = 0; i < n; i++) {
      const e = arrival === null ? i : (arrival[i] as number);
      const g = (groupOf[e] as number) + 1;
      const at = starts[g] as number;
      starts[g] = at + 1;
      entries[at] = e;
    }
  }

  start(group: number): number {
    return this.starts.data[group] as number;
  }

  /** Where the entries lie: those of group g from starts[g] to starts[g + 1]. */
  get parts(): { readonly starts: Uint32Array; readonly entries: Uint32Array } {
    return { starts: this.starts.data, entries: this.entries.data };
  }

  entry(at: number): number {
    return this.entries.data[at] as number;
  }

  /** Offsets and entries of the first `n` groups of `order`, one after another. */
  lists(order: Uint32Array, n: number, scratch: Scratch): { offsets: Int32Array; entries: Uint32Array; total: number } {
    const offsets = scratch.i32(n + 1);
    let total = 0;
    offsets[0] = 0;
    for (let i = 0; i < n; i++) {
      const g = order[i] as number;
      total += this.start(g + 1) - this.start(g);
      offsets[i + 1] = total;
    }
    const entries = scratch.u32(total);
    const k = total === 0 ? null : kernelsFor(entries, order, this.starts.data, this.entries.data);
    if (k !== null) {
      const from = [this.starts.data.byteOffset, this.entries.data.byteOffset] as const;
      k.group_list_entries(...from, order.byteOffset, n, entries.byteOffset);
      return { offsets, entries, total };
    }
    let at = 0;
    for (let i = 0; i < n; i++) {
      const g = order[i] as number;
      const end = this.start(g + 1);
      for (let k = this.start(g); k < end; k++) entries[at++] = this.entry(k);
    }
    return { offsets, entries, total };
  }

  free(): void {
    this.starts.free();
    this.entries.free();
  }
}

/** Values appended to groups, in order of arrival: what holistic aggregates keep. One entry a value, whatever the number of groups. */
export class ValueLog {
  readonly values: ValueStore;
  readonly index: GroupIndex;
  private readonly groupOf: Vector<Uint32Array>;
  private groups = 0;
  private n = 0;
  private indexed = -1;

  constructor(store: Store, type: DataType, owner: string) {
    this.values = valueStore(type, store, owner);
    this.groupOf = u32Vector(store, owner);
    this.index = new GroupIndex(store, owner);
  }

  bytes(): number {
    return this.values.bytes() + this.groupOf.bytes + this.index.bytes();
  }

  /** Values held. */
  get size(): number {
    return this.n;
  }

  /** Values of the largest group. */
  largest(): number {
    const index = this.indexAll();
    let most = 0;
    for (let g = 0; g < this.groups; g++) most = Math.max(most, index.start(g + 1) - index.start(g));
    return most;
  }

  /** The group of each value, in order of arrival. */
  groupsOf(): Uint32Array {
    return this.groupOf.data.subarray(0, this.n);
  }

  grow(groups: number): void {
    this.groups = Math.max(this.groups, groups);
  }

  /** Appends rows `rows[i]` of a column to `groups[i]`, i < n. */
  append(col: Column, groups: Uint32Array, rows: Uint32Array | null, n: number): void {
    if (n === 0) return;
    this.values.bind(col);
    this.values.append(this.n, rows, n);
    this.groupOf.reserve(this.n + n);
    copyInto(this.groupOf.data, groups.subarray(0, n), this.n);
    this.n += n;
  }

  /** Appends the items of list `i` of a state to `groups[i]`, i < rows. */
  appendLists(state: Column, groups: Uint32Array, rows: number): void {
    if (state.phys !== 'list') throw new EngineBug(`a list state in ${state.phys} form`);
    const { offsets } = state;
    const from = offsets[0] as number;
    const n = (offsets[rows] as number) - from;
    if (n === 0) return;
    this.values.bind(sliceColumn(state.child, from, from + n));
    this.values.append(this.n, null, n);
    this.groupOf.reserve(this.n + n);
    const to = this.groupOf.data.subarray(this.n, this.n + n);
    this.n += n;
    const k = kernelsFor(to, offsets, groups);
    if (k !== null) {
      k.group_of_items(offsets.byteOffset, groups.byteOffset, rows, to.byteOffset);
      return;
    }
    for (let i = 0; i < rows; i++) {
      to.fill(groups[i] as number, (offsets[i] as number) - from, (offsets[i + 1] as number) - from);
    }
  }

  /** The index over all entries; rebuilt only when some came in between. */
  indexAll(): GroupIndex {
    if (this.indexed !== this.n) this.index.build(this.groups, this.groupOf.data, null, this.n);
    this.indexed = this.n;
    return this.index;
  }

  /** The values of groups as lists. */
  lists(type: DataType, order: Uint32Array, n: number, scratch: Scratch): Column {
    const { offsets, entries, total } = this.indexAll().lists(order, n, scratch);
    return listColumn(type, n, offsets, this.values.column(entries, total, scratch));
  }

  /** Gives back the memory of all values; the groups stay. */
  empty(): void {
    const { groups } = this;
    this.free();
    this.groups = groups;
  }

  clear(): void {
    this.n = 0;
    this.groups = 0;
    this.indexed = -1;
    this.values.clear();
  }

  free(): void {
    this.clear();
    this.values.free();
    this.groupOf.free();
    this.index.free();
  }
}
