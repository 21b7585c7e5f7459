import type { Batch } from '../batch/column.ts';
import type { Scratch } from '../memory/types.ts';
import type { SideInput, StepRef } from '../plan.ts';
import type { BatchRef, Store } from '../store/types.ts';
import type { Schema } from '../types.ts';
import type { Tally } from './expect.ts';
import type { Fold } from './fold.ts';

/** What the planner may know of an operator: rules read traits, never names. */
export interface Traits {
  /** map: row by row, fusable. exchange: needs rows to meet by key or order. single: needs all rows in one task. */
  readonly shape: 'map' | 'exchange' | 'single';
  /** The output rows are a subset of the input rows, in order, unchanged columns (a filter may move below it when true). */
  readonly keepsRows?: boolean;
  /** Output rows come in the order of the input rows. */
  readonly ordered?: boolean;
  /** Batch by batch, each output row is made of one input row, in order: a batch that comes out with as many rows as went in has the same rows. */
  readonly rowwise?: boolean;
  /** Has to see all rows of its input, also where only the first of them are wanted behind it. */
  readonly seesAll?: boolean;
  /** A batch may give many: steps behind it have working memory of their own, which is given back after each. */
  readonly expands?: boolean;
  /** Consumes all input before the first output. */
  readonly blocking?: boolean;
}

/** What a task gives its operators. One per task; everything in it is freed when the task ends. */
export interface TaskContext {
  readonly scratch: Scratch;
  readonly store: Store;
  /** Bytes of working memory the operator may hold at a time (hash table, run buffer); beyond it, it spills or splits. */
  readonly grant: number;
  /** Number, among all rows that reach the `number` step of the stage, of the first one in this task. */
  readonly first?: number | undefined;
  /** Position of the task in its stage; results are assembled by it, never by arrival. */
  readonly index: number;
  /** Relations named in the step's `sides`, in that order, each readable any number of times. */
  side(input: SideInput): RelationReader;
  /** Throws RunError FLOW7012 when the run was cancelled; call it at least once a batch. */
  check(): void;
  /**
   * Called by a reader before it gives a batch whose rows follow one another in their file: how to find the number (from 1) there of the first one.
   * Only asked for when an error has to name its row.
   */
  readonly rowsFrom?: ((first: () => number | Promise<number>) => void) | undefined;
  /** Where a row of the batch that entered the step last comes from, as far as that is known. */
  readonly place?: ((batchRow: number) => Promise<{ readonly file?: string; readonly row?: number }>) | undefined;
  /** Hands in what a check counted, once for each check at the end of the task's rows. */
  tally?(tally: Tally): void;
  /** Called by a map operator before it gives a batch whose rows are not those that entered: the row of the batch that entered which an output row was made of. */
  readonly cameFrom?: ((rowOf: (row: number) => number) => void) | undefined;
  /** Of a partial aggregation: what takes batches in its place, before it or the step in front of it sees them. */
  readonly folded?: Fold | undefined;
  /** What takes batches in the step's place, where it can. */
  readonly fold?: Fold | undefined;
  /** Counts rows that a reader left out on the user's wish (`on_error: "reject"`), for the run's summary. */
  reject?(rows: number): void;
  /** A value shared by all tasks of this worker in this run (a join table over a broadcast side), made once. */
  shared<V>(key: string, make: () => V): V;
}

/** A materialised relation, read in order. */
export interface RelationReader {
  readonly schema: Schema;
  readonly rows: number;
  readonly bytes: number;
  /** Each batch is valid until the next one is asked for. */
  batches(): Iterable<Batch>;
}

/** One partition of an exchange as its final half reads it. */
export interface PartitionReader extends RelationReader {
  /**
   * by range: the sorted runs, each a sorted stream, in input order (so that a stable merge keeps the input order of equal keys);
   * otherwise one stream, all pieces in input order.
   */
  readonly runs: readonly RelationReader[];
  /** by hash, and of a single exchange: where its batches lie, in input order. */
  readonly refs?: readonly BatchRef[];
  /** by hash: the leading bits of the key hash that all rows of the partition share. */
  readonly hashBits: number;
  /** by range: all rows, run after run, copied into working memory that `free` gives back; null when they take more than `bytes`. */
  load?(bytes: number): { readonly batches: readonly Batch[]; free(): void } | null;
}

/** A batch transformer. A yielded batch is valid until the consumer asks for the next one; input batches likewise. */
export type BatchTransform = (input: AsyncIterable<Batch>) => AsyncIterable<Batch>;

/**
 * An operator. `params` is plain data. A `map` operator has `map`; an exchange operator has `final` and, where partial work on the map
 * side pays, `partial` (whose output schema `partialSchema` gives).
 */
export interface OperatorDef<P> {
  readonly name: string;
  readonly traits: Traits;
  /** Output schema of the whole operator. The binder has checked the parameters already. */
  schema(params: P, inputs: readonly Schema[]): Schema;
  partialSchema?(params: P, inputs: readonly Schema[]): Schema;
  map?(params: P, step: StepRef, ctx: TaskContext): BatchTransform;
  partial?(params: P, step: StepRef, ctx: TaskContext): BatchTransform;
  final?(params: P, step: StepRef, inputs: readonly PartitionReader[], ctx: TaskContext): AsyncIterable<Batch>;
}
