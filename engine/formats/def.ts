import type { Batch } from '../batch/column.ts';
import type { TaskContext } from '../operators/def.ts';
import type { ScanInput, SourceSpec } from '../plan.ts';
import type { ObjectId, Store } from '../store/types.ts';
import type { Schema } from '../types.ts';

/** An option of a format: what a user may write in `csv("x.csv", delimiter: ";")`. Checked by the binder, documented from here. */
export interface FormatOption {
  readonly name: string;
  readonly type: 'string' | 'bool' | 'int' | 'strings';
  readonly default: string | boolean | number | readonly string[] | null;
  readonly values?: readonly string[];
  readonly doc: string;
  readonly for: 'read' | 'write' | 'both';
}

/** What planning may know about a source without reading it; null where unknown. */
export interface SourceEstimate {
  readonly rows: number | null;
  readonly bytes: number;
}

export interface FormatDef {
  readonly name: string;
  readonly extensions: readonly string[];
  readonly doc: string;
  readonly options: readonly FormatOption[];
  readonly reader: FormatReader | null;
  readonly writer: FormatWriter | null;
}

/** A part of a source that one task reads: plain data, in input order, bounds from the data alone. */
export interface Split {
  readonly path: string;
  /** Index into SourceSpec.paths. */
  readonly file: number;
  /** Estimated bytes, for progress and balance. */
  readonly bytes: number;
  readonly [detail: string]: unknown;
}

export interface FormatReader {
  /** Schema from names, samples and metadata; looks at more than the first rows. RunError for missing, unreadable or malformed input. */
  infer(spec: Omit<SourceSpec, 'schema' | 'declared'>): Promise<Schema>;
  estimate(spec: SourceSpec): Promise<SourceEstimate>;
  /** Cheap: no data pages are read. */
  splits(scan: ScanInput): Promise<readonly Split[]>;
  /**
   * When the start of a split depends on what stands before it (quoted newlines, row numbers): `probe` runs for each split in a worker, and
   * `resolve` (on the driver) turns the splits and their answers into the final ones.
   */
  readonly probe?: (split: Split, scan: ScanInput, ctx: TaskContext) => Promise<unknown>;
  readonly resolve?: (splits: readonly Split[], answers: readonly unknown[], scan: ScanInput) => readonly Split[];
  /** Batches of at most MORSEL_ROWS rows with exactly the columns of `scan.schema`, each valid until the next one is asked for (scratch is reset in between). */
  read(split: Split, scan: ScanInput, ctx: TaskContext, progress: (bytes: number) => void): AsyncIterable<Batch>;
}

/** Options of a sink after checking, plus its place. */
export interface SinkSpec {
  readonly path: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly schema: Schema;
}

/**
 * `parallel`: batches are encoded to bytes by any number of tasks and the bytes are joined in order between head and tail.
 * `blocks`: rows are cut into blocks of a fixed number of rows; any number of tasks encode a block each, and the bytes are joined in order between head and tail.
 * `serial`: one task feeds all batches in order to one encoder, which hands out bytes to append.
 * The engine writes to a temporary file beside the target and renames it when all is there.
 */
export type FormatWriter = ParallelWriter | BlockWriter | SerialWriter;

export interface ParallelWriter {
  readonly kind: 'parallel';
  head(spec: SinkSpec): Uint8Array;
  encode(batch: Batch, spec: SinkSpec): Uint8Array;
  tail(spec: SinkSpec): Uint8Array;
  /** Compress the joined bytes on the way to the file. */
  compression(spec: SinkSpec): 'gzip' | null;
}

export interface BlockWriter {
  readonly kind: 'blocks';
  /** Rows of every block but the last. RunError FLOW7006 for an option that makes no sense. */
  blockRows(spec: SinkSpec): number;
  open(spec: SinkSpec, store: Store): Promise<BlockEncoder>;
  /** RunError FLOW7006 for a schema that the format cannot hold. */
  head(spec: SinkSpec): Uint8Array;
  /** `notes`: of every block what its encoder told, in order. */
  tail(spec: SinkSpec, notes: readonly unknown[]): Promise<Uint8Array>;
}

/** Bytes in an object of the store, which belongs to whoever has this. */
export interface StoredBytes {
  readonly object: ObjectId;
  readonly bytes: number;
}

export interface EncodedBlock {
  readonly objects: readonly StoredBytes[];
  /** Plain data, for the tail. */
  readonly note: unknown;
}

export interface BlockEncoder {
  write(batch: Batch): void;
  finish(): EncodedBlock;
  /** Gives back what it has, and what `finish` did not hand out. */
  free(): void;
}

export interface SerialWriter {
  readonly kind: 'serial';
  open(spec: SinkSpec): Promise<SerialEncoder>;
}

export interface SerialEncoder {
  write(batch: Batch): Promise<readonly Uint8Array[]>;
  finish(): Promise<readonly Uint8Array[]>;
  /** Gives back working memory. */
  free?(): void;
}
