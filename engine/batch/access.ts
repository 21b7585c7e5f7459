import { isAscii } from 'node:buffer';
import { EngineBug } from '../errors.ts';
import type { IntervalValue, LiteralValue } from '../expr.ts';
import { getBit } from './bitmap.ts';
import { asBuffer } from './buffers.ts';
import type { Batch, Column, DictColumn, I128Column, ListColumn, StructColumn, Utf8Column } from './column.ts';
import { isValid } from './column.ts';
import { intAt, toExact, wordsOf } from './ints.ts';

/** Below this many rows a column is decoded row by row rather than whole. */
const FEW = 4;

/**
 * Reads the valid rows of a string or json column as JavaScript strings: an ASCII column is decoded once and cut, a dictionary once an entry.
 * The strings of one column may share memory. Nulls are the caller's business.
 */
export function stringReader(col: Column): (row: number) => string {
  if (col.phys === 'dict') return dictReader(col);
  if (col.phys === 'utf8') return utf8Reader(col);
  throw new EngineBug(`a ${col.phys} column has no strings`);
}

function utf8Reader(col: Utf8Column): (row: number) => string {
  const { offsets, length } = col;
  const buffer = asBuffer(col.bytes);
  const start = offsets[0] as number;
  const end = offsets[length] as number;
  if (length < FEW || !isAscii(col.bytes.subarray(start, end))) {
    return (row) => buffer.utf8Slice(offsets[row] as number, offsets[row + 1] as number);
  }
  const text = buffer.latin1Slice(start, end);
  return (row) => text.substring((offsets[row] as number) - start, (offsets[row + 1] as number) - start);
}

function dictReader(col: DictColumn): (row: number) => string {
  const { codes, dictionary } = col;
  if (dictionary.length > 2 * col.length) {
    const { bytes, offsets } = dictionary;
    const buffer = asBuffer(bytes);
    return (row) => {
      const c = codes[row] as number;
      return buffer.utf8Slice(offsets[c] as number, offsets[c + 1] as number);
    };
  }
  const read = utf8Reader(dictionary);
  const entries: string[] = [];
  for (let c = 0; c < dictionary.length; c++) entries.push(read(c));
  return (row) => entries[codes[row] as number] as string;
}

/** Reads rows as values (conventions of LiteralValue; a map is an array of {key, value}); null rows give null. */
export function valueReader(col: Column): (row: number) => LiteralValue {
  if (col.phys === 'null') return () => null;
  const read = validReader(col);
  const bits = col.validity;
  return bits === null ? read : (row) => (getBit(bits, row) ? read(row) : null);
}

function validReader(col: Exclude<Column, { phys: 'null' }>): (row: number) => LiteralValue {
  switch (col.phys) {
    case 'bool': {
      const bits = col.values;
      return (row) => getBit(bits, row);
    }
    case 'i32':
    case 'f64': {
      const values = col.values;
      return (row) => values[row] as number;
    }
    case 'i64': {
      const values = col.values;
      const words = wordsOf(values);
      return (row) => intAt(words, values, row);
    }
    case 'i128':
      return (row) => toExact(i128At(col, row));
    case 'interval': {
      const words = col.values;
      return (row) => intervalAt(words, row);
    }
    case 'utf8':
      return col.type.kind === 'bytes' ? bytesReader(col) : stringReader(col);
    case 'dict':
      return stringReader(col);
    case 'list':
      return listReader(col);
    case 'struct':
      return structReader(col);
  }
}

function i128At(col: I128Column, row: number): bigint {
  return ((col.values[2 * row + 1] as bigint) << 64n) | BigInt.asUintN(64, col.values[2 * row] as bigint);
}

function intervalAt(words: Int32Array, row: number): IntervalValue {
  const nanos = (BigInt(words[4 * row + 3] as number) << 32n) | BigInt((words[4 * row + 2] as number) >>> 0);
  return { months: words[4 * row] as number, days: words[4 * row + 1] as number, micros: Number(nanos / 1000n) };
}

/** A copy a row: the column's memory is reused. */
function bytesReader(col: Utf8Column): (row: number) => Uint8Array {
  return (row) => new Uint8Array(col.bytes.subarray(col.offsets[row] as number, col.offsets[row + 1] as number));
}

function listReader(col: ListColumn): (row: number) => LiteralValue {
  const read = valueReader(col.child);
  const offsets = col.offsets;
  return (row) => {
    const items: LiteralValue[] = [];
    const end = offsets[row + 1] as number;
    for (let k = offsets[row] as number; k < end; k++) items.push(read(k));
    return items;
  };
}

function structReader(col: StructColumn): (row: number) => LiteralValue {
  if (col.type.kind !== 'struct' && col.type.kind !== 'map')
    throw new EngineBug(`a struct column of type ${col.type.kind}`);
  const names = col.type.kind === 'struct' ? col.type.fields.map((f) => f.name) : ['key', 'value'];
  const parts = col.children.map(valueReader);
  // fromEntries defines own properties, so that a field called __proto__ is a field.
  return (row) => Object.fromEntries(parts.map((read, k) => [names[k] as string, read(row)]));
}

/** All rows as objects: for tests, previews and small results. */
export function rowsOf(batch: Batch): Record<string, LiteralValue>[] {
  const readers = batch.columns.map(valueReader);
  const names = batch.schema.map((f) => f.name);
  const rows: Record<string, LiteralValue>[] = [];
  for (let i = 0; i < batch.rows; i++)
    rows.push(Object.fromEntries(readers.map((read, k) => [names[k] as string, read(i)])));
  return rows;
}

/** Values of one column, nulls as null. */
export function valuesOf(col: Column): LiteralValue[] {
  const read = valueReader(col);
  return Array.from({ length: col.length }, (_, i) => (isValid(col, i) ? read(i) : null));
}
