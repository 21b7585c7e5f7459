import { RunError } from '../errors.ts';
import { type DataType, T } from '../types.ts';
import { family, overload, type Resolve, signatures } from './build.ts';
import { civilOf, isoWeek, isoWeekday, lastDayOfMonth } from './calendar.ts';
import { DATE_MAKE } from './date_make.ts';
import { clockOf, DATE_PARTS, DAY_NAMES, dayOf, localMicros, ofDay } from './date_parts.ts';
import type { FunctionDef, Overload } from './def.ts';
import { dateInRange } from './interval.ts';
import { type Int, mulInt } from './ints.ts';
import { DAY_MICROS } from './limits.ts';
import { fromLocal, isZone, zoneOffset } from './zones.ts';

/** Parts of dates that are asked for less, parts by name, and clocks of zones. */

/** Days from the begin of the Julian day count, at midnight, to 1970-01-01. */
const JULIAN_EPOCH = 2440588;

const julianDay: Resolve = ([t, ...more]) => {
  if ((t?.kind !== 'date' && t?.kind !== 'timestamp' && t?.kind !== 'null') || more.length > 0) return null;
  const of = t.kind === 'null' ? T.date : t;
  const day = dayOf(of);
  const clock = of.kind === 'date' ? () => 0 : clockOf(of);
  return overload([of], T.float, { call: (v: Int) => day(v) + JULIAN_EPOCH + clock(v) / DAY_MICROS });
};

const CENTURY = ofDay((d) => {
  const { year } = civilOf(d);
  return year > 0 ? Math.floor((year - 1) / 100) + 1 : Math.ceil(year / 100) - 1;
});
const DECADE = ofDay((d) => Math.floor(civilOf(d).year / 10));

/** Every part that takes a date or timestamp, by name and alias. */
const BY_NAME: ReadonlyMap<string, Resolve> = new Map([
  ...[...Object.values(DATE_PARTS), DATE_MAKE.epoch, DATE_MAKE.epoch_ms]
    .filter((d: FunctionDef) => d.name !== 'last_day' && d.name !== 'is_leap_year')
    .flatMap((d: FunctionDef) => [d.name, ...(d.aliases ?? [])].map((n) => [n, d.resolve] as const)),
  ['century', CENTURY] as const,
  ['decade', DECADE] as const,
]);

const datePart: Resolve = ([unit, when, ...more], literals) => {
  if (unit?.kind !== 'string' || when === undefined || more.length > 0) return null;
  const name = literals[0];
  if (typeof name !== 'string') return { error: 'the part of date_part is a literal text, e.g. "month"' };
  const resolve = BY_NAME.get(name.toLowerCase().replace(/s$/, '')) ?? BY_NAME.get(name.toLowerCase());
  if (resolve === undefined)
    return { error: `there is no part "${name}"; parts are ${[...BY_NAME.keys()].join(', ')}` };
  const found = resolve([when], []);
  if (found === null || 'error' in found) return found;
  const call = found.impl.call as unknown as (v: unknown) => unknown;
  return {
    ...found,
    params: [T.string, ...found.params],
    impl: { ...found.impl, call: (_: string, v: unknown) => call(v) },
  };
};

function dayNamed(name: string): number {
  const key = name.trim().toLowerCase();
  const at = key.length < 2 ? -1 : DAY_NAMES.findIndex((n) => n.toLowerCase().startsWith(key));
  if (at < 0) throw new RunError('FLOW7004', `${JSON.stringify(name)} is not a day of the week`, { value: name });
  return at + 1;
}

const nextDay: Resolve = ([when, name, ...more]) => {
  if ((when?.kind !== 'date' && when?.kind !== 'timestamp' && when?.kind !== 'null') || more.length > 0) return null;
  if (name?.kind !== 'string' && name?.kind !== 'null') return null;
  const t = when.kind === 'null' ? T.date : when;
  const day = dayOf(t);
  const call = (v: Int, text: string): number => {
    const d = day(v);
    return dateInRange(d + ((dayNamed(text) - isoWeekday(d) + 6) % 7) + 1);
  };
  return overload([t, T.string], T.date, { call });
};

/** A literal zone; the overload of a timestamp and it. */
function zoned(of: string, make: (t: DataType, zone: string) => Overload): Resolve {
  return ([when, name, ...more], literals) => {
    if (
      more.length > 0 ||
      name?.kind !== 'string' ||
      (when?.kind !== 'timestamp' && when?.kind !== 'null' && when?.kind !== 'date')
    )
      return null;
    const zone = literals[1];
    if (typeof zone !== 'string') return { error: `the zone of ${of} is a literal text, e.g. "Europe/Berlin"` };
    if (!isZone(zone)) return { error: `there is no time zone "${zone}"` };
    return make(when.kind === 'timestamp' ? when : T.timestamp, zone);
  };
}

const replaceZone = zoned('replace_zone', (t, zone) =>
  overload(
    [t, T.string],
    { kind: 'timestamp', zone },
    { call: (v: Int) => fromLocal(zone, localMicros(t, v)), mayOverflow: true },
  ),
);

