import { AGGREGATES, resolveAggregate } from '../../../engine/aggregates/registry.ts';
import { type AggregateCall, type Expr, type NamedExpr, rewriteExpr, walkExpr } from '../../../engine/expr.ts';
import { findFunction } from '../../../engine/functions/registry.ts';
import { T } from '../../../engine/types.ts';
import type * as Ast from '../../../grammar/ast.ts';
import { codes } from '../../diagnostics.ts';
import type { AggregateNode } from '../../logical.ts';
import { GROUPING } from '../calls.ts';
import type { Context, Rows } from '../context.ts';
import { createEnv } from '../expr.ts';
import { column, isUnknown, literal, sameExpr, substitute, unknown } from '../exprs.ts';
import { type HostEntry, hostAggregateCall } from '../host.ts';
import { show } from '../invoke.ts';
import { base, columnRefs, freeName, nameOf, project, spanOf, text, uniqueNames } from '../nodes.ts';
import { type AggregateHook, type Env, listNames, rowScope, type Scope } from '../scope.ts';
import { isScalar, isSide } from '../subqueries.ts';
import {
  crossed,
  expand,
  type GroupingSets,
  groupedSchema,
  groupingBits,
  setsOf,
  withTotals,
} from './grouping_sets.ts';

/** While items are bound, results of aggregates and keys stand in them as columns of these names, which no file can write. */
const RESULT = '\u0000aggregate ';
const KEY = '\u0000key ';
/** The number of the set that a row belongs to. */
const SET = `${KEY}\u0000set`;

export interface Summary {
  readonly ctx: Context;
  readonly rows: Scope;
  readonly keys: readonly NamedExpr[];
  readonly sets: GroupingSets | null;
  readonly calls: AggregateCall[];
  /** What aggregates are taken of only the rows for which this is true; null: all. */
  readonly only: Expr | null;
}

/** Keys and aggregates first, then a projection where an item is more than one aggregate. */
export function summarize(ctx: Context, input: Rows, step: Ast.SummarizeStep): Rows {
  const rows = rowScope(input?.schema ?? null);
  const isNew = uniqueNames(ctx);
  const summary: Summary = { ctx, rows, ...bindKeys(ctx, rows, step, isNew), calls: [], only: null };
  const items: NamedExpr[] = [];
  for (const item of step.items) {
    const expr = bindItem(summary, item, items, input === null);
    const name = nameOf(ctx, item);
    if (name !== null && isNew(name, (item.name ?? item.value).span)) items.push({ name, expr });
  }
  return input === null ? null : assemble(summary, input, items, step);
}

export interface Grouping {
  readonly keys: readonly NamedExpr[];
  /** Null: the keys are one set. */
  readonly sets: GroupingSets | null;
}

export function bindKeys(
  ctx: Context,
  rows: Scope,
  step: Ast.SummarizeStep,
  isNew: (name: string, span: Ast.Span) => boolean,
): Grouping {
  const env = createEnv(ctx, rows);
  const keys: NamedExpr[] = [];
  const bindKey = (element: Ast.NamedExpr, again: boolean): string[] => {
    const expr = env.bind(element.value);
    const name = nameOf(ctx, element);
    if (name === null) return [];
    const known = keys.find((key) => key.name === name);
    if (again && known !== undefined && sameExpr(known.expr, expr)) return [name];
    if (isNew(name, (element.name ?? element.value).span)) keys.push({ name, expr });
    return [name];
  };
  const elements = step.by.map((element): GroupingSets => {
    if (element.kind !== 'groupingSets') return [bindKey(element, false)];
    const names = element.sets.map((set) => set.keys.flatMap((key) => bindKey(key, element.form === 'sets')));
    return setsOf(element.form, names);
  });
  if (step.by.every((element) => element.kind !== 'groupingSets')) return { keys, sets: null };
  const sets = crossed(ctx, elements, step.by[0]?.span ?? step.span);
  if (sets === null) return { keys, sets: null };
  const absent = (name: string): boolean => sets.some((set) => !set.includes(name));
  return {
    keys: keys.map(({ name, expr }) => ({ name, expr: absent(name) ? { ...expr, nullable: true } : expr })),
    sets,
  };
}

