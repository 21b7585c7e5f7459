import type * as Ast from '../../../grammar/ast.ts';
import { codes } from '../../diagnostics.ts';
import type { Context, Rows } from '../context.ts';
import { bindCallStep } from '../pipe_functions.ts';
import { withSides } from '../subqueries.ts';
import { derive, drop, rename, select } from './columns.ts';
import { expect } from './expect.ts';
import { explode } from './explode.ts';
import { fill } from './fill.ts';
import { join } from './join.ts';
import { map } from './map.ts';
import { pivot } from './pivot.ts';
import { distinct, remove, skip, sort, take, where } from './rows.ts';
import { repartition, sample, shuffle } from './shuffle.ts';
import { summarize } from './summarize.ts';
import { train } from './train.ts';
import { tune } from './tune.ts';
import { setStep } from './union.ts';
import { unpivot } from './unpivot.ts';
import { evaluate, predict } from './use_model.ts';

/** Binds one step to the rows behind it. Mistakes are reported, and what is still known about the rows goes on. */
type Verb<S> = (ctx: Context, input: Rows, step: S) => Rows;

/** `split` and `write` end a pipeline and are its business (pipeline.ts). */
type RowStep = Exclude<Ast.Step, Ast.SplitStep | Ast.WriteStep>;

/** One entry for each kind of step: a new one without an entry does not compile. */
const verbs: { readonly [K in RowStep['kind']]: Verb<Extract<RowStep, { kind: K }>> } = {
  where,
  remove,
  derive,
  select,
  drop,
  rename,
  summarize,
  sort,
  take,
  skip,
  distinct,
  join,
  train,
  predict,
  evaluate,
  setStep,
  explode,
  pivot,
  unpivot,
  sample,
  expect,
  repartition,
  shuffle,
  map,
  fill,
  tune: (ctx, input, step) => tune(ctx, input, step).model,
  callStep: (ctx, input, step) => bindCallStep(ctx, input, step, bindSteps),
  errorStep: () => null,
};

export function bindStep(ctx: Context, input: Rows, step: RowStep): Rows {
  const verb = verbs[step.kind] as Verb<RowStep>;
  return withSides(ctx, () => verb(ctx, input, step));
}

/** Steps of a pipe function: as those of a pipeline, but for those that end one. */
function bindSteps(ctx: Context, input: Rows, steps: readonly Ast.Step[]): Rows {
  let rows = input;
  for (const step of steps) {
    if (step.kind === 'split') {
      ctx.report(codes.splitPlace, {}, step.span);
      rows = null;
    } else if (step.kind === 'write') ctx.report(codes.writeNotLast, { where: 'in a function' }, step.verbSpan);
    else rows = bindStep(ctx, rows, step);
  }
  return rows;
}
