import { EngineBug, RunError } from '../errors.ts';
import type { LiteralValue } from '../expr.ts';
import { heapScratch } from '../memory/heap_scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { DataType } from '../types.ts';
import { formatType } from '../types.ts';
import type { Validity } from './bitmap.ts';
import { bitmapBytes, setBit, validityOf } from './bitmap.ts';
import type { Column } from './column.ts';
import { MAX_EXACT, MAX_I64, MAX_I128, MIN_I64, MIN_I128, narrowI64, narrowI128 } from './ints.ts';

/**
 * The builders behind `builder()` of build.ts: each grows one kind of buffer on the heap and copies it to scratch when finished.
 * For values that come one by one; bulk paths write typed arrays themselves.
 */
export interface ColumnBuilder {
  readonly length: number;
  append(value: LiteralValue): void;
  /** The column of the values so far; the builder must not be used any more. */
  finish(): Column;
}

export function grow<A extends Uint8Array | Int32Array | Float64Array | BigInt64Array>(from: A, need: number): A {
  if (need <= from.length) return from;
  const Kind = from.constructor as new (length: number) => A;
  const to = new Kind(Math.max(need, from.length * 2, 64));
  to.set(from as never);
  return to;
}

export function misfit(type: DataType, value: LiteralValue): EngineBug {
  return new EngineBug(
    `a ${value instanceof Uint8Array ? 'bytes' : typeof value} value for a column of type ${formatType(type)}`,
  );
}

export abstract class BaseBuilder implements ColumnBuilder {
  readonly type: DataType;
  protected readonly scratch: Scratch;
  protected n = 0;
  private bits = new Uint8Array(8);
  private nulls = 0;

  constructor(type: DataType, scratch: Scratch | undefined) {
    this.type = type;
    this.scratch = scratch ?? heapScratch();
  }

  get length(): number {
    return this.n;
  }

  append(value: LiteralValue): void {
    const row = this.n;
    this.bits = grow(this.bits, bitmapBytes(row + 1));
    if (value === null) {
      this.nulls++;
      this.pushNull(row);
    } else {
      this.push(value, row);
      setBit(this.bits, row);
    }
    this.n = row + 1;
  }

  finish(): Column {
    return this.build(this.validity());
  }

  private validity(): Validity {
    if (this.nulls === 0) return validityOf(null, this.n);
    const bits = this.scratch.bitmap(this.n, false);
    bits.set(this.bits.subarray(0, bitmapBytes(this.n)));
    return validityOf(bits, this.n);
  }

  protected abstract push(value: LiteralValue, row: number): void;
  protected abstract pushNull(row: number): void;
  protected abstract build(valid: Validity): Column;
}

export class NullBuilder extends BaseBuilder {
  protected push(value: LiteralValue): void {
    throw misfit(this.type, value);
  }
  protected pushNull(): void {}
  protected build(): Column {
    return { type: this.type, phys: 'null', length: this.n, nullCount: this.n, validity: null };
  }
}

export class BoolBuilder extends BaseBuilder {
  private values = new Uint8Array(8);

  protected push(value: LiteralValue, row: number): void {
    if (typeof value !== 'boolean') throw misfit(this.type, value);
    this.values = grow(this.values, bitmapBytes(row + 1));
    if (value) setBit(this.values, row);
  }
  protected pushNull(row: number): void {
    this.values = grow(this.values, bitmapBytes(row + 1));
  }
  protected build(valid: Validity): Column {
    const values = this.scratch.bitmap(this.n, false);
    values.set(this.values.subarray(0, bitmapBytes(this.n)));
    return { type: this.type, phys: 'bool', length: this.n, ...valid, values };
  }
}

export class FloatBuilder extends BaseBuilder {
  private values = new Float64Array(64);

  protected push(value: LiteralValue, row: number): void {
    if (typeof value !== 'number') throw misfit(this.type, value);
    this.values = grow(this.values, row + 1);
    this.values[row] = value;
  }
  protected pushNull(row: number): void {
    this.values = grow(this.values, row + 1);
  }
  protected build(valid: Validity): Column {
    const values = this.scratch.f64(this.n);
    values.set(this.values.subarray(0, this.n));
    return { type: this.type, phys: 'f64', length: this.n, ...valid, values };
  }
}

/** Dates, and anything else that is always 32 bits wide. */
export class DateBuilder extends BaseBuilder {
  private values = new Int32Array(64);

