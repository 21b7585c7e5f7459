import * as zlib from 'node:zlib';
import { RunError } from '../errors.ts';
import type { Scratch } from '../memory/types.ts';
import { bitWidth } from './arrow_ffi.ts';
import type { IpcHeader, IpcIndex, IpcMessage } from './arrow_ipc.ts';
import { damagedArrow } from './arrow_ipc.ts';
import type { ArrowArray, ArrowField, ArrowType } from './arrow_types.ts';
import { Lz4Error, lz4Frame } from './lz4.ts';
import { readFully } from './source.ts';

/** Dictionaries of a file by id, each in pieces. */
export type Dictionaries = ReadonlyMap<number, readonly ArrowArray[]>;

/** Where a column's arrays and buffers begin in the lists of a batch. */
interface Cursor {
  node: number;
  buffer: number;
  variadic: number;
}

const NONE = new Uint8Array(0);

/**
 * The arrays of one record batch, read from the file by ranges of rows: only the buffers, and of them only the bytes, that the rows need.
 * Compressed buffers are read and decompressed whole, once; others are read into the scratch, if there is one.
 */
export class IpcBatch {
  private readonly fd: number;
  private readonly index: IpcIndex;
  private readonly message: IpcMessage;
  private readonly header: IpcHeader;
  private readonly fields: readonly ArrowField[];
  private readonly dictionaries: Dictionaries;
  private readonly scratch: Scratch | null;
  private readonly starts: readonly Cursor[];
  private readonly whole = new Map<number, Uint8Array>();

  constructor(
    fd: number,
    index: IpcIndex,
    message: IpcMessage,
    header: IpcHeader,
    fields: readonly ArrowField[],
    dictionaries: Dictionaries,
    scratch: Scratch | null,
  ) {
    this.fd = fd;
    this.index = index;
    this.message = message;
    this.header = header;
    this.fields = fields;
    this.dictionaries = dictionaries;
    this.scratch = scratch;
    const cursor: Cursor = { node: 0, buffer: 0, variadic: 0 };
    this.starts = fields.map((f) => {
      const start = { ...cursor };
      this.load(f.type, cursor, 0, 0);
      return start;
    });
  }

  get rows(): number {
    return this.header.rows;
  }

  /** Rows [from, to) of the column at a position. */
  column(at: number, from: number, to: number): ArrowArray {
    const field = this.fields[at];
    const start = this.starts[at];
    if (field === undefined || start === undefined) throw damagedArrow(this.index.path, 'a column is missing');
    return this.load(field.type, { ...start }, from, to);
  }

  private load(type: ArrowType, cursor: Cursor, from: number, to: number): ArrowArray {
    const node = cursor.node++;
    const rows = this.header.nodes[2 * node];
    const nullCount = this.header.nodes[2 * node + 1];
    if (rows === undefined || nullCount === undefined || to > rows)
      throw damagedArrow(this.index.path, 'a column is shorter than its batch');
    // Bitmaps are read from a byte boundary on; the same rows are skipped in all buffers.
    const start = from - (from & 7);
    const plain = {
      type,
      length: to - from,
      offset: from - start,
      nullCount,
      validity: null,
      data: NONE,
      offsets: null,
      variadic: [],
      children: [],
      dictionary: null,
      own: this.scratch !== null && this.header.codec === null,
    };
    if (type.kind === 'null') return plain;
    if (type.kind === 'other') throw damagedArrow(this.index.path, `it holds ${type.name}`);
    const bits = cursor.buffer++;
    const validity =
      nullCount === 0 || this.size(bits) === 0 || from === to ? null : this.read(bits, start >> 3, (to + 7) >> 3);
    return { ...plain, validity, ...this.content(type, cursor, start, to, from === to) };
  }

  private content(type: ArrowType, cursor: Cursor, start: number, to: number, empty: boolean): Partial<ArrowArray> {
    switch (type.kind) {
      case 'struct':
        return { children: type.fields.map((f) => this.load(f.type, cursor, empty ? 0 : start, empty ? 0 : to)) };
      case 'fixedList':
        return {
          children: [this.load(type.item.type, cursor, empty ? 0 : start * type.size, empty ? 0 : to * type.size)],
        };
      case 'list':
      case 'map': {
        const item = type.kind === 'list' ? type.item.type : type.entries.type;
        const { offsets, first, last } = this.offsets(
          cursor.buffer++,
          type.kind === 'list' && type.large,
          start,
          to,
          empty,
        );
        return { offsets, children: [this.load(item, cursor, first, last)] };
      }
      case 'binary': {
        if (type.layout === 'view') return this.views(cursor, start, to, empty);
        const { offsets, first, last } = this.offsets(cursor.buffer++, type.layout === 'large', start, to, empty);
        return { offsets, data: this.read(cursor.buffer++, first, last) };
      }
      case 'dictionary': {
        const data = this.fixed(type, cursor, start, to, empty);
        const dictionary = this.dictionaries.get(type.id ?? 0) ?? null;
        if (dictionary === null && !empty) throw damagedArrow(this.index.path, 'a dictionary is missing');
        return { data, dictionary };
      }
      default:
        return { data: this.fixed(type, cursor, start, to, empty) };
    }
  }

