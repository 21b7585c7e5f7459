import { setBit } from '../batch/bitmap.ts';
import { asBuffer } from '../batch/buffers.ts';
import type { Batch, Column, DictColumn, Utf8Column } from '../batch/column.ts';
import { type CallExpr, type Expr, rewriteExpr } from '../expr.ts';
import { likePieces } from '../functions/pattern.ts';
import { kernelsFor } from '../kernels/load.ts';
import type { Scratch } from '../memory/types.ts';
import { type Field, type Schema, T } from '../types.ts';
import type { Rows } from './kernel.ts';
import { valueKey } from './nodes.ts';

/**
 * What is asked of plain text columns (tests against constants, lengths) is computed of their bytes, a column at a time, before the rest: expressions are
 * rewritten to name the results, which are columns like others, also for vector code. None of it can fail.
 */
export interface TextColumns {
  readonly exprs: readonly Expr[];
  /** The input schema and the columns that the expressions read in addition. */
  readonly schema: Schema;
  /** Whether it pays for this batch: texts in dictionaries are better off by their entries. */
  applies(batch: Batch): boolean;
  /** Entries of rows that are not among `rows` are unspecified. */
  widen(batch: Batch, rows: Rows, scratch: Scratch): Batch;
  /** Whether an expression reads such a column. */
  reads(e: Expr): boolean;
}

/** Pieces that a text holds in this order, the first one at its begin, the last one at its end. */
interface Pieces {
  readonly texts: readonly Buffer[];
  readonly atBegin: boolean;
  readonly atEnd: boolean;
}

type Wanted = { readonly kind: 'pieces'; readonly pieces: Pieces } | { readonly kind: 'length' };

interface Made {
  readonly index: number;
  readonly field: Field;
  readonly wanted: Wanted;
}

/** Null when nothing is asked of text columns. */
export function readTextColumns(exprs: readonly Expr[], input: Schema): TextColumns | null {
  const made = new Map<string, Made>();
  const rewritten = exprs.map((e) => rewriteExpr(e, (x) => (x.kind === 'call' ? readCall(x, input, made) : x)));
  const used = [...made.values()];
  if (used.length === 0) return null;
  const schema = [...input, ...used.map((m) => m.field)];
  const names = new Set(used.map((m) => m.field.name));
  const reads = (e: Expr): boolean => {
    let found = false;
    rewriteExpr(e, (x) => {
      if (x.kind === 'column' && names.has(x.name)) found = true;
      return x;
    });
    return found;
  };
  return {
    exprs: rewritten,
    schema,
    reads,
    applies: (batch) => used.some((m) => batch.columns[m.index]?.phys === 'utf8'),
    widen: (batch, rows, scratch) => ({
      ...batch,
      schema,
      columns: [...batch.columns, ...used.map((m) => compute(m, batch.columns[m.index] as Column, rows, scratch))],
    }),
  };
}

function readCall(e: CallExpr, input: Schema, made: Map<string, Made>): Expr {
  const [of] = e.args;
  if (of?.kind !== 'column' || of.type.kind !== 'string') return e;
  const index = input.findIndex((f) => f.name === of.name);
  const wanted = index < 0 ? null : wantedOf(e);
  if (wanted === null) return e;
  const text = wanted.kind === 'length' ? '' : wanted.pieces.texts.map((t) => valueKey(t.toString())).join();
  const anchors = wanted.kind === 'length' ? '' : `${wanted.pieces.atBegin}${wanted.pieces.atEnd}`;
  // A name no column of the user's can have.
  const name = `\0text ${index} ${wanted.kind} ${anchors} ${text}`;
  const type = wanted.kind === 'length' ? T.int : T.bool;
  made.set(name, { index, wanted, field: { name, type, nullable: true } });
  const column: Expr = { kind: 'column', name, type, nullable: e.nullable, span: e.span };
  return e.fn === 'ne' ? { ...e, fn: 'not', args: [column] } : column;
}

function wantedOf(e: CallExpr): Wanted | null {
  if (e.fn === 'length') return e.args.length === 1 ? { kind: 'length' } : null;
  const constant = e.args[1];
  if (e.args.length !== 2 || constant?.kind !== 'literal' || typeof constant.value !== 'string') return null;
  // An unpaired surrogate has no UTF-8: such text equals no stored text.
  if (/\p{Surrogate}/u.test(constant.value)) return null;
  const pieces = piecesOf(e.fn, constant.value);
  return pieces === null ? null : { kind: 'pieces', pieces };
}

function piecesOf(fn: string, text: string): Pieces | null {
  switch (fn) {
    case 'eq':
    case 'ne':
      return { texts: [Buffer.from(text)], atBegin: true, atEnd: true };
    case 'starts_with':
      return { texts: [Buffer.from(text)], atBegin: true, atEnd: false };
    case 'ends_with':
      return { texts: [Buffer.from(text)], atBegin: false, atEnd: true };
    case 'contains':
      return { texts: text === '' ? [] : [Buffer.from(text)], atBegin: false, atEnd: false };
    case 'like': {
      const like = likePieces(text);
      return like === null ? null : { ...like, texts: like.texts.map((t) => Buffer.from(t)) };
    }
    default:
      return null;
  }
}

