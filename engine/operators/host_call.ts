import { valueReader } from '../batch/access.ts';
import { columnFromValues } from '../batch/build.ts';
import type { Batch, Column } from '../batch/column.ts';
import { RunError } from '../errors.ts';
import type { LiteralValue } from '../expr.ts';
import { convert } from '../host/call.ts';
import type { HostFunction, HostParam } from '../host/def.ts';
import { wrongResult } from '../host/failure.ts';
import { FlightError, inFlight } from '../host/flight.ts';
import { isPromise, rawCall, settled } from '../host/raw_call.ts';
import { fromHost } from '../host/values.ts';
import type { StepRef } from '../plan.ts';
import type { Schema } from '../types.ts';
import type { OperatorDef, TaskContext } from './def.ts';
import type { HostCallParams } from './params.ts';

/**
 * Adds columns that functions of the host language give which may give promises: for each batch many calls are in flight, and the rows keep their order. Null where an argument is
 * null whose parameter takes none.
 */
export const call: OperatorDef<HostCallParams> = {
  name: 'call',
  traits: { shape: 'map', ordered: true, rowwise: true },
  schema: (params, [input]) => [
    ...(input as Schema),
    ...params.calls.map(({ name, type, nullable }) => ({ name, type, nullable })),
  ],
  map: (params, step, ctx) => (source) => callRows(params, step, source, ctx),
};

async function* callRows(
  params: HostCallParams,
  step: StepRef,
  source: AsyncIterable<Batch>,
  ctx: TaskContext,
): AsyncIterable<Batch> {
  const calls = params.calls.map(({ fn, args }) => ({
    fn,
    args: args.map((name) => step.input.findIndex((f) => f.name === name)),
  }));
  for await (const batch of source) {
    ctx.check();
    const columns: Column[] = [...batch.columns];
    for (const { fn, args } of calls) {
      const values = await callAll(
        fn,
        args.map((i) => batch.columns[i] as Column),
        batch.rows,
        ctx,
      );
      columns.push(columnFromValues(fn.result.type, values, ctx.scratch));
    }
    yield { schema: step.output, rows: batch.rows, columns };
  }
}

async function callAll(
  fn: HostFunction,
  columns: readonly Column[],
  rows: number,
  ctx: TaskContext,
): Promise<LiteralValue[]> {
  const readers = columns.map(valueReader);
  const toHost = fn.params.map(convert);
  const run = rawCall(fn);
  const take = (r: unknown, args: readonly unknown[]): LiteralValue => {
    try {
      return fromHost(fn.result, r);
    } catch (e) {
      throw wrongResult(fn, fn.result, e, args);
    }
  };
  const one = (row: number): unknown => {
    const values = readers.map((read) => read(row));
    if (values.some((v, k) => v === null && !(fn.params[k] as HostParam).nullable)) return null;
    const args = values.map((v, k) => (toHost[k] as (v: LiteralValue) => unknown)(v));
    const r = run(args, args);
    return isPromise(r) ? settled(fn, r, args).then((x) => take(x, args)) : take(r, args);
  };
  try {
    return (await inFlight(rows, fn.concurrency, one, () => ctx.check())) as LiteralValue[];
  } catch (e) {
    throw placed(e);
  }
}

/** The error of one of many rows, with its row. */
export function placed(e: unknown): unknown {
  if (!(e instanceof FlightError)) return e;
  return e.cause instanceof RunError ? e.cause.at({ batchRow: e.index }) : e.cause;
}
