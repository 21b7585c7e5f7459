import type { PartitionedOutput, RunOutput } from '../shuffle/types.ts';
import type { BatchRef, ObjectId, Store } from '../store/types.ts';
import type { Schema } from '../types.ts';

/** What a finished stage left in the store. Only references: the driver never holds rows. */
export type RelationContent =
  | { readonly kind: 'refs'; readonly refs: readonly BatchRef[] }
  | { readonly kind: 'hash'; readonly bits: number; readonly tasks: readonly PartitionedOutput[] }
  | { readonly kind: 'range'; readonly runs: readonly RunOutput[] };

export interface Relation {
  readonly id: number;
  readonly schema: Schema;
  readonly rows: number;
  readonly bytes: number;
  readonly content: RelationContent;
}

export function refsOf(r: Relation): readonly BatchRef[] {
  switch (r.content.kind) {
    case 'refs':
      return r.content.refs;
    case 'hash':
      return r.content.tasks.flatMap((t) => t.pieces.flat());
    case 'range':
      return r.content.runs.flatMap((run) => run.batches);
  }
}

/** Releases what a run that failed leaves. A second failure here must not hide the first: memory that cannot be freed goes with the engine. */
export function releaseAll(store: Store, objects: Iterable<ObjectId>): void {
  for (const id of objects) {
    try {
      store.release(id);
    } catch {
      // The object was lost with its thread, or its file with the disk.
    }
  }
}

/**
 * Finished relations and how many stages still read each. A relation's objects are released when the last reader is done; one that
 * streams through a single reader is released object by object as its tasks finish (`consume`), so that a pipeline needs no more than it holds.
 */
export class Relations {
  readonly #store: Store;
  readonly #readers: Map<number, number>;
  readonly #done = new Map<number, Relation>();
  /** References per object that are not consumed yet, for relations with one reader. */
  readonly #pending = new Map<ObjectId, number>();

  constructor(store: Store, readers: Map<number, number>) {
    this.#store = store;
    this.#readers = readers;
  }

  add(r: Relation): void {
    this.#done.set(r.id, r);
    for (const ref of refsOf(r)) this.#pending.set(ref.object, (this.#pending.get(ref.object) ?? 0) + 1);
    if ((this.#readers.get(r.id) ?? 0) === 0) this.#drop(r);
  }

  get(id: number): Relation {
    const r = this.#done.get(id);
    if (r === undefined) throw new Error(`relation ${id} is not there`);
    return r;
  }

  has(id: number): boolean {
    return this.#done.has(id);
  }

  soleReader(id: number): boolean {
    return (this.#readers.get(id) ?? 0) === 1;
  }

  /** The only reader of these references is done with them. */
  consume(refs: readonly BatchRef[]): void {
    for (const ref of refs) {
      const left = this.#pending.get(ref.object);
      if (left === undefined) continue;
      if (left > 1) this.#pending.set(ref.object, left - 1);
      else {
        this.#pending.delete(ref.object);
        this.#store.release(ref.object);
      }
    }
  }

  /** One reader of the whole relation is done. */
  readDone(id: number): void {
    const left = (this.#readers.get(id) ?? 0) - 1;
    this.#readers.set(id, left);
    const r = this.#done.get(id);
    if (left <= 0 && r !== undefined) this.#drop(r);
  }

  #drop(r: Relation): void {
    this.consume(refsOf(r));
    this.#done.delete(r.id);
  }

  /** Releases everything that is left when a run has failed. Never fails. */
  clear(): void {
    releaseAll(this.#store, this.#pending.keys());
    this.#pending.clear();
    this.#done.clear();
  }
}
