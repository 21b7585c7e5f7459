import { RunError } from '../errors.ts';
import type { HostFunction } from './def.ts';
import { thrownError } from './failure.ts';
import { hostValue } from './load.ts';
import { watchWords } from './watch.ts';

/** Calls a host function with values of the user's side, and gives what it gives. What it throws is a RunError that shows `shown`, the arguments. */
export function rawCall(fn: HostFunction): (args: readonly unknown[], shown: readonly unknown[] | null) => unknown {
  const call = hostValue(fn);
  const timed = timedCall(fn);
  return (args, shown) => {
    try {
      return timed(() => call(...args));
    } catch (e) {
      throw thrownError(fn, e, shown);
    }
  };
}

/** Runs code of the function's, which may take no longer than one call. */
export function timedCall(fn: HostFunction): <T>(work: () => T) => T {
  if (fn.timeout === null) return (work) => work();
  const words = watchWords();
  return (work) => {
    words[1] = fn.id;
    words[0] = (words[0] as number) + 1;
    try {
      return work();
    } finally {
      words[0] = (words[0] as number) + 1;
    }
  };
}

export function isPromise(v: unknown): v is PromiseLike<unknown> {
  return typeof v === 'object' && v !== null && 'then' in v && typeof v.then === 'function';
}

/** What a promise of the function's gives, in time; RunErrors otherwise. */
export async function settled(
  fn: HostFunction,
  promise: PromiseLike<unknown>,
  shown: readonly unknown[] | null,
): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    if (fn.timeout === null) return;
    const message = `${fn.name} (${fn.path}) has not settled for ${fn.timeout} ms`;
    timer = setTimeout(() => reject(new RunError('FLOW7014', message)), fn.timeout);
  });
  try {
    return await (fn.timeout === null ? promise : Promise.race([promise, late]));
  } catch (e) {
    throw thrownError(fn, e, shown);
  } finally {
    clearTimeout(timer);
  }
}
