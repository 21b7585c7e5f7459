import { resolveAggregate } from '../../../engine/aggregates/registry.ts';
import { columnsOf, type Expr } from '../../../engine/expr.ts';
import { formatByExtension } from '../../../engine/formats/registry.ts';
import { findFunction } from '../../../engine/functions/registry.ts';
import type { CheckRef } from '../../../engine/plan.ts';
import { T } from '../../../engine/types.ts';
import type * as Ast from '../../../grammar/ast.ts';
import { printNode } from '../../../grammar/print.ts';
import { suggest } from '../../../grammar/suggest.ts';
import { walk } from '../../../grammar/walk.ts';
import { codes } from '../../diagnostics.ts';
import type { AggregateNode, ExpectCheck, ExpectNode, LogicalNode, LogicalOutput } from '../../logical.ts';
import { isAllowed } from '../access.ts';
import { isAggregate } from '../calls.ts';
import { bindConstant } from '../constants.ts';
import type { Context, Rows } from '../context.ts';
import { createEnv } from '../expr.ts';
import { column, isUnknown, literal, unknown } from '../exprs.ts';
import { and, call, show } from '../invoke.ts';
import { base, columnRefs, freeName, project, schemaOfOutputs, spanOf } from '../nodes.ts';
import { condition } from '../operators.ts';
import { type AggregateHook, rowScope } from '../scope.ts';
import { filter } from './rows.ts';
import { summarize } from './summarize.ts';
import { fromFolder } from './write.ts';

type Action = CheckRef['action'];

const CONDITION = 'a condition of `expect`';

interface Fate {
  readonly action: Action;
  readonly path: string | null;
  readonly format: string | null;
}

interface Bound {
  readonly check: Ast.ExpectCheck;
  readonly over: 'rows' | 'relation' | 'keys';
  readonly predicate: Expr;
}

/**
 * Checks pass where they are true or null, as in SQL. Those on single rows are counted while rows go by; those on all rows together are outputs of their own over
 * the same input, which is then read twice.
 */
export function expect(ctx: Context, input: Rows, step: Ast.ExpectStep): Rows {
  const fate = fateOf(ctx, step.action);
  const bound = step.checks.map((check) => bindCheck(ctx, input, check, fate?.action ?? 'error'));
  if (input === null || fate === null) return input;
  const rowChecks = bound.filter((b) => b.over === 'rows' && !isUnknown(b.predicate));
  const node = expectNode(
    ctx,
    input,
    rowChecks.map((b) => checkOf(ctx, b.check, 'row', fate.action, b.predicate, [...columnsOf(b.predicate)])),
    step,
  );
  for (const output of wholeChecks(ctx, input, bound, fate.action, step)) ctx.extra.push({ owner: node, output });
  const predicates = rowChecks.map((b) => b.predicate);
  if (predicates.length === 0 || fate.action === 'error' || fate.action === 'warn') return node;
  const passes = predicates.map((p) => call('isnot', [p, literal(T.bool, false)]));
  if (fate.action === 'quarantine')
    ctx.extra.push({ owner: node, output: quarantined(ctx, node, rowChecks, fate, step) });
  return filter(ctx, node, and(passes) ?? literal(T.bool, true), step, 'expect');
}

function expectNode(
  ctx: Context,
  input: LogicalNode,
  checks: readonly ExpectCheck[],
  step: Ast.ExpectStep,
): ExpectNode {
  const shown = step.checks.map((c) => printNode(c.condition)).join(', ');
  return { ...base(ctx, input.schema, [input], step, `expect ${shown}`), op: 'expect', checks };
}

function checkOf(
  ctx: Context,
  check: Ast.ExpectCheck,
  each: CheckRef['each'],
  action: Action,
  predicate: Expr,
  shown: readonly string[],
): ExpectCheck {
  const span = spanOf(check.condition.span);
  const text = printNode(check.condition);
  const ref = { id: ctx.nextId(), text, message: check.message?.value ?? null, each, action };
  return { ref: span === undefined ? ref : { ...ref, span }, predicate, shown };
}

/** What becomes of rows that fail; null when that is wrong. */
function fateOf(ctx: Context, action: Ast.ExpectAction | null): Fate | null {
  if (action === null) return { action: 'error', path: null, format: null };
  const name = action.name.text;
  const names: readonly Action[] = ['error', 'warn', 'drop', 'quarantine'];
  const known = names.find((one) => one === name);
  if (known === undefined) {
    const near = suggest(name, names);
    ctx.report(codes.badAction, { why: `there is no \`else ${name}\`` }, action.name.span, {
      notes: ['actions: error, warn, drop, quarantine("path")'],
      suggestion: near === null ? undefined : { text: `did you mean \`${near}\`?`, replacement: near },
    });
    return null;
  }
  if (known !== 'quarantine') {
    if (action.args.length === 0) return { action: known, path: null, format: null };
    ctx.report(codes.badAction, { why: `\`else ${known}\` takes no arguments` }, action.span);
    return null;
  }
  return quarantineOf(ctx, action);
}