  protected push(value: LiteralValue, row: number): void {
    if (typeof value !== 'number' || !Number.isInteger(value)) throw misfit(this.type, value);
    if (value !== (value | 0)) throw new RunError('FLOW7004', 'a date is out of range', { value: String(value) });
    this.values = grow(this.values, row + 1);
    this.values[row] = value;
  }
  protected pushNull(row: number): void {
    this.values = grow(this.values, row + 1);
  }
  protected build(valid: Validity): Column {
    const values = this.scratch.i32(this.n);
    values.set(this.values.subarray(0, this.n));
    return { type: this.type, phys: 'i32', length: this.n, ...valid, values };
  }
}

/**
 * int and decimal (narrowed when finished), time and timestamp (always i64). Values stay JavaScript numbers as long as they are exact ones.
 */
export class IntBuilder extends BaseBuilder {
  private readonly min: bigint;
  private readonly max: bigint;
  private small = new Float64Array(64);
  /** Values that are not exact numbers, by row. */
  private readonly large = new Map<number, bigint>();
  private beyond64 = false;

  constructor(type: DataType, scratch: Scratch | undefined) {
    super(type, scratch);
    const wide = type.kind === 'decimal';
    this.min = wide ? MIN_I128 : MIN_I64;
    this.max = wide ? MAX_I128 : MAX_I64;
  }

  protected push(value: LiteralValue, row: number): void {
    this.small = grow(this.small, row + 1);
    if (typeof value === 'number' && Number.isSafeInteger(value)) {
      this.small[row] = value;
      return;
    }
    if (typeof value !== 'bigint' && !(typeof value === 'number' && Number.isInteger(value)))
      throw misfit(this.type, value);
    const v = BigInt(value);
    if (v < this.min || v > this.max) {
      throw new RunError('FLOW7004', `a value does not fit ${formatType(this.type)}`, { value: String(v) });
    }
    if (v < MIN_I64 || v > MAX_I64) this.beyond64 = true;
    this.large.set(row, v);
  }
  protected pushNull(row: number): void {
    this.small = grow(this.small, row + 1);
    this.small[row] = 0;
  }

  protected build(valid: Validity): Column {
    const { type, n, small } = this;
    if (this.beyond64) {
      const values = this.scratch.i64(2 * n);
      for (let i = 0; i < n; i++) {
        const v = this.large.get(i) ?? BigInt(small[i] as number);
        values[2 * i] = BigInt.asIntN(64, v);
        values[2 * i + 1] = v >> 64n;
      }
      return narrowI128(type, values, n, valid, this.scratch);
    }
    const values = this.scratch.i64(n);
    for (let i = 0; i < n; i++) values[i] = BigInt(small[i] as number);
    for (const [row, v] of this.large) values[row] = v;
    if (type.kind === 'int' || type.kind === 'decimal') return narrowI64(type, values, n, valid, this.scratch);
    const wide = [...this.large.values()].some((v) => v > MAX_EXACT || v < -MAX_EXACT);
    return { type, phys: 'i64', length: n, ...valid, values, wide };
  }
}

export class IntervalBuilder extends BaseBuilder {
  private words = new Int32Array(64);

  protected push(value: LiteralValue, row: number): void {
    if (value === null || typeof value !== 'object' || !('micros' in value)) throw misfit(this.type, value);
    const { months, days, micros } = value;
    if (typeof months !== 'number' || typeof days !== 'number' || typeof micros !== 'number')
      throw misfit(this.type, value);
    const nanos = BigInt(micros) * 1000n;
    if (nanos < MIN_I64 || nanos > MAX_I64 || months !== (months | 0) || days !== (days | 0)) {
      throw new RunError('FLOW7004', 'an interval is out of range', { value: JSON.stringify(value) });
    }
    this.words = grow(this.words, 4 * row + 4);
    this.words[4 * row] = months;
    this.words[4 * row + 1] = days;
    this.words[4 * row + 2] = Number(BigInt.asIntN(32, nanos));
    this.words[4 * row + 3] = Number(nanos >> 32n);
  }
  protected pushNull(row: number): void {
    this.words = grow(this.words, 4 * row + 4);
  }
  protected build(valid: Validity): Column {
    const values = this.scratch.i32(4 * this.n);
    values.set(this.words.subarray(0, 4 * this.n));
    return { type: this.type, phys: 'interval', length: this.n, ...valid, values };
  }
}
