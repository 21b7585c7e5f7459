/** `from numbers(10)`: a function of the host language as a source of rows. */

import type { Expr, LiteralExpr } from '../../engine/expr.ts';
import { rowType } from '../../engine/host/def.ts';
import { type Field, formatType, type Typed } from '../../engine/types.ts';
import type * as Ast from '../../grammar/ast.ts';
import { codes } from '../diagnostics.ts';
import type { TableNode } from '../logical.ts';
import { foldConstant } from './casts.ts';
import type { Context, Rows } from './context.ts';
import { createEnv } from './expr.ts';
import { isUnknown } from './exprs.ts';
import { type HostEntry, hostArguments, hostFunction, hostTypes, statedTypes } from './host.ts';
import { base } from './nodes.ts';
import { columnsOfType } from './resolve_sources.ts';
import { constantScope } from './scope.ts';

/** The rows of a call; `type`: the columns that the flow states, which go before those of the function's result. */
export function tableRows(ctx: Context, node: Ast.FormatCall, entry: HostEntry, type: Ast.TypeNode | null): Rows {
  const name = node.format.text;
  if (entry.found.kind === 'object') {
    ctx.report(codes.hostShape, { name, what: 'an aggregate', where: 'as a source' }, node.format.span);
    return null;
  }
  const stated = type === null ? null : columnsOfType(ctx, type);
  const bound = callArguments(ctx, node, entry, stated);
  if (bound === null || (type !== null && stated === null)) return null;
  const schema = stated ?? rowType(bound.result.type)?.fields ?? [];
  if (schema.length === 0) return reportNoRows(ctx, node, bound.result);
  const fn = hostFunction(ctx, entry, { params: bound.params, result: bound.result }, 'rows', bound.args.length);
  const made: TableNode = {
    ...base(ctx, schema, [], node, `from ${name}`),
    op: 'table',
    fn,
    args: bound.args.map((arg) => arg.value),
    limit: null,
  };
  return made;
}

type Bound = NonNullable<ReturnType<typeof hostTypes>> & { readonly args: readonly LiteralExpr[] };

/** The arguments, which are constants, in the types of the parameters. */
function callArguments(
  ctx: Context,
  node: Ast.FormatCall,
  entry: HostEntry,
  stated: readonly Field[] | null,
): Bound | null {
  const { sides } = ctx;
  ctx.sides = null;
  const env = createEnv(ctx, constantScope('an argument of a source'));
  const call: Ast.Call = { kind: 'call', name: node.format, args: node.args, distinct: false, span: node.span };
  const typesOf = (at: Context, of: HostEntry, args: readonly Expr[]) =>
    stated === null ? hostTypes(at, of) : statedTypes(at, of, args, stated);
  const bound = hostArguments(env, call, entry, typesOf);
  ctx.sides = sides;
  if (bound === null) return null;
  const args = bound.args.map((arg, k) => constant(ctx, node, arg, k, bound.types.params[k] as Typed));
  return args.includes(null) ? null : { ...bound.types, args: args as LiteralExpr[] };
}

function constant(ctx: Context, node: Ast.FormatCall, e: Expr, k: number, param: Typed): LiteralExpr | null {
  const { span } = node.args[k] as Ast.Arg;
  const value = foldConstant(ctx, e, span);
  if (isUnknown(value)) return null;
  if (value.value !== null || param.nullable) return value;
  const what = `argument ${k + 1} of ${node.format.text}`;
  ctx.report(codes.wrongType, { what, expected: formatType(param.type), found: 'null' }, span);
  return null;
}

function reportNoRows(ctx: Context, node: Ast.FormatCall, { type, nullable }: Typed): null {
  const name = node.format.text;
  const what = `a function that gives ${formatType(type, nullable)}`;
  ctx.report(codes.hostShape, { name, what, where: 'as a source' }, node.format.span, {
    suggestion: {
      text: 'a source gives rows: a generator or a list of objects; or state the columns that it gives: `as { id: int, score: float }`',
    },
  });
  return null;
}

/** The function that a call in the place of a source names: one of the file goes before a format of the same name. */
export function tableFunction(ctx: Context, node: Ast.FormatCall): HostEntry | undefined {
  return ctx.declared.host.get(node.format.text);
}
