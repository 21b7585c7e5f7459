import type { Validity } from '../batch/bitmap.ts';
import { ALL_VALID, andBits, copyBits, getBit, validityOf } from '../batch/bitmap.ts';
import { mapEntry } from '../batch/build.ts';
import type { Column, I64Column, ListColumn, Utf8Column } from '../batch/column.ts';
import { concatColumns } from '../batch/concat.ts';
import { distinctEntries } from '../batch/dictionary.ts';
import { gatherColumn, MAX_OFFSET, tooLong } from '../batch/gather.ts';
import { widthOfI64, wordsOf } from '../batch/ints.ts';
import { EngineBug } from '../errors.ts';
import { copyInto } from '../kernels/copy.ts';
import { heapScratch } from '../memory/heap_scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { DataType } from '../types.ts';
import type { ArrowArray } from './arrow_types.ts';
import { logicalType } from './arrow_types.ts';
import {
  decimalColumn,
  float16Values,
  intervalWords,
  longs,
  malformed,
  narrowWords,
  scaleWords,
  u64Misfit,
  viewColumn,
} from './arrow_values.ts';

/**
 * Copies rows [from, to) of an Arrow array into scratch as a column of its logical type (arrow_types.ts: logicalType).
 * RunError FLOW7003 when the array is inconsistent, FLOW7004 when a value does not fit our type.
 */
export function importColumn(a: ArrowArray, from: number, to: number, scratch: Scratch): Column {
  const type = logicalType(a.type);
  if (type === null) throw new EngineBug(`reading the unsupported Arrow type ${a.type.kind}`);
  const length = to - from;
  const start = a.offset + from;
  if (a.type.kind === 'null') return { type, phys: 'null', length, nullCount: length, validity: null };
  const valid = importValidity(a, start, length, scratch);
  return importValues(a, type, start, length, valid, scratch);
}

function importValidity(a: ArrowArray, start: number, n: number, scratch: Scratch): Validity {
  if (a.validity === null || a.nullCount === 0 || a.validity.length === 0) return ALL_VALID;
  if (a.validity.length * 8 < start + n) throw malformed('a validity bitmap is too short');
  const bits = scratch.bitmap(n, false);
  copyBits(a.validity, start, bits, 0, n);
  return validityOf(bits, n);
}

function importValues(
  a: ArrowArray,
  type: DataType,
  start: number,
  n: number,
  valid: Validity,
  scratch: Scratch,
): Column {
  const t = a.type;
  const base = { type, length: n, ...valid };
  const own = a.own === true;
  switch (t.kind) {
    case 'bool': {
      if (a.data.length * 8 < start + n) throw malformed('a buffer of booleans is too short');
      const values = scratch.bitmap(n, false);
      copyBits(a.data, start, values, 0, n);
      return { ...base, phys: 'bool', values };
    }
    case 'int':
      return importInts(a, t.bits, t.signed, start, n, base, scratch);
    case 'float': {
      if (own && t.bits === 64) return { ...base, phys: 'f64', values: typed(Float64Array, a.data, start, n) };
      const values = scratch.f64(n);
      if (t.bits === 64) wordsOf(values).set(typed(Int32Array, a.data, 2 * start, 2 * n));
      else if (t.bits === 32) values.set(typed(Float32Array, a.data, start, n));
      else float16Values(typed(Uint16Array, a.data, start, n), values);
      return { ...base, phys: 'f64', values };
    }
    case 'decimal':
      return decimalColumn(base, typed(Int32Array, a.data, (start * t.bits) / 32, (n * t.bits) / 32), t, own, scratch);
    case 'date': {
      if (own && t.unit === 'day') return { ...base, phys: 'i32', values: typed(Int32Array, a.data, start, n) };
      const values = scratch.i32(n);
      if (t.unit === 'day') values.set(typed(Int32Array, a.data, start, n));
      else {
        const days = typed(BigInt64Array, a.data, start, n);
        for (let i = 0; i < n; i++) values[i] = Math.floor(Number(days[i]) / 86400000);
      }
      return { ...base, phys: 'i32', values };
    }
    case 'time':
    case 'timestamp':
      return importMicros(a, t.unit, t.kind === 'time' && t.bits === 32, start, n, base, scratch);
    case 'interval':
    case 'duration':
      return {
        ...base,
        phys: 'interval',
        values: intervalWords(t, (width) => typed(Int32Array, a.data, start * width, n * width), n, scratch),
      };
    case 'binary':
      if (t.layout === 'view')
        return viewColumn(base, typed(Int32Array, a.data, 4 * start, 4 * n), a.variadic, scratch);
      return importBytes(a, t.layout === 'large', start, n, base, scratch);
    case 'fixed': {
      const offsets = scratch.i32(n + 1);
      if (n * t.width > MAX_OFFSET) throw tooLong('The values');
      for (let i = 0; i <= n; i++) offsets[i] = i * t.width;
      const bytes = scratch.u8(n * t.width);
      bytes.set(typed(Uint8Array, a.data, start * t.width, n * t.width));
      return { ...base, phys: 'utf8', offsets, bytes };
    }
    case 'dictionary':
      return importDictionary(a, start, n, base, scratch);
    default:
      return importNested(a, start, n, base, scratch);
  }
}

