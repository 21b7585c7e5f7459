import { EngineBug, RunError } from '../errors.ts';
import { bufferOf } from '../kernels/memories.ts';
import { C, OwnerNames, ThreadTable } from './control.ts';
import { Mutex } from './mutex.ts';
import { PAGE, PageMap, SEGMENT_PAGES } from './pages.ts';
import type { Block } from './types.ts';

const WASM_PAGE = 65536;
const PAGES_PER_WASM = WASM_PAGE / PAGE;
/** A segment stays one WebAssembly page below 4 GiB, so that every size and offset in it fits 32 bits. */
const MAX_SEGMENT_PAGES = SEGMENT_PAGES - PAGES_PER_WASM;
const SEGMENT_STRIDE = SEGMENT_PAGES * PAGE;
const GROW_STEP = 64 << 20;
/** Touched memory stays within the limit and so much. */
const SLACK = 32 << 20;
/** Address space beyond that which a thread may use that would have to fail otherwise: as much as the limit, up to this. */
const LENT = 1 << 30;
/** Thread number in block records of what belongs to the object store instead of a thread. */
const STORE = 0;

/** What another thread needs to attach; structured-cloneable, shares all memory. */
export interface ArenaHandle {
  readonly memories: readonly WebAssembly.Memory[];
  readonly control: SharedArrayBuffer;
  readonly limit: number;
  readonly pages: number;
  readonly threads: number;
}

/**
 * Shared memory in segments of up to 4 GiB that grow on demand, and a page allocator over them that every thread calls directly.
 * The limit counts pages in use. Blocks are laid first fit at low addresses, and not beyond the limit and SLACK, whatever the fragmentation: memory that was touched stays
 * resident. The address space is larger than that: the rest of it is for a thread that would have to fail otherwise (`beyond`).
 *
 * Every block has a record at its first page: pages (the word whose store commits the block) and owner. Page map and counters are
 * derived from the records, so that they can be rebuilt when a thread died inside a critical section.
 */
export class Arena {
  readonly handle: ArenaHandle;
  readonly threads: ThreadTable;
  readonly names: OwnerNames;
  /** Number of this thread among the threads of the arena. */
  readonly slot: number;
  readonly words: Int32Array;
  readonly #mutex: Mutex;
  readonly #map: PageMap;
  /** By first page of a block: its pages; 0 elsewhere. */
  readonly #blockPages: Int32Array;
  /** By first page of a block: owner thread (slot + 1, 0 = store) | name << 16. */
  readonly #blockOwner: Int32Array;
  readonly #segments: Uint8Array[];
  readonly #limitPages: number;
  /** Pages below this number are used as a rule. */
  readonly #softEnd: number;
  /** Called under the lock after a dead thread's lock was taken over, once the arena is consistent again. */
  onRepair: () => void = () => {};

