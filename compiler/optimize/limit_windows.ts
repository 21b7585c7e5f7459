import { conjuncts, type Expr } from '../../engine/expr.ts';
import type { LogicalNode, WindowCall, WindowFrame, WindowNode } from '../logical.ts';
import { inputOf, rewritePlan } from '../plan_tree.ts';
import { type Rule, withInputs } from './rule.ts';

/** `row_number() over (by k sort x) <= 3`: only the first rows of each partition are computed, and the map side of the exchange drops others. The filter itself stays. */
export const limitWindows: Rule = {
  name: 'limit windows',
  doc: 'a filter by row_number keeps only the first rows of each partition',
  apply(plan) {
    return rewritePlan(plan, (n, shared) => {
      if (n.op !== 'filter') return n;
      const below = inputOf(n);
      if (below.op !== 'window' || shared(below) || below.skip !== 0 || !below.calls.every(looksBack)) return n;
      const rows = Math.min(...conjuncts(n.predicate).map((p) => boundOf(p, below)));
      if (!Number.isFinite(rows) || (below.take !== null && below.take <= rows)) return n;
      return withInputs<LogicalNode>(n, [{ ...below, take: rows }]);
    });
  },
};

/** Its value in a row does not depend on rows behind it. */
function looksBack({ fn, frame, host }: WindowCall): boolean {
  if (host !== undefined) return endsAtRow(frame);
  if (fn === 'row_number' || fn === 'rank' || fn === 'dense_rank' || fn === 'lag') return true;
  const wholePartition = ['lead', 'percent_rank', 'cume_dist', 'ntile'].includes(fn);
  return !wholePartition && endsAtRow(frame);
}

function endsAtRow(frame: WindowFrame): boolean {
  return frame.unit === 'rows' && frame.high !== null && frame.high <= 0;
}

/** The largest row number for which the condition can be true. */
function boundOf(p: Expr, window: WindowNode): number {
  if (p.kind !== 'call' || p.args.length !== 2) return Number.POSITIVE_INFINITY;
  const [a, b] = p.args as readonly [Expr, Expr];
  if (isRowNumber(a, window)) return upTo(p.fn, b);
  const mirrored: Readonly<Record<string, string>> = { ge: 'le', gt: 'lt', eq: 'eq' };
  return isRowNumber(b, window) ? upTo(mirrored[p.fn] ?? '', a) : Number.POSITIVE_INFINITY;
}

function isRowNumber(e: Expr, window: WindowNode): boolean {
  return (
    e.kind === 'column' && window.calls.some((c) => c.name === e.name && c.fn === 'row_number' && c.host === undefined)
  );
}

function upTo(fn: string, limit: Expr): number {
  if (limit.kind !== 'literal' || typeof limit.value !== 'number') return Number.POSITIVE_INFINITY;
  if (fn === 'le' || fn === 'eq') return Math.max(0, Math.floor(limit.value));
  return fn === 'lt' ? Math.max(0, Math.ceil(limit.value) - 1) : Number.POSITIVE_INFINITY;
}
