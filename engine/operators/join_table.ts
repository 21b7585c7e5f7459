import { getBit, setBit } from '../batch/bitmap.ts';
import { encodedSize } from '../batch/codec.ts';
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
import type { HashOrder } from './join_left.ts';
import { orderByHash } from './join_left.ts';
import { sortIndices } from './sort_kernel.ts';

export function columnAt(schema: Schema, name: string): number {
  const at = schema.findIndex((f) => f.name === name);
  if (at < 0) throw new EngineBug(`no column ${name} in the input of a join`);
  return at;
}

export function keyColumns(batch: Batch, keys: readonly number[]): Column[] {
  return keys.map((k) => batch.columns[k] as Column);
}

export interface TableSpec {
  readonly schema: Schema;
  /** Without keys all rows are candidates of each left row. */
  readonly keys: readonly string[];
  /** Columns that are needed besides. */
  readonly names: readonly string[];
  readonly store: Store;
  /** Leading hash bits that all rows share. */
  readonly skip: number;
  /** Only the first row of each key is ever found. */
  readonly distinct: boolean;
  /** Rows that match nothing will be asked for, those with null keys among them. */
  readonly whole: boolean;
  /** The rows of a key lie in the order of this column; without the rows in which it is null. */
  readonly sorted: string | null;
}

/**
 * The right side of a join in working memory, with an index by its keys; rows with a null key are not in it, and the others lie in the order
 * of the index, which keeps the order of rows with equal keys. Immutable once built (but for `rest`), so that all tasks of a
 * worker can share one.
 */
export class JoinTable {
  readonly batch: Batch;
  /** Indexes of the key columns in `batch`. */
  readonly keys: readonly number[];
  /** Null without keys. */
  readonly index: JoinIndex | null;
  /** By row: the last row of the same tag. Null: each row is the only one, or (without keys) the last row of all is. */
  readonly ends: Uint32Array | null;
  /** Which rows matched nothing, where that is asked for. */
  readonly rest: RightRest | null;
  readonly rowBytes: number;
  private readonly memory: Stage;

  constructor(batches: Iterable<Batch>, spec: TableSpec) {
    const { schema, store } = spec;
    const columns = [...new Set([...spec.keys, ...spec.names])].map((n) => columnAt(schema, n));
    const picked = columns.map((c) => schema[c] as Schema[number]);
    this.memory = new Stage(store, 'join');
    const work = new Stage(store, 'join');
    try {
      const given = gathered(batches, columns, picked, store, work);
      const rows = spec.sorted === null ? given : sortedRows(given, spec.sorted, work.scratch);
      this.keys = spec.keys.map((k) => columnAt(picked, k));
      const arranged = spec.keys.length === 0 ? null : this.indexed(rows, spec, work.scratch);
      this.index = arranged === null ? null : arranged.index;
      const found = arranged === null ? inOrder(rows.rows, work.scratch) : arranged.order;
      const order = spec.whole ? withLeftOut(found, rows.rows, work.scratch) : found;
      const batch = gatherBatch(rows, order, order.length, this.memory.scratch);
      this.batch = { ...batch, columns: batch.columns.map((c) => owned(c, order.length, this.memory)) };
      this.rowBytes = order.length === 0 ? 0 : encodedSize(this.batch) / order.length;
      this.ends = spec.sorted === null ? null : endsOf(this.index, order.length, this.memory.scratch);
      this.rest = spec.whole ? this.restOf(rows, order, spec.skip, work) : null;
    } catch (e) {
      this.memory.free();
      throw e;
    } finally {
      work.free();
    }
  }

  private indexed(batch: Batch, { skip, distinct }: TableSpec, work: Scratch): Arranged {
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

  /** `order`: the given row of each row of the table. */
  private restOf(rows: Batch, order: Uint32Array, skip: number, work: Stage): RightRest {
    const n = order.length;
    const { scratch } = this.memory;
    const byHash = orderByHash(keyColumns(rows, this.keys), n, skip, scratch, work.scratch);
    const origin = scratch.u32(n);
    origin.set(order);
    const place = work.scratch.u32(n);
    for (let i = 0; i < n; i++) place[order[i] as number] = i;
    for (let i = 0; i < n; i++) byHash.order[i] = place[byHash.order[i] as number] as number;
    return new RightRest(byHash, origin, scratch.bitmap(n, false));
  }

  free(): void {
    this.memory.free();
  }
}

/** The rows of a table by (hash, given order), and which of them matched a left row so far. */
export class RightRest {
  private readonly byHash: HashOrder;
  private readonly matched: Uint8Array;
  /** The given row of each row of the table. */
  readonly origin: Uint32Array;
  private at = 0;

  constructor(byHash: HashOrder, origin: Uint32Array, matched: Uint8Array) {
    this.byHash = byHash;
    this.origin = origin;
    this.matched = matched;
  }

  mark(row: number): void {
    setBit(this.matched, row);
  }

  isMatched(row: number): boolean {
    return getBit(this.matched, row);
  }

  /** The next row that matched nothing, of those whose hash is below `bound`; -1 when there is none (any more). */
  next(bound: number): number {
    const { order, hashes } = this.byHash;
    for (; this.at < order.length && (hashes[this.at] as number) < bound; this.at++) {
      const row = order[this.at] as number;
      if (!getBit(this.matched, row)) {
        this.at++;
        return row;
      }
    }
    return -1;
  }
}

/** Rows by the values of a column, those with equal ones as they come; without nulls. */
function sortedRows(batch: Batch, name: string, work: Scratch): Batch {
  const column = batch.columns[columnAt(batch.schema, name)] as Column;
  const expr = { kind: 'column', name, type: column.type, nullable: true } as const;
  const order = sortIndices(batch, [{ expr, desc: false, nullsFirst: false }], work);
  return gatherBatch(batch, order, batch.rows - column.nullCount, work);
}

function inOrder(rows: number, work: Scratch): Uint32Array {
  const order = work.u32(rows);
  for (let i = 0; i < rows; i++) order[i] = i;
  return order;
}

/** Behind the rows of an index those that are not in it. */
function withLeftOut(found: Uint32Array, rows: number, work: Scratch): Uint32Array {
  if (found.length === rows) return found;
  const there = work.bitmap(rows, false);
  const order = work.u32(rows);
  order.set(found);
  for (let i = 0; i < found.length; i++) setBit(there, found[i] as number);
  let n = found.length;
  for (let i = 0; i < rows; i++) if (!getBit(there, i)) order[n++] = i;
  return order;
}

function endsOf(index: JoinIndex | null, rows: number, memory: Scratch): Uint32Array | null {
  if (index === null || index.more === null) return null;
  const ends = memory.u32(rows);
  for (let i = rows - 1; i >= 0; i--) ends[i] = getBit(index.more, i) ? (ends[i + 1] as number) : i;
  return ends;
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
