import * as zlib from 'node:zlib';
import { RunError } from '../errors.ts';
import { type Kernels, kernelsFor } from '../kernels/load.ts';
import { u8Vector } from '../memory/vector.ts';
import type { Store } from '../store/types.ts';
import type { Chunk } from './parquet_footer.ts';
import { readAt } from './parquet_footer.ts';
import { ABSENT, FALSE, type HeaderFields, type PageHeader, parseHeader } from './parquet_header.ts';
import { ThriftError } from './parquet_thrift.ts';

/** Thrown where the kernels' reader leaves the rest of a row group to the complete decoder: it also says what is wrong with a damaged file. */
export class Declined extends Error {
  override readonly name = 'Declined';
}

/** A page whose bytes are not those that were written. No decoder can be asked for them. */
export class WrongChecksum extends RunError {
  constructor(file: string, column: string) {
    super(
      'FLOW7003',
      `"${file}" is damaged: a page of column "${column}" does not match its checksum`,
      { file, column },
      'copy it again, or write it again with the tool that made it',
    );
  }
}

/** RunError WrongChecksum where a header has a checksum that is not that of the page's (compressed) bytes. */
export function checkPage({ fields }: PageHeader, bytes: Uint8Array, file: string, column: string): void {
  const told = fields[4] ?? ABSENT;
  if (told !== ABSENT && (zlib.crc32(bytes) | 0) !== told) throw new WrongChecksum(file, column);
}

/** One page, decompressed, until the next one is asked for. Places are addresses in the kernels' memory. */
export interface Page {
  readonly dictionary: boolean;
  readonly encoding: number;
  /** Rows, nulls included; of a dictionary its entries. */
  readonly values: number;
  /** Definition levels; empty when all rows have values, or (`counted`) they stand before the values, behind their length. */
  readonly levels: Span;
  readonly counted: boolean;
  readonly body: Span;
}

export interface Span {
  readonly at: number;
  readonly end: number;
}

/** Bytes behind each buffer that kernels may read or overwrite. */
export const SLACK = 64;
/** Compressed bytes that are read at a time, unless a page is larger. */
const WINDOW = 1 << 20;
/** A header with statistics of long texts takes more than the first try. */
const HEADER = 512;
const NOTHING: Span = { at: 0, end: 0 };

const DATA = 0;
const INDEX = 1;
const DICTIONARY = 2;
const DATA_2 = 3;
/** Codecs of parquet.thrift that are read here. */
const CODEC = { none: 0, snappy: 1, gzip: 2, brotli: 4, zstd: 6, lz4: 7 } as const;
/** Node's own, from 22.15 on. */
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: typeof zlib.gunzipSync };
export const CODECS_READ: ReadonlySet<number> = new Set(
  Object.values(CODEC).filter((c) => c !== CODEC.zstd || zstdDecompressSync !== undefined),
);
const LEVELS_RLE = 3;

/** Bytes that a chunk's buffers take, about: of pages that are as large as most writers make them. */
export function bytesNeeded(chunk: Chunk): number {
  return Math.min(chunk.bytes, WINDOW) + Math.min(chunk.uncompressed, WINDOW) + 2 * SLACK;
}

/** The pages of one column chunk, one after another. */
export class PageReader {
  readonly kernels: Kernels;
  readonly #fd: number;
  readonly #path: string;
  readonly #column: string;
  readonly #chunk: Chunk;
  /** Larger pages are declined. */
  readonly #most: number;
  readonly #window: ReturnType<typeof u8Vector>;
  readonly #page: ReturnType<typeof u8Vector>;
  /** Bytes of the chunk that were read into the window, now or before. */
  #read = 0;
  /** The window holds bytes up to here, of which those before `#at` were used. */
  #filled = 0;
  #at = 0;
  /** A header that was read already. */
  #ahead: PageHeader | null = null;

