import type { Batch } from '../batch/column.ts';
import type { TaskContext } from '../operators/def.ts';
import type { ScanInput } from '../plan.ts';
import type { Split } from './def.ts';
import type { TextWindow } from './window.ts';

/** Goes through the records of one split of a text format, a window at a time. */
export interface RecordReader {
  /** Rows that left, and records passed (rejected ones too). */
  readonly given: number;
  readonly seen: number;
  /** Finds the number in the file of the first row of the batch converted last; null when rows of it were left out. */
  readonly firstRow: (() => Promise<number> | number) | null;
  /** False when no records are left. */
  next(): Promise<boolean>;
  convert(): Promise<Batch>;
}

/** The rows of a split as batches, and how far its bytes are read. */
export async function* splitRows(
  reader: RecordReader,
  split: Split,
  scan: ScanInput,
  window: TextWindow,
  ctx: TaskContext,
  progress: (bytes: number) => void,
): AsyncGenerator<Batch> {
  let reported = 0;
  while (await reader.next()) {
    ctx.check();
    ctx.scratch.reset();
    const batch = await reader.convert();
    const consumed = Math.min(window.consumed(), split.bytes);
    progress(consumed - reported);
    reported = consumed;
    if (reader.firstRow !== null) ctx.rowsFrom?.(reader.firstRow);
    if (batch.rows > 0) yield batch;
    if (scan.limit !== null && reader.given >= scan.limit) return;
  }
  progress(split.bytes - reported);
}
