import type { Accumulator, ResolvedAggregate } from '../aggregates/def.ts';
import type { Batch, Column } from '../batch/column.ts';
import { gatherColumn } from '../batch/gather.ts';
import type { MeasuredScratch } from '../memory/bump.ts';
import { arenaScratch } from '../memory/scratch.ts';
import { u32Vector, type Vector } from '../memory/vector.ts';
import type { BatchRef, Store } from '../store/types.ts';
import type { Schema } from '../types.ts';
import { PageCursor, type Pages, storePages } from './pages.ts';

/** Neighbours that one node of the level above stands for. */
export const FAN = 16;
/** Rows gathered at a time. */
const SLAB = 16384;
/** Gathered rows are let go of when they take more. */
const SCRATCH_BYTES = 512 << 10;

/** A stretch of rows, or of nodes of a level, for each of some groups; neither end goes back from one group to the next. */
export interface Ranges {
  readonly from: Float64Array;
  readonly to: Float64Array;
}

/** Feeds rows of pages to an accumulator, gathered a slab at a time. */
export class Feeder {
  readonly #cursor: PageCursor;
  readonly #columns: readonly number[];
  readonly #how: 'add' | 'merge';
  readonly #scratch: MeasuredScratch;
  readonly #rows: Vector<Uint32Array>;
  readonly #owner: Vector<Uint32Array>;

  /** `scratch`: for gathered rows; reset now and then. */
  constructor(store: Store, pages: Pages, columns: readonly number[], how: 'add' | 'merge', scratch: MeasuredScratch) {
    this.#rows = u32Vector(store, 'window');
    this.#owner = u32Vector(store, 'window');
    this.#cursor = new PageCursor(pages);
    this.#columns = columns;
    this.#how = how;
    this.#scratch = scratch;
  }

  /** Group g gets the rows of range g, in order, for g < groups; rows of one group come page by page. */
  feed(acc: Accumulator, ranges: Ranges, groups: number): void {
    let first = 0;
    while (first < groups && isEmpty(ranges, first)) first++;
    if (first === groups) return;
    let last = groups - 1;
    while (isEmpty(ranges, last)) last--;
    const { pages } = this.#cursor;
    this.#cursor.seek(ranges.from[first] as number);
    let page = this.#cursor.page;
    for (let g = first; page < pages.count && pages.start(page) < (ranges.to[last] as number); page++) {
      this.#cursor.open(page);
      const { start, end } = this.#cursor;
      while (g < last && (ranges.to[g] as number) <= start) g++;
      this.#feedPage(acc, ranges, g, last, start, end);
    }
  }

  #feedPage(acc: Accumulator, { from, to }: Ranges, first: number, last: number, start: number, end: number): void {
    const scratch = this.#scratch;
    const most = Math.min(SLAB, total(from, to, first, last));
    this.#rows.reserve(most);
    this.#owner.reserve(most);
    const rows = this.#rows.data;
    const owner = this.#owner.data;
    let n = 0;
    const flush = (): void => {
      if (n === 0) return;
      if (scratch.used > SCRATCH_BYTES) scratch.reset();
      const columns = this.#columns.map((c) => gatherColumn(this.#cursor.batch.columns[c] as Column, rows, n, scratch));
      acc[this.#how](owner, n, columns);
      n = 0;
    };
    for (let g = first; g <= last && (from[g] as number) < end; g++) {
      const stop = Math.min(end, to[g] as number) - start;
      for (let k = Math.max(start, from[g] as number) - start; k < stop; k++) {
        rows[n] = k;
        owner[n++] = g;
        if (n === most) flush();
      }
    }
    flush();
  }

  release(): void {
    this.#cursor.release();
    this.#rows.free();
    this.#owner.free();
  }
}

/** Rows of some ranges together. */
function total(from: Float64Array, to: Float64Array, first: number, last: number): number {
  let n = 0;
  for (let g = first; g <= last; g++) n += Math.max(0, (to[g] as number) - (from[g] as number));
  return n;
}

function isEmpty({ from, to }: Ranges, g: number): boolean {
  return (from[g] as number) >= (to[g] as number);
}

/** One level of the tree: the states of stretches of FAN rows, or of FAN nodes of the level below. */
interface Level {
  readonly pages: Pages;
  readonly feeder: Feeder;
}

/**
 * Partial states of one aggregate over stretches of 16, 256, 4096, … rows of pages, counted from the first row of all, as objects of the store. A frame is put together from the
 * states that lie within it and the rows at its two ends: a number of merges that grows with the logarithm of its length. Results do not depend on the grouping, as with
 * the partial aggregation of a shuffle.
 */
export class StateTree {
  readonly #store: Store;
  readonly #acc: Accumulator;
  readonly #rows: Feeder;
  readonly #levels: Level[] = [];
  readonly #refs: BatchRef[] = [];
  readonly #scratch: MeasuredScratch;

