import { decodeBatch } from '../batch/codec.ts';
import { sliceBatch } from '../batch/slice.ts';
import type { BatchRef } from '../store/types.ts';
import { encodeRows } from './keys.ts';
import type { RunOutput } from './types.ts';

/** Numbers of a batch in `RunOutput.places`. */
const WORDS = 4;

export function placesOfRefs(refs: readonly BatchRef[]): Float64Array {
  const out = new Float64Array(WORDS * refs.length);
  refs.forEach((r, i) => {
    out.set([r.object, r.offset, r.bytes, r.rows], WORDS * i);
  });
  return out;
}

/** Batches [from, to) of a run; all of them unless told. */
export function batchesOfRun(run: RunOutput, from = 0, to = batchCount(run)): BatchRef[] {
  return Array.from({ length: to - from }, (_, i) => batchOfRun(run, from + i));
}

export function batchOfRun({ places }: RunOutput, i: number): BatchRef {
  const at = WORDS * i;
  return {
    object: places[at] as number,
    offset: places[at + 1] as number,
    bytes: places[at + 2] as number,
    rows: places[at + 3] as number,
  };
}

export function batchCount(run: RunOutput): number {
  return run.places.length / WORDS;
}

/** Adds the bytes of each bucket to `sums`. */
export function addBucketBytes({ places, starts }: RunOutput, sums: Float64Array): void {
  for (let b = 0; b < sums.length; b++) {
    for (let i = starts[b] as number; i < (starts[b + 1] as number); i++)
      sums[b] = (sums[b] as number) + (places[WORDS * i + 2] as number);
  }
}

/** A bucket of a run as a run of its own; null when it is empty. */
export function bucketOf(run: RunOutput, bucket: number): RunOutput | null {
  const from = run.starts[bucket] as number;
  const to = run.starts[bucket + 1] as number;
  if (from === to) return null;
  const before = rowsOf(run, 0, from);
  const rows = rowsOf(run, from, to);
  const { keySchema } = run;
  const samples = decodeBatch(run.samples, keySchema);
  const sampled = (row: number): number => Math.max(0, Math.ceil((row * samples.rows) / run.rows - 0.5));
  return {
    places: run.places.subarray(WORDS * from, WORDS * to),
    rows,
    keys: run.keys,
    keySchema,
    starts: Uint32Array.of(0, to - from),
    fences: encodeRows(sliceBatch(decodeBatch(run.fences, keySchema), from, to)),
    samples: encodeRows(sliceBatch(samples, sampled(before), sampled(before + rows))),
  };
}

function rowsOf({ places }: RunOutput, from: number, to: number): number {
  let n = 0;
  for (let i = from; i < to; i++) n += places[WORDS * i + 3] as number;
  return n;
}
