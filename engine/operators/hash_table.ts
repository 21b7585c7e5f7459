import { getBit } from '../batch/bitmap.ts';
import type { Column, DictColumn, I32Column } from '../batch/column.ts';
import { MORSEL_ROWS } from '../batch/column.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { u32Vector } from '../memory/vector.ts';
import type { Store } from '../store/types.ts';
import type { DataType } from '../types.ts';
import { sortByHash } from './radix.ts';
import type { ValueStore } from './value_store.ts';
import { valueStore } from './value_store.ts';

const FIRST_SLOTS = 64;

/**
 * Numbers the distinct combinations of key columns from 0 in order of first appearance (of combinations with one hash; over all hashes the order may
 * differ within one `insert`). Open addressing over pairs (tag, group + 1) in working memory; the keys lie beside it in columns.
 *
 * The tag is the row's hash: probing finds the group that has this hash, then whole columns of keys are compared at once, and the rare row
 * whose hash belongs to another key is probed again one by one. While all keys are one i32 column, the tag is the key itself and
 * nothing needs comparing.
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
  /** Tags are i32 keys; null has a group of its own outside the slots. */
  private direct: boolean;
  private nullGroup = -1;
  private fresh = new Uint32Array(0);
  private bad = new Uint8Array(0);
  private codeGroups = new Int32Array(0);

  constructor(store: Store, types: readonly DataType[], owner = 'hash table') {
    this.store = store;
    this.owner = owner;
    this.slots = u32Vector(store, owner);
    this.hashes = u32Vector(store, owner);
    this.order = u32Vector(store, owner);
    this.keys = types.map((t) => valueStore(t, store, owner));
    this.direct = types.length === 1;
  }

  /** Working memory held. */
  bytes(): number {
    return this.keys.reduce((n, k) => n + k.bytes(), this.slots.bytes + this.hashes.bytes + this.order.bytes);
  }

  /** Group numbers of rows i < `rows` into `out`; `hashes` as hashColumns gives them for `cols`. */
  insert(hashes: Uint32Array, cols: readonly Column[], rows: number, out: Uint32Array): void {
    if (rows === 0) return;
    if (this.slots.length === 0) this.makeSlots(FIRST_SLOTS);
    const [col] = cols;
    if (col === undefined) {
      this.groups = 1;
      this.hashes.grow(1, hashes[0] as number);
      out.fill(0, 0, rows);
      return;
    }
    for (let k = 0; k < cols.length; k++) (this.keys[k] as ValueStore).bind(cols[k] as Column);
    if (this.direct) {
      if (col.phys === 'i32') {
        this.insertDirect(hashes, col, rows, out);
        return;
      }
      this.direct = false;
      this.makeSlots(this.slots.length >> 1);
    }
    if (cols.length === 1 && col.phys === 'dict' && col.dictionary.length <= rows >> 1)
      this.insertCodes(hashes, col, rows, out);
    else this.insertRows(hashes, null, rows, out);
  }

  /** New slots with all groups in them, tagged by hash. */
  private makeSlots(count: number): void {
    this.slots.free();
    const slots = this.emptySlots(count);
    const { mask, groups } = this;
    const hashes = this.hashes.data;
    for (let g = 0; g < groups; g++) {
      let s = ((hashes[g] as number) & mask) * 2;
      while (slots[s + 1] !== 0) s = (s + 2) & (2 * mask + 1);
      slots[s] = hashes[g] as number;
      slots[s + 1] = g + 1;
    }
  }

  private emptySlots(count: number): Uint32Array {
    this.slots = u32Vector(this.store, this.owner);
    this.slots.grow(count * 2, 0);
    this.mask = count - 1;
    return this.slots.data;
  }

  /** Twice the slots, for tags that are keys. */
  private growDirect(): void {
    const old = this.slots;
    const slots = this.emptySlots(old.length);
    const wrap = 2 * this.mask + 1;
    const hashes = this.hashes.data;
    for (let i = 0; i < old.length; i += 2) {
      const g = old.data[i + 1] as number;
      if (g === 0) continue;
      let s = ((hashes[g - 1] as number) & this.mask) * 2;
      while (slots[s + 1] !== 0) s = (s + 2) & wrap;
      slots[s] = old.data[i] as number;
      slots[s + 1] = g;
    }
    old.free();
  }

  /** Groups the slots may hold before they are doubled. */
  private get room(): number {
    return (this.mask + 1) * 0.6;
  }

  private scratchRows(rows: number): void {
    if (this.fresh.length >= rows) return;
    const size = rows <= 1024 ? 1024 : Math.max(rows, MORSEL_ROWS);
    this.fresh = new Uint32Array(size);
    this.bad = new Uint8Array(size);
  }

  private insertDirect(hashes: Uint32Array, col: I32Column, rows: number, out: Uint32Array): void {
    this.scratchRows(rows);
    const { validity, values } = col;
    const first = this.groups;
    let at = 0;
    while (at < rows) {
      while (this.groups + 1 > this.room) this.growDirect();
      this.hashes.reserve(Math.ceil(this.room) + 2);
      at =
        validity === null
          ? this.probeDirect(hashes, values, at, rows, out, first)
          : this.probeNullable(hashes, values, validity, at, rows, out, first);
    }
    const count = this.groups - first;
    this.hashes.length = this.groups;
    if (count > 0) (this.keys[0] as ValueStore).append(first, this.fresh, count);
  }

  /** Probes rows from `at` on until the slots need to grow; returns the first row not done. */
  private probeDirect(
    hashes: Uint32Array,
    values: Int32Array,
    at: number,
    rows: number,
    out: Uint32Array,
    first: number,
  ): number {
    const slots = this.slots.data;
    const tags = new Int32Array(slots.buffer, slots.byteOffset, slots.length);
    const { mask, fresh } = this;
    const wrap = 2 * mask + 1;
    const groupHashes = this.hashes.data;
    const room = this.room;
    let groups = this.groups;
    let i = at;
    for (; i < rows; i++) {
      const key = values[i] as number;
      let s = ((hashes[i] as number) & mask) << 1;
      let g = tags[s + 1] as number;
      while (g !== 0 && tags[s] !== key) {
        s = (s + 2) & wrap;
        g = tags[s + 1] as number;
      }
      if (g === 0) {
        if (groups + 1 > room) break;
        fresh[groups - first] = i;
        groupHashes[groups] = hashes[i] as number;
        g = ++groups;
        tags[s] = key;
        tags[s + 1] = g;
      }
      out[i] = g - 1;
    }
    this.groups = groups;
    return i;
  }

  private probeNullable(
    hashes: Uint32Array,
    values: Int32Array,
    validity: Uint8Array,
    at: number,
    rows: number,
    out: Uint32Array,
    first: number,
  ): number {
    for (let i = at; i < rows; ) {
      if (!getBit(validity, i)) {
        if (this.nullGroup < 0) {
          this.fresh[this.groups - first] = i;
          this.hashes.data[this.groups] = hashes[i] as number;
          this.nullGroup = this.groups++;
        }
        out[i++] = this.nullGroup;
        if (this.groups + 1 > this.room) return i;
        continue;
      }
      let end = i + 1;
      while (end < rows && getBit(validity, end)) end++;
      const done = this.probeDirect(hashes, values, i, end, out, first);
      if (done < end) return done;
      i = end;
    }
    return rows;
  }

  /** One dictionary column: each code is looked up once a batch. */
  private insertCodes(hashes: Uint32Array, col: DictColumn, rows: number, out: Uint32Array): void {
    const { codes, validity, dictionary } = col;
    // The place after the last code stands for null.
    const nullCode = dictionary.length;
    if (this.codeGroups.length <= nullCode) this.codeGroups = new Int32Array(nullCode + 1);
    const seen = this.codeGroups.fill(-1, 0, nullCode + 1);
    const firsts = new Uint32Array(nullCode + 1);
    let n = 0;
    for (let i = 0; i < rows; i++) {
      const c = validity !== null && !getBit(validity, i) ? nullCode : (codes[i] as number);
      let at = seen[c] as number;
      if (at < 0) {
        at = n++;
        firsts[at] = i;
        seen[c] = at;
      }
      out[i] = at;
    }
    const found = new Uint32Array(n);
    this.insertRows(hashes, firsts, n, found);
    for (let i = 0; i < rows; i++) out[i] = found[out[i] as number] as number;
  }

  /** Rows `rows[i]` (i when null), i < n. */
  private insertRows(hashes: Uint32Array, rows: Uint32Array | null, n: number, out: Uint32Array): void {
    this.scratchRows(n);
    const first = this.groups;
    let at = 0;
    while (at < n) {
      while (this.groups + 1 > this.room) this.makeSlots((this.mask + 1) * 2);
      this.hashes.reserve(Math.ceil(this.room) + 2);
      const from = this.groups;
      at = this.probe(hashes, rows, at, n, out, from);
      const count = this.groups - from;
      this.hashes.length = this.groups;
      if (count > 0) for (const k of this.keys) k.append(from, this.fresh, count);
    }
    if (this.groups - first < n) this.verify(hashes, rows, n, out);
  }

  private probe(
    hashes: Uint32Array,
    rows: Uint32Array | null,
    at: number,
    n: number,
    out: Uint32Array,
    from: number,
  ): number {
    const slots = this.slots.data;
    const { mask, fresh } = this;
    const wrap = 2 * mask + 1;
    const groupHashes = this.hashes.data;
    const room = this.room;
    let groups = this.groups;
    let i = at;
    for (; i < n; i++) {
      const row = rows === null ? i : (rows[i] as number);
      const h = hashes[row] as number;
      let s = (h & mask) << 1;
      let g = slots[s + 1] as number;
      while (g !== 0 && slots[s] !== h) {
        s = (s + 2) & wrap;
        g = slots[s + 1] as number;
      }
      if (g === 0) {
        if (groups + 1 > room) break;
        fresh[groups - from] = row;
        groupHashes[groups] = h;
        g = ++groups;
        slots[s] = h;
        slots[s + 1] = g;
      }
      out[i] = g - 1;
    }
    this.groups = groups;
    return i;
  }

  /** Compares keys column by column; rows whose hash led to another key are placed one by one, in row order. */
  private verify(hashes: Uint32Array, rows: Uint32Array | null, n: number, out: Uint32Array): void {
    const bad = this.bad;
    bad.fill(0, 0, n);
    for (const k of this.keys) k.verify(out, rows, n, bad);
    for (let i = 0; i < n; i++) if (bad[i] === 1) out[i] = this.place(hashes, rows === null ? i : (rows[i] as number));
  }

  private place(hashes: Uint32Array, row: number): number {
    if (this.groups + 1 > this.room) this.makeSlots((this.mask + 1) * 2);
    const slots = this.slots.data;
    const wrap = 2 * this.mask + 1;
    const h = hashes[row] as number;
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

  /** The key columns of the first `n` groups of `order`. */
  keyColumns(order: Uint32Array, n: number, scratch: Scratch): Column[] {
    return this.keys.map((k) => k.column(order, n, scratch));
  }

  /** One key of one group as a store: for callers that read single entries. */
  key(at: number): ValueStore {
    return this.keys[at] as ValueStore;
  }

  /** Hash of each group. */
  groupHashes(): Uint32Array {
    return this.hashes.data.subarray(0, this.groups);
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
    this.direct = this.keys.length === 1;
    for (const k of this.keys) k.clear();
  }

  free(): void {
    this.clear();
    this.slots.free();
    this.hashes.free();
    this.order.free();
    for (const k of this.keys) k.free();
  }
}
