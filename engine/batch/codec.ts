import { EngineBug } from '../errors.ts';
import type { DataType, Schema } from '../types.ts';
import { bitmapBytes } from './bitmap.ts';
import { mapEntry } from './build.ts';
import type { Batch, Column, Phys, Utf8Column } from './column.ts';
import { sliceColumn } from './slice.ts';

/**
 * An encoded batch is one contiguous, relocatable span: a header of 32-bit words, then buffers, each on a 64-byte boundary of the span.
 * Header: magic, bytes in all, rows, columns, bytes of the header. Then, for each column and below it each child in order (a dictionary, list items, struct
 * fields), a node: physical form and flags, length, null count, and offset and bytes of each of its buffers. Offsets of strings
 * and lists are stored from 0 on, whatever slice of a larger column was encoded.
 */
const MAGIC = 0x48435442;
const ALIGN = 64;
const HEAD_WORDS = 5;
const HAS_VALIDITY = 1 << 8;
const WIDE = 1 << 9;

const FORMS = ['null', 'bool', 'i32', 'i64', 'i128', 'f64', 'utf8', 'dict', 'interval', 'list', 'struct'] as const satisfies readonly Phys[];
const CODE = Object.fromEntries(FORMS.map((f, i) => [f, i])) as Record<Phys, number>;

type Numbers = Int32Array | BigInt64Array | Float64Array;

/** A buffer to be written; `base` is subtracted from each value (offsets of a slice). */
interface Part {
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly base: number;
}

/** Lays a batch out: header words and where each buffer goes. */
class Layout {
  readonly words: number[] = [];
  readonly parts: Part[] = [];
  /** Offset of the next buffer, from the end of the header. */
  end = 0;

  constructor(batch: Batch) {
    this.words.push(MAGIC, 0, batch.rows, batch.columns.length, 0);
    for (const c of batch.columns) this.#node(c);
  }

  get headBytes(): number {
    return align(this.words.length * 4);
  }

  get bytes(): number {
    return this.headBytes + this.end;
  }

  #buffer(bytes: Uint8Array, base = 0): void {
    this.words.push(this.end, bytes.length);
    this.parts.push({ at: this.end, bytes, base });
    this.end += align(bytes.length);
  }

  #numbers(values: Numbers, count: number, base = 0): void {
    this.#buffer(new Uint8Array(values.buffer, values.byteOffset, count * values.BYTES_PER_ELEMENT), base);
  }

  #node(c: Column): void {
    const n = c.length;
    const flags = (c.validity === null ? 0 : HAS_VALIDITY) | (c.phys === 'i64' && c.wide ? WIDE : 0);
    this.words.push(CODE[c.phys] | flags, n, c.nullCount);
    if (c.validity !== null) this.#buffer(c.validity.subarray(0, bitmapBytes(n)));
    switch (c.phys) {
      case 'null':
        break;
      case 'bool':
        this.#buffer(c.values.subarray(0, bitmapBytes(n)));
        break;
      case 'i32':
      case 'i64':
      case 'f64':
        this.#numbers(c.values, n);
        break;
      case 'i128':
        this.#numbers(c.values, 2 * n);
        break;
      case 'interval':
        this.#numbers(c.values, 4 * n);
        break;
      case 'utf8': {
        const from = c.offsets[0] as number;
        this.#numbers(c.offsets, n + 1, from);
        this.#buffer(c.bytes.subarray(from, c.offsets[n] as number));
        break;
      }
      case 'dict':
        this.#numbers(c.codes, n);
        this.#node(c.dictionary);
        break;
      case 'list': {
        const from = c.offsets[0] as number;
        this.#numbers(c.offsets, n + 1, from);
        this.#node(sliceColumn(c.child, from, c.offsets[n] as number));
        break;
      }
      case 'struct':
        for (const k of c.children) this.#node(k);
        break;
    }
  }

  write(into: Uint8Array): number {
    const bytes = this.bytes;
    if (into.length < bytes) throw new EngineBug(`a batch of ${bytes} encoded bytes does not fit ${into.length}`);
    const head = this.headBytes;
    this.words[1] = bytes;
    this.words[4] = head;
    new Uint32Array(into.buffer, into.byteOffset, this.words.length).set(this.words);
    for (const p of this.parts) {
      if (p.base === 0) into.set(p.bytes, head + p.at);
      else rebase(p, into, head);
    }
    return bytes;
  }
}

