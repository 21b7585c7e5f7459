import { MAX_JSON_DEPTH } from '../functions/json.ts';

/** Text that is no JSON, or not the whole of it: `at` is the byte. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault';
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

export const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const COLON = 58;
export const OPEN_LIST = 91;
const CLOSE_LIST = 93;
export const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

export type JsonKind = 'null' | 'true' | 'false' | 'number' | 'string' | 'list' | 'object';

/**
 * A cursor over one JSON value in bytes. Reading methods leave `pos` behind what they read and the place of a scalar in `from` and `to`;
 * anything that is no JSON throws JsonFault. Numbers stay text, so that 64 bits survive.
 */
export class JsonScanner {
  u8: Uint8Array = new Uint8Array(0);
  text: Buffer = Buffer.alloc(0);
  pos = 0;
  end = 0;
  /** Bytes of the last string (without its quotes) or number. */
  from = 0;
  to = 0;
  /** The last string has escapes. */
  escaped = false;
  /** The last number has no fraction and no exponent. */
  integral = false;
  /** Lists and objects entered. */
  depth = 0;
  /** A value that does not fit its column becomes null where the column allows. */
  lenient = false;

  /** The value is u8[from, end). */
  over(u8: Uint8Array, text: Buffer, from: number, end: number): void {
    this.u8 = u8;
    this.text = text;
    this.pos = from;
    this.end = end;
    this.depth = 0;
  }

  /** Kind of the value that starts next; nothing is read but blanks. */
  peek(): JsonKind {
    const ch = this.head();
    if (ch === QUOTE) return 'string';
    if (ch === OPEN_OBJECT) return 'object';
    if (ch === OPEN_LIST) return 'list';
    if (ch === 45 || (ch >= 48 && ch <= 57)) return 'number';
    if (ch === 110) return 'null';
    if (ch === 116) return 'true';
    if (ch === 102) return 'false';
    throw new JsonFault(this.pos, `${shownByte(ch)} where a value is expected`);
  }

  /** First byte of the value that starts next, blanks passed over. */
  head(): number {
    this.blanks();
    if (this.pos >= this.end) throw new JsonFault(this.pos, 'the text ends where a value is expected');
    return this.u8[this.pos]!;
  }

  blanks(): void {
    const { u8, end } = this;
    let p = this.pos;
    if (u8[p]! > 32) return;
    while (p < end) {
      const ch = u8[p]!;
      if (ch !== 32 && ch !== 10 && ch !== 13 && ch !== 9) break;
      p++;
    }
    this.pos = p;
  }

  /** null, true or false. */
  word(kind: 'null' | 'true' | 'false'): void {
    for (let i = 0; i < kind.length; i++) {
      if (this.pos + i >= this.end || this.u8[this.pos + i] !== kind.charCodeAt(i))
        throw new JsonFault(this.pos, 'an unknown word');
    }
    this.pos += kind.length;
  }

  string(): void {
    const { u8, end } = this;
    let p = this.pos + 1;
    this.from = p;
    this.escaped = false;
    for (;;) {
      if (p >= end) throw new JsonFault(this.pos, 'a string that is not closed');
      const ch = u8[p]!;
      if (ch === QUOTE) break;
      if (ch === BACKSLASH) {
        this.escaped = true;
        p = this.#escape(p);
      } else if (ch < 32) throw new JsonFault(p, 'a control character inside a string');
      else p++;
    }
    this.to = p;
    this.pos = p + 1;
  }

