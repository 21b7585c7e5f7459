/** Steps that make, choose and name columns. */

import { columnsOf, type NamedExpr } from '../../../engine/expr.ts';
import type { Schema } from '../../../engine/types.ts';
import type * as Ast from '../../../grammar/ast.ts';
import { codes } from '../../diagnostics.ts';
import type { Context, Rows } from '../context.ts';
import { createEnv } from '../expr.ts';
import { column, unknown } from '../exprs.ts';
import { base, columnRefs, nameOf, project, schemaOfOutputs, text, uniqueNames } from '../nodes.ts';
import { listNames, reportColumn, rowScope } from '../scope.ts';
import { collectWindows, rowsWithWindows, type Windows } from '../window_steps.ts';

/** Items see the ones before them. Each projection holds as many as do not need each other. */
export function derive(ctx: Context, input: Rows, step: Ast.DeriveStep): Rows {
  const label = `derive ${text(step.items.map((item) => item.name ?? (item.value.kind === 'column' ? item.value.name : '…')))}`;
  const isNew = uniqueNames(ctx);
  let rows = input;
  let pending: NamedExpr[] = [];
  let windows = collectWindows();
  const visible = (): Schema | null => (rows === null ? null : overlay(rows.schema, schemaOfOutputs(pending)));
  const flush = (): void => {
    if (rows !== null && pending.length > 0) {
      const { schema } = rows;
      const windowed = rowsWithWindows(ctx, rows, windows, pending, step, label);
      const items = pending.map(({ name, expr }) => ({ name, expr: windowed.resolve(expr) }));
      rows = windowed.rows === null ? null : project(ctx, windowed.rows, widen(schema, items), step, label);
    }
    pending = [];
    windows = collectWindows();
  };
  for (const item of step.items) {
    const bind = (to: Windows) => createEnv(ctx, rowScope(visible()), null, to.hook).bind(item.value);
    // Windows are taken down for the projection that the item will stand in, which is known when it is known what they read.
    const own = collectWindows();
    const tried = bind(own);
    const name = nameOf(ctx, item);
    if (name === null || !isNew(name, (item.name ?? item.value).span)) continue;
    const reads = new Set([tried, ...own.reads(tried)].flatMap((one) => [...columnsOf(one)]));
    if (pending.some((one) => reads.has(one.name))) flush();
    pending.push({ name, expr: own.list.length === 0 ? tried : bind(windows) });
  }
  flush();
  return rows;
}

/** Columns replaced in their place, new ones at the end. */
function overlay(schema: Schema, changes: Schema): Schema {
  const byName = new Map(changes.map((f) => [f.name, f]));
  const known = new Set(schema.map((f) => f.name));
  return [...schema.map((f) => byName.get(f.name) ?? f), ...changes.filter((f) => !known.has(f.name))];
}

function widen(schema: Schema, items: readonly NamedExpr[]): NamedExpr[] {
  const byName = new Map(items.map((item) => [item.name, item]));
  const known = new Set(schema.map((f) => f.name));
  return [
    ...columnRefs(schema).map((ref) => byName.get(ref.name) ?? ref),
    ...items.filter((item) => !known.has(item.name)),
  ];
}

/** `*` and patterns stand for the columns that no item names; so `select id, *` brings id to the front. */
export function select(ctx: Context, input: Rows, step: Ast.SelectStep): Rows {
  const windows = collectWindows();
  const env = createEnv(ctx, rowScope(input?.schema ?? null), null, windows.hook);
  const schema = input?.schema ?? null;
  const named = new Set(step.items.flatMap((item) => (item.kind === 'namedExpr' ? [namedBy(item)] : [])));
  const isNew = uniqueNames(ctx);
  const reported = ctx.report.list.length;
  const outputs: NamedExpr[] = [];
  const taken = new Set<string>();
  for (const item of step.items) {
    if (item.kind === 'namedExpr') {
      const expr = env.bind(item.value);
      const name = nameOf(ctx, item);
      if (name !== null && isNew(name, (item.name ?? item.value).span)) outputs.push({ name, expr });
      continue;
    }
    for (const field of expand(ctx, schema, item)) {
      if (named.has(field.name) || taken.has(field.name)) continue;
      taken.add(field.name);
      outputs.push({ name: field.name, expr: column(field) });
    }
  }
  if (input === null) return null;
  if (outputs.length === 0) return reported === ctx.report.list.length ? noColumns(ctx, step) : null;
  const windowed = rowsWithWindows(ctx, input, windows, outputs, step, 'select');
  const resolved = outputs.map(({ name, expr }) => ({ name, expr: windowed.resolve(expr) }));
  return windowed.rows === null ? null : project(ctx, windowed.rows, resolved, step, 'select');
}

