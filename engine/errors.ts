import type { SourceSpan } from './expr.ts';

/** What a run error knows about its place: all optional, shown when present. */
export interface RunErrorWhere {
  /** The step as the user wrote it, e.g. `derive gross`. */
  readonly step?: string;
  readonly span?: SourceSpan;
  readonly file?: string;
  /** 1-based data row within the file (the header does not count). */
  readonly row?: number;
  /** Row within the batch an expression was evaluated over, from 0: whoever knows where the batch comes from turns it into `row`. */
  readonly batchRow?: number;
  readonly column?: string;
  /** The offending value as text, cut to a readable length. */
  readonly value?: string;
  /** Of an error of the user's code: its own frames, innermost first. */
  readonly frames?: readonly string[];
  /** Number of the object of the store whose bytes cannot be had any more: whoever knows how it was made may make it again. */
  readonly object?: number;
}

export const RUN_ERROR_CODES = {
  FLOW7001: 'input not found',
  FLOW7002: 'input cannot be read',
  FLOW7003: 'input is malformed',
  FLOW7004: 'value does not fit its type',
  FLOW7005: 'arithmetic error',
  FLOW7006: 'output cannot be written',
  FLOW7007: 'out of memory',
  FLOW7008: 'spilling failed',
  FLOW7009: 'data breaks a stated expectation',
  FLOW7010: 'a worker died',
  FLOW7011: 'model error',
  FLOW7012: 'interrupted',
  FLOW7013: 'a task failed',
  FLOW7014: 'a task took too long',
  FLOW7015: 'an object is lost',
  FLOW7016: 'a setting is invalid',
  FLOW7020: 'embedded SQL failed',
  FLOW7017: 'a function failed',
  FLOW7018: 'a function gave a value of the wrong type',
  FLOW7019: 'access is not allowed',
} as const;

export type RunErrorCode = keyof typeof RUN_ERROR_CODES;

/** A failure of data, disk or machine while running: what happened, where, and what to do about it. Exit code 1. */
export class RunError extends Error {
  override readonly name = 'RunError';
  readonly code: RunErrorCode;
  readonly where: RunErrorWhere;
  readonly hint: string | undefined;

  constructor(code: RunErrorCode, message: string, where: RunErrorWhere = {}, hint?: string) {
    super(message);
    this.code = code;
    this.where = where;
    this.hint = hint;
  }

  /** The same error at that place. */
  with(where: RunErrorWhere): RunError {
    const error = new RunError(this.code, this.message, where, this.hint);
    if (this.cause !== undefined) error.cause = this.cause;
    return error;
  }

  /** The same error with more known about its place; what is known already stays. */
  at(where: RunErrorWhere): RunError {
    const known = Object.fromEntries(Object.entries(this.where).filter(([, value]) => value !== undefined));
    return this.with({ ...where, ...known });
  }
}

/** A broken invariant of ours: says so, and what to report. Never thrown for a user's mistake. */
export class EngineBug extends Error {
  override readonly name = 'EngineBug';
}

export interface ErrorData {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code?: RunErrorCode;
  readonly where?: RunErrorWhere;
  readonly hint?: string | undefined;
  readonly cause?: ErrorData;
  /** Of an AggregateError. */
  readonly errors?: readonly ErrorData[];
  /** Other own members of an error of a user, as far as they can be cloned. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Errors cross threads as plain data. The cause of a RunError is kept: it is what a user's function threw. */
export function errorToData(e: unknown): ErrorData {
  if (e instanceof RunError) {
    const data = { name: e.name, message: e.message, stack: e.stack, code: e.code, where: e.where, hint: e.hint };
    return e.cause instanceof Error ? { ...data, cause: errorToData(e.cause) } : data;
  }
  if (e instanceof Error) return { name: e.name, message: e.message, stack: e.stack };
  return { name: 'Error', message: String(e), stack: undefined };
}

export function errorFromData(d: ErrorData): Error {
  const e = d.code !== undefined ? new RunError(d.code, d.message, d.where ?? {}, d.hint) : new EngineBug(d.message);
  if (d.stack !== undefined) e.stack = d.stack;
  if (d.cause !== undefined) e.cause = userErrorFromData(d.cause);
  return e;
}

const STANDARD = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

/** An error of a user's code, as it was thrown: of the standard class of that name, or an Error with that name. */
export function userErrorFromData(d: ErrorData): Error {
  if (d.code !== undefined) return errorFromData(d);
  const Class = Object.hasOwn(STANDARD, d.name) ? STANDARD[d.name as keyof typeof STANDARD] : Error;
  const e =
    d.errors === undefined ? new Class(d.message) : new AggregateError(d.errors.map(userErrorFromData), d.message);
  const hidden = { writable: true, enumerable: false, configurable: true };
  if (e.name !== d.name) Object.defineProperty(e, 'name', { ...hidden, value: d.name });
  if (d.stack !== undefined) Object.defineProperty(e, 'stack', { ...hidden, value: d.stack });
  if (d.cause !== undefined) Object.defineProperty(e, 'cause', { ...hidden, value: userErrorFromData(d.cause) });
  return Object.assign(e, d.fields);
}
