import type { Batch } from '../batch/column.ts';
import { MORSEL_ROWS } from '../batch/column.ts';
import { concatBatches } from '../batch/concat.ts';
import { gatherBatch } from '../batch/gather.ts';
import { arenaScratch } from '../memory/scratch.ts';
import { Stage } from '../shuffle/stage.ts';
import type { Schema } from '../types.ts';
import type { OperatorDef, PartitionReader, TaskContext } from './def.ts';
import type { SortParams } from './params.ts';
import { sortIndices } from './sort_kernel.ts';
import { COPIES, mergeRuns } from './sort_passes.ts';
import { workingGrant } from './split.ts';

/** Batches of runs are cut to about this size. */
const RUN_BYTES = 1 << 20;

/** Part of the grant that a range may take when it is loaded: put together for sorting it is there once more. */
const LOAD_SHARE = 0.35;

/** A range that fits is sorted at once: its runs stand one after another, so a stable sort of the whole is their stable merge. */
function* sortLoaded(
  loaded: { readonly batches: readonly Batch[]; free(): void },
  params: SortParams,
  schema: Schema,
  ctx: TaskContext,
): Generator<Batch> {
  const work = arenaScratch(ctx.store, 'sort');
  const sorting = arenaScratch(ctx.store, 'sort');
  try {
    if (loaded.batches.length === 0) return;
    // Shares dictionaries with what was loaded, which therefore stays until the end.
    const all = concatBatches(loaded.batches, schema, work);
    const order = work.u32(all.rows);
    order.set(sortIndices(all, params.keys, sorting));
    sorting.release();
    const rows = Math.min(params.limit ?? all.rows, all.rows);
    for (let at = 0; at < rows; at += MORSEL_ROWS) {
      const n = Math.min(MORSEL_ROWS, rows - at);
      yield gatherBatch(all, order.subarray(at, at + n), n, ctx.scratch);
    }
  } finally {
    sorting.release();
    work.release();
    loaded.free();
  }
}

async function* final(
  params: SortParams,
  input: PartitionReader,
  schema: Schema,
  ctx: TaskContext,
): AsyncIterable<Batch> {
  const loaded = input.load?.(workingGrant(ctx) * LOAD_SHARE) ?? null;
  if (loaded !== null) {
    yield* sortLoaded(loaded, params, schema, ctx);
    return;
  }
  yield* mergeRuns(
    input.runs.filter((r) => r.rows > 0),
    { ...params, schema, batchBytes: RUN_BYTES },
    ctx,
  );
}

/** The best rows so far of a task, kept for a top-N. */
class Best {
  private readonly stages: readonly [Stage, Stage];
  private readonly scratch;
  private current: 0 | 1 = 0;
  private kept: Batch[] = [];
  private rows = 0;
  private readonly params: SortParams;
  private readonly schema: Schema;
  private readonly limit: number;
  private readonly grant: number;

  constructor(params: SortParams, limit: number, schema: Schema, ctx: TaskContext) {
    this.params = params;
    this.limit = limit;
    this.schema = schema;
    this.grant = workingGrant(ctx);
    this.stages = [new Stage(ctx.store, 'top'), new Stage(ctx.store, 'top')];
    this.scratch = arenaScratch(ctx.store, 'top');
  }

  /** Sorted order of a batch, cut to the limit. */
  private first(batch: Batch): Batch {
    const order = sortIndices(batch, this.params.keys, this.scratch);
    return gatherBatch(batch, order, Math.min(this.limit, batch.rows), this.scratch);
  }

  add(batch: Batch): void {
    const stage = this.stages[this.current];
    const best = batch.rows > this.limit ? this.first(batch) : batch;
    this.kept.push(stage.keep(best));
    this.rows += best.rows;
    this.scratch.reset();
    if (this.rows >= this.limit + Math.max(this.limit, MORSEL_ROWS) || stage.used * COPIES > this.grant) this.compact();
  }

  /** Reduces what is kept to the limit. */
  private compact(): void {
    if (this.rows <= this.limit) return;
    const best = this.first(concatBatches(this.kept, this.schema, this.scratch));
    const from = this.stages[this.current];
    this.current = this.current === 0 ? 1 : 0;
    this.kept = [this.stages[this.current].keep(best)];
    this.rows = best.rows;
    from.reset();
    this.scratch.reset();
  }

  /** The limit itself does not fit. */
  get isFull(): boolean {
    return this.stages[this.current].used * COPIES > this.grant;
  }

  /** All that is kept, sorted; afterwards nothing is. */
  *take(): Generator<Batch> {
    if (this.rows === 0) return;
    const all = concatBatches(this.kept, this.schema, this.scratch);
    const order = sortIndices(all, this.params.keys, this.scratch);
    const rows = Math.min(this.limit, this.rows);
    const other = this.stages[this.current === 0 ? 1 : 0];
    for (let at = 0; at < rows; at += MORSEL_ROWS) {
      const n = Math.min(MORSEL_ROWS, rows - at);
      yield gatherBatch(all, order.subarray(at, at + n), n, other.scratch);
      other.reset();
    }
    this.kept = [];
    this.rows = 0;
    this.stages[this.current].reset();
    this.scratch.reset();
  }

  free(): void {
    for (const s of this.stages) s.free();
    this.scratch.release();
  }
}

async function* topRows(
  params: SortParams,
  limit: number,
  schema: Schema,
  source: AsyncIterable<Batch>,
  ctx: TaskContext,
): AsyncIterable<Batch> {
  const best = new Best(params, limit, schema, ctx);
  try {
    for await (const batch of source) {
      if (batch.rows === 0 || limit === 0) continue;
      best.add(batch);
      if (best.isFull) yield* best.take();
    }
    yield* best.take();
  } finally {
    best.free();
  }
}

export const sort: OperatorDef<SortParams> = {
  name: 'sort',
  traits: { shape: 'exchange', blocking: true },
  schema: (_params, [input]) => input as Schema,
  partialSchema: (_params, [input]) => input as Schema,
  /** With a limit: keeps the task's first rows in sorted order; without one nothing is gained before the exchange, rows pass through. */
  partial: (params, step, ctx) => (source) =>
    params.limit === null ? source : topRows(params, params.limit, step.input, source, ctx),
  /** Merges the sorted runs of one range, stably; more runs than fit the grant are merged in several passes through the store. */
  final: (params, step, inputs, ctx) => final(params, inputs[0] as PartitionReader, step.input, ctx),
};
