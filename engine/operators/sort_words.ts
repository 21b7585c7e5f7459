import { getBit } from '../batch/bitmap.ts';
import type { Column, DictColumn, F64Column, Utf8Column } from '../batch/column.ts';
import { compareBytes, sortComparator } from '../batch/compare.ts';
import { wordsOf } from '../batch/ints.ts';
import type { Scratch } from '../memory/types.ts';
import { sortTexts } from './sort_text.ts';

/** A key column as unsigned 32-bit words a row, least significant word first: ascending order of the values is order of the words. */
export type SortWords = readonly Uint32Array[];

const SIGN = 0x80000000;

/** Order-preserving words of the rows; those under a null are 0. Strings become their rank among the column's values. */
export function sortWords(col: Column, rows: number, desc: boolean, scratch: Scratch): SortWords {
  const words = ascending(col, rows, scratch);
  if (desc) for (const w of words) for (let i = 0; i < rows; i++) w[i] = ~(w[i] as number);
  const bits = col.validity;
  if (bits !== null) for (const w of words) for (let i = 0; i < rows; i++) if (!getBit(bits, i)) w[i] = 0;
  return words;
}

function ascending(col: Column, rows: number, scratch: Scratch): SortWords {
  switch (col.phys) {
    case 'null':
      return [];
    case 'bool': {
      const w = scratch.u32(rows);
      for (let i = 0; i < rows; i++) w[i] = getBit(col.values, i) ? 1 : 0;
      return [w];
    }
    case 'i32': {
      const w = scratch.u32(rows);
      for (let i = 0; i < rows; i++) w[i] = (col.values[i] as number) ^ SIGN;
      return [w];
    }
    case 'i64':
      return signedWords(wordsOf(col.values), 2, rows, scratch);
    case 'i128':
      return signedWords(wordsOf(col.values), 4, rows, scratch);
    case 'f64':
      return floatWords(col, rows, scratch);
    case 'dict':
      return [dictRanks(col, rows, scratch)];
    case 'utf8':
      return [textRanks(col, rows, scratch)];
    default:
      return [comparedRanks(col, rows, scratch)];
  }
}

/** Two's complement of `width` words. */
function signedWords(from: Int32Array, width: number, rows: number, scratch: Scratch): SortWords {
  const out: Uint32Array[] = [];
  for (let k = 0; k < width; k++) {
    const w = scratch.u32(rows);
    const flip = k === width - 1 ? SIGN : 0;
    for (let i = 0; i < rows; i++) w[i] = (from[i * width + k] as number) ^ flip;
    out.push(w);
  }
  return out;
}

/** Negative numbers have all bits flipped, others the sign only; -0 is 0 and every NaN the greatest. */
function floatWords(col: F64Column, rows: number, scratch: Scratch): SortWords {
  const from = wordsOf(col.values);
  const values = col.values;
  const low = scratch.u32(rows);
  const high = scratch.u32(rows);
  for (let i = 0; i < rows; i++) {
    const v = values[i] as number;
    const hi = from[2 * i + 1] as number;
    if (v !== v) {
      low[i] = 0xffffffff;
      high[i] = 0xffffffff;
    } else if (v === 0) {
      low[i] = 0;
      high[i] = SIGN;
    } else if (hi < 0) {
      low[i] = ~(from[2 * i] as number);
      high[i] = ~hi;
    } else {
      low[i] = from[2 * i] as number;
      high[i] = hi ^ SIGN;
    }
  }
  return [low, high];
}

/** Rank of each row's entry in the sorted dictionary: the dictionary is sorted, not the rows. */
function dictRanks(col: DictColumn, rows: number, scratch: Scratch): Uint32Array {
  const { codes, dictionary } = col;
  const out = scratch.u32(rows);
  if (dictionary.length > 2 * rows) return fewOfDictionary(col, rows, out, scratch);
  const ranks = textRanks(dictionary, dictionary.length, scratch);
  for (let i = 0; i < rows; i++) out[i] = ranks[codes[i] as number] as number;
  return out;
}

/** Few rows of a large dictionary: rank those entries only. */
function fewOfDictionary(col: DictColumn, rows: number, out: Uint32Array, scratch: Scratch): Uint32Array {
  const { dictionary, codes, validity } = col;
  const order = scratch.u32(rows);
  for (let i = 0; i < rows; i++) order[i] = i;
  const { offsets, bytes } = dictionary;
  const valid = validity === null ? order : order.filter((i) => getBit(validity, i));
  const compare = (i: number, j: number): number => {
    const a = codes[i] as number;
    const b = codes[j] as number;
    return compareBytes(
      bytes,
      offsets[a] as number,
      offsets[a + 1] as number,
      bytes,
      offsets[b] as number,
      offsets[b + 1] as number,
    );
  };
  return ranksOf(valid.sort(compare), valid.length, compare, out);
}

function textRanks(col: Utf8Column, rows: number, scratch: Scratch): Uint32Array {
  const { offsets, bytes } = col;
  const order = scratch.u32(rows);
  for (let i = 0; i < rows; i++) order[i] = i;
  sortTexts(col, order, scratch);
  const compare = (i: number, j: number): number =>
    compareBytes(
      bytes,
      offsets[i] as number,
      offsets[i + 1] as number,
      bytes,
      offsets[j] as number,
      offsets[j + 1] as number,
    );
  return ranksOf(order, rows, compare, scratch.u32(rows));
}

/** Types without a fast form: ranks by the general comparator. */
function comparedRanks(col: Column, rows: number, scratch: Scratch): Uint32Array {
  const compare = sortComparator([{ column: col, desc: false, nullsFirst: false }]);
  const order = scratch.u32(rows);
  for (let i = 0; i < rows; i++) order[i] = i;
  return ranksOf(order.sort(compare), rows, compare, scratch.u32(rows));
}

/** Rank of each row in a sorted order; equal rows have one rank. */
function ranksOf(
  order: Uint32Array,
  n: number,
  compare: (i: number, j: number) => number,
  out: Uint32Array,
): Uint32Array {
  let rank = 0;
  for (let i = 0; i < n; i++) {
    const row = order[i] as number;
    if (i > 0 && compare(order[i - 1] as number, row) !== 0) rank++;
    out[row] = rank;
  }
  return out;
}
