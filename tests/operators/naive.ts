import { batchFromRows } from '../../engine/batch/build.ts';
import { hashColumns } from '../../engine/batch/hash.ts';
import type { Schema } from '../../engine/types.ts';
import type { Row } from './harness.ts';
import { textOf } from './harness.ts';

/** Groups in the engine's order: by hash of the key, then first appearance. */
export function groupsOf(rows: readonly Row[], keys: readonly string[], schema: Schema): Row[][] {
  const groups = new Map<string, { hash: number; rows: Row[] }>();
  const batch = batchFromRows(schema, rows);
  const hashes = new Uint32Array(rows.length);
  hashColumns(
    keys.map((k) => batch.columns[schema.findIndex((f) => f.name === k)] as (typeof batch.columns)[number]),
    rows.length,
    hashes,
  );
  rows.forEach((r, i) => {
    const key = textOf(keys.map((k) => (r[k] === 0 ? 0 : r[k])));
    const g = groups.get(key);
    if (g === undefined) groups.set(key, { hash: hashes[i] as number, rows: [r] });
    else g.rows.push(r);
  });
  return [...groups.values()].sort((a, b) => a.hash - b.hash).map((g) => g.rows);
}
