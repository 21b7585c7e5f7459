import type { Validity } from './bitmap.ts';
import { ALL_VALID, bitmapBytes, copyBits, validityOf } from './bitmap.ts';
import type { Batch, Column } from './column.ts';

/** Rows [from, to) of a bitmap; zero-copy on a byte boundary, else a copy on the heap. */
function sliceBits(bits: Uint8Array, from: number, to: number): Uint8Array {
  if ((from & 7) === 0) return bits.subarray(from >> 3, bitmapBytes(to));
  const out = new Uint8Array(bitmapBytes(to - from));
  copyBits(bits, from, out, 0, to - from);
  return out;
}

function sliceValidity(col: Column, from: number, to: number): Validity {
  return col.validity === null ? ALL_VALID : validityOf(sliceBits(col.validity, from, to), to - from);
}

/** Rows [from, to), sharing the buffers. The first offset of a sliced utf8 or list column need not be 0. */
export function sliceColumn(col: Column, from: number, to: number): Column {
  if (from === 0 && to === col.length) return col;
  const length = to - from;
  const valid = sliceValidity(col, from, to);
  switch (col.phys) {
    case 'null':
      return { ...col, length, nullCount: length };
    case 'bool':
      return { ...col, length, ...valid, values: sliceBits(col.values, from, to) };
    case 'i32':
      return { ...col, length, ...valid, values: col.values.subarray(from, to) };
    case 'i64':
      return { ...col, length, ...valid, values: col.values.subarray(from, to) };
    case 'f64':
      return { ...col, length, ...valid, values: col.values.subarray(from, to) };
    case 'i128':
      return { ...col, length, ...valid, values: col.values.subarray(2 * from, 2 * to) };
    case 'interval':
      return { ...col, length, ...valid, values: col.values.subarray(4 * from, 4 * to) };
    case 'dict':
      return { ...col, length, ...valid, codes: col.codes.subarray(from, to) };
    case 'utf8':
    case 'list':
      return { ...col, length, ...valid, offsets: col.offsets.subarray(from, to + 1) };
    case 'struct':
      return { ...col, length, ...valid, children: col.children.map((c) => sliceColumn(c, from, to)) };
  }
}

/** Rows [from, to) of a batch; zero-copy except bitmaps that do not start on a byte boundary. */
export function sliceBatch(batch: Batch, from: number, to: number): Batch {
  if (from === 0 && to === batch.rows) return batch;
  return { schema: batch.schema, rows: to - from, columns: batch.columns.map((c) => sliceColumn(c, from, to)) };
}
