import { RunError } from '../errors.ts';
import { describeFunction } from './functions.ts';
import type { Args, FunctionSource, ModuleFunction, Ref, TaskDef, TaskOptions } from './types.ts';

/** Any function, whatever its parameters. */
export type AnyFunction = (...args: never[]) => unknown;
export type AnyClass = abstract new (...args: never[]) => object;

export type ResultOf<F extends AnyFunction> = Awaited<ReturnType<F>>;
/** A ref for each of several results. */
export type RefsOf<R> = R extends readonly unknown[] ? { -readonly [K in keyof R]: Ref<R[K]> } : never;
/** The values behind refs. */
export type ValuesOf<T extends readonly Ref<unknown>[]> = { -readonly [K in keyof T]: ValueOf<T[K]> };
type ValueOf<R> = R extends Ref<infer V> ? V : never;

export type AnyTaskDef = TaskDef<readonly unknown[], unknown, boolean>;
export type ArgsOfDef<D> = D extends TaskDef<infer A, unknown, boolean> ? Args<A> : never;
export type RefOfDef<D> =
  D extends TaskDef<readonly unknown[], infer R, infer Many> ? (Many extends true ? RefsOf<R> : Ref<R>) : never;

/**
 * A function with options, to be given to `engine.task` instead of the function. RunError FLOW7016 for an option that is none or has a bad value, FLOW7013
 * for a function that cannot get to a worker.
 */
export function task<F extends AnyFunction>(
  fn: F | ModuleFunction<F>,
  options: TaskOptions & { readonly returns: number },
): TaskDef<Parameters<F>, ResultOf<F>, true>;
export function task<F extends AnyFunction>(
  fn: F | ModuleFunction<F>,
  options?: TaskOptions,
): TaskDef<Parameters<F>, ResultOf<F>, false>;
export function task(
  fn: AnyFunction | ModuleFunction<AnyFunction>,
  options: TaskOptions = {},
): TaskDef<readonly unknown[], unknown, boolean> {
  checkTaskOptions(options);
  return { fn: describeFunction(fn), options };
}

/**
 * A function or class that a module exports. `url`: the module's, as a URL or absolute `file:` text (`new URL('./steps.js', import.meta.url)`); workers
 * import it, so that it has to be JavaScript that Node.js can load.
 */
export function fromModule<F>(url: URL | string, name: string): ModuleFunction<F> {
  const text = String(url);
  if (!URL.canParse(text)) {
    throw new RunError(
      'FLOW7016',
      `"${text}" is not the URL of a module`,
      {},
      "Give `new URL('./module.js', import.meta.url)`.",
    );
  }
  if (name === '') throw new RunError('FLOW7016', 'the name of a module’s function is empty');
  return { url: text, name };
}

export interface ActorOptions {
  /** For people. Default: the name of the class. */
  readonly name?: string;
  /** How often the instance is made anew when its worker dies; its state is lost then. Default 0. */
  readonly restarts?: number;
  /** Working memory in bytes the instance takes outside the store, as long as it lives. Default 0. */
  readonly memory?: number;
}

/** A class with its options: what `actor(Class, options)` makes. */
export interface ActorDef<C> {
  readonly class: FunctionSource;
  readonly options: ActorOptions;
  readonly __type?: C;
}

/** A class with options, to be given to `engine.actor` instead of the class. Errors as of `task`. */
export function actor<C extends AnyClass>(type: C | ModuleFunction<C>, options: ActorOptions = {}): ActorDef<C> {
  checkActorOptions(options);
  return { class: describeFunction(type), options };
}

/** How long such jobs take. */
export interface Pace {
  /** Milliseconds, the recent ones weighing more; NaN: none is done yet. */
  average: number;
}

/** A function with all its options settled, shared by its calls. */
export interface Definition {
  /** Number the workers know the function by. */
  readonly fn: number;
  readonly source: FunctionSource;
  readonly name: string;
  readonly returns: number | null;
  readonly retries: number;
  readonly retryErrors: boolean;
  readonly memory: number;
  readonly threads: number;
  readonly priority: number;
  readonly timeout: number;
  readonly signal: AbortSignal | null;
  readonly pace: Pace;
}

const RETRIES = 3;

export function define(fn: number, source: FunctionSource, o: TaskOptions, pace: Pace): Definition {
  return {
    fn,
    source,
    name: o.name ?? (source.name === '' ? 'anonymous' : source.name),
    returns: o.returns ?? null,
    retries: o.retries ?? RETRIES,
    retryErrors: o.retryErrors ?? false,
    memory: o.memory ?? 0,
    threads: o.threads ?? 1,
    priority: o.priority ?? 0,
    timeout: o.timeout ?? 0,
    signal: o.signal ?? null,
    pace,
  };
}

type Check = readonly [expected: string, test: (v: unknown) => boolean];

const natural = (least: number): Check => [
  `a whole number from ${least}`,
  (v) => Number.isSafeInteger(v) && (v as number) >= least,
];
const BYTES: Check = ['a number of bytes from 0', (v) => Number.isFinite(v) && (v as number) >= 0];
const NAME: Check = ['a text that is not empty', (v) => typeof v === 'string' && v !== ''];
/** The longest a timer can wait. */
const MAX_MS = 2 ** 31 - 1;

const TASK_OPTIONS: Record<keyof TaskOptions, Check> = {
  name: NAME,
  returns: natural(1),
  retries: natural(0),
  retryErrors: ['true or false', (v) => typeof v === 'boolean'],
  memory: BYTES,
  threads: natural(1),
  priority: ['a number', (v) => Number.isFinite(v)],
  timeout: [
    `milliseconds, more than 0 and at most ${MAX_MS}`,
    (v) => Number.isFinite(v) && (v as number) > 0 && (v as number) <= MAX_MS,
  ],
  signal: ['an AbortSignal', (v) => v instanceof AbortSignal],
};

const ACTOR_OPTIONS: Record<keyof ActorOptions, Check> = { name: NAME, restarts: natural(0), memory: BYTES };

function checkOptions(what: string, options: object, checks: Readonly<Record<string, Check>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const check = checks[name];
    if (check === undefined) {
      throw new RunError(
        'FLOW7016',
        `${what} has no option "${name}"`,
        {},
        `There are: ${Object.keys(checks).join(', ')}.`,
      );
    }
    const [expected, test] = check;
    if (!test(value)) {
      throw new RunError('FLOW7016', `${name} of ${what} is ${shown(value)}; ${expected} is expected`);
    }
  }
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

export function checkTaskOptions(options: TaskOptions): void {
  checkOptions('a task', options, TASK_OPTIONS);
}

export function checkActorOptions(options: ActorOptions): void {
  checkOptions('an actor', options, ACTOR_OPTIONS);
}
