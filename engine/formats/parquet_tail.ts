import type { GroupNote } from './parquet_encode.ts';
import type { LeafLayout, ParquetLayout } from './parquet_layout.ts';
import { physicalNumber } from './parquet_layout.ts';
import { type ChunkNote, ENCODING } from './parquet_page.ts';
import {
  i32,
  i64,
  listOf,
  serializeThrift,
  structList,
  type Thrift,
  type ThriftStruct,
  text,
  thrift,
} from './parquet_thrift.ts';

export const MAGIC = Buffer.from('PAR1');
const CREATED_BY = 'flowc';
/** Element types of Thrift's lists. */
const BOOL = 1;
const I32 = 5;
const I64 = 6;
const BINARY = 8;
const MOST_ORDINALS = 32768;
const DICTIONARY_PAGE = 2;

interface Chunk {
  readonly leaf: LeafLayout;
  readonly note: ChunkNote;
  /** Where it begins in the file. */
  readonly at: number;
}

/** What comes behind the last row group: page indexes, footer and the file's end. `arrow`: the Arrow schema, where it says more than Parquet's. */
export function parquetTail(
  layout: ParquetLayout,
  codec: number,
  groups: readonly GroupNote[],
  arrow: string | null,
): Uint8Array {
  let at = MAGIC.length;
  const chunks = groups.map((g) =>
    g.chunks.map((note, i): Chunk => {
      const chunk = { leaf: layout.leaves[i] as LeafLayout, note, at };
      at += note.bytes;
      return chunk;
    }),
  );
  const out: Uint8Array[] = [];
  const put = (tree: ThriftStruct | null): readonly [number, number] | null => {
    if (tree === null) return null;
    const bytes = serializeThrift(tree);
    out.push(bytes);
    at += bytes.length;
    return [at - bytes.length, bytes.length];
  };
  const columns = chunks.map((g) => g.map((c) => put(columnIndex(c.note))));
  const offsets = chunks.map((g) => g.map((c) => put(offsetIndex(c))));
  const trees = chunks.map((g, k) => {
    const members = g.map((c, i) => chunkTree(c, codec, columns[k]?.[i] ?? null, offsets[k]?.[i] ?? null));
    return groupTree(groups[k] as GroupNote, g, members, k);
  });
  const footer = serializeThrift(
    thrift({
      1: i32(1),
      2: structList(layout.elements),
      3: i64(groups.reduce((n, g) => n + g.rows, 0)),
      4: structList(trees),
      5: arrow === null ? null : structList([thrift({ 1: text('ARROW:schema'), 2: text(arrow) })]),
      6: text(CREATED_BY),
      // All columns have the order of their type.
      7: structList(layout.leaves.map(() => thrift({ 1: thrift({}) }))),
    }),
  );
  const end = Buffer.alloc(8);
  end.writeUInt32LE(footer.length);
  end.set(MAGIC, 4);
  return Buffer.concat([...out, footer, end]);
}

function groupTree({ rows }: GroupNote, chunks: readonly Chunk[], members: readonly ThriftStruct[], ordinal: number) {
  return thrift({
    1: structList(members),
    2: i64(chunks.reduce((n, c) => n + c.note.uncompressed, 0)),
    3: i64(rows),
    5: i64(chunks[0]?.at ?? 0),
    6: i64(chunks.reduce((n, c) => n + c.note.bytes, 0)),
    7: ordinal < MOST_ORDINALS ? { kind: 'int', wire: 4, value: ordinal } : null,
  });
}

type Span = readonly [at: number, bytes: number] | null;

function chunkTree({ leaf, note, at }: Chunk, codec: number, columns: Span, offsets: Span): ThriftStruct {
  const levels = leaf.defined > 0 || leaf.repeated > 0;
  const plain = note.dictionary > 0 || note.coded < note.pages.length;
  const encodings = [
    ...(plain ? [ENCODING.plain] : []),
    ...(levels ? [ENCODING.rle] : []),
    ...(note.coded > 0 ? [ENCODING.dictionary] : []),
  ];
  const meta = thrift({
    1: i32(physicalNumber(leaf.physical)),
    2: listOf(I32, encodings.map(i32)),
    3: listOf(BINARY, leaf.path.map(text)),
    4: i32(codec),
    5: i64(note.values),
    6: i64(note.uncompressed),
    7: i64(note.bytes),
    9: i64(at + note.dictionary),
    11: note.dictionary > 0 ? i64(at) : null,
    12: statistics(note),
    13: structList(encodingStats(note)),
  });
  return thrift({
    2: i64(0),
    3: meta,
    4: offsets === null ? null : i64(offsets[0]),
    5: offsets === null ? null : i32(offsets[1]),
    6: columns === null ? null : i64(columns[0]),
    7: columns === null ? null : i32(columns[1]),
  });
}

function binary(bytes: Uint8Array | null): Thrift | null {
  return bytes === null ? null : { kind: 'binary', value: bytes };
}

function flag(value: boolean): Thrift {
  return { kind: 'bool', value };
}

function statistics({ min, max, minExact, maxExact, nulls }: ChunkNote): ThriftStruct {
  return thrift({
    3: i64(nulls),
    5: binary(max),
    6: binary(min),
    7: max === null ? null : flag(maxExact),
    8: min === null ? null : flag(minExact),
  });
}

function encodingStats({ dictionary, coded, pages }: ChunkNote): ThriftStruct[] {
  const entry = (type: number, encoding: number, count: number): ThriftStruct[] =>
    count === 0 ? [] : [thrift({ 1: i32(type), 2: i32(encoding), 3: i32(count) })];
  return [
    ...entry(DICTIONARY_PAGE, ENCODING.plain, dictionary > 0 ? 1 : 0),
    ...entry(0, ENCODING.dictionary, coded),
    ...entry(0, ENCODING.plain, pages.length - coded),
  ];
}

/** Null where a page has values whose bounds are not known: it cannot be told. */
function columnIndex({ pages }: ChunkNote): ThriftStruct | null {
  if (pages.some((p) => p.filled && (p.min === null || p.max === null))) return null;
  const none = new Uint8Array(0);
  return thrift({
    1: listOf(
      BOOL,
      pages.map((p) => flag(!p.filled)),
    ),
    2: listOf(
      BINARY,
      pages.map((p) => binary(p.min ?? none) as Thrift),
    ),
    3: listOf(
      BINARY,
      pages.map((p) => binary(p.max ?? none) as Thrift),
    ),
    // The pages are not said to be in order.
    4: i32(0),
    5: listOf(
      I64,
      pages.map((p) => i64(p.nulls)),
    ),
  });
}

function offsetIndex({ note, at }: Chunk): ThriftStruct {
  return thrift({
    1: structList(
      note.pages.map((p) => thrift({ 1: i64(at + note.dictionary + p.at), 2: i32(p.bytes), 3: i64(p.row) })),
    ),
  });
}
