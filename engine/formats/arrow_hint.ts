/**
 * An Arrow schema of columns that are dictionaries of strings, as the base64 text that Parquet files carry under ARROW:schema: told this, the
 * decoder keeps a column's dictionary instead of writing every string out. The names are those of the Parquet schema, in its order.
 */
export function dictionaryHint(names: readonly string[]): string {
  const out = new FlatOut();
  const [header] = out.root([short(4), byte(1), REF]);
  const [fields] = out.table(header, [null, REF]);
  const items = out.vector(fields, names.length);
  names.forEach((text, i) => {
    // Name, nullable, kind of type (5 is Utf8) and type, dictionary encoding: 32-bit signed indexes.
    const [name, type, dictionary] = out.table(items[i], [REF, byte(1), byte(5), REF, REF]);
    out.text(name, text);
    out.table(type, []);
    const [index] = out.table(dictionary, [null, REF]);
    out.table(index, [int(32), byte(1)]);
  });
  const message = out.message();
  const framed = Buffer.alloc(8 + message.length);
  framed.writeUInt32LE(0xffffffff);
  framed.writeInt32LE(message.length, 4);
  framed.set(message, 8);
  return framed.toString('base64');
}

/** A field of a table: its value, or the place of something that is written later; null when left out. */
type Slot = { readonly size: 1 | 2 | 4; readonly value: number } | null;

const byte = (value: number): Slot => ({ size: 1, value });
const short = (value: number): Slot => ({ size: 2, value });
const int = (value: number): Slot => ({ size: 4, value });
const REF: Slot = { size: 4, value: -1 };

/** Where a reference stands; undefined for none. */
type Place = number | undefined;

/** Writes FlatBuffers front to back: what refers to an object comes before it, and is filled in when the object is placed. */
class FlatOut {
  private out = Buffer.alloc(256);
  private at = 0;

  root(slots: readonly Slot[]): readonly number[] {
    this.at = 4;
    return this.table(0, slots);
  }

  /** Gives the places of the table's references, in order. */
  table(from: Place, slots: readonly Slot[]): readonly number[] {
    const inline = slots.reduce((n, s) => n + (s === null ? 0 : 4), 4);
    this.grow(2 * slots.length + inline + 16);
    const vtable = this.align();
    const table = (vtable + 4 + 2 * slots.length + 3) & ~3;
    this.out.writeUInt16LE(4 + 2 * slots.length, vtable);
    this.out.writeUInt16LE(inline, vtable + 2);
    this.out.writeInt32LE(table - vtable, table);
    this.point(from, table);
    const refs: number[] = [];
    let at = table + 4;
    slots.forEach((s, i) => {
      if (s === null) return;
      this.out.writeUInt16LE(at - table, vtable + 4 + 2 * i);
      if (s === REF) refs.push(at);
      else this.out.writeIntLE(s.value, at, s.size);
      at += 4;
    });
    this.at = at;
    return refs;
  }

  vector(from: Place, count: number): readonly number[] {
    this.grow(4 * count + 16);
    const start = this.align();
    this.point(from, start);
    this.out.writeUInt32LE(count, start);
    this.at = start + 4 + 4 * count;
    return Array.from({ length: count }, (_, i) => start + 4 + 4 * i);
  }

  text(from: Place, text: string): void {
    const bytes = Buffer.from(text);
    this.grow(bytes.length + 16);
    const start = this.align();
    this.point(from, start);
    this.out.writeUInt32LE(bytes.length, start);
    this.out.set(bytes, start + 4);
    this.at = start + 5 + bytes.length;
  }

  /** Padded so that what follows the message is aligned to 8 bytes. */
  message(): Uint8Array {
    return this.out.subarray(0, (this.at + 7) & ~7);
  }

  private point(from: Place, to: number): void {
    if (from !== undefined) this.out.writeUInt32LE(to - from, from);
  }

  private align(): number {
    this.at = (this.at + 3) & ~3;
    return this.at;
  }

  private grow(more: number): void {
    if (this.at + more > this.out.length)
      this.out = Buffer.concat([this.out], Math.max(this.out.length * 2, this.at + more));
  }
}
