import * as zlib from 'node:zlib';
import { EngineBug } from '../errors.ts';
import type { Arrow } from './arrow_export.ts';
import { loadArrow } from './arrow_export.ts';
import { intField, parseThrift, parseThriftPrefix, structField, structsField } from './parquet_thrift.ts';
import { parquetWasm } from './parquet_wasm.ts';
import type { Region, Workspace } from './parquet_work.ts';

/** Codecs by option value: their numbers in parquet.thrift. */
const CODECS = { none: 0, snappy: 1, gzip: 2, brotli: 4, zstd: 6, lz4: 7 } as const;
export type Codec = keyof typeof CODECS;
export const COMPRESSIONS = Object.keys(CODECS) as readonly Codec[];

/** What the kernels' compressors work in. */
const TABLE_BYTES = 32 << 10;
const BROTLI_LEVEL = 1;

export function codecNumber(codec: Codec): number {
  return CODECS[codec];
}

/** Compresses pages. */
export class PageCodec {
  readonly codec: Codec;
  readonly #ws: Workspace;
  readonly #out: Region;
  readonly #table: Region;
  readonly #zstd: ((bytes: Uint8Array) => Uint8Array) | null;

  private constructor(codec: Codec, ws: Workspace, zstd: ((bytes: Uint8Array) => Uint8Array) | null) {
    this.codec = codec;
    this.#ws = ws;
    this.#out = ws.region();
    this.#table = ws.region();
    this.#zstd = zstd;
  }

  static async open(codec: Codec, ws: Workspace): Promise<PageCodec> {
    return new PageCodec(codec, ws, codec === 'zstd' ? await zstdCompressor() : null);
  }

  /** The first `bytes` bytes of a region, compressed; valid until anything else is done in the workspace. */
  compress(from: Region, bytes: number): Uint8Array {
    const ws = this.#ws;
    const { codec } = this;
    if (codec === 'none') return ws.bytes(from, 0, bytes);
    if (codec === 'snappy' || codec === 'lz4') {
      ws.reserve(this.#table, TABLE_BYTES);
      ws.reserve(this.#out, 32 + bytes + Math.ceil(bytes / 6));
      const { kernels } = ws;
      const encode = codec === 'snappy' ? kernels.snappy_encode : kernels.lz4_encode;
      const size = encode(ws.address(from), bytes, ws.address(this.#out), ws.address(this.#table));
      return ws.bytes(this.#out, 0, size);
    }
    const page = ws.bytes(from, 0, bytes);
    if (codec === 'gzip') return zlib.gzipSync(page);
    if (codec === 'brotli') {
      const { BROTLI_PARAM_QUALITY } = zlib.constants;
      return zlib.brotliCompressSync(page, { params: { [BROTLI_PARAM_QUALITY]: BROTLI_LEVEL } });
    }
    if (this.#zstd === null) throw new EngineBug('no compressor for zstd');
    return this.#zstd(page);
  }
}

/** Node's own where it has one (from 22.15 on); else that of the other encoder. */
async function zstdCompressor(): Promise<(bytes: Uint8Array) => Uint8Array> {
  const own = (zlib as { zstdCompressSync?: (bytes: Uint8Array) => Uint8Array }).zstdCompressSync;
  if (own !== undefined) return own;
  const arrow = await loadArrow();
  return (bytes) => zstdPage(arrow, bytes);
}

/** The page of a file whose only value is these bytes: written plainly, it is them, compressed. */
function zstdPage(A: Arrow, bytes: Uint8Array): Uint8Array {
  const wasm = parquetWasm();
  const type = new A.FixedSizeBinary(bytes.length);
  const schema = new A.Schema([new A.Field('page', type, false)]);
  const child = A.makeData({ type, length: 1, nullCount: 0, data: bytes.slice() });
  const struct = A.makeData({ type: new A.Struct(schema.fields), length: 1, nullCount: 0, children: [child] });
  const batch = new A.RecordBatch(schema, struct);
  const ipc = new A.RecordBatchStreamWriter().writeAll([batch]).toUint8Array(true);
  const properties = new wasm.WriterPropertiesBuilder()
    .setCompression(wasm.Compression.ZSTD)
    .setDictionaryEnabled(false)
    .setStatisticsEnabled(wasm.EnabledStatistics.None)
    .build();
  const file = wasm.writeParquet(wasm.Table.fromIPCStream(ipc), properties);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const end = file.length - 8;
  const footer = parseThrift(file.subarray(end - view.getUint32(end, true), end));
  const chunk = structsField(structsField(footer, 4)[0] ?? footer, 1)[0];
  const meta = chunk === undefined ? undefined : structField(chunk, 3);
  const at = meta === undefined ? undefined : intField(meta, 9);
  if (at === undefined) throw new EngineBug('a page was not written');
  const header = parseThriftPrefix(file.subarray(at));
  const size = intField(header.tree, 3);
  if (size === undefined || intField(header.tree, 2) !== bytes.length) throw new EngineBug('a page was not written');
  return file.subarray(at + header.end, at + header.end + size);
}
