import type { ObjectId } from '../store/types.ts';

/** A value that is there or will be: the result of a task, or what was put. */
export interface Ref<T> {
  readonly id: number;
  /** For people: the name of the task, with `[i]` where it has several results. */
  readonly name: string;
  /** The value is needed no more by the holder of this ref; it goes when no task needs it either. Idempotent. */
  release(): void;
  /** Never there; carries the type. */
  readonly __type?: T;
}

/** What may stand in the place of a T in a task's arguments: the value, a ref to it, or the same in the members of arrays and plain objects. */
export type Arg<T> =
  | T
  | Ref<T>
  | (T extends readonly unknown[]
      ? { readonly [K in keyof T]: Arg<T[K]> }
      : T extends Plain
        ? { readonly [K in keyof T]: Arg<T[K]> }
        : never);
type Plain = { readonly [key: string]: unknown };
export type Args<A extends readonly unknown[]> = { readonly [K in keyof A]: Arg<A[K]> };

/** A function of a module, found by its URL and name: `fromModule<typeof import('./steps.js').clean>(new URL('./steps.js', import.meta.url), 'clean')`. */
export interface ModuleFunction<F> {
  readonly url: string;
  readonly name: string;
  readonly __type?: F;
}

export interface TaskOptions {
  /** For people: in errors, statistics and traces. Default: the function's own name. */
  readonly name?: string;
  /** The function returns an array of so many values, each with a ref of its own. Default: one value, one ref. */
  readonly returns?: number;
  /** How often the task is tried again when its worker dies or its input is lost. Default 3. */
  readonly retries?: number;
  /** Whether what the function throws is also a reason to try again (within `retries`). Default false. */
  readonly retryErrors?: boolean;
  /** Working memory in bytes the function takes outside the store: tasks run side by side only while these fit into half of the limit. Default 0. */
  readonly memory?: number;
  /** Workers' worth of processor the function takes. Default 1. */
  readonly threads?: number;
  /** Ready tasks with a higher number start first; equal ones in the order they were made. Default 0. */
  readonly priority?: number;
  /** Milliseconds a single try may take, from its start; then its worker is ended and the task fails with FLOW7014. Default: no end. */
  readonly timeout?: number;
  /** Cancels the task, and what depends on it, when aborted. */
  readonly signal?: AbortSignal;
}

/** A function with its options: what `task(fn, options)` makes. R: what it returns (with `returns`, the tuple). */
export interface TaskDef<A extends readonly unknown[], R, Many extends boolean> {
  readonly fn: FunctionSource;
  readonly options: TaskOptions;
  readonly __type?: { args: A; result: R; many: Many };
}

/** How a function gets to a worker: plain data. */
export type FunctionSource =
  | { readonly kind: 'module'; readonly url: string; readonly name: string }
  /** The text of a function or class that uses nothing but its arguments and globals. */
  | { readonly kind: 'closure'; readonly code: string; readonly name: string };

/** What a function sees as `this` (a `function`, not an arrow) and an actor's method as `this` does not: pass it on where needed. */
export interface TaskScope {
  /** Aborted when the task was cancelled: a long asynchronous task looks at it now and then. */
  readonly signal: AbortSignal;
  readonly name: string;
  /** From 1. */
  readonly attempt: number;
}

/** Where a value lies. */
export type ValuePlace =
  /** Travels as it is by structured clone: undefined, null, booleans, numbers, bigints, short strings. */
  | { readonly kind: 'plain'; readonly value: unknown }
  /** Encoded (values.ts), on the heap: small ones. */
  | { readonly kind: 'inline'; readonly bytes: Uint8Array }
  /** Encoded, in the store. Several values of one task may share an object: a dense index instead of many objects. */
  | { readonly kind: 'object'; readonly object: ObjectId; readonly offset: number; readonly bytes: number };

/** A call as the worker gets it. */
export interface CallJob {
  readonly type: 'call';
  /** Never used again within an engine. */
  readonly id: number;
  /** Number of the function; its source was told to the worker before (`FunctionMessage`). For an actor: of its class. */
  readonly fn: number;
  /** The arguments array with refs replaced by holes; null: no arguments. */
  readonly args: CallArgs | null;
  /** null: one result. */
  readonly returns: number | null;
  readonly name: string;
  readonly attempt: number;
  /** `method` null: make the instance. */
  readonly actor: { readonly id: number; readonly method: string | null } | null;
}

export interface CallArgs {
  /** The array of arguments as a value (values.ts) in which hole i stands for `values[i]`. */
  readonly shape: ValuePlace;
  readonly values: readonly ValuePlace[];
}

export interface FunctionMessage {
  readonly type: 'function';
  readonly fn: number;
  readonly source: FunctionSource;
}

/** Results up to this many bytes stay inline, outside the store. */
export const INLINE_BYTES = 100 << 10;
