import type { Batch } from '../batch/column.ts';
import { read } from '../shuffle/reader.ts';
import type { BatchLease, BatchRef, Store } from '../store/types.ts';
import type { Schema } from '../types.ts';

/** Rows in a fixed order, in batches that lie in working memory or in the store, where they may be spilled. Any number of cursors look at them. */
export interface Pages {
  readonly schema: Schema;
  readonly rows: number;
  readonly count: number;
  /** The first row of a page; of the page behind the last one, the number of rows. */
  start(page: number): number;
  open(page: number): BatchLease;
}

const nothing = (): void => {};

/** Batches that stay where they are for as long as the pages are used. */
export function memoryPages(schema: Schema, batches: readonly Batch[]): Pages {
  return pagesOf(
    schema,
    batches.map((b) => b.rows),
    (page) => ({ batch: batches[page] as Batch, release: nothing }),
  );
}

export function storePages(store: Store, schema: Schema, refs: readonly BatchRef[]): Pages {
  return pagesOf(
    schema,
    refs.map((r) => r.rows),
    (page) => read(store, refs[page] as BatchRef, schema),
  );
}

function pagesOf(schema: Schema, rows: readonly number[], open: (page: number) => BatchLease): Pages {
  const starts = new Float64Array(rows.length + 1);
  rows.forEach((n, i) => {
    starts[i + 1] = (starts[i] as number) + n;
  });
  return {
    schema,
    rows: starts[rows.length] as number,
    count: rows.length,
    start: (page) => starts[page] as number,
    open,
  };
}

/**
 * A place in pages. What it has looked at since the last `settle` stays valid until the next one, or until `release`; it moves forwards or backwards, best to
 * pages nearby.
 */
export class PageCursor {
  readonly pages: Pages;
  #page = -1;
  #lease: BatchLease | null = null;
  #held: BatchLease[] = [];
  /** The rows of the current page. */
  start = 0;
  end = 0;

  constructor(pages: Pages) {
    this.pages = pages;
  }

  get page(): number {
    return this.#page;
  }

  /** The current page. */
  get batch(): Batch {
    return (this.#lease as BatchLease).batch;
  }

  /** Goes to the page of a row; true when that is another page than before. `hold`: what was looked at before stays valid. */
  seek(row: number, hold = false): boolean {
    if (this.#lease !== null && row >= this.start && row < this.end) return false;
    this.open(this.#pageOf(row), hold);
    return true;
  }

  open(page: number, hold = false): void {
    if (page === this.#page) return;
    if (this.#lease !== null) {
      if (hold) this.#held.push(this.#lease);
      else this.#lease.release();
    }
    this.#page = page;
    this.#lease = this.pages.open(page);
    this.start = this.pages.start(page);
    this.end = this.pages.start(page + 1);
  }

  #pageOf(row: number): number {
    const { pages } = this;
    let page = Math.max(0, this.#page);
    while (page > 0 && pages.start(page) > row) page--;
    while (pages.start(page + 1) <= row) page++;
    return page;
  }

  /** Lets go of all pages but the current one. */
  settle(): void {
    for (const lease of this.#held) lease.release();
    this.#held = [];
  }

  release(): void {
    this.settle();
    this.#lease?.release();
    this.#lease = null;
    this.#page = -1;
  }
}
