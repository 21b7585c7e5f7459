import type { Arena } from '../memory/arena.ts';
import type { Accounts } from './accounts.ts';
import type { StoreSettings } from './options.ts';
import type { SpillFiles } from './spill_files.ts';
import type { ObjectTable } from './table.ts';

/** What the store of a thread is made of: views on shared memory. */
export interface StoreParts {
  readonly arena: Arena;
  readonly table: ObjectTable;
  readonly files: SpillFiles;
  readonly accounts: Accounts;
  readonly settings: StoreSettings;
  /** Name of the store's own folder in each place that it spills to. */
  readonly folder: string;
}
