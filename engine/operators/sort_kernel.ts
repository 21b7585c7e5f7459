import { getBit } from '../batch/bitmap.ts';
import type { Batch, Column } from '../batch/column.ts';
import type { SortColumn } from '../batch/compare.ts';
import { EngineBug } from '../errors.ts';
import type { SortKey } from '../expr.ts';
import type { Scratch } from '../memory/types.ts';
import { sortByKey } from './radix.ts';
import { sortNormalized } from './sort_normal.ts';
import { sortWords } from './sort_words.ts';

/** The key columns of a batch with their directions. Sort keys are plain columns. */
export function sortColumnsOf(batch: Batch, keys: readonly SortKey[]): SortColumn[] {
  return keys.map(({ expr, desc, nullsFirst }) => {
    const at = expr.kind === 'column' ? batch.schema.findIndex((f) => f.name === expr.name) : -1;
    const column = batch.columns[at];
    if (column === undefined) throw new EngineBug('a sort key is not a column of its input');
    return { column, desc, nullsFirst };
  });
}

/** Row numbers in sorted order, in scratch. Stable; nulls last unless `nullsFirst`, in both directions; -0 equals 0 and NaN is the greatest number. */
export function sortIndices(batch: Batch, keys: readonly SortKey[], scratch: Scratch): Uint32Array {
  const columns = sortColumnsOf(batch, keys);
  return sortNormalized(columns, batch.rows, scratch) ?? sortByWords(columns, batch.rows, scratch);
}

/**
 * Without kernels, and for types that have none: a radix sort from the last key's last word to the first key's first one. Linear, and digits that all rows share
 * cost nothing.
 */
function sortByWords(columns: readonly SortColumn[], n: number, scratch: Scratch): Uint32Array {
  let order = scratch.u32(n);
  let other = scratch.u32(n);
  for (let i = 0; i < n; i++) order[i] = i;
  for (let k = columns.length - 1; k >= 0; k--) {
    const { column, desc, nullsFirst } = columns[k] as SortColumn;
    for (const words of sortWords(column, n, desc, scratch)) {
      const sorted = sortByKey(words, order, other, n);
      if (sorted !== order) {
        other = order;
        order = sorted;
      }
    }
    if (column.nullCount > 0 && column.nullCount < n) {
      splitNulls(column, nullsFirst, order, other, n);
      [order, other] = [other, order];
    }
  }
  return order;
}

/** Nulls to one end, values to the other, both in the order they have. */
function splitNulls(col: Column, nullsFirst: boolean, from: Uint32Array, to: Uint32Array, n: number): void {
  const bits = col.validity;
  if (bits === null) throw new EngineBug('nulls without a bitmap');
  let nullAt = nullsFirst ? 0 : n - col.nullCount;
  let valueAt = nullsFirst ? col.nullCount : 0;
  for (let i = 0; i < n; i++) {
    const row = from[i] as number;
    if (getBit(bits, row)) to[valueAt++] = row;
    else to[nullAt++] = row;
  }
}
