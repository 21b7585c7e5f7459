import type { Arena } from '../memory/arena.ts';
import type { SpillFiles } from './spill_files.ts';
import type { ObjectTable } from './table.ts';

/** What the store of a thread is made of: views on shared memory. */
export interface StoreParts {
  readonly arena: Arena;
  readonly table: ObjectTable;
  readonly files: SpillFiles;
  readonly counters: Float64Array;
  /** Most bytes that spill files may take. */
  readonly diskCap: number;
  /** With no sign of life from any other thread for this long, a thread in need of memory gives up. */
  readonly stallMs: number;
}
