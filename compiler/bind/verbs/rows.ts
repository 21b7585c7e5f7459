/** Steps that choose or order rows and leave the columns as they are. */

import type { Expr } from '../../../engine/expr.ts';
import { schemaEquals, T } from '../../../engine/types.ts';
import type * as Ast from '../../../grammar/ast.ts';
import { walk } from '../../../grammar/walk.ts';
import { codes } from '../../diagnostics.ts';
import type { LogicalNode } from '../../logical.ts';
import { bindCount } from '../constants.ts';
import type { Context, Rows } from '../context.ts';
import { createEnv } from '../expr.ts';
import { column, isUnknown } from '../exprs.ts';
import { lintNulls } from '../lint.ts';
import { base, columnRefs, columnsByName, freeName, nameOf, project, text } from '../nodes.ts';
import { condition, notTrue } from '../operators.ts';
import { type Env, rowScope } from '../scope.ts';
import { bindMembership, dropMembers, filterByMembership } from '../subqueries.ts';
import { collectWindows, rowsWithWindows, type Windows, windowNode } from '../window_steps.ts';
import { bindSortKey } from '../windows.ts';

export function where(ctx: Context, input: Rows, step: Ast.WhereStep): Rows {
  let rows = input;
  let known = true;
  for (const part of partsOf(step.condition)) {
    const windows = collectWindows();
    const env = envOf(ctx, input, windows);
    const set = hasWindow(part) ? null : membershipOf(part);
    if (set !== null) {
      rows = whereIn(env, rows, set, step);
      continue;
    }
    const predicate = condition(env, part, 'what stands behind `where`');
    known &&= !isUnknown(predicate);
    rows = filterWith(ctx, rows, windows, predicate, step, 'where');
  }
  if (known) lintNulls(ctx, step);
  return rows;
}

function hasWindow(node: Ast.Expr): boolean {
  let found = false;
  walk(node, (one) => {
    if (one.kind === 'over') found = true;
    return !found && one.kind !== 'pipeline';
  });
  return found;
}

/** The sides of `and`, where memberships in pipelines are among them: those are joins, each in its place. */
function partsOf(condition: Ast.Expr): Ast.Expr[] {
  const parts: Ast.Expr[] = [];
  const stack = [condition];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.kind === 'binary' && node.op === 'and') stack.push(node.right, node.left);
    else parts.push(node);
  }
  // Windows see all rows, those that another side leaves out as well.
  return parts.some((part) => membershipOf(part) !== null) && !hasWindow(condition) ? parts : [condition];
}

interface InPipeline {
  readonly node: Ast.In;
  readonly pipeline: Ast.Pipeline;
}

function membershipOf(node: Ast.Expr): InPipeline | null {
  return node.kind === 'in' && node.set.kind === 'pipeline' ? { node, pipeline: node.set } : null;
}

function whereIn(env: Env, rows: Rows, { node, pipeline }: InPipeline, step: { span: Ast.Span }): Rows {
  const found = bindMembership(env, node, pipeline);
  if (found === null || rows === null) return rows;
  const nullable = found.value.nullable || found.rows.schema[0]?.nullable !== false;
  env.ctx.bound.set(node, { kind: 'literal', value: null, type: T.bool, nullable });
  return filterByMembership(env.ctx, rows, found, node.negated, step);
}

export function remove(ctx: Context, input: Rows, step: Ast.RemoveStep): Rows {
  const windows = collectWindows();
  const env = envOf(ctx, input, windows);
  const set = hasWindow(step.condition) ? null : membershipOf(step.condition);
  if (set !== null && !set.node.negated) {
    const found = bindMembership(env, set.node, set.pipeline);
    return found === null || input === null ? input : dropMembers(ctx, input, found, step);
  }
  const predicate = condition(env, step.condition, 'what stands behind `remove`');
  return filterWith(ctx, input, windows, isUnknown(predicate) ? predicate : notTrue(predicate), step, 'remove');
}

function envOf(ctx: Context, input: Rows, windows: Windows): Env {
  return createEnv(ctx, rowScope(input?.schema ?? null), null, windows.hook);
}

/** A filter by windows, of which nothing is left behind it. */
function filterWith(
  ctx: Context,
  input: Rows,
  windows: Windows,
  predicate: Expr,
  step: { span: Ast.Span },
  label: string,
): Rows {
  const windowed = rowsWithWindows(ctx, input, windows, [], step, label);
  const kept = filter(ctx, windowed.rows, windowed.resolve(predicate), step, label);
  return withoutWindows(ctx, kept, input, windows, step, label);
}

/** The columns that the rows had before. */
function withoutWindows(
  ctx: Context,
  rows: Rows,
  before: Rows,
  windows: Windows,
  step: { span: Ast.Span },
  label: string,
): Rows {
  if (rows === null || before === null || windows.list.length === 0) return rows;
  return project(ctx, rows, columnRefs(before.schema), step, label);
}

export function filter(ctx: Context, input: Rows, predicate: Expr, step: { span: Ast.Span }, label: string): Rows {
  return input === null ? null : { ...base(ctx, input.schema, [input], step, label), op: 'filter', predicate };
}

export function sort(ctx: Context, input: Rows, step: Ast.SortStep): Rows {
  return sortBy(ctx, input, step.keys, step);
}

