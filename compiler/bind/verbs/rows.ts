/** Steps that choose or order rows and leave the columns as they are. */

import type { Expr, SortKey } from '../../../engine/expr.ts';
import { formatType, schemaEquals } from '../../../engine/types.ts';
import type * as Ast from '../../../grammar/ast.ts';
import { codes } from '../../diagnostics.ts';
import type { LogicalNode } from '../../logical.ts';
import { bindCount } from '../constants.ts';
import type { Context, Rows } from '../context.ts';
import { createEnv } from '../expr.ts';
import { isUnknown } from '../exprs.ts';
import { show, tryCall } from '../invoke.ts';
import { lintNulls } from '../lint.ts';
import { base, columnRefs, columnsByName, freeName, nameOf, project, text } from '../nodes.ts';
import { condition, notTrue } from '../operators.ts';
import { rowScope } from '../scope.ts';

export function where(ctx: Context, input: Rows, step: Ast.WhereStep): Rows {
  const predicate = condition(
    createEnv(ctx, rowScope(input?.schema ?? null)),
    step.condition,
    'what stands behind `where`',
  );
  if (!isUnknown(predicate)) lintNulls(ctx, step);
  return filter(ctx, input, predicate, step, 'where');
}

export function remove(ctx: Context, input: Rows, step: Ast.RemoveStep): Rows {
  const predicate = condition(
    createEnv(ctx, rowScope(input?.schema ?? null)),
    step.condition,
    'what stands behind `remove`',
  );
  return filter(ctx, input, isUnknown(predicate) ? predicate : notTrue(predicate), step, 'remove');
}

export function filter(ctx: Context, input: Rows, predicate: Expr, step: { span: Ast.Span }, label: string): Rows {
  return input === null ? null : { ...base(ctx, input.schema, [input], step, label), op: 'filter', predicate };
}

export function sort(ctx: Context, input: Rows, step: Ast.SortStep): Rows {
  return sortBy(ctx, input, step.keys, step);
}

function sortBy(ctx: Context, input: Rows, nodes: readonly Ast.SortKey[], step: { span: Ast.Span }): Rows {
  const env = createEnv(ctx, rowScope(input?.schema ?? null));
  const keys = nodes.map((node): SortKey => {
    const expr = env.bind(node.value);
    if (!isUnknown(expr) && tryCall('lt', [expr, expr]) === null) {
      ctx.report(codes.noOverload, { name: '`sort`', types: [show(expr)] }, node.value.span, {
        notes: [`values of ${formatType(expr.type)} have no order`],
      });
    }
    return { expr, desc: node.descending, nullsFirst: node.nulls === 'first' };
  });
  if (input === null) return null;
  const label = `sort ${nodes.map(sortLabel).join(', ')}`;
  return { ...base(ctx, input.schema, [input], step, label), op: 'sort', keys, limit: null };
}

function sortLabel(key: Ast.SortKey): string {
  const name = key.value.kind === 'column' ? text([key.value.name]) : '…';
  return key.descending ? `${name} desc` : name;
}

/** `take 20`, `take 11..20`, and `take 3 sort x desc`, which is the sort and the take. */
export function take(ctx: Context, input: Rows, step: Ast.TakeStep): Rows {
  const range = rangeOf(ctx, step.amount);
  const sorted = step.sort.length === 0 ? input : sortBy(ctx, input, step.sort, step);
  if (step.by.length > 0) {
    const env = createEnv(ctx, rowScope(input?.schema ?? null));
    for (const item of step.by) env.bind(item.value);
    ctx.report(codes.notExecutable, { what: '`take … by`' }, step.span);
    return input;
  }
  return range === null ? sorted : limit(ctx, sorted, range.skip, range.take, step, `take ${range.label}`);
}

function rangeOf(ctx: Context, node: Ast.Expr): { skip: number; take: number | null; label: string } | null {
  if (node.kind !== 'range') {
    const count = bindCount(ctx, node, 'what `take` keeps', 0);
    return count === null ? null : { skip: 0, take: count, label: String(count) };
  }
  const low = node.low === null ? 1 : bindCount(ctx, node.low, 'the first row', 1);
  const high = node.high === null ? Number.POSITIVE_INFINITY : bindCount(ctx, node.high, 'the last row', 0);
  if (low === null || high === null) return null;
  if (high < low - 1) {
    ctx.report(codes.badCount, { what: 'the last row', expected: `not before the first one, ${low}` }, node.span);
    return null;
  }
  const label = `${low}..${node.high === null ? '' : high}`;
  return { skip: low - 1, take: node.high === null ? null : high - low + 1, label };
}

export function skip(ctx: Context, input: Rows, step: Ast.SkipStep): Rows {
  const count = bindCount(ctx, step.amount, 'what `skip` leaves out', 0);
  return count === null ? input : limit(ctx, input, count, null, step, `skip ${count}`);
}

function limit(
  ctx: Context,
  input: Rows,
  skipped: number,
  taken: number | null,
  step: { span: Ast.Span },
  label: string,
): Rows {
  if (input === null) return null;
  return { ...base(ctx, input.schema, [input], step, label), op: 'limit', skip: skipped, take: taken };
}

/** A computed key is a column for as long as the step needs it; a named one stays. */
export function distinct(ctx: Context, input: Rows, step: Ast.DistinctStep): Rows {
  if (step.keys.length === 0) return distinctBy(ctx, input, null, step, 'distinct');
  const env = createEnv(ctx, rowScope(input?.schema ?? null));
  const bound = step.keys.map((key) => ({ key, expr: env.bind(key.value) }));
  if (input === null) return null;
  const columns = columnsByName(input.schema);
  const taken = new Set(columns.keys());
  const outputs = [...columnRefs(input.schema)];
  const keys: string[] = [];
  const kept = [...columns.keys()];
  for (const { key, expr } of bound) {
    if (key.name === null && expr.kind === 'column') {
      keys.push(expr.name);
      continue;
    }
    const wanted = key.name === null ? freeName('key', taken) : nameOf(ctx, key);
    if (wanted === null) continue;
    if (key.name !== null) {
      if (taken.has(wanted)) ctx.report(codes.duplicateColumn, { name: wanted }, key.name.span);
      kept.push(wanted);
    }
    taken.add(wanted);
    keys.push(wanted);
    outputs.push({ name: wanted, expr });
  }
  const label = `distinct ${text(step.keys.map((key) => key.name ?? (key.value.kind === 'column' ? key.value.name : '…')))}`;
  const widened = outputs.length === input.schema.length ? input : project(ctx, input, outputs, step, label);
  const rows = distinctBy(ctx, widened, keys, step, label);
  const wanted = new Set(kept);
  const visible = rows.schema.filter((f) => wanted.has(f.name));
  return schemaEquals(visible, rows.schema) ? rows : project(ctx, rows, columnRefs(visible), step, label);
}

export function distinctBy(
  ctx: Context,
  input: LogicalNode,
  keys: readonly string[] | null,
  step: { span: Ast.Span },
  label: string,
): LogicalNode;
export function distinctBy(
  ctx: Context,
  input: Rows,
  keys: readonly string[] | null,
  step: { span: Ast.Span },
  label: string,
): Rows;
export function distinctBy(
  ctx: Context,
  input: Rows,
  keys: readonly string[] | null,
  step: { span: Ast.Span },
  label: string,
): Rows {
  return input === null ? null : { ...base(ctx, input.schema, [input], step, label), op: 'distinct', keys };
}
