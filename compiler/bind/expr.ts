import type { Expr } from '../../engine/expr.ts';
import { formatType, T } from '../../engine/types.ts';
import type * as Ast from '../../grammar/ast.ts';
import { suggest } from '../../grammar/suggest.ts';
import { quoteName } from '../../grammar/words.ts';
import { codes } from '../diagnostics.ts';
import { bindCall } from './calls.ts';
import { castExists, foldConstant, isConstant, unify } from './casts.ts';
import type { Context } from './context.ts';
import { isUnknown, literal, unknown } from './exprs.ts';
import { call, reportMisfit, show, tryCall } from './invoke.ts';
import { strayLambda } from './lambdas.ts';
import { dateLiteral, durationLiteral, floatLiteral, intLiteral, timeLiteral, timestampLiteral } from './literals.ts';
import { bindBetween, bindBinary, bindIn, bindUnary, condition } from './operators.ts';
import { type AggregateHook, at, type Env, listNames, reportMissing, type Scope, type WindowHook } from './scope.ts';
import { bindScalar } from './subqueries.ts';
import { bindType } from './types.ts';

type Binder<N> = (env: Env, node: N) => Expr;

/** One entry for each kind of expression: a new kind without one does not compile. */
const binders: { readonly [K in Ast.Expr['kind']]: Binder<Extract<Ast.Expr, { kind: K }>> } = {
  null: () => literal(T.null, null),
  bool: (_, node) => literal(T.bool, node.value),
  int: (env, node) => intLiteral(env.ctx, node, false, node.span),
  float: (env, node) => floatLiteral(env.ctx, node),
  string: (_, node) => literal(T.string, node.value),
  date: (_, node) => dateLiteral(node),
  time: (_, node) => timeLiteral(node),
  timestamp: (_, node) => timestampLiteral(node),
  duration: (env, node) => durationLiteral(env.ctx, node),
  list: bindList,
  struct: bindStruct,
  fstring: bindFString,
  column: bindColumn,
  paramRef: bindParam,
  field: bindField,
  index: bindIndex,
  call: bindCall,
  over: bindOver,
  lambda: strayLambda,
  unary: bindUnary,
  binary: bindBinary,
  between: bindBetween,
  in: bindIn,
  cast: bindCast,
  case: bindCase,
  range: (env, node) => {
    env.ctx.report(codes.misplaced, { what: 'a range', where: 'here' }, node.span);
    return unknown();
  },
  scalar: bindScalar,
  errorExpr: () => unknown(),
};

/** An environment for expressions of one place. */
export function createEnv(
  ctx: Context,
  scope: Scope,
  aggregate: AggregateHook | null = null,
  window: WindowHook | null = null,
  level = 0,
): Env {
  const env: Env = {
    ctx,
    scope,
    aggregate,
    window,
    level,
    bind: (node) => {
      const home = ctx.foreign.get(node);
      if (home !== undefined && home !== ctx) return createEnv(home, scope, aggregate, window, level).bind(node);
      const binder = binders[node.kind] as Binder<Ast.Expr>;
      const e = at(binder(env, node), node.span);
      ctx.bound.set(node, e);
      return e;
    },
    within: (change) =>
      createEnv(
        change.ctx ?? ctx,
        change.scope ?? scope,
        change.aggregate === undefined ? aggregate : change.aggregate,
        change.window === undefined ? window : change.window,
        change.level ?? level,
      ),
  };
  return env;
}

/** `call over (…)`: the step that the expression stands in takes the window out of it. */
function bindOver(env: Env, node: Ast.Over): Expr {
  if (env.window !== null) return env.window(env, node);
  env.ctx.report(codes.misplacedWindow, {}, node.span, {
    suggestion: { text: 'derive a column with it before this step' },
  });
  return unknown();
}

