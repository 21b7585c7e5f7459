import { copyInto } from '../kernels/copy.ts';
import { kernelsFor } from '../kernels/load.ts';
import type { Scratch } from '../memory/types.ts';
import type { DataType, Field, Schema } from '../types.ts';
import type { Validity } from './bitmap.ts';
import { ALL_VALID, copyBits, fillOnes, validityOf } from './bitmap.ts';
import { nullColumn } from './build.ts';
import type {
  Batch,
  BoolColumn,
  Column,
  DictColumn,
  F64Column,
  I32Column,
  I64Column,
  I128Column,
  IntervalColumn,
  ListColumn,
  StructColumn,
  Utf8Column,
} from './column.ts';
import { distinctEntries } from './dictionary.ts';
import { copyBytes, gatherColumn, MAX_OFFSET, tooLong } from './gather.ts';
import { widen } from './ints.ts';
import { shift } from './layout.ts';
import { sliceColumn } from './slice.ts';

/** Rows that share an entry, at least, for a dictionary of short strings to be worth making: below that, writing them out is cheaper, and so is reading them. */
const ROWS_PER_ENTRY = 2;
/** Bytes of a string up to which it takes little more room than the code that stands for it. */
const SHORT_STRING = 24;

/** Whether `rows` rows with strings from these dictionaries, of which they use `entries` at most, are better off without. */
export function writesOut(dictionaries: readonly Utf8Column[], entries: number, rows: number): boolean {
  let [bytes, count] = [0, 0];
  for (const d of dictionaries) {
    bytes += (d.offsets[d.length] as number) - (d.offsets[0] as number);
    count += d.length;
  }
  return (bytes <= SHORT_STRING * count ? ROWS_PER_ENTRY : 1) * entries > rows;
}

/** The batches one after another as one batch in scratch. Differing physical forms of a column become the narrowest common one. */
export function concatBatches(batches: readonly Batch[], schema: Schema, scratch: Scratch): Batch {
  const [first] = batches;
  if (batches.length === 1 && first !== undefined) return first;
  return {
    schema,
    rows: batches.reduce((n, b) => n + b.rows, 0),
    columns: schema.map((f: Field, i) =>
      concatColumns(
        batches.map((b) => b.columns[i] as Column),
        f.type,
        scratch,
      ),
    ),
  };
}

/** As concatBatches, for one column. */
export function concatColumns(all: readonly Column[], type: DataType, scratch: Scratch): Column {
  const cols = all.filter((c) => c.length > 0);
  const [first] = cols.length > 0 ? cols : all;
  if (first === undefined) return nullColumn(type, 0, scratch);
  if (cols.length <= 1) return first;
  const rows = cols.reduce((n, c) => n + c.length, 0);
  if (cols.every((c) => c.phys === 'null'))
    return { type, phys: 'null', length: rows, nullCount: rows, validity: null };
  const typed = cols.map((c) => (c.phys === 'null' ? nullColumn(type, c.length, scratch) : c));
  const base = { type, length: rows, ...concatValidity(typed, rows, scratch) };
  const phys = new Set(typed.map((c) => c.phys));
  if (phys.has('i128'))
    return { ...base, phys: 'i128', values: concatWide(typed as IntColumn[], 'i128', rows, scratch) };
  if (phys.has('i64')) {
    const wide = typed.some((c) => c.phys === 'i64' && c.wide);
    return { ...base, phys: 'i64', values: concatWide(typed as IntColumn[], 'i64', rows, scratch), wide };
  }
  if (phys.has('utf8') || phys.has('dict')) return concatText(typed as TextColumn[], base, scratch);
  return concatAlike(typed, base, scratch);
}

type IntColumn = I32Column | I64Column | I128Column;
type TextColumn = Utf8Column | DictColumn;
type Base = { readonly type: DataType; readonly length: number } & Validity;

function concatValidity(cols: readonly Column[], rows: number, scratch: Scratch): Validity {
  if (cols.every((c) => c.validity === null)) return ALL_VALID;
  const bits = scratch.bitmap(rows, false);
  let at = 0;
  for (const c of cols) {
    if (c.validity === null) fillOnes(bits, at, at + c.length);
    else copyBits(c.validity, 0, bits, at, c.length);
    at += c.length;
  }
  return validityOf(bits, rows);
}

/** Columns of one physical form. */
function concatAlike(cols: readonly Column[], base: Base, scratch: Scratch): Column {
  const rows = base.length;
  const kind = (cols[0] as Column).phys;
  switch (kind) {
    case 'bool': {
      const values = scratch.bitmap(rows, false);
      let at = 0;
      for (const c of cols as BoolColumn[]) {
        copyBits(c.values, 0, values, at, c.length);
        at += c.length;
      }
      return { ...base, phys: 'bool', values };
    }
    case 'f64':
      return { ...base, phys: 'f64', values: join(scratch.f64(rows), cols as F64Column[], 1) };
    case 'interval':
      return { ...base, phys: 'interval', values: join(scratch.i32(4 * rows), cols as IntervalColumn[], 4) };
    case 'list': {
      const lists = cols as ListColumn[];
      const offsets = concatOffsets(lists, rows, 'The list items', scratch);
      const item = (lists[0] as ListColumn).child.type;
      const child = concatColumns(
        lists.map((c) => sliceColumn(c.child, c.offsets[0] as number, c.offsets[c.length] as number)),
        item,
        scratch,
      );
      return { ...base, phys: 'list', offsets, child };
    }
    case 'struct': {
      const structs = cols as StructColumn[];
      const children = (structs[0] as StructColumn).children.map((k, i) =>
        concatColumns(
          structs.map((s) => s.children[i] as Column),
          k.type,
          scratch,
        ),
      );
      return { ...base, phys: 'struct', children };
    }
    default:
      return { ...base, phys: 'i32', values: join(scratch.i32(rows), cols as I32Column[], 1) };
  }
}

