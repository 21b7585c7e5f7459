import type { Layout } from '../batch/layout.ts';
import type { BatchRef, ObjectId, Store } from '../store/types.ts';

/** Seals batches into objects of the store, and lets go of them again when the task fails. */
export class ObjectOutput {
  readonly #store: Store;
  readonly #objects: ObjectId[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  /** One object holding the batches, in order. */
  put(layouts: readonly Layout[]): BatchRef[] {
    let bytes = 0;
    for (const l of layouts) bytes += l.bytes;
    const writer = this.#store.create(bytes);
    const places: Omit<BatchRef, 'object'>[] = [];
    try {
      let at = 0;
      for (const l of layouts) {
        const used = l.write(writer.view.subarray(at));
        places.push({ offset: at, bytes: used, rows: l.rows });
        at += used;
      }
    } catch (e) {
      writer.abort();
      throw e;
    }
    const object = writer.seal();
    this.own(object);
    return places.map((p) => ({ object, ...p }));
  }

  /** An object that was sealed elsewhere. */
  own(object: ObjectId): void {
    this.#objects.push(object);
  }

  /** From now on the objects are the caller's. */
  handOver(): void {
    this.#objects.length = 0;
  }

  /** Releases what was not handed over. */
  drop(): void {
    for (const id of this.#objects.splice(0)) this.#store.release(id);
  }
}
