import { AGGREGATES } from '../../engine/aggregates/registry.ts';
import type { Expr } from '../../engine/expr.ts';
import { FUNCTIONS, findFunction } from '../../engine/functions/registry.ts';
import { formatType, type Typed } from '../../engine/types.ts';
import { WINDOWS } from '../../engine/windows/registry.ts';
import type * as Ast from '../../grammar/ast.ts';
import type { Suggestion } from '../../grammar/diagnostics.ts';
import { suggestAll } from '../../grammar/suggest.ts';
import { codes } from '../diagnostics.ts';
import { castTo, fitsParam } from './casts.ts';
import { homeOf } from './context.ts';
import { column, isUnknown, unknown } from './exprs.ts';
import { elsewhere } from './function_hints.ts';
import { bindHostCall } from './host.ts';
import { countInlined, mayInline } from './inlined.ts';
import { reportMisfit, show, tryCall } from './invoke.ts';
import { bindWithLambda } from './lambdas.ts';
import { constantScope, type Env, localScope } from './scope.ts';
import { bindType } from './types.ts';

/** Stands where aggregates do: which keys a total row is without. */
export const GROUPING = 'grouping';

export function isAggregate(name: string): boolean {
  return AGGREGATES[name] !== undefined;
}

export function isWindow(name: string): boolean {
  return WINDOWS[name] !== undefined;
}

/** A function of the file, an aggregate where those may stand, or a function of the library; in this order. */
export function bindCall(env: Env, node: Ast.Call): Expr {
  const { ctx } = env;
  const name = node.name.text;
  const fn = ctx.declared.fns.get(name);
  if (fn !== undefined) return inlineFn(env, node, fn);
  const host = ctx.declared.host.get(name);
  if (host !== undefined) return bindHostCall(env, node, host);
  if (ctx.declared.opaque.has(name)) {
    for (const arg of node.args) env.bind(arg.value);
    return unknown();
  }
  if ((isAggregate(name) || name === GROUPING) && env.aggregate !== null) {
    const made = env.aggregate(env, node);
    if (made !== null) return made;
  }
  if (findFunction(name) === null) return isWindow(name) ? reportNeedsOver(env, node) : reportUnknown(env, node);
  return bindLibraryCall(env, node);
}

function bindLibraryCall(env: Env, node: Ast.Call): Expr {
  const { ctx } = env;
  const name = node.name.text;
  const nodes = node.args.map((arg) => arg.value);
  const named = node.args.find((arg) => arg.name !== null);
  if (named?.name) {
    ctx.report(codes.badArguments, { name, why: 'takes its arguments in order, without names' }, named.span, {
      notes: [`it is written ${findFunction(name)?.signature ?? ''}`],
    });
  }
  if (node.distinct)
    ctx.report(
      codes.badArguments,
      { name, why: 'is no aggregate: there is nothing to take `distinct` values of' },
      node.span,
    );
  const args = nodes.some((arg) => arg.kind === 'lambda')
    ? bindWithLambda(env, name, nodes)
    : nodes.map((arg) => env.bind(arg));
  if (args.some(isUnknown)) return unknown();
  const made = tryCall(name, args);
  if (made !== null) return made;
  if (isAggregate(name)) reportMisplaced(env, node);
  else reportMisfit(ctx, name, args, nodes, node.span);
  return unknown();
}

function reportMisplaced(env: Env, node: Ast.Call): void {
  env.ctx.report(codes.misplacedAggregate, { name: node.name.text }, node.span, {
    suggestion: { text: 'summarize first, or say over which rows: `over (…)`' },
  });
}

function reportNeedsOver(env: Env, node: Ast.Call): Expr {
  for (const arg of node.args) env.bind(arg.value);
  const example = WINDOWS[node.name.text]?.needs.sort === true ? 'by … sort …' : 'sort …';
  env.ctx.report(codes.needsOver, { name: node.name.text }, node.span, {
    suggestion: { text: `say which rows it looks at: \`${node.name.text}(…) over (${example})\`` },
  });
  return unknown();
}

function reportUnknown(env: Env, node: Ast.Call): Expr {
  const { ctx } = env;
  const name = node.name.text;
  if (isAggregate(name)) {
    // Its arguments have the same mistakes wherever it stands.
    for (const arg of node.args) env.bind(arg.value);
    reportMisplaced(env, node);
    return unknown();
  }
  for (const arg of node.args) if (arg.value.kind !== 'lambda') env.bind(arg.value);
  ctx.report(codes.unknownFunction, { name }, node.name.span, { suggestion: functionHint(env, name) });
  return unknown();
}

