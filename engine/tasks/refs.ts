import { inspect } from 'node:util';
import { RunError } from '../errors.ts';
import type { Call } from './call.ts';
import type { Definition } from './definition.ts';
import type { Spec } from './lineage.ts';
import type { Ref, ValuePlace } from './types.ts';

export const PENDING = 0;
export const READY = 1;
export const FAILED = 2;
export const RELEASED = 3;
export type ValueState = typeof PENDING | typeof READY | typeof FAILED | typeof RELEASED;

/** Is told when a value it waits for is there or has failed. */
export interface Watcher {
  settled(value: Value): void;
}

/** Gives back what a value holds. */
export interface ValueHome {
  released(value: Value): void;
}

/**
 * A value and the ref to it in one: nothing of the engine's refers to it once the calls that make or take it are done, so that it is garbage when the user
 * forgets it.
 */
export class Value implements Ref<unknown> {
  readonly id: number;
  readonly #home: ValueHome;
  readonly #def: Definition | null;
  /** Among the results of its call. */
  readonly index: number;
  state: ValueState = PENDING;
  /** While ready. */
  place: ValuePlace | null = null;
  /** While failed. */
  error: RunError | null = null;
  /** The call that makes it; null: it is not being made. */
  maker: Call | null;
  /** How to make it again. */
  spec: Spec | null = null;
  /** Calls that take it and are not done. */
  users = 0;
  /** The user has not released it. */
  held = true;
  /** Calls that wait for it. */
  dependents: Call[] | null = null;
  watchers: Watcher[] | null = null;

  constructor(home: ValueHome, id: number, def: Definition | null, index: number, maker: Call | null) {
    this.#home = home;
    this.id = id;
    this.#def = def;
    this.index = index;
    this.maker = maker;
  }

  get name(): string {
    const def = this.#def;
    if (def === null) return `value ${this.id}`;
    return def.returns === null ? def.name : `${def.name}[${this.index}]`;
  }

  /** What console.log shows. */
  [inspect.custom](): string {
    return `Ref(${this.name})`;
  }

  release(): void {
    if (!this.held) return;
    this.held = false;
    this.#home.released(this);
  }

  /** The value, if its holder may still ask for it. */
  claim(): this {
    if (!this.held) {
      throw new RunError('FLOW7016', `the ref to "${this.name}" was released: its value cannot be used any more`);
    }
    return this;
  }

  watch(watcher: Watcher): void {
    if (this.watchers === null) this.watchers = [watcher];
    else this.watchers.push(watcher);
  }

  unwatch(watcher: Watcher): void {
    const all = this.watchers;
    const at = all?.indexOf(watcher) ?? -1;
    if (all === null || at < 0) return;
    const last = all.pop() as Watcher;
    if (at < all.length) all[at] = last;
  }
}

export function isValue(v: unknown): v is Value {
  return v instanceof Value;
}

/** The values behind what a caller gives as refs. */
export function valuesOf(refs: readonly Ref<unknown>[]): Value[] {
  return refs.map((r) => {
    if (!isValue(r)) throw new RunError('FLOW7016', 'a ref is expected: what `engine.put` and `engine.task` return');
    return r.claim();
  });
}
