import type { DictColumn, Utf8Column } from '../../batch/column.ts';
import type { Expr } from '../../expr.ts';
import type { DataType } from '../../types.ts';
import { isIntLike } from '../forms.ts';
import { idOf } from '../nodes.ts';

/** Results of an expression by dictionary code, the last one for null. `flags`: 2 where the result is null, 1 where it is true. */
export interface PackedTable {
  readonly flags: Uint8Array;
  readonly values: Int32Array | Float64Array | BigInt64Array | null;
}

interface Results {
  readonly values: ArrayLike<unknown>;
  readonly nulls: Uint8Array;
}

/** Tables by dictionary: batches share them. */
const known = new WeakMap<Utf8Column, Map<number, PackedTable>>();

/** The table of an expression over a dictionary, computed once; null when `compute` gives none, because an entry fails. */
export function tableFor(e: Expr, col: DictColumn, compute: () => Results | null): PackedTable | null {
  let tables = known.get(col.dictionary);
  if (tables === undefined) {
    tables = new Map();
    known.set(col.dictionary, tables);
  }
  const id = idOf(e);
  let table = tables.get(id);
  if (table === undefined) {
    const results = compute();
    if (results === null) return null;
    table = pack(e.type, results);
    tables.set(id, table);
  }
  return table;
}

function pack(t: DataType, { values, nulls }: Results): PackedTable {
  const flags = Uint8Array.from(nulls, (isNull, k) =>
    isNull === 1 ? 2 : t.kind === 'bool' && values[k] === 1 ? 1 : 0,
  );
  if (t.kind === 'bool') return { flags, values: null };
  if (isIntLike(t)) return { flags, values: BigInt64Array.from(Array.from(values, (v) => BigInt(v as number))) };
  return { flags, values: (t.kind === 'date' ? Int32Array : Float64Array).from(values as ArrayLike<number>) };
}
