import type { Column } from '../batch/column.ts';
import { wordsOf } from '../batch/ints.ts';
import { allCells, type Cells, type ColumnPlan, type Left, Nulls, takeCells } from './csv_columns.ts';
import { beyondExact, parseInt64 } from './int64.ts';
import { type DecimalOut, isNaNText, parseBool, parseDecimal, parseFloat64 } from './text_number.ts';

/** 10^18 is the largest power of ten in 64 bits that kernels have. */
const MAX_KERNEL_SCALE = 18;

const words: DecimalOut = { lo: 0, hi: 0, big: null };

/** As 32 bits while the values allow, else from the start again as 64. */
export function intColumn(c: Cells, plan: ColumnPlan): Column {
  return narrowInts(c, plan) ?? wideInts(c, plan);
}

function narrowInts(c: Cells, plan: ColumnPlan): Column | null {
  const { u8, cell } = c;
  const { ends, stride, rows } = c.index;
  const values = c.scratch.i32(rows);
  const nulls = new Nulls(c, plan);
  const plain = plan.plain;
  const emptyIsNull = plan.dialect.emptyIsNull;
  const left = takeCells(c, plan, 'csv_int_32', values, nulls);
  if (left.narrow) return null;
  for (let k = 0; k < left.count; k++) {
    const row = left.rows === null ? k : left.rows[k]!;
    const at = row * stride + plan.source;
    const from = ends[at]! + 1;
    const to = ends[at + 1]!;
    if (plain && to - from <= 9) {
      if (to <= from && emptyIsNull) {
        values[row] = 0;
        nulls.put(row);
        continue;
      }
      const negative = u8[from] === 45;
      let i = negative ? from + 1 : from;
      let v = 0;
      if (i < to) {
        do {
          const d = u8[i]! - 48;
          if (d >>> 0 > 9) break;
          // Nine digits stay within 32 bits; said so, the compiler keeps to integers.
          v = (Math.imul(v, 10) + d) | 0;
        } while (++i < to);
        if (i === to) {
          values[row] = negative ? -v | 0 : v;
          continue;
        }
      }
    }
    values[row] = 0;
    if (!cell.find(from, to, false)) nulls.put(row);
    else if (!parseInt64(cell.bytes, cell.from, cell.to, words)) nulls.misfit(row, 'type');
    else if (words.hi !== words.lo >> 31) {
      // What was noted so far is noted again by the wide run.
      return null;
    } else values[row] = words.lo;
  }
  return { type: plan.type, phys: 'i32', length: rows, ...nulls.validity, values };
}

function wideInts(c: Cells, plan: ColumnPlan): Column {
  const { u8, cell } = c;
  const { ends, stride, rows } = c.index;
  const values = c.scratch.i64(rows);
  const out = wordsOf(values);
  const nulls = new Nulls(c, plan);
  const left = takeCells(c, plan, 'csv_int_64', values, nulls);
  let { wide } = left;
  for (let k = 0; k < left.count; k++) {
    const row = left.rows === null ? k : left.rows[k]!;
    const at = row * stride + plan.source;
    const from = ends[at]! + 1;
    const to = ends[at + 1]!;
    words.lo = 0;
    words.hi = 0;
    if (!(plan.plain && to > from && parseInt64(u8, from, to, words))) {
      words.lo = 0;
      words.hi = 0;
      if (!cell.find(from, to, false)) nulls.put(row);
      else if (!parseInt64(cell.bytes, cell.from, cell.to, words)) {
        nulls.misfit(row, 'type');
        words.lo = 0;
        words.hi = 0;
      }
    }
    if (beyondExact(words.lo, words.hi)) wide = true;
    out[2 * row] = words.lo;
    out[2 * row + 1] = words.hi;
  }
  return { type: plan.type, phys: 'i64', length: rows, ...nulls.validity, values, wide };
}

export function floatColumn(c: Cells, plan: ColumnPlan): Column {
  const { u8, text, cell } = c;
  const { ends, stride, rows } = c.index;
  const values = c.scratch.f64(rows);
  const nulls = new Nulls(c, plan);
  const { plain } = plan;
  const { point, emptyIsNull } = plan.dialect;
  const left = takeCells(c, plan, 'csv_float', values, nulls);
  for (let k = 0; k < left.count; k++) {
    const row = left.rows === null ? k : left.rows[k]!;
    const at = row * stride + plan.source;
    const from = ends[at]! + 1;
    const to = ends[at + 1]!;
    if (plain) {
      if (to > from) {
        const v = parseFloat64(u8, text, from, to, point);
        if (!Number.isNaN(v)) {
          values[row] = v;
          continue;
        }
      } else if (emptyIsNull) {
        values[row] = 0;
        nulls.put(row);
        continue;
      }
    }
    values[row] = 0;
    if (!cell.find(from, to, false)) nulls.put(row);
    else {
      const v = parseFloat64(cell.bytes, cell.text, cell.from, cell.to, point);
      if (!Number.isNaN(v) || isNaNText(cell.bytes, cell.from, cell.to)) values[row] = v;
      else nulls.misfit(row, 'type');
    }
  }
  return { type: plan.type, phys: 'f64', length: rows, ...nulls.validity, values };
}

