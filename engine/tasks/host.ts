import {
  type ActorHandle,
  cancel,
  type GetOptions,
  get,
  type HandleOf,
  newActor,
  submit,
  type Waited,
  wait,
} from './api.ts';
import type {
  ActorDef,
  AnyClass,
  AnyFunction,
  AnyTaskDef,
  ArgsOfDef,
  RefOfDef,
  ResultOf,
  ValuesOf,
} from './definition.ts';
import type { WaitOptions } from './get.ts';
import type { TaskRuntime } from './runtime.ts';
import type { Args, ModuleFunction, Ref } from './types.ts';

/** What a constructor's arguments may be. */
export type ConstructorArgs<C> = C extends abstract new (...args: infer A) => object ? Args<A> : never;

/** The task API: functions that run on workers, refs to their results, actors. */
export abstract class TaskHost {
  /** Numbers of tasks: `tasks.stats()`. */
  abstract readonly tasks: TaskRuntime;

  /**
   * A ref to a copy of the value, for many tasks to take. Values over 100 KiB lie in the store. RunError FLOW7013 for what cannot travel to a worker, FLOW7007 when
   * the store has no room, FLOW7012 after `close`.
   */
  put<T>(value: T): Ref<T> {
    return this.tasks.put(value) as Ref<T>;
  }

  /**
   * Has a worker call the function; refs among its arguments (also in arrays and plain objects) stand for their values, and the call waits for them. Returns at
   * once: a ref to what the function returns, with `returns` a ref for each. Throws RunError FLOW7016 for an option or argument that is wrong, FLOW7007 for more
   * memory than tasks may have, FLOW7013 for an argument that cannot travel, FLOW7012 after `close`.
   */
  task<D extends AnyTaskDef>(def: D, ...args: ArgsOfDef<D>): RefOfDef<D>;
  task<F extends AnyFunction>(fn: F, ...args: Args<Parameters<F>>): Ref<ResultOf<F>>;
  task<F extends AnyFunction>(fn: ModuleFunction<F>, ...args: Args<Parameters<F>>): Ref<ResultOf<F>>;
  task(what: unknown, ...args: readonly unknown[]): unknown {
    return submit(this.tasks, what, args);
  }

  /**
   * The value behind a ref, or the values behind several, in their order. Typed arrays and buffers from the store are shown where they lie: they must not be
   * written to, and keep their part of the store until they are garbage, unless `copy`. Rejects with the error of the task that failed (FLOW7013, FLOW7010,
   * FLOW7014, FLOW7012), FLOW7015 when the value is lost for good.
   */
  get<T>(ref: Ref<T>, options?: GetOptions): Promise<T>;
  get<const T extends readonly Ref<unknown>[]>(refs: T, options?: GetOptions): Promise<ValuesOf<T>>;
  get(what: Ref<unknown> | readonly Ref<unknown>[], options: GetOptions = {}): Promise<unknown> {
    return get(this.tasks, what, options);
  }

  /** Waits until `count` of the refs are settled (there, or failed), or the time is over. Never rejects for a task that failed. FLOW7016 for a count that is none. */
  wait<T>(refs: readonly Ref<T>[], options: WaitOptions = {}): Promise<Waited<T>> {
    return wait(this.tasks, refs, options);
  }

  /** Cancels the task that makes the value, if it is not done, and all that depend on it: their refs fail with FLOW7012. */
  cancel(ref: Ref<unknown>): void {
    cancel(this.tasks, ref);
  }

  /** Makes an instance of the class on a worker, where it lives until it is released or its worker dies. Errors as of `task`; those of the constructor come with the calls. */
  actor<C extends AnyClass>(type: C, ...args: ConstructorArgs<C>): HandleOf<C>;
  actor<C extends AnyClass>(type: ActorDef<C> | ModuleFunction<C>, ...args: ConstructorArgs<C>): HandleOf<C>;
  actor(what: unknown, ...args: readonly unknown[]): ActorHandle<object> {
    return newActor(this.tasks, what, args);
  }
}
