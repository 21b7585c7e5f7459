import { getBit } from '../batch/bitmap.ts';
import type { Column } from '../batch/column.ts';
import { gatherColumn } from '../batch/gather.ts';
import { sliceColumn } from '../batch/slice.ts';
import { EngineBug } from '../errors.ts';
import { heapScratch } from '../memory/heap_scratch.ts';
import type { DataType, Typed } from '../types.ts';
import type { LeafWriter } from './parquet_leaf.ts';

/** No value: what is above it is null or an empty list. */
const NONE = -1;

/**
 * Entries of a column at some depth, one for each value, null and empty list: the row of the column there, or NONE, and the levels so far. `defined` and `repeated`: the levels of
 * a value there.
 */
interface Entries {
  readonly rows: Int32Array;
  readonly definitions: Uint8Array;
  readonly repetitions: Uint8Array;
  readonly defined: number;
  readonly repeated: number;
}

/** Writes rows [from, to) of a nested column to its leaves, which come in the order of the schema. */
export function shred(leaves: readonly LeafWriter[], type: Typed, col: Column, from: number, to: number): void {
  const n = to - from;
  const entries: Entries = {
    rows: Int32Array.from({ length: n }, (_, i) => from + i),
    definitions: new Uint8Array(n),
    repetitions: new Uint8Array(n),
    defined: 0,
    repeated: 0,
  };
  const queue = leaves[Symbol.iterator]();
  descend(type, col, entries, (values, e) => {
    const leaf = queue.next().value;
    if (leaf === undefined) throw new EngineBug('a nested column has more leaves than its schema');
    leaf.addLevels(n, e.definitions, e.repeated > 0 ? e.repetitions : null, valuesOf(values, e.rows));
  });
}

type Emit = (col: Column, entries: Entries) => void;

function descend(typed: Typed, col: Column, above: Entries, emit: Emit): void {
  const { type } = typed;
  const entries = typed.nullable || type.kind === 'null' ? optional(col, above) : above;
  if (type.kind === 'struct') {
    type.fields.forEach((f, i) => {
      descend(f, child(col, i), entries, emit);
    });
    return;
  }
  if (type.kind !== 'list' && type.kind !== 'map') {
    emit(col, entries);
    return;
  }
  const items = repeated(col, entries);
  const below = col.phys === 'list' ? col.child : col;
  if (type.kind === 'list') descend(type.item, below, items, emit);
  else {
    descend(required(type.key), child(below, 0), items, emit);
    descend(type.value, child(below, 1), items, emit);
  }
}

const required = (type: DataType): Typed => ({ type, nullable: false });

/** A member of a struct; a column of nulls alone has none, and is never asked for a value. */
function child(col: Column, i: number): Column {
  return col.phys === 'struct' ? (col.children[i] as Column) : col;
}

function optional(col: Column, { rows, definitions, defined, ...rest }: Entries): Entries {
  const { validity } = col;
  const own = new Int32Array(rows.length);
  const levels = definitions.slice();
  rows.forEach((row, i) => {
    const valid = row !== NONE && col.phys !== 'null' && (validity === null || getBit(validity, row));
    own[i] = valid ? row : NONE;
    if (valid) levels[i] = defined + 1;
  });
  return { ...rest, rows: own, definitions: levels, defined: defined + 1 };
}

function repeated(col: Column, above: Entries): Entries {
  const offsets = col.phys === 'list' ? col.offsets : null;
  const sizeOf = (row: number): number =>
    row === NONE || offsets === null ? 0 : (offsets[row + 1] as number) - (offsets[row] as number);
  let total = 0;
  for (const row of above.rows) total += Math.max(1, sizeOf(row));
  const rows = new Int32Array(total);
  const definitions = new Uint8Array(total);
  const repetitions = new Uint8Array(total);
  const defined = above.defined + 1;
  const level = above.repeated + 1;
  let at = 0;
  above.rows.forEach((row, i) => {
    const size = sizeOf(row);
    repetitions[at] = above.repetitions[i] as number;
    definitions[at] = size === 0 ? (above.definitions[i] as number) : defined;
    rows[at++] = size === 0 ? NONE : (offsets?.[row] as number);
    for (let k = 1; k < size; k++) {
      repetitions[at] = level;
      definitions[at] = defined;
      rows[at++] = (offsets?.[row] as number) + k;
    }
  });
  return { rows, definitions, repetitions, defined, repeated: level };
}

/** The values themselves, without what is null. */
function valuesOf(col: Column, rows: Int32Array): Column {
  const kept = new Uint32Array(rows.length);
  let n = 0;
  let neighbours = true;
  for (const row of rows) {
    if (row === NONE) continue;
    if (n > 0 && row !== (kept[n - 1] as number) + 1) neighbours = false;
    kept[n++] = row;
  }
  if (n === 0) return { type: col.type, phys: 'null', length: 0, nullCount: 0, validity: null };
  const first = kept[0] as number;
  const values = neighbours ? sliceColumn(col, first, first + n) : gatherColumn(col, kept, n, heapScratch());
  return values.phys === 'null' ? values : { ...values, validity: null, nullCount: 0 };
}
