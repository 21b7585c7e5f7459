import { isUtf8 } from 'node:buffer';
import { RunError } from '../errors.ts';
import { CellReader } from './csv_cell.ts';
import { CR, type Dialect, LF } from './csv_dialect.ts';
import { MAX_COLUMNS, oneRecord, type RecordShape } from './csv_index.ts';
import { foreignFormat } from './foreign.ts';
import { fileFacts, GzipDamage, openSource } from './source.ts';
import { localPath } from './stdin.ts';
import { heapMemory, MAX_RECORD_BYTES, recordTooLong, TextWindow } from './window.ts';

/** What reading a file needs to know beside the dialect: plain data, found in its first bytes. */
export interface CsvLayout {
  /** As the user knows it, and where its bytes are. */
  readonly path: string;
  readonly local: string;
  readonly size: number;
  readonly gzip: boolean;
  /** Byte (of the decompressed content) where the records start. */
  readonly start: number;
  /** Columns in the order of the file. */
  readonly names: readonly string[];
  readonly trailing: boolean;
  readonly newline: number;
}

const HEAD_BYTES = 1 << 16;
/** Records looked at to find out whether each ends with a delimiter. */
const HEAD_RECORDS = 200;

export function shapeOf(layout: Pick<CsvLayout, 'names' | 'trailing' | 'newline'>, dialect: Dialect): RecordShape {
  return { dialect, width: layout.names.length, trailing: layout.trailing, newline: layout.newline };
}

/**
 * Reads the head of a file. `declared`: the names of the schema the user gave, or null. RunError FLOW7003 for an empty file, a text in
 * another encoding, a header that names a column twice.
 */
export async function csvLayout(
  path: string,
  dialect: Dialect,
  declared: readonly string[] | null,
): Promise<CsvLayout> {
  const local = localPath(path);
  const { size, gzip } = fileFacts(local, path);
  const window = new TextWindow(openSource(local, path, 0, gzip), 0, HEAD_BYTES, heapMemory, MAX_RECORD_BYTES);
  try {
    await window.advance(0);
    return { path, local, size, gzip, ...(await readHead(window, path, dialect, declared)) };
  } catch (e) {
    if (e instanceof GzipDamage) throw gzipDamaged(path, e, 0);
    throw e;
  } finally {
    window.close();
  }
}

export function gzipDamaged(path: string, e: GzipDamage, rows: number): RunError {
  return new RunError(
    'FLOW7003',
    `"${path}" is no whole gzip file: ${e.message} (${rows} rows were read before that)`,
    { file: path },
    'copy it again, or make it again',
  );
}

type Head = Pick<CsvLayout, 'start' | 'names' | 'trailing' | 'newline'>;

async function readHead(
  window: TextWindow,
  path: string,
  dialect: Dialect,
  declared: readonly string[] | null,
): Promise<Head> {
  if (window.length === 0 && window.final)
    throw new RunError('FLOW7003', `"${path}" is empty: it has no header and no rows`, { file: path });
  const foreign = foreignFormat(window.bytes.subarray(0, window.length));
  if (foreign !== null)
    throw new RunError('FLOW7003', `"${path}" is no text: ${foreign.what}`, { file: path }, foreign.hint);
  const newline = newlineOf(window);
  const shape: RecordShape = { dialect, width: 0, trailing: false, newline };
  let pos = byteOrderMark(window, path);
  for (let line = 0; line < dialect.skip; line++) pos = await lineEnd(window, pos, newline);
  pos = await skipBlank(window, pos, shape);
  const header = dialect.header ? await recordAt(window, pos, shape, path) : null;
  if (header !== null) checkHeader(window.bytes.subarray(pos, header.next), header.count, path, dialect);
  const start = header?.next ?? pos;
  const headerNames = header === null ? null : cellTexts(window, dialect, header.fields);
  const records = headRecords(window, start, shape);
  if (header === null && records[0] !== undefined) checkWidth(records[0].count, path);
  const trailing =
    dialect.trailing ?? endsWithDelimiter(headerNames, records, dialect.names ?? (dialect.header ? null : declared));
  return { start, newline, trailing, names: columnNames(path, dialect, headerNames, records, trailing, declared) };
}

/** What names no columns: binary data, text of another encoding, a file without line ends. */
function checkHeader(bytes: Uint8Array, count: number, path: string, dialect: Dialect): void {
  checkWidth(count, path);
  if (bytes.includes(0)) {
    throw new RunError(
      'FLOW7003',
      `"${path}" is no text: its first line holds zero bytes`,
      { file: path },
      'is it another format, or UTF-16?',
    );
  }
  if (dialect.latin1 || isUtf8(bytes)) return;
  throw new RunError(
    'FLOW7003',
    `the header of "${path}" is not UTF-8 text`,
    { file: path },
    'encoding: "latin1" reads other Western European text',
  );
}

function checkWidth(count: number, path: string): void {
  if (count <= MAX_COLUMNS) return;
  throw new RunError(
    'FLOW7003',
    `the first line of "${path}" has ${count} fields; a table has at most ${MAX_COLUMNS} columns`,
    { file: path },
    'is the delimiter right, and does the file have line ends?',
  );
}

/** LF, or CR where the head has CR and no LF. */
function newlineOf(window: TextWindow): number {
  const head = window.text.subarray(0, window.length);
  return head.indexOf(LF) < 0 && head.indexOf(CR) >= 0 ? CR : LF;
}

