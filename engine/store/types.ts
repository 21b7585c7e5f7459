import type { Batch } from '../batch/column.ts';
import type { Block } from '../memory/types.ts';
import type { Schema } from '../types.ts';
import type { OperatorStats, StoreEvent } from './accounts.ts';

export type { OperatorStats, StoreEvent };

/** Number of an immutable, sealed object; never reused within an engine. */
export type ObjectId = number;

/** One encoded batch inside an object: `offset` and `bytes` delimit it, so that a spilled object is read by range. */
export interface BatchRef {
  readonly object: ObjectId;
  readonly offset: number;
  readonly bytes: number;
  readonly rows: number;
  /** Rows in the bytes, where `rows` are only the first of them. */
  readonly whole?: number;
}

/** An object being written: its bytes count against the limit from the start. Exactly one of seal and abort ends it. */
export interface ObjectWriter {
  readonly view: Uint8Array;
  /** From now on the object is immutable, may be spilled, and has one reference. Keeps the first `bytes` bytes when given. */
  seal(bytes?: number): ObjectId;
  abort(): void;
}

export interface BatchLease {
  readonly batch: Batch;
  /** Ends the caller's right to look at the batch. Idempotent. */
  release(): void;
}

/**
 * The object store as a thread sees it: the object table lies in shared memory, so that every thread can make, read, spill and
 * free objects without messages. All calls are synchronous; in need of memory a call spills sealed, unpinned objects to disk
 * (least recently used first), then waits for other threads to free some, and fails with RunError FLOW7007 only when nothing can
 * ever be freed (every thread waits, or the request exceeds the limit).
 */
export interface Store {
  /** Bytes; the hard limit over objects, working memory and scratch. */
  readonly limit: number;

  /** A folder for the files of something else that spills, removed with the store at the latest; null where nothing is spilled to this machine's disks. */
  folder?(name: string): string | null;

  create(bytes: number): ObjectWriter;
  size(id: ObjectId): number;
  retain(id: ObjectId, count?: number): void;
  /** Drops references; at zero the memory and the spilled bytes go. */
  release(id: ObjectId, count?: number): void;

  /** The batch at a range: zero-copy and pinned where the object is in memory, read from the spill file into working memory where not. */
  readBatch(ref: BatchRef, schema: Schema): BatchLease;
  /** Raw bytes of an object at a range, as `readBatch`. */
  readBytes(id: ObjectId, offset: number, bytes: number): { readonly view: Uint8Array; release(): void };
  /**
   * Brings a whole spilled object back into memory as one copy for all, making room as needed; nothing when it is there. Throws RunError FLOW7007, or FLOW7008 with
   * `where.object` when its bytes cannot be had any more, as reads do.
   */
  restore(id: ObjectId): void;
  /** As restore when free memory is there for it, without making room; false when not, or when another thread is about to bring it back. */
  prefetch(id: ObjectId): boolean;
  /** Encodes one batch as an object of its own. */
  putBatch(batch: Batch): BatchRef;

  /** Working memory (hash tables, sort runs, io buffers), counted in the limit, never spilled. `owner` is for statistics and messages. */
  allocate(bytes: number, owner: string): Block;
  /** As allocate, but null instead of waiting or failing when the memory is not to be had after spilling. */
  tryAllocate(bytes: number, owner: string): Block | null;
  free(block: Block): void;

  /**
   * Names what this thread does from now on, '' for nothing: spilling is accounted to the name under which the object was made, restoring to the name
   * of the reader.
   */
  owner(label: string): void;
  /** What this thread wrote to disk and read back since the last call, at most some thousands. */
  takeEvents(): StoreEvent[];

  stats(): StoreStats;
}

export interface StoreStats {
  readonly limit: number;
  /** Bytes in use now: objects in memory, working memory. */
  readonly objectBytes: number;
  readonly workingBytes: number;
  readonly peakBytes: number;
  readonly objects: number;
  readonly spilledBytes: number;
  readonly spilledObjects: number;
  readonly spillMs: number;
  readonly restoredBytes: number;
  readonly restoredObjects: number;
  readonly restoreMs: number;
  /** Bytes that lie in spill files now. */
  readonly diskBytes: number;
  /** By the names given with `owner`, those that spilled or restored something. */
  readonly operators: readonly OperatorStats[];
  /** Memory in use now by what it is for, largest first; `objects` is one of them. */
  readonly owners: readonly { readonly name: string; readonly bytes: number }[];
}
