import { RunError } from '../errors.ts';
import type { FormatOption } from './def.ts';
import { compileTimeFormat, type Moment } from './time_format.ts';

export type OnError = 'error' | 'reject' | 'null';

/** How a CSV file is written down; bytes as numbers, -1 = none. */
export interface Dialect {
  readonly delimiter: number;
  readonly quote: number;
  /** Equal to `quote` (doubled quotes) or a backslash. */
  readonly escape: number;
  readonly header: boolean;
  readonly names: readonly string[] | null;
  /** Null texts other than the empty one. */
  readonly nulls: readonly Uint8Array[];
  /** An unquoted empty field is null. */
  readonly emptyIsNull: boolean;
  readonly skip: number;
  readonly comment: number;
  readonly onError: OnError;
  readonly trim: boolean;
  readonly latin1: boolean;
  readonly point: number;
  readonly dateFormat: ((text: string) => Moment | null) | null;
  readonly timestampFormat: ((text: string) => Moment | null) | null;
  /** null: decided from the file. */
  readonly trailing: boolean | null;
}

/** With `trim`, at most this many blanks before a quote still let it open a quoted field. */
export const MAX_BLANKS = 64;

export const LF = 10;
export const CR = 13;
export const BLANK = 32;

const ASCII_DOC = 'one ASCII character';

export const CSV_OPTIONS: readonly FormatOption[] = [
  {
    name: 'delimiter',
    type: 'string',
    default: ',',
    for: 'both',
    doc: `What separates fields: ${ASCII_DOC}. Tab for tsv.`,
  },
  {
    name: 'header',
    type: 'bool',
    default: true,
    for: 'both',
    doc: 'The first record holds the column names. Without, columns are col1, col2, … or take `names`, or the declared schema in order.',
  },
  {
    name: 'quote',
    type: 'string',
    default: '"',
    for: 'read',
    doc: `Quote character (${ASCII_DOC}); empty text for none. It only opens a field as its first character.`,
  },
  {
    name: 'escape',
    type: 'string',
    default: '"',
    values: ['"', "'", '\\'],
    for: 'read',
    doc: 'How a quote is written inside quotes: doubled (the quote itself) or after a backslash.',
  },
  { name: 'names', type: 'strings', default: null, for: 'read', doc: 'Column names, in place of those in the header.' },
  {
    name: 'nulls',
    type: 'strings',
    default: [''],
    for: 'read',
    doc: 'Texts that mean null. A quoted empty string stays an empty string.',
  },
  { name: 'skip', type: 'int', default: 0, for: 'read', doc: 'Lines to leave out at the start of each file.' },
  {
    name: 'comment',
    type: 'string',
    default: '',
    for: 'read',
    doc: `Lines that start with it are left out (${ASCII_DOC}). Such a file is read by one task.`,
  },
  {
    name: 'on_error',
    type: 'string',
    default: 'error',
    values: ['error', 'reject', 'null'],
    for: 'read',
    doc: 'A row that does not fit: stop with an error, leave the row out, or make the value null.',
  },
  { name: 'trim', type: 'bool', default: false, for: 'read', doc: 'Drop blanks around fields and column names.' },
  {
    name: 'encoding',
    type: 'string',
    default: 'utf8',
    values: ['utf8', 'latin1'],
    for: 'read',
    doc: 'Bytes that are no UTF-8 are an error; a byte order mark is dropped.',
  },
  { name: 'decimal', type: 'string', default: '.', values: ['.', ','], for: 'read', doc: 'The decimal point.' },
  {
    name: 'date_format',
    type: 'string',
    default: null,
    for: 'read',
    doc: 'Format of dates, such as "%d.%m.%Y"; ISO where absent.',
  },
  {
    name: 'timestamp_format',
    type: 'string',
    default: null,
    for: 'read',
    doc: 'Format of timestamps, such as "%d/%m/%Y %H:%M"; ISO where absent.',
  },
  {
    name: 'trailing_delimiter',
    type: 'bool',
    default: null,
    for: 'read',
    doc: 'Every record ends with a delimiter. Found out from the file where not said.',
  },
  {
    name: 'null',
    type: 'string',
    default: '',
    for: 'write',
    doc: 'Text written for null; a string equal to it is quoted.',
  },
  {
    name: 'compression',
    type: 'string',
    default: null,
    values: ['none', 'gzip'],
    for: 'write',
    doc: 'gzip where the path ends in .gz.',
  },
];

/** The dialect that the options of a source ask for. RunError FLOW7003 for one that cannot be (the binder checks names and types). */
export function dialectOf(options: Readonly<Record<string, unknown>>, delimiter = ','): Dialect {
  const quote = byteOption(options, 'quote', '"');
  const escape = byteOption(options, 'escape', '"');
  const nulls = listOption(options, 'nulls') ?? [''];
  const dateFormat = textOption(options, 'date_format');
  const timestampFormat = textOption(options, 'timestamp_format');
  const onError = textOption(options, 'on_error') ?? 'error';
  if (onError !== 'error' && onError !== 'reject' && onError !== 'null') {
    throw badOption('on_error', 'must be "error", "reject" or "null"');
  }
  const d: Dialect = {
    delimiter: byteOption(options, 'delimiter', delimiter),
    quote,
    escape: escape === 92 ? 92 : quote,
    header: options.header !== false,
    names: listOption(options, 'names'),
    nulls: nulls.filter((n) => n !== '').map((n) => Buffer.from(n, 'utf8')),
    emptyIsNull: nulls.includes(''),
    skip: typeof options.skip === 'number' ? Math.max(0, options.skip) : 0,
    comment: byteOption(options, 'comment', ''),
    onError,
    trim: options.trim === true,
    latin1: textOption(options, 'encoding') === 'latin1',
    point: byteOption(options, 'decimal', '.'),
    dateFormat: dateFormat === null ? null : compileTimeFormat(dateFormat),
    timestampFormat: timestampFormat === null ? null : compileTimeFormat(timestampFormat),
    trailing: typeof options.trailing_delimiter === 'boolean' ? options.trailing_delimiter : null,
  };
  if (d.delimiter < 0) throw badOption('delimiter', `must be ${ASCII_DOC}`);
  if (d.delimiter === d.quote || d.delimiter === LF || d.delimiter === CR || d.quote === LF || d.quote === CR) {
    throw badOption('delimiter', 'and the quote must differ from each other and from line ends');
  }
  return d;
}

function byteOption(options: Readonly<Record<string, unknown>>, name: string, otherwise: string): number {
  const text = textOption(options, name) ?? otherwise;
  if (text === '') return -1;
  if (text.length !== 1 || text.charCodeAt(0) > 126) throw badOption(name, `must be ${ASCII_DOC}, not "${text}"`);
  return text.charCodeAt(0);
}

function textOption(options: Readonly<Record<string, unknown>>, name: string): string | null {
  const v = options[name];
  return typeof v === 'string' ? v : null;
}

function listOption(options: Readonly<Record<string, unknown>>, name: string): readonly string[] | null {
  const v = options[name];
  return typeof v === 'string' ? [v] : Array.isArray(v) ? v.map(String) : null;
}

function badOption(name: string, what: string): RunError {
  return new RunError('FLOW7003', `the option \`${name}\` ${what}`);
}
