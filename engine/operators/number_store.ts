import type { Validity } from '../batch/bitmap.ts';
import { ALL_VALID, getBit, setBit } from '../batch/bitmap.ts';
import { nullColumn } from '../batch/build.ts';
import type { Column } from '../batch/column.ts';
import { compareFloats } from '../batch/compare.ts';
import { narrowI64, narrowI128, wordsOf } from '../batch/ints.ts';
import { EngineBug } from '../errors.ts';
import { kernelsFor } from '../kernels/load.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { f64Vector, i32Vector, u8Vector } from '../memory/vector.ts';
import type { Store } from '../store/types.ts';
import type { DataType } from '../types.ts';
import { appendNumbers, isNumbers, pickDoubles, verifyNumbers } from './number_kernels.ts';
import { appendDoubles, appendInts, appendPairs, verifyDoubles, verifyInts, verifyPairs } from './number_loops.ts';
import type { ValueStore } from './value_store.ts';

/** Stands for "all rows". */
const ALL_ROWS = 0xffffffff;
const NO_VALUES = new Float64Array(0);
const NO_WORDS = new Int32Array(0);
const TWO32 = 4294967296;

/**
 * Values that are numbers underneath. Held as doubles while they are exact (all ints within +-2^53, floats, days, booleans); the first
 * column that may hold more turns the store to 32-bit words, 2 or 4 an entry, low word first.
 */
export class NumberStore implements ValueStore {
  readonly type: DataType;
  /** Valid while `width` is 0. */
  readonly doubles: Vector<Float64Array>;
  /** 1 = no value. */
  readonly nulls: Vector<Uint8Array>;
  private readonly words: Vector<Int32Array>;
  private width: 0 | 2 | 4 = 0;
  private entries = 0;
  private bound: Column | null = null;
  /** The bound column's values: doubles or words of `step` a row; booleans and nulls are read through `bound`. */
  private source: Float64Array = NO_VALUES;
  private sourceWords: Int32Array = NO_WORDS;
  private step = 0;
  private validity: Uint8Array | null = null;

  constructor(type: DataType, store: Store, owner: string) {
    this.type = type;
    this.doubles = f64Vector(store, owner);
    this.words = i32Vector(store, owner);
    this.nulls = u8Vector(store, owner);
    if (type.kind === 'interval') this.width = 4;
  }

  bytes(): number {
    return this.doubles.bytes + this.words.bytes + this.nulls.bytes;
  }

  /** True when entries are words, not doubles. */
  get isWide(): boolean {
    return this.width !== 0;
  }

  grow(entries: number): void {
    if (entries <= this.entries) return;
    this.nulls.grow(entries, 1);
    if (this.width === 0) this.doubles.grow(entries, 0);
    else this.words.grow(entries * this.width, 0);
    this.entries = entries;
  }

  bind(col: Column): void {
    this.bound = col;
    this.validity = col.validity;
    this.source = NO_VALUES;
    this.sourceWords = NO_WORDS;
    this.step = 0;
    switch (col.phys) {
      case 'f64':
        this.source = col.values;
        return;
      case 'i32':
        this.sourceWords = col.values;
        this.step = 1;
        return;
      case 'i64':
        this.sourceWords = wordsOf(col.values);
        this.step = 2;
        if (col.wide) this.widen(2);
        return;
      case 'i128':
        this.sourceWords = wordsOf(col.values);
        this.step = 4;
        this.widen(4);
        return;
      case 'interval':
        this.sourceWords = col.values;
        this.step = 4;
        return;
      case 'bool':
      case 'null':
        return;
      default:
        throw new EngineBug(`a ${col.phys} column has no numbers`);
    }
  }

  private widen(width: 2 | 4): void {
    if (this.width >= width) return;
    const n = this.entries;
    const from = this.width;
    this.words.grow(n * width, 0);
    const to = this.words.data;
    if (from === 0) {
      const d = this.doubles.data;
      for (let e = 0; e < n; e++) {
        const v = d[e] as number;
        const hi = Math.floor(v / TWO32);
        to[e * width] = v;
        for (let k = 1; k < width; k++) to[e * width + k] = k === 1 ? hi : hi >> 31;
      }
      this.doubles.free();
    } else {
      for (let e = n - 1; e >= 0; e--) {
        const hi = to[2 * e + 1] as number;
        to[4 * e] = to[2 * e] as number;
        to[4 * e + 1] = hi;
        to[4 * e + 2] = hi >> 31;
        to[4 * e + 3] = hi >> 31;
      }
    }
    this.width = width;
  }

  private rowIsNull(row: number): boolean {
    return (this.validity !== null && !getBit(this.validity, row)) || this.bound?.phys === 'null';
  }

  /** The bound row's number; only while doubles suffice. */
  private numberAt(row: number): number {
    if (this.step === 1) return this.sourceWords[row] as number;
    if (this.step === 2)
      return (this.sourceWords[2 * row + 1] as number) * TWO32 + ((this.sourceWords[2 * row] as number) >>> 0);
    const col = this.bound;
    if (col?.phys === 'bool') return getBit(col.values, row) ? 1 : 0;
    return this.source[row] as number;
  }

