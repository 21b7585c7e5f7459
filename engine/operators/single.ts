import { valueReader } from '../batch/access.ts';
import { nullColumn } from '../batch/build.ts';
import type { Batch, Column } from '../batch/column.ts';
import { RunError } from '../errors.ts';
import type { LiteralValue } from '../expr.ts';
import { formatValue } from '../functions/format.ts';
import type { Field, Schema } from '../types.ts';
import type { OperatorDef, PartitionReader } from './def.ts';

/** Values that an error tells. */
const SHOWN = 3;

async function* onlyRow(reader: PartitionReader, output: Schema): AsyncIterable<Batch> {
  const [field] = output as readonly [Field];
  if (reader.rows === 0) {
    yield { schema: output, rows: 1, columns: [nullColumn(field.type, 1)] };
    return;
  }
  if (reader.rows > 1) throw severalRows(reader, field);
  for (const b of reader.batches()) if (b.rows > 0) yield { ...b, schema: output };
}

function severalRows(reader: PartitionReader, field: Field): RunError {
  const values: string[] = [];
  for (const b of reader.batches()) {
    const read = valueReader(b.columns[0] as Column);
    for (let i = 0; i < b.rows && values.length <= SHOWN; i++) values.push(shown(read(i), field));
  }
  const more = values.length > SHOWN;
  const list = [...values.slice(0, SHOWN), ...(more ? ['…'] : [])].join(', ');
  return new RunError(
    'FLOW7009',
    `a scalar is one row, and this pipeline gives ${more ? `more than ${SHOWN}` : String(values.length)}: ${list}`,
    { column: field.name, value: list },
    'Make it one: `| summarize max(x)`, `| take 1`, or a `where` that one row passes',
  );
}

function shown(value: LiteralValue, { type }: Field): string {
  if (value === null) return 'null';
  return type.kind === 'string' ? JSON.stringify(value) : formatValue(type, value);
}

export const single: OperatorDef<Readonly<Record<never, never>>> = {
  name: 'single',
  traits: { shape: 'single', blocking: true },
  schema: (_params, [input]) => (input as Schema).map((f) => ({ ...f, nullable: true })),
  /** The only row; a row of null where there is none. */
  final: (_params, step, [reader]) => onlyRow(reader as PartitionReader, step.output),
};