function quarantineOf(ctx: Context, action: Ast.ExpectAction): Fate | null {
  const [arg, extra] = action.args;
  if (arg === undefined || extra !== undefined || arg.name !== null) {
    ctx.report(codes.badAction, { why: 'quarantine takes the path of one file' }, action.span);
    return null;
  }
  const e = bindConstant(ctx, arg.value, 'a path');
  if (isUnknown(e)) return null;
  if (typeof e.value !== 'string' || e.type.kind !== 'string') {
    ctx.report(codes.badAction, { why: `quarantine takes a path as text, and this is ${show(e)}` }, arg.value.span);
    return null;
  }
  const format = formatByExtension(e.value);
  if (format === null || format.writer === null) {
    const formats = Object.values(ctx.catalog.formats).filter((f) => f.writer !== null && f.extensions.length > 0);
    ctx.report(codes.badAction, { why: `the ending of "${e.value}" does not name a format` }, arg.value.span, {
      notes: [`endings: ${formats.flatMap((f) => f.extensions.map((x) => `.${x}`)).join(', ')}`],
    });
    return null;
  }
  if (!isAllowed(ctx, 'write', e.value, e.value, arg.value.span)) return null;
  return { action: 'quarantine', path: fromFolder(ctx, e.value), format: format.name };
}

function bindCheck(ctx: Context, input: Rows, check: Ast.ExpectCheck, action: Action): Bound {
  const node = check.condition;
  let whole = node.kind === 'call' && isUnique(ctx, node);
  const keys = whole;
  const aggregates: AggregateHook = (env, aggregate) => {
    const name = aggregate.name.text;
    const args = aggregate.args.map((arg) => env.bind(arg.value));
    const types = args.map((arg) => arg.type);
    const fits = args.some(isUnknown) || resolveAggregate(name, types, aggregate.distinct) !== null;
    if (!fits && !aggregate.distinct && findFunction(name) !== null) return null;
    whole = true;
    return unknown();
  };
  const env = createEnv(ctx, rowScope(input?.schema ?? null), aggregates);
  let predicate: Expr = unknown();
  if (keys) bindKeys(ctx, input, node as Ast.Call);
  else {
    predicate = reportInnerUnique(ctx, node) ? unknown() : condition(env, node, CONDITION);
  }
  if (whole && (action === 'drop' || action === 'quarantine'))
    ctx.report(codes.wholeAction, { action }, node.span, {
      suggestion: { text: 'give it a step of its own, with `else error`' },
    });
  return { check, over: keys ? 'keys' : whole ? 'relation' : 'rows', predicate };
}

function isUnique(ctx: Context, node: Ast.Call): boolean {
  return node.name.text === 'unique' && !ctx.declared.fns.has('unique') && !ctx.declared.opaque.has('unique');
}

function reportInnerUnique(ctx: Context, node: Ast.Expr): boolean {
  let found = false;
  walk(node, (inner) => {
    if (inner.kind === 'call' && isUnique(ctx, inner)) {
      found = true;
      ctx.report(codes.badUnique, { why: '`unique` is a condition by itself' }, inner.span, {
        suggestion: { text: 'separate conditions by commas: `expect unique(id), x > 0`' },
      });
    }
    return true;
  });
  return found;
}

/** The columns that are unique together, under their text as names. */
function bindKeys(ctx: Context, input: Rows, node: Ast.Call): { name: string; expr: Expr }[] {
  const env = createEnv(ctx, rowScope(input?.schema ?? null));
  if (node.args.length === 0 || node.distinct || node.args.some((arg) => arg.name !== null))
    ctx.report(codes.badUnique, { why: '`unique` takes the columns that are unique together' }, node.span);
  const keys = node.args.map((arg) => ({
    name: arg.value.kind === 'column' ? arg.value.name : printNode(arg.value),
    expr: env.bind(arg.value),
  }));
  return keys.filter((key, i) => keys.findIndex((one) => one.name === key.name) === i);
}

/** The outputs that test what is stated about all rows together. */
function wholeChecks(
  ctx: Context,
  input: LogicalNode,
  bound: readonly Bound[],
  action: Action,
  step: Ast.ExpectStep,
): LogicalOutput[] {
  const nodes = [
    ...bound.filter((b) => b.over === 'keys').map((b) => uniqueCheck(ctx, input, b.check, action, step)),
    relationChecks(
      ctx,
      input,
      bound.filter((b) => b.over === 'relation'),
      action,
      step,
    ),
  ];
  return nodes.flatMap((node) => (node === null ? [] : [{ kind: 'check' as const, input: node }]));
}