  /** Declined where the store's memory has no kernels. */
  constructor(fd: number, path: string, column: string, chunk: Chunk, store: Store, most: number) {
    this.#fd = fd;
    this.#path = path;
    this.#column = column;
    this.#chunk = chunk;
    this.#most = most;
    this.#window = u8Vector(store, 'parquet');
    this.#page = u8Vector(store, 'parquet');
    this.#window.reserve(Math.min(chunk.bytes, WINDOW) + SLACK);
    const kernels = kernelsFor(this.#window.data);
    if (kernels === null) {
      this.free();
      throw new Declined('no kernels');
    }
    this.kernels = kernels;
  }

  free(): void {
    this.#window.free();
    this.#page.free();
  }

  /** A view on `length` bytes at an address. */
  bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.kernels.memory.buffer, at, length);
  }

  /** Leaves out the next data pages as long as they have no more rows than `rows`, of a column that is not nested; how many rows. */
  skip(rows: number): number {
    for (let skipped = 0; ; ) {
      const header = this.#header();
      if (header === null) return skipped;
      const page = header.data ?? header.data2;
      const values = page === null ? Number.POSITIVE_INFINITY : count(page, 1);
      if (values > rows - skipped) {
        this.#ahead = header;
        return skipped;
      }
      const compressed = count(header.fields, 3);
      if (compressed > this.#most) throw new Declined('a large page');
      if (!this.#have(compressed)) throw new Declined('a page is cut off');
      this.#at += compressed;
      skipped += values;
    }
  }

  /** Null at the end of the chunk. */
  next(): Page | null {
    for (;;) {
      const header = this.#header();
      if (header === null) return null;
      const type = header.fields[1];
      const size = count(header.fields, 2);
      const compressed = count(header.fields, 3);
      if (size > this.#most || compressed > this.#most) throw new Declined('a large page');
      if (!this.#have(compressed)) throw new Declined('a page is cut off');
      const at = this.#window.data.byteOffset + this.#at;
      checkPage(header, this.#window.data.subarray(this.#at, this.#at + compressed), this.#path, this.#column);
      this.#at += compressed;
      if (type === INDEX) continue;
      if (type === DATA) return this.#data(need(header.data), at, compressed, size);
      if (type === DATA_2) return this.#data2(need(header.data2), at, compressed, size);
      if (type !== DICTIONARY) throw new Declined('a page of another kind');
      const fields = need(header.dictionary);
      const body = this.#unpacked(at, compressed, 0, size);
      const values = count(fields, 1);
      return { dictionary: true, encoding: count(fields, 2), values, levels: NOTHING, counted: false, body };
    }
  }

  #data(fields: HeaderFields, at: number, compressed: number, size: number): Page {
    if (fields[3] !== LEVELS_RLE) throw new Declined('levels of an old kind');
    const body = this.#unpacked(at, compressed, 0, size);
    return {
      dictionary: false,
      encoding: count(fields, 2),
      values: count(fields, 1),
      levels: NOTHING,
      counted: true,
      body,
    };
  }

  /** Levels lie before the compressed values, as they are. */
  #data2(fields: HeaderFields, at: number, compressed: number, size: number): Page {
    const levels = count(fields, 5);
    if (count(fields, 6) !== 0 || levels > compressed || levels > size) throw new Declined('levels that make no sense');
    const plain = fields[7] === FALSE;
    const from = at + levels;
    const body = plain ? { at: from, end: at + compressed } : this.#unpacked(from, compressed - levels, levels, size);
    const span = { at, end: from };
    return {
      dictionary: false,
      encoding: count(fields, 4),
      values: count(fields, 1),
      levels: span,
      counted: false,
      body,
    };
  }

  /** The page's content without its first `skipped` bytes. */
  #unpacked(at: number, compressed: number, skipped: number, size: number): Span {
    const { codec } = this.#chunk;
    const bytes = size - skipped;
    if (codec === CODEC.none) {
      if (compressed !== bytes) throw new Declined('a page has another size');
      return { at, end: at + bytes };
    }
    this.#page.reserve(bytes + SLACK);
    const out = this.#page.data;
    if (kernelsFor(out) !== this.kernels) throw new Declined('memory of another segment');
    if (codec === CODEC.snappy || codec === CODEC.lz4) {
      const decode = codec === CODEC.snappy ? this.kernels.snappy_decode : this.kernels.lz4_decode;
      if (compressed === 0 ? bytes > 0 : decode(at, compressed, out.byteOffset, bytes) === 0)
        throw new Declined('a page that its codec cannot have made');
    } else out.set(inflate(codec, this.bytes(at, compressed), bytes));
    return { at: out.byteOffset, end: out.byteOffset + bytes };
  }

  #header(): PageHeader | null {
    const ahead = this.#ahead;
    this.#ahead = null;
    if (ahead !== null) return ahead;
    if (this.#at === this.#filled && this.#read === this.#chunk.bytes) return null;
    for (let wanted = HEADER; ; wanted *= 8) {
      const whole = !this.#have(wanted);
      try {
        const header = parseHeader(this.#window.data.subarray(0, this.#filled), this.#at);
        this.#at = header.end;
        return header;
      } catch (e) {
        if (!(e instanceof ThriftError) || whole || wanted > this.#most) throw e;
      }
    }
  }

  /** Reads on until the window has `bytes` unused bytes; false, with all there are, when the chunk has fewer. */
  #have(bytes: number): boolean {
    if (this.#filled - this.#at >= bytes) return true;
    const rest = this.#filled - this.#at;
    const left = this.#chunk.bytes - this.#read;
    if (left > 0) {
      const window = this.#window;
      window.data.copyWithin(0, this.#at, this.#filled);
      window.reserve(Math.min(rest + left, Math.max(bytes, WINDOW)) + SLACK);
      if (kernelsFor(window.data) !== this.kernels) throw new Declined('memory of another segment');
      const n = Math.min(left, window.data.length - SLACK - rest);
      readAt(this.#fd, this.#path, window.data.subarray(rest, rest + n), this.#chunk.start + this.#read);
      this.#read += n;
      this.#at = 0;
      this.#filled = rest + n;
    }
    return this.#filled - this.#at >= bytes;
  }
}

function inflate(codec: number, bytes: Uint8Array, size: number): Uint8Array {
  try {
    const options = { maxOutputLength: Math.max(1, size) };
    const out = decompressor(codec)(bytes, options);
    if (out.length === size) return out;
  } catch {
    // Told by whoever reads it instead.
  }
  throw new Declined('a page that cannot be decompressed');
}

function decompressor(codec: number): typeof zlib.gunzipSync {
  if (codec === CODEC.gzip) return zlib.gunzipSync;
  return codec === CODEC.zstd && zstdDecompressSync !== undefined ? zstdDecompressSync : zlib.brotliDecompressSync;
}

function need(fields: HeaderFields | null): HeaderFields {
  if (fields === null) throw new Declined('a page without its header');
  return fields;
}

function count(fields: HeaderFields, id: number): number {
  const n = fields[id] ?? ABSENT;
  if (n < 0) throw new Declined('a header without a number');
  return n;
}
