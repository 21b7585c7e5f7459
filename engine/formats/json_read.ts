import { isUtf8 } from 'node:buffer';
import { type Batch, type Column, MORSEL_ROWS } from '../batch/column.ts';
import type { TaskContext } from '../operators/def.ts';
import type { ScanInput } from '../plan.ts';
import type { OnError } from './csv_dialect.ts';
import { gzipDamaged } from './csv_file.ts';
import type { Split } from './def.ts';
import { JsonMisfit } from './json_columns.ts';
import { faultAt, misfitAt, rowAt } from './json_errors.ts';
import type { JsonLayoutKind } from './json_file.ts';
import { JsonKernels } from './json_kernels.ts';
import { JsonMembers } from './json_nested.ts';
import { indexLines, indexValues, ListFault, unclosedList, type ValueIndex, valueIndex } from './json_records.ts';
import { JsonFault, JsonScanner } from './json_scanner.ts';
import { GzipDamage, openSource } from './source.ts';
import { type RecordReader, splitRows } from './split_rows.ts';
import type { SplitTuning } from './split_size.ts';
import { MAX_RECORD_BYTES, recordTooLong, TextWindow } from './window.ts';

/** A range of one file: the lines that start in [start, end), or the whole of it. */
export interface JsonSplit extends Split {
  readonly local: string;
  readonly gzip: boolean;
  readonly kind: JsonLayoutKind;
  /** Other text may follow the values. */
  readonly inside: boolean;
  readonly start: number;
  /** Infinity for the last of a file. */
  readonly end: number;
  readonly dataStart: number;
}

export interface JsonTuning extends SplitTuning {
  readonly windowBytes: number;
  /** Values a batch holds at most. */
  readonly rows: number;
}

export const JSON_TUNING: JsonTuning = {
  splitBytes: 4 << 20,
  maxSplitBytes: 64 << 20,
  windowBytes: 1 << 20,
  rows: MORSEL_ROWS,
};

/** Name of the column that values other than objects become. */
export const VALUE_COLUMN = 'value';

/** The values of a split as batches: one or more a window, bounds from the data and the tuning alone. */
export async function* readJson(
  split: JsonSplit,
  scan: ScanInput,
  onError: OnError,
  ctx: TaskContext,
  progress: (bytes: number) => void,
  tuning: JsonTuning,
): AsyncGenerator<Batch> {
  // A line starts behind a line end: the byte before the split tells whether one starts with it.
  const lead = split.start > split.dataStart ? 1 : 0;
  const begin = split.gzip ? 0 : split.start - lead;
  const block = ctx.store.allocate(8 * tuning.rows, 'json index');
  let window: TextWindow | null = null;
  let kernels: JsonKernels | null = null;
  let reader: SplitReader | null = null;
  try {
    window = new TextWindow(
      openSource(split.local, split.path, begin, split.gzip),
      begin,
      tuning.windowBytes,
      ctx.store,
      ctx.grant,
    );
    kernels = kernelsOf(split, scan, ctx);
    reader = new SplitReader(split, scan, onError, ctx, valueIndex(block.view), window, kernels);
    await window.advance(0);
    await reader.begin(lead);
    yield* splitRows(reader, split, scan, window, ctx, progress);
  } catch (e) {
    if (e instanceof GzipDamage) throw gzipDamaged(split.path, e, reader?.seen ?? 0);
    throw e;
  } finally {
    window?.close();
    kernels?.free();
    ctx.store.free(block);
  }
}

/** Below this much memory lines are read one by one. */
const KERNEL_GRANT = 4 << 20;

/** Kernels for lines of objects; null where they are of no use. */
function kernelsOf(split: JsonSplit, scan: ScanInput, ctx: TaskContext): JsonKernels | null {
  if (split.kind !== 'lines' || ctx.grant < KERNEL_GRANT || isBare(scan)) return null;
  return JsonKernels.over(ctx.store, scan.schema);
}

/** The one column is the value itself, if that is no object. */
function isBare(scan: ScanInput): boolean {
  const only = scan.source.schema.length === 1 ? scan.source.schema[0] : undefined;
  return only?.name === VALUE_COLUMN && scan.schema.length === 1;
}

