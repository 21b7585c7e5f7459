import type { Batch, Column } from '../batch/column.ts';
import { concatBatches } from '../batch/concat.ts';
import { gatherBatch } from '../batch/gather.ts';
import { hashColumns } from '../batch/hash.ts';
import { EngineBug } from '../errors.ts';
import type { Scratch } from '../memory/types.ts';
import { Stage } from '../shuffle/stage.ts';
import type { Store } from '../store/types.ts';
import type { Schema } from '../types.ts';
import { field } from '../types.ts';
import type { Arranged, JoinIndex } from './join_index.ts';
import { buildIndex, directRange } from './join_index.ts';
import { asWords, validKeys } from './join_keys.ts';

export function columnAt(schema: Schema, name: string): number {
  const at = schema.findIndex((f) => f.name === name);
  if (at < 0) throw new EngineBug(`no column ${name} in the input of a join`);
  return at;
}

export function keyColumns(batch: Batch, keys: readonly number[]): Column[] {
  return keys.map((k) => batch.columns[k] as Column);
}

/**
 * The right side of a join in working memory, with an index by its keys; rows with a null key are not in it, and the others lie in the order
 * of the index, which keeps the order of rows with equal keys. Immutable once built, so that all tasks of a
 * worker can share one.
 */
export class JoinTable {
  readonly batch: Batch;
  /** Indexes of the key columns in `batch`. */
  readonly keys: readonly number[];
  readonly index: JoinIndex;
  private readonly memory: Stage;

  /**
   * Copies the key columns and the columns `names` of all batches. `skip`: leading hash bits that all rows share. `distinct`: only the first row of
   * each key is ever found.
   */
  constructor(
    batches: Iterable<Batch>,
    schema: Schema,
    keys: readonly string[],
    names: readonly string[],
    store: Store,
    skip: number,
    distinct: boolean,
  ) {
    const columns = [...new Set([...keys, ...names])].map((n) => columnAt(schema, n));
    const picked = columns.map((c) => schema[c] as Schema[number]);
    this.memory = new Stage(store, 'join');
    const work = new Stage(store, 'join');
    try {
      const rows = gathered(batches, columns, picked, store, work);
      this.keys = keys.map((k) => columnAt(picked, k));
      const { index, order } = this.indexed(rows, skip, distinct, work.scratch);
      this.index = index;
      const arranged = gatherBatch(rows, order, order.length, this.memory.scratch);
      this.batch = { ...arranged, columns: arranged.columns.map((c) => owned(c, order.length, this.memory)) };
    } catch (e) {
      this.memory.free();
      throw e;
    } finally {
      work.free();
    }
  }

  private indexed(batch: Batch, skip: number, distinct: boolean, work: Scratch): Arranged {
    const { rows } = batch;
    const keys = keyColumns(batch, this.keys);
    const valid = validKeys(keys, rows, work);
    const [only] = keys;
    const exact = keys.length === 1 && only?.phys === 'i32';
    const direct = exact ? directRange(only.values, valid, rows, work) : null;
    const hashes = work.u32(direct === null ? rows : 0);
    if (direct === null) hashColumns(keys, rows, hashes);
    const tags = exact ? asWords(only.values) : hashes;
    const spec = { rows, skip, exact, direct, distinct, keys };
    return buildIndex(spec, { hashes, tags, valid }, this.memory.scratch, work);
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
