import { EngineBug, RunError } from '../errors.ts';
import { C } from '../memory/control.ts';
import { PAGE } from '../memory/pages.ts';
import { compact } from './compact.ts';
import { cheapestHole } from './hole.ts';
import { dropFromMemory } from './objects.ts';
import type { StoreParts } from './parts.ts';
import { cannotSpill, size } from './spill_dir.ts';
import { spill, Victims } from './spiller.ts';

const SLICE_MS = 100;
/** Where free memory is scattered, a hole of this share of the limit is made at least. */
const HOLE_SHARE = 1 / 32;
/** After a failure nothing is spilled ahead for so long: in need it is tried again, and told. */
const AHEAD_PAUSE_MS = 1000;
/** Where there was not enough to spill ahead, it is looked for again after so long: what is pinned now is released then. */
const LOOK_AGAIN_MS = 5;

/** What a try to make room came to: memory became free; nothing could be spilled; something could, but not within the cap on spill files. */
export type Relief = 'room' | 'none' | 'capped';

/** What a thread does when memory is short: spills what may be spilled, else waits for the others, else says what holds the memory. */
export class Pressure {
  readonly #p: StoreParts;
  #slept = 0;
  #lastActivity = -1;
  #aheadFrom = 0;

  constructor(parts: StoreParts) {
    this.#p = parts;
  }

