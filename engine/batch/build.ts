import type { LiteralValue } from '../expr.ts';
import { heapScratch } from '../memory/heap_scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { DataType, Schema } from '../types.ts';
import type { Validity } from './bitmap.ts';
import { asBuffer } from './buffers.ts';
import type { ColumnBuilder } from './builders.ts';
import {
  BaseBuilder,
  BoolBuilder,
  DateBuilder,
  FloatBuilder,
  grow,
  IntBuilder,
  IntervalBuilder,
  misfit,
  NullBuilder,
} from './builders.ts';
import type { Batch, Column, Utf8Column } from './column.ts';
import { gatherColumn, MAX_OFFSET, tooLong } from './gather.ts';

export type { ColumnBuilder } from './builders.ts';

/**
 * A builder of one column from values (conventions of LiteralValue; a map takes an array of {key, value}, or an object when its keys are strings).
 * Without scratch the column lies on the heap. A value of the wrong kind is an EngineBug, one that is out of range a RunError FLOW7004.
 */
export function builder(type: DataType, scratch?: Scratch): ColumnBuilder {
  switch (type.kind) {
    case 'null':
      return new NullBuilder(type, scratch);
    case 'bool':
      return new BoolBuilder(type, scratch);
    case 'int':
    case 'decimal':
    case 'time':
    case 'timestamp':
      return new IntBuilder(type, scratch);
    case 'float':
      return new FloatBuilder(type, scratch);
    case 'date':
      return new DateBuilder(type, scratch);
    case 'interval':
      return new IntervalBuilder(type, scratch);
    case 'string':
    case 'json':
    case 'bytes':
      return new Utf8Builder(type, scratch);
    case 'list':
      return new ListBuilder(type, type.item.type, scratch);
    case 'map':
      return new ListBuilder(type, mapEntry(type), scratch);
    case 'struct':
      return new StructBuilder(type, scratch);
  }
}

/** The struct type of a map's entries. */
export function mapEntry(type: DataType & { kind: 'map' }): DataType & { kind: 'struct' } {
  return {
    kind: 'struct',
    fields: [
      { name: 'key', type: type.key, nullable: false },
      { name: 'value', ...type.value },
    ],
  };
}

export function columnFromValues(type: DataType, values: readonly LiteralValue[], scratch?: Scratch): Column {
  const b = builder(type, scratch);
  for (const v of values) b.append(v);
  return b.finish();
}

/** A field that a row lacks is null. */
export function batchFromRows(schema: Schema, rows: readonly Record<string, LiteralValue>[], scratch?: Scratch): Batch {
  const columns = schema.map((f) => {
    const b = builder(f.type, scratch);
    for (const row of rows) b.append(Object.hasOwn(row, f.name) ? (row[f.name] ?? null) : null);
    return b.finish();
  });
  return { schema, rows: rows.length, columns };
}

/** All rows null, in the usual physical form of the type. */
export function nullColumn(type: DataType, rows: number, scratch: Scratch = heapScratch()): Column {
  const base = { type, length: rows, nullCount: rows, validity: rows === 0 ? null : scratch.bitmap(rows, false) };
  switch (type.kind) {
    case 'null':
      return { ...base, phys: 'null', validity: null };
    case 'bool':
      return { ...base, phys: 'bool', values: scratch.bitmap(rows, false) };
    case 'int':
    case 'decimal':
    case 'date':
      return { ...base, phys: 'i32', values: scratch.i32(rows).fill(0) };
    case 'time':
    case 'timestamp':
      return { ...base, phys: 'i64', values: scratch.i64(rows).fill(0n), wide: false };
    case 'float':
      return { ...base, phys: 'f64', values: scratch.f64(rows).fill(0) };
    case 'interval':
      return { ...base, phys: 'interval', values: scratch.i32(4 * rows).fill(0) };
    case 'string':
    case 'bytes':
    case 'json':
      return { ...base, phys: 'utf8', offsets: scratch.i32(rows + 1).fill(0), bytes: scratch.u8(0) };
    case 'list':
      return {
        ...base,
        phys: 'list',
        offsets: scratch.i32(rows + 1).fill(0),
        child: nullColumn(type.item.type, 0, scratch),
      };
    case 'map':
      return {
        ...base,
        phys: 'list',
        offsets: scratch.i32(rows + 1).fill(0),
        child: nullColumn(mapEntry(type), 0, scratch),
      };
    case 'struct':
      return { ...base, phys: 'struct', children: type.fields.map((f) => nullColumn(f.type, rows, scratch)) };
  }
}

