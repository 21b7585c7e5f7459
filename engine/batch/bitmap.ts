/** Bitmaps in Arrow's order: row i is bit (i & 7) of byte (i >> 3), least significant first. */

export function bitmapBytes(rows: number): number {
  return (rows + 7) >>> 3;
}

export function getBit(bits: Uint8Array, row: number): boolean {
  return (((bits[row >> 3] as number) >> (row & 7)) & 1) === 1;
}

export function setBit(bits: Uint8Array, row: number): void {
  bits[row >> 3] = (bits[row >> 3] as number) | (1 << (row & 7));
}

export function clearBit(bits: Uint8Array, row: number): void {
  bits[row >> 3] = (bits[row >> 3] as number) & ~(1 << (row & 7));
}

const POPCOUNT = new Uint8Array(256);
for (let i = 1; i < 256; i++) POPCOUNT[i] = (i & 1) + (POPCOUNT[i >> 1] as number);

/** Number of set bits in rows [from, to). */
export function countOnes(bits: Uint8Array, from: number, to: number): number {
  if (from >= to) return 0;
  const first = from >> 3;
  const last = (to - 1) >> 3;
  const head = 0xff << (from & 7);
  const tail = 0xff >> (7 - ((to - 1) & 7));
  if (first === last) return POPCOUNT[(bits[first] as number) & head & tail & 0xff] as number;
  let n = POPCOUNT[(bits[first] as number) & head & 0xff] as number;
  for (let i = first + 1; i < last; i++) n += POPCOUNT[bits[i] as number] as number;
  return n + (POPCOUNT[(bits[last] as number) & tail] as number);
}

/** Sets rows [from, to) and leaves the others. */
export function fillOnes(bits: Uint8Array, from: number, to: number): void {
  let i = from;
  while (i < to && (i & 7) !== 0) setBit(bits, i++);
  const whole = (to - i) >> 3;
  if (whole > 0) {
    bits.fill(0xff, i >> 3, (i >> 3) + whole);
    i += whole * 8;
  }
  while (i < to) setBit(bits, i++);
}

/** Copies `rows` bits to `dst` from row `to` on; the target bits must be zero before, others keep their value. */
export function copyBits(src: Uint8Array, from: number, dst: Uint8Array, to: number, rows: number): void {
  let s = from;
  let d = to;
  const end = to + rows;
  while (d < end && (d & 7) !== 0) {
    if (getBit(src, s)) setBit(dst, d);
    s++;
    d++;
  }
  const whole = (end - d) >> 3;
  const shift = s & 7;
  const at = s >> 3;
  const out = d >> 3;
  if (shift === 0) dst.set(src.subarray(at, at + whole), out);
  else {
    for (let i = 0; i < whole; i++) {
      dst[out + i] = ((src[at + i] as number) >> shift) | ((src[at + i + 1] as number) << (8 - shift));
    }
  }
  s += whole * 8;
  d += whole * 8;
  for (; d < end; d++, s++) if (getBit(src, s)) setBit(dst, d);
}

export interface Validity {
  readonly validity: Uint8Array | null;
  readonly nullCount: number;
}

export const ALL_VALID: Validity = { validity: null, nullCount: 0 };

/** Counts the nulls of a bitmap; no bitmap when there are none. */
export function validityOf(bits: Uint8Array | null, rows: number): Validity {
  if (bits === null) return ALL_VALID;
  const nullCount = rows - countOnes(bits, 0, rows);
  return nullCount === 0 ? ALL_VALID : { validity: bits, nullCount };
}

/** Clears in `bits` what is not set in `other`; both start at row 0. */
export function andBits(bits: Uint8Array, other: Uint8Array): void {
  for (let i = 0; i < bits.length; i++) bits[i] = (bits[i] as number) & (other[i] as number);
}
