import { valueReader } from '../batch/access.ts';
import type { Batch, Column } from '../batch/column.ts';
import { columnsOf, type Expr, type LiteralValue, type NamedExpr } from '../expr.ts';
import { heapScratch } from '../memory/heap_scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { Field, Schema } from '../types.ts';
import type { Slot } from './gen.ts';
import { Kernel, nativeServices, type Rows } from './kernel.ts';
import { type Compilers, hasLambda, hoistFilterLambdas, hoistLambdas, onRows, type RowFilter } from './lambdas.ts';
import { type Gain, NativeFold } from './native/fold.ts';
import type { FoldTerm } from './native/fold_module.ts';
import { measure } from './nodes.ts';
import { readPaths } from './paths.ts';
import { readTextColumns, type TextColumns } from './text_columns.ts';
import { textFilter } from './text_filter.ts';
import { evaluate, unitsOf } from './units.ts';

/**
 * Typed expressions to JavaScript over columns. Each compiled form is generated for the physical forms and null patterns that its batches come in,
 * when they come. Errors of the data are RunErrors that carry the span of the expression, the value and the row within the batch.
 */

/** `kept` is told which rows have passed the filter, in order; null: all of them. */
export type Projection = (batch: Batch, scratch: Scratch, kept?: (rows: Uint32Array | null) => void) => Batch;
export type Filter = RowFilter;

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
    if (!hasLambda(pred)) return filterOf(pred, input);
    const hoisted = hoistFilterLambdas(pred, input, COMPILERS);
    const filter = filterOf(hoisted.exprs[0] as Expr, hoisted.schema);
    return (batch, scratch) => filter(hoisted.widen(batch, scratch), scratch);
  });
}

function filterOf(pred: Expr, input: Schema): Filter {
  const paths = readPaths([pred], input);
  const kernel = new Kernel('filter', paths.exprs, paths.schema);
  const byText = textFilter(paths.exprs[0] as Expr, paths.schema);
  return (batch, scratch) => {
    const wide = paths.widen(batch, scratch);
    return byText?.(wide, scratch) ?? kernel.select(wide, scratch);
  };
}

/**
 * A batch of the outputs, in order, over the rows that pass the filter. Columns passed through are not copied when no row is dropped;
 * otherwise everything lies in scratch. A batch may come out with 0 rows.
 */
export function compileProjection(filter: Expr | null, outputs: readonly NamedExpr[], input: Schema): Projection {
  const known = projections.get(outputs);
  if (known !== undefined && known.filter === filter && known.input === input) return known.project;
  if (filter !== null) measure(filter);
  for (const o of outputs) measure(o.expr);
  const project = cached(keyOf('project', filter, outputs, input), () => makeProjection(filter, outputs, input));
  projections.set(outputs, { filter, input, project });
  return project;
}

/** By the outputs themselves: the tasks of a stage have the same, and text of a plan takes long to make. */
const projections = new WeakMap<
  readonly NamedExpr[],
  { readonly filter: Expr | null; readonly input: Schema; readonly project: Projection }
>();

function makeProjection(filter: Expr | null, outputs: readonly NamedExpr[], input: Schema): Projection {
  const select = filter === null ? null : compileFilter(filter, input);
  const compute = columnsFrom(
    outputs.map((o) => o.expr),
    input,
  );
  const schema: Schema = outputs.map((o) => ({ name: o.name, type: o.expr.type, nullable: o.expr.nullable }));
  return (batch, scratch, kept) => {
    const passed = select === null ? null : select(batch, scratch);
    const count = passed === null ? batch.rows : passed.length;
    const rows = { count, select: count === batch.rows ? null : passed };
    kept?.(rows.select);
    return { schema, rows: count, columns: compute(batch, rows, scratch) };
  };
}

/**
 * What each term gains by a batch: `filter` and the arguments of the terms are computed by native code, in one pass. `gains` is null for a batch that has to be
 * projected. null: the expressions are none for native code.
 */
export function compileFold(filter: Expr | null, terms: readonly FoldTerm[], input: Schema): BatchFold | null {
  return cached(keyOf('fold', filter, terms, input), () => ({ fold: makeFold(filter, terms, input) })).fold;
}

