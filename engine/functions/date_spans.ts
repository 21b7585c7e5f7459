import { RunError } from '../errors.ts';
import type { IntervalValue } from '../expr.ts';
import { type DataType, T } from '../types.ts';
import { family, overload, type Resolve, type Resolved } from './build.ts';
import { civilOf, daysOf, lastDayOfMonth } from './calendar.ts';
import { localMicros } from './date_parts.ts';
import { monthIndex, unitOf } from './date_units.ts';
import { addMonths, dateInRange, interval, shiftDate, shiftTimestamp } from './interval.ts';
import { addInt, floorDiv, floorMod, type Int, mulInt, narrow } from './ints.ts';
import { DAY_MICROS } from './limits.ts';
import { implicitCost } from './types.ts';
import { fromLocal } from './zones.ts';

/** Spans between instants by the calendar, buckets of time, and series. */

const isWhen = (t: DataType | undefined): t is DataType =>
  t?.kind === 'date' || t?.kind === 'timestamp' || t?.kind === 'null';

const asInstant = (t: DataType): DataType => (t.kind === 'timestamp' ? t : T.timestamp);

interface Moment {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** Microseconds since midnight. */
  readonly clock: number;
}

function momentOf(local: Int): Moment {
  return { ...civilOf(floorDiv(local, DAY_MICROS)), clock: floorMod(local, DAY_MICROS) };
}

/** `a` minus `b` in months, days and time; days are borrowed from the month of the earlier one. */
function age(a: Int, b: Int): IntervalValue {
  if (a < b) {
    const { months, days, micros } = forward(momentOf(b), momentOf(a));
    return interval(0 - months, 0 - days, 0 - micros);
  }
  return forward(momentOf(a), momentOf(b));
}

function forward(later: Moment, earlier: Moment): IntervalValue {
  let micros = later.clock - earlier.clock;
  let days = later.day - earlier.day;
  let months = (later.year - earlier.year) * 12 + later.month - earlier.month;
  if (micros < 0) {
    micros += DAY_MICROS;
    days--;
  }
  while (days < 0) {
    days += lastDayOfMonth(earlier.year, earlier.month);
    months--;
  }
  return interval(months, days, micros);
}

/** Complete months; a day that the last month does not have counts as its last day. */
function completeMonths(from: Int, to: Int): number {
  if (from > to) return 0 - completeMonths(to, from);
  const [a, b] = [momentOf(from), momentOf(to)];
  const months = (b.year - a.year) * 12 + b.month - a.month;
  const day = Math.min(a.day, lastDayOfMonth(b.year, b.month));
  return day > b.day || (day === b.day && a.clock > b.clock) ? months - 1 : months;
}

const UNIT_MONTHS: Readonly<Record<string, number>> = {
  millennium: 12000,
  century: 1200,
  decade: 120,
  year: 12,
  quarter: 3,
  month: 1,
};
const UNIT_MICROS: Readonly<Record<string, number>> = {
  week: 7 * DAY_MICROS,
  day: DAY_MICROS,
  hour: 3.6e9,
  minute: 6e7,
  second: 1e6,
  millisecond: 1e3,
  microsecond: 1,
};

const timestampDiff: Resolve = ([, from, to, ...more], literals) => {
  if (!isWhen(from) || !isWhen(to) || more.length > 0) return null;
  const unit = unitOf(literals[0], 'timestampdiff');
  if (typeof unit !== 'string') return unit;
  const [a, b] = [asInstant(from), asInstant(to)];
  const months = UNIT_MONTHS[unit];
  const step = BigInt(UNIT_MICROS[unit] ?? 1);
  const call = (_: string, x: Int, y: Int): Int => {
    const [p, q] = [localMicros(a, x), localMicros(b, y)];
    if (months !== undefined) return Math.trunc(completeMonths(p, q) / months) + 0;
    return narrow((BigInt(q) - BigInt(p)) / step);
  };
  return overload([T.string, a, b], T.int, { call, mayOverflow: true });
};