function bindColumn(env: Env, node: Ast.Column): Expr {
  const found = env.scope.lookup(node.name);
  if (found !== undefined) return found;
  env.scope.missing(env.ctx, node);
  return unknown();
}

function bindParam(env: Env, node: Ast.ParamRef): Expr {
  const { ctx } = env;
  const param = ctx.declared.params.get(node.name);
  ctx.used.params.add(node.name);
  if (param !== undefined) {
    if (param.missing !== null) reportMissing(ctx, param.statement, param.missing);
    return param.value;
  }
  if (ctx.declared.opaque.has(node.name)) return unknown();
  const names = [...ctx.declared.params.keys()];
  const near = suggest(node.name, names);
  ctx.report(codes.unknownParam, { name: node.name }, node.span, {
    notes: [
      names.length === 0
        ? 'the file declares no parameters'
        : `parameters: ${names.map((name) => `$${name}`).join(', ')}`,
    ],
    suggestion: near === null ? undefined : { text: `did you mean \`$${near}\`?`, replacement: `$${near}` },
  });
  return unknown();
}

function bindField(env: Env, node: Ast.Field): Expr {
  const name = node.name.text;
  const alias = node.target.kind === 'column' ? env.scope.alias(node.target.name) : undefined;
  if (alias !== undefined && node.target.kind === 'column') {
    const found = alias.lookup(name);
    if (found !== undefined || alias.open) return found ?? unknown();
    return reportField(env, node, `\`${node.target.name}\``, alias.names);
  }
  if (node.target.kind === 'column' && isQualified(env, node.target.name, name)) {
    const span = { ...node.target.span, end: node.name.span.start };
    env.ctx.report(codes.unknownColumn, { name: node.target.name }, node.target.span, {
      suggestion: { text: `a column needs no relation before it: write \`${quoteName(name)}\``, replacement: '', span },
    });
    return unknown();
  }
  const target = env.bind(node.target);
  if (isUnknown(target)) return target;
  const made = tryCall('get', [target, literal(T.string, name)]);
  if (made !== null) return made;
  return reportField(
    env,
    node,
    show(target),
    target.type.kind === 'struct' ? target.type.fields.map((f) => f.name) : [],
  );
}

/** `orders.amount` outside of a join: the name of the relation, or of nothing, before a column that is there. */
function isQualified(env: Env, qualifier: string, name: string): boolean {
  return env.scope.lookup(qualifier) === undefined && env.scope.lookup(name) !== undefined;
}

function reportField(env: Env, node: Ast.Field, of: string, names: readonly string[]): Expr {
  const name = node.name.text;
  const near = suggest(name, names);
  env.ctx.report(codes.unknownField, { name, of }, node.name.span, {
    notes: names.length === 0 ? [] : [listNames('fields', names)],
    suggestion: near === null ? undefined : { text: `did you mean \`${near}\`?`, replacement: near },
  });
  return unknown();
}

function bindIndex(env: Env, node: Ast.Index): Expr {
  const target = env.bind(node.target);
  const index = env.bind(node.index);
  if (isUnknown(target) || isUnknown(index)) return unknown();
  const made = tryCall('index', [target, index]);
  if (made !== null) return made;
  if (target.type.kind === 'list' || target.type.kind === 'map' || target.type.kind === 'json') {
    const expected =
      target.type.kind === 'list'
        ? 'an int'
        : target.type.kind === 'map'
          ? formatType(target.type.key)
          : 'an int or a string';
    env.ctx.report(
      codes.wrongType,
      { what: `the index of ${show(target)}`, expected, found: show(index) },
      node.index.span,
    );
  } else env.ctx.report(codes.notIndexable, { type: show(target) }, node.target.span);
  return unknown();
}

