import type { ErrorData } from '../errors.ts';
import type { Split } from '../formats/def.ts';
import type { Stage } from '../plan.ts';
import type { PartitionedOutput, RangeSlice, RunOutput } from '../shuffle/types.ts';
import type { BatchRef, ObjectId } from '../store/types.ts';
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
}

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
  | { readonly by: 'runs'; readonly schema: Schema; readonly slices: readonly RangeSlice[] };

export type TaskInput =
  | { readonly kind: 'split'; readonly split: Split; readonly stamp: FileStamp | null }
  | { readonly kind: 'probe'; readonly split: Split }
  | {
      readonly kind: 'refs';
      readonly parts: readonly { readonly schema: Schema; readonly refs: readonly BatchRef[]; readonly skip: number }[];
    }
  | { readonly kind: 'partition'; readonly inputs: readonly PartitionData[] }
  /** The serial half of a sink: all batches of a collected relation into one file. `place` null: standard output. */
  | {
      readonly kind: 'encode';
      readonly schema: Schema;
      readonly refs: readonly BatchRef[];
      readonly place: string | null;
    };

export interface StageMessage {
  readonly type: 'stage';
  readonly run: number;
  readonly stage: Stage;
  readonly sides: readonly { readonly relation: number; readonly data: RelationData }[];
  /** Bytes of working memory for each consumer of a task. */
  readonly grant: number;
  /** log2 of the partitions of a hash exchange. */
  readonly bits: number;
}

export interface TaskMessage {
  readonly type: 'task';
  readonly run: number;
  readonly stage: number;
  readonly index: number;
  readonly input: TaskInput;
}

export interface EndRunMessage {
  readonly type: 'end';
  readonly run: number;
}

export type ToWorker = StageMessage | TaskMessage | EndRunMessage;

export type TaskOutput =
  | { readonly kind: 'collect'; readonly refs: readonly BatchRef[] }
  | { readonly kind: 'hash'; readonly output: PartitionedOutput }
  | { readonly kind: 'range'; readonly runs: readonly RunOutput[] }
  | { readonly kind: 'bytes'; readonly objects: readonly { readonly object: ObjectId; readonly bytes: number }[] }
  | { readonly kind: 'answer'; readonly value: unknown }
  | { readonly kind: 'file' };

export interface TaskDone {
  readonly type: 'done';
  readonly rows: number;
  readonly output: TaskOutput;
}

export interface TaskFailed {
  readonly type: 'failed';
  readonly error: ErrorData;
}

export type FromWorker = TaskDone | TaskFailed;
