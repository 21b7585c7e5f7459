import { getBit } from '../batch/bitmap.ts';
import { mapEntry, nullColumn } from '../batch/build.ts';
import type { Column, F64Column, I32Column, I64Column, I128Column, StructColumn, Utf8Column } from '../batch/column.ts';
import { narrowI128, widen, wordsOf } from '../batch/ints.ts';
import { EngineBug, RunError } from '../errors.ts';
import type { Scratch } from '../memory/types.ts';
import type { DataType, Field } from '../types.ts';
import { formatType } from '../types.ts';

/**
 * Whether a file's column of type `from` can be handed out as `to` without losing anything: the same type (nullability aside), a wider
 * numeric type, a date as a timestamp, json as a string, a UUID's bytes as text. `pick`: some fields of a struct, in any order, will do.
 */
export function canConform(from: DataType, to: DataType, pick = false): boolean {
  if (from.kind === 'null') return true;
  if (from.kind === 'decimal' && to.kind === 'decimal')
    return to.scale >= from.scale && to.precision - to.scale >= from.precision - from.scale;
  if (from.kind === 'list' && to.kind === 'list') return canConform(from.item.type, to.item.type, pick);
  if (from.kind === 'map' && to.kind === 'map')
    return canConform(from.key, to.key, pick) && canConform(from.value.type, to.value.type, pick);
  if (from.kind === 'struct' && to.kind === 'struct') {
    const fits = (g: Field, i: number): boolean => {
      const f = pick ? from.fields.find((one) => one.name === g.name) : from.fields[i];
      return f !== undefined && f.name === g.name && canConform(f.type, g.type, pick);
    };
    return (pick || from.fields.length === to.fields.length) && to.fields.every(fits);
  }
  if (from.kind === to.kind) return true;
  if (from.kind === 'int') return to.kind === 'float' || (to.kind === 'decimal' && to.precision - to.scale >= 19);
  return (from.kind === 'date' && to.kind === 'timestamp') || (from.kind === 'json' && to.kind === 'string');
}

/** The type that both columns can be handed out as; null when there is none. */
export function commonType(a: DataType, b: DataType): DataType | null {
  if (canConform(a, b)) return a.kind === b.kind ? withNullableParts(b, a) : b;
  if (canConform(b, a)) return a;
  if (a.kind === 'decimal' && b.kind === 'decimal') {
    const scale = Math.max(a.scale, b.scale);
    const precision = scale + Math.max(a.precision - a.scale, b.precision - b.scale);
    return precision <= 38 ? { kind: 'decimal', precision, scale } : null;
  }
  return null;
}

/** `a`, with the parts nullable that are nullable in either. */
function withNullableParts(a: DataType, b: DataType): DataType {
  if (a.kind === 'list' && b.kind === 'list') {
    return {
      kind: 'list',
      item: { type: withNullableParts(a.item.type, b.item.type), nullable: a.item.nullable || b.item.nullable },
    };
  }
  if (a.kind === 'map' && b.kind === 'map') {
    const value = {
      type: withNullableParts(a.value.type, b.value.type),
      nullable: a.value.nullable || b.value.nullable,
    };
    return { kind: 'map', key: withNullableParts(a.key, b.key), value };
  }
  if (a.kind === 'struct' && b.kind === 'struct') {
    const fields = a.fields.map((f, i) => {
      const g = b.fields[i] ?? f;
      return { name: f.name, type: withNullableParts(f.type, g.type), nullable: f.nullable || g.nullable };
    });
    return { kind: 'struct', fields };
  }
  return a;
}

