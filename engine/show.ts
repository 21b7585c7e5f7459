import { valueReader } from './batch/access.ts';
import type { Batch } from './batch/column.ts';
import { EngineBug } from './errors.ts';
import type { FormatDef } from './formats/def.ts';
import { FORMATS } from './formats/registry.ts';
import { formatValue } from './functions/format.ts';
import type { Schema } from './types.ts';

/** A value as it is shown: numbers and booleans as they are, everything else as text. */
export type Shown = string | number | bigint | boolean | null;

/** The first `limit` rows for a table on a terminal. */
export function showBatch(batch: Batch, limit: number): Shown[][] {
  const readers = batch.columns.map(valueReader);
  return Array.from({ length: Math.min(limit, batch.rows) }, (_, row) =>
    readers.map((read, c): Shown => {
      const v = read(row);
      const type = batch.schema[c]?.type;
      if (v === null || type === undefined) return null;
      if (type.kind === 'bool') return v === true;
      if ((type.kind === 'int' || type.kind === 'float') && (typeof v === 'number' || typeof v === 'bigint')) return v;
      return formatValue(type, v);
    }),
  );
}

/** Rows as the bytes of a text format, a batch at a time; each part is valid until the next one is asked for. */
export function* encodeRows(schema: Schema, batches: Iterable<Batch>, format: string): Iterable<Uint8Array> {
  const writer = (FORMATS as Readonly<Record<string, FormatDef>>)[format]?.writer;
  if (writer === undefined || writer === null || writer.kind !== 'parallel')
    throw new EngineBug(`${format} is not a text format`);
  const spec = { path: '-', options: defaults(format), schema };
  yield writer.head(spec);
  for (const b of batches) yield writer.encode(b, spec);
  yield writer.tail(spec);
}

function defaults(format: string): Record<string, unknown> {
  const def = (FORMATS as Readonly<Record<string, FormatDef>>)[format];
  return Object.fromEntries((def?.options ?? []).filter((o) => o.for !== 'read').map((o) => [o.name, o.default]));
}
