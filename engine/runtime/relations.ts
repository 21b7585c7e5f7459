import { batchCount, batchesOfRun, batchOfRun } from '../shuffle/runs.ts';
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
      return r.content.runs.flatMap((run) => batchesOfRun(run));
  }
}

/** As refsOf, one at a time: the runs of a large sort have more batches than are worth a list of. */
export function* eachRef(r: Relation): Iterable<BatchRef> {
  if (r.content.kind !== 'range') yield* refsOf(r);
  else for (const run of r.content.runs) for (let i = 0; i < batchCount(run); i++) yield batchOfRun(run, i);
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
  readonly #onDrop: (id: number) => void;

  /** `onDrop`: a relation was read for the last time. */
  constructor(store: Store, readers: Map<number, number>, onDrop: (id: number) => void) {
    this.#store = store;
    this.#readers = readers;
    this.#onDrop = onDrop;
  }

  add(r: Relation): void {
    this.#done.set(r.id, r);
    for (const ref of eachRef(r)) this.#pending.set(ref.object, (this.#pending.get(ref.object) ?? 0) + 1);
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
  consume(refs: Iterable<BatchRef>): void {
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
    this.consume(eachRef(r));
    this.#done.delete(r.id);
    this.#onDrop(r.id);
  }

  /** Other objects take the places of some of a collected relation's; `take` tells which, and hands them over. */
  exchange(id: number, take: (object: ObjectId) => ObjectId | null): void {
    const r = this.get(id);
    if (r.content.kind !== 'refs') return;
    const taken = new Map<ObjectId, ObjectId>();
    for (const object of new Set(r.content.refs.map((ref) => ref.object))) {
      const other = take(object);
      if (other === null) continue;
      taken.set(object, other);
      this.#pending.set(other, this.#pending.get(object) ?? 0);
      this.#pending.delete(object);
    }
    const refs = r.content.refs.map((ref) => ({ ...ref, object: taken.get(ref.object) ?? ref.object }));
    if (taken.size > 0) this.#done.set(id, { ...r, content: { kind: 'refs', refs } });
  }

  /** Releases everything that is left when a run has failed. Never fails. */
  clear(): void {
    releaseAll(this.#store, this.#pending.keys());
    this.#pending.clear();
    this.#done.clear();
  }
}
