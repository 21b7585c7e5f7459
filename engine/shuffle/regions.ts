import { bitmapBytes } from '../batch/bitmap.ts';
import type { Batch, Column } from '../batch/column.ts';
import { HEAD_WORDS } from '../batch/layout.ts';

/** Columns whose values all take the same number of bits. */
export type FixedColumn = Extract<Column, { readonly phys: Form }>;
export type Form = 'bool' | 'i32' | 'i64' | 'i128' | 'f64' | 'interval';

/** Bits of a value. */
export const BITS: Readonly<Record<Form, number>> = { bool: 1, i32: 32, i64: 64, f64: 64, i128: 128, interval: 128 };

const ALIGN = 64;

/** The forms of a batch's columns that can hold `known` too (null: nothing yet); null when a column has no fixed width or another form. */
export function formsOf(batch: Batch, known: readonly Form[] | null): readonly Form[] | null {
  const forms: Form[] = [];
  for (const [i, { phys }] of batch.columns.entries()) {
    if (!(phys in BITS)) return null;
    const have = known?.[i] ?? phys;
    if (have === phys) forms.push(phys as Form);
    else if ((have === 'i32' && phys === 'i64') || (have === 'i64' && phys === 'i32')) forms.push('i64');
    else return null;
  }
  return forms;
}

export const sameForms = (a: readonly Form[], b: readonly Form[]): boolean => a.every((f, i) => f === b[i]);

/** Where the buffers of an encoded batch of up to `rows` rows lie, in bytes from its start: room for a header and a bitmap for each column. */
export interface RegionPlan {
  readonly rows: number;
  readonly bytes: number;
  readonly columns: readonly { readonly validityAt: number; readonly valuesAt: number }[];
}

/** Rows of fixed width: bytes of one, bitmaps included. */
export const rowBytes = (forms: readonly Form[]): number => forms.reduce((n, f) => n + (BITS[f] + 1) / 8, 0);

/** The largest region within `bytes`, of `most` rows at most; null when not even 64 rows fit. */
export function planRegion(forms: readonly Form[], bytes: number, most: number): RegionPlan | null {
  const fixed = regionBytes(forms, 0);
  const fit = Math.floor((bytes - fixed) / rowBytes(forms) / 64) * 64;
  const rows = Math.min(fit, most);
  if (rows < 64) return null;
  let at = headBytes(forms.length, forms.length);
  const columns = forms.map((f) => {
    const validityAt = at;
    const valuesAt = align(validityAt + bitmapBytes(rows));
    at = align(valuesAt + valueBytes(f, rows));
    return { validityAt, valuesAt };
  });
  // Regions a multiple of 4 KiB apart would fill the same lines of the cache.
  return { rows, bytes: at % 4096 === 0 ? at + ALIGN : at, columns };
}

/** Room for the buffers of as many rows and for rounding them up. */
export function regionBytes(forms: readonly Form[], rows: number): number {
  return headBytes(forms.length, forms.length) + ALIGN * (2 * forms.length + 1) + Math.ceil(rows * rowBytes(forms));
}

/** Bytes of a header with as many columns and bitmaps. */
export function headBytes(columns: number, bitmaps: number): number {
  return align(4 * (HEAD_WORDS + 5 * columns + 2 * bitmaps));
}

export const valueBytes = (form: Form, rows: number): number => Math.ceil((BITS[form] * rows) / 8);

export const align = (bytes: number): number => Math.ceil(bytes / ALIGN) * ALIGN;
