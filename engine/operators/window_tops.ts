import type { Batch, Column } from '../batch/column.ts';
import { concatBatches } from '../batch/concat.ts';
import { gatherBatch } from '../batch/gather.ts';
import { bitmapAt, kernelsFor } from '../kernels/load.ts';
import type { MeasuredScratch } from '../memory/bump.ts';
import { arenaScratch } from '../memory/scratch.ts';
import { u32Vector, type Vector } from '../memory/vector.ts';
import { Stage } from '../shuffle/stage.ts';
import type { Store } from '../store/types.ts';
import type { DataType, Field, Schema } from '../types.ts';
import type { PartitionReader } from './def.ts';
import { GroupTable } from './hash_table.ts';
import type { WindowParams } from './params.ts';

/** Rows of a group that are looked at one by one. */
const MOST_ROWS = 32;
/** Words of an entry: key and number of a row. */
const ENTRY_WORDS = 4;
/** Fewer rows than this are simply sorted. */
const FEW_ROWS = 4096;
const NO_ROW = 0xffffffff;
/** Rows are there once more while those that have been passed are left out, and the remaining ones again. */
const COPIES = 3;
/** Kept rows above twice as many as stayed the last time after which those that have been passed are left out. */
const ROWS_BEHIND = 65536;
const FORMS = { i32: 0, i64: 1, f64: 2 } as const;

/** Sort keys are numbers of at most 64 bits, and there is one of them at most: further keys would decide among equal ones. */
function isSimple({ keys, sort, ties, skip, take }: WindowParams): boolean {
  if (keys.length === 0 || take === null || skip + take > MOST_ROWS || skip + take === 0) return false;
  return sort.length <= 1 && ties === null;
}

/**
 * The first rows of each group, found as batches come: a table of groups with the keys of their first rows, and the rows that were entered there. Rows are given
 * out in the order in which they came.
 */
export class TopOfEach {
  readonly #params: WindowParams;
  readonly #schema: Schema;
  readonly #keys: readonly number[];
  readonly #take: number;
  readonly #table: GroupTable;
  readonly #ids: Vector<Uint32Array>;
  readonly #tops: Vector<Uint32Array>;
  readonly #stages: readonly [Stage, Stage];
  readonly #scratch: MeasuredScratch;
  readonly #grant: number;
  readonly #store: Store;
  #current: 0 | 1 = 0;
  #kept: Batch[] = [];
  #rows = 0;
  /** Rows that stayed when they were last looked through. */
  #best = 0;

  /** Null where the order is not that of one number. */
  static of(params: WindowParams, schema: Schema, store: Store, grant: number): TopOfEach | null {
    return isSimple(params) ? new TopOfEach(params, schema, store, grant) : null;
  }

  private constructor(params: WindowParams, schema: Schema, store: Store, grant: number) {
    this.#params = params;
    this.#schema = schema;
    this.#keys = params.keys.map((k) => schema.findIndex((f) => f.name === k));
    this.#take = params.skip + (params.take ?? 0);
    const types = this.#keys.map((k): DataType => (schema[k] as Field).type);
    this.#table = new GroupTable(store, types, 'top');
    this.#ids = u32Vector(store, 'top');
    this.#tops = u32Vector(store, 'top');
    this.#stages = [new Stage(store, 'top'), new Stage(store, 'top')];
    this.#scratch = arenaScratch(store, 'top');
    this.#grant = grant;
    this.#store = store;
  }

  get rows(): number {
    return this.#rows;
  }