function compute(m: Made, col: Column, rows: Rows, scratch: Scratch): Column {
  const { type } = m.field;
  if (col.phys === 'dict') return byEntry(m, col, scratch);
  if (col.phys !== 'utf8') return { type, phys: 'null', length: col.length, nullCount: col.length, validity: null };
  const { length, nullCount, validity } = col;
  const base = { type, length, nullCount, validity };
  return m.wanted.kind === 'length'
    ? { ...base, phys: 'i32', values: lengths(col, rows, scratch) }
    : { ...base, phys: 'bool', values: tests(col, m.wanted.pieces, rows, scratch) };
}

/** The results of a dictionary's entries, by row. */
function byEntry(m: Made, col: DictColumn, scratch: Scratch): Column {
  const entries = compute(m, col.dictionary, { count: col.dictionary.length, select: null }, scratch);
  const { length, nullCount, validity, codes } = col;
  const base = { type: m.field.type, length, nullCount, validity };
  if (entries.phys === 'i32') {
    const values = scratch.i32(length);
    for (let i = 0; i < length; i++) values[i] = entries.values[codes[i] as number] as number;
    return { ...base, phys: 'i32', values };
  }
  const bits = scratch.bitmap(length, false);
  if (entries.phys === 'bool') {
    const from = entries.values;
    for (let i = 0; i < length; i++) {
      const c = codes[i] as number;
      if ((((from[c >> 3] as number) >> (c & 7)) & 1) === 1) setBit(bits, i);
    }
  }
  return { ...base, phys: 'bool', values: bits };
}

/** The piece test of each row. */
export function tests(col: Utf8Column, pieces: Pieces, rows: Rows, scratch: Scratch): Uint8Array {
  const out = scratch.bitmap(col.length, false);
  const { texts, atBegin, atEnd } = pieces;
  const sizes = scratch.u32(texts.length);
  const bytes = scratch.u8(
    Math.max(
      1,
      texts.reduce((n, t) => n + t.length, 0),
    ),
  );
  let at = 0;
  texts.forEach((t, k) => {
    sizes[k] = t.length;
    bytes.set(t, at);
    at += t.length;
  });
  const k = kernelsFor(col.offsets, col.bytes, out, sizes, bytes, rows.select);
  if (k === null) {
    const all = asBuffer(col.bytes);
    each(rows, (row) => {
      if (holds(all, col.offsets[row] as number, col.offsets[row + 1] as number, pieces)) setBit(out, row);
    });
    return out;
  }
  const select = rows.select === null ? ALL_ROWS : rows.select.byteOffset;
  const anchors = (atBegin ? 1 : 0) + (atEnd ? 2 : 0);
  k.text_pieces(
    col.offsets.byteOffset,
    col.bytes.byteOffset,
    col.length,
    select,
    rows.count,
    sizes.byteOffset,
    texts.length,
    bytes.byteOffset,
    anchors,
    out.byteOffset,
  );
  return out;
}

const ALL_ROWS = 0xffffffff;

function each(rows: Rows, f: (row: number) => void): void {
  for (let i = 0; i < rows.count; i++) f(rows.select === null ? i : (rows.select[i] as number));
}

/** The reference for the kernel. */
function holds(all: Buffer, from: number, to: number, { texts, atBegin, atEnd }: Pieces): boolean {
  const rest = [...texts];
  let [begin, end] = [from, to];
  if (atBegin) {
    const first = rest.shift() as Buffer;
    if (end - begin < first.length || !all.subarray(begin, begin + first.length).equals(first)) return false;
    begin += first.length;
    if (atEnd && rest.length === 0) return begin === end;
  }
  const last = atEnd ? rest.pop() : undefined;
  if (last !== undefined) {
    if (end - begin < last.length || !all.subarray(end - last.length, end).equals(last)) return false;
    end -= last.length;
  }
  for (const piece of rest) {
    const at = all.subarray(begin, end).indexOf(piece);
    if (at < 0) return false;
    begin += at + piece.length;
  }
  return true;
}

/** Characters of the text of each row. */
export function lengths(col: Utf8Column, rows: Rows, scratch: Scratch): Int32Array {
  const out = scratch.i32(col.length);
  const k = kernelsFor(col.offsets, col.bytes, out, rows.select);
  if (k !== null) {
    const select = rows.select === null ? ALL_ROWS : rows.select.byteOffset;
    k.text_lengths(col.offsets.byteOffset, col.bytes.byteOffset, select, rows.count, out.byteOffset);
    return out;
  }
  each(rows, (row) => {
    let n = 0;
    for (let p = col.offsets[row] as number; p < (col.offsets[row + 1] as number); p++)
      if (((col.bytes[p] as number) & 0xc0) !== 0x80) n++;
    out[row] = n;
  });
  return out;
}
