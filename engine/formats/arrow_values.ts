import type { Validity } from '../batch/bitmap.ts';
import { getBit } from '../batch/bitmap.ts';
import type { I32Column, I64Column, I128Column, Utf8Column } from '../batch/column.ts';
import { copyBytes, MAX_OFFSET, tooLong } from '../batch/gather.ts';
import { lowWords, narrowI128, widthOfI64, wordsOf } from '../batch/ints.ts';
import { RunError } from '../errors.ts';
import type { Scratch } from '../memory/types.ts';
import type { DataType } from '../types.ts';
import type { ArrowType, TimeUnit } from './arrow_types.ts';

/** Conversions of Arrow's value buffers to ours. Sources are views that must not be kept; all words are little endian, low first. */

type Base = { readonly type: DataType; readonly length: number } & Validity;

export function malformed(why: string): RunError {
  return new RunError('FLOW7003', `the file is damaged: ${why}`);
}

function misfit(what: string, value?: bigint): RunError {
  return new RunError('FLOW7004', what, value === undefined ? {} : { value: String(value) });
}

/** 64-bit values of their words: over them where they are `own`, that is, where they lie in the scratch. */
export function longs(words: Int32Array, own: boolean, scratch: Scratch): BigInt64Array {
  if (own && words.byteOffset % 8 === 0) return new BigInt64Array(words.buffer, words.byteOffset, words.length / 2);
  const values = scratch.i64(words.length / 2);
  wordsOf(values).set(words);
  return values;
}

/** 64-bit integers: i32 when all valid ones fit. */
export function narrowWords(base: Base, words: Int32Array, own: boolean, scratch: Scratch): I32Column | I64Column {
  const n = base.length;
  const width = widthOfI64(words, n, base.validity);
  if (width === 'i32') return { ...base, phys: 'i32', values: lowWords(words, n, scratch) };
  return { ...base, phys: 'i64', values: longs(words, own, scratch), wide: width === 'wide' };
}

export function u64Misfit(words: Int32Array, n: number, validity: Uint8Array | null): void {
  for (let i = 0; i < n; i++) {
    const hi = words[2 * i + 1] as number;
    if (hi < 0 && (validity === null || getBit(validity, i))) {
      const v = (BigInt(hi >>> 0) << 32n) | BigInt((words[2 * i] as number) >>> 0);
      throw misfit('an unsigned 64-bit value does not fit int', v);
    }
  }
}

/** Turns 64-bit counts of `unit` into microseconds, in place; nanoseconds are cut (towards the past). */
export function scaleWords(w: Int32Array, unit: TimeUnit, validity: Uint8Array | null): void {
  if (unit === 'us') return;
  const n = w.length / 2;
  if (unit === 'ns') {
    for (let i = 0; i < n; i++) {
      const hi = w[2 * i + 1] as number;
      const high = Math.floor(hi / 1000);
      // The remainder of the high word joins the low word: below 1000 * 2^32, so exact.
      w[2 * i] = Math.floor(((hi - high * 1000) * 4294967296 + ((w[2 * i] as number) >>> 0)) / 1000);
      w[2 * i + 1] = high;
    }
    return;
  }
  const factor = unit === 's' ? 1000000 : 1000;
  for (let i = 0; i < n; i++) {
    const low = ((w[2 * i] as number) >>> 0) * factor;
    const high = (w[2 * i + 1] as number) * factor + Math.floor(low / 4294967296);
    if (high !== (high | 0) && (validity === null || getBit(validity, i))) throw misfit('a time is out of range');
    w[2 * i] = low;
    w[2 * i + 1] = high;
  }
}

export function float16Values(from: Uint16Array, to: Float64Array): void {
  for (let i = 0; i < from.length; i++) {
    const h = from[i] as number;
    const exponent = (h >> 10) & 31;
    const fraction = h & 1023;
    const size =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent < 31
          ? (1 + fraction / 1024) * 2 ** (exponent - 15)
          : fraction === 0
            ? Infinity
            : NaN;
    to[i] = h & 0x8000 ? -size : size;
  }
}