type Base = { readonly type: DataType; readonly length: number } & Validity;

interface TypedKind<A> {
  new (buffer: ArrayBufferLike, offset: number, length: number): A;
  readonly BYTES_PER_ELEMENT: number;
}

/** Elements [from, from + n) of a buffer as a typed array; copied when the buffer is not aligned. */
export function typed<A>(kind: TypedKind<A>, bytes: Uint8Array, from: number, n: number): A {
  const size = kind.BYTES_PER_ELEMENT;
  if ((from + n) * size > bytes.length) throw malformed('a buffer is too short');
  const at = bytes.byteOffset + from * size;
  if (at % size === 0) return new kind(bytes.buffer, at, n);
  return new kind(new Uint8Array(bytes.subarray(from * size, (from + n) * size)).buffer, 0, n);
}

function importInts(
  a: ArrowArray,
  bits: number,
  signed: boolean,
  start: number,
  n: number,
  base: Base,
  scratch: Scratch,
): Column {
  if (bits === 64) {
    const words = typed(Int32Array, a.data, 2 * start, 2 * n);
    if (!signed) u64Misfit(words, n, base.validity);
    return narrowWords(base, words, a.own === true, scratch);
  }
  if (bits === 32 && signed && a.own === true)
    return { ...base, phys: 'i32', values: typed(Int32Array, a.data, start, n) };
  if (bits === 32 && !signed) {
    const values = typed(Uint32Array, a.data, start, n);
    const words = new Int32Array(2 * n);
    for (let i = 0; i < n; i++) words[2 * i] = values[i] as number;
    return narrowWords(base, words, false, scratch);
  }
  const values = scratch.i32(n);
  if (bits === 32) values.set(typed(Int32Array, a.data, start, n));
  else if (bits === 16) values.set(signed ? typed(Int16Array, a.data, start, n) : typed(Uint16Array, a.data, start, n));
  else values.set(signed ? typed(Int8Array, a.data, start, n) : typed(Uint8Array, a.data, start, n));
  return { ...base, phys: 'i32', values };
}

function importMicros(
  a: ArrowArray,
  unit: 's' | 'ms' | 'us' | 'ns',
  narrow: boolean,
  start: number,
  n: number,
  base: Base,
  scratch: Scratch,
): I64Column {
  const values = narrow ? scratch.i64(n) : longs(typed(Int32Array, a.data, 2 * start, 2 * n), a.own === true, scratch);
  const out = wordsOf(values);
  if (narrow) {
    const from = typed(Int32Array, a.data, start, n);
    for (let i = 0; i < n; i++) {
      out[2 * i] = from[i] as number;
      out[2 * i + 1] = (from[i] as number) >> 31;
    }
  }
  scaleWords(out, unit, base.validity);
  return { ...base, phys: 'i64', values, wide: widthOfI64(out, n, base.validity) === 'wide' };
}

/** Offsets of `n` rows from row `start` on, made to begin at 0, and where they began. */
function importOffsets(
  a: ArrowArray,
  large: boolean,
  start: number,
  n: number,
  limit: number,
  scratch: Scratch,
): { offsets: Int32Array; first: number } {
  const offsets = scratch.i32(n + 1);
  offsets[0] = 0;
  const source = a.offsets ?? new Uint8Array(0);
  if (n === 0 || source.length === 0) {
    if (n > 0) throw malformed('offsets are missing');
    return { offsets, first: 0 };
  }
  const words = typed(Int32Array, source, large ? 2 * start : start, large ? 2 * (n + 1) : n + 1);
  const at = large
    ? (i: number): number => (words[2 * i + 1] as number) * 4294967296 + ((words[2 * i] as number) >>> 0)
    : (i: number): number => words[i] as number;
  const first = at(0);
  let last = first;
  if (first < 0) throw malformed('offsets are negative');
  for (let i = 1; i <= n; i++) {
    const v = at(i);
    if (v < last || v > limit) throw malformed('offsets are out of order or beyond their buffer');
    if (v - first > MAX_OFFSET) throw tooLong('The strings or items');
    offsets[i] = v - first;
    last = v;
  }
  return { offsets, first };
}

