import { existsSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { EngineBug } from '../errors.ts';

/** Words of the arena's control block. What is not a record of its own (the page map, the counters) is rebuilt from the block records. */
export const C = {
  LOCK: 0,
  HINT: 1,
  USED: 2,
  PEAK: 3,
  /** Pages of sealed and unsealed objects, part of USED. */
  OBJECT_PAGES: 4,
  /** Counts frees and unpins; threads in need of memory sleep on it. */
  EVENTS: 5,
  WAITERS: 6,
  /** Counts allocations, frees and unpins: signs of life of the threads that do not wait. */
  ACTIVITY: 7,
  NAMES: 8,
  THREADS: 16,
} as const;

const T = {
  LIVE: 0,
  PAGES: 1,
  PINS: 2,
  WAITS: 3,
  WAIT_EVENT: 4,
  DYING: 5,
  SPILLS: 6,
  IDLE: 7,
  SYSTEM: 8,
  WORDS: 16,
} as const;

/** Where Linux has the threads of this process, by its own numbers. */
const TASKS = '/proc/self/task';

/** The system's number of this thread; 0 where it is not told. */
function systemThread(): number {
  try {
    return Number(basename(readlinkSync('/proc/thread-self'))) || 0;
  } catch {
    return 0;
  }
}

/**
 * The threads of an arena: who holds how much, who waits, who is dying. A slot is the small number that stands for a thread in lock
 * words and block records; the owner of the threads hands slots out, and may give that of a dead thread to its successor.
 */
export class ThreadTable {
  readonly max: number;
  readonly #words: Int32Array;
  readonly #base: number;

  constructor(words: Int32Array, max: number) {
    this.#words = words;
    this.#base = C.THREADS;
    this.max = max;
  }

  static words(max: number): number {
    return max * T.WORDS;
  }

  #at(slot: number, field: number): number {
    return this.#base + slot * T.WORDS + field;
  }

  /** From now on `slot` belongs to the calling thread. */
  register(slot: number): void {
    if (slot < 0 || slot >= this.max) throw new EngineBug(`thread ${slot} of a store made for ${this.max}`);
    this.drop(slot);
    Atomics.store(this.#words, this.#at(slot, T.SYSTEM), systemThread());
    Atomics.store(this.#words, this.#at(slot, T.LIVE), 1);
  }

  /** Gives the slot up; everything its thread held has been freed. */
  drop(slot: number): void {
    for (let f = 0; f < T.WORDS; f++) Atomics.store(this.#words, this.#at(slot, f), 0);
  }

  setDying(slot: number): void {
    Atomics.store(this.#words, this.#at(slot, T.DYING), 1);
  }

  /** An idle thread frees nothing of its own accord: nobody waits for it. */
  setIdle(slot: number, idle: boolean): void {
    Atomics.store(this.#words, this.#at(slot, T.IDLE), idle ? 1 : 0);
  }

  /** Whether the thread was told to die, or is gone without that: nobody who waits for it in a lock hears of it. */
  dying(slot: number): boolean {
    if (Atomics.load(this.#words, this.#at(slot, T.DYING)) === 1) return true;
    const system = Atomics.load(this.#words, this.#at(slot, T.SYSTEM));
    return system > 0 && !existsSync(`${TASKS}/${system}`);
  }

  addPages(slot: number, n: number): void {
    (this.#words[this.#at(slot, T.PAGES)] as number) += n;
  }

  addPins(slot: number, n: number): void {
    (this.#words[this.#at(slot, T.PINS)] as number) += n;
  }

  setSpilling(slot: number, on: boolean): void {
    this.#words[this.#at(slot, T.SPILLS)] = on ? 1 : 0;
  }

  /** Under the lock: whether some thread writes objects to disk now. */
  anySpilling(): boolean {
    for (let s = 0; s < this.max; s++) if (this.#words[this.#at(s, T.SPILLS)] !== 0) return true;
    return false;
  }

  clearCounts(): void {
    for (let s = 0; s < this.max; s++) {
      this.#words[this.#at(s, T.PAGES)] = 0;
      this.#words[this.#at(s, T.PINS)] = 0;
    }
  }

  /** Under the lock: this thread sleeps until something happens after event number `event`. */
  setWaiting(slot: number, event: number): void {
    this.#words[this.#at(slot, T.WAIT_EVENT)] = event;
    this.#words[this.#at(slot, T.WAITS)] = 1;
  }

  clearWaiting(slot: number): void {
    this.#words[this.#at(slot, T.WAITS)] = 0;
  }

  /**
   * Under the lock: whether some other thread is at work and not asleep since the last event, and holds memory; with `disk` it need not, as objects it may release
   * lie on disk.
   */
  othersMayFree(self: number, event: number, disk = false): boolean {
    const w = this.#words;
    for (let s = 0; s < this.max; s++) {
      if (s === self || w[this.#at(s, T.LIVE)] === 0 || w[this.#at(s, T.IDLE)] === 1) continue;
      const asleep = w[this.#at(s, T.WAITS)] === 1 && w[this.#at(s, T.WAIT_EVENT)] === event;
      if (asleep) continue;
      const holds =
        (w[this.#at(s, T.PAGES)] as number) + (w[this.#at(s, T.PINS)] as number) + (w[this.#at(s, T.SPILLS)] as number);
      // A thread that was just woken may take what was freed and give back more.
      if (disk || holds > 0 || w[this.#at(s, T.WAITS)] === 1) return true;
    }
    return false;
  }
}

export const NAME_COUNT = 512;
const NAME_BYTES = 64;

/** Names of operators and owners of working memory, shared between threads, with the pages each holds. Number 0 is `objects`, the last one `other`. */
export class OwnerNames {
  static readonly bytes = NAME_COUNT * NAME_BYTES + NAME_COUNT * 4;
  readonly #control: Int32Array;
  readonly #text: Uint8Array;
  readonly #pages: Int32Array;
  /** The names in the table, as far as this thread has read it: there may be any number of others, of tasks, that found no place. */
  readonly #known = new Map<string, number>();
  #read = 1;

  constructor(control: Int32Array, sab: SharedArrayBuffer, offset: number) {
    this.#control = control;
    this.#pages = new Int32Array(sab, offset, NAME_COUNT);
    this.#text = new Uint8Array(sab, offset + NAME_COUNT * 4, NAME_COUNT * NAME_BYTES);
  }

  /** Under the lock. */
  number(name: string): number {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const count = this.#control[C.NAMES] as number;
    for (; this.#read < count; this.#read++) this.#known.set(this.name(this.#read), this.#read);
    const bytes = encoded(name);
    const text = bytes.toString();
    const told = this.#known.get(text);
    if (told !== undefined) return told;
    if (count >= NAME_COUNT - 1) return NAME_COUNT - 1;
    const i = Math.max(count, 1);
    this.#text.fill(0, i * NAME_BYTES, (i + 1) * NAME_BYTES);
    this.#text.set(bytes, i * NAME_BYTES);
    this.#control[C.NAMES] = i + 1;
    this.#known.set(text, i);
    return i;
  }

  name(i: number): string {
    if (i === 0) return 'objects';
    if (i === NAME_COUNT - 1) return 'other';
    const t = this.#text.slice(i * NAME_BYTES, (i + 1) * NAME_BYTES);
    const end = t.indexOf(0);
    return Buffer.from(t.subarray(0, end < 0 ? NAME_BYTES : end)).toString();
  }

  add(i: number, pages: number): void {
    (this.#pages[i] as number) += pages;
  }

  clear(): void {
    this.#pages.fill(0);
  }

  /** Holders by size, largest first: pages. */
  holders(): { readonly name: string; readonly pages: number }[] {
    const out: { name: string; pages: number }[] = [];
    for (let i = 0; i < NAME_COUNT; i++) {
      const pages = this.#pages[i] as number;
      if (pages > 0) out.push({ name: this.name(i), pages });
    }
    return out.sort((a, b) => b.pages - a.pages);
  }
}

/** UTF-8 in at most NAME_BYTES bytes, cut between characters. */
function encoded(name: string): Buffer {
  const bytes = Buffer.from(name.replaceAll('\0', ' '));
  if (bytes.length <= NAME_BYTES) return bytes;
  let end = NAME_BYTES;
  while (((bytes[end] as number) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}
