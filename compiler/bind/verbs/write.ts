import { resolve } from 'node:path';
import type { SortKey } from '../../../engine/expr.ts';
import { canPartition } from '../../../engine/formats/hive.ts';
import { formatType } from '../../../engine/types.ts';
import type * as Ast from '../../../grammar/ast.ts';
import { suggest } from '../../../grammar/suggest.ts';
import { codes } from '../../diagnostics.ts';
import type { LogicalNode, LogicalOutput } from '../../logical.ts';
import type { Context, Rows } from '../context.ts';
import { column } from '../exprs.ts';
import { checkFormat } from '../formats.ts';
import { base, columnsByName, spanOf, text } from '../nodes.ts';
import { listNames } from '../scope.ts';

/** The sink, and the place where its path stands; null when something is wrong with it or with its rows. */
export function write(ctx: Context, input: Rows, step: Ast.WriteStep): LogicalOutput | null {
  const checked = checkFormat(ctx, step.target, 'write');
  if (checked === null) return null;
  const { format, path, pathSpan, options } = checked;
  if (typeof path !== 'string') {
    ctx.report(codes.badPath, { format: format.name, why: 'writes one path' }, pathSpan);
    return null;
  }
  if (input === null) return null;
  const rows = partitioned(ctx, input, step, path, options.partition_by);
  if (rows === null) return null;
  return {
    kind: 'sink',
    input: rows,
    format: format.name,
    path: fromFolder(ctx, path),
    options,
    span: spanOf(step.span),
  };
}

/** The rows in the order of their folders, and as they were within each; null when they cannot be put into folders. */
function partitioned(ctx: Context, input: LogicalNode, step: Ast.WriteStep, path: string, by: unknown): Rows {
  if (!Array.isArray(by)) return input;
  const node = step.target.args.find((arg) => arg.name?.text === 'partition_by')?.value ?? step.target;
  const fail = (why: string): null => {
    ctx.report(codes.badPartition, { why }, node.span);
    return null;
  };
  const names = by as readonly string[];
  if (names.length === 0) return fail('`partition_by` names at least one column');
  if (path === '-') return fail('folders cannot be written to standard output');
  const columns = columnsByName(input.schema);
  const keys: SortKey[] = [];
  for (const [i, name] of names.entries()) {
    const span = node.kind === 'list' ? (node.items[i]?.span ?? node.span) : node.span;
    const field = columns.get(name);
    if (field === undefined) {
      const near = suggest(name, [...columns.keys()]);
      ctx.report(codes.unknownColumn, { name }, span, {
        notes: [listNames('columns', [...columns.keys()])],
        suggestion:
          near === null ? undefined : { text: `did you mean \`${near}\`?`, replacement: JSON.stringify(near) },
      });
      return null;
    }
    if (names.indexOf(name) < i) return fail(`\`${name}\` stands in \`partition_by\` twice`);
    if (!canPartition(field.type))
      return fail(`\`${name}\` is ${formatType(field.type)}, whose values do not make folders`);
    keys.push({ expr: column(field), desc: false, nullsFirst: false });
  }
  if (names.length === input.schema.length) return fail('`partition_by` leaves no column for the files');
  const label = `partition by ${text(names)}`;
  return { ...base(ctx, input.schema, [input], step, label), op: 'sort', keys, limit: null };
}

/** As written, unless the folder that paths are relative to is another than the process's. */
export function fromFolder(ctx: Context, path: string): string {
  return path === '-' || ctx.cwd === process.cwd() ? path : resolve(ctx.cwd, path);
}
