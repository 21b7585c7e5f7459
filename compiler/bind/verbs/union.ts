import { commonTypeOf } from '../../../engine/functions/types.ts';
import { type Field, formatType, type Schema, schemaEquals } from '../../../engine/types.ts';
import type * as Ast from '../../../grammar/ast.ts';
import { codes } from '../../diagnostics.ts';
import type { LogicalNode } from '../../logical.ts';
import { castTo } from '../casts.ts';
import type { Context, Rows } from '../context.ts';
import { column, literal, UNKNOWN } from '../exprs.ts';
import { base, columnsByName, project } from '../nodes.ts';
import { distinctBy } from './rows.ts';
import { byCounts } from './set_counts.ts';

interface Part {
  readonly rows: LogicalNode;
  readonly span: Ast.Span;
  readonly name: string;
}

/**
 * Columns are matched by name, and take the order of the first relation. With `by name`, a column that one side does not have is null there; otherwise that is an
 * error. `union` keeps all rows unless `distinct` is written, `except` and `intersect` give each row once unless `all` is written.
 */
export function setStep(ctx: Context, input: Rows, step: Ast.SetStep): Rows {
  const relations = step.relations.map((relation) => ({ relation, rows: ctx.relation(relation) }));
  const parts: Part[] =
    input === null ? [] : [{ rows: input, span: step.verbSpan, name: `what stands before \`${step.op}\`` }];
  for (const { relation, rows } of relations) {
    if (rows !== null) parts.push({ rows, span: relation.span, name: relationName(relation) });
  }
  const whole = parts.length === relations.length + 1;
  const target = commonSchema(ctx, step, parts);
  if (!whole || target === null) return whole ? input : null;
  const label = `${step.op} ${parts
    .slice(1)
    .map((part) => part.name)
    .join(', ')}`;
  const inputs = parts.map(({ rows }) => conform(ctx, rows, target, step, label));
  if (step.op !== 'union') return byCounts(ctx, inputs, target, step, label);
  const node: LogicalNode = { ...base(ctx, target, inputs, step, label), op: 'union' };
  return step.quantifier === 'distinct' ? distinctBy(ctx, node, null, step, label) : node;
}

function relationName(relation: Ast.Relation): string {
  if (relation.kind === 'relationName') return `\`${relation.name}\``;
  return relation.kind === 'formatCall' ? relation.format.text : 'this pipeline';
}

function commonSchema(ctx: Context, step: Ast.SetStep, parts: readonly Part[]): Schema | null {
  const [first] = parts;
  if (first === undefined) return null;
  const names = [...new Set(parts.flatMap((part) => part.rows.schema.map((f) => f.name)))];
  if (!step.byName && !sameColumns(ctx, parts, first)) return null;
  const out: Field[] = [];
  for (const name of names) {
    const fields = parts.map((part) => part.rows.schema.find((f) => f.name === name));
    const present = fields.filter((f) => f !== undefined);
    if (present.some((f) => f.type === UNKNOWN)) return null;
    const type = commonTypeOf(present.map((f) => f.type));
    if (type === null) {
      const types = present.map((f) => formatType(f.type));
      const odd = fields.findIndex((f) => f !== undefined && formatType(f.type) !== types[0]);
      const span = parts[odd]?.span ?? step.span;
      ctx.report(
        codes.noCommonType,
        { what: `the columns \`${name}\` of this union`, types: [...new Set(types)] },
        span,
      );
      return null;
    }
    out.push({ name, type, nullable: present.length < fields.length || present.some((f) => f.nullable) });
  }
  return out;
}

function sameColumns(ctx: Context, parts: readonly Part[], first: Part): boolean {
  const wanted = columnsByName(first.rows.schema);
  let same = true;
  for (const part of parts.slice(1)) {
    const there = columnsByName(part.rows.schema);
    const missing = [...wanted.keys()].filter((name) => !there.has(name));
    const extra = [...there.keys()].filter((name) => !wanted.has(name));
    if (missing.length === 0 && extra.length === 0) continue;
    same = false;
    const params = missing.length > 0 ? { missing, relation: part.name } : { missing: extra, relation: first.name };
    const also =
      missing.length > 0 && extra.length > 0
        ? [`${part.name} also has ${extra.join(', ')}, which ${first.name} has not`]
        : [];
    ctx.report(codes.unionColumns, params, part.span, {
      notes: also,
      suggestion: { text: 'select the columns that both have, or write `union by name` to fill with null' },
    });
  }
  return same;
}

function conform(ctx: Context, rows: LogicalNode, target: Schema, step: Ast.SetStep, label: string): LogicalNode {
  if (schemaEquals(rows.schema, target)) return rows;
  const there = columnsByName(rows.schema);
  const outputs = target.map((f) => {
    const field = there.get(f.name);
    const expr = field === undefined ? literal(f.type, null) : castTo(column(field), f.type);
    return { name: f.name, expr: { ...expr, nullable: f.nullable } };
  });
  return project(ctx, rows, outputs, step, label);
}
