import { valueReader } from '../batch/access.ts';
import { asBuffer } from '../batch/buffers.ts';
import { mapEntry } from '../batch/build.ts';
import type { Column } from '../batch/column.ts';
import { isValid } from '../batch/column.ts';
import type { IntervalValue, LiteralValue } from '../expr.ts';
import type { DataType } from '../types.ts';

/**
 * Lists, structs and maps as canonical text: equal values give equal text, so that they can be keys of a hash table and be held by aggregates.
 * JSON with the type known on both sides: fields by position, big integers and non-finite floats as strings, bytes as base64.
 */
export function encodeNested(col: Column, type: DataType): { bytes: Uint8Array; offsets: Int32Array } {
  const read = valueReader(col);
  const offsets = new Int32Array(col.length + 1);
  const texts: string[] = [];
  let total = 0;
  for (let i = 0; i < col.length; i++) {
    const text = isValid(col, i) ? JSON.stringify(toJson(read(i), type)) : '';
    texts.push(text);
    total += Buffer.byteLength(text);
    offsets[i + 1] = total;
  }
  const bytes = asBuffer(new Uint8Array(total));
  for (let i = 0; i < texts.length; i++) bytes.utf8Write(texts[i] as string, offsets[i] as number);
  return { bytes, offsets };
}

export function decodeNested(text: string, type: DataType): LiteralValue {
  return fromJson(JSON.parse(text) as Json, type);
}

type Json = null | boolean | number | string | Json[];

function toJson(v: LiteralValue, type: DataType): Json {
  if (v === null) return null;
  switch (type.kind) {
    case 'float':
      return Number.isFinite(v as number) ? (v as number) + 0 : String(v);
    case 'bytes':
      return Buffer.from(v as Uint8Array).toString('base64');
    case 'interval': {
      const { months, days, micros } = v as IntervalValue;
      return [months, days, micros];
    }
    case 'list':
      return (v as readonly LiteralValue[]).map((x) => toJson(x, type.item.type));
    case 'map':
      return (v as readonly LiteralValue[]).map((x) => toJson(x, mapEntry(type)));
    case 'struct':
      return type.fields.map((f) => toJson((v as { [k: string]: LiteralValue })[f.name] ?? null, f.type));
    default:
      return typeof v === 'bigint' ? String(v) : (v as Json);
  }
}

function fromJson(j: Json, type: DataType): LiteralValue {
  if (j === null) return null;
  switch (type.kind) {
    case 'int':
    case 'decimal':
    case 'time':
    case 'timestamp':
      return typeof j === 'string' ? BigInt(j) : (j as number);
    case 'float':
      return Number(j);
    case 'bytes':
      return new Uint8Array(Buffer.from(j as string, 'base64'));
    case 'interval': {
      const [months, days, micros] = j as number[];
      return { months: months ?? 0, days: days ?? 0, micros: micros ?? 0 };
    }
    case 'list':
      return (j as Json[]).map((x) => fromJson(x, type.item.type));
    case 'map':
      return (j as Json[]).map((x) => fromJson(x, mapEntry(type)));
    case 'struct':
      return Object.fromEntries(type.fields.map((f, i) => [f.name, fromJson((j as Json[])[i] ?? null, f.type)]));
    default:
      return j as LiteralValue;
  }
}