type Values = Int32Array | Float64Array | BigInt64Array;

function join<A extends Values>(
  out: A,
  cols: readonly { readonly values: A; readonly length: number }[],
  width: number,
): A {
  let at = 0;
  for (const c of cols) {
    copyInto(out, c.values.subarray(0, c.length * width) as A, at);
    at += c.length * width;
  }
  return out;
}

function concatWide(cols: readonly IntColumn[], to: 'i64' | 'i128', rows: number, scratch: Scratch): BigInt64Array {
  const width = to === 'i64' ? 1 : 2;
  const out = scratch.i64(rows * width);
  let at = 0;
  for (const c of cols) {
    const part = out.subarray(at, at + c.length * width);
    const wide = widen(c, to, () => part);
    if (wide.values !== part) copyInto(part, (wide.values as BigInt64Array).subarray(0, c.length * width));
    at += c.length * width;
  }
  return out;
}

function concatOffsets(
  cols: readonly { readonly offsets: Int32Array; readonly length: number }[],
  rows: number,
  what: string,
  scratch: Scratch,
): Int32Array {
  const total = cols.reduce((n, c) => n + (c.offsets[c.length] as number) - (c.offsets[0] as number), 0);
  if (total > MAX_OFFSET) throw tooLong(what);
  const out = scratch.i32(rows + 1);
  let at = 0;
  let end = 0;
  for (const c of cols) {
    const by = end - (c.offsets[0] as number);
    shift(c.offsets, 0, c.length, by, out, at);
    at += c.length;
    end = (c.offsets[c.length] as number) + by;
  }
  out[rows] = end;
  return out;
}

function concatText(cols: readonly TextColumn[], base: Base, scratch: Scratch): Column {
  if (cols.every((c) => c.phys === 'dict')) {
    const merged = concatDicts(cols as DictColumn[], base, scratch);
    if (merged !== null) return merged;
  }
  const flat = cols.map((c) => (c.phys === 'dict' ? flattenDict(c, scratch) : c));
  const offsets = concatOffsets(flat, base.length, 'The strings', scratch);
  const bytes = scratch.u8(offsets[base.length] as number);
  let at = 0;
  for (const c of flat) {
    const from = c.offsets[0] as number;
    const to = c.offsets[c.length] as number;
    copyBytes(c.bytes, from, to, bytes, at);
    at += to - from;
  }
  return { ...base, phys: 'utf8', offsets, bytes };
}

/** The strings of a dictionary column written out. */
export function flattenDict(col: DictColumn, scratch: Scratch): Utf8Column {
  const rows = new Uint32Array(col.codes.buffer, col.codes.byteOffset, col.length);
  const { type, length, nullCount, validity } = col;
  // The code under a null is in range unless the dictionary is empty.
  if (col.dictionary.length === 0) return { ...(nullColumn(type, length, scratch) as Utf8Column) };
  return { ...(gatherColumn(col.dictionary, rows, length, scratch) as Utf8Column), type, nullCount, validity };
}

/** One dictionary over all rows, entries in order of first appearance; null when writing the strings out is likely cheaper. */
function concatDicts(cols: readonly DictColumn[], base: Base, scratch: Scratch): DictColumn | null {
  const dictionaries = [...new Set(cols.map((c) => c.dictionary))];
  const codes = scratch.i32(base.length);
  const [only] = dictionaries;
  if (dictionaries.length === 1 && only !== undefined) {
    let at = 0;
    for (const c of cols) {
      copyInto(codes, c.codes.subarray(0, c.length), at);
      at += c.length;
    }
    return { ...base, phys: 'dict', codes, dictionary: only };
  }
  const entries = dictionaries.reduce((n, d) => n + d.length, 0);
  if (writesOut(dictionaries, entries, base.length)) return null;
  const all = concatText(dictionaries, { type: base.type, length: entries, ...ALL_VALID }, scratch) as Utf8Column;
  const { dictionary, codes: merged } = distinctEntries(all, scratch);
  const starts = new Map<Utf8Column, number>();
  dictionaries.reduce((n, d) => {
    starts.set(d, n);
    return n + d.length;
  }, 0);
  let at = 0;
  for (const c of cols) {
    const start = starts.get(c.dictionary) as number;
    // The code under a null is in range unless the dictionary is empty.
    const known = merged.subarray(start, start + c.dictionary.length);
    if (known.length === 0) codes.fill(0, at, at + c.length);
    else lookUp(known, c.codes.subarray(0, c.length), codes.subarray(at, at + c.length));
    at += c.length;
  }
  if (dictionary.length === 0) return null;
  return { ...base, phys: 'dict', codes, dictionary };
}

/** `to[i] = table[codes[i]]`. */
function lookUp(table: Int32Array, codes: Int32Array, to: Int32Array): void {
  const kernels = kernelsFor(table, codes, to);
  if (kernels === null) for (let i = 0; i < codes.length; i++) to[i] = table[codes[i] as number] as number;
  else kernels.gather_4(table.byteOffset, codes.byteOffset, codes.length, to.byteOffset, 0);
}
