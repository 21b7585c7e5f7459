import { Deserializer, Serializer } from 'node:v8';
import { EngineBug } from '../errors.ts';
import { copyInto } from '../kernels/copy.ts';
import { LateArray } from './late_array.ts';
import { arrowLoaded, describeArrow, isArrow, loadArrow, makeArrow } from './values_arrow.ts';
import {
  ARROW,
  alignPart,
  BUFFER_ENTRY_BYTES,
  FIRST_OTHER,
  HAS_ARROW,
  HEADER_BYTES,
  HOLE,
  kindBytes,
  LATE,
  LATE_BYTES,
  MAGIC,
  makeView,
  SHARED,
  viewKind,
} from './values_layout.ts';
import { Mark, settleMarks } from './values_marks.ts';
import { cannotTravel } from './values_path.ts';
import { scan, withStandIns } from './values_scan.ts';

/** A value ready to be written: `write` fills exactly `bytes` bytes, once, before anything the value refers to changes. */
export interface EncodedValue {
  readonly bytes: number;
  write(into: Uint8Array): void;
}

export interface DecodeOptions {
  /** Typed arrays and buffers get memory of their own. Otherwise they look at the encoded bytes, which must stay while they are used. */
  readonly copy: boolean;
  /** What stands in the holes of an array of arguments. */
  readonly holes?: readonly unknown[];
}

/** Longest string that travels as it is. */
const PLAIN_STRING = 1024;

/** Whether a value travels as it is: undefined, null, booleans, numbers, bigints, short strings. */
export function plainValue(v: unknown): boolean {
  switch (typeof v) {
    case 'undefined':
    case 'boolean':
    case 'number':
    case 'bigint':
      return true;
    case 'string':
      return v.length <= PLAIN_STRING;
    default:
      return v === null;
  }
}

/**
 * Encodes whatever can be cloned by `structuredClone`, and Arrow tables, record batches and vectors, in any nesting; shared members and cycles stay what
 * they are. Instances of classes keep their own fields only; a SharedArrayBuffer becomes a copy. RunError FLOW7013 naming the path of a member
 * that cannot travel. `what` names the value in it.
 */
export function encodeValue(value: unknown, what = 'the value'): EncodedValue {
  return encode(value, what, NO_HOLES);
}

/** As `encodeValue` for an array of arguments, in which refs are replaced by holes. */
export function encodeWithHoles(args: readonly unknown[], holes: Holes): EncodedValue {
  return encode(args, null, holes);
}

export interface Holes {
  readonly isHole: (v: object) => boolean;
  /** Number of the hole. */
  readonly number: (v: object) => number;
}

const NO_HOLES: Holes = { isHole: () => false, number: () => -1 };

function encode(value: unknown, what: string | null, holes: Holes): EncodedValue {
  try {
    const found = scan(value, holes.isHole);
    const writer = new Writer([...found.buffers], found.arrow);
    const root = found.replace ? withStandIns(value, (v) => writer.standIn(v, holes)) : value;
    return writer.run(root);
  } catch (e) {
    throw cannotTravel(value, what, e);
  }
}

/** Stands in the serializer's input for what it cannot write: of views alone it asks us how. */
class StandIn extends Uint8Array {
  readonly source: object;
  readonly hole: number;

  constructor(source: object, hole: number) {
    super(0);
    this.source = source;
    this.hole = hole;
  }
}

class Writer extends Serializer {
  readonly #buffers: readonly ArrayBuffer[];
  readonly #arrow: boolean;
  readonly #parts: { readonly at: number; readonly bytes: number; readonly fill: (into: Uint8Array) => void }[] = [];
  readonly #standIns = new Map<object, StandIn>();
  #size = 0;

  constructor(buffers: readonly ArrayBuffer[], arrow: boolean) {
    super();
    this._setTreatArrayBufferViewsAsHostObjects(true);
    this._getDataCloneError = Error;
    this.#buffers = buffers;
    this.#arrow = arrow;
  }

