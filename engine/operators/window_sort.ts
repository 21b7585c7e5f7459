import type { Batch, Column } from '../batch/column.ts';
import { concatBatches } from '../batch/concat.ts';
import { gatherBatch } from '../batch/gather.ts';
import { hashColumns } from '../batch/hash.ts';
import type { SortKey } from '../expr.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { Scratch } from '../memory/types.ts';
import { rangeWriter } from '../shuffle/range.ts';
import { relationReader } from '../shuffle/reader.ts';
import { batchesOfRun } from '../shuffle/runs.ts';
import { Stage } from '../shuffle/stage.ts';
import type { BatchRef } from '../store/types.ts';
import { type Field, field, type Schema, T } from '../types.ts';
import { memoryPages, type Pages, storePages } from '../windows/pages.ts';
import type { PartitionReader, RelationReader, TaskContext } from './def.ts';
import type { WindowParams } from './params.ts';
import { sortIndices } from './sort_kernel.ts';
import { mergeRuns, rowsOfRun } from './sort_passes.ts';
import { workingGrant } from './split.ts';

/** Part of the grant that input may take to be sorted in memory: it is there again while it is put together, and in order. */
const LOAD_SHARE = 0.22;
const PAGE_BYTES = 1 << 20;
/** Share of the grant that one page may take: several are looked at at a time. */
const PAGE_SHARE = 1 / 32;

/** The column of the hash of the keys, for as long as rows are sorted. */
const HASH = '\u0000hash';

const columnKey = (f: Field): SortKey => ({
  expr: { kind: 'column', name: f.name, type: f.type, nullable: f.nullable },
  desc: false,
  nullsFirst: false,
});

/** Rows of equal keys stand together, ordered by `sort`; the keys themselves come in the order of their hashes, so that partitions of an exchange do not show. */
export class WindowOrder {
  readonly input: Schema;
  /** With the hash, where there are keys. */
  readonly schema: Schema;
  readonly keyColumns: readonly number[];
  readonly #keys: readonly SortKey[];

  constructor(params: WindowParams, input: Schema) {
    this.input = input;
    this.keyColumns = params.keys.map((k) => input.findIndex((f) => f.name === k));
    const hash = field(HASH, T.int, false);
    const hashed = params.keys.length > 0;
    this.schema = hashed ? [...input, hash] : input;
    const keys = hashed ? [hash, ...this.keyColumns.map((c) => input[c] as Field)].map(columnKey) : [];
    const ties = params.ties === null ? [] : [params.ties];
    this.#keys = params.sorted ? keys : [...keys, ...params.sort, ...ties];
  }

  get keys(): readonly SortKey[] {
    return this.#keys;
  }

  /** The batch with the hash of its keys; as an int whose order is that of the hash. */
  withHash(batch: Batch, scratch: Scratch): Batch {
    if (this.keyColumns.length === 0) return batch;
    const values = scratch.i32(batch.rows);
    const hashes = new Uint32Array(values.buffer, values.byteOffset, batch.rows);
    hashColumns(
      this.keyColumns.map((c) => batch.columns[c] as Column),
      batch.rows,
      hashes,
    );
    for (let i = 0; i < batch.rows; i++) values[i] = (values[i] as number) ^ 0x80000000;
    const hash: Column = { type: T.int, phys: 'i32', length: batch.rows, nullCount: 0, validity: null, values };
    return { schema: this.schema, rows: batch.rows, columns: [...batch.columns, hash] };
  }

  withoutHash(batch: Batch): Batch {
    if (this.keyColumns.length === 0) return batch;
    return { schema: this.input, rows: batch.rows, columns: batch.columns.slice(0, -1) };
  }

  /** The order of the rows of a batch, in scratch. */
  indices(batch: Batch, scratch: Scratch): Uint32Array {
    return sortIndices(this.withHash(batch, scratch), this.keys, scratch);
  }
}

/** Sorted rows, for as long as they are needed. */
export interface SortedRows {
  readonly pages: Pages;
  release(): void;
}

