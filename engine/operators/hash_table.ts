import type { Column, I32Column } from '../batch/column.ts';
import { gatherColumn } from '../batch/gather.ts';
import { bitmapAt, kernelsFor } from '../kernels/load.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector, WorkArray } from '../memory/vector.ts';
import { u8Vector, u32Vector } from '../memory/vector.ts';
import type { Store } from '../store/types.ts';
import type { DataType } from '../types.ts';
import { CombinedCodes } from './hash_table_codes.ts';
import { CodeGroups, RowHashes } from './hash_table_keys.ts';
import type { Probe, Progress } from './hash_table_probe.ts';
import { fillByHash, fillByKey, probeHashes, probeInts } from './hash_table_probe.ts';
import type { NumberStore } from './number_store.ts';
import { sortByHash } from './radix.ts';
import type { ValueStore } from './value_store.ts';
import { valueStore } from './value_store.ts';

const FIRST_SLOTS = 64;
/** Share of the slots that may be taken. */
const LOAD = 0.6;
/** A direct-address map has at most so many places a group or row of a batch: as much memory as slots would take. */
const PLACES = 4;
const LEAST_PLACES = 1024;
/** Words that kernels count in: four, and what a probe works in. */
const STATE_WORDS = 4 + 256;
/** Stands for "all rows". */
const ALL_ROWS = 0xffffffff;

/** dense: `slots` is a map from key - `base` to group + 1; keys: pairs (key, group + 1); hashes: pairs (hash, group + 1). */
type Mode = 'dense' | 'keys' | 'hashes';

/**
 * Numbers the distinct combinations of key columns from 0 in order of first appearance (of combinations with one hash; over all hashes the order may
 * differ within one `insert`). Open addressing in working memory; the keys lie beside it in columns. A whole batch is probed at a time, by kernels
 * where the batch lies in the arena.
 *
 * Probing finds the group that has a row's hash, then whole columns of keys are compared at once, and the rare row whose hash belongs to another key
 * is probed again one by one. While all keys are one i32 column, the key itself is looked for and nothing needs comparing; where such keys lie close
 * together, they are the places of a map. Codes of a dictionary are looked up in a map of their own, and so are those of several keys that have few values each.
 */
export class GroupTable {
  /** Groups so far. */
  groups = 0;
  private slots: Vector<Uint32Array>;
  private readonly store: Store;
  private readonly owner: string;
  private readonly hashes: Vector<Uint32Array>;
  private readonly order: Vector<Uint32Array>;
  private readonly keys: readonly ValueStore[];
  private mask = 0;
  private mode: Mode;
  private base = 0;
  private nullGroup = -1;
  /** Of the batch at hand: hashes of rows, rows of new groups, rows whose key differs, and the words kernels count in. */
  private readonly rowHashes: RowHashes;
  private readonly fresh: Vector<Uint32Array>;
  private readonly bad: Vector<Uint8Array>;
  private readonly state: Vector<Uint32Array>;
  private readonly codes: CodeGroups;
  private readonly combined: CombinedCodes;

  constructor(store: Store, types: readonly DataType[], owner = 'hash table') {
    this.store = store;
    this.owner = owner;
    this.slots = u32Vector(store, owner);
    this.hashes = u32Vector(store, owner);
    this.order = u32Vector(store, owner);
    this.keys = types.map((t) => valueStore(t, store, owner));
    this.mode = types.length === 1 ? 'dense' : 'hashes';
    this.rowHashes = new RowHashes(store, types.length, owner);
    this.fresh = u32Vector(store, owner);
    this.bad = u8Vector(store, owner);
    this.state = u32Vector(store, owner);
    this.codes = new CodeGroups(store, owner);
    this.combined = new CombinedCodes(store, owner);
  }

  /** Working memory held, without what is in use for a batch only. */
  bytes(): number {
    return this.keys.reduce((n, k) => n + k.bytes(), this.slots.bytes + this.hashes.bytes + this.order.bytes);
  }

