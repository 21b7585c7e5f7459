// What the tests of tasks share: engines that are closed, errors that are expected.
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import * as assert from 'uvu/assert';
import { Engine, type EngineOptions, RunError } from '../../index.ts';

export const MIB = 2 ** 20;

/** Runs `f` on an engine of its own; nothing of it is left afterwards. */
export async function withEngine(
  options: EngineOptions,
  f: (engine: Engine, spill: string) => Promise<void>,
): Promise<void> {
  const spill = fs.mkdtempSync(path.join(os.tmpdir(), 'flowc-tasks-'));
  const engine = new Engine({ workers: 2, memory: 64 * MIB, spillDirs: [spill], ...options });
  try {
    await f(engine, spill);
  } finally {
    await engine.close();
    assert.equal(fs.readdirSync(spill), [], 'no files are left');
    fs.rmSync(spill, { recursive: true });
  }
}

/** The RunError a promise rejects with, or a function throws. */
export async function failing(run: Promise<unknown> | (() => unknown), code: string): Promise<RunError> {
  try {
    await (typeof run === 'function' ? run() : run);
  } catch (e) {
    assert.instance(e, RunError, String(e instanceof Error ? e.stack : e));
    assert.is((e as RunError).code, code, (e as RunError).message);
    return e as RunError;
  }
  throw new Error(`no ${code}`);
}

export const sleep = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms));

/** Resolves when `test` holds; fails after a while. */
export async function until(what: string, test: () => boolean): Promise<void> {
  for (let waited = 0; !test(); waited += 5) {
    if (waited > 20_000) throw new Error(`waited in vain for ${what}`);
    await sleep(5);
  }
}
