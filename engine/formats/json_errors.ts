import { RunError } from '../errors.ts';
import { formatType } from '../types.ts';
import { cut } from './csv_errors.ts';
import type { JsonMisfit } from './json_columns.ts';
import type { JsonSplit } from './json_read.ts';
import type { JsonFault } from './json_scanner.ts';
import { openSource } from './source.ts';
import { heapMemory, TextWindow } from './window.ts';

interface Place {
  /** All from 1; the column counts bytes. */
  readonly line: number;
  readonly column: number;
  /** Lines that are not blank, up to this one. */
  readonly row: number;
}

/** Where byte `offset` of the content is, by counting lines from the start of the file. */
async function placeOf(split: JsonSplit, offset: number): Promise<Place> {
  const window = new TextWindow(openSource(split.local, split.path, 0, split.gzip), 0, 1 << 18, heapMemory, 0);
  let line = 1;
  let row = 0;
  let lineStart = 0;
  let blank = true;
  try {
    await window.advance(0);
    for (;;) {
      const { bytes, length, final } = window;
      const stop = Math.min(length, offset - window.offset);
      for (let p = 0; p < stop; p++) {
        const ch = bytes[p]!;
        if (ch === 10) {
          line++;
          if (!blank) row++;
          blank = true;
          lineStart = window.offset + p + 1;
        } else if (ch > 32) blank = false;
      }
      if (stop < length || final || window.offset + length >= offset)
        return { line, row: row + 1, column: offset - lineStart + 1 };
      await window.advance(length);
    }
  } finally {
    window.close();
  }
}

/** Number (from 1) of the value at byte `offset`; `seen`: values before it, where a split is the whole file. */
export async function rowAt(split: JsonSplit, offset: number, seen: number): Promise<number> {
  return (await whereOf(split, offset, seen)).row;
}

/** `seen`: values before this one, where a split is the whole file. */
async function whereOf(split: JsonSplit, offset: number, seen: number): Promise<Place> {
  const place = await placeOf(split, offset);
  return split.kind === 'lines' ? place : { ...place, row: seen + 1 };
}

export async function faultAt(
  split: JsonSplit,
  fault: JsonFault,
  windowOffset: number,
  seen: number,
): Promise<RunError> {
  const { line, column, row } = await whereOf(split, windowOffset + fault.at, seen);
  const hint = split.kind === 'lines' ? 'one value a line; on_error: "reject" leaves such lines out' : undefined;
  return new RunError('FLOW7003', `line ${line}, column ${column}: ${fault.message}`, { file: split.path, row }, hint);
}

export async function misfitAt(
  split: JsonSplit,
  e: JsonMisfit,
  windowOffset: number,
  seen: number,
  text: string,
  inferred: boolean,
): Promise<RunError> {
  const { row } = await whereOf(split, windowOffset + e.at, seen);
  const column = e.path.replace(/^\./, '');
  const value = cut(text);
  const where = { file: split.path, row, column, value };
  if (e.missing) return new RunError('FLOW7004', e.message, where, `declare it as ${formatType(e.type)}?`);
  const lenient = 'on_error: "null" makes such values null, "reject" leaves their rows out';
  const hint = inferred
    ? `the type was inferred from samples; declare it (json takes any value); or ${lenient}`
    : lenient;
  return new RunError('FLOW7004', `${value} is ${e.message}`, where, hint);
}