  /** Group numbers of rows i < `rows` of the key columns into `out`. */
  insert(cols: readonly Column[], rows: number, out: Uint32Array): void {
    if (rows === 0) return;
    const [col] = cols;
    if (col === undefined) {
      this.groups = 1;
      this.hashes.grow(1, 0);
      out.fill(0, 0, rows);
      return;
    }
    for (let k = 0; k < cols.length; k++) (this.keys[k] as ValueStore).bind(cols[k] as Column);
    this.ready(rows);
    if (this.mode !== 'hashes' && col.phys === 'i32') {
      this.insertInts(col, rows, out);
      return;
    }
    if (this.mode !== 'hashes' || this.mask === 0) this.makeSlots('hashes', rows >> 4);
    if (cols.length > 1 ? this.insertCombined(cols, rows, out) : this.insertCodes(col, rows, out)) return;
    this.rowHashes.hash(cols, rows);
    this.insertRows(null, rows, out);
  }

  /** By the codes of a dictionary that is not large for so many rows. */
  private insertCodes(col: Column, rows: number, out: Uint32Array): boolean {
    if (col.phys !== 'dict' || col.dictionary.length > rows >> 1) return false;
    const { codes, validity, dictionary } = col;
    this.codes.find(
      { codes, validity, entries: dictionary.length, meaning: dictionary },
      rows,
      out,
      (some, n, groups, end) => {
        this.rowHashes.hash([col], end);
        this.insertRows(some, n, groups);
      },
    );
    return true;
  }

  /** By codes of all keys together, when there are few: only a row of each new one is looked at as such. */
  private insertCombined(cols: readonly Column[], rows: number, out: Uint32Array): boolean {
    const combined = this.combined.of(cols, rows, rows >> 1);
    if (combined === null) return false;
    this.codes.find(combined, rows, out, (some, n, groups) => {
      const scratch = arenaScratch(this.store, this.owner);
      try {
        const picked = cols.map((c) => gatherColumn(c, some, n, scratch));
        for (let k = 0; k < cols.length; k++) (this.keys[k] as ValueStore).bind(picked[k] as Column);
        this.rowHashes.hash(picked, n);
        this.insertRows(null, n, groups);
      } finally {
        scratch.release();
      }
    });
    return true;
  }

  /** Room for a batch. */
  private ready(rows: number): void {
    const size = Math.max(1024, 2 ** Math.ceil(Math.log2(rows)));
    this.fresh.reserve(size);
    this.bad.reserve(size);
    this.rowHashes.reserve(size);
    this.state.reserve(STATE_WORDS);
  }

  /** New slots with room for all groups and `more`, and the groups in them. */
  private makeSlots(mode: 'keys' | 'hashes', more: number): void {
    const wanted = Math.max(FIRST_SLOTS, (this.groups + more + 1) / LOAD);
    const count = 2 ** Math.ceil(Math.log2(wanted));
    const slots = this.freshSlots(count * 2);
    this.mask = count - 1;
    this.mode = mode;
    const { mask, groups } = this;
    const hashes = this.hashes.data;
    if (mode === 'hashes') {
      const k = kernelsFor(slots, hashes);
      if (k === null) fillByHash(slots, mask, hashes, groups);
      else k.group_fill(slots.byteOffset, mask, hashes.byteOffset, groups);
      return;
    }
    const keys = this.intKeys();
    const k = kernelsFor(slots, hashes, keys);
    if (k === null) fillByKey(slots, mask, hashes, groups, keys, this.nullGroup);
    else k.group_fill_i32(slots.byteOffset, mask, hashes.byteOffset, groups, keys.byteOffset, this.nullGroup);
  }

  private freshSlots(words: number): Uint32Array {
    this.slots.free();
    this.slots = u32Vector(this.store, this.owner);
    this.slots.grow(words, 0);
    return this.slots.data;
  }

  /** The keys while they are one column of 32-bit ints. */
  private intKeys(): Float64Array {
    return (this.keys[0] as NumberStore).doubles.data;
  }

  /** Groups the slots may hold before they are more. */
  private get room(): number {
    return Math.floor((this.mask + 1) * LOAD);
  }

  /** Room for new groups among `left` rows, of which the `done` before them gave `added`. */
  private makeRoom(left: number, done: number, added: number): void {
    if (this.groups + 1 > this.room) {
      const expected = done === 0 ? 0 : Math.ceil((left * added) / done);
      this.makeSlots(this.mode === 'keys' ? 'keys' : 'hashes', Math.max(expected, this.groups));
    }
    this.hashes.reserve(Math.min(this.room, this.groups + left) + 1);
  }

