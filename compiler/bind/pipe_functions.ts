/** `fn dedupe(key: string, ts: timestamp) => | sort ts desc | take 1 by key`: steps with parameters, which are put in the place of a call. */

import { formatType } from '../../engine/types.ts';
import type * as Ast from '../../grammar/ast.ts';
import { noSpan } from '../../grammar/ast.ts';
import { suggest } from '../../grammar/suggest.ts';
import { rewrite, walk } from '../../grammar/walk.ts';
import { codes } from '../diagnostics.ts';
import { fitsParam } from './casts.ts';
import type { Context, Rows } from './context.ts';
import { homeOf } from './context.ts';
import { createEnv } from './expr.ts';
import { isUnknown } from './exprs.ts';
import { countSteps, mayInline } from './inlined.ts';
import { castSuggestion, show } from './invoke.ts';
import { columnRefs, project } from './nodes.ts';
import { ARGUMENT, constantScope, rowScope } from './scope.ts';
import { bindType } from './types.ts';

type PipeFn = Ast.FnStatement & { readonly body: Ast.StepsBody };

/** Binds the steps of a body, one after another. */
type BindSteps = (ctx: Context, input: Rows, steps: readonly Ast.Step[]) => Rows;

/** A step that is a call: the steps of the function with the arguments in place of its parameters. */
export function bindCallStep(ctx: Context, input: Rows, step: Ast.CallStep, bindSteps: BindSteps): Rows {
  const { call } = step;
  const name = call.name.text;
  const fn = ctx.declared.fns.get(name);
  if (fn === undefined || fn.body.kind !== 'stepsBody') return misplaced(ctx, step, fn);
  const active = ctx.inlining.findIndex((one) => one.fn === fn);
  if (active >= 0) {
    const path = [...ctx.inlining.slice(active).map((one) => one.name), name];
    ctx.report(codes.cycle, { what: 'function', path }, fn.name.span);
    return null;
  }
  const args = matchArguments(ctx, input, step, fn);
  if (args === null || !mayInline(ctx, call.span)) return null;
  countSteps(ctx);
  const home = homeOf(ctx, fn);
  const { rows, values, hidden } = keepApart(ctx, input, fn as PipeFn, args, step);
  ctx.inlining.push({ name, call: call.span, fn });
  const bound = bindSteps(home, rows, substituted(fn as PipeFn, values));
  ctx.inlining.pop();
  return hidden.length === 0 ? bound : without(ctx, bound, hidden, step);
}

function misplaced(ctx: Context, { call }: Ast.CallStep, fn: Ast.FnStatement | undefined): null {
  const name = call.name.text;
  if (fn !== undefined) {
    const what = `\`${name}\`, which is made of an expression,`;
    ctx.report(codes.misplaced, { what, where: 'as a step' }, call.name.span);
  } else if (!ctx.declared.opaque.has(name)) {
    const names = [...ctx.declared.fns].filter(([, one]) => one.body.kind === 'stepsBody').map(([one]) => one);
    const near = suggest(name, names);
    ctx.report(codes.unknownFunction, { name }, call.name.span, {
      notes: [names.length === 0 ? 'the file has no pipe functions' : `pipe functions: ${names.join(', ')}`],
      suggestion: near === null ? undefined : { text: `did you mean \`${near}\`?`, replacement: near },
    });
  }
  return null;
}

/** The arguments by parameter, checked against its type; null when they do not fit, which is reported at the call. */
function matchArguments(
  ctx: Context,
  input: Rows,
  step: Ast.CallStep,
  fn: Ast.FnStatement,
): Map<string, Ast.Expr> | null {
  const { call } = step;
  const name = call.name.text;
  let fits = true;
  const fail = (why: string, span: Ast.Span): void => {
    fits = false;
    ctx.report(codes.badArguments, { name, why }, span, { related: [{ span: fn.name.span, message: 'defined here' }] });
  };
  const given = new Map<string, Ast.Expr>();
  for (const [i, arg] of call.args.entries()) {
    const param = arg.name === null ? fn.params[i] : fn.params.find((p) => p.name.text === arg.name?.text);
    if (param === undefined) {
      const why =
        arg.name === null
          ? `takes ${fn.params.length} arguments, not ${call.args.length}`
          : `has no parameter \`${arg.name.text}\``;
      fail(why, arg.span);
    } else if (given.has(param.name.text)) fail(`is given \`${param.name.text}\` twice`, arg.span);
    else given.set(param.name.text, arg.value);
  }
  const out = new Map<string, Ast.Expr>();
  for (const param of fn.params) {
    const value = given.get(param.name.text);
    if (value === undefined && param.default === null) {
      if (fits) fail(`needs \`${param.name.text}\``, call.span);
    } else if (value === undefined) out.set(param.name.text, param.default as Ast.Expr);
    else {
      const made = argument(ctx, input, param, value, fn, name);
      if (made === null) fits = false;
      else out.set(param.name.text, made);
    }
  }
  return fits ? out : null;
}

