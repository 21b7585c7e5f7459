/**
 * The AST of a `.flow` file: plain, serializable, readonly data. The parser makes it from text and the TypeScript
 * builder makes it by hand, so nothing here is a class and nothing refers back to source text or to a parent.
 *
 * Rules that hold for every node:
 * - `kind` is unique over the whole AST (expressions, steps, types, statements and the small parts alike), so one
 *   table (walk.ts) can say which properties hold children.
 * - `span` is the half-open range of UTF-16 offsets in `file`; hand-made nodes use {@link noSpan}.
 * - An absent part is `null`, an absent list is `[]`; no property is ever left out.
 * - Nothing is resolved: `c.id` is a `field` of the column `c` whether `c` is a join's alias or a struct column.
 */

import type { Step, StepPart } from './ast_steps.ts';

export type * from './ast_steps.ts';

export interface Span {
  readonly file: string;
  /** Offset of the first character. */
  readonly start: number;
  /** Offset just behind the last character. */
  readonly end: number;
}

/** The span of a node that no text stands behind (made by the builder or by a rewrite). */
export const noSpan: Span = Object.freeze({ file: '', start: 0, end: 0 });

interface NodeOf<K extends string> {
  readonly kind: K;
  readonly span: Span;
}

/** A name where the language wants a name (an alias, a binding, a field…), without its backticks. */
export interface Name extends NodeOf<'name'> {
  readonly text: string;
}

// ---------------------------------------------------------------------------------------------------- types

export type TypeNode = TypeName | ListType | MapType | StructType | OptionalType | FunctionType;

/** `int`, `decimal(12, 2)`, `timestamp("Europe/Paris")`, or the name of a `schema`. */
export interface TypeName extends NodeOf<'typeName'> {
  readonly name: string;
  readonly args: readonly (number | string)[];
}
export interface ListType extends NodeOf<'listType'> {
  readonly element: TypeNode;
}
export interface MapType extends NodeOf<'mapType'> {
  readonly key: TypeNode;
  readonly value: TypeNode;
}
export interface StructType extends NodeOf<'structType'> {
  readonly fields: readonly TypeField[];
}
export interface TypeField extends NodeOf<'typeField'> {
  readonly name: Name;
  readonly type: TypeNode;
}
/** `T?`: may be null. Never directly inside another `optionalType`. */
export interface OptionalType extends NodeOf<'optionalType'> {
  readonly inner: TypeNode;
}
/** `(string, int) -> float`: only behind a name in `use { … }`. */
export interface FunctionType extends NodeOf<'functionType'> {
  readonly params: readonly TypeNode[];
  readonly result: TypeNode;
}

// ---------------------------------------------------------------------------------------------- expressions

export type Expr =
  | NullLiteral
  | BoolLiteral
  | IntLiteral
  | FloatLiteral
  | StringLiteral
  | DateLiteral
  | TimeLiteral
  | TimestampLiteral
  | DurationLiteral
  | ListLiteral
  | StructLiteral
  | FString
  | Column
  | ParamRef
  | Field
  | Index
  | Call
  | Over
  | Lambda
  | Unary
  | Binary
  | Between
  | In
  | Cast
  | Case
  | Range
  | Scalar
  | ErrorExpr;

