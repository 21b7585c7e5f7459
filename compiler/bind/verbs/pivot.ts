/** `pivot`: one column for each of some values, of aggregates over the rows that have it. */

import type { Expr, LiteralExpr, LiteralValue, NamedExpr } from '../../../engine/expr.ts';
import { formatValue } from '../../../engine/functions/format.ts';
import { T } from '../../../engine/types.ts';
import type * as Ast from '../../../grammar/ast.ts';
import { codes } from '../../diagnostics.ts';
import type { LogicalNode } from '../../logical.ts';
import { castTo, unify } from '../casts.ts';
import { bindConstant } from '../constants.ts';
import type { Context, Rows } from '../context.ts';
import { createEnv } from '../expr.ts';
import { isUnknown, literal } from '../exprs.ts';
import { reportMisfit, show, tryCall } from '../invoke.ts';
import { nameOf, text, uniqueNames } from '../nodes.ts';
import { rowScope } from '../scope.ts';
import { assemble, bindItem, bindKeys, type Summary } from './summarize.ts';

/**
 * A `summarize` whose aggregates see, for each value, the rows that have it: so it is computed in two phases and out of core, and rows with other values count
 * for nothing but their group. A column is named by its value, and by its aggregate where that has a name: `jan`, `jan_total`.
 */
export function pivot(ctx: Context, input: Rows, step: Ast.PivotStep): Rows {
  const rows = rowScope(input?.schema ?? null);
  const of = createEnv(ctx, rows).bind(step.column);
  const values = bindValues(ctx, of, step);
  const isNew = uniqueNames(ctx);
  const grouping: Ast.SummarizeStep = { ...step, kind: 'summarize', items: [], by: step.by };
  const { keys } = bindKeys(ctx, rows, grouping, isNew);
  const summary: Summary = { ctx, rows, keys, sets: null, calls: [], only: null };
  const items: NamedExpr[] = [];
  let whole = values !== null;
  for (const value of values ?? [literal(T.null, null)]) {
    const only = isUnknown(of) ? of : (tryCall('is', [of, value]) ?? of);
    for (const item of step.into) {
      const expr = bindItem({ ...summary, only }, item, [], input === null);
      const name = columnName(ctx, value, item, step.into.length > 1);
      if (isUnknown(expr) || name === null) whole = false;
      else if (values !== null && isNew(name, step.values.span)) items.push({ name, expr });
    }
  }
  if (input === null || !whole || isUnknown(of)) return null;
  return relabel(assemble(summary, input, items, grouping), `pivot ${text(items.map((item) => item.name))}`);
}

function columnName(ctx: Context, value: LiteralExpr, item: Ast.NamedExpr, several: boolean): string | null {
  const label = value.value === null ? 'null' : formatValue(value.type, value.value);
  if (!several && item.name === null) return label;
  const own = item.name === null ? nameOf(ctx, item) : item.name.text;
  return own === null ? null : `${label}_${own}`;
}

function relabel(rows: Rows, label: string): Rows {
  if (rows === null) return null;
  const inputs = rows.op === 'project' ? rows.inputs.map((n): LogicalNode => ({ ...n, label })) : rows.inputs;
  return { ...rows, inputs, label };
}

/** The values in the type that they and the column have in common; null when they are none, which is reported. */
function bindValues(ctx: Context, of: Expr, step: Ast.PivotStep): LiteralExpr[] | null {
  const list = bindConstant(ctx, step.values, 'the values of a pivot');
  if (isUnknown(list) || isUnknown(of)) return null;
  const fail = (why: string): null => {
    ctx.report(codes.pivotValues, { why }, step.values.span);
    return null;
  };
  if (list.type.kind !== 'list' || !Array.isArray(list.value)) {
    ctx.report(
      codes.wrongType,
      { what: 'what stands behind `values`', expected: 'a list of constants', found: show(list) },
      step.values.span,
    );
    return null;
  }
  const { type } = list.type.item;
  const found = (list.value as readonly LiteralValue[]).map((value) => literal(type, value));
  if (found.length === 0) return fail('a pivot needs at least one value');
  const unified = unify(ctx, 'the pivoted column and its values', [of, ...found], step.values.span);
  if (unified === null) return null;
  const common = castTo(of, unified.type);
  const values = unified.exprs.slice(1) as LiteralExpr[];
  if (tryCall('is', [common, values[0] as Expr]) === null) {
    reportMisfit(ctx, 'is', [common, values[0] as Expr], [step.column], step.column.span, '`pivot`');
    return null;
  }
  const seen = new Set<string>();
  for (const value of values) {
    const shown = value.value === null ? 'null' : formatValue(value.type, value.value);
    if (seen.has(shown)) return fail(`the value ${shown} is given twice`);
    seen.add(shown);
  }
  return values;
}
