import { EngineBug, RunError } from '../errors.ts';
import { C } from '../memory/control.ts';
import { PAGE } from '../memory/pages.ts';
import type { Block } from '../memory/types.ts';
import { collect } from './objects.ts';
import type { StoreParts } from './parts.ts';
import { chunkEnd, chunkStart, type SpillPlace, spanOf } from './spill_files.ts';
import { STATE } from './table.ts';
import type { ObjectId } from './types.ts';

/** Share of the limit from which on small parts of objects are copied out instead of pinned. */
const SHORT_SHARE = 0.5;
/** A spilled object up to this share of the limit comes back whole when most of it is read. */
const WHOLE_SHARE = 1 / 8;
const SLICE_MS = 100;
const PATIENCE_SLICES = 50;
const OWNER = 'data read back';

export interface BytesLease {
  readonly view: Uint8Array;
  release(): void;
}

/** What reading needs of the store it belongs to. */
export interface Memory {
  allocate(bytes: number, owner: string): Block;
  tryAllocate(bytes: number, owner: string): Block | null;
  free(block: Block): void;
  /** Removes a spill file; -1: none. */
  remove(file: number): void;
}

interface Found extends SpillPlace {
  readonly id: ObjectId;
  readonly e: number;
  /** First page, -1: not in memory. */
  readonly page: number;
}

/** Reading of objects: zero-copy where they are in memory, from spill files where not. */
export class Reads {
  readonly #p: StoreParts;
  readonly #memory: Memory;

  constructor(parts: StoreParts, memory: Memory) {
    this.#p = parts;
    this.#memory = memory;
  }

