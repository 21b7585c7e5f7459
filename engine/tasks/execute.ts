import { EngineBug, RunError } from '../errors.ts';
import { didYouMean } from '../formats/nearest.ts';
import type { Store } from '../store/types.ts';
import { type AnyClass, type AnyFunction, loadFunction } from './functions.ts';
import { inlineLimit } from './late_array.ts';
import { fillArgs, fillPlain, placeValues } from './places.ts';
import { setThreadStore } from './thread.ts';
import { Thrown, thrownData } from './thrown.ts';
import type { CallArgs, CallJob, FunctionSource, TaskScope, ValuePlace } from './types.ts';
import { decodeValue, readyToDecode } from './values.ts';

/** What calls see of the worker they run on. */
export interface CallContext {
  readonly store: Store;
  /** By number: told before the first call. */
  readonly functions: ReadonlyMap<number, FunctionSource>;
  /** Instances that live here, by number. */
  readonly actors: Map<number, object>;
  /** Of the call that runs now. Made when it is first asked for. */
  readonly signal: AbortSignal;
  /** Results up to this many bytes stay out of the store. */
  readonly inline: number;
}

type Loaded = AnyFunction | AnyClass;

/**
 * Runs a call and places its results: one without `returns`, none for an actor's instance. At once where the function and everything else is synchronous: a
 * tiny task does not wait for promises. Arguments are views on the store, valid until the call has ended (an actor's are copies). Throws (or rejects
 * with) Thrown for what the function threw, RunError FLOW7013 for a result that is not as `returns` says or cannot travel, FLOW7016 for a function that is
 * not there, and the store's errors (FLOW7008 with where.object, FLOW7007).
 */
export function runCall(job: CallJob, ctx: CallContext): ValuePlace[] | Promise<ValuePlace[]> {
  setThreadStore(ctx.store);
  const source = ctx.functions.get(job.fn);
  if (source === undefined) throw new EngineBug(`function ${job.fn} is unknown here`);
  const fn = loaded(source);
  if (fn instanceof Promise) return fn.then((f) => withArguments(job, source, f, ctx));
  return withArguments(job, source, fn, ctx);
}

function loaded(source: FunctionSource): Loaded | Promise<Loaded> {
  try {
    const fn = loadFunction(source);
    return fn instanceof Promise ? fn.catch((e: unknown) => failed(e, source)) : fn;
  } catch (e) {
    return failed(e, source);
  }
}

/** While it is loaded a function can fail by what its module does, or by what its text refers to. */
function failed(e: unknown, source: FunctionSource): never {
  throw e instanceof RunError ? e : thrownBy(e, source);
}

function withArguments(
  job: CallJob,
  source: FunctionSource,
  fn: Loaded,
  ctx: CallContext,
): ValuePlace[] | Promise<ValuePlace[]> {
  const plain = plainArguments(job.args);
  if (plain !== null) return call(job, source, fn, plain, ctx);
  const leases: Lease[] = [];
  const end = (): void => {
    for (const l of leases) l.release();
  };
  let pending = false;
  try {
    const args = argumentsOf(job.args as CallArgs, job.actor !== null, ctx, leases);
    const results =
      args instanceof Promise ? args.then((a) => call(job, source, fn, a, ctx)) : call(job, source, fn, args, ctx);
    pending = results instanceof Promise;
    return results instanceof Promise ? results.finally(end) : results;
  } finally {
    if (!pending) end();
  }
}

/** null: some are encoded. */
function plainArguments(args: CallArgs | null): unknown[] | null {
  if (args === null) return [];
  const { shape, values } = args;
  if (shape.kind !== 'plain') return null;
  const holes: unknown[] = [];
  for (const v of values) {
    if (v.kind !== 'plain') return null;
    holes.push(v.value);
  }
  return fillPlain(shape.value, holes);
}

interface Lease {
  release(): void;
}

function argumentsOf(
  { shape, values }: CallArgs,
  copy: boolean,
  ctx: CallContext,
  leases: Lease[],
): unknown[] | Promise<unknown[]> {
  const bytes = [shape, ...values].map((p) => bytesOf(p, ctx.store, leases));
  const decode = (): unknown[] => {
    const holes = values.map((p, i) =>
      p.kind === 'plain' ? p.value : decodeValue(bytes[i + 1] as Uint8Array, { copy }),
    );
    return shape.kind === 'plain' ? fillPlain(shape.value, holes) : fillArgs(bytes[0] as Uint8Array, holes, copy);
  };
  for (const b of bytes) {
    const wait = b === null ? null : readyToDecode(b);
    if (wait !== null) return wait.then(decode);
  }
  return decode();
}

