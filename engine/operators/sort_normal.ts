import type { Column, Utf8Column } from '../batch/column.ts';
import type { SortColumn } from '../batch/compare.ts';
import { gatherColumn } from '../batch/gather.ts';
import { bitmapAt, type Kernels, kernelsFor } from '../kernels/load.ts';
import type { Scratch } from '../memory/types.ts';

/** Kinds of values as the kernels name them. */
const KIND = { bool: 0, i32: 1, u32: 2, i64: 3, u64: 4, f64: 5 } as const;

const WORD_BITS = 64;
/** Words of 32 bits that the radix sort counts in. */
const COUNTERS = 4096 + 9 * 257;
const NONE = 0xffffffff;

/** Numbers in the order of a key, or of a part of it: the most significant first. */
interface Part {
  readonly kind: number;
  readonly values: ArrayBufferView;
  /** Byte of the first value behind the start of `values`, and bytes from one to the next. */
  readonly skip: number;
  readonly stride: number;
}

/** A part, or some of its bits, with their place in a word: so many bits up, or down where the lower ones are in the next word. */
interface Placed {
  readonly part: Part | null;
  readonly key: SortColumn;
  /** Least and greatest value, as sort_range writes them. */
  readonly range: Uint8Array;
  readonly shift: number;
}

interface Word {
  readonly fields: Placed[];
  /** Bits not in use, at the low end. */
  free: number;
}

/**
 * Row numbers in the order of the keys, in scratch, by kernel: all keys are packed into as few 64-bit words as their ranges allow, most significant first, which are sorted
 * by radix. Stable. Null when a key is of a type, or in a place, that kernels do not reach.
 */
export function sortNormalized(keys: readonly SortColumn[], n: number, scratch: Scratch): Uint32Array | null {
  if (n === 0) return null;
  const order = scratch.u32(n);
  const kernels = kernelsFor(order, ...keys.flatMap((k) => buffersOf(k.column)));
  if (kernels === null) return null;
  const words: Word[] = [];
  const work = new Work(n, scratch);
  if (isPlainText(keys)) {
    const elements = sortTexts(keys[0].column, n, kernels, work);
    kernels.sort_order(elements.byteOffset, 16, NONE, n, order.byteOffset);
    return order;
  }
  for (const key of keys) {
    const parts = partsOf(key.column, n, kernels, scratch, work);
    if (parts === null) return null;
    place(key, parts, n, words, kernels, scratch);
  }
  sortWords(words, n, order, kernels, scratch, work);
  return order;
}

type PlainText = readonly [SortColumn & { readonly column: Utf8Column }];

/** One text, ascending: its order is the order. */
function isPlainText(keys: readonly SortColumn[]): keys is PlainText {
  const [key] = keys;
  return keys.length === 1 && key?.column.phys === 'utf8' && key.column.nullCount === 0 && !key.desc;
}

/** Room for the elements of a sort and their copy, used by one sort after another. */
class Work {
  readonly counts: Uint32Array;
  readonly #n: number;
  readonly #scratch: Scratch;
  #elements: Uint8Array | null = null;
  #other: Uint8Array | null = null;

  constructor(n: number, scratch: Scratch) {
    this.#n = n;
    this.#scratch = scratch;
    this.counts = scratch.u32(COUNTERS);
  }