/** Rows by keys that are all there, counted: each combination is there once. */
function uniqueCheck(
  ctx: Context,
  input: LogicalNode,
  check: Ast.ExpectCheck,
  action: Action,
  step: Ast.ExpectStep,
): ExpectNode | null {
  const keys = bindKeys(ctx, input, check.condition as Ast.Call);
  if (keys.length === 0 || keys.some((key) => isUnknown(key.expr))) return null;
  const name = freeName('rows', new Set(keys.map((key) => key.name)));
  const known = keys
    .filter((key) => key.expr.nullable)
    .map((key) => call('isnot', [key.expr, literal(key.expr.type, null)]));
  const present = and(known);
  const rows = present === null ? input : (filter(ctx, input, present, step, 'expect') as LogicalNode);
  const count = { name, fn: 'count', args: [], distinct: false, type: T.int, nullable: false };
  const schema = [...schemaOfOutputs(keys), { name, type: T.int, nullable: false }];
  const grouped: AggregateNode = {
    ...base(ctx, schema, [rows], step, `expect ${printNode(check.condition)}`),
    op: 'aggregate',
    keys,
    aggregates: [count],
  };
  const once = call('le', [column({ name, type: T.int, nullable: false }), literal(T.int, 1)]);
  return expectNode(
    ctx,
    grouped,
    [
      checkOf(
        ctx,
        check,
        'key',
        action,
        once,
        schema.map((f) => f.name),
      ),
    ],
    step,
  );
}

/** One row with the value of every condition, and of the aggregates in it. */
function relationChecks(
  ctx: Context,
  input: LogicalNode,
  bound: readonly Bound[],
  action: Action,
  step: Ast.ExpectStep,
): ExpectNode | null {
  if (bound.length === 0) return null;
  const items = new Map<string, Ast.NamedExpr>();
  const add = (name: string, value: Ast.Expr): string => {
    items.set(name, {
      kind: 'namedExpr',
      span: value.span,
      name: { kind: 'name', text: name, span: value.span },
      value,
    });
    return name;
  };
  const parts = bound.map(({ check }, i) => {
    const shown = aggregatesIn(check.condition).map((one) => add(printNode(one), one));
    return { check, shown, name: add(`condition ${i + 1}`, check.condition) };
  });
  const rows = summarize(ctx, input, {
    kind: 'summarize',
    span: step.span,
    verbSpan: step.verbSpan,
    items: [...items.values()],
    by: [],
  });
  if (rows === null) return null;
  const checks = parts.flatMap(({ check, shown, name }) => {
    const field = rows.schema.find((f) => f.name === name);
    if (field === undefined || isUnknown(field)) return [];
    if (field.type.kind === 'bool') return [checkOf(ctx, check, 'relation', action, column(field), shown)];
    const params = { what: CONDITION, expected: 'a bool', found: show(field) };
    ctx.report(codes.wrongType, params, check.condition.span);
    return [];
  });
  return expectNode(ctx, rows, checks, step);
}

/** The outermost calls of aggregates. */
function aggregatesIn(node: Ast.Expr): Ast.Call[] {
  const found: Ast.Call[] = [];
  walk(node, (inner) => {
    if (inner.kind !== 'call' || !isAggregate(inner.name.text)) return true;
    found.push(inner);
    return false;
  });
  return found;
}

/** The rows that fail, with why: the messages of all conditions that are false. */
function quarantined(
  ctx: Context,
  node: ExpectNode,
  bound: readonly Bound[],
  fate: Fate,
  step: Ast.ExpectStep,
): LogicalOutput {
  const fails = bound.map((b) => call('is', [b.predicate, literal(T.bool, false)]));
  const any = fails.reduce((all, one) => call('or', [all, one]));
  const reasons = bound.map(({ check }, i): Expr => {
    const then = literal(T.string, check.message?.value ?? printNode(check.condition));
    const branches = [{ when: fails[i] as Expr, then }];
    return { kind: 'case', branches, otherwise: literal(T.string, null), type: T.string, nullable: true };
  });
  const reason = call('concat_ws', [literal(T.string, '; '), ...reasons]);
  const rejected = filter(ctx, node, any, step, 'expect quarantine') as LogicalNode;
  const name = freeName('reason', new Set(node.schema.map((f) => f.name)));
  const input = project(ctx, rejected, [...columnRefs(node.schema), { name, expr: reason }], step, 'expect quarantine');
  const span = spanOf(step.action?.span ?? step.span);
  return {
    kind: 'sink',
    input,
    format: fate.format ?? '',
    path: fate.path ?? '',
    options: {},
    ...(span === undefined ? {} : { span }),
  };
}
