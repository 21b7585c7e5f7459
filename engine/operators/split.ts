import type { Batch } from '../batch/column.ts';
import { MORSEL_ROWS } from '../batch/column.ts';
import { sliceBatch } from '../batch/slice.ts';
import type { HashWriter } from '../shuffle/hash.ts';
import { hashWriter } from '../shuffle/hash.ts';
import { hashPartition } from '../shuffle/reader.ts';
import type { BatchRef, ObjectId, Store } from '../store/types.ts';
import type { Schema } from '../types.ts';
import type { PartitionReader, TaskContext } from './def.ts';

/** Further hash bits by which a partition that does not fit is split. */
export const SPLIT_BITS = 4;

/** Below this much memory an operator does not split or flush: tables of this size are noise, and smaller parts would be too. */
const LEAST_GRANT = 64 << 10;

export function workingGrant(ctx: Pick<TaskContext, 'grant'>): number {
  return Math.max(ctx.grant, LEAST_GRANT);
}

/** Working memory that one more row of input may ask for: keys, a few states, slots. */
const BYTES_PER_ROW = 256;
const LEAST_ROWS = 1024;

/** Rows taken in, or given out, at a time: so many that even if each is a new group the grant is not passed by much. */
export function rowsWithin(grant: number): number {
  return Math.max(LEAST_ROWS, Math.min(MORSEL_ROWS, 2 ** Math.floor(Math.log2(grant / BYTES_PER_ROW))));
}

/** The batch in parts of at most `rows` rows. */
export function* parts(batch: Batch, rows: number): Generator<Batch> {
  for (let at = 0; at < batch.rows; at += rows) yield sliceBatch(batch, at, Math.min(batch.rows, at + rows));
}

/** Share of the grant that a table may grow to: when it is full it is still there while its rows are written somewhere else. */
const TABLE_SHARE = 3 / 4;
/** Share of the grant for writing them. */
const WRITER_SHARE = 1 / 4;

/** A table this large is full: growing doubles it. */
export function isFull(bytes: number, grant: number): boolean {
  return bytes * 2 > grant * TABLE_SHARE;
}

/** True when rows that share the leading `bits` of their hash can be told apart by the next ones. */
export function canSplit(bits: number): boolean {
  return bits + SPLIT_BITS <= 32;
}

/** Sub-partitions of one partition, in the order of their hash bits; rows keep their order within each. */
export class Splitter {
  private readonly store: Store;
  private readonly schema: Schema;
  private readonly bits: number;
  private readonly writer: HashWriter;
  private pieces: (readonly BatchRef[])[] = [];
  /** Sub-partitions that still need each object. */
  private readonly users = new Map<ObjectId, number>();

  /** `bits`: leading hash bits that all rows share. */
  constructor(ctx: Pick<TaskContext, 'store' | 'grant'>, schema: Schema, keys: readonly string[], bits: number) {
    this.store = ctx.store;
    this.schema = schema;
    this.bits = bits;
    this.writer = hashWriter(
      { store: ctx.store, grant: workingGrant(ctx) * WRITER_SHARE },
      schema,
      keys,
      SPLIT_BITS,
      bits,
    );
  }

  add(batch: Batch): void {
    this.writer.add(batch);
  }

  /** Ends adding. */
  finish(): void {
    this.pieces = this.writer.finish().pieces;
    this.writer.free();
    for (const part of this.pieces) {
      for (const id of objectsOf(part)) this.users.set(id, (this.users.get(id) ?? 0) + 1);
    }
  }

  get count(): number {
    return 1 << SPLIT_BITS;
  }

  part(at: number): PartitionReader {
    return hashPartition(this.store, this.pieces[at] ?? [], this.schema, this.bits + SPLIT_BITS);
  }

  /** Sub-partition `at` is not read again. */
  done(at: number): void {
    for (const id of objectsOf(this.pieces[at] ?? [])) {
      const left = (this.users.get(id) ?? 0) - 1;
      this.users.set(id, left);
      if (left === 0) {
        this.users.delete(id);
        this.store.release(id);
      }
    }
    this.pieces[at] = [];
  }

  /** Lets go of everything that is left. */
  free(): void {
    this.writer.free();
    for (const id of this.users.keys()) this.store.release(id);
    this.users.clear();
    this.pieces = [];
  }
}

function objectsOf(refs: readonly BatchRef[]): Set<ObjectId> {
  return new Set(refs.map((r) => r.object));
}
