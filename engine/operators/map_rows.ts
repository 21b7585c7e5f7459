import { valueReader } from '../batch/access.ts';
import { builder, type ColumnBuilder } from '../batch/build.ts';
import { type Batch, MORSEL_ROWS } from '../batch/column.ts';
import { RunError } from '../errors.ts';
import { convert } from '../host/call.ts';
import { type HostFunction, type HostParam, rowType } from '../host/def.ts';
import { thrownError, wrongResult } from '../host/failure.ts';
import { inFlight } from '../host/flight.ts';
import { isPromise, rawCall, settled, timedCall } from '../host/raw_call.ts';
import { fromHost, isSame, Mismatch, toHost } from '../host/values.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { StepRef } from '../plan.ts';
import type { Field, Schema } from '../types.ts';
import type { OperatorDef, TaskContext } from './def.ts';
import { placed } from './host_call.ts';
import type { HostMapParams } from './params.ts';

/**
 * Rows as objects through a function: an object is a row, null or undefined none, an array or what can be iterated several. Promises are waited for, many at a time;
 * rows keep their order. Whatever is iterated is read as far as there is room, so that one row may give any number. A table function is the same with
 * arguments in place of the row.
 */
export const mapRows: OperatorDef<HostMapParams> = {
  name: 'map_rows',
  traits: { shape: 'map', ordered: true, expands: true },
  schema: (params) => params.schema,
  map: (params, step, ctx) => (source) => mapped(params, step, source, ctx),
};

type HostRow = Record<string, unknown>;

async function* mapped(
  params: HostMapParams,
  step: StepRef,
  source: AsyncIterable<Batch>,
  ctx: TaskContext,
): AsyncIterable<Batch> {
  const { fn, call } = params;
  const scratch = arenaScratch(ctx.store, 'map');
  const args = call?.args.map((v, k) => convert(fn.params[k] as HostParam)(v)) ?? null;
  const out = new RowsOut(fn, step.output, scratch, args, call?.limit ?? null);
  const run = rawCall(fn);
  try {
    for await (const batch of source) {
      ctx.check();
      ctx.cameFrom?.((row) => out.origins[row] as number);
      const rowOf = args === null ? rowReader(fn, batch) : null;
      const one = (row: number): unknown => {
        const given = args ?? [rowOf?.(row)];
        const r = run(given, given);
        return isPromise(r) ? settled(fn, r, given) : r;
      };
      yield* results(one, batch.rows, fn, out, ctx);
      if (out.rows > 0) yield out.take();
    }
  } finally {
    scratch.release();
  }
}

/** At once while the function is synchronous; from the first promise on many at a time. */
async function* results(
  one: (row: number) => unknown,
  rows: number,
  fn: HostFunction,
  out: RowsOut,
  ctx: TaskContext,
): AsyncGenerator<Batch> {
  for (let row = 0; row < rows; row++) {
    const r = located(row, () => one(row));
    if (isPromise(r)) {
      const rest = await flight(row, r, one, rows, fn, ctx);
      for (const [k, given] of rest.entries()) yield* emitted(given, row + k, fn, out, ctx);
      return;
    }
    yield* emitted(r, row, fn, out, ctx);
  }
}

/** The results from `first` on, whose call was made already. */
async function flight(
  first: number,
  r: unknown,
  one: (row: number) => unknown,
  rows: number,
  fn: HostFunction,
  ctx: TaskContext,
): Promise<unknown[]> {
  try {
    return await inFlight(
      rows - first,
      fn.concurrency,
      (k) => (k === 0 ? r : one(first + k)),
      () => ctx.check(),
    );
  } catch (e) {
    const error = placed(e);
    throw error instanceof RunError && error.where.batchRow !== undefined
      ? error.with({ ...error.where, batchRow: error.where.batchRow + first })
      : error;
  }
}

function located<T>(row: number, work: () => T): T {
  try {
    return work();
  } catch (e) {
    throw e instanceof RunError ? e.at({ batchRow: row }) : e;
  }
}

/** Appends what the function gave for a row; gives batches as they fill. */
async function* emitted(
  r: unknown,
  row: number,
  fn: HostFunction,
  out: RowsOut,
  ctx: TaskContext,
): AsyncGenerator<Batch> {
  if (r === null || r === undefined) return;
  const source = rowsOf(r);
  if (source === null) {
    located(row, () => out.append(r, row));
    if (out.full) yield out.take();
    return;
  }
  const it = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const timed = timedCall(fn);
  // Whoever wants no more rows leaves in the middle: what iterates is told, so that it gives back what it holds. What has ended or thrown needs no telling.
  let open = true;
  try {
    for (let n = 0; ; n++) {
      if (n % CHECKED_EACH === 0) ctx.check();
      open = false;
      let step: IteratorResult<unknown>;
      try {
        const next = timed(() => it.next());
        step = isPromise(next) ? ((await settled(fn, next, null)) as IteratorResult<unknown>) : next;
      } catch (e) {
        throw out.failed(e, row);
      }
      open = step.done !== true;
      if (!open) return;
      if (step.value !== null && step.value !== undefined) located(row, () => out.append(step.value, row));
      if (out.full) yield out.take();
    }
  } catch (e) {
    // The first error is the one to tell.
    if (open) await leave(it, fn).catch(() => {});
    open = false;
    throw e;
  } finally {
    if (open) await leave(it, fn);
  }
}