const ageOf: Resolve = ([later, earlier, ...more]) => {
  if (!isWhen(later) || !isWhen(earlier) || more.length > 0) return null;
  const [a, b] = [asInstant(later), asInstant(earlier)];
  return overload([a, b], T.interval, { call: (x: Int, y: Int) => age(localMicros(a, x), localMicros(b, y)) });
};

/** Buckets of months begin with the year 2000; others on its first Monday, so that weeks begin on Mondays. */
const MONTH_ORIGIN = 2000 * 12;
const ORIGIN = daysOf(2000, 1, 3) * DAY_MICROS;

function bucket(width: IntervalValue, local: Int, origin: Int | undefined): Int {
  const micros = width.days * DAY_MICROS + width.micros;
  if (width.months !== 0 ? width.months < 0 || micros !== 0 : micros <= 0)
    throw new RunError('FLOW7004', 'the width of a bucket is months, or days and time, and more than nothing');
  if (width.months > 0) {
    const first = origin === undefined ? MONTH_ORIGIN : monthIndex(floorDiv(origin, DAY_MICROS));
    const at = monthIndex(floorDiv(local, DAY_MICROS)) - first;
    const index = first + Math.floor(at / width.months) * width.months;
    const year = Math.floor(index / 12);
    return mulInt(daysOf(year, index - year * 12 + 1, 1), DAY_MICROS);
  }
  const from = origin ?? ORIGIN;
  const past = addInt(local, typeof from === 'bigint' ? -from : 0 - from);
  return addInt(from, mulInt(floorDiv(past, micros), micros));
}

const timeBucket: Resolve = ([width, when, origin, ...more], literals) => {
  if ((width?.kind !== 'interval' && width?.kind !== 'null') || !isWhen(when) || more.length > 0) return null;
  if (origin !== undefined && !isWhen(origin)) return null;
  const literal = literals[0] as IntervalValue | null | undefined;
  const dates = when.kind === 'date' && origin?.kind !== 'timestamp' && literal?.micros === 0;
  const t = dates ? T.date : asInstant(when);
  const params = [T.interval, t, ...(origin === undefined ? [] : [dates ? T.date : asInstant(origin)])];
  if (dates) {
    const call = (w: IntervalValue, v: number, o?: number): number => {
      const from = o === undefined ? undefined : o * DAY_MICROS;
      return dateInRange(floorDiv(bucket(w, mulInt(v, DAY_MICROS), from), DAY_MICROS));
    };
    return overload(params, t, { call });
  }
  const zone = t.kind === 'timestamp' ? t.zone : null;
  const call = (w: IntervalValue, v: Int, o?: Int): Int => {
    const local = bucket(w, localMicros(t, v), o === undefined ? undefined : localMicros(t, o));
    return zone === null ? local : fromLocal(zone, local);
  };
  return overload(params, t, { call, mayOverflow: true });
};

/** Items that a series may have: a guard against steps of a microsecond. */
const LONGEST_SERIES = 1_000_000;

/** Values from the first to the last, both included, `at(k)` being the k-th. */
function series<V extends Int>(from: V, to: V, forwards: boolean, at: (k: number) => V): V[] {
  const out: V[] = [];
  for (let v = from, k = 0; forwards ? v <= to : v >= to; v = at(++k)) {
    if (out.length >= LONGEST_SERIES)
      throw new RunError('FLOW7004', `a series of more than ${LONGEST_SERIES} items is too long`);
    out.push(v);
  }
  return out;
}

const scaled = (by: IntervalValue, k: number): IntervalValue => ({
  months: by.months * k,
  days: by.days * k,
  micros: by.micros * k,
});

function direction(by: IntervalValue): boolean {
  const size = by.months * 30 * DAY_MICROS + by.days * DAY_MICROS + by.micros;
  if (size === 0) throw new RunError('FLOW7004', 'the step of generate_series is 0');
  return size > 0;
}

