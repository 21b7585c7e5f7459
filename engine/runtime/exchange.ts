import { type RangeCuts, rangeTasks } from '../shuffle/range.ts';
import type { BatchRef } from '../store/types.ts';
import type { PartitionData } from './messages.ts';
import type { Relation } from './relations.ts';

/** Partitions are cut so that one is about this large; the merge side puts small neighbours together again. */
const PARTITION_BYTES = 8 * 2 ** 20;
const MAX_BITS = 8;

/** log2 of the partitions of an exchange that is to have so many, rounded up to a power of two. */
export function bitsFor(partitions: number): number {
  return Math.min(MAX_BITS, Math.ceil(Math.log2(partitions)));
}

/** log2 of the partitions of a hash exchange over about `bytes` bytes, when a task may hold `grant`. */
export function hashBits(bytes: number, grant: number, slots: number): number {
  const size = Math.max(Math.min(PARTITION_BYTES, grant / 2), 64 * 1024);
  const wanted = Math.ceil(Math.log2(Math.max(1, bytes / size)));
  const parallel = bytes > 2 ** 20 ? Math.ceil(Math.log2(slots)) + 1 : 0;
  return Math.min(MAX_BITS, Math.max(wanted, slots > 1 ? parallel : 0));
}

/** One merge task per group of neighbouring partitions, which take at most `together` bytes; the inputs are partitioned alike. */
export function hashTasks(
  inputs: readonly Relation[],
  grant: number,
  together: number = PARTITION_BYTES,
): PartitionData[][] {
  const parts = inputs.map((r) => {
    if (r.content.kind !== 'hash') throw new Error(`relation ${r.id} is not hash partitioned`);
    return r.content;
  });
  const bits = parts[0]?.bits ?? 0;
  if (parts.some((p) => p.bits !== bits)) throw new Error('the inputs of a merge have different partitions');
  const count = 2 ** bits;
  const weight = new Float64Array(count);
  for (const p of parts) {
    for (const t of p.tasks) for (let i = 0; i < count; i++) weight[i] = (weight[i] as number) + (t.bytes[i] ?? 0);
  }
  const out: PartitionData[][] = [];
  for (let from = 0; from < count; ) {
    let to = from + 1;
    let sum = weight[from] as number;
    while (to < count && sum + (weight[to] as number) <= Math.min(together, grant / 2)) sum += weight[to++] as number;
    out.push(
      inputs.map((r, i) => {
        const pieces: BatchRef[] = [];
        for (let q = from; q < to; q++) for (const t of parts[i]?.tasks ?? []) pieces.push(...(t.pieces[q] ?? []));
        return { by: 'pieces', schema: r.schema, pieces, hashBits: commonBits(from, to - 1, bits) };
      }),
    );
    from = to;
  }
  return out;
}

/** Leading bits that the partition numbers `a` and `b` (of `bits` bits each) share. */
function commonBits(a: number, b: number, bits: number): number {
  let shared = bits;
  let x = a ^ b;
  while (x !== 0) {
    x >>>= 1;
    shared--;
  }
  return shared;
}

/** What a run has of one bucket is read alone: not less than this. */
const PIECE_BYTES = 20 << 10;
/** A range is held twice while it is sorted, with its keys and the rows given out last. */
const RANGE_SHARE = 0.25;
/** More tasks than workers, so that none is idle at the end. */
const TASKS_PER_SLOT = 4;
const MIN_RANGE_BYTES = 1 << 20;
const MAX_RANGES = 1024;

/** Bytes of one range of about `bytes` bytes of sorted runs, when a task may hold `grant`. */
export function rangeBytes(bytes: number, grant: number, slots: number): number {
  const balanced = Math.max(MIN_RANGE_BYTES, bytes / (slots > 1 ? TASKS_PER_SLOT * slots : 1));
  // Small enough for a processor's cache, but not so small that what a run has of a range is not worth a read. Runs are made alike.
  const cached = Math.max(MIN_RANGE_BYTES, Math.sqrt(PIECE_BYTES * bytes));
  const least = bytes / MAX_RANGES;
  return Math.max(least, Math.min(grant * RANGE_SHARE, balanced, cached));
}

/** Ranges into which about `bytes` bytes of sorted runs are cut. */
export function rangePartitions(bytes: number, grant: number, slots: number): number {
  return Math.max(1, Math.ceil(bytes / rangeBytes(bytes, grant, slots)));
}

/** Bytes of a run, as a share of the grant. */
const RUN_SHARE = 0.3;

/** Buckets into which the runs of about `bytes` bytes are cut while they are written. */
export function rangeBuckets(bytes: number, grant: number, slots: number): number {
  const most = Math.min(MAX_RANGES, Math.max(1, Math.floor((grant * RUN_SHARE) / PIECE_BYTES)));
  return Math.min(most, rangePartitions(bytes, grant, slots));
}

/** Where the runs are cut: one merge task per range of the keys; a stable merge gives the same rows for any number of ranges. */
export function rangesOf(input: Relation, grant: number, slots: number): RangeCuts {
  if (input.content.kind !== 'range') throw new Error(`relation ${input.id} is not range partitioned`);
  const { runs } = input.content;
  const buckets = (runs[0]?.starts.length ?? 2) - 1;
  // Where pieces would have become too small the buckets are larger than they should be; they are merged in passes then, and not read again and again.
  return rangeTasks(runs, Math.max(rangeBytes(input.bytes, grant, slots), buckets > 1 ? input.bytes / buckets : 0));
}
