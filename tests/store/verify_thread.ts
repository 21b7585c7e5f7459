import { parentPort, workerData } from 'node:worker_threads';
import { errorToData } from '../../engine/errors.ts';
import { attachStore, type StoreHandle } from '../../engine/store/store.ts';
import type { ObjectId } from '../../engine/store/types.ts';
import { checkObject, makeObject } from './objects.ts';

/** Makes its share of objects, far more than fit, then reads random ranges of its own and verifies them. */
const { handle, thread, count, reads } = workerData as {
  handle: StoreHandle;
  thread: number;
  count: number;
  reads: number;
};
const store = attachStore(handle, thread);

function run(): object {
  const ids: { id: ObjectId; seed: number }[] = [];
  for (let i = 0; i < count; i++) {
    const seed = thread * 100_000 + i;
    ids.push({ id: makeObject(store, seed), seed });
  }
  for (let i = 0; i < reads; i++) {
    const pick = ids[(i * 7919) % ids.length];
    if (pick !== undefined) checkObject(store, pick.id, pick.seed, i);
  }
  for (const { id } of ids) store.release(id);
  return { ok: true };
}

try {
  parentPort?.postMessage(run());
} catch (e) {
  parentPort?.postMessage({ ok: false, error: errorToData(e) });
}
