import { valueReader } from '../batch/access.ts';
import type { Batch, Column } from '../batch/column.ts';
import { gatherBatch, gatherColumn, NO_ROW } from '../batch/gather.ts';
import { RunError } from '../errors.ts';
import type { Filter } from '../expr/compile.ts';
import { compileFilter } from '../expr/compile.ts';
import { columnsOf } from '../expr.ts';
import { kernelsFor } from '../kernels/load.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { Store } from '../store/types.ts';
import type { Field, Schema } from '../types.ts';
import type { Cursor, Wanted } from './join_index.ts';
import { findPairs, newJob } from './join_index.ts';
import { keepEqual } from './join_keys.ts';
import type { HashOrder } from './join_left.ts';
import { LeftRows } from './join_left.ts';
import type { JoinTable } from './join_table.ts';
import { columnAt, keyColumns } from './join_table.ts';
import type { JoinParams } from './params.ts';

/** Pairs that are looked at together, at most the rows of a batch; less where memory is small. */
const PAIRS = 65536;
const FEW_PAIRS = 16384;
const AMPLE = 128 << 20;

const ALL: Wanted = { found: 'all', missed: false };
const ALL_OR_NULL: Wanted = { found: 'all', missed: true };
const FIRST: Wanted = { found: 'first', missed: false };
const MISSED: Wanted = { found: 'none', missed: true };

interface PairList {
  readonly positions: Uint32Array;
  readonly rights: Uint32Array;
  readonly n: number;
}

/** Output schema of a join. */
export function joinSchema(params: JoinParams, left: Schema, right: Schema): Schema {
  if (params.kind === 'semi' || params.kind === 'anti') return left;
  const added = params.add.map(({ name, column }): Field => {
    const f = right[columnAt(right, column)] as Field;
    return { name, type: f.type, nullable: f.nullable || params.kind === 'left' };
  });
  return [...left, ...added];
}

/** Whether the first row of each key is all a join needs of the right side. */
export function needsFirst({ kind, residual, matching }: JoinParams): boolean {
  return (kind === 'semi' || kind === 'anti') && residual === null && matching === 'many';
}

/** Right columns a join needs besides the keys. */
export function rightColumns(params: JoinParams): string[] {
  return [...params.right, ...params.add].map((c) => c.column);
}

/**
 * Matches left rows with a JoinTable: candidates with equal tags first, many at a time, then (where tags are not the keys) equality of the keys, then the
 * residual test. Output follows the order of the left rows, then that of the right rows. Its batches are valid until the next one is asked for.
 */
export class JoinProbe {
  private readonly params: JoinParams;
  private readonly output: Schema;
  private readonly leftKeys: readonly number[];
  private readonly residual: {
    readonly filter: Filter;
    readonly left: readonly number[];
    readonly schema: Schema;
  } | null;
  private readonly out;
  private readonly work;
  /** What is found out about left rows, until others come. */
  private readonly known;
  private readonly fixed;
  /** Pairs: position of the left row, right row. */
  private readonly positions: Uint32Array;
  private readonly rights: Uint32Array;
  private readonly job: Uint32Array;
  private readonly cursor: Cursor = { at: 0, resume: 0 };

  constructor(params: JoinParams, left: Schema, right: Schema, output: Schema, store: Store) {
    this.params = params;
    this.output = output;
    this.leftKeys = params.leftKeys.map((k) => columnAt(left, k));
    this.residual = null;
    this.out = arenaScratch(store, 'join');
    this.work = arenaScratch(store, 'join');
    this.known = arenaScratch(store, 'join');
    this.fixed = arenaScratch(store, 'join');
    const room = store.limit >= AMPLE ? PAIRS : FEW_PAIRS;
    this.positions = this.fixed.u32(room);
    this.rights = this.fixed.u32(room);
    this.job = newJob(this.fixed);
    if (params.residual === null) return;
    const used = columnsOf(params.residual);
    const fromRight = new Set(params.right.map((r) => r.name));
    const columns = left
      .map((_, i) => i)
      .filter((i) => used.has((left[i] as Field).name) && !fromRight.has((left[i] as Field).name));
    const schema = [
      ...columns.map((i) => left[i] as Field),
      ...params.right.map((r) => ({ ...(right[columnAt(right, r.column)] as Field), name: r.name })),
    ];
    this.residual = { filter: compileFilter(params.residual, schema), left: columns, schema };
  }

