import { BLANK, type Dialect } from './csv_dialect.ts';

/**
 * Takes one field apart: blanks, quotes, escapes, nulls. The kernels only come here for fields that their fast path cannot take.
 * After a call that gave true, the content is `bytes[from, to)` and `text` is a Buffer over the same memory.
 */
export class CellReader {
  bytes: Uint8Array;
  text: Buffer;
  from = 0;
  to = 0;
  quoted = false;

  readonly #dialect: Dialect;
  #window: Uint8Array;
  #windowText: Buffer;
  #unescaped: Buffer = Buffer.alloc(256);

  constructor(dialect: Dialect, window: Uint8Array, windowText: Buffer) {
    this.#dialect = dialect;
    this.#window = window;
    this.#windowText = windowText;
    this.bytes = window;
    this.text = windowText;
  }

  /** The window's memory moved. */
  over(window: Uint8Array, text: Buffer): void {
    this.#window = window;
    this.#windowText = text;
  }

  /** False for null. `isString`: a quoted empty field is an empty string; for other types it is null, as an unquoted one. */
  find(start: number, end: number, isString: boolean): boolean {
    const d = this.#dialect;
    this.bytes = this.#window;
    this.text = this.#windowText;
    let from = start;
    let to = Math.max(start, end);
    if (d.trim) {
      while (from < to && this.bytes[from] === BLANK) from++;
      while (from < to && this.bytes[to - 1] === BLANK) to--;
    }
    this.quoted = from < to && this.bytes[from] === d.quote;
    if (this.quoted) {
      from++;
      if (to > from) to--;
    }
    this.from = from;
    this.to = to;
    if (from === to) return this.quoted ? isString || !d.emptyIsNull : !d.emptyIsNull;
    if (this.quoted) this.#unescape();
    return d.nulls.length === 0 || !this.#isNullText();
  }

  /** The content as a string. */
  string(): string {
    return this.#dialect.latin1 ? this.text.latin1Slice(this.from, this.to) : this.text.utf8Slice(this.from, this.to);
  }

  #unescape(): void {
    const { escape } = this.#dialect;
    const { from, to } = this;
    let at = from;
    while (at < to && this.bytes[at] !== escape) at++;
    if (at === to) return;
    if (this.#unescaped.length < to - from + 16) this.#unescaped = Buffer.alloc(2 * (to - from) + 16);
    const out = this.#unescaped;
    let n = 0;
    for (let i = from; i < to; i++) {
      if (this.bytes[i] === escape && i + 1 < to) i++;
      out[n++] = this.bytes[i]!;
    }
    this.bytes = out;
    this.text = out;
    this.from = 0;
    this.to = n;
  }

  #isNullText(): boolean {
    const { bytes, from, to } = this;
    return this.#dialect.nulls.some((n) => {
      if (n.length !== to - from) return false;
      for (let i = 0; i < n.length; i++) if (n[i] !== bytes[from + i]) return false;
      return true;
    });
  }
}
