/**
 * The steps of a pipeline: one node kind per verb (`union`, `except` and `intersect` share one, and so do `map` and
 * `map_batches`). `verbSpan` is the span of the verb's word alone, `span` that of verb and clauses, both without
 * the `|`. Importers take these through ast.ts.
 */
import type {
  Arg,
  Call,
  Expr,
  FormatCall,
  GroupElement,
  Name,
  NamedExpr,
  Relation,
  RelationName,
  SelectItem,
  SortKey,
  Span,
  StringLiteral,
  TypeNode,
} from './ast.ts';

export type Step =
  | WhereStep
  | RemoveStep
  | DeriveStep
  | SelectStep
  | DropStep
  | RenameStep
  | SummarizeStep
  | SortStep
  | TakeStep
  | SkipStep
  | DistinctStep
  | JoinStep
  | SetStep
  | ExplodeStep
  | PivotStep
  | UnpivotStep
  | SampleStep
  | SplitStep
  | ExpectStep
  | RepartitionStep
  | ShuffleStep
  | MapStep
  | FillStep
  | TrainStep
  | PredictStep
  | EvaluateStep
  | TuneStep
  | WriteStep
  | CallStep
  | ErrorStep;

export type StepKind = Step['kind'];

/** The nodes that only occur inside steps. */
export type StepPart = RenameItem | ExplodeItem | SplitOutput | ExpectCheck | ExpectAction;

interface StepOf<K extends string> {
  readonly kind: K;
  readonly span: Span;
  readonly verbSpan: Span;
}

/** `where condition`: keeps the rows for which it is true. */
export interface WhereStep extends StepOf<'where'> {
  readonly condition: Expr;
}
/** `remove condition`: drops the rows for which it is true, keeps those for which it is false or null. */
export interface RemoveStep extends StepOf<'remove'> {
  readonly condition: Expr;
}
/** `derive name = expr, …`: adds or replaces columns. */
export interface DeriveStep extends StepOf<'derive'> {
  readonly items: readonly NamedExpr[];
}
/** `select *, * except a, b, "x_*", name, name = expr` */
export interface SelectStep extends StepOf<'select'> {
  readonly items: readonly SelectItem[];
}
/** `drop a, "x_*"`: the items are bare columns and patterns. */
export interface DropStep extends StepOf<'drop'> {
  readonly items: readonly SelectItem[];
}
/** `rename new = old, …` */
export interface RenameStep extends StepOf<'rename'> {
  readonly items: readonly RenameItem[];
}
export interface RenameItem {
  readonly kind: 'renameItem';
  readonly span: Span;
  readonly to: Name;
  readonly from: Name;
}
/** `summarize name = aggregate, … [by key, …]`. Either list may be empty, not both. */
export interface SummarizeStep extends StepOf<'summarize'> {
  readonly items: readonly NamedExpr[];
  readonly by: readonly GroupElement[];
}
/** `sort key [asc|desc] [nulls first|last], …` */
export interface SortStep extends StepOf<'sort'> {
  readonly keys: readonly SortKey[];
}
/** `take 20`, `take 5..10` (a `range` node; rows counted from 1, both ends included), `take 3 sort x desc by g`. */
export interface TakeStep extends StepOf<'take'> {
  readonly amount: Expr;
  readonly sort: readonly SortKey[];
  readonly by: readonly NamedExpr[];
}
/** `skip 10` */
export interface SkipStep extends StepOf<'skip'> {
  readonly amount: Expr;
}
/** `distinct`, `distinct key, …` */
export interface DistinctStep extends StepOf<'distinct'> {
  readonly keys: readonly NamedExpr[];
}
export type JoinKind = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti' | 'asof' | 'cross';
/**
 * `join [kind] relation [as alias] [on condition] [matching …] [add item, …]`. `joinKind` is `inner` when none is
 * written. `add`: [] when not written, which means all columns of the right side.
 */
