import { parentPort, workerData } from 'node:worker_threads';
import { attachStore, type StoreHandle } from '../../engine/store/store.ts';
import { checkObject } from './objects.ts';

/** Meets the others at the gate, then reads a spilled object whole and checks it. */
const { handle, thread, object, seed, gate, holders } = workerData as {
  handle: StoreHandle;
  thread: number;
  object: number;
  seed: number;
  gate: SharedArrayBuffer;
  holders: number;
};
const store = attachStore(handle, thread);
const met = new Int32Array(gate);
Atomics.add(met, 0, 1);
Atomics.notify(met, 0);
for (let n = Atomics.load(met, 0); n < holders; n = Atomics.load(met, 0)) Atomics.wait(met, 0, n);
checkObject(store, object, seed, 0);
parentPort?.postMessage('ok');
