// An engine that runs tasks one after another on this thread, and notes what is asked of it. Its refs are the engine's own.
import vm from 'node:vm';
import type { TaskEngine } from '../../compiler/dag/index.ts';
import { RunError } from '../../engine/errors.ts';
import { FAILED, isValue, PENDING, READY, Value } from '../../engine/tasks/refs.ts';
import type { Ref, TaskDef } from '../../engine/tasks/types.ts';

export class FakeEngine implements TaskEngine {
  /** Names of tasks in the order in which they were handed over, and ran. */
  readonly submitted: string[] = [];
  readonly ran: string[] = [];
  puts = 0;
  /** Values whose refs are held, now and at most. */
  held = 0;
  mostHeld = 0;
  readonly #values = new Map<Ref<unknown>, unknown>();
  #ids = 0;

  #value(): Value {
    this.held++;
    this.mostHeld = Math.max(this.mostHeld, this.held);
    return new Value({ released: () => this.held-- }, ++this.#ids, null, 0, null);
  }

  #settle(value: Value, state: typeof READY | typeof FAILED): void {
    value.state = state;
    const { watchers } = value;
    value.watchers = null;
    for (const one of watchers ?? []) one.settled(value);
  }

  put(given: unknown): Ref<unknown> {
    this.puts++;
    const value = this.#value();
    this.#values.set(value, structuredClone(given));
    this.#settle(value, READY);
    return value;
  }

  task(def: TaskDef<unknown[], unknown, boolean>, ...args: unknown[]): unknown {
    const { name = '', returns, signal } = def.options;
    this.submitted.push(name);
    const values = Array.from({ length: returns ?? 1 }, () => this.#value());
    const inputs = new Set<Value>();
    const find = (one: unknown): void => {
      if (isValue(one)) inputs.add(one.claim());
      else if (typeof one === 'object' && one !== null && !ArrayBuffer.isView(one)) Object.values(one).forEach(find);
    };
    find(args);
    const fail = (error: RunError): void => {
      for (const value of values) {
        value.error = error;
        this.#settle(value, FAILED);
      }
    };
    void this.#run(def, args, [...inputs], signal).then((result) => {
      this.ran.push(name);
      for (const [i, value] of values.entries()) {
        this.#values.set(value, returns === undefined ? result : (result as unknown[])[i]);
        this.#settle(value, READY);
      }
    }, fail);
    return returns === undefined ? values[0] : values;
  }

  async #run(def: TaskDef<unknown[], unknown, boolean>, args: unknown[], inputs: Value[], signal?: AbortSignal) {
    for (const input of inputs) await this.#settled(input);
    await new Promise(setImmediate);
    if (signal?.aborted === true) throw new RunError('FLOW7012', `task "${def.options.name}" was cancelled`);
    const failed = inputs.find((value) => value.state === FAILED);
    if (failed?.error) throw failed.error;
    const put = (one: unknown): unknown => {
      if (isValue(one)) return this.#values.get(one);
      if (Array.isArray(one)) return one.map(put);
      if (typeof one !== 'object' || one === null || Object.getPrototypeOf(one) !== Object.prototype) return one;
      return Object.fromEntries(Object.entries(one).map(([key, member]) => [key, put(member)]));
    };
    if (def.fn.kind === 'module') throw new RunError('FLOW7013', 'the fake loads no modules');
    const fn = vm.runInThisContext(`(${def.fn.code}\n)`) as (...args: unknown[]) => unknown;
    try {
      return await fn.call(null, ...(args.map(put) as unknown[]));
    } catch (error) {
      throw new RunError('FLOW7013', `task "${def.options.name}" failed: ${String(error)}`);
    }
  }

  async #settled(value: Value): Promise<void> {
    if (value.state === PENDING) await new Promise((resolve) => value.watch({ settled: resolve }));
  }

  async get(refs: readonly Ref<unknown>[]): Promise<unknown[]> {
    const values = refs.map((ref) => (ref as Value).claim());
    await Promise.all(values.map((value) => this.#settled(value)));
    for (const { state, error } of values) if (state === FAILED && error !== null) throw error;
    return values.map((value) => this.#values.get(value));
  }
}
