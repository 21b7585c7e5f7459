import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunError } from '../errors.ts';
import { errorCode, readError, STDIN } from './files.ts';

let spool: string | null = null;

/**
 * Where the bytes of an input are: the path itself, or, for `-`, a temporary file that standard input is copied to once a process
 * (planning samples it, workers then read it by ranges, and two sources may name it). The file goes when the process ends.
 */
export function localPath(path: string): string {
  if (path !== STDIN) return path;
  spool ??= spoolStdin();
  return spool;
}

function spoolStdin(): string {
  const folder = mkdtempSync(join(tmpdir(), 'flowc-stdin-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'input');
  const fd = openSync(file, 'wx', 0o600);
  const buffer = Buffer.allocUnsafe(1 << 18);
  try {
    for (let n = readChunk(buffer); n > 0; n = readChunk(buffer)) {
      for (let done = 0; done < n; ) done += writeAll(fd, buffer, done, n - done);
    }
  } finally {
    closeSync(fd);
  }
  return file;
}

function writeAll(fd: number, buffer: Buffer, from: number, length: number): number {
  try {
    return writeSync(fd, buffer, from, length);
  } catch (e) {
    throw new RunError(
      'FLOW7008',
      `cannot keep standard input in ${tmpdir()}: ${e instanceof Error ? e.message : String(e)}`,
    );
  }
}

/** One read of standard input; 0 at its end. A pipe in non-blocking mode that has nothing yet is asked again. */
function readChunk(buffer: Buffer): number {
  for (;;) {
    try {
      return readSync(0, buffer, 0, buffer.length, null);
    } catch (e) {
      const code = errorCode(e);
      if (code === 'EOF') return 0;
      if (code !== 'EAGAIN') throw readError(STDIN, e);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
