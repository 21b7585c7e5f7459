import type { ErrorData } from '../errors.ts';
import { errorToData } from '../errors.ts';
import type { HostFunction } from './def.ts';
import { thrownError } from './failure.ts';
import { watchWords } from './watch.ts';

/** Modules of this thread that want to be told of its end, in the order they were loaded. */
const waiting: { readonly fn: HostFunction; readonly run: () => unknown }[] = [];

/** Notes a module whose `setup` has run (or that has none). The driver reads in a word of this thread that there is one. */
export function keepTeardown(fn: HostFunction, exports: Readonly<Record<string, unknown>>): void {
  const run = Object.hasOwn(exports, 'teardown') ? exports['teardown'] : undefined;
  if (typeof run !== 'function') return;
  waiting.push({ fn, run: run as () => unknown });
  watchWords()[2] = 1;
}

/**
 * Runs the `teardown` of each module, the last one loaded first, one after another; each once, whatever becomes of it. `begins` is told of each before it runs, by the path the
 * flow knows it by. Gives what they threw.
 */
export async function tearDown(begins: (path: string) => void): Promise<ErrorData[]> {
  const failures: ErrorData[] = [];
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    const { fn, run } = one;
    begins(fn.path);
    try {
      await run();
    } catch (e) {
      failures.push(errorToData(thrownError({ ...fn, name: 'teardown' }, e, null)));
    }
  }
  return failures;
}
