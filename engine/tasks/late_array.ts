/** Makers of the arrays a late array can become. */
type ArrayClass = Float64ArrayConstructor | BigUint64ArrayConstructor | Uint32ArrayConstructor | Uint8ArrayConstructor;

type Group = { readonly places: (Uint8Array | null)[]; missing: number; readonly fill: (places: Uint8Array[]) => void };

/**
 * A typed array in a task's result that is filled only where it will lie: its memory is written once, and touched never before. It is no array to read: it is
 * a view of nothing, so that a serializer takes it for one and asks how to write it.
 */
export class LateArray extends Uint8Array {
  /** An empty array of the kind it becomes. */
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
 * Arrays of `lengths` elements that `fill` fills together, given their bytes in this order. All of them must be in one task's result, each once.
 */
export function lateArrays(
  Kind: ArrayClass,
  lengths: ArrayLike<number>,
  fill: (places: readonly Uint8Array[]) => void,
): LateArray[] {
  const like = new Kind(0);
  const group: Group = { places: new Array(lengths.length).fill(null), missing: lengths.length, fill };
  return Array.from(lengths, (n, i) => new LateArray(like, n * Kind.BYTES_PER_ELEMENT, group, i));
}
