import type { Column } from '../batch/column.ts';
import { MORSEL_ROWS } from '../batch/column.ts';
import { RunError } from '../errors.ts';
import type { Scratch } from '../memory/types.ts';
import type { FfiDictionaries, WasmView } from './arrow_ffi.ts';
import { ffiArray, ffiField, wasmView } from './arrow_ffi.ts';
import { importColumn } from './arrow_import.ts';
import type { ArrowArray, ArrowField } from './arrow_types.ts';
import type { ParquetFooter, RowGroup } from './parquet_footer.ts';
import { damaged } from './parquet_footer.ts';
import { buildPart, footerOnly } from './parquet_part.ts';
import { isText } from './parquet_stats.ts';
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

/** Columns of a row group that are decoded together: strings that stay dictionaries, or all others. */
interface Part {
  readonly names: readonly string[];
  readonly bytes: Uint8Array;
}

/**
 * Decodes rows [start, end) of a row group by the complete decoder, in batches of at most MORSEL_ROWS rows copied to scratch (reset before each).
 * RunError FLOW7003 names the file, the row group and the column that cannot be decoded.
 */
export function* decodeRows(
  fd: number,
  footer: ParquetFooter,
  index: number,
  names: readonly string[],
  start: number,
  end: number,
  scratch: Scratch,
): Generator<DecodedRows> {
  const group = groupAt(footer, index);
  const leaves = leavesOf(footer, new Set(names));
  const uncompressed = group.chunks.reduce((n, c, i) => n + (leaves.has(i) ? c.uncompressed : 0), 0);
  const pieces = Math.max(1, Math.ceil(uncompressed / PIECE_BYTES));
  const step = Math.ceil(group.rows / pieces / MORSEL_ROWS) * MORSEL_ROWS;
  const decoder = new GroupDecoder(fd, footer, group, index, names);
  for (let from = start; from < end; from += step) {
    const length = Math.min(step, end - from);
    let got = 0;
    for (const part of decoder.rows(from, length, scratch)) {
      got += part.rows;
      yield part;
    }
    if (got !== length)
      throw damaged(footer.path, `row group ${index} holds ${from + got} rows instead of ${group.rows}`);
  }
}

export function groupAt(footer: ParquetFooter, index: number): RowGroup {
  const group = footer.groups[index];
  if (group !== undefined) return group;
  throw new RunError('FLOW7002', `"${footer.path}" changed while it was read`, { file: footer.path });
}

type Table = ReturnType<ReturnType<ParquetWasm['readParquet']>['intoFFI']>;

class GroupDecoder {
  private readonly fd: number;
  private readonly footer: ParquetFooter;
  private readonly group: RowGroup;
  private readonly index: number;
  private readonly names: readonly string[];
  private readonly parts: readonly Part[];

  constructor(fd: number, footer: ParquetFooter, group: RowGroup, index: number, names: readonly string[]) {
    this.fd = fd;
    this.footer = footer;
    this.group = group;
    this.index = index;
    this.names = names;
    const encoded = dictionaryColumns(footer, group);
    const split = [names.filter((n) => !encoded.has(n)), names.filter((n) => encoded.has(n))];
    this.parts = split.flatMap((some, k) =>
      some.length > 0 ? [{ names: some, bytes: buildPart(fd, footer, group, new Set(some), k === 1) }] : [],
    );
  }

  *rows(offset: number, limit: number, scratch: Scratch): Generator<DecodedRows> {
    const wasm = parquetWasm();
    const tables: Table[] = [];
    let trapped = false;
    try {
      for (const part of this.parts) tables.push(this.table(wasm, part, offset, limit));
      const dictionaries: FfiDictionaries = new Map();
      const addresses = tables.map((t) => t.arrayAddrs());
      const batches = addresses[0]?.length ?? 0;
      for (let k = 0; k < batches; k++) {
        scratch.reset();
        // Another reader of this thread may have made the memory grow since the last batch, so its views are made anew.
        const m = wasmView(wasm.wasmMemory());
        yield this.batch(
          m,
          tables,
          addresses.map((a) => a[k] ?? 0),
          dictionaries,
          scratch,
        );
      }
    } catch (e) {
      trapped = isTrap(e);
      throw trapped ? this.undecodable(e) : e;
    } finally {
      if (!trapped) for (const t of tables) t.free();
      retireParquetWasm(wasm, trapped);
    }
  }

