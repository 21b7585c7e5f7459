import { RunError } from '../errors.ts';
import type { Actor } from './actors.ts';
import type { ActorDef, AnyClass, AnyFunction } from './definition.ts';
import { describeFunction } from './functions.ts';
import { getAll, type WaitOptions, waitFor } from './get.ts';
import { valuesOf } from './refs.ts';
import type { TaskRuntime } from './runtime.ts';
import type { Args, Ref } from './types.ts';

export interface GetOptions {
  /** Give typed arrays and buffers memory of their own instead of showing the store's. Default false. */
  readonly copy?: boolean;
}

export interface Waited<T> {
  /** Those whose value is there, or which failed, in the order they were given. */
  readonly ready: Ref<T>[];
  readonly pending: Ref<T>[];
}

type Method<C, M extends keyof C> = C[M] extends AnyFunction ? C[M] : never;
export type MethodName<C> = { [K in keyof C]: C[K] extends AnyFunction ? K : never }[keyof C] & string;

/** A stateful actor: an instance of a class that lives on a worker. */
export interface ActorHandle<I> {
  readonly name: string;
  /** Calls a method. Calls run in the order they were made, one at a time. */
  call<M extends MethodName<I>>(
    method: M,
    ...args: Args<Parameters<Method<I, M>>>
  ): Ref<Awaited<ReturnType<Method<I, M>>>>;
  /** The instance goes when the calls made so far are done. Idempotent. */
  release(): void;
}

export type HandleOf<C> = C extends AnyClass ? ActorHandle<InstanceType<C>> : never;

export async function get(
  runtime: TaskRuntime,
  what: Ref<unknown> | readonly Ref<unknown>[],
  options: GetOptions,
): Promise<unknown> {
  const copy = options.copy ?? false;
  if (Array.isArray(what)) return getAll(runtime, valuesOf(what), copy);
  return (await getAll(runtime, valuesOf([what as Ref<unknown>]), copy))[0];
}

export async function wait<T>(runtime: TaskRuntime, refs: readonly Ref<T>[], options: WaitOptions): Promise<Waited<T>> {
  const settled = await waitFor(runtime, valuesOf(refs), options);
  return { ready: refs.filter((_, i) => settled[i]), pending: refs.filter((_, i) => !settled[i]) };
}

export function cancel(runtime: TaskRuntime, ref: Ref<unknown>): void {
  const [value] = valuesOf([ref]);
  if (value?.maker) runtime.cancel(value.maker);
}

export function submit(
  runtime: TaskRuntime,
  what: unknown,
  args: readonly unknown[],
): Ref<unknown> | readonly Ref<unknown>[] {
  const def = runtime.definition(what);
  const results = runtime.submit(def, args);
  return def.returns === null ? (results[0] as Ref<unknown>) : results;
}

export function newActor(runtime: TaskRuntime, what: unknown, args: readonly unknown[]): ActorHandle<object> {
  runtime.checkOpen();
  const given: ActorDef<unknown> = isActorDef(what) ? what : { class: describeFunction(what), options: {} };
  const { name, restarts = 0, memory } = given.options;
  const options = { ...(name === undefined ? {} : { name }), ...(memory === undefined ? {} : { memory }) };
  return new Handle(runtime, runtime.actor(runtime.define(given.class, options), restarts, args));
}

class Handle implements ActorHandle<object> {
  readonly #runtime: TaskRuntime;
  readonly #actor: Actor;

  constructor(runtime: TaskRuntime, actor: Actor) {
    this.#runtime = runtime;
    this.#actor = actor;
  }

  get name(): string {
    return this.#actor.name;
  }

  call(method: string, ...args: readonly unknown[]): Ref<never> {
    if (typeof method !== 'string' || method === '') {
      throw new RunError('FLOW7016', `a call of the actor "${this.name}" names no method`);
    }
    const def = this.#actor.method(method);
    return this.#runtime.submit(def, args, { actor: this.#actor, method })[0] as Ref<never>;
  }

  release(): void {
    this.#actor.release();
  }
}

function isActorDef(v: unknown): v is ActorDef<unknown> {
  return typeof v === 'object' && v !== null && 'class' in v && 'options' in v;
}
