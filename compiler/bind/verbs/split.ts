import type { Expr } from '../../../engine/expr.ts';
import { T } from '../../../engine/types.ts';
import type * as Ast from '../../../grammar/ast.ts';
import { codes } from '../../diagnostics.ts';
import { bindConstant, bindSeed } from '../constants.ts';
import type { Context, Rows } from '../context.ts';
import { createEnv } from '../expr.ts';
import { column, isUnknown, literal, unknown } from '../exprs.ts';
import { and, call, show, tryCall } from '../invoke.ts';
import { condition, notTrue } from '../operators.ts';
import { rowScope } from '../scope.ts';
import { filter } from './rows.ts';

/**
 * The rows of each output, by name: filters over one input, so that it is read once. Shares are ranges of a hash of the `by` columns
 * (of all columns without `by`) and the seed: a row's output depends on nothing else. Of conditions the first that is true decides.
 */
export function split(ctx: Context, input: Rows, step: Ast.SplitStep): Map<string, Rows> {
  const out = new Map<string, Rows>();
  const predicates = formOf(ctx, step) === 'when' ? byConditions(ctx, input, step) : byShares(ctx, input, step);
  for (const [i, output] of step.outputs.entries()) {
    out.set(output.name.text, filter(ctx, input, predicates[i] ?? unknown(), step, `split ${output.name.text}`));
  }
  return out;
}

function formOf(ctx: Context, step: Ast.SplitStep): 'when' | 'fraction' {
  const forms = new Set(step.outputs.map((output) => output.test));
  const rests = step.outputs.filter((output) => output.test === 'rest');
  if (rests[1] !== undefined) ctx.report(codes.splitForms, { why: 'only one output takes the rest' }, rests[1].span);
  if (forms.has('when') && forms.has('fraction')) {
    ctx.report(codes.splitForms, { why: 'a split goes either by conditions or by shares' }, step.span);
  }
  if (forms.has('when') && (step.by.length > 0 || step.seed !== null)) {
    ctx.report(codes.splitForms, { why: 'a split by conditions has neither `by` nor `seed`' }, step.span);
  }
  return forms.has('when') ? 'when' : 'fraction';
}

function byConditions(ctx: Context, input: Rows, step: Ast.SplitStep): Expr[] {
  const env = createEnv(ctx, rowScope(input?.schema ?? null));
  const conditions = step.outputs.map((output) =>
    output.value === null || output.test !== 'when' ? null : condition(env, output.value, 'what stands behind `when`'),
  );
  if (conditions.some((e) => e !== null && isUnknown(e))) return step.outputs.map(() => unknown());
  return conditions.map((own, i) => {
    const others = conditions.filter((e, j) => e !== null && (own === null || j < i)).map((e) => notTrue(e as Expr));
    return and(own === null ? others : [own, ...others]) ?? literal(T.bool, true);
  });
}

function byShares(ctx: Context, input: Rows, step: Ast.SplitStep): Expr[] {
  const env = createEnv(ctx, rowScope(input?.schema ?? null));
  const keys =
    step.by.length > 0 ? step.by.map((item) => env.bind(item.value)) : (input?.schema ?? []).map((f) => column(f));
  const seed = bindSeed(ctx, step.seed);
  const shares = step.outputs.map((output) => (output.value === null ? null : shareOf(ctx, output.value)));
  const total = shares.reduce<number>((sum, share) => sum + (share ?? 0), 0);
  // A sum like 0.7 + 0.2 + 0.1 may miss 1 by its last bit.
  if (total > 1 + 1e-9)
    ctx.report(codes.splitForms, { why: `the shares add up to ${total}, which is more than 1` }, step.span);
  const unit = tryCall('hash_unit', [literal(T.int, seed), ...keys]);
  if (unit === null) {
    const types = keys.map(show);
    ctx.report(codes.noOverload, { name: '`split`', types }, step.by[0]?.span ?? step.verbSpan, {
      suggestion: { text: 'name columns of plain types with `by`' },
    });
  }
  if (unit === null || isUnknown(unit)) return step.outputs.map(() => unknown());
  let from = 0;
  const bounds = shares.map((share) => {
    const low = from;
    from += share ?? 0;
    return { low, high: from };
  });
  return shares.map((share, i) => {
    const { low, high } = bounds[i] ?? { low: 0, high: 0 };
    return share === null
      ? outside(
          unit,
          bounds.filter((_, j) => shares[j] !== null),
        )
      : inside(unit, low, high);
  });
}

/** low <= unit < high; the last bound lets through everything up to 1. */
function inside(unit: Expr, low: number, high: number): Expr {
  const parts = [
    ...(low > 0 ? [call('ge', [unit, literal(T.float, low)])] : []),
    ...(high < 1 - 1e-9 ? [call('lt', [unit, literal(T.float, high)])] : []),
  ];
  return and(parts) ?? literal(T.bool, true);
}

/** The shares lie next to each other from 0, so that the rest is what lies above them. */
function outside(unit: Expr, bounds: readonly { high: number }[]): Expr {
  return call('ge', [unit, literal(T.float, Math.max(0, ...bounds.map((bound) => bound.high)))]);
}

function shareOf(ctx: Context, node: Ast.Expr): number {
  const e = bindConstant(ctx, node, 'a share');
  if (isUnknown(e)) return 0;
  if (typeof e.value !== 'number' || (e.type.kind !== 'float' && e.type.kind !== 'int')) {
    ctx.report(codes.wrongType, { what: 'a share', expected: 'a number', found: show(e) }, node.span);
    return 0;
  }
  if (e.value >= 0 && e.value <= 1) return e.value;
  ctx.report(codes.badCount, { what: 'a share', expected: `between 0 and 1, not ${e.value}` }, node.span);
  return 0;
}
