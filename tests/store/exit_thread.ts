import { workerData } from 'node:worker_threads';
import { Arena } from '../../engine/memory/arena.ts';
import { attachStore, type StoreHandle } from '../../engine/store/store.ts';

/** Ends its thread while it has the lock, as an exhausted heap does: what comes after does not run. */
const { handle, started } = workerData as { handle: StoreHandle; started: SharedArrayBuffer };
attachStore(handle, 1).allocate(100_000, 'exit');
Arena.attach(handle.arena, 1).locked(() => {
  Atomics.store(new Int32Array(started), 0, 1);
  Atomics.notify(new Int32Array(started), 0);
  process.exit(1);
});
