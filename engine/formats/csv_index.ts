import { BLANK, CR, type Dialect, LF, MAX_BLANKS } from './csv_dialect.ts';
import type { IndexKernel } from './csv_kernels.ts';

/**
 * Where the fields of a run of records are. Record r, field c (0-based) is bytes [ends[r * stride + c] + 1, ends[r * stride + c + 1]):
 * each record's first entry is the byte before it. Quotes are inside the range; delimiters and line ends are not.
 */
export interface RecordIndex {
  ends: Int32Array;
  stride: number;
  rows: number;
  /** Where the first record not indexed starts (or may start, when more bytes are needed). */
  next: number;
  /** Why indexing stopped before `stop`. */
  stopped: 'end' | 'full' | 'incomplete' | 'fault';
  /** What is wrong with the record at `next` when stopped by a fault. */
  fault: RecordFault | null;
  rejected: number;
  /** Null: records are found one by one. */
  kernel: IndexKernel | null;
}

export type RecordFault =
  | { readonly kind: 'ragged'; readonly found: number }
  /** Something other than a delimiter after a closing quote. */
  | { readonly kind: 'junk'; readonly found: number }
  /** A quote that is not closed before the end of the input. */
  | { readonly kind: 'open' };

/** How records are cut: the file's facts beside the dialect. */
export interface RecordShape {
  readonly dialect: Dialect;
  /** Fields of a record, without the empty one behind a trailing delimiter; 0: any number. */
  readonly width: number;
  readonly trailing: boolean;
  /** LF or, for old files that have no LF, CR. */
  readonly newline: number;
}

/** A line with more fields is taken for something else than a record of a table: line ends missing, another delimiter. */
export const MAX_COLUMNS = 16_384;

/** Bytes of an index with room for about `fields` fields, and at least for a few records. */
export function indexBytes(width: number, fields: number): number {
  return 4 * Math.max(fields, 4 * (width + 1));
}

/** An index over `memory` (4-byte aligned), or over memory of its own. */
export function recordIndex(
  width: number,
  memory: Uint8Array = new Uint8Array(indexBytes(width, 1 << 17)),
): RecordIndex {
  const stride = width + 1;
  const ends = new Int32Array(memory.buffer, memory.byteOffset, memory.byteLength >> 2);
  return { ends, stride, rows: 0, next: 0, stopped: 'end', fault: null, rejected: 0, kernel: null };
}

/** Result of scanning one record: entries in `ends`, how many fields, where its text ends and where the next record starts. */
const scan = { fields: 0, end: 0, next: 0, junk: false, incomplete: false, open: false };

/**
 * Indexes records that start in [from, stop) of u8[0, length), at most `maxRows`. `final`: nothing follows `length`. Writes sentinels to
 * u8[length] and u8[length + 1]. Blank lines and comments are no records (a blank line is one where records have a single field).
 * A faulty record stops the run or, by on_error, is left out ("reject") or padded and cut to the width ("null"; with broken quotes it is left out).
 */
export function indexRecords(
  s: RecordShape,
  u8: Uint8Array,
  from: number,
  stop: number,
  length: number,
  final: boolean,
  maxRows: number,
  out: RecordIndex,
): void {
  const { comment } = s.dialect;
  const { ends, stride } = out;
  out.rows = 0;
  out.fault = null;
  out.rejected = 0;
  out.stopped = 'end';
  u8[length] = s.newline;
  u8[length + 1] = Math.max(s.dialect.quote, 0);
  let pos = from;
  let at = 0;
  const room = ends.length - stride;
  const fast = out.kernel?.begin(u8, ends) === true ? out.kernel : null;
  while (pos < stop) {
    if (out.rows === maxRows || at > room) {
      out.stopped = 'full';
      break;
    }
    if (fast?.run(u8, pos, stop, length, maxRows, out) === true) {
      pos = fast.next;
      at = out.rows * stride;
      continue;
    }
    const first = u8[pos];
    if (first === s.newline || first === CR || first === comment) {
      const skipped = skipLine(s, u8, pos, length, final);
      if (skipped === -2) {
        out.stopped = 'incomplete';
        break;
      }
      if (skipped >= 0) {
        pos = skipped;
        continue;
      }
    }
    scanRecord(s, u8, pos, length, ends, at, stride);
    const verdict = judge(s, ends, at, final, out);
    if (verdict === 'stop') break;
    if (verdict === 'leave') {
      out.rejected++;
      pos = scan.incomplete && scan.open ? length : scan.next;
      continue;
    }
    pos = scan.next;
    at += stride;
    out.rows++;
  }
  out.next = pos;
}

/** What becomes of the record that was just scanned: kept, left out, or the end of the run, of which `out` then tells why. */
function judge(
  s: RecordShape,
  ends: Int32Array,
  at: number,
  final: boolean,
  out: RecordIndex,
): 'keep' | 'leave' | 'stop' {
  const { onError } = s.dialect;
  if (scan.incomplete && (!final || scan.open)) {
    if (final && onError !== 'error') return 'leave';
    out.stopped = final ? 'fault' : 'incomplete';
    if (final) out.fault = { kind: 'open' };
    return 'stop';
  }
  if (!scan.junk && (s.width === 0 || scan.fields === s.width)) return 'keep';
  const fault = faultOf(s, ends, at);
  if (fault === null || settle(s, fault, ends, at)) return 'keep';
  if (onError !== 'error') return 'leave';
  out.stopped = 'fault';
  out.fault = fault;
  return 'stop';
}

