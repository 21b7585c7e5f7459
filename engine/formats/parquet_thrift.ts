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
  let at = 0;

  const byte = (): number => {
    const b = bytes[at++];
    if (b === undefined) throw new ThriftError('it ends too early');
    return b;
  };
  const varint = (): number | bigint => {
    let low = 0;
    let scale = 1;
    for (let k = 0; k < 7; k++) {
      const b = byte();
      low += (b & 127) * scale;
      if (b < 128) return low;
      scale *= 128;
    }
    let v = BigInt(low);
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const b = byte();
      v |= BigInt(b & 127) << shift;
      if (b < 128) return v;
    }
    throw new ThriftError('a number is too long');
  };
  const zigzag = (): number | bigint => {
    const v = varint();
    if (typeof v === 'number') return v % 2 === 0 ? v / 2 : -(v + 1) / 2;
    const n = BigInt.asIntN(64, (v >> 1n) ^ -(v & 1n));
    return Number.isSafeInteger(Number(n)) ? Number(n) : n;
  };
  const size = (least: number): number => {
    const n = varint();
    if (typeof n !== 'number' || n * least > bytes.length - at) throw new ThriftError('a length goes beyond its end');
    return n;
  };
  const take = (n: number): Uint8Array => {
    if (at + n > bytes.length) throw new ThriftError('it ends too early');
    at += n;
    return bytes.subarray(at - n, at);
  };
  const value = (wire: number, depth: number): Thrift => {
    if (depth > MAX_DEPTH) throw new ThriftError('it is nested too deeply');
    if (wire === BYTE) return { kind: 'int', wire, value: (byte() << 24) >> 24 };
    if (wire === 4 || wire === 5 || wire === 6) return { kind: 'int', wire, value: zigzag() };
    if (wire === DOUBLE) return { kind: 'double', bytes: take(8) };
    if (wire === BINARY) return { kind: 'binary', value: take(size(1)) };
    if (wire === 9 || wire === 10) return list(wire, depth);
    if (wire === STRUCT) return struct(depth);
    throw new ThriftError(`it holds the unknown type ${wire}`);
  };
  const list = (wire: 9 | 10, depth: number): ThriftList => {
    const head = byte();
    const element = head & 15;
    const n = head >> 4 === 15 ? size(1) : head >> 4;
    const items: Thrift[] = [];
    for (let i = 0; i < n; i++) {
      if (element === TRUE || element === FALSE) items.push({ kind: 'bool', value: byte() === TRUE });
      else items.push(value(element, depth + 1));
    }
    return { kind: 'list', wire, element, items };
  };
  const struct = (depth: number): ThriftStruct => {
    const fields = new Map<number, Thrift>();
    let id = 0;
    for (let head = byte(); head !== 0; head = byte()) {
      const wire = head & 15;
      id = head >> 4 === 0 ? Number(zigzag()) : id + (head >> 4);
      fields.set(id, wire === TRUE || wire === FALSE ? { kind: 'bool', value: wire === TRUE } : value(wire, depth + 1));
    }
    return { kind: 'struct', fields };
  };
  return struct(0);
}

export function serializeThrift(tree: ThriftStruct): Uint8Array {
  let out = Buffer.alloc(4096);
  let at = 0;
  const reserve = (n: number): void => {
    if (at + n <= out.length) return;
    out = Buffer.concat([out.subarray(0, at)], Math.max(out.length * 2, at + n));
  };
  const byte = (b: number): void => {
    reserve(1);
    out[at++] = b;
  };
  const varint = (v: number | bigint): void => {
    let n = BigInt(v);
    for (; n > 127n; n >>= 7n) byte(Number(n & 127n) | 128);
    byte(Number(n));
  };
  const small = (v: number): void => {
    let n = v;
    for (; n > 127; n = Math.floor(n / 128)) byte((n % 128) | 128);
    byte(n);
  };
  const zigzag = (v: number | bigint): void => {
    if (typeof v === 'number' && Math.abs(v) < 2 ** 51) small(v < 0 ? -2 * v - 1 : 2 * v);
    else varint(BigInt.asUintN(64, (BigInt(v) << 1n) ^ (BigInt(v) >> 63n)));
  };
  const raw = (bytes: Uint8Array): void => {
    reserve(bytes.length);
    out.set(bytes, at);
    at += bytes.length;
  };
  const value = (t: Thrift): void => {
    switch (t.kind) {
      case 'bool':
        byte(t.value ? TRUE : FALSE);
        break;
      case 'int':
        if (t.wire === BYTE) byte(Number(t.value) & 255);
        else zigzag(t.value);
        break;
      case 'double':
        raw(t.bytes);
        break;
      case 'binary':
        small(t.value.length);
        raw(t.value);
        break;
      case 'list':
        if (t.items.length < 15) byte((t.items.length << 4) | t.element);
        else {
          byte(0xf0 | t.element);
          small(t.items.length);
        }
        t.items.forEach(value);
        break;
      case 'struct':
        struct(t);
    }
  };
  const wireOf = (t: Thrift): number => {
    if (t.kind === 'bool') return t.value ? TRUE : FALSE;
    if (t.kind === 'int' || t.kind === 'list') return t.wire;
    return t.kind === 'double' ? DOUBLE : t.kind === 'binary' ? BINARY : STRUCT;
  };
  const struct = (s: ThriftStruct): void => {
    let last = 0;
    for (const [id, t] of [...s.fields].sort((a, b) => a[0] - b[0])) {
      const delta = id - last;
      if (delta > 0 && delta < 16) byte((delta << 4) | wireOf(t));
      else {
        byte(wireOf(t));
        zigzag(id);
      }
      last = id;
      if (t.kind !== 'bool') value(t);
    }
    byte(0);
  };
  struct(tree);
  return out.subarray(0, at);
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