/** All rows of a partition of an exchange in the order of a window: in memory where they fit, otherwise as objects of the store. */
export function sortedPages(order: WindowOrder, reader: PartitionReader, ctx: TaskContext): SortedRows {
  const { store } = ctx;
  if (order.keys.length === 0 && reader.refs !== undefined)
    return { pages: storePages(store, order.input, reader.refs), release() {} };
  if (fits(reader, ctx)) return inMemory(order, reader, ctx);
  const refs: BatchRef[] = [];
  const out = arenaScratch(store, 'window');
  const release = (): void => {
    for (const r of refs) store.release(r.object);
  };
  try {
    for (const batch of merged(order, reader, ctx, out)) {
      refs.push(store.putBatch(batch));
      out.reset();
    }
  } catch (e) {
    release();
    throw e;
  } finally {
    out.release();
  }
  return { pages: storePages(store, order.input, refs), release };
}

/** As sortedPages, one batch after the other; each is valid until the next one is asked for. */
export function* sortedBatches(order: WindowOrder, reader: PartitionReader, ctx: TaskContext): Generator<Batch> {
  if (order.keys.length === 0) yield* reader.batches();
  else if (fits(reader, ctx)) {
    const { pages, release } = inMemory(order, reader, ctx);
    try {
      for (let page = 0; page < pages.count; page++) yield pages.open(page).batch;
    } finally {
      release();
    }
  } else {
    const out = arenaScratch(ctx.store, 'window');
    try {
      for (const batch of merged(order, reader, ctx, out)) {
        yield batch;
        out.reset();
      }
    } finally {
      out.release();
    }
  }
}

function fits(reader: RelationReader, ctx: TaskContext): boolean {
  return reader.bytes <= workingGrant(ctx) * LOAD_SHARE;
}

function inMemory(order: WindowOrder, reader: RelationReader, ctx: TaskContext): SortedRows {
  const stage = new Stage(ctx.store, 'window');
  const work = arenaScratch(ctx.store, 'window');
  const sorting = arenaScratch(ctx.store, 'window');
  const release = (): void => {
    stage.free();
    work.release();
    sorting.release();
  };
  try {
    const kept: Batch[] = [];
    for (const batch of reader.batches()) {
      ctx.check();
      kept.push(stage.keep(batch));
    }
    if (kept.length === 0) return { pages: memoryPages(order.input, []), release };
    const all = concatBatches(kept, order.input, work);
    const rows = order.indices(all, sorting);
    const sorted = gatherBatch(all, rows, all.rows, work);
    sorting.release();
    return { pages: memoryPages(order.input, [sorted]), release };
  } catch (e) {
    release();
    throw e;
  }
}

/** Sorts by runs, and merges these. */
function* merged(order: WindowOrder, reader: RelationReader, ctx: TaskContext, out: Scratch): Generator<Batch> {
  const { store } = ctx;
  const grant = workingGrant(ctx);
  const writer = rangeWriter({ store, grant }, order.schema, order.keys, null, sortIndices);
  const hashing = arenaScratch(store, 'window');
  let runs: RelationReader[] = [];
  let refs: BatchRef[] = [];
  try {
    for (const batch of reader.batches()) {
      ctx.check();
      writer.add(order.withHash(batch, hashing));
      hashing.reset();
    }
    const written = writer.finish().map((run) => batchesOfRun(run));
    refs = written.flat();
    runs = written.map((one) => relationReader(store, one, order.schema));
    writer.free();
    hashing.release();
    const outputRows = rowsOfRun(reader.rows, reader.bytes, Math.min(PAGE_BYTES, grant * PAGE_SHARE));
    const { keys, schema } = order;
    const merging = { keys, limit: null, schema, batchBytes: PAGE_BYTES, outputRows };
    for (const batch of mergeRuns(runs, merging, { ...ctx, scratch: out })) yield order.withoutHash(batch);
  } finally {
    writer.free();
    hashing.release();
    for (const object of new Set(refs.map((r) => r.object))) store.release(object);
  }
}
