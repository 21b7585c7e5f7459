import type { Batch, Column } from '../batch/column.ts';
import { gatherBatch } from '../batch/gather.ts';
import { hashColumns } from '../batch/hash.ts';
import type { Layout } from '../batch/layout.ts';
import { type BatchPart, layoutOfParts } from '../batch/parts.ts';
import { EngineBug } from '../errors.ts';
import { kernelsFor } from '../kernels/load.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { BatchRef } from '../store/types.ts';
import type { Schema } from '../types.ts';
import { columnIndex } from './keys.ts';
import { ObjectOutput } from './output.ts';
import { Stage } from './stage.ts';
import type { PartitionedOutput, WriterContext } from './types.ts';

/** Rows of one batch of a partition at most. */
const PIECE_ROWS = 65536;
/** Rows permuted at a time: their columns stay in the cache. */
const CHUNK_ROWS = 65536;
/** However large the grant, objects stay of a size that is quickly spilled and freed. */
const MAX_STAGE = 64 << 20;
/** Share of the grant at which kept rows become an object: for a moment they are there twice, and the smallest limits have no room beside the grant. */
const STAGE_SHARE = 0.5;

/** The map side of a hash exchange: add batches, then finish; free in any case. */
export interface HashWriter {
  add(batch: Batch): void;
  /** Ends writing; the objects belong to the caller. Nothing may be added afterwards. */
  finish(): PartitionedOutput;
  /** Gives back working memory and, without finish, the objects. */
  free(): void;
}

/** A batch whose rows are ordered by partition: partition p has rows [starts[p], starts[p + 1]). */
interface Sorted {
  readonly batch: Batch;
  readonly starts: Uint32Array;
}

/**
 * Splits rows into 2^bits partitions by the leading bits of the hash of their keys; within a partition they keep their order. Each batch is
 * permuted by partition and kept; when the grant is used up, all kept rows become one object, partition after partition, so
 * that a task leaves few objects however many partitions there are. `skip`: leading hash bits that all rows share already (an operator that splits a partition
 * further); the partitions go by the bits behind them.
 */
export function hashWriter(
  ctx: WriterContext,
  schema: Schema,
  keys: readonly string[],
  bits: number,
  skip = 0,
): HashWriter {
  const partitions = 2 ** bits;
  const columns = keys.map((k) => columnIndex(schema, k));
  const budget = Math.min(ctx.grant, MAX_STAGE);
  const stage = new Stage(ctx.store, 'shuffle');
  const scratch = arenaScratch(ctx.store, 'shuffle');
  const output = new ObjectOutput(ctx.store);
  const pieces: BatchRef[][] = Array.from({ length: partitions }, () => []);
  const rows = new Array<number>(partitions).fill(0);
  const bytes = new Array<number>(partitions).fill(0);
  let kept: Sorted[] = [];
  let rowsIn = 0;

  function flush(): void {
    const layouts: Layout[] = [];
    const owner: number[] = [];
    for (let p = 0; p < partitions; p++) {
      for (const parts of batchesOf(kept, p)) {
        layouts.push(layoutOfParts(parts, schema, scratch));
        owner.push(p);
      }
    }
    if (layouts.length > 0) {
      output.put(layouts).forEach((ref, i) => {
        const p = owner[i] as number;
        (pieces[p] as BatchRef[]).push(ref);
        (rows[p] as number) += ref.rows;
        (bytes[p] as number) += ref.bytes;
      });
    }
    kept = [];
    stage.reset();
    scratch.reset();
  }

  return {
    add(batch) {
      rowsIn += batch.rows;
      for (let from = 0; from < batch.rows; from += CHUNK_ROWS) {
        kept.push(partition(batch, from, Math.min(batch.rows, from + CHUNK_ROWS), columns, bits, skip, stage, scratch));
        scratch.reset();
        if (stage.used >= budget * STAGE_SHARE) flush();
      }
    },
    finish() {
      flush();
      const rowsOut = rows.reduce((a, b) => a + b, 0);
      if (rowsOut !== rowsIn) throw new EngineBug(`a shuffle took ${rowsIn} rows and gave ${rowsOut}`);
      output.handOver();
      return { pieces, rows, bytes };
    },
    free() {
      output.drop();
      stage.free();
      scratch.release();
    },
  };
}

