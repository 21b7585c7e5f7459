import { decodeBatch } from '../batch/codec.ts';
import type { Batch } from '../batch/column.ts';
import { sortComparator } from '../batch/compare.ts';
import { concatBatches } from '../batch/concat.ts';
import { gatherBatch } from '../batch/gather.ts';
import { EngineBug } from '../errors.ts';
import { heapScratch } from '../memory/heap_scratch.ts';
import { encodeRows, firstNot, sortColumns } from './keys.ts';
import { addBucketBytes, batchCount, batchesOfRun, bucketOf } from './runs.ts';
import type { RangeBounds, RangeCut, RangeSlice, RunOutput } from './types.ts';

/**
 * Bounds that cut the runs, numbered by their position, into at most `partitions` ranges of about equally many rows. Fewer when there are
 * few samples. Every sample stands for as many rows of its run as every other.
 */
export function rangeBounds(runs: readonly RunOutput[], partitions: number): RangeBounds {
  const [first] = runs;
  if (first === undefined || partitions < 2) return { keys: null, runs: [] };
  const scratch = heapScratch();
  const samples = runs.map((r) => decodeBatch(r.samples, r.keySchema));
  const all = concatBatches(samples, first.keySchema, scratch);
  const runOf = new Uint32Array(all.rows);
  const weight = new Float64Array(all.rows);
  let at = 0;
  samples.forEach((s, r) => {
    runOf.fill(r, at, at + s.rows);
    weight.fill((runs[r] as RunOutput).rows / s.rows, at, at + s.rows);
    at += s.rows;
  });
  const compare = sortComparator(sortColumns(first.keys, all.columns));
  // Samples of a run are in order and runs are numbered in order, so the position breaks ties as (run, row) would.
  const order = Uint32Array.from(runOf, (_, i) => i).sort((i, j) => compare(i, j) || i - j);
  const picked = quantiles(order, weight, partitions).filter((row, i, rows) => {
    const before = rows[i - 1];
    return before === undefined || runOf[before] !== runOf[row] || compare(before, row) !== 0;
  });
  if (picked.length === 0) return { keys: null, runs: [] };
  const keys = gatherBatch(all, Uint32Array.from(picked), picked.length, scratch);
  return { keys: encodeRows(keys), runs: picked.map((row) => runOf[row] as number) };
}

/** The first rows, in `order`, that have 1/n, 2/n, … of the weight before them. */
function quantiles(order: Uint32Array, weight: Float64Array, n: number): number[] {
  const total = weight.reduce((a, b) => a + b, 0);
  const out: number[] = [];
  let sum = 0;
  for (const row of order) {
    if (out.length < n - 1 && sum >= (total * (out.length + 1)) / n) out.push(row);
    sum += weight[row] as number;
  }
  return out;
}

/** Where all runs are cut. Slices are made when they are asked for: there are runs times partitions of them. */
export interface RangeCuts {
  /** One more than bounds. */
  readonly partitions: number;
  /** A slice for each run that has rows in the partition; the batches at its ends may turn out to have none. */
  slices(partition: number): RangeSlice[];
  /** No batch of the partition has rows of another one. */
  whole(partition: number): boolean;
}

/** Nothing is read: fences tell the batches, the cut within a batch is searched by the reader. */
export function rangeCuts(runs: readonly RunOutput[], bounds: RangeBounds): RangeCuts {
  const [first] = runs;
  const count = bounds.runs.length;
  const whole = (): boolean => count === 0;
  if (first === undefined) return { partitions: count + 1, slices: () => [], whole };
  const keys = bounds.keys === null ? null : decodeBatch(bounds.keys, first.keySchema);
  const cutKeys = bounds.runs.map((_, b) =>
    encodeRows(gatherBatch(keys as Batch, Uint32Array.of(b), 1, heapScratch())),
  );
  const inclusive = (r: number, b: number): boolean => r < (bounds.runs[b] as number);
  // By run and bound: batches of the run that start before the bound.
  const starts = new Uint32Array(runs.length * count);
  runs.forEach((run, r) => {
    const before = fenceSearch(run, keys);
    for (let b = 0; b < count; b++) starts[r * count + b] = before(b, inclusive(r, b));
  });
  const cut = (r: number, b: number): RangeCut => ({ key: cutKeys[b] as Uint8Array, inclusive: inclusive(r, b) });
  return {
    partitions: count + 1,
    whole,
    slices(p) {
      const out: RangeSlice[] = [];
      runs.forEach((run, r) => {
        const last = p === count;
        const before = p === 0 ? 0 : (starts[r * count + p - 1] as number);
        const to = last ? batchCount(run) : (starts[r * count + p] as number);
        const lower = before > 0 ? cut(r, p - 1) : null;
        if (last || to > 0) out.push(slice(first, run, Math.max(before - 1, 0), to, lower, last ? null : cut(r, p)));
      });
      return out;
    },
  };
}

