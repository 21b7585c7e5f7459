import { decodeBatch } from '../batch/codec.ts';
import type { Batch } from '../batch/column.ts';
import { sortComparator } from '../batch/compare.ts';
import { concatBatches } from '../batch/concat.ts';
import { gatherBatch } from '../batch/gather.ts';
import { EngineBug } from '../errors.ts';
import type { SortKey } from '../expr.ts';
import { heapScratch } from '../memory/heap_scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { Schema } from '../types.ts';
import { columnIndex, encodeRows, sortColumns } from './keys.ts';
import { rangeKeysOf } from './range_keys.ts';

/** Keys of some rows of a task's input. */
export interface KeySample {
  /** Encoded batch of the key columns. */
  readonly keys: Uint8Array;
  readonly rows: number;
}

/** The keys of about `count` evenly spaced rows of a batch. */
export function sampleKeys(batch: Batch, keys: readonly SortKey[], count: number, scratch: Scratch): KeySample {
  const columns = rangeKeysOf(keys).map((k) => columnIndex(batch.schema, k.name));
  const n = Math.min(count, batch.rows);
  const rows = Uint32Array.from({ length: n }, (_, i) => Math.floor(((i + 0.5) * batch.rows) / n));
  return { keys: encodeRows(gatherBatch(batch, rows, n, scratch, columns)), rows: n };
}

/**
 * Bounds that cut rows like those of the samples into at most `buckets` buckets of about as many rows each, as an encoded batch of keys; null: there is nothing to
 * cut. Keys that many samples have make fewer buckets. The same samples give the same bounds.
 */
export function sampleBounds(
  samples: readonly KeySample[],
  keys: readonly SortKey[],
  schema: Schema,
  buckets: number,
): Uint8Array | null {
  const rangeKeys = rangeKeysOf(keys);
  const keySchema = rangeKeys.map((k) => schema[columnIndex(schema, k.name)] as Schema[number]);
  const scratch = heapScratch();
  const parts = samples.filter((s) => s.rows > 0).map((s) => decodeBatch(s.keys, keySchema));
  const all = concatBatches(parts, keySchema, scratch);
  if (all.rows !== parts.reduce((n, p) => n + p.rows, 0)) throw new EngineBug('samples were lost');
  const compare = sortComparator(sortColumns(rangeKeys, all.columns));
  const order = Uint32Array.from({ length: all.rows }, (_, i) => i).sort((i, j) => compare(i, j) || i - j);
  const picked: number[] = [];
  for (let b = 1; b < buckets; b++) {
    const row = order[Math.floor((b * all.rows) / buckets)];
    const last = picked[picked.length - 1];
    if (row !== undefined && (last === undefined || compare(last, row) !== 0)) picked.push(row);
  }
  if (picked.length === 0) return null;
  return encodeRows(gatherBatch(all, Uint32Array.from(picked), picked.length, scratch));
}
