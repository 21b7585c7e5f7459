import { getBit, setBit } from '../batch/bitmap.ts';
import { asBuffer } from '../batch/buffers.ts';
import { columnFromValues } from '../batch/build.ts';
import type { Column } from '../batch/column.ts';
import { compareBytes, sameBytes } from '../batch/compare.ts';
import { copyBytes, MAX_OFFSET, tooLong } from '../batch/gather.ts';
import { EngineBug, RunError } from '../errors.ts';
import { bitmapAt, type Kernels, kernelsFor, NO_BITMAP } from '../kernels/load.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { i32Vector, u8Vector, u32Vector } from '../memory/vector.ts';
import type { Store } from '../store/types.ts';
import type { DataType } from '../types.ts';
import { decodeNested, encodeNested } from './nested.ts';
import type { ValueStore } from './value_store.ts';

const NO_BYTES = new Uint8Array(0);
const NO_OFFSETS = new Int32Array(1);
const HEAP_LIMIT = 0xf0000000;
/** Dead bytes below this are not worth compacting. */
const MIN_GARBAGE = 1 << 16;
/** Words that group_verify_text works in. */
const WORK_WORDS = 144;

/** Stands for "all rows", and for "no codes". */
const ALL_ROWS = NO_BITMAP;

function tooManyBytes(): RunError {
  return new RunError('FLOW7007', 'the strings one task holds pass 4 GiB');
}

/** Byte strings in one heap, `start` and `size` an entry (size -1: null). Nested values are held in the encoded form of nested.ts. */
export class BytesStore implements ValueStore {
  private readonly type: DataType;
  private readonly nested: boolean;
  private readonly starts: Vector<Uint32Array>;
  private readonly sizes: Vector<Int32Array>;
  private heap: Vector<Uint8Array>;
  private readonly work: Vector<Uint32Array>;
  private readonly store: Store;
  private readonly owner: string;
  private used = 0;
  private garbage = 0;
  private entries = 0;
  private source: Uint8Array = NO_BYTES;
  private offsets: Int32Array = NO_OFFSETS;
  private codes: Int32Array | null = null;
  private validity: Uint8Array | null = null;
  private allNull = false;

  constructor(type: DataType, store: Store, owner: string) {
    this.type = type;
    this.nested = type.kind === 'list' || type.kind === 'struct' || type.kind === 'map';
    this.store = store;
    this.owner = owner;
    this.starts = u32Vector(store, owner);
    this.sizes = i32Vector(store, owner);
    this.heap = u8Vector(store, owner);
    this.work = u32Vector(store, owner);
  }

  bytes(): number {
    return this.starts.bytes + this.sizes.bytes + this.heap.bytes;
  }

  /** Texts and bytes: equal and ordered as their bytes are. */
  get ordersByBytes(): boolean {
    return !this.nested;
  }

  /** Entries there are. */
  get capacity(): number {
    return this.entries;
  }

  grow(entries: number): void {
    if (entries <= this.entries) return;
    this.starts.grow(entries, 0);
    this.sizes.grow(entries, -1);
    this.entries = entries;
  }

  bind(col: Column): void {
    this.validity = col.validity;
    this.allNull = col.phys === 'null';
    this.codes = null;
    if (this.allNull) return;
    if (this.nested) {
      const encoded = encodeNested(col, this.type);
      this.source = encoded.bytes;
      this.offsets = encoded.offsets;
    } else if (col.phys === 'utf8') {
      this.source = col.bytes;
      this.offsets = col.offsets;
    } else if (col.phys === 'dict') {
      this.codes = col.codes;
      this.source = col.dictionary.bytes;
      this.offsets = col.dictionary.offsets;
    } else throw new EngineBug(`a ${col.phys} column has no bytes`);
  }

  private rowIsNull(row: number): boolean {
    return this.allNull || (this.validity !== null && !getBit(this.validity, row));
  }

  private put(entry: number, from: number, to: number): void {
    const size = to - from;
    const old = this.sizes.data[entry] as number;
    let at = this.starts.data[entry] as number;
    if (old < size) {
      if (old > 0) this.garbage += old;
      at = this.used;
      if (at + size > HEAP_LIMIT) throw tooManyBytes();
      this.heap.reserve(at + size);
      this.used = at + size;
      this.starts.data[entry] = at;
    } else this.garbage += old - size;
    copyBytes(this.source, from, to, this.heap.data, at);
    this.sizes.data[entry] = size;
  }

  set(entry: number, row: number): void {
    if (this.rowIsNull(row)) {
      if ((this.sizes.data[entry] as number) > 0) this.garbage += this.sizes.data[entry] as number;
      this.sizes.data[entry] = -1;
      return;
    }
    const at = this.codes === null ? row : (this.codes[row] as number);
    this.put(entry, this.offsets[at] as number, this.offsets[at + 1] as number);
    if (this.garbage > MIN_GARBAGE && this.garbage > this.used >>> 1) this.compact();
  }

