import type { Worker } from 'node:worker_threads';
import type { JobAnswer, StageMessage, TaskMessage } from '../runtime/messages.ts';
import type { Fifo } from './queue.ts';
import type { CallJob } from './types.ts';

/** Why a worker is gone, as far as it can be told. */
export type Death = 'heap' | 'exit' | 'crash' | 'start';

/** A worker thread died while it had a job (crash, heap exhausted, `process.exit`); the job may be tried again elsewhere. */
export class WorkerDied extends Error {
  override readonly name = 'WorkerDied';
  readonly how: Death;

  constructor(how: Death, message: string, cause: unknown = null) {
    super(message, { cause });
    this.how = how;
  }
}

/** A task of a stage waited behind another one, whose worker died. */
export class NeverBegun extends Error {
  override readonly name = 'NeverBegun';
}

export const NO_CLAIM = -1;

/** What the scheduler and the pool know of a piece of work: a task of a stage, a call, a call of an actor. */
export interface Job {
  readonly name: string;
  /** From 1. */
  readonly attempt: number;
  /** Ready jobs with a higher priority start first; of equal ones that with the lower order. */
  readonly priority: number;
  readonly order: number;
  /** Workers it occupies, from 1. */
  readonly threads: number;
  /** Bytes of working memory outside the store. */
  readonly memory: number;
  /** Milliseconds a try may take; 0: no end. */
  readonly timeout: number;
  /** Milliseconds such jobs took so far; NaN: not known yet, or never to be sent together with others. */
  readonly expected: number;
  /** The only slot it may run on; null: any. */
  readonly pinned: Slot | null;
  /** Whether a stage's: only those are ended with a run. */
  readonly stage: boolean;
  /** Not to be run any more: leaves the queues when its turn comes. */
  readonly dead: boolean;
  /** Number it was sent under; 0: it is not with a worker. Set by the pool. */
  sent: number;
  /** Milliseconds it adds to what its worker has to do. Set by the scheduler. */
  charge: number;
  /** Word of `claims` that says whether it has started; NO_CLAIM: it has none. Set by the scheduler. */
  claim: number;
  /** It took longer than it may: its worker is ended for it. Set by the pool. */
  overdue: boolean;
  /** It is the next to be sent, and no worker is free: what it reads may be brought back meanwhile. */
  soon(): void;
  /** Tells the worker what it has to know before the job. */
  prepare(slot: Slot): void;
  message(): TaskMessage | CallJob;
  answered(answer: JobAnswer, slot: Slot): void;
  /** The worker died. `guilty`: it was running this job. */
  lost(died: WorkerDied, guilty: boolean): void;
  /** The engine closes. */
  closed(): void;
}

/** A place for a worker thread. */
export interface Slot {
  /** From 1; 0 is the driver. */
  readonly thread: number;
  worker: Worker | null;
  /** Its worker has answered something: it does not start any more. */
  up: boolean;
  /** Sent and not answered, by the number they were sent under, in the order they were sent. */
  readonly jobs: Map<number, Job>;
  /** Milliseconds these are expected to take. */
  load: number;
  /** Workers' worth of processor they take: the most that one of them wants. */
  threads: number;
  /** Nothing is sent after what it has. */
  solo: boolean;
  /** Ready jobs that run here only. */
  readonly waiting: Fifo;
  /** The last that was sent was one of these: it is the turn of the others. */
  turn: boolean;
  /** Actors that live here. */
  readonly actors: Set<ActorPlace>;
  /** What the worker was last told of each stage: a stage is told again when its grant or partitions have been settled since. */
  readonly stages: Map<number, StageMessage>;
  readonly functions: Set<number>;
}

/** What the pool tells an actor. */
export interface ActorPlace {
  /** Its worker is gone, and with it the instance. The slot is empty by now. */
  evicted(died: WorkerDied): void;
}
