import { EngineBug } from '../errors.ts';
import { subtreeEnd } from './parquet_part.ts';
import type { Thrift, ThriftStruct } from './parquet_thrift.ts';
import {
  i64,
  intField,
  parseThrift,
  serializeThrift,
  structField,
  structList,
  structsField,
  textField,
  withFields,
} from './parquet_thrift.ts';

const MAGIC = Buffer.from('PAR1');

/** A column chunk's page indexes, which lie between the last row group and the footer. */
interface Indexes {
  readonly column: Uint8Array | null;
  readonly offset: Uint8Array | null;
}

/**
 * Joins Parquet files of one schema and one row group each into one file, piece by piece: pages are passed on as they are, places in
 * the metadata are moved. `add` and `finish` give the bytes to append.
 */
export class ParquetJoin {
  private readonly json: ReadonlySet<string>;
  private footer: ThriftStruct | null = null;
  private readonly groups: ThriftStruct[] = [];
  private readonly indexes: Indexes[][] = [];
  private at = 0;
  private rows = 0;

  /** `json`: top-level columns to mark as JSON. */
  constructor(json: ReadonlySet<string>) {
    this.json = json;
  }

  get empty(): boolean {
    return this.footer === null;
  }

  add(file: Uint8Array): readonly Uint8Array[] {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const footerAt = file.length - 8 - view.getUint32(file.length - 8, true);
    // Copies: what is kept of the metadata until the end must not keep the pages.
    const footer = parseThrift(file.slice(footerAt, file.length - 8));
    const out: Uint8Array[] = [];
    if (this.footer === null) {
      this.footer = footer;
      out.push(MAGIC);
      this.at = MAGIC.length;
    }
    for (const group of structsField(footer, 4)) {
      const columns = structsField(group, 1);
      const end = Math.min(
        footerAt,
        ...columns.flatMap((c) => [intField(c, 4) ?? footerAt, intField(c, 6) ?? footerAt]),
      );
      const by = this.at - MAGIC.length;
      this.indexes.push(columns.map((c) => ({ column: indexBytes(file, c, 6), offset: movedOffsets(file, c, by) })));
      this.groups.push(moveGroup(group, columns, by, this.groups.length));
      this.rows += intField(group, 3) ?? 0;
      out.push(file.subarray(MAGIC.length, end));
      this.at += end - MAGIC.length;
    }
    return out;
  }

  finish(): readonly Uint8Array[] {
    if (this.footer === null) throw new EngineBug('a Parquet file without its schema');
    const out: Uint8Array[] = [];
    const groups = this.groups.map((g, i) => {
      const columns = structsField(g, 1).map((c, k) => this.placeIndexes(c, this.indexes[i]?.[k], out));
      return withFields(g, { 1: structList(columns) });
    });
    const elements = structsField(this.footer, 2);
    const top = topLevel(elements);
    const schema = elements.map((e, i) => (top.has(i) ? this.markJson(e) : e));
    const footer = serializeThrift(
      withFields(this.footer, { 2: structList(schema), 3: i64(this.rows), 4: structList(groups) }),
    );
    const tail = Buffer.alloc(8);
    tail.writeUInt32LE(footer.length);
    tail.set(MAGIC, 4);
    return [...out, footer, tail];
  }

  private placeIndexes(c: ThriftStruct, indexes: Indexes | undefined, out: Uint8Array[]): ThriftStruct {
    const places: Record<number, Thrift | null> = {};
    for (const [bytes, at, length] of [
      [indexes?.column, 6, 7],
      [indexes?.offset, 4, 5],
    ] as const) {
      if (bytes === undefined || bytes === null) continue;
      places[at] = i64(this.at);
      places[length] = { kind: 'int', wire: 5, value: bytes.length };
      out.push(bytes);
      this.at += bytes.length;
    }
    return withFields(c, places);
  }

  private markJson(e: ThriftStruct): ThriftStruct {
    const text = intField(e, 6) === 0 && intField(e, 5) === undefined;
    if (!text || !this.json.has(textField(e, 4) ?? '')) return e;
    const none: ThriftStruct = { kind: 'struct', fields: new Map() };
    return withFields(e, {
      6: { kind: 'int', wire: 5, value: 19 },
      10: { kind: 'struct', fields: new Map([[12, none]]) },
    });
  }
}

function moveGroup(group: ThriftStruct, columns: readonly ThriftStruct[], by: number, ordinal: number): ThriftStruct {
  const moved = columns.map((c) => {
    const meta = structField(c, 3);
    if (meta === undefined) throw new EngineBug('a column chunk without metadata');
    const inner = withFields(meta, { ...shifted(meta, [9, 10, 11, 14], by) });
    return withFields(c, { ...shifted(c, [2], by), 3: inner, 4: null, 5: null, 6: null, 7: null });
  });
  const fields: Record<number, Thrift | null> = { 1: structList(moved), ...shifted(group, [5], by) };
  fields[7] = ordinal < 32768 ? { kind: 'int', wire: 4, value: ordinal } : null;
  return withFields(group, fields);
}

/** Offsets that are set (0 stands for none) moved. */
function shifted(s: ThriftStruct, ids: readonly number[], by: number): Record<number, Thrift> {
  const out: Record<number, Thrift> = {};
  for (const id of ids) {
    const offset = intField(s, id);
    if (offset !== undefined && offset > 0) out[id] = i64(offset + by);
  }
  return out;
}

function indexBytes(file: Uint8Array, c: ThriftStruct, id: 4 | 6): Uint8Array | null {
  const at = intField(c, id);
  const length = intField(c, id + 1);
  return at === undefined || length === undefined ? null : file.slice(at, at + length);
}

/** The offset index (PageLocations) with every page moved. */
function movedOffsets(file: Uint8Array, c: ThriftStruct, by: number): Uint8Array | null {
  const bytes = indexBytes(file, c, 4);
  if (bytes === null) return null;
  const index = parseThrift(bytes);
  const pages = structsField(index, 1).map((p) => withFields(p, shifted(p, [1], by)));
  return serializeThrift(withFields(index, { 1: structList(pages) }));
}

/** Positions of the columns of the top level in the list of schema elements (depth first, the root at 0). */
function topLevel(elements: readonly ThriftStruct[]): ReadonlySet<number> {
  const found = new Set<number>();
  for (let at = 1; at < elements.length; at = subtreeEnd(elements, at)) found.add(at);
  return found;
}
