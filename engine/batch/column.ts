import type { DataType, Schema } from '../types.ts';

/**
 * Columns in Arrow's memory layout. All buffers are views on shared memory (the arena) or, for small constants and tests,
 * on ordinary buffers; a column never owns memory. Immutable once built.
 *
 * Validity: Arrow bitmap, least significant bit first, 1 = valid; `null` means that no row is null. A value under an
 * invalid bit is unspecified, except that offsets stay monotonic and dictionary codes stay in range.
 *
 * phys by type: bool -> bool; int, decimal -> i32 | i64 | i128 (the width is chosen per batch from its values; int never i128);
 * float -> f64; date -> i32; time, timestamp -> i64; interval -> interval; string -> utf8 | dict; bytes, json -> utf8;
 * list, map -> list (a map is a list of {key, value} structs); struct -> struct; null -> null.
 */
export type Column =
  | BoolColumn
  | I32Column
  | I64Column
  | I128Column
  | F64Column
  | Utf8Column
  | DictColumn
  | IntervalColumn
  | ListColumn
  | StructColumn
  | NullColumn;

export type Phys = Column['phys'];

interface ColumnBase {
  readonly type: DataType;
  /** Rows. */
  readonly length: number;
  /** Exact number of null rows; 0 exactly when `validity` is null (except phys null). */
  readonly nullCount: number;
  readonly validity: Uint8Array | null;
}

/** Bit-packed booleans. */
export interface BoolColumn extends ColumnBase {
  readonly phys: 'bool';
  readonly values: Uint8Array;
}
export interface I32Column extends ColumnBase {
  readonly phys: 'i32';
  readonly values: Int32Array;
}
/** `wide`: some valid value may lie beyond +-(2^53 - 1); when false, kernels may compute on JavaScript numbers. */
export interface I64Column extends ColumnBase {
  readonly phys: 'i64';
  readonly values: BigInt64Array;
  readonly wide: boolean;
}
/** Two's complement, little endian, two words a row: low, high. */
export interface I128Column extends ColumnBase {
  readonly phys: 'i128';
  readonly values: BigInt64Array;
}
export interface F64Column extends ColumnBase {
  readonly phys: 'f64';
  readonly values: Float64Array;
}
/** `offsets` has length + 1 entries into `bytes`. */
export interface Utf8Column extends ColumnBase {
  readonly phys: 'utf8';
  readonly offsets: Int32Array;
  readonly bytes: Uint8Array;
}
/** `codes[i]` indexes `dictionary` (phys utf8, no nulls, entries distinct). */
export interface DictColumn extends ColumnBase {
  readonly phys: 'dict';
  readonly codes: Int32Array;
  readonly dictionary: Utf8Column;
}
/** Arrow MonthDayNano: 4 words a row: months, days, nanoseconds low, nanoseconds high. */
export interface IntervalColumn extends ColumnBase {
  readonly phys: 'interval';
  readonly values: Int32Array;
}
export interface ListColumn extends ColumnBase {
  readonly phys: 'list';
  readonly offsets: Int32Array;
  readonly child: Column;
}
export interface StructColumn extends ColumnBase {
  readonly phys: 'struct';
  readonly children: readonly Column[];
}
export interface NullColumn extends ColumnBase {
  readonly phys: 'null';
}

/** Rows in columns; `columns[i]` belongs to `schema[i]`. */
export interface Batch {
  readonly schema: Schema;
  readonly rows: number;
  readonly columns: readonly Column[];
}

/** Readers cut their input into morsels of at most this many rows; the bounds come from the data alone. */
export let MORSEL_ROWS = 65536;

/** Smaller morsels in this thread, from its start: results do not depend on them, and tests see to that. */
export function setMorselRows(rows: number): void {
  MORSEL_ROWS = rows;
}

export function isValid(c: Column, row: number): boolean {
  if (c.phys === 'null') return false;
  const v = c.validity;
  return v === null || (((v[row >> 3] as number) >> (row & 7)) & 1) === 1;
}
