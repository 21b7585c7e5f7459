import { valueReader } from '../batch/access.ts';
import { getBit } from '../batch/bitmap.ts';
import type { Batch, Column } from '../batch/column.ts';
import { EngineBug } from '../errors.ts';
import { formatFloat, formatValue } from '../functions/format.ts';
import type { Field } from '../types.ts';
import { CR, dialectOf, LF } from './csv_dialect.ts';
import type { ParallelWriter, SinkSpec } from './def.ts';
import { ByteOut } from './out.ts';
import { type PutRow, plainWriter, stringWriter } from './value_out.ts';

const QUOTE = 34;

/** What `compression` and the path ask for. */
export function compressionOf(spec: SinkSpec): 'gzip' | null {
  const asked = spec.options.compression;
  if (asked === 'gzip') return 'gzip';
  return asked !== 'none' && spec.path.endsWith('.gz') ? 'gzip' : null;
}

/**
 * Delimited text with LF line ends. Quotes stand only where the text needs them: around delimiters, quotes, line ends, the null text and
 * the empty string (so that it reads back as one). Floats in their shortest exact form, times in ISO 8601, bytes in hexadecimal, nested values as JSON.
 */
export function csvWriter(delimiter: string): ParallelWriter {
  const out = new ByteOut();
  const entries = new ByteOut();
  return {
    kind: 'parallel',
    head(spec) {
      if (spec.options.header === false) return new Uint8Array(0);
      const text = new TextPut(spec, delimiter);
      const head = new ByteOut(1024);
      spec.schema.forEach((f, i) => {
        if (i > 0) head.byte(text.delimiter);
        const name = Buffer.from(f.name);
        text.put(head, name, 0, name.length);
      });
      head.byte(LF);
      return head.view();
    },
    encode(batch, spec) {
      out.clear();
      entries.clear();
      encodeRows(batch, spec, new TextPut(spec, delimiter), out, entries);
      return out.view();
    },
    tail: () => new Uint8Array(0),
    compression: compressionOf,
  };
}

/** Puts text, in quotes where it needs them. */
class TextPut {
  readonly delimiter: number;
  readonly nullText: Uint8Array;

  constructor(spec: SinkSpec, delimiter: string) {
    this.delimiter = dialectOf(spec.options, delimiter).delimiter;
    this.nullText = Buffer.from(typeof spec.options.null === 'string' ? spec.options.null : '');
  }

  readonly put = (to: ByteOut, bytes: Uint8Array, from: number, end: number): void => {
    if (from === end || this.#needsQuotes(bytes, from, end)) this.#putQuoted(to, bytes, from, end);
    else to.copy(bytes, from, end);
  };

  #needsQuotes(bytes: Uint8Array, from: number, end: number): boolean {
    const { delimiter } = this;
    for (let i = from; i < end; i++) {
      const b = bytes[i]!;
      if (b === delimiter || b === QUOTE || b === LF || b === CR) return true;
    }
    return this.#isNullText(bytes, from, end);
  }

  #isNullText(bytes: Uint8Array, from: number, end: number): boolean {
    const { nullText } = this;
    if (nullText.length !== end - from) return false;
    for (let i = 0; i < nullText.length; i++) if (nullText[i] !== bytes[from + i]) return false;
    return true;
  }

  #putQuoted(to: ByteOut, bytes: Uint8Array, from: number, end: number): void {
    to.byte(QUOTE);
    let start = from;
    for (let i = from; i < end; i++) {
      if (bytes[i] !== QUOTE) continue;
      to.copy(bytes, start, i + 1);
      to.byte(QUOTE);
      start = i + 1;
    }
    to.copy(bytes, start, end);
    to.byte(QUOTE);
  }
}

function encodeRows(batch: Batch, spec: SinkSpec, text: TextPut, out: ByteOut, entries: ByteOut): void {
  const { columns, rows, schema } = batch;
  const puts = columns.map((col, i) => cellWriter(col, schema[i]!, text, out, entries));
  const validity = columns.map((col) => col.validity);
  const absent = columns.map((col) => col.phys === 'null');
  if (puts.length !== spec.schema.length)
    throw new EngineBug(`a batch of ${puts.length} columns for a sink of ${spec.schema.length}`);
  const { delimiter, nullText } = text;
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < puts.length; c++) {
      if (c > 0) out.byte(delimiter);
      const bits = validity[c];
      if (absent[c] === true || (bits !== null && bits !== undefined && !getBit(bits, row))) {
        if (nullText.length > 0) out.copy(nullText, 0, nullText.length);
      } else puts[c]!(row);
    }
    out.byte(LF);
  }
}

function cellWriter(col: Column, field: Field, text: TextPut, out: ByteOut, entries: ByteOut): PutRow {
  const { type } = field;
  const plain = plainWriter(col, type, out);
  if (plain !== null) return plain;
  if (type.kind === 'float' && col.phys === 'f64') {
    const { values } = col;
    return (row) => {
      const v = values[row]!;
      if (Number.isFinite(v) && !Number.isInteger(v)) out.float(v);
      else out.ascii(formatFloat(v));
    };
  }
  if ((type.kind === 'string' || type.kind === 'json') && (col.phys === 'utf8' || col.phys === 'dict')) {
    return stringWriter(col, out, entries, text.put);
  }
  const read = valueReader(col);
  return (row) => {
    const v = read(row);
    const shown =
      v instanceof Uint8Array
        ? Buffer.from(v.buffer, v.byteOffset, v.byteLength).toString('hex')
        : formatValue(type, v);
    const bytes = Buffer.from(shown);
    text.put(out, bytes, 0, bytes.length);
  };
}
