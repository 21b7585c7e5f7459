import type { Batch, Column } from '../batch/column.ts';
import { gatherBatch } from '../batch/gather.ts';
import { hashColumns } from '../batch/hash.ts';
import type { Layout } from '../batch/layout.ts';
import { type BatchPart, layoutOfParts } from '../batch/parts.ts';
import { EngineBug } from '../errors.ts';
import { kernelsFor } from '../kernels/load.ts';
import type { MeasuredScratch } from '../memory/bump.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { BatchRef, ObjectId, Store } from '../store/types.ts';
import type { Schema } from '../types.ts';
import { DirectWriter } from './direct.ts';
import { columnIndex } from './keys.ts';
import { ObjectOutput } from './output.ts';
import { Stage } from './stage.ts';
import type { PartitionedOutput, WriterContext } from './types.ts';

/** Rows of one batch of a partition at most. */
const PIECE_ROWS = 65536;
/** Rows permuted at a time: their columns stay in the cache. */
const CHUNK_ROWS = 65536;
/** From so many rows on, columns of fixed width go straight into the objects: fewer are packed more tightly by way of the stage. */
const DIRECT_ROWS = 32768;
/** Its tables take up to a megabyte: where the grant is small, rows go by the stage. */
const DIRECT_BYTES = 4 << 20;
const DIRECT_BITS = 12;
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
 * Splits rows into 2^bits partitions by the leading bits of the hash of their keys; within a partition they keep their order. `skip`: leading
 * hash bits that all rows share already (an operator that splits a partition further); the partitions go by the bits behind them.
 * Columns that all are of fixed width go straight to where they stay (DirectWriter) once they are many, others by way of a stage.
 */
export function hashWriter(
  ctx: WriterContext,
  schema: Schema,
  keys: readonly string[],
  bits: number,
  skip = 0,
): HashWriter {
  const columns = keys.map((k) => columnIndex(schema, k));
  const objectBytes = Math.min(ctx.grant, MAX_STAGE) * STAGE_SHARE;
  const output = new ObjectOutput(ctx.store);
  const pieces = new Pieces(2 ** bits);
  const staged = new StagedWriter(ctx.store, schema, { columns, bits, skip, objectBytes }, output, pieces);
  const tables = arenaScratch(ctx.store, 'shuffle');
  let direct: DirectWriter | null = null;
  let mayDirect = bits > 0 && bits <= DIRECT_BITS && objectBytes >= DIRECT_BYTES;
  let rowsIn = 0;

  /** Rows taken by the direct way. Once it did not take a batch it is not tried again: changing ways leaves an object each time. */
  function addDirect(batch: Batch): number {
    if (!mayDirect || rowsIn < DIRECT_ROWS) return 0;
    const options = { bits, skip, keys: columns, objectBytes, pieceRows: PIECE_ROWS };
    const sink = { sealed: (id: ObjectId) => output.own(id), piece: (p: number, ref: BatchRef) => pieces.add(p, ref) };
    direct ??= new DirectWriter(ctx.store, sink, options, tables);
    let taken = 0;
    if (direct.accepts(batch)) {
      staged.flush();
      taken = direct.add(batch);
    }
    mayDirect = taken === batch.rows;
    if (!mayDirect) direct.flush();
    return taken;
  }

  return {
    add(batch) {
      rowsIn += batch.rows;
      staged.add(batch, addDirect(batch));
    },
    finish() {
      staged.flush();
      direct?.flush();
      const rowsOut = pieces.rows.reduce((a, b) => a + b, 0);
      if (rowsOut !== rowsIn) throw new EngineBug(`a shuffle took ${rowsIn} rows and gave ${rowsOut}`);
      output.handOver();
      return { pieces: pieces.pieces, rows: pieces.rows, bytes: pieces.bytes };
    },
    free() {
      direct?.drop();
      output.drop();
      staged.free();
      tables.release();
    },
  };
}

/** The pieces of each partition in the order of its rows. */
class Pieces implements PartitionedOutput {
  readonly pieces: BatchRef[][];
  readonly rows: number[];
  readonly bytes: number[];

  constructor(partitions: number) {
    this.pieces = Array.from({ length: partitions }, () => []);
    this.rows = new Array<number>(partitions).fill(0);
    this.bytes = new Array<number>(partitions).fill(0);
  }

  add(p: number, ref: BatchRef): void {
    (this.pieces[p] as BatchRef[]).push(ref);
    (this.rows[p] as number) += ref.rows;
    (this.bytes[p] as number) += ref.bytes;
  }
}

interface Partitioning {
  /** Indexes of the key columns. */
  readonly columns: readonly number[];
  readonly bits: number;
  readonly skip: number;
  /** Bytes kept before they become an object. */
  readonly objectBytes: number;
}

/**
 * Each batch is permuted by partition and kept; when the stage is full, all kept rows become one object, partition after partition, so
 * that a task leaves few objects however many partitions there are.
 */
class StagedWriter {
  readonly #schema: Schema;
  readonly #by: Partitioning;
  readonly #output: ObjectOutput;
  readonly #pieces: Pieces;
  readonly #stage: Stage;
  readonly #scratch: MeasuredScratch;
  #kept: Sorted[] = [];

  constructor(store: Store, schema: Schema, by: Partitioning, output: ObjectOutput, pieces: Pieces) {
    this.#schema = schema;
    this.#by = by;
    this.#output = output;
    this.#pieces = pieces;
    this.#stage = new Stage(store, 'shuffle');
    this.#scratch = arenaScratch(store, 'shuffle');
  }

  /** Rows from `first` on. */
  add(batch: Batch, first: number): void {
    const { columns, bits, skip, objectBytes } = this.#by;
    for (let from = first; from < batch.rows; from += CHUNK_ROWS) {
      const to = Math.min(batch.rows, from + CHUNK_ROWS);
      this.#kept.push(partition(batch, from, to, columns, bits, skip, this.#stage, this.#scratch));
      this.#scratch.reset();
      if (this.#stage.used >= objectBytes) this.flush();
    }
  }

  flush(): void {
    if (this.#kept.length === 0) return;
    const layouts: Layout[] = [];
    const owner: number[] = [];
    for (let p = 0; p < 2 ** this.#by.bits; p++) {
      for (const parts of batchesOf(this.#kept, p)) {
        layouts.push(layoutOfParts(parts, this.#schema, this.#scratch));
        owner.push(p);
      }
    }
    const refs = layouts.length > 0 ? this.#output.put(layouts) : [];
    for (const [i, ref] of refs.entries()) this.#pieces.add(owner[i] as number, ref);
    this.#kept = [];
    this.#stage.reset();
    this.#scratch.reset();
  }

  free(): void {
    this.#stage.free();
    this.#scratch.release();
  }
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
