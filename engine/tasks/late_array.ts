import { EngineBug } from '../errors.ts';

/** Fills the places of a group, in their order. */
export type FillExactly = (places: readonly Uint8Array[]) => void;

/** How arrays are filled of which only the most they may need is known. */
export interface Guess {
  /** Bytes for each array: at most so many are used. */
  readonly rooms: ArrayLike<number>;
  /** Fills the places from their start. @returns the bytes of each that are used, or null: one has too little room */
  fill(places: readonly Uint8Array[]): ArrayLike<number> | null;
  /** Called when there was too little room: the bytes that each array needs, and how it is filled then. */
  exactly(): { readonly sizes: ArrayLike<number>; readonly fill: FillExactly };
}

/** There was too little room for late arrays. Encoded again, they ask for as much as they need. */
export class NoRoom extends Error {}

interface Place {
  readonly into: Uint8Array;
  readonly sized: (bytes: number) => void;
}

/** Late arrays that are filled together, once all have a place and all groups before this one are filled. */
class Group {
  rooms: ArrayLike<number>;
  /** Null: not known before it is filled. */
  sizes: ArrayLike<number> | null;
  #guess: Guess | null;
  #fill: FillExactly | null;
  #places: (Place | null)[];
  #missing: number;
  #before = 0;
  readonly #behind: Group[] = [];

  constructor(rooms: ArrayLike<number>, guess: Guess | null, fill: FillExactly | null) {
    this.rooms = rooms;
    this.sizes = guess === null ? rooms : null;
    this.#guess = guess;
    this.#fill = fill;
    this.#missing = rooms.length;
    this.#places = new Array(rooms.length).fill(null);
  }

  /** Is filled after `other`, whose sizes are known then. */
  follow(other: Group): void {
    other.#behind.push(this);
    this.#before++;
  }

  place(i: number, place: Place): void {
    if (this.#places[i] === null) this.#missing--;
    this.#places[i] = place;
    this.#fillIfDue();
  }

  #fillIfDue(): void {
    if (this.#missing > 0 || this.#before > 0) return;
    const places = this.#places as Place[];
    const views = places.map((p) => p.into);
    if (this.#guess === null) this.#fill?.(views);
    else this.#fillByGuess(this.#guess, views);
    const sizes = this.sizes as ArrayLike<number>;
    places.forEach((p, i) => {
      p.sized(sizes[i] as number);
    });
    for (const group of this.#behind) {
      group.#before--;
      group.#fillIfDue();
    }
  }

  #fillByGuess(guess: Guess, views: readonly Uint8Array[]): void {
    this.sizes = guess.fill(views);
    if (this.sizes !== null) return;
    const { sizes, fill } = guess.exactly();
    this.rooms = sizes;
    this.sizes = sizes;
    this.#guess = null;
    this.#fill = fill;
    this.#forget();
    throw new NoRoom();
  }

  /** Places that are given up. */
  #forget(): void {
    this.#missing = this.#places.length;
    this.#places.fill(null);
    for (const group of this.#behind) group.#forget();
  }
}

/**
 * A typed array in a task's result that is filled only where it will lie, so that its memory is written once. It is no array to read: it is a view of nothing, so
 * that a serializer takes it for one and asks how to write it.
 */
export class LateArray extends Uint8Array {
  /** An array of the kind it becomes. */
  readonly like: ArrayBufferView;
  readonly group: Group;
  readonly #index: number;

  constructor(like: ArrayBufferView, group: Group, index: number) {
    super(0);
    this.like = like;
    this.group = group;
    this.#index = index;
  }

  /** Bytes that its place must have. */
  get room(): number {
    return this.group.rooms[this.#index] as number;
  }

  /** Whether `bytes` is known. It is when it is filled, and before that unless there is but a guess. */
  get sized(): boolean {
    return this.group.sizes !== null;
  }

  /** Bytes of the array. */
  get bytes(): number {
    if (this.group.sizes === null) throw new EngineBug('the size of a late array is asked for before it is filled');
    return this.group.sizes[this.#index] as number;
  }

  /**
   * Its place, `room` long; valid until all of its group are placed and filled: then `sized` is told the bytes used. The last one has all of them filled, and may
   * throw NoRoom: all of them are to be placed again, as `room` is another then.
   */
  place(into: Uint8Array, sized: (bytes: number) => void = () => undefined): void {
    this.group.place(this.#index, { into, sized });
  }
}

function arraysOf(like: ArrayBufferView, group: Group): LateArray[] {
  return Array.from(group.rooms, (_, i) => new LateArray(like, group, i));
}

/**
 * Arrays of the kind of `like`, of `bytes` bytes each, that `fill` fills together, given their places in this order. All of them must be in one task's
 * result, each once. `after`: late arrays of the same result that are filled before these, so that their sizes are known.
 */
export function lateArrays(
  like: ArrayBufferView,
  bytes: ArrayLike<number>,
  fill: FillExactly,
  after: Iterable<LateArray> = [],
): LateArray[] {
  const group = new Group(bytes, null, fill);
  for (const other of new Set(Array.from(after, (a) => a.group))) group.follow(other);
  return arraysOf(like, group);
}

/** As lateArrays, where filling tells how large each array is. */
export function guessedArrays(like: ArrayBufferView, guess: Guess): LateArray[] {
  return arraysOf(like, new Group(guess.rooms, guess, null));
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
