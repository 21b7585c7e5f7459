import { countOnes, getBit } from '../batch/bitmap.ts';
import type { Column } from '../batch/column.ts';
import { concatColumns } from '../batch/concat.ts';
import { gatherColumn, NO_ROW } from '../batch/gather.ts';
import type { Scratch } from '../memory/types.ts';
import type { Spans } from './bounds.ts';
import type { Chunk, Evaluator } from './evaluator.ts';
import { PageCursor, type Pages } from './pages.ts';

/** No row. */
const NONE = -1;

/** The row whose value each row gets, or NONE; those that are rows never go back. */
type Positions = (chunk: Chunk, frame: Spans, out: Float64Array) => void;

function shifted(by: number): Positions {
  return ({ at, rows, partition }, _frame, out) => {
    for (let i = 0; i < rows; i++) {
      const row = at + i + by;
      out[i] = row >= (partition.from[i] as number) && row < (partition.to[i] as number) ? row : NONE;
    }
  };
}

/** Row `n` of the frame, from 0; from its end where `n` is negative. */
function inFrame(n: number): Positions {
  return ({ rows }, { from, to }, out) => {
    for (let i = 0; i < rows; i++) {
      const row = n < 0 ? (to[i] as number) + n : (from[i] as number) + n;
      out[i] = row >= (from[i] as number) && row < (to[i] as number) ? row : NONE;
    }
  };
}

/** Walks forwards over the rows that have a value in a column, and counts them. */
class NonNulls {
  readonly #cursor: PageCursor;
  readonly #column: number;
  /** The values in the rows before `#row`. */
  #count = 0;
  #row = 0;
  /** The values from `#row` to the end of its page; -1: not counted. Once a page, as every row asks for them. */
  #left = -1;

  constructor(pages: Pages, column: number) {
    this.#cursor = new PageCursor(pages);
    this.#column = column;
  }

  #values(): Column {
    this.#cursor.seek(this.#row);
    return this.#cursor.batch.columns[this.#column] as Column;
  }

  /** The values before a row. Never asked about one before the last one asked about. */
  before(row: number): number {
    while (this.#row < row) {
      const col = this.#values();
      const { start, end } = this.#cursor;
      const to = Math.min(row, end);
      this.#count += valid(col, this.#row - start, to - start);
      this.#row = to;
      this.#left = -1;
    }
    return this.#count;
  }

  /** The row of value `n`, counted from 0 over all rows; NONE where there is none. Never asked about one before the last one. */
  rowOf(n: number): number {
    const { rows } = this.#cursor.pages;
    while (this.#row < rows) {
      const col = this.#values();
      const { start, end } = this.#cursor;
      if (this.#left < 0) this.#left = valid(col, this.#row - start, end - start);
      if (this.#count + this.#left <= n) {
        this.#count += this.#left;
        this.#row = end;
        this.#left = -1;
        continue;
      }
      // Stays at the row, so that it can be asked about again.
      for (let k = this.#row - start; k < end - start; k++) {
        if (col.validity !== null && !getBit(col.validity, k)) continue;
        if (this.#count === n) {
          this.#row = start + k;
          return this.#row;
        }
        this.#count++;
        this.#left--;
      }
    }
    return NONE;
  }

  release(): void {
    this.#cursor.release();
  }
}

function valid(col: Column, from: number, to: number): number {
  if (col.phys === 'null') return 0;
  return col.validity === null ? to - from : countOnes(col.validity, from, to);
}

/** As the functions above, over the rows with a value only. `start`: where counting begins, `n`: values from there on, from the end of it where negative. */
function overValues(
  pages: Pages,
  column: number,
  start: (chunk: Chunk, frame: Spans, i: number) => number,
  n: number,
  bounds: (chunk: Chunk, frame: Spans) => Spans,
): Positions & { release(): void } {
  const counts = new NonNulls(pages, column);
  const rows = new NonNulls(pages, column);
  const positions: Positions = (chunk, frame, out) => {
    const { from, to } = bounds(chunk, frame);
    for (let i = 0; i < chunk.rows; i++) {
      const wanted = counts.before(start(chunk, frame, i)) + n;
      const row = wanted < 0 ? NONE : rows.rowOf(wanted);
      out[i] = row >= (from[i] as number) && row < (to[i] as number) ? row : NONE;
    }
  };
  return Object.assign(positions, {
    release() {
      counts.release();
      rows.release();
    },
  });
}

