import { valueReader } from '../batch/access.ts';
import type { Batch, Column } from '../batch/column.ts';
import { gatherBatch, NO_ROW } from '../batch/gather.ts';
import { RunError } from '../errors.ts';
import type { Filter } from '../expr/compile.ts';
import { compileFilter } from '../expr/compile.ts';
import { columnsOf } from '../expr.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { Store } from '../store/types.ts';
import type { Field, Schema } from '../types.ts';
import type { JoinTable } from './join_table.ts';
import { columnAt, keyColumns, keyEquality, nullKeys } from './join_table.ts';
import type { JoinParams } from './params.ts';

/** Candidate pairs, and left rows, that are looked at together. An output batch has at most both. */
const CHUNK = 32768;

/** Left rows being joined: all columns, the hashes of their keys, and the order to go through them (null: as they come). */
export interface LeftRows {
  readonly batch: Batch;
  readonly hashes: Uint32Array;
  readonly order: Uint32Array | null;
  /** By position in that order: matches found so far, counted up to 2. */
  readonly matches: Uint8Array;
  readonly missing: Uint8Array | null;
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

/** Right columns a join needs besides the keys. */
export function rightColumns(params: JoinParams): string[] {
  return [...params.right, ...params.add].map((c) => c.column);
}

/**
 * Matches left rows with a JoinTable: candidates with an equal hash first, many at a time, then equality of the keys, then the residual test. Output
 * follows the order of the left rows, then that of the right rows. Its batches are valid until the next one is asked for.
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
  /** Candidates: position of the left row, right row. */
  private readonly positions = new Uint32Array(CHUNK);
  private readonly rights = new Uint32Array(CHUNK);
  private n = 0;
  /** Position being looked up, and the place in the table to go on from (-1: from its bucket's start). */
  private at = 0;
  private resume = -1;

