import { type DataType, T, typeEquals } from '../types.ts';
import { LONGEST_INT } from './limits.ts';

/** Cost of the implicit cast from one type to another; 0 when none is needed, null when there is none. */
export function implicitCost(from: DataType, to: DataType): number | null {
  if (typeEquals(from, to)) return 0;
  if (from.kind === 'null') return 1;
  if (from.kind === 'timestamp' && to.kind === 'timestamp') return 0;
  if (from.kind === 'int' && to.kind === 'decimal') return 1;
  if (from.kind === 'int' && to.kind === 'float') return 2;
  if (from.kind === 'decimal' && to.kind === 'float') return 2;
  if (from.kind === 'date' && to.kind === 'timestamp') return 1;
  if (from.kind === 'list' && to.kind === 'list') return implicitCost(from.item.type, to.item.type);
  return null;
}

/** A decimal type holding every value of an int or decimal type; of a literal, its value. Null for other types. */
export function asDecimal(t: DataType, literal?: unknown): { precision: number; scale: number } | null {
  if (t.kind === 'decimal') return t;
  if (t.kind !== 'int') return null;
  const known = typeof literal === 'number' || typeof literal === 'bigint';
  return { precision: known ? String(literal).replace('-', '').length : LONGEST_INT, scale: 0 };
}

/**
 * The type both convert to without loss of meaning: the type of `case`, `coalesce`, `in`, list literals and unions.
 * int -> decimal -> float, date -> timestamp, null -> anything, lists, structs and values of maps member by member. Null when there is none.
 */
export function commonType(a: DataType, b: DataType, literals: readonly unknown[] = []): DataType | null {
  if (typeEquals(a, b) || b.kind === 'null') return a;
  if (a.kind === 'null') return b;
  if (a.kind === 'timestamp' && b.kind === 'timestamp') return T.timestamp;
  if (a.kind === 'date' && b.kind === 'timestamp') return b;
  if (a.kind === 'timestamp' && b.kind === 'date') return a;
  if (a.kind === 'list' && b.kind === 'list') return commonList(a, b);
  if (a.kind === 'struct' && b.kind === 'struct') return commonStruct(a, b);
  if (a.kind === 'map' && b.kind === 'map') return commonMap(a, b);
  return commonNumber(a, b, literals);
}

function commonNumber(a: DataType, b: DataType, literals: readonly unknown[]): DataType | null {
  const numeric = (t: DataType) => t.kind === 'int' || t.kind === 'float' || t.kind === 'decimal';
  if (!numeric(a) || !numeric(b)) return null;
  if (a.kind === 'float' || b.kind === 'float') return T.float;
  const x = asDecimal(a, literals[0]);
  const y = asDecimal(b, literals[1]);
  if (x === null || y === null) return null;
  const scale = Math.max(x.scale, y.scale);
  const whole = Math.max(x.precision - x.scale, y.precision - y.scale);
  return T.decimal(Math.min(38, whole + scale), scale);
}

type ListType = DataType & { kind: 'list' };
type StructType = DataType & { kind: 'struct' };
type MapType = DataType & { kind: 'map' };

function commonList(a: ListType, b: ListType): DataType | null {
  const item = commonType(a.item.type, b.item.type);
  return item === null ? null : T.list(item, a.item.nullable || b.item.nullable);
}

function commonStruct(a: StructType, b: StructType): DataType | null {
  if (a.fields.length !== b.fields.length) return null;
  const fields = [];
  for (let i = 0; i < a.fields.length; i++) {
    const f = a.fields[i];
    const g = b.fields[i];
    if (f === undefined || g === undefined || f.name !== g.name) return null;
    const type = commonType(f.type, g.type);
    if (type === null) return null;
    fields.push({ name: f.name, type, nullable: f.nullable || g.nullable });
  }
  return T.struct(fields);
}

/** Keys are not converted: two of them could become one. */
function commonMap(a: MapType, b: MapType): DataType | null {
  const type = commonType(a.value.type, b.value.type);
  if (type === null || !typeEquals(a.key, b.key)) return null;
  return { kind: 'map', key: a.key, value: { type, nullable: a.value.nullable || b.value.nullable } };
}

/** The common type of several. `literals[i]` as in FunctionDef.resolve. */
export function commonTypeOf(types: readonly DataType[], literals: readonly unknown[] = []): DataType | null {
  let t: DataType = T.null;
  let literal: unknown;
  for (let i = 0; i < types.length; i++) {
    const next = commonType(t, types[i] as DataType, [literal, literals[i]]);
    if (next === null) return null;
    literal = t.kind === 'null' ? literals[i] : undefined;
    t = next;
  }
  return t;
}
