import { EngineBug, RunError } from '../errors.ts';
import { C } from '../memory/control.ts';
import { PAGE } from '../memory/pages.ts';
import { compact } from './compact.ts';
import type { StoreParts } from './parts.ts';
import { cannotSpill, size, spillFailure } from './spill_dir.ts';
import { STATE } from './table.ts';

/** Float64 counters shared by all threads; written under the lock. */
export const S = {
  SPILLED_BYTES: 0,
  SPILLED_OBJECTS: 1,
  SPILL_MS: 2,
  RESTORED_BYTES: 3,
  RESTORED_OBJECTS: 4,
  RESTORE_MS: 5,
  CLOSED: 6,
  WORDS: 8,
} as const;

/** A thread spills about this share of the limit at once, and not more than MAX_SPILL, when it needs less. */
const SPILL_SHARE = 8;
const MAX_SPILL = 64 << 20;
const SLICE_MS = 100;

/** What a thread does when memory is short: spills what may be spilled, else waits for the others, else says what holds the memory. */
export class Pressure {
  readonly #p: StoreParts;
  #slept = 0;
  #lastActivity = -1;

  constructor(parts: StoreParts) {
    this.#p = parts;
  }

  get event(): number {
    return Atomics.load(this.#p.arena.words, C.EVENTS);
  }

  /** Makes room by dropping or spilling unpinned objects, oldest first. False when there are none. Throws RunError FLOW7008. */
  relieve(bytes: number): boolean {
    const { arena, table, files, counters, diskCap } = this.#p;
    if (counters[S.CLOSED] !== 0) throw new EngineBug('the store is closed');
    const target = Math.max(bytes, Math.min(arena.limit / SPILL_SHARE, MAX_SPILL));
    const victims: number[] = [];
    let room = 0;
    let toWrite = 0;
    let onDisk = 0;
    arena.locked(() => {
      onDisk = files.diskBytesHeld();
      table.byAge((e) => {
        const own = table.bytes[e] as number;
        room += own;
        table.unlist(e);
        // A copy on disk already: dropping the one in memory is enough.
        if ((table.file[e] as number) > 0) dropFromMemory(this.#p, e);
        else {
          table.thread[e] = arena.slot;
          table.state[e] = STATE.SPILLING;
          victims.push(e);
          toWrite += own;
        }
        return room < target;
      });
      arena.threads.setSpilling(arena.slot, victims.length > 0);
    });
    if (victims.length === 0) return room > 0;
    if (onDisk + toWrite > diskCap) {
      this.#keep(victims);
      throw cannotSpill(
        files.folderOf(0),
        `spill files may take ${size(diskCap)} (needed ${size(toWrite)} on top of ${size(onDisk)})`,
      );
    }
    this.#spill(victims, toWrite);
    compact(this.#p);
    return true;
  }

  #spill(victims: readonly number[], bytes: number): void {
    const { arena, table, files } = this.#p;
    const views = victims.map((e) => arena.view(((table.page[e] as number) - 1) * PAGE, table.bytes[e] as number));
    const started = performance.now();
    let failure: RunError | null = null;
    // A full directory does not end it while another one has room.
    for (let tries = 0; tries < files.handle.folders.length; tries++) {
      const begun = arena.locked(() => files.beginHeld(arena.slot));
      if (begun === null) break;
      try {
        const { offsets, end } = files.append(begun.file, begun.offset, views);
        this.#spilled(victims, begun.file, offsets, end, bytes, performance.now() - started);
        return;
      } catch (e) {
        if (e instanceof EngineBug) throw e;
        failure = spillFailure(e, files.folderOf(begun.file), bytes);
        if (arena.locked(() => files.endHeld(begun.file, begun.offset, true))) files.unlink(begun.file);
      }
    }
    this.#keep(victims);
    throw failure ?? cannotSpill(files.folderOf(0), 'there are too many spill files');
  }

  /** What could not be spilled stays in memory, and valid. */
  #keep(victims: readonly number[]): void {
    const { arena, table } = this.#p;
    arena.locked(() => {
      for (const e of victims) {
        table.state[e] = STATE.SEALED;
        if ((table.refs[e] as number) <= 0 && table.pins[e] === 0) destroy(this.#p, e, false);
        else table.enlist(e);
      }
      arena.threads.setSpilling(arena.slot, false);
      arena.eventHeld();
    });
  }

  #spilled(
    victims: readonly number[],
    file: number,
    offsets: readonly number[],
    end: number,
    bytes: number,
    ms: number,
  ): void {
    const { arena, table, files, counters } = this.#p;
    const empty = arena.locked(() => {
      victims.forEach((e, i) => {
        table.offset[e] = offsets[i] as number;
        table.file[e] = file + 1;
        files.addObjectHeld(file, table.bytes[e] as number);
        const pinned = (table.pins[e] as number) > 0;
        if (!pinned) dropFromMemory(this.#p, e);
        table.state[e] = STATE.SEALED;
        if ((table.refs[e] as number) <= 0 && !pinned) destroy(this.#p, e, false);
        else if (pinned) table.enlist(e);
      });
      add(counters, S.SPILLED_BYTES, bytes);
      add(counters, S.SPILLED_OBJECTS, victims.length);
      add(counters, S.SPILL_MS, ms);
      arena.threads.setSpilling(arena.slot, false);
      arena.eventHeld();
      return files.endHeld(file, end, false);
    });
    if (empty) files.unlink(file);
  }

  /**
   * Sleeps until memory may have become free after event number `event`. Throws RunError FLOW7007 when that cannot happen: every thread
   * that holds memory waits itself, or none has done anything for a long time.
   */
  wait(event: number, bytes: number, owner: string): void {
    const { arena } = this.#p;
    const { words, threads, slot } = arena;
    const verdict = arena.locked(() => {
      if (words[C.EVENTS] !== event) return 'retry';
      threads.setWaiting(slot, event);
      if (!threads.othersMayFree(slot, event)) {
        threads.clearWaiting(slot);
        return 'hopeless';
      }
      (words[C.WAITERS] as number)++;
      return 'sleep';
    });
    if (verdict === 'hopeless') throw this.outOfMemory(bytes, owner);
    if (verdict === 'retry') return;
    Atomics.wait(words, C.EVENTS, event, SLICE_MS);
    const stalled = arena.locked(() => {
      threads.clearWaiting(slot);
      (words[C.WAITERS] as number)--;
      return this.#stalled(words[C.ACTIVITY] as number);
    });
    if (stalled) throw this.outOfMemory(bytes, owner);
  }

  /** Whether no thread allocated, freed or unpinned anything for too long; counted in slices slept, as a suspended process does not wait. */
  #stalled(activity: number): boolean {
    this.#slept = activity === this.#lastActivity ? this.#slept + 1 : 0;
    this.#lastActivity = activity;
    return this.#slept * SLICE_MS > this.#p.stallMs;
  }

  /** A new need for memory starts with patience. */
  calm(): void {
    this.#slept = 0;
  }

  outOfMemory(bytes: number, owner: string): RunError {
    const { arena } = this.#p;
    const [used, holders] = arena.locked(() => [arena.words[C.USED] as number, arena.names.holders()]);
    const parts = holders.slice(0, 6).map((h) => `${h.name} ${size(h.pages * PAGE)}`);
    return new RunError(
      'FLOW7007',
      `out of memory: ${owner} needs ${size(bytes)}; the limit is ${size(arena.limit)}, in use are ${size(used * PAGE)} (${parts.join(', ')})`,
      {},
      'Raise the limit with --memory, or use fewer --workers.',
    );
  }
}

/** Under the lock: the object's memory is free; the copy on disk stays. */
export function dropFromMemory(p: StoreParts, e: number): void {
  const page = p.table.page[e] as number;
  p.table.page[e] = 0;
  p.arena.freeHeld(page - 1);
}

/** Under the lock: the object is gone. `listed`: it is on the recency list. Returns the spill file that became empty, or -1. */
export function destroy(p: StoreParts, e: number, listed: boolean): number {
  const { table, files, arena } = p;
  const page = table.page[e] as number;
  const file = (table.file[e] as number) - 1;
  const bytes = table.bytes[e] as number;
  if (listed) table.unlist(e);
  table.remove(e);
  if (page > 0) arena.freeHeld(page - 1);
  return file >= 0 && files.dropObjectHeld(file, bytes) ? file : -1;
}

export function add(counters: Float64Array, i: number, n: number): void {
  counters[i] = (counters[i] as number) + n;
}
