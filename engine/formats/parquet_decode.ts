import type { Column } from '../batch/column.ts';
import { MORSEL_ROWS } from '../batch/column.ts';
import { RunError } from '../errors.ts';
import type { Scratch } from '../memory/types.ts';
import type { WasmView } from './arrow_ffi.ts';
import { ffiArray, ffiField, wasmView } from './arrow_ffi.ts';
import { importColumn } from './arrow_import.ts';
import type { ArrowField } from './arrow_types.ts';
import type { ParquetFooter, RowGroup } from './parquet_footer.ts';
import { damaged } from './parquet_footer.ts';
import { buildPart, footerOnly } from './parquet_part.ts';
import type { ParquetWasm } from './parquet_wasm.ts';
import { isTrap, parquetWasm, retireParquetWasm } from './parquet_wasm.ts';

/**
 * The Arrow types of this file's columns as they are decoded. Only time zones come from the Arrow schema that some writers put into the file: Parquet
 * itself knows just UTC. RunError FLOW7003 when the schema cannot be read.
 */
export function arrowFields(footer: ParquetFooter): readonly ArrowField[] {
  const fields = readSchema(footer, true);
  if (!fields.some((f) => f.type.kind === 'timestamp' && f.type.zone !== null)) return fields;
  const told = readSchema(footer, false);
  return fields.map((f, i): ArrowField => {
    const zone = told[i]?.type.kind === 'timestamp' ? told[i].type.zone : null;
    return f.type.kind === 'timestamp' && f.type.zone !== null && zone !== null
      ? { ...f, type: { ...f.type, zone } }
      : f;
  });
}

function readSchema(footer: ParquetFooter, plain: boolean): readonly ArrowField[] {
  const wasm = parquetWasm();
  try {
    const schema = wasm.readSchema(footerOnly(footer, plain)).intoFFI();
    const root = ffiField(wasmView(wasm.wasmMemory()), schema.addr());
    schema.free();
    return root.type.kind === 'struct' ? root.type.fields : [];
  } catch (e) {
    retireParquetWasm(wasm, isTrap(e));
    throw damaged(footer.path, `its schema cannot be read (${reason(e)})`);
  }
}

/** Rows of one row group, of the columns asked for; `columns[i]` is the column named `names[i]`. */
export interface DecodedRows {
  readonly rows: number;
  readonly columns: readonly Column[];
}

/** Decoded bytes held at a time: larger row groups are decoded in pieces. */
const PIECE_BYTES = 256 << 20;

/**
 * Decodes a row group's columns, at most `limit` rows, in batches of at most MORSEL_ROWS rows copied to scratch (reset before each).
 * RunError FLOW7003 names the file, the row group and the column that cannot be decoded.
 */
export function* decodeGroup(
  fd: number,
  footer: ParquetFooter,
  index: number,
  names: readonly string[],
  limit: number,
  scratch: Scratch,
): Generator<DecodedRows> {
  const group = footer.groups[index];
  if (group === undefined)
    throw new RunError('FLOW7002', `"${footer.path}" changed while it was read`, { file: footer.path });
  const wanted = new Set(names);
  const leaves = leavesOf(footer, wanted);
  checkCodecs(footer, index, leaves);
  const rows = Math.min(group.rows, limit);
  const bytes = buildPart(fd, footer, group, wanted);
  const uncompressed = group.chunks.reduce((n, c, i) => n + (leaves.has(i) ? c.uncompressed : 0), 0);
  const pieces = Math.max(1, Math.ceil(uncompressed / PIECE_BYTES));
  const step = Math.ceil(group.rows / pieces / MORSEL_ROWS) * MORSEL_ROWS;
  for (let from = 0; from < rows; from += step) {
    const length = Math.min(step, rows - from);
    let got = 0;
    for (const part of decodePiece(fd, bytes, footer, index, names, from, length, scratch)) {
      got += part.rows;
      yield part;
    }
    if (got !== length)
      throw damaged(footer.path, `row group ${index} holds ${from + got} rows instead of ${group.rows}`);
  }
}

