import { crc32 } from 'node:zlib';
import { copyInto } from '../kernels/copy.ts';
import { type Bounds, comparison, joinBounds, toldBounds } from './parquet_bounds.ts';
import type { PageCodec } from './parquet_codec.ts';
import type { LeafLayout } from './parquet_layout.ts';
import { i32, serializeThrift, type Thrift, thrift } from './parquet_thrift.ts';
import type { Region, Workspace } from './parquet_work.ts';

/** Values of parquet.thrift. */
export const ENCODING = { plain: 0, rle: 3, dictionary: 8 } as const;
const DATA_PAGE = 0;
const DICTIONARY_PAGE = 2;

/** What the footer and the page indexes tell of a data page. Plain data. */
export interface PageNote {
  /** Place within the data pages of the chunk, and size with the header. */
  readonly at: number;
  readonly bytes: number;
  /** Its first row in the row group. */
  readonly row: number;
  readonly nulls: number;
  /** Whether it has values, and their bounds. */
  readonly filled: boolean;
  readonly min: Uint8Array | null;
  readonly max: Uint8Array | null;
}

/** What the footer tells of a column chunk. Plain data. */
export interface ChunkNote {
  /** Levels: values and nulls. */
  readonly values: number;
  readonly nulls: number;
  /** Bytes of its pages with their headers, as they are and before they were compressed. */
  readonly bytes: number;
  readonly uncompressed: number;
  /** Bytes of the dictionary page, which comes first; 0: there is none. */
  readonly dictionary: number;
  /** Data pages that refer to it. */
  readonly coded: number;
  readonly pages: readonly PageNote[];
  readonly min: Uint8Array | null;
  readonly max: Uint8Array | null;
  readonly minExact: boolean;
  readonly maxExact: boolean;
}

/** A data page before it is written. */
export interface PageContent {
  readonly row: number;
  readonly levels: number;
  readonly nulls: number;
  readonly coded: boolean;
  readonly bounds: Bounds | null;
}

/** The pages of one column chunk, compressed. */
export class PageOutput {
  readonly out: Region;
  readonly #ws: Workspace;
  readonly #codec: PageCodec;
  readonly #leaf: LeafLayout;
  readonly #compare: ReturnType<typeof comparison>;
  /** Bytes of `out`. */
  length = 0;
  /** Bytes that were taken out of it. */
  #gone = 0;
  #uncompressed = 0;
  #coded = 0;
  #levels = 0;
  #nulls = 0;
  #bounds: Bounds | null = null;
  #pages: PageNote[] = [];

  constructor(ws: Workspace, codec: PageCodec, leaf: LeafLayout) {
    this.#ws = ws;
    this.#codec = codec;
    this.#leaf = leaf;
    this.#compare = comparison(leaf);
    this.out = ws.region();
  }

  clear(): void {
    this.length = 0;
    this.#gone = 0;
    this.#uncompressed = 0;
    this.#coded = 0;
    this.#levels = 0;
    this.#nulls = 0;
    this.#bounds = null;
    this.#pages = [];
  }

  get pages(): number {
    return this.#pages.length;
  }

  /** A data page of the first `size` bytes of a region. */
  page(body: Region, size: number, content: PageContent): void {
    const at = this.#gone + this.length;
    const encoding = content.coded ? ENCODING.dictionary : ENCODING.plain;
    const header = { 1: i32(content.levels), 2: i32(encoding), 3: i32(ENCODING.rle), 4: i32(ENCODING.rle) };
    const bytes = this.#put(body, size, DATA_PAGE, { 5: thrift(header) });
    const told = content.bounds === null ? null : toldBounds(this.#leaf, content.bounds);
    this.#pages.push({
      at,
      bytes,
      row: content.row,
      nulls: content.nulls,
      filled: content.levels > content.nulls,
      min: told?.min.bytes ?? null,
      max: told?.max?.bytes ?? null,
    });
    this.#coded += content.coded ? 1 : 0;
    this.#levels += content.levels;
    this.#nulls += content.nulls;
    this.#bounds = joinBounds(this.#compare, this.#bounds, content.bounds);
  }

  /** The dictionary page, behind all others for now; how many bytes. */
  dictionary(body: Region, size: number, entries: number): number {
    return this.#put(body, size, DICTIONARY_PAGE, { 7: thrift({ 1: i32(entries), 2: i32(ENCODING.plain) }) });
  }

  #put(body: Region, size: number, type: number, header: Readonly<Record<number, Thrift>>): number {
    const ws = this.#ws;
    const packed = this.#codec.compress(body, size);
    const sum = crc32(packed) | 0;
    const head = serializeThrift(thrift({ 1: i32(type), 2: i32(size), 3: i32(packed.length), 4: i32(sum), ...header }));
    const length = this.length + head.length + packed.length;
    // What was packed may lie in the workspace, which making room moves.
    if (length > this.out.room) {
      const kept = packed.slice();
      ws.reserve(this.out, length);
      ws.bytes(this.out, this.length + head.length, length).set(kept);
    } else copyInto(ws.bytes(this.out, this.length + head.length, length), packed);
    ws.bytes(this.out, this.length, this.length + head.length).set(head);
    this.length = length;
    this.#uncompressed += head.length + size;
    return head.length + packed.length;
  }

  /** The bytes so far were taken. */
  taken(): void {
    this.#gone += this.length;
    this.length = 0;
  }

  note(dictionary: number): ChunkNote {
    const told = this.#bounds === null ? null : toldBounds(this.#leaf, this.#bounds);
    return {
      values: this.#levels,
      nulls: this.#nulls,
      bytes: this.#gone + this.length,
      uncompressed: this.#uncompressed,
      dictionary,
      coded: this.#coded,
      pages: this.#pages,
      min: told?.min.bytes ?? null,
      max: told?.max?.bytes ?? null,
      minExact: told?.min.exact ?? false,
      maxExact: told?.max?.exact ?? false,
    };
  }
}
