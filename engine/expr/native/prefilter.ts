import { type Expr, exprChildren } from '../../expr.ts';
import { operands } from '../gen_special.ts';

/** Functions that give a result for every value of their types. */
const SURE = new Set(
  'eq ne lt le gt ge is isnot and or not like contains starts_with ends_with lower upper trim length coalesce'.split(
    ' ',
  ),
);

/** Whether every value of its columns has a result. */
export function cannotFail(e: Expr): boolean {
  if (e.kind === 'cast' || e.kind === 'host' || (e.kind === 'call' && !SURE.has(e.fn))) return false;
  return exprChildren(e).every(cannotFail);
}

/**
 * A predicate that is true wherever `e` is or fails, of those terms of the filter that native code computes; null when there is none.
 * A term that may fail before its turn must not be skipped: only terms with nothing of the kind before them count.
 */
export function prefilterOf(e: Expr, computable: (term: Expr) => boolean): Expr | null {
  if (e.kind !== 'call' || e.fn !== 'and') return null;
  const terms: Expr[] = [];
  for (const term of operands(e)) {
    if (computable(term)) terms.push(term);
    else if (!cannotFail(term)) break;
  }
  if (terms.length === 0) return null;
  const base = { type: e.type, nullable: true };
  return terms.reduce((a, b): Expr => ({ ...base, kind: 'call', fn: 'and', args: [a, b] }));
}
