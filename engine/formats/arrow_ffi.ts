import { EngineBug } from '../errors.ts';
import type { ArrowArray, ArrowField, ArrowType, TimeUnit } from './arrow_types.ts';

/**
 * Reads the Arrow C data interface out of a 32-bit WebAssembly memory: struct ArrowSchema and struct ArrowArray as the
 * specification lays them out for 4-byte pointers. The views are valid until the memory grows or the array is freed.
 */
export interface WasmView {
  readonly bytes: Uint8Array;
  readonly data: DataView;
}

export function wasmView(memory: { readonly buffer: ArrayBufferLike }): WasmView {
  return { bytes: new Uint8Array(memory.buffer), data: new DataView(memory.buffer) };
}

function pointer(m: WasmView, at: number): number {
  return m.data.getUint32(at, true);
}

function count(m: WasmView, at: number): number {
  return Number(m.data.getBigInt64(at, true));
}

function text(m: WasmView, at: number): string {
  if (at === 0) return '';
  const end = m.bytes.indexOf(0, at);
  return Buffer.from(m.bytes.buffer, at, end - at).toString('utf8');
}

function pointers(m: WasmView, at: number, n: number): number[] {
  return Array.from({ length: n }, (_, i) => pointer(m, at + 4 * i));
}

const NULLABLE = 2;

export function ffiField(m: WasmView, at: number): ArrowField {
  const children = pointers(m, pointer(m, at + 32), count(m, at + 24)).map((p) => ffiField(m, p));
  const type = parseFormat(text(m, pointer(m, at)), children);
  const dictionary = pointer(m, at + 36);
  return {
    name: text(m, pointer(m, at + 4)),
    nullable: (count(m, at + 16) & NULLABLE) !== 0,
    type:
      dictionary === 0
        ? type
        : { kind: 'dictionary', index: type as ArrowType & { kind: 'int' }, value: ffiField(m, dictionary).type },
  };
}

const PLAIN: Readonly<Record<string, ArrowType>> = {
  n: { kind: 'null' },
  b: { kind: 'bool' },
  c: { kind: 'int', bits: 8, signed: true },
  C: { kind: 'int', bits: 8, signed: false },
  s: { kind: 'int', bits: 16, signed: true },
  S: { kind: 'int', bits: 16, signed: false },
  i: { kind: 'int', bits: 32, signed: true },
  I: { kind: 'int', bits: 32, signed: false },
  l: { kind: 'int', bits: 64, signed: true },
  L: { kind: 'int', bits: 64, signed: false },
  e: { kind: 'float', bits: 16 },
  f: { kind: 'float', bits: 32 },
  g: { kind: 'float', bits: 64 },
  z: { kind: 'binary', text: false, layout: 'offsets' },
  Z: { kind: 'binary', text: false, layout: 'large' },
  vz: { kind: 'binary', text: false, layout: 'view' },
  u: { kind: 'binary', text: true, layout: 'offsets' },
  U: { kind: 'binary', text: true, layout: 'large' },
  vu: { kind: 'binary', text: true, layout: 'view' },
  tdD: { kind: 'date', unit: 'day' },
  tdm: { kind: 'date', unit: 'ms' },
  tiM: { kind: 'interval', unit: 'months' },
  tiD: { kind: 'interval', unit: 'dayTime' },
  tin: { kind: 'interval', unit: 'monthDayNano' },
};

const UNITS: Readonly<Record<string, TimeUnit>> = { s: 's', m: 'ms', u: 'us', n: 'ns' };

function parseFormat(format: string, children: readonly ArrowField[]): ArrowType {
  const plain = PLAIN[format];
  if (plain !== undefined) return plain;
  const unit = UNITS[format.charAt(2)];
  if (unit !== undefined) {
    const bits = unit === 's' || unit === 'ms' ? 32 : 64;
    if (format.startsWith('tt')) return { kind: 'time', unit, bits };
    if (format.startsWith('tD')) return { kind: 'duration', unit, bits: 64 };
    if (format.startsWith('ts'))
      return { kind: 'timestamp', unit, zone: format.slice(4) === '' ? null : format.slice(4) };
  }
  const [item] = children;
  if (format.startsWith('d:')) {
    const [precision = 0, scale = 0, bits = 128] = format.slice(2).split(',').map(Number);
    return { kind: 'decimal', precision, scale, bits: bits as 128 };
  }
  if (format.startsWith('w:')) return { kind: 'fixed', width: Number(format.slice(2)) };
  if (format === '+s') return { kind: 'struct', fields: children };
  if (item !== undefined) {
    if (format === '+l' || format === '+L') return { kind: 'list', large: format === '+L', item };
    if (format.startsWith('+w:')) return { kind: 'fixedList', size: Number(format.slice(3)), item };
    if (format === '+m') return { kind: 'map', entries: item };
  }
  return { kind: 'other', name: `the Arrow type "${format}"` };
}

