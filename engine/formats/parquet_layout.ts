import { RunError } from '../errors.ts';
import type { DataType, Field, Schema, Typed } from '../types.ts';
import type { PhysicalType } from './parquet_footer.ts';
import { i32, type Thrift, type ThriftStruct, text, thrift } from './parquet_thrift.ts';

/** A column without columns below it, as it is written. */
export interface LeafLayout {
  /** Names from the root. */
  readonly path: readonly string[];
  readonly type: DataType;
  readonly physical: PhysicalType;
  /** Bytes of a value; 0: they differ, or (BOOLEAN) are bits. */
  readonly width: number;
  /** Definition level of a value that is there, and repetition level of one that is not the first of its list. */
  readonly defined: number;
  readonly repeated: number;
}

/** How a schema is written: its elements, depth first, and the leaves. */
export interface ParquetLayout {
  readonly elements: readonly ThriftStruct[];
  readonly leaves: readonly LeafLayout[];
}

/** Values of parquet.thrift. */
const PHYSICAL = {
  BOOLEAN: 0,
  INT32: 1,
  INT64: 2,
  INT96: 3,
  FLOAT: 4,
  DOUBLE: 5,
  BYTE_ARRAY: 6,
  FIXED_LEN_BYTE_ARRAY: 7,
} as const satisfies Record<PhysicalType, number>;
const REQUIRED = 0;
const OPTIONAL = 1;
const REPEATED = 2;
const CONVERTED = { utf8: 0, map: 1, list: 3, decimal: 5, date: 6, timestampMicros: 10, json: 19 } as const;
const LOGICAL = {
  string: 1,
  map: 2,
  list: 3,
  decimal: 5,
  date: 6,
  time: 7,
  timestamp: 8,
  unknown: 11,
  json: 12,
} as const;

/** RunError FLOW7006 for a type that Parquet has not. */
export function layoutOf(path: string, schema: Schema): ParquetLayout {
  for (const f of schema) checkType(path, f.name, f.type);
  const writer = new LayoutWriter();
  writer.element('schema', null, { 5: i32(schema.length) });
  for (const f of schema) writer.field(f, { path: [], defined: 0, repeated: 0 });
  return writer;
}

function checkType(file: string, column: string, type: DataType): void {
  // Readers take names as C has them, which end there.
  if (column.includes('\0')) {
    const where = { file, column };
    throw new RunError('FLOW7006', `Parquet takes no NUL in the name of a column: ${JSON.stringify(column)}`, where);
  }
  if (type.kind === 'interval')
    throw new RunError(
      'FLOW7006',
      `Parquet has no type for the interval column "${column}"`,
      { file, column },
      `cast it to string first: ${column}::string`,
    );
  if (type.kind === 'struct') {
    if (type.fields.length === 0)
      throw new RunError('FLOW7006', `Parquet cannot hold a struct without fields (column "${column}")`, {
        file,
        column,
      });
    for (const f of type.fields) checkType(file, `${column}.${f.name}`, f.type);
  }
  if (type.kind === 'list') checkType(file, column, type.item.type);
  if (type.kind === 'map') {
    checkType(file, column, type.key);
    checkType(file, column, type.value.type);
  }
}

interface Place {
  readonly path: readonly string[];
  readonly defined: number;
  readonly repeated: number;
}

class LayoutWriter implements ParquetLayout {
  readonly elements: ThriftStruct[] = [];
  readonly leaves: LeafLayout[] = [];

  element(name: string, repetition: number | null, fields: Readonly<Record<number, Thrift>>): void {
    const all = new Map<number, Thrift>(Object.entries(fields).map(([id, t]) => [Number(id), t]));
    if (repetition !== null) all.set(3, i32(repetition));
    all.set(4, text(name));
    this.elements.push({ kind: 'struct', fields: all });
  }

