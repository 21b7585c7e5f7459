import type { Batch, Column } from '../batch/column.ts';
import { MORSEL_ROWS } from '../batch/column.ts';
import { equalRows } from '../batch/compare.ts';
import { concatBatches } from '../batch/concat.ts';
import { gatherBatch } from '../batch/gather.ts';
import { arenaScratch } from '../memory/scratch.ts';
import { Stage } from '../shuffle/stage.ts';
import type { TaskContext } from './def.ts';
import type { WindowParams } from './params.ts';
import { workingGrant } from './split.ts';
import type { WindowOrder } from './window_sort.ts';
import { TopOfEach } from './window_tops.ts';

/** A stage's rows are there once more while they are sorted, and the best of them again. */
const COPIES = 3;
/** Rows above what is known to be kept after which they are sorted again. */
const ROWS_BEHIND = MORSEL_ROWS;
/** After this many rows it is looked at whether anything is dropped, and above which share of rows kept nothing is worth it. */
const TRIAL_ROWS = 2 * MORSEL_ROWS;
const USELESS = 0.9;

/** Counts the rows of partitions that stand together, over batches that follow one another. */
export class PartitionCounter {
  readonly #columns: readonly number[];
  readonly #stages: readonly [Stage, Stage];
  #current: 0 | 1 = 0;
  /** The last row of the batch before, and its number in its partition, from 0. */
  #last: Batch | null = null;
  #number = -1;

  constructor(ctx: TaskContext, columns: readonly number[]) {
    this.#columns = columns;
    this.#stages = [new Stage(ctx.store, 'window'), new Stage(ctx.store, 'window')];
  }

  /** The rows whose number in their partition is at least `from` and below `to`, in `out`; gives how many. */
  select(batch: Batch, from: number, to: number, out: Uint32Array): number {
    const pick = (b: Batch): Column[] => this.#columns.map((c) => b.columns[c] as Column);
    const own = pick(batch);
    const same = equalRows(own, own);
    let n = 0;
    let at = this.#number;
    for (let i = 0; i < batch.rows; i++) {
      const goes = i > 0 ? same(i - 1, i) : this.#last !== null && equalRows(pick(this.#last), own)(0, 0);
      at = goes ? at + 1 : 0;
      if (at >= from && at < to) out[n++] = i;
    }
    this.#number = at;
    return n;
  }

  /** Another batch follows this one. */
  keepLast(batch: Batch, scratch: ReturnType<typeof arenaScratch>): void {
    this.#current = this.#current === 0 ? 1 : 0;
    const stage = this.#stages[this.#current];
    stage.reset();
    this.#last = stage.keep(gatherBatch(batch, Uint32Array.of(batch.rows - 1), 1, scratch));
    scratch.reset();
  }

  free(): void {
    for (const s of this.#stages) s.free();
  }
}

/** The rows of sorted batches that stand in their partition behind the first `skip` ones, at most `take`. */
export function* chosenRows(
  source: Iterable<Batch>,
  params: WindowParams,
  order: WindowOrder,
  ctx: TaskContext,
): Generator<Batch> {
  const counter = new PartitionCounter(ctx, order.keyColumns);
  const work = arenaScratch(ctx.store, 'window');
  const to = params.take === null ? Number.POSITIVE_INFINITY : params.skip + params.take;
  try {
    for (const batch of source) {
      ctx.check();
      const rows = work.u32(batch.rows);
      const n = counter.select(batch, params.skip, to, rows);
      for (let at = 0; at < n; at += MORSEL_ROWS) {
        const m = Math.min(MORSEL_ROWS, n - at);
        yield gatherBatch(batch, rows.subarray(at, at + m), m, ctx.scratch);
      }
      work.reset();
      counter.keepLast(batch, work);
    }
  } finally {
    counter.free();
    work.release();
  }
}

/** The rows of a task that may be among the first ones of their partitions. */
class BestOfEach {
  readonly #order: WindowOrder;
  readonly #ctx: TaskContext;
  readonly #rowsOfEach: number;
  readonly #grant: number;
  readonly #stages: readonly [Stage, Stage];
  readonly #scratch: ReturnType<typeof arenaScratch>;
  #current: 0 | 1 = 0;
  #kept: Batch[] = [];
  #rows = 0;
  /** Rows that were kept when they were last sorted. */
  #best = 0;