/** So often a run can be cancelled while something iterates. */
const CHECKED_EACH = 1024;

async function leave(it: Iterator<unknown> | AsyncIterator<unknown>, fn: HostFunction): Promise<void> {
  try {
    const end = timedCall(fn)(() => it.return?.());
    if (isPromise(end)) await settled(fn, end, null);
  } catch (e) {
    throw thrownError(fn, e, null);
  }
}

type Rows = Iterable<unknown> | AsyncIterable<unknown>;

function rowsOf(r: unknown): Rows | null {
  if (typeof r !== 'object' || r === null) return null;
  return Symbol.iterator in r || Symbol.asyncIterator in r ? (r as Rows) : null;
}

/** Rows of a batch as objects, in the types of the function's parameter. */
function rowReader(fn: HostFunction, batch: Batch): (row: number) => HostRow {
  const fields = rowType(fn.params[0]?.type ?? { kind: 'null' })?.fields ?? batch.schema;
  const columns = fields.map((f) => ({
    f,
    read: valueReader(batch.columns[batch.schema.findIndex((g) => g.name === f.name)] as Batch['columns'][number]),
    same: isSame(f.type),
  }));
  const empty: HostRow = Object.fromEntries(fields.map((f) => [f.name, null]));
  return (row) => {
    const made = { ...empty };
    for (const { f, read, same } of columns) {
      const v = read(row);
      if (v === null && !f.nullable) throw nullField(fn, f, row);
      made[f.name] = same ? v : toHost(f.type, v);
    }
    return made;
  };
}

function nullField(fn: HostFunction, f: Field, row: number): RunError {
  return new RunError(
    'FLOW7018',
    `${f.name} is null, and ${fn.name} (${fn.path}) takes none there`,
    { batchRow: row, column: f.name },
    'state that it may be null (`| null` in TypeScript), or leave such rows out before',
  );
}

/** Output rows as they come. */
class RowsOut {
  readonly #fn: HostFunction;
  readonly #schema: Schema;
  readonly #scratch: Scratch;
  /** Of a table function: its rows are numbered in errors. */
  readonly #args: readonly unknown[] | null;
  #wanted: number;
  #builders: ColumnBuilder[] = [];
  #taken = 0;
  rows = 0;
  /** Row of the input that each output row was made of. */
  readonly origins = new Uint32Array(MORSEL_ROWS);

  constructor(
    fn: HostFunction,
    schema: Schema,
    scratch: Scratch,
    args: readonly unknown[] | null,
    limit: number | null,
  ) {
    this.#fn = fn;
    this.#schema = schema;
    this.#scratch = scratch;
    this.#args = args;
    this.#wanted = limit ?? Number.POSITIVE_INFINITY;
  }

  /** As many rows as a batch holds, or as anyone wants. */
  get full(): boolean {
    return this.rows >= MORSEL_ROWS || this.rows >= this.#wanted;
  }

  append(value: unknown, row: number): void {
    if (this.rows === 0) {
      this.#scratch.reset();
      this.#builders = this.#schema.map((f) => builder(f.type, this.#scratch));
    }
    const type = { kind: 'struct' as const, fields: this.#schema };
    try {
      if (typeof value !== 'object' || value === null) throw new Mismatch('', 'a row', value);
      for (const [k, f] of this.#schema.entries()) {
        (this.#builders[k] as ColumnBuilder).append(fromHost(f, (value as HostRow)[f.name], `.${f.name}`));
      }
    } catch (e) {
      throw this.#numbered(wrongResult(this.#fn, { type, nullable: false }, e, this.#args));
    }
    this.origins[this.rows++] = row;
  }

  /** What an iterator threw, where it was to give the next row. */
  failed(e: unknown, row: number): unknown {
    const error = this.#numbered(thrownError(this.#fn, e, this.#args));
    return error instanceof RunError ? error.at({ batchRow: row }) : error;
  }

  /** An error of a table function names the row that it gave, or was about to give, from 1. */
  #numbered(e: unknown): unknown {
    return this.#args !== null && e instanceof RunError ? e.at({ row: this.#taken + this.rows + 1 }) : e;
  }

  take(): Batch {
    const columns = this.#builders.map((b) => b.finish());
    const { rows } = this;
    this.#taken += rows;
    this.#wanted -= rows;
    this.rows = 0;
    return { schema: this.#schema, rows, columns };
  }
}
