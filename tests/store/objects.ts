import type { ObjectId, Store } from '../../engine/store/types.ts';

/** Objects whose size and bytes follow from a seed, so that any range of any of them can be verified. */

function sizeOf(seed: number): number {
  return 20_000 + ((seed * 2_654_435) % 60_000);
}

const byteAt = (seed: number, i: number): number => (Math.imul(seed + i, 0x9e3779b1) >>> 13) & 0xff;

export function makeObject(store: Store, seed: number): ObjectId {
  const w = store.create(sizeOf(seed));
  for (let i = 0; i < w.view.length; i++) w.view[i] = byteAt(seed, i);
  return w.seal();
}

/** Reads a range chosen by `n` and throws when a byte differs. */
export function checkObject(store: Store, id: ObjectId, seed: number, n: number): void {
  const size = sizeOf(seed);
  const from = n % 3 === 0 ? 0 : (n * 64 * 31) % size;
  const bytes = n % 3 === 0 ? size : Math.min(size - from, (n * 577) % 9000);
  const lease = store.readBytes(id, from, bytes);
  try {
    for (let i = 0; i < bytes; i++) {
      if (lease.view[i] !== byteAt(seed, from + i)) throw new Error(`byte ${from + i} of object ${seed} is wrong`);
    }
  } finally {
    lease.release();
  }
}

/** checkObject for each; `of` gives seed and choice by position. */
export function checkAll(store: Store, ids: readonly ObjectId[], of: (i: number) => readonly [number, number]): void {
  for (const [i, id] of ids.entries()) checkObject(store, id, ...of(i));
}

export function readAll(store: Store, ids: readonly ObjectId[]): void {
  for (const id of ids) store.readBytes(id, 0, store.size(id)).release();
}
