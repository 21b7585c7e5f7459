import { RunError } from '../errors.ts';

const FIRST_PAUSE_MS = 5;
const MAX_PAUSE_MS = 1000;
/** Errors that another try right away does not change. */
const LASTING = new Set(['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EISDIR', 'EMFILE']);

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Calls `f`, again up to `retries` times when it throws, with pauses that double. A lasting error is thrown at once. */
export function retried<V>(retries: number, f: () => V): V {
  for (let n = 0; ; n++) {
    try {
      return f();
    } catch (e) {
      if (n >= retries || lasting(e)) throw e;
      Atomics.wait(sleeper, 0, 0, Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** n));
    }
  }
}

function lasting(e: unknown): boolean {
  // Of a target that has tried again itself.
  if (e instanceof RunError) return true;
  const { code } = e as NodeJS.ErrnoException;
  return code !== undefined && LASTING.has(code);
}
