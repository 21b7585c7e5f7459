import { RunError } from '../errors.ts';
import { copyInto } from '../kernels/copy.ts';
import { kernelsFor } from '../kernels/load.ts';
import type { Scratch } from '../memory/types.ts';
import type { Validity } from './bitmap.ts';
import { ALL_VALID, bitmapBytes, validityOf } from './bitmap.ts';
import type { Batch, BoolColumn, Column, DictColumn, I32Column, ListColumn, Utf8Column } from './column.ts';
import { wordsOf } from './ints.ts';

/** A row index that gives null. */
export const NO_ROW = 0xffffffff;

/** Bytes or items one column can hold: offsets are 32-bit. */
export const MAX_OFFSET = 0x7fffffff;

export function tooLong(what: string): RunError {
  return new RunError(
    'FLOW7007',
    `${what} of one batch pass 2 GiB`,
    {},
    'Very long values: cut them, or keep them out of the pipeline',
  );
}

/** `rows[i]` (i < n) picks the row of output row i; NO_ROW gives null. The result lies in scratch (a dict's dictionary is shared). */
export function gatherColumn(col: Column, rows: Uint32Array, n: number, scratch: Scratch): Column {
  return gather(col, rows, n, hasMissing(rows, n), scratch);
}

/** All columns, or those at the indexes `columns`. */
export function gatherBatch(
  batch: Batch,
  rows: Uint32Array,
  n: number,
  scratch: Scratch,
  columns?: readonly number[],
): Batch {
  const missing = hasMissing(rows, n);
  const pick = columns ?? batch.columns.map((_, i) => i);
  return {
    schema: pick.map((i) => batch.schema[i] as Batch['schema'][number]),
    rows: n,
    columns: pick.map((i) => gather(batch.columns[i] as Column, rows, n, missing, scratch)),
  };
}

function hasMissing(rows: Uint32Array, n: number): boolean {
  const k = kernelsFor(rows);
  if (k !== null) return k.has_missing(rows.byteOffset, n) !== 0;
  for (let i = 0; i < n; i++) if (rows[i] === NO_ROW) return true;
  return false;
}

function gather(col: Column, rows: Uint32Array, n: number, missing: boolean, scratch: Scratch): Column {
  const type = col.type;
  if (col.phys === 'null') return { type, phys: 'null', length: n, nullCount: n, validity: null };
  const valid = gatherValidity(col.validity, rows, n, missing, scratch);
  const base = { type, length: n, ...valid };
  switch (col.phys) {
    case 'bool':
      return {
        ...base,
        phys: 'bool',
        values: gatherBits(col.values, rows, n, scratch.bitmap(n, false)),
      } satisfies BoolColumn;
    case 'i32':
      return { ...base, phys: 'i32', values: gatherI32(col.values, rows, n, missing, scratch) } satisfies I32Column;
    case 'i64': {
      const values = scratch.i64(n);
      gatherWords(wordsOf(col.values), wordsOf(values), 2, rows, n, missing);
      return { ...base, phys: 'i64', values, wide: col.wide };
    }
    case 'f64': {
      const values = scratch.f64(n);
      gatherWords(wordsOf(col.values), wordsOf(values), 2, rows, n, missing);
      return { ...base, phys: 'f64', values };
    }
    case 'i128': {
      const values = scratch.i64(2 * n);
      gatherWords(wordsOf(col.values), wordsOf(values), 4, rows, n, missing);
      return { ...base, phys: 'i128', values };
    }
    case 'interval': {
      const values = scratch.i32(4 * n);
      gatherWords(col.values, values, 4, rows, n, missing);
      return { ...base, phys: 'interval', values };
    }
    case 'dict':
      // A missing row reads as code 0, which a dictionary without entries does not have.
      if (col.dictionary.length === 0) return { ...emptyUtf8(n, scratch), ...base };
      return {
        ...base,
        phys: 'dict',
        codes: gatherI32(col.codes, rows, n, missing, scratch),
        dictionary: col.dictionary,
      } satisfies DictColumn;
    case 'utf8':
      return { ...base, ...gatherBytes(col, rows, n, scratch) };
    case 'list':
      return { ...base, ...gatherLists(col, rows, n, scratch) };
    case 'struct':
      return { ...base, phys: 'struct', children: col.children.map((c) => gather(c, rows, n, missing, scratch)) };
  }
}

function gatherValidity(
  bits: Uint8Array | null,
  rows: Uint32Array,
  n: number,
  missing: boolean,
  scratch: Scratch,
): Validity {
  if (bits === null) {
    if (!missing) return ALL_VALID;
    const out = scratch.bitmap(n, false);
    for (let i = 0; i < n; i++) if (rows[i] !== NO_ROW) out[i >> 3] = (out[i >> 3] as number) | (1 << (i & 7));
    return validityOf(out, n);
  }
  return validityOf(gatherBits(bits, rows, n, scratch.bitmap(n, false)), n);
}

/** `out` is all zeros. A missing row gives 0. */
function gatherBits(bits: Uint8Array, rows: Uint32Array, n: number, out: Uint8Array): Uint8Array {
  const kernels = kernelsFor(bits, rows, out);
  if (kernels !== null) {
    kernels.gather_bits(bits.byteOffset, rows.byteOffset, n, out.byteOffset);
    return out;
  }
  const bytes = bitmapBytes(n);
  for (let b = 0, i = 0; b < bytes; b++) {
    const end = Math.min(i + 8, n);
    let acc = 0;
    for (let k = 0; i < end; i++, k++) {
      const r = rows[i] as number;
      if (r !== NO_ROW) acc |= (((bits[r >> 3] as number) >> (r & 7)) & 1) << k;
    }
    out[b] = acc;
  }
  return out;
}

