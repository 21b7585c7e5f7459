import type { Batch } from '../batch/column.ts';
import { MORSEL_ROWS } from '../batch/column.ts';
import type { SortKey } from '../expr.ts';
import { arenaScratch } from '../memory/scratch.ts';
import { relationReader } from '../shuffle/reader.ts';
import type { BatchRef } from '../store/types.ts';
import type { Schema } from '../types.ts';
import type { RelationReader, TaskContext } from './def.ts';
import { mergeSorted } from './sort_merge.ts';
import { workingGrant } from './split.ts';

/** A round of merging holds a batch of each run, the rows taken from them, and the output. */
export const COPIES = 3;
const MIN_RUN_ROWS = 1024;

export interface RunsOrder {
  readonly keys: readonly SortKey[];
  readonly limit: number | null;
  readonly schema: Schema;
  /** Batches of runs are cut to about this size. */
  readonly batchBytes: number;
  /** Rows of a batch given out, at most; MORSEL_ROWS if not told. */
  readonly outputRows?: number;
}

/** What merging needs of a task; its scratch holds the output. */
export type MergeContext = Pick<TaskContext, 'store' | 'grant' | 'check' | 'scratch'>;

/** Rows of a batch of about `batchBytes`. */
export function rowsOfRun(rows: number, bytes: number, batchBytes: number): number {
  return Math.min(MORSEL_ROWS, Math.max(MIN_RUN_ROWS, Math.floor((batchBytes * rows) / Math.max(1, bytes))));
}

/** Streams that can be merged at once within the grant. */
function fanIn(runs: readonly RelationReader[], grant: number, batchBytes: number): number {
  const largest = Math.max(
    ...runs.map((r) => Math.min(r.bytes, Math.max(batchBytes, (r.bytes / Math.max(1, r.rows)) * MIN_RUN_ROWS))),
  );
  const total = runs.reduce((n, r) => n + r.bytes, 0);
  return total * COPIES <= grant ? runs.length : Math.max(2, Math.floor(grant / (COPIES * Math.max(1, largest))));
}

/** Stable merge of sorted runs; more of them than fit the grant are merged in several passes through the store. */
export function* mergeRuns(given: readonly RelationReader[], order: RunsOrder, ctx: MergeContext): Generator<Batch> {
  const grant = workingGrant(ctx);
  let runs = given;
  let refs: BatchRef[] = [];
  const width = (): number => fanIn(runs, grant, order.batchBytes);
  try {
    while (runs.length > width()) {
      // One pass: neighbours are merged into longer runs, which keeps the order of equal rows.
      const longer: RelationReader[] = [];
      const written: BatchRef[] = [];
      try {
        const several = width();
        for (let at = 0; at < runs.length; at += several)
          longer.push(mergeToRun(runs.slice(at, at + several), order, ctx, written));
      } catch (e) {
        releaseAll(written, ctx);
        throw e;
      }
      releaseAll(refs, ctx);
      refs = written;
      runs = longer;
    }
    const rows = order.outputRows ?? MORSEL_ROWS;
    yield* mergeSorted(runs, order.keys, order.schema, order.limit, rows, ctx, ctx.scratch);
  } finally {
    releaseAll(refs, ctx);
  }
}

export function releaseAll(refs: readonly BatchRef[], ctx: Pick<TaskContext, 'store'>): void {
  for (const r of refs) ctx.store.release(r.object);
}

function mergeToRun(
  runs: readonly RelationReader[],
  order: RunsOrder,
  ctx: MergeContext,
  written: BatchRef[],
): RelationReader {
  const out = arenaScratch(ctx.store, 'sort');
  const refs: BatchRef[] = [];
  const rows = runs.reduce((n, r) => n + r.rows, 0);
  const bytes = runs.reduce((n, r) => n + r.bytes, 0);
  const batchRows = rowsOfRun(rows, bytes, order.batchBytes);
  try {
    for (const b of mergeSorted(runs, order.keys, order.schema, order.limit, batchRows, ctx, out)) {
      const ref = ctx.store.putBatch(b);
      refs.push(ref);
      written.push(ref);
      out.reset();
    }
  } finally {
    out.release();
  }
  return relationReader(ctx.store, refs, order.schema);
}
