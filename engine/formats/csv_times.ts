import { builder } from '../batch/build.ts';
import type { Column } from '../batch/column.ts';
import { wordsOf } from '../batch/ints.ts';
import type { LiteralValue } from '../expr.ts';
import { parseInterval } from '../functions/parse.ts';
import { allCells, type Cells, type ColumnPlan, Nulls, takeCells } from './csv_columns.ts';
import { beyondExact, splitExact, type Words } from './int64.ts';
import { NO_DATE, parseDate, parseTime, parseTimestamp, timestampWords } from './text_time.ts';

const words: Words = { lo: 0, hi: 0 };

export function dateColumn(c: Cells, plan: ColumnPlan): Column {
  const { u8, cell } = c;
  const { ends, stride, rows } = c.index;
  const values = c.scratch.i32(rows);
  const nulls = new Nulls(c, plan);
  const format = plan.dialect.dateFormat;
  const plain = plan.plain && format === null;
  const left = format === null ? takeCells(c, plan, 'csv_date', values, nulls) : allCells(c);
  for (let k = 0; k < left.count; k++) {
    const row = left.rows === null ? k : left.rows[k]!;
    const at = row * stride + plan.source;
    const from = ends[at]! + 1;
    const to = ends[at + 1]!;
    if (plain) {
      const days = parseDate(u8, from, to);
      if (days !== NO_DATE) {
        values[row] = days;
        continue;
      }
    }
    values[row] = 0;
    if (!cell.find(from, to, false)) {
      nulls.put(row);
      continue;
    }
    const days = format === null ? parseDate(cell.bytes, cell.from, cell.to) : (format(cell.string())?.days ?? NO_DATE);
    if (days === NO_DATE) nulls.misfit(row, 'type');
    else values[row] = days;
  }
  return { type: plan.type, phys: 'i32', length: rows, ...nulls.validity, values };
}

/** Microseconds, of a timestamp or a time of day. */
export function microsColumn(c: Cells, plan: ColumnPlan): Column {
  const { u8, cell } = c;
  const { ends, stride, rows } = c.index;
  const values = c.scratch.i64(rows);
  const out = wordsOf(values);
  const nulls = new Nulls(c, plan);
  const parse = plan.type.kind === 'time' ? timeOfDay : parseTimestamp;
  const format = plan.type.kind === 'time' ? null : plan.dialect.timestampFormat;
  const plain = plan.plain && format === null;
  const kernel = plan.type.kind === 'timestamp' && format === null;
  const left = kernel ? takeCells(c, plan, 'csv_timestamp', values, nulls) : allCells(c);
  let { wide } = left;
  for (let k = 0; k < left.count; k++) {
    const row = left.rows === null ? k : left.rows[k]!;
    const at = row * stride + plan.source;
    const from = ends[at]! + 1;
    const to = ends[at + 1]!;
    if (!(plain && parse(u8, from, to, words))) {
      let fits = false;
      if (!cell.find(from, to, false)) nulls.put(row);
      else {
        fits = format === null ? parse(cell.bytes, cell.from, cell.to, words) : byFormat(format, cell.string());
        if (!fits) nulls.misfit(row, 'type');
      }
      if (!fits) {
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

function timeOfDay(u8: Uint8Array, from: number, to: number, out: Words): boolean {
  const micros = parseTime(u8, from, to);
  if (micros < 0) return false;
  splitExact(micros, out);
  return true;
}

function byFormat(format: NonNullable<ColumnPlan['dialect']['timestampFormat']>, text: string): boolean {
  const moment = format(text);
  return moment !== null && timestampWords(moment.days, moment.seconds, moment.micros, words);
}

/** Spans of time as they are written in a file and by the writer: `1mo 2d 3h`. */
export function intervalColumn(c: Cells, plan: ColumnPlan): Column {
  const { ends, stride, rows } = c.index;
  const nulls = new Nulls(c, plan);
  const values = builder(plan.type, c.scratch);
  for (let row = 0, at = plan.source; row < rows; row++, at += stride) {
    const found = c.cell.find(ends[at]! + 1, ends[at + 1]!, false);
    const value = found ? parseInterval(c.cell.string()) : null;
    if (!found) nulls.put(row);
    else if (value === null) nulls.misfit(row, 'type');
    values.append(value as LiteralValue);
  }
  return { ...values.finish(), ...nulls.validity } as Column;
}
