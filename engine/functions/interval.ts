import { RunError } from '../errors.ts';
import type { IntervalValue } from '../expr.ts';
import { civilOf, daysOf, lastDayOfMonth } from './calendar.ts';
import { addInt, floorDiv, floorMod, type Int, mulInt } from './ints.ts';
import { DAY_MICROS } from './limits.ts';

export function interval(months: number, days: number, micros: Int): IntervalValue {
  return { months, days, micros: Number(micros) };
}

function int32(v: number, what: string): number {
  if (v > 2147483647 || v < -2147483648 || !Number.isInteger(v))
    throw new RunError('FLOW7005', `${what} out of range: ${v}`);
  return v;
}

export function addIntervals(a: IntervalValue, b: IntervalValue, sign: 1 | -1): IntervalValue {
  return {
    months: int32(a.months + sign * b.months, 'months of an interval'),
    days: int32(a.days + sign * b.days, 'days of an interval'),
    micros: exactMicros(addInt(a.micros, sign * b.micros)),
  };
}

export function scaleInterval(a: IntervalValue, by: Int): IntervalValue {
  const n = Number(by);
  return {
    months: int32(a.months * n + 0, 'months of an interval'),
    days: int32(a.days * n + 0, 'days of an interval'),
    micros: exactMicros(mulInt(a.micros, by)),
  };
}

function exactMicros(v: Int): number {
  if (typeof v === 'bigint') throw new RunError('FLOW7005', `interval out of range: ${v} microseconds`);
  return v;
}

/** Months are added by the calendar and the day is kept, or cut to the last of the month: Jan 31 + 1mo is Feb 28 or 29. */
export function addMonths(days: number, months: number): number {
  if (months === 0) return days;
  const { year, month, day } = civilOf(days);
  const index = year * 12 + (month - 1) + months;
  const y = Math.floor(index / 12);
  const m = index - y * 12 + 1;
  return daysOf(y, m, Math.min(day, lastDayOfMonth(y, m)));
}

/** Timestamp (microseconds) moved by an interval: months first, then days, then microseconds. */
export function shiftTimestamp(micros: Int, by: IntervalValue, sign: 1 | -1): Int {
  const moved = addMonths(floorDiv(micros, DAY_MICROS), sign * by.months) + sign * by.days;
  const time = floorMod(micros, DAY_MICROS);
  return addInt(addInt(mulInt(moved, DAY_MICROS), time), sign * by.micros);
}

/** Date (days) moved by an interval without a time part. */
export function shiftDate(days: number, by: IntervalValue, sign: 1 | -1): number {
  return dateInRange(addMonths(days, sign * by.months) + sign * by.days);
}

export function dateInRange(days: Int): number {
  if (days > 2147483647 || days < -2147483648)
    throw new RunError('FLOW7005', `date out of range: ${days} days since 1970-01-01`);
  return Number(days);
}

/** Whole days and the rest, both of the sign of the difference. */
export function between(later: Int, earlier: Int): IntervalValue {
  const diff = addInt(later, typeof earlier === 'bigint' ? -earlier : 0 - earlier);
  const days = typeof diff === 'bigint' ? Number(diff / BigInt(DAY_MICROS)) : Math.trunc(diff / DAY_MICROS) + 0;
  return interval(0, days, typeof diff === 'bigint' ? diff % BigInt(DAY_MICROS) : (diff % DAY_MICROS) + 0);
}

/** Intervals compare by length, a month counting as 30 days and a day as 24 hours. */
export function compareIntervals(a: IntervalValue, b: IntervalValue): number {
  const x = lengthOf(a);
  const y = lengthOf(b);
  return x < y ? -1 : x > y ? 1 : 0;
}

function lengthOf(a: IntervalValue): bigint {
  return BigInt(a.months * 30 + a.days) * BigInt(DAY_MICROS) + BigInt(a.micros);
}
