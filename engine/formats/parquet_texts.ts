import type { Validity } from '../batch/bitmap.ts';
import type { Column, Utf8Column } from '../batch/column.ts';
import { MAX_OFFSET } from '../batch/gather.ts';
import { type Kernels, NO_BITMAP } from '../kernels/load.ts';
import type { Scratch } from '../memory/types.ts';
import { i32Vector, u8Vector } from '../memory/vector.ts';
import type { Store } from '../store/types.ts';
import type { DataType } from '../types.ts';
import { type Cursor, PLAIN, type Rows, reach, taken, type Values } from './parquet_cursor.ts';
import { Declined, type Page, SLACK } from './parquet_pages.ts';

/** A dictionary with more entries than rows gains nothing, but for small batches. */
const ALWAYS_KEPT = 256;

/** Texts and bytes: codes of the chunk's dictionary where it is kept, else the texts themselves. */
export class TextValues implements Values {
  readonly #kernels: Kernels;
  readonly #type: DataType;
  readonly #store: Store;
  /** Whether the column is to stay a dictionary: all pages are said to refer to a small one. */
  readonly #kept: boolean;
  readonly #offsets: ReturnType<typeof i32Vector>;
  readonly #bytes: ReturnType<typeof u8Vector>;
  /** The texts of a batch; reused by the next one. */
  readonly #texts: ReturnType<typeof u8Vector>;
  #entries: Utf8Column | null = null;
  #rows = 0;
  /** Codes of the batch, or behind the first word lengths. */
  #words: Int32Array = new Int32Array(0);
  #used = 0;
  #coded = false;
  /** Texts came from pages, not from the dictionary, which was looked at. */
  #unseen = false;

  constructor(kernels: Kernels, store: Store, type: DataType, kept: boolean) {
    this.#kernels = kernels;
    this.#store = store;
    this.#type = type;
    this.#kept = kept;
    this.#offsets = i32Vector(store, 'parquet');
    this.#bytes = u8Vector(store, 'parquet');
    this.#texts = u8Vector(store, 'parquet');
  }

  dictionary({ body, values }: Page): void {
    const k = this.#kernels;
    // Each is behind its length.
    if (values * 4 > body.end - body.at) throw new Declined('a dictionary is cut off');
    this.#offsets.reserve(values + 1);
    this.#bytes.reserve(body.end - body.at + SLACK);
    const offsets = reach(k, this.#offsets.data).subarray(0, values + 1);
    const bytes = reach(k, this.#bytes.data);
    const lengths = offsets.byteOffset + 4;
    const end = k.parquet_texts(body.at, body.end, values, lengths, bytes.byteOffset);
    taken(end, 'a dictionary is cut off');
    k.parquet_offsets(offsets.byteOffset, values);
    this.#check(offsets, values, bytes);
    const base = { type: this.#type, nullCount: 0, validity: null, length: values } as const;
    this.#entries = { ...base, phys: 'utf8', offsets, bytes: bytes.subarray(0, offsets[values]) };
    if (this.#kept && values > 0) this.#checkDistinct(this.#entries);
  }

  #check(offsets: Int32Array, n: number, bytes: Uint8Array): void {
    if (this.#type.kind !== 'string') return;
    taken(this.#kernels.utf8_valid(offsets.byteOffset, n, bytes.byteOffset), 'texts that are not UTF-8');
  }

  #checkDistinct({ offsets, bytes, length }: Utf8Column): void {
    const k = this.#kernels;
    const slots = 2 ** Math.ceil(Math.log2(2 * length + 1));
    const work = i32Vector(this.#store, 'parquet');
    try {
      work.reserve(length + slots);
      const hashes = reach(k, work.data).byteOffset;
      k.hash_utf8(offsets.byteOffset, bytes.byteOffset, NO_BITMAP, length, hashes, 0);
      const at = [offsets.byteOffset, length, bytes.byteOffset] as const;
      taken(k.utf8_distinct(...at, hashes, hashes + 4 * length, slots - 1), 'a dictionary with equal entries');
    } finally {
      work.free();
    }
  }

  begin(rows: number, scratch: Scratch): void {
    const entries = this.#entries?.length ?? 0;
    this.#rows = rows;
    this.#coded = this.#kept && entries > 0 && entries <= Math.max(rows, ALWAYS_KEPT);
    this.#words = reach(this.#kernels, scratch.i32(rows + 1));
    this.#used = 0;
    this.#unseen = false;
  }

  add(cursor: Cursor, { from, rows, valid, bits }: Rows): void {
    const k = this.#kernels;
    const to = this.#words.byteOffset + 4 * (this.#coded ? from : from + 1);
    if (cursor.coded) this.#codes(cursor.state, valid, to);
    else this.#plain(cursor, valid, to);
    if (valid < rows && bits !== null) k.parquet_spread_4(to, bits.byteOffset, from, rows, valid);
  }

  #codes(state: number, n: number, to: number): void {
    const k = this.#kernels;
    if (n === 0) return;
    const entries = this.#entries;
    if (entries === null || entries.length === 0) throw new Declined('codes without a dictionary');
    taken(k.parquet_codes(state, n, to), 'codes that make no sense');
    if (k.parquet_beyond(to, n, entries.length) !== 0) throw new Declined('codes beyond the dictionary');
    if (this.#coded) return;
    const offsets = entries.offsets.byteOffset;
    const bytes = k.parquet_codes_bytes(to, n, offsets);
    const out = this.#room(bytes);
    k.parquet_codes_texts(to, n, offsets, entries.bytes.byteOffset, out);
    this.#used += bytes;
  }

  #plain(cursor: Cursor, n: number, to: number): void {
    if (this.#coded || cursor.page.encoding !== PLAIN) throw new Declined('an encoding that is not read here');
    const { end } = cursor.page.body;
    const out = this.#room(end - cursor.at);
    const next = this.#kernels.parquet_texts(cursor.at, end, n, to, out);
    if (n === 0) return;
    taken(next, 'texts are cut off');
    // Each was behind its length.
    this.#used += next - cursor.at - 4 * n;
    cursor.at = next;
    this.#unseen = true;
  }

  /** Address of room for so many more bytes. */
  #room(bytes: number): number {
    const total = this.#used + bytes + SLACK;
    if (total > MAX_OFFSET) throw new Declined('texts are too long');
    this.#texts.reserve(total);
    return reach(this.#kernels, this.#texts.data).byteOffset + this.#used;
  }

  end(valid: Validity): Column {
    const n = this.#rows;
    const base = { type: this.#type, length: n, ...valid };
    if (this.#coded)
      return { ...base, phys: 'dict', codes: this.#words.subarray(0, n), dictionary: this.#entries as Utf8Column };
    const offsets = this.#words;
    this.#kernels.parquet_offsets(offsets.byteOffset, n);
    const bytes = this.#texts.data.subarray(0, this.#used);
    if (this.#unseen) this.#check(offsets, n, bytes);
    return { ...base, phys: 'utf8', offsets, bytes };
  }

  free(): void {
    this.#offsets.free();
    this.#bytes.free();
    this.#texts.free();
  }
}
