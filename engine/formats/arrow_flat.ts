import type { ArrowField, ArrowType, TimeUnit } from './arrow_types.ts';

/** Reads the FlatBuffers of Arrow's IPC metadata. Reading beyond the bytes throws RangeError, which the caller reports as damage. */
export class FlatTable {
  private readonly view: DataView;
  private readonly at: number;

  constructor(view: DataView, at: number) {
    this.view = view;
    this.at = at;
  }

  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new FlatTable(view, view.getUint32(0, true));
  }

  /** Place of a field's value, 0 when it is left out. */
  private place(id: number): number {
    const table = this.at - this.view.getInt32(this.at, true);
    const size = this.view.getUint16(table, true);
    const slot = 4 + 2 * id;
    const offset = slot < size ? this.view.getUint16(table + slot, true) : 0;
    return offset === 0 ? 0 : this.at + offset;
  }

  private follow(id: number): number {
    const p = this.place(id);
    return p === 0 ? 0 : p + this.view.getUint32(p, true);
  }

  byte(id: number, otherwise: number): number {
    const p = this.place(id);
    return p === 0 ? otherwise : this.view.getUint8(p);
  }

  short(id: number, otherwise: number): number {
    const p = this.place(id);
    return p === 0 ? otherwise : this.view.getInt16(p, true);
  }

  int(id: number, otherwise: number): number {
    const p = this.place(id);
    return p === 0 ? otherwise : this.view.getInt32(p, true);
  }

  long(id: number): number {
    const p = this.place(id);
    return p === 0 ? 0 : Number(this.view.getBigInt64(p, true));
  }

  text(id: number): string | null {
    const p = this.follow(id);
    if (p === 0) return null;
    const length = this.view.getUint32(p, true);
    if (p + 4 + length > this.view.byteLength) throw new RangeError('text lies beyond the metadata');
    return Buffer.from(this.view.buffer, this.view.byteOffset + p + 4, length).toString('utf8');
  }

  table(id: number): FlatTable | null {
    const p = this.follow(id);
    return p === 0 ? null : new FlatTable(this.view, p);
  }

  tables(id: number): FlatTable[] {
    const p = this.follow(id);
    if (p === 0) return [];
    return Array.from({ length: this.count(p, 4) }, (_, i) => {
      const at = p + 4 + 4 * i;
      return new FlatTable(this.view, at + this.view.getUint32(at, true));
    });
  }

  /** A vector of structs of 64-bit integers, `width` each, one after another. */
  longs(id: number, width: number): number[] {
    const p = this.follow(id);
    if (p === 0) return [];
    return Array.from({ length: this.count(p, 8 * width) * width }, (_, i) =>
      Number(this.view.getBigInt64(p + 4 + 8 * i, true)),
    );
  }

  private count(p: number, size: number): number {
    const n = this.view.getUint32(p, true);
    if (p + 4 + n * size > this.view.byteLength) throw new RangeError('a vector lies beyond the metadata');
    return n;
  }
}

const UNITS: readonly TimeUnit[] = ['s', 'ms', 'us', 'ns'];
const MAX_DEPTH = 64;

/** Arrow's Field table (Schema.fbs). */
export function flatField(t: FlatTable, depth = 0): ArrowField {
  if (depth > MAX_DEPTH) throw new RangeError('types are nested too deeply');
  const children = t.tables(5).map((c) => flatField(c, depth + 1));
  const type = flatType(t.byte(2, 0), t.table(3), children);
  const encoding = t.table(4);
  const field = { name: t.text(0) ?? '', nullable: t.byte(1, 0) !== 0, json: isJson(t) };
  if (encoding === null) return { ...field, type };
  const index = encoding.table(1);
  const bits = (index?.int(0, 0) ?? 32) as 32;
  return {
    ...field,
    type: {
      kind: 'dictionary',
      id: encoding.long(0),
      index: { kind: 'int', bits, signed: index === null || index.byte(1, 0) !== 0 },
      value: type,
    },
  };
}

function flatType(kind: number, t: FlatTable | null, children: readonly ArrowField[]): ArrowType {
  const [item] = children;
  if (t === null) return { kind: 'other', name: `a type without details (${kind})` };
  switch (kind) {
    case 1:
      return { kind: 'null' };
    case 2:
      return { kind: 'int', bits: t.int(0, 0) as 64, signed: t.byte(1, 0) !== 0 };
    case 3:
      return { kind: 'float', bits: ([16, 32, 64] as const)[t.short(0, 0)] ?? 64 };
    case 4:
    case 5:
      return { kind: 'binary', text: kind === 5, layout: 'offsets' };
    case 19:
    case 20:
      return { kind: 'binary', text: kind === 20, layout: 'large' };
    case 23:
    case 24:
      return { kind: 'binary', text: kind === 24, layout: 'view' };
    case 6:
      return { kind: 'bool' };
    case 7:
      return { kind: 'decimal', precision: t.int(0, 0), scale: t.int(1, 0), bits: t.int(2, 128) as 128 };
    case 8:
      return { kind: 'date', unit: t.short(0, 1) === 0 ? 'day' : 'ms' };
    case 9:
      return { kind: 'time', unit: UNITS[t.short(0, 1)] ?? 'ms', bits: t.int(1, 32) === 64 ? 64 : 32 };
    case 10:
      return { kind: 'timestamp', unit: UNITS[t.short(0, 0)] ?? 's', zone: t.text(1) };
    case 11:
      return { kind: 'interval', unit: (['months', 'dayTime', 'monthDayNano'] as const)[t.short(0, 0)] ?? 'months' };
    case 13:
      return { kind: 'struct', fields: children };
    case 15:
      return { kind: 'fixed', width: t.int(0, 0) };
    case 18:
      return { kind: 'duration', unit: UNITS[t.short(0, 1)] ?? 'ms', bits: 64 };
  }
  if (item !== undefined) {
    if (kind === 12 || kind === 21) return { kind: 'list', large: kind === 21, item };
    if (kind === 16) return { kind: 'fixedList', size: t.int(0, 0), item };
    if (kind === 17) return { kind: 'map', entries: item };
  }
  const names: Readonly<Record<number, string>> = {
    14: 'a union',
    22: 'run-end encoded',
    25: 'a list view',
    26: 'a large list view',
  };
  return { kind: 'other', name: names[kind] ?? `Arrow type number ${kind}` };
}

/** The canonical extension type for JSON text. */
function isJson(t: FlatTable): boolean {
  return t.tables(6).some((pair) => pair.text(0) === 'ARROW:extension:name' && pair.text(1) === 'arrow.json');
}
