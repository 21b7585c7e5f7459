import type { Column, DictColumn, Utf8Column } from '../batch/column.ts';
import { flattenDict } from '../batch/concat.ts';
import { sliceColumn } from '../batch/slice.ts';
import { copyInto, fillBytes } from '../kernels/copy.ts';
import { NO_BITMAP } from '../kernels/load.ts';
import { heapScratch } from '../memory/heap_scratch.ts';
import type { Bounds } from './parquet_bounds.ts';
import type { PageCodec } from './parquet_codec.ts';
import { ChunkDictionary } from './parquet_dictionary.ts';
import { fixedValues, valueBounds } from './parquet_fixed.ts';
import type { LeafLayout } from './parquet_layout.ts';
import { type ChunkNote, PageOutput } from './parquet_page.ts';
import type { Region, Workspace } from './parquet_work.ts';

const NO_END = 0xffffffff;
/** Rows of nested columns after which a page may end: any multiple of them. */
export const NESTED_STEP = 256;
/** Room for the texts of a page at first. */
const FIRST_BYTES = 1 << 14;

/** Working memory that all leaves of a file use, one after another. */
export interface SharedRegions {
  /** The page that is put together. */
  readonly body: Region;
  /** Codes that a page uses. */
  readonly used: Region;
  /** A few words in which kernels give results. */
  readonly words: Region;
  /** A byte for each entry of a dictionary. */
  readonly seen: Region;
  /** Values on their way to another width. */
  readonly wide: Region;
}

export interface LeafLimits {
  /** Rows of a page at most. */
  readonly pageRows: number;
  /** Entries of a dictionary at most. */
  readonly entries: number;
  /** A page ends behind the row with which its values take so many bytes, written plainly. The texts of a dictionary take no more. */
  readonly bytes: number;
}

/**
 * Writes one leaf column of a row group: pages that end by rows, and of long texts by bytes; values become codes of a dictionary until that has too many entries.
 * What is written depends on the rows alone, not on the batches they come in.
 */
export class LeafWriter {
  readonly leaf: LeafLayout;
  readonly output: PageOutput;
  readonly #ws: Workspace;
  readonly #shared: SharedRegions;
  readonly #limits: LeafLimits;
  readonly #dictionary: ChunkDictionary | null;
  readonly #values: Region;
  readonly #codes: Region;
  readonly #definitions: Region;
  readonly #repetitions: Region;
  /** Values become codes. */
  #coding = false;
  /** Entries of the dictionary that pages before this one use. */
  #settled = 0;
  /** Bytes of values, written plainly, in the pages that are written. */
  #written = 0;
  /** Rows of the row group, and those in pages that are written. */
  #rows = 0;
  #paged = 0;
  /** Of the page: levels, values, and bytes of these when they are not codes. */
  #levels = 0;
  #count = 0;
  #bytes = 0;

  constructor(ws: Workspace, codec: PageCodec, leaf: LeafLayout, shared: SharedRegions, limits: LeafLimits) {
    this.#ws = ws;
    this.#shared = shared;
    this.#limits = limits;
    this.leaf = leaf;
    this.output = new PageOutput(ws, codec, leaf);
    this.#values = ws.region();
    this.#codes = ws.region();
    this.#definitions = ws.region();
    this.#repetitions = ws.region();
    const width = leaf.physical === 'BYTE_ARRAY' ? 0 : leaf.width;
    const coded = leaf.physical !== 'BOOLEAN' && leaf.physical !== 'FIXED_LEN_BYTE_ARRAY' && leaf.type.kind !== 'null';
    this.#dictionary = coded ? new ChunkDictionary(ws, width as 0 | 4 | 8, limits) : null;
  }

  /** Begins a row group. */
  clear(): void {
    this.output.clear();
    // Of values that do not repeat more than half of the first page are different: it would be given up at its end.
    this.#dictionary?.clear(this.leaf.repeated > 0 ? Number.POSITIVE_INFINITY : this.#limits.pageRows / 2);
    this.#coding = this.#dictionary !== null;
    this.#settled = 0;
    this.#rows = 0;
    this.#paged = 0;
    this.#written = 0;
    this.#empty();
  }

  /** Bytes of the row group's values, written plainly. */
  get bytes(): number {
    return this.#written + this.#bytes;
  }

