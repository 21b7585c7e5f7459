import type { Validity } from '../batch/bitmap.ts';
import { ALL_VALID, getBit, setBit } from '../batch/bitmap.ts';
import type { Column } from '../batch/column.ts';
import type { Scratch } from '../memory/types.ts';
import { exactColumn } from '../operators/number_store.ts';
import { type DataType, T } from '../types.ts';
import type { Spans } from './bounds.ts';
import type { Chunk, Evaluator } from './evaluator.ts';
import { PageCursor, type Pages } from './pages.ts';

type Running = 'count' | 'sum' | 'mean' | 'min' | 'max';

const RUNNING: ReadonlySet<string> = new Set<Running>(['count', 'sum', 'mean', 'min', 'max']);

/** The values of a column that plain numbers hold exactly; null: it has others. */
function numbersOf(col: Column): Int32Array | Float64Array | BigInt64Array | null {
  if (col.phys === 'i32' || col.phys === 'f64') return col.values;
  return col.phys === 'i64' && !col.wide ? col.values : null;
}

/**
 * The aggregates that numbers make, over frames that begin where the partition does and only grow: each row is added once. Anything else is `general`'s: once a sum of ints leaves
 * the numbers that are exact, or a column holds such, it computes that chunk and all behind it.
 */
export class RunningAggregate implements Evaluator {
  readonly #fn: Running;
  readonly #type: DataType;
  readonly #column: number;
  readonly #unit: number;
  readonly #cursor: PageCursor;
  readonly #makeGeneral: () => Evaluator;
  #general: Evaluator | null = null;
  /** The frame that has been added up: its values that are not null, and their sum (a double-double), or the least or greatest one. */
  #from = -1;
  #to = -1;
  #count = 0;
  #high = 0;
  #low = 0;

  /** `column`: -1 for `count()`. */
  constructor(pages: Pages, fn: Running, column: number, type: DataType, argument: DataType, general: () => Evaluator) {
    this.#fn = fn;
    this.#type = type;
    this.#column = column;
    this.#unit = argument.kind === 'decimal' ? 10 ** argument.scale : 1;
    this.#cursor = new PageCursor(pages);
    this.#makeGeneral = general;
  }

  column(chunk: Chunk, frame: Spans, scratch: Scratch): Column {
    const made = this.#general === null ? this.#run(chunk.rows, frame, scratch) : null;
    if (made !== null) return made;
    this.#general ??= this.#makeGeneral();
    return this.#general.column(chunk, frame, scratch);
  }

  /** null: not exact any more. */
  #run(rows: number, { from, to }: Spans, scratch: Scratch): Column | null {
    const out = scratch.f64(rows);
    const bits = scratch.bitmap(rows, false);
    let nulls = 0;
    for (let i = 0; i < rows; i++) {
      const first = from[i] as number;
      const end = to[i] as number;
      if (first !== this.#from || end < this.#to) {
        this.#from = first;
        this.#to = first;
        this.#count = 0;
        this.#high = 0;
        this.#low = 0;
      }
      if (this.#to < end && !this.#add(this.#to, end)) return null;
      if (this.#count === 0 && this.#fn !== 'count') nulls++;
      else setBit(bits, i);
      out[i] = this.#value();
    }
    return this.#finish(out, rows, nulls === 0 ? ALL_VALID : { validity: bits, nullCount: nulls }, scratch);
  }

  #value(): number {
    if (this.#fn === 'count') return this.#count;
    return this.#fn === 'mean' ? this.#high / this.#count / this.#unit : this.#high;
  }

  #finish(values: Float64Array, rows: number, valid: Validity, scratch: Scratch): Column | null {
    if (this.#type.kind === 'float') {
      // A sum without values is null, and its value is never looked at.
      return { type: T.float, phys: 'f64', length: rows, ...valid, values };
    }
    return exactColumn(this.#type, values, rows, valid, scratch);
  }

  /** Adds the rows [from, to); false where a number is not exact. */
  #add(from: number, to: number): boolean {
    for (let row = from; row < to; ) {
      if (this.#column < 0) {
        this.#count += to - from;
        break;
      }
      this.#cursor.seek(row);
      const { start, end, batch } = this.#cursor;
      const col = batch.columns[this.#column] as Column;
      const stop = Math.min(to, end);
      if (!this.#addRows(col, row - start, stop - start)) return false;
      row = stop;
    }
    this.#to = to;
    return true;
  }

  #addRows(col: Column, from: number, to: number): boolean {
    if (col.phys === 'null') return true;
    const bits = col.validity;
    if (this.#fn === 'count') {
      for (let k = from; k < to; k++) if (bits === null || getBit(bits, k)) this.#count++;
      return true;
    }
    const values = numbersOf(col);
    if (values === null) return false;
    const exact = this.#fn === 'sum' && col.phys !== 'f64';
    for (let k = from; k < to; k++) {
      if (bits !== null && !getBit(bits, k)) continue;
      const x = Number(values[k]);
      this.#count++;
      if (exact) {
        this.#high += x;
        if (!Number.isSafeInteger(this.#high)) return false;
      } else if (this.#fn === 'min' || this.#fn === 'max') this.#pick(x);
      else this.#sum(x);
    }
    return true;
  }

  /** Of equal ones the first; NaN is greater than any number. */
  #pick(x: number): void {
    const held = this.#high;
    const less = x < held || (held !== held && x === x);
    const greater = x > held || (x !== x && held === held);
    if (this.#count === 1 || (this.#fn === 'min' ? less : greater)) this.#high = x;
  }

  /** As DoubleDoubles adds: the sum has about 32 digits, so that how it is cut does not show. */
  #sum(x: number): void {
    const a = this.#high;
    const s = a + x;
    const b = s - a;
    const l = this.#low + (a - (s - b) + (x - b));
    const t = s + l;
    const finite = t - t === 0;
    this.#high = finite ? t : s;
    this.#low = finite ? l - (t - s) : 0;
  }

  release(): void {
    this.#cursor.release();
    this.#general?.release();
  }
}

/** null: the call is not one that can be computed so. */
export function runningAggregate(
  fn: string,
  argument: DataType | undefined,
  result: DataType,
  column: number,
  pages: Pages,
  general: () => Evaluator,
): Evaluator | null {
  if (!RUNNING.has(fn)) return null;
  const numeric = argument !== undefined && ['int', 'float', 'decimal'].includes(argument.kind);
  if (fn !== 'count' && !numeric) return null;
  return new RunningAggregate(pages, fn as Running, column, result, argument ?? T.null, general);
}