  get event(): number {
    return Atomics.load(this.#p.arena.words, C.EVENTS);
  }

  /**
   * Makes room by dropping objects that are on disk too and spilling others, unpinned ones only, oldest first; where memory is free but scattered, those that
   * stand in the way of one hole. Throws RunError FLOW7008.
   */
  relieve(bytes: number): Relief {
    this.#checkOpen();
    const { arena, table } = this.#p;
    const { spill: allowed } = this.#p.settings;
    let room = 0;
    let capped = false;
    const victims = arena.locked(() => {
      const chosen = new Victims(this.#p);
      const evict = (e: number): void => {
        const own = table.bytes[e] as number;
        if ((table.file[e] as number) > 0) dropFromMemory(this.#p, e);
        else if (!allowed) return;
        else if (!chosen.takeHeld(e)) {
          capped = true;
          return;
        }
        room += own;
      };
      if (arena.scatteredHeld(bytes)) {
        // A little more than needed, so that not every allocation has to.
        const roomy = cheapestHole(this.#p, Math.max(bytes, arena.limit * HOLE_SHARE));
        for (const e of roomy.length > 0 ? roomy : cheapestHole(this.#p, bytes)) evict(e);
      } else {
        table.byAge((e) => {
          evict(e);
          // What has to be written is written in large pieces.
          return room < (chosen.entries.length > 0 ? Math.max(bytes, this.#p.settings.minSpillBytes) : bytes);
        });
      }
      chosen.doneHeld();
      return chosen;
    });
    if (victims.entries.length > 0) {
      spill(this.#p, victims, false);
      compact(this.#p);
    }
    if (room > 0) return 'room';
    return capped ? 'capped' : 'none';
  }

  #checkOpen(): void {
    if (this.#p.files.table.closed) throw new EngineBug('the store is closed');
  }

  /**
   * Writes the oldest objects to disk before memory is needed, when more than the threshold is in use by what has no copy there, no other thread does so, and there
   * is enough to write. They stay in memory until it is needed. Never fails.
   */
  spillAhead(): void {
    const { arena, table, settings } = this.#p;
    const { threshold, minSpillBytes } = settings;
    const used = arena.words[C.USED] as number;
    if (used * PAGE <= threshold * arena.limit || !settings.spill || threshold >= 1) return;
    const clean = table.cleanPages;
    if ((used - clean) * PAGE <= threshold * arena.limit) return;
    // Not even all objects that are not on disk would be enough: nothing to look for.
    if (((arena.words[C.OBJECT_PAGES] as number) - clean) * PAGE < minSpillBytes) return;
    if (performance.now() < this.#aheadFrom) return;
    const victims = arena.locked(() => {
      if (arena.threads.anySpilling()) return null;
      const over = (used - clean) * PAGE - threshold * arena.limit;
      const wanted = Math.max(over, minSpillBytes);
      const old: number[] = [];
      let bytes = 0;
      table.byAge((e) => {
        if ((table.file[e] as number) > 0) return true;
        old.push(e);
        bytes += table.bytes[e] as number;
        return bytes < wanted;
      });
      if (bytes < minSpillBytes) return null;
      const chosen = new Victims(this.#p);
      for (const e of old) if (!chosen.takeHeld(e)) break;
      chosen.doneHeld();
      return chosen.entries.length > 0 ? chosen : null;
    });
    if (victims === null) {
      this.#aheadFrom = performance.now() + LOOK_AGAIN_MS;
      return;
    }
    try {
      spill(this.#p, victims, true);
      compact(this.#p);
    } catch (e) {
      if (e instanceof EngineBug) throw e;
      this.#aheadFrom = performance.now() + AHEAD_PAUSE_MS;
    }
  }

  /**
   * Sleeps until memory (after relief 'capped': or disk) may have become free after event number `event`. False when that cannot happen: every thread
   * that holds memory waits itself, or none has done anything for a long time.
   */
  wait(event: number, relief: Relief): boolean {
    const { arena } = this.#p;
    const { words, threads, slot } = arena;
    const verdict = arena.locked(() => {
      if (words[C.EVENTS] !== event) return 'retry';
      threads.setWaiting(slot, event);
      if (!threads.othersMayFree(slot, event, relief === 'capped')) {
        threads.clearWaiting(slot);
        return 'hopeless';
      }
      (words[C.WAITERS] as number)++;
      return 'sleep';
    });
    if (verdict !== 'sleep') return verdict === 'retry';
    Atomics.wait(words, C.EVENTS, event, SLICE_MS);
    return !arena.locked(() => {
      threads.clearWaiting(slot);
      (words[C.WAITERS] as number)--;
      return this.#stalled(words[C.ACTIVITY] as number);
    });
  }

  /** Whether no thread allocated, freed or unpinned anything for too long; counted in slices slept, as a suspended process does not wait. */
  #stalled(activity: number): boolean {
    this.#slept = activity === this.#lastActivity ? this.#slept + 1 : 0;
    this.#lastActivity = activity;
    return this.#slept * SLICE_MS > this.#p.settings.stallMs;
  }

  /** A new need for memory starts with patience. */
  calm(): void {
    this.#slept = 0;
  }

  /** The error of a thread that gets no memory after all. */
  failure(bytes: number, owner: string, relief: Relief): RunError {
    if (relief !== 'capped') return this.outOfMemory(bytes, owner);
    const { arena, files, settings } = this.#p;
    const onDisk = arena.locked(() => files.table.diskBytesHeld());
    return cannotSpill(
      files.targetOf(0).place,
      `spill files may take ${size(settings.diskCap)} (needed ${size(bytes)} on top of ${size(onDisk)})`,
    );
  }

  outOfMemory(bytes: number, owner: string): RunError {
    const { arena, settings } = this.#p;
    const [used, holders] = arena.locked(() => [arena.words[C.USED] as number, arena.names.holders()]);
    const parts = holders.slice(0, 6).map((h) => `${h.name} ${size(h.pages * PAGE)}`);
    const off = settings.spill ? '' : '; spilling is disabled';
    return new RunError(
      'FLOW7007',
      `out of memory: ${owner} needs ${size(bytes)}; the limit is ${size(arena.limit)}, in use are ${size(used * PAGE)} (${parts.join(', ')})${off}`,
      {},
      settings.spill
        ? 'Raise the limit with --memory, or use fewer --workers.'
        : 'Allow spilling, raise the limit with --memory, or use fewer --workers.',
    );
  }
}