export interface BatchFold {
  gains(batch: Batch, scratch: Scratch): Gain[] | null;
  leave(): void;
  /** Why native code leaves it, over columns as `slotOf` takes them to come; null where it does not. */
  reason(slotOf: (field: Field) => Slot): string | null;
}

function makeFold(filter: Expr | null, terms: readonly FoldTerm[], input: Schema): BatchFold | null {
  const exprs = [...(filter === null ? [] : [filter]), ...terms.flatMap((t) => (t.arg === null ? [] : [t.arg]))];
  for (const e of exprs) measure(e);
  if (exprs.some(hasLambda)) return null;
  const paths = readPaths(exprs, input);
  const read = paths.exprs.values();
  const next = (e: Expr | null): Expr | null => (e === null ? null : (read.next().value as Expr));
  const condition = next(filter);
  const wanted = terms.map((t) => ({ ...t, arg: next(t.arg) }));
  const used = new Set<string>();
  for (const e of paths.exprs) columnsOf(e, used);
  const names = [...used];
  const at = names.map((name) => paths.schema.findIndex((f) => f.name === name));
  const native = new NativeFold(condition, wanted, names, paths.schema, nativeServices(paths.schema));
  return {
    gains: (batch, scratch) => {
      const wide = paths.widen(batch, scratch);
      return native.gains(
        at.map((k) => wide.columns[k] as Column),
        batch.rows,
        scratch,
      );
    },
    leave: () => native.leave(),
    reason: (slotOf) => native.reason(at.map((k) => slotOf(paths.schema[k] as Field))),
  };
}

type RowsComputation = (batch: Batch, rows: Rows, scratch: Scratch) => Column[];

/** One column an expression, over some rows of a batch. */
function columnsFrom(exprs: readonly Expr[], input: Schema): RowsComputation {
  if (!exprs.some(hasLambda)) return unitsFrom(exprs, input);
  const hoisted = hoistLambdas(exprs, input, COMPILERS);
  const compute = unitsFrom(hoisted.exprs, hoisted.schema);
  const used = new Set<string>();
  for (const e of exprs) columnsOf(e, used);
  const whole = (batch: Batch, scratch: Scratch): Column[] =>
    compute(hoisted.widen(batch, scratch), { count: batch.rows, select: null }, scratch);
  return (batch, { count, select }, scratch) =>
    select === null
      ? whole(batch, scratch)
      : onRows(batch, select.subarray(0, count), used, scratch, (some) => whole(some, scratch));
}

function unitsFrom(exprs: readonly Expr[], input: Schema): RowsComputation {
  const paths = readPaths(exprs, input);
  const units = unitsOf(paths.exprs, paths.schema);
  const texts = readTextColumns(paths.exprs, paths.schema);
  const unitsByText = texts === null ? units : unitsOf(texts.exprs, texts.schema);
  return (batch, rows, scratch) => {
    const columns = new Array<Column>(exprs.length);
    const plain = paths.widen(batch, scratch);
    const byText = texts?.applies(plain) === true;
    const wide = byText ? (texts as TextColumns).widen(plain, rows, scratch) : plain;
    for (const unit of byText ? unitsByText : units) {
      const made = unit.run(wide, rows, scratch);
      unit.outputs.forEach((at, k) => {
        columns[at] = made[k] as Column;
      });
    }
    return columns;
  };
}

/** What the parts of expressions with lambdas are compiled by. */
const COMPILERS: Compilers = {
  filter: compileFilter,
  compute: (exprs, input) => {
    const compute = columnsFrom(exprs, input);
    return (batch, scratch) => compute(batch, { count: batch.rows, select: null }, scratch);
  },
};

/** The value of an expression without columns. Throws RunError where evaluating it fails. */
export function evaluateConstant(expr: Expr): LiteralValue {
  if (!hasLambda(expr)) return evaluate(expr);
  measure(expr);
  const [column] = COMPILERS.compute([expr], [])({ schema: [], rows: 1, columns: [] }, heapScratch());
  return valueReader(column as Column)(0);
}