/** null: plain, there are none. */
function bytesOf(p: ValuePlace, store: Store, leases: Lease[]): Uint8Array | null {
  if (p.kind === 'plain') return null;
  if (p.kind === 'inline') return p.bytes;
  // A small part of a large object is read from where it lies.
  if (p.bytes * 2 > store.size(p.object)) store.restore(p.object);
  const lease = store.readBytes(p.object, p.offset, p.bytes);
  leases.push(lease);
  return lease.view;
}

/** What a task's function sees as `this`. */
class Scope implements TaskScope {
  readonly name: string;
  readonly attempt: number;
  readonly #ctx: CallContext;

  constructor(job: CallJob, ctx: CallContext) {
    this.name = job.name;
    this.attempt = job.attempt;
    this.#ctx = ctx;
  }

  get signal(): AbortSignal {
    return this.#ctx.signal;
  }
}

function call(
  job: CallJob,
  source: FunctionSource,
  fn: Loaded,
  args: unknown[],
  ctx: CallContext,
): ValuePlace[] | Promise<ValuePlace[]> {
  const run = callee(job, fn, ctx);
  let result: unknown;
  try {
    result = run(args);
  } catch (e) {
    throw thrownBy(e, source);
  }
  if (job.actor !== null && job.actor.method === null) {
    ctx.actors.set(job.actor.id, result as object);
    return [];
  }
  if (!thenable(result)) return placed(job, result, ctx);
  return Promise.resolve(result).then(
    (r) => placed(job, r, ctx),
    (e: unknown) => {
      throw thrownBy(e, source);
    },
  );
}

type Callee = (args: unknown[]) => unknown;

/** What the arguments are given to: errors in finding it are ours, those of calling it the user's. */
function callee(job: CallJob, fn: Loaded, ctx: CallContext): Callee {
  const { actor } = job;
  if (actor === null) return (args) => (fn as AnyFunction).apply(new Scope(job, ctx), args);
  if (actor.method === null) return (args) => Reflect.construct(fn, args);
  const instance = ctx.actors.get(actor.id);
  if (instance === undefined) throw new EngineBug(`actor ${actor.id} does not live here`);
  const method = (instance as Record<string, unknown>)[actor.method];
  if (typeof method === 'function') return (args) => (method as AnyFunction).apply(instance, args);
  const problem = `actor ${job.name} has no method "${actor.method}"`;
  throw new RunError('FLOW7016', problem, {}, didYouMean(actor.method, methodNames(instance)));
}

function methodNames(instance: object): string[] {
  const names = new Set<string>();
  for (
    let o: object | null = instance;
    o !== null && o !== Object.prototype;
    o = Object.getPrototypeOf(o) as object | null
  ) {
    for (const name of Object.getOwnPropertyNames(o)) if (name !== 'constructor') names.add(name);
  }
  return [...names];
}

function thenable(v: unknown): boolean {
  return typeof v === 'object' && v !== null && 'then' in v && typeof v.then === 'function';
}

function placed(job: CallJob, result: unknown, ctx: CallContext): ValuePlace[] {
  const { returns, name } = job;
  if (returns === null) return placeValues(ctx.store, [result], () => `the result of task "${name}"`, ctx.inline);
  if (!Array.isArray(result)) {
    const got = result === null ? 'null' : result === undefined ? 'nothing' : `a value of type ${typeof result}`;
    throw new RunError('FLOW7013', `task "${name}" must return an array of ${returns} values, but returned ${got}`);
  }
  if (result.length !== returns) {
    throw new RunError('FLOW7013', `task "${name}" must return ${returns} values, but returned ${result.length}`);
  }
  return placeValues(ctx.store, result, (i) => `result ${i + 1} of task "${name}"`, inlineLimit(result, ctx.inline));
}

function thrownBy(e: unknown, source: FunctionSource): Thrown {
  const data = thrownData(e);
  const free = /^(\S+) is not defined$/.exec(data.message);
  if (source.kind !== 'closure' || data.name !== 'ReferenceError' || free === null) return new Thrown(data);
  const hint = `the function runs on another thread without what stands around it: pass ${free[1]} as an argument, or export the function from a module and use fromModule`;
  return new Thrown({ ...data, hint });
}
