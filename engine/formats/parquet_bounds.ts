import type { LeafLayout } from './parquet_layout.ts';

/** Least and greatest value as Parquet's statistics have them. */
export interface Bounds {
  readonly min: Uint8Array;
  readonly max: Uint8Array;
}

/** A bound that is told, and whether it is a value itself or only near to one. */
export interface ToldBound {
  readonly bytes: Uint8Array;
  readonly exact: boolean;
}

/** Longer texts are not told whole. */
const TOLD_BYTES = 64;

type Compare = (a: Uint8Array, b: Uint8Array) => number;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function order(a: number | bigint, b: number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** How bounds of a leaf compare. */
export function comparison(leaf: LeafLayout): Compare {
  switch (leaf.physical) {
    case 'INT32':
      return (a, b) => order(viewOf(a).getInt32(0, true), viewOf(b).getInt32(0, true));
    case 'INT64':
      return (a, b) => order(viewOf(a).getBigInt64(0, true), viewOf(b).getBigInt64(0, true));
    case 'DOUBLE':
      return (a, b) => order(viewOf(a).getFloat64(0, true), viewOf(b).getFloat64(0, true));
    case 'FIXED_LEN_BYTE_ARRAY':
      return (a, b) => order(viewOf(a).getInt8(0), viewOf(b).getInt8(0)) || Buffer.compare(a, b);
    default:
      return (a, b) => Buffer.compare(a, b);
  }
}

/** Bounds of both; null for none. */
export function joinBounds(compare: Compare, a: Bounds | null, b: Bounds | null): Bounds | null {
  if (a === null || b === null) return a ?? b;
  return { min: compare(b.min, a.min) < 0 ? b.min : a.min, max: compare(b.max, a.max) > 0 ? b.max : a.max };
}

/** Bounds of floats: a zero has the sign that leaves neither zero out. Null when there were none but NaN. */
export function floatBounds(min: number, max: number): Bounds | null {
  if (min > max) return null;
  const bytes = (v: number): Uint8Array => {
    const out = Buffer.alloc(8);
    out.writeDoubleLE(v);
    return out;
  };
  return { min: bytes(min === 0 ? -0 : min), max: bytes(max === 0 ? 0 : max) };
}

/** What is told of bounds; `max` null where no shorter text is above it. */
export function toldBounds(leaf: LeafLayout, { min, max }: Bounds): { min: ToldBound; max: ToldBound | null } {
  const whole = (bytes: Uint8Array): ToldBound => ({ bytes, exact: true });
  if (leaf.physical !== 'BYTE_ARRAY') return { min: whole(min), max: whole(max) };
  const text = leaf.type.kind !== 'bytes';
  return {
    min: min.length <= TOLD_BYTES ? whole(min) : { bytes: min.slice(0, cutAt(min, text)), exact: false },
    max: max.length <= TOLD_BYTES ? whole(max) : above(max.slice(0, cutAt(max, text)), text),
  };
}

/** At most TOLD_BYTES, not within a character of a text. */
function cutAt(bytes: Uint8Array, text: boolean): number {
  let at = TOLD_BYTES;
  while (text && at > 0 && ((bytes[at] as number) & 0xc0) === 0x80) at--;
  return at;
}

/** The least bytes (characters of a text) of at most this length that are above all that begin so. */
export function above(start: Uint8Array, text: boolean): ToldBound | null {
  if (!text) {
    for (let i = start.length - 1; i >= 0; i--) {
      if (start[i] === 0xff) continue;
      const bytes = start.slice(0, i + 1);
      bytes[i] = (bytes[i] as number) + 1;
      return { bytes, exact: false };
    }
    return null;
  }
  const characters = Array.from(Buffer.from(start).toString('utf8'));
  for (let i = characters.length - 1; i >= 0; i--) {
    const code = (characters[i] as string).codePointAt(0) as number;
    if (code === 0x10ffff) continue;
    // Halves of surrogate pairs are no characters.
    const next = code === 0xd7ff ? 0xe000 : code + 1;
    const all = characters.slice(0, i).join('') + String.fromCodePoint(next);
    return { bytes: new Uint8Array(Buffer.from(all)), exact: false };
  }
  return null;
}
