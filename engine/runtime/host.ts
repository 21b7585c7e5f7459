import { RunError } from '../errors.ts';
import type { HostFunction } from '../host/def.ts';
import type { Stage } from '../plan.ts';
import { JOB, JOB_WORDS, type StageMessage } from './messages.ts';

/** Looks at a time limit happen this often, or four times within the limit. */
const LOOK_MS = 250;

/**
 * Sees to it that no call of a host function takes longer than its timeout: workers count calls in shared words. `onStuck` is told of the first that does, and has to end its
 * thread. Gives what stops the watch.
 */
export function watchHost(
  fns: readonly HostFunction[],
  words: Float64Array,
  onStuck: (e: RunError) => void,
): () => void {
  const limited = new Map(fns.filter((fn) => fn.timeout !== null).map((fn) => [fn.id, fn]));
  if (limited.size === 0) return () => {};
  const shortest = Math.min(...[...limited.values()].map((fn) => fn.timeout ?? Number.POSITIVE_INFINITY));
  const seen = new Map<number, { readonly calls: number; readonly since: number }>();
  const look = (): void => {
    const now = performance.now();
    for (let thread = 1; (thread + 1) * JOB_WORDS <= words.length; thread++) {
      const calls = words[thread * JOB_WORDS + JOB.CALL] as number;
      const last = seen.get(thread);
      if (calls % 2 === 0 || last?.calls !== calls) {
        seen.set(thread, { calls, since: now });
        continue;
      }
      const fn = limited.get(words[thread * JOB_WORDS + JOB.CALLED] as number);
      if (fn === undefined || fn.timeout === null || now - last.since < fn.timeout) continue;
      stop();
      onStuck(new RunError('FLOW7014', `${fn.name} (${fn.path}) has not returned for ${fn.timeout} ms`));
      return;
    }
  };
  const timer = setInterval(look, Math.max(1, Math.min(LOOK_MS, shortest / 4)));
  const stop = (): void => clearInterval(timer);
  return stop;
}

/** A stage without rows, whose worker makes functions ready. */
export function loadMessage(run: number, id: number, host: readonly HostFunction[]): StageMessage {
  const stage: Stage = {
    id,
    label: 'load functions',
    input: { kind: 'stream', from: [], skip: 0 },
    steps: [],
    schema: [],
    output: { kind: 'collect', limit: null },
    host,
  };
  return { type: 'stage', run, stage, sides: [], grant: 0, bits: 0, bounds: null, firsts: null };
}