class SplitReader implements RecordReader {
  given = 0;
  seen = 0;
  firstRow: (() => Promise<number>) | null = null;
  readonly #split: JsonSplit;
  readonly #scan: ScanInput;
  readonly #onError: OnError;
  readonly #ctx: TaskContext;
  readonly #window: TextWindow;
  readonly #index: ValueIndex;
  readonly #kernels: JsonKernels | null;
  /** Kernels found the rows at hand. */
  #found = false;
  readonly #scanner = new JsonScanner();
  readonly #members: JsonMembers;
  /** The whole value is the row's one column, even an object. */
  readonly #whole: boolean;
  readonly #bare: boolean;
  #pos = 0;
  #due = true;
  #closed = false;

  constructor(
    split: JsonSplit,
    scan: ScanInput,
    onError: OnError,
    ctx: TaskContext,
    index: ValueIndex,
    window: TextWindow,
    kernels: JsonKernels | null,
  ) {
    this.#kernels = kernels;
    this.#split = split;
    this.#scan = scan;
    this.#onError = onError;
    this.#ctx = ctx;
    this.#window = window;
    this.#index = index;
    this.#members = new JsonMembers(scan.schema);
    this.#scanner.lenient = onError === 'null';
    this.#bare = isBare(scan);
    this.#whole = this.#bare && scan.source.schema[0]?.type.kind === 'json';
  }

  /** Goes to the first value. `lead`: bytes of the window before the split. */
  async begin(lead: number): Promise<void> {
    let skip = this.#split.gzip ? this.#split.start : 0;
    while (skip > this.#window.length && !this.#window.final) {
      skip -= this.#window.length;
      await this.#window.advance(this.#window.length);
    }
    this.#pos = skip;
    if (lead === 0) return;
    for (;;) {
      const { text, length, final } = this.#window;
      const newline = text.subarray(0, length).indexOf(10);
      if (newline >= 0 || final) {
        this.#pos = newline < 0 ? length : newline + 1;
        return;
      }
      await this.#window.advance(length);
    }
  }