  private get isFilter(): boolean {
    return this.params.kind === 'semi' || this.params.kind === 'anti';
  }

  /** Left rows, in the order of `sorted` or as they come. The batch, and the order, are kept until the next rows come. */
  left(batch: Batch, sorted: HashOrder | null = null): LeftRows {
    this.known.reset();
    return new LeftRows(batch, this.leftKeyColumns(batch), sorted, this.known);
  }

  leftKeyColumns(batch: Batch): Column[] {
    return keyColumns(batch, this.leftKeys);
  }

  /** Joins all left rows with the whole right side. */
  *all(left: LeftRows, table: JoinTable): Generator<Batch> {
    const rows = left.batch.rows;
    if (!this.isFilter) {
      yield* this.pairs(left, table, 0, rows, true);
      this.checkMatched(left, 0, rows);
    } else if (this.residual === null && table.index.exact && this.params.matching === 'many')
      yield* this.keptAtOnce(left, table);
    else {
      this.mark(left, table);
      this.checkMatched(left, 0, rows);
      yield* this.kept(left);
    }
  }

  /** For semi and anti: notes which left rows match some row of this (part of the) right side. */
  mark(left: LeftRows, table: JoinTable): void {
    this.begin(0);
    while (this.cursor.at < left.batch.rows) {
      this.matched(left, table, left.batch.rows, ALL);
      this.work.reset();
    }
  }

  /** Semi and anti where tags tell all: positions that are found are those that match. */
  private *keptAtOnce(left: LeftRows, table: JoinTable): Generator<Batch> {
    const wanted = this.params.kind === 'semi' ? FIRST : MISSED;
    this.begin(0);
    while (this.cursor.at < left.batch.rows) {
      const n = this.find(left, table, left.batch.rows, wanted);
      if (n > 0) yield* this.give(this.leftPart(left, this.positions, n, true));
      this.work.reset();
    }
  }

  /** Rows that semi or anti keep, after all of the right side was marked. */
  *kept(left: LeftRows): Generator<Batch> {
    const wanted = this.params.kind === 'semi';
    const { positions } = this;
    const { matches } = left;
    const total = left.batch.rows;
    for (let p = 0; p < total; ) {
      let n = 0;
      for (; p < total && n < positions.length; p++) if ((matches[p] as number) > 0 === wanted) positions[n++] = p;
      if (n > 0) yield* this.give(this.leftPart(left, positions, n, true));
      this.work.reset();
    }
  }

  /** Pairs of the left positions [from, to) with this (part of the) right side; `whole`: it is all of it, so that rows without a match can be told. */
  *pairs(left: LeftRows, table: JoinTable, from: number, to: number, whole: boolean): Generator<Batch> {
    const outer = whole && this.params.kind === 'left';
    const atOnce = outer && this.residual === null && table.index.exact;
    this.begin(from);
    while (this.cursor.at < to) {
      const first = this.cursor.at;
      const count =
        outer && !atOnce
          ? this.withUnmatched(left, table, first, to)
          : this.own(this.matched(left, table, to, atOnce ? ALL_OR_NULL : ALL));
      if (count.n > 0) yield* this.give(this.joined(left, table, count.positions, count.rights, count.n));
      this.work.reset();
    }
  }

  private own(n: number): PairList {
    return { positions: this.positions, rights: this.rights, n };
  }