/** The argument as it stands in the body: of the parameter's type, and bound with the names of the caller's file. */
function argument(
  ctx: Context,
  input: Rows,
  param: Ast.FnParam,
  value: Ast.Expr,
  fn: Ast.FnStatement,
  name: string,
): Ast.Expr | null {
  const home = homeOf(ctx, fn);
  const at = (node: Ast.Expr): Ast.Expr => {
    // A node of its own, so that it may be told from the same one elsewhere.
    const made = { ...node };
    ctx.foreign.set(made, ctx);
    return made;
  };
  const typed = param.type === null ? null : bindType(home, param.type);
  if (typed === null) {
    createEnv(ctx, rowScope(input?.schema ?? null)).bind(value);
    return at(value);
  }
  const reported = ctx.report.list.length;
  const e = createEnv(ctx, rowScope(input?.schema ?? null)).bind(value);
  if (isUnknown(e)) return reported === ctx.report.list.length ? at(value) : null;
  if (fitsParam(e.type, typed.type)) {
    const same = formatType(e.type) === formatType(typed.type);
    const cast: Ast.Expr = {
      kind: 'cast',
      value: at(value),
      type: param.type as Ast.TypeNode,
      safe: false,
      span: value.span,
    };
    return same || e.type.kind === 'null' ? at(value) : plain(cast);
  }
  ctx.report(
    codes.wrongType,
    { what: `\`${param.name.text}\` of ${name}`, expected: formatType(typed.type, typed.nullable), found: show(e) },
    value.span,
    {
      related: [{ span: param.span, message: 'defined here' }],
      suggestion: castSuggestion(value, formatType(typed.type), typed.type),
    },
  );
  return null;
}

/** The type of a cast has no `?` of its own. */
function plain(cast: Ast.Cast): Ast.Expr {
  return cast.type.kind === 'optionalType' ? { ...cast, type: cast.type.inner } : cast;
}

/**
 * Arguments that read a column which the body makes anew under its name are kept in columns of their own, so that they mean what they mean at the call; and so are computed ones that
 * become columns of the parameter's name.
 */
function keepApart(ctx: Context, input: Rows, fn: PipeFn, args: ReadonlyMap<string, Ast.Expr>, step: Ast.CallStep) {
  const made = namesMade(fn);
  const items = itemsOf(fn);
  const values = new Map(args);
  const hidden: string[] = [];
  const outputs = input === null ? [] : [...columnRefs(input.schema)];
  for (const [param, value] of args) {
    const item = items.has(param) && value.kind !== 'column';
    if (input === null || !(item ? readsAny(value, null) : readsAny(value, made))) continue;
    const name = ARGUMENT + param;
    outputs.push({ name, expr: createEnv(ctx, rowScope(input.schema)).bind(value) });
    hidden.push(name);
    values.set(param, { kind: 'column', name, span: value.span });
  }
  const rows = input === null || hidden.length === 0 ? input : project(ctx, input, outputs, step, fn.name.text);
  return { rows, values, hidden };
}

/** Names of columns that steps of the body give. */
function namesMade({ body }: PipeFn): Set<string> {
  const made = new Set<string>();
  walk(body, (node, parent) => {
    if (node.kind === 'name' && (parent?.kind === 'namedExpr' || parent?.kind === 'renameItem')) made.add(node.text);
  });
  return made;
}

/** Names that stand as items without a name: `by key`. */
function itemsOf({ body }: PipeFn): Set<string> {
  const items = new Set<string>();
  walk(body, (node) => {
    if (node.kind === 'namedExpr' && node.name === null && node.value.kind === 'column') items.add(node.value.name);
  });
  return items;
}

/** `names` null: any column. */
function readsAny(value: Ast.Expr, names: ReadonlySet<string> | null): boolean {
  let found = false;
  walk(value, (node) => {
    if (node.kind === 'column' && (names === null || names.has(node.name))) found = true;
  });
  return found;
}

function without(ctx: Context, rows: Rows, hidden: readonly string[], step: Ast.CallStep): Rows {
  if (rows === null || !rows.schema.some((f) => hidden.includes(f.name))) return rows;
  return project(ctx, rows, columnRefs(rows.schema.filter((f) => !hidden.includes(f.name))), step, step.call.name.text);
}

/** The steps of the body with the arguments in place of the parameters. A lambda's own parameters stay its own. */
function substituted({ body, params }: PipeFn, args: ReadonlyMap<string, Ast.Expr>): readonly Ast.Step[] {
  const names = new Set(params.map((p) => p.name.text));
  const shadowed = new Set<Ast.Node>();
  walk(body, (node) => {
    if (node.kind !== 'lambda') return;
    const own = new Set(node.params.map((p) => p.text));
    walk(node.body, (inner) => {
      if (inner.kind === 'column' && own.has(inner.name)) shadowed.add(inner);
    });
  });
  const replace = (node: Ast.Node): Ast.Node => {
    if (node.kind === 'column' && names.has(node.name) && !shadowed.has(node)) return args.get(node.name) ?? node;
    // A computed argument that stands as an item has the parameter's name.
    if (node.kind === 'namedExpr' && node.name === null) return named(node, names, args);
    return node;
  };
  return body.steps.map((step) => rewrite(step, replace));
}

function named(node: Ast.NamedExpr, names: ReadonlySet<string>, args: ReadonlyMap<string, Ast.Expr>): Ast.NamedExpr {
  if (node.value.kind === 'column' && !node.value.name.startsWith(ARGUMENT)) return node;
  const param = [...args].find(([, value]) => value === node.value)?.[0];
  if (param === undefined || !names.has(param)) return node;
  return { ...node, name: { kind: 'name', text: param, span: noSpan } };
}

/** Checks the body of a pipe function that nothing calls, as far as that goes without rows: its defaults and its types. */
export function checkPipeFn(ctx: Context, fn: Ast.FnStatement): void {
  for (const param of fn.params) {
    if (param.type !== null) bindType(ctx, param.type);
    if (param.default !== null) createEnv(ctx, constantScope('the default of a parameter')).bind(param.default);
  }
}