/** The same value in every row; a string becomes a dictionary of one entry. */
export function constantColumn(
  type: DataType,
  value: LiteralValue,
  rows: number,
  scratch: Scratch = heapScratch(),
): Column {
  if (value === null) return nullColumn(type, rows, scratch);
  const one = columnFromValues(type, [value], scratch);
  const base = { type, length: rows, nullCount: 0, validity: null };
  if (one.phys === 'utf8' && type.kind === 'string')
    return { ...base, phys: 'dict', codes: scratch.i32(rows).fill(0), dictionary: one };
  if (one.phys === 'i32') return { ...base, phys: 'i32', values: scratch.i32(rows).fill(one.values[0] as number) };
  if (one.phys === 'f64') return { ...base, phys: 'f64', values: scratch.f64(rows).fill(one.values[0] as number) };
  if (one.phys === 'i64') return { ...one, length: rows, values: scratch.i64(rows).fill(one.values[0] as bigint) };
  return gatherColumn(one, scratch.u32(rows).fill(0), rows, scratch);
}

class Utf8Builder extends BaseBuilder {
  private offsets = new Int32Array(65);
  private bytes = asBuffer(new Uint8Array(256));
  private used = 0;

  protected push(value: LiteralValue, row: number): void {
    if (value instanceof Uint8Array && this.type.kind === 'bytes') {
      this.reserve(value.length);
      this.bytes.set(value, this.used);
      this.used += value.length;
    } else if (typeof value === 'string' && this.type.kind !== 'bytes') {
      this.reserve(value.length * 3);
      this.used += this.bytes.utf8Write(value, this.used);
    } else throw misfit(this.type, value);
    this.pushNull(row);
  }
  protected pushNull(row: number): void {
    this.offsets = grow(this.offsets, row + 2);
    this.offsets[row + 1] = this.used;
  }

  private reserve(more: number): void {
    const need = this.used + more;
    if (need <= this.bytes.length) return;
    if (need > MAX_OFFSET) throw tooLong('The strings');
    const to = Buffer.alloc(Math.min(MAX_OFFSET, Math.max(need, this.bytes.length * 2)));
    to.set(this.bytes.subarray(0, this.used));
    this.bytes = to;
  }

  protected build(valid: Validity): Utf8Column {
    const offsets = this.scratch.i32(this.n + 1);
    offsets.set(this.offsets.subarray(0, this.n + 1));
    const bytes = this.scratch.u8(this.used);
    bytes.set(this.bytes.subarray(0, this.used));
    return { type: this.type, phys: 'utf8', length: this.n, ...valid, offsets, bytes };
  }
}

class ListBuilder extends BaseBuilder {
  private offsets = new Int32Array(65);
  private readonly items: ColumnBuilder;

  constructor(type: DataType, item: DataType, scratch: Scratch | undefined) {
    super(type, scratch);
    this.items = builder(item, scratch);
  }

  protected push(value: LiteralValue, row: number): void {
    for (const item of this.itemsOf(value)) this.items.append(item);
    this.pushNull(row);
  }
  protected pushNull(row: number): void {
    this.offsets = grow(this.offsets, row + 2);
    this.offsets[row + 1] = this.items.length;
  }

  private itemsOf(value: LiteralValue): readonly LiteralValue[] {
    if (Array.isArray(value)) return value;
    if (this.type.kind === 'map' && this.type.key.kind === 'string' && isRecord(value)) {
      return Object.entries(value).map(([key, v]) => ({ key, value: v }));
    }
    throw misfit(this.type, value);
  }

  protected build(valid: Validity): Column {
    const offsets = this.scratch.i32(this.n + 1);
    offsets.set(this.offsets.subarray(0, this.n + 1));
    return { type: this.type, phys: 'list', length: this.n, ...valid, offsets, child: this.items.finish() };
  }
}

class StructBuilder extends BaseBuilder {
  private readonly parts: readonly { readonly name: string; readonly column: ColumnBuilder }[];

  constructor(type: DataType & { kind: 'struct' }, scratch: Scratch | undefined) {
    super(type, scratch);
    this.parts = type.fields.map((f) => ({ name: f.name, column: builder(f.type, scratch) }));
  }

  protected push(value: LiteralValue): void {
    if (!isRecord(value)) throw misfit(this.type, value);
    for (const { name, column } of this.parts) column.append(Object.hasOwn(value, name) ? (value[name] ?? null) : null);
  }
  protected pushNull(): void {
    for (const { column } of this.parts) column.append(null);
  }

  protected build(valid: Validity): Column {
    return {
      type: this.type,
      phys: 'struct',
      length: this.n,
      ...valid,
      children: this.parts.map((p) => p.column.finish()),
    };
  }
}

function isRecord(value: LiteralValue): value is { readonly [field: string]: LiteralValue } {
  return value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array);
}
