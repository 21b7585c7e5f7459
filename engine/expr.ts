import type { HostFunction } from './host/def.ts';
import type { DataType } from './types.ts';

/**
 * Typed scalar expressions: plain data, resolved by the compiler, run by the engine.
 * Every node carries its type; names refer to columns of the operator's input schema.
 */
export interface ExprBase {
  readonly type: DataType;
  readonly nullable: boolean;
  /** Where it stands in the user's file, for run errors. */
  readonly span?: SourceSpan;
}

/** Character offsets, end exclusive; the same shape as the grammar's span. */
export interface SourceSpan {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Values of literals, by type: bool -> boolean; int -> number when |v| <= 2^53 - 1, else bigint; float -> number;
 * decimal -> unscaled integer (number or bigint as for int); string, json -> string; bytes -> Uint8Array;
 * date -> days; time, timestamp -> microseconds (number or bigint as for int); interval -> IntervalValue;
 * list -> array; struct -> object by field name; any -> null.
 */
export type LiteralValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | IntervalValue
  | readonly LiteralValue[]
  | { readonly [field: string]: LiteralValue };

export interface IntervalValue {
  readonly months: number;
  readonly days: number;
  readonly micros: number;
}

export type Expr =
  | ColumnExpr
  | LiteralExpr
  | CallExpr
  | HostExpr
  | CastExpr
  | CaseExpr
  | InExpr
  | LambdaExpr
  | LocalExpr;

export interface ColumnExpr extends ExprBase {
  readonly kind: 'column';
  readonly name: string;
}

export interface LiteralExpr extends ExprBase {
  readonly kind: 'literal';
  readonly value: LiteralValue;
}

/** A scalar function or operator by its registry name (`add`, `and`, `lower`, …: functions/registry.ts). */
export interface CallExpr extends ExprBase {
  readonly kind: 'call';
  readonly fn: string;
  readonly args: readonly Expr[];
}

/**
 * A function of the host language. Null when an argument is null whose parameter takes none; the other arguments are cast to their parameters. Assumed to be pure: it may be
 * called more than once for a row, or once for equal rows.
 */
export interface HostExpr extends ExprBase {
  readonly kind: 'host';
  readonly fn: HostFunction;
  readonly args: readonly Expr[];
}

/** `arg::type`; when `safe` (`::type?`) a value that does not convert becomes null, otherwise it is a run error. */
export interface CastExpr extends ExprBase {
  readonly kind: 'cast';
  readonly arg: Expr;
  readonly safe: boolean;
}

/** Branches are tried in order; only the chosen one is evaluated. */
export interface CaseExpr extends ExprBase {
  readonly kind: 'case';
  readonly branches: readonly { readonly when: Expr; readonly then: Expr }[];
  readonly otherwise: Expr;
}

/** SQL three-valued IN over a constant list (all of `arg`'s type). `hasNull`: the list held a null. */
export interface InExpr extends ExprBase {
  readonly kind: 'in';
  readonly arg: Expr;
  readonly values: readonly LiteralValue[];
  readonly hasNull: boolean;
  readonly negated: boolean;
}

/**
 * `x => body`: only as an argument of a call that takes one. It has the type of its body. `level`s number the parameters of lambdas within one another, from the
 * outermost, so that a lambda means the same wherever it is put; an inner one hides outer ones of the same level.
 */
export interface LambdaExpr extends ExprBase {
  readonly kind: 'lambda';
  readonly params: readonly LocalExpr[];
  readonly body: Expr;
}

/** A parameter of the innermost lambda around that has one of this level. `name` is for people. */
export interface LocalExpr extends ExprBase {
  readonly kind: 'local';
  readonly name: string;
  readonly level: number;
}

export interface NamedExpr {
  readonly name: string;
  readonly expr: Expr;
}

export interface SortKey {
  readonly expr: Expr;
  readonly desc: boolean;
  readonly nullsFirst: boolean;
}

/** One aggregate of a `summarize`: registry name (aggregates/registry.ts), arguments, optional filter. */
export interface AggregateCall {
  readonly name: string;
  readonly fn: string;
  readonly args: readonly Expr[];
  readonly distinct: boolean;
  readonly type: DataType;
  readonly nullable: boolean;
  readonly span?: SourceSpan;
  /** An aggregate of the host language, in place of one of the registry. */
  readonly host?: HostFunction;
}

/** Direct children, in evaluation order: the one table that walks and rewrites run on. */
export function exprChildren(e: Expr): readonly Expr[] {
  switch (e.kind) {
    case 'column':
    case 'literal':
    case 'local':
      return [];
    case 'lambda':
      return [e.body];
    case 'call':
    case 'host':
      return e.args;
    case 'cast':
    case 'in':
      return [e.arg];
    case 'case':
      return [...e.branches.flatMap((b) => [b.when, b.then]), e.otherwise];
  }
}

/** The terms of a predicate, in order: a row passes where each is true, and those behind the first that is not true are not evaluated for it. */
export function conjuncts(e: Expr): Expr[] {
  return e.kind === 'call' && e.fn === 'and' ? e.args.flatMap(conjuncts) : [e];
}

/** Bottom-up rewrite; returns the same object where nothing changed. */
export function rewriteExpr(e: Expr, f: (e: Expr) => Expr): Expr {
  const kids = exprChildren(e);
  const next = kids.map((k) => rewriteExpr(k, f));
  return f(next.every((k, i) => k === kids[i]) ? e : withChildren(e, next));
}

/** The same node over other children, as `exprChildren` gives them. */
export function withChildren(e: Expr, kids: readonly Expr[]): Expr {
  const at = (i: number): Expr => kids[i] as Expr;
  switch (e.kind) {
    case 'column':
    case 'literal':
    case 'local':
      return e;
    case 'lambda':
      return { ...e, body: at(0) };
    case 'call':
    case 'host':
      return { ...e, args: kids };
    case 'cast':
    case 'in':
      return { ...e, arg: at(0) };
    case 'case':
      return {
        ...e,
        branches: e.branches.map((_, i) => ({ when: at(2 * i), then: at(2 * i + 1) })),
        otherwise: at(2 * e.branches.length),
      };
  }
}

export function walkExpr(e: Expr, f: (e: Expr) => void): void {
  f(e);
  for (const k of exprChildren(e)) walkExpr(k, f);
}

/** Names of the columns an expression reads. */
export function columnsOf(e: Expr, into: Set<string> = new Set()): Set<string> {
  walkExpr(e, (x) => {
    if (x.kind === 'column') into.add(x.name);
  });
  return into;
}

/** It reads parameters of lambdas that are around it. */
export function hasFreeLocals(e: Expr, bound: readonly number[] = []): boolean {
  if (e.kind === 'local') return !bound.includes(e.level);
  const inside = e.kind === 'lambda' ? [...bound, ...e.params.map((p) => p.level)] : bound;
  return exprChildren(e).some((kid) => hasFreeLocals(kid, inside));
}