  get #stage(): Stage {
    return this.#stages[this.#current];
  }

  /** Groups and rows take so much that they have to go on. */
  get isFull(): boolean {
    return (this.#stage.used * COPIES + this.#table.bytes() + this.#tops.bytes) * 2 > this.#grant;
  }

  /** False where kernels do not reach the batch, or its key is of another form: it has not been taken then. */
  add(batch: Batch): boolean {
    const scratch = this.#scratch;
    const n = batch.rows;
    const keys = this.#keysOf(batch, scratch);
    const out = scratch.u32(n);
    this.#ids.reserve(n);
    const ids = this.#ids.data;
    const taken = keys !== null && kernelsFor(keys, out, ids) !== null && this.#enter(batch, keys, ids, out);
    scratch.reset();
    return taken;
  }

  #enter(batch: Batch, keys: Uint32Array, ids: Uint32Array, out: Uint32Array): boolean {
    const columns = this.#keys.map((k) => batch.columns[k] as Column);
    this.#table.insert(columns, batch.rows, ids);
    this.#tops.grow(this.#table.groups * this.#take * ENTRY_WORDS, NO_ROW);
    const tops = this.#tops.data;
    const k = kernelsFor(tops, keys, out, ids);
    // Groups without rows do no harm.
    if (k === null) return false;
    const at = [ids.byteOffset, keys.byteOffset, batch.rows, this.#take, tops.byteOffset] as const;
    const n = k.group_tops(...at, this.#rows, out.byteOffset);
    if (n === 0) return true;
    const stage = this.#stage;
    const picked = gatherBatch(batch, out, n, stage.scratch);
    this.#kept.push({ ...picked, columns: picked.columns.map((c) => stage.ownDictionaries(c)) });
    this.#rows += n;
    if (this.#rows >= 2 * this.#best + ROWS_BEHIND || stage.used * COPIES > this.#grant) this.compact();
    return true;
  }

  /** Numbers, 64 bits each, that ascend in the order of the rows. */
  #keysOf(batch: Batch, scratch: MeasuredScratch): Uint32Array | null {
    const keys = scratch.u32(2 * batch.rows);
    const [sort] = this.#params.sorted ? [] : this.#params.sort;
    if (sort === undefined) return keys.fill(0);
    const { expr, desc, nullsFirst } = sort;
    const at = expr.kind === 'column' ? batch.schema.findIndex((f) => f.name === expr.name) : -1;
    const col = batch.columns[at];
    if (col === undefined || !(col.phys === 'i32' || col.phys === 'i64' || col.phys === 'f64')) return null;
    // The ends of the range of 64 bits stand for null.
    if (col.phys === 'i64' && col.wide) return null;
    const k = kernelsFor(keys, col.values, col.validity);
    if (k === null) return null;
    const from = [FORMS[col.phys], col.values.byteOffset, bitmapAt(col.validity), batch.rows] as const;
    k.group_top_keys(...from, desc ? 1 : 0, nullsFirst ? 1 : 0, keys.byteOffset);
    return keys;
  }

  /** Leaves out the rows that others of their group have passed. */
  compact(): void {
    if (this.#rows === this.#best) return;
    const scratch = arenaScratch(this.#store, 'top');
    try {
      const all = concatBatches(this.#kept, this.#schema, scratch);
      const tops = this.#tops.data;
      const [marks, order] = [scratch.u32(this.#rows + 1), scratch.u32(this.#rows + 1)];
      const n = stayed(tops, this.#tops.length / ENTRY_WORDS, this.#rows, marks, order);
      const from = this.#stage;
      this.#current = this.#current === 0 ? 1 : 0;
      this.#kept = [this.#stage.keep(gatherBatch(all, order, n, scratch))];
      this.#rows = n;
      this.#best = n;
      from.reset();
    } finally {
      scratch.release();
    }
  }

  /** All rows that stayed; afterwards nothing is known. */
  *take(): Generator<Batch> {
    this.compact();
    for (const batch of this.#kept) if (batch.rows > 0) yield batch;
    this.#kept = [];
    this.#rows = 0;
    this.#best = 0;
    this.#table.free();
    this.#tops.free();
    this.#stage.reset();
  }

  /** What has been kept, to be read until it is freed. */
  asPartition(hashBits: number): PartitionReader {
    this.compact();
    const kept = this.#kept.filter((b) => b.rows > 0);
    return { schema: this.#schema, rows: this.#rows, bytes: this.#stage.used, batches: () => kept, runs: [], hashBits };
  }

  free(): void {
    for (const s of this.#stages) s.free();
    for (const v of [this.#ids, this.#tops]) v.free();
    this.#table.free();
    this.#scratch.release();
  }
}

/** The first rows of each group that a reader gives; null where they are not found within `grant`, or the rows are so few that sorting is quick. */
export function topsOf(params: WindowParams, reader: PartitionReader, store: Store, grant: number): TopOfEach | null {
  if (reader.rows < FEW_ROWS) return null;
  const tops = TopOfEach.of(params, reader.schema, store, grant);
  if (tops === null) return null;
  try {
    for (const batch of reader.batches()) {
      if (tops.add(batch) && !tops.isFull) continue;
      tops.free();
      return null;
    }
    return tops;
  } catch (e) {
    tops.free();
    throw e;
  }
}

/** The numbers of rows that are entered, ascending; entries get their places there. */
function stayed(tops: Uint32Array, entries: number, rows: number, marks: Uint32Array, order: Uint32Array): number {
  const k = kernelsFor(tops, marks, order);
  if (k !== null) return k.group_top_rows(tops.byteOffset, entries, rows, marks.byteOffset, order.byteOffset);
  const places = new Uint32Array(rows);
  for (let e = 0; e < entries; e++) {
    const row = tops[e * ENTRY_WORDS + 2] as number;
    if (row !== NO_ROW) places[row] = 1;
  }
  let n = 0;
  for (let row = 0; row < rows; row++) {
    if (places[row] === 0) continue;
    order[n] = row;
    places[row] = n++;
  }
  for (let e = 0; e < entries; e++) {
    const at = e * ENTRY_WORDS + 2;
    if (tops[at] !== NO_ROW) tops[at] = places[tops[at] as number] as number;
  }
  return n;
}
