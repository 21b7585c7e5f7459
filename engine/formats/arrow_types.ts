import type { DataType, Field } from '../types.ts';
import { T } from '../types.ts';

/** Arrow's types as far as we read them, from whichever source: the C data interface or apache-arrow. */
export type ArrowType =
  | { readonly kind: 'null' | 'bool' }
  | { readonly kind: 'int'; readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }
  | { readonly kind: 'float'; readonly bits: 16 | 32 | 64 }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number; readonly bits: 32 | 64 | 128 | 256 }
  /** Variable-length bytes: 32-bit offsets, 64-bit offsets, or 16-byte views. */
  | { readonly kind: 'binary'; readonly text: boolean; readonly layout: 'offsets' | 'large' | 'view' }
  | { readonly kind: 'fixed'; readonly width: number }
  | { readonly kind: 'date'; readonly unit: 'day' | 'ms' }
  | { readonly kind: 'time'; readonly unit: TimeUnit; readonly bits: 32 | 64 }
  | { readonly kind: 'duration'; readonly unit: TimeUnit; readonly bits: 64 }
  | { readonly kind: 'timestamp'; readonly unit: TimeUnit; readonly zone: string | null }
  | { readonly kind: 'interval'; readonly unit: 'months' | 'dayTime' | 'monthDayNano' }
  | { readonly kind: 'list'; readonly large: boolean; readonly item: ArrowField }
  | { readonly kind: 'fixedList'; readonly size: number; readonly item: ArrowField }
  | { readonly kind: 'struct'; readonly fields: readonly ArrowField[] }
  | { readonly kind: 'map'; readonly entries: ArrowField }
  /** `id` names the dictionary within an IPC file. */
  | {
      readonly kind: 'dictionary';
      readonly index: ArrowType & { kind: 'int' };
      readonly value: ArrowType;
      readonly id?: number;
    }
  /** A type we do not read; `name` is for the message. */
  | { readonly kind: 'other'; readonly name: string };

export type TimeUnit = 's' | 'ms' | 'us' | 'ns';

export interface ArrowField {
  readonly name: string;
  readonly type: ArrowType;
  readonly nullable: boolean;
  /** Text marked as JSON (extension type arrow.json). */
  readonly json?: boolean;
}

/**
 * One array in memory. Buffers are views that live as long as their source says; `offset` counts rows into all of them
 * (children of a struct not included: they have offsets of their own).
 */
export interface ArrowArray {
  readonly type: ArrowType;
  readonly length: number;
  readonly offset: number;
  /** -1: not counted. */
  readonly nullCount: number;
  readonly validity: Uint8Array | null;
  /** Fixed-width values, indexes, views, or the bytes of a variable-length array. */
  readonly data: Uint8Array;
  readonly offsets: Uint8Array | null;
  /** The buffers that long views point into. */
  readonly variadic: readonly Uint8Array[];
  readonly children: readonly ArrowArray[];
  /** The dictionary's values, one piece after another. */
  readonly dictionary: readonly ArrowArray[] | null;
  /** Its buffers lie in the scratch in which its column is made, and may become the column's. */
  readonly own?: boolean;
}

/** The logical type a column of this Arrow type is read as; null when it cannot be read. */
export function logicalType(t: ArrowType): DataType | null {
  switch (t.kind) {
    case 'null':
      return T.null;
    case 'bool':
      return T.bool;
    case 'int':
      return T.int;
    case 'float':
      return T.float;
    case 'decimal':
      return decimalType(t.precision, t.scale);
    case 'binary':
      return t.text ? T.string : T.bytes;
    case 'fixed':
      return T.bytes;
    case 'date':
      return T.date;
    case 'time':
      return T.time;
    case 'duration':
    case 'interval':
      return T.interval;
    case 'timestamp':
      // Our timestamps are UTC, so a zone of UTC says nothing more.
      return t.zone === null || /^(utc|etc\/utc|z|[+-]00:?00)$/i.test(t.zone)
        ? T.timestamp
        : { kind: 'timestamp', zone: t.zone };
    case 'list':
    case 'fixedList': {
      const item = logicalType(t.item.type);
      return item === null ? null : { kind: 'list', item: { type: item, nullable: t.item.nullable } };
    }
    case 'struct': {
      const fields = t.fields.map(logicalField);
      return fields.includes(null) ? null : { kind: 'struct', fields: fields as Field[] };
    }
    case 'map':
      return mapType(t.entries);
    case 'dictionary':
      return logicalType(t.value);
    case 'other':
      return null;
  }
}

function decimalType(precision: number, scale: number): DataType | null {
  // A negative scale (hundreds, thousands) becomes digits.
  const digits = scale < 0 ? precision - scale : precision;
  return digits <= 38 && scale <= digits ? { kind: 'decimal', precision: digits, scale: Math.max(scale, 0) } : null;
}

function mapType(entries: ArrowField): DataType | null {
  if (entries.type.kind !== 'struct' || entries.type.fields.length !== 2) return null;
  const [key, value] = entries.type.fields.map(logicalField) as [Field | null, Field | null];
  return key === null || value === null
    ? null
    : { kind: 'map', key: key.type, value: { type: value.type, nullable: value.nullable } };
}

export function logicalField(f: ArrowField): Field | null {
  const type = logicalType(f.type);
  if (type === null) return null;
  const json = f.json === true && type.kind === 'string';
  return { name: f.name, type: json ? T.json : type, nullable: f.nullable || type.kind === 'null' };
}

/** An Arrow type in words, for messages. */
export function describeArrow(t: ArrowType): string {
  switch (t.kind) {
    case 'other':
      return t.name;
    case 'decimal':
      return `decimal(${t.precision}, ${t.scale})`;
    case 'list':
    case 'fixedList':
      return `list<${describeArrow(t.item.type)}>`;
    case 'struct':
      return `struct<${t.fields.map((f) => `${f.name}: ${describeArrow(f.type)}`).join(', ')}>`;
    case 'map':
      return `map<${describeArrow(t.entries.type)}>`;
    case 'dictionary':
      return `dictionary<${describeArrow(t.value)}>`;
    case 'int':
      return `${t.signed ? '' : 'u'}int${t.bits}`;
    case 'float':
      return `float${t.bits}`;
    default:
      return t.kind;
  }
}
