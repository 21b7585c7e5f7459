import { clearBit } from '../batch/bitmap.ts';
import type { Column } from '../batch/column.ts';
import type { Scratch } from '../memory/types.ts';
import type { DataType } from '../types.ts';
import type { CellReader } from './csv_cell.ts';
import type { Dialect, OnError } from './csv_dialect.ts';
import type { RecordIndex } from './csv_index.ts';
import type { CellKernel, CellKernels } from './csv_kernels.ts';

/** A column to produce and where its fields are. */
export interface ColumnPlan {
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
  /** Position in the file's records. */
  readonly source: number;
  readonly dialect: Dialect;
  /** No null text, no blanks to trim: a field that parses is its value. */
  readonly plain: boolean;
  /** No blanks to trim, and no null text that could be read as a number, a date or a time. */
  readonly regular: boolean;
}

/** The rows to convert: fields of the window by the index. */
export interface Cells {
  readonly u8: Uint8Array;
  readonly text: Buffer;
  readonly index: RecordIndex;
  readonly cell: CellReader;
  /** Null where there are none. */
  readonly kernels: CellKernels | null;
  readonly scratch: Scratch;
  readonly misfits: Misfits;
}

/** Why a value is not taken: shown after the value. `null` stands for a null in a column that may have none. */
export type MisfitReason = 'type' | 'null' | 'scale' | 'precision' | 'encoding';

/** Values that do not fit, of one run of rows. */
export class Misfits {
  readonly mode: OnError;
  /** First row with a misfit that is an error; -1: none. */
  row = -1;
  column: ColumnPlan | null = null;
  reason: MisfitReason = 'type';
  /** Rows to leave out (on_error "reject"). */
  rejected: Uint8Array | null = null;
  rejectedRows = 0;

  constructor(mode: OnError) {
    this.mode = mode;
  }

  clear(): void {
    this.row = -1;
    this.column = null;
    this.rejected = null;
    this.rejectedRows = 0;
  }

  /** The kernel goes on with null in its place. Rows come in order within a column. */
  add(row: number, rows: number, column: ColumnPlan, reason: MisfitReason): void {
    if (this.mode === 'reject') {
      this.rejected ??= new Uint8Array(rows);
      if (this.rejected[row] === 0) this.rejectedRows++;
      this.rejected[row] = 1;
    } else if (this.mode === 'error' || !column.nullable) {
      if (this.row >= 0 && this.row <= row) return;
      this.row = row;
      this.column = column;
      this.reason = reason;
    }
  }
}

/** Validity of a column being filled: a bitmap only once there is a null. */
export class Nulls {
  bits: Uint8Array | null = null;
  count = 0;
  readonly #cells: Cells;
  readonly #plan: ColumnPlan;

  constructor(cells: Cells, plan: ColumnPlan) {
    this.#cells = cells;
    this.#plan = plan;
  }

  /** A null in the data. */
  put(row: number): void {
    if (!this.#plan.nullable) this.#cells.misfits.add(row, this.#cells.index.rows, this.#plan, 'null');
    this.#set(row);
  }

  /** A value that does not fit. */
  misfit(row: number, reason: MisfitReason): void {
    this.#cells.misfits.add(row, this.#cells.index.rows, this.#plan, reason);
    this.#set(row);
  }

  #set(row: number): void {
    this.bits ??= this.#cells.scratch.bitmap(this.#cells.index.rows, true);
    clearBit(this.bits, row);
    this.count++;
  }

  /** What a kernel found, before anything else is noted. */
  adopt(bits: Uint8Array, count: number): void {
    this.bits = bits;
    this.count = count;
  }

  get validity(): { readonly validity: Uint8Array | null; readonly nullCount: number } {
    return { validity: this.bits, nullCount: this.count };
  }
}

export type ColumnKernel = (cells: Cells, plan: ColumnPlan) => Column;

/** What a kernel leaves to its caller. */
export interface Left {
  /** The first `count` are numbers of rows; null: the rows from 0 to `count`. */
  readonly rows: Uint32Array | null;
  readonly count: number;
  /** A value needs more bits than there are: nothing of what the kernel did holds. */
  readonly narrow: boolean;
  /** A value lies beyond +-(2^53 - 1). */
  readonly wide: boolean;
}

export function allCells(c: Cells): Left {
  return { rows: null, count: c.index.rows, narrow: false, wide: false };
}

/** Lets a kernel fill in what it can; without one, all rows are left. */
export function takeCells(
  c: Cells,
  plan: ColumnPlan,
  name: CellKernel,
  values: ArrayBufferView,
  nulls: Nulls,
  a = 0,
  b = 0,
): Left {
  const left = c.kernels === null || !plan.regular ? null : c.kernels.take(name, plan, values, nulls, a, b);
  return left ?? allCells(c);
}
