import type { Worker } from 'node:worker_threads';
import type { FromWorker, ToWorker } from './messages.ts';

/** How long the modules of one worker may take to end. */
const TEARDOWN_MS = 5000;

/**
 * Asks an idle worker to run the `teardown` of its modules, and waits for it: not longer than 5 seconds, nor beyond the end of the thread. Never rejects; gives what went wrong,
 * for people. The caller ends the thread.
 */
export function tornDown(worker: Worker): Promise<readonly string[]> {
  return new Promise((resolve) => {
    let path = '';
    const end = (failures: readonly string[]): void => {
      clearTimeout(timer);
      worker.off('message', hear);
      worker.off('exit', gone);
      resolve(failures);
    };
    const hear = (m: FromWorker): void => {
      if (m.type === 'ending') path = m.path;
      else if (m.type === 'ended') end(m.failures.map((e) => e.message));
    };
    const gone = (): void => end([`teardown of ${path} ended its thread`]);
    const late = (): void => end([`teardown of ${path} has not ended within ${TEARDOWN_MS / 1000} seconds`]);
    const timer = setTimeout(late, TEARDOWN_MS);
    worker.on('message', hear);
    worker.on('exit', gone);
    worker.postMessage({ type: 'teardown' } satisfies ToWorker);
  });
}

/** Says once what may have gone wrong on several workers. The run is over by then, and its results stand. */
export function warnOf(failures: readonly string[]): void {
  for (const failure of new Set(failures)) process.stderr.write(`flowc: warning: ${failure}\n`);
}