  private fixed(type: ArrowType, cursor: Cursor, start: number, to: number, empty: boolean): Uint8Array {
    const width = bitWidth(type);
    const at = cursor.buffer++;
    return empty ? NONE : this.read(at, (start / 8) * width, Math.ceil((to * width) / 8));
  }

  private views(cursor: Cursor, start: number, to: number, empty: boolean): Partial<ArrowArray> {
    const at = cursor.buffer++;
    const count = this.header.variadic[cursor.variadic++] ?? 0;
    const first = cursor.buffer;
    cursor.buffer += count;
    if (empty) return {};
    const variadic = Array.from({ length: count }, (_, i) => this.entire(first + i));
    return { data: this.read(at, 16 * start, 16 * to), variadic };
  }

  /** Offsets of rows [start, to), made relative to the first. `first` and `last`: what they span. */
  private offsets(
    at: number,
    large: boolean,
    start: number,
    to: number,
    empty: boolean,
  ): { offsets: Uint8Array; first: number; last: number } {
    if (empty) return { offsets: NONE, first: 0, last: 0 };
    const size = large ? 8 : 4;
    const offsets = this.read(at, start * size, (to + 1) * size);
    const n = to - start;
    const values = large
      ? new BigInt64Array(offsets.buffer, offsets.byteOffset, n + 1)
      : new Int32Array(offsets.buffer, offsets.byteOffset, n + 1);
    const first = Number(values[0]);
    const last = Number(values[n]);
    if (first < 0 || last < first) throw damagedArrow(this.index.path, 'offsets are out of order');
    for (let i = 0; i <= n; i++) {
      if (values instanceof BigInt64Array) values[i] = (values[i] as bigint) - BigInt(first);
      else values[i] = (values[i] as number) - first;
    }
    return { offsets, first, last };
  }

  private size(buffer: number): number {
    const length = this.header.buffers[2 * buffer + 1];
    if (length === undefined || length < 0) throw damagedArrow(this.index.path, 'a buffer is missing');
    return length;
  }

  /** Bytes of a buffer, in scratch or memory of their own (aligned, and free to be changed). */
  private read(buffer: number, from: number, to: number): Uint8Array {
    if (from === to) return NONE;
    if (this.header.codec !== null) {
      const bytes = this.entire(buffer);
      if (to > bytes.length) throw damagedArrow(this.index.path, 'a buffer is too short');
      return bytes.slice(from, to);
    }
    if (to > this.size(buffer)) throw damagedArrow(this.index.path, 'a buffer is too short');
    return this.fetch(buffer, from, to, this.scratch);
  }

  private fetch(buffer: number, from: number, to: number, scratch: Scratch | null): Uint8Array {
    const offset = this.header.buffers[2 * buffer] as number;
    if (offset < 0 || offset + to > this.message.bodyBytes)
      throw damagedArrow(this.index.path, 'a buffer lies beyond its message');
    const bytes = scratch === null ? new Uint8Array(to - from) : scratch.u8(to - from);
    if (readFully(this.fd, bytes, this.message.bodyAt + offset + from) < bytes.length)
      throw damagedArrow(this.index.path, 'it ends too early');
    return bytes;
  }

  private entire(buffer: number): Uint8Array {
    let bytes = this.whole.get(buffer);
    if (bytes === undefined) {
      const stored = this.fetch(buffer, 0, this.size(buffer), null);
      bytes = this.header.codec === null || stored.length === 0 ? stored : this.decompress(stored, this.header.codec);
      this.whole.set(buffer, bytes);
    }
    return bytes;
  }

  /** A compressed buffer: its length (-1: stored as it is), then the compressed bytes. */
  private decompress(stored: Uint8Array, codec: 'lz4' | 'zstd'): Uint8Array {
    if (stored.length < 8) throw damagedArrow(this.index.path, 'a compressed buffer is too short');
    const length = Number(new DataView(stored.buffer, stored.byteOffset, 8).getBigInt64(0, true));
    const content = stored.subarray(8);
    if (length === -1) return content;
    // LZ4 shortens by 255 times at most.
    if (length < 0 || (codec === 'lz4' && length > content.length * 256))
      throw damagedArrow(this.index.path, 'a compressed buffer has an impossible length');
    try {
      return codec === 'lz4' ? lz4Frame(content, length) : this.zstd(content, length);
    } catch (e) {
      if (e instanceof RunError) throw e;
      const why = e instanceof Lz4Error ? e.message : 'the content is not valid';
      throw damagedArrow(this.index.path, `a compressed buffer cannot be read (${why})`);
    }
  }

  private zstd(content: Uint8Array, length: number): Uint8Array {
    const decode = (zlib as { zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array }).zstdDecompressSync;
    if (decode === undefined) {
      throw new RunError(
        'FLOW7003',
        `"${this.index.path}" is compressed with zstd`,
        { file: this.index.path },
        'reading it needs Node.js 22.15 or newer; or write it with lz4 or without compression',
      );
    }
    const bytes = new Uint8Array(decode(content));
    if (bytes.length !== length)
      throw damagedArrow(this.index.path, 'a compressed buffer has another length than stated');
    return bytes;
  }
}
