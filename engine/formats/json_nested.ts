import { mapEntry } from '../batch/build.ts';
import type { Column } from '../batch/column.ts';
import { EngineBug } from '../errors.ts';
import type { Scratch } from '../memory/types.ts';
import type { DataType, Field, Typed } from '../types.ts';
import { type ColumnBase, grown, JsonColumn, JsonMisfit, misfit } from './json_columns.ts';
import { JsonBools, JsonDecimals, JsonFloats, JsonIntervals, JsonInts, JsonTimes } from './json_scalars.ts';
import { JsonFault, type JsonScanner, OPEN_LIST, OPEN_OBJECT } from './json_scanner.ts';
import { JsonBinary, JsonStrings, JsonTexts } from './json_texts.ts';

export function jsonColumn(t: Typed): JsonColumn {
  const { type, nullable } = t;
  switch (type.kind) {
    case 'bool':
      return new JsonBools(type, nullable);
    case 'int':
      return new JsonInts(type, nullable);
    case 'float':
      return new JsonFloats(type, nullable);
    case 'decimal':
      return new JsonDecimals(type, nullable);
    case 'string':
      return new JsonStrings(type, nullable);
    case 'json':
      return new JsonTexts(type, nullable);
    case 'bytes':
      return new JsonBinary(type, nullable);
    case 'date':
    case 'time':
    case 'timestamp':
      return new JsonTimes(type, nullable);
    case 'interval':
      return new JsonIntervals(type, nullable);
    case 'list':
      return new JsonLists(type, nullable);
    case 'struct':
      return new JsonStructs(type, nullable);
    case 'map':
      return new JsonMaps(type, nullable);
    default:
      throw new EngineBug(`no JSON column for ${type.kind}`);
  }
}

/** Types that a JSON value can become. */
export function canReadFromJson(type: DataType): boolean {
  switch (type.kind) {
    case 'null':
      return false;
    case 'list':
      return canReadFromJson(type.item.type);
    case 'map':
      return type.key.kind === 'string' && canReadFromJson(type.value.type);
    case 'struct':
      return type.fields.every((f) => canReadFromJson(f.type));
    default:
      return true;
  }
}

/** A misfit on its way up learns where it was. */
function under(path: string, e: unknown): unknown {
  if (e instanceof JsonMisfit) e.path = path + e.path;
  return e;
}

abstract class JsonLengths extends JsonColumn {
  protected ends = new Int32Array(1024);
  protected n = 0;

  protected putEnd(end: number): void {
    if (this.n === this.ends.length) this.ends = grown(this.ends, this.n + 1);
    this.ends[this.n++] = end;
  }

  protected last(): number {
    return this.n === 0 ? 0 : this.ends[this.n - 1]!;
  }

  protected blank(): void {
    this.putEnd(this.last());
  }

  protected offsets(length: number, scratch: Scratch): Int32Array {
    const offsets = scratch.i32(length + 1);
    offsets[0] = 0;
    offsets.set(this.ends.subarray(0, length), 1);
    return offsets;
  }
}

class JsonLists extends JsonLengths {
  readonly #item: JsonColumn;

  constructor(type: DataType & { kind: 'list' }, nullable: boolean) {
    super(type, nullable);
    this.#item = jsonColumn(type.item);
  }

  protected take(s: JsonScanner, ch: number): void {
    if (ch !== OPEN_LIST) throw misfit(s, this.type);
    const item = this.#item;
    const before = item.length;
    try {
      if (s.open()) {
        do item.read(s);
        while (s.more(true));
      }
    } catch (e) {
      throw under(`[${item.length - before}]`, e);
    }
    this.putEnd(item.length);
  }

  protected cut(length: number): void {
    this.n = length;
    this.#item.truncate(this.last());
  }

  protected build(base: ColumnBase, scratch: Scratch): Column {
    return { ...base, phys: 'list', offsets: this.offsets(base.length, scratch), child: this.#item.finish(scratch) };
  }
}

/** An object whose names are data: {"a": 1} as the entries of a map. */
class JsonMaps extends JsonLengths {
  readonly #entry: DataType;
  readonly #key: JsonStrings;
  readonly #value: JsonColumn;

  constructor(type: DataType & { kind: 'map' }, nullable: boolean) {
    super(type, nullable);
    this.#entry = mapEntry(type);
    this.#key = new JsonStrings(type.key, false);
    this.#value = jsonColumn(type.value);
  }

