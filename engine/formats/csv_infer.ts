import { RunError } from '../errors.ts';
import { type DataType, type Schema, T } from '../types.ts';
import { CellReader } from './csv_cell.ts';
import type { Dialect } from './csv_dialect.ts';
import { type CsvLayout, csvLayout, shapeOf } from './csv_file.ts';
import { indexRecords, type RecordIndex, type RecordShape, recordIndex } from './csv_index.ts';
import { firstRecordStart, LEAD } from './csv_quotes.ts';
import { sameColumns } from './csv_splits.ts';
import { pickFiles, type SampleBudget, spotsOf } from './sample.ts';
import { GzipDamage, openSource } from './source.ts';
import { isNaNText, isPlainInt, parseBool, parseFloat64 } from './text_number.ts';
import { NO_DATE, parseDate, parseTimestamp } from './text_time.ts';
import { heapMemory, MAX_RECORD_BYTES, TextWindow } from './window.ts';

/** Types a column may still have, as bits. */
const BOOL = 1;
const INT = 2;
const FLOAT = 4;
const DATE = 8;
const TIMESTAMP = 16;
const STRING = 32;
const ANY = BOOL | INT | FLOAT | DATE | TIMESTAMP | STRING;

const CHOICE: readonly (readonly [number, DataType])[] = [
  [BOOL, T.bool],
  [INT, T.int],
  [FLOAT, T.float],
  [DATE, T.date],
  [TIMESTAMP, T.timestamp],
  [STRING, T.string],
];

/**
 * Names from the headers, types from the values: all rows of small inputs; of large ones the start, places spread over each file and
 * the end. Numbers with leading zeros, a plus sign, or too many digits for 64 bits stay text. All columns are nullable.
 */
export async function inferCsv(paths: readonly string[], dialect: Dialect): Promise<Schema> {
  const { files, budget } = pickFiles(paths);
  let names: readonly string[] | null = null;
  const guesses = new Map<string, ColumnGuess>();
  for (const path of files) {
    const layout = await csvLayout(path, dialect, null);
    checkText(path, layout.names);
    if (names === null) names = layout.names;
    else sameColumns(layout, names, files[0]!);
    for (const name of layout.names) if (!guesses.has(name)) guesses.set(name, { mask: ANY, seen: false });
    await new FileSampler(
      layout,
      dialect,
      layout.names.map((n) => guesses.get(n)!),
      budget,
    ).run();
  }
  return (names ?? []).map((name) => ({ name, type: chosen(guesses.get(name)!), nullable: true }));
}

/** A header with control characters means that the file is no text at all: better said so than by the first value that does not fit. */
function checkText(path: string, names: readonly string[]): void {
  const odd = names.find((n) => /[\0-\x08\x0e-\x1f]/.test(n));
  if (odd === undefined) return;
  throw new RunError(
    'FLOW7003',
    `${JSON.stringify(path)} does not look like text: its first line holds control characters`,
    { file: path },
    'Is it compressed, or of another format? csv() reads text, plain or gzipped',
  );
}

interface ColumnGuess {
  mask: number;
  /** Some value was not null. */
  seen: boolean;
}

function chosen(guess: ColumnGuess): DataType {
  if (!guess.seen) return T.string;
  return CHOICE.find(([bit]) => (guess.mask & bit) !== 0)?.[1] ?? T.string;
}

class FileSampler {
  readonly #layout: CsvLayout;
  readonly #shape: RecordShape;
  readonly #guesses: readonly ColumnGuess[];
  readonly #budget: SampleBudget;
  readonly #index: RecordIndex;
  #rows = 0;

  constructor(layout: CsvLayout, dialect: Dialect, guesses: readonly ColumnGuess[], budget: SampleBudget) {
    this.#layout = layout;
    // Rows that break the shape are the reader's to report.
    this.#shape = { ...shapeOf(layout, dialect), dialect: { ...dialect, onError: 'null' } };
    this.#guesses = guesses;
    this.#budget = budget;
    this.#index = recordIndex(layout.names.length);
  }

  async run(): Promise<void> {
    const { gzip, size, start } = this.#layout;
    const budget = this.#budget;
    if (gzip || size - start <= budget.whole) return this.#stretch(budget.whole, Number.POSITIVE_INFINITY);
    await this.#stretch(budget.head, budget.headRows);
    for (const at of spotsOf(start + budget.head, size, budget)) await this.#spot(at);
  }

