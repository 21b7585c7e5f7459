import { decodeBatch } from '../batch/codec.ts';
import { sortComparator } from '../batch/compare.ts';
import type { Column } from '../batch/column.ts';
import type { PartitionReader, RelationReader } from '../operators/def.ts';
import type { BatchRef, Store } from '../store/types.ts';
import type { Schema } from '../types.ts';
import { columnIndex, firstNot, sortColumns } from './keys.ts';
import { read, relationReader } from './reader.ts';
import type { RangeCut, RangeSlice } from './types.ts';

/** One partition of a range exchange: a sorted stream for each run that has rows in it, in input order. */
export function rangePartition(store: Store, slices: readonly RangeSlice[], schema: Schema): PartitionReader {
  const runs = slices.map((s) => sliceReader(store, s, schema)).filter((r) => r.rows > 0);
  return {
    schema,
    rows: runs.reduce((n, r) => n + r.rows, 0),
    bytes: runs.reduce((n, r) => n + r.bytes, 0),
    *batches() {
      for (const r of runs) yield* r.batches();
    },
    runs,
    hashBits: 0,
  };
}

function sliceReader(store: Store, s: RangeSlice, schema: Schema): RelationReader {
  const total = s.batches.reduce((n, b) => n + b.rows, 0);
  const head = s.batches[0];
  const tail = s.batches[s.batches.length - 1];
  if (head === undefined || tail === undefined) return relationReader(store, [], schema);
  const from = s.lower === null ? 0 : rowsBefore(store, head, s, s.lower, schema);
  const to = s.upper === null ? total : total - tail.rows + rowsBefore(store, tail, s, s.upper, schema);
  return relationReader(store, s.batches, schema, { skip: from, take: to - from });
}

/** Rows of a batch that come before a cut. */
function rowsBefore(store: Store, ref: BatchRef, s: RangeSlice, cut: RangeCut, schema: Schema): number {
  const lease = read(store, ref, schema);
  try {
    const columns = s.keys.map((k) => lease.batch.columns[columnIndex(schema, k.name)] as Column);
    const bound = decodeBatch(cut.key, s.keySchema);
    const compare = sortComparator(sortColumns(s.keys, columns), bound.columns);
    return firstNot(ref.rows, (i) => {
      const c = compare(i, 0);
      return c < 0 || (c === 0 && cut.inclusive);
    });
  } finally {
    lease.release();
  }
}
