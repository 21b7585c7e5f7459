import { createGzip } from 'node:zlib';
import type { Batch } from '../batch/column.ts';
import { sliceBatch } from '../batch/slice.ts';
import type { Store } from '../store/types.ts';
import type { BlockEncoder, BlockWriter, FormatWriter, SerialEncoder, SinkSpec } from './def.ts';

/** Writes one file from its first row to its last, whatever the format. */
export async function serialEncoder(writer: FormatWriter, spec: SinkSpec, store: Store): Promise<SerialEncoder> {
  if (writer.kind === 'serial') return writer.open(spec);
  if (writer.kind === 'blocks') return new BlockByBlock(writer, spec, store);
  let begun = false;
  const head = (): Uint8Array[] => {
    if (begun) return [];
    begun = true;
    return [writer.head(spec).slice()];
  };
  const plain: SerialEncoder = {
    write: (batch) => Promise.resolve([...head(), writer.encode(batch, spec)]),
    finish: () => Promise.resolve([...head(), writer.tail(spec)]),
  };
  return writer.compression(spec) === 'gzip' ? gzipped(plain) : plain;
}

/** Blocks one after another. Their bytes leave the store as they are handed out. */
class BlockByBlock implements SerialEncoder {
  readonly #writer: BlockWriter;
  readonly #spec: SinkSpec;
  readonly #store: Store;
  readonly #rows: number;
  readonly #notes: unknown[] = [];
  #encoder: BlockEncoder | null = null;
  /** Rows of the open block. */
  #filled = 0;
  #begun = false;

  constructor(writer: BlockWriter, spec: SinkSpec, store: Store) {
    this.#writer = writer;
    this.#spec = spec;
    this.#store = store;
    this.#rows = writer.blockRows(spec);
  }

  async write(batch: Batch): Promise<readonly Uint8Array[]> {
    const out = this.#head();
    for (let at = 0; at < batch.rows; ) {
      this.#encoder ??= await this.#writer.open(this.#spec, this.#store);
      const n = Math.min(batch.rows - at, this.#rows - this.#filled);
      this.#encoder.write(sliceBatch(batch, at, at + n));
      at += n;
      this.#filled += n;
      if (this.#filled === this.#rows) out.push(...this.#end());
    }
    return out;
  }

  async finish(): Promise<readonly Uint8Array[]> {
    return [...this.#head(), ...this.#end(), await this.#writer.tail(this.#spec, this.#notes)];
  }

  #head(): Uint8Array[] {
    if (this.#begun) return [];
    this.#begun = true;
    return [this.#writer.head(this.#spec)];
  }

  #end(): Uint8Array[] {
    if (this.#encoder === null) return [];
    const { objects, note } = this.#encoder.finish();
    this.free();
    this.#filled = 0;
    this.#notes.push(note);
    return objects.map(({ object, bytes }) => {
      const lease = this.#store.readBytes(object, 0, bytes);
      const copy = lease.view.slice();
      lease.release();
      this.#store.release(object);
      return copy;
    });
  }

  free(): void {
    this.#encoder?.free();
    this.#encoder = null;
  }
}

/** One stream of gzip over all parts: where they end does not show in it. */
function gzipped(inner: SerialEncoder): SerialEncoder {
  const gzip = createGzip();
  let out: Uint8Array[] = [];
  gzip.on('data', (chunk: Uint8Array) => out.push(chunk));
  const take = (): Uint8Array[] => {
    const taken = out;
    out = [];
    return taken;
  };
  const put = (part: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      gzip.write(part.slice(), (e) => (e ? reject(e) : resolve()));
    });
  return {
    async write(batch) {
      for (const part of await inner.write(batch)) await put(part);
      return take();
    },
    async finish() {
      for (const part of await inner.finish()) await put(part);
      const ended = new Promise((resolve, reject) => gzip.on('end', resolve).on('error', reject));
      gzip.end();
      await ended;
      return take();
    },
  };
}
