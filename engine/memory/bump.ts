import { poison } from './poison.ts';
import type { Scratch } from './types.ts';

/** Every allocation starts on a cache line. */
export const ALIGN = 64;

/** A stretch of memory to bump through. */
export interface Slab {
  readonly view: Uint8Array;
}

/** Where a bump allocator takes its memory from. */
export interface SlabSource<S extends Slab> {
  /** Size of an ordinary slab; a request larger than half of it gets a slab of its own. */
  readonly slabBytes: number;
  take(bytes: number): S;
  give(slab: S): void;
}

/** A Scratch that tells how much of it is in use. */
export interface MeasuredScratch extends Scratch {
  /** Bytes handed out since the last reset, rounded up to cache lines. */
  readonly used: number;
}

/** Bump allocation over slabs. A reset keeps the ordinary slabs and gives back those made for big requests. */
export class BumpScratch<S extends Slab> implements MeasuredScratch {
  readonly #source: SlabSource<S>;
  readonly #slabs: S[] = [];
  readonly #big: S[] = [];
  /** Slab being filled, and the next free byte in it. */
  #current = 0;
  #at = 0;
  #used = 0;

  constructor(source: SlabSource<S>) {
    this.#source = source;
  }

  get used(): number {
    return this.#used;
  }

  #place(bytes: number): Uint8Array {
    if (bytes > this.#source.slabBytes / 2) {
      const slab = this.#source.take(bytes);
      this.#big.push(slab);
      this.#used += bytes;
      return slab.view;
    }
    const size = (bytes + ALIGN - 1) & -ALIGN;
    this.#used += size;
    let slab = this.#slabs[this.#current];
    if (slab !== undefined && this.#at + size > slab.view.length) {
      slab = this.#slabs[++this.#current];
      this.#at = 0;
    }
    if (slab === undefined) {
      slab = this.#source.take(this.#source.slabBytes);
      this.#slabs.push(slab);
      this.#at = 0;
    }
    const at = this.#at;
    this.#at += size;
    return at === 0 ? slab.view : slab.view.subarray(at);
  }

  u8(length: number): Uint8Array {
    const p = this.#place(length);
    return new Uint8Array(p.buffer, p.byteOffset, length);
  }

  i32(length: number): Int32Array {
    const p = this.#place(length * 4);
    return new Int32Array(p.buffer, p.byteOffset, length);
  }

  u32(length: number): Uint32Array {
    const p = this.#place(length * 4);
    return new Uint32Array(p.buffer, p.byteOffset, length);
  }

  f64(length: number): Float64Array {
    const p = this.#place(length * 8);
    return new Float64Array(p.buffer, p.byteOffset, length);
  }

  i64(length: number): BigInt64Array {
    const p = this.#place(length * 8);
    return new BigInt64Array(p.buffer, p.byteOffset, length);
  }

  bitmap(rows: number, fill: boolean): Uint8Array {
    return this.u8((rows + 7) >> 3).fill(fill ? 0xff : 0);
  }

  reset(): void {
    for (const slab of this.#big.splice(0)) this.#source.give(slab);
    for (let i = 0; this.#used > 0 && i <= this.#current && i < this.#slabs.length; i++)
      poison((this.#slabs[i] as S).view);
    this.#current = 0;
    this.#at = 0;
    this.#used = 0;
  }

  release(): void {
    this.reset();
    for (const slab of this.#slabs.splice(0)) this.#source.give(slab);
  }
}
