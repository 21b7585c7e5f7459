import type { Batch, Column } from '../batch/column.ts';
import type { Expr, LiteralValue, NamedExpr } from '../expr.ts';
import type { Scratch } from '../memory/types.ts';
import type { Schema } from '../types.ts';
import { Kernel } from './kernel.ts';
import { measure } from './nodes.ts';
import { readPaths } from './paths.ts';
import { evaluate, unitsOf } from './units.ts';

/**
 * Typed expressions to JavaScript over columns. Each compiled form is generated for the physical forms and null patterns that its batches come in,
 * when they come. Errors of the data are RunErrors that carry the span of the expression, the value and the row within the batch.
 */

export type Projection = (batch: Batch, scratch: Scratch) => Batch;
/** Numbers of the rows where the predicate is true, ascending; null and false are left out. Lies in scratch. */
export type Filter = (batch: Batch, scratch: Scratch) => Uint32Array;

/** Compiled forms kept by a thread. */
const KEPT = 256;
const cache = new Map<string, unknown>();

function cached<V>(key: string, make: () => V): V {
  const known = cache.get(key);
  if (known !== undefined) return known as V;
  const made = make();
  if (cache.size >= KEPT) cache.delete(cache.keys().next().value as string);
  cache.set(key, made);
  return made;
}

/** Plain data as text that differs where the data does. */
function keyOf(...parts: readonly unknown[]): string {
  return JSON.stringify(parts, (_, v: unknown) => {
    if (typeof v === 'bigint') return `${v}n`;
    if (typeof v === 'number' && (!Number.isFinite(v) || Object.is(v, -0))) return `#${Object.is(v, -0) ? '-0' : v}`;
    if (typeof v === 'string') return `"${v}`;
    return v instanceof Uint8Array ? { bytes: [...v] } : v;
  });
}

export function compileFilter(pred: Expr, input: Schema): Filter {
  measure(pred);
  return cached(keyOf('filter', pred, input), () => {
    const paths = readPaths([pred], input);
    const kernel = new Kernel('filter', paths.exprs, paths.schema);
    return (batch, scratch) => kernel.select(paths.widen(batch, scratch), scratch);
  });
}

/**
 * A batch of the outputs, in order, over the rows that pass the filter. Columns passed through are not copied when no row is dropped;
 * otherwise everything lies in scratch. A batch may come out with 0 rows.
 */
export function compileProjection(filter: Expr | null, outputs: readonly NamedExpr[], input: Schema): Projection {
  if (filter !== null) measure(filter);
  for (const o of outputs) measure(o.expr);
  return cached(keyOf('project', filter, outputs, input), () => makeProjection(filter, outputs, input));
}

function makeProjection(filter: Expr | null, outputs: readonly NamedExpr[], input: Schema): Projection {
  const select = filter === null ? null : compileFilter(filter, input);
  const paths = readPaths(
    outputs.map((o) => o.expr),
    input,
  );
  const units = unitsOf(paths.exprs, paths.schema);
  const schema: Schema = outputs.map((o) => ({ name: o.name, type: o.expr.type, nullable: o.expr.nullable }));
  return (batch, scratch) => {
    const passed = select === null ? null : select(batch, scratch);
    const count = passed === null ? batch.rows : passed.length;
    const rows = { count, select: count === batch.rows ? null : passed };
    const columns = new Array<Column>(outputs.length);
    const wide = paths.widen(batch, scratch);
    for (const unit of units) {
      const made = unit.run(wide, rows, scratch);
      unit.outputs.forEach((at, k) => {
        columns[at] = made[k] as Column;
      });
    }
    return { schema, rows: count, columns };
  };
}

/** The value of an expression without columns. Throws RunError where evaluating it fails. */
export function evaluateConstant(expr: Expr): LiteralValue {
  return evaluate(expr);
}
