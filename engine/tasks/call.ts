import type { CallAnswer, FailedAnswer, JobAnswer } from '../runtime/messages.ts';
import type { Actor } from './actors.ts';
import type { Definition } from './definition.ts';
import { type Job, NO_CLAIM, type Slot, type WorkerDied } from './job.ts';
import type { Spec } from './lineage.ts';
import type { Value } from './refs.ts';
import type { CallJob, ValuePlace } from './types.ts';

/** Weight of the newest duration in a function's average. */
const NEWEST = 0.2;

/** What a call belongs to. */
export interface CallHome {
  succeeded(call: Call, answer: CallAnswer): void;
  rejected(call: Call, answer: FailedAnswer): void;
  /** It is the next to be sent. */
  soon(call: Call): void;
  lost(call: Call, died: WorkerDied, guilty: boolean): void;
  closed(call: Call): void;
  tell(slot: Slot, def: Definition): void;
}

/** Where an actor's call belongs. `method` null: makes the instance. */
export interface ActorPart {
  readonly actor: Actor;
  readonly method: string | null;
}

export interface CallParts {
  readonly home: CallHome;
  readonly order: number;
  readonly def: Definition;
  readonly shape: ValuePlace | null;
  readonly inputs: readonly Value[];
  readonly part: ActorPart | null;
  readonly spec: Spec | null;
}

/** A call of a function, from its submission to its end. There may be a million of them: few fields, no closures. */
export class Call implements Job {
  readonly order: number;
  readonly def: Definition;
  /** The arguments with holes for the inputs; null: no arguments. */
  readonly shape: ValuePlace | null;
  readonly inputs: readonly Value[];
  /** Null where nobody needs the result. */
  results: readonly (Value | null)[] = [];
  readonly part: ActorPart | null;
  /** What the call makes again; null: it is made for the first time. */
  readonly spec: Spec | null;
  readonly #home: CallHome;
  /** Inputs that are not there yet. */
  missing = 0;
  attempt = 1;
  sent = 0;
  charge = 0;
  claim = NO_CLAIM;
  overdue = false;
  /** It is to run while nothing else does. 0: no, else the number of workers. */
  alone = 0;
  /** How often it found no room in the store. */
  shortages = 0;
  /** Succeeded, failed or was cancelled. */
  dead = false;
  #announced = false;

  constructor({ home, order, def, shape, inputs, part, spec }: CallParts) {
    this.#home = home;
    this.order = order;
    this.def = def;
    this.shape = shape;
    this.inputs = inputs;
    this.part = part;
    this.spec = spec;
  }

  get name(): string {
    return this.def.name;
  }

  get priority(): number {
    return this.def.priority;
  }

  get threads(): number {
    return this.alone > 0 ? this.alone : this.def.threads;
  }

  get memory(): number {
    return this.def.memory;
  }

  get timeout(): number {
    return this.def.timeout;
  }

  get expected(): number {
    return this.def.timeout > 0 || this.part?.method === null ? Number.NaN : this.def.pace.average;
  }

  get pinned(): Slot | null {
    const { part } = this;
    return part === null || part.method === null ? null : part.actor.slot;
  }

  get stage(): boolean {
    return false;
  }

  soon(): void {
    if (this.#announced || this.inputs.length === 0) return;
    this.#announced = true;
    this.#home.soon(this);
  }

  prepare(slot: Slot): void {
    if (!slot.functions.has(this.def.fn)) this.#home.tell(slot, this.def);
  }

  message(): CallJob {
    const { def, part, shape } = this;
    return {
      type: 'call',
      id: this.sent,
      fn: def.fn,
      args: shape === null ? null : { shape, values: this.inputs.map((v) => v.place as ValuePlace) },
      returns: def.returns,
      name: def.name,
      attempt: this.attempt,
      actor: part === null ? null : { id: part.actor.id, method: part.method },
    };
  }

  answered(answer: JobAnswer, slot: Slot): void {
    if (!answer.ok) this.#home.rejected(this, answer);
    else if ('results' in answer) {
      const { pace } = this.def;
      pace.average = Number.isNaN(pace.average) ? answer.ms : pace.average + NEWEST * (answer.ms - pace.average);
      if (this.part?.method === null) this.part.actor.born(slot);
      this.#home.succeeded(this, answer);
    }
  }

  lost(died: WorkerDied, guilty: boolean): void {
    this.#home.lost(this, died, guilty);
  }

  closed(): void {
    this.#home.closed(this);
  }
}