  constructor(params: JoinParams, left: Schema, right: Schema, output: Schema, store: Store) {
    this.params = params;
    this.output = output;
    this.leftKeys = params.leftKeys.map((k) => columnAt(left, k));
    this.residual = null;
    this.out = arenaScratch(store, 'join');
    this.work = arenaScratch(store, 'join');
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

  /** `hashes` of the left keys; kept, like the batch, as long as the rows are used. */
  left(batch: Batch, hashes: Uint32Array, order: Uint32Array | null): LeftRows {
    const missing = nullKeys(keyColumns(batch, this.leftKeys), batch.rows);
    return { batch, hashes, order, matches: new Uint8Array(batch.rows), missing };
  }

  leftKeyColumns(batch: Batch): Column[] {
    return keyColumns(batch, this.leftKeys);
  }

  /** Joins all left rows with the whole right side. */
  *all(left: LeftRows, table: JoinTable): Generator<Batch> {
    if (this.isFilter) this.mark(left, table);
    else yield* this.pairs(left, table, 0, left.batch.rows, true);
    this.checkMatched(left, 0, left.batch.rows);
    if (this.isFilter) yield* this.kept(left);
  }

  /** For semi and anti: notes which left rows match some row of this (part of the) right side. */
  mark(left: LeftRows, table: JoinTable): void {
    if (this.residual === null && this.params.matching === 'many') {
      markFirst(left, table, this.leftKeys);
      return;
    }
    this.begin(0);
    while (this.at < left.batch.rows) {
      this.matched(left, table, left.batch.rows);
      this.work.reset();
    }
  }

  /** Rows that semi or anti keep, after all of the right side was marked. */
  *kept(left: LeftRows): Generator<Batch> {
    const wanted = this.params.kind === 'semi';
    const rows = new Uint32Array(CHUNK);
    const total = left.batch.rows;
    for (let p = 0; p < total; ) {
      let n = 0;
      for (; p < total && n < CHUNK; p++)
        if ((left.matches[p] as number) > 0 === wanted) rows[n++] = left.order === null ? p : (left.order[p] as number);
      if (n > 0) yield* this.give({ ...this.take(left.batch, rows, n), schema: this.output });
    }
  }

  /** Pairs of the left positions [from, to) with this (part of the) right side; `whole`: it is all of it, so that rows without a match can be told. */
  *pairs(left: LeftRows, table: JoinTable, from: number, to: number, whole: boolean): Generator<Batch> {
    const outer = whole && this.params.kind === 'left';
    this.begin(from);
    while (this.at < to) {
      const first = this.at;
      const n = this.matched(left, table, to);
      const count = outer ? this.addUnmatched(left, first, n) : { positions: this.positions, rights: this.rights, n };
      if (count.n > 0) yield* this.give(this.joined(left, table, count.positions, count.rights, count.n));
      this.work.reset();
    }
  }

  /** At most CHUNK left positions [from, to) that matched nothing, with nulls for the right side (kind left, after all parts of it). */
  *unmatched(left: LeftRows, table: JoinTable, from: number, to: number): Generator<Batch> {
    let n = 0;
    for (let p = from; p < to; p++) if (left.matches[p] === 0) this.positions[n++] = p;
    this.rights.fill(NO_ROW, 0, n);
    if (n > 0) yield* this.give(this.joined(left, table, this.positions, this.rights, n));
    this.work.reset();
  }

  /** `matching one`: every left row has a match. */
  checkMatched(left: LeftRows, from: number, to: number): void {
    if (this.params.matching !== 'one') return;
    for (let p = from; p < to; p++) if (left.matches[p] === 0) throw this.broken(left, p, 'matches no row');
  }

  free(): void {
    this.out.release();
    this.work.release();
  }

  private begin(at: number): void {
    this.at = at;
    this.resume = -1;
  }

  private *give(batch: Batch): Generator<Batch> {
    yield batch;
    this.out.reset();
  }

  /** Finds the next candidates, tests them, counts matches; the pairs that pass are in `positions` and `rights`. */
  private matched(left: LeftRows, table: JoinTable, to: number): number {
    this.candidates(left, table, Math.min(to, this.at + CHUNK));
    let n = this.equal(left, table);
    if (this.residual !== null && n > 0) n = this.pass(left, table, n);
    const { matches } = left;
    const strict = this.params.matching !== 'many';
    for (let i = 0; i < n; i++) {
      const p = this.positions[i] as number;
      if (strict && matches[p] === 1) throw this.broken(left, p, 'matches more than one row');
      if ((matches[p] as number) < 2) matches[p] = (matches[p] as number) + 1;
    }
    return n;
  }

  /** Pairs with equal hashes, from where the last call stopped, until the chunk is full or position `to` is reached. */
  private candidates(left: LeftRows, table: JoinTable, to: number): void {
    const { hashes, order, missing } = left;
    const { hashes: sorted, rows, starts, skip, shift } = table;
    const { positions, rights } = this;
    let n = 0;
    let p = this.at;
    let k = this.resume;
    for (; p < to; p++) {
      const row = order === null ? p : (order[p] as number);
      if (missing !== null && missing[row] === 1) continue;
      const h = hashes[row] as number;
      const bucket = (h << skip) >>> shift;
      const end = starts[bucket + 1] as number;
      if (k < 0) k = starts[bucket] as number;
      while (k < end && (sorted[k] as number) < h) k++;
      while (k < end && sorted[k] === h && n < CHUNK) {
        positions[n] = p;
        rights[n++] = rows[k++] as number;
      }
      if (k < end && sorted[k] === h) break;
      k = -1;
    }
    this.n = n;
    this.at = p;
    this.resume = p < to ? k : -1;
  }

  /** Keeps the candidates whose keys are equal. */
  private equal(left: LeftRows, table: JoinTable): number {
    const same = keyEquality(this.leftKeyColumns(left.batch), keyColumns(table.batch, table.keys));
    const { positions, rights } = this;
    const { order } = left;
    let kept = 0;
    for (let i = 0; i < this.n; i++) {
      const p = positions[i] as number;
      const r = rights[i] as number;
      if (!same(order === null ? p : (order[p] as number), r)) continue;
      positions[kept] = p;
      rights[kept++] = r;
    }
    return kept;
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

  /** Puts the positions that are done and matched nothing between the pairs, with NO_ROW on the right. */
  private addUnmatched(
    left: LeftRows,
    first: number,
    n: number,
  ): { positions: Uint32Array; rights: Uint32Array; n: number } {
    const done = this.at;
    const positions = this.work.u32(n + done - first);
    const rights = this.work.u32(n + done - first);
    let count = 0;
    let i = 0;
    for (let p = first; p < done; p++) {
      if (left.matches[p] === 0) {
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
    const rows = this.rowsAt(left, positions, n);
    const added = this.params.add.map((a) => columnAt(table.batch.schema, a.column));
    const columns = [
      ...this.take(left.batch, rows, n).columns,
      ...gatherBatch(table.batch, rights, n, this.out, added).columns,
    ];
    return { schema: this.output, rows: n, columns };
  }

  /** Left rows by number; the batch itself when these are all of its rows in order. */
  private take(batch: Batch, rows: Uint32Array, n: number): Batch {
    let same = n === batch.rows;
    for (let i = 0; same && i < n; i++) same = rows[i] === i;
    return same ? batch : gatherBatch(batch, rows, n, this.out);
  }

  /** Left row numbers of positions. */
  private rowsAt(left: LeftRows, positions: Uint32Array, n: number): Uint32Array {
    const { order } = left;
    if (order === null) return positions;
    const rows = this.work.u32(n);
    for (let i = 0; i < n; i++) rows[i] = order[positions[i] as number] as number;
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

/** Which left rows have some match, each looked up only until the first one. */
function markFirst(left: LeftRows, table: JoinTable, keys: readonly number[]): void {
  const same = keyEquality(keyColumns(left.batch, keys), keyColumns(table.batch, table.keys));
  const { hashes, order, missing, matches } = left;
  const { hashes: sorted, rows, starts, skip, shift } = table;
  for (let p = 0; p < matches.length; p++) {
    const row = order === null ? p : (order[p] as number);
    if (matches[p] !== 0 || (missing !== null && missing[row] === 1)) continue;
    const h = hashes[row] as number;
    const bucket = (h << skip) >>> shift;
    const end = starts[bucket + 1] as number;
    for (let k = starts[bucket] as number; k < end && (sorted[k] as number) <= h; k++) {
      if (sorted[k] !== h || !same(row, rows[k] as number)) continue;
      matches[p] = 1;
      break;
    }
  }
}
