import { isUtf8 } from 'node:buffer';
import { type Batch, type Column, MORSEL_ROWS } from '../batch/column.ts';
import { EngineBug, type RunError } from '../errors.ts';
import type { TaskContext } from '../operators/def.ts';
import type { ScanInput } from '../plan.ts';
import type { DataType, Schema, TypeKind } from '../types.ts';
import { CellReader } from './csv_cell.ts';
import { type Cells, type ColumnKernel, type ColumnPlan, Misfits } from './csv_columns.ts';
import type { Dialect } from './csv_dialect.ts';
import { faultError, misfitError, rowNumberAt } from './csv_errors.ts';
import { gzipDamaged } from './csv_file.ts';
import { indexBytes, indexRecords, type RecordIndex, type RecordShape, recordIndex } from './csv_index.ts';
import { CellKernels, INDEX_KERNEL_BYTES, IndexKernel } from './csv_kernels.ts';
import { nestedColumn } from './csv_nested.ts';
import { boolColumn, decimalColumn, floatColumn, intColumn } from './csv_numbers.ts';
import { firstRecordStart, LEAD } from './csv_quotes.ts';
import type { CsvSplit } from './csv_splits.ts';
import { bytesColumn, holdsText, stringColumn } from './csv_strings.ts';
import { dateColumn, intervalColumn, microsColumn } from './csv_times.ts';
import { canReadFromJson } from './json_nested.ts';
import { GzipDamage, openSource } from './source.ts';
import { type RecordReader, splitRows } from './split_rows.ts';
import type { SplitTuning } from './split_size.ts';
import { MAX_RECORD_BYTES, recordTooLong, TextWindow } from './window.ts';

/** Sizes that a test may make small; they and the data decide the bounds of batches. */
export interface CsvTuning extends SplitTuning {
  readonly windowBytes: number;
  readonly indexFields: number;
}

export const CSV_TUNING: CsvTuning = {
  splitBytes: 4 << 20,
  maxSplitBytes: 64 << 20,
  windowBytes: 1 << 20,
  indexFields: 1 << 18,
};

const KERNELS: Partial<Record<TypeKind, ColumnKernel>> = {
  bool: boolColumn,
  int: intColumn,
  float: floatColumn,
  decimal: decimalColumn,
  string: stringColumn,
  bytes: bytesColumn,
  date: dateColumn,
  time: microsColumn,
  timestamp: microsColumn,
  interval: intervalColumn,
  json: nestedColumn,
  list: nestedColumn,
  struct: nestedColumn,
  map: nestedColumn,
};

export function canReadFromCsv(type: DataType): boolean {
  return KERNELS[type.kind] !== undefined && canReadFromJson(type);
}

function kernelOf(type: DataType): ColumnKernel {
  const kernel = KERNELS[type.kind];
  if (kernel === undefined) throw new EngineBug(`no CSV kernel for ${type.kind}`);
  return kernel;
}

/** The records of a split as batches: one or more a window, bounds from the data and the tuning alone. */
export async function* readCsv(
  split: CsvSplit,
  scan: ScanInput,
  dialect: Dialect,
  ctx: TaskContext,
  progress: (bytes: number) => void,
  tuning: CsvTuning,
): AsyncGenerator<Batch> {
  const shape: RecordShape = { dialect, width: split.width, trailing: split.trailing, newline: split.newline };
  const lead = split.gzip ? split.start : Math.min(LEAD, split.start - split.dataStart);
  const begin = split.start - lead;
  const ends = indexBytes(split.width, tuning.indexFields);
  const block = ctx.store.allocate(ends + INDEX_KERNEL_BYTES, 'csv index');
  let window: TextWindow | null = null;
  let reader: SplitReader | null = null;
  try {
    const from = split.gzip ? 0 : begin;
    window = new TextWindow(
      openSource(split.local, split.path, from, split.gzip),
      from,
      tuning.windowBytes,
      ctx.store,
      ctx.grant,
    );
    const index = recordIndex(split.width, block.view.subarray(0, ends));
    index.kernel = new IndexKernel(block.view.subarray(ends), shape);
    reader = new SplitReader(split, scan, shape, ctx, index, window);
    await window.advance(0);
    if (!(await reader.begin(lead))) return;
    yield* splitRows(reader, split, scan, window, ctx, progress);
  } catch (e) {
    if (e instanceof GzipDamage) throw gzipDamaged(split.path, e, reader?.seen ?? 0);
    throw e;
  } finally {
    window?.close();
    ctx.store.free(block);
  }
}