export function boolColumn(c: Cells, plan: ColumnPlan): Column {
  const { cell } = c;
  const { ends, stride, rows } = c.index;
  const values = c.scratch.bitmap(rows, false);
  const nulls = new Nulls(c, plan);
  const left = takeCells(c, plan, 'csv_bool', values, nulls);
  for (let k = 0; k < left.count; k++) {
    const row = left.rows === null ? k : left.rows[k]!;
    const at = row * stride + plan.source;
    if (!cell.find(ends[at]! + 1, ends[at + 1]!, false)) {
      nulls.put(row);
      continue;
    }
    const v = parseBool(cell.bytes, cell.from, cell.to, true);
    if (v < 0) nulls.misfit(row, 'type');
    else if (v === 1) values[row >> 3]! |= 1 << (row & 7);
  }
  return { type: plan.type, phys: 'bool', length: rows, ...nulls.validity, values };
}

/** As 32, 64 or 128 bits: the narrowest that holds the batch's values. */
export function decimalColumn(c: Cells, plan: ColumnPlan): Column {
  return decimals(c, plan, 32) ?? decimals(c, plan, 64) ?? wideDecimals(c, plan);
}

function takeDecimals(c: Cells, plan: ColumnPlan, values: Int32Array | BigInt64Array, nulls: Nulls): Left {
  const { precision, scale } = decimalType(plan);
  const name = values instanceof Int32Array ? 'csv_decimal_32' : 'csv_decimal_64';
  if (scale > MAX_KERNEL_SCALE) return allCells(c);
  return takeCells(c, plan, name, values, nulls, precision - scale, scale);
}

/** Null when a value needs more bits. */
function decimals(c: Cells, plan: ColumnPlan, bits: 32 | 64): Column | null {
  const { ends, stride, rows } = c.index;
  const narrow = c.scratch.i32(bits === 32 ? rows : 0);
  const values = c.scratch.i64(bits === 32 ? 0 : rows);
  const out = wordsOf(values);
  const nulls = new Nulls(c, plan);
  const left = takeDecimals(c, plan, bits === 32 ? narrow : values, nulls);
  if (left.narrow) return null;
  let { wide } = left;
  for (let k = 0; k < left.count; k++) {
    const row = left.rows === null ? k : left.rows[k]!;
    const at = row * stride + plan.source;
    takeDecimal(c, plan, nulls, row, ends[at]! + 1, ends[at + 1]!);
    if (bits === 32) {
      if (words.big !== null || words.hi !== words.lo >> 31) return null;
      narrow[row] = words.lo;
    } else {
      if (words.big !== null) return null;
      if (beyondExact(words.lo, words.hi)) wide = true;
      out[2 * row] = words.lo;
      out[2 * row + 1] = words.hi;
    }
  }
  const base = { type: plan.type, length: rows, ...nulls.validity };
  return bits === 32 ? { ...base, phys: 'i32', values: narrow } : { ...base, phys: 'i64', values, wide };
}

function wideDecimals(c: Cells, plan: ColumnPlan): Column {
  const { ends, stride, rows } = c.index;
  const values = c.scratch.i64(2 * rows);
  const out = wordsOf(values);
  const nulls = new Nulls(c, plan);
  for (let row = 0, at = plan.source; row < rows; row++, at += stride) {
    takeDecimal(c, plan, nulls, row, ends[at]! + 1, ends[at + 1]!);
    if (words.big !== null) {
      values[2 * row] = BigInt.asIntN(64, words.big);
      values[2 * row + 1] = words.big >> 64n;
    } else {
      out[4 * row] = words.lo;
      out[4 * row + 1] = words.hi;
      out[4 * row + 2] = words.hi >> 31;
      out[4 * row + 3] = words.hi >> 31;
    }
  }
  return { type: plan.type, phys: 'i128', length: rows, ...nulls.validity, values };
}

function decimalType(plan: ColumnPlan): { readonly precision: number; readonly scale: number } {
  return plan.type.kind === 'decimal' ? plan.type : { precision: 38, scale: 0 };
}

/** Leaves the unscaled value in `words`; 0 for null and misfits. */
function takeDecimal(c: Cells, plan: ColumnPlan, nulls: Nulls, row: number, from: number, to: number): void {
  const { cell } = c;
  const { point } = plan.dialect;
  const { precision, scale } = decimalType(plan);
  if (plan.plain && to > from && parseDecimal(c.u8, c.text, from, to, precision, scale, words, point) === null) return;
  let fault = null;
  if (!cell.find(from, to, false)) nulls.put(row);
  else {
    fault = parseDecimal(cell.bytes, cell.text, cell.from, cell.to, precision, scale, words, point);
    if (fault === null) return;
    nulls.misfit(row, fault === 'syntax' ? 'type' : fault);
  }
  words.lo = 0;
  words.hi = 0;
  words.big = null;
}