/** Dictionaries met before, by where they lie: arrays of one table share them, and what is derived from them. */
export type FfiDictionaries = Map<string, readonly ArrowArray[]>;

/** The array at an address; sizes of buffers follow from its type and length. */
export function ffiArray(m: WasmView, at: number, type: ArrowType, shared: FfiDictionaries): ArrowArray {
  const length = count(m, at);
  const offset = count(m, at + 16);
  const rows = length + offset;
  const buffers = pointers(m, pointer(m, at + 40), count(m, at + 24));
  const view = (i: number, bytes: number): Uint8Array => {
    const p = buffers[i] ?? 0;
    return p === 0 ? new Uint8Array(0) : m.bytes.subarray(p, p + bytes);
  };
  const types = childTypes(type);
  const children = pointers(m, pointer(m, at + 44), count(m, at + 32)).map((p, i) =>
    ffiArray(m, p, types[i] as ArrowType, shared),
  );
  const dictionary = pointer(m, at + 48);
  if (type.kind === 'dictionary' && dictionary === 0) throw new EngineBug('a dictionary array without its dictionary');
  return {
    type,
    length,
    offset,
    nullCount: count(m, at + 8),
    validity: (buffers[0] ?? 0) === 0 || type.kind === 'null' ? null : view(0, (rows + 7) >> 3),
    ...buffersOf(type, rows, view, m, buffers),
    children,
    dictionary: type.kind === 'dictionary' ? ffiDictionary(m, dictionary, type.value, shared) : null,
  };
}

function ffiDictionary(m: WasmView, at: number, type: ArrowType, shared: FfiDictionaries): readonly ArrowArray[] {
  const buffers = pointers(m, pointer(m, at + 40), count(m, at + 24));
  const key = `${count(m, at)} ${count(m, at + 16)} ${buffers.join(' ')}`;
  const known = shared.get(key) ?? [ffiArray(m, at, type, shared)];
  shared.set(key, known);
  return known;
}

function childTypes(type: ArrowType): readonly ArrowType[] {
  if (type.kind === 'list' || type.kind === 'fixedList') return [type.item.type];
  if (type.kind === 'map') return [type.entries.type];
  return type.kind === 'struct' ? type.fields.map((f) => f.type) : [];
}

function buffersOf(
  type: ArrowType,
  rows: number,
  view: (i: number, bytes: number) => Uint8Array,
  m: WasmView,
  buffers: readonly number[],
): Pick<ArrowArray, 'data' | 'offsets' | 'variadic'> {
  const none = new Uint8Array(0);
  if (type.kind === 'binary' && type.layout === 'view') {
    const lengths = buffers[buffers.length - 1] as number;
    const variadic = buffers.slice(2, -1).map((_, i) => view(i + 2, count(m, lengths + 8 * i)));
    return { data: view(1, rows * 16), offsets: null, variadic };
  }
  const wide = (type.kind === 'binary' && type.layout === 'large') || (type.kind === 'list' && type.large);
  if (type.kind === 'binary' || type.kind === 'list' || type.kind === 'map') {
    const offsets = view(1, (rows + 1) * (wide ? 8 : 4));
    if (type.kind !== 'binary' || offsets.length === 0) return { data: none, offsets, variadic: [] };
    const end = new DataView(offsets.buffer, offsets.byteOffset, offsets.byteLength);
    const bytes = wide ? Number(end.getBigInt64(rows * 8, true)) : end.getInt32(rows * 4, true);
    return { data: view(2, bytes), offsets, variadic: [] };
  }
  return { data: view(1, Math.ceil((rows * bitWidth(type)) / 8)), offsets: null, variadic: [] };
}

/** Bits a row takes in the values buffer; 0 where there is none. */
export function bitWidth(type: ArrowType): number {
  switch (type.kind) {
    case 'bool':
      return 1;
    case 'int':
    case 'float':
    case 'decimal':
    case 'time':
    case 'duration':
      return type.bits;
    case 'timestamp':
      return 64;
    case 'fixed':
      return type.width * 8;
    case 'date':
      return type.unit === 'day' ? 32 : 64;
    case 'interval':
      return type.unit === 'months' ? 32 : type.unit === 'dayTime' ? 64 : 128;
    case 'dictionary':
      return type.index.bits;
    default:
      return 0;
  }
}
