import type { Expr, NamedExpr } from '../../../engine/expr.ts';
import type * as Ast from '../../../grammar/ast.ts';
import { codes } from '../../diagnostics.ts';
import type { WindowCall } from '../../logical.ts';
import { unify } from '../casts.ts';
import type { Context, Rows } from '../context.ts';
import { createEnv } from '../expr.ts';
import { column, isUnknown } from '../exprs.ts';
import { call } from '../invoke.ts';
import { columnRefs, project, spanOf, text, uniqueNames } from '../nodes.ts';
import { type AggregateHook, reportColumn, rowScope } from '../scope.ts';
import { collectWindows, rowsWithWindows, type Windows } from '../window_steps.ts';
import { bindSortKey, windowOfAggregate } from '../windows.ts';

/** Nulls of some columns get a value: one that is given, or that of the nearest row before or behind that has one. Everything else stays as it is. */
export function fill(ctx: Context, input: Rows, step: Ast.FillStep): Rows {
  return step.mode === 'value' ? fillValues(ctx, input, step) : fillFrom(ctx, input, step, step.mode);
}

/** The column that an item fills; null when it is none, which is reported. */
function columnOf(ctx: Context, input: NonNullable<Rows>, name: string, span: Ast.Span): Expr | null {
  const found = input.schema.find((f) => f.name === name);
  if (found !== undefined) return column(found);
  const names = input.schema.map((f) => f.name);
  reportColumn(ctx, { kind: 'column', name, span }, names);
  return null;
}

/** `fill a = 0, b = mean(b)`: values are computed over the rows as they come, aggregates over all of them. */
function fillValues(ctx: Context, input: Rows, step: Ast.FillStep): Rows {
  const windows = collectWindows();
  const aggregate: AggregateHook = (env, node) => windowOfAggregate(env, node, windows.hook);
  const env = createEnv(ctx, rowScope(input?.schema ?? null), aggregate, windows.hook);
  const isNew = uniqueNames(ctx);
  const items: NamedExpr[] = [];
  for (const item of step.items) {
    const value = env.bind(item.value);
    if (item.name === null || input === null) continue;
    const { text: name, span } = item.name;
    const own = isNew(name, span) ? columnOf(ctx, input, name, span) : null;
    if (own === null || isUnknown(value)) continue;
    const unified = unify(ctx, `\`${name}\` and the value it is filled with`, [own, value], item.span);
    if (unified !== null) items.push({ name, expr: call('coalesce', unified.exprs) });
  }
  return replaced(ctx, input, windows, items, step, `fill ${text(items.map((item) => item.name))}`);
}

/** `fill forward a, b sort t by k` */
function fillFrom(ctx: Context, input: Rows, step: Ast.FillStep, mode: 'forward' | 'backward'): Rows {
  const windows = collectWindows();
  const env = createEnv(ctx, rowScope(input?.schema ?? null));
  const keys = step.by.map((key) => env.bind(key.value));
  const sort = step.sort.map((key) => bindSortKey(env, key));
  const isNew = uniqueNames(ctx);
  const names: { name: string; own: Expr }[] = [];
  for (const item of step.items) {
    if (item.name !== null || item.value.kind !== 'column') {
      if (item.value.kind !== 'errorExpr')
        ctx.report(codes.misplaced, { what: 'an expression', where: `in \`fill ${mode}\`` }, item.span);
      continue;
    }
    const { name, span } = item.value;
    const own = input === null || !isNew(name, span) ? null : columnOf(ctx, input, name, span);
    if (own !== null) names.push({ name, own });
  }
  if ([...keys, ...sort.map((k) => k.expr)].some(isUnknown)) return input;
  const items = names.map(({ name, own }) => {
    const bound = { keys, sort, call: fillCall(own, mode, step) };
    return { name, expr: windows.add(bound) };
  });
  const label = `fill ${mode} ${text(names.map(({ name }) => name))}`;
  return replaced(ctx, input, windows, items, step, label);
}

/** The last value up to the row, or the first one from it on. */
function fillCall(own: Expr, mode: 'forward' | 'backward', step: Ast.FillStep): WindowCall {
  const forward = mode === 'forward';
  return {
    name: '',
    fn: forward ? 'last_value' : 'first_value',
    args: [own],
    distinct: false,
    constant: null,
    fallback: null,
    ignoreNulls: true,
    frame: { unit: 'rows', low: forward ? null : 0, high: forward ? 0 : null },
    type: own.type,
    nullable: own.nullable,
    span: spanOf(step.span),
  };
}

/** The rows with some columns changed in their place. */
function replaced(
  ctx: Context,
  input: Rows,
  windows: Windows,
  items: readonly NamedExpr[],
  step: { span: Ast.Span },
  label: string,
): Rows {
  if (input === null) return null;
  const { rows, resolve } = rowsWithWindows(ctx, input, windows, [], step, label);
  const byName = new Map(items.map((item) => [item.name, resolve(item.expr)]));
  const outputs = columnRefs(input.schema).map(({ name, expr }) => ({ name, expr: byName.get(name) ?? expr }));
  return rows === null ? null : project(ctx, rows, outputs, step, label);
}
