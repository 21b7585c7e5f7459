// Columns of numbers and booleans of delimited text.
import {
  areDigits,
  digits,
  EMPTY_NULL,
  ENDS,
  eight,
  finish,
  inversePower,
  minus,
  NARROW,
  NO_DIGITS,
  numberOf,
  OPTION_A,
  OPTION_B,
  OUT,
  POINT,
  POWERS,
  power,
  putNull,
  putOdd,
  QUOTE,
  ROWS,
  STRIDE,
  TEXT,
  WIDE,
} from './csv_cells.ts';
import { nearest } from './csv_double.ts';

const EXACT: u64 = 9007199254740992;

/** Digits with or without a minus, quoted or not, as 32-bit integers; NARROW when one needs more. */
export function csv_int_32(job: u32): void {
  ints<i32>(job);
}

/** The same as 64-bit integers, of up to 18 digits. */
export function csv_int_64(job: u32): void {
  ints<i64>(job);
}

function ints<V>(job: u32): void {
  const text = load<u32>(job, TEXT);
  const stride = load<u32>(job, STRIDE);
  const rows = load<u32>(job, ROWS);
  const quote = load<u32>(job, QUOTE);
  const emptyNull = load<u32>(job, EMPTY_NULL);
  let at = load<u32>(job, ENDS);
  let out = load<u32>(job, OUT);
  let odd: u32 = 0;
  let nulls: u32 = 0;
  let flags: u32 = 0;
  for (let row: u32 = 0; row < rows; row++, at += stride, out += sizeof<V>()) {
    let from = text + load<u32>(at) + 1;
    let n = <i32>(text + load<u32>(at, 4) - from);
    // Most fields: up to eight digits. Whether there are quotes around them matters only where these are none.
    const sign = minus(from);
    if (<u32>n - sign - 1 < 8) {
      const bytes = eight(from + sign, <u32>n - sign);
      if (areDigits(bytes)) {
        const v = <V>numberOf(bytes);
        store<V>(out, sign ? -v : v);
        continue;
      }
    }
    if (n > 1 && <u32>load<u8>(from) === quote && <u32>load<u8>(from + n - 1) === quote) {
      from++;
      n -= 2;
    }
    store<V>(out, 0);
    if (n <= 0) {
      if (emptyNull) putNull(job, row, nulls++);
      else putOdd(job, row, odd++);
      continue;
    }
    const negative = minus(from);
    const count = <u32>n - negative;
    const v = count - 1 < 18 ? digits(from + negative, count) : NO_DIGITS;
    if (v === NO_DIGITS) {
      putOdd(job, row, odd++);
      continue;
    }
    const signed = negative ? -(<i64>v) : <i64>v;
    if (sizeof<V>() === 4) {
      if (<i64>(<i32>signed) !== signed) {
        flags = NARROW;
        break;
      }
    } else if (v >= EXACT) flags = WIDE;
    store<V>(out, <V>signed);
  }
  finish(job, odd, nulls, flags);
}

/** The top bit of each zero byte up to the first one; those of later bytes say nothing. */
function zeroBytes(bytes: u64): u64 {
  return (bytes - 0x0101010101010101) & ~bytes & 0x8080808080808080;
}

/** Where the decimal point is among the first `n` (1 to 20) bytes; `n` when there is none. */
function pointIn(from: u32, n: u32, point: v128): u32 {
  let bits = <u32>i8x16.bitmask(i8x16.eq(v128.load(from), point));
  if (n > 16) bits |= (<u32>i8x16.bitmask(i8x16.eq(v128.load(from, 16), point))) << 16;
  return min(ctz<u32>(bits), n);
}

/**
 * Up to 19 digits with or without a point among them and a minus before, quoted or not, as the nearest doubles. An integer below 2^53 over an exact
 * power of ten is one rounding, hence right.
 */
