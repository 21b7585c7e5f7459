import { EngineBug } from '../errors.ts';

/** Set on the lock word while somebody sleeps on it. */
const WAITED = 1 << 30;
const SPINS = 200;
const SLICE_MS = 50;
/** Patience is counted in slices slept, not in time passed: a process that was suspended for a minute has waited for nobody. */
const DYING_SLICES = 10;
/** Critical sections take microseconds. A lock held for half a minute is a bug, and an error is better than a hang. */
const STUCK_SLICES = 600;

/**
 * A lock in shared memory between the threads of a process; usable on the main thread too (Node allows it to wait). The lock
 * word holds the number of the holder, so that the lock of a thread that died inside a critical section can be broken.
 * Not reentrant.
 */
export class Mutex {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #self: number;
  readonly #dying: (slot: number) => boolean;

  /** `slot` >= 0 numbers this thread; `dying` tells whether the thread of a slot was asked to terminate. */
  constructor(words: Int32Array, at: number, slot: number, dying: (slot: number) => boolean) {
    this.#words = words;
    this.#at = at;
    this.#self = slot + 1;
    this.#dying = dying;
  }

  /** Takes the lock. True when it was taken from a dead thread: what it guards must then be repaired first. */
  lock(): boolean {
    const w = this.#words;
    const at = this.#at;
    for (let i = 0; i < SPINS; i++) {
      if (Atomics.load(w, at) === 0 && Atomics.compareExchange(w, at, 0, this.#self) === 0) return false;
    }
    return this.#lockSlowly();
  }

  #lockSlowly(): boolean {
    const w = this.#words;
    const at = this.#at;
    let holder = 0;
    let slept = 0;
    for (;;) {
      const seen = Atomics.load(w, at);
      if (seen === 0) {
        // Others may still sleep: keep the mark, so that our unlock wakes the next one.
        if (Atomics.compareExchange(w, at, 0, this.#self | WAITED) === 0) return false;
        continue;
      }
      if ((seen & ~WAITED) !== holder) {
        holder = seen & ~WAITED;
        slept = 0;
      }
      if (holder === this.#self) throw new EngineBug('the store lock is not reentrant');
      const marked = seen | WAITED;
      if (seen !== marked && Atomics.compareExchange(w, at, seen, marked) !== seen) continue;
      if (Atomics.wait(w, at, marked, SLICE_MS) !== 'timed-out') {
        slept = 0;
        continue;
      }
      slept++;
      // A holder that was told to die and still has the lock after this long will not come back.
      if (slept >= DYING_SLICES && this.#dying(holder - 1) && this.take(holder - 1)) return true;
      if (slept >= STUCK_SLICES) throw new EngineBug(`the store lock is held for too long by thread ${holder - 1}`);
    }
  }

  unlock(): void {
    if (Atomics.exchange(this.#words, this.#at, 0) & WAITED) Atomics.notify(this.#words, this.#at, 1);
  }

  /** Takes the lock over when the (dead) thread of `slot` holds it. */
  take(slot: number): boolean {
    const seen = Atomics.load(this.#words, this.#at);
    if ((seen & ~WAITED) !== slot + 1) return false;
    return Atomics.compareExchange(this.#words, this.#at, seen, this.#self | WAITED) === seen;
  }
}
