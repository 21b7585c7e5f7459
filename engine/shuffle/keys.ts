import { encodeBatch, encodedSize } from '../batch/codec.ts';
import type { Batch, Column } from '../batch/column.ts';
import type { SortColumn } from '../batch/compare.ts';
import { EngineBug } from '../errors.ts';
import type { Schema } from '../types.ts';
import type { RangeKey } from './types.ts';

export function columnIndex(schema: Schema, name: string): number {
  const i = schema.findIndex((f) => f.name === name);
  if (i < 0) throw new EngineBug(`the key ${name} is not a column of the exchange`);
  return i;
}

/** A small batch as bytes on the heap, to travel between threads with the metadata. */
export function encodeRows(batch: Batch): Uint8Array {
  const bytes = new Uint8Array(encodedSize(batch));
  encodeBatch(batch, bytes);
  return bytes;
}

/** Key columns with their directions, for comparing rows. */
export function sortColumns(keys: readonly RangeKey[], columns: readonly Column[]): SortColumn[] {
  return keys.map((k, i) => ({ column: columns[i] as Column, desc: k.desc, nullsFirst: k.nullsFirst }));
}

/** The first of `n` positions for which `before` is false; it is true for all earlier ones. */
export function firstNot(n: number, before: (i: number) => boolean): number {
  let lo = 0;
  let hi = n;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (before(mid)) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}
