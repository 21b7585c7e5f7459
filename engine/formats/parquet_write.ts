import { RunError } from '../errors.ts';
import type { DataType, Schema } from '../types.ts';
import { arrowSchema, loadArrow } from './arrow_export.ts';
import type { BlockWriter, SinkSpec } from './def.ts';
import { COMPRESSIONS, type Codec, codecNumber } from './parquet_codec.ts';
import { type GroupNote, ParquetEncoder } from './parquet_encode.ts';
import { layoutOf } from './parquet_layout.ts';
import { MAGIC, parquetTail } from './parquet_tail.ts';

export const ROW_GROUP_ROWS = 131072;

/** A block is a row group; of small ones as many as have so many rows. */
export const parquetWriter: BlockWriter = {
  kind: 'blocks',
  blockRows(spec) {
    const rows = groupRows(spec);
    return rows * Math.max(1, Math.floor(ROW_GROUP_ROWS / rows));
  },
  open(spec, store) {
    const layout = layoutOf(spec.path, spec.schema);
    return ParquetEncoder.open(store, spec.schema, { layout, codec: codecOf(spec), groupRows: groupRows(spec) });
  },
  head(spec) {
    layoutOf(spec.path, spec.schema);
    return MAGIC;
  },
  async tail(spec, notes) {
    const layout = layoutOf(spec.path, spec.schema);
    const arrow = spec.schema.some((f) => hasZone(f.type)) ? await arrowText(spec.schema) : null;
    return parquetTail(layout, codecNumber(codecOf(spec)), (notes as (readonly GroupNote[])[]).flat(), arrow);
  },
};

function codecOf(spec: SinkSpec): Codec {
  const name = String(spec.options.compression ?? 'snappy');
  const codec = COMPRESSIONS.find((c) => c === name);
  if (codec === undefined) throw new RunError('FLOW7006', `there is no compression ${name}`, { file: spec.path });
  return codec;
}

function groupRows(spec: SinkSpec): number {
  const rows = spec.options.row_group_rows ?? ROW_GROUP_ROWS;
  if (typeof rows === 'number' && Number.isInteger(rows) && rows > 0) return rows;
  throw new RunError(
    'FLOW7006',
    `row_group_rows is ${String(rows)}`,
    { file: spec.path },
    'give a whole number from 1 on',
  );
}

/** Parquet itself knows of time zones only UTC. */
function hasZone(type: DataType): boolean {
  switch (type.kind) {
    case 'timestamp':
      return type.zone !== null;
    case 'list':
      return hasZone(type.item.type);
    case 'map':
      return hasZone(type.key) || hasZone(type.value.type);
    case 'struct':
      return type.fields.some((f) => hasZone(f.type));
    default:
      return false;
  }
}

/** The schema as Arrow has it, as the text that Parquet files carry under ARROW:schema. */
async function arrowText(schema: Schema): Promise<string> {
  const arrow = await loadArrow();
  const writer = new arrow.RecordBatchStreamWriter();
  writer.reset(undefined, arrowSchema(arrow, schema));
  const stream = writer.writeAll([]).toUint8Array(true);
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  return Buffer.from(stream.subarray(0, 8 + view.getInt32(4, true))).toString('base64');
}
