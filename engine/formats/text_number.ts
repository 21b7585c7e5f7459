import { parseInt64, splitExact, type Words } from './int64.ts';

const POWERS = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

/**
 * The number in u8[from, to), correctly rounded; NaN when it is not one (`isNaNText` tells the word NaN apart). `text` is a Buffer
 * over the same memory, `point` the decimal point's byte. Digits, one point, an exponent, a sign, and `inf` / `infinity` in any case.
 *
 * A mantissa below 2^53 times or over an exact power of ten (up to 10^22) is one rounding, hence exact; the rest goes through Number().
 */
export function parseFloat64(u8: Uint8Array, text: Buffer, from: number, to: number, point = 46): number {
  let i = from;
  const negative = u8[i] === 45;
  if (negative || u8[i] === 43) i++;
  const first = i;
  let mantissa = 0;
  for (; i < to; i++) {
    const d = u8[i]! - 48;
    if (d >>> 0 > 9) break;
    mantissa = mantissa * 10 + d;
  }
  let digits = i - first;
  let exponent = 0;
  if (i < to && u8[i] === point) {
    const start = ++i;
    for (; i < to; i++) {
      const d = u8[i]! - 48;
      if (d >>> 0 > 9) break;
      mantissa = mantissa * 10 + d;
    }
    exponent = start - i;
    digits += i - start;
  }
  if (digits === 0) return infinity(u8, first, to, negative);
  if (i < to) {
    const e = parseExponent(u8, i, to);
    if (e === null) return Number.NaN;
    exponent += e;
  }
  if (mantissa < 9007199254740992) {
    if (exponent === 0 || mantissa === 0) return negative ? -mantissa : mantissa;
    if (exponent < 0 && exponent >= -22) return (negative ? -mantissa : mantissa) / POWERS[-exponent]!;
    if (exponent > 0 && exponent <= 22) return (negative ? -mantissa : mantissa) * POWERS[exponent]!;
  }
  const slow = text.latin1Slice(from, to);
  return Number(point === 46 ? slow : slow.replace(String.fromCharCode(point), '.'));
}

function parseExponent(u8: Uint8Array, from: number, to: number): number | null {
  let i = from;
  if ((u8[i]! | 32) !== 101) return null;
  i++;
  const negative = u8[i] === 45;
  if (negative || u8[i] === 43) i++;
  if (i >= to) return null;
  let e = 0;
  for (; i < to; i++) {
    const d = u8[i]! - 48;
    if (d >>> 0 > 9) return null;
    if (e < 100000) e = e * 10 + d;
  }
  return negative ? -e : e;
}

function infinity(u8: Uint8Array, from: number, to: number, negative: boolean): number {
  if (!isWord(u8, from, to, 'inf') && !isWord(u8, from, to, 'infinity')) return Number.NaN;
  return negative ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

export function isNaNText(u8: Uint8Array, from: number, to: number): boolean {
  return isWord(u8, from, to, 'nan');
}

/** ASCII comparison that ignores case; `word` in lower case. */
export function isWord(u8: Uint8Array, from: number, to: number, word: string): boolean {
  if (to - from !== word.length) return false;
  for (let i = 0; i < word.length; i++) if ((u8[from + i]! | 32) !== word.charCodeAt(i)) return false;
  return true;
}

/** 1, 0, or -1 for neither. `loose` adds t/f, yes/no, y/n, on/off and 1/0 to true/false. */
export function parseBool(u8: Uint8Array, from: number, to: number, loose: boolean): -1 | 0 | 1 {
  switch (to - from) {
    case 4:
      return isWord(u8, from, to, 'true') ? 1 : -1;
    case 5:
      return isWord(u8, from, to, 'false') ? 0 : -1;
    case 1: {
      if (!loose) return -1;
      const ch = u8[from]! | 32;
      return u8[from] === 49 || ch === 116 || ch === 121 ? 1 : u8[from] === 48 || ch === 102 || ch === 110 ? 0 : -1;
    }
    case 2:
      return !loose ? -1 : isWord(u8, from, to, 'on') ? 1 : isWord(u8, from, to, 'no') ? 0 : -1;
    case 3:
      return !loose ? -1 : isWord(u8, from, to, 'yes') ? 1 : isWord(u8, from, to, 'off') ? 0 : -1;
    default:
      return -1;
  }
}

/** An unscaled decimal: in the words when `big` is null. */
export interface DecimalOut extends Words {
  big: bigint | null;
}

export type DecimalFault = 'syntax' | 'scale' | 'precision';

/** Unscaled value at `scale` of a plain decimal number; trailing zeros beyond the scale are fine, other digits there are not. */
export function parseDecimal(
  u8: Uint8Array,
  text: Buffer,
  from: number,
  to: number,
  precision: number,
  scale: number,
  out: DecimalOut,
  point = 46,
): DecimalFault | null {
  let i = from;
  const negative = u8[i] === 45;
  if (negative || u8[i] === 43) i++;
  const first = i;
  while (i < to && (u8[i]! - 48) >>> 0 <= 9) i++;
  const whole = i;
  let end = i;
  let digits = whole - first;
  if (i < to && u8[i] === point) {
    i++;
    while (i < to && (u8[i]! - 48) >>> 0 <= 9) i++;
    digits += i - whole - 1;
    end = i;
    while (end - whole - 1 > scale && u8[end - 1] === 48) end--;
  }
  if (i < to || digits === 0) return 'syntax';
  const fraction = Math.max(0, end - whole - 1);
  if (fraction > scale) return 'scale';
  let start = first;
  while (start < whole && u8[start] === 48) start++;
  if (whole - start > precision - scale) return 'precision';
  out.big = null;
  if (whole - start + scale <= 15) {
    let v = 0;
    for (let k = start; k < whole; k++) v = v * 10 + (u8[k]! - 48);
    for (let k = whole + 1; k < end; k++) v = v * 10 + (u8[k]! - 48);
    v *= POWERS[scale - fraction]!;
    splitExact(negative ? -v : v, out);
    return null;
  }
  const plain = text.latin1Slice(start, whole) + text.latin1Slice(whole + 1, end) + '0'.repeat(scale - fraction);
  return bigDecimal(plain, negative, out);
}

function bigDecimal(digits: string, negative: boolean, out: DecimalOut): null {
  const v = negative ? -BigInt(digits) : BigInt(digits);
  if (BigInt.asIntN(64, v) === v) {
    out.lo = Number(BigInt.asIntN(32, v));
    out.hi = Number(v >> 32n);
  } else out.big = v;
  return null;
}

/** True for an integer literal that inference may take for an int: no leading zeros, no plus sign, fits in 64 bits. */
export function isPlainInt(u8: Uint8Array, from: number, to: number, out: Words): boolean {
  const first = u8[from] === 45 ? from + 1 : from;
  if (u8[from] === 43 || (u8[first] === 48 && to - first > 1)) return false;
  return parseInt64(u8, from, to, out);
}
