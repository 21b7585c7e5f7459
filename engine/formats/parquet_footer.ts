import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { RunError } from '../errors.ts';
import { readError } from './files.ts';
import type { ThriftStruct } from './parquet_thrift.ts';
import {
  binaryField,
  intField,
  listField,
  parseThrift,
  structField,
  structsField,
  ThriftError,
  textField,
} from './parquet_thrift.ts';

/** A Parquet file's footer: what planning and reading need of it. Field numbers are those of parquet.thrift. */
export interface ParquetFooter {
  readonly path: string;
  readonly size: number;
  readonly rows: number;
  /** The whole FileMetaData struct, and its bytes as they are in the file. */
  readonly tree: ThriftStruct;
  readonly bytes: Uint8Array;
  /** Leaf columns, in the order of the column chunks of every row group. */
  readonly leaves: readonly Leaf[];
  readonly groups: readonly RowGroup[];
}

export interface Leaf {
  /** Names from the root. */
  readonly path: readonly string[];
  readonly physical: PhysicalType;
  readonly converted: number | undefined;
  readonly logical: ThriftStruct | undefined;
  readonly scale: number;
}

export type PhysicalType =
  | 'BOOLEAN'
  | 'INT32'
  | 'INT64'
  | 'INT96'
  | 'FLOAT'
  | 'DOUBLE'
  | 'BYTE_ARRAY'
  | 'FIXED_LEN_BYTE_ARRAY';

const PHYSICAL: readonly PhysicalType[] = [
  'BOOLEAN',
  'INT32',
  'INT64',
  'INT96',
  'FLOAT',
  'DOUBLE',
  'BYTE_ARRAY',
  'FIXED_LEN_BYTE_ARRAY',
];

export interface RowGroup {
  readonly rows: number;
  readonly tree: ThriftStruct;
  readonly chunks: readonly Chunk[];
}

/** One column of one row group. */
export interface Chunk {
  /** Where its pages lie in the file. */
  readonly start: number;
  readonly bytes: number;
  readonly uncompressed: number;
  readonly codec: number;
  /** Its pages refer to a small dictionary. */
  readonly dictionary: boolean;
  readonly statistics: ThriftStruct | undefined;
}

const MAGIC = 'PAR1';
const TAIL = 1 << 16;

/** Reads and checks the footer. RunError FLOW7001 and FLOW7002 when the file cannot be opened, FLOW7003 when it is no whole Parquet file. */
export function readFooter(path: string): ParquetFooter {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (e) {
    throw readError(path, e);
  }
  try {
    const { size, bytes } = footerBytes(fd, path);
    return parseFooter(path, size, bytes);
  } catch (e) {
    if (e instanceof ThriftError) throw damaged(path, `its footer cannot be read: ${e.message}`);
    throw readError(path, e);
  } finally {
    closeSync(fd);
  }
}

export function damaged(path: string, why: string): RunError {
  return new RunError(
    'FLOW7003',
    `"${path}" is damaged: ${why}`,
    { file: path },
    'copy it again, or write it again with the tool that made it',
  );
}

export function readAt(fd: number, path: string, into: Uint8Array, position: number): void {
  for (let done = 0; done < into.length; ) {
    const n = readSync(fd, into, done, into.length - done, position + done);
    if (n === 0) throw damaged(path, 'it ends too early');
    done += n;
  }
}

function footerBytes(fd: number, path: string): { size: number; bytes: Uint8Array } {
  const stats = fstatSync(fd);
  if (stats.isDirectory()) {
    throw new RunError(
      'FLOW7002',
      `"${path}" is a folder, not a file`,
      { file: path },
      `name its files: "${path}/*.parquet"`,
    );
  }
  const size = stats.size;
  if (size === 0)
    throw new RunError(
      'FLOW7003',
      `"${path}" is empty (0 bytes)`,
      { file: path },
      'a Parquet file without rows still has a footer: write it again',
    );
  const head = Buffer.alloc(Math.min(size, 8));
  readAt(fd, path, head, 0);
  const tail = Buffer.alloc(Math.min(size, TAIL));
  readAt(fd, path, tail, size - tail.length);
  const ending = tail.toString('latin1', tail.length - 4);
  if (ending === 'PARE')
    throw new RunError(
      'FLOW7003',
      `"${path}" is encrypted`,
      { file: path },
      'encrypted Parquet files cannot be read: decrypt it first',
    );
  if (size < 12 || ending !== MAGIC || head.toString('latin1', 0, 4) !== MAGIC) throw notParquet(path, head);
  const length = tail.readUInt32LE(tail.length - 8);
  if (length > size - 12) throw damaged(path, 'its footer is longer than the file');
  const bytes = new Uint8Array(length);
  if (length + 8 <= tail.length) bytes.set(tail.subarray(tail.length - 8 - length, tail.length - 8));
  else readAt(fd, path, bytes, size - 8 - length);
  return { size, bytes };
}

