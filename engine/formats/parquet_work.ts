import { EngineBug } from '../errors.ts';
import { type Kernels, kernelsOf } from '../kernels/load.ts';
import { memoryOf } from '../kernels/memories.ts';
import type { Block } from '../memory/types.ts';
import type { Store } from '../store/types.ts';

const ALIGN = 64;
/** Kernels may read and write so many bytes behind what they are given. */
const SLACK = 64;
const NOTHING = new Uint8Array(0);

/** A growable stretch of a Workspace. Where it is changes when any of them grows: addresses and views are taken anew behind each `reserve`. */
export class Region {
  /** With SLACK bytes at the end. */
  view: Uint8Array = NOTHING;
  /** Null where it lies in a block with others. */
  block: Block | null = null;

  /** Bytes it has room for. */
  get room(): number {
    return Math.max(0, this.view.length - SLACK);
  }
}

/**
 * Working memory of kernels, which see one segment of the store's memory: all regions lie in one. What lies elsewhere is copied here before kernels read it.
 */
export class Workspace {
  readonly #store: Pick<Store, 'allocate' | 'free'>;
  readonly #regions: Region[] = [];
  readonly #staged: Region;
  /** Blocks in which several regions lie, or lay. */
  readonly #together: Block[] = [];
  #memory: WebAssembly.Memory;
  kernels: Kernels;

  constructor(store: Pick<Store, 'allocate' | 'free'>) {
    this.#store = store;
    const staged = new Region();
    staged.block = store.allocate(ALIGN + SLACK, 'parquet');
    staged.view = staged.block.view;
    this.#memory = segmentOf(staged.view);
    this.kernels = kernelsIn(this.#memory);
    this.#staged = staged;
    this.#regions.push(staged);
  }

  region(): Region {
    const region = new Region();
    this.#regions.push(region);
    return region;
  }

  /** Room for `bytes` bytes; what is there stays. */
  reserve(region: Region, bytes: number): void {
    const { room, view } = region;
    if (bytes <= room) return;
    const size = Math.ceil((Math.max(bytes, room + (room >>> 1)) + SLACK) / ALIGN) * ALIGN;
    const block = this.#store.allocate(size, 'parquet');
    block.view.set(view.subarray(0, room));
    if (region.block !== null) this.#store.free(region.block);
    region.block = block;
    region.view = block.view;
    if (memoryOf(block.view) !== this.#memory) this.#gather();
  }

  /** Puts all regions into one block, and so into one segment. */
  #gather(): void {
    const bytes = this.#regions.reduce((n, r) => n + r.view.length, 0);
    const block = this.#store.allocate(bytes, 'parquet');
    this.#together.push(block);
    let at = 0;
    for (const r of this.#regions) {
      const { length } = r.view;
      block.view.set(r.view, at);
      if (r.block !== null) this.#store.free(r.block);
      r.block = null;
      r.view = block.view.subarray(at, at + length);
      at += length;
    }
    this.#memory = segmentOf(block.view);
    this.kernels = kernelsIn(this.#memory);
  }

  address(region: Region): number {
    return region.view.byteOffset;
  }

  /** Bytes [from, to) of a region. */
  bytes(region: Region, from: number, to: number): Uint8Array {
    return region.view.subarray(from, to);
  }

  /** A copy of the bytes at an address that a kernel gave. */
  copyAt(address: number, length: number): Uint8Array {
    return new Uint8Array(this.kernels.memory.buffer, address, length).slice();
  }

  words(region: Region, count: number): Uint32Array {
    return new Uint32Array(region.view.buffer, region.view.byteOffset, count);
  }

  /** Addresses of the views, which are not in the workspace, for kernels: their own, or of copies that last until the next call. `none` stands for null. */
  place(views: readonly (ArrayBufferView | null)[], none: number): number[] {
    const isFar = (v: ArrayBufferView): boolean => memoryOf(v) !== this.#memory;
    const size = (v: ArrayBufferView | null): number =>
      v === null || !isFar(v) ? 0 : Math.ceil(v.byteLength / ALIGN) * ALIGN;
    for (let memory: WebAssembly.Memory | null = null; memory !== this.#memory; ) {
      memory = this.#memory;
      this.reserve(
        this.#staged,
        views.reduce((n, v) => n + size(v), 0),
      );
    }
    let at = 0;
    return views.map((v) => {
      if (v === null) return none;
      if (!isFar(v)) return v.byteOffset;
      const copy = this.bytes(this.#staged, at, at + v.byteLength);
      copy.set(new Uint8Array(v.buffer, v.byteOffset, v.byteLength));
      at += size(v);
      return copy.byteOffset;
    });
  }

  free(): void {
    for (const r of this.#regions) if (r.block !== null) this.#store.free(r.block);
    for (const block of this.#together) this.#store.free(block);
  }
}

function segmentOf(view: Uint8Array): WebAssembly.Memory {
  const memory = memoryOf(view);
  if (memory === undefined) throw new EngineBug('working memory that kernels do not see');
  return memory;
}

function kernelsIn(memory: WebAssembly.Memory): Kernels {
  const kernels = kernelsOf(memory);
  if (kernels === null) throw new EngineBug('Parquet is written by kernels, and they are not built');
  return kernels;
}
