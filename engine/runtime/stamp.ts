import * as fs from 'node:fs';
import { RunError } from '../errors.ts';
import { localPath } from '../formats/stdin.ts';

/** An input file as it was when its splits were planned: a part of another version must not be mixed in. */
export interface FileStamp {
  /** Where the bytes are. */
  readonly local: string;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ino: number;
}

/** Null for what has no stamp to compare: a file that is gone is reported by its reader. */
export function stampOf(path: string): FileStamp | null {
  const local = localPath(path);
  const found = statOf(local);
  return found === undefined ? null : { local, size: found.size, mtimeMs: found.mtimeMs, ino: found.ino };
}

/** RunError FLOW7002 when the file is another one by now, or was written to. One that is gone was read as it was. */
export function changedSince(stamp: FileStamp, path: string): RunError | null {
  const now = statOf(stamp.local);
  if (now === undefined) return null;
  if (now.size === stamp.size && now.mtimeMs === stamp.mtimeMs && now.ino === stamp.ino) return null;
  return new RunError(
    'FLOW7002',
    `"${path}" changed while it was read`,
    { file: path },
    'run again when nothing writes to it, or read a copy',
  );
}

function statOf(path: string): fs.Stats | undefined {
  try {
    return fs.statSync(path);
  } catch {
    return undefined;
  }
}