export interface NullLiteral extends NodeOf<'null'> {}
export interface BoolLiteral extends NodeOf<'bool'> {
  readonly value: boolean;
}
/** `value`: decimal digits without `_` and without a sign; may exceed 64 bits, which is the compiler's to report. */
export interface IntLiteral extends NodeOf<'int'> {
  readonly value: string;
}
/** A number with a point or an exponent. `value`: as written, without `_`: "0.5", "1e-3". */
export interface FloatLiteral extends NodeOf<'float'> {
  readonly value: string;
}
/** `value` is the text meant, escapes already resolved; `raw` only remembers that it was written `r"…"`. */
export interface StringLiteral extends NodeOf<'string'> {
  readonly value: string;
  readonly raw: boolean;
}
/** `@2024-05-01`; `value`: "2024-05-01", the shape checked, the calendar checked too. */
export interface DateLiteral extends NodeOf<'date'> {
  readonly value: string;
}
/** `@12:30:00.5`; `value`: "12:30:00.5". */
export interface TimeLiteral extends NodeOf<'time'> {
  readonly value: string;
}
/** `@2024-05-01T12:00:00Z`; `value`: as written, zone (`Z`, `+02:00`) optional. */
export interface TimestampLiteral extends NodeOf<'timestamp'> {
  readonly value: string;
}
export type DurationUnit = 'y' | 'mo' | 'w' | 'd' | 'h' | 'm' | 's' | 'ms' | 'us' | 'ns';
/** `90d`, `1h30m`: the parts in the order written. `amount`: decimal digits. */
export interface DurationLiteral extends NodeOf<'duration'> {
  readonly parts: readonly { readonly amount: string; readonly unit: DurationUnit }[];
}
export interface ListLiteral extends NodeOf<'list'> {
  readonly items: readonly Expr[];
}
export interface StructLiteral extends NodeOf<'struct'> {
  readonly fields: readonly StructField[];
}
export interface StructField extends NodeOf<'structField'> {
  readonly name: Name;
  readonly value: Expr;
}
/** `f"{first} {last}"`. Text parts are never empty and never adjacent. */
export interface FString extends NodeOf<'fstring'> {
  readonly parts: readonly (FStringText | FStringExpr)[];
}
export interface FStringText extends NodeOf<'fstringText'> {
  readonly text: string;
}
export interface FStringExpr extends NodeOf<'fstringExpr'> {
  readonly value: Expr;
}
/** A bare name in an expression: a column, a join's alias before `.`, a lambda's or a function's parameter. */
export interface Column extends NodeOf<'column'> {
  readonly name: string;
}
/** `$since` */
export interface ParamRef extends NodeOf<'paramRef'> {
  readonly name: string;
}
/** `target.name`: a column of a join's alias, or a field of a struct. */
export interface Field extends NodeOf<'field'> {
  readonly target: Expr;
  readonly name: Name;
}
/** `target[index]`, counted from 0. */
export interface Index extends NodeOf<'index'> {
  readonly target: Expr;
  readonly index: Expr;
}
/** `name(args)`. `distinct`: `count(distinct x)`. `count()` has no argument. */
export interface Call extends NodeOf<'call'> {
  readonly name: Name;
  readonly distinct: boolean;
  readonly args: readonly Arg[];
}
/** An argument: `x`, or `name: x`. */
export interface Arg extends NodeOf<'arg'> {
  readonly name: Name | null;
  readonly value: Expr;
}
/** `call over (by … sort … rows|range a..b)`. */
export interface Over extends NodeOf<'over'> {
  readonly call: Call;
  readonly by: readonly Expr[];
  readonly sort: readonly SortKey[];
  readonly frame: Frame | null;
}
/** The frame's bounds relative to the current row: negative precedes, 0 is the row itself, `null` is unbounded. */
export interface Frame extends NodeOf<'frame'> {
  readonly unit: 'rows' | 'range';
  readonly low: Expr | null;
  readonly high: Expr | null;
}
/** `x => x + 1`, `(a, b) => a + b`; only as a function's argument. */
export interface Lambda extends NodeOf<'lambda'> {
  readonly params: readonly Name[];
  readonly body: Expr;
}
export type UnaryOp = '-' | '+' | 'not';
export interface Unary extends NodeOf<'unary'> {
  readonly op: UnaryOp;
  readonly operand: Expr;
}
export type BinaryOp =
  | 'or'
  | 'and'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'is'
  | 'is not'
  | 'like'
  | 'not like'
  | 'matches'
  | 'not matches'
  | '??'
  | '+'
  | '-'
  | '*'
  | '/'
  | '//'
  | '%';
