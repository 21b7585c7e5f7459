import type * as Ast from '../../../grammar/ast.ts';
import { childrenOf } from '../../../grammar/walk.ts';
import { codes } from '../../diagnostics.ts';
import type { Context, Rows } from '../context.ts';
import { derive, drop, rename, select } from './columns.ts';
import { expect } from './expect.ts';
import { explode } from './explode.ts';
import { fill } from './fill.ts';
import { join } from './join.ts';
import { pivot } from './pivot.ts';
import { distinct, remove, skip, sort, take, where } from './rows.ts';
import { repartition, sample, shuffle } from './shuffle.ts';
import { summarize } from './summarize.ts';
import { train } from './train.ts';
import { tune } from './tune.ts';
import { union } from './union.ts';
import { unpivot } from './unpivot.ts';
import { evaluate, predict } from './use_model.ts';

/** Binds one step to the rows behind it. Mistakes are reported, and what is still known about the rows goes on. */
type Verb<S> = (ctx: Context, input: Rows, step: S) => Rows;

/** `split` and `write` end a pipeline and are its business (pipeline.ts). */
type RowStep = Exclude<Ast.Step, Ast.SplitStep | Ast.WriteStep>;

/** Is not executable yet. `same`: the rows behind it have the same columns, so that what follows can be checked all the same. */
function later(what: (step: RowStep) => string, rows: 'same' | 'other'): Verb<RowStep> {
  return (ctx, input, step) => {
    for (const child of childrenOf(step)) if (isRelation(child)) ctx.relation(child);
    ctx.report(codes.notExecutable, { what: `\`${what(step)}\`` }, step.verbSpan);
    return rows === 'same' ? input : null;
  };
}

function isRelation(node: Ast.Node): node is Ast.Relation {
  return node.kind === 'relationName' || node.kind === 'pipeline';
}

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
  setStep: union,
  explode,
  pivot,
  unpivot,
  sample,
  expect,
  repartition,
  shuffle,
  map: later((step) => (step.kind === 'map' && step.batches ? 'map_batches' : 'map'), 'other'),
  fill,
  tune: (ctx, input, step) => tune(ctx, input, step).model,
  callStep: bindCallStep,
  errorStep: () => null,
};

export function bindStep(ctx: Context, input: Rows, step: RowStep): Rows {
  const verb = verbs[step.kind] as Verb<RowStep>;
  return verb(ctx, input, step);
}

function bindCallStep(ctx: Context, _input: Rows, step: Ast.CallStep): Rows {
  const name = step.call.name.text;
  const fn = ctx.declared.fns.get(name);
  if (fn?.body.kind === 'stepsBody')
    ctx.report(codes.notExecutable, { what: `the pipe function \`${name}\`` }, step.call.name.span);
  else if (fn !== undefined) {
    ctx.report(
      codes.misplaced,
      { what: `\`${name}\`, which is made of an expression,`, where: 'as a step' },
      step.call.name.span,
    );
  } else if (!ctx.declared.opaque.has(name)) {
    const names = [...ctx.declared.fns.values()]
      .filter((one) => one.body.kind === 'stepsBody')
      .map((one) => one.name.text);
    ctx.report(codes.unknownFunction, { name }, step.call.name.span, {
      notes: [names.length === 0 ? 'the file has no pipe functions' : `pipe functions: ${names.join(', ')}`],
    });
  }
  return null;
}
