import { EngineBug } from '../errors.ts';
import { copyInto } from '../kernels/copy.ts';
import { kernelsFor } from '../kernels/load.ts';
import { bitmapBytes } from './bitmap.ts';
import type { Batch, Column, Phys } from './column.ts';
import { sliceColumn } from './slice.ts';

/** First word of an encoded batch. */
export const MAGIC = 0x48435442;
export const HEAD_WORDS = 5;
export const HAS_VALIDITY = 1 << 8;
export const WIDE = 1 << 9;
const ALIGN = 64;

/** Physical forms by their number in a node. */
export const FORMS = [
  'null',
  'bool',
  'i32',
  'i64',
  'i128',
  'f64',
  'utf8',
  'dict',
  'interval',
  'list',
  'struct',
] as const satisfies readonly Phys[];
const CODE = Object.fromEntries(FORMS.map((f, i) => [f, i])) as Record<Phys, number>;

export type Numbers = Int32Array | BigInt64Array | Float64Array;

/** Writes a buffer into its place, a view of exactly its bytes. */
type Fill = (to: Uint8Array) => void;

/**
 * Plan of an encoded batch: one contiguous, relocatable span with a header of 32-bit words, then buffers, each on a 64-byte boundary of the span.
 * Header: magic, bytes in all, rows, columns, bytes of the header. Then, for each column and below it each child in order (a
 * dictionary, list items, struct fields), a node: physical form and flags, length, null count, and offset and bytes of each of its
 * buffers. Offsets of strings and lists are stored from 0 on, whatever slice of a larger column was encoded.
 */
export class Layout {
  readonly rows: number;
  readonly #words: number[];
  readonly #fills: { readonly at: number; readonly bytes: number; readonly fill: Fill }[] = [];
  /** Offset of the next buffer, from the end of the header. */
  #end = 0;

  constructor(rows: number, columns: number) {
    this.rows = rows;
    this.#words = [MAGIC, 0, rows, columns, 0];
  }

  static of(batch: Batch): Layout {
    const layout = new Layout(batch.rows, batch.columns.length);
    for (const c of batch.columns) layout.column(c);
    return layout;
  }

  /** Exact size of the encoded batch; a multiple of 64. */
  get bytes(): number {
    return align(this.#words.length * 4) + this.#end;
  }

  /** Starts a node; its buffers and children follow. */
  node(phys: Phys, length: number, nullCount: number, hasValidity: boolean, wide = false): void {
    this.#words.push(CODE[phys] | (hasValidity ? HAS_VALIDITY : 0) | (wide ? WIDE : 0), length, nullCount);
  }

  buffer(bytes: number, fill: Fill): void {
    this.#words.push(this.#end, bytes);
    this.#fills.push({ at: this.#end, bytes, fill });
    this.#end += align(bytes);
  }

  #copy(bytes: Uint8Array): void {
    this.buffer(bytes.length, (to) => copyInto(to, bytes));
  }

  #offsets(offsets: Int32Array, n: number): void {
    const base = offsets[0] as number;
    if (base === 0) this.#copy(bytesOf(offsets, 0, n + 1));
    else this.buffer(4 * (n + 1), (to) => shift(offsets, 0, n + 1, -base, int32(to), 0));
  }

  /** A whole column, children included. */
  column(c: Column): void {
    const n = c.length;
    this.node(c.phys, n, c.nullCount, c.validity !== null, c.phys === 'i64' && c.wide);
    if (c.validity !== null) this.#copy(c.validity.subarray(0, bitmapBytes(n)));
    switch (c.phys) {
      case 'null':
        break;
      case 'bool':
        this.#copy(c.values.subarray(0, bitmapBytes(n)));
        break;
      case 'i32':
      case 'i64':
      case 'f64':
        this.#copy(bytesOf(c.values, 0, n));
        break;
      case 'i128':
        this.#copy(bytesOf(c.values, 0, 2 * n));
        break;
      case 'interval':
        this.#copy(bytesOf(c.values, 0, 4 * n));
        break;
      case 'utf8':
        this.#offsets(c.offsets, n);
        this.#copy(c.bytes.subarray(c.offsets[0], c.offsets[n]));
        break;
      case 'dict':
        this.#copy(bytesOf(c.codes, 0, n));
        this.column(c.dictionary);
        break;
      case 'list':
        this.#offsets(c.offsets, n);
        this.column(sliceColumn(c.child, c.offsets[0] as number, c.offsets[n] as number));
        break;
      case 'struct':
        for (const k of c.children) this.column(k);
        break;
    }
  }

  /** Writes the batch at the start of `into`, which begins on a 64-byte boundary; returns the bytes used. */
  write(into: Uint8Array): number {
    const bytes = this.bytes;
    if (into.length < bytes) throw new EngineBug(`a batch of ${bytes} encoded bytes does not fit ${into.length}`);
    const head = align(this.#words.length * 4);
    this.#words[1] = bytes;
    this.#words[4] = head;
    new Uint32Array(into.buffer, into.byteOffset, this.#words.length).set(this.#words);
    for (const f of this.#fills) f.fill(into.subarray(head + f.at, head + f.at + f.bytes));
    return bytes;
  }
}

/** A column whose buffers lie in the span of an encoded batch already, each on a 64-byte boundary: offsets from the start of the span, behind the header. */
export interface PlacedColumn {
  readonly phys: Phys;
  readonly nullCount: number;
  readonly wide: boolean;
  /** In the order of the form; with the bitmap first exactly when there are nulls. */
  buffers: readonly { readonly at: number; readonly bytes: number }[];
}

/** Writes the header of a batch of columns without children that lies in `span`, all of it. The header is 4 * (HEAD_WORDS + 3 a column + 2 a buffer) bytes, rounded up to 64. */
export function writeHead(span: Uint8Array, rows: number, columns: readonly PlacedColumn[]): void {
  const count = columns.reduce((n, c) => n + 3 + 2 * c.buffers.length, HEAD_WORDS);
  const head = align(count * 4);
  const words = [MAGIC, span.length, rows, columns.length, head];
  for (const c of columns) {
    words.push(CODE[c.phys] | (c.nullCount > 0 ? HAS_VALIDITY : 0) | (c.wide ? WIDE : 0), rows, c.nullCount);
    for (const b of c.buffers) words.push(b.at - head, b.bytes);
  }
  new Uint32Array(span.buffer, span.byteOffset, count).set(words);
}

/** The bytes of values [from, to). */
export function bytesOf(values: Numbers, from: number, to: number): Uint8Array {
  const width = values.BYTES_PER_ELEMENT;
  return new Uint8Array(values.buffer, values.byteOffset + from * width, (to - from) * width);
}

export function int32(b: Uint8Array): Int32Array {
  return new Int32Array(b.buffer, b.byteOffset, b.length >> 2);
}

/** Copies values [from, to), each with `by` added, to `out` from `at` on. */
export function shift(values: Int32Array, from: number, to: number, by: number, out: Int32Array, at: number): void {
  const kernels = kernelsFor(values, out);
  if (kernels !== null) {
    kernels.add_i32(values.byteOffset + 4 * from, to - from, by, out.byteOffset + 4 * at);
    return;
  }
  for (let i = from, k = at; i < to; i++, k++) out[k] = (values[i] as number) + by;
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGN) * ALIGN;
}
