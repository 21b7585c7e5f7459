import type { Column } from '../batch/column.ts';
import type { Scratch } from '../memory/types.ts';
import { type ColumnBase, grown, JsonColumn, JsonMisfit, misfit } from './json_columns.ts';
import { hexDigit, type JsonScanner, OPEN_LIST, OPEN_OBJECT, QUOTE } from './json_scanner.ts';
import { TextDictionary } from './text_dictionary.ts';

/** Columns of variable length. */
abstract class JsonBytesBase extends JsonColumn {
  protected bytes = new Uint8Array(1 << 14);
  protected used = 0;
  #ends = new Int32Array(1024);
  #n = 0;

  protected blank(): void {
    this.#end();
  }

  /** Appends source[from, to) as a value. */
  protected putRaw(source: Uint8Array, from: number, to: number): void {
    this.room(to - from);
    const { bytes } = this;
    let n = this.used;
    if (to - from > 96) {
      bytes.set(source.subarray(from, to), n);
      n += to - from;
    } else for (let i = from; i < to; i++) bytes[n++] = source[i]!;
    this.used = n;
    this.#end();
  }

  /** Ends a value whose bytes were put by hand. */
  protected putDone(): void {
    this.#end();
  }

  protected room(more: number): void {
    if (this.used + more > this.bytes.length) this.bytes = grown(this.bytes, this.used + more);
  }

  #end(): void {
    if (this.#n === this.#ends.length) this.#ends = grown(this.#ends, this.#n + 1);
    this.#ends[this.#n++] = this.used;
  }

  protected cut(length: number): void {
    this.#n = length;
    this.used = length === 0 ? 0 : this.#ends[length - 1]!;
  }

  protected start(row: number): number {
    return row === 0 ? 0 : this.#ends[row - 1]!;
  }

  protected build(base: ColumnBase, scratch: Scratch): Column {
    const offsets = scratch.i32(base.length + 1);
    offsets[0] = 0;
    offsets.set(this.#ends.subarray(0, base.length), 1);
    const bytes = scratch.u8(this.used);
    bytes.set(this.bytes.subarray(0, this.used));
    return { ...base, phys: 'utf8', offsets, bytes };
  }
}

const dictionary = new TextDictionary();

/** Strings; numbers and truth values keep their JSON text. */
export class JsonStrings extends JsonBytesBase {
  protected take(s: JsonScanner, ch: number): void {
    if (ch === QUOTE) {
      if (this.#plain(s)) return;
      s.string();
      if (s.escaped) this.#unescape(s);
      else this.putRaw(s.u8, s.from, s.to);
    } else if (ch === OPEN_OBJECT || ch === OPEN_LIST) throw misfit(s, this.type);
    else {
      const at = s.pos;
      s.skip();
      this.putRaw(s.u8, at, s.pos);
    }
  }

  /** A short string without escapes, copied while its end is looked for. */
  #plain(s: JsonScanner): boolean {
    const { u8 } = s;
    let p = s.pos + 1;
    const last = Math.min(s.end, p + 64);
    this.room(64);
    const { bytes } = this;
    let n = this.used;
    for (; p < last; p++) {
      const ch = u8[p]!;
      if (ch === QUOTE) {
        s.pos = p + 1;
        this.used = n;
        this.putDone();
        return true;
      }
      if (ch === 92 || ch < 32) return false;
      bytes[n++] = ch;
    }
    return false;
  }

  #unescape(s: JsonScanner): void {
    const { u8, to } = s;
    // No escape grows: the shortest, \u0000, is six bytes for at most three.
    this.room(to - s.from);
    const { bytes } = this;
    let n = this.used;
    for (let i = s.from; i < to; ) {
      const ch = u8[i]!;
      if (ch !== 92) {
        bytes[n++] = ch;
        i++;
        continue;
      }
      const kind = u8[i + 1]!;
      if (kind !== 117) {
        bytes[n++] = ESCAPES[kind] ?? kind;
        i += 2;
        continue;
      }
      let code = unit(u8, i + 2);
      i += 6;
      if (code >= 0xd800 && code < 0xe000) {
        const low = code < 0xdc00 && i + 5 < to && u8[i] === 92 && u8[i + 1] === 117 ? unit(u8, i + 2) : 0;
        if (low >= 0xdc00 && low < 0xe000) {
          code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
          i += 6;
        } else code = 0xfffd;
      }
      n = putCodePoint(bytes, n, code);
    }
    this.used = n;
    this.putDone();
  }

  protected override build(base: ColumnBase, scratch: Scratch): Column {
    return this.#dictionaryColumn(base, scratch) ?? super.build(base, scratch);
  }

  #dictionaryColumn(base: ColumnBase, scratch: Scratch): Column | null {
    const { length, validity } = base;
    if (this.type.kind !== 'string' || !dictionary.begin(length)) return null;
    const codes = scratch.i32(length);
    for (let i = 0; i < length; i++) {
      if (validity !== null && (validity[i >> 3]! & (1 << (i & 7))) === 0) {
        codes[i] = 0;
        continue;
      }
      const code = dictionary.code(i, this.bytes, this.start(i), this.start(i + 1));
      if (code < 0) return null;
      codes[i] = code;
    }
    return { ...base, phys: 'dict', codes, dictionary: dictionary.finish(this.type, scratch) };
  }
}

const ESCAPES: Readonly<Record<number, number>> = { 98: 8, 102: 12, 110: 10, 114: 13, 116: 9 };

function unit(u8: Uint8Array, at: number): number {
  return (
    (hexDigit(u8[at]!) << 12) | (hexDigit(u8[at + 1]!) << 8) | (hexDigit(u8[at + 2]!) << 4) | hexDigit(u8[at + 3]!)
  );
}

function putCodePoint(bytes: Uint8Array, at: number, code: number): number {
  let n = at;
  if (code < 0x80) bytes[n++] = code;
  else if (code < 0x800) {
    bytes[n++] = 0xc0 | (code >> 6);
    bytes[n++] = 0x80 | (code & 63);
  } else {
    if (code < 0x10000) bytes[n++] = 0xe0 | (code >> 12);
    else {
      bytes[n++] = 0xf0 | (code >> 18);
      bytes[n++] = 0x80 | ((code >> 12) & 63);
    }
    bytes[n++] = 0x80 | ((code >> 6) & 63);
    bytes[n++] = 0x80 | (code & 63);
  }
  return n;
}

/** Any value, as its JSON text. A JSON null is a null of the column. */
export class JsonTexts extends JsonBytesBase {
  protected take(s: JsonScanner): void {
    const at = s.pos;
    s.skip();
    this.putRaw(s.u8, at, s.pos);
  }
}

/** Bytes as base64 text. */
export class JsonBinary extends JsonBytesBase {
  protected take(s: JsonScanner, ch: number): void {
    if (ch !== QUOTE) throw misfit(s, this.type);
    s.string();
    const text = s.stringValue();
    if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) throw new JsonMisfit(s.from - 1, s.to + 1, this.type);
    const value = Buffer.from(text, 'base64');
    this.putRaw(value, 0, value.length);
  }
}