function notParquet(path: string, head: Buffer): RunError {
  const start = head.toString('latin1');
  if (start.startsWith(MAGIC)) {
    return new RunError(
      'FLOW7003',
      `"${path}" is cut off: it starts as a Parquet file, but its end is missing`,
      { file: path },
      'copy it again, or wait until it is written',
    );
  }
  const seems = start.startsWith('ARROW1')
    ? 'it is an Arrow file: read it with arrow(...)'
    : /^\s*[[{]/.test(start)
      ? 'it looks like JSON: read it with ndjson(...)'
      : start.startsWith('\x1f\x8b')
        ? 'it is compressed with gzip: decompress it first'
        : /^[\t\r\n -~]*$/.test(start)
          ? 'it looks like text: read it with csv(...)'
          : undefined;
  return new RunError('FLOW7003', `"${path}" is not a Parquet file`, { file: path }, seems);
}

function parseFooter(path: string, size: number, bytes: Uint8Array): ParquetFooter {
  const tree = parseThrift(bytes);
  if (tree.fields.has(8))
    throw new RunError(
      'FLOW7003',
      `"${path}" is encrypted`,
      { file: path },
      'encrypted Parquet files cannot be read: decrypt it first',
    );
  const leaves = leavesOf(structsField(tree, 2));
  const dataEnd = size - 8 - bytes.length;
  const groups = structsField(tree, 4).map((g, i): RowGroup => {
    const chunks = structsField(g, 1).map((c) => chunkOf(path, c, dataEnd));
    if (chunks.length !== leaves.length)
      throw damaged(path, `row group ${i} has ${chunks.length} columns, the schema ${leaves.length}`);
    return { rows: need(intField(g, 3), 'rows of a row group'), tree: g, chunks };
  });
  const rows = need(intField(tree, 3), 'number of rows');
  if (groups.reduce((n, g) => n + g.rows, 0) !== rows)
    throw damaged(path, 'its row groups do not add up to its number of rows');
  return { path, size, rows, tree, bytes, leaves, groups };
}

function need(value: number | undefined, what: string): number {
  if (value === undefined || value < 0) throw new ThriftError(`the ${what} is missing`);
  return value;
}

function chunkOf(path: string, c: ThriftStruct, dataEnd: number): Chunk {
  const external = textField(c, 1);
  if (external !== undefined)
    throw new RunError(
      'FLOW7003',
      `"${path}" keeps a column in another file ("${external}")`,
      { file: path },
      'such files cannot be read: write it again as one file',
    );
  const meta = structField(c, 3);
  if (meta === undefined) throw damaged(path, 'a column has no metadata');
  const data = need(intField(meta, 9), 'place of a column');
  const dictionary = intField(meta, 11);
  const start = dictionary !== undefined && dictionary > 0 ? Math.min(dictionary, data) : data;
  const bytes = need(intField(meta, 7), 'size of a column');
  if (bytes > 0 && (start < 4 || start + bytes > dataEnd)) throw damaged(path, 'a column lies beyond its end');
  return {
    start,
    bytes,
    uncompressed: need(intField(meta, 6), 'size of a column'),
    codec: need(intField(meta, 4), 'codec of a column'),
    dictionary: smallDictionary(meta),
    statistics: structField(meta, 12),
  };
}

/** Encodings that refer to a dictionary: PLAIN_DICTIONARY, RLE_DICTIONARY. */
const DICTIONARY = [2, 8];
/** Kinds of pages that hold data: DATA_PAGE, DATA_PAGE_V2. */
const DATA = [0, 3];
/** A dictionary of more (compressed) bytes has so many entries that keeping it gains nothing. */
const SMALL_BYTES = 1 << 16;
/** At most so many bytes a value can be codes of a small dictionary. */
const CODE_BYTES = 2.5;

/**
 * A guess from the metadata: reading a column of another kind as a dictionary is right, too, but slower. Some writers do not say how the pages are
 * encoded, or where the dictionary is.
 */
function smallDictionary(meta: ThriftStruct): boolean {
  const known = listField(meta, 2).some((e) => e.kind === 'int' && DICTIONARY.includes(Number(e.value)));
  const pages = structsField(meta, 13).filter((p) => DATA.includes(intField(p, 1) ?? -1));
  if (!known || !pages.every((p) => DICTIONARY.includes(intField(p, 2) ?? -1))) return false;
  const at = intField(meta, 11) ?? 0;
  if (at > 0) return (intField(meta, 9) ?? 0) - at <= SMALL_BYTES;
  return (intField(meta, 6) ?? 0) <= CODE_BYTES * (intField(meta, 5) ?? 0);
}

function leavesOf(elements: readonly ThriftStruct[]): Leaf[] {
  const leaves: Leaf[] = [];
  let at = 0;
  const walk = (path: readonly string[], depth: number): void => {
    const e = elements[at++];
    if (e === undefined || depth > 64) throw new ThriftError('its schema is not a tree');
    const here = depth === 0 ? [] : [...path, textField(e, 4) ?? ''];
    const children = intField(e, 5) ?? 0;
    const type = intField(e, 1);
    if (children === 0 && depth > 0) {
      const physical = PHYSICAL[type ?? -1];
      if (physical === undefined) throw new ThriftError(`column ${here.join('.')} has no type`);
      leaves.push({
        path: here,
        physical,
        converted: intField(e, 6),
        logical: structField(e, 10),
        scale: intField(e, 7) ?? 0,
      });
    }
    for (let i = 0; i < children; i++) walk(here, depth + 1);
  };
  walk([], 0);
  if (at !== elements.length) throw new ThriftError('its schema is not a tree');
  return leaves;
}

/** Bound of a column chunk as its raw bytes: the typed field, or the old one, whose order is only defined for signed numbers. */
export function boundOf(statistics: ThriftStruct, which: 'min' | 'max', signed: boolean): Uint8Array | undefined {
  return (
    binaryField(statistics, which === 'min' ? 6 : 5) ??
    (signed ? binaryField(statistics, which === 'min' ? 2 : 1) : undefined)
  );
}

/** Member of the LogicalType union that is set (parquet.thrift), 0 when there is none. */
export function logicalMember(leaf: Leaf): number {
  if (leaf.logical === undefined) return 0;
  for (const id of leaf.logical.fields.keys()) return id;
  return 0;
}
