import type { Scratch } from '../memory/types.ts';
import type { DataType } from '../types.ts';
import type { Column } from './column.ts';
import { concatColumns } from './concat.ts';
import { gatherColumn } from './gather.ts';

/** The values of row 0 of all columns, in their order, then those of row 1, …. */
export function interleave(columns: readonly Column[], rows: number, type: DataType, scratch: Scratch): Column {
  const below = concatColumns(columns, type, scratch);
  if (columns.length === 1) return below;
  const order = scratch.u32(rows * columns.length);
  for (let k = 0, row = 0; row < rows; row++) for (let c = 0; c < columns.length; c++) order[k++] = c * rows + row;
  return gatherColumn(below, order, order.length, scratch);
}