  private table(wasm: ParquetWasm, part: Part, offset: number, limit: number): Table {
    try {
      return wasm.readParquet(part.bytes, { batchSize: MORSEL_ROWS, offset, limit }).intoFFI();
    } catch (e) {
      throw isTrap(e) ? e : this.undecodable(e);
    }
  }

  private undecodable(e: unknown): RunError {
    const { fd, footer, group, index, names } = this;
    const column = names.length === 1 ? names[0] : names.find((name) => !decodes(fd, footer, group, name));
    const where = column === undefined ? `row group ${index}` : `column "${column}" of row group ${index}`;
    const error = damaged(footer.path, `${where} cannot be decoded (${reason(e)})`);
    return column === undefined ? error : error.at({ column });
  }

  /** One batch of every part, side by side: they have the same rows. */
  private batch(
    m: WasmView,
    tables: readonly Table[],
    addresses: readonly number[],
    dictionaries: FfiDictionaries,
    scratch: Scratch,
  ): DecodedRows {
    const found = new Map<string, Column>();
    let rows = -1;
    tables.forEach((table, p) => {
      const root = ffiField(m, table.schemaAddr());
      const address = addresses[p] as number;
      const array = address === 0 ? null : ffiArray(m, address, root.type, dictionaries);
      if (array === null || (rows >= 0 && array.length !== rows))
        throw damaged(this.footer.path, `the columns of row group ${this.index} differ in length`);
      rows = array.length;
      const fields = root.type.kind === 'struct' ? root.type.fields : [];
      fields.forEach((f, i) => {
        const child = array.children[i];
        if (child !== undefined) found.set(f.name, this.column(f.name, child, scratch));
      });
    });
    const columns = this.names.map((name) => {
      const column = found.get(name);
      if (column === undefined) throw damaged(this.footer.path, `column "${name}" is missing from its data`);
      return column;
    });
    return { rows, columns };
  }

  private column(name: string, array: ArrowArray, scratch: Scratch): Column {
    try {
      return importColumn(array, 0, array.length, scratch);
    } catch (e) {
      throw e instanceof RunError ? e.at({ file: this.footer.path, column: name }) : e;
    }
  }
}

/** Whether one column alone decodes: finds the culprit for the message. */
function decodes(fd: number, footer: ParquetFooter, group: RowGroup, name: string): boolean {
  const wasm = parquetWasm();
  try {
    wasm.readParquet(buildPart(fd, footer, group, new Set([name]), false), { batchSize: MORSEL_ROWS }).free();
    return true;
  } catch (e) {
    retireParquetWasm(wasm, isTrap(e));
    return false;
  }
}

function leavesOf(footer: ParquetFooter, names: ReadonlySet<string>): ReadonlySet<number> {
  return new Set(footer.leaves.flatMap((leaf, i) => (names.has(leaf.path[0] ?? '') ? [i] : [])));
}

/** Top-level string columns whose pages in this row group refer to a small dictionary. */
function dictionaryColumns(footer: ParquetFooter, group: RowGroup): ReadonlySet<string> {
  const found = new Set<string>();
  footer.leaves.forEach((leaf, i) => {
    const chunk = group.chunks[i];
    const [name] = leaf.path;
    if (leaf.path.length !== 1 || name === undefined || chunk === undefined || !isText(leaf)) return;
    if (chunk.dictionary) found.add(name);
  });
  return found;
}

const CODECS = ['none', 'snappy', 'gzip', 'lzo', 'brotli', 'lz4', 'zstd', 'lz4_raw'];
const LZO = 3;

/** RunError FLOW7003 when one of the columns is compressed in a way that cannot be read. */
export function checkCodecs(footer: ParquetFooter, group: number, names: readonly string[]): void {
  const leaves = leavesOf(footer, new Set(names));
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
