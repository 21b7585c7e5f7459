import { columnFromValues } from '../batch/build.ts';
import type { Column } from '../batch/column.ts';
import { wordsOf } from '../batch/ints.ts';
import type { LiteralValue } from '../expr.ts';
import { parseInterval } from '../functions/parse.ts';
import type { Scratch } from '../memory/types.ts';
import type { DataType } from '../types.ts';
import { beyondExact, parseInt64, splitExact, type Words } from './int64.ts';
import { type ColumnBase, grown, JsonColumn, JsonMisfit, misfit } from './json_columns.ts';
import { endsNumber, type JsonScanner, QUOTE, startsNumber } from './json_scanner.ts';
import { type DecimalOut, parseDecimal, parseFloat64 } from './text_number.ts';
import { NO_DATE, parseDate, parseTime, parseTimestamp } from './text_time.ts';

const words: DecimalOut = { lo: 0, hi: 0, big: null };

export class JsonBools extends JsonColumn {
  #values = new Uint8Array(1024);
  #n = 0;

  protected take(s: JsonScanner, ch: number): void {
    if (ch !== 116 && ch !== 102) throw misfit(s, this.type);
    s.word(ch === 116 ? 'true' : 'false');
    this.#put(ch === 116 ? 1 : 0);
  }

  protected blank(): void {
    this.#put(0);
  }

  #put(v: number): void {
    if (this.#n === this.#values.length) this.#values = grown(this.#values, this.#n + 1);
    this.#values[this.#n++] = v;
  }

  protected cut(length: number): void {
    this.#n = length;
  }

  protected build(base: ColumnBase, scratch: Scratch): Column {
    const values = scratch.bitmap(base.length, false);
    for (let i = 0; i < base.length; i++) values[i >> 3]! |= this.#values[i]! << (i & 7);
    return { ...base, phys: 'bool', values };
  }
}

export class JsonFloats extends JsonColumn {
  #values = new Float64Array(1024);
  #n = 0;

  protected take(s: JsonScanner, ch: number): void {
    if (!startsNumber(ch)) throw misfit(s, this.type);
    s.number();
    this.#put(parseFloat64(s.u8, s.text, s.from, s.to));
  }

  protected blank(): void {
    this.#put(0);
  }

  #put(v: number): void {
    if (this.#n === this.#values.length) this.#values = grown(this.#values, this.#n + 1);
    this.#values[this.#n++] = v;
  }

  protected cut(length: number): void {
    this.#n = length;
  }

  protected build(base: ColumnBase, scratch: Scratch): Column {
    const values = scratch.f64(base.length);
    values.set(this.#values.subarray(0, base.length));
    return { ...base, phys: 'f64', values };
  }
}

/** Columns of whole numbers, as words until their width is known. */
abstract class JsonWords extends JsonColumn {
  #lo = new Int32Array(1024);
  #hi = new Int32Array(1024);
  #n = 0;

  protected blank(): void {
    this.put(0, 0);
  }

  protected put(lo: number, hi: number): void {
    const i = this.#n++;
    if (i === this.#lo.length) {
      this.#lo = grown(this.#lo, i + 1);
      this.#hi = grown(this.#hi, i + 1);
    }
    this.#lo[i] = lo;
    this.#hi[i] = hi;
  }

  protected cut(length: number): void {
    this.#n = length;
  }

  protected build(base: ColumnBase, scratch: Scratch): Column {
    const { length } = base;
    const lo = this.#lo;
    const hi = this.#hi;
    let narrow = this.type.kind === 'int' || this.type.kind === 'decimal' || this.type.kind === 'date';
    for (let i = 0; narrow && i < length; i++) if (hi[i] !== lo[i]! >> 31) narrow = false;
    if (narrow) {
      const values = scratch.i32(length);
      values.set(lo.subarray(0, length));
      return { ...base, phys: 'i32', values };
    }
    const values = scratch.i64(length);
    const out = wordsOf(values);
    let wide = false;
    for (let i = 0; i < length; i++) {
      out[2 * i] = lo[i]!;
      out[2 * i + 1] = hi[i]!;
      if (beyondExact(lo[i]!, hi[i]!)) wide = true;
    }
    return { ...base, phys: 'i64', values, wide };
  }
}

/** Integers, exact to 64 bits; `3.0` and `3e2` count as integers too. */
export class JsonInts extends JsonWords {
  protected take(s: JsonScanner, ch: number): void {
    if (!startsNumber(ch)) throw misfit(s, this.type);
    if (this.#short(s)) return;
    s.number();
    if (!(s.integral && parseInt64(s.u8, s.from, s.to, words))) {
      const v = s.integral ? Number.NaN : parseFloat64(s.u8, s.text, s.from, s.to);
      if (!Number.isSafeInteger(v)) throw new JsonMisfit(s.from, s.to, this.type);
      splitExact(v, words);
    }
    this.put(words.lo, words.hi);
  }

  /** Most integers: up to nine digits, no leading zero, the end of the number right behind them. */
  #short(s: JsonScanner): boolean {
    const { u8, pos } = s;
    const negative = u8[pos] === 45;
    const first = negative ? pos + 1 : pos;
    const last = Math.min(s.end, first + 10);
    let v = 0;
    let p = first;
    for (; p < last; p++) {
      const d = u8[p]! - 48;
      if (d >>> 0 > 9) break;
      v = (Math.imul(v, 10) + d) | 0;
    }
    if (p === first || p >= last || (u8[first] === 48 && p - first > 1) || !endsNumber(u8[p]!)) return false;
    s.pos = p;
    this.put(negative ? -v | 0 : v, negative && v !== 0 ? -1 : 0);
    return true;
  }
}

/** Dates, times and timestamps from their ISO text. */
export class JsonTimes extends JsonWords {
  readonly #parse: (u8: Uint8Array, from: number, to: number, out: Words) => boolean;

