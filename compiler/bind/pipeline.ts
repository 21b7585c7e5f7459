import type * as Ast from '../../grammar/ast.ts';
import { suggest } from '../../grammar/suggest.ts';
import { codes } from '../diagnostics.ts';
import type { LogicalNode, LogicalOutput, ScanNode } from '../logical.ts';
import { castExists } from './casts.ts';
import type { Context, LetEntry, Rows } from './context.ts';
import { homeOf } from './context.ts';
import { column, unknown } from './exprs.ts';
import { show } from './invoke.ts';
import { base, columnsByName, project, spanOf } from './nodes.ts';
import { columnsOfType } from './resolve_sources.ts';
import { reportColumn } from './scope.ts';
import { bindSql } from './sql.ts';
import { withAllSides } from './subqueries.ts';
import { tableFunction, tableRows } from './table_functions.ts';
import { bindStep } from './verbs/index.ts';
import { split } from './verbs/split.ts';
import { tune } from './verbs/tune.ts';
import { write } from './verbs/write.ts';

/** What a pipeline ends in: rows, the named outputs of a split, or a sink (null when it is wrong). */
interface PipelineEnd {
  readonly rows: Rows;
  readonly split: Map<string, Rows> | null;
  /** What a search gives, where names in braces ask for it; its rows are the model. */
  readonly tuned: Map<string, Rows> | null;
  readonly sink: { readonly output: LogicalOutput | null; readonly step: Ast.WriteStep } | null;
}

/** The rows of a relation, wherever it stands. `asValue`: what its last step computes needs no name. */
export function bindRelation(ctx: Context, relation: Ast.Relation, asValue = false): Rows {
  if (relation.kind === 'formatCall') return source(ctx, relation, null);
  if (relation.kind === 'relationName') return bindName(ctx, relation);
  const end = bindPipeline(ctx, relation, asValue);
  if (end.split !== null) ctx.report(codes.splitPlace, {}, lastStep(relation).span);
  if (end.sink !== null)
    ctx.report(codes.writeNotLast, { where: 'inside of another pipeline' }, end.sink.step.verbSpan);
  return end.split !== null ? null : end.rows;
}

function lastStep(pipeline: Ast.Pipeline): { span: Ast.Span } {
  return pipeline.steps.at(-1) ?? pipeline;
}

/** Files, or a call. The type of files has been declared before they were looked at. */
function source(ctx: Context, node: Ast.FormatCall, type: Ast.TypeNode | null): Rows {
  const entry = tableFunction(ctx, node);
  return entry === undefined ? scan(ctx, node) : tableRows(ctx, node, entry, type);
}

function scan(ctx: Context, node: Ast.FormatCall): Rows {
  const found = ctx.sources.get(node);
  if (found === null || found === undefined) return null;
  const { format, source } = found;
  const made: ScanNode = {
    ...base(ctx, source.schema, [], node, `from ${source.display}`),
    op: 'scan',
    format,
    source,
    filter: null,
    limit: null,
  };
  return made;
}

function bindName(ctx: Context, node: Ast.RelationName): Rows {
  const entry = ctx.declared.lets.get(node.name);
  ctx.used.lets.add(node.name);
  if (entry !== undefined) return bindLet(ctx, entry);
  if (ctx.declared.opaque.has(node.name)) return null;
  const names = [...ctx.declared.lets.keys()];
  const near = suggest(node.name, names);
  const isFormat = Object.hasOwn(ctx.catalog.formats, node.name);
  ctx.report(codes.unknownRelation, { name: node.name }, node.span, {
    notes: [names.length === 0 ? 'the file has no lets' : `relations: ${names.join(', ')}`],
    suggestion: isFormat
      ? { text: `a source needs its path: \`${node.name}("…")\`` }
      : near !== null
        ? { text: `did you mean \`${near}\`?`, replacement: near }
        : { text: `the name of a file stands in its format: \`csv("${node.name}.csv")\`` },
  });
  return null;
}

