import { nullColumn } from '../batch/build.ts';
import type { Batch, Column } from '../batch/column.ts';
import { concatColumns } from '../batch/concat.ts';
import { gatherColumn, NO_ROW } from '../batch/gather.ts';
import { flatten } from '../batch/lists.ts';
import { sliceColumn } from '../batch/slice.ts';
import { EngineBug, RunError } from '../errors.ts';
import {
  type CallExpr,
  columnsOf,
  type Expr,
  exprChildren,
  type LambdaExpr,
  rewriteExpr,
  withChildren,
} from '../expr.ts';
import type { Scratch } from '../memory/types.ts';
import { type Field, type Schema, T } from '../types.ts';
import { LAMBDA_CALLS, type LambdaCall } from './lambda_calls.ts';
import { idOf } from './nodes.ts';
import { readPaths } from './paths.ts';

/** Numbers of the rows where the predicate is true, ascending; null and false are left out. Lies in scratch. */
export type RowFilter = (batch: Batch, scratch: Scratch) => Uint32Array;

/** All rows of a batch, one column an expression. */
export type Computation = (batch: Batch, scratch: Scratch) => Column[];

/** What expressions that hold lambdas are made of: compilers of those that do not, or of the parts of those that do. */
export interface Compilers {
  compute(exprs: readonly Expr[], schema: Schema): Computation;
  filter(predicate: Expr, schema: Schema): RowFilter;
}

/**
 * Calls that take lambdas, computed before the expressions they stand in: over all items of a batch at once, by code for the body alone. The expressions are
 * rewritten to read them as columns, and each batch is widened by these.
 */
export interface Hoisted {
  readonly exprs: readonly Expr[];
  readonly schema: Schema;
  widen(batch: Batch, scratch: Scratch): Batch;
}

interface Call {
  readonly field: Field;
  /** The rows it is computed for, over the columns before it; null: all. */
  readonly guard: Expr | null;
  readonly e: CallExpr;
}

/** The calls found, each once, in the order in which they need one another. */
class Calls {
  readonly list: Call[] = [];
  /** Columns of the input: names made from it differ from those made around, whose input was smaller. */
  private readonly width: number;

  constructor(width: number) {
    this.width = width;
  }

  column(e: CallExpr, guard: Expr | null): Expr {
    const wider = (c: Call): boolean => c.guard === null || (guard !== null && idOf(c.guard) === idOf(guard));
    const same = this.list.find((c) => idOf(c.e) === idOf(e) && wider(c));
    const name = same?.field.name ?? `\0lambda ${this.width + this.list.length}`;
    if (same === undefined) this.list.push({ field: { name, type: e.type, nullable: true }, guard, e });
    return { kind: 'column', name, type: e.type, nullable: true, span: e.span };
  }
}

export function hasLambda(e: Expr): boolean {
  return e.kind === 'lambda' || exprChildren(e).some(hasLambda);
}

export function hoistLambdas(exprs: readonly Expr[], input: Schema, compilers: Compilers): Hoisted {
  const calls = new Calls(input.length);
  return widened(
    exprs.map((e) => hoist(e, null, calls)),
    calls,
    input,
    compilers,
  );
}

/** As hoistLambdas for a filter, of which terms behind one that is not true are not evaluated. */
export function hoistFilterLambdas(predicate: Expr, input: Schema, compilers: Compilers): Hoisted {
  const calls = new Calls(input.length);
  return widened([hoistTerms(predicate, null, calls)], calls, input, compilers);
}

function hoistTerms(e: Expr, guard: Expr | null, calls: Calls): Expr {
  if (e.kind !== 'call' || e.fn !== 'and') return hoist(e, guard, calls);
  let reached = guard;
  const terms = e.args.map((term) => {
    const made = hoistTerms(term, reached, calls);
    reached = both(reached, made);
    return made;
  });
  return withChildren(e, terms);
}

function widened(exprs: readonly Expr[], calls: Calls, input: Schema, compilers: Compilers): Hoisted {
  const schemas = calls.list.map((_, k) => [...input, ...calls.list.slice(0, k).map((c) => c.field)]);
  const computed = calls.list.map((call, k) => guarded(call, schemas[k] as Schema, compilers));
  const schema = [...input, ...calls.list.map((c) => c.field)];
  return {
    exprs,
    schema,
    widen(batch, scratch) {
      let wide = batch;
      computed.forEach((compute, k) => {
        const column = compute(wide, scratch);
        wide = { ...wide, schema: schemas[k + 1] ?? schema, columns: [...wide.columns, column] };
      });
      return wide;
    },
  };
}

