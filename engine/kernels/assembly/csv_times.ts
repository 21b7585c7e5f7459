// Columns of dates and timestamps of delimited text.
import { EMPTY_NULL, ENDS, finish, OUT, putNull, putOdd, QUOTE, ROWS, STRIDE, TEXT, WIDE } from './csv_cells.ts';

const NO_DATE: i32 = i32.MIN_VALUE;
const EXACT: i64 = 9007199254740992;

/** Days since 1970-01-01 of the `YYYY-MM-DD` at `from`; NO_DATE when it is none. Reads 10 bytes. */
function dateAt(from: u32): i32 {
  // What is left of digits is at most 9, of dashes nothing: adding to any other byte gives it a top bit, unless it has one.
  const start = load<u64>(from) ^ 0x2d30302d30303030;
  const end = <u32>load<u16>(from, 8) ^ 0x3030;
  const odd = (start + 0x7f76767f76767676) | start | ((end + 0x7676) | end);
  if (odd & 0x8080808080808080) return NO_DATE;
  const digits = <u32>start;
  const pairs = (digits * 10 + (digits >> 8)) & 0xff00ff;
  const year = <i32>((pairs & 0xff) * 100 + (pairs >> 16));
  const month = <i32>(((start >> 40) & 15) * 10 + ((start >> 48) & 15));
  const day = <i32>((end & 15) * 10 + (end >> 8));
  if (<u32>(month - 1) >= 12) return NO_DATE;
  if (day > 28 || day === 0) {
    if (day === 0 || day > 31) return NO_DATE;
    if (month === 2) {
      if (day > 29 || (year & 3) !== 0 || (year % 100 === 0 && year % 400 !== 0)) return NO_DATE;
    } else if (day === 31 && ((month + (month >> 3)) & 1) === 0) return NO_DATE;
  }
  // Years from March on, and from 400 years before, so that none is below 0.
  const early = <u32>(month <= 2);
  const y = <u32>year + 400 - early;
  const century = y / 100;
  const monthDays = (979 * (<u32>month + 12 * early) - 2919) >> 5;
  return <i32>(((1461 * y) >> 2) - century + (century >> 2) + monthDays + <u32>day) - 865566;
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
    if (n === 10) {
      const days = dateAt(from);
      if (days !== NO_DATE) {
        store<i32>(out, days);
        continue;
      }
    }
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
