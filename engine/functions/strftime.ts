import { civilOf, daysOf, isoWeek, isoWeekday, isRealDate } from './calendar.ts';
import { DAY_NAMES, dayOfYear, MONTH_NAMES } from './date_parts.ts';
import { addInt, floorDiv, floorMod, type Int, mulInt } from './ints.ts';
import { DAY_MICROS } from './limits.ts';
import { used } from './pattern.ts';

/** Formats of strftime and strptime: `%Y-%m-%d` and its kin. */

interface Moment {
  readonly day: number;
  /** Microseconds since midnight. */
  readonly clock: number;
}

const two = (n: number): string => String(n).padStart(2, '0');
const hour12 = (hour: number): number => ((hour + 11) % 12) + 1;
const hourOf = (m: Moment): number => Math.floor(m.clock / 3.6e9);

const WRITERS: Readonly<Record<string, (m: Moment) => string>> = {
  Y: ({ day }) => year4(civilOf(day).year),
  y: ({ day }) => two(((civilOf(day).year % 100) + 100) % 100),
  m: ({ day }) => two(civilOf(day).month),
  d: ({ day }) => two(civilOf(day).day),
  e: ({ day }) => String(civilOf(day).day).padStart(2, ' '),
  H: (m) => two(hourOf(m)),
  I: (m) => two(hour12(hourOf(m))),
  p: (m) => (hourOf(m) < 12 ? 'AM' : 'PM'),
  M: ({ clock }) => two(Math.floor(clock / 6e7) % 60),
  S: ({ clock }) => two(Math.floor(clock / 1e6) % 60),
  f: ({ clock }) => String(clock % 1e6).padStart(6, '0'),
  g: ({ clock }) => String(Math.floor(clock / 1e3) % 1000).padStart(3, '0'),
  j: ({ day }) => String(dayOfYear(day)).padStart(3, '0'),
  A: ({ day }) => DAY_NAMES[isoWeekday(day) - 1] as string,
  a: ({ day }) => (DAY_NAMES[isoWeekday(day) - 1] as string).slice(0, 3),
  B: ({ day }) => MONTH_NAMES[civilOf(day).month - 1] as string,
  b: ({ day }) => (MONTH_NAMES[civilOf(day).month - 1] as string).slice(0, 3),
  u: ({ day }) => String(isoWeekday(day)),
  w: ({ day }) => String(isoWeekday(day) % 7),
  V: ({ day }) => two(isoWeek(day).week),
  G: ({ day }) => year4(isoWeek(day).year),
  F: (m) => `${WRITERS.Y?.(m)}-${WRITERS.m?.(m)}-${WRITERS.d?.(m)}`,
  T: (m) => `${WRITERS.H?.(m)}:${WRITERS.M?.(m)}:${WRITERS.S?.(m)}`,
  s: ({ day, clock }) => String(day * 86400 + Math.floor(clock / 1e6)),
  '%': () => '%',
};

function year4(year: number): string {
  return year < 0 ? `-${String(-year).padStart(4, '0')}` : String(year).padStart(4, '0');
}

/** Directives and literal text by turns; null for a directive that is not known. */
function directives(
  format: string,
  known: Readonly<Record<string, unknown>>,
): (readonly [directive: boolean, text: string])[] | { error: string } {
  const out: (readonly [boolean, string])[] = [];
  for (let i = 0; i < format.length; i++) {
    const c = format[i] as string;
    if (c !== '%') {
      out.push([false, c]);
      continue;
    }
    const d = format[++i];
    if (d === undefined || !Object.hasOwn(known, d)) {
      return {
        error: `there is no format %${d ?? ''}; formats are ${Object.keys(known)
          .map((k) => `%${k}`)
          .join(' ')}`,
      };
    }
    out.push([true, d]);
  }
  return out;
}

/** Formats local microseconds. */
export function formatter(format: string): ((local: Int) => string) | { error: string } {
  const parts = directives(format, WRITERS);
  if ('error' in parts) return parts;
  const writers = parts.map(([d, text]) => (d ? (WRITERS[text] as (m: Moment) => string) : () => text));
  return (local) => {
    const m = { day: floorDiv(local, DAY_MICROS), clock: floorMod(local, DAY_MICROS) };
    return writers.map((w) => w(m)).join('');
  };
}

interface Fields {
  year?: number;
  month?: number;
  day?: number;
  dayOfYear?: number;
  hour?: number;
  hour12?: number;
  pm?: boolean;
  minute?: number;
  second?: number;
  micros?: number;
  offset?: number;
  epoch?: number;
}

type Reader = readonly [pattern: string, read: (text: string, into: Fields) => void];

const nameIndex = (names: readonly string[], text: string): number =>
  names.findIndex((n) => n.toLowerCase().startsWith(text.toLowerCase().slice(0, 3)));
