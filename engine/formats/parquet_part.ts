import { EngineBug } from '../errors.ts';
import type { ParquetFooter, RowGroup } from './parquet_footer.ts';
import { readAt } from './parquet_footer.ts';
import type { Thrift, ThriftStruct } from './parquet_thrift.ts';
import { i64, intField, serializeThrift, structField, structList, structsField, withFields } from './parquet_thrift.ts';

const MAGIC = Buffer.from('PAR1');

/**
 * A Parquet file in memory that holds some columns of one row group: their bytes, read by range from the open file, between the magic and a footer of
 * which only the places differ. The decoder is handed this instead of the whole file. Columns left out have places that nothing must read.
 */
export function buildPart(fd: number, footer: ParquetFooter, group: RowGroup, wanted: (leaf: number) => boolean): Uint8Array {
  let at = MAGIC.length;
  const starts = group.chunks.map((c, i) => {
    const start = at;
    if (wanted(i)) at += c.bytes;
    return start;
  });
  const tree = partFooter(footer, group, starts);
  const bytes = new Uint8Array(at + tree.length + 8);
  bytes.set(MAGIC);
  group.chunks.forEach((c, i) => {
    const start = starts[i] as number;
    if (wanted(i)) readAt(fd, footer.path, bytes.subarray(start, start + c.bytes), c.start);
  });
  closeFile(bytes, at, tree);
  return bytes;
}

/** The file's footer alone, as a file without data: enough for its schema. */
export function footerOnly(footer: ParquetFooter): Uint8Array {
  const bytes = new Uint8Array(MAGIC.length + footer.bytes.length + 8);
  bytes.set(MAGIC);
  closeFile(bytes, MAGIC.length, footer.bytes);
  return bytes;
}

function closeFile(bytes: Uint8Array, at: number, footer: Uint8Array): void {
  bytes.set(footer, at);
  new DataView(bytes.buffer).setUint32(at + footer.length, footer.length, true);
  bytes.set(MAGIC, at + footer.length + 4);
}

function partFooter(footer: ParquetFooter, group: RowGroup, starts: readonly number[]): Uint8Array {
  const columns = structsField(group.tree, 1).map((c, i) => {
    const chunk = group.chunks[i];
    const start = starts[i];
    if (chunk === undefined || start === undefined) throw new EngineBug('a row group without one of its columns');
    return moveChunk(c, start - chunk.start);
  });
  const moved = withFields(group.tree, { 1: structList(columns), 5: null, 7: null });
  return serializeThrift(withFields(footer.tree, { 3: i64(group.rows), 4: structList([moved]) }));
}

/** A column chunk whose pages lie `by` bytes further; page indexes, bloom filters and statistics are left behind. */
function moveChunk(c: ThriftStruct, by: number): ThriftStruct {
  const meta = structField(c, 3);
  if (meta === undefined) throw new EngineBug('a column chunk without metadata');
  const moved: Record<number, Thrift | null> = { 12: null, 14: null, 15: null, 16: null };
  for (const id of [9, 10, 11]) {
    const offset = intField(meta, id);
    if (offset !== undefined && offset > 0) moved[id] = i64(Math.max(0, offset + by));
  }
  return withFields(c, { 2: i64(0), 3: withFields(meta, moved), 4: null, 5: null, 6: null, 7: null });
}
