/**
 * Thrift's compact protocol as a tree that keeps wire types, so that a Parquet footer can be read, edited and written again without
 * knowing every field. Integers that a double holds exactly are numbers, others bigints.
 */
export type Thrift = ThriftBool | ThriftInt | ThriftDouble | ThriftBinary | ThriftList | ThriftStruct;

export interface ThriftBool {
  readonly kind: 'bool';
  readonly value: boolean;
}
export interface ThriftInt {
  readonly kind: 'int';
  readonly wire: 3 | 4 | 5 | 6;
  readonly value: number | bigint;
}
export interface ThriftDouble {
  readonly kind: 'double';
  readonly bytes: Uint8Array;
}
export interface ThriftBinary {
  readonly kind: 'binary';
  readonly value: Uint8Array;
}
export interface ThriftList {
  readonly kind: 'list';
  readonly wire: 9 | 10;
  readonly element: number;
  readonly items: readonly Thrift[];
}
export interface ThriftStruct {
  readonly kind: 'struct';
  readonly fields: ReadonlyMap<number, Thrift>;
}

const TRUE = 1;
const FALSE = 2;
const BYTE = 3;
const DOUBLE = 7;
const BINARY = 8;
const STRUCT = 12;

/** A footer that is not valid Thrift. The caller knows the file. */
export class ThriftError extends Error {
  override readonly name = 'ThriftError';
}

const MAX_DEPTH = 64;

/** The struct that starts at byte 0. */
export function parseThrift(bytes: Uint8Array): ThriftStruct {
  return new Reader(bytes).struct(0);
}

/** The struct that starts at byte 0, and where it ends. */
export function parseThriftPrefix(bytes: Uint8Array): { readonly tree: ThriftStruct; readonly end: number } {
  const reader = new Reader(bytes);
  return { tree: reader.struct(0), end: reader.end };
}

class Reader {
  private readonly bytes: Uint8Array;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Bytes read so far. */
  get end(): number {
    return this.at;
  }

  struct(depth: number): ThriftStruct {
    const fields = new Map<number, Thrift>();
    let id = 0;
    for (let head = this.byte(); head !== 0; head = this.byte()) {
      const wire = head & 15;
      id = head >> 4 === 0 ? Number(this.zigzag()) : id + (head >> 4);
      const flag = wire === TRUE || wire === FALSE;
      fields.set(id, flag ? { kind: 'bool', value: wire === TRUE } : this.value(wire, depth + 1));
    }
    return { kind: 'struct', fields };
  }

  private value(wire: number, depth: number): Thrift {
    if (depth > MAX_DEPTH) throw new ThriftError('it is nested too deeply');
    if (wire === BYTE) return { kind: 'int', wire, value: (this.byte() << 24) >> 24 };
    if (wire === 4 || wire === 5 || wire === 6) return { kind: 'int', wire, value: this.zigzag() };
    if (wire === DOUBLE) return { kind: 'double', bytes: this.take(8) };
    if (wire === BINARY) return { kind: 'binary', value: this.take(this.size()) };
    if (wire === 9 || wire === 10) return this.list(wire, depth);
    if (wire === STRUCT) return this.struct(depth);
    throw new ThriftError(`it holds the unknown type ${wire}`);
  }

  private list(wire: 9 | 10, depth: number): ThriftList {
    const head = this.byte();
    const element = head & 15;
    const n = head >> 4 === 15 ? this.size() : head >> 4;
    const items: Thrift[] = [];
    for (let i = 0; i < n; i++) {
      if (element === TRUE || element === FALSE) items.push({ kind: 'bool', value: this.byte() === TRUE });
      else items.push(this.value(element, depth + 1));
    }
    return { kind: 'list', wire, element, items };
  }

  private byte(): number {
    const b = this.bytes[this.at++];
    if (b === undefined) throw new ThriftError('it ends too early');
    return b;
  }

  private varint(): number | bigint {
    let low = 0;
    let scale = 1;
    for (let k = 0; k < 7; k++) {
      const b = this.byte();
      low += (b & 127) * scale;
      if (b < 128) return low;
      scale *= 128;
    }
    let v = BigInt(low);
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const b = this.byte();
      v |= BigInt(b & 127) << shift;
      if (b < 128) return v;
    }
    throw new ThriftError('a number is too long');
  }

  private zigzag(): number | bigint {
    const v = this.varint();
    if (typeof v === 'number') return v % 2 === 0 ? v / 2 : -(v + 1) / 2;
    const n = BigInt.asIntN(64, (v >> 1n) ^ -(v & 1n));
    return Number.isSafeInteger(Number(n)) ? Number(n) : n;
  }

  /** A length: of bytes, or of a list whose items take a byte or more each. */
  private size(): number {
    const n = this.varint();
    if (typeof n !== 'number' || n > this.bytes.length - this.at) throw new ThriftError('a length goes beyond its end');
    return n;
  }

  private take(n: number): Uint8Array {
    if (this.at + n > this.bytes.length) throw new ThriftError('it ends too early');
    this.at += n;
    return this.bytes.subarray(this.at - n, this.at);
  }
}

export function serializeThrift(tree: ThriftStruct): Uint8Array {
  const writer = new Writer();
  writer.struct(tree);
  return writer.view();
}

class Writer {
  private out = Buffer.alloc(4096);
  private at = 0;

