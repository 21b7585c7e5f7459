import { RunError } from '../errors.ts';
import { daysOf, NO_DATE } from './text_time.ts';

/** A date and time as a user's format reads it. */
export interface Moment {
  /** Days since 1970-01-01. */
  readonly days: number;
  /** Seconds since midnight, UTC (an offset in the text may lead below 0 or beyond a day). */
  readonly seconds: number;
  readonly micros: number;
}

type Part = 'Y' | 'y' | 'm' | 'd' | 'H' | 'I' | 'M' | 'S' | 'f' | 'b' | 'B' | 'p' | 'j' | 'z' | 'a' | 'A';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const LONG_MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

const PATTERNS: Record<Part, string> = {
  Y: '(\\d{4})',
  y: '(\\d{2})',
  m: '(\\d{1,2})',
  d: '(\\d{1,2})',
  H: '(\\d{1,2})',
  I: '(\\d{1,2})',
  M: '(\\d{2})',
  S: '(\\d{2})',
  f: '(\\d{1,9})',
  b: `(${MONTHS.join('|')})`,
  B: `(${LONG_MONTHS.join('|')})`,
  p: '(am|pm)',
  j: '(\\d{1,3})',
  z: '(z|[+-]\\d{2}:?(?:\\d{2})?)',
  a: '(?:mon|tue|wed|thu|fri|sat|sun)',
  A: '(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)',
};

const SHORTHANDS: Record<string, string> = { F: '%Y-%m-%d', T: '%H:%M:%S', D: '%m/%d/%y', R: '%H:%M', e: '%d' };

/**
 * A reader for strptime-like formats: %Y %y %m %d %e %j %b %B %a %A %H %I %p %M %S %f %z %F %T %D %R %%. A blank stands for any
 * run of blanks, other characters for themselves, letters in any case. Null for text that does not match or is no real date.
 */
export function compileTimeFormat(format: string): (text: string) => Moment | null {
  const parts: Part[] = [];
  let source = '';
  const expanded = format.replace(/%([FTDRe])/g, (_, k: string) => SHORTHANDS[k] ?? '');
  for (let i = 0; i < expanded.length; i++) {
    const ch = expanded[i]!;
    if (ch === ' ') source += '\\s+';
    else if (ch !== '%') source += ch.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
    else {
      const directive = expanded[++i] ?? '';
      if (directive === '%') source += '%';
      else if (isPart(directive)) {
        source += PATTERNS[directive];
        if (directive !== 'a' && directive !== 'A') parts.push(directive);
      } else throw new RunError('FLOW7003', `the time format "${format}" has an unknown directive %${directive}`);
    }
  }
  const pattern = new RegExp(`^\\s*${source}\\s*$`, 'i');
  return (text) => {
    const match = pattern.exec(text);
    return match === null ? null : momentOf(parts, match.slice(1));
  };
}

function isPart(directive: string): directive is Part {
  return Object.hasOwn(PATTERNS, directive);
}

function momentOf(parts: readonly Part[], values: readonly string[]): Moment | null {
  const get = (p: Part): string | undefined => {
    const at = parts.indexOf(p);
    return at < 0 ? undefined : values[at];
  };
  const num = (p: Part, otherwise: number): number => Number(get(p) ?? otherwise);
  const short = get('y');
  // The usual pivot of two-digit years: 69..99 are 19xx.
  const year = short !== undefined ? Number(short) + (Number(short) >= 69 ? 1900 : 2000) : num('Y', 1970);
  const days =
    get('j') !== undefined
      ? ordinalDay(year, num('j', 1))
      : daysOf(year, monthOf(get('b'), get('B'), num('m', 1)), num('d', 1));
  if (days === NO_DATE) return null;
  const hour = hourOf(num('H', 0), get('I'), get('p'));
  const minute = num('M', 0);
  const second = num('S', 0);
  if (hour > 23 || minute > 59 || second > 59) return null;
  const micros = Number((get('f') ?? '0').padEnd(6, '0').slice(0, 6));
  return { days, seconds: hour * 3600 + minute * 60 + second - offsetOf(get('z')), micros };
}

function ordinalDay(year: number, day: number): number {
  const first = daysOf(year, 1, 1);
  return day >= 1 && first + day - 1 < daysOf(year + 1, 1, 1) ? first + day - 1 : NO_DATE;
}

function monthOf(short: string | undefined, long: string | undefined, number: number): number {
  if (short !== undefined) return MONTHS.indexOf(short.toLowerCase()) + 1;
  return long !== undefined ? LONG_MONTHS.indexOf(long.toLowerCase()) + 1 : number;
}

function hourOf(hour: number, twelve: string | undefined, half: string | undefined): number {
  if (twelve === undefined) return hour;
  const h = Number(twelve);
  if (h < 1 || h > 12) return 24;
  return (h % 12) + (half?.toLowerCase() === 'pm' ? 12 : 0);
}

function offsetOf(zone: string | undefined): number {
  if (zone === undefined || zone.toLowerCase() === 'z') return 0;
  const digits = zone.replace(/[^0-9]/g, '');
  const seconds = Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2) || 0) * 60;
  return zone.startsWith('-') ? -seconds : seconds;
}
