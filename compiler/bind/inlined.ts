import { type Expr, exprChildren } from '../../engine/expr.ts';
import type { Span } from '../../grammar/ast.ts';
import { codes } from '../diagnostics.ts';
import type { Context } from './context.ts';

/** Nodes that calls of functions of a file may make in all: functions that call others twice grow with the power of their number. */
const MAX_INLINED = 100_000;
/** What a call of a function of steps counts: each makes nodes of the plan with a schema, and often reads a source. */
const STEPS_CALL = 50;

/** Whether another function of the file may be put in place of its call; that it may not is reported once. */
export function mayInline(ctx: Context, call: Span): boolean {
  const { inlined } = ctx;
  if (inlined.nodes <= MAX_INLINED) return true;
  if (!inlined.reported) ctx.report(codes.grownTooLarge, { limit: MAX_INLINED }, call);
  inlined.reported = true;
  return false;
}

/** Counts what a call has become, as a tree: that is how it is walked. */
export function countInlined(ctx: Context, made: Expr): void {
  ctx.inlined.nodes += sizeOf(made);
}

/** Counts a call of a function of steps. */
export function countSteps(ctx: Context): void {
  ctx.inlined.nodes += STEPS_CALL;
}

const sizes = new WeakMap<Expr, number>();

function sizeOf(e: Expr): number {
  const known = sizes.get(e);
  if (known !== undefined) return known;
  const size = exprChildren(e).reduce((sum, child) => sum + sizeOf(child), 1);
  sizes.set(e, size);
  return size;
}