/** The column as the type `to`, which canConform allows from the column's own (a UUID's bytes become text). */
export function conform(col: Column, to: DataType, scratch: Scratch): Column {
  const from = col.type;
  if (col.phys === 'null') return nullColumn(to, col.length, scratch);
  if (from.kind === 'int' && to.kind === 'float') return toFloat(col as I32Column | I64Column, to, scratch);
  if ((from.kind === 'int' || from.kind === 'decimal') && to.kind === 'decimal') {
    return rescale(col as IntColumn, to, to.scale - (from.kind === 'decimal' ? from.scale : 0), scratch);
  }
  if (from.kind === 'date' && to.kind === 'timestamp') return toTimestamp(col as I32Column, to, scratch);
  if (from.kind === 'bytes' && to.kind === 'string') return uuidText(col as Utf8Column, to, scratch);
  if (col.phys === 'list' && to.kind === 'list')
    return { ...col, type: to, child: conform(col.child, to.item.type, scratch) };
  if (col.phys === 'list' && to.kind === 'map')
    return { ...col, type: to, child: conform(col.child, mapEntry(to), scratch) };
  if (col.phys === 'struct' && to.kind === 'struct') {
    return {
      ...col,
      type: to,
      children: to.fields.map((f) => conform(fieldOf(col, f.name), f.type, scratch)),
    };
  }
  // A JSON column of a file arrives as the text it is.
  const text = (from.kind === 'json' || from.kind === 'string') && (to.kind === 'json' || to.kind === 'string');
  if (from.kind !== to.kind && !text) {
    throw new EngineBug(`a ${formatType(from)} column cannot be read as ${formatType(to)}`);
  }
  return { ...col, type: to };
}

function fieldOf(col: StructColumn, name: string): Column {
  const fields =
    col.type.kind === 'struct' ? col.type.fields : col.type.kind === 'map' ? mapEntry(col.type).fields : [];
  const child = col.children[fields.findIndex((f) => f.name === name)];
  if (child === undefined) throw new EngineBug(`a struct without the field ${name} that it is read for`);
  return child;
}

type IntColumn = I32Column | I64Column | I128Column;

function toFloat(col: I32Column | I64Column, type: DataType, scratch: Scratch): F64Column {
  const { length, nullCount, validity } = col;
  const values = scratch.f64(length);
  if (col.phys === 'i32') values.set(col.values.subarray(0, length));
  else for (let i = 0; i < length; i++) values[i] = Number(col.values[i]);
  return { type, phys: 'f64', length, nullCount, validity, values };
}

function rescale(col: IntColumn, type: DataType, digits: number, scratch: Scratch): Column {
  if (digits === 0) return { ...col, type };
  const wide = widen(col, 'i128', (n) => scratch.i64(n)).values as BigInt64Array;
  const n = col.length;
  const out = scratch.i64(2 * n);
  const factor = 10n ** BigInt(digits);
  for (let i = 0; i < n; i++) {
    const v = (((wide[2 * i + 1] as bigint) << 64n) | BigInt.asUintN(64, wide[2 * i] as bigint)) * factor;
    out[2 * i] = BigInt.asIntN(64, v);
    out[2 * i + 1] = BigInt.asIntN(64, v >> 64n);
  }
  return narrowI128(type, out, n, col, scratch);
}

function toTimestamp(col: I32Column, type: DataType, scratch: Scratch): I64Column {
  const { length, nullCount, validity } = col;
  const values = scratch.i64(length);
  const words = wordsOf(values);
  let wide = false;
  for (let i = 0; i < length; i++) {
    const micros = (col.values[i] as number) * 86400000000;
    if (!Number.isSafeInteger(micros) && (validity === null || getBit(validity, i))) {
      if (Math.abs(micros) >= 2 ** 63)
        throw new RunError('FLOW7004', 'a date is out of the range of timestamps', { value: `day ${col.values[i]}` });
      wide = true;
    }
    words[2 * i] = micros % 4294967296;
    words[2 * i + 1] = Math.floor(micros / 4294967296);
  }
  return { type, phys: 'i64', length, nullCount, validity, values, wide };
}

/** 16 bytes as 8-4-4-4-12 hexadecimal digits; null rows may have any number of bytes. */
function uuidText(col: Utf8Column, type: DataType, scratch: Scratch): Utf8Column {
  const { length, nullCount, validity } = col;
  const offsets = scratch.i32(length + 1);
  const bytes = scratch.u8(36 * length);
  const digits = Buffer.from('0123456789abcdef');
  let at = 0;
  offsets[0] = 0;
  for (let i = 0; i < length; i++) {
    if (validity === null || getBit(validity, i)) {
      const from = col.offsets[i] as number;
      for (let k = 0; k < 16; k++) {
        if (k === 4 || k === 6 || k === 8 || k === 10) bytes[at++] = 45;
        const b = col.bytes[from + k] as number;
        bytes[at++] = digits[b >> 4] as number;
        bytes[at++] = digits[b & 15] as number;
      }
    }
    offsets[i + 1] = at;
  }
  return { type, phys: 'utf8', length, nullCount, validity, offsets, bytes: bytes.subarray(0, at) };
}
