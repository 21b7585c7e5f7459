import { EngineBug } from '../errors.ts';
import { getBit } from './bitmap.ts';
import type { Column, DictColumn, I32Column, I64Column, I128Column, Utf8Column } from './column.ts';
import { isValid } from './column.ts';
import { widen, wordsOf } from './ints.ts';

/** Compares row i of one column with row j of another (or the same): negative, 0, positive. */
export type RowComparator = (i: number, j: number) => number;
export type RowEquality = (i: number, j: number) => boolean;

/**
 * Ascending order of valid values of two columns of one logical type, whatever their physical forms: numbers by value (NaN last and equal to itself,
 * -0 equal to 0), strings by bytes (= code points), false before true, lists and structs by their parts (a null part last, equal to null).
 * Nulls of the columns themselves are the caller's business.
 */
export function columnComparator(a: Column, b: Column): RowComparator {
  if (a.phys === 'null' || b.phys === 'null') return () => 0;
  if (isInt(a) && isInt(b)) return intComparator(a, b);
  if (isText(a) && isText(b)) return textComparator(a, b);
  if (a.phys === 'f64' && b.phys === 'f64') {
    const x = a.values;
    const y = b.values;
    return (i, j) => compareFloats(x[i] as number, y[j] as number);
  }
  if (a.phys === 'bool' && b.phys === 'bool') {
    const x = a.values;
    const y = b.values;
    return (i, j) => (getBit(x, i) ? 1 : 0) - (getBit(y, j) ? 1 : 0);
  }
  if (a.phys === 'interval' && b.phys === 'interval') {
    const x = a.values;
    const y = b.values;
    return (i, j) =>
      sign(x[4 * i] as number, y[4 * j] as number) ||
      sign(x[4 * i + 1] as number, y[4 * j + 1] as number) ||
      compareWords(x, 4 * i + 2, y, 4 * j + 2, 2);
  }
  if (a.phys === 'list' && b.phys === 'list') return listComparator(a.offsets, b.offsets, nullsLast(a.child, b.child));
  if (a.phys === 'struct' && b.phys === 'struct') {
    const parts = a.children.map((c, k) => nullsLast(c, b.children[k] as Column));
    return (i, j) => {
      for (let k = 0; k < parts.length; k++) {
        const c = (parts[k] as RowComparator)(i, j);
        if (c !== 0) return c;
      }
      return 0;
    };
  }
  throw new EngineBug(`cannot compare a ${a.phys} column with a ${b.phys} column`);
}

/** Null-safe equality of whole rows: null equals null, NaN equals NaN. The columns pair up by position. */
export function equalRows(a: readonly Column[], b: readonly Column[]): RowEquality {
  const parts = a.map((c, k) => equalColumn(c, b[k] as Column));
  const [p, q] = parts;
  if (parts.length === 1 && p !== undefined) return p;
  if (parts.length === 2 && p !== undefined && q !== undefined) return (i, j) => p(i, j) && q(i, j);
  return (i, j) => {
    for (let k = 0; k < parts.length; k++) if (!(parts[k] as RowEquality)(i, j)) return false;
    return true;
  };
}

export interface SortColumn {
  readonly column: Column;
  readonly desc: boolean;
  readonly nullsFirst: boolean;
}

/** Order of rows by several keys, nulls included. `right`: the key columns of the rows j, when they lie in another batch. */
export function sortComparator(
  keys: readonly SortColumn[],
  right: readonly Column[] = keys.map((k) => k.column),
): RowComparator {
  const parts = keys.map((k, at) => {
    const other = right[at] as Column;
    const order = k.desc ? reversed(k.column, other) : columnComparator(k.column, other);
    return withNulls(k.column, other, order, k.nullsFirst ? -1 : 1);
  });
  const only = parts[0];
  if (parts.length === 1 && only !== undefined) return only;
  return (i, j) => {
    for (let k = 0; k < parts.length; k++) {
      const c = (parts[k] as RowComparator)(i, j);
      if (c !== 0) return c;
    }
    return 0;
  };
}

function reversed(a: Column, b: Column): RowComparator {
  const values = columnComparator(b, a);
  return (i, j) => values(j, i);
}

function nullsLast(a: Column, b: Column): RowComparator {
  return withNulls(a, b, columnComparator(a, b), 1);
}

/** `side`: sign of a null against a value. */
function withNulls(a: Column, b: Column, values: RowComparator, side: -1 | 1): RowComparator {
  if (a.nullCount === 0 && b.nullCount === 0) return values;
  return (i, j) => {
    const x = isValid(a, i);
    const y = isValid(b, j);
    if (x && y) return values(i, j);
    return x === y ? 0 : x ? -side : side;
  };
}

function equalColumn(a: Column, b: Column): RowEquality {
  const values = equalValues(a, b);
  if (a.nullCount === 0 && b.nullCount === 0) return values;
  return (i, j) => {
    const x = isValid(a, i);
    return x === isValid(b, j) && (!x || values(i, j));
  };
}

function equalValues(a: Column, b: Column): RowEquality {
  if (a.phys === 'i32' && b.phys === 'i32') {
    const x = a.values;
    const y = b.values;
    return (i, j) => x[i] === y[j];
  }
  if (a.phys === 'i64' && b.phys === 'i64') {
    const x = wordsOf(a.values);
    const y = wordsOf(b.values);
    return (i, j) => x[2 * i] === y[2 * j] && x[2 * i + 1] === y[2 * j + 1];
  }
  if (a.phys === 'dict' && b.phys === 'dict' && a.dictionary === b.dictionary) {
    const x = a.codes;
    const y = b.codes;
    return (i, j) => x[i] === y[j];
  }
  if (isText(a) && isText(b)) {
    const x = textOf(a);
    const y = textOf(b);
    return (i, j) => {
      const from = x.from(i);
      const length = x.to(i) - from;
      const other = y.from(j);
      return y.to(j) - other === length && sameBytes(x.bytes, from, y.bytes, other, length);
    };
  }
  const compare = columnComparator(a, b);
  return (i, j) => compare(i, j) === 0;
}

