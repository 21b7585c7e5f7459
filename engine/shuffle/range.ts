import { decodeBatch, encodedSize } from '../batch/codec.ts';
import type { Batch } from '../batch/column.ts';
import { sortComparator } from '../batch/compare.ts';
import { concatBatches } from '../batch/concat.ts';
import { gatherBatch } from '../batch/gather.ts';
import { Layout } from '../batch/layout.ts';
import { EngineBug } from '../errors.ts';
import type { SortKey } from '../expr.ts';
import type { MeasuredScratch } from '../memory/bump.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { BatchRef } from '../store/types.ts';
import type { Schema } from '../types.ts';
import { columnIndex, encodeRows, firstNot, sortColumns } from './keys.ts';
import { ObjectOutput } from './output.ts';
import { rangeKeysOf } from './range_keys.ts';
import { placesOfRefs } from './runs.ts';
import { Stage } from './stage.ts';
import type { RangeKey, RunOutput, WriterContext } from './types.ts';

export { type RangeCuts, rangeBounds, rangeCuts, rangeSlices, rangeTasks } from './range_bounds.ts';
export { rangePartition } from './range_reader.ts';
export { type KeySample, sampleBounds, sampleKeys } from './range_sample.ts';

/**
 * Batches of a run. A merge holds one of each of its runs. A run that is not cut into buckets is read by partitions that take whole batches: small runs, of
 * which there are many, then have small batches, so that neither memory nor reading is a multiple of what a partition has.
 */
const RUN_ROWS = 32768;
const MAX_BATCH_BYTES = 1 << 20;
const MIN_BATCH_BYTES = 16 << 10;
/** Partitions the runs are cut for when the caller does not know. */
const DEFAULT_PARTITIONS = 64;
/** Batches of a run are put together into objects of about this size, or this share of the grant: on its way an object is there twice. */
const OBJECT_BYTES = 1 << 20;
const OBJECT_SHARE = 1 / 20;
const MIN_RUN_ROWS = 128;
/** Sampled rows a run; the bounds of partitions come from these. */
const SAMPLES = 64;
/** What a run that is cut has of each bucket, about: longer runs are worth less than sorting in a processor's cache. */
const BUCKET_BYTES = 24 << 10;
const MIN_RUN_BYTES = 2 << 20;
/** Share of the grant that buffered rows may take: sorting needs them once more, and room for indices. */
const BUFFER_SHARE = 0.35;
/** Sorting holds about so many bytes for each row besides its values (row numbers, and packed keys with them, twice), and for each of its keys (ranks). */
const ROW_BYTES = 40;
const KEY_BYTES = 4;
/** Share of the grant that values, their copy and these may take together; for narrow rows it is reached first. */
const SORT_SHARE = 0.9;

/** Rows of a batch in sorted order (stable). */
export type SortRows = (batch: Batch, keys: readonly SortKey[], scratch: Scratch) => Uint32Array;

export interface RangeWriter {
  add(batch: Batch): void;
  /** The sorted runs in input order; their objects belong to the caller. */
  finish(): RunOutput[];
  /** Gives back working memory and, without finish, the objects. */
  free(): void;
}

/** How a run is cut into batches. */
export interface RunCuts {
  /** How many ranges the runs will be cut into when they are not cut at `bounds`, so that a batch is about what one range reads of one run. */
  readonly partitions?: number;
  /**
   * Rows of keys, encoded, ascending: no batch has rows on both sides of one (rows with its keys are behind it). Runs that are cut at the same bounds are
   * read by ranges of whole batches.
   */
  readonly bounds?: Uint8Array | null;
}

/**
 * The map side of a range exchange: buffers rows up to the grant, sorts them stably and writes them as a sorted run, again and again. With `limit`, a run
 * keeps only its first rows.
 */
