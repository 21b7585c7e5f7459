import type { Column, DictColumn } from '../batch/column.ts';
import { hashNext } from '../batch/hash.ts';
import { bitmapAt, kernelsFor } from '../kernels/load.ts';
import type { Vector } from '../memory/vector.ts';
import { u32Vector } from '../memory/vector.ts';
import type { Store } from '../store/types.ts';
import { firstsOfCodes } from './hash_table_probe.ts';

/** Hashes of the entries of the dictionary that a key column had last. */
interface EntryHashes {
  dictionary: Column | null;
  readonly hashes: Vector<Uint32Array>;
}

/** Hashes of rows by their key columns, as hashColumns gives them; each entry of a dictionary is hashed once. */
export class RowHashes {
  readonly #hashes: Vector<Uint32Array>;
  readonly #entries: readonly EntryHashes[];

  constructor(store: Store, columns: number, owner: string) {
    this.#hashes = u32Vector(store, owner);
    this.#entries = Array.from({ length: columns }, () => ({ dictionary: null, hashes: u32Vector(store, owner) }));
  }

  /** Room for the rows of a batch. */
  reserve(rows: number): void {
    this.#hashes.reserve(rows);
  }

  /** What `hash` wrote last. */
  get data(): Uint32Array {
    return this.#hashes.data;
  }

  hash(cols: readonly Column[], rows: number): void {
    const out = this.#hashes.data;
    cols.forEach((col, c) => {
      if (col.phys !== 'dict' || !this.#codes(col, c, rows, out)) hashNext(col, rows, out, c > 0);
    });
  }

  #codes(col: DictColumn, c: number, rows: number, out: Uint32Array): boolean {
    const { codes, validity, dictionary } = col;
    if (dictionary.length > 2 * rows || dictionary.length === 0) return false;
    const held = this.#entries[c] as EntryHashes;
    held.hashes.reserve(dictionary.length);
    const entries = held.hashes.data;
    const k = kernelsFor(out, codes, validity, entries);
    if (k === null) return false;
    if (held.dictionary !== dictionary) {
      hashNext(dictionary, dictionary.length, entries, false);
      held.dictionary = dictionary;
    }
    k.hash_codes(codes.byteOffset, entries.byteOffset, bitmapAt(validity), rows, out.byteOffset, c > 0 ? 1 : 0);
    return true;
  }

  free(): void {
    this.#hashes.free();
    for (const e of this.#entries) {
      e.dictionary = null;
      e.hashes.free();
    }
  }
}

/** Rows of a batch that are looked at before all others. */
const FIRST_ROWS = 4096;

/** Keys as numbers below `entries`; without a valid bit a row is null. */
export interface Codes {
  readonly codes: Int32Array;
  readonly validity: Uint8Array | null;
  readonly entries: number;
  /** The same object as long as codes stand for the same keys. */
  readonly meaning: object;
}

/** Groups of a dictionary's codes: a code is looked up among the keys once, while it stands for the same. */
export class CodeGroups {
  /** By code: group + 1; the place behind the last code stands for null. */
  readonly #map: Vector<Uint32Array>;
  readonly #missed: Vector<Uint32Array>;
  readonly #found: Vector<Uint32Array>;
  #meaning: object | null = null;

  constructor(store: Store, owner: string) {
    this.#map = u32Vector(store, owner);
    this.#missed = u32Vector(store, owner);
    this.#found = u32Vector(store, owner);
  }

  /** Group numbers of the rows into `out`; `insert` puts the groups of `n` rows, by number and all below `end`, into an array. */
  find(
    { codes, validity, entries, meaning }: Codes,
    rows: number,
    out: Uint32Array,
    insert: (rows: Uint32Array, n: number, out: Uint32Array, end: number) => void,
  ): void {
    if (this.#meaning !== meaning) {
      this.#map.length = 0;
      this.#map.grow(entries + 1, 0);
      this.#missed.reserve(entries + 1);
      this.#found.reserve(entries + 1);
      this.#meaning = meaning;
    }
    const [map, missed, found] = [this.#map.data, this.#missed.data, this.#found.data];
    const k = kernelsFor(out, codes, validity, map, missed, found);
    if (k === null) {
      const firsts = firstsOfCodes(codes, validity, entries, rows, out);
      const groups = new Uint32Array(firsts.length);
      insert(firsts, firsts.length, groups, rows);
      for (let i = 0; i < rows; i++) out[i] = groups[out[i] as number] as number;
      return;
    }
    const [from, bits] = [codes.byteOffset, bitmapAt(validity)];
    const at = [map.byteOffset, out.byteOffset, missed.byteOffset] as const;
    // Most codes there are turn up in the first rows, which are cheap to look at twice.
    for (const n of rows > 2 * FIRST_ROWS ? [FIRST_ROWS, rows] : [rows]) {
      const missing = k.group_codes(from, bits, n, entries, ...at);
      if (missing === 0) continue;
      insert(missed, missing, found, n);
      k.group_name_codes(from, bits, entries, missed.byteOffset, missing, found.byteOffset, map.byteOffset);
      if (n === rows) k.group_codes(from, bits, n, entries, ...at);
    }
  }

  clear(): void {
    this.#meaning = null;
  }

  free(): void {
    this.clear();
    this.#map.free();
    this.#missed.free();
    this.#found.free();
  }
}