  /** `acc` is used, and left without groups. */
  constructor(store: Store, resolved: ResolvedAggregate, acc: Accumulator, pages: Pages, columns: readonly number[]) {
    this.#store = store;
    this.#acc = acc;
    this.#scratch = arenaScratch(store, 'window');
    this.#rows = new Feeder(store, pages, columns, 'add', this.#scratch);
    const schema: Schema = resolved.state.map((s, i) => ({ ...s, name: `s${i}` }));
    const states = schema.map((_, i) => i);
    let below = pages;
    for (let level = 0; below.rows > FAN; level++) {
      const built = this.#build(below, level === 0 ? columns : states, level === 0 ? 'add' : 'merge', schema);
      this.#levels.push({ pages: built, feeder: new Feeder(store, built, states, 'merge', this.#scratch) });
      below = built;
    }
  }

  /** The states of stretches of FAN rows each, the last one may be shorter. */
  #build(below: Pages, columns: readonly number[], how: 'add' | 'merge', schema: Schema): Pages {
    const acc = this.#acc;
    const cursor = new PageCursor(below);
    const refs: BatchRef[] = [];
    acc.clear();
    // The node that group 0 is.
    let base = 0;
    for (let page = 0; page < below.count; page++) {
      cursor.open(page);
      const { start, end, batch } = cursor;
      for (let from = start; from < end; from += SLAB) {
        const to = Math.min(end, from + SLAB);
        this.#addNodes(batch, columns, how, start, from, to, base);
        const whole = Math.floor(to / FAN) - base;
        if (whole > 0) base += this.#flush(whole, Math.ceil(to / FAN) - base, schema, refs);
      }
    }
    const left = Math.ceil(below.rows / FAN) - base;
    if (left > 0) this.#flush(left, left, schema, refs);
    acc.clear();
    cursor.release();
    this.#refs.push(...refs);
    return storePages(this.#store, schema, refs);
  }

  #addNodes(
    batch: Batch,
    columns: readonly number[],
    how: 'add' | 'merge',
    start: number,
    from: number,
    to: number,
    base: number,
  ): void {
    const n = to - from;
    const scratch = this.#scratch;
    const rows = scratch.u32(n);
    const owner = scratch.u32(n);
    for (let i = 0; i < n; i++) {
      rows[i] = from - start + i;
      owner[i] = Math.floor((from + i) / FAN) - base;
    }
    const acc = this.#acc;
    acc.grow(Math.ceil(to / FAN) - base);
    acc[how](
      owner,
      n,
      columns.map((c) => gatherColumn(batch.columns[c] as Column, rows, n, scratch)),
    );
    if (scratch.used > SCRATCH_BYTES) scratch.reset();
  }

  /** Writes the states of the first `whole` of `groups` groups; the one behind them, if any, becomes group 0. */
  #flush(whole: number, groups: number, schema: Schema, refs: BatchRef[]): number {
    const acc = this.#acc;
    const scratch = this.#scratch;
    const order = scratch.u32(groups);
    for (let i = 0; i < groups; i++) order[i] = i;
    refs.push(this.#store.putBatch({ schema, rows: whole, columns: acc.states(order, whole, scratch) }));
    const rest = groups > whole ? acc.states(order.subarray(whole), 1, scratch) : null;
    acc.clear();
    if (rest !== null) {
      acc.grow(1);
      order[0] = 0;
      acc.merge(order, 1, rest);
    }
    if (scratch.used > SCRATCH_BYTES) scratch.reset();
    return whole;
  }

  /** Group g of the accumulator, which has none, becomes the state of range g, g < groups. */
  collect(ranges: Ranges, groups: number): void {
    const acc = this.#acc;
    acc.grow(groups);
    let current = ranges;
    const rights: { readonly feeder: Feeder; readonly ranges: Ranges }[] = [];
    let feeder = this.#rows;
    // What a frame has left of whole nodes, from the rows upwards; what is right of them, downwards: so a group sees its rows in order.
    for (const level of this.#levels) {
      const { left, middle, right } = cut(current, groups);
      feeder.feed(acc, left, groups);
      rights.push({ feeder, ranges: right });
      feeder = level.feeder;
      current = middle;
    }
    feeder.feed(acc, current, groups);
    for (const { feeder: own, ranges: right } of rights.reverse()) own.feed(acc, right, groups);
  }

  release(): void {
    this.#rows.release();
    for (const { feeder } of this.#levels) feeder.release();
    for (const { object } of this.#refs) this.#store.release(object);
    this.#scratch.release();
  }
}

/** Each range as what lies left of whole nodes, the nodes, and what lies right of them. */
function cut({ from, to }: Ranges, groups: number): { left: Ranges; middle: Ranges; right: Ranges } {
  const make = (): Ranges => ({ from: new Float64Array(groups), to: new Float64Array(groups) });
  const [left, middle, right] = [make(), make(), make()];
  for (let g = 0; g < groups; g++) {
    const a = from[g] as number;
    const b = Math.max(a, to[g] as number);
    const first = Math.ceil(a / FAN);
    const last = Math.max(first, Math.floor(b / FAN));
    left.from[g] = a;
    left.to[g] = Math.min(b, first * FAN);
    middle.from[g] = first;
    middle.to[g] = last;
    right.from[g] = Math.max(left.to[g] as number, Math.min(b, last * FAN));
    right.to[g] = b;
  }
  return { left, middle, right };
}
