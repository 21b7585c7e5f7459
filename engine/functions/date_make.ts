import { RunError } from '../errors.ts';
import { type DataType, T } from '../types.ts';
import { family, overload, type Resolve, signatures } from './build.ts';
import { daysOf, isRealDate } from './calendar.ts';
import { localMicros } from './date_parts.ts';
import { addInt, floorDiv, floorMod, type Int, mulInt, narrow } from './ints.ts';
import { DAY_MICROS } from './limits.ts';
import { memo } from './pattern.ts';
import { formatter, parser } from './strftime.ts';
import { isZone } from './zones.ts';

function bad(what: string, value: string): RunError {
  return new RunError('FLOW7004', `${value} is not a ${what}`, { value });
}

function makeDate(y: Int, m: Int, d: Int): number {
  const [year, month, day] = [Number(y), Number(m), Number(d)];
  if (Math.abs(year) > 5_000_000 || !isRealDate(year, month, day)) throw bad('date', `${y}-${m}-${d}`);
  return daysOf(year, month, day);
}

function makeTimestamp(y: Int, mo: Int, d: Int, h: Int = 0, mi: Int = 0, s = 0): Int {
  const micros = Math.round(s * 1e6);
  const ok = h >= 0 && h <= 23 && mi >= 0 && mi <= 59 && micros >= 0 && micros < 6e7;
  if (!ok) throw bad('time of day', `${h}:${mi}:${s}`);
  return addInt(mulInt(makeDate(y, mo, d), DAY_MICROS), Number(h) * 3.6e9 + Number(mi) * 6e7 + micros);
}

/** Seconds (whole or not) to microseconds. */
function fromSeconds(v: number | bigint): Int {
  const micros = typeof v === 'bigint' ? v * 1_000_000n : Math.round(v * 1e6);
  if (typeof micros === 'number') {
    if (!Number.isFinite(micros) || Math.abs(micros) > 9.2e18) throw bad('timestamp', String(v));
    return Number.isSafeInteger(micros) ? micros + 0 : narrow(BigInt(micros));
  }
  return narrow(micros);
}

function known<V extends object>(r: V | { error: string }, value: string): V {
  if ('error' in r) throw new RunError('FLOW7004', r.error, { value });
  return r as V;
}

const formatters = memo((f) => known(formatter(f), f));
const parsers = memo((f) => known(parser(f), f));

const strftime: Resolve = ([when, format, ...more], literals) => {
  if (more.length > 0 || (format?.kind !== 'string' && format?.kind !== 'null')) return null;
  if (when?.kind !== 'date' && when?.kind !== 'timestamp' && when?.kind !== 'null') return null;
  const t = when.kind === 'null' ? T.timestamp : when;
  const text = literals[1];
  const fixed = typeof text === 'string' ? formatter(text) : null;
  if (fixed !== null && 'error' in fixed) return fixed;
  const call = (v: Int, f: string): string =>
    (fixed ?? formatters(f))(t.kind === 'date' ? mulInt(v, DAY_MICROS) : localMicros(t, v));
  return overload([t, T.string], T.string, { call });
};

function strptime(safe: boolean): Resolve {
  return (args, literals) => {
    if (args.length !== 2 || args.some((t) => t.kind !== 'string' && t.kind !== 'null')) return null;
    const text = literals[1];
    const fixed = typeof text === 'string' ? parser(text) : null;
    if (fixed !== null && 'error' in fixed) return fixed;
    const call = (s: string, f: string): Int | null => {
      const v = (fixed ?? parsers(f))(s);
      if (v === null && !safe) {
        throw new RunError(
          'FLOW7004',
          `${JSON.stringify(s)} does not fit the format "${f}"`,
          { value: s },
          'try_strptime gives null instead',
        );
      }
      return v;
    };
    return overload([T.string, T.string], T.timestamp, { call, mayOverflow: true }, safe);
  };
}

const atZone: Resolve = ([when, name, ...more], literals) => {
  if (more.length > 0 || name?.kind !== 'string' || (when?.kind !== 'timestamp' && when?.kind !== 'null')) return null;
  const zone = literals[1];
  if (typeof zone !== 'string') return { error: 'the zone of at_zone is a literal text, e.g. "Europe/Berlin"' };
  if (!isZone(zone)) return { error: `there is no time zone "${zone}"` };
  return overload(
    [when.kind === 'null' ? T.timestamp : when, T.string],
    { kind: 'timestamp', zone },
    { call: (v: Int) => v },
  );
};

const toDate: Resolve = ([t, ...more]) => {
  if (more.length > 0 || t === undefined) return null;
  if (t.kind === 'date') return overload([t], t, { inline: (a) => a });
  if (t.kind !== 'timestamp' && t.kind !== 'null') return null;
  const of: DataType = t.kind === 'null' ? T.timestamp : t;
  return overload([of], T.date, { call: (v: Int) => floorDiv(localMicros(of, v), DAY_MICROS) });
};

const toTime: Resolve = ([t, ...more]) => {
  if (more.length > 0 || (t?.kind !== 'timestamp' && t?.kind !== 'null')) return null;
  const of: DataType = t.kind === 'null' ? T.timestamp : t;
  return overload([of], T.time, { call: (v: Int) => floorMod(localMicros(of, v), DAY_MICROS) });
};