export function csv_float(job: u32): void {
  const text = load<u32>(job, TEXT);
  const stride = load<u32>(job, STRIDE);
  const rows = load<u32>(job, ROWS);
  const quote = load<u32>(job, QUOTE);
  const emptyNull = load<u32>(job, EMPTY_NULL);
  const powers = load<u32>(job, POWERS);
  const points8 = <u64>load<u32>(job, POINT) * 0x0101010101010101;
  const point = i8x16.splat(<i8>load<u32>(job, POINT));
  let at = load<u32>(job, ENDS);
  let out = load<u32>(job, OUT);
  let odd: u32 = 0;
  let nulls: u32 = 0;
  for (let row: u32 = 0; row < rows; row++, at += stride, out += 8) {
    let from = text + load<u32>(at) + 1;
    let n = <i32>(text + load<u32>(at, 4) - from);
    // Most fields, of up to eight bytes.
    const sign = minus(from);
    const short = <u32>n - sign;
    if (short - 1 < 8) {
      const bytes = eight(from + sign, short);
      // The point's top bit, then the bytes before it moved up over it.
      const points = zeroBytes(bytes ^ points8);
      const first = points & (0 - points);
      const before = (first >> 7) - 1;
      const all = first ? (bytes & ~((before << 8) | 0xff)) | ((bytes & before) << 8) | 48 : bytes;
      if (areDigits(all) && short > <u32>(first !== 0)) {
        const places = first ? <u32>clz<u64>(first) >> 3 : 0;
        const v = <f64>(<i64>numberOf(all)) / load<f64>(powers + (places << 3));
        store<f64>(out, sign ? -v : v);
        continue;
      }
    }
    if (n > 1 && <u32>load<u8>(from) === quote && <u32>load<u8>(from + n - 1) === quote) {
      from++;
      n -= 2;
    }
    store<f64>(out, 0);
    if (n <= 0) {
      if (emptyNull) putNull(job, row, nulls++);
      else putOdd(job, row, odd++);
      continue;
    }
    const negative = minus(from);
    from += negative;
    const count = <u32>n - negative;
    if (count > 20) {
      putOdd(job, row, odd++);
      continue;
    }
    const whole = pointIn(from, count, point);
    const fraction = whole < count ? count - whole - 1 : 0;
    if (whole + fraction - 1 >= 19) {
      putOdd(job, row, odd++);
      continue;
    }
    const a = digits(from, whole);
    const b = digits(from + whole + 1, fraction);
    const mantissa = a * power(job, min(fraction, 18)) + b;
    if (a === NO_DIGITS || b === NO_DIGITS) {
      putOdd(job, row, odd++);
      continue;
    }
    const v =
      mantissa < EXACT
        ? <f64>(<i64>mantissa) / load<f64>(powers + (fraction << 3))
        : nearest(mantissa, fraction, inversePower(job, fraction));
    store<f64>(out, negative ? -v : v);
  }
  finish(job, odd, nulls, 0);
}

/**
 * Unscaled decimals as 32-bit integers; NARROW when one needs more. OPTION_A: digits before the point at most, OPTION_B: the scale. More digits behind
 * the point than that, even zeros, are for the caller.
 */
export function csv_decimal_32(job: u32): void {
  decimals<i32>(job);
}

/** The same as 64-bit integers, of up to 18 digits. */
export function csv_decimal_64(job: u32): void {
  decimals<i64>(job);
}