function gatherI32(values: Int32Array, rows: Uint32Array, n: number, missing: boolean, scratch: Scratch): Int32Array {
  const out = scratch.i32(n);
  const kernels = kernelsFor(values, rows, out);
  if (kernels !== null) {
    kernels.gather_4(values.byteOffset, rows.byteOffset, n, out.byteOffset, missing ? 1 : 0);
    return out;
  }
  for (let i = 0; i < n; i++) {
    const r = rows[i] as number;
    out[i] = r === NO_ROW ? 0 : (values[r] as number);
  }
  return out;
}

/** `width` words a row. */
function gatherWords(
  from: Int32Array,
  to: Int32Array,
  width: 2 | 4,
  rows: Uint32Array,
  n: number,
  missing: boolean,
): void {
  const kernels = kernelsFor(from, rows, to);
  if (kernels !== null) {
    const kernel = width === 2 ? kernels.gather_8 : kernels.gather_16;
    kernel(from.byteOffset, rows.byteOffset, n, to.byteOffset, missing ? 1 : 0);
    return;
  }
  if (width === 2) {
    for (let i = 0; i < n; i++) {
      const r = rows[i] as number;
      const present = r !== NO_ROW;
      to[2 * i] = present ? (from[2 * r] as number) : 0;
      to[2 * i + 1] = present ? (from[2 * r + 1] as number) : 0;
    }
    return;
  }
  for (let i = 0; i < n; i++) {
    const r = rows[i] as number;
    for (let k = 0; k < 4; k++) to[4 * i + k] = r === NO_ROW ? 0 : (from[4 * r + k] as number);
  }
}

function emptyUtf8(n: number, scratch: Scratch): Pick<Utf8Column, 'phys' | 'offsets' | 'bytes'> {
  return { phys: 'utf8', offsets: scratch.i32(n + 1).fill(0), bytes: scratch.u8(0) };
}

function gatherOffsets(from: Int32Array, rows: Uint32Array, n: number, what: string, scratch: Scratch): Int32Array {
  const offsets = scratch.i32(n + 1);
  const kernels = kernelsFor(from, rows, offsets);
  if (kernels !== null) {
    if (kernels.gather_offsets(from.byteOffset, rows.byteOffset, n, offsets.byteOffset) < 0) throw tooLong(what);
    return offsets;
  }
  let total = 0;
  offsets[0] = 0;
  for (let i = 0; i < n; i++) {
    const r = rows[i] as number;
    if (r !== NO_ROW) total += (from[r + 1] as number) - (from[r] as number);
    if (total > MAX_OFFSET) throw tooLong(what);
    offsets[i + 1] = total;
  }
  return offsets;
}

/** Copying `set` costs about as much as this many bytes copied one by one. */
const SHORT = 24;

export function copyBytes(src: Uint8Array, from: number, to: number, dst: Uint8Array, at: number): void {
  if (to - from > SHORT) {
    copyInto(dst, src.subarray(from, to), at);
    return;
  }
  for (let k = from, d = at; k < to; k++, d++) dst[d] = src[k] as number;
}

function gatherBytes(
  col: Utf8Column,
  rows: Uint32Array,
  n: number,
  scratch: Scratch,
): Pick<Utf8Column, 'phys' | 'offsets' | 'bytes'> {
  const from = col.offsets;
  const offsets = gatherOffsets(from, rows, n, 'The strings', scratch);
  const bytes = scratch.u8(offsets[n] as number);
  const kernels = kernelsFor(from, col.bytes, rows, offsets, bytes);
  if (kernels !== null) {
    const [source, target] = [col.bytes.byteOffset, offsets.byteOffset];
    kernels.gather_bytes(from.byteOffset, source, rows.byteOffset, n, target, bytes.byteOffset);
    return { phys: 'utf8', offsets, bytes };
  }
  for (let i = 0; i < n; ) {
    const first = rows[i] as number;
    let last = first;
    let j = i + 1;
    // Rows that follow one another are copied in one go: most filters keep runs.
    while (j < n && rows[j] === last + 1) {
      last++;
      j++;
    }
    if (first !== NO_ROW)
      copyBytes(col.bytes, from[first] as number, from[last + 1] as number, bytes, offsets[i] as number);
    i = j;
  }
  return { phys: 'utf8', offsets, bytes };
}

function gatherLists(
  col: ListColumn,
  rows: Uint32Array,
  n: number,
  scratch: Scratch,
): Pick<ListColumn, 'phys' | 'offsets' | 'child'> {
  const from = col.offsets;
  const offsets = gatherOffsets(from, rows, n, 'The list items', scratch);
  const total = offsets[n] as number;
  const items = scratch.u32(total);
  for (let i = 0, k = 0; i < n; i++) {
    const r = rows[i] as number;
    if (r === NO_ROW) continue;
    const end = from[r + 1] as number;
    for (let j = from[r] as number; j < end; j++) items[k++] = j;
  }
  return { phys: 'list', offsets, child: gather(col.child, items, total, false, scratch) };
}