  readBytes(id: ObjectId, offset: number, bytes: number): BytesLease {
    let found = this.#pin(id, offset, bytes);
    if (found.page < 0) {
      try {
        if (!this.#worthWhole(found, bytes) || !this.#bringBack(found, false))
          return this.#readRange(found, offset, bytes);
      } catch (e) {
        this.#unpin(found.e);
        throw e;
      }
      // Pinned since before it came back, so it is there still.
      found = { ...found, page: (this.#p.table.page[found.e] as number) - 1 };
    }
    const view = this.#p.arena.view(found.page * PAGE + offset, bytes);
    if (bytes <= found.bytes / 2 && this.#short) {
      const copy = this.#memory.tryAllocate(bytes, OWNER);
      if (copy !== null) {
        copy.view.set(view);
        this.#unpin(found.e);
        return { view: copy.view, release: once(() => this.#memory.free(copy)) };
      }
    }
    return { view, release: once(() => this.#unpin(found.e)) };
  }

  /** Most of the object is asked for, and it fits well. */
  #worthWhole(found: Found, bytes: number): boolean {
    return bytes > found.bytes / 2 && found.bytes <= this.#p.arena.limit * WHOLE_SHARE;
  }

  #pin(id: ObjectId, offset: number, bytes: number): Found {
    const { arena, table } = this.#p;
    return arena.locked(() => {
      const e = table.entry(id);
      const size = table.bytes[e] as number;
      if (table.state[e] === STATE.WRITING || offset < 0 || offset + bytes > size)
        throw new EngineBug(`bytes ${offset}+${bytes} of object ${id} (${size} bytes) cannot be read`);
      const page = (table.page[e] as number) - 1;
      table.pin(e, arena.slot);
      arena.threads.addPins(arena.slot, 1);
      if (page >= 0) {
        table.unlist(e);
        table.enlist(e);
      }
      return { id, e, page, file: (table.file[e] as number) - 1, offset: table.offset[e] as number, bytes: size };
    });
  }

  #unpin(e: number): void {
    const { arena, table } = this.#p;
    const gone = arena.locked(() => {
      table.unpin(e, arena.slot);
      arena.threads.addPins(arena.slot, -1);
      if (table.pins[e] !== 0) return -1;
      arena.eventHeld();
      return collect(this.#p, e);
    });
    this.#memory.remove(gone);
  }

  /** Memory is short enough that a look at a small part of an object must not keep the rest of it from being spilled. */
  get #short(): boolean {
    const { arena } = this.#p;
    return (arena.words[C.USED] as number) * PAGE > arena.limit * SHORT_SHARE;
  }

  /** A range of a pinned, spilled object in working memory; unpins it. */
  #readRange(found: Found, offset: number, bytes: number): BytesLease {
    const start = chunkStart(offset);
    const span = chunkEnd(offset + bytes, found.bytes) - start;
    // Whole pages, as are allocated anyway: the last block of a large object can be read whole.
    const block = this.#memory.allocate(Math.ceil(span / PAGE) * PAGE, OWNER);
    try {
      this.#load(found, offset, offset + bytes, block.view);
    } catch (e) {
      this.#memory.free(block);
      throw e;
    }
    this.#unpin(found.e);
    const at = offset - start;
    return { view: block.view.subarray(at, at + bytes), release: once(() => this.#memory.free(block)) };
  }

  #load(place: Found, from: number, to: number, into: Uint8Array): void {
    const { arena, files, accounts } = this.#p;
    const started = performance.now();
    try {
      files.read(place, from, to, into);
    } catch (e) {
      throw e instanceof RunError ? e.at({ object: place.id }) : e;
    }
    const ms = performance.now() - started;
    const bytes = chunkEnd(to, place.bytes) - chunkStart(from);
    arena.locked(() => accounts.addHeld('restore', accounts.label, bytes, 1, ms));
    accounts.event('restore', started, ms, bytes, 1);
  }

  restore(id: ObjectId): void {
    const found = this.#pin(id, 0, 0);
    try {
      // What is not to be had at once is waited for.
      if (found.page < 0 && !this.#bringBack(found, false)) this.#bringBack(found, true);
    } finally {
      this.#unpin(found.e);
    }
  }

  /** Brings the object back when free memory is there for it. */
  prefetch(id: ObjectId): boolean {
    const { arena, table } = this.#p;
    const found = this.#pin(id, 0, 0);
    try {
      if (found.page >= 0) return true;
      if (table.state[found.e] === STATE.RESTORING) return false;
      const span = this.#span(found.bytes);
      const page = arena.locked(() => arena.allocHeld(span, arena.slot, OWNER));
      return page >= 0 && this.#bringInto(found, arena.block(page, span));
    } finally {
      this.#unpin(found.e);
    }
  }

  /** Memory to bring a whole object back into: with room for its checksums, so that one read does it. */
  #span(bytes: number): number {
    return bytes > this.#p.arena.limit / 2 ? bytes : spanOf(bytes);
  }

  /**
   * The pinned object is in memory afterwards; false when there is none for it (not with `wait`), or the thread that brings it back takes too long. One thread reads,
   * others that want the same wait for it.
   */
  #bringBack(found: Found, wait: boolean): boolean {
    const { table } = this.#p;
    for (;;) {
      if (!this.#awaitOther(found.e)) return false;
      if ((table.page[found.e] as number) > 0) return true;
      const span = this.#span(found.bytes);
      const block = wait ? this.#memory.allocate(span, OWNER) : this.#memory.tryAllocate(span, OWNER);
      if (block === null) return false;
      if (this.#bringInto(found, block)) return true;
    }
  }

  /**
   * Sleeps while another thread brings the object back. False when that takes long: it may have died without this thread, which sleeps, having been told. A second
   * read costs less than that.
   */
  #awaitOther(e: number): boolean {
    const { arena, table } = this.#p;
    const { words, threads } = arena;
    for (let slices = 0; slices < PATIENCE_SLICES; slices++) {
      const event = arena.locked(() => {
        if (table.state[e] !== STATE.RESTORING) return null;
        (words[C.WAITERS] as number)++;
        return words[C.EVENTS] as number;
      });
      if (event === null) return true;
      const dying = threads.dying(table.thread[e] as number);
      if (!dying) Atomics.wait(words, C.EVENTS, event, SLICE_MS);
      arena.locked(() => {
        (words[C.WAITERS] as number)--;
      });
      if (dying) return false;
    }
    return false;
  }

  /** Reads the pinned object into the block, which becomes its place; false (and the block is free) when another thread was faster. */
  #bringInto(found: Found, block: Block): boolean {
    const { arena, table } = this.#p;
    const { e, bytes } = found;
    const mine = arena.locked(() => {
      if (table.state[e] !== STATE.SEALED || (table.page[e] as number) > 0) return false;
      table.thread[e] = arena.slot;
      table.state[e] = STATE.RESTORING;
      return true;
    });
    if (!mine) {
      this.#memory.free(block);
      return false;
    }
    let page = -1;
    try {
      this.#load(found, 0, bytes, block.view);
      page = block.address / PAGE;
    } finally {
      arena.locked(() => this.#finishHeld(e, bytes, page));
      if (page < 0) this.#memory.free(block);
    }
    return true;
  }

  /** `page` -1: it could not be read. */
  #finishHeld(e: number, bytes: number, page: number): void {
    const { arena, table } = this.#p;
    if (page >= 0) {
      arena.shrinkHeld(page, bytes);
      // In this order: a thread that dies here leaves a block that is the store's, not a place that is freed with the thread.
      arena.giveToStoreHeld(page);
      table.setPage(e, page + 1);
    }
    table.state[e] = STATE.SEALED;
    if (page >= 0) table.enlist(e);
    arena.eventHeld();
  }
}

export function once(f: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    f();
  };
}
