import { type Refusal, refusalText } from '../../engine/access.ts';
import type { Span } from '../../grammar/ast.ts';
import { codes } from '../diagnostics.ts';
import type { Context } from './context.ts';

/** Whether the file may be used; that it may not is reported. */
export function isAllowed(ctx: Context, kind: 'read' | 'write', path: string, written: string, span: Span): boolean {
  return !reportRefusal(ctx, ctx.access.refuse(kind, path, ctx.cwd), written, span);
}

/** The same of a path, a glob or a list of them, before they are looked up. */
export function isPatternAllowed(ctx: Context, pattern: string | readonly string[], span: Span): boolean {
  const refused = ctx.access.refusePattern(pattern, ctx.cwd);
  return !reportRefusal(ctx, refused, refused?.path ?? '', span);
}

function reportRefusal(ctx: Context, refused: Refusal | null, written: string, span: Span): boolean {
  if (refused === null) return false;
  const { message, note, help } = refusalText({ ...refused, path: written });
  ctx.report(codes.notAllowed, { message }, span, { notes: [note], suggestion: { text: help } });
  return true;
}