  write(targets: Uint32Array, rows: Uint32Array | null, n: number): void {
    for (let i = 0; i < n; i++) this.set(targets[i] as number, rows === null ? i : (rows[i] as number));
  }

  append(base: number, rows: Uint32Array | null, n: number): void {
    this.grow(base + n);
    if (this.appendByKernel(base, rows, n)) return;
    for (let i = 0; i < n; i++) this.set(base + i, rows === null ? i : (rows[i] as number));
  }

  private appendByKernel(base: number, rows: Uint32Array | null, n: number): boolean {
    const { offsets, source, codes, validity } = this;
    if (this.allNull) return false;
    const k = kernelsFor(this.starts.data, this.sizes.data, offsets, source, codes, validity, rows);
    if (k === null) return false;
    const picked = [codes === null ? ALL_ROWS : codes.byteOffset, bitmapAt(validity)] as const;
    const which = [rows === null ? ALL_ROWS : rows.byteOffset, n] as const;
    const end = this.used + k.group_text_bytes(offsets.byteOffset, ...picked, ...which);
    if (end > HEAP_LIMIT) throw tooManyBytes();
    this.heap.reserve(Math.max(1, end));
    if (kernelsFor(this.heap.data, this.starts.data) !== k) return false;
    k.group_append_text(
      offsets.byteOffset,
      source.byteOffset,
      ...picked,
      ...which,
      this.starts.data.byteOffset + 4 * base,
      this.sizes.data.byteOffset + 4 * base,
      this.heap.data.byteOffset,
      this.used,
    );
    this.used = end;
    return true;
  }

  /**
   * Keeps the least (`sign` 1) or greatest (-1) text of each group. `work`: memory for as many words as there are entries, 0 before and after, and for the groups that change.
   * False where kernels do not reach all of it.
   */
  foldExtreme(groups: Uint32Array, n: number, sign: 1 | -1, work: { best: Uint32Array; found: Uint32Array }): boolean {
    const { offsets, source, codes, validity } = this;
    if (this.allNull) return true;
    const { best, found } = work;
    const k = kernelsFor(this.starts.data, this.sizes.data, groups, best, found, offsets, source, codes, validity);
    if (k === null || (this.heap.bytes > 0 && kernelsFor(this.heap.data) !== k)) return false;
    const count = k.fold_extreme_text(
      groups.byteOffset,
      offsets.byteOffset,
      source.byteOffset,
      codes === null ? ALL_ROWS : codes.byteOffset,
      bitmapAt(validity),
      n,
      this.starts.data.byteOffset,
      this.sizes.data.byteOffset,
      this.heap.data.byteOffset,
      sign,
      best.byteOffset,
      found.byteOffset,
    );
    for (let i = 0; i < count; i++) {
      const g = found[i] as number;
      this.set(g, (best[g] as number) - 1);
      best[g] = 0;
    }
    return true;
  }

  /** Moves the live bytes to a new heap. */
  private compact(): void {
    const heap = u8Vector(this.store, this.owner);
    heap.reserve(this.used - this.garbage);
    let at = 0;
    for (let e = 0; e < this.entries; e++) {
      const size = this.sizes.data[e] as number;
      if (size <= 0) continue;
      const from = this.starts.data[e] as number;
      copyBytes(this.heap.data, from, from + size, heap.data, at);
      this.starts.data[e] = at;
      at += size;
    }
    this.heap.free();
    this.heap = heap;
    this.used = at;
    this.garbage = 0;
  }

  verify(entries: Uint32Array, rows: Uint32Array | null, n: number, bad: Uint8Array): boolean {
    this.work.reserve(WORK_WORDS);
    const k = this.kernels(entries, bad, rows, this.work.data);
    if (k !== null) return this.verifyByKernel(k, entries, rows, n, bad);
    if (this.validity !== null || this.allNull) {
      for (let i = 0; i < n; i++)
        if (!this.equal(entries[i] as number, rows === null ? i : (rows[i] as number))) bad[i] = 1;
      return true;
    }
    const { source, offsets, codes } = this;
    const heap = this.heap.data;
    const starts = this.starts.data;
    const sizes = this.sizes.data;
    for (let i = 0; i < n; i++) {
      const row = rows === null ? i : (rows[i] as number);
      const text = codes === null ? row : (codes[row] as number);
      const from = offsets[text] as number;
      const size = (offsets[text + 1] as number) - from;
      const e = entries[i] as number;
      if (sizes[e] !== size) {
        bad[i] = 1;
        continue;
      }
      const shift = (starts[e] as number) - from;
      let at = from + size - 1;
      while (at >= from && source[at] === heap[at + shift]) at--;
      if (at >= from) bad[i] = 1;
    }
    return true;
  }

  /** Kernels that reach the bound column, the entries, and `others`. */
  private kernels(...others: readonly (ArrayBufferView | null)[]): Kernels | null {
    if (this.allNull || this.heap.data.length === 0) return null;
    const { heap, starts, sizes, offsets, source, codes, validity } = this;
    return kernelsFor(heap.data, starts.data, sizes.data, offsets, source, codes, validity, ...others);
  }

