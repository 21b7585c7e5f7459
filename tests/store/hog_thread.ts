import { parentPort, workerData } from 'node:worker_threads';
import { Arena } from '../../engine/memory/arena.ts';
import { attachStore, type StoreHandle } from '../../engine/store/store.ts';

/** Holds working memory, an object being written, a pin and the lock itself, says so, and never lets go: it is to be killed. */
const { handle, object } = workerData as { handle: StoreHandle; object: number };
const arena = Arena.attach(handle.arena, 1);
const store = attachStore(handle, 1);
store.allocate(100_000, 'hog');
store.create(50_000);
store.readBytes(object, 0, 10);
arena.locked(() => {
  parentPort?.postMessage('held');
  for (;;);
});