class SplitReader implements RecordReader {
  given = 0;
  seen = 0;
  firstRow: (() => Promise<number> | number) | null = null;
  readonly #split: CsvSplit;
  readonly #shape: RecordShape;
  readonly #ctx: TaskContext;
  readonly #window: TextWindow;
  readonly #index: RecordIndex;
  readonly #cell: CellReader;
  readonly #misfits: Misfits;
  readonly #plans: readonly ColumnPlan[];
  readonly #schema: Schema;
  readonly #limit: number;
  readonly #inferred: boolean;
  #pos = 0;

  constructor(
    split: CsvSplit,
    scan: ScanInput,
    shape: RecordShape,
    ctx: TaskContext,
    index: RecordIndex,
    window: TextWindow,
  ) {
    const { dialect } = shape;
    this.#split = split;
    this.#shape = shape;
    this.#ctx = ctx;
    this.#window = window;
    this.#index = index;
    this.#cell = new CellReader(dialect, window.bytes, window.text);
    this.#misfits = new Misfits(dialect.onError);
    this.#schema = scan.schema;
    this.#limit = scan.limit ?? Number.POSITIVE_INFINITY;
    this.#inferred = !scan.source.declared;
    this.#plans = scan.schema.map((f, i) => ({
      name: f.name,
      type: f.type,
      nullable: f.nullable,
      source: split.columns[i]!,
      dialect,
      plain: dialect.nulls.length === 0 && !dialect.trim,
      regular: isRegular(f.type, dialect),
    }));
  }

  /** Finds the first record of the split; false when none starts in it. `lead`: bytes of the window before the split. */
  async begin(lead: number): Promise<boolean> {
    if (this.#split.start === this.#split.dataStart) {
      let skip = lead;
      while (skip > this.#window.length && !this.#window.final) {
        skip -= this.#window.length;
        await this.#window.advance(this.#window.length);
      }
      this.#pos = Math.min(skip, this.#window.length);
      return true;
    }
    for (;;) {
      const { text, length, final, offset } = this.#window;
      const stop = this.#split.end - offset;
      const found = firstRecordStart(this.#shape, text.subarray(0, length), lead, stop, length, this.#split.state);
      if (found >= stop || (found < 0 && final)) return false;
      if (found >= 0) {
        this.#pos = found;
        return true;
      }
      // Whose record this is, only the split before knows.
      if (!(await this.#window.grow())) throw this.#tooLong(undefined);
    }
  }

  /** Indexes the next run of records; false at the end of the split. */
  async next(): Promise<boolean> {
    while (this.given < this.#limit) {
      const w = this.#window;
      const stop = Math.min(this.#split.end - w.offset, w.length);
      const left = Math.min(MORSEL_ROWS, this.#limit - this.given);
      indexRecords(this.#shape, w.bytes, this.#pos, stop, w.length, w.final, left, this.#index);
      const { rows, rejected, next, stopped } = this.#index;
      this.#pos = next;
      if (rows > 0) return true;
      if (rejected > 0) this.#reject(rejected);
      if (stopped === 'fault') throw await this.#faultError();
      if (stopped === 'end' && (next + w.offset >= this.#split.end || (w.final && next >= w.length))) return false;
      if (stopped !== 'full') await this.#refill(next);
    }
    return false;
  }

  async #refill(used: number): Promise<void> {
    if (used > 0 || this.#window.length === 0) {
      await this.#window.advance(used);
      this.#pos = 0;
    } else if (!(await this.#window.grow())) throw this.#tooLong(await this.#rowNumber(used, null));
  }

  /** The rows indexed last as a batch of scratch columns. */
  async convert(): Promise<Batch> {
    const w = this.#window;
    const index = this.#index;
    this.#cell.over(w.bytes, w.text);
    this.#misfits.clear();
    const cells: Cells = {
      u8: w.bytes,
      text: w.text,
      index,
      cell: this.#cell,
      kernels: CellKernels.over(w.bytes, index, this.#ctx.scratch),
      scratch: this.#ctx.scratch,
      misfits: this.#misfits,
    };
    const records = index.rows + index.rejected;
    this.#checkEncoding(cells);
    let columns = this.#columns(cells);
    const faulty = this.#misfits;
    if (faulty.row >= 0) {
      const row = await this.#rowNumber(index.ends[faulty.row * index.stride]! + 1, faulty.row);
      throw misfitError(this.#split.path, this.#inferred, cells, faulty, row);
    }
    if (faulty.rejectedRows > 0) {
      index.rejected += faulty.rejectedRows;
      dropRows(index, faulty.rejected!);
      faulty.clear();
      columns = this.#columns(cells);
    }
    this.firstRow = index.rejected > 0 || index.rows === 0 ? null : this.#rowFinder(index.ends[0]! + 1, 0);
    this.given += index.rows;
    this.seen += records;
    if (index.rejected > 0) this.#ctx.reject?.(index.rejected);
    if (index.stopped === 'fault') throw await this.#faultError();
    return { schema: this.#schema, rows: index.rows, columns };
  }

  #columns(cells: Cells): Column[] {
    return this.#plans.map((p) => kernelOf(p.type)(cells, p));
  }

  #reject(records: number): void {
    this.seen += records;
    this.#ctx.reject?.(records);
  }

  /** Text columns promise UTF-8. The whole run is checked at once, fields only where that fails. */
  #checkEncoding(cells: Cells): void {
    const { index, u8 } = cells;
    if (this.#shape.dialect.latin1 || index.rows === 0 || !this.#plans.some(holdsText)) return;
    if (isUtf8(u8.subarray(index.ends[0]! + 1, index.next))) return;
    for (let row = 0, base = 0; row < index.rows; row++, base += index.stride) {
      for (const plan of this.#plans) {
        const from = index.ends[base + plan.source]! + 1;
        const to = index.ends[base + plan.source + 1]!;
        if (!holdsText(plan) || to <= from || isUtf8(u8.subarray(from, to))) continue;
        if (this.#misfits.mode === 'null') for (let i = from; i < to; i++) u8[i] = u8[i]! < 128 ? u8[i]! : 63;
        else this.#misfits.add(row, index.rows, plan, 'encoding');
      }
    }
  }

  async #faultError(): Promise<RunError> {
    const { fault, next } = this.#index;
    if (fault === null) throw new EngineBug('a run of records stopped without a fault');
    return faultError(this.#split.path, this.#shape, fault, await this.#rowNumber(next, null));
  }

  #tooLong(row: number | undefined): RunError {
    const limit = Math.min(MAX_RECORD_BYTES, Math.max(this.#ctx.grant, this.#window.length));
    const memory = limit < MAX_RECORD_BYTES ? '; records that are as long as that need more --memory' : '';
    return recordTooLong(
      this.#split.path,
      limit,
      row,
      `a quote may be missing its end; if the file has no quoting: quote: ""${memory}`,
    );
  }

  /** Number in the file of the record at byte `at` of the window. Records before the split are counted only now that somebody wants to know. */
  #rowNumber(at: number, inRun: number | null): Promise<number> | number {
    return this.#rowFinder(at, inRun)();
  }

  /** The same for later, when the window has moved on. */
  #rowFinder(at: number, inRun: number | null): () => Promise<number> | number {
    const first = this.#split.start === this.#split.dataStart;
    const row = this.seen + (inRun ?? 0) + 1;
    if (first && this.#misfits.mode === 'error') return () => row;
    const offset = this.#window.offset + at;
    return () => rowNumberAt(this.#split, this.#shape, offset);
  }
}

const NUMBER_BYTES = Buffer.from('0123456789+-.,:TtZz ');

/** Whether what a kernel takes for a value is never a null text. */
function isRegular(type: DataType, dialect: Dialect): boolean {
  if (dialect.trim) return false;
  if (type.kind === 'bool') return dialect.nulls.length === 0;
  return dialect.nulls.every((text) => text.some((b) => !NUMBER_BYTES.includes(b)));
}

/** Takes the marked rows out of an index. */
function dropRows(index: RecordIndex, drop: Uint8Array): void {
  let kept = 0;
  for (let row = 0; row < index.rows; row++) {
    if (drop[row] !== 0) continue;
    if (kept !== row) index.ends.copyWithin(kept * index.stride, row * index.stride, (row + 1) * index.stride);
    kept++;
  }
  index.rows = kept;
}