/** The rows of a let: bound where it is first used, and shared by all its uses, so that it runs once. */
export function bindLet(user: Context, entry: LetEntry): Rows {
  if (entry.state === 'done') return entry.rows;
  const ctx = homeOf(user, entry.statement);
  const path = ctx.binding;
  const name = entry.name.text;
  if (entry.state === 'active') {
    // The outputs of one split are bound together, under the name of the one that was asked for.
    const from = path.findIndex((one) => ctx.declared.lets.get(one)?.statement === entry.statement);
    ctx.report(codes.cycle, { what: 'let', path: [...path.slice(from), path[from] ?? name] }, entry.name.span);
    return null;
  }
  const siblings = entriesOf(ctx, entry.statement);
  if (path.length >= MAX_DEPTH) {
    ctx.report(codes.planTooDeep, { limit: MAX_DEPTH }, entry.name.span);
    return null;
  }
  for (const one of siblings) one.state = 'active';
  path.push(name);
  const end = bindPipeline(ctx, entry.statement.pipeline);
  path.pop();
  settle(ctx, entry.statement, siblings, end);
  return entry.rows;
}

function entriesOf(ctx: Context, statement: Ast.LetStatement): LetEntry[] {
  return [...ctx.declared.lets.values()].filter((entry) => entry.statement === statement);
}

function settle(ctx: Context, statement: Ast.LetStatement, entries: readonly LetEntry[], end: PipelineEnd): void {
  const parts = end.split ?? (end.tuned === null ? null : tunedParts(end.tuned, statement.names));
  for (const entry of entries) {
    entry.state = 'done';
    entry.rows = statement.destructured ? (parts?.get(entry.name.text) ?? null) : end.split === null ? end.rows : null;
  }
  if (end.sink !== null) ctx.report(codes.writeNotLast, { where: 'in a let' }, end.sink.step.verbSpan);
  const last = statement.pipeline.steps.at(-1);
  if (!statement.destructured) {
    if (end.split !== null) ctx.report(codes.splitPlace, {}, last?.span ?? statement.span);
    return;
  }
  if (parts === null) {
    if (last?.kind !== 'errorStep') ctx.report(codes.splitPlace, {}, statement.names[0]?.span ?? statement.span);
    return;
  }
  if (end.split === null) {
    if (statement.names.length === 2) return;
    const why = 'a search gives two things: the model, and the table of trials';
    ctx.report(codes.badSearch, { why }, statement.names[0]?.span ?? statement.span, {
      suggestion: { text: 'write `let { model, trials } = …`, or one name for the model' },
    });
    return;
  }
  const outputs = [...parts.keys()];
  const names = statement.names.map((name) => name.text);
  const missing = outputs.filter((name) => !names.includes(name));
  const extra = statement.names.filter((name) => !outputs.includes(name.text));
  if (extra.length === 0 && missing.length === 0) return;
  const params = { missing, extra: extra.map((name) => name.text) };
  ctx.report(codes.splitNames, params, extra[0]?.span ?? statement.names[0]?.span ?? statement.span, {
    notes: [`outputs: ${outputs.join(', ')}`],
  });
}

/** What a search gives, under the names of the let: the model first, unless they say themselves which is which. */
function tunedParts(tuned: ReadonlyMap<string, Rows>, names: readonly Ast.Name[]): ReadonlyMap<string, Rows> {
  if ([...tuned.keys()].every((output) => names.some((name) => name.text === output))) return tuned;
  const rows = [...tuned.values()];
  return new Map(names.map((name, i) => [name.text, rows[i] ?? null]));
}

