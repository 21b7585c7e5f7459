import { copyInto, fillBytes } from '../kernels/copy.ts';
import type { Scratch } from '../memory/types.ts';
import type { DataType, Schema } from '../types.ts';
import { bitmapBytes, copyBits, countOnes, fillOnes } from './bitmap.ts';
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
  Utf8Column,
} from './column.ts';
import { concatColumns, flattenDict, writesOut } from './concat.ts';
import { copyBytes, MAX_OFFSET, tooLong } from './gather.ts';
import { bytesOf, int32, Layout, shift } from './layout.ts';
import { sliceColumn } from './slice.ts';

/** Rows [from, to) of a batch. */
export interface BatchPart {
  readonly batch: Batch;
  readonly from: number;
  readonly to: number;
}

interface ColumnPart<C extends Column = Column> {
  readonly column: C;
  readonly from: number;
  readonly to: number;
}

/**
 * Layout of the parts one after another as one batch: concatenation and encoding in one copy. Forms of columns that differ between
 * parts, and nested ones, are brought together in `scratch` first; the scratch and the parts must live until the layout is written.
 */
export function layoutOfParts(parts: readonly BatchPart[], schema: Schema, scratch: Scratch): Layout {
  const rows = parts.reduce((n, p) => n + p.to - p.from, 0);
  const layout = new Layout(rows, schema.length);
  schema.forEach((f, i) => {
    addColumn(
      layout,
      parts.map((p) => ({ column: p.batch.columns[i] as Column, from: p.from, to: p.to })),
      rows,
      f.type,
      scratch,
    );
  });
  return layout;
}

function addColumn(layout: Layout, parts: readonly ColumnPart[], rows: number, type: DataType, scratch: Scratch): void {
  const phys = parts[0]?.column.phys;
  if (
    phys === undefined ||
    phys === 'null' ||
    phys === 'list' ||
    phys === 'struct' ||
    parts.some((p) => p.column.phys !== phys)
  ) {
    layout.column(joined(parts, type, scratch));
    return;
  }
  switch (phys) {
    case 'bool':
      startNode(layout, parts, rows);
      addBits(
        layout,
        parts.map((p) => ({ bits: (p.column as BoolColumn).values, from: p.from, to: p.to })),
        rows,
      );
      break;
    case 'i32':
    case 'i64':
    case 'f64':
      startNode(layout, parts, rows);
      addValues(layout, parts as ColumnPart<I32Column | I64Column | F64Column>[], rows, 1);
      break;
    case 'i128':
      startNode(layout, parts, rows);
      addValues(layout, parts as ColumnPart<I128Column>[], rows, 2);
      break;
    case 'interval':
      startNode(layout, parts, rows);
      addValues(layout, parts as ColumnPart<IntervalColumn>[], rows, 4);
      break;
    case 'utf8':
      addText(layout, parts as ColumnPart<Utf8Column>[], rows);
      break;
    case 'dict':
      addDict(layout, parts as ColumnPart<DictColumn>[], rows, type, scratch);
      break;
  }
}

function joined(parts: readonly ColumnPart[], type: DataType, scratch: Scratch): Column {
  return concatColumns(
    parts.map((p) => sliceColumn(p.column, p.from, p.to)),
    type,
    scratch,
  );
}

/** The node of parts of one form, with their validity. */
function startNode(layout: Layout, parts: readonly ColumnPart[], rows: number): void {
  let nulls = 0;
  let wide = false;
  for (const { column, from, to } of parts) {
    if (column.validity !== null) nulls += to - from - countOnes(column.validity, from, to);
    if (column.phys === 'i64' && column.wide) wide = true;
  }
  layout.node((parts[0] as ColumnPart).column.phys, rows, nulls, nulls > 0, wide);
  if (nulls > 0)
    addBits(
      layout,
      parts.map((p) => ({ bits: p.column.validity, from: p.from, to: p.to })),
      rows,
    );
}

/** Bitmaps joined; `bits` null = all ones. */
function addBits(
  layout: Layout,
  parts: readonly { readonly bits: Uint8Array | null; readonly from: number; readonly to: number }[],
  rows: number,
): void {
  layout.buffer(bitmapBytes(rows), (out) => {
    fillBytes(out, 0);
    let at = 0;
    for (const { bits, from, to } of parts) {
      if (bits === null) fillOnes(out, at, at + to - from);
      else copyBits(bits, from, out, at, to - from);
      at += to - from;
    }
  });
}

/** Fixed-width values, `per` array elements a row. */
function addValues(
  layout: Layout,
  parts: readonly ColumnPart<I32Column | I64Column | F64Column | I128Column | IntervalColumn>[],
  rows: number,
  per: number,
): void {
  const width = (parts[0] as ColumnPart<I32Column>).column.values.BYTES_PER_ELEMENT * per;
  layout.buffer(rows * width, (out) => {
    let at = 0;
    for (const { column, from, to } of parts) {
      copyInto(out, bytesOf(column.values, from * per, to * per), at);
      at += (to - from) * width;
    }
  });
}

