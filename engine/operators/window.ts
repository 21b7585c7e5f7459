import type { Batch, Column } from '../batch/column.ts';
import { gatherBatch } from '../batch/gather.ts';
import { sliceBatch } from '../batch/slice.ts';
import { EngineBug } from '../errors.ts';
import type { Field, Schema } from '../types.ts';
import { EqualRuns, Frames, type RangeKey, type Spans, spans } from '../windows/bounds.ts';
import type { Chunk, Evaluator } from '../windows/evaluator.ts';
import { FramedAggregate } from '../windows/framed.ts';
import { PageCursor, type Pages } from '../windows/pages.ts';
import { pickingEvaluator } from '../windows/picking.ts';
import { rankingEvaluator } from '../windows/ranking.ts';
import { runningAggregate } from '../windows/running.ts';
import type { OperatorDef, PartitionReader, TaskContext } from './def.ts';
import { resolve } from './groups.ts';
import type { WindowCallParams, WindowParams } from './params.ts';
import { rowsWithin, workingGrant } from './split.ts';
import { bestOfEach, chosenRows } from './window_rows.ts';
import { sortedBatches, sortedPages, WindowOrder } from './window_sort.ts';
import { topsOf } from './window_tops.ts';

/** Rows computed at a time: what they need stays within a processor's cache. */
const CHUNK_ROWS = 16384;
/** Share of the grant in which the first rows of each partition are looked for before what is found is sorted. */
const TOPS_SHARE = 1 / 2;

function indexOf(schema: Schema, name: string): number {
  const at = schema.findIndex((f) => f.name === name);
  if (at < 0) throw new EngineBug(`no column ${name} in the input of a window`);
  return at;
}

/** The calls of a window over sorted rows, chunk after chunk. */
class Calls {
  readonly #pages: Pages;
  readonly #partitions: EqualRuns;
  readonly #peers: EqualRuns;
  readonly #frames: { readonly frames: Frames; readonly spans: Spans }[] = [];
  readonly #calls: { readonly evaluator: Evaluator; readonly frame: number }[] = [];
  readonly #partition: Spans;
  readonly #peer: Spans;