  view(): Uint8Array {
    return this.out.subarray(0, this.at);
  }

  struct(s: ThriftStruct): void {
    let last = 0;
    for (const [id, t] of [...s.fields].sort((a, b) => a[0] - b[0])) {
      const delta = id - last;
      if (delta > 0 && delta < 16) this.byte((delta << 4) | wireOf(t));
      else {
        this.byte(wireOf(t));
        this.zigzag(id);
      }
      last = id;
      if (t.kind !== 'bool') this.value(t);
    }
    this.byte(0);
  }

  private value(t: Thrift): void {
    switch (t.kind) {
      case 'bool':
        this.byte(t.value ? TRUE : FALSE);
        break;
      case 'int':
        if (t.wire === BYTE) this.byte(Number(t.value) & 255);
        else this.zigzag(t.value);
        break;
      case 'double':
        this.raw(t.bytes);
        break;
      case 'binary':
        this.size(t.value.length);
        this.raw(t.value);
        break;
      case 'list':
        if (t.items.length < 15) this.byte((t.items.length << 4) | t.element);
        else {
          this.byte(0xf0 | t.element);
          this.size(t.items.length);
        }
        for (const item of t.items) this.value(item);
        break;
      case 'struct':
        this.struct(t);
    }
  }

  private reserve(n: number): void {
    if (this.at + n <= this.out.length) return;
    this.out = Buffer.concat([this.out.subarray(0, this.at)], Math.max(this.out.length * 2, this.at + n));
  }

  private byte(b: number): void {
    this.reserve(1);
    this.out[this.at++] = b;
  }

  private size(n: number): void {
    let rest = n;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.byte((rest % 128) | 128);
    this.byte(rest);
  }

  private zigzag(v: number | bigint): void {
    if (typeof v === 'number' && Math.abs(v) < 2 ** 51) {
      this.size(v < 0 ? -2 * v - 1 : 2 * v);
      return;
    }
    let n = BigInt.asUintN(64, (BigInt(v) << 1n) ^ (BigInt(v) >> 63n));
    for (; n > 127n; n >>= 7n) this.byte(Number(n & 127n) | 128);
    this.byte(Number(n));
  }

  private raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.out.set(bytes, this.at);
    this.at += bytes.length;
  }
}

function wireOf(t: Thrift): number {
  if (t.kind === 'bool') return t.value ? TRUE : FALSE;
  if (t.kind === 'int' || t.kind === 'list') return t.wire;
  return t.kind === 'double' ? DOUBLE : t.kind === 'binary' ? BINARY : STRUCT;
}

/** The same struct with some fields replaced, or removed (null). */
export function withFields(s: ThriftStruct, changes: Readonly<Record<number, Thrift | null>>): ThriftStruct {
  const fields = new Map(s.fields);
  for (const [id, value] of Object.entries(changes)) {
    if (value === null) fields.delete(Number(id));
    else fields.set(Number(id), value);
  }
  return { kind: 'struct', fields };
}

export function i64(value: number | bigint): ThriftInt {
  return { kind: 'int', wire: 6, value };
}

export function i32(value: number): ThriftInt {
  return { kind: 'int', wire: 5, value };
}

export function text(value: string): ThriftBinary {
  return { kind: 'binary', value: Buffer.from(value) };
}

export function thrift(fields: Readonly<Record<number, Thrift | null>>): ThriftStruct {
  const set = Object.entries(fields).filter((e): e is [string, Thrift] => e[1] !== null);
  return { kind: 'struct', fields: new Map(set.map(([id, t]) => [Number(id), t])) };
}

export function listOf(element: number, items: readonly Thrift[]): ThriftList {
  return { kind: 'list', wire: 9, element, items };
}

export function structList(items: readonly ThriftStruct[]): ThriftList {
  return { kind: 'list', wire: 9, element: STRUCT, items };
}

/** Typed looks at optional fields; a field of another kind than asked for is damage. */
export function intField(s: ThriftStruct, id: number): number | undefined {
  const f = s.fields.get(id);
  if (f === undefined) return undefined;
  if (f.kind !== 'int' || typeof f.value !== 'number') throw new ThriftError(`field ${id} is not a number in range`);
  return f.value;
}

export function binaryField(s: ThriftStruct, id: number): Uint8Array | undefined {
  const f = s.fields.get(id);
  if (f !== undefined && f.kind !== 'binary') throw new ThriftError(`field ${id} is not text`);
  return f?.value;
}

export function textField(s: ThriftStruct, id: number): string | undefined {
  const b = binaryField(s, id);
  return b === undefined ? undefined : Buffer.from(b).toString('utf8');
}

export function structField(s: ThriftStruct, id: number): ThriftStruct | undefined {
  const f = s.fields.get(id);
  if (f !== undefined && f.kind !== 'struct') throw new ThriftError(`field ${id} is not a struct`);
  return f;
}

export function listField(s: ThriftStruct, id: number): readonly Thrift[] {
  const f = s.fields.get(id);
  if (f === undefined) return [];
  if (f.kind !== 'list') throw new ThriftError(`field ${id} is not a list`);
  return f.items;
}

export function structsField(s: ThriftStruct, id: number): readonly ThriftStruct[] {
  return listField(s, id).map((t) => {
    if (t.kind !== 'struct') throw new ThriftError(`field ${id} is not a list of structs`);
    return t;
  });
}
