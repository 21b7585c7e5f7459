import type { Batch, Column } from '../batch/column.ts';
import type { Scratch } from '../memory/types.ts';
import type { Spans } from './bounds.ts';

/** Some neighbouring rows of the sorted input, of one page. */
export interface Chunk {
  /** The position of the first row. */
  readonly at: number;
  readonly rows: number;
  readonly batch: Batch;
  readonly partition: Spans;
  /** The rows that are equal to each row in the order. */
  readonly peers: Spans;
}

/** Computes one call of a window. Chunks come in order. */
export interface Evaluator {
  /** The values of the chunk's rows; valid until the next call. `frame`: their frames, where the function looks at one. */
  column(chunk: Chunk, frame: Spans, scratch: Scratch): Column;
  release(): void;
}
