import type { Job } from './job.ts';

/** Emptied stretches at the front of a list are cut off when they are longer than this and than the rest. */
const SLACK = 1024;

/** First in, first out, without shifts. */
export class Fifo {
  #items: Job[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(job: Job): void {
    this.#items.push(job);
  }

  peek(): Job | undefined {
    return this.#items[this.#head];
  }

  last(): Job | undefined {
    return this.size === 0 ? undefined : this.#items[this.#items.length - 1];
  }

  shift(): Job | undefined {
    const job = this.#items[this.#head];
    if (job === undefined) return undefined;
    this.#head++;
    if (this.#head === this.#items.length) this.clear();
    else if (this.#head > SLACK && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return job;
  }

  clear(): Job[] {
    const rest = this.#items.slice(this.#head);
    this.#items = [];
    this.#head = 0;
    return rest;
  }
}

/** Whether `a` goes first. */
function before(a: Job, b: Job): boolean {
  return a.priority === b.priority ? a.order < b.order : a.priority > b.priority;
}

/**
 * Ready jobs, best first. Jobs mostly become ready in the order they are to run in: those are kept in a list that needs no comparisons, and only what
 * comes out of order in a heap.
 */
export class ReadyQueue {
  readonly #sorted = new Fifo();
  readonly #heap: Job[] = [];

  get size(): number {
    return this.#sorted.size + this.#heap.length;
  }

  push(job: Job): void {
    const last = this.#sorted.last();
    if (last === undefined || before(last, job)) this.#sorted.push(job);
    else this.#rise(job);
  }

  /** The best of those that are not dead. */
  peek(): Job | undefined {
    for (;;) {
      const best = this.#fromHeap() ? this.#heap[0] : this.#sorted.peek();
      if (best === undefined || !best.dead) return best;
      this.#drop();
    }
  }

  pop(): Job | undefined {
    const best = this.peek();
    if (best !== undefined) this.#drop();
    return best;
  }

  clear(): Job[] {
    return [...this.#sorted.clear(), ...this.#heap.splice(0)];
  }

  #fromHeap(): boolean {
    const top = this.#heap[0];
    const first = this.#sorted.peek();
    return top !== undefined && (first === undefined || before(top, first));
  }

  #drop(): void {
    if (this.#fromHeap()) this.#sink();
    else this.#sorted.shift();
  }

  #rise(job: Job): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(job);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Job;
      if (before(above, job)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = job;
  }

  /** Takes the top away. */
  #sink(): void {
    const heap = this.#heap;
    const job = heap.pop() as Job;
    const n = heap.length;
    if (n === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= n) break;
      if (child + 1 < n && before(heap[child + 1] as Job, heap[child] as Job)) child++;
      if (before(job, heap[child] as Job)) break;
      heap[at] = heap[child] as Job;
      at = child;
    }
    heap[at] = job;
  }
}
