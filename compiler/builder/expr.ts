import type * as Ast from '../../grammar/ast.ts';
import { printNode } from '../../grammar/print.ts';
import type { Flow } from './flow.ts';
import { binary, column, make, name, type Value, valueNode } from './nodes.ts';
import { adoptParams, declareParam } from './params.ts';
import { flowsIn, standIn } from './subflows.ts';
import { parseExpr, parseSortKey, parseType } from './text.ts';

/** An operand of a method: an expression, or a value that stands as a constant. Text is a constant here. */
export type Operand = Expr | Value;

/** An expression where a step or a function takes one: built, or as text of the language (`'delay > 15'`, `'origin'`). */
export type ExprInput = Expr | string;

/** An expression of a pipeline. Immutable; every method gives a new one. */
export class Expr {
  /** The expression as the language's syntax tree has it. */
  readonly ast: Ast.Expr;

  constructor(ast: Ast.Expr) {
    this.ast = ast;
  }

  #binary(op: Ast.BinaryOp, right: Operand): Expr {
    return new Expr(binary(op, this.ast, operand(right)));
  }

  add(right: Operand): Expr {
    return this.#binary('+', right);
  }
  sub(right: Operand): Expr {
    return this.#binary('-', right);
  }
  mul(right: Operand): Expr {
    return this.#binary('*', right);
  }
  /** Float division. */
  div(right: Operand): Expr {
    return this.#binary('/', right);
  }
  /** Division that truncates. */
  intDiv(right: Operand): Expr {
    return this.#binary('//', right);
  }
  mod(right: Operand): Expr {
    return this.#binary('%', right);
  }
  neg(): Expr {
    return new Expr(make('unary', { op: '-', operand: this.ast }));
  }

  eq(right: Operand): Expr {
    return this.#binary('==', right);
  }
  ne(right: Operand): Expr {
    return this.#binary('!=', right);
  }
  lt(right: Operand): Expr {
    return this.#binary('<', right);
  }
  le(right: Operand): Expr {
    return this.#binary('<=', right);
  }
  gt(right: Operand): Expr {
    return this.#binary('>', right);
  }
  ge(right: Operand): Expr {
    return this.#binary('>=', right);
  }
  /** Null-safe equality. */
  is(right: Operand): Expr {
    return this.#binary('is', right);
  }
  isNot(right: Operand): Expr {
    return this.#binary('is not', right);
  }
  isNull(): Expr {
    return this.is(null);
  }
  isNotNull(): Expr {
    return this.isNot(null);
  }

  and(right: Operand): Expr {
    return this.#binary('and', right);
  }
  or(right: Operand): Expr {
    return this.#binary('or', right);
  }
  not(): Expr {
    return new Expr(make('unary', { op: 'not', operand: this.ast }));
  }

  like(pattern: Operand): Expr {
    return this.#binary('like', pattern);
  }
  notLike(pattern: Operand): Expr {
    return this.#binary('not like', pattern);
  }
  matches(pattern: Operand): Expr {
    return this.#binary('matches', pattern);
  }
  notMatches(pattern: Operand): Expr {
    return this.#binary('not matches', pattern);
  }

  /** Both ends included. */
  between(low: Operand, high: Operand): Expr {
    return this.#between(low, high, false);
  }
  notBetween(low: Operand, high: Operand): Expr {
    return this.#between(low, high, true);
  }
  #between(low: Operand, high: Operand, negated: boolean): Expr {
    return new Expr(make('between', { value: this.ast, negated, low: operand(low), high: operand(high) }));
  }

  /** One of the values, or of those of the one column of a flow. */
  in(values: readonly Operand[] | Flow): Expr {
    return this.#in(values, false);
  }
  notIn(values: readonly Operand[] | Flow): Expr {
    return this.#in(values, true);
  }
  #in(values: readonly Operand[] | Flow, negated: boolean): Expr {
    const set = isList(values) ? make('list', { items: values.map(operand) }) : standIn(values);
    return new Expr(make('in', { value: this.ast, negated, set }));
  }

  /** This, or `other` where this is null: `a ?? b`. */
  coalesce(other: Operand): Expr {
    return this.#binary('??', other);
  }
  /** `value::type`; a value that does not convert fails the run. */
  cast(type: string): Expr {
    return this.#cast(type, false);
  }
  /** `value::type?`; a value that does not convert becomes null. */
  castOrNull(type: string): Expr {
    return this.#cast(type, true);
  }
  #cast(type: string, safe: boolean): Expr {
    return new Expr(make('cast', { value: this.ast, type: parseType(type), safe }));
  }

  /** A field of a struct, or a column of a join's alias. */
  field(fieldName: string): Expr {
    return new Expr(make('field', { target: this.ast, name: name(fieldName) }));
  }
  /** An item of a list, from 0, or the value of a key. */
  at(index: Operand): Expr {
    return new Expr(make('index', { target: this.ast, index: operand(index) }));
  }

  /** `call over (…)`: the value of an aggregate or of a window function over the rows around the row. */
  over(window: Window = {}): Expr {
    if (this.ast.kind !== 'call')
      throw new TypeError(`over needs a call of a function, and this is ${this.toString()}`);
    const list = <T>(input: T | readonly T[] | undefined): readonly T[] =>
      input === undefined ? [] : Array.isArray(input) ? (input as readonly T[]) : [input as T];
    return new Expr(
      make('over', {
        call: this.ast,
        by: list(window.by).map(toExpr),
        sort: list(window.sort).map(toSortKey),
        frame: frameNode(window),
      }),
    );
  }

  asc(): SortKey {
    return new SortKey(make('sortKey', { value: this.ast, descending: false, nulls: null }));
  }
  desc(): SortKey {
    return new SortKey(make('sortKey', { value: this.ast, descending: true, nulls: null }));
  }

  /** As the language writes it. */
  toString(): string {
    return printNode(this.ast);
  }
}