export function rangeWriter(
  ctx: WriterContext,
  schema: Schema,
  keys: readonly SortKey[],
  limit: number | null,
  sort: SortRows,
  { partitions = DEFAULT_PARTITIONS, bounds: encodedBounds = null }: RunCuts = {},
): RangeWriter {
  const rangeKeys = rangeKeysOf(keys);
  const keyColumns = rangeKeys.map((k) => columnIndex(schema, k.name));
  const keySchema = keyColumns.map((i) => schema[i] as Schema[number]);
  const bounds = encodedBounds === null ? null : decodeBatch(encodedBounds, keySchema);
  const objectBytes = Math.min(OBJECT_BYTES, ctx.grant * OBJECT_SHARE);
  const runBytes =
    bounds === null ? Number.POSITIVE_INFINITY : Math.max(MIN_RUN_BYTES, BUCKET_BYTES * (bounds.rows + 1));
  const stage = new Stage(ctx.store, 'sort run');
  const scratch = arenaScratch(ctx.store, 'sort');
  const slices = arenaScratch(ctx.store, 'sort');
  const output = new ObjectOutput(ctx.store);
  const runs: RunOutput[] = [];
  let kept: Batch[] = [];
  let keptRows = 0;

  function flush(): void {
    if (kept.length === 0) return;
    const rows = keptRows;
    const all = concatBatches(kept, schema, scratch);
    const order = orderOf(all, keys, sort, scratch, slices);
    const wanted = limit === null ? rows : Math.min(rows, limit);
    const ends = bounds === null ? [wanted] : bucketEnds(all, order, rangeKeys, keyColumns, bounds, wanted);
    const perBatch = rowsPerBatch(stage.used, rows, bounds === null ? stage.used / partitions : objectBytes / 2);
    const { refs, starts, firsts } = writeRun(output, all, order, ends, perBatch, objectBytes, slices);
    const keyRows = (positions: Uint32Array) => keysAt(all, order, positions, keyColumns, slices);
    if (wanted > 0) {
      runs.push({
        places: placesOfRefs(refs),
        rows: wanted,
        keys: rangeKeys,
        keySchema,
        starts,
        fences: keyRows(Uint32Array.from(firsts)),
        samples: keyRows(evenly(wanted)),
      });
    }
    kept = [];
    keptRows = 0;
    scratch.reset();
    stage.reset();
  }

  return {
    add(batch) {
      if (batch.rows === 0) return;
      const bytes = stage.used + encodedSize(batch);
      const rows = keptRows + batch.rows;
      if (kept.length > 0 && (bytes > runBytes || isFull(bytes, rows, keys.length, ctx.grant))) flush();
      kept.push(stage.keep(batch));
      keptRows += batch.rows;
    },
    finish() {
      flush();
      output.handOver();
      return runs;
    },
    free() {
      output.drop();
      stage.free();
      scratch.release();
      slices.release();
    },
  };
}

/** The sorted order, in scratch. What sorting takes goes before anything is written. */
function orderOf(
  all: Batch,
  keys: readonly SortKey[],
  sort: SortRows,
  scratch: MeasuredScratch,
  work: MeasuredScratch,
): Uint32Array {
  const order = scratch.u32(all.rows);
  const sorted = sort(all, keys, work);
  if (sorted.length !== all.rows) throw new EngineBug(`a sort took ${all.rows} rows and gave ${sorted.length}`);
  order.set(sorted);
  work.reset();
  return order;
}

/** The rows in order as batches of one bucket each: `starts`, the first batch of each bucket; `firsts`, the position of each batch's first row. */
function writeRun(
  output: ObjectOutput,
  all: Batch,
  order: Uint32Array,
  ends: readonly number[],
  perBatch: number,
  objectBytes: number,
  scratch: MeasuredScratch,
): { refs: BatchRef[]; starts: Uint32Array; firsts: number[] } {
  const refs: BatchRef[] = [];
  const firsts: number[] = [];
  const starts = new Uint32Array(ends.length + 1);
  let layouts: Layout[] = [];
  const put = (): void => {
    if (layouts.length > 0) refs.push(...output.put(layouts));
    layouts = [];
    scratch.reset();
  };
  ends.forEach((end, bucket) => {
    for (let at = ends[bucket - 1] ?? 0; at < end; at += perBatch) {
      const n = Math.min(perBatch, end - at);
      layouts.push(Layout.of(gatherBatch(all, order.subarray(at, at + n), n, scratch)));
      firsts.push(at);
      if (scratch.used >= objectBytes) put();
    }
    starts[bucket + 1] = firsts.length;
  });
  put();
  return { refs, starts, firsts };
}

/** Where each bucket of the rows in order ends. */
function bucketEnds(
  all: Batch,
  order: Uint32Array,
  keys: readonly RangeKey[],
  columns: readonly number[],
  bounds: Batch,
  rows: number,
): number[] {
  const own = columns.map((i) => all.columns[i] as Batch['columns'][number]);
  const compare = sortComparator(sortColumns(keys, own), bounds.columns);
  const ends = Array.from({ length: bounds.rows }, (_, b) => firstNot(rows, (i) => compare(order[i] as number, b) < 0));
  return [...ends, rows];
}

/** The keys of the rows at some positions of the order, encoded. */
function keysAt(
  all: Batch,
  order: Uint32Array,
  positions: Uint32Array,
  columns: readonly number[],
  scratch: Scratch,
): Uint8Array {
  const picked = positions.map((p) => order[p] as number);
  const encoded = encodeRows(gatherBatch(all, picked, picked.length, scratch, columns));
  scratch.reset();
  return encoded;
}

function isFull(bytes: number, rows: number, keys: number, grant: number): boolean {
  return bytes >= grant * BUFFER_SHARE || 2 * bytes + rows * (ROW_BYTES + KEY_BYTES * keys) >= grant * SORT_SHARE;
}

function rowsPerBatch(bytes: number, rows: number, wantedBytes: number): number {
  const batchBytes = Math.max(MIN_BATCH_BYTES, Math.min(MAX_BATCH_BYTES, wantedBytes));
  const fitting = Math.floor(batchBytes / Math.max(1, bytes / Math.max(1, rows)));
  return Math.max(MIN_RUN_ROWS, Math.min(RUN_ROWS, fitting));
}

function evenly(rows: number): Uint32Array {
  const n = Math.min(SAMPLES, rows);
  return Uint32Array.from({ length: n }, (_, i) => Math.floor(((i + 0.5) * rows) / n));
}