  /** Left positions [from, to), not more than there is room for, that matched nothing, with nulls for the right side (kind left, after all parts of it). */
  *unmatched(left: LeftRows, table: JoinTable, from: number, to: number): Generator<Batch> {
    const { matches } = left;
    let n = 0;
    for (let p = from; p < to; p++) if (matches[p] === 0) this.positions[n++] = p;
    this.rights.fill(NO_ROW, 0, n);
    if (n > 0) yield* this.give(this.joined(left, table, this.positions, this.rights, n));
    this.work.reset();
  }

  /** `matching one`: every left row has a match. */
  checkMatched(left: LeftRows, from: number, to: number): void {
    if (this.params.matching !== 'one') return;
    const { matches } = left;
    for (let p = from; p < to; p++) if (matches[p] === 0) throw this.broken(left, p, 'matches no row');
  }

  free(): void {
    for (const memory of [this.out, this.work, this.known, this.fixed]) memory.release();
  }

  private begin(at: number): void {
    this.cursor.at = at;
    this.cursor.resume = 0;
  }

  private *give(batch: Batch): Generator<Batch> {
    yield batch;
    this.out.reset();
  }

  /** Candidates, from where the last call stopped, at most `room` of them. */
  private find(left: LeftRows, table: JoinTable, to: number, wanted: Wanted, room = this.positions.length): number {
    const { positions, rights, cursor, job } = this;
    const tagged = left.tagged(table);
    return findPairs(table.index, tagged, cursor, to, wanted, positions.subarray(0, room), rights, job);
  }

  /** Finds the next candidates, tests them, counts matches; the pairs that pass are in `positions` and `rights`. */
  private matched(left: LeftRows, table: JoinTable, to: number, wanted: Wanted, room?: number): number {
    let n = this.find(left, table, to, wanted, room);
    if (!table.index.exact && n > 0) n = this.equal(left, table, n);
    if (this.residual !== null && n > 0) n = this.pass(left, table, n);
    if (this.params.matching !== 'many' || (this.params.kind !== 'inner' && !wanted.missed)) this.note(left, n);
    return n;
  }

  private note(left: LeftRows, n: number): void {
    const { matches } = left;
    const { positions, rights } = this;
    const strict = this.params.matching !== 'many';
    for (let i = 0; i < n; i++) {
      if (rights[i] === NO_ROW) continue;
      const p = positions[i] as number;
      if (strict && matches[p] === 1) throw this.broken(left, p, 'matches more than one row');
      if ((matches[p] as number) < 2) matches[p] = (matches[p] as number) + 1;
    }
  }

  /** Keeps the candidates whose keys are equal. */
  private equal(left: LeftRows, table: JoinTable, n: number): number {
    const { positions, rights } = this;
    const rows = this.rowsAt(left, positions, n);
    const keys = keyColumns(table.batch, table.keys);
    return keepEqual(left.keys, keys, { positions, rows, rights }, n, this.work);
  }

  /** Keeps the pairs that pass the residual test. */
  private pass(left: LeftRows, table: JoinTable, n: number): number {
    const { residual, positions, rights, work } = this;
    if (residual === null) return n;
    const rows = this.rowsAt(left, positions, n);
    const right = this.params.right.map((r) => columnAt(table.batch.schema, r.column));
    const batch: Batch = {
      schema: residual.schema,
      rows: n,
      columns: [
        ...gatherBatch(left.batch, rows, n, work, residual.left).columns,
        ...gatherBatch(table.batch, rights, n, work, right).columns,
      ],
    };
    const passed = residual.filter(batch, work);
    for (let i = 0; i < passed.length; i++) {
      const at = passed[i] as number;
      positions[i] = positions[at] as number;
      rights[i] = rights[at] as number;
    }
    return passed.length;
  }

