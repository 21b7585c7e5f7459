import type { Column } from '../batch/column.ts';
import type { Scratch } from '../memory/types.ts';
import type { Store } from '../store/types.ts';
import type { DataType } from '../types.ts';
import { BytesStore } from './bytes_store.ts';
import { NumberStore } from './number_store.ts';

/**
 * A growable column in working memory: entries are written by number, read back as an Arrow column. The keys of hash tables, and the values
 * that aggregates hold, live in these. Entries hold null until written. One batch column at a time is bound; `row` arguments index it.
 */
export interface ValueStore {
  /** Working memory held. */
  bytes(): number;
  /** Makes entries below `entries` exist. */
  grow(entries: number): void;
  /** The column that rows are read from until the next call. It must have the store's type. */
  bind(col: Column): void;
  /** Entry `targets[i]` becomes the bound row `rows[i]` (i when `rows` is null), for i < n. */
  write(targets: Uint32Array, rows: Uint32Array | null, n: number): void;
  /** Entries from `base` on become the bound rows `rows[i]` (i when null), i < n; the store grows as needed. */
  append(base: number, rows: Uint32Array | null, n: number): void;
  /**
   * Sets `bad[i]` to 1 where entry `entries[i]` differs from bound row `rows[i]` (i when null), for i < n (null equals null, NaN equals NaN). False when
   * there is certainly none.
   */
  verify(entries: Uint32Array, rows: Uint32Array | null, n: number, bad: Uint8Array): boolean;
  /** Null-safe equality of one entry with one bound row. */
  equal(entry: number, row: number): boolean;
  /** Order of the bound row against the entry, both not null: negative when the row is less. NaN is greatest. */
  compare(row: number, entry: number): number;
  isNull(entry: number): boolean;
  /** Entry becomes one bound row. */
  set(entry: number, row: number): void;
  /** The entries in `order` (i < n) as a column in scratch. */
  column(order: Uint32Array, n: number, scratch: Scratch): Column;
  /** Forgets all entries, keeps the memory. */
  clear(): void;
  free(): void;
}

/** The store for a type: numbers and all that is stored as such, or byte strings (text, and nested values in encoded form). */
export function valueStore(type: DataType, store: Store, owner: string): ValueStore {
  switch (type.kind) {
    case 'string':
    case 'json':
    case 'bytes':
    case 'list':
    case 'struct':
    case 'map':
      return new BytesStore(type, store, owner);
    default:
      return new NumberStore(type, store, owner);
  }
}
