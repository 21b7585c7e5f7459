import { valueReader } from '../batch/access.ts';
import { getBit } from '../batch/bitmap.ts';
import type { Column, DictColumn, Utf8Column } from '../batch/column.ts';
import { wordsOf } from '../batch/ints.ts';
import type { LiteralValue } from '../expr.ts';
import { formatDate, formatDecimal, formatTimestamp } from '../functions/format.ts';
import type { Int } from '../functions/ints.ts';
import type { DataType } from '../types.ts';
import type { ByteOut } from './out.ts';

/** Appends the value of a valid row to the output. */
export type PutRow = (row: number) => void;

/** Days of the years 0 to 9999. */
const FIRST_DAY = -719528;
const LAST_DAY = 2932896;

/** Unscaled integers, dates, times and timestamps as text without quotes; null for types that need more. */
export function plainWriter(col: Column, type: DataType, out: ByteOut): PutRow | null {
  switch (type.kind) {
    case 'bool':
      return boolWriter(col, out);
    case 'int':
      return intWriter(col, out);
    case 'decimal':
      return decimalWriter(col, type.scale, out);
    case 'date':
      return dateWriter(col, out);
    case 'time':
      return timeWriter(col, out);
    case 'timestamp':
      return timestampWriter(col, type.zone, out);
    default:
      return null;
  }
}

function boolWriter(col: Column, out: ByteOut): PutRow {
  if (col.phys !== 'bool') return byValue(col, (v) => out.ascii(String(v)));
  const bits = col.values;
  return (row) => out.ascii(getBit(bits, row) ? 'true' : 'false');
}

function intWriter(col: Column, out: ByteOut): PutRow {
  if (col.phys === 'i32') {
    const { values } = col;
    return (row) => out.int(values[row]!);
  }
  if (col.phys === 'i64') {
    const words = wordsOf(col.values);
    return (row) => out.int64(words[2 * row]!, words[2 * row + 1]!);
  }
  return byValue(col, (v) => out.ascii(String(v)));
}

function decimalWriter(col: Column, scale: number, out: ByteOut): PutRow {
  if (scale === 0) return intWriter(col, out);
  if (col.phys !== 'i32' || scale > 9) return byValue(col, (v) => out.ascii(formatDecimal(v as Int, scale)));
  const { values } = col;
  const unit = 10 ** scale;
  return (row) => {
    const v = values[row]!;
    const size = Math.abs(v);
    const whole = Math.floor(size / unit);
    if (v < 0) out.byte(45);
    out.int(whole);
    out.byte(46);
    const fraction = size - whole * unit;
    for (let u = unit / 10; u > fraction && u > 1; u /= 10) out.byte(48);
    out.int(fraction);
  };
}

function dateWriter(col: Column, out: ByteOut): PutRow {
  if (col.phys !== 'i32') return byValue(col, (v) => out.ascii(formatDate(v as number)));
  const { values } = col;
  return (row) => {
    const days = values[row]!;
    if (days >= FIRST_DAY && days <= LAST_DAY) out.date(days);
    else out.ascii(formatDate(days));
  };
}

function timeWriter(col: Column, out: ByteOut): PutRow {
  return byValue(col, (v) => out.time(Number(v)));
}

function timestampWriter(col: Column, zone: string | null, out: ByteOut): PutRow {
  const slow = byValue(col, (v) => out.ascii(formatTimestamp(v as Int, zone)));
  if (col.phys !== 'i64' || zone !== null || col.wide) return slow;
  const words = wordsOf(col.values);
  return (row) => {
    const micros = words[2 * row + 1]! * 4294967296 + (words[2 * row]! >>> 0);
    const days = Math.floor(micros / 8.64e10);
    out.date(days);
    out.byte(84);
    out.time(micros - days * 8.64e10);
    out.byte(90);
  };
}

function byValue(col: Column, put: (v: LiteralValue) => void): PutRow {
  const read = valueReader(col);
  return (row) => put(read(row));
}

/**
 * Rows of a string column through `encode`, which appends one text: straight from the column's bytes; a dictionary's entries are
 * encoded once and copied from then on. `entries` is a second output to keep them in.
 */
export function stringWriter(
  col: Utf8Column | DictColumn,
  out: ByteOut,
  entries: ByteOut,
  encode: (to: ByteOut, bytes: Uint8Array, from: number, end: number) => void,
): PutRow {
  if (col.phys === 'utf8') {
    const { bytes, offsets } = col;
    return (row) => encode(out, bytes, offsets[row]!, offsets[row + 1]!);
  }
  const { codes, dictionary } = col;
  if (dictionary.length > col.length) {
    const { bytes, offsets } = dictionary;
    return (row) => encode(out, bytes, offsets[codes[row]!]!, offsets[codes[row]! + 1]!);
  }
  const start = new Int32Array(dictionary.length + 1);
  start[0] = entries.length;
  for (let i = 0; i < dictionary.length; i++) {
    encode(entries, dictionary.bytes, dictionary.offsets[i]!, dictionary.offsets[i + 1]!);
    start[i + 1] = entries.length;
  }
  return (row) => {
    const code = codes[row]!;
    out.copy(entries.bytes, start[code]!, start[code + 1]!);
  };
}
