import type { RunError, RunErrorWhere } from '../errors.ts';
import type { Schema } from '../types.ts';

/** Number (from 1) in its file of a batch's first row; called when an error has to be located. */
export type FirstRow = () => number | Promise<number>;

/** The error without a row that only means something within a batch. */
export function unplaced(e: RunError): RunError {
  const { batchRow, ...where } = e.where;
  return batchRow === undefined ? e : e.with(where);
}

/** Where the batch comes from that goes through the steps of a scan, so that an error of an expression names its file and, where that is certain, its row. */
export class Origin {
  readonly #file: string;
  readonly #schema: Schema;
  /** By step: whether each row that leaves it is one that entered, in order. */
  readonly #rowwise: readonly boolean[];
  /** By step: rows of the batch that entered last. */
  readonly #entered: number[] = [];
  /** By step: of the batch that left last, the row that entered which a row was made of. */
  readonly #rowOf: ((row: number) => number)[] = [];
  #announced: FirstRow | null = null;
  #first: FirstRow | null = null;
  #rows = 0;

  constructor(file: string, schema: Schema, rowwise: readonly boolean[]) {
    this.#file = file;
    this.#schema = schema;
    this.#rowwise = rowwise;
  }

  /** The reader tells of the batch that it gives next. */
  announce(first: FirstRow): void {
    this.#announced = first;
  }

  /** A batch leaves the reader. */
  left(rows: number): void {
    this.#first = this.#announced;
    this.#announced = null;
    this.#rows = rows;
  }

  /** A batch enters a step. */
  entered(step: number, rows: number): void {
    this.#entered[step] = rows;
  }

  /** A step tells of the batch that it gives next. */
  cameFrom(step: number, rowOf: (row: number) => number): void {
    this.#rowOf[step] = rowOf;
  }

  /** The reader's row that a row of the batch that entered `step` last was made of; null where a step before has left out rows and does not tell which. */
  #readRow(row: number, step: number): number | null {
    let at = row;
    for (let i = step - 1; i >= 0; i--) {
      const before = i === 0 ? this.#rows : this.#entered[i];
      const rowOf = this.#rowOf[i];
      if (rowOf !== undefined) at = rowOf(at);
      else if (this.#rowwise[i] !== true || this.#entered[i + 1] !== before) return null;
    }
    return at;
  }

  /** Where a row of the batch that entered `step` last comes from, as far as that is certain. */
  async place(batchRow: number, step: number): Promise<Pick<RunErrorWhere, 'file' | 'row'>> {
    return { file: this.#file, ...(await this.#row(batchRow, step)) };
  }

  /** An error of `step` with what is certain of its place. */
  async locate(e: RunError, step: number): Promise<RunError> {
    const { batchRow, column, ...where } = e.where;
    if (batchRow === undefined) return e;
    const own = column !== undefined && this.#schema.some((f) => f.name === column) ? { column } : {};
    return e.with({ ...(await this.place(batchRow, step)), ...own, ...where });
  }

  async #row(batchRow: number, step: number): Promise<RunErrorWhere> {
    const row = this.#readRow(batchRow, step);
    if (this.#first === null || row === null) return {};
    try {
      return { row: (await this.#first()) + row };
    } catch {
      // The file cannot be read a second time: the error that was found is worth more than its place.
      return {};
    }
  }
}