const epoch: Resolve = (args) => {
  const [t] = args;
  if (args.length !== 1 || (t?.kind !== 'date' && t?.kind !== 'timestamp' && t?.kind !== 'null')) return null;
  const of: DataType = t.kind === 'timestamp' ? t : T.timestamp;
  return overload([of], T.float, { call: (v: Int) => Number(v) / 1e6 });
};

const TS = '@2024-05-17T13:45:59Z';

export const DATE_MAKE = family('date', {
  make_date: {
    doc: 'The date of a year, month and day; an error when there is no such day.',
    signature: 'make_date(year, month, day)',
    examples: [['make_date(2024, 2, 29)', '@2024-02-29']],
    resolve: signatures({ params: [T.int, T.int, T.int], result: T.date, impl: { call: makeDate } }),
  },
  make_timestamp: {
    doc: 'The UTC timestamp of a day and a time of day; seconds may have decimals.',
    signature: 'make_timestamp(year, month, day, hour?, minute?, second?)',
    examples: [['make_timestamp(2024, 5, 17, 13, 45, 59.5)', '@2024-05-17T13:45:59.500Z']],
    resolve: signatures({
      params: [T.int, T.int, T.int, T.int, T.int, T.float],
      optional: 3,
      result: T.timestamp,
      impl: { call: makeTimestamp },
    }),
  },
  date: {
    doc: 'The day of a timestamp, by the clock of its zone.',
    signature: 'date(when)',
    examples: [[`date(${TS})`, '@2024-05-17']],
    resolve: toDate,
  },
  time: {
    doc: 'The time of day of a timestamp, by the clock of its zone.',
    signature: 'time(when)',
    examples: [[`time(${TS})`, '13:45:59']],
    resolve: toTime,
  },
  epoch: {
    doc: 'Seconds since 1970-01-01T00:00:00Z, a float.',
    signature: 'epoch(when)',
    examples: [['epoch(@1970-01-02)', '86400.0']],
    resolve: epoch,
  },
  epoch_ms: {
    doc: 'Whole milliseconds since 1970-01-01T00:00:00Z.',
    signature: 'epoch_ms(when)',
    examples: [['epoch_ms(@1970-01-01T00:00:01.5Z)', '1500']],
    resolve: signatures({ params: [T.timestamp], result: T.int, impl: { call: (v: Int) => floorDiv(v, 1000) } }),
  },
  to_timestamp: {
    doc: 'The timestamp of a number of seconds since 1970-01-01T00:00:00Z; decimals to the microsecond.',
    signature: 'to_timestamp(seconds)',
    aliases: ['from_epoch'],
    examples: [['to_timestamp(-1)', '@1969-12-31T23:59:59Z']],
    resolve: signatures(
      { params: [T.int], result: T.timestamp, impl: { call: fromSeconds, mayOverflow: true } },
      { params: [T.float], result: T.timestamp, impl: { call: fromSeconds, mayOverflow: true } },
    ),
  },
  from_epoch_ms: {
    doc: 'The timestamp of a number of milliseconds since 1970-01-01T00:00:00Z.',
    signature: 'from_epoch_ms(milliseconds)',
    examples: [['from_epoch_ms(1500)', '@1970-01-01T00:00:01.500Z']],
    resolve: signatures({
      params: [T.int],
      result: T.timestamp,
      impl: { call: (v: Int) => mulInt(v, 1000), mayOverflow: true },
    }),
  },
  strftime: {
    doc: 'A date or timestamp as text: %Y %m %d %H %M %S %f (microseconds) %g (milliseconds) %j %y %I %p %a %A %b %B %u %w %V %G %F %T %s %%.',
    signature: 'strftime(when, format)',
    examples: [
      [`strftime(${TS}, "%d.%m.%Y %H:%M")`, '"17.05.2024 13:45"'],
      ['strftime(@2024-05-17, "%a %e %b, week %V")', '"Fri 17 May, week 20"'],
    ],
    resolve: strftime,
  },
  strptime: {
    doc: 'Text of a format as a timestamp (UTC unless the format has %z); text that does not fit is an error.',
    signature: 'strptime(text, format)',
    examples: [
      ['strptime("17/05/2024", "%d/%m/%Y")', '@2024-05-17T00:00:00Z'],
      ['strptime("May 7 2024 1:05 PM +02:00", "%b %d %Y %I:%M %p %z")', '@2024-05-07T11:05:00Z'],
    ],
    resolve: strptime(false),
  },
  try_strptime: {
    doc: 'As strptime, null where the text does not fit.',
    signature: 'try_strptime(text, format)',
    examples: [['try_strptime("31/02/2024", "%d/%m/%Y")', 'null']],
    resolve: strptime(true),
  },
  at_zone: {
    doc: 'The same instant, shown by the clock of a time zone (an IANA name): parts, truncation and text follow that clock.',
    signature: 'at_zone(when, zone)',
    examples: [['hour(at_zone(@2024-07-01T12:00:00Z, "Europe/Berlin"))', '14']],
    resolve: atZone,
  },
});