function rebase(p: Part, into: Uint8Array, head: number): void {
  const n = p.bytes.length / 4;
  const from = new Int32Array(p.bytes.buffer, p.bytes.byteOffset, n);
  const to = new Int32Array(into.buffer, into.byteOffset + head + p.at, n);
  for (let i = 0; i < n; i++) to[i] = (from[i] as number) - p.base;
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGN) * ALIGN;
}

/** Exact size of the encoded batch; a multiple of 64. */
export function encodedSize(batch: Batch): number {
  return new Layout(batch).bytes;
}

/** Writes the batch at the start of `into`, which must begin on a 64-byte boundary; returns the bytes used. */
export function encodeBatch(batch: Batch, into: Uint8Array): number {
  return new Layout(batch).write(into);
}

/** Bytes of the encoded batch that starts at `bytes`: how batches laid end to end are told apart. */
export function encodedBytes(bytes: Uint8Array): number {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, HEAD_WORDS);
  if (words[0] !== MAGIC) throw new EngineBug('no encoded batch starts here');
  return words[1] as number;
}

/** Views on an encoded batch; nothing is copied. `bytes` must begin on a 64-byte boundary, or on an 8-byte one at least. */
export function decodeBatch(bytes: Uint8Array, schema: Schema): Batch {
  const reader = new NodeReader(bytes, schema.length);
  return { schema, rows: reader.rows, columns: schema.map((f) => reader.column(f.type)) };
}

class NodeReader {
  readonly rows: number;
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #head: number;
  #at = HEAD_WORDS;

  constructor(bytes: Uint8Array, columns: number) {
    const size = encodedBytes(bytes);
    if (size > bytes.length) throw new EngineBug(`an encoded batch of ${size} bytes was cut to ${bytes.length}`);
    this.#bytes = bytes;
    this.#words = new Uint32Array(bytes.buffer, bytes.byteOffset, size >> 2);
    if (this.#words[3] !== columns) throw new EngineBug(`an encoded batch of ${this.#words[3]} columns is read as ${columns}`);
    this.rows = this.#words[2] as number;
    this.#head = this.#words[4] as number;
  }

  #next(): number {
    return this.#words[this.#at++] as number;
  }

  #buffer(): Uint8Array {
    const at = this.#head + this.#next();
    return this.#bytes.subarray(at, at + this.#next());
  }

  #i32(): Int32Array {
    const b = this.#buffer();
    return new Int32Array(b.buffer, b.byteOffset, b.length >> 2);
  }

  #i64(): BigInt64Array {
    const b = this.#buffer();
    return new BigInt64Array(b.buffer, b.byteOffset, b.length >> 3);
  }

  #f64(): Float64Array {
    const b = this.#buffer();
    return new Float64Array(b.buffer, b.byteOffset, b.length >> 3);
  }

  column(type: DataType): Column {
    const code = this.#next();
    const length = this.#next();
    const nullCount = this.#next();
    const validity = code & HAS_VALIDITY ? this.#buffer() : null;
    const base = { type, length, nullCount, validity };
    const phys = formOf(code);
    switch (phys) {
      case 'null':
        return { ...base, phys, validity: null };
      case 'bool':
        return { ...base, phys, values: this.#buffer() };
      case 'i32':
      case 'interval':
        return { ...base, phys, values: this.#i32() };
      case 'i64':
        return { ...base, phys, values: this.#i64(), wide: (code & WIDE) !== 0 };
      case 'i128':
        return { ...base, phys, values: this.#i64() };
      case 'f64':
        return { ...base, phys, values: this.#f64() };
      case 'utf8':
        return { ...base, phys, offsets: this.#i32(), bytes: this.#buffer() };
      case 'dict':
        return { ...base, phys, codes: this.#i32(), dictionary: this.column(type) as Utf8Column };
      case 'list':
        return { ...base, phys, offsets: this.#i32(), child: this.column(itemType(type)) };
      case 'struct':
        return { ...base, phys, children: fieldTypes(type).map((t) => this.column(t)) };
    }
  }
}

function formOf(code: number): Phys {
  const phys = FORMS[code & 0xff];
  if (phys === undefined) throw new EngineBug(`an encoded column has the unknown form ${code & 0xff}`);
  return phys;
}

function itemType(type: DataType): DataType {
  if (type.kind === 'list') return type.item.type;
  if (type.kind === 'map') return mapEntry(type);
  throw new EngineBug(`a ${type.kind} is not stored as a list`);
}

function fieldTypes(type: DataType): readonly DataType[] {
  if (type.kind !== 'struct') throw new EngineBug(`a ${type.kind} is not stored as a struct`);
  return type.fields.map((f) => f.type);
}