  /** From the first record on, at least `bytes` and `rows` (but no more than the whole-file budget). */
  async #stretch(bytes: number, rows: number): Promise<void> {
    const { local, path, gzip, start } = this.#layout;
    const begin = gzip ? 0 : start;
    const window = new TextWindow(openSource(local, path, begin, gzip), begin, 1 << 18, heapMemory, MAX_RECORD_BYTES);
    let pos = start - begin;
    try {
      await window.advance(0);
      while (pos > window.length && !window.final) {
        pos -= window.length;
        await window.advance(window.length);
      }
      for (;;) {
        this.#take(window, pos, window.length);
        pos = this.#index.next;
        const passed = window.offset + pos - start;
        if (passed >= this.#budget.whole || (passed >= bytes && this.#rows >= rows)) return;
        if (this.#index.stopped === 'full') continue;
        if (pos >= window.length && window.final) return;
        if (pos > 0) await window.advance(pos);
        else if (window.final || !(await window.grow())) return;
        pos = 0;
      }
    } catch (e) {
      // Damage behind the sample is the reader's to report.
      if (!(e instanceof GzipDamage)) throw e;
    } finally {
      window.close();
    }
  }

  /** Some records from the middle. Whether the place is inside quotes is guessed: the guess whose records have the right width wins. */
  async #spot(at: number): Promise<void> {
    const { local, path, start } = this.#layout;
    const lead = Math.min(LEAD, at - start);
    const window = new TextWindow(
      openSource(local, path, at - lead, false),
      at - lead,
      this.#budget.spot + lead,
      heapMemory,
      0,
    );
    try {
      await window.advance(0);
      const { text, length } = window;
      for (const state of [0, 1] as const) {
        const first = firstRecordStart(this.#shape, text.subarray(0, length), lead, length, length, state);
        if (first < 0 || first >= length || !this.#regular(window, first)) continue;
        return this.#take(window, first, length);
      }
    } finally {
      window.close();
    }
  }

  #regular(window: TextWindow, first: number): boolean {
    const strict: RecordShape = { ...this.#shape, dialect: { ...this.#shape.dialect, onError: 'error' } };
    indexRecords(strict, window.bytes, first, window.length, window.length, window.final, 1000, this.#index);
    return this.#index.stopped !== 'fault' && this.#index.rows > 0;
  }

  #take(window: TextWindow, from: number, stop: number): void {
    const index = this.#index;
    indexRecords(this.#shape, window.bytes, from, stop, window.length, window.final, Number.MAX_SAFE_INTEGER, index);
    this.#rows += index.rows;
    const cell = new CellReader(this.#shape.dialect, window.bytes, window.text);
    this.#guesses.forEach((guess, column) => {
      if (guess.mask === STRING && guess.seen) return;
      for (let row = 0, at = column; row < index.rows; row++, at += index.stride) {
        if (!cell.find(index.ends[at]! + 1, index.ends[at + 1]!, false)) continue;
        guess.seen = true;
        guess.mask &= candidates(cell, guess.mask, this.#shape.dialect);
        if (guess.mask === STRING) return;
      }
    });
  }
}

const words = { lo: 0, hi: 0 };

/** The types of `mask` that this value could have. */
function candidates(cell: CellReader, mask: number, d: Dialect): number {
  const { bytes, from, to } = cell;
  if ((mask & BOOL) !== 0 && parseBool(bytes, from, to, false) >= 0) return BOOL | STRING;
  if ((mask & (INT | FLOAT)) !== 0) {
    if (isPlainInt(bytes, from, to, words)) return INT | FLOAT | STRING;
    if (isPlainFloat(cell, d.point)) return FLOAT | STRING;
  }
  if ((mask & (DATE | TIMESTAMP)) === 0) return STRING;
  if (d.dateFormat !== null ? d.dateFormat(cell.string()) !== null : parseDate(bytes, from, to) !== NO_DATE) {
    return DATE | STRING | (d.timestampFormat === null ? TIMESTAMP : 0);
  }
  const timestamp =
    d.timestampFormat !== null ? d.timestampFormat(cell.string()) !== null : parseTimestamp(bytes, from, to, words);
  return timestamp ? TIMESTAMP | STRING : STRING;
}

/** A number that loses nothing as a float: not an identifier with leading zeros or with more digits than 64 bits hold. */
function isPlainFloat(cell: CellReader, point: number): boolean {
  const { bytes, from, to } = cell;
  if (bytes[from] === 43) return false;
  const first = bytes[from] === 45 ? from + 1 : from;
  const v = parseFloat64(bytes, cell.text, from, to, point);
  if (Number.isNaN(v)) return isNaNText(bytes, from, to);
  if (bytes[first] === 48 && bytes[first + 1]! >= 48 && bytes[first + 1]! <= 57) return false;
  for (let i = first; i < to; i++) if (bytes[i]! < 48 || bytes[i]! > 57) return true;
  return false;
}
