import type { Span } from '../../grammar/ast.ts';
import { walk } from '../../grammar/walk.ts';
import type { Context } from '../bind/context.ts';
import { codes } from '../diagnostics.ts';
import type { LogicalPlan } from '../logical.ts';
import { neededColumns } from '../optimize/prune_columns.ts';
import { topological } from '../plan_tree.ts';

/** Columns that a `derive` computes, and that neither a step nor a result reads. */
export function lintColumns(ctx: Context, plan: LogicalPlan): void {
  const items = derivedItems(ctx);
  const read = new Set<string>();
  const computed = new Map<string, Derived>();
  const needed = neededColumns(plan);
  for (const node of topological(plan)) {
    if (node.op !== 'project') continue;
    for (const { name, expr } of node.outputs) {
      const span = expr.span;
      const item = span === undefined ? undefined : items.get(keyOf(span));
      if (item === undefined || item.name !== name) continue;
      computed.set(keyOf(item.span), item);
      // Rows of one let may be needed in one place and not in another.
      if (needed.get(node.id)?.has(name)) read.add(keyOf(item.span));
    }
  }
  for (const [key, { name, span, whole }] of computed) {
    if (read.has(key)) continue;
    const fix = whole === null ? {} : { replacement: '', span: whole };
    ctx.report(codes.unusedColumn, { name }, span, { suggestion: { text: 'leave it out', ...fix } });
  }
}

interface Derived {
  readonly name: string;
  /** Of the name. */
  readonly span: Span;
  /** Of the item with a comma beside it; null for the only one of its step. */
  readonly whole: Span | null;
}

const keyOf = ({ file, start, end }: Span): string => `${file} ${start} ${end}`;

/** Items of `derive` by the place of their expressions. */
function derivedItems(ctx: Context): Map<string, Derived> {
  const items = new Map<string, Derived>();
  walk(ctx.file, (node) => {
    if (node.kind !== 'derive') return;
    for (const [i, { name, value, span }] of node.items.entries()) {
      if (name === null || name.span.end === 0) continue;
      const [before, next] = [node.items[i - 1], node.items[i + 1]];
      const whole =
        next !== undefined
          ? { ...span, end: next.span.start }
          : before !== undefined
            ? { ...span, start: before.span.end }
            : null;
      items.set(keyOf(value.span), { name: name.text, span: name.span, whole });
    }
  });
  return items;
}
