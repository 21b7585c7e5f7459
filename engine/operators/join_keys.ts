import { andBits } from '../batch/bitmap.ts';
import type { Column, I32Column, I64Column } from '../batch/column.ts';
import type { RowEquality } from '../batch/compare.ts';
import { equalRows } from '../batch/compare.ts';
import { wordsOf } from '../batch/ints.ts';
import { kernelsFor } from '../kernels/load.ts';
import type { Scratch } from '../memory/types.ts';

/** 32-bit words as unsigned ones: tags. */
export function asWords(values: Int32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

/** Bitmap of the rows without a null key: others match nothing. Null when there are none. May be a column's own. */
export function validKeys(cols: readonly Column[], rows: number, scratch: Scratch): Uint8Array | null {
  const nullable = cols.filter((c) => c.nullCount > 0);
  const [first] = nullable;
  if (first === undefined) return null;
  if (nullable.some((c) => c.validity === null)) return scratch.bitmap(rows, false);
  if (nullable.length === 1) return first.validity;
  const bits = scratch.bitmap(rows, true);
  for (const c of nullable) andBits(bits, c.validity as Uint8Array);
  return bits;
}

/** Equality of key rows none of which is null. Ints of different widths are compared without widening a whole column. */
export function keyEquality(a: readonly Column[], b: readonly Column[]): RowEquality {
  const parts = a.map((c, k) => valueEquality(c, b[k] as Column));
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  return (i, j) => {
    for (let k = 0; k < parts.length; k++) if (!(parts[k] as RowEquality)(i, j)) return false;
    return true;
  };
}

function valueEquality(a: Column, b: Column): RowEquality {
  if (a.phys === 'i32' && b.phys === 'i64') return mixedEquality(a, b);
  if (a.phys === 'i64' && b.phys === 'i32') {
    const same = mixedEquality(b, a);
    return (i, j) => same(j, i);
  }
  return equalRows([{ ...a, validity: null, nullCount: 0 }], [{ ...b, validity: null, nullCount: 0 }]);
}

function mixedEquality(a: I32Column, b: I64Column): RowEquality {
  const x = a.values;
  const y = wordsOf(b.values);
  return (i, j) => x[i] === y[2 * j] && y[2 * j + 1] === (x[i] as number) >> 31;
}

/** Kinds of comparison, as engine/kernels/assembly/join_equal.ts numbers them. */
const WORDS = 1;
const LONGS = 2;
const MIXED = 3;
const MIXED_BACK = 4;
const WIDE = 5;
const FLOATS = 6;
const BITS = 7;
const TEXT = 8;
const KEY_WORDS = 8;
const NONE = 0xffffffff;

/** What a kernel needs to compare keys: the block's words, and the views whose addresses are in it. */
export interface KeyBlocks {
  readonly words: readonly number[];
  readonly views: readonly ArrayBufferView[];
  readonly count: number;
}

/** Null where some key has no kernel. */
export function keyBlocks(a: readonly Column[], b: readonly Column[]): KeyBlocks | null {
  const words: number[] = [];
  const views: ArrayBufferView[] = [];
  for (const [k, left] of a.entries()) {
    const key = keyBlock(left, b[k] as Column);
    if (key === null) return null;
    words.push(key.kind);
    for (const v of key.views) {
      words.push(v === null ? NONE : v.byteOffset);
      if (v !== null) views.push(v);
    }
    while (words.length % KEY_WORDS !== 0) words.push(NONE);
  }
  return { words, views, count: a.length };
}

interface KeyBlock {
  readonly kind: number;
  readonly views: readonly (ArrayBufferView | null)[];
}

function keyBlock(a: Column, b: Column): KeyBlock | null {
  if ((a.phys === 'utf8' || a.phys === 'dict') && (b.phys === 'utf8' || b.phys === 'dict')) {
    if (a.phys === 'dict' && b.phys === 'dict' && a.dictionary === b.dictionary)
      return { kind: WORDS, views: [a.codes, b.codes] };
    const [x, y] = [a, b].map((c) => (c.phys === 'dict' ? c.dictionary : c)) as [typeof a, typeof a];
    if (x.phys !== 'utf8' || y.phys !== 'utf8') return null;
    const codes = [a, b].map((c) => (c.phys === 'dict' ? c.codes : null));
    return { kind: TEXT, views: [x.offsets, y.offsets, ...codes, x.bytes, y.bytes] };
  }
  if (!('values' in a && 'values' in b)) return null;
  const views = [a.values, b.values];
  const kind = KINDS[`${a.phys} ${b.phys}`];
  return kind === undefined ? null : { kind, views };
}

const KINDS: Readonly<Record<string, number>> = {
  'i32 i32': WORDS,
  'i64 i64': LONGS,
  'i32 i64': MIXED,
  'i64 i32': MIXED_BACK,
  'i128 i128': WIDE,
  'interval interval': WIDE,
  'f64 f64': FLOATS,
  'bool bool': BITS,
};

/** Pairs of a left position, its row (the same array where rows are gone through as they come) and a right row. */
export interface Pairs {
  readonly positions: Uint32Array;
  readonly rows: Uint32Array;
  readonly rights: Uint32Array;
}

/** Keeps those of `n` pairs whose keys are equal; gives their number. */
export function keepEqual(
  a: readonly Column[],
  b: readonly Column[],
  pairs: Pairs,
  n: number,
  scratch: Scratch,
): number {
  const { positions, rows, rights } = pairs;
  const blocks = keyBlocks(a, b);
  if (blocks !== null) {
    const keys = scratch.u32(blocks.words.length);
    keys.set(blocks.words);
    const k = kernelsFor(keys, positions, rows, rights, ...blocks.views);
    if (k !== null) {
      const at = [positions.byteOffset, rows.byteOffset, rights.byteOffset] as const;
      return k.join_equal(keys.byteOffset, blocks.count, ...at, n);
    }
  }
  const same = keyEquality(a, b);
  let kept = 0;
  for (let i = 0; i < n; i++) {
    const row = rows[i] as number;
    const right = rights[i] as number;
    if (!same(row, right)) continue;
    positions[kept] = positions[i] as number;
    rows[kept] = row;
    rights[kept++] = right;
  }
  return kept;
}
