import { getBit } from '../batch/bitmap.ts';
import type { Batch, Column, I32Column, I64Column } from '../batch/column.ts';
import type { RowEquality } from '../batch/compare.ts';
import { equalRows } from '../batch/compare.ts';
import { concatBatches } from '../batch/concat.ts';
import { hashColumns } from '../batch/hash.ts';
import { wordsOf } from '../batch/ints.ts';
import { EngineBug } from '../errors.ts';
import { Stage } from '../shuffle/stage.ts';
import type { Store } from '../store/types.ts';
import type { Schema } from '../types.ts';
import { field } from '../types.ts';
import { sortByKey } from './radix.ts';

/** The directory has about a bucket a row, up to this many. */
const MAX_BUCKET_BITS = 24;

export function columnAt(schema: Schema, name: string): number {
  const at = schema.findIndex((f) => f.name === name);
  if (at < 0) throw new EngineBug(`no column ${name} in the input of a join`);
  return at;
}

export function keyColumns(batch: Batch, keys: readonly number[]): Column[] {
  return keys.map((k) => batch.columns[k] as Column);
}

/** 1 for rows with a null key, which match nothing; null when there are none. */
export function nullKeys(cols: readonly Column[], rows: number): Uint8Array | null {
  const nullable = cols.filter((c) => c.nullCount > 0);
  if (nullable.length === 0) return null;
  const flags = new Uint8Array(rows);
  for (const c of nullable) {
    const bits = c.validity;
    for (let i = 0; i < rows; i++) if (bits === null || !getBit(bits, i)) flags[i] = 1;
  }
  return flags;
}

/** Equality of key rows none of which is null. Ints of different widths are compared without widening a whole column. */
export function keyEquality(a: readonly Column[], b: readonly Column[]): RowEquality {
  const parts = a.map((c, k) => valueEquality(c, b[k] as Column));
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  return (i, j) => {
    for (let k = 0; k < parts.length; k++) if (!(parts[k] as RowEquality)(i, j)) return false;
    return true;
  };
}

function valueEquality(a: Column, b: Column): RowEquality {
  if (a.phys === 'i32' && b.phys === 'i64') return mixedEquality(a, b);
  if (a.phys === 'i64' && b.phys === 'i32') {
    const same = mixedEquality(b, a);
    return (i, j) => same(j, i);
  }
  return equalRows([{ ...a, validity: null, nullCount: 0 }], [{ ...b, validity: null, nullCount: 0 }]);
}

function mixedEquality(a: I32Column, b: I64Column): RowEquality {
  const x = a.values;
  const y = wordsOf(b.values);
  return (i, j) => x[i] === y[2 * j] && y[2 * j + 1] === (x[i] as number) >> 31;
}

/**
 * The right side of a join in working memory: its rows sorted by (hash of the keys, input order), with a directory from leading hash bits to the place
 * in that order. Rows with a null key are left out. Immutable once built, so that all tasks of a worker can share one.
 */
export class JoinTable {
  readonly batch: Batch;
  /** Indexes of the key columns in `batch`. */
  readonly keys: readonly number[];
  /** Hashes in ascending order, and the row of each. */
  readonly hashes: Uint32Array;
  readonly rows: Uint32Array;
  /** Bucket b is [starts[b], starts[b + 1]). */
  readonly starts: Uint32Array;
  /** Bucket of hash h: (h << skip) >>> shift. */
  readonly skip: number;
  readonly shift: number;
  private readonly memory: Stage;

  /** Copies the key columns and the columns `names` of all batches. `skip`: leading hash bits that all rows share. */
  constructor(
    batches: Iterable<Batch>,
    schema: Schema,
    keys: readonly string[],
    names: readonly string[],
    store: Store,
    skip: number,
  ) {
    const columns = [...new Set([...keys, ...names])].map((n) => columnAt(schema, n));
    const picked = columns.map((c) => schema[c] as Schema[number]);
    this.memory = new Stage(store, 'join');
    this.skip = skip;
    try {
      this.batch = gathered(batches, columns, picked, store, this.memory);
      this.keys = keys.map((k) => columnAt(picked, k));
      const { hashes, rows } = this.sorted();
      this.hashes = hashes;
      this.rows = rows;
      const bits = Math.min(MAX_BUCKET_BITS, Math.max(1, Math.ceil(Math.log2(rows.length + 1))));
      this.shift = 32 - bits;
      this.starts = this.directory(1 << bits);
    } catch (e) {
      this.memory.free();
      throw e;
    }
  }

  private sorted(): { hashes: Uint32Array; rows: Uint32Array } {
    const n = this.batch.rows;
    const cols = keyColumns(this.batch, this.keys);
    const memory = this.memory.scratch;
    const work = memory.u32(n);
    hashColumns(cols, n, work);
    const missing = nullKeys(cols, n);
    const order = memory.u32(n);
    let count = 0;
    for (let i = 0; i < n; i++) if (missing === null || missing[i] === 0) order[count++] = i;
    const rows = sortByKey(work, order, memory.u32(n), count).subarray(0, count);
    const hashes = memory.u32(count);
    for (let i = 0; i < count; i++) hashes[i] = work[rows[i] as number] as number;
    return { hashes, rows };
  }

  private directory(buckets: number): Uint32Array {
    const { hashes, skip, shift } = this;
    const starts = this.memory.scratch.u32(buckets + 1).fill(0);
    for (let i = 0; i < hashes.length; i++) {
      const b = (((hashes[i] as number) << skip) >>> shift) + 1;
      starts[b] = (starts[b] as number) + 1;
    }
    for (let b = 1; b <= buckets; b++) starts[b] = (starts[b] as number) + (starts[b - 1] as number);
    return starts;
  }

  free(): void {
    this.memory.free();
  }
}

/** The columns at `columns` of all batches as one batch that lies in `memory` only. */
export function gathered(
  batches: Iterable<Batch>,
  columns: readonly number[],
  schema: Schema,
  store: Store,
  memory: Stage,
): Batch {
  const stage = new Stage(store, 'join');
  try {
    const kept: Batch[] = [];
    for (const b of batches) {
      if (b.rows > 0)
        kept.push(stage.keep({ schema, rows: b.rows, columns: columns.map((c) => b.columns[c] as Column) }));
    }
    const [only] = kept;
    if (kept.length === 1 && only !== undefined) return memory.keep(only);
    const all = concatBatches(kept, schema, memory.scratch);
    return { ...all, columns: all.columns.map((c) => owned(c, all.rows, memory)) };
  } finally {
    stage.free();
  }
}

/** Joining columns shares what it can with the parts: dictionaries, and whole children of nested columns. */
function owned(c: Column, rows: number, memory: Stage): Column {
  if (c.phys !== 'list' && c.phys !== 'struct') return memory.ownDictionaries(c);
  return memory.keep({ schema: [field('nested', c.type)], rows, columns: [c] }).columns[0] as Column;
}