  constructor(params: WindowParams, pages: Pages, rows: number, ctx: TaskContext) {
    const { schema } = pages;
    this.#pages = pages;
    const keys = params.keys.map((k) => indexOf(schema, k));
    const sort = params.sort.map((k) => indexOf(schema, k.expr.kind === 'column' ? k.expr.name : ''));
    this.#partitions = new EqualRuns(pages, keys);
    // Without an order all rows of a partition are peers. Sort keys tell more rows apart, so they are compared first.
    this.#peers = new EqualRuns(pages, [...sort, ...keys]);
    this.#partition = spans(rows);
    this.#peer = spans(rows);
    const [first] = params.sort;
    const key =
      first === undefined ? null : { column: sort[0] as number, desc: first.desc, nullsFirst: first.nullsFirst };
    const known = new Map<string, number>();
    try {
      for (const call of params.calls) {
        const text = JSON.stringify(call.frame, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v));
        const frame = known.get(text) ?? this.#addFrame(call, key, rows);
        known.set(text, frame);
        this.#calls.push({ evaluator: evaluatorOf(call, pages, ctx), frame });
      }
    } catch (e) {
      this.release();
      throw e;
    }
  }

  #addFrame(call: WindowCallParams, key: RangeKey | null, rows: number): number {
    return this.#frames.push({ frames: new Frames(this.#pages, call.frame, key), spans: spans(rows) }) - 1;
  }

  /** The columns of the calls for a chunk of rows of one page. */
  columns(at: number, batch: Batch, ctx: TaskContext): Column[] {
    const { rows } = batch;
    this.#partitions.fill(at, rows, this.#partition);
    this.#peers.fill(at, rows, this.#peer);
    const chunk: Chunk = { at, rows, batch, partition: this.#partition, peers: this.#peer };
    for (const { frames, spans: out } of this.#frames) frames.fill(batch, at, this.#partition, this.#peer, out);
    return this.#calls.map(({ evaluator, frame }) =>
      evaluator.column(chunk, (this.#frames[frame] as { spans: Spans }).spans, ctx.scratch),
    );
  }

  /** The rows of the chunk, with its columns, that are given out. */
  chosen(at: number, batch: Batch, { skip, take }: WindowParams, ctx: TaskContext): Batch {
    const end = take === null ? Number.POSITIVE_INFINITY : skip + take;
    const rows = ctx.scratch.u32(batch.rows);
    let n = 0;
    for (let i = 0; i < batch.rows; i++) {
      const row = at + i - (this.#partition.from[i] as number);
      if (row >= skip && row < end) rows[n++] = i;
    }
    return gatherBatch(batch, rows, n, ctx.scratch);
  }

  release(): void {
    this.#partitions.release();
    this.#peers.release();
    for (const { frames } of this.#frames) frames.release();
    for (const { evaluator } of this.#calls) evaluator.release();
  }
}

function evaluatorOf(call: WindowCallParams, pages: Pages, ctx: TaskContext): Evaluator {
  const { fn, constant, ignoreNulls } = call;
  const args = call.args.map((a) => indexOf(pages.schema, a));
  const fallback = call.fallback === null ? null : indexOf(pages.schema, call.fallback);
  const own = call.host !== undefined;
  const made = own
    ? null
    : (rankingEvaluator(fn, constant) ?? pickingEvaluator(fn, constant, ignoreNulls, pages, args[0] ?? 0, fallback));
  if (made !== null) return made;
  const resolved = resolve(call);
  const general = (): Evaluator => new FramedAggregate(ctx.store, resolved, pages, args, workingGrant(ctx));
  const grows = !own && call.frame.low === null && call.frame.high !== null && !call.distinct;
  const [argument] = call.argTypes;
  const running = grows ? runningAggregate(fn, argument, resolved.type, args[0] ?? -1, pages, general) : null;
  return running ?? general();
}

async function* final(
  params: WindowParams,
  reader: PartitionReader,
  output: Schema,
  ctx: TaskContext,
): AsyncIterable<Batch> {
  const order = new WindowOrder(params, reader.schema);
  if (params.calls.length === 0) {
    const tops = topsOf(params, reader, ctx.store, workingGrant(ctx) * TOPS_SHARE);
    try {
      yield* chosenRows(sortedBatches(order, tops?.asPartition(reader.hashBits) ?? reader, ctx), params, order, ctx);
    } finally {
      tops?.free();
    }
    return;
  }
  const { pages, release } = sortedPages(order, reader, ctx);
  const most = Math.min(CHUNK_ROWS, rowsWithin(workingGrant(ctx)));
  const calls = new Calls(params, pages, most, ctx);
  const cursor = new PageCursor(pages);
  try {
    for (let page = 0; page < pages.count; page++) {
      cursor.open(page);
      const { start, end } = cursor;
      for (let at = start; at < end; at += most) {
        const batch = sliceBatch(cursor.batch, at - start, Math.min(end, at + most) - start);
        const columns = [...batch.columns, ...calls.columns(at, batch, ctx)];
        const all: Batch = { schema: output, rows: batch.rows, columns };
        yield params.skip === 0 && params.take === null ? all : calls.chosen(at, all, params, ctx);
      }
    }
  } finally {
    cursor.release();
    calls.release();
    release();
  }
}

export const window: OperatorDef<WindowParams> = {
  name: 'window',
  traits: { shape: 'exchange', blocking: true },
  schema: (params, [input]) => [
    ...(input as Schema),
    ...params.calls.map(({ name, type, nullable }): Field => ({ name, type, nullable })),
  ],
  partialSchema: (_params, [input]) => input as Schema,
  /** Where only the first rows of each partition are wanted: drops, as far as the grant remembers, those that others of the task come before. */
  partial: (params, step, ctx) => (source) =>
    params.take === null ? source : bestOfEach(params, new WindowOrder(params, step.input), source, ctx),
  /**
   * Sorts the rows of a partition by (hash of the keys, keys, sort), in memory or by runs, and computes the calls chunk by chunk over the sorted rows, which lie in
   * the store where they did not fit: cursors go forwards over them, so that neither a partition nor a frame has to fit in memory. Aggregates over large frames use a tree of
   * states, in the store too. Output in that order.
   */
  final: (params, step, inputs, ctx) => final(params, inputs[0] as PartitionReader, step.output, ctx),
};