/** A bucket so much larger than a partition is cut into several. */
const TOO_LARGE = 1.3;

/**
 * Partitions of about `bytes` bytes from runs that were all cut into the same buckets: neighbouring buckets are put together, and one that is too large is cut by
 * the samples and fences of its runs.
 */
export function rangeTasks(runs: readonly RunOutput[], bytes: number): RangeCuts {
  const buckets = Math.max(1, (runs[0]?.starts.length ?? 2) - 1);
  if (runs.some((r) => r.starts.length !== buckets + 1)) throw new EngineBug('runs were cut into different buckets');
  const sums = new Float64Array(buckets);
  for (const r of runs) addBucketBytes(r, sums);
  const parts: { readonly cuts: RangeCuts; readonly at: number }[] = [];
  for (let from = 0; from < buckets; ) {
    let to = from + 1;
    let sum = sums[from] as number;
    if (sum > bytes * TOO_LARGE) {
      const cuts = bucketCuts(runs, from, Math.ceil(sum / bytes));
      for (let at = 0; at < cuts.partitions; at++) parts.push({ cuts, at });
    } else {
      while (to < buckets && sum + (sums[to] as number) <= bytes) sum += sums[to++] as number;
      parts.push({ cuts: wholeBuckets(runs, from, to), at: 0 });
    }
    from = to;
  }
  const part = (p: number) => parts[p] as (typeof parts)[number];
  return {
    partitions: parts.length,
    slices: (p) => part(p).cuts.slices(part(p).at),
    whole: (p) => part(p).cuts.whole(part(p).at),
  };
}

function bucketCuts(runs: readonly RunOutput[], bucket: number, partitions: number): RangeCuts {
  const own = runs.map((r) => bucketOf(r, bucket)).filter((r) => r !== null);
  return rangeCuts(own, rangeBounds(own, partitions));
}

/** Buckets [from, to) as one partition. */
function wholeBuckets(runs: readonly RunOutput[], from: number, to: number): RangeCuts {
  return {
    partitions: 1,
    whole: () => true,
    slices: () =>
      runs.flatMap((run) => {
        const [first, end] = [run.starts[from] as number, run.starts[to] as number];
        return first < end ? [slice(runs[0] as RunOutput, run, first, end, null, null)] : [];
      }),
  };
}

/** All slices, by partition. */
export function rangeSlices(runs: readonly RunOutput[], bounds: RangeBounds): RangeSlice[][] {
  const cuts = rangeCuts(runs, bounds);
  return Array.from({ length: cuts.partitions }, (_, p) => cuts.slices(p));
}

/** The keys are those of the first run, for all: what is sent has them once. */
function slice(
  keyed: RunOutput,
  run: RunOutput,
  from: number,
  to: number,
  lower: RangeCut | null,
  upper: RangeCut | null,
): RangeSlice {
  return { batches: batchesOfRun(run, from, to), keys: keyed.keys, keySchema: keyed.keySchema, lower, upper };
}

/** Tells how many batches of the run start before a bound. */
function fenceSearch(run: RunOutput, bounds: Batch | null): (b: number, inclusive: boolean) => number {
  if (bounds === null) return () => 0;
  const fences = decodeBatch(run.fences, run.keySchema);
  const compare = sortComparator(sortColumns(run.keys, fences.columns), bounds.columns);
  return (b, inclusive) =>
    firstNot(fences.rows, (i) => {
      const c = compare(i, b);
      return c < 0 || (c === 0 && inclusive);
    });
}
