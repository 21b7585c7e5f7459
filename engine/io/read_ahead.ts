import { attachStore } from '../store/store.ts';
import type { ObjectId } from '../store/types.ts';
import type { ReadAheadInit } from './protocol.ts';

/**
 * The store on a thread that brings spilled objects back before they are needed. Returns what does so: an object that is gone, that another thread brings back,
 * or for which there is no free memory is passed over: whoever needs it will see.
 */
export function readAhead({ store: handle, thread, port }: ReadAheadInit): (ids: readonly ObjectId[]) => void {
  const store = attachStore(handle, thread, port);
  // Nobody waits for memory this thread holds: it holds none for longer than a read.
  store.beginTask();
  store.endTask(true);
  store.owner('read ahead');
  return (ids) => {
    for (const id of ids) {
      try {
        store.prefetch(id);
      } catch {
        // Released in the meantime, or not to be read: the one who needs it gets the error.
      }
    }
  };
}
