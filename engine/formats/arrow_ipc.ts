import { closeSync, fstatSync, openSync } from 'node:fs';
import { RunError } from '../errors.ts';
import { FlatTable, flatField } from './arrow_flat.ts';
import type { ArrowField } from './arrow_types.ts';
import { readError } from './files.ts';
import { readFully } from './source.ts';

/** Where the messages of an Arrow IPC file or stream are. Both are walked message by message: no data is read. */
export interface IpcIndex {
  readonly path: string;
  readonly size: number;
  readonly fields: readonly ArrowField[];
  readonly batches: readonly IpcMessage[];
  /** In the order of the file. In a file (not a stream) every batch sees them all. */
  readonly dictionaries: readonly IpcDictionary[];
  readonly stream: boolean;
}

export interface IpcMessage {
  readonly metadataAt: number;
  readonly metadataBytes: number;
  readonly bodyAt: number;
  readonly bodyBytes: number;
  readonly rows: number;
  readonly compressed: boolean;
}

export interface IpcDictionary extends IpcMessage {
  readonly id: number;
  readonly delta: boolean;
}

/** The RecordBatch table of a message, with its lists taken apart. */
export interface IpcHeader {
  readonly rows: number;
  /** Length and null count of each array, depth first. */
  readonly nodes: readonly number[];
  /** Offset and length of each buffer. */
  readonly buffers: readonly number[];
  readonly codec: 'lz4' | 'zstd' | null;
  /** Numbers of data buffers of view arrays. */
  readonly variadic: readonly number[];
}

const SCHEMA = 1;
const DICTIONARY = 2;
const RECORDS = 3;
const FILE_MAGIC = 'ARROW1';
const CONTINUATION = 0xffffffff;

/** Walks the file. RunError FLOW7002 when it cannot be opened, FLOW7003 when it is no whole Arrow file or stream. */
export function indexArrow(path: string): IpcIndex {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (e) {
    throw readError(path, e);
  }
  try {
    return new Walk(fd, path).run();
  } catch (e) {
    if (e instanceof RangeError) throw damagedArrow(path, 'its metadata cannot be read');
    throw e instanceof RunError ? e : readError(path, e);
  } finally {
    closeSync(fd);
  }
}

export function damagedArrow(path: string, why: string): RunError {
  return new RunError(
    'FLOW7003',
    `"${path}" is damaged: ${why}`,
    { file: path },
    'copy it again, or write it again with the tool that made it',
  );
}

function cutOff(path: string): RunError {
  return new RunError(
    'FLOW7003',
    `"${path}" is cut off: its end is missing`,
    { file: path },
    'copy it again, or wait until it is written',
  );
}

/** Bytes of a message's metadata. */
function readMetadata(fd: number, path: string, m: IpcMessage): FlatTable {
  const bytes = new Uint8Array(m.metadataBytes);
  if (readFully(fd, bytes, m.metadataAt) < bytes.length) throw cutOff(path);
  return FlatTable.root(bytes);
}

/** The RecordBatch table of a record batch or dictionary message. */
export function readHeader(fd: number, path: string, m: IpcMessage, dictionary: boolean): IpcHeader {
  const header = readMetadata(fd, path, m).table(2);
  const batch = dictionary ? (header?.table(1) ?? null) : header;
  if (batch === null) throw damagedArrow(path, 'a message has no content');
  const compression = batch.table(3);
  const codec = compression === null ? null : compression.byte(0, 0) === 0 ? 'lz4' : 'zstd';
  return {
    rows: batch.long(0),
    nodes: batch.longs(1, 2),
    buffers: batch.longs(2, 2),
    codec,
    variadic: batch.longs(4, 1),
  };
}

class Walk {
  private readonly fd: number;
  private readonly path: string;
  private readonly size: number;
  private fields: readonly ArrowField[] | null = null;
  private readonly batches: IpcMessage[] = [];
  private readonly dictionaries: IpcDictionary[] = [];

  constructor(fd: number, path: string) {
    this.fd = fd;
    this.path = path;
    const stats = fstatSync(fd);
    if (stats.isDirectory()) {
      throw new RunError(
        'FLOW7002',
        `"${path}" is a folder, not a file`,
        { file: path },
        `name its files: "${path}/*.arrow"`,
      );
    }
    this.size = stats.size;
  }

  run(): IpcIndex {
    if (this.size === 0)
      throw new RunError(
        'FLOW7003',
        `"${this.path}" is empty (0 bytes)`,
        { file: this.path },
        'an Arrow file without rows still has a schema: write it again',
      );
    const head = this.bytes(0, Math.min(8, this.size));
    const stream = head.toString('latin1', 0, 6) !== FILE_MAGIC;
    if (stream) this.checkStream(head);
    if (stream) this.walk();
    else this.blocks();
    if (this.fields === null) throw damagedArrow(this.path, 'it has no schema');
    return {
      path: this.path,
      size: this.size,
      fields: this.fields,
      batches: this.batches,
      dictionaries: this.dictionaries,
      stream,
    };
  }