  private insertInts(col: I32Column, rows: number, out: Uint32Array): void {
    if (this.mode === 'dense') {
      if (this.insertDense(col, rows, out)) return;
      this.makeSlots('keys', rows >> 4);
    }
    const first = this.groups;
    this.rowHashes.hash([col], rows);
    const hashes = this.rowHashes.data;
    for (let at = 0; at < rows; ) {
      this.makeRoom(rows - at, at, this.groups - first);
      const from = this.groups;
      const k = kernelsFor(out, hashes, col.values, col.validity, this.slots.data, ...this.work());
      if (k !== null) {
        const state = this.stateAt(at);
        k.group_probe_i32(
          ...this.slotsAt(),
          hashes.byteOffset,
          col.values.byteOffset,
          bitmapAt(col.validity),
          rows,
          ...this.targets(out),
          this.room,
          state.byteOffset,
        );
        at = this.advance(state);
      } else {
        const state: Progress = { at, groups: from, nullGroup: this.nullGroup };
        probeInts(this.probe(rows, out), col.values, col.validity, state);
        this.groups = state.groups;
        this.nullGroup = state.nullGroup;
        at = state.at;
      }
      this.keep(from);
    }
  }

  /** By a map from key to group, when all keys lie close enough together and kernels reach them. */
  private insertDense(col: I32Column, rows: number, out: Uint32Array): boolean {
    const { values, validity } = col;
    this.hashes.reserve(this.groups + rows + 1);
    const known = kernelsFor(out, values, validity, ...this.work());
    if (known === null) return false;
    const range = new Int32Array(this.state.data.buffer, this.state.data.byteOffset, 2);
    known.group_range(values.byteOffset, bitmapAt(validity), rows, range.byteOffset);
    if (!this.coverDense(range[0] as number, range[1] as number, rows)) return false;
    const k = kernelsFor(out, values, this.slots.data);
    if (k === null) return false;
    const first = this.groups;
    const state = this.stateAt(0);
    k.group_dense(
      values.byteOffset,
      bitmapAt(validity),
      rows,
      this.slots.data.byteOffset,
      this.base,
      ...this.targets(out),
      state.byteOffset,
    );
    this.advance(state);
    this.keep(first);
    return true;
  }

  /** Makes the map reach from `low` to `high`; false when it would take too much memory. */
  private coverDense(low: number, high: number, rows: number): boolean {
    const end = this.base + this.slots.length;
    const empty = this.slots.length === 0;
    // Nulls alone need no places.
    if (low > high) return !empty || this.coverDense(0, 0, rows);
    if (!empty && low >= this.base && high < end) return true;
    const from = empty ? low : Math.min(low, this.base);
    const to = empty ? high + 1 : Math.max(high + 1, end);
    const most = Math.max(LEAST_PLACES, PLACES * Math.max(rows, this.groups));
    if (to - from > most) return false;
    const places = Math.min(most, Math.max(to - from, empty ? 0 : 2 * this.slots.length, 16));
    // The further places go to the end that was passed.
    this.base = low < this.base && !empty ? Math.max(-(2 ** 31), to - places) : from;
    const map = this.freshSlots(Math.max(places, to - this.base));
    const keys = this.intKeys();
    const k = this.groups === 0 ? null : kernelsFor(map, keys);
    if (k !== null) k.group_fill_map(map.byteOffset, this.base, this.groups, keys.byteOffset, this.nullGroup);
    else for (let g = 0; g < this.groups; g++) if (g !== this.nullGroup) map[(keys[g] as number) - this.base] = g + 1;
    return true;
  }

  /** Rows `rows[i]` (i when null), i < n, whose hashes are known. */
  private insertRows(rows: Uint32Array | null, n: number, out: Uint32Array): void {
    const first = this.groups;
    for (let at = 0; at < n; ) {
      this.makeRoom(n - at, at, this.groups - first);
      const from = this.groups;
      const k = kernelsFor(out, this.slots.data, this.rowHashes.data, rows, ...this.work());
      if (k !== null) {
        const state = this.stateAt(at);
        k.group_probe(
          ...this.slotsAt(),
          this.rowHashes.data.byteOffset,
          rows === null ? ALL_ROWS : rows.byteOffset,
          n,
          ...this.targets(out),
          this.room,
          state.byteOffset,
        );
        at = this.advance(state);
      } else {
        const state: Progress = { at, groups: from, nullGroup: -1 };
        probeHashes(this.probe(n, out), rows, state);
        this.groups = state.groups;
        at = state.at;
      }
      this.keep(from);
    }
    if (this.groups - first < n) this.verify(rows, n, out);
  }