/** Rows [from, to) of a batch, ordered by partition, stably (a counting sort), copied to the stage. */
function partition(
  batch: Batch,
  from: number,
  to: number,
  keys: readonly number[],
  bits: number,
  skip: number,
  stage: Stage,
  scratch: Stage['scratch'],
): Sorted {
  const n = to - from;
  const whole = n === batch.rows;
  if (bits === 0)
    return { batch: stage.keep(whole ? batch : gatherRange(batch, from, n, scratch)), starts: Uint32Array.of(0, n) };
  const hashes = scratch.u32(batch.rows);
  hashColumns(
    keys.map((k) => batch.columns[k] as Column),
    batch.rows,
    hashes,
  );
  const starts = stage.scratch.u32(2 ** bits + 1);
  const order = scratch.u32(n);
  orderByPartition(hashes.subarray(from, to), from, bits, skip, starts, order, scratch);
  const gathered = gatherBatch(batch, order, n, stage.scratch);
  return { batch: { ...gathered, columns: gathered.columns.map((c) => stage.ownDictionaries(c)) }, starts };
}

/**
 * A counting sort: `order` gets the rows `first` + i by the partitions of hashes[i], stably; `starts` where each partition starts, and the end.
 * `scratch`: for a word a partition.
 */
export function orderByPartition(
  hashes: Uint32Array,
  first: number,
  bits: number,
  skip: number,
  starts: Uint32Array,
  order: Uint32Array,
  scratch: Scratch,
): void {
  const n = hashes.length;
  const partitions = 2 ** bits;
  const shift = 32 - bits;
  const next = scratch.u32(partitions).fill(0);
  const kernels = kernelsFor(hashes, next, order);
  if (kernels !== null) kernels.partition_count(hashes.byteOffset, n, skip, shift, next.byteOffset);
  else {
    for (let i = 0; i < n; i++) {
      const p = ((hashes[i] as number) << skip) >>> shift;
      next[p] = (next[p] as number) + 1;
    }
  }
  let at = 0;
  for (let p = 0; p < partitions; p++) {
    starts[p] = at;
    at += next[p] as number;
    next[p] = starts[p] as number;
  }
  starts[partitions] = at;
  if (kernels !== null) {
    kernels.partition_order(hashes.byteOffset, n, skip, shift, next.byteOffset, first, order.byteOffset);
    return;
  }
  for (let i = 0; i < n; i++) {
    const p = ((hashes[i] as number) << skip) >>> shift;
    const place = next[p] as number;
    next[p] = place + 1;
    order[place] = first + i;
  }
}

function gatherRange(batch: Batch, from: number, n: number, scratch: Stage['scratch']): Batch {
  const order = scratch.u32(n);
  for (let i = 0; i < n; i++) order[i] = from + i;
  return gatherBatch(batch, order, n, scratch);
}

/** The rows of partition `p` in order, in groups that make one batch each. */
function batchesOf(kept: readonly Sorted[], p: number): BatchPart[][] {
  const out: BatchPart[][] = [];
  let group: BatchPart[] = [];
  let rows = 0;
  for (const { batch, starts } of kept) {
    const from = starts[p] as number;
    const to = starts[p + 1] as number;
    if (from === to) continue;
    if (rows > 0 && rows + to - from > PIECE_ROWS) {
      out.push(group);
      group = [];
      rows = 0;
    }
    group.push({ batch, from, to });
    rows += to - from;
  }
  if (rows > 0) out.push(group);
  return out;
}