function decimals<V>(job: u32): void {
  const text = load<u32>(job, TEXT);
  const stride = load<u32>(job, STRIDE);
  const rows = load<u32>(job, ROWS);
  const quote = load<u32>(job, QUOTE);
  const emptyNull = load<u32>(job, EMPTY_NULL);
  const point = i8x16.splat(<i8>load<u32>(job, POINT));
  const scale = load<u32>(job, OPTION_B);
  const maxWhole = min(load<u32>(job, OPTION_A), 18 - min(scale, 18));
  let at = load<u32>(job, ENDS);
  let out = load<u32>(job, OUT);
  let odd: u32 = 0;
  let nulls: u32 = 0;
  let flags: u32 = 0;
  for (let row: u32 = 0; row < rows; row++, at += stride, out += sizeof<V>()) {
    let from = text + load<u32>(at) + 1;
    let n = <i32>(text + load<u32>(at, 4) - from);
    if (n > 1 && <u32>load<u8>(from) === quote && <u32>load<u8>(from + n - 1) === quote) {
      from++;
      n -= 2;
    }
    store<V>(out, 0);
    if (n <= 0) {
      if (emptyNull) putNull(job, row, nulls++);
      else putOdd(job, row, odd++);
      continue;
    }
    const negative = minus(from);
    from += negative;
    const count = <u32>n - negative;
    const whole = count > 20 ? count : pointIn(from, count, point);
    const fraction = whole < count ? count - whole - 1 : 0;
    if (whole > maxWhole || fraction > scale || whole + fraction - 1 >= 18) {
      putOdd(job, row, odd++);
      continue;
    }
    const a = digits(from, whole);
    const b = digits(from + whole + 1, fraction);
    if (a === NO_DIGITS || b === NO_DIGITS) {
      putOdd(job, row, odd++);
      continue;
    }
    const v = (a * power(job, fraction) + b) * power(job, scale - fraction);
    const signed = negative ? -(<i64>v) : <i64>v;
    if (sizeof<V>() === 4) {
      if (<i64>(<i32>signed) !== signed) {
        flags = NARROW;
        break;
      }
    } else if (v >= EXACT) flags = WIDE;
    store<V>(out, <V>signed);
  }
  finish(job, odd, nulls, flags);
}

const TRUE: u32 = 0x65757274;
const FALS: u32 = 0x736c6166;
const LOWER: u32 = 0x20202020;

/** 1, 0, or 2 for what is for the caller: true, false, t, f, y, n in any case, 1, 0. */
function truth(from: u32, n: i32): u32 {
  if (n === 4) return (load<u32>(from) | LOWER) === TRUE ? 1 : 2;
  if (n === 5) return (load<u32>(from) | LOWER) === FALS && (<u32>load<u8>(from, 4) | 32) === 101 ? 0 : 2;
  if (n !== 1) return 2;
  const ch = <u32>load<u8>(from);
  const low = ch | 32;
  if (ch === 49 || low === 116 || low === 121) return 1;
  return ch === 48 || low === 102 || low === 110 ? 0 : 2;
}

/** Booleans as a bitmap of whole bytes. */
export function csv_bool(job: u32): void {
  const text = load<u32>(job, TEXT);
  const stride = load<u32>(job, STRIDE);
  const rows = load<u32>(job, ROWS);
  const quote = load<u32>(job, QUOTE);
  const emptyNull = load<u32>(job, EMPTY_NULL);
  const out = load<u32>(job, OUT);
  let at = load<u32>(job, ENDS);
  let odd: u32 = 0;
  let nulls: u32 = 0;
  let byte: u32 = 0;
  for (let row: u32 = 0; row < rows; row++, at += stride) {
    let from = text + load<u32>(at) + 1;
    let n = <i32>(text + load<u32>(at, 4) - from);
    if (n > 1 && <u32>load<u8>(from) === quote && <u32>load<u8>(from + n - 1) === quote) {
      from++;
      n -= 2;
    }
    if (n <= 0) {
      if (emptyNull) putNull(job, row, nulls++);
      else putOdd(job, row, odd++);
    } else {
      const value = truth(from, n);
      if (value > 1) putOdd(job, row, odd++);
      else byte |= value << (row & 7);
    }
    if ((row & 7) === 7 || row === rows - 1) {
      store<u8>(out + (row >> 3), byte);
      byte = 0;
    }
  }
  finish(job, odd, nulls, 0);
}
