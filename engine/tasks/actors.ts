import { RunError } from '../errors.ts';
import type { WorkerPool } from '../runtime/pool.ts';
import { Call } from './call.ts';
import type { Definition } from './definition.ts';
import { diedError } from './failures.ts';
import type { ActorPlace, Slot, WorkerDied } from './job.ts';
import type { Value } from './refs.ts';
import type { TaskRuntime } from './runtime.ts';
import type { ValuePlace } from './types.ts';

/** Calls at the front of the line that were given to the worker are cut off when there are more of them. */
const SLACK = 1024;

export interface ActorParts {
  readonly id: number;
  /** Of the class: `memory` and `name` are the actor's. */
  readonly def: Definition;
  readonly restarts: number;
  /** The arguments of the constructor; the actor's own from now on. */
  readonly shape: ValuePlace | null;
  readonly inputs: readonly Value[];
  readonly runtime: TaskRuntime;
  readonly pool: WorkerPool;
}

/**
 * An instance of a class on one worker. Its calls stand in a line in the order they were made; they are given to the worker in this order, each when its
 * arguments are there, and the worker runs them one after another.
 */
export class Actor implements ActorPlace {
  readonly id: number;
  readonly #parts: ActorParts;
  readonly #methods = new Map<string, Definition>();
  /** Where it lives; null: it is being made, or gone. */
  slot: Slot | null = null;
  #line: Call[] = [];
  /** The first of the line that is not given. */
  #head = 0;
  /** Given to the worker and not done, in order. */
  readonly #out = new Set<Call>();
  #restarts: number;
  /** Why it takes no more calls. */
  #error: RunError | null = null;
  #released = false;
  #over = false;

  constructor(parts: ActorParts) {
    this.#parts = parts;
    this.id = parts.id;
    this.#restarts = parts.restarts;
    for (const v of parts.inputs) v.users++;
    this.#make();
  }

  get name(): string {
    return this.#parts.def.name;
  }

  #make(): void {
    const { def, shape, inputs, runtime, pool } = this.#parts;
    const part = { actor: this, method: null };
    runtime.begin(new Call({ home: runtime, order: pool.nextOrder(), def, shape, inputs, part, spec: null }));
  }

  /** The method as a definition: what it is called in messages, how long it takes. RunError FLOW7016 after `release`. */
  method(name: string): Definition {
    if (this.#released) throw new RunError('FLOW7016', `the actor "${this.name}" was released: it takes no more calls`);
    let def = this.#methods.get(name);
    if (def === undefined) {
      const own = { name: `${this.name}.${name}`, memory: 0, pace: { average: Number.NaN } };
      def = { ...this.#parts.def, ...own };
      this.#methods.set(name, def);
    }
    return def;
  }

  /** A call was made. */
  enters(call: Call): void {
    if (call.part?.method !== null) this.#line.push(call);
  }

  /** The arguments of a call are there. */
  ready(call: Call): void {
    if (call.part?.method === null || this.#out.has(call)) this.#parts.pool.scheduler.submit(call);
    else if (this.#error !== null) this.#parts.runtime.fail(call, this.#error);
    else this.#advance();
  }

  /** The instance is there. */
  born(slot: Slot): void {
    this.slot = slot;
    slot.actors.add(this);
    this.#parts.pool.scheduler.freeMemory(-this.#parts.def.memory);
  }

  /** A call, or the making of the instance, is over. */
  left(call: Call, error: RunError | null): void {
    this.#out.delete(call);
    if (call.part?.method === null && error !== null) this.#die(error);
    this.#advance();
    if (this.#released && this.#out.size === 0 && this.#head === this.#line.length) this.#leave();
  }

  /** Gives the worker the next calls whose arguments are there. One with arguments in the store goes alone: should they be lost, it keeps its turn. */
  #advance(): void {
    const { scheduler } = this.#parts.pool;
    while (this.slot !== null && this.#head < this.#line.length) {
      const call = this.#line[this.#head] as Call;
      if (!call.dead) {
        if (call.missing > 0 || (this.#out.size > 0 && (this.#exclusive || takesObjects(call)))) return;
        this.#exclusive = takesObjects(call);
        this.#out.add(call);
      }
      this.#head++;
      if (this.#head > SLACK) {
        this.#line = this.#line.slice(this.#head);
        this.#head = 0;
      }
      if (!call.dead) scheduler.submit(call);
    }
  }
  #exclusive = false;

  /** The worker died, and with it a call that it had, or the making of the instance. */
  interrupted(call: Call, died: WorkerDied, guilty: boolean): void {
    if (call.part?.method !== null) return;
    const { runtime, pool } = this.#parts;
    if (!guilty || this.#restarts-- > 0) pool.scheduler.submit(call);
    else runtime.fail(call, diedError(this.name, 1, died));
  }

  /** The instance went with its worker: the calls that are not done wait for the new one. */
  evicted(died: WorkerDied): void {
    this.slot = null;
    this.#parts.pool.scheduler.freeMemory(this.#parts.def.memory);
    this.#line = [...this.#out, ...this.#line.slice(this.#head)];
    this.#head = 0;
    this.#out.clear();
    if (this.#restarts-- > 0) this.#make();
    else this.#die(diedError(this.name, 1, died));
  }

  #die(error: RunError): void {
    this.#error = error;
    this.#end();
    const line = this.#line.slice(this.#head);
    this.#line = [];
    this.#head = 0;
    for (const call of line) this.#parts.runtime.fail(call, error);
  }

  /** The instance is needed no more once its calls are done. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    if (this.slot !== null && this.#out.size === 0 && this.#head === this.#line.length) this.#leave();
  }

  #leave(): void {
    const { slot } = this;
    if (slot === null) return;
    this.slot = null;
    slot.actors.delete(this);
    this.#parts.pool.tell(slot, { type: 'drop', actors: [this.id] });
    this.#parts.pool.scheduler.freeMemory(this.#parts.def.memory);
    this.#parts.pool.scheduler.kick();
    this.#end();
  }

  /** It will not be made again. */
  #end(): void {
    if (this.#over) return;
    this.#over = true;
    const { runtime, inputs, shape } = this.#parts;
    for (const v of inputs) runtime.unuse(v);
    if (shape !== null) runtime.discard(shape);
  }
}

function takesObjects(call: Call): boolean {
  return call.inputs.some((v) => v.place?.kind === 'object');
}