/** Start of the next line when the line at `pos` is blank or a comment; -1 when it is a record, -2 when more bytes are needed to know. */
function skipLine(s: RecordShape, u8: Uint8Array, pos: number, length: number, final: boolean): number {
  if (u8[pos] === s.dialect.comment) {
    const end = u8.indexOf(s.newline, pos);
    return end < length || final ? Math.min(end + 1, length) : -2;
  }
  if (s.width === 1) return -1;
  if (u8[pos] === s.newline) return pos + 1;
  // A CR: blank when a line feed follows.
  if (pos + 1 >= length && !final) return -2;
  return u8[pos + 1] === s.newline ? Math.min(pos + 2, length) : -1;
}

function scanRecord(
  s: RecordShape,
  u8: Uint8Array,
  start: number,
  length: number,
  ends: Int32Array,
  at: number,
  stride: number,
): void {
  const { delimiter, quote, trim } = s.dialect;
  const newline = s.newline;
  let p = start;
  let f = 1;
  scan.junk = false;
  scan.incomplete = false;
  scan.open = false;
  ends[at] = start - 1;
  for (;;) {
    let first = p;
    if (trim) while (u8[first] === BLANK && first - p < MAX_BLANKS) first++;
    if (u8[first] === quote && first < length) {
      p = afterQuotes(s, u8, first + 1, length);
      if (p < 0) {
        scan.incomplete = true;
        scan.open = true;
        return;
      }
      if (trim) while (u8[p] === BLANK) p++;
      if (u8[p] !== delimiter && u8[p] !== newline && !(u8[p] === CR && u8[p + 1] === newline)) scan.junk = true;
    }
    let ch = u8[p];
    while (ch !== delimiter && ch !== newline) ch = u8[++p];
    if (ch === newline) break;
    if (f < stride) ends[at + f] = p;
    f++;
    p++;
  }
  scan.next = p + 1;
  if (p >= length) {
    scan.incomplete = true;
    scan.next = length;
  }
  if (newline === LF && p > start && u8[p - 1] === CR && (f === 1 || f > stride || p - 1 > ends[at + f - 1]!)) p--;
  if (f < stride) ends[at + f] = p;
  scan.fields = f;
  scan.end = p;
}

/** The byte after the closing quote of a field whose content starts at `from`; -1 when it is not closed within `length`. */
function afterQuotes(s: RecordShape, u8: Uint8Array, from: number, length: number): number {
  const { quote, escape } = s.dialect;
  let p = from;
  if (escape === quote) {
    for (;;) {
      while (u8[p] !== quote) p++;
      if (p >= length) return -1;
      if (u8[p + 1] !== quote || p + 1 >= length) return p + 1;
      p += 2;
    }
  }
  for (;;) {
    while (u8[p] !== quote && u8[p] !== escape) p++;
    if (p >= length) return -1;
    if (u8[p] === quote) return p + 1;
    p += 2;
    if (p > length) return -1;
  }
}

/** What is wrong with the record just scanned, if anything: an empty field behind a trailing delimiter is not. */
function faultOf(s: RecordShape, ends: Int32Array, at: number): RecordFault | null {
  const found = scan.fields;
  if (scan.junk) return { kind: 'junk', found };
  if (s.trailing && found === s.width + 1) {
    // Its last field lies between the end of field `width` and the line end.
    if (scan.end === ends[at + s.width]! + 1) return null;
  }
  return { kind: 'ragged', found };
}

/** on_error "null": missing fields become empty, extra ones are dropped. */
function settle(s: RecordShape, fault: RecordFault, ends: Int32Array, at: number): boolean {
  if (s.dialect.onError !== 'null' || fault.kind !== 'ragged') return false;
  const last = ends[at + Math.min(fault.found, s.width)]!;
  for (let f = fault.found + 1; f <= s.width; f++) ends[at + f] = last;
  return true;
}

/**
 * The fields of the one record that starts at `from`, as [start, end) pairs of bytes (quotes included), how many there are, and where the next record
 * starts. Of more than MAX_COLUMNS fields only the number is told;
 * null when more bytes are needed, or (at the end of the input) a quote is left open.
 */
export function oneRecord(
  s: RecordShape,
  u8: Uint8Array,
  from: number,
  length: number,
  final: boolean,
): { readonly fields: readonly (readonly [number, number])[]; readonly count: number; readonly next: number } | null {
  u8[length] = s.newline;
  u8[length + 1] = Math.max(s.dialect.quote, 0);
  scanRecord(s, u8, from, length, new Int32Array(1), 0, 1);
  if (scan.incomplete && (!final || scan.open)) return null;
  const count = scan.fields;
  if (count > MAX_COLUMNS + 1) return { fields: [], count, next: scan.next };
  const ends = new Int32Array(count + 1);
  scanRecord(s, u8, from, length, ends, 0, count + 1);
  const fields = Array.from({ length: count }, (_, i) => [ends[i]! + 1, ends[i + 1]!] as const);
  return { fields, count, next: scan.next };
}
