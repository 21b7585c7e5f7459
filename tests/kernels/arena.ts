import { decodeBatch, encodeBatch, encodedSize } from '../../engine/batch/codec.ts';
import type { Batch, Column } from '../../engine/batch/column.ts';
import type { Scratch } from '../../engine/memory/types.ts';
import { field } from '../../engine/types.ts';

/** A copy of the batch in arena memory. */
export function inArena(batch: Batch, scratch: Scratch): Batch {
  const into = scratch.u8(encodedSize(batch));
  encodeBatch(batch, into);
  return decodeBatch(into, batch.schema);
}

export function columnInArena(col: Column, scratch: Scratch): Column {
  const batch = { schema: [field('c', col.type)], rows: col.length, columns: [col] };
  return inArena(batch, scratch).columns[0] as Column;
}
