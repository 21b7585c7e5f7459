import { kernelsFor } from '../kernels/load.ts';
import type { Scratch } from '../memory/types.ts';
import type { DataType } from '../types.ts';
import type { Validity } from './bitmap.ts';
import { getBit } from './bitmap.ts';
import type { Column, I32Column, I64Column, I128Column } from './column.ts';

/**
 * 32-bit words of 64-bit values, low word first: reading a BigInt64Array makes a bigint a row, reading words does not.
 * Floats too: copying them as words keeps every NaN's bits.
 */
export function wordsOf(values: BigInt64Array | Float64Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** Largest exact integer of a double; beyond +-MAX_EXACT a column is `wide`. */
export const MAX_EXACT = 9007199254740991n;
export const MIN_I64 = -(1n << 63n);
export const MAX_I64 = (1n << 63n) - 1n;
export const MIN_I128 = -(1n << 127n);
export const MAX_I128 = (1n << 127n) - 1n;

export type IntWidth = 'i32' | 'i64' | 'wide' | 'i128';

const WIDTHS = ['i32', 'i64', 'wide'] as const;

/** The narrowest form that holds all valid values given as 64-bit words. */
export function widthOfI64(words: Int32Array, rows: number, validity: Uint8Array | null): 'i32' | 'i64' | 'wide' {
  const width = WIDTHS[kernelsFor(words)?.ints_width(words.byteOffset, rows) ?? -1];
  return width === 'i32' || (width !== undefined && validity === null) ? width : validWidth(words, rows, validity);
}

function validWidth(words: Int32Array, rows: number, validity: Uint8Array | null): 'i32' | 'i64' | 'wide' {
  let beyond32 = 0;
  let outside = 0;
  for (let i = 0; i < rows; i++) {
    const lo = words[2 * i] as number;
    const hi = words[2 * i + 1] as number;
    const misfit = hi ^ (lo >> 31);
    if (misfit !== 0 && (validity === null || getBit(validity, i))) {
      beyond32 |= misfit;
      if (hi < -0x200000 || hi >= 0x200000 || (hi === -0x200000 && lo === 0)) outside = 1;
    }
  }
  return outside !== 0 ? 'wide' : beyond32 !== 0 ? 'i64' : 'i32';
}

/**
 * An int or decimal column over 64-bit values, as i32 when all valid values fit (copied to scratch), otherwise over `values` themselves.
 * `values` may be longer than `rows`.
 */
export function narrowI64(
  type: DataType,
  values: BigInt64Array,
  rows: number,
  valid: Validity,
  scratch: Scratch,
): I32Column | I64Column {
  const words = wordsOf(values);
  const width = widthOfI64(words, rows, valid.validity);
  if (width === 'i32') return { type, phys: 'i32', length: rows, ...valid, values: lowWords(words, rows, scratch) };
  return { type, phys: 'i64', length: rows, ...valid, values: values.subarray(0, rows), wide: width === 'wide' };
}

/** The low words of 64-bit values, which may be longer than `rows`. */
export function lowWords(words: Int32Array, rows: number, scratch: Scratch): Int32Array {
  const out = scratch.i32(rows);
  const k = kernelsFor(out, words);
  if (k !== null) k.ints_narrow(words.byteOffset, rows, out.byteOffset);
  else for (let i = 0; i < rows; i++) out[i] = words[2 * i] as number;
  return out;
}

/** As narrowI64, for 128-bit values (two 64-bit words a row, low first). */
export function narrowI128(
  type: DataType,
  values: BigInt64Array,
  rows: number,
  valid: Validity,
  scratch: Scratch,
): I32Column | I64Column | I128Column {
  return narrowByKernel(type, values, rows, valid, scratch) ?? narrowByWords(type, values, rows, valid, scratch);
}

/** null: no kernel reaches the values, or one does not fit 64 bits, though it may stand under a null. */
function narrowByKernel(
  type: DataType,
  values: BigInt64Array,
  rows: number,
  valid: Validity,
  scratch: Scratch,
): I32Column | I64Column | null {
  if (kernelsFor(values) === null) return null;
  const base = { type, length: rows, ...valid };
  const small = scratch.i32(rows);
  if (kernelsFor(values, small)?.ints_32_of_128(values.byteOffset, rows, small.byteOffset) === 1)
    return { ...base, phys: 'i32', values: small };
  const low = scratch.i64(rows);
  const fits = kernelsFor(values, low)?.ints_64_of_128(values.byteOffset, rows, low.byteOffset) === 1;
  return fits ? narrowI64(type, low, rows, valid, scratch) : null;
}

function narrowByWords(
  type: DataType,
  values: BigInt64Array,
  rows: number,
  valid: Validity,
  scratch: Scratch,
): I32Column | I64Column | I128Column {
  const words = wordsOf(values);
  for (let i = 0; i < rows; i++) {
    const sign = (words[4 * i + 1] as number) >> 31;
    if (
      (words[4 * i + 2] !== sign || words[4 * i + 3] !== sign) &&
      (valid.validity === null || getBit(valid.validity, i))
    ) {
      return { type, phys: 'i128', length: rows, ...valid, values: values.subarray(0, 2 * rows) };
    }
  }
  const low = scratch.i64(rows);
  const to = wordsOf(low);
  for (let i = 0; i < rows; i++) {
    to[2 * i] = words[4 * i] as number;
    to[2 * i + 1] = words[4 * i + 1] as number;
  }
  return narrowI64(type, low, rows, valid, scratch);
}

/** The 64-bit value at word pair `i` as a LiteralValue: a number where exact, else a bigint. */
export function intAt(words: Int32Array, values: BigInt64Array, row: number): number | bigint {
  const hi = words[2 * row + 1] as number;
  if (hi >= -0x200000 && hi < 0x200000) {
    const v = hi * 4294967296 + ((words[2 * row] as number) >>> 0);
    if (v >= -9007199254740991) return v;
  }
  return values[row] as bigint;
}

export function toExact(v: bigint): number | bigint {
  return v >= -MAX_EXACT && v <= MAX_EXACT ? Number(v) : v;
}

/** Sign-extends an int or decimal column to 64-bit (from i32) or 128-bit form; the same column when it has that form already. */
export function widen(
  col: I32Column | I64Column | I128Column,
  to: 'i64' | 'i128',
  make: (length: number) => BigInt64Array,
): Column & (I64Column | I128Column) {
  if (col.phys === 'i128' || (col.phys === 'i64' && to === 'i64')) return col;
  const n = col.length;
  const base = { type: col.type, length: n, nullCount: col.nullCount, validity: col.validity };
  const step = to === 'i64' ? 2 : 4;
  const values = make((n * step) / 2);
  const out = wordsOf(values);
  const from = col.phys === 'i32' ? col.values : wordsOf(col.values);
  const width = col.phys === 'i32' ? 1 : 2;
  for (let i = 0; i < n; i++) {
    const lo = from[i * width] as number;
    const hi = width === 1 ? lo >> 31 : (from[i * width + 1] as number);
    out[i * step] = lo;
    out[i * step + 1] = hi;
    if (step === 4) {
      out[i * step + 2] = hi >> 31;
      out[i * step + 3] = hi >> 31;
    }
  }
  return to === 'i64' ? { ...base, phys: 'i64', values, wide: false } : { ...base, phys: 'i128', values };
}