function* decodePiece(
  fd: number,
  bytes: Uint8Array,
  footer: ParquetFooter,
  group: number,
  names: readonly string[],
  from: number,
  rows: number,
  scratch: Scratch,
): Generator<DecodedRows> {
  const wasm = parquetWasm();
  const stream = readTable(wasm, fd, bytes, footer, group, names, from, rows);
  try {
    const addresses = stream.arrayAddrs();
    for (const address of addresses) {
      scratch.reset();
      // Another reader of this thread may have made the memory grow since the last batch, so its views are made anew.
      yield importBatch(wasmView(wasm.wasmMemory()), stream.schemaAddr(), address, footer, names, scratch);
    }
  } finally {
    stream.free();
    retireParquetWasm(wasm, false);
  }
}

function readTable(
  wasm: ParquetWasm,
  fd: number,
  bytes: Uint8Array,
  footer: ParquetFooter,
  group: number,
  names: readonly string[],
  offset: number,
  limit: number,
): ReturnType<ReturnType<ParquetWasm['readParquet']>['intoFFI']> {
  try {
    return wasm.readParquet(bytes, { batchSize: MORSEL_ROWS, offset, limit }).intoFFI();
  } catch (e) {
    const trapped = isTrap(e);
    retireParquetWasm(wasm, trapped);
    const column = names.length === 1 ? names[0] : names.find((name) => !decodes(fd, footer, group, name));
    const where = column === undefined ? `row group ${group}` : `column "${column}" of row group ${group}`;
    const error = damaged(footer.path, `${where} cannot be decoded (${reason(e)})`);
    throw column === undefined ? error : error.at({ column });
  }
}

/** Whether one column alone decodes: finds the culprit for the message. */
function decodes(fd: number, footer: ParquetFooter, group: number, name: string): boolean {
  const wasm = parquetWasm();
  try {
    wasm
      .readParquet(buildPart(fd, footer, footer.groups[group] as RowGroup, new Set([name])), { batchSize: MORSEL_ROWS })
      .free();
    return true;
  } catch (e) {
    retireParquetWasm(wasm, isTrap(e));
    return false;
  }
}

function importBatch(
  m: WasmView,
  schema: number,
  address: number,
  footer: ParquetFooter,
  names: readonly string[],
  scratch: Scratch,
): DecodedRows {
  const root = ffiField(m, schema);
  const array = ffiArray(m, address, root.type);
  const fields = root.type.kind === 'struct' ? root.type.fields : [];
  const columns = names.map((name) => {
    const child = array.children[fields.findIndex((f) => f.name === name)];
    if (child === undefined) throw damaged(footer.path, `column "${name}" is missing from its data`);
    try {
      return importColumn(child, 0, array.length, scratch);
    } catch (e) {
      throw e instanceof RunError ? e.at({ file: footer.path, column: name }) : e;
    }
  });
  return { rows: array.length, columns };
}

function leavesOf(footer: ParquetFooter, names: ReadonlySet<string>): ReadonlySet<number> {
  return new Set(footer.leaves.flatMap((leaf, i) => (names.has(leaf.path[0] ?? '') ? [i] : [])));
}

const CODECS = ['none', 'snappy', 'gzip', 'lzo', 'brotli', 'lz4', 'zstd', 'lz4_raw'];
const LZO = 3;

function checkCodecs(footer: ParquetFooter, group: number, leaves: ReadonlySet<number>): void {
  footer.groups[group]?.chunks.forEach((c, i) => {
    if (!leaves.has(i) || (c.codec !== LZO && c.codec < CODECS.length)) return;
    const file = footer.path;
    const name = CODECS[c.codec] ?? `number ${c.codec}`;
    throw new RunError(
      'FLOW7003',
      `"${file}" is compressed with a codec that cannot be read: ${name}`,
      { file, column: footer.leaves[i]?.path[0] ?? '' },
      'write it again with snappy, zstd or gzip',
    );
  });
}

/** The decoder's message without its chain of prefixes, and without what it says when its messages were left out. */
function reason(e: unknown): string {
  if (isTrap(e)) return 'its content makes no sense';
  const text = (e instanceof Error ? e.message : String(e)).replace(
    /^((Parquet argument error|Parquet error|External|Arrow): )+/,
    '',
  );
  return text === '' || text.includes('Error strings stripped') ? 'its pages are not valid' : text;
}