const offsetOf: Resolve = ([t, ...more]) => {
  if ((t?.kind !== 'timestamp' && t?.kind !== 'null') || more.length > 0) return null;
  const zone = t.kind === 'timestamp' ? t.zone : null;
  return overload([t.kind === 'null' ? T.timestamp : t], T.int, {
    call: (v: Int) => (zone === null ? 0 : zoneOffset(zone, v)),
  });
};

function makeTime(h: Int, m: Int, s: number): number {
  const micros = Math.round(s * 1e6);
  if (!(h >= 0 && h <= 23 && m >= 0 && m <= 59 && micros >= 0 && micros < 6e7))
    throw new RunError('FLOW7004', `${h}:${m}:${s} is not a time of day`, { value: `${h}:${m}:${s}` });
  return Number(h) * 3.6e9 + Number(m) * 6e7 + micros;
}

export const DATE_MORE = family('date', {
  date_part: {
    doc: `A part of a date or timestamp by its name: ${[...BY_NAME.keys()].join(', ')}.`,
    signature: 'date_part(part, when)',
    aliases: ['extract', 'datepart'],
    examples: [
      ['date_part("year", @2024-05-17)', '2024'],
      ['date_part("dow", @2024-05-17)', '5'],
    ],
    resolve: datePart,
  },
  century: {
    doc: 'Century, 2001 being the first year of the 21st.',
    signature: 'century(when)',
    examples: [
      ['century(@2000-12-31)', '20'],
      ['century(@2001-01-01)', '21'],
    ],
    resolve: CENTURY,
  },
  decade: {
    doc: 'The year divided by 10, rounded down.',
    signature: 'decade(when)',
    examples: [['decade(@2024-05-17)', '202']],
    resolve: DECADE,
  },
  yearweek: {
    doc: 'Year and week by ISO 8601 as one number.',
    signature: 'yearweek(when)',
    examples: [['yearweek(@2021-01-03)', '202053']],
    resolve: ofDay((d) => {
      const { year, week } = isoWeek(d);
      return year * 100 + (year < 0 ? -week : week);
    }),
  },
  days_in_month: {
    doc: 'Number of days of the month.',
    signature: 'days_in_month(when)',
    examples: [['days_in_month(@2024-02-10)', '29']],
    resolve: ofDay((d) => {
      const { year, month } = civilOf(d);
      return lastDayOfMonth(year, month);
    }),
  },
  julian_day: {
    doc: 'Days since the begin of the Julian day count, counted at midnight; the time of day is the fraction.',
    signature: 'julian_day(when)',
    aliases: ['julian'],
    examples: [
      ['julian_day(@1970-01-01)', '2440588.0'],
      ['julian_day(@1970-01-01T12:00:00Z)', '2440588.5'],
    ],
    resolve: julianDay,
  },
  next_day: {
    doc: 'The first day after the date that is the named day of the week.',
    signature: 'next_day(when, day)',
    examples: [
      ['next_day(@2024-05-17, "monday")', '@2024-05-20'],
      ['next_day(@2024-05-17, "fri")', '@2024-05-24'],
    ],
    resolve: nextDay,
  },
  make_time: {
    doc: 'The time of day of an hour, minute and second; seconds may have decimals.',
    signature: 'make_time(hour, minute, second)',
    examples: [['make_time(13, 45, 59.5)', '13:45:59.500']],
    resolve: signatures({ params: [T.int, T.int, T.float], result: T.time, impl: { call: makeTime } }),
  },
  epoch_us: {
    doc: 'Microseconds since 1970-01-01T00:00:00Z.',
    signature: 'epoch_us(when)',
    examples: [['epoch_us(@1970-01-01T00:00:01.5Z)', '1500000']],
    resolve: signatures({ params: [T.timestamp], result: T.int, impl: { call: (v: Int) => v } }),
  },
  from_epoch_us: {
    doc: 'The timestamp of a number of microseconds since 1970-01-01T00:00:00Z.',
    signature: 'from_epoch_us(microseconds)',
    aliases: ['make_timestamp_us'],
    examples: [['from_epoch_us(1500000)', '@1970-01-01T00:00:01.500Z']],
    resolve: signatures({ params: [T.int], result: T.timestamp, impl: { call: (v: Int) => mulInt(v, 1) } }),
  },
  replace_zone: {
    doc: 'The instant at which the clocks of a zone show what the timestamp shows: of two such instants the earlier; a time that the clocks leave out is read by the clock before it. `at_zone` keeps the instant instead.',
    signature: 'replace_zone(when, zone)',
    examples: [
      ['replace_zone(@2024-07-01T12:00:00Z, "Europe/Berlin")', '@2024-07-01T12:00:00+02:00'],
      ['epoch(replace_zone(@1970-01-01T02:00:00Z, "Europe/Berlin"))', '3600.0'],
    ],
    resolve: replaceZone,
  },
  zone_offset: {
    doc: 'Seconds that the clocks of the zone are ahead of UTC at the instant; 0 without a zone.',
    signature: 'zone_offset(when)',
    examples: [['zone_offset(at_zone(@2024-07-01T12:00:00Z, "Europe/Berlin"))', '7200']],
    resolve: offsetOf,
  },
});
