// Columns of dates and timestamps of delimited text.
import { EMPTY_NULL, ENDS, finish, OUT, putNull, putOdd, QUOTE, ROWS, STRIDE, TEXT, WIDE } from './csv_cells.ts';

const NO_DATE: i32 = i32.MIN_VALUE;
const EXACT: i64 = 9007199254740992;

/** Days since 1970-01-01 of the `YYYY-MM-DD` at `from`; NO_DATE when it is none. Reads 16 bytes. */
function dateAt(from: u32): i32 {
  const zero = i8x16.splat(48);
  const x = i8x16.sub(v128.load(from), zero);
  // Digits are at most 9; a dash less the zero is 253, and whatever stands behind is no concern.
  const most = i8x16(9, 9, 9, 9, -3, 9, 9, -3, 9, 9, -1, -1, -1, -1, -1, -1);
  const least = i8x16(0, 0, 0, 0, -3, 0, 0, -3, 0, 0, 0, 0, 0, 0, 0, 0);
  if (!i8x16.all_true(v128.and(i8x16.le_u(x, most), i8x16.ge_u(x, least)))) return NO_DATE;
  const bytes = v128.shuffle<i8>(x, i8x16.splat(0), 0, 16, 1, 16, 2, 16, 3, 16, 5, 16, 6, 16, 8, 16, 9, 16);
  const parts = i32x4.dot_i16x8_s(bytes, i16x8(1000, 100, 10, 1, 10, 1, 10, 1));
  const year = i32x4.extract_lane(parts, 0) + i32x4.extract_lane(parts, 1);
  const month = i32x4.extract_lane(parts, 2);
  const day = i32x4.extract_lane(parts, 3);
  if (<u32>(month - 1) >= 12) return NO_DATE;
  if (day > 28 || day === 0) {
    if (day === 0 || day > 31) return NO_DATE;
    if (month === 2) {
      if (day > 29 || (year & 3) !== 0 || (year % 100 === 0 && year % 400 !== 0)) return NO_DATE;
    } else if (day === 31 && ((month + (month >> 3)) & 1) === 0) return NO_DATE;
  }
  // Years from March on, and from 400 years before, so that none is below 0.
  const y = year + 400 - <i32>(month <= 2);
  const era = y / 400;
  const yearOfEra = y - era * 400;
  const dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146097 + yearOfEra * 365 + (yearOfEra >> 2) - yearOfEra / 100 + dayOfYear - 865565;
}

/** ISO dates, quoted or not, as days. */
export function csv_date(job: u32): void {
  const text = load<u32>(job, TEXT);
  const stride = load<u32>(job, STRIDE);
  const rows = load<u32>(job, ROWS);
  const quote = load<u32>(job, QUOTE);
  const emptyNull = load<u32>(job, EMPTY_NULL);
  let at = load<u32>(job, ENDS);
  let out = load<u32>(job, OUT);
  let odd: u32 = 0;
  let nulls: u32 = 0;
  for (let row: u32 = 0; row < rows; row++, at += stride, out += 4) {
    let from = text + load<u32>(at) + 1;
    let n = <i32>(text + load<u32>(at, 4) - from);
    if (n > 1 && <u32>load<u8>(from) === quote && <u32>load<u8>(from + n - 1) === quote) {
      from++;
      n -= 2;
    }
    let days: i32 = 0;
    if (n === 10) {
      days = dateAt(from);
      if (days === NO_DATE) {
        days = 0;
        putOdd(job, row, odd++);
      }
    } else if (n <= 0 && emptyNull) putNull(job, row, nulls++);
    else putOdd(job, row, odd++);
    store<i32>(out, days);
  }
  finish(job, odd, nulls, 0);
}

/** Two digits; 100 or more when they are others. */
function two(at: u32): u32 {
  const a = <u32>load<u8>(at) - 48;
  const b = <u32>load<u8>(at, 1) - 48;
  return a > 9 || b > 9 ? 100 : a * 10 + b;
}

const NO_CLOCK: i64 = -1;

/** Microseconds of `HH:MM[:SS[.fraction]][Z]` in [from, to), of at least five bytes; NO_CLOCK for others. */
function clockAt(from: u32, to: u32): i64 {
  const hour = two(from);
  const minute = two(from + 3);
  if (hour > 23 || minute > 59 || <u32>load<u8>(from, 2) !== 58) return NO_CLOCK;
  let i = from + 5;
  let second: u32 = 0;
  let micros: u32 = 0;
  if (i + 2 < to && <u32>load<u8>(i) === 58) {
    second = two(i + 1);
    if (second > 59) return NO_CLOCK;
    i += 3;
    if (i < to && (<u32>load<u8>(i) === 46 || <u32>load<u8>(i) === 44)) {
      const start = ++i;
      let unit: u32 = 100000;
      for (; i < to; i++) {
        const d = <u32>load<u8>(i) - 48;
        if (d > 9) break;
        micros += d * unit;
        unit /= 10;
      }
      if (i === start) return NO_CLOCK;
    }
  }
  if (i < to && (i + 1 < to || (<u32>load<u8>(i) | 32) !== 122)) return NO_CLOCK;
  return <i64>((hour * 60 + minute) * 60 + second) * 1000000 + micros;
}

/** ISO dates, and dates with times without an offset other than Z, quoted or not, as microseconds. */
export function csv_timestamp(job: u32): void {
  const text = load<u32>(job, TEXT);
  const stride = load<u32>(job, STRIDE);
  const rows = load<u32>(job, ROWS);
  const quote = load<u32>(job, QUOTE);
  const emptyNull = load<u32>(job, EMPTY_NULL);
  let at = load<u32>(job, ENDS);
  let out = load<u32>(job, OUT);
  let odd: u32 = 0;
  let nulls: u32 = 0;
  let wide: u32 = 0;
  for (let row: u32 = 0; row < rows; row++, at += stride, out += 8) {
    let from = text + load<u32>(at) + 1;
    let n = <i32>(text + load<u32>(at, 4) - from);
    if (n > 1 && <u32>load<u8>(from) === quote && <u32>load<u8>(from + n - 1) === quote) {
      from++;
      n -= 2;
    }
    store<i64>(out, 0);
    if (n <= 0 && emptyNull) {
      putNull(job, row, nulls++);
      continue;
    }
    const between = <u32>load<u8>(from, 10);
    const whole = n === 10 || (n >= 15 && (between === 32 || (between | 32) === 116));
    const days = whole ? dateAt(from) : NO_DATE;
    const clock: i64 = days === NO_DATE || n === 10 ? 0 : clockAt(from + 11, from + n);
    if (days === NO_DATE || clock === NO_CLOCK) {
      putOdd(job, row, odd++);
      continue;
    }
    const v = <i64>days * 86400000000 + clock;
    wide |= <u32>(v >= EXACT || v <= -EXACT);
    store<i64>(out, v);
  }
  finish(job, odd, nulls, wide ? WIDE : 0);
}
