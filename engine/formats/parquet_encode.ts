import type { Batch, Column } from '../batch/column.ts';
import type { Store } from '../store/types.ts';
import type { Schema } from '../types.ts';
import type { BlockEncoder, EncodedBlock, StoredBytes } from './def.ts';
import { type Codec, PageCodec } from './parquet_codec.ts';
import type { ParquetLayout } from './parquet_layout.ts';
import { LeafWriter, NESTED_STEP, type SharedRegions } from './parquet_leaf.ts';
import type { ChunkNote } from './parquet_page.ts';
import { shred } from './parquet_shred.ts';
import { Workspace } from './parquet_work.ts';

/** Rows of the pages of all columns together, and bytes of their texts: of tables with many columns each has fewer. So have dictionaries. */
const ROWS_TOGETHER = 1 << 18;
const BYTES_TOGETHER = 1 << 22;
/** A group of wide rows ends where its values take so many bytes, at a multiple of so many rows. */
const GROUP_BYTES = 64 << 20;
const STEP = 8192;
const PAGE_ROWS = 32768;
const ENTRIES = 32768;
const PAGE_BYTES = 1 << 20;
const LEAST_ROWS = 1024;
const LEAST_BYTES = 1 << 16;
/** Compressed bytes of all columns that wait for the end of their row group in working memory; more are put into the store. */
const WAITING_BYTES = 4 << 20;
const LEAST_OBJECT = 16 << 10;
const MOST_OBJECT = 512 << 10;

/** What the footer tells of a row group. Plain data. */
export interface GroupNote {
  readonly rows: number;
  readonly chunks: readonly ChunkNote[];
}

interface ParquetOptions {
  readonly layout: ParquetLayout;
  readonly codec: Codec;
  readonly groupRows: number;
}

/** Encodes a block of rows as one row group or more. Groups end by rows alone, and of wide rows by the bytes of their values. */
export class ParquetEncoder implements BlockEncoder {
  readonly #store: Store;
  readonly #schema: Schema;
  readonly #groupRows: number;
  readonly #ws: Workspace;
  readonly #leaves: readonly LeafWriter[];
  /** Of each column its leaves. */
  readonly #columns: readonly (readonly LeafWriter[])[];
  /** By leaf: what was put into the store. */
  #stored: StoredBytes[][] = [];
  #objects: StoredBytes[] = [];
  readonly #groups: GroupNote[] = [];
  /** Rows of the group that is open. */
  #rows = 0;

  private constructor(store: Store, schema: Schema, options: ParquetOptions, ws: Workspace, codec: PageCodec) {
    this.#store = store;
    this.#schema = schema;
    this.#groupRows = options.groupRows;
    this.#ws = ws;
    const { leaves } = options.layout;
    const shared: SharedRegions = {
      body: ws.region(),
      used: ws.region(),
      words: ws.region(),
      seen: ws.region(),
      wide: ws.region(),
    };
    ws.reserve(shared.words, 64);
    const share = (all: number, least: number, most: number): number =>
      Math.max(least, Math.min(most, 2 ** Math.floor(Math.log2(all / Math.max(1, leaves.length)))));
    const limits = {
      pageRows: share(ROWS_TOGETHER, LEAST_ROWS, PAGE_ROWS),
      entries: share(ROWS_TOGETHER, LEAST_ROWS, ENTRIES),
      bytes: share(BYTES_TOGETHER, LEAST_BYTES, PAGE_BYTES),
    };
    this.#leaves = leaves.map((l) => new LeafWriter(ws, codec, l, shared, limits));
    this.#columns = schema.map((f) => this.#leaves.filter((l) => l.leaf.path[0] === f.name));
    this.#begin();
  }

  static async open(store: Store, schema: Schema, options: ParquetOptions): Promise<ParquetEncoder> {
    const ws = new Workspace(store);
    try {
      return new ParquetEncoder(store, schema, options, ws, await PageCodec.open(options.codec, ws));
    } catch (e) {
      ws.free();
      throw e;
    }
  }

  #begin(): void {
    for (const l of this.#leaves) l.clear();
    this.#stored = this.#leaves.map(() => []);
    this.#rows = 0;
  }

  write(batch: Batch): void {
    for (let at = 0; at < batch.rows; ) {
      const n = Math.min(batch.rows - at, STEP - (this.#rows % STEP), this.#groupRows - this.#rows);
      this.#schema.forEach((f, i) => {
        this.#column(f, batch.columns[i] as Column, this.#columns[i] as readonly LeafWriter[], at, at + n);
      });
      this.#rows += n;
      at += n;
      if (this.#rows === this.#groupRows || (this.#rows % STEP === 0 && this.#isWide())) this.#endGroup();
    }
    this.#relieve();
  }

  #isWide(): boolean {
    return this.#leaves.reduce((n, l) => n + l.bytes, 0) >= GROUP_BYTES;
  }

  #column(f: Schema[number], col: Column, leaves: readonly LeafWriter[], from: number, to: number): void {
    const [only] = leaves;
    const { kind } = f.type;
    if (only !== undefined && kind !== 'struct' && kind !== 'list' && kind !== 'map') {
      only.addRows(col, from, to);
      return;
    }
    let row = this.#rows;
    for (let at = from; at < to; ) {
      const n = Math.min(to - at, NESTED_STEP - (row % NESTED_STEP));
      shred(leaves, f, col, at, at + n);
      at += n;
      row += n;
    }
  }

  /** Puts what waits too long into the store, where it can be spilled. */
  #relieve(): void {
    const most = Math.max(LEAST_OBJECT, Math.min(MOST_OBJECT, WAITING_BYTES / Math.max(1, this.#leaves.length)));
    this.#leaves.forEach(({ output }, i) => {
      if (output.length < most) return;
      this.#stored[i]?.push(this.#put(this.#ws.bytes(output.out, 0, output.length)));
      output.taken();
    });
  }

  #put(...parts: readonly Uint8Array[]): StoredBytes {
    const bytes = parts.reduce((n, p) => n + p.length, 0);
    const writer = this.#store.create(bytes);
    let at = 0;
    for (const p of parts) {
      writer.view.set(p, at);
      at += p.length;
    }
    return { object: writer.seal(), bytes };
  }

  #endGroup(): void {
    if (this.#rows === 0) return;
    const chunks = this.#leaves.map((l) => l.finish());
    let waiting: Uint8Array[] = [];
    const flush = (): void => {
      if (waiting.length > 0) this.#objects.push(this.#put(...waiting));
      waiting = [];
    };
    this.#leaves.forEach(({ output }, i) => {
      // The dictionary page was written last.
      const pages = output.length - (chunks[i]?.dictionary ?? 0);
      if (output.length > pages) waiting.push(this.#ws.bytes(output.out, pages, output.length));
      for (const stored of this.#stored[i] ?? []) {
        flush();
        this.#objects.push(stored);
      }
      this.#stored[i] = [];
      if (pages > 0) waiting.push(this.#ws.bytes(output.out, 0, pages));
    });
    flush();
    this.#groups.push({ rows: this.#rows, chunks });
    this.#begin();
  }

  finish(): EncodedBlock {
    this.#endGroup();
    const objects = this.#objects;
    this.#objects = [];
    return { objects, note: this.#groups };
  }

  free(): void {
    for (const { object } of [...this.#objects, ...this.#stored.flat()]) this.#store.release(object);
    this.#ws.free();
  }
}
