import { decodeBatch } from '../batch/codec.ts';
import type { Batch, Column } from '../batch/column.ts';
import { sortComparator } from '../batch/compare.ts';
import { sliceBatch } from '../batch/slice.ts';
import type { PartitionReader, RelationReader } from '../operators/def.ts';
import type { BatchRef, Store } from '../store/types.ts';
import type { Schema } from '../types.ts';
import { columnIndex, firstNot, sortColumns } from './keys.ts';
import { read, relationReader } from './reader.ts';
import { Stage } from './stage.ts';
import type { RangeCut, RangeSlice } from './types.ts';

/**
 * One partition of a range exchange: a sorted stream for each run that has rows in it, in input order. Where a range is small, `load` reads each stored
 * batch once; the streams read those at the ends of a slice twice, because they have to know how many rows to expect.
 */
export function rangePartition(store: Store, slices: readonly RangeSlice[], schema: Schema): PartitionReader {
  let known: RelationReader[] | null = null;
  const runs = (): RelationReader[] => {
    known ??= slices.map((s) => sliceReader(store, s, schema)).filter((r) => r.rows > 0);
    return known;
  };
  return {
    schema,
    get rows() {
      return runs().reduce((n, r) => n + r.rows, 0);
    },
    get bytes() {
      return runs().reduce((n, r) => n + r.bytes, 0);
    },
    *batches() {
      for (const r of runs()) yield* r.batches();
    },
    get runs() {
      return runs();
    },
    hashBits: 0,
    load: (bytes) => loadSlices(store, slices, schema, bytes),
  };
}

function loadSlices(
  store: Store,
  slices: readonly RangeSlice[],
  schema: Schema,
  bytes: number,
): { batches: Batch[]; free(): void } | null {
  const stage = new Stage(store, 'sort range');
  const batches: Batch[] = [];
  try {
    for (const s of slices) {
      for (const [i, ref] of s.batches.entries()) {
        if (stage.used > bytes) {
          stage.free();
          return null;
        }
        const rows = cutBatch(store, s, i, ref, schema, stage);
        if (rows !== null) batches.push(rows);
      }
    }
  } catch (e) {
    stage.free();
    throw e;
  }
  return { batches, free: () => stage.free() };
}

/** A copy of what belongs to the slice of its i-th batch; null when nothing does. */
function cutBatch(store: Store, s: RangeSlice, i: number, ref: BatchRef, schema: Schema, stage: Stage): Batch | null {
  const lease = read(store, ref, schema);
  try {
    const columns = s.keys.map((k) => lease.batch.columns[columnIndex(schema, k.name)] as Column);
    const from = i === 0 && s.lower !== null ? rowsBefore(ref.rows, columns, s, s.lower) : 0;
    const to = i === s.batches.length - 1 && s.upper !== null ? rowsBefore(ref.rows, columns, s, s.upper) : ref.rows;
    return from < to ? stage.keep(sliceBatch(lease.batch, from, to)) : null;
  } finally {
    lease.release();
  }
}

function sliceReader(store: Store, s: RangeSlice, schema: Schema): RelationReader {
  const total = s.batches.reduce((n, b) => n + b.rows, 0);
  const head = s.batches[0];
  const tail = s.batches[s.batches.length - 1];
  if (head === undefined || tail === undefined) return relationReader(store, [], schema);
  // Most slices of a small run lie within one batch: it is read once for both ends.
  const ends = cutRows(store, head, s, schema, tail === head ? [s.lower, s.upper] : [s.lower]);
  const end = tail === head ? ends[1] : cutRows(store, tail, s, schema, [s.upper])[0];
  const from = ends[0] ?? 0;
  const to = end === null || end === undefined ? total : total - tail.rows + end;
  return relationReader(store, s.batches, schema, { skip: from, take: to - from });
}

/** For each cut the number of rows of the batch that come before it; null for no cut. */
function cutRows(
  store: Store,
  ref: BatchRef,
  s: RangeSlice,
  schema: Schema,
  cuts: readonly (RangeCut | null)[],
): (number | null)[] {
  if (cuts.every((c) => c === null)) return cuts.map(() => null);
  const lease = read(store, ref, schema);
  try {
    const columns = s.keys.map((k) => lease.batch.columns[columnIndex(schema, k.name)] as Column);
    return cuts.map((cut) => (cut === null ? null : rowsBefore(ref.rows, columns, s, cut)));
  } finally {
    lease.release();
  }
}

function rowsBefore(rows: number, columns: readonly Column[], s: RangeSlice, cut: RangeCut): number {
  const bound = decodeBatch(cut.key, s.keySchema);
  const compare = sortComparator(sortColumns(s.keys, columns), bound.columns);
  return firstNot(rows, (i) => {
    const c = compare(i, 0);
    return c < 0 || (c === 0 && cut.inclusive);
  });
}
