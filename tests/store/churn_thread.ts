import { workerData } from 'node:worker_threads';
import { attachStore, type StoreHandle } from '../../engine/store/store.ts';
import { checkObject, makeObject } from './objects.ts';

/** Runs tasks that make, read, spill and free, without end: it is killed at some point. */
const { handle, thread, started } = workerData as { handle: StoreHandle; thread: number; started: SharedArrayBuffer };
const store = attachStore(handle, thread);
const ready = new Int32Array(started);
for (let seed = thread * 1000; ; seed++) {
  store.beginTask();
  const block = store.allocate(1000 + (seed % 7) * 9000, 'churn');
  const ids = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => makeObject(store, seed + i));
  ids.forEach((id, i) => {
    checkObject(store, id, seed + i, seed);
    if (i % 2 === 0) store.release(id);
  });
  store.free(block);
  store.endTask(false);
  Atomics.add(ready, 0, 1);
  Atomics.notify(ready, 0);
}
