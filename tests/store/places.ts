import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunError } from '../../engine/errors.ts';
import { createStore, type MainStore, type StoreOptions } from '../../engine/store/store.ts';

const root = fs.mkdtempSync(join(tmpdir(), 'flowc-test-'));
process.once('exit', () => fs.rmSync(root, { recursive: true, force: true }));
let dirs = 0;

/** A folder for one test, not made yet; all go when the process ends. */
export const freshDir = (): string => join(root, `dir${dirs++}`);

/** Runs `f` with a store of 1 MiB and 4 threads unless said otherwise, in a folder of its own. */
export async function withStore<V>(
  options: Partial<StoreOptions>,
  f: (store: MainStore, dir: string) => V | Promise<V>,
): Promise<V> {
  const dir = freshDir();
  const store = createStore({ limit: 1 << 20, threads: 4, spillDirs: [dir], ...options });
  try {
    return await f(store, dir);
  } finally {
    store.close();
  }
}

export function errorOf(f: () => unknown): RunError {
  try {
    f();
  } catch (e) {
    if (e instanceof RunError) return e;
    throw e;
  }
  throw new Error('an error was expected');
}

/** Paths of the spill files below a folder. */
export function spillFiles(dir: string): string[] {
  if (!fs.existsSync(dir)) return [];
  return fs
    .readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('.spill'))
    .map((f) => join(dir, f));
}