  standIn(v: object, holes: Holes): object | undefined {
    const hole = holes.isHole(v);
    if (!hole && !(v instanceof SharedArrayBuffer) && !isArrow(v)) return undefined;
    let made = this.#standIns.get(v);
    if (made === undefined) {
      made = new StandIn(v, hole ? holes.number(v) : -1);
      this.#standIns.set(v, made);
    }
    return made;
  }

  run(value: unknown): EncodedValue {
    const places = this.#buffers.map((b, i) => {
      this.transferArrayBuffer(i, b);
      return { at: this.#bytesPart(new Uint8Array(b)), bytes: b.byteLength };
    });
    this.writeHeader();
    this.writeValue(value);
    const text = this.releaseBuffer();
    if (text.length > 0xffffffff) throw new RangeError('its text is longer than 4 GiB');
    const textAt = HEADER_BYTES + BUFFER_ENTRY_BYTES * places.length;
    const end = textAt + text.length;
    const base = this.#parts.length === 0 ? end : alignPart(end);
    return {
      bytes: base + this.#size,
      write: (into) => {
        const head = new DataView(into.buffer, into.byteOffset, textAt);
        [MAGIC, this.#arrow ? HAS_ARROW : 0, text.length, places.length].forEach((word, i) => {
          head.setUint32(4 * i, word, true);
        });
        places.forEach((p, i) => {
          head.setFloat64(HEADER_BYTES + BUFFER_ENTRY_BYTES * i, p.at, true);
          head.setFloat64(HEADER_BYTES + BUFFER_ENTRY_BYTES * i + 8, p.bytes, true);
        });
        into.set(text, textAt);
        // Nothing of what lay in this memory before stays in the value.
        let filled = end;
        for (const p of this.#parts) {
          into.fill(0, filled, base + p.at);
          filled = base + p.at + p.bytes;
          p.fill(into.subarray(base + p.at, filled));
        }
        into.fill(0, filled, base + this.#size);
      },
    };
  }

  #part(bytes: number, fill: (into: Uint8Array) => void): number {
    const at = this.#size;
    this.#parts.push({ at, bytes, fill });
    this.#size = alignPart(at + bytes);
    return at;
  }

  #bytesPart(bytes: Uint8Array): number {
    return this.#part(bytes.length, (into) => copyInto(into, bytes));
  }

  /** Called by the serializer for views, and for objects of Node itself, which are refused. */
  _writeHostObject(v: object): void {
    if (v instanceof StandIn) this.#writeStandIn(v);
    else if (v instanceof LateArray) this.#writeLate(v);
    else if (ArrayBuffer.isView(v)) {
      this.writeUint32(viewKind(v));
      this.#writePart(new Uint8Array(v.buffer, v.byteOffset, v.byteLength));
    } else throw new TypeError(`an object of ${v.constructor?.name ?? 'Node'} is bound to its thread`);
  }

  #writeLate(v: LateArray): void {
    const { room } = v;
    if (v.sized) {
      this.writeUint32(viewKind(v.like));
      this.writeDouble(this.#part(room, (into) => v.place(into)));
    } else {
      this.writeUint32(LATE);
      this.writeUint32(viewKind(v.like));
      this.writeDouble(this.#part(room + LATE_BYTES, (into) => v.place(into.subarray(0, room), fillRest(into, room))));
    }
    this.writeDouble(room);
  }

  #writeStandIn({ source, hole }: StandIn): void {
    if (hole >= 0) {
      this.writeUint32(HOLE);
      this.writeUint32(hole);
    } else if (source instanceof SharedArrayBuffer) {
      this.writeUint32(SHARED);
      this.#writePart(new Uint8Array(source));
    } else {
      this.writeUint32(ARROW);
      this.writeValue(describeArrow(source));
    }
  }

  #writePart(bytes: Uint8Array): void {
    this.writeDouble(this.#bytesPart(bytes));
    this.writeDouble(bytes.length);
  }
}

/** Told how much of its room a late array took: notes it behind the room. */
function fillRest(into: Uint8Array, room: number): (bytes: number) => void {
  return (bytes) => {
    // Nothing of what lay there before stays.
    into.fill(0, bytes, room);
    new DataView(into.buffer, into.byteOffset + room, LATE_BYTES).setFloat64(0, bytes, true);
  };
}

