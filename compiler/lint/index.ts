import type { Context } from '../bind/context.ts';
import type { LogicalPlan } from '../logical.ts';
import { lintColumns } from './columns.ts';
import { lintExpressions } from './expressions.ts';
import { lintNames } from './names.ts';
import { lintSteps } from './steps.ts';

/** Warns of what a file without mistakes says that is likely not meant, or of no use. */
export function lint(ctx: Context, plan: LogicalPlan): void {
  lintColumns(ctx, plan);
  lintExpressions(ctx);
  lintNames(ctx, plan);
  lintSteps(ctx);
}
