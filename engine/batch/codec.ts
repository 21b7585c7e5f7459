import { EngineBug } from '../errors.ts';
import type { DataType, Schema } from '../types.ts';
import { mapEntry } from './build.ts';
import type { Batch, Column, Phys, Utf8Column } from './column.ts';
import { FORMS, HAS_VALIDITY, HEAD_WORDS, Layout, MAGIC, WIDE } from './layout.ts';

/** Exact size of the encoded batch; a multiple of 64. */
export function encodedSize(batch: Batch): number {
  return Layout.of(batch).bytes;
}

/** Writes the batch (its form is described at Layout) at the start of `into`, which must begin on a 64-byte boundary; returns the bytes used. */
export function encodeBatch(batch: Batch, into: Uint8Array): number {
  return Layout.of(batch).write(into);
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
    if (this.#words[3] !== columns)
      throw new EngineBug(`an encoded batch of ${this.#words[3]} columns is read as ${columns}`);
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