export interface Binary extends NodeOf<'binary'> {
  readonly op: BinaryOp;
  readonly opSpan: Span;
  readonly left: Expr;
  readonly right: Expr;
}
/** `value [not] between low and high`, both ends included. */
export interface Between extends NodeOf<'between'> {
  readonly value: Expr;
  readonly negated: boolean;
  readonly low: Expr;
  readonly high: Expr;
}
/** `value [not] in [1, 2]`, `in 3..8`, `in (from rel | select k)`. */
export interface In extends NodeOf<'in'> {
  readonly value: Expr;
  readonly negated: boolean;
  readonly set: Expr | Pipeline;
}
/** `value::type`; `safe` is `value::type?`: null where the value does not convert. `type` is never optional here. */
export interface Cast extends NodeOf<'cast'> {
  readonly value: Expr;
  readonly type: TypeNode;
  readonly safe: boolean;
}
/** `case [subject] when a then b … else c end`. Without `else`: null. */
export interface Case extends NodeOf<'case'> {
  readonly subject: Expr | null;
  readonly branches: readonly CaseBranch[];
  readonly otherwise: Expr | null;
}
export interface CaseBranch extends NodeOf<'caseBranch'> {
  readonly when: Expr;
  readonly then: Expr;
}
/** `3..8`. An end is `null` only directly in a `take` (`take 5..`). */
export interface Range extends NodeOf<'range'> {
  readonly low: Expr | null;
  readonly high: Expr | null;
}
/** `scalar(from …)`: the value of a relation of one row and one column. */
export interface Scalar extends NodeOf<'scalar'> {
  readonly pipeline: Pipeline;
}
/** Where an expression could not be parsed; a diagnostic has been given. Report nothing more about it. */
export interface ErrorExpr extends NodeOf<'errorExpr'> {}

// --------------------------------------------------------------------------------------------- small parts

/** `name = value`, or a bare `value` (`name: null`): items of derive, summarize, add, by, features, select… */
export interface NamedExpr extends NodeOf<'namedExpr'> {
  readonly name: Name | null;
  readonly value: Expr;
}
/** `nulls: null` where not written (they sort last). */
export interface SortKey extends NodeOf<'sortKey'> {
  readonly value: Expr;
  readonly descending: boolean;
  readonly nulls: 'first' | 'last' | null;
}
/** `*`, `* except a, b` */
export interface Star extends NodeOf<'star'> {
  readonly except: readonly Name[];
}
/** `"x_*"`: all columns whose name matches; `*` is any run of characters, `?` one. */
export interface Pattern extends NodeOf<'pattern'> {
  readonly pattern: string;
}
export type SelectItem = Star | Pattern | NamedExpr;

/** A plain key of `summarize … by`, or `rollup(a, b)`, `cube(a, b)`, `sets((a), (a, b), ())`. */
export type GroupElement = NamedExpr | GroupingSets;
/** `rollup` and `cube` hold one set each: their keys; `sets` holds as many as were written. */
export interface GroupingSets extends NodeOf<'groupingSets'> {
  readonly form: 'rollup' | 'cube' | 'sets';
  readonly sets: readonly GroupingSet[];
}
export interface GroupingSet extends NodeOf<'groupingSet'> {
  readonly keys: readonly NamedExpr[];
}

// ------------------------------------------------------------------------------------ relations, pipelines

/** What may stand behind `from`, `join`, `union`, `except`, `intersect`. */
export type Relation = RelationName | FormatCall | Pipeline;
/** The name of a `let` or an import. (Behind `predict` and `evaluate`: of a model.) */
export interface RelationName extends NodeOf<'relationName'> {
  readonly name: string;
}
/** `csv("orders-*.csv", nulls: ["", "NA"])`: a source, a sink, or a stored model. */
export interface FormatCall extends NodeOf<'formatCall'> {
  readonly format: Name;
  readonly args: readonly Arg[];
}
/** `sql """…"""`: the text between the quotes, untouched. Only directly in a `from`. */
export interface SqlSource extends NodeOf<'sqlSource'> {
  readonly text: string;
}
/** `from relation [as type] | step | …`. The same node in a `let`, as a statement, and in parentheses. */
export interface Pipeline extends NodeOf<'pipeline'> {
  readonly source: From;
  readonly steps: readonly Step[];
}
/** `from relation as type`; for `sql """…"""` the word `from` is not written. */
export interface From extends NodeOf<'from'> {
  readonly verbSpan: Span;
  readonly relation: Relation | SqlSource;
  readonly type: TypeNode | null;
}