  constructor(params: WindowParams, order: WindowOrder, ctx: TaskContext) {
    this.#order = order;
    this.#ctx = ctx;
    this.#rowsOfEach = params.skip + (params.take ?? 0);
    this.#grant = workingGrant(ctx);
    this.#stages = [new Stage(ctx.store, 'top'), new Stage(ctx.store, 'top')];
    this.#scratch = arenaScratch(ctx.store, 'top');
  }

  get rows(): number {
    return this.#rows;
  }

  add(batch: Batch): void {
    const stage = this.#stages[this.#current];
    this.#kept.push(stage.keep(batch));
    this.#rows += batch.rows;
    if (this.#rows >= 2 * this.#best + ROWS_BEHIND || this.#isLarge) this.compact();
  }

  get #isLarge(): boolean {
    return this.#stages[this.#current].used * COPIES > this.#grant;
  }

  /** What is kept is still so much that it has to go on. */
  get isFull(): boolean {
    return this.#stages[this.#current].used * COPIES * 2 > this.#grant;
  }

  /** Reduces what is kept to the first rows of each partition. */
  compact(): void {
    if (this.#rows === 0) return;
    const scratch = this.#scratch;
    const all = concatBatches(this.#kept, this.#order.input, scratch);
    const order = this.#order.indices(all, scratch);
    const columns = this.#order.keyColumns.map((c) => all.columns[c] as Column);
    const same = equalRows(columns, columns);
    const best = scratch.u32(all.rows);
    let n = 0;
    for (let i = 0, at = 0; i < all.rows; i++) {
      at = i > 0 && same(order[i - 1] as number, order[i] as number) ? at + 1 : 0;
      if (at < this.#rowsOfEach) best[n++] = order[i] as number;
    }
    const from = this.#stages[this.#current];
    this.#current = this.#current === 0 ? 1 : 0;
    this.#kept = [this.#stages[this.#current].keep(gatherBatch(all, best, n, scratch))];
    this.#rows = n;
    this.#best = n;
    from.reset();
    scratch.reset();
  }

  /** All that is kept; afterwards nothing is. */
  *take(): Generator<Batch> {
    for (const batch of this.#kept) {
      this.#ctx.check();
      if (batch.rows > 0) yield batch;
    }
    this.#kept = [];
    this.#rows = 0;
    this.#best = 0;
    this.#stages[this.#current].reset();
  }

  free(): void {
    for (const s of this.#stages) s.free();
    this.#scratch.release();
  }
}

/** What is kept by a table of groups, as long as batches are of a form it knows, and by sorting from then on. */
class Kept {
  readonly #sorted: BestOfEach;
  #tops: TopOfEach | null;

  constructor(params: WindowParams, order: WindowOrder, ctx: TaskContext) {
    this.#sorted = new BestOfEach(params, order, ctx);
    this.#tops = TopOfEach.of(params, order.input, ctx.store, workingGrant(ctx));
  }

  get now(): BestOfEach | TopOfEach {
    return this.#tops ?? this.#sorted;
  }

  add(batch: Batch): void {
    const tops = this.#tops;
    if (tops !== null) {
      if (tops.add(batch)) return;
      for (const b of tops.take()) this.#sorted.add(b);
      tops.free();
      this.#tops = null;
    }
    this.#sorted.add(batch);
  }

  free(): void {
    this.#tops?.free();
    this.#sorted.free();
  }
}

/** The map side of a window of which only the first rows of each partition are wanted. */
export async function* bestOfEach(
  params: WindowParams,
  order: WindowOrder,
  source: AsyncIterable<Batch>,
  ctx: TaskContext,
): AsyncIterable<Batch> {
  const kept = new Kept(params, order, ctx);
  let seen = 0;
  let passing = false;
  try {
    for await (const batch of source) {
      if (passing || batch.rows === 0) {
        yield batch;
        continue;
      }
      kept.add(batch);
      seen += batch.rows;
      const best = kept.now;
      if (best.isFull || seen >= TRIAL_ROWS) {
        const full = best.isFull;
        best.compact();
        // Where nearly every row is kept, finding that out is left to the final phase.
        passing = best.rows > seen * USELESS;
        if (passing || (full && best.isFull)) {
          yield* best.take();
          seen = 0;
        }
      }
    }
    kept.now.compact();
    yield* kept.now.take();
  } finally {
    kept.free();
  }
}
