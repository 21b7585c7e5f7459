import * as fs from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * `mkdir -p`, step by step: Node's own recursive one never returns below /proc, where a folder is refused as if its parent were missing. `made` gets what
 * was not there before, from the outermost on. Throws what the system says.
 */
export function makeFolders(folder: string, made: string[] = [], mode = 0o777): void {
  const missing: string[] = [];
  let at = resolve(folder);
  let found = fs.statSync(at, { throwIfNoEntry: false });
  while (found === undefined) {
    missing.unshift(at);
    at = dirname(at);
    found = fs.statSync(at, { throwIfNoEntry: false });
  }
  if (!found.isDirectory()) throw systemError('ENOTDIR');
  if (missing.length > 0) fs.accessSync(at, fs.constants.W_OK | fs.constants.X_OK);
  for (const m of missing) {
    try {
      fs.mkdirSync(m, { mode });
      made.push(m);
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'EEXIST') throw e;
    }
  }
}

export function systemError(code: string): Error {
  return Object.assign(new Error(code), { code, syscall: 'open' });
}
