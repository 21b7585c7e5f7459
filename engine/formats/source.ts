import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import { createGunzip, type Gunzip } from 'node:zlib';
import { RunError } from '../errors.ts';
import { errorCode, readError } from './files.ts';

/** Bytes of one input in order. */
export interface ByteSource {
  /** Fills `into` from its start as far as the input goes; fewer than `into.length` bytes only at the end, or before a failure. */
  read(into: Uint8Array): number | Promise<number>;
  /** Why the last read came back short, when it was not the end. */
  failure(): Error | null;
  /** Bytes of the file on disk consumed so far, for progress. */
  consumed(): number;
  close(): void;
}

/** How a thing is stored: `size` bytes on disk, compressed or not (told by the first bytes, not by the name). */
export interface FileFacts {
  readonly size: number;
  readonly gzip: boolean;
}

export function fileFacts(path: string, display: string): FileFacts {
  return withFile(path, display, (fd) => {
    const head = Buffer.alloc(4);
    const n = readSync(fd, head, 0, 4, 0);
    const gzip = n >= 2 && head[0] === 0x1f && head[1] === 0x8b;
    if (n === 4 && head.readUInt32LE(0) === 0xfd2fb528) {
      throw new RunError(
        'FLOW7003',
        `"${display}" is compressed with zstd`,
        { file: display },
        'decompress it first, or use gzip',
      );
    }
    return { size: fstatSync(fd).size, gzip };
  });
}

/** Opens, calls, closes; system errors become RunError FLOW7002. */
export function withFile<R>(path: string, display: string, use: (fd: number) => R): R {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (e) {
    throw readError(display, e);
  }
  try {
    return use(fd);
  } catch (e) {
    throw errorCode(e) !== undefined && !(e instanceof RunError) ? readError(display, e) : e;
  } finally {
    closeSync(fd);
  }
}

/** Reads until `length` bytes are there or the file ends. */
export function readFully(fd: number, into: Uint8Array, position: number): number {
  let done = 0;
  while (done < into.length) {
    const n = readSync(fd, into, done, into.length - done, position + done);
    if (n === 0) break;
    done += n;
  }
  return done;
}

/** The file from byte `start` on; of a gzip file, its decompressed content (start must be 0). */
export function openSource(path: string, display: string, start: number, gzip: boolean): ByteSource {
  return gzip ? gzipSource(path, display) : fileSource(path, display, start);
}

function fileSource(path: string, display: string, start: number): ByteSource {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (e) {
    throw readError(display, e);
  }
  let position = start;
  return {
    read(into) {
      try {
        const n = readFully(fd, into, position);
        position += n;
        return n;
      } catch (e) {
        throw readError(display, e);
      }
    },
    failure: () => null,
    consumed: () => position - start,
    close: () => closeSync(fd),
  };
}

/** Thrown when a gzip stream ends early or is damaged; the reader says how many rows it had read by then. */
export class GzipDamage extends Error {
  override readonly name = 'GzipDamage';
}

function gzipSource(path: string, display: string): ByteSource {
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  const gunzip = createGunzip({ chunkSize: 1 << 18 });
  file.on('error', (e) => gunzip.destroy(e));
  file.pipe(gunzip);
  const chunks: AsyncIterator<Buffer> = gunzip[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest: Buffer | null = null;
  let failure: Error | null = null;
  return {
    async read(into) {
      let done = 0;
      while (done < into.length && failure === null) {
        try {
          rest ??= await nextChunk(chunks, display);
        } catch (e) {
          failure = e instanceof Error ? e : new Error(String(e));
        }
        if (rest === null) break;
        const n = Math.min(rest.length, into.length - done);
        into.set(n === rest.length ? rest : rest.subarray(0, n), done);
        done += n;
        rest = n === rest.length ? null : rest.subarray(n);
      }
      return done;
    },
    failure: () => failure,
    consumed: () => gunzip.bytesWritten,
    close: () => close(gunzip, file),
  };
}

function close(gunzip: Gunzip, file: NodeJS.ReadableStream & { destroy(): unknown }): void {
  file.destroy();
  gunzip.destroy();
}

async function nextChunk(chunks: AsyncIterator<Buffer>, display: string): Promise<Buffer | null> {
  try {
    const next = await chunks.next();
    return next.done === true ? null : next.value;
  } catch (e) {
    const code = errorCode(e);
    if (code?.startsWith('Z_') === true || code === 'ERR_STREAM_PREMATURE_CLOSE') {
      throw new GzipDamage(
        code === 'Z_BUF_ERROR' ? 'the file ends before the compressed data does' : 'the compressed data is damaged',
      );
    }
    throw readError(display, e);
  }
}
