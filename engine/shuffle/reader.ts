import { decodeBatch } from '../batch/codec.ts';
import { type Batch, MORSEL_ROWS } from '../batch/column.ts';
import { concatBatches } from '../batch/concat.ts';
import { sliceBatch } from '../batch/slice.ts';
import { EngineBug } from '../errors.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { PartitionReader, RelationReader } from '../operators/def.ts';
import type { BatchLease, BatchRef, Store } from '../store/types.ts';
import type { Schema } from '../types.ts';

/** Rows of the whole: those after the first `skip`, at most `take` of them (null = all). */
export interface RowCut {
  readonly skip: number;
  readonly take: number | null;
}

/** Neighbouring pieces are read as one batch up to this size: a shuffle of many tasks leaves small ones. */
const FUSE_ROWS = 16384;
const FUSE_BYTES = 512 << 10;
const FUSE_SHARE = 64;

/** Reads batches of the store in order; each one is let go when the next one is asked for. */
export function relationReader(
  store: Store,
  refs: readonly BatchRef[],
  schema: Schema,
  cut: RowCut = { skip: 0, take: null },
): RelationReader {
  const total = rowsOf(refs);
  const from = Math.min(cut.skip, total);
  const to = cut.take === null ? total : Math.min(total, from + cut.take);
  return {
    schema,
    rows: to - from,
    bytes: refs.reduce((n, r) => n + r.bytes, 0),
    batches: () => readRows(store, refs, schema, from, to),
  };
}

function rowsOf(refs: readonly BatchRef[]): number {
  return refs.reduce((n, r) => n + r.rows, 0);
}

/** Rows [from, to) of the batches together. */
function* readRows(store: Store, refs: readonly BatchRef[], schema: Schema, from: number, to: number): Iterable<Batch> {
  let at = 0;
  for (const ref of refs) {
    const first = Math.max(from - at, 0);
    const last = Math.min(to - at, ref.rows);
    at += ref.rows;
    if (first >= last) continue;
    const lease = read(store, ref, schema);
    try {
      for (let i = first; i < last; i += MORSEL_ROWS) yield sliceBatch(lease.batch, i, Math.min(last, i + MORSEL_ROWS));
    } finally {
      lease.release();
    }
  }
}

export function read(store: Store, ref: BatchRef, schema: Schema): BatchLease {
  const lease = store.readBatch(ref, schema);
  return { batch: checked(lease.batch, ref), release: () => lease.release() };
}

/** The rows that the reference names; none is lost between writer and reader. */
export function checked(batch: Batch, ref: BatchRef): Batch {
  const written = ref.whole ?? ref.rows;
  if (batch.rows !== written) throw new EngineBug(`a batch of ${written} rows was read back with ${batch.rows}`);
  return written === ref.rows ? batch : sliceBatch(batch, 0, ref.rows);
}

/** One partition, or several neighbours in order, of a hash exchange (and of a single one: hashBits 0). */
export function hashPartition(
  store: Store,
  pieces: readonly BatchRef[],
  schema: Schema,
  hashBits: number,
): PartitionReader {
  const whole: RelationReader = {
    schema,
    rows: rowsOf(pieces),
    bytes: pieces.reduce((n, r) => n + r.bytes, 0),
    batches: () => readFused(store, pieces, schema),
  };
  return { ...whole, runs: [whole], refs: pieces, hashBits };
}

function* readFused(store: Store, refs: readonly BatchRef[], schema: Schema): Iterable<Batch> {
  const scratch = arenaScratch(store, 'shuffle');
  try {
    for (const group of fusible(store, refs)) {
      const [only] = group;
      if (group.length === 1 && only !== undefined) {
        yield* readRows(store, group, schema, 0, only.rows);
        continue;
      }
      yield concatBatches(
        group.map((ref) => copyOf(store, ref, schema, scratch)),
        schema,
        scratch,
      );
      scratch.reset();
    }
  } finally {
    scratch.release();
  }
}

/** A small piece, copied: a look at it in place would keep the whole object it lies in, which may be large, in memory. */
function copyOf(store: Store, ref: BatchRef, schema: Schema, scratch: Scratch): Batch {
  const copy = scratch.u8(ref.bytes);
  const lease = store.readBytes(ref.object, ref.offset, ref.bytes);
  copy.set(lease.view);
  lease.release();
  return checked(decodeBatch(copy, schema), ref);
}

/** Neighbouring pieces that make one batch of a good size each. */
export function fusible(store: Store, refs: readonly BatchRef[]): BatchRef[][] {
  const maxBytes = Math.min(FUSE_BYTES, store.limit / FUSE_SHARE);
  const maxRows = Math.min(FUSE_ROWS, MORSEL_ROWS);
  const out: BatchRef[][] = [];
  let group: BatchRef[] = [];
  let rows = 0;
  let bytes = 0;
  for (const ref of refs) {
    if (group.length > 0 && (rows + ref.rows > maxRows || bytes + ref.bytes > maxBytes)) {
      out.push(group);
      group = [];
      rows = 0;
      bytes = 0;
    }
    group.push(ref);
    rows += ref.rows;
    bytes += ref.bytes;
  }
  if (group.length > 0) out.push(group);
  return out;
}
