import type { Batch } from '../batch/column.ts';
import { EngineBug } from '../errors.ts';
import type { StepRef } from '../plan.ts';
import type { Schema } from '../types.ts';
import type { OperatorDef, TaskContext } from './def.ts';
import { probeBatches } from './join.ts';
import { JoinProbe, joinSchema, needsFirst, rightColumns } from './join_probe.ts';
import { JoinTable } from './join_table.ts';
import type { JoinParams } from './params.ts';

/** The table over the side, made by the first task of a worker and used by all of them. */
function sharedTable(params: JoinParams, step: StepRef, ctx: TaskContext): JoinTable {
  const [side] = step.sides;
  if (side === undefined) throw new EngineBug('a lookup without a side');
  const names = rightColumns(params);
  const first = needsFirst(params);
  const key = `lookup ${JSON.stringify([side.relation, params.rightKeys, names, first])}`;
  return ctx.shared(
    key,
    () => new JoinTable(ctx.side(side).batches(), side.schema, params.rightKeys, names, ctx.store, 0, first),
  );
}

async function* lookUp(
  params: JoinParams,
  step: StepRef,
  source: AsyncIterable<Batch>,
  ctx: TaskContext,
): AsyncIterable<Batch> {
  const table = sharedTable(params, step, ctx);
  const probe = new JoinProbe(
    params,
    step.input,
    (step.sides[0] as StepRef['sides'][number]).schema,
    step.output,
    ctx.store,
  );
  try {
    for await (const batch of source) yield* probeBatches(probe, [batch], table, ctx);
  } finally {
    probe.free();
  }
}

export const lookup: OperatorDef<JoinParams> = {
  name: 'lookup',
  traits: { shape: 'map', ordered: true },
  schema: (params, [left, right]) => joinSchema(params, left as Schema, right as Schema),
  /** Joins the stream with a right side that every task has whole (the step's only side). Output by (left order, right order). */
  map: (params, step, ctx) => (source) => lookUp(params, step, source, ctx),
};
