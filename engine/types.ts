/** Logical types. Physical widths are chosen per batch (see batch/column.ts) and are never part of a type. */
export type DataType =
  | { readonly kind: 'null' }
  | { readonly kind: 'bool' }
  /** 64-bit signed. */
  | { readonly kind: 'int' }
  /** IEEE 754 binary64. */
  | { readonly kind: 'float' }
  /** Exact; 1 <= precision <= 38, 0 <= scale <= precision. Stored as the unscaled integer. */
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'string' }
  | { readonly kind: 'bytes' }
  /** Days since 1970-01-01. */
  | { readonly kind: 'date' }
  /** Microseconds since midnight. */
  | { readonly kind: 'time' }
  /** Microseconds since 1970-01-01T00:00:00Z; `zone` only says how to show it. */
  | { readonly kind: 'timestamp'; readonly zone: string | null }
  /** Months, days and microseconds, each signed (Arrow MonthDayNano holds the last as nanoseconds). */
  | { readonly kind: 'interval' }
  | { readonly kind: 'list'; readonly item: Typed }
  | { readonly kind: 'struct'; readonly fields: readonly Field[] }
  | { readonly kind: 'map'; readonly key: DataType; readonly value: Typed }
  /** JSON text, checked to be valid. */
  | { readonly kind: 'json' };

export interface Typed {
  readonly type: DataType;
  readonly nullable: boolean;
}

export interface Field extends Typed {
  readonly name: string;
}

export type Schema = readonly Field[];

export type TypeKind = DataType['kind'];

export const T = {
  null: { kind: 'null' },
  bool: { kind: 'bool' },
  int: { kind: 'int' },
  float: { kind: 'float' },
  string: { kind: 'string' },
  bytes: { kind: 'bytes' },
  date: { kind: 'date' },
  time: { kind: 'time' },
  timestamp: { kind: 'timestamp', zone: null },
  interval: { kind: 'interval' },
  json: { kind: 'json' },
  decimal: (precision: number, scale: number): DataType => ({ kind: 'decimal', precision, scale }),
  list: (item: DataType, nullable = true): DataType => ({ kind: 'list', item: { type: item, nullable } }),
  struct: (fields: readonly Field[]): DataType => ({ kind: 'struct', fields }),
} as const;

export function field(name: string, type: DataType, nullable = true): Field {
  return { name, type, nullable };
}

export function typeEquals(a: DataType, b: DataType): boolean {
  if (a.kind !== b.kind) return false;
  switch (a.kind) {
    case 'decimal':
      return b.kind === 'decimal' && a.precision === b.precision && a.scale === b.scale;
    case 'timestamp':
      return b.kind === 'timestamp' && a.zone === b.zone;
    case 'list':
      return b.kind === 'list' && typedEquals(a.item, b.item);
    case 'map':
      return b.kind === 'map' && typeEquals(a.key, b.key) && typedEquals(a.value, b.value);
    case 'struct':
      return b.kind === 'struct' && schemaEquals(a.fields, b.fields);
    default:
      return true;
  }
}

function typedEquals(a: Typed, b: Typed): boolean {
  return a.nullable === b.nullable && typeEquals(a.type, b.type);
}

export function schemaEquals(a: Schema, b: Schema): boolean {
  return (
    a.length === b.length &&
    a.every((f, i) => {
      const g = b[i];
      return g !== undefined && f.name === g.name && typedEquals(f, g);
    })
  );
}

/** The type as it is written in a `.flow` file. */
export function formatType(t: DataType, nullable = false, name: FieldName = asItIs): string {
  return formatBare(t, name) + (nullable ? '?' : '');
}

/** How the name of a field is written: in messages as it is, in a flow in backticks where it needs them. */
type FieldName = (name: string) => string;
const asItIs: FieldName = (name) => name;

function formatBare(t: DataType, name: FieldName): string {
  switch (t.kind) {
    case 'decimal':
      return `decimal(${t.precision}, ${t.scale})`;
    case 'timestamp':
      return t.zone === null ? 'timestamp' : `timestamp("${t.zone}")`;
    case 'list':
      return `list<${formatType(t.item.type, t.item.nullable, name)}>`;
    case 'map':
      return `map<${formatBare(t.key, name)}, ${formatType(t.value.type, t.value.nullable, name)}>`;
    case 'struct':
      return `{ ${t.fields.map((f) => `${name(f.name)}: ${formatType(f.type, f.nullable, name)}`).join(', ')} }`;
    default:
      return t.kind;
  }
}

export function isNumeric(t: DataType): boolean {
  return t.kind === 'int' || t.kind === 'float' || t.kind === 'decimal';
}

/** Stored as variable-length bytes (Arrow Utf8 / Binary). */
export function isBinary(t: DataType): boolean {
  return t.kind === 'string' || t.kind === 'bytes' || t.kind === 'json';
}