  private work(): WorkArray[] {
    return [this.fresh.data, this.hashes.data, this.state.data];
  }

  private slotsAt(): [number, number] {
    return [this.slots.data.byteOffset, this.mask];
  }

  private targets(out: Uint32Array): [number, number, number] {
    return [out.byteOffset, this.fresh.data.byteOffset, this.hashes.data.byteOffset];
  }

  private stateAt(row: number): Uint32Array {
    const state = this.state.data;
    state[0] = row;
    state[1] = this.groups;
    state[2] = this.nullGroup + 1;
    return state;
  }

  /** Takes over what a kernel counted; the first row not done. */
  private advance(state: Uint32Array): number {
    this.groups = state[1] as number;
    this.nullGroup = (state[2] as number) - 1;
    return state[0] as number;
  }

  private probe(n: number, out: Uint32Array): Probe {
    const { mask, room } = this;
    const [slots, hashes, fresh] = [this.slots.data, this.rowHashes.data, this.fresh.data];
    return { slots, mask, hashes, n, out, fresh, groupHashes: this.hashes.data, room };
  }

  /** Keeps the keys of the groups from `first` on, whose rows lie in `fresh`. */
  private keep(first: number): void {
    const count = this.groups - first;
    this.hashes.length = this.groups;
    if (count > 0) for (const k of this.keys) k.append(first, this.fresh.data, count);
  }

  /** Compares keys column by column; rows whose hash led to another key are placed one by one, in row order. */
  private verify(rows: Uint32Array | null, n: number, out: Uint32Array): void {
    const bad = this.bad.data;
    bad.fill(0, 0, n);
    let any = false;
    for (const k of this.keys) any = k.verify(out, rows, n, bad) || any;
    if (!any) return;
    for (let i = 0; i < n; i++) if (bad[i] === 1) out[i] = this.place(rows === null ? i : (rows[i] as number));
  }

  private place(row: number): number {
    if (this.groups + 1 > this.room) this.makeSlots('hashes', this.groups);
    const slots = this.slots.data;
    const wrap = 2 * this.mask + 1;
    const h = this.rowHashes.data[row] as number;
    let s = (h & this.mask) << 1;
    for (;;) {
      const g = slots[s + 1] as number;
      if (g === 0) break;
      if (slots[s] === h && this.keys.every((k) => k.equal(g - 1, row))) return g - 1;
      s = (s + 2) & wrap;
    }
    const g = this.groups++;
    this.hashes.grow(this.groups, h);
    slots[s] = h;
    slots[s + 1] = g + 1;
    for (const k of this.keys) k.append(g, Uint32Array.of(row), 1);
    return g;
  }

  /** The key columns of the first `n` groups of `order`; `which`: those at these positions only. */
  keyColumns(order: Uint32Array, n: number, scratch: Scratch, which?: readonly number[]): Column[] {
    const keys = which?.map((at) => this.key(at)) ?? this.keys;
    return keys.map((k) => k.column(order, n, scratch));
  }

  /** One key of one group as a store: for callers that read single entries. */
  key(at: number): ValueStore {
    return this.keys[at] as ValueStore;
  }

  /** All groups by (hash, group). Valid until the next call that changes the table. */
  orderByHash(): Uint32Array {
    return sortByHash(this.hashes.data, this.groups, this.order);
  }

  /** Forgets all groups, keeps the memory. */
  clear(): void {
    this.groups = 0;
    this.nullGroup = -1;
    this.hashes.length = 0;
    this.slots.length = 0;
    this.mask = 0;
    this.mode = this.keys.length === 1 ? 'dense' : 'hashes';
    this.codes.clear();
    for (const k of this.keys) k.clear();
  }

  free(): void {
    this.clear();
    for (const v of [this.slots, this.hashes, this.order, this.rowHashes, this.fresh, this.bad, this.state]) v.free();
    this.codes.free();
    this.combined.free();
    for (const k of this.keys) k.free();
  }
}
