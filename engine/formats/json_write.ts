import { valueReader } from '../batch/access.ts';
import { getBit } from '../batch/bitmap.ts';
import type { Batch, Column, ListColumn } from '../batch/column.ts';
import { EngineBug } from '../errors.ts';
import { toJson } from '../functions/format.ts';
import type { DataType, Field } from '../types.ts';
import { compressionOf } from './csv_write.ts';
import type { ParallelWriter, SerialWriter } from './def.ts';
import { ByteOut } from './out.ts';
import { type PutRow, plainWriter, stringWriter } from './value_out.ts';

const QUOTE = 34;
const COMMA = 44;
const LF = 10;

/**
 * One object a line, members in the order of the columns, nulls written as null. Integers and decimals exactly, floats in their shortest
 * exact form (NaN and infinities, which JSON lacks, as null), times as ISO 8601 text, bytes in base64, maps as objects.
 */
export function ndjsonWriter(): ParallelWriter {
  const encoder = new JsonEncoder();
  return {
    kind: 'parallel',
    head: () => new Uint8Array(0),
    encode: (batch) => encoder.encode(batch, '', '\n'),
    tail: () => new Uint8Array(0),
    compression: compressionOf,
  };
}

/** The same objects as one JSON list, one a line. */
export function jsonListWriter(): SerialWriter {
  return {
    kind: 'serial',
    open() {
      const encoder = new JsonEncoder();
      let rows = 0;
      return Promise.resolve({
        write(batch) {
          if (batch.rows === 0) return Promise.resolve([]);
          const lines = encoder.encode(batch, ',\n', '');
          const parts = rows === 0 ? [Buffer.from('[\n'), lines.subarray(2)] : [lines];
          rows += batch.rows;
          return Promise.resolve(parts);
        },
        finish: () => Promise.resolve([Buffer.from(rows === 0 ? '[]\n' : '\n]\n')]),
      });
    },
  };
}

class JsonEncoder {
  readonly #out = new ByteOut();
  readonly #entries = new ByteOut();

  /** The rows, each between `before` and `behind`; valid until the next call. */
  encode(batch: Batch, before: string, behind: string): Uint8Array {
    const out = this.#out;
    out.clear();
    this.#entries.clear();
    const put = objectWriter(batch.columns, batch.schema, out, this.#entries);
    for (let row = 0; row < batch.rows; row++) {
      out.ascii(before);
      put(row);
      out.ascii(behind);
    }
    return out.view();
  }
}

/** Writes null for null rows. */
function nullable(col: Column, put: PutRow, out: ByteOut): PutRow {
  if (col.phys === 'null') return () => out.ascii('null');
  const bits = col.validity;
  if (bits === null) return put;
  return (row) => (getBit(bits, row) ? put(row) : out.ascii('null'));
}

function objectWriter(columns: readonly Column[], fields: readonly Field[], out: ByteOut, entries: ByteOut): PutRow {
  const members = columns.map((col, i) => {
    const field = fields[i]!;
    const key = Buffer.from(`${i === 0 ? '{' : ','}${JSON.stringify(field.name)}:`);
    return { key, put: nullable(col, valueWriter(col, field.type, out, entries), out) };
  });
  return (row) => {
    if (members.length === 0) out.byte(123);
    for (const m of members) {
      out.copy(m.key, 0, m.key.length);
      m.put(row);
    }
    out.byte(125);
  };
}

function valueWriter(col: Column, type: DataType, out: ByteOut, entries: ByteOut): PutRow {
  switch (type.kind) {
    case 'bool':
    case 'int':
    case 'decimal':
      return plainWriter(col, type, out)!;
    case 'date':
    case 'time':
    case 'timestamp':
      return inQuotes(plainWriter(col, type, out)!, out);
    case 'float':
      return floatWriter(col, out);
    case 'string':
      return col.phys === 'utf8' || col.phys === 'dict'
        ? stringWriter(col, out, entries, putString)
        : textOf(col, type, out);
    case 'json':
      return col.phys === 'utf8' ? jsonText(col, out) : textOf(col, type, out);
    case 'list':
      return col.phys === 'list' ? listWriter(col, type.item.type, out, entries) : textOf(col, type, out);
    case 'struct':
      return col.phys === 'struct' ? objectWriter(col.children, type.fields, out, entries) : textOf(col, type, out);
    default:
      return textOf(col, type, out);
  }
}

function inQuotes(put: PutRow, out: ByteOut): PutRow {
  return (row) => {
    out.byte(QUOTE);
    put(row);
    out.byte(QUOTE);
  };
}

function floatWriter(col: Column, out: ByteOut): PutRow {
  if (col.phys === 'null') return () => {};
  if (col.phys !== 'f64') throw new EngineBug(`a float column of form ${col.phys}`);
  const { values } = col;
  return (row) => {
    const v = values[row]!;
    if (Object.is(v, -0)) out.ascii('-0');
    else if (Number.isInteger(v) && Math.abs(v) < 1e15) out.int(v);
    else if (!Number.isFinite(v)) out.ascii('null');
    else if (Number.isInteger(v)) out.ascii(String(v));
    else out.float(v);
  };
}

/** Line ends between the tokens of a JSON text become blanks: one object a line stays one. */
function jsonText(col: Column & { phys: 'utf8' }, out: ByteOut): PutRow {
  const { bytes, offsets } = col;
  return (row) => {
    const start = out.length;
    out.copy(bytes, offsets[row]!, offsets[row + 1]!);
    for (let i = start; i < out.length; i++) if (out.bytes[i]! < 32) out.bytes[i] = 32;
  };
}

function listWriter(col: ListColumn, item: DataType, out: ByteOut, entries: ByteOut): PutRow {
  const put = nullable(col.child, valueWriter(col.child, item, out, entries), out);
  const { offsets } = col;
  return (row) => {
    out.byte(91);
    for (let i = offsets[row]!; i < offsets[row + 1]!; i++) {
      if (i > offsets[row]!) out.byte(COMMA);
      put(i);
    }
    out.byte(93);
  };
}

/** Rare types and forms, by value. */
function textOf(col: Column, type: DataType, out: ByteOut): PutRow {
  const read = valueReader(col);
  return (row) => out.text(toJson(type, read(row)));
}

const HEX = Buffer.from('0123456789abcdef');

/** A JSON string from UTF-8 bytes: quotes, backslashes and control characters escaped, everything else as it is. */
function putString(to: ByteOut, bytes: Uint8Array, from: number, end: number): void {
  to.byte(QUOTE);
  let start = from;
  for (let i = from; i < end; i++) {
    const ch = bytes[i]!;
    if (ch >= 32 && ch !== QUOTE && ch !== 92) continue;
    to.copy(bytes, start, i);
    start = i + 1;
    putEscape(to, ch);
  }
  to.copy(bytes, start, end);
  to.byte(QUOTE);
}

function putEscape(to: ByteOut, ch: number): void {
  to.byte(92);
  if (ch === QUOTE || ch === 92) to.byte(ch);
  else if (ch === LF) to.byte(110);
  else if (ch === 13) to.byte(114);
  else if (ch === 9) to.byte(116);
  else {
    to.ascii('u00');
    to.byte(HEX[ch >> 4]!);
    to.byte(HEX[ch & 15]!);
  }
}