const SHORT_MONTHS = MONTH_NAMES.map((n) => n.slice(0, 3)).join('|');
const SHORT_DAYS = DAY_NAMES.map((n) => n.slice(0, 3)).join('|');

const READERS: Readonly<Record<string, Reader>> = {
  Y: ['[+-]?\\d{1,6}', (t, f) => (f.year = Number(t))],
  y: ['\\d{2}', (t, f) => (f.year = Number(t) + (Number(t) < 69 ? 2000 : 1900))],
  m: ['\\d{1,2}', (t, f) => (f.month = Number(t))],
  d: ['\\d{1,2}', (t, f) => (f.day = Number(t))],
  e: [' ?\\d{1,2}', (t, f) => (f.day = Number(t))],
  H: ['\\d{1,2}', (t, f) => (f.hour = Number(t))],
  I: ['\\d{1,2}', (t, f) => (f.hour12 = Number(t))],
  p: ['[AaPp][Mm]', (t, f) => (f.pm = t.toLowerCase() === 'pm')],
  M: ['\\d{1,2}', (t, f) => (f.minute = Number(t))],
  S: ['\\d{1,2}', (t, f) => (f.second = Number(t))],
  f: ['\\d{1,9}', (t, f) => (f.micros = Number(t.slice(0, 6).padEnd(6, '0')))],
  g: ['\\d{1,3}', (t, f) => (f.micros = Number(t.padEnd(3, '0')) * 1000)],
  j: ['\\d{1,3}', (t, f) => (f.dayOfYear = Number(t))],
  A: [DAY_NAMES.join('|'), () => {}],
  a: [SHORT_DAYS, () => {}],
  B: [MONTH_NAMES.join('|'), (t, f) => (f.month = nameIndex(MONTH_NAMES, t) + 1)],
  b: [SHORT_MONTHS, (t, f) => (f.month = nameIndex(MONTH_NAMES, t) + 1)],
  z: ['Z|[+-]\\d{2}:?\\d{2}', (t, f) => (f.offset = offsetSeconds(t))],
  s: ['-?\\d+', (t, f) => (f.epoch = Number(t))],
  '%': ['%', () => {}],
};

function offsetSeconds(text: string): number {
  if (text === 'Z' || text === 'z') return 0;
  const seconds = Number(text.slice(1, 3)) * 3600 + Number(text.slice(-2)) * 60;
  return text.startsWith('-') ? -seconds : seconds;
}

/** Null for one that V8 finds too large. */
function usable(source: string): RegExp | null {
  try {
    return used(new RegExp(source, 'iu'));
  } catch {
    return null;
  }
}

/** Reads text of a format to microseconds (UTC where the format has no offset); null when the text does not fit. */
export function parser(format: string): ((text: string) => Int | null) | { error: string } {
  const whole = format.replaceAll('%F', '%Y-%m-%d').replaceAll('%T', '%H:%M:%S');
  const parts = directives(whole, READERS);
  if ('error' in parts) return parts;
  const source = parts.map(([d, text]) =>
    d ? `(${(READERS[text] as Reader)[0]})` : text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'),
  );
  const re = usable(`^\\s*${source.join('')}\\s*$`);
  if (re === null) return { error: 'the format is too long' };
  const readers = parts.filter(([d]) => d).map(([, text]) => (READERS[text] as Reader)[1]);
  return (text) => {
    const m = re.exec(text);
    if (m === null) return null;
    const fields: Fields = {};
    readers.forEach((read, k) => {
      read(m[k + 1] as string, fields);
    });
    return instant(fields);
  };
}

function instant(f: Fields): Int | null {
  if (f.epoch !== undefined) return mulInt(f.epoch, 1e6);
  const year = f.year ?? 1970;
  const month = f.month ?? 1;
  const day = f.day ?? 1;
  if (!isRealDate(year, month, day)) return null;
  const days = f.dayOfYear === undefined ? daysOf(year, month, day) : daysOf(year, 1, f.dayOfYear);
  if (f.dayOfYear !== undefined && civilOf(days).year !== year) return null;
  const hour = f.hour ?? (f.hour12 === undefined ? 0 : (f.hour12 % 12) + (f.pm === true ? 12 : 0));
  const [minute, second] = [f.minute ?? 0, f.second ?? 0];
  if (hour > 23 || minute > 59 || second > 59 || (f.hour12 !== undefined && (f.hour12 < 1 || f.hour12 > 12)))
    return null;
  const clock = (hour * 3600 + minute * 60 + second - (f.offset ?? 0)) * 1e6 + (f.micros ?? 0);
  return addInt(mulInt(days, DAY_MICROS), clock);
}
