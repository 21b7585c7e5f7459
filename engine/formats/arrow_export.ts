import type * as ArrowModule from 'apache-arrow';
import { andBits, copyBits, getBit } from '../batch/bitmap.ts';
import type { Batch, Column, I32Column, I64Column, I128Column } from '../batch/column.ts';
import { flattenDict } from '../batch/concat.ts';
import { gatherColumn } from '../batch/gather.ts';
import { widen, wordsOf } from '../batch/ints.ts';
import { EngineBug } from '../errors.ts';
import { importModule } from '../host/import_module.ts';
import { heapScratch } from '../memory/heap_scratch.ts';
import type { DataType, Field, Schema } from '../types.ts';

/** apache-arrow, loaded when it is first needed: it takes some 100 ms. */
export type Arrow = typeof ArrowModule;

let loading: Promise<Arrow> | null = null;

export function loadArrow(): Promise<Arrow> {
  loading ??= importModule('apache-arrow') as Promise<Arrow>;
  return loading;
}

/** Our schema in Arrow's terms. Widths are those of the logical types: int is int64, decimal 128 bits wide, strings are plain. */
export function arrowSchema(A: Arrow, schema: Schema): ArrowModule.Schema {
  return new A.Schema(schema.map((f) => arrowField(A, f)));
}

function arrowField(A: Arrow, f: Field): ArrowModule.Field {
  const json =
    f.type.kind === 'json'
      ? new Map([
          ['ARROW:extension:name', 'arrow.json'],
          ['ARROW:extension:metadata', ''],
        ])
      : null;
  return new A.Field(f.name, arrowType(A, f.type), f.nullable || f.type.kind === 'null', json);
}

function arrowType(A: Arrow, t: DataType): ArrowModule.DataType {
  switch (t.kind) {
    case 'null':
      return new A.Null();
    case 'bool':
      return new A.Bool();
    case 'int':
      return new A.Int64();
    case 'float':
      return new A.Float64();
    case 'decimal':
      return new A.Decimal(t.scale, t.precision, 128);
    case 'string':
    case 'json':
      return new A.Utf8();
    case 'bytes':
      return new A.Binary();
    case 'date':
      return new A.DateDay();
    case 'time':
      return new A.TimeMicrosecond();
    case 'timestamp':
      return new A.TimestampMicrosecond(t.zone);
    case 'interval':
      return new A.IntervalMonthDayNano();
    case 'list':
      return new A.List(arrowField(A, { name: 'item', ...t.item }));
    case 'struct':
      return new A.Struct(t.fields.map((f) => arrowField(A, f)));
    case 'map': {
      const entry = new A.Struct([
        new A.Field('key', arrowType(A, t.key), false),
        arrowField(A, { name: 'value', ...t.value }),
      ]);
      return new A.Map_(new A.Field('entries', entry, false));
    }
  }
}

/**
 * A record batch with buffers of its own. Equal rows give equal bytes: what lies under a null is zero, offsets start at zero,
 * dictionaries are written out.
 */
export function recordBatch(A: Arrow, schema: ArrowModule.Schema, batch: Batch): ArrowModule.RecordBatch {
  const children = schema.fields.map((f, i) => exportColumn(A, f.type, batch.columns[i] as Column, null));
  return new A.RecordBatch(
    schema,
    A.makeData({ type: new A.Struct(schema.fields), length: batch.rows, nullCount: 0, children }),
  );
}

