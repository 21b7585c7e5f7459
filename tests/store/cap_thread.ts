import { parentPort, workerData } from 'node:worker_threads';
import { attachStore, type StoreHandle } from '../../engine/store/store.ts';
import { makeObject } from './objects.ts';

/** Fills memory and the disk that may be used, says so, and lets all go a little later. */
const { handle, objects } = workerData as { handle: StoreHandle; objects: number };
const store = attachStore(handle, 1);
const ids = Array.from({ length: objects }, (_, i) => makeObject(store, i));
parentPort?.postMessage('full');
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
for (const id of ids) store.release(id);
// From now on nobody waits for this thread.
store.beginTask();
store.endTask(true);
