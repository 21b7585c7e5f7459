import type { DataType } from '../types.ts';
import type { Leaf, ParquetFooter, RowGroup } from './parquet_footer.ts';
import { boundOf, logicalMember } from './parquet_footer.ts';
import type { ThriftStruct } from './parquet_thrift.ts';
import { intField, structField } from './parquet_thrift.ts';
import type { Bound, ColumnRange } from './prune.ts';

/** What a row group's statistics say of a top-level column; null when they say nothing (nested, no statistics). */
export function groupRange(footer: ParquetFooter, group: RowGroup, name: string, type: DataType): ColumnRange | null {
  const at = footer.leaves.findIndex((l) => l.path.length === 1 && l.path[0] === name);
  const leaf = footer.leaves[at];
  const statistics = group.chunks[at]?.statistics;
  return leaf === undefined || statistics === undefined ? null : statisticsRange(leaf, type, statistics, group.rows);
}

/** What statistics say of `rows` rows of a leaf. */
export function statisticsRange(leaf: Leaf, type: DataType, statistics: ThriftStruct, rows: number): ColumnRange {
  const min = bound(leaf, type, statistics, 'min');
  const max = bound(leaf, type, statistics, 'max');
  return {
    type,
    rows,
    nulls: intField(statistics, 3) ?? null,
    min: max === null ? null : min,
    max: min === null ? null : max,
  };
}

function bound(leaf: Leaf, type: DataType, statistics: ThriftStruct, which: 'min' | 'max'): Bound | null {
  const unsigned = isUnsigned(leaf);
  const signed = leaf.physical !== 'BYTE_ARRAY' && leaf.physical !== 'FIXED_LEN_BYTE_ARRAY' && !unsigned;
  const bytes = boundOf(statistics, which, signed);
  if (bytes === undefined) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (leaf.physical) {
    case 'BOOLEAN':
      return bytes.length === 1 && type.kind === 'bool' ? bytes[0] === 1 : null;
    case 'INT32':
      return bytes.length === 4
        ? wholeBound(unsigned ? view.getUint32(0, true) : view.getInt32(0, true), leaf, type)
        : null;
    case 'INT64':
      return bytes.length === 8
        ? wholeBound(unsigned ? view.getBigUint64(0, true) : view.getBigInt64(0, true), leaf, type)
        : null;
    case 'FLOAT':
      return bytes.length === 4 && type.kind === 'float' ? floatBound(view.getFloat32(0, true)) : null;
    case 'DOUBLE':
      return bytes.length === 8 && type.kind === 'float' ? floatBound(view.getFloat64(0, true)) : null;
    case 'BYTE_ARRAY':
    case 'FIXED_LEN_BYTE_ARRAY':
      return bytesBound(bytes, leaf, type);
    case 'INT96':
      return null;
  }
}

function floatBound(v: number): number | null {
  return Number.isNaN(v) ? null : v;
}

/** Members of parquet.thrift's LogicalType and values of its ConvertedType. */
const LOGICAL = { string: 1, time: 7, timestamp: 8, integer: 10, json: 12, uuid: 14, float16: 15 } as const;
const CONVERTED = {
  utf8: 0,
  timeMillis: 7,
  timeMicros: 8,
  timestampMillis: 9,
  timestampMicros: 10,
  uint8: 11,
  uint64: 14,
  json: 19,
} as const;

function isUnsigned(leaf: Leaf): boolean {
  const c = leaf.converted;
  if (c !== undefined && c >= CONVERTED.uint8 && c <= CONVERTED.uint64) return true;
  const member =
    logicalMember(leaf) === LOGICAL.integer && leaf.logical !== undefined
      ? structField(leaf.logical, LOGICAL.integer)
      : undefined;
  const flag = member?.fields.get(2);
  return flag?.kind === 'bool' && !flag.value;
}

function wholeBound(v: number | bigint, leaf: Leaf, type: DataType): Bound | null {
  if (type.kind === 'time' || type.kind === 'timestamp') return micros(BigInt(v), leaf);
  if (type.kind === 'int' || type.kind === 'date') return v;
  return type.kind === 'decimal' && type.scale === leaf.scale ? v : null;
}

/** Counts of the column's unit as microseconds, cut as the values are. */
function micros(v: bigint, leaf: Leaf): bigint | null {
  const unit = unitOf(leaf);
  if (unit === 'ms') return v * 1000n;
  if (unit === 'us') return v;
  if (unit === 'ns') return (v - (((v % 1000n) + 1000n) % 1000n)) / 1000n;
  return null;
}

function unitOf(leaf: Leaf): 'ms' | 'us' | 'ns' | null {
  const member = logicalMember(leaf);
  if ((member === LOGICAL.time || member === LOGICAL.timestamp) && leaf.logical !== undefined) {
    const type = structField(leaf.logical, member);
    const unit = type === undefined ? undefined : structField(type, 2);
    for (const id of unit?.fields.keys() ?? []) return id === 1 ? 'ms' : id === 2 ? 'us' : 'ns';
  }
  if (leaf.converted === CONVERTED.timeMillis || leaf.converted === CONVERTED.timestampMillis) return 'ms';
  return leaf.converted === CONVERTED.timeMicros || leaf.converted === CONVERTED.timestampMicros ? 'us' : null;
}

function bytesBound(bytes: Uint8Array, leaf: Leaf, type: DataType): Bound | null {
  if (type.kind === 'decimal' && type.scale === leaf.scale && bytes.length <= 16) {
    let v = 0n;
    for (const b of bytes) v = (v << 8n) | BigInt(b);
    return BigInt.asIntN(8 * bytes.length, v);
  }
  const plain = logicalMember(leaf) !== LOGICAL.uuid && logicalMember(leaf) !== LOGICAL.float16;
  return plain && (type.kind === 'string' || type.kind === 'json' || type.kind === 'bytes') ? bytes : null;
}

/** What Parquet knows of a leaf beyond its Arrow type. */
export function leafKind(leaf: Leaf): 'json' | 'uuid' | null {
  const member = logicalMember(leaf);
  if (member === LOGICAL.json || (member === 0 && leaf.converted === CONVERTED.json)) return 'json';
  return member === LOGICAL.uuid ? 'uuid' : null;
}

/** Plain text: strings and enumerations, not JSON. */
export function isText(leaf: Leaf): boolean {
  const member = logicalMember(leaf);
  if (leaf.physical !== 'BYTE_ARRAY') return false;
  return member === 0 ? leaf.converted === CONVERTED.utf8 : member === LOGICAL.string;
}
