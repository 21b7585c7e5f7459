import { resolve } from 'node:path';
import type * as Ast from '../../../grammar/ast.ts';
import { codes } from '../../diagnostics.ts';
import type { LogicalOutput } from '../../logical.ts';
import type { Context, Rows } from '../context.ts';
import { checkFormat } from '../formats.ts';
import { spanOf } from '../nodes.ts';

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
  return { kind: 'sink', input, format: format.name, path: fromFolder(ctx, path), options, span: spanOf(step.span) };
}

/** As written, unless the folder that paths are relative to is another than the process's. */
export function fromFolder(ctx: Context, path: string): string {
  return path === '-' || ctx.cwd === process.cwd() ? path : resolve(ctx.cwd, path);
}