function addText(layout: Layout, parts: readonly ColumnPart<Utf8Column>[], rows: number): void {
  let total = 0;
  for (const { column, from, to } of parts) total += (column.offsets[to] as number) - (column.offsets[from] as number);
  if (total > MAX_OFFSET) throw tooLong('The strings');
  startNode(layout, parts, rows);
  layout.buffer(4 * (rows + 1), (out) => {
    const offsets = int32(out);
    let at = 0;
    let end = 0;
    for (const { column, from, to } of parts) {
      const by = end - (column.offsets[from] as number);
      shift(column.offsets, from, to, by, offsets, at);
      at += to - from;
      end = (column.offsets[to] as number) + by;
    }
    offsets[rows] = end;
  });
  layout.buffer(total, (out) => {
    let at = 0;
    for (const { column, from, to } of parts) {
      const [first, last] = [column.offsets[from] as number, column.offsets[to] as number];
      copyInto(out, column.bytes.subarray(first, last), at);
      at += last - first;
    }
  });
}

/** Parts of one dictionary keep it, cut to the entries in use when those are fewer rows than entries; others are merged. Short strings that few rows share are written out. */
function addDict(
  layout: Layout,
  parts: readonly ColumnPart<DictColumn>[],
  rows: number,
  type: DataType,
  scratch: Scratch,
): void {
  const { dictionary } = (parts[0] as ColumnPart<DictColumn>).column;
  if (fewShare(parts, rows)) {
    const texts = parts.map((p) => flattenDict(sliceColumn(p.column, p.from, p.to) as DictColumn, scratch));
    addText(
      layout,
      texts.map((column) => ({ column, from: 0, to: column.length })),
      rows,
    );
    return;
  }
  if (parts.some((p) => p.column.dictionary !== dictionary)) {
    const merged = joined(
      parts.map((p) => ({ ...p, column: cutDictionary(p.column, p.from, p.to, scratch), from: 0, to: p.to - p.from })),
      type,
      scratch,
    );
    layout.column(merged);
    return;
  }
  if (rows < dictionary.length) {
    const all = joined(parts, type, scratch) as DictColumn;
    layout.column(cutDictionary(all, 0, rows, scratch));
    return;
  }
  startNode(layout, parts, rows);
  layout.buffer(4 * rows, (out) => {
    const codes = int32(out);
    let at = 0;
    for (const { column, from, to } of parts) {
      copyInto(codes, column.codes.subarray(from, to), at);
      at += to - from;
    }
  });
  layout.column(dictionary);
}

/** Whether so few of the parts' rows can share an entry that their strings are better written out. */
function fewShare(parts: readonly ColumnPart<DictColumn>[], all: number): boolean {
  const rows = new Map<Utf8Column, number>();
  for (const { column, from, to } of parts) rows.set(column.dictionary, (rows.get(column.dictionary) ?? 0) + to - from);
  let entries = 0;
  for (const [dictionary, n] of rows) entries += Math.min(dictionary.length, n);
  return writesOut([...rows.keys()], entries, all);
}

/** Rows [from, to) with the dictionary cut to the entries they use, in order of first use, when it has more entries than there are rows. */
export function cutDictionary(col: DictColumn, from: number, to: number, scratch: Scratch): DictColumn {
  const slice = sliceColumn(col, from, to) as DictColumn;
  const { dictionary } = col;
  if (to - from >= dictionary.length) return slice;
  const codes = scratch.i32(to - from);
  const used = scratch.i32(to - from);
  const numbers = entryNumbers(dictionary.length);
  let count = 0;
  let bytes = 0;
  for (let i = 0; i < codes.length; i++) {
    const code = slice.codes[i] as number;
    if (numbers[code] === 0) {
      used[count++] = code;
      numbers[code] = count;
      bytes += (dictionary.offsets[code + 1] as number) - (dictionary.offsets[code] as number);
    }
    codes[i] = (numbers[code] as number) - 1;
  }
  const offsets = scratch.i32(count + 1);
  const text = scratch.u8(bytes);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const code = used[i] as number;
    numbers[code] = 0;
    const [first, last] = [dictionary.offsets[code] as number, dictionary.offsets[code + 1] as number];
    offsets[i] = at;
    copyBytes(dictionary.bytes, first, last, text, at);
    at += last - first;
  }
  offsets[count] = at;
  return { ...slice, codes, dictionary: { ...dictionary, length: count, offsets, bytes: text } };
}

let numberTable = new Int32Array(1024);

/** A table of zeros with room for `entries` numbers; whoever writes to it puts the zeros back. Kept, as clearing it each time costs more than its use. */
function entryNumbers(entries: number): Int32Array {
  if (numberTable.length < entries) numberTable = new Int32Array(Math.max(entries, 2 * numberTable.length));
  return numberTable;
}