function bindCast(env: Env, node: Ast.Cast): Expr {
  const arg = env.bind(node.value);
  const typed = bindType(env.ctx, node.type);
  if (typed === null || isUnknown(arg)) return unknown();
  const { type } = typed;
  if (!castExists(arg.type, type)) {
    env.ctx.report(codes.badCast, { from: show(arg), to: formatType(type) }, node.span);
    return unknown();
  }
  if (arg.type.kind === 'null') return { ...arg, type };
  return { kind: 'cast', arg, safe: node.safe, type, nullable: arg.nullable || node.safe };
}

function bindCase(env: Env, node: Ast.Case): Expr {
  const subject = node.subject === null ? null : env.bind(node.subject);
  const whens = node.branches.map((branch) => {
    if (subject === null || node.subject === null) return condition(env, branch.when, 'what stands behind `when`');
    const value = env.bind(branch.when);
    if (isUnknown(subject) || isUnknown(value)) return unknown();
    const made = tryCall('eq', [subject, value]);
    if (made !== null) return made;
    env.ctx.report(codes.incomparable, { left: show(subject), right: show(value) }, branch.when.span);
    return unknown();
  });
  const results = node.branches.map((branch) => env.bind(branch.then));
  const otherwise = node.otherwise === null ? literal(T.null, null) : env.bind(node.otherwise);
  const unified = unify(env.ctx, 'the results of this case', [...results, otherwise], node.span);
  if (unified === null || [...whens, ...results, otherwise].some(isUnknown)) return unknown();
  const { type, exprs } = unified;
  const last = exprs.at(-1) as Expr;
  return {
    kind: 'case',
    type,
    nullable: exprs.some((e) => e.nullable),
    otherwise: last,
    branches: whens.map((when, i) => ({ when, then: exprs[i] as Expr })),
  };
}

function bindFString(env: Env, node: Ast.FString): Expr {
  const parts = node.parts.map((part) =>
    part.kind === 'fstringText' ? literal(T.string, part.text) : env.bind(part.value),
  );
  if (parts.some(isUnknown)) return unknown();
  if (parts.length === 0) return literal(T.string, '');
  const nodes = node.parts.flatMap((part) => (part.kind === 'fstringExpr' ? [part.value] : []));
  const made = tryCall('concat', parts);
  if (made !== null) return made;
  reportMisfit(env.ctx, 'concat', parts, nodes, node.span, 'a formatted string');
  return unknown();
}

function bindList(env: Env, node: Ast.ListLiteral): Expr {
  const items = node.items.map((item) => env.bind(item));
  if (items.some(isUnknown)) return unknown();
  const unified = unify(env.ctx, 'the items of this list', items, node.span);
  if (unified === null) return unknown();
  const { exprs } = unified;
  const type = T.list(
    unified.type,
    exprs.some((e) => e.nullable),
  );
  if (!exprs.every(isConstant)) return { ...call('list_value', exprs), type };
  const values = exprs.map((e, i) => foldConstant(env.ctx, e, (node.items[i] as Ast.Expr).span));
  if (values.some(isUnknown)) return unknown();
  return literal(
    T.list(
      unified.type,
      values.some((v) => v.value === null),
    ),
    values.map((v) => v.value),
  );
}

function bindStruct(env: Env, node: Ast.StructLiteral): Expr {
  const values = node.fields.map((field) => env.bind(field.value));
  if (values.some(isUnknown)) return unknown();
  const names = node.fields.map((field) => field.name.text);
  const typed = (exprs: readonly Expr[]) =>
    T.struct(exprs.map((e, i) => ({ name: names[i] as string, type: e.type, nullable: e.nullable })));
  if (!values.every(isConstant)) {
    const parts = values.flatMap((e, i) => [literal(T.string, names[i] as string), e]);
    return { ...call('struct_pack', parts), type: typed(values) };
  }
  const folded = values.map((e, i) => foldConstant(env.ctx, e, (node.fields[i] as Ast.StructField).span));
  if (folded.some(isUnknown)) return unknown();
  return literal(typed(folded), Object.fromEntries(folded.map((e, i) => [names[i] as string, e.value])));
}
