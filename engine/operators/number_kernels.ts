import type { Column } from '../batch/column.ts';
import type { Kernels } from '../kernels/load.ts';
import { bitmapAt, kernelsFor } from '../kernels/load.ts';

/** Columns whose values kernels turn to doubles. */
export type NumberColumn = Column & { readonly phys: 'i32' | 'i64' | 'f64' | 'bool' };

/** Stands for "all rows". */
const ALL_ROWS = 0xffffffff;

export function isNumbers(col: Column | null): col is NumberColumn {
  return col !== null && (col.phys === 'i32' || col.phys === 'i64' || col.phys === 'f64' || col.phys === 'bool');
}

/** Entries from `base` on become the rows `rows[i]` (all when null); false when kernels do not reach everything. */
export function appendNumbers(
  col: NumberColumn,
  rows: Uint32Array | null,
  n: number,
  base: number,
  doubles: Float64Array,
  nulls: Uint8Array,
): boolean {
  const k = kernelsFor(doubles, nulls, col.values, col.validity, rows);
  if (k === null) return false;
  k[`group_append_${col.phys}`](
    col.values.byteOffset,
    bitmapAt(col.validity),
    rows === null ? ALL_ROWS : rows.byteOffset,
    n,
    doubles.byteOffset + 8 * base,
    nulls.byteOffset + base,
  );
  return true;
}

/** Marks the entries that are not their rows in `bad`; whether there are any, null when kernels do not reach everything. */
export function verifyNumbers(
  col: NumberColumn,
  rows: Uint32Array | null,
  n: number,
  entries: Uint32Array,
  doubles: Float64Array,
  nulls: Uint8Array,
  bad: Uint8Array,
): boolean | null {
  const k = kernelsFor(doubles, nulls, entries, bad, col.values, col.validity, rows);
  if (k === null) return null;
  const any = k[`group_verify_${col.phys}`](
    col.values.byteOffset,
    bitmapAt(col.validity),
    rows === null ? ALL_ROWS : rows.byteOffset,
    n,
    entries.byteOffset,
    doubles.byteOffset,
    nulls.byteOffset,
    bad.byteOffset,
  );
  return any !== 0;
}

/** `out[i] = from[order[i]]`, i < n. */
export function pickDoubles(from: Float64Array, order: Uint32Array, n: number, out: Float64Array): void {
  const k: Kernels | null = kernelsFor(out, from, order);
  if (k !== null) k.gather_8(from.byteOffset, order.byteOffset, n, out.byteOffset, 0);
  else for (let i = 0; i < n; i++) out[i] = from[order[i] as number] as number;
}
