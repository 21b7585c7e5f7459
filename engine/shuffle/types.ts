import type { BatchRef, Store } from '../store/types.ts';
import type { Schema } from '../types.ts';

/** What a writer needs of its task. */
export interface WriterContext {
  readonly store: Store;
  /** Bytes of working memory the writer may hold; objects it seals come on top, and may be spilled. */
  readonly grant: number;
}

/** What one task gave a hash exchange. */
export interface PartitionedOutput {
  /** By partition, in input order. */
  readonly pieces: BatchRef[][];
  /** By partition. */
  readonly rows: number[];
  readonly bytes: number[];
}

/** A sort key of a range exchange. */
export interface RangeKey {
  readonly name: string;
  readonly desc: boolean;
  readonly nullsFirst: boolean;
}

/** One sorted run. Key rows are encoded batches of the key columns, in the order of `keys`. */
export interface RunOutput {
  /** Four numbers a batch: object, offset, bytes, rows. A sort has as many batches as runs times buckets: so few bytes each. */
  readonly places: Float64Array;
  readonly rows: number;
  readonly keys: readonly RangeKey[];
  readonly keySchema: Schema;
  /** The batch with which each bucket starts, and the number of batches. One bucket where the run was not cut. */
  readonly starts: Uint32Array;
  /** The keys of each batch's first row. */
  readonly fences: Uint8Array;
  /** The keys of some evenly spaced rows. */
  readonly samples: Uint8Array;
}

/** Rows come before the bound when their key is less, or equal and their run has a smaller number: equal keys can be split between runs. */
export interface RangeBounds {
  /** Encoded batch with a row of keys a bound, ascending; null when there are no bounds. */
  readonly keys: Uint8Array | null;
  /** Run number of each bound. */
  readonly runs: readonly number[];
}

/** Where a run is cut: before the first row that does not come before the bound, searched within one batch. */
export interface RangeCut {
  /** Encoded one-row batch of keys. */
  readonly key: Uint8Array;
  /** Rows whose keys equal the bound's come before it. */
  readonly inclusive: boolean;
}

/** The stretch of one run that belongs to one partition. */
export interface RangeSlice {
  readonly batches: readonly BatchRef[];
  readonly keys: readonly RangeKey[];
  readonly keySchema: Schema;
  /** Cuts rows off the first batch; null = none. */
  readonly lower: RangeCut | null;
  /** Cuts rows off the last batch; null = none. */
  readonly upper: RangeCut | null;
}
