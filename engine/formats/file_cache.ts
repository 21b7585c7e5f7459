import { statSync } from 'node:fs';
import { RunError } from '../errors.ts';
import { errorCode, readError } from './files.ts';

/**
 * Remembers what was learned of the files last looked at: planning asks several times, and a worker reads many splits of one file.
 * A file that has changed since (size, time, inode) is looked at again. RunError FLOW7001 when it is not there.
 */
export function fileCache<V>(keep: number, load: (path: string) => V): (path: string) => V {
  const recent = new Map<string, { readonly stamp: string; readonly value: V }>();
  return (path) => {
    const stamp = stampOf(path);
    const known = recent.get(path);
    recent.delete(path);
    const entry = known !== undefined && known.stamp === stamp ? known : { stamp, value: load(path) };
    recent.set(path, entry);
    for (const oldest of recent.keys()) {
      if (recent.size <= keep) break;
      recent.delete(oldest);
    }
    return entry.value;
  };
}

function stampOf(path: string): string {
  try {
    const stats = statSync(path);
    return `${stats.size} ${stats.mtimeMs} ${stats.ino}`;
  } catch (e) {
    const code = errorCode(e);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw readError(path, e);
    throw new RunError(
      'FLOW7001',
      `no file "${path}"`,
      { file: path },
      'check the path; relative paths start in the folder the run was started in',
    );
  }
}