/** Decimals of any width; a negative scale is multiplied out. `own`: the words lie in the scratch, and may become the column's. */
export function decimalColumn(
  base: Base,
  words: Int32Array,
  t: ArrowType & { kind: 'decimal' },
  own: boolean,
  scratch: Scratch,
): I32Column | I64Column | I128Column {
  const n = base.length;
  const per = t.bits / 32;
  if (per === 4 && t.scale >= 0) return narrowI128(base.type, longs(words, own, scratch), n, base, scratch);
  const values = scratch.i64(2 * n);
  const out = wordsOf(values);
  for (let i = 0; i < n; i++) {
    const sign = (words[per * i + per - 1] as number) >> 31;
    for (let k = 0; k < 4; k++) out[4 * i + k] = k < per ? (words[per * i + k] as number) : sign;
    for (let k = 4; k < per; k++) {
      if (
        words[per * i + k] !== (out[4 * i + 3] as number) >> 31 &&
        (base.validity === null || getBit(base.validity, i))
      ) {
        throw misfit('a decimal has more than 38 digits');
      }
    }
  }
  if (t.scale < 0) {
    const factor = 10n ** BigInt(-t.scale);
    for (let i = 0; i < n; i++) {
      const v = ((values[2 * i + 1] as bigint) << 64n) + BigInt.asUintN(64, values[2 * i] as bigint);
      values[2 * i] = BigInt.asIntN(64, v * factor);
      values[2 * i + 1] = BigInt.asIntN(64, (v * factor) >> 64n);
    }
  }
  return narrowI128(base.type, values, n, base, scratch);
}

const NANOS: Readonly<Record<TimeUnit, bigint>> = { s: 1000000000n, ms: 1000000n, us: 1000n, ns: 1n };

/** Month-day-nano words of any kind of interval or duration. `words(width)` gives the rows at that many words each. */
export function intervalWords(
  t: ArrowType & { kind: 'interval' | 'duration' },
  words: (width: number) => Int32Array,
  n: number,
  scratch: Scratch,
): Int32Array {
  const out = scratch.i32(4 * n).fill(0);
  if (t.kind === 'interval' && t.unit === 'monthDayNano') {
    out.set(words(4));
    return out;
  }
  if (t.kind === 'interval' && t.unit === 'months') {
    const from = words(1);
    for (let i = 0; i < n; i++) out[4 * i] = from[i] as number;
    return out;
  }
  const from = words(2);
  for (let i = 0; i < n; i++) {
    const low = from[2 * i] as number;
    const high = from[2 * i + 1] as number;
    if (t.kind === 'interval') out[4 * i + 1] = low;
    const nanos =
      t.kind === 'interval'
        ? BigInt(high) * NANOS.ms
        : ((BigInt(high) << 32n) | BigInt(low >>> 0)) * NANOS[t.unit as TimeUnit];
    out[4 * i + 2] = Number(BigInt.asIntN(32, nanos));
    out[4 * i + 3] = Number(BigInt.asIntN(32, nanos >> 32n));
  }
  return out;
}

/** Views: length, then up to 12 bytes in place, or prefix, buffer index and offset. Values under a null may be garbage. */
export function viewColumn(
  base: Base,
  views: Int32Array,
  buffers: readonly Uint8Array[],
  scratch: Scratch,
): Utf8Column {
  const n = base.length;
  const offsets = scratch.i32(n + 1);
  let total = 0;
  offsets[0] = 0;
  for (let i = 0; i < n; i++) {
    const length = views[4 * i] as number;
    if (base.validity === null || getBit(base.validity, i)) {
      if (length < 0) throw malformed('a string has a negative length');
      total += length;
    }
    if (total > MAX_OFFSET) throw tooLong('The strings');
    offsets[i + 1] = total;
  }
  const bytes = scratch.u8(total);
  const inline = new Uint8Array(views.buffer, views.byteOffset, views.byteLength);
  for (let i = 0; i < n; i++) {
    const at = offsets[i] as number;
    const length = (offsets[i + 1] as number) - at;
    if (length <= 12) copyBytes(inline, 16 * i + 4, 16 * i + 4 + length, bytes, at);
    else {
      const source = buffers[views[4 * i + 2] as number];
      const from = views[4 * i + 3] as number;
      if (source === undefined || from < 0 || from + length > source.length)
        throw malformed('a string lies outside its buffer');
      copyBytes(source, from, from + length, bytes, at);
    }
  }
  return { ...base, phys: 'utf8', offsets, bytes };
}
