interface Group {
  readonly places: (Uint8Array | null)[];
  missing: number;
  readonly fill: (places: readonly Uint8Array[]) => void;
}

/**
 * A typed array in a task's result that is filled only where it will lie, so that its memory is written once. It is no array to read: it is a view of nothing, so
 * that a serializer takes it for one and asks how to write it.
 */
export class LateArray extends Uint8Array {
  /** An array of the kind it becomes. */
  readonly like: ArrayBufferView;
  readonly bytes: number;
  readonly #group: Group;
  readonly #index: number;

  constructor(like: ArrayBufferView, bytes: number, group: Group, index: number) {
    super(0);
    this.like = like;
    this.bytes = bytes;
    this.#group = group;
    this.#index = index;
  }

  /** Its place, `bytes` long; valid until all of its group are placed. The last one has all of them filled. */
  place(into: Uint8Array): void {
    const { places, fill } = this.#group;
    if (places[this.#index] === null) this.#group.missing--;
    places[this.#index] = into;
    if (this.#group.missing === 0) fill(places as Uint8Array[]);
  }
}

/**
 * Arrays of the kind of `like`, of `bytes` bytes each, that `fill` fills together, given their places in this order. All of them must be in one task's
 * result, each once.
 */
export function lateArrays(
  like: ArrayBufferView,
  bytes: ArrayLike<number>,
  fill: (places: readonly Uint8Array[]) => void,
): LateArray[] {
  const group: Group = { places: new Array(bytes.length).fill(null), missing: bytes.length, fill };
  return Array.from(bytes, (n, i) => new LateArray(like, n, group, i));
}

const limits = new WeakMap<object, number>();

/** Of these results of a task no more than `bytes` bytes are to stay outside the store. */
export function limitInline<R extends object>(results: R, bytes: number): R {
  limits.set(results, bytes);
  return results;
}

/** Bytes of a task's results that may stay outside the store. */
export function inlineLimit(results: unknown, otherwise: number): number {
  return typeof results === 'object' && results !== null
    ? Math.min(otherwise, limits.get(results) ?? otherwise)
    : otherwise;
}
