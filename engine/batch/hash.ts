import { bitmapAt, kernelsFor } from '../kernels/load.ts';
import { getBit } from './bitmap.ts';
import type { Column, DictColumn, Utf8Column } from './column.ts';
import { wordsOf } from './ints.ts';

/**
 * 32-bit hashes of rows by logical value: an int hashes alike in every width, a string alike as utf8 and dict, -0 as 0, all NaN alike,
 * null as a constant of its own. Every bit depends on every input bit, so the top bits may choose a partition and the low ones a slot.
 */
export function hashColumns(cols: readonly Column[], rows: number, out: Uint32Array): void {
  if (cols.length === 0) out.fill(0, 0, rows);
  cols.forEach((col, c) => {
    hashNext(col, rows, out, c > 0);
  });
}

/** One column's hashes into `out`, or, with `join`, combined with those of the columns before it. */
export function hashNext(col: Column, rows: number, out: Uint32Array, join: boolean): void {
  if (!hashByKernel(col, rows, out, join)) hashWithout(col, rows, out, join);
}

/** The columns' hashes without kernels: into `out`, or combined with what it holds. */
function hashWithout(col: Column, rows: number, out: Uint32Array, join: boolean): void {
  if (!join) {
    hashColumn(col, rows, out);
    return;
  }
  const next = new Uint32Array(rows);
  hashColumn(col, rows, next);
  for (let i = 0; i < rows; i++) out[i] = combine(out[i] as number, next[i] as number);
}

/** False when there is no kernel for the column, or it and `out` do not lie in one memory. */
function hashByKernel(col: Column, rows: number, out: Uint32Array, join: boolean): boolean {
  const combined = join ? 1 : 0;
  switch (col.phys) {
    case 'utf8': {
      const k = kernelsFor(out, col.offsets, col.bytes, col.validity);
      if (k === null) return false;
      const { offsets, bytes, validity } = col;
      k.hash_utf8(offsets.byteOffset, bytes.byteOffset, bitmapAt(validity), rows, out.byteOffset, combined);
      return true;
    }
    case 'bool':
    case 'i32':
    case 'i64':
    case 'i128':
    case 'f64':
    case 'interval': {
      const k = kernelsFor(out, col.values, col.validity);
      if (k === null) return false;
      k[`hash_${col.phys}`](col.values.byteOffset, bitmapAt(col.validity), rows, out.byteOffset, combined);
      return true;
    }
    case 'null':
    case 'dict':
    case 'list':
    case 'struct':
      return false;
  }
}

const NULL_HASH = 0x9e3779b9;
const SEED = 0x2545f491;

/** murmur3's finaliser: a bijection of 32 bits with full avalanche. */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Order-dependent: (a, b) and (b, a) differ. */
function combine(a: number, b: number): number {
  return mix(Math.imul(a, 0x1b873593) + b + 0x6ed9eba1);
}

/** A high word, spread before the low word joins it: int and float keys often differ in one word only. */
function high(w: number): number {
  return mix(w + SEED);
}

const POSITIVE = high(0);
const NEGATIVE = high(-1);

function hashColumn(col: Column, rows: number, out: Uint32Array): void {
  switch (col.phys) {
    case 'null':
      out.fill(NULL_HASH, 0, rows);
      return;
    case 'bool': {
      const no = mix(POSITIVE);
      const yes = mix(POSITIVE ^ 1);
      for (let i = 0; i < rows; i++) out[i] = getBit(col.values, i) ? yes : no;
      break;
    }
    case 'i32': {
      const values = col.values;
      for (let i = 0; i < rows; i++) {
        const v = values[i] as number;
        out[i] = mix((v < 0 ? NEGATIVE : POSITIVE) ^ v);
      }
      break;
    }
    case 'i64':
      hashI64(wordsOf(col.values), rows, out);
      break;
    case 'i128':
      hashI128(wordsOf(col.values), rows, out);
      break;
    case 'f64':
      hashF64(wordsOf(col.values), rows, out);
      break;
    case 'interval': {
      const w = col.values;
      for (let i = 0; i < rows; i++) {
        const date = combine(mix((w[4 * i] as number) + SEED), w[4 * i + 1] as number);
        out[i] = combine(combine(date, w[4 * i + 2] as number), w[4 * i + 3] as number);
      }
      break;
    }
    case 'utf8':
      for (let i = 0; i < rows; i++)
        out[i] = hashBytes(col.bytes, col.offsets[i] as number, col.offsets[i + 1] as number);
      break;
    case 'dict':
      hashDict(col, rows, out);
      break;
    case 'list':
      hashList(col.offsets, col.child, rows, out);
      break;
    case 'struct':
      hashColumns(col.children, rows, out);
      if (col.children.length === 0) out.fill(SEED, 0, rows);
      break;
  }
  const bits = col.validity;
  if (bits !== null) for (let i = 0; i < rows; i++) if (!getBit(bits, i)) out[i] = NULL_HASH;
}