/** An end of a frame: rows, or a distance in the unit of the key (`'-30d'`), below 0 before the row; null: open. */
export type FrameEnd = number | ExprInput | null;

/** The rows that a window looks at: those of equal `by` keys, in the order of `sort`; of these, from the first end to the second one. */
export interface Window {
  readonly by?: ExprInput | readonly ExprInput[];
  readonly sort?: ExprInput | SortKey | readonly (ExprInput | SortKey)[];
  readonly rows?: readonly [FrameEnd, FrameEnd];
  readonly range?: readonly [FrameEnd, FrameEnd];
}

function frameNode({ rows, range }: Window): Ast.Frame | null {
  const ends = rows ?? range;
  if (ends === undefined) return null;
  const end = (value: FrameEnd): Ast.Expr | null =>
    value === null ? null : typeof value === 'number' ? valueNode(value) : toExpr(value);
  return make('frame', { unit: rows === undefined ? 'range' : 'rows', low: end(ends[0]), high: end(ends[1]) });
}

function isList(values: readonly Operand[] | Flow): values is readonly Operand[] {
  return Array.isArray(values);
}

/** The value of a flow of one row and one column; null without a row. */
export function scalar(flow: Flow): Expr {
  return new Expr(make('scalar', { pipeline: standIn(flow) }));
}

/** A key of `sort`. */
export class SortKey {
  readonly ast: Ast.SortKey;

  constructor(ast: Ast.SortKey) {
    this.ast = ast;
  }

  nullsFirst(): SortKey {
    return new SortKey({ ...this.ast, nulls: 'first' });
  }
  nullsLast(): SortKey {
    return new SortKey({ ...this.ast, nulls: 'last' });
  }
}

function operand(value: Operand): Ast.Expr {
  return value instanceof Expr ? value.ast : valueNode(value);
}

/** A column. The name is taken as it is, whatever characters it has; `col('c').field('name')` is a column of a join's alias. */
export function col(columnName: string): Expr {
  return new Expr(column(columnName));
}

/** A constant. */
export function lit(value: Value): Expr {
  return new Expr(valueNode(value));
}

/**
 * An expression as text of the language: expr`delay > 15 and origin == ${code}`. Values in `${}` stand as constants, expressions as
 * they are. FlowSyntaxError when the text is none.
 */
export function expr(strings: TemplateStringsArray | string, ...values: readonly Operand[]): Expr {
  if (typeof strings === 'string') return new Expr(parseExpr(strings));
  if (flowsIn(values.map(operand)).length > 0) throw new TypeError('a flow cannot stand in the text of an expression');
  const parts = strings.raw.map((part, i) =>
    i < values.length ? `${part}(${printNode(operand(values[i] as Operand))})` : part,
  );
  return new Expr(adoptParams(parseExpr(parts.join('')), values.map(operand)));
}

/**
 * A parameter, `$name`: `param('min_flights', 'int', 5000)`. A run may give another value (`{ params: { min_flights: '20000' } }`), and has
 * to where there is no default.
 */
export function param(paramName: string, type: string, fallback?: Operand): Expr {
  return new Expr(declareParam(paramName, type, fallback === undefined ? null : operand(fallback)));
}

export function toExpr(input: ExprInput): Ast.Expr {
  return typeof input === 'string' ? parseExpr(input) : input.ast;
}

export function toSortKey(input: ExprInput | SortKey): Ast.SortKey {
  if (input instanceof SortKey) return input.ast;
  return typeof input === 'string' ? parseSortKey(input) : input.asc().ast;
}

/** A descending key of `sort`. */
export function desc(input: ExprInput): SortKey {
  return new Expr(toExpr(input)).desc();
}

/** An ascending key of `sort`. */
export function asc(input: ExprInput): SortKey {
  return new Expr(toExpr(input)).asc();
}

/** `case when … then … else … end`: branches in order, the first true one decides. */
export function when(condition: ExprInput, then: Operand): Case {
  return new Case([]).when(condition, then);
}

export class Case {
  readonly #branches: readonly Ast.CaseBranch[];

  constructor(branches: readonly Ast.CaseBranch[]) {
    this.#branches = branches;
  }

  when(condition: ExprInput, then: Operand): Case {
    const branch = make('caseBranch', { when: toExpr(condition), then: operand(then) });
    return new Case([...this.#branches, branch]);
  }

  otherwise(value: Operand): Expr {
    return new Expr(make('case', { subject: null, branches: this.#branches, otherwise: operand(value) }));
  }

  /** Null where no branch is true. */
  end(): Expr {
    return new Expr(make('case', { subject: null, branches: this.#branches, otherwise: null }));
  }
}
