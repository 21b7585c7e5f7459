import type { Batch } from '../batch/column.ts';
import type { Expr } from '../expr.ts';
import type { Scratch } from '../memory/types.ts';
import type { Schema } from '../types.ts';
import { operands } from './gen_special.ts';
import { Kernel, type Rows } from './kernel.ts';
import { cannotFail } from './native/prefilter.ts';
import { readTextColumns } from './text_columns.ts';

/** The filter where its tests of texts are made first; null for a predicate without any, and for batches where it does not pay. */
export function textFilter(pred: Expr, input: Schema): ((batch: Batch, scratch: Scratch) => Uint32Array | null) | null {
  const texts = readTextColumns([pred], input);
  if (texts === null) return null;
  const [first, rest] = leading(texts.exprs[0] as Expr, texts.reads);
  const before = first === null ? null : new Kernel('filter', [first], input);
  const kernel = new Kernel('filter', [rest], texts.schema);
  return (batch, scratch) => {
    if (!texts.applies(batch)) return null;
    const passed = before?.select(batch, scratch) ?? null;
    const rows =
      passed === null || passed.length === batch.rows ? whole(batch) : { count: passed.length, select: passed };
    return kernel.select(texts.widen(batch, rows, scratch), scratch, rows);
  };
}

const whole = (batch: Batch): Rows => ({ count: batch.rows, select: null });

/**
 * The terms of a filter before the first one that reads a text column, to be tested before texts are looked at, and the rest. Where terms may fail the filter
 * stays whole, so that the first row that fails is the one that is told of.
 */
function leading(e: Expr, reads: (e: Expr) => boolean): [first: Expr | null, rest: Expr] {
  if (e.kind !== 'call' || e.fn !== 'and') return [null, e];
  const terms = operands(e);
  const at = terms.findIndex(reads);
  const rest = terms.slice(at);
  if (at <= 0 || !rest.every(cannotFail)) return [null, e];
  const all = (some: readonly Expr[]): Expr =>
    some.reduce((a, b): Expr => ({ kind: 'call', fn: 'and', args: [a, b], type: e.type, nullable: true }));
  return [all(terms.slice(0, at)), all(rest)];
}
