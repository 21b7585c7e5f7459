import { type DataType, T } from '../types.ts';
import { family, overload, type Resolve } from './build.ts';
import { civilOf, daysOf, isLeap, isoWeek, isoWeekday, lastDayOfMonth } from './calendar.ts';
import { dateInRange } from './interval.ts';
import { addInt, floorDiv, floorMod, type Int } from './ints.ts';
import { DAY_MICROS } from './limits.ts';
import { zoneOffset } from './zones.ts';

/** Microseconds by the clock that a timestamp type shows. */
export function localMicros(t: DataType, v: Int): Int {
  return t.kind === 'timestamp' && t.zone !== null ? addInt(v, zoneOffset(t.zone, v) * 1e6) : v;
}

/** Day of a date or timestamp, by the clock of its zone. */
export function dayOf(t: DataType): (v: Int) => number {
  return t.kind === 'date' ? (v) => v as number : (v) => floorDiv(localMicros(t, v), DAY_MICROS);
}

/** Microseconds since midnight. */
export function clockOf(t: DataType): (v: Int) => number {
  return t.kind === 'time' ? (v) => Number(v) : (v) => floorMod(localMicros(t, v), DAY_MICROS);
}

const asTemporal = (t: DataType | undefined, kinds: readonly string[]): DataType | null => {
  if (t === undefined) return null;
  if (t.kind === 'null') return T.timestamp;
  return kinds.includes(t.kind) ? t : null;
};

/** A part of the calendar day. */
export function ofDay(part: (day: number) => number | string | boolean, result: DataType = T.int): Resolve {
  return ([arg, ...more]) => {
    const t = asTemporal(arg, ['date', 'timestamp']);
    if (t === null || more.length > 0) return null;
    const day = dayOf(t);
    return overload([t], result, { call: (v: Int) => part(day(v)) });
  };
}

/** A part of the time of day, from microseconds. */
function ofClock(part: (micros: number) => number): Resolve {
  return ([arg, ...more]) => {
    const t = asTemporal(arg, ['time', 'timestamp']);
    if (t === null || more.length > 0) return arg?.kind === 'date' ? { error: 'a date has no time of day' } : null;
    const clock = clockOf(t);
    return overload([t], T.int, { call: (v: Int) => part(clock(v)) });
  };
}

export const MONTH_NAMES = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
export const DAY_NAMES = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

export const quarterOf = (month: number): number => Math.floor((month + 2) / 3);
export const dayOfYear = (day: number): number => day - daysOf(civilOf(day).year, 1, 1) + 1;

const lastDay: Resolve = ([arg, ...more]) => {
  const t = asTemporal(arg, ['date', 'timestamp']);
  if (t === null || more.length > 0) return null;
  const day = dayOf(t);
  return overload([t], T.date, {
    call: (v: Int) => {
      const { year, month } = civilOf(day(v));
      return dateInRange(daysOf(year, month, lastDayOfMonth(year, month)));
    },
  });
};

const NOTE = 'A timestamp is read by the clock of its zone (UTC when it has none).';
const D = '@2024-05-17';
const TS = '@2024-05-17T13:45:59.123456Z';

