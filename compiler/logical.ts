import type { AggregateCall, Expr, HostExpr, LiteralValue, NamedExpr, SortKey, SourceSpan } from '../engine/expr.ts';
import type { HostFunction } from '../engine/host/def.ts';
import type { SearchParams } from '../engine/ml/params.ts';
import type { JoinKind, Matching, Nearest } from '../engine/operators/params.ts';
import type { CheckRef, SourceSpec } from '../engine/plan.ts';
import type { DataType, Schema } from '../engine/types.ts';

/**
 * The typed logical plan: what the binder makes and the rules rewrite. Plain data; nodes are shared by reference where a `let` is used twice
 * (shared nodes run once), and `id` is unique within a plan.
 */
export interface LogicalBase {
  readonly id: number;
  readonly schema: Schema;
  readonly inputs: readonly LogicalNode[];
  readonly span?: SourceSpan;
  /** The step as the user would name it: `derive gross, cost`. */
  readonly label: string;
}

export type LogicalNode =
  | ScanNode
  | FilterNode
  | ProjectNode
  | AggregateNode
  | SortNode
  | LimitNode
  | DistinctNode
  | JoinNode
  | SingleNode
  | RepeatNode
  | UnionNode
  | ExplodeNode
  | UnpivotNode
  | PlaceNode
  | WindowNode
  | TrainNode
  | PredictNode
  | EvaluateNode
  | ExpectNode
  | NumberNode
  | TrialsNode
  | TrialTableNode
  | SqlNode
  | CallNode
  | MapNode
  | TableNode;

export type LogicalOp = LogicalNode['op'];

export interface ScanNode extends LogicalBase {
  readonly op: 'scan';
  readonly format: string;
  readonly source: SourceSpec;
  /** Pushed down by rules: a conjunction the reader may use to skip data. The filter node stays. */
  readonly filter: Expr | null;
  /** Pushed down by rules: rows after which reading may stop. */
  readonly limit: number | null;
}
export interface FilterNode extends LogicalBase {
  readonly op: 'filter';
  readonly predicate: Expr;
}
/** Covers derive, select, drop, rename: the complete list of output columns. */
export interface ProjectNode extends LogicalBase {
  readonly op: 'project';
  readonly outputs: readonly NamedExpr[];
}
export interface AggregateNode extends LogicalBase {
  readonly op: 'aggregate';
  readonly keys: readonly NamedExpr[];
  readonly aggregates: readonly AggregateCall[];
}
export interface SortNode extends LogicalBase {
  readonly op: 'sort';
  readonly keys: readonly SortKey[];
  readonly limit: number | null;
}
export interface LimitNode extends LogicalBase {
  readonly op: 'limit';
  readonly skip: number;
  readonly take: number | null;
}
/** `keys` null: all columns. */
export interface DistinctNode extends LogicalBase {
  readonly op: 'distinct';
  readonly keys: readonly string[] | null;
}
/**
 * inputs: left, right. Key expressions pair up, over the left and the right schema, already cast to one type. `residual` sees left columns by name and
 * right columns through `right`. Without keys all pairs are tested, which `right` and `full` are not made of (the binder makes a union of them). `nearest`:
 * what an as-of join compares, cast to one type.
 */
export interface JoinNode extends LogicalBase {
  readonly op: 'join';
  readonly kind: JoinKind;
  readonly leftKeys: readonly Expr[];
  readonly rightKeys: readonly Expr[];
  readonly residual: Expr | null;
  readonly nearest: { readonly op: Nearest['op']; readonly left: Expr; readonly right: Expr } | null;
  readonly right: readonly { readonly name: string; readonly column: string }[];
  readonly add: readonly { readonly name: string; readonly column: string }[];
  readonly matching: Matching;
}
/** The only row of its input, of one column; a row of null where there is none. More than one fail the run. */
export interface SingleNode extends LogicalBase {
  readonly op: 'single';
}
/** Each row as often as a column says, without that column. */
export interface RepeatNode extends LogicalBase {
  readonly op: 'repeat';
  readonly count: string;
}
/** All rows of the inputs, one after another; the inputs have the same schema (the binder has projected them). */
export interface UnionNode extends LogicalBase {
  readonly op: 'union';
}
/** One row for each item of the lists, which go in step; the columns named hold lists or maps, and their items behind it. `outer`: at least one row for each. */
export interface ExplodeNode extends LogicalBase {
  readonly op: 'explode';
  readonly lists: readonly string[];
  readonly outer: boolean;
}
/** One row for each of `columns` (of one type), which go: its label in the column `name`, its value in `value`, behind the other columns. */
export interface UnpivotNode extends LogicalBase {
  readonly op: 'unpivot';
  readonly columns: readonly { readonly column: string; readonly label: string }[];
  readonly name: string;
  readonly value: string;
}
/** Adds a column of numbers that grow with the rows: a sort by it puts them back in order, whatever happened in between. */
export interface PlaceNode extends LogicalBase {
  readonly op: 'place';
  readonly name: string;
}
/**
 * The input's columns, and one for each call. Rows of equal keys stand together, in the order of `sort`, ties in input order; without keys the rows keep their order, which is
 * that of `sort` already. Of each partition the rows behind the first `skip` ones are given out, at most `take` of them.
 */
