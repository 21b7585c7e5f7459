/**
 * Layout of an encoded value: header (four 32-bit words), the places of its ArrayBuffers (two doubles each: offset among the parts, bytes), the text of V8's
 * serializer, then the parts: the bytes of typed arrays, DataViews and buffers, each at a multiple of PART_ALIGN from the value's start. The text refers
 * to its parts by their offset from the first.
 */
export const MAGIC = 0x31564c46;
export const HEADER_BYTES = 16;
export const BUFFER_ENTRY_BYTES = 16;
/** Covers every element size and a cache line. */
export const PART_ALIGN = 64;
/** Header flag: Arrow values are inside, apache-arrow must be loaded to decode. */
export const HAS_ARROW = 1;

export const alignPart = (n: number): number => Math.ceil(n / PART_ALIGN) * PART_ALIGN;

/** What a host object in the text is; below FIRST_OTHER: an array of `VIEW_KINDS`. */
export const FIRST_OTHER = 32;
export const HOLE = 32;
export const ARROW = 33;
export const SHARED = 34;
/** A view whose size was not known when its text was written: the bytes it has stand behind the room for it, as a double. */
export const LATE = 35;
export const LATE_BYTES = 8;

interface ViewConstructor {
  new (buffer: ArrayBufferLike, offset: number, length: number): ArrayBufferView;
  readonly BYTES_PER_ELEMENT?: number;
}

const FLOAT16 = 'Float16Array';

/** Numbers are part of the layout: new kinds go to the end. Float16Array is there from Node 24. */
const VIEW_NAMES = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'DataView',
  'Buffer',
  FLOAT16,
];
const BUFFER_KIND = VIEW_NAMES.indexOf('Buffer');
const DATA_VIEW_KIND = VIEW_NAMES.indexOf('DataView');
const KIND_OF = new Map(VIEW_NAMES.map((name, kind) => [name, kind]));
const CONSTRUCTORS = VIEW_NAMES.map((name) => (globalThis as Record<string, unknown>)[name]) as ViewConstructor[];

/** Number of a view's kind: subclasses count as what they extend. */
export function viewKind(view: ArrayBufferView): number {
  if (Buffer.isBuffer(view)) return BUFFER_KIND;
  if (view instanceof DataView) return DATA_VIEW_KIND;
  return KIND_OF.get((view as Uint8Array)[Symbol.toStringTag]) as number;
}

/** Element size of a kind of view. */
export function kindBytes(kind: number): number {
  return CONSTRUCTORS[kind]?.BYTES_PER_ELEMENT ?? 1;
}

/** A view of the kind over `bytes` bytes of memory. */
export function makeView(kind: number, buffer: ArrayBufferLike, offset: number, bytes: number): ArrayBufferView {
  if (kind === BUFFER_KIND) return Buffer.from(buffer, offset, bytes);
  const View = CONSTRUCTORS[kind];
  if (View === undefined) throw new TypeError(`${VIEW_NAMES[kind]} is not known to this version of Node`);
  return new View(buffer, offset, bytes / kindBytes(kind));
}