  /** Pairs of some positions, and those of them that matched nothing, with NO_ROW on the right, between. */
  private withUnmatched(left: LeftRows, table: JoinTable, first: number, to: number): PairList {
    // Both together make one batch.
    const half = this.positions.length / 2;
    const n = this.matched(left, table, Math.min(to, first + half), ALL, half);
    const done = this.cursor.at;
    const { matches } = left;
    const positions = this.work.u32(n + done - first);
    const rights = this.work.u32(n + done - first);
    let count = 0;
    let i = 0;
    for (let p = first; p < done; p++) {
      if (matches[p] === 0) {
        positions[count] = p;
        rights[count++] = NO_ROW;
        continue;
      }
      for (; i < n && this.positions[i] === p; i++) {
        positions[count] = p;
        rights[count++] = this.rights[i] as number;
      }
    }
    for (; i < n; i++) {
      positions[count] = this.positions[i] as number;
      rights[count++] = this.rights[i] as number;
    }
    return { positions, rights, n: count };
  }

  private joined(left: LeftRows, table: JoinTable, positions: Uint32Array, rights: Uint32Array, n: number): Batch {
    const added = this.params.add.map((a) => columnAt(table.batch.schema, a.column));
    const columns = [
      ...this.leftPart(left, positions, n, table.index.more === null).columns,
      ...gatherBatch(table.batch, rights, n, this.out, added).columns,
    ];
    return { schema: this.output, rows: n, columns };
  }

  /** Left rows at positions; the batch itself when these are all of its rows in order. `once`: no position is there twice. */
  private leftPart(left: LeftRows, positions: Uint32Array, n: number, once: boolean): Batch {
    const { batch } = left;
    let same = left.order === null && n === batch.rows;
    if (!once) for (let i = 0; same && i < n; i++) same = positions[i] === i;
    const part = same ? batch : this.gathered(left, positions, n, once);
    return { ...part, schema: this.isFilter ? this.output : part.schema };
  }

  private gathered(left: LeftRows, positions: Uint32Array, n: number, once: boolean): Batch {
    const { batch, sortedKey } = left;
    const rows = this.rowsAt(left, positions, n, once);
    if (sortedKey === null) return gatherBatch(batch, rows, n, this.out);
    // Its rows are neighbours in this order, where in the batch they lie anywhere.
    const [key] = this.leftKeys;
    const columns = batch.columns.map((c, at) =>
      at === key ? gatherColumn(sortedKey, positions, n, this.out) : gatherColumn(c, rows, n, this.out),
    );
    return { schema: batch.schema, rows: n, columns };
  }

  /** Left row numbers of positions. `once`: no position is there twice. Not written to where it is. */
  private rowsAt(left: LeftRows, positions: Uint32Array, n: number, once = false): Uint32Array {
    const { order } = left;
    if (order === null) return positions;
    const first = n === 0 ? 0 : (positions[0] as number);
    // One pair a position: neighbouring rows of the order, as where every row matches once.
    if (once && n > 0 && (positions[n - 1] as number) - first === n - 1) return order.subarray(first, first + n);
    const rows = this.work.u32(n);
    const k = kernelsFor(order, positions, rows);
    if (k !== null) k.gather_4(order.byteOffset, positions.byteOffset, n, rows.byteOffset, 0);
    else for (let i = 0; i < n; i++) rows[i] = order[positions[i] as number] as number;
    return rows;
  }

  private broken(left: LeftRows, position: number, what: string): RunError {
    const row = left.order === null ? position : (left.order[position] as number);
    const key = this.params.leftKeys.map((name, k) => {
      const value = valueReader(left.batch.columns[this.leftKeys[k] as number] as Column)(row);
      return `${name} = ${typeof value === 'string' ? JSON.stringify(value) : String(value)}`;
    });
    const text = key.join(', ');
    return new RunError(
      'FLOW7009',
      `a row with ${text} ${what} of the right side, against \`matching ${this.params.matching}\``,
      { column: this.params.leftKeys[0], value: text },
      'Make the right side unique by these columns (`distinct`), or state another cardinality',
    );
  }
}
