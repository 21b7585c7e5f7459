import { parentPort, workerData } from 'node:worker_threads';
import { errorToData } from '../../engine/errors.ts';
import { attachStore, type StoreHandle } from '../../engine/store/store.ts';

/** Takes `first` bytes, meets the others at the gate, then asks for `second` bytes more; frees all and says how it went. */
const { handle, thread, first, second, gate, holders } = workerData as {
  handle: StoreHandle;
  thread: number;
  first: number;
  second: number;
  gate: SharedArrayBuffer;
  holders: number;
};
const store = attachStore(handle, thread);
const met = new Int32Array(gate);
const a = store.allocate(first, 'greedy');
Atomics.add(met, 0, 1);
Atomics.notify(met, 0);
for (let n = Atomics.load(met, 0); n < holders; n = Atomics.load(met, 0)) Atomics.wait(met, 0, n);
let answer: object = { ok: true };
try {
  store.free(store.allocate(second, 'greedy'));
} catch (e) {
  answer = { ok: false, error: errorToData(e) };
}
store.free(a);
parentPort?.postMessage(answer);
