import { EngineBug } from '../errors.ts';
import { PAGE } from '../memory/pages.ts';
import type { ObjectId } from './types.ts';

/** Most objects alive at a time. Only the part of the table in use is ever touched. */
const CAPACITY = 1 << 20;

/**
 * Life of an entry. A sealed object is in memory (`page` > 0), in a spill file (`file` > 0), or both. RESTORING: it is in a file, and a thread is about to bring it
 * into memory.
 */
export const STATE = { FREE: 0, WRITING: 1, SEALED: 2, SPILLING: 3, RESTORING: 4 } as const;

/** One word a field and entry; the list links are entry numbers + 1. */
const WORDS = [
  'state',
  'refs',
  'pins',
  'page',
  'file',
  'thread',
  'maker',
  'label',
  'generation',
  'older',
  'newer',
] as const;
const WIDE = ['bytes', 'offset'] as const;
const HEAD = { HIGH: 0, FREE: 1, OLDEST: 2, NEWEST: 3, OBJECTS: 4, CLEAN: 5, WORDS: 16 } as const;

export interface TableHandle {
  readonly sab: SharedArrayBuffer;
  readonly threads: number;
}

/**
 * The object table in shared memory, one array a field. The caller holds the arena's lock. The state, pin and place of an entry are
 * its record; free list, recency list and pin totals are derived from them and can be rebuilt.
 */
export class ObjectTable {
  readonly handle: TableHandle;
  readonly state: Int32Array;
  readonly refs: Int32Array;
  /** Pins of all threads together. */
  readonly pins: Int32Array;
  /** First page in the arena + 1; 0 = not in memory. Written by setPage. */
  readonly page: Int32Array;
  /** Spill file number + 1; 0 = never spilled. Written by setPlace. */
  readonly file: Int32Array;
  /** Writer, spiller or restorer, while WRITING, SPILLING or RESTORING. */
  readonly thread: Int32Array;
  /** Thread + 1 whose running task made the object; 0 once the task handed it over. */
  readonly maker: Int32Array;
  /** Label its maker worked under. */
  readonly label: Int32Array;
  readonly bytes: Float64Array;
  /** Place in the spill file. */
  readonly offset: Float64Array;
  readonly #generation: Int32Array;
  readonly #older: Int32Array;
  readonly #newer: Int32Array;
  readonly #head: Int32Array;
  /** Pins by thread and entry, so that those of a dead thread can be taken back. */
  readonly #pinsOf: Uint16Array[] = [];

