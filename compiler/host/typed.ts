import { type DataType, type Field, T, type Typed } from '../../engine/types.ts';
import type { TsType } from './ts_types.ts';

type Types = ReadonlyMap<string, TsType>;

const NAMED: Readonly<Record<string, DataType>> = {
  number: T.float,
  string: T.string,
  boolean: T.bool,
  bigint: T.int,
  Date: T.timestamp,
  Uint8Array: T.bytes,
  Buffer: T.bytes,
  Float64Array: T.list(T.float, false),
  Float32Array: T.list(T.float, false),
  Int32Array: T.list(T.int, false),
  BigInt64Array: T.list(T.int, false),
};

const NOTHING = new Set(['null', 'undefined', 'void']);
const LISTS = new Set([
  'Array',
  'ReadonlyArray',
  'Generator',
  'Iterable',
  'IterableIterator',
  'AsyncGenerator',
  'AsyncIterable',
  'Set',
]);
const SAME = new Set(['Promise', 'PromiseLike', 'Awaited', 'Readonly', 'Required', 'NonNullable']);
const MOST_DEPTH = 20;

/** The type of the language that corresponds to a written one; null where none does, as for `any`. */
export function typedOf(t: TsType, types: Types, depth = 0): Typed | null {
  if (depth > MOST_DEPTH) return null;
  switch (t.kind) {
    case 'literal':
      return { type: t.of === 'string' ? T.string : t.of === 'number' ? T.float : T.bool, nullable: false };
    case 'array':
      return listOf(t.item, types, depth);
    case 'union':
      return unionOf(t.members, types, depth);
    case 'intersection':
      return mergedOf(t.members, types, depth);
    case 'object':
      return structOf(t.members, types, depth);
    case 'name':
      return namedOf(t, types, depth);
    case 'function':
    case 'other':
      return null;
  }
}

function listOf(item: TsType | undefined, types: Types, depth: number): Typed | null {
  const inner = item === undefined ? null : typedOf(item, types, depth + 1);
  return inner === null ? null : { type: T.list(inner.type, inner.nullable), nullable: false };
}

/** All members have one type, nothing (null) left aside. */
function unionOf(members: readonly TsType[], types: Types, depth: number): Typed | null {
  const nothing = members.filter((m) => m.kind === 'name' && NOTHING.has(m.name));
  const rest = members.filter((m) => !nothing.includes(m)).map((m) => typedOf(m, types, depth + 1));
  const [first] = rest;
  if (first === undefined || first === null) return null;
  const same = rest.every((m) => m !== null && JSON.stringify(m.type) === JSON.stringify(first.type));
  return same ? { type: first.type, nullable: nothing.length > 0 || rest.some((m) => m?.nullable === true) } : null;
}

/** The fields of all members, which are structs. */
function mergedOf(members: readonly TsType[], types: Types, depth: number): Typed | null {
  const fields: Field[] = [];
  for (const member of members) {
    const typed = typedOf(member, types, depth + 1);
    if (typed?.type.kind !== 'struct' || typed.nullable) return null;
    fields.push(...typed.type.fields);
  }
  const distinct = new Set(fields.map((f) => f.name)).size === fields.length;
  return distinct ? { type: T.struct(fields), nullable: false } : null;
}

function structOf(members: (TsType & { kind: 'object' })['members'], types: Types, depth: number): Typed | null {
  const fields: Field[] = [];
  for (const { name, optional, type } of members) {
    const typed = typedOf(type, types, depth + 1);
    if (typed === null) return null;
    fields.push({ name, type: typed.type, nullable: typed.nullable || optional });
  }
  return fields.length === 0 ? null : { type: T.struct(fields), nullable: false };
}

function namedOf({ name, args }: TsType & { kind: 'name' }, types: Types, depth: number): Typed | null {
  const own = types.get(name);
  if (own !== undefined) return typedOf(own, types, depth + 1);
  const [first, second] = args;
  if (first === undefined) {
    const plain = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
    return plain === undefined ? null : { type: plain, nullable: false };
  }
  if (SAME.has(name)) return typedOf(first, types, depth + 1);
  if (LISTS.has(name)) return listOf(first, types, depth);
  if (name === 'Partial') {
    const inner = typedOf(first, types, depth + 1);
    if (inner?.type.kind !== 'struct') return null;
    return { type: T.struct(inner.type.fields.map((f) => ({ ...f, nullable: true }))), nullable: inner.nullable };
  }
  if ((name === 'Record' || name === 'Map') && second !== undefined) {
    const [key, value] = [typedOf(first, types, depth + 1), typedOf(second, types, depth + 1)];
    if (key === null || value === null || (name === 'Record' && key.type.kind !== 'string')) return null;
    return { type: { kind: 'map', key: key.type, value }, nullable: false };
  }
  return Object.hasOwn(NAMED, name) ? { type: NAMED[name] as DataType, nullable: false } : null;
}

/** Whether values come as promises. */
export function isPromise(t: TsType | null): boolean {
  return t?.kind === 'name' && (t.name === 'Promise' || t.name === 'PromiseLike' || t.name.startsWith('Async'));
}
