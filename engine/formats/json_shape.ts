import { type DataType, type Schema, T } from '../types.ts';
import { parseInt64 } from './int64.ts';
import type { JsonScanner } from './json_scanner.ts';
import { NO_DATE, parseDate, parseTimestamp } from './text_time.ts';

/** An object with more names than this is data in the shape of a map: it stays JSON. */
const MAX_FIELDS = 1000;

const words = { lo: 0, hi: 0 };

/** What was seen of the values in one place. */
export class JsonShape {
  bools = false;
  ints = false;
  /** Numbers with fraction or exponent, and integers beyond 64 bits. */
  floats = false;
  strings = false;
  lists = false;
  objects = false;
  /** All strings so far are ISO dates / full ISO timestamps. */
  #dates = true;
  #timestamps = true;
  #item: JsonShape | null = null;
  readonly #fields = new Map<string, JsonShape>();

  /** Takes the value at the scanner in. */
  observe(s: JsonScanner): void {
    const kind = s.peek();
    switch (kind) {
      case 'string':
        this.#string(s);
        break;
      case 'number':
        s.number();
        if (s.integral && parseInt64(s.u8, s.from, s.to, words)) this.ints = true;
        else this.floats = true;
        break;
      case 'list':
        this.lists = true;
        this.#item ??= new JsonShape();
        if (s.open()) {
          do this.#item.observe(s);
          while (s.more(true));
        }
        break;
      case 'object':
        this.#object(s);
        break;
      default:
        s.word(kind);
        if (kind !== 'null') this.bools = true;
    }
  }

  #string(s: JsonScanner): void {
    s.string();
    this.strings = true;
    if (this.#dates && parseDate(s.u8, s.from, s.to) === NO_DATE) this.#dates = false;
    if (this.#timestamps && !parseTimestamp(s.u8, s.from, s.to, words, true)) this.#timestamps = false;
  }

  #object(s: JsonScanner): void {
    this.objects = true;
    if (!s.open()) return;
    do {
      s.key();
      const name = s.stringValue();
      let field = this.#fields.get(name);
      if (field === undefined) {
        if (this.#fields.size > MAX_FIELDS) {
          s.skip();
          continue;
        }
        field = new JsonShape();
        this.#fields.set(name, field);
      }
      field.observe(s);
    } while (s.more(false));
  }

  /** Only objects were seen: their members are the columns. */
  get isTable(): boolean {
    return this.objects && !this.bools && !this.ints && !this.floats && !this.strings && !this.lists;
  }

  /** Columns of a table, in the order their names were first seen; all may be null. */
  columns(): Schema {
    return [...this.#fields].map(([name, shape]) => ({ name, type: shape.type(), nullable: true }));
  }

  /** Scalars of several kinds are strings, mixes with lists or objects are json; what was never seen is a string. */
  type(): DataType {
    const numbers = this.ints || this.floats;
    const kinds = [this.bools, numbers, this.strings, this.lists, this.objects].filter(Boolean).length;
    if (kinds === 0) return T.string;
    if (kinds > 1) return this.lists || this.objects ? T.json : T.string;
    if (this.bools) return T.bool;
    if (numbers) return this.floats ? T.float : T.int;
    if (this.strings) return this.#dates ? T.date : this.#timestamps ? T.timestamp : T.string;
    if (this.lists) return T.list(this.#item?.type() ?? T.string);
    return this.#fields.size === 0 || this.#fields.size > MAX_FIELDS ? T.json : T.struct(this.columns());
  }
}
