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
        if (bytes <= found.bytes / 2 || found.bytes > this.#p.arena.limit * WHOLE_SHARE || !this.#bringBack(id, false))
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
    const block = this.#memory.allocate(span, OWNER);
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

  #load(place: SpillPlace & { readonly id: ObjectId }, from: number, to: number, into: Uint8Array): void {
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
    if (this.#bringBack(id, false)) return;
    // Memory was not to be had at once: now wait for it.
    this.#bringBack(id, true);
  }

  /** Brings the object back when free memory is there for it. */
  prefetch(id: ObjectId): boolean {
    const { arena, table } = this.#p;
    const bytes = arena.locked(() => {
      const e = table.entry(id);
      if ((table.page[e] as number) > 0) return 0;
      return table.state[e] === STATE.RESTORING ? -1 : (table.bytes[e] as number);
    });
    if (bytes <= 0) return bytes === 0;
    const span = this.#span(bytes);
    const page = arena.locked(() => arena.allocHeld(span, arena.slot, OWNER));
    return page >= 0 && this.#bringInto(id, arena.block(page, span));
  }

  /** Memory to bring a whole object back into: with room for its checksums, so that one read does it. */
  #span(bytes: number): number {
    return bytes > this.#p.arena.limit / 2 ? bytes : spanOf(bytes);
  }

  /** The object is in memory afterwards; false when there is none, not `wait`. One thread reads, others that want the same wait for it. */
  #bringBack(id: ObjectId, wait: boolean): boolean {
    const { arena, table } = this.#p;
    for (;;) {
      if (this.#awaitOther(id)) continue;
      const now = arena.locked(() => {
        const e = table.entry(id);
        return (table.page[e] as number) > 0 ? null : (table.bytes[e] as number);
      });
      if (now === null) return true;
      const span = this.#span(now);
      const block = wait ? this.#memory.allocate(span, OWNER) : this.#memory.tryAllocate(span, OWNER);
      if (block === null) return false;
      if (this.#bringInto(id, block)) return true;
    }
  }

  /** Sleeps while another thread brings the object back; false when none does. */
  #awaitOther(id: ObjectId): boolean {
    const { arena, table } = this.#p;
    const { words } = arena;
    const event = arena.locked(() => {
      if (table.state[table.entry(id)] !== STATE.RESTORING) return null;
      (words[C.WAITERS] as number)++;
      return words[C.EVENTS] as number;
    });
    if (event === null) return false;
    Atomics.wait(words, C.EVENTS, event, SLICE_MS);
    arena.locked(() => {
      (words[C.WAITERS] as number)--;
    });
    return true;
  }

  /** Reads the object into the block, which becomes its place; false (and the block is free) when another thread does it already. */
  #bringInto(id: ObjectId, block: Block): boolean {
    const { arena, table } = this.#p;
    const place = arena.locked(() => {
      const e = table.entry(id);
      if (table.state[e] !== STATE.SEALED || (table.page[e] as number) > 0) return null;
      table.thread[e] = arena.slot;
      table.state[e] = STATE.RESTORING;
      return {
        id,
        e,
        file: (table.file[e] as number) - 1,
        offset: table.offset[e] as number,
        bytes: table.bytes[e] as number,
      };
    });
    if (place === null) {
      this.#memory.free(block);
      return false;
    }
    let failure: Error | null = null;
    try {
      this.#load(place, 0, place.bytes, block.view);
    } catch (e) {
      failure = e instanceof Error ? e : new Error(String(e));
      this.#memory.free(block);
    }
    const gone = arena.locked(() => this.#finishHeld(place, failure === null ? block.address / PAGE : -1));
    this.#memory.remove(gone);
    if (failure !== null) throw failure;
    return true;
  }

  /** Returns the spill file that became empty, or -1. */
  #finishHeld({ e, bytes }: { readonly e: number; readonly bytes: number }, page: number): number {
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
    return collect(this.#p, e);
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
