import type { Expr, LiteralExpr } from '../../engine/expr.ts';
import type { ConstantArg, WindowDef } from '../../engine/windows/def.ts';
import type * as Ast from '../../grammar/ast.ts';
import { codes } from '../diagnostics.ts';
import type { WindowCall } from '../logical.ts';
import { unify } from './casts.ts';
import { bindConstant, bindCount } from './constants.ts';
import { isUnknown } from './exprs.ts';
import { show } from './invoke.ts';
import { spanOf } from './nodes.ts';
import type { Env } from './scope.ts';

const VALUE = 'value';
const DEFAULT = 'default';
const IGNORE_NULLS = 'ignore_nulls';

/** The parameters in the order in which they may be given without names; `ignore_nulls` only by name. */
function parameters(def: WindowDef): string[] {
  return [
    ...(def.value ? [VALUE] : []),
    ...(def.constant === null ? [] : [def.constant.name]),
    ...(def.fallback ? [DEFAULT] : []),
  ];
}

/** Arguments by parameter; null when they do not fit, which is reported. */
function match(env: Env, node: Ast.Call, def: WindowDef): Map<string, Ast.Arg> | null {
  const { name } = def;
  const fail = (why: string, span: Ast.Span): null => {
    env.ctx.report(codes.badArguments, { name, why }, span, { notes: [`it is written ${def.signature}`] });
    return null;
  };
  const order = parameters(def);
  const given = new Map<string, Ast.Arg>();
  for (const [i, arg] of node.args.entries()) {
    const parameter = arg.name === null ? order[i] : arg.name.text;
    if (parameter === undefined) return fail(`takes at most ${order.length} arguments`, arg.span);
    if (!order.includes(parameter) && !(parameter === IGNORE_NULLS && def.needs.ignoreNulls))
      return fail(`has no parameter \`${parameter}\``, arg.span);
    if (given.has(parameter)) return fail(`is given \`${parameter}\` twice`, arg.span);
    given.set(parameter, arg);
  }
  if (node.distinct) return fail('is no aggregate: there is nothing to take `distinct` values of', node.span);
  if (def.value && !given.has(VALUE)) return fail('needs a value', node.span);
  if (def.constant !== null && def.constant.default === null && !given.has(def.constant.name))
    return fail(`needs \`${def.constant.name}\``, node.span);
  return given;
}

/** A window function with its arguments; its frame is bound apart. */
export function bindWindowArguments(env: Env, node: Ast.Call, def: WindowDef): WindowCall | null {
  const { ctx } = env;
  const given = match(env, node, def);
  if (given === null) {
    for (const arg of node.args) env.bind(arg.value);
    return null;
  }
  const value = given.get(VALUE);
  const fallback = given.get(DEFAULT);
  const values = [value, fallback].flatMap((arg) => (arg === undefined ? [] : [env.bind(arg.value)]));
  const constant = constantOf(env, given, def.constant, def.name);
  const ignoreNulls = flagOf(env, given.get(IGNORE_NULLS));
  if (values.some(isUnknown) || constant === undefined || ignoreNulls === null) return null;
  const unified =
    values.length < 2 ? { exprs: values } : unify(ctx, `the value and the default of ${def.name}`, values, node.span);
  if (unified === null) return null;
  const [first, second] = unified.exprs as readonly [Expr | undefined, Expr | undefined];
  const { type, nullable } = def.type(first ?? null);
  const never = def.fallback && second?.nullable === false && first?.nullable === false && !ignoreNulls;
  return {
    name: '',
    fn: def.name,
    args: first === undefined ? [] : [first],
    distinct: false,
    constant,
    fallback: second ?? null,
    ignoreNulls,
    frame: { unit: 'rows', low: null, high: null },
    type,
    nullable: nullable && !never,
    span: spanOf(node.span),
  };
}

/** undefined: reported. */
function constantOf(
  env: Env,
  given: ReadonlyMap<string, Ast.Arg>,
  wanted: ConstantArg | null,
  fn: string,
): number | null | undefined {
  if (wanted === null) return null;
  const arg = given.get(wanted.name);
  if (arg === undefined) return wanted.default;
  return bindCount(env.ctx, arg.value, `\`${wanted.name}\` of ${fn}`, wanted.least) ?? undefined;
}

function flagOf({ ctx }: Env, arg: Ast.Arg | undefined): boolean | null {
  if (arg === undefined) return false;
  const e: LiteralExpr = bindConstant(ctx, arg.value, `\`${IGNORE_NULLS}\``);
  if (isUnknown(e)) return null;
  if (typeof e.value === 'boolean') return e.value;
  const params = { what: `\`${IGNORE_NULLS}\``, expected: 'a bool', found: show(e) };
  ctx.report(codes.wrongType, params, arg.value.span);
  return null;
}