  protected take(s: JsonScanner, ch: number): void {
    if (ch !== OPEN_OBJECT) throw misfit(s, this.type);
    try {
      if (s.open()) {
        do this.#entryOf(s);
        while (s.more(false));
      }
    } catch (e) {
      throw under('{}', e);
    }
    this.putEnd(this.#value.length);
  }

  #entryOf(s: JsonScanner): void {
    s.blanks();
    if (s.u8[s.pos] !== 34) throw new JsonFault(s.pos, 'an object where a name in quotes is expected');
    const at = s.pos;
    s.key();
    const behind = s.pos;
    s.pos = at;
    this.#key.read(s);
    s.pos = behind;
    this.#value.read(s);
  }

  protected cut(length: number): void {
    this.n = length;
    this.#key.truncate(this.last());
    this.#value.truncate(this.last());
  }

  protected build(base: ColumnBase, scratch: Scratch): Column {
    const length = this.#value.length;
    const children = [this.#key.finish(scratch), this.#value.finish(scratch)];
    const child: Column = { type: this.#entry, length, nullCount: 0, validity: null, phys: 'struct', children };
    return { ...base, phys: 'list', offsets: this.offsets(base.length, scratch), child };
  }
}

class JsonStructs extends JsonColumn {
  readonly #members: JsonMembers;

  constructor(type: DataType & { kind: 'struct' }, nullable: boolean) {
    super(type, nullable);
    this.#members = new JsonMembers(type.fields);
  }

  protected take(s: JsonScanner, ch: number): void {
    if (ch !== OPEN_OBJECT) throw misfit(s, this.type);
    this.#members.read(s);
  }

  protected blank(): void {
    for (const c of this.#members.columns) c.putNull();
  }

  protected cut(length: number): void {
    for (const c of this.#members.columns) c.truncate(length);
  }

  protected build(base: ColumnBase, scratch: Scratch): Column {
    return { ...base, phys: 'struct', children: this.#members.columns.map((c) => c.finish(scratch)) };
  }
}

/**
 * The members of objects as columns. Names nobody asked for are passed over, absent ones are null, of a name that stands twice the first
 * value counts. Objects mostly repeat the order of their names: the next name is compared first, before any look-up.
 */
export class JsonMembers {
  readonly columns: readonly JsonColumn[];
  readonly #names: readonly string[];
  /** Names as they mostly stand in the text, quotes and colon included. */
  readonly #bytes: readonly Uint8Array[];
  readonly #byName: ReadonlyMap<string, number>;
  /** Columns the object at hand has filled. */
  readonly #filled: Uint8Array;
  /** Where the search for the next name starts: behind the last one met, also across rows. */
  #next = 0;

  constructor(fields: readonly Field[]) {
    this.columns = fields.map(jsonColumn);
    this.#names = fields.map((f) => f.name);
    this.#bytes = this.#names.map((n) => Buffer.from(`${JSON.stringify(n)}:`));
    this.#byName = new Map(this.#names.map((n, i) => [n, i]));
    this.#filled = new Uint8Array(fields.length);
  }

  /** Reads the object at the scanner as the next row of the columns. */
  read(s: JsonScanner): void {
    const filled = this.#filled;
    const at = s.pos;
    filled.fill(0);
    let i = -1;
    try {
      if (s.open()) {
        do {
          i = this.#expected(s);
          if (i < 0 || filled[i] === 1) s.skip();
          else {
            filled[i] = 1;
            this.columns[i]!.read(s);
          }
        } while (s.more(false));
      }
      for (i = 0; i < filled.length; i++) if (filled[i] === 0) this.columns[i]!.absent(at, s.pos);
    } catch (e) {
      throw under(i < 0 ? '' : `.${this.#names[i]!}`, e);
    }
  }

  /** Brings all columns to `length` rows, whatever a failed read left. */
  truncate(length: number): void {
    for (const c of this.columns) if (c.length > length) c.truncate(length);
  }

  /** The column of the member that starts next, or -1; leaves the scanner at its value. */
  #expected(s: JsonScanner): number {
    const count = this.#bytes.length;
    if (this.#next >= count) this.#next = 0;
    s.blanks();
    if (count > 0 && s.literal(this.#bytes[this.#next]!)) return this.#next++;
    s.key();
    const i = this.#byName.get(s.stringValue()) ?? -1;
    if (i >= 0) this.#next = i + 1;
    return i;
  }
}