export interface JoinStep extends StepOf<'join'> {
  readonly joinKind: JoinKind;
  readonly relation: Relation;
  readonly alias: Name | null;
  readonly on: Expr | null;
  readonly matching: 'one' | 'at most one' | 'many' | null;
  readonly add: readonly NamedExpr[];
}
/** `union [all|distinct] [by name] a, b`, `except x`, `intersect x`. `quantifier: null`: not written. */
export interface SetStep extends StepOf<'setStep'> {
  readonly op: 'union' | 'except' | 'intersect';
  readonly quantifier: 'all' | 'distinct' | null;
  readonly byName: boolean;
  readonly relations: readonly Relation[];
}
/** `explode [outer] list [as name], …`: one row for each item; several lists go in step. */
export interface ExplodeStep extends StepOf<'explode'> {
  readonly outer: boolean;
  readonly items: readonly ExplodeItem[];
}
export interface ExplodeItem {
  readonly kind: 'explodeItem';
  readonly span: Span;
  readonly value: Expr;
  readonly alias: Name | null;
}
/** `pivot column values [constants] into aggregate, … [by key, …]` */
export interface PivotStep extends StepOf<'pivot'> {
  readonly column: Expr;
  readonly values: Expr;
  readonly into: readonly NamedExpr[];
  readonly by: readonly NamedExpr[];
}
/** `unpivot a, b, "m_*" into nameColumn, valueColumn` */
export interface UnpivotStep extends StepOf<'unpivot'> {
  readonly items: readonly SelectItem[];
  readonly nameColumn: Name;
  readonly valueColumn: Name;
}
/** `sample 0.01 [by key, …] [seed n]`: below 1 a fraction of the rows, a whole number is a count. */
export interface SampleStep extends StepOf<'sample'> {
  readonly amount: Expr;
  readonly by: readonly NamedExpr[];
  readonly seed: Expr | null;
}
/** `split good when cond, bad otherwise`, `split tr 0.8, te rest [by key, …] [seed n]`; always the last step. */
export interface SplitStep extends StepOf<'split'> {
  readonly outputs: readonly SplitOutput[];
  readonly by: readonly NamedExpr[];
  readonly seed: Expr | null;
}
/** `value`: the condition of `when`, the share of `fraction`, `null` for `rest` (also written `otherwise`). */
export interface SplitOutput {
  readonly kind: 'splitOutput';
  readonly span: Span;
  readonly name: Name;
  readonly test: 'when' | 'fraction' | 'rest';
  readonly value: Expr | null;
}
/** `expect check [: "message"], … [else error|warn|drop|quarantine("path")]` */
export interface ExpectStep extends StepOf<'expect'> {
  readonly checks: readonly ExpectCheck[];
  readonly action: ExpectAction | null;
}
export interface ExpectCheck {
  readonly kind: 'expectCheck';
  readonly span: Span;
  readonly condition: Expr;
  readonly message: StringLiteral | null;
}
/** `name`: any word; the compiler knows which exist. */
export interface ExpectAction {
  readonly kind: 'expectAction';
  readonly span: Span;
  readonly name: Name;
  readonly args: readonly Arg[];
}
/** `repartition [n] [by key, …]`, `repartition [n] by range key [desc], …`. Hash keys are never descending. */
export interface RepartitionStep extends StepOf<'repartition'> {
  readonly count: Expr | null;
  readonly mode: 'hash' | 'range';
  readonly keys: readonly SortKey[];
}
/** `shuffle [seed n]` */
export interface ShuffleStep extends StepOf<'shuffle'> {
  readonly seed: Expr | null;
}
/** `map f [as type]`, `map_batches f [as type]`: a function brought in by `use`. */
export interface MapStep extends StepOf<'map'> {
  readonly batches: boolean;
  readonly fn: Name;
  readonly type: TypeNode | null;
}
/**
 * `fill a = 0, b = mean(b)` (`mode: value`, items named), or
 * `fill forward|backward a, b [sort key, …] [by key, …]` (items are bare columns).
 */
export interface FillStep extends StepOf<'fill'> {
  readonly mode: 'value' | 'forward' | 'backward';
  readonly items: readonly NamedExpr[];
  readonly sort: readonly SortKey[];
  readonly by: readonly NamedExpr[];
}
/** `train algorithm(args) [label expr] features item, … [seed n]`. `algorithm`'s span is that of the whole call. */
export interface TrainStep extends StepOf<'train'> {
  readonly algorithm: Call;
  readonly label: Expr | null;
  readonly features: readonly SelectItem[];
  readonly seed: Expr | null;
}
/** `tune algorithm(search space) [label expr] features … metric m trials n folds n halving n seed n` */
export interface TuneStep extends StepOf<'tune'> {
  readonly algorithm: Call;
  readonly label: Expr | null;
  readonly features: readonly SelectItem[];
  readonly metric: Name | null;
  readonly trials: Expr | null;
  readonly folds: Expr | null;
  readonly halving: Expr | null;
  readonly seed: Expr | null;
}
/** `predict m [as p]`, `predict model("m.onnx") as p` */
export interface PredictStep extends StepOf<'predict'> {
  readonly model: RelationName | FormatCall;
  readonly alias: Name | null;
}
/** `evaluate m [by key, …]` */
export interface EvaluateStep extends StepOf<'evaluate'> {
  readonly model: RelationName | FormatCall;
  readonly by: readonly NamedExpr[];
}
/** `write csv("out.csv", option: value)` */
export interface WriteStep extends StepOf<'write'> {
  readonly target: FormatCall;
}
/** `dedupe(user_id, ts)`: a pipe function of the file. Also an unknown verb written with parentheses. */
export interface CallStep extends StepOf<'callStep'> {
  readonly call: Call;
}
/** A step that could not be parsed; a diagnostic has been given. What follows it has an unknown schema. */
export interface ErrorStep extends StepOf<'errorStep'> {
  /** The verb as written, '' when there was none. */
  readonly verb: string;
}
