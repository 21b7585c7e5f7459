import type { Expr, LiteralValue, NamedExpr, SortKey } from '../expr.ts';
import type { HostFunction } from '../host/def.ts';
import type { DataType, Schema } from '../types.ts';
import type { FrameSpec } from '../windows/def.ts';

/**
 * Parameters of the operators, as plain data. The planner has put every computed key and argument into a column of the input first,
 * so that operators name columns; only `compute`, residual join predicates and sort keys carry expressions (sort keys are plain columns).
 */

/** Optional filter and projection in one pass; the fused form of `where derive select drop rename`. */
export interface ComputeParams {
  readonly filter: Expr | null;
  readonly outputs: readonly NamedExpr[];
}

/** Columns of lists or maps, replaced by their items in their place. */
export interface ExplodeParams {
  readonly lists: readonly string[];
  /** A row without items gives one row, with nulls. */
  readonly outer: boolean;
}

/** `columns` have one type; `label` is what stands in the column `name` for each. */
export interface UnpivotParams {
  readonly columns: readonly { readonly column: string; readonly label: string }[];
  readonly name: string;
  readonly value: string;
}

/** Output schema: keys, then one column an aggregate. No keys: exactly one row, also for empty input. */
export interface AggregateParams {
  readonly keys: readonly string[];
  readonly aggregates: readonly AggregateSpec[];
  /** The keys that the output has; default: all. */
  readonly shown?: readonly string[];
  /** Groups may come in any order. */
  readonly anyOrder?: boolean;
}

/** State columns in the partial schema are named `${name}.s0`, `${name}.s1`, …. */
export interface AggregateSpec {
  readonly name: string;
  /** Name in the aggregate registry. */
  readonly fn: string;
  /** Input columns, and their types (for resolving). */
  readonly args: readonly string[];
  readonly argTypes: readonly DataType[];
  readonly distinct: boolean;
  /** An aggregate of the host language, in place of one of the registry. */
  readonly host?: HostFunction;
}

/** `id` tells the checks of a plan apart. */
export interface ExpectParams {
  readonly checks: readonly { readonly id: number; readonly predicate: Expr; readonly shown: readonly string[] }[];
}

/** `tables`: the names of the sides in the SQL. */
export interface SqlParams {
  readonly text: string;
  readonly tables: readonly string[];
}

/** `as`: the column that is added. */
export interface NumberParams {
  readonly as: string;
}

/** `limit`: only the first rows are wanted (top-N). */
export interface SortParams {
  readonly keys: readonly SortKey[];
  readonly limit: number | null;
}

/** Each row as often as the int column `count` says, which is left out. */
export interface RepeatParams {
  readonly count: string;
}

/** Keeps the first row (in input order) of each combination of `keys`. */
export interface DistinctParams {
  readonly keys: readonly string[];
}

export type JoinKind = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti' | 'asof';
export type Matching = 'many' | 'at most one' | 'one';

/** How the value of an as-of join compares, left column against right column: `ge` asks for the latest right value not behind the left one. */
export interface Nearest {
  readonly op: 'ge' | 'gt' | 'le' | 'lt';
  readonly left: string;
  readonly right: string;
}

/** Left rows without a match stay, with nulls on the right. */
export function keepsLeft(kind: JoinKind): boolean {
  return kind === 'left' || kind === 'full' || kind === 'asof';
}

/** Right rows without a match stay, with nulls on the left. */
export function keepsRight(kind: JoinKind): boolean {
  return kind === 'right' || kind === 'full';
}

/** The left columns of a join's result. */
export function leftFields(kind: JoinKind, left: Schema): Schema {
  return keepsRight(kind) ? left.map((f) => ({ ...f, nullable: true })) : left;
}

/** Only says which left rows stay. */
export function onlyFilters(kind: JoinKind): boolean {
  return kind === 'semi' || kind === 'anti';
}

/**
 * Join of the left input with the right. Keys pair up by position and have equal types; null keys never match; without keys every pair is a candidate.
 * `residual` is tested on pairs (left columns by name, right columns as `right` names them). `asof` takes of the candidates the one whose value is nearest
 * (`nearest`): looking back the last of several that are equal, looking ahead the first. Output: left columns (nullable for `right` and `full`), then the
 * `add` columns of the right (nullable for `left`, `full` and `asof`); none for semi and anti.
 * `matching` bounds how many right rows a left row may match; breaking it is RunError FLOW7009 naming the key. Output order: see `join` (hash order, then
 * left order, then right order) and `lookup` (left order, then right order).
 */
export interface JoinParams {
  readonly kind: JoinKind;
  readonly leftKeys: readonly string[];
  readonly rightKeys: readonly string[];
  readonly residual: Expr | null;
  /** Of an as-of join, and of no other. */
  readonly nearest: Nearest | null;
  /** Right columns under the names the residual uses (only those it needs). */
  readonly right: readonly { readonly name: string; readonly column: string }[];
  readonly add: readonly { readonly name: string; readonly column: string }[];
  readonly matching: Matching;
}

/** May drop rows whose `keys` are not among the `sideKeys` of the step's only side; rows with a null key among them. Keys pair up by position and have equal types. */
export interface KeyFilterParams {
  readonly keys: readonly string[];
  readonly sideKeys: readonly string[];
}

/** Adds a column of whole numbers that grow with the rows, in input order, over all tasks. They need not follow one another. */
export interface PlaceParams {
  readonly name: string;
}

/**
 * Rows are put together by `keys`, and ordered by `sort` and `ties` within each partition, then in input order; each call adds a column. Without keys all rows are one partition,
 * and come in the order of `sort`. Of each partition only the rows behind the first `skip` ones are given out, at most `take` of them; without calls that is all it does.
 */
export interface WindowParams {
  readonly keys: readonly string[];
  readonly sort: readonly SortKey[];
  /** Orders rows that are equal in `sort`; null: input order does. */
  readonly ties: SortKey | null;
  readonly calls: readonly WindowCallParams[];
  readonly skip: number;
  readonly take: number | null;
  /** The input comes in the order of `sort` and `ties`. */
  readonly sorted: boolean;
}

export interface WindowCallParams {
  readonly name: string;
  /** Name in the registry of windows, or in that of aggregates. */
  readonly fn: string;
  readonly args: readonly string[];
  readonly argTypes: readonly DataType[];
  readonly distinct: boolean;
  /** `ntile`: parts; `lag`, `lead`: rows; `nth_value`: the row. */
  readonly constant: number | null;
  /** The column of what `lag` and `lead` give where there is no row. */
  readonly fallback: string | null;
  readonly ignoreNulls: boolean;
  readonly frame: FrameSpec;
  readonly type: DataType;
  readonly nullable: boolean;
  /** An aggregate of the host language, in place of one of the registries. */
  readonly host?: HostFunction;
}

/** Columns added by functions of the host language; `args`: columns of the input, of the types of the parameters. */
export interface HostCallParams {
  readonly calls: readonly {
    readonly name: string;
    readonly fn: HostFunction;
    readonly args: readonly string[];
    readonly type: DataType;
    readonly nullable: boolean;
  }[];
}

/** Rows (`map_rows`) or columns (`map_batches`) through a function of the host language. The input holds exactly the columns it is given. */
export interface HostMapParams {
  readonly fn: HostFunction;
  readonly schema: Schema;
  /** Of a table function: a row of the input is a call with these arguments, of whose rows no more than `limit` are wanted. */
  readonly call?: { readonly args: readonly LiteralValue[]; readonly limit: number | null };
}
