import type { MessagePort } from 'node:worker_threads';
import type { ErrorData } from '../errors.ts';
import type { Split, StoredBytes } from '../formats/def.ts';
import type { FolderRun } from '../formats/partition_runs.ts';
import type { Tally } from '../operators/expect.ts';
import type { Stage } from '../plan.ts';
import type { RowCut } from '../shuffle/reader.ts';
import type { PartitionedOutput, RangeSlice, RunOutput } from '../shuffle/types.ts';
import type { BatchRef, StoreEvent } from '../store/types.ts';
import type { CallJob, FunctionMessage, ValuePlace } from '../tasks/types.ts';
import type { Schema } from '../types.ts';
import type { FileStamp } from './stamp.ts';

/** What crosses between the driver and its workers: plain data only; rows stay in the store. */

export interface WorkerInit {
  readonly store: unknown;
  readonly thread: number;
  /** Int32: [0] the run is cancelled, [1 + stage] the stage has all rows it needs. */
  readonly control: SharedArrayBuffer;
  /** Float64, PROGRESS_WORDS a worker: rows read, bytes read, rows out, rows rejected. */
  readonly progress: SharedArrayBuffer;
  /** Float64, JOB_WORDS a thread, see JOB. Those of thread 0 are the driver's. */
  readonly jobs: SharedArrayBuffer;
  /** Int32, CLAIM_WORDS a thread, see TaskMessage.claim. */
  readonly claims: SharedArrayBuffer;
  /** The way to the thread that does asynchronous storage (transferred); null: there is none. */
  readonly io: MessagePort | null;
  /** Answers carry what the store spilled and restored during their job. */
  readonly trace: boolean;
  /** Rows of a morsel; null: as ever. */
  readonly batchRows: number | null;
}

/**
 * Words of a thread in `WorkerInit.jobs`. A worker stores START, then RUNNING before each job and 0 in RUNNING after it, so that the driver knows whose attempt a
 * dead worker costs, and since when a job runs. Of thread 0 only INLINE is used: the driver lowers it as what stays inline there adds up.
 */
export const JOB = {
  /** Id of the job the thread runs now; 0: none. */
  RUNNING: 0,
  /** When that started: performance.timeOrigin + performance.now(). */
  START: 1,
  /** Results up to this many bytes stay inline now (thread 0's word; at most INLINE_BYTES). */
  INLINE: 2,
  /** Odd during a call of a host function with a timeout, and one more at each begin and end. */
  CALL: 3,
  /** Number of that function. */
  CALLED: 4,
  /** 1: a module that exports `teardown` is loaded there. */
  TEARDOWN: 5,
} as const;
export const JOB_WORDS = 8;

/** Tasks a worker has at most: the one it runs and those behind it. */
export const CLAIM_WORDS = 8;

export const PROGRESS_WORDS = 8;
export const MAX_STAGES = 4096;

/** A materialised relation as a task sees it. */
export interface RelationData {
  readonly schema: Schema;
  readonly rows: number;
  readonly bytes: number;
  readonly refs: readonly BatchRef[];
}

export type PartitionData =
  | { readonly by: 'pieces'; readonly schema: Schema; readonly pieces: readonly BatchRef[]; readonly hashBits: number }
  | {
      readonly by: 'runs';
      readonly schema: Schema;
      readonly slices: readonly RangeSlice[];
      /** No other task reads these batches. */
      readonly whole: boolean;
    };

export type TaskInput =
  /** `more`: splits of the same file behind it, read one after another. */
  | {
      readonly kind: 'split';
      readonly split: Split;
      readonly more?: readonly Split[];
      readonly stamp: FileStamp | null;
    }
  /** The sort keys of about `rows` of the first rows of another task's input. */
  | { readonly kind: 'sample'; readonly input: TaskInput; readonly rows: number }
  | { readonly kind: 'probe'; readonly split: Split }
  /** The rows that another task's input gives to the `number` step. */
  | { readonly kind: 'count'; readonly input: TaskInput }
  | {
      readonly kind: 'refs';
      /** `first`: number of its first row among those that the stage reads. */
      readonly parts: readonly {
        readonly schema: Schema;
        readonly refs: readonly BatchRef[];
        readonly skip: number;
        readonly first: number;
      }[];
    }
  /** One row without columns. */
  | { readonly kind: 'item' }
  | { readonly kind: 'partition'; readonly inputs: readonly PartitionData[] }
  /** Pieces of neighbouring partitions of one round of a push exchange. */
  | { readonly kind: 'regroup'; readonly partitions: readonly (readonly BatchRef[])[] }
  /** Rows of a collected relation that become one block of a file. */
  | { readonly kind: 'block'; readonly refs: readonly BatchRef[]; readonly cut: RowCut }
  /** The serial half of a sink: batches of a collected relation into one file (`cut`: not all of their rows). `place` null: standard output. */
  | {
      readonly kind: 'encode';
      readonly schema: Schema;
      readonly refs: readonly BatchRef[];
      readonly cut: RowCut | null;
      readonly place: string | null;
    };

