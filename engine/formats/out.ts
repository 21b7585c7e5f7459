import { civilOf } from '../functions/calendar.ts';

const ZERO = 48;

/**
 * A growing run of output bytes. Numbers, dates and copied text go straight into it; the writers of a thread share one and keep it
 * from batch to batch.
 */
export class ByteOut {
  bytes: Buffer;
  length = 0;

  constructor(capacity = 1 << 16) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  /** Makes room for `more` bytes. */
  reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.bytes.length, this.length + more));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  byte(b: number): void {
    if (this.length === this.bytes.length) this.reserve(1);
    this.bytes[this.length++] = b;
  }

  /** Text of ASCII characters. */
  ascii(text: string): void {
    this.reserve(text.length);
    const { bytes } = this;
    let n = this.length;
    for (let i = 0; i < text.length; i++) bytes[n++] = text.charCodeAt(i);
    this.length = n;
  }

  text(text: string): void {
    this.reserve(3 * text.length);
    this.length += this.bytes.utf8Write(text, this.length);
  }

  copy(from: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    const { bytes } = this;
    let n = this.length;
    if (end - start > 64) {
      bytes.set(from.subarray(start, end), n);
      n += end - start;
    } else for (let i = start; i < end; i++) bytes[n++] = from[i]!;
    this.length = n;
  }

  /** An integer within +-(2^53 - 1). */
  int(value: number): void {
    this.reserve(20);
    const { bytes } = this;
    let v = value;
    if (v < 0) {
      bytes[this.length++] = 45;
      v = -v;
    }
    if (v <= 2147483647) {
      this.#digits(v, decimalLength(v));
      return;
    }
    const high = Math.floor(v / 1e8);
    if (high <= 2147483647) this.#digits(high, decimalLength(high));
    else this.int(high);
    this.#digits(v - high * 1e8, 8);
  }

  /** A 64-bit integer as words. */
  int64(lo: number, hi: number): void {
    if (hi >= -0x200000 && hi < 0x200000) this.int(hi * 4294967296 + (lo >>> 0));
    else this.ascii(String((BigInt(hi) << 32n) | BigInt(lo >>> 0)));
  }

  /**
   * A float that is no integer, in its shortest exact form. Few decimals are the common case: where v is the double nearest to r / 10^k with
   * at most 15 digits, no shorter decimal can be, so that r's digits are the answer.
   */
  float(v: number): void {
    if (v > -1e9 && v < 1e9) {
      for (let k = 2; k <= 6; k += 2) {
        const unit = k === 2 ? 1e2 : k === 4 ? 1e4 : 1e6;
        const scaled = Math.round(v * unit);
        if (scaled / unit !== v) continue;
        this.#fixed(v < 0 ? -scaled : scaled, unit, k, v < 0);
        return;
      }
    }
    this.ascii(String(v));
  }

  #fixed(scaled: number, unit: number, places: number, negative: boolean): void {
    if (negative) this.byte(45);
    const whole = Math.floor(scaled / unit);
    this.int(whole);
    this.byte(46);
    this.reserve(places);
    this.#digits(scaled - whole * unit, places);
    while (this.bytes[this.length - 1] === ZERO) this.length--;
  }

  /** `2024-05-01`; years outside 0 to 9999 are the caller's. */
  date(days: number): void {
    const { year, month, day } = civilOf(days);
    this.reserve(10);
    this.#digits(year, 4);
    this.bytes[this.length++] = 45;
    this.#digits(month, 2);
    this.bytes[this.length++] = 45;
    this.#digits(day, 2);
  }

  /** `12:34:56`, with three or six decimals where they are not zero. */
  time(micros: number): void {
    this.reserve(16);
    const seconds = Math.floor(micros / 1e6);
    const fraction = micros - seconds * 1e6;
    this.#digits((seconds / 3600) | 0, 2);
    this.bytes[this.length++] = 58;
    this.#digits(((seconds / 60) | 0) % 60, 2);
    this.bytes[this.length++] = 58;
    this.#digits(seconds % 60, 2);
    if (fraction === 0) return;
    this.bytes[this.length++] = 46;
    if (fraction % 1000 === 0) this.#digits(fraction / 1000, 3);
    else this.#digits(fraction, 6);
  }

  /** `value` (0 to 2^31 - 1) in exactly `count` digits. */
  #digits(value: number, count: number): void {
    const { bytes } = this;
    let v = value | 0;
    for (let i = this.length + count - 1; i >= this.length; i--) {
      const next = (v / 10) | 0;
      bytes[i] = ZERO + v - next * 10;
      v = next;
    }
    this.length += count;
  }

  /** The bytes so far, valid until the next write. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }
}

function decimalLength(v: number): number {
  if (v < 10) return 1;
  if (v < 100) return 2;
  if (v < 1000) return 3;
  if (v < 10000) return 4;
  if (v < 100000) return 5;
  if (v < 1000000) return 6;
  if (v < 10000000) return 7;
  if (v < 100000000) return 8;
  return v < 1000000000 ? 9 : 10;
}
