import type { Column } from '../batch/column.ts';
import { wordsOf } from '../batch/ints.ts';
import { EngineBug } from '../errors.ts';
import { copyInto } from '../kernels/copy.ts';
import { NO_BITMAP } from '../kernels/load.ts';
import { type Bounds, floatBounds } from './parquet_bounds.ts';
import type { LeafLayout } from './parquet_layout.ts';
import type { Region, Workspace } from './parquet_work.ts';

type NumberColumn = Extract<Column, { phys: 'i32' | 'i64' | 'i128' | 'f64' }>;

/**
 * Values of rows [from, from + n) that are not null, as a page has them, behind `filled` values of `out`; how many there are then. `wide`: memory to work in.
 */
export function fixedValues(
  ws: Workspace,
  leaf: LeafLayout,
  col: Column,
  from: number,
  n: number,
  out: Region,
  wide: Region,
  filled: number,
): number {
  if (col.phys === 'bool') {
    ws.reserve(out, (filled + n + 7) >> 3);
    const [values, valid] = ws.place([col.values, col.validity], NO_BITMAP) as [number, number];
    return ws.kernels.parquet_dense_bits(values, valid, from, n, ws.address(out), filled);
  }
  if (col.phys !== 'i32' && col.phys !== 'i64' && col.phys !== 'i128' && col.phys !== 'f64')
    throw new EngineBug(`a column of ${col.phys} has no values of a fixed width`);
  const { width } = leaf;
  ws.reserve(out, (filled + n) * width);
  if (leaf.physical === 'FIXED_LEN_BYTE_ARRAY') return bigEndian(ws, col, from, n, width, out, filled);
  const bytes = col.phys === 'i128' ? lowWords(col, from, n) : valueBytes(col, from, n);
  const same = bytes.length === n * width;
  if (same && col.validity === null) {
    copyInto(ws.bytes(out, filled * width, (filled + n) * width), bytes);
    return filled + n;
  }
  if (!same) ws.reserve(wide, n * width);
  const [placed, valid] = ws.place([bytes, col.validity], NO_BITMAP) as [number, number];
  const { kernels } = ws;
  const to = ws.address(out) + filled * width;
  const changed = valid === NO_BITMAP ? to : ws.address(wide);
  if (!same) (width === 8 ? kernels.ints_widen : kernels.ints_narrow)(placed, n, changed);
  if (valid === NO_BITMAP) return filled + n;
  const dense = width === 4 ? kernels.parquet_dense_4 : kernels.parquet_dense_8;
  return filled + (dense(same ? placed : changed, valid, from, n, to) - to) / width;
}

function valueBytes({ values }: NumberColumn, from: number, n: number): Uint8Array {
  const width = values.BYTES_PER_ELEMENT;
  return new Uint8Array(values.buffer, values.byteOffset + from * width, n * width);
}

/** 64 bits of values of 128: of decimals that have so few digits. */
function lowWords({ values }: Extract<Column, { phys: 'i128' }>, from: number, n: number): Uint8Array {
  const words = wordsOf(values);
  const out = new Int32Array(2 * n);
  for (let i = 0; i < n; i++) {
    out[2 * i] = words[4 * (from + i)] as number;
    out[2 * i + 1] = words[4 * (from + i) + 1] as number;
  }
  return new Uint8Array(out.buffer);
}

function bigEndian(
  ws: Workspace,
  col: NumberColumn,
  from: number,
  n: number,
  width: number,
  out: Region,
  filled: number,
): number {
  const size = col.phys === 'i32' ? 4 : col.phys === 'i64' ? 8 : 16;
  const bytes = new Uint8Array(col.values.buffer, col.values.byteOffset + from * size, n * size);
  const [values, valid] = ws.place([bytes, col.validity], NO_BITMAP) as [number, number];
  const to = ws.address(out) + filled * width;
  return filled + (ws.kernels.parquet_big_endian(values, size, valid, from, n, width, to) - to) / width;
}

/** Least and greatest of `n` (1 at least) values of a page; null when none has an order. `words`: memory to work in. */
export function valueBounds(ws: Workspace, leaf: LeafLayout, values: Region, n: number, words: Region): Bounds | null {
  const { kernels } = ws;
  const at = ws.address(values);
  const out = ws.address(words);
  const { width } = leaf;
  switch (leaf.physical) {
    case 'BOOLEAN': {
      const ones = kernels.count_ones(at, 0, n);
      return { min: Uint8Array.of(ones === n ? 1 : 0), max: Uint8Array.of(ones > 0 ? 1 : 0) };
    }
    case 'DOUBLE': {
      kernels.parquet_extremes_floats(at, n, out);
      const view = new DataView(ws.bytes(words, 0, 16).slice().buffer);
      return floatBounds(view.getFloat64(0, true), view.getFloat64(8, true));
    }
    case 'FIXED_LEN_BYTE_ARRAY': {
      kernels.parquet_extremes_wide(at, n, width, out);
      const [low, high] = ws.words(words, 2) as unknown as [number, number];
      return { min: ws.copyAt(low, width), max: ws.copyAt(high, width) };
    }
    default:
      (width === 4 ? kernels.parquet_extremes_4 : kernels.parquet_extremes_8)(at, n, out);
      return { min: ws.bytes(words, 0, width).slice(), max: ws.bytes(words, width, 2 * width).slice() };
  }
}