const generateSeries: Resolve = ([from, to, step, ...more], literals): Resolved => {
  if (from === undefined || to === undefined || more.length > 0) return null;
  const whole = (t: DataType): boolean => implicitCost(t, T.int) !== null;
  if (whole(from) && whole(to) && (step === undefined || whole(step))) {
    const call = (a: Int, b: Int, by: Int = 1): Int[] => {
      const s = BigInt(by);
      if (s === 0n) throw new RunError('FLOW7004', 'the step of generate_series is 0');
      return series<Int>(a, b, s > 0n, (k) => narrow(BigInt(a) + s * BigInt(k)));
    };
    return overload([T.int, T.int, ...(step === undefined ? [] : [T.int])], T.list(T.int, false), { call });
  }
  if (!isWhen(from) || !isWhen(to) || (step !== undefined && step.kind !== 'interval')) return null;
  const literal = literals[2] as IntervalValue | null | undefined;
  const dates = from.kind === 'date' && to.kind === 'date' && (step === undefined || literal?.micros === 0);
  const t = dates ? T.date : asInstant(from);
  const params = [t, dates ? T.date : asInstant(to), ...(step === undefined ? [] : [T.interval])];
  const day = interval(0, 1, 0);
  const call = dates
    ? (a: number, b: number, by = day) => series(a, b, direction(by), (k) => shiftDate(a, scaled(by, k), 1))
    : (a: Int, b: Int, by = day) => series<Int>(a, b, direction(by), (k) => shiftTimestamp(a, scaled(by, k), 1));
  return overload(params, T.list(t, false), { call });
};

const addMonthsTo: Resolve = ([when, n, ...more]) => {
  if (!isWhen(when) || n === undefined || more.length > 0 || implicitCost(n, T.int) === null) return null;
  if (when.kind === 'date') {
    return overload([when, T.int], when, { call: (d: number, k: Int) => dateInRange(addMonths(d, Number(k))) });
  }
  const t = asInstant(when);
  const call = (v: Int, k: Int): Int => shiftTimestamp(v, interval(Number(k), 0, 0), 1);
  return overload([t, T.int], t, { call, mayOverflow: true });
};

export const DATE_SPANS = family('date', {
  age: {
    doc: 'The span from the second instant to the first by the calendar, in years, months, days and time; `-` gives days and time.',
    signature: 'age(later, earlier)',
    examples: [
      ['age(@2024-03-01, @2024-01-31)', '1mo 1d'],
      ['age(@2001-04-10, @1957-06-13)', '43y 9mo 27d'],
    ],
    resolve: ageOf,
  },
  timestampdiff: {
    doc: 'How many complete units lie between two dates or timestamps; `date_diff` counts the boundaries that are passed.',
    signature: 'timestampdiff(unit, from, to)',
    examples: [
      ['timestampdiff("year", @2000-06-15, @2024-06-14)', '23'],
      ['timestampdiff("month", @2024-01-31, @2024-02-29)', '1'],
    ],
    resolve: timestampDiff,
  },
  time_bucket: {
    doc: 'The begin of the bucket of a width that a date or timestamp lies in. Buckets are counted from 2000-01-03, a Monday (of months: from 2000-01-01), or from an origin. A timestamp is cut by the clock of its zone.',
    signature: 'time_bucket(width, when, origin?)',
    examples: [
      ['time_bucket(15m, @2024-05-17T13:52:10Z)', '@2024-05-17T13:45:00Z'],
      ['time_bucket(2w, @2024-05-17)', '@2024-05-06'],
      ['time_bucket(3mo, @2024-05-17)', '@2024-04-01'],
    ],
    resolve: timeBucket,
  },
  generate_series: {
    doc: 'Dates, timestamps or whole numbers from the first to the second, both included, by a step (a day or 1 when left out), as a list.',
    signature: 'generate_series(from, to, step?)',
    examples: [
      ['generate_series(@2024-01-31, @2024-04-30, 1mo)', '[@2024-01-31, @2024-02-29, @2024-03-31, @2024-04-30]'],
      ['generate_series(1, 7, 3)', '[1, 4, 7]'],
      ['generate_series(6, 1, -2)', '[6, 4, 2]'],
    ],
    resolve: generateSeries,
  },
  add_months: {
    doc: 'A date or timestamp moved by a number of months, the day cut to the last of the month.',
    signature: 'add_months(when, n)',
    examples: [['add_months(@2024-01-31, 1)', '@2024-02-29']],
    resolve: addMonthsTo,
  },
});