function importBytes(
  a: ArrowArray,
  large: boolean,
  start: number,
  n: number,
  base: Base,
  scratch: Scratch,
): Utf8Column {
  const { offsets, first } = importOffsets(a, large, start, n, a.data.length, scratch);
  const total = offsets[n] as number;
  if (a.own === true) return { ...base, phys: 'utf8', offsets, bytes: a.data.subarray(first, first + total) };
  const bytes = scratch.u8(total);
  copyInto(bytes, a.data.subarray(first, first + total));
  return { ...base, phys: 'utf8', offsets, bytes };
}

function importNested(a: ArrowArray, start: number, n: number, base: Base, scratch: Scratch): Column {
  const t = a.type;
  if (t.kind === 'struct') {
    return { ...base, phys: 'struct', children: a.children.map((c) => importColumn(c, start, start + n, scratch)) };
  }
  const child = a.children[0];
  if (child === undefined) throw malformed('a list has no items array');
  if (t.kind === 'fixedList') {
    const offsets = scratch.i32(n + 1);
    for (let i = 0; i <= n; i++) offsets[i] = i * t.size;
    return {
      ...base,
      phys: 'list',
      offsets,
      child: importColumn(child, start * t.size, (start + n) * t.size, scratch),
    };
  }
  const { offsets, first } = importOffsets(a, t.kind === 'list' && t.large, start, n, child.length, scratch);
  const items = importColumn(child, first, first + (offsets[n] as number), scratch);
  const list: ListColumn = { ...base, phys: 'list', offsets, child: items };
  return base.type.kind === 'map' ? { ...list, child: { ...items, type: mapEntry(base.type) } } : list;
}

interface Entries {
  readonly column: Column;
  /** Code of each entry among the distinct ones; null when all are distinct. */
  readonly codes: Int32Array | null;
}

/** Dictionaries on the heap, made once: the batches of a file share theirs. */
const dictionaries = new WeakMap<readonly ArrowArray[], Entries>();

function entriesOf(pieces: readonly ArrowArray[], type: DataType): Entries {
  let known = dictionaries.get(pieces);
  if (known === undefined) {
    const heap = heapScratch();
    const column = concatColumns(
      pieces.map((p) => importColumn(p, 0, p.length, heap)),
      type,
      heap,
    );
    known = { column, codes: null };
    if (type.kind === 'string' && column.phys === 'utf8' && column.nullCount === 0) {
      const distinct = distinctEntries(column, heap);
      if (distinct.dictionary.length < column.length) known = { column: distinct.dictionary, codes: distinct.codes };
    }
    dictionaries.set(pieces, known);
  }
  return known;
}

function importDictionary(a: ArrowArray, start: number, n: number, base: Base, scratch: Scratch): Column {
  if (a.dictionary === null || a.type.kind !== 'dictionary') throw malformed('a dictionary is missing');
  const index = importInts(
    a,
    a.type.index.bits,
    a.type.index.signed,
    start,
    n,
    { ...base, type: { kind: 'int' } },
    scratch,
  );
  if (index.phys !== 'i32') throw malformed('a dictionary index is out of range');
  const { column, codes: distinct } = entriesOf(a.dictionary, base.type);
  const size = a.dictionary.reduce((sum, p) => sum + p.length, 0);
  const codes = index.values;
  for (let i = 0; i < n; i++) {
    const code = codes[i] as number;
    const known = code >= 0 && code < size;
    if (!known && (base.validity === null || getBit(base.validity, i)))
      throw malformed('a dictionary index is out of range');
    // Under a null anything may stand: an empty dictionary leaves only "no row".
    codes[i] = known ? (distinct === null ? code : (distinct[code] as number)) : size > 0 ? 0 : -1;
  }
  if (
    base.type.kind === 'string' &&
    column.phys === 'utf8' &&
    column.nullCount === 0 &&
    size > 0 &&
    column.length <= Math.max(n, 256)
  ) {
    return { ...base, phys: 'dict', codes, dictionary: column };
  }
  const values = gatherColumn(column, new Uint32Array(codes.buffer, codes.byteOffset, n), n, scratch);
  if (base.validity === null) return values;
  const bits = scratch.bitmap(n, true);
  andBits(bits, base.validity);
  if (values.validity !== null) andBits(bits, values.validity);
  return { ...values, ...validityOf(bits, n) } as Column;
}
