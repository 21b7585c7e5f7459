import { mulAdd64, type Words } from './int64.ts';

/** What the date parsers give for text that is no date; no day number comes near it. */
export const NO_DATE = -2147483648;

const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Days since 1970-01-01 of a proleptic Gregorian date; NO_DATE when there is no such day. */
export function daysOf(year: number, month: number, day: number): number {
  if (month < 1 || month > 12 || day < 1 || day > MONTH_DAYS[month - 1]!) return NO_DATE;
  if (month === 2 && day === 29 && !(year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0))) return NO_DATE;
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = (((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) | 0) + day - 1;
  return era * 146097 + yearOfEra * 365 + (yearOfEra >> 2) - ((yearOfEra / 100) | 0) + dayOfYear - 719468;
}

/** Two digits, or -1. */
function two(u8: Uint8Array, at: number): number {
  const a = u8[at]! - 48;
  const b = u8[at + 1]! - 48;
  return a >>> 0 > 9 || b >>> 0 > 9 ? -1 : a * 10 + b;
}

/** `YYYY-MM-DD` and nothing else. */
export function parseDate(u8: Uint8Array, from: number, to: number): number {
  if (to - from !== 10 || u8[from + 4] !== 45 || u8[from + 7] !== 45) return NO_DATE;
  const century = two(u8, from);
  const year = two(u8, from + 2);
  const month = two(u8, from + 5);
  const day = two(u8, from + 8);
  return century < 0 || year < 0 ? NO_DATE : daysOf(century * 100 + year, month, day);
}

/** Scan state of the time parsers: where they stopped. One thread, no nesting. */
let stopped = 0;
let micros = 0;

/** `HH:MM[:SS[.fraction]]`: seconds of the day or -1; `micros` and `stopped` hold the rest. Digits beyond microseconds are cut off. */
function parseClock(u8: Uint8Array, from: number, to: number): number {
  micros = 0;
  if (to - from < 5 || u8[from + 2] !== 58) return -1;
  const hour = two(u8, from);
  const minute = two(u8, from + 3);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return -1;
  let i = from + 5;
  let second = 0;
  if (i + 2 < to && u8[i] === 58) {
    second = two(u8, i + 1);
    if (second < 0 || second > 59) return -1;
    i += 3;
    if (i < to && (u8[i] === 46 || u8[i] === 44)) {
      const start = ++i;
      let unit = 100000;
      for (; i < to; i++) {
        const d = u8[i]! - 48;
        if (d >>> 0 > 9) break;
        micros += d * unit;
        unit = Math.floor(unit / 10);
      }
      if (i === start) return -1;
    }
  }
  stopped = i;
  return hour * 3600 + minute * 60 + second;
}

/** Offset in seconds of `Z`, `+hh`, `+hhmm` or `+hh:mm` filling [from, to); NaN when it is none. Empty text is UTC. */
function parseOffset(u8: Uint8Array, from: number, to: number): number {
  if (from === to) return 0;
  const sign = u8[from];
  if (sign === 90 || sign === 122) return to - from === 1 ? 0 : Number.NaN;
  if (sign !== 43 && sign !== 45) return Number.NaN;
  const length = to - from;
  const colon = u8[from + 3] === 58;
  if (length !== 3 && length !== (colon ? 6 : 5)) return Number.NaN;
  const hour = two(u8, from + 1);
  const minute = length === 3 ? 0 : two(u8, from + (colon ? 4 : 3));
  if (hour < 0 || hour > 18 || minute < 0 || minute > 59) return Number.NaN;
  return (sign === 45 ? -1 : 1) * (hour * 3600 + minute * 60);
}

/** Microseconds since midnight of a whole `HH:MM[:SS[.fraction]]`; -1 when it is none. */
export function parseTime(u8: Uint8Array, from: number, to: number): number {
  const seconds = parseClock(u8, from, to);
  return seconds < 0 || stopped !== to ? -1 : seconds * 1e6 + micros;
}

/**
 * ISO 8601 date and time (`T` or blanks between, offset or `Z` optional, UTC where absent) as microseconds since the epoch;
 * a date alone is its midnight unless `full`. False when it is none.
 */
export function parseTimestamp(u8: Uint8Array, from: number, to: number, out: Words, full = false): boolean {
  const days = parseDate(u8, from, Math.min(to, from + 10));
  if (days === NO_DATE) return false;
  let i = from + 10;
  if (i === to) return !full && timestampWords(days, 0, 0, out);
  const between = u8[i];
  if (between !== 84 && between !== 116 && between !== 32) return false;
  i++;
  const seconds = parseClock(u8, i, to);
  if (seconds < 0) return false;
  let rest = stopped;
  if (rest < to && u8[rest] === 32) rest++;
  const offset = parseOffset(u8, rest, to);
  if (Number.isNaN(offset)) return false;
  return timestampWords(days, seconds - offset, micros, out);
}

export function timestampWords(days: number, seconds: number, micro: number, out: Words): boolean {
  return mulAdd64(days * 86400 + seconds, 1000000, micro, out);
}