/** null when `decodeValue` may be called for these bytes now; otherwise what to wait for: apache-arrow is being loaded. */
export function readyToDecode(bytes: Uint8Array): Promise<void> | null {
  const flags = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES).getUint32(4, true);
  return (flags & HAS_ARROW) === 0 || arrowLoaded() ? null : loadArrow();
}

/** The value of `encodeValue`'s bytes. Typed arrays, DataViews and Arrow buffers are views on the bytes unless `copy`; ArrayBuffers are always copies. */
export function decodeValue(bytes: Uint8Array, options: DecodeOptions): unknown {
  const head = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  if (head.getUint32(0, true) !== MAGIC) throw new EngineBug('bytes are read as a value that are none');
  const textBytes = head.getUint32(8, true);
  const buffers = head.getUint32(12, true);
  const textAt = HEADER_BYTES + BUFFER_ENTRY_BYTES * buffers;
  const text = bytes.subarray(textAt, textAt + textBytes);
  const parts = bytes.subarray(Math.min(bytes.length, alignPart(textAt + textBytes)));
  const reader = new Reader(text, parts, options);
  const places = new DataView(bytes.buffer, bytes.byteOffset + HEADER_BYTES, BUFFER_ENTRY_BYTES * buffers);
  for (let i = 0; i < buffers; i++) {
    const at = places.getFloat64(BUFFER_ENTRY_BYTES * i, true);
    const size = places.getFloat64(BUFFER_ENTRY_BYTES * i + 8, true);
    reader.transferArrayBuffer(i, ownCopy(parts.subarray(at, at + size)));
  }
  reader.readHeader();
  const value: unknown = reader.readValue();
  if (reader.marked) settleMarks(value, options.holes ?? []);
  return value;
}

function ownCopy(bytes: Uint8Array): ArrayBuffer {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy.buffer;
}

class Reader extends Deserializer {
  readonly #parts: Uint8Array;
  readonly #options: DecodeOptions;
  /** By hole. */
  readonly #marks = new Map<number, Mark>();

  constructor(text: Uint8Array, parts: Uint8Array, options: DecodeOptions) {
    super(text);
    this.#parts = parts;
    this.#options = options;
  }

  _readHostObject(): unknown {
    const kind = this.readUint32();
    if (kind < FIRST_OTHER) return this.#view(kind);
    if (kind === LATE) return this.#late(this.readUint32());
    if (kind === HOLE) return this.#hole(this.readUint32());
    if (kind === ARROW) return makeArrow(this.readValue());
    const part = this.#part();
    const shared = new SharedArrayBuffer(part.length);
    new Uint8Array(shared).set(part);
    return shared;
  }

  /** Whether there are marks in what was read. */
  get marked(): boolean {
    return this.#marks.size > 0;
  }

  #hole(i: number): unknown {
    const value = this.#options.holes?.[i];
    if (typeof value === 'object' && value !== null) return value;
    const mark = this.#marks.get(i) ?? new Mark(value);
    this.#marks.set(i, mark);
    return mark;
  }

  #part(): Uint8Array {
    const at = this.readDouble();
    return this.#parts.subarray(at, at + this.readDouble());
  }

  #late(kind: number): ArrayBufferView {
    const at = this.readDouble();
    const room = this.readDouble();
    const behind = this.#parts.byteOffset + at + room;
    const bytes = new DataView(this.#parts.buffer, behind, LATE_BYTES).getFloat64(0, true);
    return this.#viewOf(kind, this.#parts.subarray(at, at + bytes));
  }

  #view(kind: number): ArrayBufferView {
    return this.#viewOf(kind, this.#part());
  }

  #viewOf(kind: number, part: Uint8Array): ArrayBufferView {
    // Bytes that came in a message may lie at any offset.
    if (this.#options.copy || part.byteOffset % kindBytes(kind) !== 0) {
      return makeView(kind, ownCopy(part), 0, part.length);
    }
    return makeView(kind, part.buffer, part.byteOffset, part.length);
  }
}