  constructor(type: DataType, nullable: boolean) {
    super(type, nullable);
    this.#parse = type.kind === 'date' ? dateWords : type.kind === 'time' ? timeWords : parseTimestamp;
  }

  protected take(s: JsonScanner, ch: number): void {
    if (ch !== QUOTE) throw misfit(s, this.type);
    s.string();
    if (!this.#parse(s.u8, s.from, s.to, words)) throw new JsonMisfit(s.from - 1, s.to + 1, this.type);
    this.put(words.lo, words.hi);
  }
}

/** Spans of time from their text: `1mo 2d 3h`. */
export class JsonIntervals extends JsonColumn {
  readonly #values: LiteralValue[] = [];

  protected take(s: JsonScanner, ch: number): void {
    if (ch !== QUOTE) throw misfit(s, this.type);
    s.string();
    const value = parseInterval(s.text.utf8Slice(s.from, s.to));
    if (value === null) throw new JsonMisfit(s.from - 1, s.to + 1, this.type);
    this.#values.push(value as LiteralValue);
  }

  protected blank(): void {
    this.#values.push(null);
  }

  protected cut(length: number): void {
    this.#values.length = length;
  }

  protected build(base: ColumnBase, scratch: Scratch): Column {
    const column = columnFromValues(this.type, this.#values.slice(0, base.length), scratch);
    return { ...column, ...base } as Column;
  }
}

function dateWords(u8: Uint8Array, from: number, to: number, out: Words): boolean {
  const days = parseDate(u8, from, to);
  if (days === NO_DATE) return false;
  splitExact(days, out);
  return true;
}

function timeWords(u8: Uint8Array, from: number, to: number, out: Words): boolean {
  const micros = parseTime(u8, from, to);
  if (micros < 0) return false;
  splitExact(micros, out);
  return true;
}

/** Exact decimals from numbers, or from strings (as exact decimals are often sent). */
export class JsonDecimals extends JsonWords {
  readonly #precision: number;
  readonly #scale: number;
  /** Values beyond 64 bits, by row. */
  readonly #big = new Map<number, bigint>();

  constructor(type: DataType & { kind: 'decimal' }, nullable: boolean) {
    super(type, nullable);
    this.#precision = type.precision;
    this.#scale = type.scale;
  }

  protected take(s: JsonScanner, ch: number): void {
    if (ch === QUOTE) s.string();
    else if (startsNumber(ch)) s.number();
    else throw misfit(s, this.type);
    if (parseDecimal(s.u8, s.text, s.from, s.to, this.#precision, this.#scale, words) !== null)
      throw new JsonMisfit(s.from, s.to, this.type);
    if (words.big !== null) {
      this.#big.set(this.length, words.big);
      this.put(0, 0);
    } else this.put(words.lo, words.hi);
  }

  protected override cut(length: number): void {
    super.cut(length);
    for (const row of this.#big.keys()) if (row >= length) this.#big.delete(row);
  }

  protected override build(base: ColumnBase, scratch: Scratch): Column {
    const low = super.build(base, scratch);
    if (this.#big.size === 0) return low;
    const values = scratch.i64(2 * base.length);
    for (let i = 0; i < base.length; i++) {
      const v =
        this.#big.get(i) ?? (low.phys === 'i64' ? low.values[i]! : low.phys === 'i32' ? BigInt(low.values[i]!) : 0n);
      values[2 * i] = BigInt.asIntN(64, v);
      values[2 * i + 1] = v >> 64n;
    }
    return { ...base, phys: 'i128', values };
  }
}
