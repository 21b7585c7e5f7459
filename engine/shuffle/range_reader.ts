import { decodeBatch } from '../batch/codec.ts';
import type { Batch, Column } from '../batch/column.ts';
import { sortComparator } from '../batch/compare.ts';
import { sliceBatch } from '../batch/slice.ts';
import type { PartitionReader, RelationReader } from '../operators/def.ts';
import type { BatchRef, Store } from '../store/types.ts';
import type { Schema } from '../types.ts';
import { columnIndex, firstNot, sortColumns } from './keys.ts';
import { checked, read, relationReader } from './reader.ts';
import { Stage } from './stage.ts';
import type { RangeCut, RangeSlice } from './types.ts';

/** Neighbouring batches are read together up to about this size, and this share of the limit. */
const READ_BYTES = 1 << 20;
const READ_SHARE = 1 / 64;

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
  if (leastBytes(slices) > bytes) return null;
  const stage = new Stage(store, 'sort range');
  const batches: Batch[] = [];
  try {
    for (const s of slices) {
      for (const group of adjacent(s.batches, Math.min(READ_BYTES, store.limit * READ_SHARE))) {
        if (stage.used > bytes) {
          stage.free();
          return null;
        }
        readGroup(store, s, group, schema, (batch) => batches.push(batch), stage);
      }
    }
  } catch (e) {
    stage.free();
    throw e;
  }
  return { batches, free: () => stage.free() };
}

/** Bytes of the batches of which no row is cut off. */
function leastBytes(slices: readonly RangeSlice[]): number {
  let n = 0;
  for (const s of slices) {
    s.batches.forEach((b, i) => {
      if (!(i === 0 && s.lower !== null) && !(i === s.batches.length - 1 && s.upper !== null)) n += b.bytes;
    });
  }
  return n;
}

/** Batches that lie one behind another in an object are read at once. */
function adjacent(refs: readonly BatchRef[], most: number): (readonly [number, BatchRef])[][] {
  const out: (readonly [number, BatchRef])[][] = [];
  let bytes = 0;
  refs.forEach((ref, i) => {
    const before = refs[i - 1];
    bytes += ref.bytes;
    const follows = before?.object === ref.object && before.offset + before.bytes === ref.offset;
    if (follows && bytes <= most) (out[out.length - 1] as (readonly [number, BatchRef])[]).push([i, ref]);
    else {
      out.push([[i, ref]]);
      bytes = ref.bytes;
    }
  });
  return out;
}

/** Copies what belongs to the slice. */
function readGroup(
  store: Store,
  s: RangeSlice,
  group: readonly (readonly [number, BatchRef])[],
  schema: Schema,
  take: (batch: Batch) => void,
  stage: Stage,
): void {
  const [[, first]] = group as [readonly [number, BatchRef]];
  const bytes = group.reduce((n, [, ref]) => n + ref.bytes, 0);
  const lease = store.readBytes(first.object, first.offset, bytes);
  try {
    for (const [i, ref] of group) {
      const at = ref.offset - first.offset;
      const encoded = lease.view.subarray(at, at + ref.bytes);
      const lower = i === 0 ? s.lower : null;
      const upper = i === s.batches.length - 1 ? s.upper : null;
      if (lower === null && upper === null) take(checked(stage.keepEncoded(encoded, schema), ref));
      else {
        const rows = cutRows(checked(decodeBatch(encoded, schema), ref), s, schema, lower, upper);
        if (rows !== null) take(stage.keep(rows));
      }
    }
  } finally {
    lease.release();
  }
}

/** The rows between two cuts; null where there are none. */
function cutRows(
  batch: Batch,
  s: RangeSlice,
  schema: Schema,
  lower: RangeCut | null,
  upper: RangeCut | null,
): Batch | null {
  const columns = s.keys.map((k) => batch.columns[columnIndex(schema, k.name)] as Column);
  const from = lower === null ? 0 : rowsBefore(batch.rows, columns, s, lower);
  const to = upper === null ? batch.rows : rowsBefore(batch.rows, columns, s, upper);
  return from < to ? sliceBatch(batch, from, to) : null;
}

function sliceReader(store: Store, s: RangeSlice, schema: Schema): RelationReader {
  const total = s.batches.reduce((n, b) => n + b.rows, 0);
  const head = s.batches[0];
  const tail = s.batches[s.batches.length - 1];
  if (head === undefined || tail === undefined) return relationReader(store, [], schema);
  // Most slices of a small run lie within one batch: it is read once for both ends.
  const ends = cutsIn(store, head, s, schema, tail === head ? [s.lower, s.upper] : [s.lower]);
  const end = tail === head ? ends[1] : cutsIn(store, tail, s, schema, [s.upper])[0];
  const from = ends[0] ?? 0;
  const to = end === null || end === undefined ? total : total - tail.rows + end;
  return relationReader(store, s.batches, schema, { skip: from, take: to - from });
}

/** For each cut the number of rows of the batch that come before it; null for no cut. */
function cutsIn(
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
