import type { Validity } from '../batch/bitmap.ts';
import type { Column } from '../batch/column.ts';
import { type Kernels, kernelsFor } from '../kernels/load.ts';
import type { Scratch } from '../memory/types.ts';
import { Declined, type Page, type Span } from './parquet_pages.ts';

/** Encodings of parquet.thrift that are read here. */
export const PLAIN = 0;
const PLAIN_DICTIONARY = 2;
export const RLE = 3;
const RLE_DICTIONARY = 8;

/** How far a page was read. */
export interface Cursor {
  readonly page: Page;
  /** Values are codes of the dictionary. */
  readonly coded: boolean;
  /** Address of the state of codes, or of packed truth values. */
  readonly state: number;
  /** Plain values: where the next one is. */
  at: number;
  /** Plain truth values: how many were taken. */
  taken: number;
}

/** `valid` of the rows [from, from + rows) of the batch have a value; their bits are set in `bits`, which is null when there are no nulls. */
export interface Rows {
  readonly from: number;
  readonly rows: number;
  readonly valid: number;
  readonly bits: Uint8Array | null;
}

/** Collects the values of one column, batch by batch. */
export interface Values {
  /** The chunk's dictionary page, which comes before its other pages. */
  dictionary(page: Page): void;
  begin(rows: number, scratch: Scratch): void;
  /** Takes the next `rows.valid` values of the page. */
  add(cursor: Cursor, rows: Rows): void;
  end(valid: Validity): Column;
  free(): void;
}

/** Words of the state of runs; see engine/kernels/assembly/parquet_runs.ts. */
export const STATE_WORDS = 8;

/** Sets up the state of runs that lie in `span`. */
export function startRuns(state: Int32Array, span: Span, width: number): void {
  state.fill(0);
  state[0] = span.at;
  state[1] = span.end;
  state[2] = width;
}

export function isCoded(encoding: number): boolean {
  return encoding === PLAIN_DICTIONARY || encoding === RLE_DICTIONARY;
}

/** Memory from `scratch`, or Declined when it lies where these kernels do not reach. */
export function reach<V extends ArrayBufferView>(kernels: Kernels, view: V): V {
  if (kernelsFor(view) !== kernels) throw new Declined('memory of another segment');
  return view;
}

export function taken(ok: number, what: string): void {
  if (ok === 0) throw new Declined(what);
}
