import type { Batch, Column } from '../batch/column.ts';
import type { Scratch } from '../memory/types.ts';
import type { PartitionReader, TaskContext } from '../operators/def.ts';
import type { AggregateParams } from '../operators/params.ts';
import type { Store } from '../store/types.ts';
import type { DataType, Field, Schema } from '../types.ts';

/** An aggregate resolved for its argument types. Its split into init / add / merge / value is what two-phase shuffles need. */
export interface ResolvedAggregate {
  readonly type: DataType;
  readonly nullable: boolean;
  /** Columns of a partial state, named s0, s1, …; types travel through a shuffle like any column. */
  readonly state: readonly Field[];
  /** Its state grows with the rows, though the types of its columns do not show it. */
  readonly collects?: boolean;
  create(store: Store): Accumulator;
}

/**
 * State of one aggregate for many groups, in columns. Group ids are dense from 0. Results must not depend on the order in which rows and partial
 * states of *different* tasks arrive, except where the aggregate is about order (first, last, list, string_agg): those see input order.
 */
export interface Accumulator {
  /** Working memory held, in bytes. */
  bytes(): number;
  /** Make room for group ids below `groups`; new groups hold the initial state. */
  grow(groups: number): void;
  /** Add row i of the arguments to group `groups[i]`, for i < rows. `args` are columns of that length. */
  add(groups: Uint32Array, rows: number, args: readonly Column[]): void;
  /** Merge row i of partial states into group `groups[i]`. */
  merge(groups: Uint32Array, rows: number, state: readonly Column[]): void;
  /** Partial states of the first `n` groups of `order` (group ids), in scratch. */
  states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[];
  /** Final values of the first `n` groups of `order`, in scratch. */
  values(order: Uint32Array, n: number, scratch: Scratch): Column;
  /**
   * Only of accumulators that hold more than one value a group: moves the values held to the store, so that there is memory for more. Afterwards there are no
   * more `states`, and `values` reads them back as streams. The context is used until `free`.
   */
  spill?(ctx: SpillContext): void;
  /** The number of values that the largest group has, where `spill` is there: for messages. */
  largest?(): number;
  /** Forgets all groups, keeps the memory. */
  clear(): void;
  free(): void;
}

/** What an accumulator needs of its task to keep values in the store. */
export interface SpillContext extends Pick<TaskContext, 'store' | 'grant' | 'check'> {
  /** The final half of an aggregation over partial states, out of core. A batch is valid until the next one is asked for. */
  merge(params: AggregateParams, states: PartitionReader, output: Schema): Iterable<Batch>;
}

export interface AggregateDef {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly doc: string;
  /** Signature and example for the function reference. */
  readonly signature: string;
  readonly example: string;
  /** null when the aggregate does not take these types; `distinct` for `count(distinct x)`. */
  resolve(args: readonly DataType[]): ResolvedAggregate | null;
}