  /** Finds the bounds of the next values; false at the end of the split. */
  async next(): Promise<boolean> {
    const limit = this.#scan.limit ?? Number.POSITIVE_INFINITY;
    while (this.given < limit && !this.#closed) {
      const w = this.#window;
      await this.#bounds(Math.min(MORSEL_ROWS, limit - this.given));
      const { rows, next, stopped } = this.#index;
      this.#pos = next;
      if (stopped === 'closed') this.#closed = true;
      if (rows > 0) return true;
      if (stopped === 'closed') await this.#checkEnd();
      else if (stopped === 'end') {
        if (w.final && this.#split.kind === 'list') throw unclosedList(this.#split.path, this.seen);
        if (next + w.offset >= this.#split.end || (w.final && next >= w.length)) return false;
      }
      if (stopped !== 'full' && !this.#closed) await this.#refill(next);
    }
    return false;
  }

  async #bounds(rows: number): Promise<void> {
    const { bytes, text, length, final, offset } = this.#window;
    const { kind, end } = this.#split;
    if (kind === 'lines') {
      const k = this.#kernels;
      const stop = Math.min(end - offset, length);
      this.#found = k?.find(bytes, this.#pos, stop, length, final, rows, this.#index) ?? false;
      if (this.#found) return;
      const most = k === null || k.patience === 0 ? rows : Math.min(rows, k.patience);
      indexLines(text, this.#pos, stop, length, final, most, this.#index);
      if (k !== null) k.patience = Math.max(0, k.patience - this.#index.rows);
      return;
    }
    // Inside a larger value only a list has more than one.
    const lone = this.#split.inside && kind === 'values';
    try {
      this.#due = indexValues(kind, bytes, this.#pos, length, final, lone ? 1 : rows, this.#due, this.#index);
      if (lone && this.#index.rows > 0) this.#index.stopped = 'closed';
    } catch (e) {
      if (e instanceof ListFault)
        throw await faultAt(this.#split, new JsonFault(e.at, e.message), offset, this.seen + this.#index.rows);
      throw e;
    }
  }

  async #refill(used: number): Promise<void> {
    if (used > 0) {
      await this.#window.advance(used);
      this.#pos = 0;
    } else if (!(await this.#window.grow())) {
      const limit = Math.min(MAX_RECORD_BYTES, Math.max(this.#ctx.grant, this.#window.length));
      throw recordTooLong(this.#split.path, limit, this.seen + 1, 'is this one value a line, or one list?');
    }
  }

  /** Behind a list's end there are only blanks. */
  async #checkEnd(): Promise<void> {
    if (this.#split.inside) return;
    const { bytes, length, offset } = this.#window;
    let p = this.#pos + 1;
    while (p < length && bytes[p]! <= 32) p++;
    if (p < length)
      throw await faultAt(this.#split, new JsonFault(p, 'text after the end of the list'), offset, this.seen);
  }

  /** The values found last, as rows. */
  async convert(): Promise<Batch> {
    const w = this.#window;
    const { bounds, rows } = this.#index;
    const checked = rows === 0 || isUtf8(w.bytes.subarray(bounds[0], bounds[2 * rows - 1]));
    const found = this.#found && checked ? this.#byKernels() : null;
    const kept = found === null ? await this.#byHand(checked) : rows;
    const { seen } = this;
    const start = w.offset + bounds[0]!;
    this.firstRow = kept < rows || rows === 0 ? null : () => rowAt(this.#split, start, seen);
    this.seen += rows;
    this.given += kept;
    if (kept < rows) this.#ctx.reject?.(rows - kept);
    if (this.#index.stopped === 'closed' && this.#split.kind === 'list') await this.#checkEnd();
    const columns = found ?? this.#members.columns.map((c) => c.finish(this.#ctx.scratch));
    return { schema: this.#scan.schema, rows: kept, columns };
  }

  /** Null where a value does not fit: the rows are read by hand then, which tells what to do about it. */
  #byKernels(): Column[] | null {
    const { bytes, text } = this.#window;
    const { columns } = this.#members;
    this.#scanner.over(bytes, text, 0, 0);
    try {
      return this.#kernels?.convert(bytes, this.#index, columns, this.#scanner, this.#ctx.scratch) ?? null;
    } catch (e) {
      if (!(e instanceof JsonMisfit || e instanceof JsonFault)) throw e;
      this.#members.truncate(0);
      return null;
    }
  }

  /** Row by row; how many are kept. */
  async #byHand(checked: boolean): Promise<number> {
    const w = this.#window;
    const { bounds, rows } = this.#index;
    let kept = 0;
    for (let row = 0; row < rows; row++) {
      const from = bounds[2 * row]!;
      const end = bounds[2 * row + 1]!;
      try {
        if (!checked && !isUtf8(w.bytes.subarray(from, end))) throw new JsonFault(from, 'bytes that are no UTF-8');
        this.#row(from, end);
        kept++;
      } catch (e) {
        await this.#reject(e, row);
        this.#members.truncate(kept);
      }
    }
    return kept;
  }

  #row(from: number, end: number): void {
    const s = this.#scanner;
    const { bytes, text } = this.#window;
    s.over(bytes, text, from, end);
    const kind = s.peek();
    if (kind === 'object' && !this.#whole) this.#members.read(s);
    else if (this.#bare) this.#members.columns[0]!.read(s);
    else throw new JsonFault(s.pos, `a ${kind} where an object is expected`);
    s.done();
  }

  /** Throws unless the user wants such rows left out (for on_error "null" too where the text is no JSON at all). */
  async #reject(e: unknown, row: number): Promise<void> {
    const { offset, text } = this.#window;
    if (e instanceof JsonFault) {
      if (this.#onError === 'error') throw await faultAt(this.#split, e, offset, this.seen + row);
    } else if (e instanceof JsonMisfit) {
      if (this.#onError !== 'reject') {
        const value = text.utf8Slice(e.at, Math.min(e.end, e.at + 200));
        throw await misfitAt(this.#split, e, offset, this.seen + row, value, !this.#scan.source.declared);
      }
    } else throw e;
  }
}
