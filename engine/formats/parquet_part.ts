import { EngineBug } from '../errors.ts';
import { dictionaryHint } from './arrow_hint.ts';
import type { ParquetFooter, RowGroup } from './parquet_footer.ts';
import { readAt } from './parquet_footer.ts';
import { ABSENT, parseHeader } from './parquet_header.ts';
import { checkPage } from './parquet_pages.ts';
import type { Thrift, ThriftStruct } from './parquet_thrift.ts';
import {
  i64,
  intField,
  serializeThrift,
  structField,
  structList,
  structsField,
  ThriftError,
  textField,
  withFields,
} from './parquet_thrift.ts';

const MAGIC = Buffer.from('PAR1');

/**
 * A Parquet file in memory that holds some top-level columns of one row group: their bytes, read by range from the open file, between the magic and a
 * footer with only these columns at their new places. The decoder is handed this instead of the whole file. `dictionaries`: the columns are strings that
 * are to stay dictionaries.
 */
export function buildPart(
  fd: number,
  footer: ParquetFooter,
  group: RowGroup,
  names: ReadonlySet<string>,
  dictionaries: boolean,
): Uint8Array {
  let at = MAGIC.length;
  const chunks = structsField(group.tree, 1).flatMap((tree, i) => {
    const chunk = group.chunks[i];
    const name = footer.leaves[i]?.path[0] ?? '';
    if (chunk === undefined || !names.has(name)) return [];
    const start = at;
    at += chunk.bytes;
    return [{ chunk, start, tree, name }];
  });
  const columns = chunks.map(({ tree, chunk, start }) => moveChunk(tree, start - chunk.start));
  const moved = withFields(group.tree, { 1: structList(columns), 4: null, 5: null, 6: null, 7: null });
  const edits = {
    3: i64(group.rows),
    4: structList([moved]),
    5: dictionaries ? structList([arrowSchemaPair(topLevelNames(footer, names))]) : null,
  };
  const tree = serializeThrift(withFields(plainFooter(footer, names), edits));
  const bytes = new Uint8Array(at + tree.length + 8);
  bytes.set(MAGIC);
  for (const { chunk, start, name } of chunks) {
    const pages = bytes.subarray(start, start + chunk.bytes);
    readAt(fd, footer.path, pages, chunk.start);
    checkPages(pages, footer.path, name);
  }
  closeFile(bytes, at, tree);
  return bytes;
}

/** The decoder looks at no checksums. What else may be wrong with pages is told by it. */
function checkPages(pages: Uint8Array, file: string, column: string): void {
  for (let at = 0; at < pages.length; ) {
    try {
      const header = parseHeader(pages, at);
      const size = header.fields[3] ?? ABSENT;
      if (size < 0) return;
      at = header.end;
      checkPage(header, pages.subarray(at, at + size), file, column);
      at += size;
    } catch (e) {
      if (e instanceof ThriftError) return;
      throw e;
    }
  }
}

/** Chosen top-level columns in the order of the file. */
function topLevelNames(footer: ParquetFooter, names: ReadonlySet<string>): string[] {
  return [...new Set(footer.leaves.map((l) => l.path[0] ?? ''))].filter((n) => names.has(n));
}

function arrowSchemaPair(names: readonly string[]): ThriftStruct {
  const text = (t: string): Thrift => ({ kind: 'binary', value: Buffer.from(t) });
  const pair: [number, Thrift][] = [
    [1, text('ARROW:schema')],
    [2, text(dictionaryHint(names))],
  ];
  return { kind: 'struct', fields: new Map(pair) };
}

/** A file without data, enough for the schema: as the footer has it, or plain, without the Arrow types that some writers put beside it. */
export function footerOnly(footer: ParquetFooter, plain: boolean): Uint8Array {
  const tree = plain
    ? serializeThrift(withFields(plainFooter(footer, null), { 3: i64(0), 4: structList([]) }))
    : footer.bytes;
  const bytes = new Uint8Array(MAGIC.length + tree.length + 8);
  bytes.set(MAGIC);
  closeFile(bytes, MAGIC.length, tree);
  return bytes;
}

/** The footer with only these top-level columns (all for null), and without metadata that speaks of all columns. */
function plainFooter(footer: ParquetFooter, names: ReadonlySet<string> | null): ThriftStruct {
  const elements = structsField(footer.tree, 2);
  const root = elements[0];
  if (root === undefined) throw new EngineBug('a footer without a schema');
  const kept: ThriftStruct[] = [];
  let top = 0;
  for (let at = 1; at < elements.length; ) {
    const end = subtreeEnd(elements, at);
    if (names === null || names.has(textField(elements[at] as ThriftStruct, 4) ?? '')) {
      kept.push(...elements.slice(at, end));
      top++;
    }
    at = end;
  }
  const schema = [withFields(root, { 5: { kind: 'int', wire: 5, value: top } }), ...kept];
  return withFields(footer.tree, { 2: structList(schema), 5: null, 7: null });
}

/** Schema elements are listed depth first: where the one at `at` ends. */
export function subtreeEnd(elements: readonly ThriftStruct[], at: number): number {
  let end = at;
  for (let open = 1; open > 0; end++) open += (intField(elements[end] as ThriftStruct, 5) ?? 0) - 1;
  return end;
}

function closeFile(bytes: Uint8Array, at: number, footer: Uint8Array): void {
  bytes.set(footer, at);
  new DataView(bytes.buffer).setUint32(at + footer.length, footer.length, true);
  bytes.set(MAGIC, at + footer.length + 4);
}

/** A column chunk whose pages lie `by` bytes further; page indexes, bloom filters and statistics are left behind. */
function moveChunk(c: ThriftStruct, by: number): ThriftStruct {
  const meta = structField(c, 3);
  if (meta === undefined) throw new EngineBug('a column chunk without metadata');
  const moved: Record<number, Thrift | null> = { 12: null, 14: null, 15: null, 16: null };
  for (const id of [9, 10, 11]) {
    const offset = intField(meta, id);
    if (offset !== undefined && offset > 0) moved[id] = i64(offset + by);
  }
  return withFields(c, { 2: i64(0), 3: withFields(meta, moved), 4: null, 5: null, 6: null, 7: null });
}
