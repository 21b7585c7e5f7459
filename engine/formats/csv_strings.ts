import type { Column } from '../batch/column.ts';
import { copyInto } from '../kernels/copy.ts';
import { type Cells, type ColumnPlan, Nulls } from './csv_columns.ts';
import { hexDigit } from './json_scanner.ts';
import { TextDictionary } from './text_dictionary.ts';

/** This thread's, reused by every column. */
const dictionary = new TextDictionary();

export function stringColumn(c: Cells, plan: ColumnPlan): Column {
  if (plan.dialect.latin1) return latin1Column(c, plan);
  return textByKernel(c, plan) ?? dictColumn(c, plan) ?? utf8Column(c, plan);
}

function textByKernel(c: Cells, plan: ColumnPlan): Column | null {
  const { quote, escape, trim } = plan.dialect;
  if (c.kernels === null || trim) return null;
  return c.kernels.text(plan, new Nulls(c, plan), escape === quote ? 'doubled' : 'backslash');
}

/** A field that needs no taking apart: its bytes are its value. */
function isBare(c: Cells, plan: ColumnPlan, from: number, to: number): boolean {
  return plan.plain && to > from && c.u8[from] !== plan.dialect.quote;
}

function utf8Column(c: Cells, plan: ColumnPlan): Column {
  const { u8, cell } = c;
  const { ends, stride, rows } = c.index;
  const nulls = new Nulls(c, plan);
  const offsets = c.scratch.i32(rows + 1);
  let room = 0;
  for (let row = 0, at = plan.source; row < rows; row++, at += stride)
    room += Math.max(0, ends[at + 1]! - ends[at]! - 1);
  const bytes = c.scratch.u8(room);
  const quote = plan.dialect.quote;
  let n = 0;
  for (let row = 0, at = plan.source; row < rows; row++, at += stride) {
    offsets[row] = n;
    let source = u8;
    let from = ends[at]! + 1;
    let to = ends[at + 1]!;
    if (!plan.plain || to <= from || u8[from] === quote) {
      if (!cell.find(from, to, true)) {
        nulls.put(row);
        continue;
      }
      source = cell.bytes;
      from = cell.from;
      to = cell.to;
    }
    if (to - from > 96) {
      copyInto(bytes, source.subarray(from, to), n);
      n += to - from;
    } else for (; from < to; from++) bytes[n++] = source[from]!;
  }
  offsets[rows] = n;
  return { type: plan.type, phys: 'utf8', length: rows, ...nulls.validity, offsets, bytes: bytes.subarray(0, n) };
}

/** Null when the values are too many for a dictionary. */
function dictColumn(c: Cells, plan: ColumnPlan): Column | null {
  const { cell } = c;
  const { ends, stride, rows } = c.index;
  if (!dictionary.begin(rows)) return null;
  const nulls = new Nulls(c, plan);
  const codes = c.scratch.i32(rows);
  for (let row = 0, at = plan.source; row < rows; row++, at += stride) {
    let from = ends[at]! + 1;
    let to = ends[at + 1]!;
    let source = c.u8;
    if (!isBare(c, plan, from, to)) {
      if (!cell.find(from, to, true)) {
        codes[row] = 0;
        nulls.put(row);
        continue;
      }
      source = cell.bytes;
      from = cell.from;
      to = cell.to;
    }
    const code = dictionary.code(row, source, from, to);
    if (code < 0) return null;
    codes[row] = code;
  }
  const entries = dictionary.finish(plan.type, c.scratch);
  return { type: plan.type, phys: 'dict', length: rows, ...nulls.validity, codes, dictionary: entries };
}

/** As utf8Column, each byte from 128 on becoming two. */
function latin1Column(c: Cells, plan: ColumnPlan): Column {
  const { cell } = c;
  const { ends, stride, rows } = c.index;
  const nulls = new Nulls(c, plan);
  const offsets = c.scratch.i32(rows + 1);
  let room = 0;
  for (let row = 0, at = plan.source; row < rows; row++, at += stride)
    room += Math.max(0, ends[at + 1]! - ends[at]! - 1);
  const bytes = c.scratch.u8(2 * room);
  let n = 0;
  for (let row = 0, at = plan.source; row < rows; row++, at += stride) {
    offsets[row] = n;
    if (!cell.find(ends[at]! + 1, ends[at + 1]!, true)) {
      nulls.put(row);
      continue;
    }
    for (let i = cell.from; i < cell.to; i++) {
      const b = cell.bytes[i]!;
      if (b < 128) bytes[n++] = b;
      else {
        bytes[n++] = 0xc0 | (b >> 6);
        bytes[n++] = 0x80 | (b & 63);
      }
    }
  }
  offsets[rows] = n;
  return { type: plan.type, phys: 'utf8', length: rows, ...nulls.validity, offsets, bytes: bytes.subarray(0, n) };
}

/** Binary data as hexadecimal digits, with or without a leading `\x`. */
export function bytesColumn(c: Cells, plan: ColumnPlan): Column {
  const { cell } = c;
  const { ends, stride, rows } = c.index;
  const nulls = new Nulls(c, plan);
  const offsets = c.scratch.i32(rows + 1);
  let room = 0;
  for (let row = 0, at = plan.source; row < rows; row++, at += stride)
    room += Math.max(0, ends[at + 1]! - ends[at]! - 1) >> 1;
  const bytes = c.scratch.u8(room);
  let n = 0;
  for (let row = 0, at = plan.source; row < rows; row++, at += stride) {
    offsets[row] = n;
    if (!cell.find(ends[at]! + 1, ends[at + 1]!, true)) {
      nulls.put(row);
      continue;
    }
    const from = cell.bytes[cell.from] === 92 && cell.bytes[cell.from + 1] === 120 ? cell.from + 2 : cell.from;
    let i = from;
    for (; i + 1 < cell.to; i += 2) {
      const v = (hexDigit(cell.bytes[i]!) << 4) | hexDigit(cell.bytes[i + 1]!);
      if (v < 0) break;
      bytes[n++] = v;
    }
    if (i < cell.to) {
      nulls.misfit(row, 'type');
      n = offsets[row]!;
    }
  }
  offsets[rows] = n;
  return { type: plan.type, phys: 'utf8', length: rows, ...nulls.validity, offsets, bytes: bytes.subarray(0, n) };
}

/** Whether text must be checked to be UTF-8 for a column of this type. */
export function holdsText(plan: ColumnPlan): boolean {
  const { kind } = plan.type;
  return kind === 'string' || kind === 'json' || kind === 'list' || kind === 'struct' || kind === 'map';
}
