import { parentPort, workerData } from 'node:worker_threads';
import * as shuffleTasks from '../shuffle_tasks/entry.ts';
import { provideModule } from '../tasks/functions.ts';
import type { WorkerInit } from './messages.ts';
import { TaskThread } from './task_thread.ts';

/**
 * Makes a worker of this thread.
 * @param keep called once, when code has run and there is nothing to do
 */
export function start(keep: (() => void) | null): void {
  const port = parentPort;
  if (port === null) throw new Error('the worker module runs in a worker thread only');
  provideModule(import.meta.url, shuffleTasks);
  const listen = (init: WorkerInit): void => new TaskThread(port, init, keep).listen();
  if (workerData !== null) listen(workerData as WorkerInit);
  // It was started before its engine: what it works on comes as the first message.
  else port.once('message', listen);
}