export function bindPipeline(ctx: Context, pipeline: Ast.Pipeline, asValue = false): PipelineEnd {
  const { unnamed } = ctx;
  ctx.unnamed = false;
  let rows = bindFrom(ctx, pipeline.source);
  let outputs: Map<string, Rows> | null = null;
  let tuned: Map<string, Rows> | null = null;
  let sink: PipelineEnd['sink'] = null;
  for (const [i, step] of pipeline.steps.entries()) {
    const last = i === pipeline.steps.length - 1;
    ctx.unnamed = asValue && last;
    if (step.kind === 'split') {
      const made = splitRows(ctx, rows, step);
      if (last) outputs = made;
      else {
        ctx.report(codes.splitPlace, {}, step.span);
        rows = null;
      }
    } else if (step.kind === 'write') {
      const output = write(ctx, rows, step);
      if (last) sink = { output, step };
      else ctx.report(codes.writeNotLast, { where: 'before another step' }, step.verbSpan);
    } else if (step.kind === 'tune') {
      const made = tune(ctx, rows, step);
      rows = made.model;
      if (last) tuned = new Map(Object.entries(made));
    } else rows = limitDepth(ctx, bindStep(ctx, rows, step), step);
  }
  ctx.unnamed = unnamed;
  return { rows, split: outputs, tuned, sink };
}

/** Nodes one behind the other, and lets that are bound for one another. What plans and rewrites them recurses over them. */
const MAX_DEPTH = 500;

/** The rows, or unknown rows where too many steps stand behind them: reported once, as what follows from unknown rows is not. */
function limitDepth(ctx: Context, rows: Rows, step: Ast.Step): Rows {
  if (rows === null || depthOf(ctx, rows) <= MAX_DEPTH) return rows;
  ctx.report(codes.planTooDeep, { limit: MAX_DEPTH }, step.span);
  return null;
}

/** A step makes few nodes, and those before them are known. */
function depthOf(ctx: Context, node: LogicalNode): number {
  const known = ctx.depths.get(node);
  if (known !== undefined) return known;
  const depth = 1 + Math.max(0, ...node.inputs.map((input) => depthOf(ctx, input)));
  ctx.depths.set(node, depth);
  return depth;
}

function splitRows(ctx: Context, rows: Rows, step: Ast.SplitStep): Map<string, Rows> {
  let names: string[] = [];
  const made = withAllSides(ctx, () => {
    const outputs = split(ctx, rows, step);
    names = [...outputs.keys()];
    return [...outputs.values()];
  });
  return new Map(names.map((name, i) => [name, made[i] ?? null]));
}

function bindFrom(ctx: Context, from: Ast.From): Rows {
  const { relation } = from;
  if (relation.kind === 'sqlSource') {
    return bindSql(ctx, from, relation);
  }
  if (relation.kind === 'formatCall') return source(ctx, relation, from.type);
  const rows = bindRelation(ctx, relation);
  return from.type === null ? rows : declare(ctx, rows, from, from.type);
}

/** `from orders as Order`: exactly those columns, converted. */
function declare(ctx: Context, rows: Rows, from: Ast.From, type: Ast.TypeNode): Rows {
  const schema = columnsOfType(ctx, type);
  if (rows === null || schema === null) return null;
  const there = columnsByName(rows.schema);
  const outputs = schema.map((field) => {
    const has = there.get(field.name);
    if (has === undefined) {
      reportColumn(ctx, { kind: 'column', name: field.name, span: type.span }, [...there.keys()]);
      return { name: field.name, expr: { ...unknown(), type: field.type } };
    }
    const arg = column(has);
    if (!castExists(has.type, field.type)) {
      ctx.report(codes.badCast, { from: `\`${field.name}\`, ${show(arg)},`, to: show(field) }, type.span);
    }
    return {
      name: field.name,
      expr: { kind: 'cast' as const, arg, safe: false, type: field.type, nullable: field.nullable || has.nullable },
    };
  });
  return project(ctx, rows, outputs, from, 'as');
}

/** A pipeline that stands by itself: a sink, or a result to show. */
export function bindStatement(ctx: Context, pipeline: Ast.Pipeline): LogicalOutput | null {
  const end = bindPipeline(ctx, pipeline);
  if (end.split !== null) {
    ctx.report(codes.splitPlace, {}, lastStep(pipeline).span);
    return null;
  }
  if (end.sink !== null) return end.sink.output;
  return end.rows === null ? null : { kind: 'result', input: end.rows, span: spanOf(pipeline.span) };
}
