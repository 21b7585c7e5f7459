import { RunError } from '../errors.ts';
import { lostError } from './failures.ts';
import { isShort } from './holdings.ts';
import { PENDING, READY, type Value, type Watcher } from './refs.ts';
import type { TaskRuntime } from './runtime.ts';

/** How often a value is made again for one `get`. */
const REMAKES = 3;

/** One for any number of values: resolves when so many of them are settled. */
class Countdown implements Watcher {
  readonly done: Promise<void>;
  #left: number;
  readonly #failFast: boolean;
  #resolve: () => void = () => {};
  #reject: (e: Error) => void = () => {};

  constructor(count: number, failFast: boolean) {
    this.#left = count;
    this.#failFast = failFast;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  settled(v: Value): void {
    if (this.#failFast && v.error !== null) this.#reject(v.error);
    else if (--this.#left === 0) this.#resolve();
  }

  stop(): void {
    this.#resolve();
  }
}

/** The values behind refs, in their order. Rejects with the error of the first that fails. */
export async function getAll(runtime: TaskRuntime, values: readonly Value[], copy: boolean): Promise<unknown[]> {
  runtime.checkOpen();
  await allThere(values);
  const out: unknown[] = [];
  for (const v of values) {
    // Those that lie on the heap are many: no turn of the event loop for each.
    const { place } = v;
    if (v.state === READY && place?.kind === 'plain') out.push(place.value);
    else out.push(await getOne(runtime, v, copy));
  }
  return out;
}

async function allThere(values: readonly Value[]): Promise<void> {
  for (const v of values) if (v.error !== null) throw v.error;
  const pending = values.filter((v) => v.state === PENDING);
  if (pending.length === 0) return;
  const watcher = new Countdown(pending.length, true);
  for (const v of pending) v.watch(watcher);
  try {
    await watcher.done;
  } finally {
    for (const v of pending) if (v.state === PENDING) v.unwatch(watcher);
  }
}

async function getOne(runtime: TaskRuntime, v: Value, copy: boolean): Promise<unknown> {
  let collected = false;
  for (let remakes = 0; ; ) {
    await allThere([v]);
    const { place } = v.claim();
    if (place === null) throw lostError(v, 'it was released');
    try {
      return await runtime.holdings.read(place, copy);
    } catch (e) {
      if (isShort(e) && !collected) {
        collected = true;
        if (runtime.holdings.collect()) continue;
      }
      if (!(e instanceof RunError) || e.code !== 'FLOW7008' || e.where.object === undefined) throw e;
      // Somebody else may have found out before.
      if (v.state === READY && v.place === place && (++remakes > REMAKES || !runtime.remake(v)))
        throw lostError(v, e.message);
    }
  }
}

export interface WaitOptions {
  /** Return when so many are settled. Default 1, at most all. */
  readonly count?: number;
  /** Milliseconds after which to return with what there is. Default: no end. */
  readonly timeout?: number;
}

export async function waitFor(
  runtime: TaskRuntime,
  values: readonly Value[],
  { count = 1, timeout }: WaitOptions,
): Promise<boolean[]> {
  runtime.checkOpen();
  if (!Number.isSafeInteger(count) || count < 0 || count > values.length) {
    throw new RunError(
      'FLOW7016',
      `count of a wait is ${count}; a whole number up to ${values.length}, the number of refs, is expected`,
    );
  }
  if (timeout !== undefined && !(timeout >= 0)) {
    throw new RunError('FLOW7016', `timeout of a wait is ${timeout}; milliseconds from 0 are expected`);
  }
  const pending = values.filter((v) => v.state === PENDING);
  const missing = count - (values.length - pending.length);
  if (missing > 0 && timeout !== 0) await settle(pending, missing, timeout);
  return values.map((v) => v.state !== PENDING);
}

async function settle(pending: readonly Value[], count: number, timeout: number | undefined): Promise<void> {
  const watcher = new Countdown(count, false);
  for (const v of pending) v.watch(watcher);
  const timer = timeout === undefined ? undefined : setTimeout(() => watcher.stop(), timeout);
  try {
    await watcher.done;
  } finally {
    clearTimeout(timer);
    for (const v of pending) if (v.state === PENDING) v.unwatch(watcher);
  }
}