function functionHint(env: Env, name: string): Suggestion | undefined {
  const known = elsewhere(name);
  if (known !== null && 'form' in known) return { text: known.form };
  const near = known === null ? suggestAll(name, functionNames(env)) : [known.name];
  if (near[0] === undefined) return { text: '`flowc docs` lists the functions there are' };
  return { text: `did you mean ${near.map((one) => `\`${one}\``).join(' or ')}?`, replacement: near[0] };
}

function functionNames(env: Env): string[] {
  const library = Object.values(FUNCTIONS).filter((def) => def.family !== 'operator');
  return [
    ...env.ctx.declared.fns.keys(),
    ...env.ctx.declared.host.keys(),
    ...library.flatMap((def) => [def.name, ...(def.aliases ?? [])]),
    ...(env.aggregate === null ? [] : Object.keys(AGGREGATES)),
    ...Object.keys(WINDOWS),
  ];
}

/** A function of the file is its body with the arguments in place of the parameters. */
function inlineFn(env: Env, node: Ast.Call, fn: Ast.FnStatement): Expr {
  const { ctx } = env;
  const name = fn.name.text;
  if (fn.body.kind === 'stepsBody') {
    ctx.report(
      codes.misplaced,
      { what: `\`${name}\`, which is made of steps,`, where: 'in an expression' },
      node.span,
      {
        suggestion: { text: `write it as a step: \`| ${name}(…)\`` },
      },
    );
    return unknown();
  }
  const active = ctx.inlining.findIndex((one) => one.fn === fn);
  if (active >= 0) {
    const path = [...ctx.inlining.slice(active).map((one) => one.name), name];
    ctx.report(codes.cycle, { what: 'function', path }, fn.name.span);
    return unknown();
  }
  const args = matchArguments(env, node, fn);
  if (args === null) return unknown();
  if (!mayInline(ctx, node.span)) return unknown();
  ctx.inlining.push({ name, call: node.span, fn });
  const body = env.within({ ctx: homeOf(ctx, fn), scope: localScope(args) }).bind(fn.body);
  ctx.inlining.pop();
  countInlined(ctx, body);
  return body;
}

/** The arguments by parameter, cast to its type; null when they do not fit. */
function matchArguments(env: Env, node: Ast.Call, fn: Ast.FnStatement): Map<string, Expr> | null {
  const name = fn.name.text;
  const fail = (why: string, span: Ast.Span): void => {
    const signature = fn.params.map((p) => p.name.text + (p.default === null ? '' : '?')).join(', ');
    env.ctx.report(codes.badArguments, { name, why }, span, { notes: [`it is written ${name}(${signature})`] });
  };
  const given = new Map<string, Ast.Expr>();
  let fits = true;
  for (const [i, arg] of node.args.entries()) {
    const param = arg.name === null ? fn.params[i] : fn.params.find((p) => p.name.text === arg.name?.text);
    if (param === undefined) {
      fail(
        arg.name === null
          ? `takes ${fn.params.length} arguments, not ${node.args.length}`
          : `has no parameter \`${arg.name.text}\``,
        arg.span,
      );
      fits = false;
    } else if (given.has(param.name.text)) {
      fail(`is given \`${param.name.text}\` twice`, arg.span);
      fits = false;
    } else given.set(param.name.text, arg.value);
  }
  const out = new Map<string, Expr>();
  for (const param of fn.params) {
    const value = given.get(param.name.text);
    if (value === undefined && param.default === null) {
      if (fits) fail(`needs \`${param.name.text}\``, node.span);
      fits = false;
      continue;
    }
    const bound =
      value === undefined
        ? env
            .within({
              ctx: homeOf(env.ctx, fn),
              scope: constantScope('the default of a parameter'),
              aggregate: null,
              window: null,
            })
            .bind(param.default as Ast.Expr)
        : env.bind(value);
    out.set(param.name.text, toParam(env, param, bound, value ?? (param.default as Ast.Expr), fn));
  }
  return fits ? out : null;
}

function toParam(env: Env, param: Ast.FnParam, e: Expr, node: Ast.Expr, fn: Ast.FnStatement): Expr {
  if (param.type === null || isUnknown(e)) return e;
  const typed = bindType(homeOf(env.ctx, fn), param.type);
  if (typed === null) return unknown();
  if (fitsParam(e.type, typed.type)) return castTo(e, typed.type);
  const expected = formatType(typed.type, typed.nullable);
  env.ctx.report(
    codes.wrongType,
    { what: `\`${param.name.text}\` of ${fn.name.text}`, expected, found: show(e) },
    node.span,
  );
  return unknown();
}

/** Checks the body of a function that nothing calls, as far as its parameters have types. */
export function checkFn(env: Env, fn: Ast.FnStatement): void {
  if (fn.body.kind === 'stepsBody') return;
  const locals = new Map<string, Expr>();
  for (const param of fn.params) {
    const typed: Typed | null = param.type === null ? null : bindType(env.ctx, param.type);
    locals.set(param.name.text, typed === null ? unknown() : column({ name: param.name.text, ...typed }));
  }
  // Aggregates and windows may stand in a function: whether they may where it is called is checked there.
  env.within({ scope: localScope(locals), aggregate: () => unknown(), window: () => unknown() }).bind(fn.body);
}