function namedBy(item: Ast.NamedExpr): string {
  if (item.name !== null) return item.name.text;
  return item.value.kind === 'column' ? item.value.name : item.value.kind === 'field' ? item.value.name.text : '';
}

/** The columns that a star or a pattern stands for; reports names and patterns without a column. */
export function expand(ctx: Context, schema: Schema | null, item: Ast.Star | Ast.Pattern): Schema {
  if (schema === null) return [];
  const names = schema.map((f) => f.name);
  if (item.kind === 'pattern') {
    const matches = patternRegex(item.pattern);
    const found = schema.filter((f) => matches.test(f.name));
    if (found.length === 0) {
      ctx.report(codes.patternMatchesNothing, { pattern: item.pattern }, item.span, {
        notes: [listNames('columns', names)],
      });
    }
    return found;
  }
  const except = new Set(item.except.map((name) => name.text));
  for (const name of item.except) if (!names.includes(name.text)) missing(ctx, name, names);
  return schema.filter((f) => !except.has(f.name));
}

function missing(ctx: Context, name: Ast.Name, names: readonly string[]): void {
  reportColumn(ctx, { kind: 'column', name: name.text, span: name.span }, names);
}

function patternRegex(pattern: string): RegExp {
  const source = [...pattern]
    .map((c) => (c === '*' ? '.*' : c === '?' ? '.' : c.replace(/[\\^$.+()[\]{}|/]/u, '\\$&')))
    .join('');
  return new RegExp(`^${source}$`, 'su');
}

function noColumns(ctx: Context, step: Ast.Step & { verbSpan: Ast.Span }): null {
  ctx.report(codes.noColumns, {}, step.span);
  return null;
}

export function drop(ctx: Context, input: Rows, step: Ast.DropStep): Rows {
  if (input === null) return null;
  const names = input.schema.map((f) => f.name);
  const dropped = new Set<string>();
  for (const item of step.items) {
    if (item.kind !== 'namedExpr') for (const field of expand(ctx, input.schema, item)) dropped.add(field.name);
    else if (item.name !== null || item.value.kind !== 'column') {
      if (item.value.kind !== 'errorExpr')
        ctx.report(codes.misplaced, { what: 'an expression', where: 'in `drop`' }, item.span);
    } else if (names.includes(item.value.name)) dropped.add(item.value.name);
    else reportColumn(ctx, item.value, names);
  }
  const kept = input.schema.filter((f) => !dropped.has(f.name));
  if (kept.length === 0) return noColumns(ctx, step);
  return project(ctx, input, columnRefs(kept), step, `drop ${text([...dropped])}`);
}

/** All items at once, so that names can be swapped. */
export function rename(ctx: Context, input: Rows, step: Ast.RenameStep): Rows {
  if (input === null) return null;
  const names = input.schema.map((f) => f.name);
  const renamed = new Map<string, Ast.RenameItem>();
  for (const item of step.items) {
    const from = item.from.text;
    if (!names.includes(from)) missing(ctx, item.from, names);
    else if (renamed.has(from)) ctx.report(codes.duplicateColumn, { name: from }, item.from.span);
    else renamed.set(from, item);
  }
  const taken = new Set(names.filter((name) => !renamed.has(name)));
  for (const item of renamed.values()) {
    if (taken.has(item.to.text)) ctx.report(codes.duplicateColumn, { name: item.to.text }, item.to.span);
    taken.add(item.to.text);
  }
  const outputs = columnRefs(input.schema).map((ref) => ({
    name: renamed.get(ref.name)?.to.text ?? ref.name,
    expr: ref.expr,
  }));
  // A name that was not found is still one that the user means to have from here on.
  const lost = step.items
    .filter((item) => !names.includes(item.from.text))
    .map((item) => ({ name: item.to.text, expr: unknown() }));
  const label = `rename ${step.items.map((item) => `${text([item.to])} = ${text([item.from])}`).join(', ')}`;
  const all = [...outputs, ...lost];
  return { ...base(ctx, schemaOfOutputs(all), [input], step, label), op: 'project', outputs: all };
}
