import type { Scratch } from '../memory/types.ts';
import { type Column, isValid } from './column.ts';
import { gatherColumn } from './gather.ts';
import { sliceColumn } from './slice.ts';

/** The items of a column of lists or maps without gaps: those of row i are `items` from offsets[i] to offsets[i + 1]; a null has none. */
export interface FlatList {
  readonly rows: number;
  readonly offsets: Int32Array;
  readonly items: Column;
  readonly count: number;
}

/** A column of phys list. Items that lie one after another are not copied. */
export function flatten(col: Column & { phys: 'list' }, scratch: Scratch): FlatList {
  const { length: rows, offsets: from } = col;
  const offsets = scratch.i32(rows + 1);
  offsets[0] = 0;
  let gaps = false;
  for (let i = 0; i < rows; i++) {
    const length = (from[i + 1] as number) - (from[i] as number);
    const valid = col.validity === null || isValid(col, i);
    if (!valid && length > 0) gaps = true;
    offsets[i + 1] = (offsets[i] as number) + (valid ? length : 0);
  }
  const count = offsets[rows] as number;
  if (!gaps) return { rows, offsets, count, items: sliceColumn(col.child, from[0] as number, from[rows] as number) };
  const picked = scratch.u32(count);
  for (let i = 0; i < rows; i++) {
    const start = from[i] as number;
    for (let k = offsets[i] as number, j = start; k < (offsets[i + 1] as number); k++, j++) picked[k] = j;
  }
  return { rows, offsets, count, items: gatherColumn(col.child, picked, count, scratch) };
}

/** The row of each item. */
export function rowOfItems({ rows, offsets, count }: FlatList, scratch: Scratch): Uint32Array {
  const out = scratch.u32(count);
  for (let i = 0; i < rows; i++) out.fill(i, offsets[i], offsets[i + 1]);
  return out;
}
