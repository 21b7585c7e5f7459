import { Worker } from 'node:worker_threads';

/** Starts `module` (a file name in this folder) as a worker thread with `data`; ends with what it posted, or its error. */
export function startThread<A>(module: string, data: object): { worker: Worker; done: Promise<A> } {
  const worker = new Worker(new URL('./thread.mjs', import.meta.url), {
    workerData: { ...data, module: new URL(module, import.meta.url).href },
  });
  const done = new Promise<A>((resolve, reject) => {
    worker.once('message', (m: A) => resolve(m));
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the thread ended with code ${code} without an answer`)));
  });
  done.catch(() => undefined);
  return { worker, done };
}
