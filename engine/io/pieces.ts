import { Readable } from 'node:stream';

/** Views below this size are gathered, so that the many small ones between large ones (padding, checksums) cost no system call each. */
const SMALL = 16 << 10;
const GATHERED = 64 << 10;
/** Large views go to the socket in pieces of this size, without copying. */
const PIECE = 1 << 20;

/** Bytes [from, to) of the views laid one after another, as one stream. */
export function bodyOf(views: readonly Uint8Array[], from: number, to: number): Readable {
  return Readable.from(pieces(views, from, to), { objectMode: false, highWaterMark: PIECE });
}

/** The views' bytes [from, to) in pieces of up to 1 MiB; large views by reference. */
export function* pieces(views: readonly Uint8Array[], from: number, to: number): Generator<Buffer> {
  let gathered: Buffer[] = [];
  let bytes = 0;
  for (const part of partsOf(views, from, to)) {
    if (part.length < SMALL) {
      gathered.push(part);
      bytes += part.length;
      if (bytes < GATHERED) continue;
    }
    if (bytes > 0) yield Buffer.concat(gathered, bytes);
    gathered = [];
    bytes = 0;
    if (part.length < SMALL) continue;
    for (let at = 0; at < part.length; at += PIECE) yield part.subarray(at, at + PIECE);
  }
  if (bytes > 0) yield Buffer.concat(gathered, bytes);
}

function* partsOf(views: readonly Uint8Array[], from: number, to: number): Generator<Buffer> {
  let at = 0;
  for (const v of views) {
    const start = Math.max(from, at) - at;
    const end = Math.min(to, at + v.length) - at;
    if (end > start) yield Buffer.from(v.buffer, v.byteOffset + start, end - start);
    at += v.length;
  }
}

export function totalBytes(views: readonly Uint8Array[]): number {
  return views.reduce((sum, v) => sum + v.length, 0);
}