export interface StageMessage {
  readonly type: 'stage';
  readonly run: number;
  readonly stage: Stage;
  readonly sides: readonly { readonly relation: number; readonly data: RelationData }[];
  /** Bytes of working memory for each consumer of a task. */
  readonly grant: number;
  /** log2 of the partitions of an exchange. */
  readonly bits: number;
  /** Where the runs of a range exchange are cut, see RunCuts; null: by their size. */
  readonly bounds: Uint8Array | null;
  /** Of each task, the number of its first row, where a step of a scan numbers them. */
  readonly firsts: readonly number[] | null;
}

/** A task of a stage. */
export interface TaskMessage {
  readonly type: 'task';
  /** Never used again within an engine; shared with calls. */
  readonly id: number;
  readonly run: number;
  readonly stage: number;
  readonly index: number;
  readonly input: TaskInput;
  /**
   * Where `claims` holds `claimOf(id)` until the task starts or is given to another worker. Whoever puts 0 there has the task: a worker that finds something else
   * leaves it out, and answers nothing.
   */
  readonly claim: number;
}

/** What stands for a task in `claims`; never 0. */
export function claimOf(id: number): number {
  return (id % 0x7fff_ffff) + 1;
}

/** Takes a task that has not started; false: somebody else has. */
export function takeClaim(claims: Int32Array, { claim, id }: Pick<TaskMessage, 'claim' | 'id'>): boolean {
  return Atomics.compareExchange(claims, claim, claimOf(id), 0) === claimOf(id);
}

/** Jobs to be run one after another, after those that were sent before. Each is answered exactly once. */
export interface JobsMessage {
  readonly type: 'jobs';
  readonly jobs: readonly (TaskMessage | CallJob)[];
}

/** Of these jobs, those that wait are dropped (answered with FLOW7012), and one that runs has its signal aborted. Unknown ids: answered already. */
export interface CancelMessage {
  readonly type: 'cancel';
  readonly jobs: readonly number[];
}

export interface EndRunMessage {
  readonly type: 'end';
  readonly run: number;
}

/** The instances of these actors are needed no more. */
export interface DropMessage {
  readonly type: 'drop';
  readonly actors: readonly number[];
}

/** The worker has nothing to do any more, and is about to be ended: its modules' `teardown` runs. Answered by `ended`. */
export interface TeardownMessage {
  readonly type: 'teardown';
}

export type ToWorker =
  | StageMessage
  | FunctionMessage
  | JobsMessage
  | CancelMessage
  | EndRunMessage
  | DropMessage
  | TeardownMessage;

export type TaskOutput =
  /** `folders`: of rows that a sink puts into folders, which go where. */
  | { readonly kind: 'collect'; readonly refs: readonly BatchRef[]; readonly folders?: readonly FolderRun[] }
  | { readonly kind: 'hash'; readonly output: PartitionedOutput }
  | { readonly kind: 'range'; readonly runs: readonly RunOutput[] }
  /** `note`: of a block what the file's end tells of it. */
  | { readonly kind: 'bytes'; readonly objects: readonly StoredBytes[]; readonly note?: unknown }
  | { readonly kind: 'answer'; readonly value: unknown }
  | { readonly kind: 'file' };

export interface TaskDone {
  readonly type: 'done';
  readonly rows: number;
  readonly output: TaskOutput;
  /** What checks counted in the task's rows. */
  readonly tallies?: readonly Tally[];
}

interface Answered {
  readonly id: number;
  /** performance.timeOrigin + performance.now() when the job started. */
  readonly start: number;
  readonly ms: number;
  readonly events?: readonly StoreEvent[];
}

export interface TaskAnswer extends Answered {
  readonly ok: true;
  readonly output: TaskDone;
}

export interface CallAnswer extends Answered {
  readonly ok: true;
  /** As many as the call has results; none for an actor's instance. */
  readonly results: readonly ValuePlace[];
}

export interface FailedAnswer extends Answered {
  readonly ok: false;
  /** `thrown`: what the user's function threw (its name, message, hint, the stack cut to the user's frames): the driver makes FLOW7013 of it. Else an error of ours. */
  readonly error: ErrorData;
  readonly thrown: boolean;
}

export type JobAnswer = TaskAnswer | CallAnswer | FailedAnswer;

/** Answers in the order the jobs ended. */
export interface DoneMessage {
  readonly type: 'done';
  readonly answers: readonly JobAnswer[];
}

/** The `teardown` of this module begins. */
export interface EndingMessage {
  readonly type: 'ending';
  readonly path: string;
}

/** All of them have run; what they threw. */
export interface EndedMessage {
  readonly type: 'ended';
  readonly failures: readonly ErrorData[];
}

export type FromWorker = DoneMessage | EndingMessage | EndedMessage;
