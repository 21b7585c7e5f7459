import { type Batch, type Column, MORSEL_ROWS } from '../batch/column.ts';
import { sliceBatch } from '../batch/slice.ts';
import { RunError } from '../errors.ts';
import { columnOf, HostColumn } from '../host/columns.ts';
import type { HostFunction } from '../host/def.ts';
import { shown, wrongResult } from '../host/failure.ts';
import { isPromise, rawCall, settled } from '../host/raw_call.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { StepRef } from '../plan.ts';
import type { Field, Schema } from '../types.ts';
import type { OperatorDef, TaskContext } from './def.ts';
import type { HostMapParams } from './params.ts';

/**
 * Batches of columns through a function: it is given an object of columns and their number of rows, and gives an object of arrays, all of one length. Where batches begin and end is
 * not specified, so that the function must not depend on it.
 */
export const mapBatches: OperatorDef<HostMapParams> = {
  name: 'map_batches',
  traits: { shape: 'map', ordered: true, expands: true },
  schema: (params) => params.schema,
  map: (params, step, ctx) => (source) => mapped(params.fn, step, source, ctx),
};

async function* mapped(
  fn: HostFunction,
  step: StepRef,
  source: AsyncIterable<Batch>,
  ctx: TaskContext,
): AsyncIterable<Batch> {
  const scratch = arenaScratch(ctx.store, 'map');
  const run = rawCall(fn);
  try {
    for await (const batch of source) {
      ctx.check();
      const columns = Object.fromEntries(
        batch.schema.map((f, i) => [f.name, new HostColumn(f, batch.columns[i] as Column)]),
      );
      const r = run([columns, batch.rows], null);
      const given = isPromise(r) ? await settled(fn, r, null) : r;
      if (given === null || given === undefined) continue;
      const made = batchOf(fn, step.output, given, scratch);
      for (let from = 0; from < made.rows; from += MORSEL_ROWS) {
        const to = Math.min(made.rows, from + MORSEL_ROWS);
        yield to - from === made.rows ? made : sliceBatch(made, from, to);
      }
      scratch.reset();
    }
  } finally {
    scratch.release();
  }
}

function batchOf(fn: HostFunction, schema: Schema, given: unknown, scratch: Scratch): Batch {
  const from = (typeof given === 'object' && given !== null ? given : {}) as Readonly<Record<string, unknown>>;
  const columns = schema.map((f) => {
    const column = from[f.name];
    if (column === undefined) throw missing(fn, f, given);
    try {
      return columnOf(f, column, scratch);
    } catch (e) {
      throw wrongResult(fn, f, e, null, `column ${f.name}`);
    }
  });
  const rows = columns[0]?.length ?? 0;
  const other = columns.findIndex((c) => c.length !== rows);
  if (other < 0) return { schema, rows, columns };
  const [a, b] = [schema[0] as Field, schema[other] as Field];
  throw new RunError(
    'FLOW7018',
    `${fn.name} (${fn.path}) gave ${rows} rows for column ${a.name} and ${columns[other]?.length} for ${b.name}`,
  );
}

function missing(fn: HostFunction, f: Field, given: unknown): RunError {
  const what =
    typeof given === 'object' && given !== null
      ? `an object of ${Object.keys(given).join(', ') || 'nothing'}`
      : shown(given);
  return new RunError(
    'FLOW7018',
    `${fn.name} (${fn.path}) gave no column ${f.name}`,
    {},
    `it gives an object with an array for each column; this was ${what}`,
  );
}