/** The item over keys and results of aggregates. `open`: the rows are unknown, so that no column can be told to be no key. */
export function bindItem(summary: Summary, item: Ast.NamedExpr, before: readonly NamedExpr[], open: boolean): Expr {
  const { ctx, rows, keys } = summary;
  const outer: Scope = {
    ...rows,
    lookup(name) {
      const key = keys.find((one) => one.name === name);
      if (key !== undefined) return keyColumn(key);
      return before.find((one) => one.name === name)?.expr ?? rows.lookup(name);
    },
  };
  const hook: AggregateHook = (env, node) =>
    aggregate(summary, env.scope === outer ? env.within({ scope: rows }) : env, node);
  const bound = createEnv(ctx, outer, hook).bind(item.value);
  const grouped = rewriteExpr(bound, (e) => {
    const key = e.kind === 'literal' ? undefined : keys.find((one) => sameExpr(one.expr, e));
    return key === undefined ? e : { ...keyColumn(key), span: e.span };
  });
  return open || isUnknown(grouped) || checkGrouped(summary, grouped, item) ? grouped : unknown();
}

function keyColumn(key: NamedExpr): Expr {
  if (isUnknown(key.expr)) return unknown();
  return column({ name: KEY + key.name, type: key.expr.type, nullable: key.expr.nullable });
}

function checkGrouped(summary: Summary, e: Expr, item: Ast.NamedExpr): boolean {
  let fine = true;
  walkExpr(e, (x) => {
    if (x.kind !== 'column' || x.name.startsWith(RESULT) || x.name.startsWith(KEY)) return;
    const { keys, ctx } = summary;
    if (isScalar(ctx, x.name)) return;
    fine = false;
    if (isSide(x.name)) {
      ctx.report(
        codes.misplaced,
        { what: '`in` over a pipeline', where: 'outside of an aggregate' },
        x.span ?? item.span,
        {
          suggestion: { text: 'ask for it behind the `summarize`, in a `derive` or a `where`' },
        },
      );
      return;
    }
    ctx.report(codes.notGrouped, { name: x.name }, x.span ?? item.span, {
      notes: [
        keys.length === 0
          ? 'there are no keys: all rows are one group'
          : listNames(
              'keys',
              keys.map((key) => key.name),
            ),
      ],
      suggestion: { text: `take one of them with \`first(${x.name})\`, or add it behind \`by\`` },
    });
  });
  return fine;
}

/** `grouping(a, …)`: whether a row is one of a set without these keys. */
function grouping({ ctx, keys, sets }: Summary, env: Env, node: Ast.Call): Expr {
  const names = node.args.map(({ value }) => {
    const named = value.kind === 'column' ? keys.find((one) => one.name === value.name) : undefined;
    if (named !== undefined) return named.name;
    const expr = env.bind(value);
    const key = isUnknown(expr) ? undefined : keys.find((one) => sameExpr(one.expr, expr));
    if (key === undefined && !isUnknown(expr))
      ctx.report(codes.badArguments, { name: 'grouping', why: 'takes keys of its `summarize`' }, value.span, {
        notes: [
          listNames(
            'keys',
            keys.map((one) => one.name),
          ),
        ],
      });
    return key?.name;
  });
  const known = names.filter((name) => name !== undefined);
  if (known.length === 0 && node.args.length === 0)
    ctx.report(codes.badArguments, { name: 'grouping', why: 'takes keys of its `summarize`' }, node.span);
  if (known.length === 0 || known.length < names.length) return unknown();
  return groupingBits(known, sets, column({ name: SET, type: T.int, nullable: false }));
}

/** Registers one call of an aggregate; what it gives is a column of the step's result. */
function aggregate(summary: Summary, env: Env, node: Ast.Call): Expr | null {
  const { ctx, keys } = summary;
  const name = node.name.text;
  if (name === GROUPING) return grouping(summary, env, node);
  const nested: AggregateHook = (_, inner) => {
    if (findFunction(inner.name.text) !== null) return null;
    ctx.report(codes.nestedAggregate, { name: inner.name.text }, inner.span);
    return unknown();
  };
  const inside = env.within({ aggregate: nested });
  const overRows = (e: Expr): Expr => substitute(e, (one) => keys.find((key) => KEY + key.name === one)?.expr);
  const entry = env.ctx.declared.host.get(name);
  if (entry !== undefined) return hostAggregate(summary, inside, node, entry, overRows);
  const args = node.args.map((arg) => overRows(inside.bind(arg.value)));
  const named = node.args.find((arg) => arg.name !== null);
  if (named !== undefined)
    ctx.report(codes.badArguments, { name, why: 'takes its arguments in order, without names' }, named.span);
  if (args.some(isUnknown)) return unknown();
  const def = AGGREGATES[name];
  const resolved =
    def === undefined
      ? null
      : resolveAggregate(
          def.name,
          args.map((arg) => arg.type),
          node.distinct,
        );
  if (def === undefined || resolved === null) {
    if (!node.distinct && findFunction(name) !== null) return null;
    const shown = node.distinct ? `${name}(distinct …)` : name;
    const notes = def === undefined ? [] : [`it is written ${def.signature}`];
    ctx.report(codes.noOverload, { name: shown, types: args.map(show) }, node.span, { notes });
    return unknown();
  }
  const call: AggregateCall = {
    name: '',
    ...onlyWhere(summary.only, def.name, args),
    distinct: node.distinct,
    type: resolved.type,
    nullable: resolved.nullable,
    span: spanOf(node.span),
  };
  return resultOf(summary, call);
}

