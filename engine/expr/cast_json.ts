import type { LiteralValue } from '../expr.ts';
import { toJson } from '../functions/format.ts';
import { exactNumber, parseJson, writeJson } from '../functions/json.ts';
import { isJson, parseDecimal } from '../functions/parse.ts';
import { type DataType, T } from '../types.ts';
import type { CastFn } from './cast.ts';

/** Any value to JSON text; a string is taken as JSON text itself, and must be. */
export function castToJson(from: DataType): CastFn {
  if (from.kind === 'string') return (v) => (isJson(v as string) ? v : null);
  return (v) => toJson(from, v);
}

/** JSON text to a type: its numbers, words, arrays and objects, and text by the rules of text. JSON null is null. */
export function castFromJson(to: DataType, castFn: (from: DataType, to: DataType) => CastFn | null): CastFn | null {
  const convert = converter(to, castFn);
  return convert === null ? null : (v) => convert(parseJson(v as string));
}

type Convert = (value: unknown) => LiteralValue;

function converter(to: DataType, castFn: (from: DataType, to: DataType) => CastFn | null): Convert | null {
  if (to.kind === 'list') {
    const item = converter(to.item.type, castFn);
    return item === null ? null : (v) => (Array.isArray(v) ? all(v, item) : null);
  }
  if (to.kind === 'struct') return structConverter(to, castFn);
  if (to.kind === 'map') return mapConverter(to, castFn);
  if (to.kind === 'json') return (v) => writeJson(v);
  const fromText = castFn(T.string, to);
  const fromNumber = castFn(T.float, to);
  if (fromText === null) return null;
  return (v) => {
    const exact = exactNumber(v);
    if (exact !== null)
      return isNumber(to)
        ? (fromText(exact) ?? fromNumber?.(Number(exact)) ?? null)
        : to.kind === 'string'
          ? exact
          : null;
    if (typeof v === 'string') return fromText(v);
    if (typeof v === 'boolean') return to.kind === 'bool' ? v : to.kind === 'string' ? String(v) : null;
    if (typeof v !== 'number') return null;
    if (to.kind === 'decimal') return parseDecimal(String(v), to.precision, to.scale);
    if (to.kind === 'string') return String(v);
    return fromNumber === null ? null : fromNumber(v);
  };
}

function isNumber({ kind }: DataType): boolean {
  return kind === 'int' || kind === 'float' || kind === 'decimal';
}

function all(items: readonly unknown[], item: Convert): readonly LiteralValue[] | null {
  const out: LiteralValue[] = [];
  for (const x of items) {
    const y = x === null ? null : item(x);
    if (y === null && x !== null) return null;
    out.push(y);
  }
  return out;
}

function structConverter(
  to: DataType & { kind: 'struct' },
  castFn: (from: DataType, to: DataType) => CastFn | null,
): Convert | null {
  const parts: { name: string; convert: Convert }[] = [];
  for (const f of to.fields) {
    const convert = converter(f.type, castFn);
    if (convert === null) return null;
    parts.push({ name: f.name, convert });
  }
  return (v) => {
    if (v === null || typeof v !== 'object' || Array.isArray(v)) return null;
    const values = parts.map((p) => {
      const x = Object.hasOwn(v, p.name) ? (v as Record<string, unknown>)[p.name] : null;
      return { x, y: x === null ? null : p.convert(x) };
    });
    if (values.some(({ x, y }) => y === null && x !== null)) return null;
    return Object.fromEntries(values.map(({ y }, i) => [(parts[i] as { name: string }).name, y]));
  };
}

function mapConverter(
  to: DataType & { kind: 'map' },
  castFn: (from: DataType, to: DataType) => CastFn | null,
): Convert | null {
  const key = castFn(T.string, to.key);
  const value = converter(to.value.type, castFn);
  if (key === null || value === null) return null;
  return (v) => {
    if (v === null || typeof v !== 'object' || Array.isArray(v)) return null;
    const out: LiteralValue[] = [];
    for (const [k, x] of Object.entries(v)) {
      const pair = { key: key(k), value: x === null ? null : value(x) };
      if (pair.key === null || (pair.value === null && x !== null)) return null;
      out.push(pair);
    }
    return out;
  };
}