  #empty(): void {
    this.#levels = 0;
    this.#count = 0;
    this.#bytes = 0;
  }

  /** Rows [from, to) of a column that is not nested. */
  addRows(col: Column, from: number, to: number): void {
    for (let at = from; at < to; ) {
      const left = this.#limits.pageRows - (this.#rows - this.#paged);
      const took = this.#add(col, at, Math.min(to - at, left), this.#limits.bytes);
      if (this.leaf.defined > 0) this.#define(col, at, took);
      this.#levels += took;
      this.#rows += took;
      at += took;
      if (this.#isFull()) this.#finishPage();
    }
  }

  /** Levels of `rows` rows, and a column of their values, none of which is null. */
  addLevels(rows: number, definitions: Uint8Array, repetitions: Uint8Array | null, values: Column): void {
    this.#append(this.#definitions, definitions);
    if (repetitions !== null) this.#append(this.#repetitions, repetitions);
    for (let at = 0; at < values.length; ) at += this.#add(values, at, values.length - at, NO_END);
    this.#levels += definitions.length;
    this.#rows += rows;
    if (this.#rows % NESTED_STEP === 0 && this.#isFull()) this.#finishPage();
  }

  #append(region: Region, levels: Uint8Array): void {
    this.#ws.reserve(region, this.#levels + levels.length);
    copyInto(this.#ws.bytes(region, this.#levels, this.#levels + levels.length), levels);
  }

  #isFull(): boolean {
    const { pageRows, bytes } = this.#limits;
    return this.#rows - this.#paged >= pageRows || this.#bytes >= bytes || this.#levels >= bytes;
  }

  #define(col: Column, from: number, n: number): void {
    const ws = this.#ws;
    ws.reserve(this.#definitions, this.#levels + n);
    if (col.validity === null) {
      fillBytes(ws.bytes(this.#definitions, this.#levels, this.#levels + n), col.phys === 'null' ? 0 : 1);
      return;
    }
    const [bits] = ws.place([col.validity], NO_BITMAP) as [number];
    ws.kernels.parquet_unpack_bits(bits, from, n, ws.address(this.#definitions) + this.#levels);
  }

  /** Values of at most `n` rows from `from` on; how many rows were taken: fewer where the page is full. */
  #add(col: Column, from: number, n: number, enough: number): number {
    if (col.phys === 'null') return n;
    if (col.phys === 'utf8' || col.phys === 'dict') return this.#addTexts(col, from, n, enough);
    const ws = this.#ws;
    const values = this.#values;
    const before = this.#count;
    const start = this.#bytes;
    this.#count = fixedValues(ws, this.leaf, col, from, n, values, this.#shared.wide, before);
    const added = this.#count - before;
    this.#bytes = this.leaf.width === 0 ? (this.#count + 7) >> 3 : this.#count * this.leaf.width;
    if (this.#coding && !(this.#dictionary as ChunkDictionary).enterValues(values, start, added, this.#codes, before))
      this.#giveUp();
    return n;
  }

  #addTexts(col: Utf8Column | DictColumn, from: number, n: number, enough: number): number {
    if (!this.#coding) return this.#plainTexts(col, from, n, enough);
    const page = { count: this.#count, bytes: this.#bytes, enough };
    const entered = (this.#dictionary as ChunkDictionary).enterTexts(col, from, n, this.#codes, page);
    this.#count = entered.count;
    this.#bytes = entered.bytes;
    if (entered.failed) this.#giveUp();
    return entered.rows;
  }

  /** The page goes on plainly, and so do those that follow. */
  #giveUp(): void {
    const dictionary = this.#dictionary as ChunkDictionary;
    this.#coding = false;
    if (this.leaf.width === 0) dictionary.plainTexts(this.#codes, this.#count, this.#values);
    dictionary.cut(this.#settled);
  }

  #plainTexts(source: Utf8Column | DictColumn, from: number, n: number, enough: number): number {
    const ws = this.#ws;
    const { words } = this.#shared;
    const col =
      source.phys === 'dict' ? flattenDict(sliceColumn(source, from, from + n) as DictColumn, heapScratch()) : source;
    const first = col === source ? from : 0;
    const offsets = col.offsets.subarray(first, first + n + 1);
    const base = offsets[0] as number;
    const bytes = col.bytes.subarray(base, offsets[n]);
    const valid = validRows(ws, source, from, n);
    ws.reserve(this.#values, Math.max(this.#bytes, FIRST_BYTES));
    for (let row = 0; ; ) {
      const [o, b, v] = ws.place([offsets, bytes, col.validity], NO_BITMAP) as [number, number, number];
      const start = ws.address(this.#values);
      const span = ws.words(words, 3);
      span.set([start + this.#bytes, Math.min(start + enough, NO_END), start + this.#values.room]);
      row = ws.kernels.parquet_plain_texts(o, b - base, v, first, row, n, ws.address(words));
      this.#bytes = (span[0] as number) - start;
      if (row === n || this.#bytes >= enough) {
        this.#count += row === n ? valid : validRows(ws, source, from, row);
        return row;
      }
      const size = (offsets[row + 1] as number) - (offsets[row] as number);
      ws.reserve(this.#values, this.#bytes + 4 + size);
    }
  }

  /** Writes the page, if it has rows. */
  #finishPage(): void {
    if (this.#levels === 0) return;
    const dictionary = this.#dictionary;
    // The first page tells whether values come again at all.
    if (this.#coding && dictionary !== null && this.output.pages === 0 && 2 * dictionary.count > this.#count)
      this.#giveUp();
    const coded = this.#coding && this.#count > 0;
    const bounds = this.#count === 0 ? null : this.#bounds(coded);
    const size = this.#body(coded);
    const content = { row: this.#paged, levels: this.#levels, nulls: this.#levels - this.#count, coded, bounds };
    this.output.page(this.#shared.body, size, content);
    if (coded && dictionary !== null) this.#settled = dictionary.count;
    dictionary?.allowAll();
    this.#paged = this.#rows;
    this.#written += this.#bytes;
    this.#empty();
  }

  /** Puts the page together; how many bytes. */
  #body(coded: boolean): number {
    const ws = this.#ws;
    const { body } = this.#shared;
    const { leaf } = this;
    const levels = this.#levels;
    const count = this.#count;
    // Runs of 8 take 5 bytes more at most than what is packed.
    const most = 4 * levels + 32 + (coded ? 5 * count + 32 : this.#bytes);
    ws.reserve(body, most);
    let at = 0;
    if (leaf.repeated > 0) at += this.#pack(this.#repetitions, at, leaf.repeated);
    if (leaf.defined > 0) at += this.#pack(this.#definitions, at, leaf.defined);
    if (!coded) {
      copyInto(ws.bytes(body, at, at + this.#bytes), ws.bytes(this.#values, 0, this.#bytes));
      return at + this.#bytes;
    }
    const width = Math.max(1, bitsOf((this.#dictionary as ChunkDictionary).count - 1));
    ws.bytes(body, at, at + 1)[0] = width;
    return at + 1 + ws.kernels.parquet_pack_4(ws.address(this.#codes), count, width, ws.address(body) + at + 1);
  }

  /** Levels behind their length; how many bytes. */
  #pack(levels: Region, at: number, most: number): number {
    const ws = this.#ws;
    const { body } = this.#shared;
    const to = ws.address(body) + at + 4;
    const size = ws.kernels.parquet_pack_1(ws.address(levels), this.#levels, bitsOf(most), to);
    const head = ws.bytes(body, at, at + 4);
    for (let k = 0; k < 4; k++) head[k] = (size >>> (8 * k)) & 255;
    return 4 + size;
  }

  /** Least and greatest value of the page, which has one. */
  #bounds(coded: boolean): Bounds | null {
    const ws = this.#ws;
    const { leaf } = this;
    if (leaf.physical !== 'BYTE_ARRAY') return valueBounds(ws, leaf, this.#values, this.#count, this.#shared.words);
    const { used, words, seen } = this.#shared;
    if (!coded) {
      const at = ws.address(this.#values);
      ws.kernels.parquet_extremes_texts(at, NO_BITMAP, NO_BITMAP, this.#count, ws.address(words));
    } else {
      const dictionary = this.#dictionary as ChunkDictionary;
      ws.reserve(used, 4 * dictionary.count);
      ws.reserve(seen, dictionary.count);
      const { ends, bytes } = dictionary.texts();
      const codes = ws.address(used);
      ws.bytes(seen, 0, dictionary.count).fill(0);
      const n = ws.kernels.parquet_used(ws.address(this.#codes), this.#count, ws.address(seen), codes);
      ws.kernels.parquet_extremes_texts(bytes, ends, codes, n, ws.address(words));
    }
    const [low, lowSize, high, highSize] = ws.words(words, 4) as unknown as [number, number, number, number];
    return { min: ws.copyAt(low, lowSize), max: ws.copyAt(high, highSize) };
  }

  /** Ends the row group: what is told of the chunk. The dictionary page, if there is one, is last in the output. */
  finish(): ChunkNote {
    this.#finishPage();
    const dictionary = this.#dictionary;
    const note = this.output.note(0);
    if (dictionary === null || note.coded === 0) return note;
    dictionary.cut(this.#settled);
    const size = dictionary.plain(this.#shared.body, this.#shared.used);
    return this.output.note(this.output.dictionary(this.#shared.body, size, dictionary.count));
  }
}

/** Bits of numbers up to `most`. */
function bitsOf(most: number): number {
  return most === 0 ? 0 : 32 - Math.clz32(most);
}

/** Rows of [from, from + n) that are not null. */
function validRows(ws: Workspace, { validity }: Column, from: number, n: number): number {
  if (validity === null) return n;
  const [bits] = ws.place([validity], NO_BITMAP) as [number];
  return ws.kernels.count_ones(bits, from, from + n);
}
