import type { Column, Utf8Column } from '../batch/column.ts';
import { T } from '../types.ts';
import { type Cells, type ColumnPlan, Nulls } from './csv_columns.ts';

/** A dictionary holds at most this many entries and fewer than a quarter of the rows. */
const MAX_ENTRIES = 4096;
const SLOTS = 16384;

/** Working tables of this thread: a batch's dictionary while it is gathered. */
const slots = new Int32Array(SLOTS);
const entryHash = new Int32Array(MAX_ENTRIES + 1);
const entryEnd = new Int32Array(MAX_ENTRIES + 1);
let entryBytes = new Uint8Array(1 << 16);

export function stringColumn(c: Cells, plan: ColumnPlan): Column {
  if (plan.dialect.latin1) return latin1Column(c, plan);
  return dictColumn(c, plan) ?? utf8Column(c, plan);
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
      bytes.set(source.subarray(from, to), n);
      n += to - from;
    } else for (; from < to; from++) bytes[n++] = source[from]!;
  }
  offsets[rows] = n;
  return { type: plan.type, phys: 'utf8', length: rows, ...nulls.validity, offsets, bytes: bytes.subarray(0, n) };
}

/** Null when the values are too many for a dictionary, which is noticed early: a batch of distinct values costs a few hundred look-ups. */
function dictColumn(c: Cells, plan: ColumnPlan): Column | null {
  const { cell } = c;
  const { ends, stride, rows } = c.index;
  if (rows < 8) return null;
  const nulls = new Nulls(c, plan);
  const codes = c.scratch.i32(rows);
  slots.fill(-1);
  let entries = 0;
  let check = 256;
  let last = -1;
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
    // Runs of one value are common.
    if (last < 0 || !isEntry(last, source, from, to)) {
      last = findEntry(entries, source, from, to);
      if (last === entries) {
        entries++;
        if (entries > MAX_ENTRIES || entries * 4 >= rows) return null;
      }
      if (row >= check) {
        if (entries * 2 > row) return null;
        check *= 2;
      }
    }
    codes[row] = last;
  }
  if (entries === 0) {
    // All null; codes need an entry to point at.
    entryEnd[0] = 0;
    entries = 1;
  }
  return {
    type: plan.type,
    phys: 'dict',
    length: rows,
    ...nulls.validity,
    codes,
    dictionary: dictionaryOf(c, plan, entries),
  };
}

function isEntry(entry: number, source: Uint8Array, from: number, to: number): boolean {
  const start = entry === 0 ? 0 : entryEnd[entry - 1]!;
  if (entryEnd[entry]! - start !== to - from) return false;
  for (let i = from, k = start; i < to; i++, k++) if (source[i] !== entryBytes[k]) return false;
  return true;
}

/** Number of the entry that equals source[from, to): `entries` when it is new (and now added). */
function findEntry(entries: number, source: Uint8Array, from: number, to: number): number {
  let hash = to - from;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ source[i]!, 0x01000193);
  hash ^= hash >>> 15;
  let slot = hash & (SLOTS - 1);
  for (;;) {
    const entry = slots[slot]!;
    if (entry < 0) break;
    if (entryHash[entry] === hash && isEntry(entry, source, from, to)) return entry;
    slot = (slot + 1) & (SLOTS - 1);
  }
  slots[slot] = entries;
  entryHash[entries] = hash;
  const start = entries === 0 ? 0 : entryEnd[entries - 1]!;
  if (start + to - from > entryBytes.length) {
    const grown = new Uint8Array(2 * (start + to - from));
    grown.set(entryBytes.subarray(0, start));
    entryBytes = grown;
  }
  for (let i = from, k = start; i < to; i++, k++) entryBytes[k] = source[i]!;
  entryEnd[entries] = start + to - from;
  return entries;
}

function dictionaryOf(c: Cells, plan: ColumnPlan, entries: number): Utf8Column {
  const offsets = c.scratch.i32(entries + 1);
  offsets[0] = 0;
  for (let i = 0; i < entries; i++) offsets[i + 1] = entryEnd[i]!;
  const bytes = c.scratch.u8(offsets[entries]!);
  bytes.set(entryBytes.subarray(0, offsets[entries]));
  return { type: plan.type, phys: 'utf8', length: entries, nullCount: 0, validity: null, offsets, bytes };
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

function hexDigit(ch: number): number {
  const d = ch - 48;
  if (d >>> 0 <= 9) return d;
  const letter = (ch | 32) - 97;
  return letter >>> 0 <= 5 ? letter + 10 : -1;
}

/** Whether text must be checked to be UTF-8 for a column of this type. */
export function holdsText(plan: ColumnPlan): boolean {
  return plan.type.kind === T.string.kind || plan.type.kind === T.json.kind;
}