export const DATE_PARTS = family('date', {
  year: {
    doc: `Year. ${NOTE}`,
    signature: 'year(when)',
    examples: [[`year(${D})`, '2024']],
    resolve: ofDay((d) => civilOf(d).year),
  },
  quarter: {
    doc: `Quarter, 1 to 4. ${NOTE}`,
    signature: 'quarter(when)',
    examples: [[`quarter(${D})`, '2']],
    resolve: ofDay((d) => quarterOf(civilOf(d).month)),
  },
  month: {
    doc: `Month, 1 to 12. ${NOTE}`,
    signature: 'month(when)',
    examples: [[`month(${D})`, '5']],
    resolve: ofDay((d) => civilOf(d).month),
  },
  day: {
    doc: `Day of the month, 1 to 31. ${NOTE}`,
    signature: 'day(when)',
    aliases: ['dayofmonth'],
    examples: [[`day(${D})`, '17']],
    resolve: ofDay((d) => civilOf(d).day),
  },
  hour: {
    doc: `Hour, 0 to 23. ${NOTE}`,
    signature: 'hour(when)',
    examples: [[`hour(${TS})`, '13']],
    resolve: ofClock((c) => Math.floor(c / 3.6e9)),
  },
  minute: {
    doc: 'Minute, 0 to 59.',
    signature: 'minute(when)',
    examples: [[`minute(${TS})`, '45']],
    resolve: ofClock((c) => Math.floor(c / 6e7) % 60),
  },
  second: {
    doc: 'Whole second, 0 to 59.',
    signature: 'second(when)',
    examples: [[`second(${TS})`, '59']],
    resolve: ofClock((c) => Math.floor(c / 1e6) % 60),
  },
  millisecond: {
    doc: 'Milliseconds within the second, 0 to 999.',
    signature: 'millisecond(when)',
    examples: [[`millisecond(${TS})`, '123']],
    resolve: ofClock((c) => Math.floor(c / 1e3) % 1000),
  },
  microsecond: {
    doc: 'Microseconds within the second, 0 to 999999.',
    signature: 'microsecond(when)',
    examples: [[`microsecond(${TS})`, '123456']],
    resolve: ofClock((c) => c % 1e6),
  },
  weekday: {
    doc: `Day of the week by ISO 8601: 1 is Monday, 7 is Sunday. ${NOTE}`,
    signature: 'weekday(when)',
    aliases: ['isodow'],
    examples: [[`weekday(${D})`, '5']],
    resolve: ofDay(isoWeekday),
  },
  dayofweek: {
    doc: `Day of the week as in SQL: 0 is Sunday, 6 is Saturday. ${NOTE}`,
    signature: 'dayofweek(when)',
    aliases: ['dow'],
    examples: [[`dayofweek(${D})`, '5']],
    resolve: ofDay((d) => isoWeekday(d) % 7),
  },
  dayofyear: {
    doc: `Day of the year, 1 to 366. ${NOTE}`,
    signature: 'dayofyear(when)',
    aliases: ['doy'],
    examples: [[`dayofyear(${D})`, '138']],
    resolve: ofDay(dayOfYear),
  },
  week: {
    doc: `Week of the year by ISO 8601, 1 to 53. ${NOTE}`,
    signature: 'week(when)',
    aliases: ['weekofyear'],
    examples: [['week(@2021-01-03)', '53']],
    resolve: ofDay((d) => isoWeek(d).week),
  },
  isoyear: {
    doc: `Year that the ISO 8601 week belongs to. ${NOTE}`,
    signature: 'isoyear(when)',
    examples: [['isoyear(@2021-01-03)', '2020']],
    resolve: ofDay((d) => isoWeek(d).year),
  },
  monthname: {
    doc: 'English name of the month.',
    signature: 'monthname(when)',
    examples: [[`monthname(${D})`, '"May"']],
    resolve: ofDay((d) => MONTH_NAMES[civilOf(d).month - 1] as string, T.string),
  },
  dayname: {
    doc: 'English name of the day of the week.',
    signature: 'dayname(when)',
    examples: [[`dayname(${D})`, '"Friday"']],
    resolve: ofDay((d) => DAY_NAMES[isoWeekday(d) - 1] as string, T.string),
  },
  is_leap_year: {
    doc: 'Whether the year has 366 days.',
    signature: 'is_leap_year(when)',
    examples: [['is_leap_year(@1900-06-01)', 'false']],
    resolve: ofDay((d) => isLeap(civilOf(d).year), T.bool),
  },
  last_day: {
    doc: 'Last day of the month, a date.',
    signature: 'last_day(when)',
    examples: [['last_day(@2024-02-10)', '@2024-02-29']],
    resolve: lastDay,
  },
});
