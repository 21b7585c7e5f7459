import type { Batch } from '../batch/column.ts';
import { EngineBug } from '../errors.ts';
import type { SideInput, StepRef } from '../plan.ts';
import type { Schema } from '../types.ts';
import type { OperatorDef, TaskContext } from './def.ts';
import { probeBatches } from './join.ts';
import { joinBlocks } from './join_blocks.ts';
import { joinSchema, tableSpec } from './join_output.ts';
import { JoinProbe } from './join_probe.ts';
import { JoinTable } from './join_table.ts';
import type { JoinParams } from './params.ts';
import { workingGrant } from './split.ts';

/** Bytes of a table for a byte of the side, about. */
const COPIES = 3;

/** The table over the side, made by the first task of a worker and used by all of them. */
function sharedTable(params: JoinParams, side: SideInput, ctx: TaskContext): JoinTable {
  const spec = tableSpec(params, side.schema, ctx.store, 0);
  const { store: _, schema: __, ...plain } = spec;
  return ctx.shared(
    `lookup ${JSON.stringify([side.relation, plain])}`,
    () => new JoinTable(ctx.side(side).batches(), spec),
  );
}

async function* lookUp(
  params: JoinParams,
  step: StepRef,
  source: AsyncIterable<Batch>,
  ctx: TaskContext,
): AsyncIterable<Batch> {
  const [side] = step.sides;
  if (side === undefined) throw new EngineBug('a lookup without a side');
  const right = ctx.side(side);
  // Only without keys is a side broadcast whatever its size.
  const table =
    params.rightKeys.length > 0 || right.bytes * COPIES <= workingGrant(ctx) ? sharedTable(params, side, ctx) : null;
  const probe = new JoinProbe(params, step.input, side.schema, step.output, ctx.store);
  try {
    for await (const batch of source) {
      if (table !== null) yield* probeBatches(probe, [batch], table, ctx);
      else yield* joinBlocks(params, probe, [batch], right, 0, ctx);
    }
  } finally {
    probe.free();
  }
}

export const lookup: OperatorDef<JoinParams> = {
  name: 'lookup',
  traits: { shape: 'map', ordered: true },
  schema: (params, [left, right]) => joinSchema(params, left as Schema, right as Schema),
  /** Joins the stream with a right side that every task has whole (the step's only side): of any kind that keeps no right rows. Output by (left order, right order). */
  map: (params, step, ctx) => (source) => lookUp(params, step, source, ctx),
};