const inPartition = (chunk: Chunk): Spans => chunk.partition;
const inItsFrame = (_: Chunk, frame: Spans): Spans => frame;

function positionsOf(
  fn: string,
  n: number,
  ignoreNulls: boolean,
  pages: Pages,
  column: number,
): (Positions & { release?(): void }) | null {
  const values = (start: Parameters<typeof overValues>[2], k: number, bounds: typeof inItsFrame): Positions =>
    overValues(pages, column, start, k, bounds);
  // Rows `n` values away from a row count from it on, itself not included; offset 0 is the row itself.
  switch (fn) {
    case 'lag':
      if (!ignoreNulls || n === 0) return shifted(-n);
      return values(({ at }, _, i) => at + i, -n, inPartition);
    case 'lead':
      if (!ignoreNulls || n === 0) return shifted(n);
      return values(({ at }, _, i) => at + i + 1, n - 1, inPartition);
    case 'first_value':
      return ignoreNulls ? values((_, { from }, i) => from[i] as number, 0, inItsFrame) : inFrame(0);
    case 'last_value':
      return ignoreNulls ? values((_, { to }, i) => to[i] as number, -1, inItsFrame) : inFrame(-1);
    case 'nth_value':
      return ignoreNulls ? values((_, { from }, i) => from[i] as number, n - 1, inItsFrame) : inFrame(n - 1);
    default:
      return null;
  }
}

/** null: not a function of this kind. `fallback`: a column with what rows get that have none. */
export function pickingEvaluator(
  fn: string,
  constant: number | null,
  ignoreNulls: boolean,
  pages: Pages,
  column: number,
  fallback: number | null,
): Evaluator | null {
  const positions = positionsOf(fn, constant ?? 1, ignoreNulls, pages, column);
  if (positions === null) return null;
  const cursor = new PageCursor(pages);
  return {
    column(chunk, frame, scratch) {
      const { rows } = chunk;
      const at = scratch.f64(rows);
      positions(chunk, frame, at);
      cursor.settle();
      const picked = valuesAt(cursor, column, at, rows, scratch);
      if (fallback === null) return picked;
      return orElse(picked, at, chunk.batch.columns[fallback] as Column, rows, scratch);
    },
    release() {
      positions.release?.();
      cursor.release();
    },
  };
}

/** The values of a column at some rows, page by page. */
function valuesAt(cursor: PageCursor, column: number, at: Float64Array, rows: number, scratch: Scratch): Column {
  const parts: Column[] = [];
  const picked = scratch.u32(rows);
  for (let i = 0; i < rows; ) {
    const from = i;
    let known = false;
    for (; i < rows; i++) {
      const row = at[i] as number;
      if (row === NONE) {
        picked[i] = NO_ROW;
        continue;
      }
      if (!known) {
        cursor.seek(row, true);
        known = true;
      } else if (row >= cursor.end) break;
      picked[i] = row - cursor.start;
    }
    if (!known && cursor.page < 0) cursor.open(0);
    const col = cursor.batch.columns[column] as Column;
    parts.push(gatherColumn(col, picked.subarray(from, i), i - from, scratch));
  }
  return concatColumns(parts, (parts[0] as Column).type, scratch);
}

function orElse(picked: Column, at: Float64Array, other: Column, rows: number, scratch: Scratch): Column {
  const both = concatColumns([picked, other], picked.type, scratch);
  const order = scratch.u32(rows);
  for (let i = 0; i < rows; i++) order[i] = at[i] === NONE ? rows + i : i;
  return gatherColumn(both, order, rows, scratch);
}