// ------------------------------------------------------------------------------------------------ statements

/** `statements` in the order written. */
export interface FlowFile extends NodeOf<'file'> {
  readonly statements: readonly Statement[];
}
export type Statement =
  | ParamStatement
  | SchemaStatement
  | UseStatement
  | ImportStatement
  | FnStatement
  | LetStatement
  | Pipeline
  | ErrorStatement;

/** `param name: type [= default]` */
export interface ParamStatement extends NodeOf<'param'> {
  readonly name: Name;
  readonly type: TypeNode;
  readonly default: Expr | null;
}
/** `schema Order { id: int, … }` */
export interface SchemaStatement extends NodeOf<'schema'> {
  readonly name: Name;
  readonly type: StructType;
}
/** `use { f, g as h, k: (string) -> float? } from "./udfs.ts"`: functions of the host language. */
export interface UseStatement extends NodeOf<'use'> {
  readonly items: readonly UseItem[];
  readonly path: StringLiteral;
}
export interface UseItem extends NodeOf<'useItem'> {
  readonly name: Name;
  readonly alias: Name | null;
  readonly type: FunctionType | null;
}
/** `import { a, b as c } from "./lib.flow"` */
export interface ImportStatement extends NodeOf<'import'> {
  readonly items: readonly ImportItem[];
  readonly path: StringLiteral;
}
export interface ImportItem extends NodeOf<'importItem'> {
  readonly name: Name;
  readonly alias: Name | null;
}
/** `fn f(x: int, y: float = 1) => expression`, or `=> | step | step`. */
export interface FnStatement extends NodeOf<'fn'> {
  readonly name: Name;
  readonly params: readonly FnParam[];
  readonly body: Expr | StepsBody;
}
export interface FnParam extends NodeOf<'fnParam'> {
  readonly name: Name;
  readonly type: TypeNode | null;
  readonly default: Expr | null;
}
export interface StepsBody extends NodeOf<'stepsBody'> {
  readonly steps: readonly Step[];
}
/** `let a = …` (one name), or `let { a, b } = …` (`destructured`: the outputs of the `split` that ends it). */
export interface LetStatement extends NodeOf<'let'> {
  readonly names: readonly Name[];
  readonly destructured: boolean;
  readonly pipeline: Pipeline;
}
/**
 * A statement that could not be parsed; a diagnostic has been given. `names` are those it would have declared, as
 * far as they could be read, so that their uses need not be reported as unknown.
 */
export interface ErrorStatement extends NodeOf<'errorStatement'> {
  readonly names: readonly Name[];
}

/** A comment: `text` begins with `#`, without the line's end. `ownLine`: nothing but blanks stands before it. */
export interface Comment {
  readonly text: string;
  readonly span: Span;
  readonly ownLine: boolean;
}

// ------------------------------------------------------------------------------------------------- all nodes

export type Node =
  | Name
  | TypeNode
  | TypeField
  | Expr
  | StructField
  | FStringText
  | FStringExpr
  | Arg
  | Frame
  | CaseBranch
  | NamedExpr
  | SortKey
  | Star
  | Pattern
  | GroupingSets
  | GroupingSet
  | Relation
  | SqlSource
  | From
  | FlowFile
  | Statement
  | UseItem
  | ImportItem
  | FnParam
  | StepsBody
  | Step
  | StepPart;

export type NodeKind = Node['kind'];
export type NodeByKind<K extends NodeKind> = Extract<Node, { readonly kind: K }>;