/** The expression with its calls of lambdas as columns. `guard`: the rows for which it is evaluated at all. */
function hoist(e: Expr, guard: Expr | null, calls: Calls): Expr {
  if (!hasLambda(e)) return e;
  if (e.kind === 'call' && e.args.some((a) => a.kind === 'lambda')) return calls.column(e, guard);
  if (e.kind === 'case') return hoistCase(e, guard, calls);
  if (e.kind === 'call' && (e.fn === 'if' || e.fn === 'iff')) return hoistIf(e, guard, calls);
  const tests = e.kind === 'call' ? LAZY[e.fn] : undefined;
  let reached = guard;
  const kids = exprChildren(e).map((kid, k) => {
    const made = hoist(kid, reached, calls);
    // Later operands are looked at only where the earlier ones leave it open.
    if (tests !== undefined) reached = both(reached, tests(made, k));
    return made;
  });
  return withChildren(e, kids);
}

/** By function: where the operands behind one are evaluated. */
const LAZY: Readonly<Record<string, (operand: Expr, at: number) => Expr>> = {
  and: (a) => test('isnot', a, false),
  or: (a) => test('isnot', a, true),
  coalesce: (a) => test('is', a, null),
  ifnull: (a) => test('is', a, null),
};

function hoistIf(e: CallExpr, guard: Expr | null, calls: Calls): Expr {
  const [when, then, otherwise] = e.args as [Expr, Expr, Expr | undefined];
  const condition = hoist(when, guard, calls);
  const kids = [condition, hoist(then, both(guard, condition), calls)];
  if (otherwise !== undefined) kids.push(hoist(otherwise, both(guard, test('isnot', condition, true)), calls));
  return withChildren(e, kids);
}

function hoistCase(e: Expr & { kind: 'case' }, guard: Expr | null, calls: Calls): Expr {
  let open = guard;
  const kids: Expr[] = [];
  for (const b of e.branches) {
    const when = hoist(b.when, open, calls);
    kids.push(when, hoist(b.then, both(open, when), calls));
    open = both(open, test('isnot', when, true));
  }
  kids.push(hoist(e.otherwise, open, calls));
  return withChildren(e, kids);
}

function test(fn: 'is' | 'isnot', e: Expr, value: boolean | null): Expr {
  const literal: Expr = { kind: 'literal', type: value === null ? e.type : T.bool, value, nullable: value === null };
  return { kind: 'call', fn, args: [e, literal], type: T.bool, nullable: false };
}

function both(a: Expr | null, b: Expr): Expr {
  return a === null ? b : { kind: 'call', fn: 'and', args: [a, b], type: T.bool, nullable: true };
}

/** The call for the rows that it is wanted for, null for the others. */
function guarded({ e, guard }: Call, schema: Schema, compilers: Compilers): (batch: Batch, scratch: Scratch) => Column {
  const compute = lambdaColumn(e, schema, compilers);
  if (guard === null) return compute;
  const wanted = compilers.filter(guard, schema);
  const used = columnsOf(e);
  return (batch, scratch) => {
    const rows = wanted(batch, scratch);
    if (rows.length === batch.rows) return compute(batch, scratch);
    if (rows.length === 0) return nullColumn(e.type, batch.rows, scratch);
    const made = onRows(batch, rows, used, scratch, (some) => compute(some, scratch));
    const place = scratch.u32(batch.rows).fill(NO_ROW);
    for (let k = 0; k < rows.length; k++) place[rows[k] as number] = k;
    return gatherColumn(made, place, batch.rows, scratch);
  };
}

/** Runs `f` over some rows, of which only the columns `used` are there; an error names its row in the whole batch. */
export function onRows<R>(
  batch: Batch,
  rows: Uint32Array,
  used: ReadonlySet<string>,
  scratch: Scratch,
  f: (some: Batch) => R,
): R {
  const columns = batch.columns.map((col, i) =>
    used.has((batch.schema[i] as Field).name) ? gatherColumn(col, rows, rows.length, scratch) : col,
  );
  return placed(
    () => f({ schema: batch.schema, rows: rows.length, columns }),
    (row) => rows[row] as number,
  );
}