function sortBy(ctx: Context, input: Rows, nodes: readonly Ast.SortKey[], step: { span: Ast.Span }): Rows {
  const windows = collectWindows();
  const env = envOf(ctx, input, windows);
  const bound = nodes.map((node) => bindSortKey(env, node));
  if (input === null) return null;
  const label = `sort ${nodes.map(sortLabel).join(', ')}`;
  const { rows, resolve } = rowsWithWindows(ctx, input, windows, [], step, label);
  if (rows === null) return null;
  const keys = bound.map((key) => ({ ...key, expr: resolve(key.expr) }));
  const sorted: Rows = { ...base(ctx, rows.schema, [rows], step, label), op: 'sort', keys, limit: null };
  return withoutWindows(ctx, sorted, input, windows, step, label);
}

function sortLabel(key: Ast.SortKey): string {
  const name = key.value.kind === 'column' ? text([key.value.name]) : '…';
  return key.descending ? `${name} desc` : name;
}

/** `take 20`, `take 11..20`, and `take 3 sort x desc`, which is the sort and the take; with `by`, of each group. */
export function take(ctx: Context, input: Rows, step: Ast.TakeStep): Rows {
  const range = rangeOf(ctx, step.amount);
  if (step.by.length > 0) return takeOfEach(ctx, input, step, range);
  const sorted = step.sort.length === 0 ? input : sortBy(ctx, input, step.sort, step);
  return range === null ? sorted : limit(ctx, sorted, range.skip, range.take, step, `take ${range.label}`);
}

/** A computed key is a column for as long as the step needs it; a named one stays. */
function takeOfEach(ctx: Context, input: Rows, step: Ast.TakeStep, range: ReturnType<typeof rangeOf>): Rows {
  const env = createEnv(ctx, rowScope(input?.schema ?? null));
  const sort = step.sort.map((node) => bindSortKey(env, node));
  const by = `by ${text(step.by.map(keyLabel))}`;
  const keyed = keyColumns(ctx, input, step.by, step, `take … ${by}`);
  if (keyed === null || range === null) return input;
  if ([...sort, ...keyed.keys].some((k) => isUnknown(k.expr))) return input;
  const order = step.sort.length === 0 ? '' : `sort ${step.sort.map(sortLabel).join(', ')} `;
  const label = `take ${range.label} ${order}${by}`;
  const names = keyed.keys.map((k) => k.name);
  // The first row of each group, in the order in which they come: what `distinct` does without sorting.
  const rows =
    sort.length === 0 && range.skip === 0 && range.take === 1
      ? distinctBy(ctx, keyed.rows, names, step, label)
      : windowNode(
          ctx,
          keyed.rows,
          { keys: keyed.keys.map(column), sort, ties: null, calls: [], skip: range.skip, take: range.take },
          step,
          label,
        );
  return visibleColumns(ctx, rows, keyed.kept, step, label);
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
  const label = `distinct ${text(step.keys.map(keyLabel))}`;
  const keyed = keyColumns(ctx, input, step.keys, step, label);
  if (keyed === null) return null;
  const names = keyed.keys.map((k) => k.name);
  return visibleColumns(ctx, distinctBy(ctx, keyed.rows, names, step, label), keyed.kept, step, label);
}

function keyLabel(key: Ast.NamedExpr): Ast.Name | string {
  return key.name ?? (key.value.kind === 'column' ? key.value.name : '…');
}

interface Keyed {
  /** The rows with a column for each key. */
  readonly rows: LogicalNode;
  readonly keys: readonly {
    readonly name: string;
    readonly expr: Expr;
    readonly type: Expr['type'];
    readonly nullable: boolean;
  }[];
  /** The columns that stay behind the step. */
  readonly kept: ReadonlySet<string>;
}

/** Keys as columns. A computed one is there for as long as the step needs it; a named one stays. */
function keyColumns(
  ctx: Context,
  input: Rows,
  nodes: readonly Ast.NamedExpr[],
  step: { span: Ast.Span },
  label: string,
): Keyed | null {
  const env = createEnv(ctx, rowScope(input?.schema ?? null));
  const bound = nodes.map((key) => ({ key, expr: env.bind(key.value) }));
  if (input === null) return null;
  const columns = columnsByName(input.schema);
  const taken = new Set(columns.keys());
  const outputs = [...columnRefs(input.schema)];
  const keys: { name: string; expr: Expr; type: Expr['type']; nullable: boolean }[] = [];
  const kept = new Set(columns.keys());
  for (const { key, expr } of bound) {
    const { type, nullable } = expr;
    if (key.name === null && expr.kind === 'column') {
      keys.push({ name: expr.name, expr, type, nullable });
      continue;
    }
    const wanted = key.name === null ? freeName('key', taken) : nameOf(ctx, key);
    if (wanted === null) continue;
    if (key.name !== null) {
      if (taken.has(wanted)) ctx.report(codes.duplicateColumn, { name: wanted }, key.name.span);
      kept.add(wanted);
    }
    taken.add(wanted);
    keys.push({ name: wanted, expr, type, nullable });
    outputs.push({ name: wanted, expr });
  }
  const rows = outputs.length === input.schema.length ? input : project(ctx, input, outputs, step, label);
  return { rows, keys, kept };
}

function visibleColumns(
  ctx: Context,
  rows: LogicalNode,
  kept: ReadonlySet<string>,
  step: { span: Ast.Span },
  label: string,
): LogicalNode {
  const visible = rows.schema.filter((f) => kept.has(f.name));
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
