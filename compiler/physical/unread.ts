import { columnsOf } from '../../engine/expr.ts';
import type { AggregateParams, ComputeParams } from '../../engine/operators/params.ts';
import type { StepRef } from '../../engine/plan.ts';
import type { Pipeline } from './pipeline.ts';

/** Aggregates whose value does not depend on the order of rows, also to the last bit: of equal extremes the first shows in the sign of zero. */
const UNORDERED = new Set(['count', 'count_if', 'sum', 'mean', 'any', 'all', 'count_distinct']);

/**
 * A stage that begins by finishing an aggregation does not make keys that no expression behind it reads: putting the texts of a million groups together takes as long as
 * grouping them. Where all is aggregated again, its groups come in any order, too.
 */
export function withoutUnread(p: Pipeline): Pipeline {
  const { input } = p;
  const [first, second] = p.steps;
  if (input.kind !== 'merge' || input.step.op !== 'aggregate' || first?.op !== 'compute') return p;
  const params = input.step.params as AggregateParams;
  const { filter, outputs } = first.params as ComputeParams;
  const read = new Set<string>();
  for (const e of [...(filter === null ? [] : [filter]), ...outputs.map((o) => o.expr)]) columnsOf(e, read);
  const shown = params.keys.filter((k) => read.has(k));
  const anyOrder = second !== undefined && isUnordered(second);
  if (params.keys.length === 0 || params.aggregates.length === 0 || (shown.length === params.keys.length && !anyOrder))
    return p;
  const output = input.step.output.filter((f) => shown.includes(f.name) || !params.keys.includes(f.name));
  const trimmed: AggregateParams = { ...params, shown, anyOrder };
  return {
    ...p,
    input: { ...input, step: { ...input.step, params: trimmed, output } },
    steps: [{ ...first, input: output }, ...p.steps.slice(1)],
  };
}

function isUnordered(step: StepRef): boolean {
  if (step.op !== 'aggregate' || step.phase !== 'partial') return false;
  const { keys, aggregates } = step.params as AggregateParams;
  return keys.length === 0 && aggregates.every((a) => a.host === undefined && UNORDERED.has(a.fn));
}