function placed<R>(f: () => R, rowOf: (row: number) => number): R {
  try {
    return f();
  } catch (e) {
    if (!(e instanceof RunError) || e.where.batchRow === undefined) throw e;
    throw new RunError(e.code, e.message, { ...e.where, batchRow: rowOf(e.where.batchRow) }, e.hint);
  }
}

/** Items that a body is evaluated over at a time. */
const CHUNK = 1 << 18;

/** A call that takes a lambda, for all rows of a batch. */
function lambdaColumn(e: CallExpr, input: Schema, compilers: Compilers): (batch: Batch, scratch: Scratch) => Column {
  const lambda = e.args.find((a): a is LambdaExpr => a.kind === 'lambda');
  const compute = LAMBDA_CALLS[e.fn];
  if (lambda === undefined || compute === undefined) throw new EngineBug(`${e.fn} takes no lambda`);
  const values = compilers.compute(
    e.args.filter((a) => a.kind !== 'lambda'),
    input,
  );
  const body = compileBody(lambda, input, compilers);
  return (batch, scratch) => {
    const [list, ...rest] = values(batch, scratch);
    if (list?.phys === 'null') return nullColumn(e.type, batch.rows, scratch);
    if (list?.phys !== 'list') throw new EngineBug(`the first argument of ${e.fn} is no list`);
    const evaluate = body(batch, scratch);
    const call: LambdaCall = { e, lambda, list, flat: flatten(list, scratch), rest, evaluate, scratch };
    return compute(call);
  };
}

/** The body as an expression over columns of parameters and, repeated for each item, the columns of the batch that it reads. */
function compileBody(
  lambda: LambdaExpr,
  input: Schema,
  compilers: Compilers,
): (batch: Batch, scratch: Scratch) => LambdaCall['evaluate'] {
  const paths = readPaths([lambda.body], input);
  const names = new Map(lambda.params.map((p) => [p.level, `\0param ${p.level}`]));
  const used = columnsOf(paths.exprs[0] as Expr);
  const outer = paths.schema.filter((f) => used.has(f.name));
  // Names of ours mean something in one schema only.
  const renamed = new Map(outer.map((f, k) => [f.name, f.name.startsWith('\0') ? `\0outer ${k}` : f.name]));
  const body = rewriteExpr(bindLocals(paths.exprs[0] as Expr, names), (e) =>
    e.kind === 'column' && renamed.has(e.name) ? { ...e, name: renamed.get(e.name) as string } : e,
  );
  const params = lambda.params.map(
    (p): Field => ({ name: names.get(p.level) as string, type: p.type, nullable: p.nullable }),
  );
  const schema = [...params, ...outer.map((f) => ({ ...f, name: renamed.get(f.name) as string }))];
  const run = compilers.compute([body], schema);
  return (batch, scratch) => {
    const wide = paths.widen(batch, scratch);
    const repeated = outer.map((f) => wide.columns[wide.schema.findIndex((g) => g.name === f.name)] as Column);
    return (given, rows) => {
      const made: Column[] = [];
      for (let from = 0; from < rows.length || from === 0; from += CHUNK) {
        const of = rows.subarray(from, Math.min(from + CHUNK, rows.length));
        const columns = [
          ...given.map((col) => sliceColumn(col, from, from + of.length)),
          ...repeated.map((col) => gatherColumn(col, of, of.length, scratch)),
        ];
        const [result] = placed(
          () => run({ schema, rows: of.length, columns }, scratch),
          (item) => of[item] as number,
        );
        made.push(result as Column);
      }
      return concatColumns(made, lambda.body.type, scratch);
    };
  };
}

/** Parameters as columns, except where an inner lambda has one of the same level. */
function bindLocals(e: Expr, names: ReadonlyMap<number, string>): Expr {
  if (e.kind === 'local') {
    const name = names.get(e.level);
    return name === undefined ? e : { kind: 'column', name, type: e.type, nullable: e.nullable, span: e.span };
  }
  const hidden = e.kind === 'lambda' ? e.params.map((p) => p.level) : [];
  const visible = hidden.length === 0 ? names : new Map([...names].filter(([level]) => !hidden.includes(level)));
  const kids = exprChildren(e);
  const next = kids.map((kid) => bindLocals(kid, visible));
  return next.every((kid, k) => kid === kids[k]) ? e : withChildren(e, next);
}