  private walk(): void {
    let at: number | null = 0;
    while (at !== null && at < this.size) at = this.message(at, this.size);
    // A stream that just ends may have lost batches: every writer puts an end mark.
    if (at !== null) throw cutOff(this.path);
  }

  /** The file format: its footer says where the messages are. */
  private blocks(): void {
    const end = this.dataEnd();
    const footer = FlatTable.root(this.bytes(end, this.size - 10 - end));
    const schema = footer.table(1);
    if (schema === null) throw damagedArrow(this.path, 'it has no schema');
    this.schema(schema);
    // Blocks are offset, length of the metadata, and length of the body, in 8 bytes each.
    for (const list of [2, 3]) {
      const blocks = footer.longs(list, 3);
      for (let i = 0; i < blocks.length; i += 3) this.message(blocks[i] as number, end);
    }
  }

  private bytes(at: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    if (readFully(this.fd, bytes, at) < length) throw cutOff(this.path);
    return bytes;
  }

  private checkStream(head: Buffer): void {
    const text = head.toString('latin1');
    if (text.startsWith('FEA1')) {
      throw new RunError(
        'FLOW7003',
        `"${this.path}" is a Feather file of version 1`,
        { file: this.path },
        'only version 2 (Arrow IPC) can be read: write it again with a current tool',
      );
    }
    if (FILE_MAGIC.startsWith(text.slice(0, 6)) && text.length < 6) throw cutOff(this.path);
    const first = head.length >= 4 ? head.readUInt32LE(0) : 0;
    if (first === CONTINUATION || (head.length >= 8 && first > 0 && first % 8 === 4 && first < 1 << 24)) return;
    if (head.length < 4 && head.every((b) => b === 0xff)) throw cutOff(this.path);
    const seems = text.startsWith('PAR1')
      ? 'it is a Parquet file: read it with parquet(...)'
      : /^[\t\r\n -~]*$/.test(text)
        ? 'it looks like text: read it with csv(...) or ndjson(...)'
        : undefined;
    throw new RunError('FLOW7003', `"${this.path}" is not an Arrow file`, { file: this.path }, seems);
  }

  /** Where the footer of the file format begins. */
  private dataEnd(): number {
    if (this.size < 18) throw cutOff(this.path);
    const tail = this.bytes(this.size - 10, 10);
    if (tail.toString('latin1', 4) !== FILE_MAGIC) throw cutOff(this.path);
    const end = this.size - 10 - tail.readInt32LE(0);
    if (end < 8 || end > this.size - 10) throw damagedArrow(this.path, 'its footer does not fit');
    return end;
  }

  /** The message at a place; gives the place of the next one, null at the end mark. */
  private message(at: number, end: number): number | null {
    if (at < 0 || at >= end) throw damagedArrow(this.path, 'a message lies beyond its end');
    const head = this.bytes(at, Math.min(8, end - at));
    if (head.length < 4) throw cutOff(this.path);
    // Before version 0.15 messages began with their length alone.
    const framed = head.readUInt32LE(0) === CONTINUATION;
    if (framed && head.length < 8) throw cutOff(this.path);
    const length = head.readInt32LE(framed ? 4 : 0);
    const metadataAt = at + (framed ? 8 : 4);
    if (length === 0) return null;
    if (length < 0 || metadataAt + length > end)
      throw length < 0 ? damagedArrow(this.path, 'a message has a negative length') : cutOff(this.path);
    const table = FlatTable.root(this.bytes(metadataAt, length));
    const bodyAt = metadataAt + length;
    const bodyBytes = table.long(3);
    if (bodyBytes < 0 || bodyAt + bodyBytes > end) throw cutOff(this.path);
    this.note(table, { metadataAt, metadataBytes: length, bodyAt, bodyBytes });
    return bodyAt + bodyBytes;
  }

  private note(table: FlatTable, place: Omit<IpcMessage, 'rows' | 'compressed'>): void {
    const header = table.table(2);
    const kind = table.byte(1, 0);
    if (header === null) throw damagedArrow(this.path, 'a message has no content');
    if (kind === SCHEMA) this.schema(header);
    else if (kind === RECORDS) this.batches.push(this.sized(header, place));
    else if (kind === DICTIONARY) {
      const data = header.table(1);
      if (data === null) throw damagedArrow(this.path, 'a dictionary has no content');
      this.dictionaries.push({ ...this.sized(data, place), id: header.long(0), delta: header.byte(2, 0) !== 0 });
    } else throw damagedArrow(this.path, 'it holds a message of an unknown kind');
  }

  private schema(header: FlatTable): void {
    if (header.short(0, 0) !== 0) {
      throw new RunError(
        'FLOW7003',
        `"${this.path}" is big-endian`,
        { file: this.path },
        'write it again on a little-endian machine',
      );
    }
    this.fields = header.tables(1).map((t) => flatField(t));
  }

  private sized(batch: FlatTable, place: Omit<IpcMessage, 'rows' | 'compressed'>): IpcMessage {
    const rows = batch.long(0);
    if (rows < 0 || rows > 0x7fffffff * 64) throw damagedArrow(this.path, 'a batch has an impossible number of rows');
    return { ...place, rows, compressed: batch.table(3) !== null };
  }
}
