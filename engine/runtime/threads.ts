import { totalmem } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { WorkerInit } from './messages.ts';

/** MiB of a worker's heap for new objects. Rows lie outside of the heap, so that little is gained by more; by default it would grow to 48. */
const YOUNG_MB = 12;
const MIN_HEAP_MB = 256;
const MAX_HEAP_MB = 4096;

/** A worker's share of half of the machine's memory, MiB. */
export function defaultHeap(workers: number): number {
  return Math.floor(Math.min(MAX_HEAP_MB, Math.max(MIN_HEAP_MB, totalmem() / 2 ** 21 / workers)));
}

/** The bundle puts the worker beside every chunk; from source (tests) the built worker is used, so that threads start fast. */
function workerUrl(): URL {
  return import.meta.url.endsWith('.ts')
    ? new URL('../../dist/worker.cjs', import.meta.url)
    : new URL('./worker.cjs', import.meta.url);
}

/** A thread of which no engine knows yet, with `heap` MiB. */
let early: { readonly worker: Worker; readonly heap: number; readonly gone: () => void } | null = null;

function newThread(heap: number, init: WorkerInit | null): Worker {
  // The options of this process (a loader, say) are not the worker's: it is built code, and they may not resolve from the folder we are in now.
  return new Worker(workerUrl(), {
    execArgv: [],
    workerData: init,
    transferList: init === null || init.io === null ? [] : [init.io],
    resourceLimits: { maxOldGenerationSizeMb: heap, maxYoungGenerationSizeMb: YOUNG_MB },
    stdout: false,
    stderr: false,
  });
}

/** Starts a worker thread that the first engine with workers of this size takes: it loads its code while the caller loads its own. It does not keep the process alive. */
export function startEarly(heap: number): void {
  if (early !== null) return;
  const worker = newThread(heap, null);
  worker.unref();
  const gone = (): void => {
    if (early?.worker === worker) early = null;
  };
  worker.on('error', gone).on('exit', gone);
  early = { worker, heap, gone };
}

/** A worker thread for an engine. */
export function startThread(heap: number, init: WorkerInit): Worker {
  if (early === null || early.heap !== heap) return newThread(heap, init);
  const { worker, gone } = early;
  early = null;
  worker.off('error', gone).off('exit', gone);
  worker.ref();
  worker.postMessage(init, init.io === null ? [] : [init.io]);
  return worker;
}