/** The column of a call's result; equal calls are one. */
function resultOf({ calls }: Summary, call: AggregateCall): Expr {
  const same = calls.findIndex((one) => sameCall(one, call));
  const at = same >= 0 ? same : calls.push(call) - 1;
  return column({ name: RESULT + at, type: call.type, nullable: call.nullable });
}

function hostAggregate(
  summary: Summary,
  env: Env,
  node: Ast.Call,
  entry: HostEntry,
  overRows: (e: Expr) => Expr,
): Expr {
  const made = hostAggregateCall(env, node, entry);
  if (made === null) return unknown();
  const args = made.args.map(overRows);
  return resultOf(summary, { name: '', ...made, ...onlyWhere(summary.only, made.fn, args), span: spanOf(node.span) });
}

/** The aggregate of the rows for which a condition is true: its arguments are null elsewhere, and aggregates pass over nulls. */
function onlyWhere(only: Expr | null, fn: string, args: readonly Expr[]): Pick<AggregateCall, 'fn' | 'args'> {
  if (only === null) return { fn, args };
  if (args.length === 0) return { fn: 'count_if', args: [only] };
  // A constant behind the first argument is a setting of the aggregate (a quantile, a separator), not a value of the row.
  const within = (arg: Expr, i: number): Expr =>
    i > 0 && arg.kind === 'literal'
      ? arg
      : {
          kind: 'case',
          branches: [{ when: only, then: arg }],
          otherwise: { ...literal(T.null, null), type: arg.type },
          type: arg.type,
          nullable: true,
        };
  return { fn, args: args.map(within) };
}

function sameCall(a: AggregateCall, b: AggregateCall): boolean {
  return (
    a.fn === b.fn &&
    a.distinct === b.distinct &&
    a.host?.id === b.host?.id &&
    a.args.length === b.args.length &&
    a.args.every((arg, i) => sameExpr(arg, b.args[i] as Expr))
  );
}

export function assemble(
  summary: Summary,
  input: NonNullable<Rows>,
  items: readonly NamedExpr[],
  step: Ast.SummarizeStep,
): Rows {
  const { ctx, keys, sets } = summary;
  const taken = new Set([...keys, ...items].map((one) => one.name));
  // An aggregate that is an item by itself has the item's name; the others have one that the user does not see.
  const names = summary.calls.map(
    (_, i) => items.find(({ expr }) => expr.kind === 'column' && expr.name === RESULT + i)?.name,
  );
  const aggregates = summary.calls.map((call, i): AggregateCall => {
    const name = names[i] ?? freeName(`aggregate_${i + 1}`, taken);
    taken.add(name);
    return { ...call, name };
  });
  const by = step.by.length === 0 ? '' : ` by ${text(keys.map((key) => key.name))}`;
  const label = `summarize ${text(items.map((item) => item.name))}${by}`.replace('  ', ' ');
  const id = freeName('set', new Set([...taken, ...input.schema.map((f) => f.name)]));
  const over = sets === null ? { input, keys } : expand(ctx, input, keys, sets, id, step, label);
  const schema = groupedSchema(over.keys, aggregates);
  const groups: AggregateNode = {
    ...base(ctx, schema, [over.input], step, label),
    op: 'aggregate',
    keys: over.keys,
    aggregates,
  };
  const node = sets === null ? groups : withTotals(ctx, groups, sets, id, step);
  const final = (name: string): Expr | undefined => {
    const call = name.startsWith(RESULT) ? aggregates[Number(name.slice(RESULT.length))] : undefined;
    if (call !== undefined) return column(call);
    const wanted = name === SET ? KEY + id : name;
    const key = over.keys.find((one) => KEY + one.name === wanted);
    return key === undefined ? undefined : column({ name: key.name, type: key.expr.type, nullable: key.expr.nullable });
  };
  const outputs = [
    ...columnRefs(schema.slice(0, keys.length)),
    ...items.map((item) => ({ name: item.name, expr: substitute(item.expr, final) })),
  ];
  const plain =
    outputs.length === schema.length &&
    outputs.every(({ name, expr }, i) => name === schema[i]?.name && expr.kind === 'column' && expr.name === name);
  // Without any output everything has been reported.
  if (outputs.length === 0) return null;
  return plain ? node : project(ctx, node, outputs, step, label);
}
