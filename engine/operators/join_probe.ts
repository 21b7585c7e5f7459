import type { Batch, Column } from '../batch/column.ts';
import { gatherBatch, NO_ROW } from '../batch/gather.ts';
import { EngineBug } from '../errors.ts';
import type { Filter } from '../expr/compile.ts';
import { compileFilter } from '../expr/compile.ts';
import { columnsOf } from '../expr.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { Store } from '../store/types.ts';
import type { Field, Schema } from '../types.ts';
import type { Cursor, Wanted } from './join_index.ts';
import { findPairs, newJob } from './join_index.ts';
import { keepEqual } from './join_keys.ts';
import type { HashOrder } from './join_left.ts';
import { LeftRows } from './join_left.ts';
import { findNearest } from './join_nearest.ts';
import { brokenMatching, JoinOutput, type PairList } from './join_output.ts';
import type { JoinTable, RightRest } from './join_table.ts';
import { columnAt, keyColumns } from './join_table.ts';
import type { JoinParams } from './params.ts';
import { keepsLeft, onlyFilters } from './params.ts';

const ALL: Wanted = { found: 'all', missed: false };
const ALL_OR_NULL: Wanted = { found: 'all', missed: true };
const FIRST: Wanted = { found: 'first', missed: false };
const MISSED: Wanted = { found: 'none', missed: true };
const FIRST_OR_NULL: Wanted = { found: 'first', missed: true };

interface Merged extends PairList {
  n: number;
}

/**
 * Matches left rows with a JoinTable: candidates with equal tags first, many at a time, then (where tags are not the keys) equality of the keys, then the
 * residual test. Output follows the order of the left rows, then that of the right rows. Its batches are valid until the next one is asked for.
 */
export class JoinProbe {
  private readonly params: JoinParams;
  private readonly output: JoinOutput;
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
    this.leftKeys = params.leftKeys.map((k) => columnAt(left, k));
    this.residual = null;
    this.out = arenaScratch(store, 'join');
    this.work = arenaScratch(store, 'join');
    this.known = arenaScratch(store, 'join');
    this.fixed = arenaScratch(store, 'join');
    this.output = new JoinOutput(params, left, output, store, this.out, this.work);
    this.positions = this.fixed.u32(this.output.most);
    this.rights = this.fixed.u32(this.output.most);
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

  /** Whether it has to be known which left rows matched. */
  private get notes(): boolean {
    return this.isFilter || keepsLeft(this.params.kind);
  }

