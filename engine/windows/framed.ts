import type { Accumulator, ResolvedAggregate } from '../aggregates/def.ts';
import { valueReader } from '../batch/access.ts';
import { columnFromValues } from '../batch/build.ts';
import type { Column } from '../batch/column.ts';
import { concatColumns } from '../batch/concat.ts';
import { gatherColumn } from '../batch/gather.ts';
import { RunError } from '../errors.ts';
import type { LiteralValue } from '../expr.ts';
import type { MeasuredScratch } from '../memory/bump.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { Store } from '../store/types.ts';
import type { Spans } from './bounds.ts';
import type { Chunk, Evaluator } from './evaluator.ts';
import type { Pages } from './pages.ts';
import { Feeder, type Ranges, StateTree } from './tree.ts';

/** Frames that have so many rows for each row of the chunk are added up row by row; larger ones are put together from states. */
const SMALL_FRAMES = 24;
/** The same, where states hold values and would be as large as what they stand for. */
const SMALL_COLLECTED = 4;
/** States of these types are as large as what they stand for. */
const GROWING: ReadonlySet<string> = new Set(['list', 'bytes']);
/** Values of frames computed one by one are let go of when they take more. */
const VALUE_BYTES = 256 << 10;
const STATES_SHARE = 0.2;
const FIRST_TOGETHER = 256;
const MOST_TOGETHER = 16384;

/** Different frames of a chunk, in order, and the one of each row. */
interface Distinct {
  readonly ranges: Ranges;
  readonly count: number;
  readonly of: Uint32Array;
  /** Rows of all of them together. */
  readonly total: number;
}

function distinctFrames({ from, to }: Spans, rows: number, scratch: Scratch): Distinct {
  const of = scratch.u32(rows);
  const a = scratch.f64(rows);
  const b = scratch.f64(rows);
  let count = 0;
  let total = 0;
  for (let i = 0; i < rows; i++) {
    const x = from[i] as number;
    const y = to[i] as number;
    if (count === 0 || a[count - 1] !== x || b[count - 1] !== y) {
      a[count] = x;
      b[count++] = y;
      total += y - x;
    }
    of[i] = count - 1;
  }
  return { ranges: { from: a, to: b }, count, of, total };
}

/**
 * Any aggregate over the frames of rows. Frames that follow one another and are equal are computed once, also from one chunk to the next.
 * - Small frames are added up row by row.
 * - Large ones are put together from a tree of states, made when first needed; where states hold values (`list`, `median`, …), one frame is kept and goes on as long as frames
 *   only grow at their end, and is begun anew otherwise.
 */
export class FramedAggregate implements Evaluator {
  readonly #store: Store;
  readonly #resolved: ResolvedAggregate;
  readonly #pages: Pages;
  readonly #columns: readonly number[];
  readonly #acc: Accumulator;
  readonly #feeder: Feeder;
  readonly #work: MeasuredScratch;
  readonly #collects: boolean;
  /** Bytes that the states of some frames may take. */
  readonly #budget: number;
  /** Frames computed at a time: so many that their states stay within the budget, about. */
  #together = FIRST_TOGETHER;
  #tree: StateTree | null = null;
  /** The last frame, and its value. */
  #last: { readonly from: number; readonly to: number; readonly value: LiteralValue } | null = null;
  /** The frame that the accumulator holds as group 0. */
  #held: { readonly from: number; readonly to: number } | null = null;

  constructor(store: Store, resolved: ResolvedAggregate, pages: Pages, columns: readonly number[], grant: number) {
    this.#store = store;
    this.#budget = grant * STATES_SHARE;
    this.#resolved = resolved;
    this.#pages = pages;
    this.#columns = columns;
    this.#acc = resolved.create(store);
    this.#work = arenaScratch(store, 'window');
    this.#feeder = new Feeder(store, pages, columns, 'add', this.#work);
    this.#collects = resolved.collects === true || resolved.state.some((s) => GROWING.has(s.type.kind));
  }