export interface WindowNode extends LogicalBase {
  readonly op: 'window';
  readonly keys: readonly Expr[];
  readonly sort: readonly SortKey[];
  /** Orders rows that are equal in `sort`, where their order is not that of the input any more; null: their order. */
  readonly ties: Expr | null;
  readonly calls: readonly WindowCall[];
  readonly skip: number;
  readonly take: number | null;
}
export interface WindowCall {
  readonly name: string;
  /** A function of the registry of windows, or an aggregate. */
  readonly fn: string;
  readonly args: readonly Expr[];
  readonly distinct: boolean;
  /** The constant argument that some functions take (`ntile`, `lag`, `nth_value`). */
  readonly constant: number | null;
  /** What `lag` and `lead` give where there is no row. */
  readonly fallback: Expr | null;
  readonly ignoreNulls: boolean;
  readonly frame: WindowFrame;
  readonly type: DataType;
  readonly nullable: boolean;
  readonly span?: SourceSpan;
  /** An aggregate of the host language, in place of one of the registries. */
  readonly host?: HostFunction;
}
export type WindowFrame =
  | { readonly unit: 'rows'; readonly low: number | null; readonly high: number | null }
  | { readonly unit: 'range'; readonly low: RangeEnd; readonly high: RangeEnd };
/** null: unbounded. An offset is in the unit of the key; an expression is the bound itself, of the key's type. */
export type RangeEnd =
  | null
  | { readonly kind: 'offset'; readonly value: number | bigint }
  | { readonly kind: 'bound'; readonly expr: Expr };
/** One row, one column `model: bytes`. Features and label are expressions over the first input; the second one, of a search, are the scores of its trials. */
export interface TrainNode extends LogicalBase {
  readonly op: 'train';
  readonly params: TrainSpec;
}
/** The scores of all folds of all trials of a search. */
export interface TrialsNode extends LogicalBase {
  readonly op: 'trials';
  readonly params: TrainSpec & { readonly search: SearchParams };
}
/** input: scores of trials. A row for each trial. */
export interface TrialTableNode extends LogicalBase {
  readonly op: 'trialTable';
  readonly search: SearchParams;
  readonly searched: readonly string[];
}
export interface TrainSpec {
  readonly algorithm: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly label: NamedExpr;
  readonly features: readonly FeatureSpec[];
  readonly seed: number;
  /** The options are those of the best of these trials. */
  readonly search?: SearchParams;
}
/** `onehot`: the expression's values become indicator columns, learned while training. Strings are one-hot by default. */
export interface FeatureSpec {
  readonly name: string;
  readonly expr: Expr;
  readonly encoding: 'numeric' | 'onehot';
}
/** inputs: rows, model. `features` are the model's feature expressions bound over the rows (null when the model comes from a file: bound by column name). */
export interface PredictNode extends LogicalBase {
  readonly op: 'predict';
  readonly as: string;
  readonly features: readonly NamedExpr[];
}
/** inputs: rows, model. */
export interface EvaluateNode extends LogicalBase {
  readonly op: 'evaluate';
  /** The model's label expression, bound over the rows. */
  readonly target: Expr;
  readonly features: readonly NamedExpr[];
  readonly by: readonly NamedExpr[];
}

/** Adds a column with the number of each row among those that enter the step, from 0. */
export interface NumberNode extends LogicalBase {
  readonly op: 'number';
  readonly as: string;
}
/** inputs: the relations that the text names, under `tables`. */
export interface SqlNode extends LogicalBase {
  readonly op: 'sql';
  readonly text: string;
  readonly tables: readonly string[];
}
/** All rows of the input go on; the checks are counted on the way. */
export interface ExpectNode extends LogicalBase {
  readonly op: 'expect';
  readonly checks: readonly ExpectCheck[];
}
export interface ExpectCheck {
  readonly ref: CheckRef;
  readonly predicate: Expr;
  /** Columns whose values are shown of a row that fails. */
  readonly shown: readonly string[];
}

/** The input's columns, and those that functions of the host language give which may give promises. */
export interface CallNode extends LogicalBase {
  readonly op: 'call';
  readonly calls: readonly { readonly name: string; readonly expr: HostExpr }[];
}
/** Rows, or columns of rows, through a function of the host language, which is given exactly the columns of the input. */
export interface MapNode extends LogicalBase {
  readonly op: 'map';
  readonly fn: HostFunction;
}

/** The rows that one call of a function of the host language gives. */
export interface TableNode extends LogicalBase {
  readonly op: 'table';
  readonly fn: HostFunction;
  readonly args: readonly LiteralValue[];
  /** Pushed down by rules: rows after which the function may stop. */
  readonly limit: number | null;
}

export interface LogicalPlan {
  readonly outputs: readonly LogicalOutput[];
}

export type LogicalOutput =
  /** Rows that are only looked at: they end in checks. */
  | { readonly kind: 'check'; readonly input: LogicalNode; readonly span?: SourceSpan }
  | { readonly kind: 'result'; readonly input: LogicalNode; readonly span?: SourceSpan }
  | {
      readonly kind: 'sink';
      readonly input: LogicalNode;
      readonly format: string;
      readonly path: string;
      readonly options: Readonly<Record<string, unknown>>;
      readonly span?: SourceSpan;
    };
