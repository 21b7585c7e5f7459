import type { Batch } from '../batch/column.ts';
import { sortComparator } from '../batch/compare.ts';
import { concatBatches } from '../batch/concat.ts';
import { gatherBatch } from '../batch/gather.ts';
import { sliceBatch } from '../batch/slice.ts';
import type { SortKey } from '../expr.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { Scratch } from '../memory/types.ts';
import { firstNot } from '../shuffle/keys.ts';
import type { Schema } from '../types.ts';
import type { RelationReader, TaskContext } from './def.ts';
import { sortColumnsOf, sortIndices } from './sort_kernel.ts';

/** One sorted stream and what is left of its current batch. */
class Run {
  batch: Batch | null = null;
  /** First row not taken yet. */
  at = 0;
  private readonly source: Iterator<Batch>;
  private rowsLeft: number;

  constructor(reader: RelationReader) {
    this.source = reader.batches()[Symbol.iterator]();
    this.rowsLeft = reader.rows;
  }

  /** No batch follows the current one. Known without reading on, which would end the current batch's life. */
  get isLast(): boolean {
    return this.rowsLeft <= 0;
  }

  /** Reads on when the current batch is used up; false at the end. */
  advance(): boolean {
    while (this.batch === null || this.at >= this.batch.rows) {
      const r = this.source.next();
      this.at = 0;
      if (r.done) {
        this.batch = null;
        return false;
      }
      this.batch = r.value;
      this.rowsLeft -= r.value.rows;
    }
    return true;
  }

  close(): void {
    this.source.return?.();
    this.batch = null;
  }
}

/**
 * Stable merge of sorted streams: equal rows come in the order of the streams, then of their rows. Holds one batch a stream. In each round the stream
 * whose current batch ends first gives the bound: all rows up to it are here, so they are taken from every batch (found by binary search),
 * sorted together by the sort kernel and given out. A round uses up at least one batch, and no row is compared one by one.
 * Batches of at most `batchRows` rows, in `out` or views of a stream's batch.
 */
export function* mergeSorted(
  readers: readonly RelationReader[],
  keys: readonly SortKey[],
  schema: Schema,
  limit: number | null,
  batchRows: number,
  ctx: Pick<TaskContext, 'store' | 'check'>,
  out: Scratch,
): Generator<Batch> {
  const runs = readers.map((r) => new Run(r));
  const work = arenaScratch(ctx.store, 'sort');
  let left = limit ?? Number.POSITIVE_INFINITY;
  try {
    for (;;) {
      ctx.check();
      const active = runs.filter((r) => r.advance());
      if (active.length === 0 || left <= 0) return;
      const slices = takeRound(active, keys);
      const [only] = slices;
      const rows = slices.reduce((n, b) => n + b.rows, 0);
      const wanted = Math.min(rows, left);
      const all = slices.length === 1 && only !== undefined ? null : concatBatches(slices, schema, work);
      const order = all === null ? null : sortIndices(all, keys, work);
      for (let at = 0; at < wanted; at += batchRows) {
        const n = Math.min(batchRows, wanted - at);
        if (all !== null && order !== null) yield gatherBatch(all, order.subarray(at, at + n), n, out);
        else yield sliceBatch(only as Batch, at, at + n);
      }
      left -= wanted;
      work.reset();
    }
  } finally {
    for (const r of runs) r.close();
    work.release();
  }
}

/** Takes from each stream the rows that come before everything not read yet, in stream order. */
function takeRound(active: readonly Run[], keys: readonly SortKey[]): Batch[] {
  const columns = active.map((r) => sortColumnsOf(r.batch as Batch, keys));
  const order = (i: number, j: number): ((a: number, b: number) => number) =>
    sortComparator(
      columns[i] as (typeof columns)[number],
      (columns[j] as (typeof columns)[number]).map((c) => c.column),
    );
  const lastRow = (i: number): number => ((active[i] as Run).batch as Batch).rows - 1;
  let bound = -1;
  active.forEach((run, i) => {
    if (!run.isLast && (bound < 0 || order(i, bound)(lastRow(i), lastRow(bound)) < 0)) bound = i;
  });
  const slices: Batch[] = [];
  active.forEach((run, i) => {
    const batch = run.batch as Batch;
    let end = batch.rows;
    if (bound >= 0 && i !== bound) {
      const compare = order(i, bound);
      const last = lastRow(bound);
      // Rows equal to the bound come before what follows it in its own stream only where their stream comes first.
      const inclusive = i < bound;
      const { at } = run;
      end =
        at +
        firstNot(batch.rows - at, (k) => {
          const c = compare(at + k, last);
          return c < 0 || (c === 0 && inclusive);
        });
    }
    if (end > run.at) slices.push(sliceBatch(batch, run.at, end));
    run.at = end;
  });
  return slices;
}