  constructor(handle: TableHandle) {
    this.handle = handle;
    const { sab } = handle;
    let at = 0;
    const wide = () => {
      at += CAPACITY * 8;
      return new Float64Array(sab, at - CAPACITY * 8, CAPACITY);
    };
    const word = () => {
      at += CAPACITY * 4;
      return new Int32Array(sab, at - CAPACITY * 4, CAPACITY);
    };
    [this.bytes, this.offset] = [wide(), wide()];
    [this.state, this.refs, this.pins] = [word(), word(), word()];
    [this.page, this.file, this.thread, this.maker, this.label] = [word(), word(), word(), word(), word()];
    [this.#generation, this.#older, this.#newer] = [word(), word(), word()];
    for (let t = 0; t < handle.threads; t++) {
      this.#pinsOf.push(new Uint16Array(sab, at, CAPACITY));
      at += CAPACITY * 2;
    }
    this.#head = new Int32Array(sab, at, HEAD.WORDS);
  }

  static create(threads: number): ObjectTable {
    const perEntry = WORDS.length * 4 + WIDE.length * 8 + threads * 2;
    return new ObjectTable({ sab: new SharedArrayBuffer(CAPACITY * perEntry + HEAD.WORDS * 4), threads });
  }

  get objects(): number {
    return this.#head[HEAD.OBJECTS] as number;
  }

  /** Pages of objects that are both in memory and on disk: free for the taking. */
  get cleanPages(): number {
    return this.#head[HEAD.CLEAN] as number;
  }

  #countClean(e: number, sign: 1 | -1): void {
    if ((this.page[e] as number) > 0 && (this.file[e] as number) > 0)
      (this.#head[HEAD.CLEAN] as number) += sign * Math.max(1, Math.ceil((this.bytes[e] as number) / PAGE));
  }

  /** Sets where the object lies in memory; `page`: first page + 1, 0 = nowhere. */
  setPage(e: number, page: number): void {
    this.#countClean(e, -1);
    this.page[e] = page;
    this.#countClean(e, 1);
  }

  /** The object has a copy in a spill file. */
  setPlace(e: number, file: number, offset: number): void {
    this.#countClean(e, -1);
    this.offset[e] = offset;
    this.file[e] = file + 1;
    this.#countClean(e, 1);
  }

  /** Entry of an object that must be alive. */
  entry(id: ObjectId): number {
    const e = id % CAPACITY;
    if (
      this.state[e] === STATE.FREE ||
      this.#generation[e] !== Math.floor(id / CAPACITY) ||
      (this.refs[e] as number) <= 0
    ) {
      throw new EngineBug(`object ${id} was released already`);
    }
    return e;
  }

  id(e: number): ObjectId {
    return (this.#generation[e] as number) * CAPACITY + e;
  }

  /** A new entry in state WRITING; -1 when the table is full. */
  add(page: number, bytes: number, thread: number, label = 0): number {
    const h = this.#head;
    let e = (h[HEAD.FREE] as number) - 1;
    if (e >= 0) h[HEAD.FREE] = this.#newer[e] as number;
    else {
      if ((h[HEAD.HIGH] as number) >= CAPACITY) return -1;
      e = h[HEAD.HIGH] as number;
      h[HEAD.HIGH] = e + 1;
    }
    (this.#generation[e] as number)++;
    this.refs[e] = 0;
    this.pins[e] = 0;
    this.page[e] = page + 1;
    this.file[e] = 0;
    this.thread[e] = thread;
    this.maker[e] = 0;
    this.label[e] = label;
    this.bytes[e] = bytes;
    this.offset[e] = 0;
    this.state[e] = STATE.WRITING;
    (h[HEAD.OBJECTS] as number)++;
    return e;
  }

  /** The entry's object is gone; its memory and disk space have been given back. */
  remove(e: number): void {
    this.#countClean(e, -1);
    this.state[e] = STATE.FREE;
    this.maker[e] = 0;
    const h = this.#head;
    this.#newer[e] = h[HEAD.FREE] as number;
    h[HEAD.FREE] = e + 1;
    (h[HEAD.OBJECTS] as number)--;
  }

  /** Puts an object (sealed or being spilled) in memory at the recently used end of the list. */
  enlist(e: number): void {
    const h = this.#head;
    const last = h[HEAD.NEWEST] as number;
    this.#older[e] = last;
    this.#newer[e] = 0;
    if (last > 0) this.#newer[last - 1] = e + 1;
    else h[HEAD.OLDEST] = e + 1;
    h[HEAD.NEWEST] = e + 1;
  }

  unlist(e: number): void {
    const h = this.#head;
    const older = this.#older[e] as number;
    const newer = this.#newer[e] as number;
    if (older > 0) this.#newer[older - 1] = newer;
    else h[HEAD.OLDEST] = newer;
    if (newer > 0) this.#older[newer - 1] = older;
    else h[HEAD.NEWEST] = older;
  }

  /** Unpinned sealed objects in memory that nobody spills, least recently used first, until `f` says stop by returning false. `f` may unlist the entry. */
  byAge(f: (e: number) => boolean): void {
    for (let e = (this.#head[HEAD.OLDEST] as number) - 1; e >= 0; ) {
      const next = (this.#newer[e] as number) - 1;
      if (this.pins[e] === 0 && this.state[e] === STATE.SEALED && !f(e)) return;
      e = next;
    }
  }

  pin(e: number, thread: number): void {
    const own = this.#pinsOf[thread] as Uint16Array;
    if (own[e] === 0xffff) throw new EngineBug('one thread pins one object too often');
    (own[e] as number)++;
    (this.pins[e] as number)++;
  }

  unpin(e: number, thread: number): void {
    const own = this.#pinsOf[thread] as Uint16Array;
    if (own[e] === 0) throw new EngineBug(`thread ${thread} unpins an object it has not pinned`);
    (own[e] as number)--;
    (this.pins[e] as number)--;
  }

  /** Takes back all pins of a dead thread; calls `f` for each entry it had pinned. */
  dropPins(thread: number, f: (e: number, pins: number) => void): void {
    const own = this.#pinsOf[thread] as Uint16Array;
    const high = this.#head[HEAD.HIGH] as number;
    for (let e = 0; e < high; e++) {
      const n = own[e] as number;
      if (n === 0) continue;
      own[e] = 0;
      (this.pins[e] as number) -= n;
      f(e, n);
    }
  }

  /** Calls `f` for each entry that is not free. */
  each(f: (e: number) => void): void {
    const high = this.#head[HEAD.HIGH] as number;
    for (let e = 0; e < high; e++) if (this.state[e] !== STATE.FREE) f(e);
  }

  /** Rebuilds the lists and pin totals from the entries. `pinned` is told each thread's pins. */
  rebuild(pinned: (thread: number, pins: number) => void): void {
    const h = this.#head;
    const high = h[HEAD.HIGH] as number;
    h[HEAD.FREE] = 0;
    h[HEAD.OLDEST] = 0;
    h[HEAD.NEWEST] = 0;
    h[HEAD.OBJECTS] = 0;
    h[HEAD.CLEAN] = 0;
    for (let e = 0; e < high; e++) {
      let pins = 0;
      for (let t = 0; t < this.#pinsOf.length; t++) {
        const n = (this.#pinsOf[t] as Uint16Array)[e] as number;
        pins += n;
        if (n > 0) pinned(t, n);
      }
      this.pins[e] = pins;
      if (this.state[e] === STATE.FREE) {
        this.#newer[e] = h[HEAD.FREE] as number;
        h[HEAD.FREE] = e + 1;
        continue;
      }
      (h[HEAD.OBJECTS] as number)++;
      this.#countClean(e, 1);
      const listed = this.state[e] === STATE.SEALED || this.state[e] === STATE.SPILLING;
      if (listed && (this.page[e] as number) > 0) this.enlist(e);
    }
  }
}
