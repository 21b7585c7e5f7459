import { INSTALL_HINT } from '../../engine/sql/duckdb.ts';
import { checkQuery, type SqlProblem, type SqlTable } from '../../engine/sql/query.ts';
import type * as Ast from '../../grammar/ast.ts';
import { suggest } from '../../grammar/suggest.ts';
import { codes } from '../diagnostics.ts';
import type { LogicalNode, SqlNode } from '../logical.ts';
import type { Context, Rows } from './context.ts';
import { base } from './nodes.ts';
import { columnsOfType } from './resolve_sources.ts';
import { type SqlName, sqlNames } from './sql_names.ts';

/** A query whose relations are known, to be looked at by the SQL engine when the whole file is bound. */
export interface BoundSql {
  readonly node: SqlNode;
  readonly source: Ast.SqlSource;
  readonly type: Ast.TypeNode;
}

/** `sql """ … """ as { … }`: a query over relations of the file. */
export function bindSql(ctx: Context, from: Ast.From, source: Ast.SqlSource): Rows {
  const schema = from.type === null ? null : columnsOfType(ctx, from.type);
  if (from.type === null) {
    ctx.report(codes.badSql, { why: 'a query needs its columns' }, source.span, {
      suggestion: { text: 'write them behind it: `sql """…""" as { tier: string, total: float? }`' },
    });
  }
  const tables = new Map<string, LogicalNode>();
  let whole = true;
  const { relations, own } = sqlNames(source.text);
  for (const found of relations) {
    const before = ctx.report.list.length;
    const known = letOf(ctx, source, found, own);
    if (known === null) {
      if (ctx.report.list.length > before || ctx.declared.opaque.has(found.name)) whole = false;
      continue;
    }
    const span = spanIn(source, found.start, found.end);
    const rows = ctx.relation({ kind: 'relationName', name: known, span });
    if (rows === null) whole = false;
    else tables.set(known, rows);
  }
  if (schema === null || from.type === null || !whole) return null;
  const node: SqlNode = {
    ...base(ctx, schema, [...tables.values()], source, 'sql'),
    op: 'sql',
    text: source.text,
    tables: [...tables.keys()],
  };
  ctx.sql.push({ node, source, type: from.type });
  return node;
}

/** The let that a name means, as SQL does whatever its case; null when there is none, which is reported unless the query has it from itself (`own`). */
function letOf(ctx: Context, source: Ast.SqlSource, found: SqlName, own: ReadonlySet<string>): string | null {
  const { name } = found;
  const lets = [...ctx.declared.lets.keys()];
  const lower = name.toLowerCase();
  const known = ctx.declared.lets.has(name) ? name : lets.find((one) => one.toLowerCase() === lower);
  if (known !== undefined) return known;
  if (own.has(lower) || ctx.declared.opaque.has(name)) return null;
  const near = suggest(name, lets);
  ctx.report(codes.unknownRelation, { name }, spanIn(source, found.start, found.end), {
    notes: [lets.length === 0 ? 'the file has no lets' : `relations: ${lets.join(', ')}`],
    suggestion: near === null ? undefined : { text: `did you mean \`${near}\`?`, replacement: near },
  });
  return null;
}

/** Quotes and the word before them, at least: `sql` and three quotes on either side. */
const QUOTES = 9;

/** A part of the query in the file; the whole where it is written as an ordinary text, whose escapes hide where things are. */
function spanIn({ span, text }: Ast.SqlSource, start: number, end: number): Ast.Span {
  if (span.end - span.start - text.length < QUOTES) return span;
  const from = span.end - 3 - text.length;
  return { ...span, start: from + start, end: from + Math.max(end, start + 1) };
}

/** Lets the SQL engine look at all queries: their names and types, and whether they give the columns that are declared. */
export async function checkSql(ctx: Context): Promise<void> {
  const [first] = ctx.sql;
  if (first === undefined) return;
  const duck = await ctx.catalog.sqlEngine();
  if (duck === null) {
    ctx.report(codes.noSqlEngine, {}, first.source.span, { suggestion: { text: INSTALL_HINT } });
    return;
  }
  for (const { node, source, type } of ctx.sql) {
    const tables = node.tables.map((name, i): SqlTable => ({ name, schema: node.inputs[i]?.schema ?? [] }));
    const problem = await checkQuery(duck, tables, node.text, node.schema);
    if (problem === null) continue;
    const span = problem.columns ? type.span : placeOf(source, problem);
    ctx.report(codes.badSql, { why: problem.message }, span, { notes: [...problem.notes] });
  }
}

/** A word, or one character, where the SQL engine points to. */
function placeOf(source: Ast.SqlSource, { line, column }: SqlProblem): Ast.Span {
  if (line === null) return source.span;
  const lines = source.text.split('\n');
  const before = lines.slice(0, line - 1).reduce((n, one) => n + one.length + 1, 0);
  const text = lines[line - 1] ?? '';
  if (column === null) return spanIn(source, before, before + text.length);
  const word = /^[\p{L}\p{N}_$]+/u.exec(text.slice(column))?.[0] ?? '';
  return spanIn(source, before + column, before + column + word.length);
}
