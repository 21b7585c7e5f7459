import { createGzip } from 'node:zlib';
import type { FormatWriter, SerialEncoder, SinkSpec } from './def.ts';

/** Writes one file from its first row to its last, whatever the format. */
export async function serialEncoder(writer: FormatWriter, spec: SinkSpec): Promise<SerialEncoder> {
  if (writer.kind === 'serial') return writer.open(spec);
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