export function sameBytes(a: Uint8Array, i: number, b: Uint8Array, j: number, length: number): boolean {
  for (let k = 0; k < length; k++) if (a[i + k] !== b[j + k]) return false;
  return true;
}

/** Order by bytes, as memcmp; a prefix comes first. */
export function compareBytes(
  a: Uint8Array,
  aFrom: number,
  aTo: number,
  b: Uint8Array,
  bFrom: number,
  bTo: number,
): number {
  const n = Math.min(aTo - aFrom, bTo - bFrom);
  for (let k = 0; k < n; k++) {
    const d = (a[aFrom + k] as number) - (b[bFrom + k] as number);
    if (d !== 0) return d;
  }
  return aTo - aFrom - (bTo - bFrom);
}

/** NaN comes last and equals itself; -0 equals 0. */
export function compareFloats(x: number, y: number): number {
  if (x < y) return -1;
  if (x > y) return 1;
  if (x === y) return 0;
  return (x !== x ? 1 : 0) - (y !== y ? 1 : 0);
}

function sign(x: number, y: number): number {
  return x < y ? -1 : x > y ? 1 : 0;
}

type IntColumn = I32Column | I64Column | I128Column;

function isInt(c: Column): c is IntColumn {
  return c.phys === 'i32' || c.phys === 'i64' || c.phys === 'i128';
}

function intComparator(a: IntColumn, b: IntColumn): RowComparator {
  if (a.phys === 'i32' && b.phys === 'i32') {
    const x = a.values;
    const y = b.values;
    return (i, j) => sign(x[i] as number, y[j] as number);
  }
  const form = a.phys === 'i128' || b.phys === 'i128' ? 'i128' : 'i64';
  const make = (n: number): BigInt64Array => new BigInt64Array(n);
  const x = wordsOf(widen(a, form, make).values as BigInt64Array);
  const y = wordsOf(widen(b, form, make).values as BigInt64Array);
  if (form === 'i64') return (i, j) => compareWords(x, 2 * i, y, 2 * j, 2);
  return (i, j) => compareWords(x, 4 * i, y, 4 * j, 4);
}

/** Two's complement integers of `n` words, low word first. */
function compareWords(x: Int32Array, i: number, y: Int32Array, j: number, n: number): number {
  const a = x[i + n - 1] as number;
  const b = y[j + n - 1] as number;
  if (a !== b) return a < b ? -1 : 1;
  for (let k = n - 2; k >= 0; k--) {
    const u = (x[i + k] as number) >>> 0;
    const v = (y[j + k] as number) >>> 0;
    if (u !== v) return u < v ? -1 : 1;
  }
  return 0;
}

type TextColumn = Utf8Column | DictColumn;

function isText(c: Column): c is TextColumn {
  return c.phys === 'utf8' || c.phys === 'dict';
}

interface TextRows {
  readonly bytes: Uint8Array;
  from(row: number): number;
  to(row: number): number;
}

function textOf(c: TextColumn): TextRows {
  if (c.phys === 'utf8') {
    const offsets = c.offsets;
    return { bytes: c.bytes, from: (i) => offsets[i] as number, to: (i) => offsets[i + 1] as number };
  }
  const codes = c.codes;
  const offsets = c.dictionary.offsets;
  return {
    bytes: c.dictionary.bytes,
    from: (i) => offsets[codes[i] as number] as number,
    to: (i) => offsets[(codes[i] as number) + 1] as number,
  };
}

function textComparator(a: TextColumn, b: TextColumn): RowComparator {
  if (a.phys === 'dict' && b.phys === 'dict' && a.dictionary === b.dictionary && a.dictionary.length <= 4 * a.length) {
    const ranks = dictionaryRanks(a.dictionary);
    const x = a.codes;
    const y = b.codes;
    return (i, j) => (ranks[x[i] as number] as number) - (ranks[y[j] as number] as number);
  }
  const x = textOf(a);
  const y = textOf(b);
  return (i, j) => compareBytes(x.bytes, x.from(i), x.to(i), y.bytes, y.from(j), y.to(j));
}

/** Position of each entry in sorted order: one sort of the dictionary replaces comparing bytes row by row. */
function dictionaryRanks(dictionary: Utf8Column): Int32Array {
  const { bytes, offsets, length } = dictionary;
  const order = Array.from({ length }, (_, i) => i);
  order.sort((i, j) =>
    compareBytes(
      bytes,
      offsets[i] as number,
      offsets[i + 1] as number,
      bytes,
      offsets[j] as number,
      offsets[j + 1] as number,
    ),
  );
  const ranks = new Int32Array(length);
  for (let r = 0; r < length; r++) ranks[order[r] as number] = r;
  return ranks;
}

function listComparator(x: Int32Array, y: Int32Array, items: RowComparator): RowComparator {
  return (i, j) => {
    const a = x[i] as number;
    const b = y[j] as number;
    const n = (x[i + 1] as number) - a;
    const m = (y[j + 1] as number) - b;
    for (let k = 0; k < n && k < m; k++) {
      const c = items(a + k, b + k);
      if (c !== 0) return c;
    }
    return n - m;
  };
}