  /** Two spans of `width` bytes a row. */
  of(width: 8 | 16): readonly [Uint8Array, Uint8Array] {
    const bytes = width * this.#n;
    if (this.#elements === null || this.#elements.length < bytes) this.#elements = this.#scratch.u8(bytes);
    if (this.#other === null || this.#other.length < bytes) this.#other = this.#scratch.u8(bytes);
    return [this.#elements, this.#other];
  }
}

function buffersOf(c: Column): (ArrayBufferView | null)[] {
  switch (c.phys) {
    case 'null':
      return [];
    case 'dict':
      return [c.codes, c.validity, c.dictionary.offsets, c.dictionary.bytes];
    case 'utf8':
      return [c.offsets, c.bytes, c.validity];
    case 'list':
    case 'struct':
      return [c.validity];
    default:
      return [c.values, c.validity];
  }
}

/** Null for a type that only the general comparator knows. */
function partsOf(c: Column, n: number, k: Kernels, scratch: Scratch, work: Work): Part[] | null {
  switch (c.phys) {
    case 'null':
      return [];
    case 'bool':
      return [{ kind: KIND.bool, values: c.values, skip: 0, stride: 0 }];
    case 'i32':
      return [{ kind: KIND.i32, values: c.values, skip: 0, stride: 4 }];
    case 'i64':
      return [{ kind: KIND.i64, values: c.values, skip: 0, stride: 8 }];
    case 'f64':
      return [{ kind: KIND.f64, values: c.values, skip: 0, stride: 8 }];
    case 'i128':
      return [
        { kind: KIND.i64, values: c.values, skip: 8, stride: 16 },
        { kind: KIND.u64, values: c.values, skip: 0, stride: 16 },
      ];
    case 'utf8':
      return [ranked(textRanks(c, n, k, scratch, work))];
    case 'dict': {
      const { codes, dictionary } = c;
      const rows = new Uint32Array(codes.buffer, codes.byteOffset, n);
      // A dictionary much larger than the batch: its entries that are here only.
      if (dictionary.length > 2 * n) {
        const texts = gatherColumn(dictionary, rows, n, scratch) as Utf8Column;
        return [ranked(textRanks(texts, n, k, scratch, work))];
      }
      const ranks = textRanks(dictionary, dictionary.length, k, scratch, new Work(dictionary.length, scratch));
      const out = scratch.u32(n);
      if (dictionary.length === 0) out.fill(0);
      else k.gather_4(ranks.byteOffset, rows.byteOffset, n, out.byteOffset, 0);
      return [ranked(out)];
    }
    default:
      return null;
  }
}

function ranked(ranks: Uint32Array): Part {
  return { kind: KIND.u32, values: ranks, skip: 0, stride: 4 };
}

function textRanks(c: Utf8Column, n: number, k: Kernels, scratch: Scratch, work: Work): Uint32Array {
  const ranks = scratch.u32(n);
  const elements = sortTexts(c, n, k, work);
  const [offsets, bytes] = [c.offsets.byteOffset, c.bytes.byteOffset];
  k.sort_text_ranks(offsets, bytes, n, elements.byteOffset, ranks.byteOffset);
  return ranks;
}

/** Pairs in the order of their texts. */
function sortTexts({ offsets, bytes }: Utf8Column, n: number, k: Kernels, work: Work): Uint8Array {
  const [elements, other] = work.of(16);
  const counts = work.counts.byteOffset;
  k.sort_text(offsets.byteOffset, bytes.byteOffset, n, elements.byteOffset, other.byteOffset, counts);
  return elements;
}

/** Gives the parts of a key, and before them whether it is null, their places in the words. */
function place(
  key: SortColumn,
  parts: readonly Part[],
  n: number,
  words: Word[],
  kernels: Kernels,
  scratch: Scratch,
): void {
  const { validity, nullCount } = key.column;
  if (nullCount === n) return;
  if (nullCount > 0) add(words, { part: null, key, range: new Uint8Array(0) }, 1);
  for (const part of parts) {
    const range = scratch.u8(16);
    const { kind, values, skip, stride } = part;
    kernels.sort_range(kind, values.byteOffset + skip, stride, bitmapAt(validity), n, range.byteOffset);
    const bits = bitsOf(range);
    if (bits > 0) add(words, { part, key, range }, bits);
  }
}

/** Bits that tell the values apart. */
function bitsOf(range: Uint8Array): number {
  const [least, greatest] = new BigUint64Array(range.buffer, range.byteOffset, 2) as unknown as [bigint, bigint];
  return least === greatest ? 0 : (greatest - least).toString(2).length;
}

/** A part that does not fit what is left of a word goes on in the next one. */
function add(words: Word[], field: Omit<Placed, 'shift'>, bits: number): void {
  let left = bits;
  while (left > 0) {
    let word = words[words.length - 1];
    if (word === undefined || word.free === 0) {
      word = { fields: [], free: WORD_BITS };
      words.push(word);
    }
    // Behind the bits that were placed before, which the shift moves out at the upper end.
    const shift = word.free - left;
    word.fields.push({ ...field, shift });
    word.free = Math.max(0, shift);
    left = Math.max(0, -shift);
  }
}

/** By the first word, and those that agree in it by the next. */
function sortWords(
  words: readonly Word[],
  n: number,
  order: Uint32Array,
  k: Kernels,
  scratch: Scratch,
  work: Work,
): void {
  const [only] = words;
  const to = order.byteOffset;
  const counts = work.counts.byteOffset;
  if (only === undefined) {
    for (let i = 0; i < n; i++) order[i] = i;
    return;
  }
  if (words.length === 1 && only.free >= 32 - Math.clz32(n - 1)) {
    // A word has room for the number of its row.
    const [elements, other] = work.of(8);
    pack(only, n, elements, k);
    k.sort_number(elements.byteOffset, n);
    k.sort_radix(elements.byteOffset, other.byteOffset, 8, n, only.free, counts);
    k.sort_order(elements.byteOffset, 8, 2 ** Math.min(only.free, 32) - 1, n, to);
    return;
  }
  const [pairs, other] = work.of(16);
  pack(only, n, other, k);
  k.sort_pairs(other.byteOffset, n, pairs.byteOffset);
  k.sort_radix(pairs.byteOffset, other.byteOffset, 16, n, only.free, counts);
  const more = words.slice(1);
  if (more.length > 0) {
    const rest = scratch.u8(8 * n * more.length);
    more.forEach((word, w) => {
      pack(word, n, rest.subarray(8 * n * w), k);
    });
    const floors = scratch.u32(more.length);
    floors.set(more.map((word) => word.free));
    const [from, to] = [pairs.byteOffset, other.byteOffset];
    k.sort_refine(from, to, n, only.free, rest.byteOffset, 8 * n, more.length, floors.byteOffset, counts);
  }
  k.sort_order(pairs.byteOffset, 16, NONE, n, to);
}

function pack(word: Word, n: number, into: Uint8Array, k: Kernels): void {
  into.fill(0, 0, 8 * n);
  const to = into.byteOffset;
  for (const { part, key, range, shift } of word.fields) {
    const { column, desc, nullsFirst } = key;
    const validity = bitmapAt(column.validity);
    if (part === null) {
      k.sort_pack_nulls(validity, n, nullsFirst ? 1 : 0, shift, to);
      continue;
    }
    const from = part.values.byteOffset + part.skip;
    k.sort_pack(part.kind, from, part.stride, validity, n, range.byteOffset, desc ? 1 : 0, shift, to);
  }
}
