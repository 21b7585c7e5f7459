import type { OwnerNames } from '../memory/control.ts';

/** Totals of one kind of work, in counters: bytes, objects, milliseconds. */
const W = { BYTES: 0, OBJECTS: 1, MS: 2, WORDS: 3 } as const;
const KINDS = { spill: 0, restore: 1 } as const;
const ROW = 2 * W.WORDS;
/** Events kept for one taker; later ones are dropped until they are taken. */
const MAX_EVENTS = 4096;

export type StoreWork = keyof typeof KINDS;

/** What a thread wrote to disk or read back at one time. */
export interface StoreEvent {
  readonly kind: StoreWork;
  /** Milliseconds since the epoch (performance.timeOrigin + performance.now()). */
  readonly start: number;
  readonly ms: number;
  readonly bytes: number;
  readonly objects: number;
}

export interface OperatorStats {
  readonly name: string;
  readonly spilledBytes: number;
  readonly spilledObjects: number;
  readonly spillMs: number;
  readonly restoredBytes: number;
  readonly restoredObjects: number;
  readonly restoreMs: number;
}

/**
 * Who spilled and restored how much: a row of counters for each label in shared memory, written under the lock; and the events of this thread.
 * Row 0 is for what has no label.
 */
export class Accounts {
  readonly #names: OwnerNames;
  readonly #rows: Float64Array;
  #events: StoreEvent[] = [];
  /** Label this thread works under. */
  label = 0;

  constructor(sab: SharedArrayBuffer, names: OwnerNames) {
    this.#names = names;
    this.#rows = new Float64Array(sab);
  }

  static create(names: number): SharedArrayBuffer {
    return new SharedArrayBuffer(names * ROW * 8);
  }

  /** Under the lock: `ms` spent on objects of one label. */
  addHeld(kind: StoreWork, label: number, bytes: number, objects: number, ms: number): void {
    const rows = this.#rows;
    const at = label * ROW + KINDS[kind] * W.WORDS;
    (rows[at + W.BYTES] as number) += bytes;
    (rows[at + W.OBJECTS] as number) += objects;
    (rows[at + W.MS] as number) += ms;
  }

  /** `started`: by performance.now(). */
  event(kind: StoreWork, started: number, ms: number, bytes: number, objects: number): void {
    if (this.#events.length >= MAX_EVENTS) return;
    this.#events.push({ kind, start: performance.timeOrigin + started, ms, bytes, objects });
  }

  takeEvents(): StoreEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** Under the lock: totals of all labels. */
  totalsHeld(): Omit<OperatorStats, 'name'> {
    const sums = new Array<number>(ROW).fill(0);
    this.#rows.forEach((n, i) => {
      (sums[i % ROW] as number) += n;
    });
    return rowStats(sums, 0);
  }

  /** Under the lock: labels that spilled or restored something. */
  operatorsHeld(): OperatorStats[] {
    const out: OperatorStats[] = [];
    for (let at = 0, label = 0; at < this.#rows.length; at += ROW, label++) {
      const stats = rowStats(this.#rows, at);
      if (stats.spilledObjects + stats.restoredObjects > 0)
        out.push({ name: label === 0 ? 'unnamed' : this.#names.name(label), ...stats });
    }
    return out;
  }
}

function rowStats(rows: ArrayLike<number>, at: number): Omit<OperatorStats, 'name'> {
  const n = (kind: StoreWork, word: number): number => rows[at + KINDS[kind] * W.WORDS + word] as number;
  return {
    spilledBytes: n('spill', W.BYTES),
    spilledObjects: n('spill', W.OBJECTS),
    spillMs: n('spill', W.MS),
    restoredBytes: n('restore', W.BYTES),
    restoredObjects: n('restore', W.OBJECTS),
    restoreMs: n('restore', W.MS),
  };
}
