/** `map` and `map_batches`: rows through a function of the host language. */

import type { LiteralExpr, NamedExpr } from '../../../engine/expr.ts';
import type { HostShape } from '../../../engine/host/def.ts';
import { rowType } from '../../../engine/host/def.ts';
import { type DataType, type Field, formatType, T, type Typed } from '../../../engine/types.ts';
import type * as Ast from '../../../grammar/ast.ts';
import { suggest } from '../../../grammar/suggest.ts';
import { codes } from '../../diagnostics.ts';
import type { LogicalNode } from '../../logical.ts';
import { castTo, fitsParam } from '../casts.ts';
import type { Context, Rows } from '../context.ts';
import { column } from '../exprs.ts';
import { type HostEntry, hostFunction, mapTypes } from '../host.ts';
import { show } from '../invoke.ts';
import { base, columnsByName, project } from '../nodes.ts';
import { columnsOfType } from '../resolve_sources.ts';
import { reportColumn } from '../scope.ts';

/** The function is given the columns that its parameter states, or all; its rows are what `as` states, or its result. */
export function map(ctx: Context, input: Rows, step: Ast.MapStep): Rows {
  const name = step.fn.text;
  const verb = step.batches ? 'map_batches' : 'map';
  const stated = step.type === null ? undefined : columnsOfType(ctx, step.type);
  const entry = ctx.declared.host.get(name);
  if (entry === undefined) return unknownFunction(ctx, step);
  if (entry.found.kind === 'object') {
    ctx.report(codes.hostShape, { name, what: 'an aggregate', where: `behind ${verb}` }, step.fn.span);
    return null;
  }
  const types = mapTypes(ctx, entry, step.batches);
  if (types === null || stated === null) return null;
  const schema = stated ?? (types.result === null ? null : (rowType(types.result.type)?.fields ?? null));
  if (schema === null) return reportSchema(ctx, entry, step, types.result);
  if (input === null) return null;
  const rows = narrow(ctx, input, types.row, step);
  if (rows === null) return null;
  const shape: HostShape = step.batches ? 'batches' : 'rows';
  // A null where the function takes none is an error of the run.
  const row: Typed = { type: types.row ?? T.struct(rows.schema), nullable: false };
  const result: Typed = { type: T.struct(schema), nullable: true };
  const params = [{ ...row, name: 'row', bigint: false, optional: false }];
  const fn = hostFunction(ctx, entry, { params, result }, shape, 1);
  return { ...base(ctx, schema, [rows], step, `${verb} ${name}`), op: 'map', fn };
}

/** The columns of the parameter, in its types. A field that may be null is nullable for the function whatever the column is. */
function narrow(ctx: Context, input: LogicalNode, row: DataType | null, step: Ast.MapStep): LogicalNode | null {
  if (row === null) return input;
  if (row.kind !== 'struct') {
    ctx.report(
      codes.hostShape,
      { name: step.fn.text, what: `a function of ${formatType(row)}`, where: 'where rows go through it' },
      step.fn.span,
    );
    return null;
  }
  const there = columnsByName(input.schema);
  let fine = true;
  const outputs = row.fields.flatMap((field): NamedExpr[] => {
    const has = there.get(field.name);
    if (has === undefined && field.nullable) return [{ name: field.name, expr: nothing(field) }];
    if (has === undefined) {
      reportColumn(ctx, { kind: 'column', name: field.name, span: step.fn.span }, [...there.keys()]);
      fine = false;
      return [];
    }
    if (!fitsParam(has.type, field.type)) {
      const expected = formatType(field.type, field.nullable);
      const what = `\`${field.name}\` of the rows that ${step.fn.text} takes`;
      ctx.report(codes.wrongType, { what, expected, found: show(has) }, step.fn.span);
      fine = false;
    }
    return [
      { name: field.name, expr: { ...castTo(column(has), field.type), nullable: field.nullable || has.nullable } },
    ];
  });
  if (!fine) return null;
  return project(ctx, input, outputs, step, 'map');
}

function nothing(field: Field): LiteralExpr {
  return { kind: 'literal', type: field.type, nullable: true, value: null };
}

function unknownFunction(ctx: Context, step: Ast.MapStep): null {
  const name = step.fn.text;
  if (ctx.declared.opaque.has(name)) return null;
  const names = [...ctx.declared.host.keys()];
  const near = suggest(name, names);
  ctx.report(codes.unknownFunction, { name }, step.fn.span, {
    notes: [
      names.length === 0
        ? 'a function of JavaScript or TypeScript is brought in by `use`'
        : `functions that \`use\` brings in: ${names.join(', ')}`,
    ],
    suggestion: near === null ? undefined : { text: `did you mean \`${near}\`?`, replacement: near },
  });
  return null;
}

function reportSchema(ctx: Context, { path }: HostEntry, step: Ast.MapStep, result: Typed | null): null {
  const name = step.fn.text;
  const at = { ...step.span, start: step.span.end };
  ctx.report(codes.typesUnknown, { name, path }, step.fn.span, {
    notes: result === null ? [] : [`its result is ${formatType(result.type, result.nullable)}, which is no row`],
    suggestion: {
      text: 'state the columns that it gives: `as { id: int, score: float }`',
      replacement: ' as { id: int, score: float }',
      span: at,
    },
  });
  return null;
}