  column({ rows }: Chunk, frame: Spans, scratch: Scratch): Column {
    const frames = distinctFrames(frame, rows, scratch);
    const known = this.#last;
    const repeated =
      known !== null && frames.ranges.from[0] === known.from && frames.ranges.to[0] === known.to ? known : null;
    const fresh = repeated === null ? frames : withoutFirst(frames);
    const parts: Column[] = [];
    if (repeated !== null) parts.push(columnFromValues(this.#resolved.type, [repeated.value], scratch));
    if (fresh.count > 0) parts.push(this.#values(fresh, rows, scratch));
    const values = concatColumns(parts, this.#resolved.type, scratch);
    const last = frames.count - 1;
    this.#last = {
      from: frames.ranges.from[last] as number,
      to: frames.ranges.to[last] as number,
      value: valueReader(values)(last),
    };
    return frames.count === rows ? values : gatherColumn(values, frames.of, rows, scratch);
  }

  #values(frames: Distinct, rows: number, scratch: Scratch): Column {
    const { ranges, count, total } = frames;
    const small = total <= rows * (this.#collects ? SMALL_COLLECTED : SMALL_FRAMES);
    if (!small && this.#collects) return this.#growing(ranges, count, scratch);
    if (!small) this.#tree ??= new StateTree(this.#store, this.#resolved, this.#acc, this.#pages, this.#columns);
    this.#held = null;
    const parts: Column[] = [];
    for (let at = 0; at < count; ) {
      const n = Math.min(this.#together, count - at);
      const some = { from: ranges.from.subarray(at, at + n), to: ranges.to.subarray(at, at + n) };
      parts.push(this.#groups(some, n, small, scratch));
      at += n;
    }
    return concatColumns(parts, this.#resolved.type, scratch);
  }

  /** The values of some frames, each a group. */
  #groups(ranges: Ranges, n: number, small: boolean, scratch: Scratch): Column {
    const acc = this.#acc;
    acc.clear();
    if (small) {
      acc.grow(n);
      this.#feeder.feed(acc, ranges, n);
    } else this.#tree?.collect(ranges, n);
    const order = scratch.u32(n);
    for (let i = 0; i < n; i++) order[i] = i;
    const values = acc.values(order, n, scratch);
    const fitting = this.#budget / Math.max(1, acc.bytes() / n);
    this.#together = Math.max(1, Math.min(MOST_TOGETHER, 4 * n, Math.floor(fitting)));
    return values;
  }

  /** Frame after frame in group 0. */
  #growing({ from, to }: Ranges, count: number, scratch: Scratch): Column {
    const values: LiteralValue[] = [];
    const order = new Uint32Array(1);
    const work = arenaScratch(this.#store, 'window');
    try {
      for (let g = 0; g < count; g++) {
        this.#hold(from[g] as number, to[g] as number);
        values.push(valueReader(this.#acc.values(order, 1, work))(0));
        if (work.used > VALUE_BYTES) work.reset();
      }
    } finally {
      work.release();
    }
    return columnFromValues(this.#resolved.type, values, scratch);
  }

  #hold(from: number, to: number): void {
    const grows = this.#held !== null && this.#held.from === from && this.#held.to <= to;
    if (!grows) {
      this.#acc.clear();
      this.#acc.grow(1);
    }
    const start = grows && this.#held !== null ? this.#held.to : from;
    this.#held = { from, to };
    try {
      this.#feeder.feed(this.#acc, { from: Float64Array.of(start), to: Float64Array.of(to) }, 1);
    } catch (e) {
      if (!(e instanceof RunError) || e.code !== 'FLOW7007') throw e;
      throw new RunError(
        'FLOW7007',
        'an aggregate must hold all values of a frame at a time, and they do not fit in memory',
        e.where,
        'Give more memory, make the frames smaller, or use an approximate aggregate',
      );
    }
  }

  release(): void {
    this.#tree?.release();
    this.#feeder.release();
    this.#acc.free();
    this.#work.release();
  }
}

function withoutFirst({ ranges, count, of, total }: Distinct): Distinct {
  const size = (ranges.to[0] as number) - (ranges.from[0] as number);
  return {
    ranges: { from: ranges.from.subarray(1), to: ranges.to.subarray(1) },
    count: count - 1,
    of,
    total: total - size,
  };
}
