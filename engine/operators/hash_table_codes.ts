import type { Column, DictColumn, I32Column } from '../batch/column.ts';
import { bitmapAt, kernelsFor } from '../kernels/load.ts';
import type { Vector } from '../memory/vector.ts';
import { u32Vector } from '../memory/vector.ts';
import type { Store } from '../store/types.ts';
import type { Codes } from './hash_table_keys.ts';

/** Codes of one key: of the entries of a dictionary, or of ints from `base` on. The last of `size` codes is that of null. */
interface Part {
  readonly dictionary: Column | null;
  readonly base: number;
  readonly size: number;
}

/** Several keys of few different values each as codes of one number, which stay the same while batches share their dictionaries and ints lie in a range met before. */
export class CombinedCodes {
  readonly #codes: Vector<Uint32Array>;
  readonly #range: Vector<Uint32Array>;
  #parts: readonly Part[] = [];
  /** Stands for the meaning of the codes. */
  #meaning: object = {};

  constructor(store: Store, owner: string) {
    this.#codes = u32Vector(store, owner);
    this.#range = u32Vector(store, owner);
  }

  /** Null where there would be more than `most` codes, or a column has neither a dictionary nor ints of 32 bits that kernels reach. */
  of(cols: readonly Column[], rows: number, most: number): Codes | null {
    const parts: Part[] = [];
    let entries = 1;
    for (const [c, col] of cols.entries()) {
      const known = this.#parts[c];
      const part =
        col.phys === 'dict' ? partOf(col, known) : col.phys === 'i32' ? this.#intsOf(col, rows, known) : null;
      if (part === null) return null;
      entries *= part.size;
      if (entries > most) return null;
      parts.push(part);
    }
    this.#codes.reserve(rows);
    const codes = this.#codes.data;
    const k = kernelsFor(codes, ...cols.flatMap((c) => [valuesOf(c), c.validity]));
    if (k === null) return null;
    if (parts.length !== this.#parts.length || parts.some((p, c) => p !== this.#parts[c])) {
      this.#parts = parts;
      this.#meaning = {};
    }
    for (const [c, col] of cols.entries()) {
      const { base, size } = parts[c] as Part;
      const bits = bitmapAt(col.validity);
      k.group_combine(valuesOf(col).byteOffset, bits, rows, base, size, c > 0 ? 1 : 0, codes.byteOffset);
    }
    const signed = new Int32Array(codes.buffer, codes.byteOffset, rows);
    return { codes: signed, validity: null, entries, meaning: this.#meaning };
  }

  /** The range so far, grown where the column goes beyond it. */
  #intsOf(col: I32Column, rows: number, known: Part | undefined): Part | null {
    this.#range.reserve(2);
    const range = this.#range.data;
    const k = kernelsFor(range, col.values, col.validity);
    if (k === null) return null;
    k.group_range(col.values.byteOffset, bitmapAt(col.validity), rows, range.byteOffset);
    const [low, high] = new Int32Array(range.buffer, range.byteOffset, 2) as unknown as [number, number];
    const met = known !== undefined && known.dictionary === null;
    if (low > high) return met ? known : { dictionary: null, base: 0, size: 1 };
    if (!met || known.size === 1) return { dictionary: null, base: low, size: high - low + 2 };
    const end = known.base + known.size - 2;
    if (low >= known.base && high <= end) return known;
    const base = Math.min(low, known.base);
    return { dictionary: null, base, size: Math.max(high, end) - base + 2 };
  }

  free(): void {
    this.#codes.free();
    this.#range.free();
    this.#parts = [];
  }
}

function partOf({ dictionary }: DictColumn, known: Part | undefined): Part {
  return known?.dictionary === dictionary ? known : { dictionary, base: 0, size: dictionary.length + 1 };
}

function valuesOf(col: Column): Int32Array {
  if (col.phys === 'dict') return col.codes;
  return col.phys === 'i32' ? col.values : new Int32Array(0);
}
