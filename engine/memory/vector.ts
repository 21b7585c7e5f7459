import type { Store } from '../store/types.ts';
import type { Block } from './types.ts';

/** The typed arrays that working memory is viewed as. */
export type WorkArray = Uint8Array | Int32Array | Uint32Array | Float64Array | BigInt64Array;

const FIRST_BYTES = 512;
/** Above this size a vector grows by half instead of doubling, so that a large table overshoots its grant less. */
const GENTLE_BYTES = 1 << 25;

/**
 * A growable typed array in the store's working memory. `data` is replaced when it grows: load it once per batch, after `reserve`.
 * Memory comes uninitialised except where `grow` fills it.
 */
export class Vector<A extends WorkArray> {
  data: A;
  /** Entries made by `grow`; a caller that only uses `reserve` counts on its own. */
  length = 0;
  private block: Block | null = null;
  private readonly store: Store;
  private readonly owner: string;
  private readonly width: number;
  private readonly cast: (bytes: Uint8Array) => A;

  constructor(store: Store, owner: string, width: number, cast: (bytes: Uint8Array) => A) {
    this.store = store;
    this.owner = owner;
    this.width = width;
    this.cast = cast;
    this.data = cast(new Uint8Array(0));
  }

  /** Bytes of working memory held. */
  get bytes(): number {
    return this.block === null ? 0 : this.block.bytes;
  }

  get capacity(): number {
    return this.data.length;
  }

  /** Room for `entries` entries; existing entries stay. */
  reserve(entries: number): void {
    if (entries <= this.data.length) return;
    const held = this.bytes;
    const grown = held > GENTLE_BYTES ? held + (held >>> 1) : held * 2;
    const bytes = Math.ceil(Math.max(entries * this.width, grown, FIRST_BYTES) / 64) * 64;
    const block = this.store.allocate(bytes, this.owner);
    if (this.block !== null) {
      block.view.set(this.block.view);
      this.store.free(this.block);
    }
    this.block = block;
    this.data = this.cast(block.view);
  }

  /** Makes `length` at least `entries`, new entries holding `fill`. */
  grow(entries: number, fill: A extends BigInt64Array ? bigint : number): void {
    if (entries <= this.length) return;
    this.reserve(entries);
    (this.data as unknown as { fill(v: unknown, from: number, to: number): void }).fill(fill, this.length, entries);
    this.length = entries;
  }

  free(): void {
    if (this.block !== null) this.store.free(this.block);
    this.block = null;
    this.length = 0;
    this.data = this.cast(new Uint8Array(0));
  }
}

export function u8Vector(store: Store, owner: string): Vector<Uint8Array> {
  return new Vector<Uint8Array>(store, owner, 1, (v) => v);
}
export function i32Vector(store: Store, owner: string): Vector<Int32Array> {
  return new Vector<Int32Array>(store, owner, 4, (v) => new Int32Array(v.buffer, v.byteOffset, v.byteLength >> 2));
}
export function u32Vector(store: Store, owner: string): Vector<Uint32Array> {
  return new Vector<Uint32Array>(store, owner, 4, (v) => new Uint32Array(v.buffer, v.byteOffset, v.byteLength >> 2));
}
export function f64Vector(store: Store, owner: string): Vector<Float64Array> {
  return new Vector<Float64Array>(store, owner, 8, (v) => new Float64Array(v.buffer, v.byteOffset, v.byteLength >> 3));
}