  /** Word `k` of the bound row, sign-extended. */
  private wordAt(row: number, k: number): number {
    const { step } = this;
    const at = row * step;
    return k < step ? (this.sourceWords[at + k] as number) : (this.sourceWords[at + step - 1] as number) >> 31;
  }

  set(entry: number, row: number): void {
    if (this.rowIsNull(row)) {
      this.nulls.data[entry] = 1;
      return;
    }
    this.nulls.data[entry] = 0;
    if (this.width === 0) this.doubles.data[entry] = this.numberAt(row);
    else for (let k = 0; k < this.width; k++) this.words.data[entry * this.width + k] = this.wordAt(row, k);
  }

  write(targets: Uint32Array, rows: Uint32Array | null, n: number): void {
    for (let i = 0; i < n; i++) this.set(targets[i] as number, rows === null ? i : (rows[i] as number));
  }

  append(base: number, rows: Uint32Array | null, n: number): void {
    this.grow(base + n);
    const { bound, width } = this;
    if (width === 0 && isNumbers(bound) && appendNumbers(bound, rows, n, base, this.doubles.data, this.nulls.data))
      return;
    const plain =
      this.validity === null && this.width === 0 && this.bound?.phys !== 'null' && this.bound?.phys !== 'bool';
    if (!plain) {
      for (let i = 0; i < n; i++) this.set(base + i, rows === null ? i : (rows[i] as number));
      return;
    }
    this.nulls.data.fill(0, base, base + n);
    const out = this.doubles.data;
    if (this.step === 0) appendDoubles(out, base, this.source, rows, n);
    else if (this.step === 1) appendInts(out, base, this.sourceWords, rows, n);
    else appendPairs(out, base, this.sourceWords, rows, n);
  }

  verify(entries: Uint32Array, rows: Uint32Array | null, n: number, bad: Uint8Array): boolean {
    const { bound } = this;
    if (this.width === 0 && isNumbers(bound)) {
      const any = verifyNumbers(bound, rows, n, entries, this.doubles.data, this.nulls.data, bad);
      if (any !== null) return any;
    }
    const plain =
      this.validity === null && this.width === 0 && this.bound?.phys !== 'null' && this.bound?.phys !== 'bool';
    if (!plain) {
      for (let i = 0; i < n; i++)
        if (!this.equal(entries[i] as number, rows === null ? i : (rows[i] as number))) bad[i] = 1;
      return true;
    }
    const d = this.doubles.data;
    const nulls = this.nulls.data;
    if (this.step === 0) verifyDoubles(d, nulls, entries, this.source, rows, n, bad);
    else if (this.step === 1) verifyInts(d, nulls, entries, this.sourceWords, rows, n, bad);
    else verifyPairs(d, nulls, entries, this.sourceWords, rows, n, bad);
    return true;
  }

  equal(entry: number, row: number): boolean {
    const missing = this.nulls.data[entry] === 1;
    if (this.rowIsNull(row)) return missing;
    if (missing) return false;
    if (this.width === 0) {
      const a = this.doubles.data[entry] as number;
      const b = this.numberAt(row);
      return a === b || (a !== a && b !== b);
    }
    for (let k = 0; k < this.width; k++)
      if (this.words.data[entry * this.width + k] !== this.wordAt(row, k)) return false;
    return true;
  }

  compare(row: number, entry: number): number {
    if (this.width === 0) return compareFloats(this.numberAt(row), this.doubles.data[entry] as number);
    if (this.type.kind === 'interval') throw new EngineBug('intervals have no order');
    for (let k = this.width - 1; k >= 0; k--) {
      const a = this.wordAt(row, k);
      const b = this.words.data[entry * this.width + k] as number;
      if (a !== b) return k === this.width - 1 ? (a < b ? -1 : 1) : a >>> 0 < b >>> 0 ? -1 : 1;
    }
    return 0;
  }

  isNull(entry: number): boolean {
    return this.nulls.data[entry] === 1;
  }

  /** Entry as a double, rounded when it is wider. */
  double(entry: number): number {
    if (this.width === 0) return this.doubles.data[entry] as number;
    const w = this.words.data;
    let v = w[entry * this.width + this.width - 1] as number;
    for (let k = this.width - 2; k >= 0; k--) v = v * TWO32 + ((w[entry * this.width + k] as number) >>> 0);
    return v;
  }