function byteOrderMark(window: TextWindow, path: string): number {
  const [a, b, c] = window.bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf && window.length >= 3) return 3;
  if (window.length >= 2 && ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff))) {
    throw new RunError('FLOW7003', `"${path}" is UTF-16 text`, { file: path }, 'convert it to UTF-8 first');
  }
  return 0;
}

/** Behind the line at `pos`; the window grows for a long one. */
async function lineEnd(window: TextWindow, pos: number, newline: number): Promise<number> {
  for (;;) {
    const end = window.text.subarray(0, window.length).indexOf(newline, pos);
    if (end >= 0) return end + 1;
    if (window.final || !(await window.grow())) return window.length;
  }
}

/** Behind blank lines and comments. */
async function skipBlank(window: TextWindow, from: number, s: RecordShape): Promise<number> {
  let pos = from;
  while (pos < window.length) {
    const first = window.bytes[pos];
    const blank =
      first === s.newline || (first === CR && (window.bytes[pos + 1] === s.newline || pos + 1 === window.length));
    if (!blank && first !== s.dialect.comment) break;
    pos = await lineEnd(window, pos, s.newline);
  }
  return pos;
}

async function recordAt(window: TextWindow, pos: number, s: RecordShape, path: string) {
  for (;;) {
    if (pos >= window.length && window.final) {
      throw new RunError('FLOW7003', `"${path}" has no header: there is nothing but blank lines`, { file: path });
    }
    const record = oneRecord(s, window.bytes, pos, window.length, window.final);
    if (record !== null) return record;
    if (window.final)
      throw new RunError('FLOW7003', `the header of "${path}" has a quote that is never closed`, { file: path });
    if (!(await window.grow()))
      throw recordTooLong(path, MAX_RECORD_BYTES, undefined, 'the header may have a quote that is never closed');
  }
}

type HeadRecord = NonNullable<ReturnType<typeof oneRecord>>;

/** The first data records that lie whole in the window. */
function headRecords(window: TextWindow, from: number, s: RecordShape): HeadRecord[] {
  const records: HeadRecord[] = [];
  for (let pos = from; pos < window.length && records.length < HEAD_RECORDS; ) {
    const first = window.bytes[pos];
    if (first === s.newline || (first === CR && window.bytes[pos + 1] === s.newline) || first === s.dialect.comment) {
      const end = window.text.subarray(0, window.length).indexOf(s.newline, pos);
      if (end < 0) break;
      pos = end + 1;
      continue;
    }
    const record = oneRecord(s, window.bytes, pos, window.length, window.final);
    if (record === null) break;
    records.push(record);
    pos = record.next;
  }
  return records;
}

/**
 * Every record seen ends with an empty field, and the names (from the header, the options or the declared schema) have no need of it.
 */
function endsWithDelimiter(
  header: readonly string[] | null,
  records: readonly HeadRecord[],
  names: readonly string[] | null,
): boolean {
  const ends = (r: HeadRecord): boolean => {
    const last = r.fields.at(-1);
    return r.fields.length > 1 && last !== undefined && last[0] === last[1];
  };
  const width = records[0]?.fields.length ?? 0;
  const all = records.every((r) => ends(r) && r.fields.length === width);
  if (header !== null) {
    const open = header.length > 1 && header.at(-1) === '';
    return (
      all &&
      (open ? records.length === 0 || width === header.length : records.length > 0 && width === header.length + 1)
    );
  }
  return records.length > 0 && all && (names === null || names.length === width - 1);
}

function cellTexts(window: TextWindow, dialect: Dialect, fields: HeadRecord['fields']): string[] {
  const cell = new CellReader({ ...dialect, nulls: [], emptyIsNull: false }, window.bytes, window.text);
  return fields.map(([from, to]) => {
    cell.find(from, to, true);
    return cell.string().trim();
  });
}

function columnNames(
  path: string,
  dialect: Dialect,
  header: readonly string[] | null,
  records: readonly HeadRecord[],
  trailing: boolean,
  declared: readonly string[] | null,
): readonly string[] {
  const headerWidth =
    header === null ? 0 : header.length - (trailing && header.length > 1 && header.at(-1) === '' ? 1 : 0);
  const first = records[0];
  const width = header !== null ? headerWidth : first === undefined ? null : first.fields.length - (trailing ? 1 : 0);
  const given = dialect.names ?? (dialect.header ? null : declared);
  if (given !== null) {
    if (width !== null && given.length !== width) {
      const source = dialect.names !== null ? '`names` gives' : 'the declared schema has';
      throw new RunError(
        'FLOW7003',
        `${source} ${given.length} columns, the records of "${path}" have ${width}`,
        { file: path },
        'name every column of the file, in its order',
      );
    }
    return unique(path, given);
  }
  if (header !== null)
    return unique(
      path,
      header.slice(0, headerWidth).map((n, i) => (n === '' ? `col${i + 1}` : n)),
    );
  if (width === null)
    throw new RunError(
      'FLOW7003',
      `"${path}" has no rows and no header: its columns are unknown`,
      { file: path },
      'give `names` or declare a schema',
    );
  return Array.from({ length: width }, (_, i) => `col${i + 1}`);
}

function unique(path: string, names: readonly string[]): readonly string[] {
  const seen = new Map<string, number>();
  names.forEach((name, i) => {
    const before = seen.get(name);
    if (before !== undefined) {
      throw new RunError(
        'FLOW7003',
        `"${path}" names two columns "${name}" (number ${before + 1} and ${i + 1})`,
        { file: path, column: name },
        'give the columns other names: `names: [...]`, or read without them: `header: false, skip: 1`',
      );
    }
    seen.set(name, i);
  });
  return names;
}
