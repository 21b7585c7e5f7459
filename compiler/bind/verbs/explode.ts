/** `explode`: one row for each item of a list. */

import type { NamedExpr } from '../../../engine/expr.ts';
import { operator } from '../../../engine/operators/registry.ts';
import type * as Ast from '../../../grammar/ast.ts';
import { codes } from '../../diagnostics.ts';
import type { Context, Rows } from '../context.ts';
import { createEnv } from '../expr.ts';
import { isUnknown } from '../exprs.ts';
import { castSuggestion, show } from '../invoke.ts';
import { base, columnRefs, nameOf, project, text } from '../nodes.ts';
import { rowScope } from '../scope.ts';

/**
 * A bare column becomes its items, in its place; `as` and anything computed add a column behind the others. Lists that are not columns yet are computed by a
 * projection first.
 */
export function explode(ctx: Context, input: Rows, step: Ast.ExplodeStep): Rows {
  const env = createEnv(ctx, rowScope(input?.schema ?? null));
  const taken = new Set(input?.schema.map((f) => f.name));
  const added: NamedExpr[] = [];
  const lists: string[] = [];
  let whole = true;
  for (const item of step.items) {
    const expr = env.bind(item.value);
    const name = nameOf(ctx, { kind: 'namedExpr', span: item.span, name: item.alias, value: item.value });
    if (isUnknown(expr) || name === null) whole = false;
    else if (expr.type.kind !== 'list' && expr.type.kind !== 'map') {
      whole = false;
      const suggestion = expr.type.kind === 'json' ? castSuggestion(item.value, 'list<json>', expr.type) : undefined;
      const found = { what: 'what `explode` takes', expected: 'a list or a map', found: show(expr) };
      ctx.report(codes.wrongType, found, item.value.span, { suggestion });
    } else if (lists.includes(name)) {
      ctx.report(codes.duplicateColumn, { name }, item.span);
      whole = false;
    } else if (expr.kind === 'column' && expr.name === name) lists.push(name);
    else if (taken.has(name)) {
      ctx.report(codes.duplicateColumn, { name }, item.alias?.span ?? item.span);
      whole = false;
    } else {
      taken.add(name);
      added.push({ name, expr });
      lists.push(name);
    }
  }
  if (input === null || !whole) return null;
  const label = `explode ${step.outer ? 'outer ' : ''}${text(step.items.map((item, i) => item.alias ?? lists[i] ?? '…'))}`;
  const rows = added.length === 0 ? input : project(ctx, input, [...columnRefs(input.schema), ...added], step, label);
  const params = { lists, outer: step.outer };
  const schema = operator('explode').schema(params, [rows.schema]);
  return { ...base(ctx, schema, [rows], step, label), op: 'explode', ...params };
}
