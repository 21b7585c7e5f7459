import { valueReader } from '../batch/access.ts';
import { getBit } from '../batch/bitmap.ts';
import { columnFromValues } from '../batch/build.ts';
import { type Column, isValid } from '../batch/column.ts';
import { wordsOf } from '../batch/ints.ts';
import type { Scratch } from '../memory/types.ts';
import { type DataType, type Field, formatType } from '../types.ts';
import { fromHost, isSame, Mismatch, toHost } from './values.ts';

/**
 * A column as a function of batches sees it: valid during the call. `values` is a typed array where values have a fixed width (float: Float64Array; int: Int32Array,
 * Float64Array or, beyond 2^53, BigInt64Array; date: Int32Array of days; timestamp and time: BigInt64Array of microseconds), else an array. Under a null it holds anything.
 */
export class HostColumn {
  readonly name: string;
  /** As the language writes it. */
  readonly type: string;
  readonly length: number;
  readonly nullCount: number;
  readonly #column: Column;
  readonly #dataType: DataType;
  #read: ((row: number) => unknown) | null = null;
  #values: ArrayLike<unknown> | null = null;

  constructor(field: Field, column: Column) {
    this.name = field.name;
    this.type = formatType(field.type, field.nullable);
    this.length = column.length;
    this.nullCount = column.nullCount;
    this.#column = column;
    this.#dataType = field.type;
  }

  get values(): ArrayLike<unknown> {
    this.#values ??= fixedValues(this.#column) ?? this.toArray();
    return this.#values;
  }

  isNull(row: number): boolean {
    return !isValid(this.#column, row);
  }

  /** The value of a row, null where it is null. */
  get(row: number): unknown {
    this.#read ??= this.#reader();
    return this.#read(row);
  }

  #reader(): (row: number) => unknown {
    const read = valueReader(this.#column);
    const type = this.#dataType;
    return isSame(type) ? read : (row) => toHost(type, read(row));
  }

  toArray(): unknown[] {
    return Array.from({ length: this.length }, (_, row) => this.get(row));
  }

  *[Symbol.iterator](): Generator<unknown> {
    for (let row = 0; row < this.length; row++) yield this.get(row);
  }
}

/** Views where the layout is what the user sees; null where there is none. */
function fixedValues(col: Column): ArrayLike<unknown> | null {
  switch (col.phys) {
    case 'f64':
      return col.values;
    case 'i32':
      return col.type.kind === 'int' || col.type.kind === 'date' ? col.values : null;
    case 'i64':
      if (col.type.kind === 'timestamp' || col.type.kind === 'time') return col.values;
      if (col.type.kind !== 'int') return null;
      return col.wide ? col.values : doubles(col.values);
    case 'bool':
      return Uint8Array.from({ length: col.length }, (_, row) => (getBit(col.values, row) ? 1 : 0));
    default:
      return null;
  }
}

function doubles(values: BigInt64Array): Float64Array {
  const words = wordsOf(values);
  const out = new Float64Array(values.length);
  for (let i = 0; i < out.length; i++)
    out[i] = (words[2 * i + 1] as number) * 4294967296 + ((words[2 * i] as number) >>> 0);
  return out;
}

/** A column of what a function of batches gave: a typed array, or anything with a length and items. Throws Mismatch. */
export function columnOf(field: Field, given: unknown, scratch: Scratch): Column {
  const base = { type: field.type, nullCount: 0, validity: null };
  if (field.type.kind === 'float' && (given instanceof Float64Array || given instanceof Float32Array)) {
    const values = scratch.f64(given.length);
    values.set(given);
    return { ...base, phys: 'f64', length: given.length, values };
  }
  if ((field.type.kind === 'int' || field.type.kind === 'date') && given instanceof Int32Array) {
    const values = scratch.i32(given.length);
    values.set(given);
    return { ...base, phys: 'i32', length: given.length, values };
  }
  const items = itemsOf(given);
  if (items === null) throw new Mismatch('', `an array of ${formatType(field.type, field.nullable)}`, given);
  const bits = field.type.kind === 'bool' && given instanceof Uint8Array;
  const values = Array.from(items, (v, i) => fromHost(field, bits ? v === 1 : v, `[${i}]`));
  return columnFromValues(field.type, values, scratch);
}

function itemsOf(given: unknown): ArrayLike<unknown> | null {
  if (Array.isArray(given)) return given as unknown[];
  if (ArrayBuffer.isView(given) && !(given instanceof DataView)) return given as unknown as ArrayLike<unknown>;
  return given instanceof HostColumn ? given.toArray() : null;
}
