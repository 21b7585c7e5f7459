import { type DataType, T } from '../types.ts';
import { family, overload, type Resolve, type Resolved } from './build.ts';
import { civilOf, daysOf, isoWeekday } from './calendar.ts';
import { dayOfYear, localMicros } from './date_parts.ts';
import { dateInRange } from './interval.ts';
import { addInt, floorDiv, type Int, mulInt } from './ints.ts';
import { DAY_MICROS } from './limits.ts';
import { temporalMinus, temporalPlus } from './temporal_arithmetic.ts';
import { fromLocal } from './zones.ts';

/** Months of the units that are months, days of those that are days, microseconds of the rest. */
const MONTHS: Readonly<Record<string, number>> = {
  millennium: 12000,
  century: 1200,
  decade: 120,
  year: 12,
  quarter: 3,
  month: 1,
};
const DAYS: Readonly<Record<string, number>> = { week: 7, day: 1 };
const MICROS: Readonly<Record<string, number>> = {
  hour: 3.6e9,
  minute: 6e7,
  second: 1e6,
  millisecond: 1e3,
  microsecond: 1,
};
const UNITS = [...Object.keys(MONTHS), ...Object.keys(DAYS), ...Object.keys(MICROS)];

/** The unit an argument names (`"month"`, `"months"`), or why it does not. */
export function unitOf(literal: unknown, of: string): string | { error: string } {
  if (typeof literal !== 'string') return { error: `the unit of ${of} is a literal text, e.g. "month"` };
  const name = literal.toLowerCase().replace(/s$/, '');
  const unit = name === 'centurie' ? 'century' : name;
  return UNITS.includes(unit) ? unit : { error: `there is no unit "${literal}"; units are ${UNITS.join(', ')}` };
}

export const monthIndex = (day: number): number => {
  const { year, month } = civilOf(day);
  return year * 12 + month - 1;
};

const firstOfMonth = (index: number): number => daysOf(Math.floor(index / 12), (((index % 12) + 12) % 12) + 1, 1);

/** First day of the unit that a day lies in. */
function truncateDay(unit: string): (day: number) => number {
  const months = MONTHS[unit];
  if (months === 1) return (day) => day - civilOf(day).day + 1;
  if (months === 12) return (day) => day - dayOfYear(day) + 1;
  if (months !== undefined) return (day) => firstOfMonth(Math.floor(monthIndex(day) / months) * months);
  return unit === 'week' ? (day) => day - isoWeekday(day) + 1 : (day) => day;
}

function truncateMicros(unit: string): (local: Int) => Int {
  const step = MICROS[unit];
  if (step !== undefined) return (v) => mulInt(floorDiv(v, step), step);
  const day = truncateDay(unit);
  return (v) => mulInt(day(floorDiv(v, DAY_MICROS)), DAY_MICROS);
}

const isWhen = (t: DataType | undefined): t is DataType =>
  t?.kind === 'date' || t?.kind === 'timestamp' || t?.kind === 'null';

const dateTrunc: Resolve = ([, when, ...more], literals) => {
  if (!isWhen(when) || more.length > 0) return null;
  const unit = unitOf(literals[0], 'date_trunc');
  if (typeof unit !== 'string') return unit;
  const t = when.kind === 'null' ? T.timestamp : when;
  if (t.kind === 'date') {
    const cut = truncateDay(unit);
    return overload([T.string, t], t, { call: (_: string, d: number) => dateInRange(cut(d)) });
  }
  const cut = truncateMicros(unit);
  const zone = t.kind === 'timestamp' ? t.zone : null;
  const call = (_: string, v: Int): Int => (zone === null ? cut(v) : fromLocal(zone, cut(localMicros(t, v))));
  return overload([T.string, t], t, { call });
};

const subtract = (a: Int, b: Int): Int => addInt(a, typeof b === 'bigint' ? -b : 0 - b);

/** Number of boundaries of the unit between two instants. */
const dateDiff: Resolve = ([, from, to, ...more], literals) => {
  if (!isWhen(from) || !isWhen(to) || more.length > 0) return null;
  const unit = unitOf(literals[0], 'date_diff');
  if (typeof unit !== 'string') return unit;
  const dates = from.kind === 'date' && to.kind === 'date';
  const type = (t: DataType): DataType => (dates ? T.date : t.kind === 'timestamp' ? t : T.timestamp);
  const [a, b] = [type(from), type(to)];
  const index = unitIndex(unit);
  const call = (_: string, x: Int, y: Int): Int => subtract(index(microsOf(b, y)), index(microsOf(a, x)));
  return overload([T.string, a, b], T.int, { call, mayOverflow: true });
};

function microsOf(t: DataType, v: Int): Int {
  return t.kind === 'date' ? mulInt(v, DAY_MICROS) : localMicros(t, v);
}

/** Number of the unit that an instant lies in. */
function unitIndex(unit: string): (micros: Int) => Int {
  const step = MICROS[unit];
  if (step === 1) return (v) => v;
  if (step !== undefined) return (v) => floorDiv(v, step);
  const months = MONTHS[unit];
  if (months !== undefined) return (v) => Math.floor(monthIndex(floorDiv(v, DAY_MICROS)) / months);
  // Weeks begin on Monday: day 0 is a Thursday.
  return unit === 'week' ? (v) => Math.floor((floorDiv(v, DAY_MICROS) + 3) / 7) : (v) => floorDiv(v, DAY_MICROS);
}

function shift(plus: boolean): Resolve {
  return ([when, by, ...more], literals): Resolved => {
    if (when === undefined || by === undefined || more.length > 0) return null;
    if (by.kind !== 'interval' && by.kind !== 'int') return null;
    return plus ? temporalPlus(when, by, literals) : temporalMinus(when, by, literals);
  };
}

export const DATE_UNITS = family('date', {
  date_trunc: {
    doc: `The begin of the unit that a date or timestamp lies in. Units: ${UNITS.join(', ')}. Weeks begin on Monday. A timestamp is cut by the clock of its zone.`,
    signature: 'date_trunc(unit, when)',
    examples: [
      ['date_trunc("month", @2024-05-17)', '@2024-05-01'],
      ['date_trunc("hour", @2024-05-17T13:45:59Z)', '@2024-05-17T13:00:00Z'],
      ['date_trunc("week", @1969-12-30)', '@1969-12-29'],
    ],
    resolve: dateTrunc,
  },
  date_diff: {
    doc: 'How many boundaries of the unit lie between two dates or timestamps; negative when the second is earlier.',
    signature: 'date_diff(unit, from, to)',
    aliases: ['datediff'],
    examples: [
      ['date_diff("month", @2024-01-31, @2024-02-01)', '1'],
      ['date_diff("day", @2024-03-01, @2024-02-01)', '-29'],
      ['date_diff("hour", @2024-01-01T00:59:00Z, @2024-01-01T02:00:00Z)', '2'],
    ],
    resolve: dateDiff,
  },
  date_add: {
    doc: 'A date or timestamp moved by an interval, or a date by a number of days: `when + by`.',
    signature: 'date_add(when, by)',
    examples: [['date_add(@2024-01-31, 1mo)', '@2024-02-29']],
    resolve: shift(true),
  },
  date_sub: {
    doc: 'A date or timestamp moved back: `when - by`.',
    signature: 'date_sub(when, by)',
    examples: [['date_sub(@2024-03-01, 1)', '@2024-02-29']],
    resolve: shift(false),
  },
});
