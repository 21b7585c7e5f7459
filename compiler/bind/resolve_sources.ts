import { resolve as resolvePath } from 'node:path';
import { RunError } from '../../engine/errors.ts';
import { STDIN } from '../../engine/formats/files.ts';
import { formatType, type Schema } from '../../engine/types.ts';
import type { FormatCall, Node, TypeNode } from '../../grammar/ast.ts';
import { walk } from '../../grammar/walk.ts';
import { codes } from '../diagnostics.ts';
import { isAllowed, isPatternAllowed } from './access.ts';
import type { Context, ResolvedSource } from './context.ts';
import { type CheckedFormat, checkFormat } from './formats.ts';
import { bindType } from './types.ts';

/** Finds the schemas of all sources in parts of the file, at the same time, so that pipelines can be bound without waiting. */
export async function resolveSources(ctx: Context, roots: readonly Node[]): Promise<void> {
  const waiting: Promise<void>[] = [];
  const add = (node: FormatCall, type: TypeNode | null): void => {
    // A call of a function is no file; what a broken `use` brings in is reported there.
    const { host, opaque } = ctx.declared;
    if (host.has(node.format.text) || opaque.has(node.format.text)) return;
    ctx.sources.set(node, null);
    const checked = checkFormat(ctx, node, 'read');
    const declared = type === null ? null : columnsOfType(ctx, type);
    if (checked === null || (type !== null && declared === null)) return;
    waiting.push(resolve(ctx, node, checked, declared));
  };
  const look = (node: Node): void => {
    if (node.kind === 'from' && node.relation.kind === 'formatCall') add(node.relation, node.type);
    if (node.kind === 'join' && node.relation.kind === 'formatCall') add(node.relation, null);
    if ((node.kind === 'predict' || node.kind === 'evaluate') && node.model.kind === 'formatCall')
      add(node.model, null);
    if (node.kind === 'setStep') {
      for (const relation of node.relations) if (relation.kind === 'formatCall') add(relation, null);
    }
  };
  for (const root of roots) walk(root, look);
  await Promise.all(waiting);
}

async function resolve(ctx: Context, node: FormatCall, checked: CheckedFormat, declared: Schema | null): Promise<void> {
  const { format, path, options, pathSpan } = checked;
  try {
    if (!isPatternAllowed(ctx, path, pathSpan)) return;
    const paths = await ctx.catalog.paths(path, ctx.cwd);
    for (const one of paths) {
      if (!isAllowed(ctx, 'read', fromProcess(one), one, pathSpan)) return;
    }
    const display = typeof path === 'string' ? path : path.join(', ');
    const spec = { paths, display, options, span: node.span };
    const schema = declared ?? (await ctx.catalog.infer(format.name, spec));
    const source: ResolvedSource = { format: format.name, source: { ...spec, schema, declared: declared !== null } };
    const [first] = paths;
    if (format.name === 'model' && first !== undefined) ctx.models.set(source.source, await ctx.catalog.model(first));
    ctx.sources.set(node, source);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    const { row, column, value } = error.where;
    const notes = [
      ...(row === undefined ? [] : [`row ${row}`]),
      ...(column === undefined ? [] : [`column ${column}`]),
      ...(value === undefined ? [] : [`value: ${value}`]),
    ];
    ctx.report(codes.unreadable, { why: error.message }, pathSpan, {
      notes,
      suggestion: error.hint === undefined ? undefined : { text: error.hint },
    });
  }
}

/** What the catalog gives is relative to the process's folder, whatever folder the flow's paths start in. */
function fromProcess(path: string): string {
  return path === STDIN ? path : resolvePath(path);
}

/** The columns that `as Order` or `as { … }` states; null when it states none, which is reported. */
export function columnsOfType(ctx: Context, node: TypeNode): Schema | null {
  const typed = bindType(ctx, node, {
    text: 'behind `as` stand the columns of a source; a name for rows is given by `let`, and by `as` in a join',
  });
  if (typed === null) return null;
  if (typed.type.kind === 'struct' && !typed.nullable && typed.type.fields.length > 0) return typed.type.fields;
  ctx.report(codes.notASchema, { type: formatType(typed.type, typed.nullable) }, node.span);
  return null;
}
