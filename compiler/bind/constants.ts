import type { LiteralExpr } from '../../engine/expr.ts';
import { T } from '../../engine/types.ts';
import type { Expr as AstExpr } from '../../grammar/ast.ts';
import { codes } from '../diagnostics.ts';
import { foldConstant } from './casts.ts';
import type { Context } from './context.ts';
import { createEnv } from './expr.ts';
import { isUnknown } from './exprs.ts';
import { show } from './invoke.ts';
import { constantScope } from './scope.ts';

/** The value of an expression over literals and parameters. `where` says what it is: "the path of a source". */
export function bindConstant(ctx: Context, node: AstExpr, where: string): LiteralExpr {
  const { sides } = ctx;
  ctx.sides = null;
  const e = createEnv(ctx, constantScope(where)).bind(node);
  ctx.sides = sides;
  return foldConstant(ctx, e, node.span);
}

/** A whole number of at least `least`; null when it is none, which is reported. */
export function bindCount(ctx: Context, node: AstExpr, what: string, least: number): number | null {
  const e = bindConstant(ctx, node, what);
  if (isUnknown(e)) return null;
  if (e.type.kind !== T.int.kind || e.value === null) {
    ctx.report(codes.wrongType, { what, expected: 'an int', found: show(e) }, node.span);
    return null;
  }
  const value = Number(e.value);
  if (value >= least && Number.isSafeInteger(value)) return value;
  ctx.report(codes.badCount, { what, expected: `at least ${least}, not ${e.value}` }, node.span);
  return null;
}

/** The seed of a step: any int; 0 where none is written, so that two runs agree. */
export function bindSeed(ctx: Context, node: AstExpr | null): number {
  if (node === null) return 0;
  const e = bindConstant(ctx, node, 'a seed');
  if (isUnknown(e)) return 0;
  if (typeof e.value === 'number' && e.type.kind === 'int') return e.value;
  ctx.report(codes.wrongType, { what: 'a seed', expected: 'an int', found: show(e) }, node.span);
  return 0;
}