  column(order: Uint32Array, n: number, scratch: Scratch): Column {
    const { type } = this;
    if (type.kind === 'null') return nullColumn(type, n, scratch);
    const valid = this.validityOf(order, n, scratch);
    const base = { type, length: n, ...valid };
    if (this.width !== 0) return this.wideColumn(order, n, valid, scratch);
    const d = this.doubles.data;
    switch (type.kind) {
      case 'float': {
        const values = scratch.f64(n);
        pickDoubles(d, order, n, values);
        return { ...base, phys: 'f64', values };
      }
      case 'bool': {
        const values = scratch.bitmap(n, false);
        for (let i = 0; i < n; i++) if (d[order[i] as number] === 1) setBit(values, i);
        return { ...base, phys: 'bool', values };
      }
      default:
        return pickExact(type, d, order, n, valid, scratch);
    }
  }

  private validityOf(order: Uint32Array, n: number, scratch: Scratch): Validity {
    const nulls = this.nulls.data;
    const k = kernelsFor(nulls, order);
    let nullCount = k === null ? 0 : k.group_count_nulls(nulls.byteOffset, order.byteOffset, n);
    if (k === null) for (let i = 0; i < n; i++) nullCount += nulls[order[i] as number] as number;
    if (nullCount === 0) return ALL_VALID;
    const validity = scratch.bitmap(n, false);
    const all = kernelsFor(nulls, order, validity);
    if (all !== null) all.group_valid(nulls.byteOffset, order.byteOffset, n, validity.byteOffset);
    else for (let i = 0; i < n; i++) if (nulls[order[i] as number] === 0) setBit(validity, i);
    return { validity, nullCount };
  }

  private wideColumn(order: Uint32Array, n: number, valid: Validity, scratch: Scratch): Column {
    const { type, width } = this;
    const from = this.words.data;
    const values = scratch.i64((n * width) / 2);
    const to = wordsOf(values);
    for (let i = 0; i < n; i++) {
      const e = (order[i] as number) * width;
      for (let k = 0; k < width; k++) to[i * width + k] = from[e + k] as number;
    }
    if (type.kind === 'interval') return { type, phys: 'interval', length: n, ...valid, values: to };
    if (width === 4) return narrowI128(type, values, n, valid, scratch);
    if (type.kind === 'int' || type.kind === 'decimal') return narrowI64(type, values, n, valid, scratch);
    return { type, phys: 'i64', length: n, ...valid, values, wide: true };
  }

  clear(): void {
    this.entries = 0;
    this.doubles.length = 0;
    this.words.length = 0;
    this.nulls.length = 0;
    if (this.type.kind !== 'interval') {
      this.width = 0;
      this.words.free();
    }
  }

  free(): void {
    this.doubles.free();
    this.words.free();
    this.nulls.free();
    this.entries = 0;
    this.bound = null;
  }
}

/** The doubles `from[order[i]]`, i < n, exact integers all, as exactColumn gives them; dates too. */
export function pickExact(
  type: DataType,
  from: Float64Array,
  order: Uint32Array,
  n: number,
  valid: Validity,
  scratch: Scratch,
): Column {
  const made = exactByKernel(type, from, order, n, valid, scratch);
  if (made !== null) return made;
  const values = scratch.f64(n);
  pickDoubles(from, order, n, values);
  return exactColumn(type, values, n, valid, scratch);
}

function exactByKernel(
  type: DataType,
  from: Float64Array,
  order: Uint32Array | null,
  n: number,
  valid: Validity,
  scratch: Scratch,
): Column | null {
  const base = { type, length: n, ...valid };
  const rows = order === null ? ALL_ROWS : order.byteOffset;
  if (kernelsFor(from, order) === null) return null;
  if (type.kind !== 'time' && type.kind !== 'timestamp') {
    const values = scratch.i32(n);
    const k = kernelsFor(values, from, order);
    if (k !== null && k.group_ints(from.byteOffset, rows, n, values.byteOffset) !== 0)
      return { ...base, phys: 'i32', values };
  }
  const values = scratch.i64(n);
  const k = kernelsFor(values, from, order);
  if (k === null) return null;
  k.group_longs(from.byteOffset, rows, n, values.byteOffset);
  return { ...base, phys: 'i64', values, wide: false };
}

/** Doubles that hold exact integers as an int, decimal, time or timestamp column. */
export function exactColumn(type: DataType, d: Float64Array, n: number, valid: Validity, scratch: Scratch): Column {
  const made = exactByKernel(type, d, null, n, valid, scratch);
  if (made !== null) return made;
  const base = { type, length: n, ...valid };
  const instant = type.kind === 'time' || type.kind === 'timestamp';
  let small = !instant;
  if (small) {
    for (let i = 0; i < n; i++) {
      const v = d[i] as number;
      if (v !== (v | 0)) {
        small = false;
        break;
      }
    }
  }
  if (small) {
    const values = scratch.i32(n);
    for (let i = 0; i < n; i++) values[i] = d[i] as number;
    return { ...base, phys: 'i32', values };
  }
  const values = scratch.i64(n);
  const w = wordsOf(values);
  for (let i = 0; i < n; i++) {
    const v = d[i] as number;
    w[2 * i] = v;
    w[2 * i + 1] = Math.floor(v / TWO32);
  }
  return { ...base, phys: 'i64', values, wide: false };
}
