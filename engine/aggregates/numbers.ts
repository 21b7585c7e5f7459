import { getBit } from '../batch/bitmap.ts';
import type { Column } from '../batch/column.ts';
import { MORSEL_ROWS } from '../batch/column.ts';
import { wordsOf } from '../batch/ints.ts';
import { EngineBug } from '../errors.ts';

/**
 * How aggregates read their arguments: nulls are squeezed out and numbers turned to doubles first, so that every accumulator is one tight loop over
 * (group, value) pairs. The buffers are shared by all accumulators of a thread, each valid until the next call with its slot.
 */
export interface ValidRows {
  /** Number of rows without a null. */
  readonly n: number;
  /** Their groups. */
  readonly groups: Uint32Array;
  /** Their row numbers; null when no row was dropped. */
  readonly rows: Uint32Array | null;
}

type Slot = 0 | 1 | 2 | 3;

let capacity = MORSEL_ROWS;
let groupBuffer = new Uint32Array(0);
let rowBuffer = new Uint32Array(0);
const slots: Float64Array[] = [];

function ensure(rows: number): void {
  if (rows <= groupBuffer.length) return;
  capacity = Math.max(capacity, rows);
  groupBuffer = new Uint32Array(capacity);
  rowBuffer = new Uint32Array(capacity);
}

/** A buffer of doubles. */
export function slot(at: Slot, rows: number): Float64Array {
  let b = slots[at];
  if (b === undefined || b.length < rows) {
    b = new Float64Array(Math.max(MORSEL_ROWS, rows));
    slots[at] = b;
  }
  return b;
}

/** The rows in which none of `cols` is null. */
export function validRows(groups: Uint32Array, rows: number, cols: readonly Column[]): ValidRows {
  const nullable = cols.filter((c) => c.nullCount > 0);
  if (nullable.length === 0) return { n: rows, groups, rows: null };
  ensure(rows);
  let n = 0;
  const [first, second] = nullable;
  if (cols.some((c) => c.phys === 'null')) return { n: 0, groups: groupBuffer, rows: rowBuffer };
  const bits = first?.validity as Uint8Array;
  const more = second === undefined ? null : second.validity;
  for (let i = 0; i < rows; i++) {
    if (getBit(bits, i) && (more === null || getBit(more, i))) {
      groupBuffer[n] = groups[i] as number;
      rowBuffer[n++] = i;
    }
  }
  return { n, groups: groupBuffer, rows: rowBuffer };
}

const TWO32 = 4294967296;

/** Values of the valid rows as doubles: exact for everything but ints beyond +-2^53, which are rounded. */
export function doublesOf(col: Column, v: ValidRows, at: Slot): Float64Array {
  const { n, rows } = v;
  if (col.phys === 'f64' && rows === null) return col.values;
  const out = slot(at, n);
  switch (col.phys) {
    case 'f64':
    case 'i32':
      copyAt(out, col.values, rows, n);
      return out;
    case 'i64': {
      const w = wordsOf(col.values);
      for (let i = 0; i < n; i++) {
        const r = rows === null ? i : (rows[i] as number);
        out[i] = (w[2 * r + 1] as number) * TWO32 + ((w[2 * r] as number) >>> 0);
      }
      return out;
    }
    case 'i128': {
      const w = wordsOf(col.values);
      for (let i = 0; i < n; i++) {
        const r = 4 * (rows === null ? i : (rows[i] as number));
        const high = (w[r + 3] as number) * TWO32 + ((w[r + 2] as number) >>> 0);
        const low = ((w[r + 1] as number) >>> 0) * TWO32 + ((w[r] as number) >>> 0);
        out[i] = high * (TWO32 * TWO32) + low;
      }
      return out;
    }
    case 'bool':
      for (let i = 0; i < n; i++) out[i] = getBit(col.values, rows === null ? i : (rows[i] as number)) ? 1 : 0;
      return out;
    case 'null':
      return out;
    default:
      throw new EngineBug(`a ${col.phys} column has no numbers`);
  }
}

function copyAt(out: Float64Array, from: Float64Array | Int32Array, rows: Uint32Array | null, n: number): void {
  if (rows === null) out.set(from.subarray(0, n));
  else for (let i = 0; i < n; i++) out[i] = from[rows[i] as number] as number;
}

/** Values may lie beyond +-2^53. */
export function isWide(col: Column): boolean {
  return col.phys === 'i128' || (col.phys === 'i64' && col.wide);
}