  private get isFilter(): boolean {
    return onlyFilters(this.params.kind);
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
      yield* this.pairs(left, table, 0, rows);
      this.checkMatched(left, 0, rows);
    } else if (this.residual === null && table.index?.exact === true && this.params.matching === 'many')
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
      const n = this.find(left, table, left.batch.rows, wanted, this.output.roomFor(left, null));
      if (n > 0) yield* this.give(this.output.leftPart(left, this.positions, n, true));
      this.work.reset();
    }
  }

  /** Rows that semi or anti keep, after all of the right side was marked. */
  *kept(left: LeftRows): Generator<Batch> {
    const wanted = this.params.kind === 'semi';
    const { positions } = this;
    const { matches } = left;
    const total = left.batch.rows;
    const room = this.output.roomFor(left, null);
    for (let p = 0; p < total; ) {
      let n = 0;
      for (; p < total && n < room; p++) if ((matches[p] as number) > 0 === wanted) positions[n++] = p;
      if (n > 0) yield* this.give(this.output.leftPart(left, positions, n, true));
      this.work.reset();
    }
  }

  /** Pairs of the left positions [from, to) with the whole right side, and rows without a match where those stay. Right ones stay back from the last position's hash on, see `rest`. */
  private *pairs(left: LeftRows, table: JoinTable, from: number, to: number): Generator<Batch> {
    const outer = keepsLeft(this.params.kind);
    const atOnce = outer && this.residual === null && table.index?.exact === true;
    this.begin(from);
    while (this.cursor.at < to) {
      const first = this.cursor.at;
      const found =
        this.params.nearest !== null
          ? this.nearest(left, table, to)
          : outer && !atOnce
            ? this.withUnmatched(left, table, first, to)
            : this.own(this.matched(left, table, to, atOnce ? ALL_OR_NULL : ALL));
      if (table.rest !== null) yield* this.withRest(left, table, table.rest, found);
      else if (found.n > 0) yield* this.give(this.output.joined(left, table, found));
      this.work.reset();
    }
  }

  /** Pairs of the left positions from `from` on, below what `to` says by then, with a part of the right side. Valid until the next ones are asked for. */
  *found(left: LeftRows, table: JoinTable, from: number, to: () => number): Generator<PairList> {
    this.begin(from);
    while (this.cursor.at < to()) {
      const n = this.matched(left, table, to(), ALL);
      if (n > 0) yield this.own(n);
      this.work.reset();
    }
  }

  /** Of each left position in [from, to), not more than a batch has, the row of a part of the right side that is nearest. */
  nearestOf(left: LeftRows, table: JoinTable, from: number, to: number): PairList {
    this.begin(from);
    this.work.reset();
    return this.nearest(left, table, to, to - from);
  }

  private own(n: number): PairList {
    return { positions: this.positions, rights: this.rights, n };
  }

  /** A list merged with right rows that matched nothing, by hash: those whose hash has been passed. */
  private *withRest(left: LeftRows, table: JoinTable, rest: RightRest, found: PairList): Generator<Batch> {
    const hashes = left.keyHashes;
    const room = this.output.roomFor(left, table);
    const merged = { positions: this.work.u32(room), rights: this.work.u32(room), n: 0 };
    for (let i = 0; i < found.n; i++) {
      const p = found.positions[i] as number;
      yield* this.restBelow(left, table, rest, hashes[p] as number, merged);
      merged.positions[merged.n] = p;
      merged.rights[merged.n++] = found.rights[i] as number;
      if (merged.n === merged.positions.length) yield* this.flush(left, table, merged);
    }
    const next = Math.min(this.cursor.at, left.batch.rows - 1);
    yield* this.restBelow(left, table, rest, hashes[next] as number, merged);
    yield* this.flush(left, table, merged);
  }

  private *restBelow(
    left: LeftRows | null,
    table: JoinTable,
    rest: RightRest,
    bound: number,
    merged: Merged,
  ): Generator<Batch> {
    for (let row = rest.next(bound); row >= 0; row = rest.next(bound)) {
      merged.positions[merged.n] = NO_ROW;
      merged.rights[merged.n++] = row;
      if (merged.n === merged.positions.length) yield* this.flush(left, table, merged);
    }
  }

  private *flush(left: LeftRows | null, table: JoinTable, merged: Merged): Generator<Batch> {
    if (merged.n > 0) yield* this.give(this.output.joined(left, table, merged));
    merged.n = 0;
  }

  /** Right rows that matched nothing and were not given yet: behind the last left row. */
  *rest(table: JoinTable): Generator<Batch> {
    if (table.rest === null) return;
    const room = this.output.roomFor(null, table);
    const merged = { positions: this.positions.subarray(0, room), rights: this.rights.subarray(0, room), n: 0 };
    yield* this.restBelow(null, table, table.rest, Number.POSITIVE_INFINITY, merged);
    yield* this.flush(null, table, merged);
  }

  /** Right rows, given as they are, that match nothing. */
  *rightOnly(batch: Batch, rows: Uint32Array, n: number): Generator<Batch> {
    yield* this.give(this.output.rightOnly(batch, rows, n));
  }

  /** Left positions with right columns that were put aside: the `add` columns of the right side, row by row. */
  *put(left: LeftRows, positions: Uint32Array, n: number, added: readonly Column[]): Generator<Batch> {
    yield* this.give(this.output.put(left, positions, n, added));
    this.work.reset();
  }

  /** `matching one`: every left row has a match. */
  checkMatched(left: LeftRows, from: number, to: number): void {
    if (this.params.matching !== 'one') return;
    const { matches } = left;
    for (let p = from; p < to; p++) if (matches[p] === 0) throw brokenMatching(this.params, left, p, 'matches no row');
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
  private find(
    left: LeftRows,
    table: JoinTable,
    to: number,
    wanted: Wanted,
    room = this.output.roomFor(left, table),
  ): number {
    const { positions, rights, cursor, job } = this;
    if (table.index === null) return this.everyPair(left, table.batch.rows, to, wanted, room);
    const tagged = left.tagged(table.index);
    return findPairs(table.index, tagged, cursor, to, wanted, positions.subarray(0, room), rights, job);
  }

  /** Candidates where there are no keys. A row that is only asked for some match is done with the first. */
  private everyPair(left: LeftRows, rows: number, to: number, wanted: Wanted, room: number): number {
    const { positions, rights, cursor } = this;
    const done = this.isFilter ? left.matches : null;
    const last = wanted.found === 'first' ? Math.min(1, rows) : rows;
    let n = 0;
    for (; cursor.at < to && n < room; cursor.at++, cursor.resume = 0) {
      if (done !== null && (done[cursor.at] as number) > 0) continue;
      const first = cursor.resume;
      const end = Math.min(last, first + room - n);
      for (let r = first; r < end; r++) {
        positions[n] = cursor.at;
        rights[n++] = r;
      }
      if (rows === 0 && wanted.missed) {
        positions[n] = cursor.at;
        rights[n++] = NO_ROW;
      }
      if (end < last) {
        cursor.resume = end;
        break;
      }
    }
    return n;
  }

  /** One pair for each of the next positions: the nearest right row, or NO_ROW. */
  private nearest(left: LeftRows, table: JoinTable, to: number, room = this.output.roomFor(left, table)): PairList {
    const { nearest } = this.params;
    if (nearest === null) throw new EngineBug('only as-of joins look for the nearest row');
    const n = this.find(left, table, to, FIRST_OR_NULL, room);
    const list = this.own(n);
    findNearest(left, columnAt(left.batch.schema, nearest.left), table, nearest, list);
    if (this.params.matching === 'one') this.note(left, n);
    return list;
  }

  /** Finds the next candidates, tests them, counts matches; the pairs that pass are in `positions` and `rights`. */
  private matched(left: LeftRows, table: JoinTable, to: number, wanted: Wanted, room?: number): number {
    let n = this.find(left, table, to, wanted, room);
    if (table.index?.exact === false && n > 0) n = this.equal(left, table, n);
    if (this.residual !== null && n > 0) n = this.pass(left, table, n);
    if (this.params.matching !== 'many' || (this.notes && !wanted.missed)) this.note(left, n);
    const { rest } = table;
    for (let i = 0; rest !== null && i < n; i++) if (this.rights[i] !== NO_ROW) rest.mark(this.rights[i] as number);
    return n;
  }

  private note(left: LeftRows, n: number): void {
    const { matches } = left;
    const { positions, rights } = this;
    const strict = this.params.matching !== 'many';
    for (let i = 0; i < n; i++) {
      if (rights[i] === NO_ROW) continue;
      const p = positions[i] as number;
      if (strict && matches[p] === 1) throw brokenMatching(this.params, left, p, 'matches more than one row');
      if ((matches[p] as number) < 2) matches[p] = (matches[p] as number) + 1;
    }
  }

  /** Keeps the candidates whose keys are equal. */
  private equal(left: LeftRows, table: JoinTable, n: number): number {
    const { positions, rights } = this;
    const rows = this.output.rowsAt(left, positions, n);
    const keys = keyColumns(table.batch, table.keys);
    return keepEqual(left.keys, keys, { positions, rows, rights }, n, this.work);
  }

  /** Keeps the pairs that pass the residual test. */
  private pass(left: LeftRows, table: JoinTable, n: number): number {
    const { residual, positions, rights, work } = this;
    if (residual === null) return n;
    const rows = this.output.rowsAt(left, positions, n);
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
    const half = Math.floor(this.output.roomFor(left, table) / 2);
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
}