  #escape(at: number): number {
    const ch = at + 1 < this.end ? this.u8[at + 1]! : 0;
    if (ch === 117) {
      for (let i = 2; i < 6; i++)
        if (at + i >= this.end || hexDigit(this.u8[at + i]!) < 0)
          throw new JsonFault(at, 'a \\u escape without four hexadecimal digits');
      return at + 6;
    }
    if (
      ch === QUOTE ||
      ch === BACKSLASH ||
      ch === 47 ||
      ch === 98 ||
      ch === 102 ||
      ch === 110 ||
      ch === 114 ||
      ch === 116
    )
      return at + 2;
    throw new JsonFault(at, 'an unknown escape in a string');
  }

  number(): void {
    const { u8, end } = this;
    let p = this.pos;
    this.from = p;
    this.integral = true;
    if (u8[p] === 45) p++;
    const first = p;
    p = digits(u8, p, end);
    if (p === first || (u8[first] === 48 && p - first > 1))
      throw new JsonFault(this.pos, 'a number that JSON does not allow');
    if (p < end && u8[p] === 46) {
      this.integral = false;
      const start = p + 1;
      p = digits(u8, start, end);
      if (p === start) throw new JsonFault(this.pos, 'a number that ends with its point');
    }
    if (p < end && (u8[p]! | 32) === 101) {
      this.integral = false;
      p++;
      if (p < end && (u8[p] === 43 || u8[p] === 45)) p++;
      const start = p;
      p = digits(u8, start, end);
      if (p === start) throw new JsonFault(this.pos, 'a number without digits in its exponent');
    }
    this.to = p;
    this.pos = p;
  }

  /** Enters a list or object; false when it is empty (and left already). */
  open(): boolean {
    const close = this.u8[this.pos] === OPEN_LIST ? CLOSE_LIST : CLOSE_OBJECT;
    if (++this.depth > MAX_JSON_DEPTH) throw new JsonFault(this.pos, `nesting deeper than ${MAX_JSON_DEPTH} levels`);
    this.pos++;
    this.blanks();
    if (this.pos < this.end && this.u8[this.pos] === close) {
      this.pos++;
      this.depth--;
      return false;
    }
    return true;
  }

  /** Behind an element: true when another follows, false when the list or object is closed (and left). */
  more(inList: boolean): boolean {
    this.blanks();
    const ch = this.pos < this.end ? this.u8[this.pos] : -1;
    if (ch === COMMA) {
      this.pos++;
      return true;
    }
    if (ch === (inList ? CLOSE_LIST : CLOSE_OBJECT)) {
      this.pos++;
      this.depth--;
      return false;
    }
    const what = inList ? 'a list' : 'an object';
    throw new JsonFault(
      this.pos,
      ch === -1 ? `${what} that is not closed` : `${shownByte(ch!)} where ${what} needs a comma or its end`,
    );
  }

  /** A member's name and its colon; the name is bytes [from, to). */
  key(): void {
    this.blanks();
    if (this.pos >= this.end || this.u8[this.pos] !== QUOTE)
      throw new JsonFault(this.pos, 'an object where a name in quotes is expected');
    this.string();
    this.blanks();
    if (this.pos >= this.end || this.u8[this.pos] !== COLON)
      throw new JsonFault(this.pos, 'a name without a colon behind it');
    this.pos++;
  }

  /** Passes over these very bytes, if they stand next. */
  literal(bytes: Uint8Array): boolean {
    const { u8, pos } = this;
    const { length } = bytes;
    if (pos + length > this.end) return false;
    for (let i = 0; i < length; i++) if (u8[pos + i] !== bytes[i]) return false;
    this.pos = pos + length;
    return true;
  }

  /** The last string, without its escapes. */
  stringValue(): string {
    const { text, from, to } = this;
    return this.escaped ? (JSON.parse(text.utf8Slice(from - 1, to + 1)) as string) : text.utf8Slice(from, to);
  }

  /** Passes over a value, checking it. */
  skip(): void {
    const kind = this.peek();
    if (kind === 'string') this.string();
    else if (kind === 'number') this.number();
    else if (kind === 'object') {
      if (!this.open()) return;
      do {
        this.key();
        this.skip();
      } while (this.more(false));
    } else if (kind === 'list') {
      if (!this.open()) return;
      do this.skip();
      while (this.more(true));
    } else this.word(kind);
  }

  /** Nothing but blanks may follow. */
  done(): void {
    this.blanks();
    if (this.pos < this.end)
      throw new JsonFault(this.pos, `${shownByte(this.u8[this.pos]!)} after the end of the value`);
  }
}

function digits(u8: Uint8Array, from: number, end: number): number {
  let p = from;
  while (p < end && u8[p]! >= 48 && u8[p]! <= 57) p++;
  return p;
}

export function hexDigit(ch: number): number {
  const d = ch - 48;
  if (d >>> 0 <= 9) return d;
  const letter = (ch | 32) - 97;
  return letter >>> 0 <= 5 ? letter + 10 : -1;
}

function shownByte(ch: number): string {
  return ch > 32 && ch < 127 ? JSON.stringify(String.fromCharCode(ch)) : `a byte ${ch}`;
}

export function startsNumber(ch: number): boolean {
  return ch === 45 || (ch >= 48 && ch <= 57);
}

/** A number may end before this byte. */
export function endsNumber(ch: number): boolean {
  return ch === COMMA || ch === CLOSE_OBJECT || ch === CLOSE_LIST || ch === 32 || ch === 10 || ch === 13 || ch === 9;
}

/** What the scan for record bounds found at a place. */
export const NEED_MORE = -1;

/**
 * Byte behind the value that starts at `from` (no blank), going by brackets and quotes alone; NEED_MORE when it does not end within `length`. A scalar
 * ends before a comma, a bracket or a blank; `final` ends it too.
 */
export function valueEnd(u8: Uint8Array, from: number, length: number, final: boolean): number {
  let depth = 0;
  let p = from;
  while (p < length) {
    const ch = u8[p]!;
    if (ch === QUOTE) {
      p = stringEnd(u8, p + 1, length);
      if (p < 0) return final ? length : NEED_MORE;
      if (depth === 0) return p;
    } else if (ch === OPEN_OBJECT || ch === OPEN_LIST) {
      depth++;
      p++;
    } else if (ch === CLOSE_OBJECT || ch === CLOSE_LIST) {
      if (depth === 0) return p;
      p++;
      if (--depth === 0) return p;
    } else if (depth === 0 && (ch === COMMA || ch <= 32)) return p;
    else p++;
  }
  return final ? length : NEED_MORE;
}

function stringEnd(u8: Uint8Array, from: number, length: number): number {
  let p = from;
  while (p < length) {
    const ch = u8[p]!;
    if (ch === QUOTE) return p + 1;
    p += ch === BACKSLASH ? 2 : 1;
  }
  return -1;
}