function hashI64(w: Int32Array, rows: number, out: Uint32Array): void {
  for (let i = 0; i < rows; i++) {
    const hi = w[2 * i + 1] as number;
    const h = hi === 0 ? POSITIVE : hi === -1 ? NEGATIVE : high(hi);
    out[i] = mix(h ^ (w[2 * i] as number));
  }
}

function hashI128(w: Int32Array, rows: number, out: Uint32Array): void {
  for (let i = 0; i < rows; i++) {
    const w1 = w[4 * i + 1] as number;
    const w2 = w[4 * i + 2] as number;
    const w3 = w[4 * i + 3] as number;
    const sign = w1 >> 31;
    const beyond = w2 === sign && w3 === sign ? 0 : combine(high(w3), w2);
    out[i] = mix(high(w1 ^ beyond) ^ (w[4 * i] as number));
  }
}

function hashF64(w: Int32Array, rows: number, out: Uint32Array): void {
  for (let i = 0; i < rows; i++) {
    let lo = w[2 * i] as number;
    let hi = w[2 * i + 1] as number;
    if (lo === 0 && hi === -0x80000000) hi = 0;
    else if ((hi & 0x7ff00000) === 0x7ff00000 && (lo !== 0 || (hi & 0xfffff) !== 0)) {
      hi = 0x7ff80000;
      lo = 0;
    }
    out[i] = mix(high(hi) ^ lo);
  }
}

/** murmur3 over 4-byte little-endian words; bytes [from, to). */
export function hashBytes(b: Uint8Array, from: number, to: number): number {
  let h = SEED;
  let i = from;
  for (; i + 4 <= to; i += 4) {
    let k =
      (b[i] as number) | ((b[i + 1] as number) << 8) | ((b[i + 2] as number) << 16) | ((b[i + 3] as number) << 24);
    k = Math.imul(k, 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    h ^= k;
    h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
  }
  if (i < to) {
    let k = b[i] as number;
    if (i + 1 < to) k |= (b[i + 1] as number) << 8;
    if (i + 2 < to) k |= (b[i + 2] as number) << 16;
    k = Math.imul(k, 0xcc9e2d51);
    h ^= Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  }
  return mix(h ^ (to - from)) >>> 0;
}

/** Hashes of dictionary entries, kept while the dictionary lives: slices of a batch share it. */
const entryHashes = new WeakMap<Utf8Column, Uint32Array>();

function hashDict(col: DictColumn, rows: number, out: Uint32Array): void {
  const { codes, dictionary } = col;
  let hashes = entryHashes.get(dictionary);
  if (hashes === undefined && dictionary.length > 2 * rows) {
    const { bytes, offsets } = dictionary;
    for (let i = 0; i < rows; i++) {
      const c = codes[i] as number;
      out[i] = hashBytes(bytes, offsets[c] as number, offsets[c + 1] as number);
    }
    return;
  }
  if (hashes === undefined) {
    hashes = new Uint32Array(dictionary.length);
    hashColumn(dictionary, dictionary.length, hashes);
    entryHashes.set(dictionary, hashes);
  }
  for (let i = 0; i < rows; i++) out[i] = hashes[codes[i] as number] as number;
}

function hashList(offsets: Int32Array, child: Column, rows: number, out: Uint32Array): void {
  const end = rows === 0 ? 0 : (offsets[rows] as number);
  const items = new Uint32Array(end);
  hashColumn(child, end, items);
  for (let i = 0; i < rows; i++) {
    const from = offsets[i] as number;
    const to = offsets[i + 1] as number;
    let h = mix(SEED + to - from);
    for (let k = from; k < to; k++) h = combine(h, items[k] as number);
    out[i] = h;
  }
}
