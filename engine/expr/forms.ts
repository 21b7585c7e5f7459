import { stringReader, valueReader } from '../batch/access.ts';
import { asBuffer } from '../batch/buffers.ts';
import type { Column } from '../batch/column.ts';
import { wordsOf } from '../batch/ints.ts';
import { EngineBug } from '../errors.ts';
import type { DataType } from '../types.ts';

/**
 * How generated code reads a column: by its physical form. `text` reads strings, `value` reads anything through a function; `entries` is an
 * array of JavaScript strings (null where null), the form in which a dictionary's own entries are evaluated.
 */
export type Form = 'bool' | 'i32' | 'i64' | 'i128' | 'f64' | 'text' | 'dict' | 'value' | 'null' | 'entries';

/** A piece of a column that generated code takes as an argument. `table`, `nulls`: results of an expression by dictionary code, the last one for null. */
export type Part =
  | 'values'
  | 'words'
  | 'validity'
  | 'codes'
  | 'texts'
  | 'read'
  | 'offsets'
  | 'bytes'
  | 'table'
  | 'nulls';

export function formOf(col: Column): Form {
  switch (col.phys) {
    case 'bool':
    case 'i32':
    case 'i64':
    case 'i128':
    case 'f64':
    case 'dict':
    case 'null':
      return col.phys;
    case 'utf8':
      return col.type.kind === 'bytes' ? 'value' : 'text';
    default:
      return 'value';
  }
}

export function partOf(col: Column, part: Part): unknown {
  switch (part) {
    case 'validity':
      return col.validity;
    case 'read':
      return formOf(col) === 'value' ? valueReader(col) : stringReader(col);
    case 'values':
      if ('values' in col) return col.values;
      break;
    case 'words':
      if (col.phys === 'i64') return wordsOf(col.values);
      break;
    case 'codes':
      if (col.phys === 'dict') return col.codes;
      break;
    case 'texts':
      if (col.phys === 'dict') return dictionaryTexts(col.dictionary);
      break;
    case 'offsets':
      if (col.phys === 'utf8') return col.offsets;
      break;
    case 'bytes':
      if (col.phys === 'utf8') return asBuffer(col.bytes);
      break;
    case 'table':
    case 'nulls':
      break;
  }
  throw new EngineBug(`a ${col.phys} column has no ${part}`);
}

/** Entries of a dictionary as strings. */
export function dictionaryTexts(dictionary: Column): string[] {
  const texts: string[] = [];
  if (dictionary.length === 0) return texts;
  const read = stringReader(dictionary);
  for (let i = 0; i < dictionary.length; i++) texts.push(read(i));
  return texts;
}

/** Integers that are numbers in the number variant and bigints in the wide one. */
export function isIntLike(t: DataType): boolean {
  return t.kind === 'int' || t.kind === 'decimal' || t.kind === 'time' || t.kind === 'timestamp';
}

/** Values that generated code may compute with even where a row is null. */
export function isPlain(t: DataType): boolean {
  return isIntLike(t) || t.kind === 'float' || t.kind === 'date' || t.kind === 'bool';
}

/** Greatest magnitude of a type's values, as a float. */
export function typeBound(t: DataType): number {
  switch (t.kind) {
    case 'bool':
      return 1;
    case 'date':
      return 2 ** 31;
    case 'time':
      return 86_400_000_000;
    case 'decimal':
      return 10 ** t.precision - 1;
    case 'int':
    case 'timestamp':
      return 2 ** 63;
    default:
      return Number.POSITIVE_INFINITY;
  }
}