  private verifyByKernel(
    k: Kernels,
    entries: Uint32Array,
    rows: Uint32Array | null,
    n: number,
    bad: Uint8Array,
  ): boolean {
    const any = k.group_verify_text(
      this.offsets.byteOffset,
      this.source.byteOffset,
      this.codes === null ? ALL_ROWS : this.codes.byteOffset,
      bitmapAt(this.validity),
      rows === null ? ALL_ROWS : rows.byteOffset,
      n,
      entries.byteOffset,
      this.starts.data.byteOffset,
      this.sizes.data.byteOffset,
      this.heap.data.byteOffset,
      bad.byteOffset,
      this.work.data.byteOffset,
    );
    return any !== 0;
  }

  equal(entry: number, row: number): boolean {
    const size = this.sizes.data[entry] as number;
    if (this.rowIsNull(row)) return size === -1;
    const at = this.codes === null ? row : (this.codes[row] as number);
    const from = this.offsets[at] as number;
    if ((this.offsets[at + 1] as number) - from !== size) return false;
    return sameBytes(this.source, from, this.heap.data, this.starts.data[entry] as number, size);
  }

  compare(row: number, entry: number): number {
    const at = this.codes === null ? row : (this.codes[row] as number);
    const start = this.starts.data[entry] as number;
    const end = start + (this.sizes.data[entry] as number);
    return compareBytes(
      this.source,
      this.offsets[at] as number,
      this.offsets[at + 1] as number,
      this.heap.data,
      start,
      end,
    );
  }

  isNull(entry: number): boolean {
    return this.sizes.data[entry] === -1;
  }

  column(order: Uint32Array, n: number, scratch: Scratch): Column {
    const { type } = this;
    if (this.nested) return this.nestedColumn(order, n, scratch);
    const starts = this.starts.data;
    const sizes = this.sizes.data;
    const offsets = scratch.i32(n + 1);
    const k = kernelsFor(offsets, starts, sizes, order, this.heap.data);
    const made = k === null ? null : this.columnByKernel(k, order, n, offsets, scratch);
    if (made !== null) return made;
    let total = 0;
    let nullCount = 0;
    offsets[0] = 0;
    for (let i = 0; i < n; i++) {
      const size = sizes[order[i] as number] as number;
      if (size < 0) nullCount++;
      else total += size;
      if (total > MAX_OFFSET) throw tooLong('The strings');
      offsets[i + 1] = total;
    }
    const bytes = scratch.u8(total);
    for (let i = 0; i < n; i++) {
      const e = order[i] as number;
      const from = starts[e] as number;
      const size = sizes[e] as number;
      if (size > 0) copyBytes(this.heap.data, from, from + size, bytes, offsets[i] as number);
    }
    let validity: Uint8Array | null = null;
    if (nullCount > 0) {
      validity = scratch.bitmap(n, false);
      for (let i = 0; i < n; i++) if ((sizes[order[i] as number] as number) >= 0) setBit(validity, i);
    }
    return { type, phys: 'utf8', length: n, nullCount, validity, offsets, bytes };
  }

  private columnByKernel(
    k: Kernels,
    order: Uint32Array,
    n: number,
    offsets: Int32Array,
    scratch: Scratch,
  ): Column | null {
    const { type } = this;
    const [starts, sizes, heap] = [this.starts.data.byteOffset, this.sizes.data.byteOffset, this.heap.data.byteOffset];
    const nullCount = k.group_offsets(sizes, order.byteOffset, n, offsets.byteOffset);
    if (nullCount < 0) throw tooLong('The strings');
    const bytes = scratch.u8(offsets[n] as number);
    const validity = nullCount === 0 ? null : scratch.bitmap(n, false);
    if (kernelsFor(offsets, bytes, validity) !== k) return null;
    k.group_texts(starts, heap, order.byteOffset, n, offsets.byteOffset, bytes.byteOffset);
    if (validity !== null) k.group_valid_texts(sizes, order.byteOffset, n, validity.byteOffset);
    return { type, phys: 'utf8', length: n, nullCount, validity, offsets, bytes };
  }

  private nestedColumn(order: Uint32Array, n: number, scratch: Scratch): Column {
    const heap = asBuffer(this.heap.data);
    const values = Array.from({ length: n }, (_, i) => {
      const e = order[i] as number;
      const from = this.starts.data[e] as number;
      const size = this.sizes.data[e] as number;
      return size < 0 ? null : decodeNested(heap.utf8Slice(from, from + size), this.type);
    });
    return columnFromValues(this.type, values, scratch);
  }

  clear(): void {
    this.entries = 0;
    this.used = 0;
    this.garbage = 0;
    this.starts.length = 0;
    this.sizes.length = 0;
  }

  free(): void {
    this.clear();
    this.starts.free();
    this.sizes.free();
    this.heap.free();
    this.work.free();
  }
}
