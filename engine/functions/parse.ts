import type { IntervalValue } from '../expr.ts';
import { daysOf, isRealDate } from './calendar.ts';
import { addInt, divRound, type Int, mulInt, narrow, pow10 } from './ints.ts';
import { nestsTooDeep } from './json.ts';
import { DAY_MICROS, INT_MAX, INT_MIN } from './limits.ts';

/** Readers of text, the inverse of format.ts: null where the text is not such a value. Blanks around it are skipped. */

const INT = /^\s*[+-]?\d+\s*$/;

export function parseInteger(s: string): Int | null {
  if (!INT.test(s)) return null;
  if (s.length < 16) return Number(s) + 0;
  const v = BigInt(s.trim().replace(/^\+/, ''));
  return v < INT_MIN || v > INT_MAX ? null : narrow(v);
}

const FLOAT = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;
const NAMED: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  infinity: Number.POSITIVE_INFINITY,
};

export function parseFloat64(s: string): number | null {
  if (FLOAT.test(s)) {
    const v = Number(s);
    return Number.isFinite(v) ? v : null;
  }
  const m = /^\s*([+-]?)(nan|inf|infinity)\s*$/i.exec(s);
  if (m === null) return null;
  const v = NAMED[(m[2] as string).toLowerCase()] as number;
  return m[1] === '-' ? -v : v;
}

const DECIMAL = /^\s*([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?\s*$/;

/** The unscaled integer, rounded half away from zero to `scale` places; null when it is no number or needs more than `precision` digits. */
export function parseDecimal(s: string, precision: number, scale: number): Int | null {
  const m = DECIMAL.exec(s);
  if (m === null || (m[2] === '' && m[3] === '')) return null;
  const fraction = m[3] as string;
  const exponent = m[4] === undefined ? 0 : Number(m[4]);
  const digits = ((m[2] as string) + fraction).replace(/^0+(?=\d)/, '');
  const shift = scale - fraction.length + exponent;
  if (digits === '0') return 0;
  if (digits.length + shift > precision + 1 || digits.length + shift < 0) return digits.length + shift < 0 ? 0 : null;
  const magnitude = shift >= 0 ? BigInt(digits) * pow10(shift) : divRound(BigInt(digits), pow10(-shift));
  if (magnitude >= pow10(precision)) return null;
  return narrow(m[1] === '-' ? -magnitude : magnitude);
}

const TRUE = new Set(['true', 't', 'yes', 'y', '1', 'on']);
const FALSE = new Set(['false', 'f', 'no', 'n', '0', 'off']);

export function parseBool(s: string): boolean | null {
  const word = s.trim().toLowerCase();
  return TRUE.has(word) ? true : FALSE.has(word) ? false : null;
}

const DATE = /^\s*([+-]?\d{4,7})-(\d{1,2})-(\d{1,2})\s*$/;

export function parseDate(s: string): number | null {
  const m = DATE.exec(s);
  return m === null ? null : dateOf(m[1] as string, m[2] as string, m[3] as string);
}

function dateOf(y: string, m: string, d: string): number | null {
  const year = Number(y);
  const month = Number(m);
  const day = Number(d);
  if (!isRealDate(year, month, day)) return null;
  const days = daysOf(year, month, day);
  return days > 2147483647 || days < -2147483648 ? null : days;
}

const TIME = /^\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*$/;

/** Microseconds since midnight. Decimals beyond six are cut. */
export function parseTime(s: string): number | null {
  const m = TIME.exec(s);
  return m === null ? null : timeOf(m[1] as string, m[2] as string, m[3], m[4]);
}

function timeOf(h: string, m: string, s: string | undefined, fraction: string | undefined): number | null {
  const hour = Number(h);
  const minute = Number(m);
  const second = s === undefined ? 0 : Number(s);
  if (hour > 23 || minute > 59 || second > 59) return null;
  const micros = fraction === undefined ? 0 : Number(fraction.slice(0, 6).padEnd(6, '0'));
  return (hour * 3600 + minute * 60 + second) * 1e6 + micros;
}

const TIMESTAMP =
  /^\s*([+-]?\d{4,7})-(\d{1,2})-(\d{1,2})(?:[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|z|[+-]\d{2}(?::?\d{2})?)?)?\s*$/;

export interface ParsedTimestamp {
  /** Microseconds since 1970, by the clock of the text. */
  readonly local: Int;
  /** Seconds east of UTC where the text says so. */
  readonly offset: number | null;
}

export function parseLocalTimestamp(s: string): ParsedTimestamp | null {
  const m = TIMESTAMP.exec(s);
  if (m === null) return null;
  const days = dateOf(m[1] as string, m[2] as string, m[3] as string);
  const time = m[4] === undefined ? 0 : timeOf(m[4], m[5] as string, m[6], m[7]);
  if (days === null || time === null) return null;
  const local = addInt(mulInt(days, DAY_MICROS), time);
  return typeof local === 'bigint' && (local > INT_MAX || local < INT_MIN) ? null : { local, offset: offsetOf(m[8]) };
}

function offsetOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (text === 'Z' || text === 'z') return 0;
  const minutes = text.length > 3 ? Number(text.slice(-2)) : 0;
  const seconds = Number(text.slice(1, 3)) * 3600 + minutes * 60;
  return text.startsWith('-') ? -seconds : seconds;
}

/** UTC where the text names no offset. */
export function parseTimestamp(s: string): Int | null {
  const p = parseLocalTimestamp(s);
  return p === null ? null : addInt(p.local, -(p.offset ?? 0) * 1e6);
}

const UNITS: Readonly<Record<string, readonly [field: 'months' | 'days' | 'micros', count: number]>> = {
  y: ['months', 12],
  mo: ['months', 1],
  w: ['days', 7],
  d: ['days', 1],
  h: ['micros', 3.6e9],
  m: ['micros', 6e7],
  s: ['micros', 1e6],
  ms: ['micros', 1e3],
  us: ['micros', 1],
};

/** `1y 2mo 3d 4h 5m 6s`, signs allowed on each part. */
export function parseInterval(s: string): IntervalValue | null {
  const total = { months: 0, days: 0, micros: 0 };
  const text = s.trim();
  if (!/^(?:[+-]?\d+\s*(?:y|mo|w|d|h|ms|us|m|s)\s*)+$/.test(text)) return null;
  for (const [, count, unit] of text.matchAll(/([+-]?\d+)\s*(y|mo|w|d|h|ms|us|m|s)/g)) {
    const [field, size] = UNITS[unit as string] as readonly ['months' | 'days' | 'micros', number];
    total[field] += Number(count) * size;
  }
  return Number.isSafeInteger(total.micros) && inInt32(total.months) && inInt32(total.days) ? total : null;
}

function inInt32(v: number): boolean {
  return v === (v | 0);
}

/** Reads as JSON (RFC 8259), no deeper than JSON may nest here. */
export function isJson(s: string): boolean {
  try {
    JSON.parse(s);
    return !nestsTooDeep(s);
  } catch {
    return false;
  }
}
