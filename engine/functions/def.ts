import type { DataType, Typed } from '../types.ts';

/**
 * A scalar function or operator. The compiler resolves overloads and inserts the casts that `params` ask for; the expression compiler turns
 * `call` into code. In generated code values are: bool true/false; int and decimal a number (exact, |v| <= 2^53) or, in the wide variant, a bigint
 * (decimal: unscaled); float a number; string, json a string; bytes a Uint8Array; date days; time and timestamp microseconds as int;
 * interval {months, days, micros}; list an array; struct an object; null is handled outside unless `nulls` is 'custom'.
 */
export interface FunctionDef {
  readonly name: string;
  readonly family: FunctionFamily;
  readonly aliases?: readonly string[];
  readonly doc: string;
  readonly signature: string;
  /** `expression => result`, checked by a test and shown in the reference. */
  readonly examples: readonly (readonly [expression: string, result: string])[];
  /**
   * null when no overload takes these types (after the implicit casts int -> decimal -> float, null -> anything, date -> timestamp);
   * a Misfit when the reason is worth saying. `literals[i]` is the value of a literal argument, A_LAMBDA for a lambda, undefined otherwise.
   */
  resolve(args: readonly DataType[], literals: readonly unknown[]): Overload | Misfit | null;
  /** Of a function that takes a lambda; in `resolve` the lambda stands as the type of its body. Such a call is computed by expr/lambda_calls.ts, not by `impl`. */
  readonly lambda?: LambdaParams;
  /** strict: null when any argument is null (default). custom: the implementation sees nulls as null. */
  readonly nulls?: 'strict' | 'custom';
}

/** Stands among the literals of `resolve` where an argument is a lambda. */
export const A_LAMBDA = Symbol('a lambda');

/** What a lambda is given. */
export interface LambdaParams {
  /** Which argument it is. It may be left out where `resolve` takes the call without. */
  readonly at: number;
  /**
   * Types of its parameters, as many as it may have; it may have fewer, but one. `args` are the types of the other arguments. `body`: the type of its body with the
   * parameters given before, null at first; what it changes is asked for again. Null or a Misfit: it does not fit these arguments.
   */
  params(args: readonly (DataType | undefined)[], body: DataType | null): readonly Typed[] | Misfit | null;
}

export type FunctionFamily = 'operator' | 'math' | 'string' | 'date' | 'conditional' | 'list' | 'hash' | 'window';

/** Why these arguments do not fit, as a sentence for the user: a bad pattern, an unknown unit, types that do not compare. */
export interface Misfit {
  readonly error: string;
}

export interface Overload {
  /** Types the arguments are cast to, one for each argument. */
  readonly params: readonly DataType[];
  readonly result: DataType;
  /** Nullable even when no argument is (an index out of range): the implementation may give null; default false. With nulls 'custom': decides from the arguments. */
  readonly nullable?: boolean | ((args: readonly boolean[]) => boolean);
  readonly impl: FunctionImpl;
}

/**
 * `inline`: a JavaScript expression over the argument code strings (trusted text of ours; never user data), for numbers; `inlineWide` the same over
 * bigints. An argument string is a plain name, so it may be used more than once. `call`: an ordinary function called per row, for everything else; it takes
 * and gives integers as LiteralValue does (a number while |v| <= 2^53 - 1, else a bigint) in both variants, so one function serves both.
 * An implementation with int, decimal, time or timestamp arguments has `inlineWide` or `call`.
 * An implementation reports a user's data error by throwing RunError (FLOW7004, FLOW7005). A number that stands for an integer is never -0.
 */
export interface FunctionImpl {
  readonly inline?: (...args: string[]) => string;
  readonly inlineWide?: (...args: string[]) => string;
  readonly call?: (...args: never[]) => unknown;
  /** The result may leave the exact range of numbers, or its type: the generated code checks it, and falls back to the wide variant or fails. */
  readonly mayOverflow?: boolean;
  /** Greatest |result| from the greatest |argument| of each argument; below 2^53 the check is left out. */
  readonly bound?: (...bounds: number[]) => number;
}
