import { RunError } from '../errors.ts';
import type { JsonLayoutKind } from './json_file.ts';
import { NEED_MORE, valueEnd } from './json_scanner.ts';

/** Where the values of a run are: value r is bytes [bounds[2r], bounds[2r + 1]). */
export interface ValueIndex {
  readonly bounds: Int32Array;
  rows: number;
  /** Where the next value starts, or what is before it. */
  next: number;
  stopped: 'end' | 'full' | 'incomplete' | 'closed';
}

/** An index over `memory` (4-byte aligned): 8 bytes a value. */
export function valueIndex(memory: Uint8Array): ValueIndex {
  const bounds = new Int32Array(memory.buffer, memory.byteOffset, memory.byteLength >> 2);
  return { bounds, rows: 0, next: 0, stopped: 'end' };
}

const LF = 10;

/** Bounds of the lines that start in [from, stop) of u8[0, length) and are not blank. */
export function indexLines(
  u8: Buffer,
  from: number,
  stop: number,
  length: number,
  final: boolean,
  maxRows: number,
  out: ValueIndex,
): void {
  const { bounds } = out;
  const room = Math.min(maxRows, bounds.length >> 1);
  out.rows = 0;
  out.stopped = 'end';
  let p = from;
  while (p < stop) {
    if (out.rows === room) {
      out.stopped = 'full';
      break;
    }
    let end = lineEnd(u8, p, length);
    if (end < 0) {
      if (!final) {
        out.stopped = 'incomplete';
        break;
      }
      end = length;
    }
    let first = p;
    while (first < end && u8[first]! <= 32) first++;
    if (first < end) {
      bounds[2 * out.rows] = first;
      bounds[2 * out.rows + 1] = end;
      out.rows++;
    }
    p = Math.min(end + 1, length);
  }
  out.next = p;
}

/** Short lines by hand, long ones by the native search. */
function lineEnd(u8: Buffer, from: number, length: number): number {
  const near = Math.min(length, from + 64);
  for (let i = from; i < near; i++) if (u8[i] === LF) return i;
  if (near === length) return -1;
  const found = u8.indexOf(LF, near);
  return found < 0 || found >= length ? -1 : found;
}

/**
 * Bounds of the values of a list (from behind its bracket) or of a sequence. `atValue`: no comma is due before the first; of a list it is
 * given back for the next run.
 */
export function indexValues(
  kind: Exclude<JsonLayoutKind, 'lines'>,
  u8: Uint8Array,
  from: number,
  length: number,
  final: boolean,
  maxRows: number,
  atValue: boolean,
  out: ValueIndex,
): boolean {
  const { bounds } = out;
  const room = Math.min(maxRows, bounds.length >> 1);
  out.rows = 0;
  out.stopped = 'end';
  let due = atValue;
  let p = from;
  for (;;) {
    while (p < length && u8[p]! <= 32) p++;
    out.next = p;
    if (p >= length) {
      if (!final) out.stopped = 'incomplete';
      return due;
    }
    if (kind === 'list') {
      if (u8[p] === 93) {
        out.stopped = 'closed';
        return due;
      }
      if (!due) {
        if (u8[p] !== 44) throw new ListFault(p);
        due = true;
        p++;
        continue;
      }
    }
    if (out.rows === room) {
      out.stopped = 'full';
      return due;
    }
    const end = valueEnd(u8, p, length, final);
    if (end === NEED_MORE) {
      out.stopped = 'incomplete';
      return due;
    }
    bounds[2 * out.rows] = p;
    // A comma or bracket with no value before it is a value of no bytes: reading it is the fault.
    bounds[2 * out.rows + 1] = end;
    out.rows++;
    if (end === p) {
      out.stopped = 'closed';
      return due;
    }
    due = kind !== 'list';
    p = end;
  }
}

/** Something else than a comma between the elements of a list. */
export class ListFault extends Error {
  override readonly name = 'ListFault';
  readonly at: number;

  constructor(at: number) {
    super('a list needs a comma or its end here');
    this.at = at;
  }
}

export function unclosedList(path: string, rows: number): RunError {
  return new RunError('FLOW7003', `"${path}" ends inside its list, after ${rows} values`, {
    file: path,
    row: rows + 1,
  });
}
