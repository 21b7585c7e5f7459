import { batchFromRows } from '../batch/build.ts';
import type { Batch } from '../batch/column.ts';
import { EngineBug, RunError } from '../errors.ts';
import type { DataType, Schema } from '../types.ts';
import type { Arrow } from './arrow_export.ts';
import { arrowSchema, loadArrow, recordBatch } from './arrow_export.ts';
import type { SerialEncoder, SerialWriter, SinkSpec } from './def.ts';
import { ParquetJoin } from './parquet_join.ts';
import { isTrap, parquetWasm, retireParquetWasm } from './parquet_wasm.ts';
import { RowGroups } from './row_groups.ts';

export const ROW_GROUP_ROWS = 131072;

/** Codecs by option value, as numbers of the encoder. */
const COMPRESSION: Readonly<Record<string, number>> = { none: 0, snappy: 1, gzip: 2, brotli: 3, zstd: 5, lz4: 6 };
export const COMPRESSIONS = Object.keys(COMPRESSION);

/**
 * Writes row group by row group: each is encoded as a file of its own and its pages are moved into the one file, so that memory holds
 * one row group whatever the size of the file.
 */
export const parquetWriter: SerialWriter = {
  kind: 'serial',
  async open(spec) {
    for (const f of spec.schema) checkType(spec, f.name, f.type);
    const arrow = await loadArrow();
    return new ParquetEncoder(arrow, spec);
  },
};

function checkType(spec: SinkSpec, column: string, type: DataType): void {
  // Readers take names as C has them, which end there.
  if (column.includes('\0')) {
    const where = { file: spec.path, column };
    throw new RunError('FLOW7006', `Parquet takes no NUL in the name of a column: ${JSON.stringify(column)}`, where);
  }
  if (type.kind === 'interval') {
    const where = { file: spec.path, column };
    throw new RunError(
      'FLOW7006',
      `Parquet has no type for the interval column "${column}"`,
      where,
      `cast it to string first: ${column}::string`,
    );
  }
  if (type.kind === 'struct') {
    if (type.fields.length === 0)
      throw new RunError('FLOW7006', `Parquet cannot hold a struct without fields (column "${column}")`, {
        file: spec.path,
        column,
      });
    for (const f of type.fields) checkType(spec, `${column}.${f.name}`, f.type);
  }
  if (type.kind === 'list') checkType(spec, column, type.item.type);
  if (type.kind === 'map') checkType(spec, column, type.value.type);
}

class ParquetEncoder implements SerialEncoder {
  private readonly arrow: Arrow;
  private readonly spec: SinkSpec;
  private readonly groups: RowGroups;
  private readonly join: ParquetJoin;

  constructor(arrow: Arrow, spec: SinkSpec) {
    this.arrow = arrow;
    this.spec = spec;
    this.groups = new RowGroups(spec.schema, groupRows(spec));
    this.join = new ParquetJoin(jsonColumns(spec.schema));
  }

  async write(batch: Batch): Promise<readonly Uint8Array[]> {
    const out: Uint8Array[] = [];
    for (const group of this.groups.push(batch)) out.push(...this.join.add(this.encode(group)));
    return out;
  }

  async finish(): Promise<readonly Uint8Array[]> {
    const last = this.groups.rest();
    const out: Uint8Array[] = [];
    if (last !== null) out.push(...this.join.add(this.encode(last)));
    if (this.join.empty) out.push(...this.join.add(this.encode(batchFromRows(this.spec.schema, []))));
    return [...out, ...this.join.finish()];
  }

  /** A Parquet file of one row group (none for no rows). */
  private encode(group: Batch): Uint8Array {
    const schema = arrowSchema(this.arrow, this.spec.schema);
    const ipc = new this.arrow.RecordBatchStreamWriter()
      .writeAll([recordBatch(this.arrow, schema, group)])
      .toUint8Array(true);
    const wasm = parquetWasm();
    let trapped = false;
    try {
      const compression = COMPRESSION[String(this.spec.options.compression ?? 'snappy')];
      if (compression === undefined)
        throw new EngineBug(`unknown compression ${String(this.spec.options.compression)}`);
      const properties = new wasm.WriterPropertiesBuilder()
        .setCompression(compression)
        .setMaxRowGroupSize(Math.max(1, group.rows))
        .build();
      return wasm.writeParquet(wasm.Table.fromIPCStream(ipc), properties);
    } catch (e) {
      trapped = isTrap(e);
      if (e instanceof EngineBug) throw e;
      throw new RunError(
        'FLOW7006',
        `"${this.spec.path}" cannot be encoded: ${e instanceof Error ? e.message : String(e)}`,
        { file: this.spec.path },
      );
    } finally {
      retireParquetWasm(wasm, trapped);
    }
  }
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

function jsonColumns(schema: Schema): ReadonlySet<string> {
  return new Set(schema.filter((f) => f.type.kind === 'json').map((f) => f.name));
}
