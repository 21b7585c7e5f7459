/** `unpivot`: one row for each of some columns. */

import type { NamedExpr } from '../../../engine/expr.ts';
import { operator } from '../../../engine/operators/registry.ts';
import type * as Ast from '../../../grammar/ast.ts';
import { unify } from '../casts.ts';
import type { Context, Rows } from '../context.ts';
import { createEnv } from '../expr.ts';
import { column, isUnknown } from '../exprs.ts';
import { base, columnRefs, freeName, nameOf, project, text, uniqueNames } from '../nodes.ts';
import { rowScope } from '../scope.ts';
import { expand } from './columns.ts';

/** A column that becomes a row. `node`: where it was named. */
interface WideItem extends NamedExpr {
  readonly node: Ast.SelectItem;
}

/**
 * Bare columns, and those that patterns stand for, go; the others are repeated. All values are converted to one type. The columns that the user names become
 * columns of hidden names first, so that a computed item may be called as a column that stays.
 */
export function unpivot(ctx: Context, input: Rows, step: Ast.UnpivotStep): Rows {
  const items = wideItems(ctx, input, step);
  const unified = unify(
    ctx,
    'the columns that `unpivot` puts below each other',
    items.map((item) => item.expr),
    step.span,
  );
  if (input === null || unified === null || items.length === 0 || items.some((item) => isUnknown(item.expr)))
    return null;
  const gone = new Set(items.flatMap(({ expr }) => (expr.kind === 'column' ? [expr.name] : [])));
  const kept = input.schema.filter((f) => !gone.has(f.name));
  const isNew = uniqueNames(ctx);
  for (const f of kept) isNew(f.name, step.span);
  const [name, value] = [step.nameColumn, step.valueColumn];
  if (![name, value].every((one) => isNew(one.text, one.span))) return null;
  const taken = new Set(kept.map((f) => f.name));
  const wide = items.map((item, i) => {
    const hidden = freeName(item.name, taken);
    taken.add(hidden);
    return { label: item.name, name: hidden, expr: unified.exprs[i] ?? item.expr };
  });
  const label = `unpivot ${text(items.map((item) => item.name))}`;
  const rows = project(
    ctx,
    input,
    [...columnRefs(kept), ...wide.map(({ name, expr }) => ({ name, expr }))],
    step,
    label,
  );
  const columns = wide.map((one) => ({ column: one.name, label: one.label }));
  const params = { columns, name: name.text, value: value.text };
  const schema = operator('unpivot').schema(params, [rows.schema]);
  return { ...base(ctx, schema, [rows], step, label), op: 'unpivot', ...params };
}

/** As `select` reads them: patterns stand for the columns that no item names. */
function wideItems(ctx: Context, input: Rows, step: Ast.UnpivotStep): WideItem[] {
  const env = createEnv(ctx, rowScope(input?.schema ?? null));
  const isNew = uniqueNames(ctx);
  const bound = step.items.map((node) => (node.kind === 'namedExpr' ? { node, expr: env.bind(node.value) } : { node }));
  const named = new Set(bound.flatMap(({ expr }) => (expr?.kind === 'column' ? [expr.name] : [])));
  return bound.flatMap(({ node, expr }): WideItem[] => {
    if (node.kind !== 'namedExpr') {
      const fields = expand(ctx, input?.schema ?? null, node).filter((f) => !named.has(f.name));
      for (const f of fields) named.add(f.name);
      return fields.map((f) => ({ node, name: f.name, expr: column(f) }));
    }
    const name = nameOf(ctx, node);
    if (name === null || expr === undefined || !isNew(name, node.span)) return [];
    return [{ node, name, expr }];
  });
}
