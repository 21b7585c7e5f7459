import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { JOB } from '../runtime/messages.ts';
import type { Store } from '../store/types.ts';
import type { Lineage, Spec } from './lineage.ts';
import type { Value } from './refs.ts';
import { INLINE_BYTES, type ValuePlace } from './types.ts';
import { decodeValue, readyToDecode } from './values.ts';

/** Share of the limit that values on the driver's heap may take. */
const INLINE_SHARE = 1 / 16;
/** So many results at least fit into what is left of that share: those that are on their way when it is told. */
const INLINE_AHEAD = 64;

/** What has to be given back when a value is garbage. */
interface Held {
  readonly place: ValuePlace;
  readonly spec: Spec | null;
}

/** A part of an object that JavaScript values look at. */
interface View {
  readonly memory: WeakRef<object>;
  release(): void;
}

/**
 * What the driver holds: places of values, as long as their refs are used, and the parts of objects that values given out by `get` look at, as long as
 * those are not garbage.
 */
export class Holdings {
  readonly #store: Store;
  readonly #words: Float64Array;
  readonly #budget: number;
  #inline = 0;
  #closed = false;
  readonly #views = new Set<View>();
  readonly #gone = new FinalizationRegistry<Held>((held) => this.#free(held));
  readonly #unseen = new FinalizationRegistry<View>((view) => this.#forget(view));
  /** Told when an object that a call made is given back. */
  lineage: Lineage | null = null;

  /** `words`: those of WorkerInit.jobs. */
  constructor(store: Store, words: Float64Array) {
    this.#store = store;
    this.#words = words;
    this.#budget = store.limit * INLINE_SHARE;
    this.#tellInline();
  }

  /** Bytes of results that stay on the heap now. */
  get inline(): number {
    return this.#words[JOB.INLINE] as number;
  }

  /** The value's place is kept until it is dropped, or the value is garbage. */
  keep(value: Value, place: ValuePlace): void {
    value.place = place;
    if (place.kind === 'plain') return;
    if (place.kind === 'inline') this.#count(place.bytes.length);
    this.#gone.register(value, { place, spec: place.kind === 'object' ? value.spec : null }, value);
  }

  /** Gives the value's place back. */
  drop(value: Value): void {
    const { place } = value;
    value.place = null;
    if (place === null || place.kind === 'plain') return;
    this.#gone.unregister(value);
    this.#free({ place, spec: place.kind === 'object' ? value.spec : null });
  }

  /** Gives back what no value stands for. */
  discard(place: ValuePlace): void {
    if (place.kind === 'object' && !this.#closed) this.#store.release(place.object);
  }

  #free({ place, spec }: Held): void {
    if (this.#closed) return;
    if (place.kind === 'inline') this.#count(-place.bytes.length);
    else this.discard(place);
    if (spec !== null) this.lineage?.unhold(spec);
  }

  #count(bytes: number): void {
    this.#inline += bytes;
    this.#tellInline();
  }

  #tellInline(): void {
    const left = Math.floor((this.#budget - this.#inline) / INLINE_AHEAD);
    this.#words[JOB.INLINE] = Math.min(INLINE_BYTES, Math.max(0, left));
  }

  /**
   * The value at a place. `copy`: with memory of its own; otherwise its typed arrays look at the store's, which keeps that part of the object in memory
   * until they are garbage. Throws RunError FLOW7007, FLOW7008.
   */
  async read(place: ValuePlace, copy: boolean): Promise<unknown> {
    if (place.kind === 'plain') return place.value;
    if (place.kind === 'inline') {
      await readyToDecode(place.bytes);
      return decodeValue(place.bytes, { copy: true });
    }
    // Once for all that look at it, and only what is needed of an object that is mostly for others.
    if (place.bytes * 2 > this.#store.size(place.object)) this.#store.restore(place.object);
    const lease = this.#store.readBytes(place.object, place.offset, place.bytes);
    try {
      await readyToDecode(lease.view);
      if (copy) return decodeValue(lease.view, { copy: true });
    } finally {
      if (copy) lease.release();
    }
    // Another SharedArrayBuffer over the same memory: whatever looks at a part of the object keeps it alive.
    const memory = structuredClone(lease.view.buffer);
    const view: View = { memory: new WeakRef(memory), release: lease.release };
    this.#views.add(view);
    this.#unseen.register(memory, view);
    return decodeValue(new Uint8Array(memory, lease.view.byteOffset, lease.view.length), { copy: false });
  }

  #forget(view: View): void {
    if (this.#views.delete(view) && !this.#closed) view.release();
  }

  /** Looks for garbage that keeps objects in memory. Slow: the last step before giving up. Whether there was some. */
  collect(): boolean {
    if (this.#views.size === 0) return false;
    collectGarbage();
    const seen = this.#views.size;
    for (const view of this.#views) if (view.memory.deref() === undefined) this.#forget(view);
    return this.#views.size < seen;
  }

  /** `f`, once more when memory was short and there was garbage. */
  withRoom<V>(f: () => V): V {
    try {
      return f();
    } catch (e) {
      if (!isShort(e) || !this.collect()) throw e;
      return f();
    }
  }

  /** The store is about to close. */
  close(): void {
    for (const view of this.#views) this.#forget(view);
    this.#closed = true;
  }
}

export function isShort(e: unknown): boolean {
  return e instanceof Error && 'code' in e && e.code === 'FLOW7007';
}

let gc: (() => void) | null = null;

function collectGarbage(): void {
  if (gc === null) {
    setFlagsFromString('--expose-gc');
    gc = runInNewContext('gc') as () => void;
  }
  // What decoded a value keeps it alive until it is garbage itself: the first round frees the decoders, the second the values.
  gc();
  gc();
}