  private constructor(handle: ArenaHandle, slot: number) {
    this.handle = handle;
    this.slot = slot;
    this.#limitPages = Math.floor(handle.limit / PAGE);
    this.#softEnd = Math.min(
      handle.pages,
      this.#limitPages + SLACK / PAGE + (handle.memories.length - 1) * PAGES_PER_WASM,
    );
    const l = layout(handle.pages, handle.threads);
    const sab = handle.control;
    this.words = new Int32Array(sab, 0, l.words);
    this.#map = new PageMap(
      new Int32Array(sab, l.bits, PageMap.words(handle.pages)),
      this.words.subarray(C.HINT, C.HINT + 1),
      handle.pages,
    );
    this.#blockPages = new Int32Array(sab, l.blockPages, handle.pages);
    this.#blockOwner = new Int32Array(sab, l.blockOwner, handle.pages);
    this.threads = new ThreadTable(this.words, handle.threads);
    this.names = new OwnerNames(this.words, sab, l.names);
    this.threads.register(slot);
    this.#mutex = new Mutex(this.words, C.LOCK, this.slot, (s) => this.threads.dying(s));
    this.#segments = handle.memories.map((m) => new Uint8Array(bufferOf(m)));
  }

  /** `limitBytes` >= 64 KiB; `threads`: how many threads may be attached at one time. */
  static create(limitBytes: number, threads = 64): Arena {
    const limitPages = Math.max(16, Math.floor(limitBytes / PAGE));
    const wanted = limitPages + Math.max(limitPages >>> 2, Math.min(limitPages, LENT / PAGE)) + SLACK / PAGE;
    const segments = Math.ceil(wanted / MAX_SEGMENT_PAGES);
    const last = Math.ceil((wanted - (segments - 1) * MAX_SEGMENT_PAGES) / PAGES_PER_WASM) * PAGES_PER_WASM;
    const pages = (segments - 1) * SEGMENT_PAGES + last;
    const memories: WebAssembly.Memory[] = [];
    for (let i = 0; i < segments; i++) {
      const own = i === segments - 1 ? last : MAX_SEGMENT_PAGES;
      memories.push(new WebAssembly.Memory({ initial: 1, maximum: own / PAGES_PER_WASM, shared: true }));
    }
    const control = new SharedArrayBuffer(layout(pages, threads).total);
    const arena = new Arena({ memories, control, limit: limitPages * PAGE, pages, threads }, 0);
    arena.#clearMap();
    return arena;
  }

  /** `slot`: the number of the calling thread, below `threads` and not in use; the creator is 0. */
  static attach(handle: ArenaHandle, slot: number): Arena {
    return new Arena(handle, slot);
  }

  #clearMap(): void {
    this.#map.clear();
    // The stretch between a segment's end and the next one's first number is nobody's.
    for (let s = 0; s + 1 < this.handle.memories.length; s++) {
      this.#map.mark(s * SEGMENT_PAGES + MAX_SEGMENT_PAGES, SEGMENT_PAGES - MAX_SEGMENT_PAGES, true);
    }
    this.words[C.HINT] = 0;
  }

  get limit(): number {
    return this.handle.limit;
  }

  /** Largest single block, bytes. */
  get maxBlock(): number {
    return Math.min(this.limit, MAX_SEGMENT_PAGES * PAGE);
  }

  /** Forgets the memory, once all other threads have ended: who holds the arena does not hold it any more, views of it do. RunError FLOW7012 for another view. */
  leave(): void {
    this.#segments.length = 0;
    (this.handle.memories as WebAssembly.Memory[]).length = 0;
  }

  /** Runs `f` alone among all threads. `f` must neither block nor throw halfway. */
  locked<V>(f: () => V): V {
    if (this.#mutex.lock()) this.#repair();
    try {
      return f();
    } finally {
      this.#mutex.unlock();
    }
  }

  /** Working memory of this thread; null when the limit or the address space does not allow it now. */
  alloc(bytes: number, owner = 'other'): Block | null {
    const first = this.locked(() => this.allocHeld(bytes, this.slot, owner));
    return first < 0 ? null : this.block(first, bytes);
  }

  free(block: Block): void {
    this.locked(() => this.freeHeld(pageOf(block.address)));
  }

  /** The block of `bytes` bytes at a page number. */
  block(first: number, bytes: number): Block {
    const address = first * PAGE;
    return { address, bytes, view: this.view(address, bytes) };
  }

  /** View of arena memory that some thread has allocated. */
  view(address: number, bytes: number): Uint8Array {
    const segment = Math.floor(address / SEGMENT_STRIDE);
    const offset = address - segment * SEGMENT_STRIDE;
    const whole = this.#segment(segment, offset + bytes);
    return new Uint8Array(whole.buffer, offset, bytes);
  }

  #known(segment: number): Uint8Array {
    const known = this.#segments[segment];
    if (known === undefined) throw new RunError('FLOW7012', 'the engine is closed, and its memory with it');
    return known;
  }

  /** The segment's view, at least `end` bytes long: another thread may have grown it since we looked. */
  #segment(segment: number, end: number): Uint8Array {
    const known = this.#known(segment);
    if (known.length >= end) return known;
    const memory = this.handle.memories[segment] as WebAssembly.Memory;
    let fresh = new Uint8Array(bufferOf(memory));
    if (fresh.length < end) {
      memory.grow(0);
      fresh = new Uint8Array(bufferOf(memory));
    }
    if (fresh.length < end)
      throw new EngineBug(`arena segment ${segment} has ${fresh.length} bytes, ${end} were expected`);
    this.#segments[segment] = fresh;
    return fresh;
  }

  #growTo(segment: number, end: number): void {
    if (this.#known(segment).length >= end) return;
    const memory = this.handle.memories[segment] as WebAssembly.Memory;
    memory.grow(0);
    const have = memory.buffer.byteLength;
    if (have < end) {
      const segments = this.handle.memories.length;
      const own = segment === segments - 1 ? this.handle.pages - segment * SEGMENT_PAGES : MAX_SEGMENT_PAGES;
      const to = Math.min(own * PAGE, Math.max(end, have + GROW_STEP));
      memory.grow(Math.ceil((to - have) / WASM_PAGE));
    }
    this.#segments[segment] = new Uint8Array(bufferOf(memory));
  }

  /**
   * Under the lock: first page of a new block, or -1. `owner` null: the block is an object's, held by the thread until it is given to the store. `beyond`: the whole
   * address space may be used.
   */
  allocHeld(bytes: number, slot: number, owner: string | null, beyond = false): number {
    const pages = Math.max(1, Math.ceil(bytes / PAGE));
    const w = this.words;
    if ((w[C.USED] as number) + pages > this.#limitPages) return -1;
    const first = this.#map.find(pages, beyond ? this.handle.pages : this.#softEnd);
    if (first < 0) return -1;
    const segment = Math.floor(first / SEGMENT_PAGES);
    this.#growTo(segment, (first - segment * SEGMENT_PAGES + pages) * PAGE);
    const record = owner === null ? slot + 1 : (slot + 1) | (this.names.number(owner) << 16);
    this.#blockOwner[first] = record;
    this.#blockPages[first] = pages;
    this.#map.mark(first, pages, true);
    this.#count(record, pages);
    (w[C.ACTIVITY] as number)++;
    return first;
  }

  /** Under the lock: whether the limit allows a block for which there is no hole. */
  scatteredHeld(bytes: number): boolean {
    const pages = Math.max(1, Math.ceil(bytes / PAGE));
    return (this.words[C.USED] as number) + pages <= this.#limitPages && this.#map.find(pages, this.#softEnd) < 0;
  }

  #count(record: number, pages: number): void {
    const w = this.words;
    const used = (w[C.USED] as number) + pages;
    w[C.USED] = used;
    if (used > (w[C.PEAK] as number)) w[C.PEAK] = used;
    const name = record >>> 16;
    this.names.add(name, pages);
    if (name === 0) (w[C.OBJECT_PAGES] as number) += pages;
    if ((record & 0xffff) !== STORE) this.threads.addPages((record & 0xffff) - 1, pages);
  }

  /** Under the lock. */
  freeHeld(first: number): void {
    const pages = this.#blockPages[first] as number;
    if (pages === undefined || pages <= 0) throw new EngineBug(`no block at page ${first}: freed twice?`);
    this.#blockPages[first] = 0;
    this.#map.mark(first, pages, false);
    this.#count(this.#blockOwner[first] as number, -pages);
    this.eventHeld();
  }

  /** Under the lock: keeps the first `bytes` bytes of a block. */
  shrinkHeld(first: number, bytes: number): void {
    const had = this.#blockPages[first] as number;
    const pages = Math.max(1, Math.ceil(bytes / PAGE));
    if (pages >= had) return;
    this.#blockPages[first] = pages;
    this.#map.mark(first + pages, had - pages, false);
    this.#count(this.#blockOwner[first] as number, pages - had);
    this.eventHeld();
  }

  /** Under the lock: a block of an object being written passes from its writer to the store. */
  giveToStoreHeld(first: number): void {
    const pages = this.#blockPages[first] as number;
    this.#count(this.#blockOwner[first] as number, -pages);
    this.#blockOwner[first] = STORE;
    this.#count(STORE, pages);
  }

  /** Under the lock: something was freed or unpinned; wakes the threads that wait for memory. */
  eventHeld(): void {
    (this.words[C.ACTIVITY] as number)++;
    Atomics.add(this.words, C.EVENTS, 1);
    if ((this.words[C.WAITERS] as number) > 0) Atomics.notify(this.words, C.EVENTS);
  }

  /** Under the lock: calls `f` for the first page of each block, with its owner slot (-1: the store). */
  blocksHeld(f: (first: number, slot: number) => void): void {
    const pages = this.#blockPages;
    for (let p = 0; p < pages.length; p++) {
      const n = pages[p] as number;
      if (n === 0) continue;
      f(p, ((this.#blockOwner[p] as number) & 0xffff) - 1);
      p += n - 1;
    }
  }

  /**
   * Under the lock: calls `f` for each block and each stretch of free pages in order of their addresses, as far as blocks are laid as a rule; with `pages` 0 at the end of
   * a segment.
   */
  spansHeld(f: (first: number, pages: number, used: boolean) => void): void {
    const blocks = this.#blockPages;
    const segments = this.handle.memories.length;
    for (let s = 0; s < segments; s++) {
      const end = Math.min(this.#softEnd, s * SEGMENT_PAGES + MAX_SEGMENT_PAGES);
      let p = s * SEGMENT_PAGES;
      while (p < end) {
        const n = blocks[p] as number;
        let to = p + n;
        if (n === 0) while (to < end && blocks[to] === 0) to++;
        f(p, to - p, n > 0);
        p = to;
      }
      f(p, 0, true);
    }
  }

  /** Under the lock: rebuilds what is derived from the block records. */
  rebuildHeld(): void {
    const w = this.words;
    const peak = w[C.PEAK] as number;
    w[C.USED] = 0;
    w[C.OBJECT_PAGES] = 0;
    this.names.clear();
    this.threads.clearCounts();
    this.#clearMap();
    const pages = this.#blockPages;
    for (let p = 0; p < pages.length; p++) {
      const n = pages[p] as number;
      if (n === 0) continue;
      this.#map.mark(p, n, true);
      this.#count(this.#blockOwner[p] as number, n);
      p += n - 1;
    }
    w[C.PEAK] = Math.max(peak, w[C.USED] as number);
  }

  #repair(): void {
    this.rebuildHeld();
    this.onRepair();
    this.eventHeld();
  }

  /** Frees the lock when the (dead) thread in `slot` holds it, and repairs what it left half done. */
  breakLock(slot: number): boolean {
    if (slot < 0 || !this.#mutex.take(slot)) return false;
    try {
      this.#repair();
    } finally {
      this.#mutex.unlock();
    }
    return true;
  }
}

export function pageOf(address: number): number {
  return Math.floor(address / PAGE);
}

function layout(pages: number, threads: number) {
  const words = Math.ceil((C.THREADS + ThreadTable.words(threads)) / 16) * 16;
  const names = words * 4;
  const bits = names + OwnerNames.bytes;
  const blockPages = bits + PageMap.words(pages) * 4;
  const blockOwner = blockPages + pages * 4;
  return { words, names, bits, blockPages, blockOwner, total: blockOwner + pages * 4 };
}