  field(f: Field, parent: Place): void {
    const { type } = f;
    const optional = f.nullable || type.kind === 'null';
    const repetition = optional ? OPTIONAL : REQUIRED;
    const here: Place = {
      path: [...parent.path, f.name],
      defined: parent.defined + (optional ? 1 : 0),
      repeated: parent.repeated,
    };
    if (type.kind === 'struct') {
      this.element(f.name, repetition, { 5: i32(type.fields.length) });
      for (const child of type.fields) this.field(child, here);
      return;
    }
    if (type.kind === 'list') {
      this.element(f.name, repetition, { 5: i32(1), 6: i32(CONVERTED.list), 10: logical(LOGICAL.list) });
      this.#repeated('list', here, [{ name: 'element', ...type.item }]);
      return;
    }
    if (type.kind === 'map') {
      this.element(f.name, repetition, { 5: i32(1), 6: i32(CONVERTED.map), 10: logical(LOGICAL.map) });
      this.#repeated('key_value', here, [
        { name: 'key', type: type.key, nullable: false },
        { name: 'value', ...type.value },
      ]);
      return;
    }
    const { physical, width, fields } = leafOf(type);
    const length: Record<number, Thrift> = physical === 'FIXED_LEN_BYTE_ARRAY' ? { 2: i32(width) } : {};
    this.element(f.name, repetition, { 1: i32(PHYSICAL[physical]), ...length, ...fields });
    this.leaves.push({ path: here.path, type, physical, width, defined: here.defined, repeated: here.repeated });
  }

  #repeated(name: string, { path, defined, repeated }: Place, fields: readonly (Typed & { readonly name: string })[]) {
    this.element(name, REPEATED, { 5: i32(fields.length) });
    for (const f of fields) this.field(f, { path: [...path, name], defined: defined + 1, repeated: repeated + 1 });
  }
}

export function physicalNumber(physical: PhysicalType): number {
  return PHYSICAL[physical];
}

interface LeafType {
  readonly physical: PhysicalType;
  readonly width: number;
  readonly fields: Readonly<Record<number, Thrift>>;
}

const MICROS: Thrift = thrift({ 2: thrift({}) });

function leafOf(type: DataType): LeafType {
  switch (type.kind) {
    case 'bool':
      return { physical: 'BOOLEAN', width: 0, fields: {} };
    case 'int':
      return { physical: 'INT64', width: 8, fields: {} };
    case 'float':
      return { physical: 'DOUBLE', width: 8, fields: {} };
    case 'decimal':
      return decimalLeaf(type.precision, type.scale);
    case 'date':
      return { physical: 'INT32', width: 4, fields: { 6: i32(CONVERTED.date), 10: logical(LOGICAL.date) } };
    case 'time':
      return { physical: 'INT64', width: 8, fields: { 10: logical(LOGICAL.time, { 1: bool(false), 2: MICROS }) } };
    case 'timestamp': {
      const utc = type.zone !== null;
      const converted: Record<number, Thrift> = utc ? { 6: i32(CONVERTED.timestampMicros) } : {};
      const fields = { ...converted, 10: logical(LOGICAL.timestamp, { 1: bool(utc), 2: MICROS }) };
      return { physical: 'INT64', width: 8, fields };
    }
    case 'string':
      return { physical: 'BYTE_ARRAY', width: 0, fields: { 6: i32(CONVERTED.utf8), 10: logical(LOGICAL.string) } };
    case 'json':
      return { physical: 'BYTE_ARRAY', width: 0, fields: { 6: i32(CONVERTED.json), 10: logical(LOGICAL.json) } };
    case 'bytes':
      return { physical: 'BYTE_ARRAY', width: 0, fields: {} };
    default:
      return { physical: 'INT32', width: 4, fields: { 10: logical(LOGICAL.unknown) } };
  }
}

function decimalLeaf(precision: number, scale: number): LeafType {
  const fields = {
    6: i32(CONVERTED.decimal),
    7: i32(scale),
    8: i32(precision),
    10: logical(LOGICAL.decimal, { 1: i32(scale), 2: i32(precision) }),
  };
  if (precision <= 9) return { physical: 'INT32', width: 4, fields };
  if (precision <= 18) return { physical: 'INT64', width: 8, fields };
  // Bytes that hold 10^precision - 1 and a sign.
  const width = Math.ceil((Math.log2(10) * precision + 1) / 8);
  return { physical: 'FIXED_LEN_BYTE_ARRAY', width, fields };
}

function bool(value: boolean): Thrift {
  return { kind: 'bool', value };
}

/** A member of the union LogicalType. */
function logical(member: number, fields: Readonly<Record<number, Thrift>> = {}): ThriftStruct {
  return thrift({ [member]: thrift(fields) });
}