/** `parent`: validity of the struct or map entry around the column; what it makes null is null here too. */
function exportColumn(
  A: Arrow,
  type: ArrowModule.DataType,
  source: Column,
  parent: Uint8Array | null,
): ArrowModule.Data {
  const heap = heapScratch();
  const col = source.phys === 'dict' ? flattenDict(source, heap) : source;
  const length = col.length;
  const nullBitmap = cleanValidity(col.validity, parent, length);
  const valid = nullBitmap === null ? null : (row: number): boolean => getBit(nullBitmap, row);
  const base = { length, nullBitmap, nullCount: nullBitmap === null ? 0 : -1 };
  switch (col.phys) {
    case 'null':
      return A.makeData({ type: type as ArrowModule.Null, length });
    case 'bool': {
      const data = heap.bitmap(length, false);
      copyBits(col.values, 0, data, 0, length);
      if (nullBitmap !== null) andBits(data, nullBitmap);
      return A.makeData({ type: type as ArrowModule.Bool, ...base, data });
    }
    case 'i32':
    case 'i64':
    case 'i128':
      return exportInts(A, type, col, base, valid);
    case 'f64': {
      const data = new Float64Array(col.values.subarray(0, length));
      return A.makeData({ type: type as ArrowModule.Float64, ...base, data: zeroed(data, 1, valid) });
    }
    case 'interval': {
      const data = new Int32Array(col.values.subarray(0, 4 * length));
      return A.makeData({ type: type as ArrowModule.IntervalMonthDayNano, ...base, data: zeroed(data, 4, valid) });
    }
    case 'utf8': {
      const { offsets, rows } = cleanOffsets(col.offsets, length, valid);
      const text =
        rows === null ? col : gatherColumn({ ...col, validity: null, nullCount: 0 }, rows, rows.length, heap);
      if (text.phys !== 'utf8') throw new EngineBug('gathered strings changed their form');
      const data = new Uint8Array(text.bytes.subarray(text.offsets[0] as number, text.offsets[text.length] as number));
      return A.makeData({ type: type as ArrowModule.Utf8, ...base, valueOffsets: offsets, data });
    }
    case 'list': {
      const { offsets, rows } = cleanOffsets(col.offsets, length, valid);
      const items = gatherColumn(col.child, itemRows(col.offsets, length, rows), offsets[length] as number, heap);
      const itemType = (type as ArrowModule.List).children[0] as ArrowModule.Field;
      return A.makeData({
        type: type as ArrowModule.List,
        ...base,
        valueOffsets: offsets,
        child: exportColumn(A, itemType.type, items, null),
      });
    }
    case 'struct': {
      const fields = (type as ArrowModule.Struct).children;
      const children = col.children.map((c, i) =>
        exportColumn(A, (fields[i] as ArrowModule.Field).type, c, nullBitmap),
      );
      return A.makeData({ type: type as ArrowModule.Struct, ...base, children });
    }
  }
}

interface Base {
  readonly length: number;
  readonly nullBitmap: Uint8Array | null;
  readonly nullCount: number;
}

type IntColumn = I32Column | I64Column | I128Column;

function exportInts(
  A: Arrow,
  type: ArrowModule.DataType,
  col: IntColumn,
  base: Base,
  valid: ((row: number) => boolean) | null,
): ArrowModule.Data {
  const make = (n: number): BigInt64Array => new BigInt64Array(n);
  if (col.type.kind === 'date') {
    const data = new Int32Array((col as I32Column).values.subarray(0, base.length));
    return A.makeData({ type: type as ArrowModule.DateDay, ...base, data: zeroed(data, 1, valid) });
  }
  const form = col.type.kind === 'decimal' ? 'i128' : 'i64';
  const step = form === 'i128' ? 4 : 2;
  const values = widen(col, form, make).values as BigInt64Array;
  const words = zeroed(new Int32Array(wordsOf(values).subarray(0, step * base.length)), step, valid);
  if (form === 'i128')
    return A.makeData({ type: type as ArrowModule.Decimal, ...base, data: new Uint32Array(words.buffer) });
  return A.makeData({ type: type as ArrowModule.Int64, ...base, data: new BigInt64Array(words.buffer) });
}

function cleanValidity(own: Uint8Array | null, parent: Uint8Array | null, length: number): Uint8Array | null {
  if (own === null && parent === null) return null;
  const bits = new Uint8Array((length + 7) >> 3);
  copyBits(own ?? (parent as Uint8Array), 0, bits, 0, length);
  if (own !== null && parent !== null) andBits(bits, parent);
  return bits;
}

function zeroed<V extends Float64Array | Int32Array>(
  values: V,
  width: number,
  valid: ((row: number) => boolean) | null,
): V {
  if (valid === null) return values;
  const rows = values.length / width;
  for (let i = 0; i < rows; i++) if (!valid(i)) values.fill(0, i * width, (i + 1) * width);
  return values;
}

/** Offsets from 0 with nothing under nulls; `rows`: the rows that keep something, when null rows held something. */
function cleanOffsets(
  from: Int32Array,
  length: number,
  valid: ((row: number) => boolean) | null,
): { offsets: Int32Array; rows: Uint32Array | null } {
  const offsets = new Int32Array(length + 1);
  const rows = new Uint32Array(length);
  let kept = 0;
  let dropped = false;
  for (let i = 0; i < length; i++) {
    const size = (from[i + 1] as number) - (from[i] as number);
    const keep = valid === null || valid(i);
    if (keep) rows[kept++] = i;
    else if (size > 0) dropped = true;
    offsets[i + 1] = (offsets[i] as number) + (keep ? size : 0);
  }
  return { offsets, rows: dropped ? rows.subarray(0, kept) : null };
}

function itemRows(offsets: Int32Array, length: number, rows: Uint32Array | null): Uint32Array {
  const ranges = rows ?? Uint32Array.from({ length }, (_, i) => i);
  const items: number[] = [];
  for (const r of ranges) for (let k = offsets[r] as number; k < (offsets[r + 1] as number); k++) items.push(k);
  return Uint32Array.from(items);
}
