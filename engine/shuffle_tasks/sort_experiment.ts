import { EngineBug } from '../errors.ts';
import { addChecksums, type Checksum, NO_ROWS } from './checksum.ts';
import { expectSame, runEach } from './experiment.ts';
import type { RangeInput } from './experiment_tasks.ts';
import { ROW_BYTES, ROW_WIDTH } from './row_kernels.ts';
import type { MadeRows, RangeCheck } from './rows.ts';
import { type ShuffleEngine, type ShuffleProgress, shuffle } from './shuffle.ts';
import { workerFunction } from './worker_url.ts';

/** An out-of-core sort of made rows by key and payload: sampled, split by ranges of about the same size, each sorted by itself. */
export interface SortExperiment {
  readonly rows: number;
  readonly seed: number;
  readonly strategy: 'simple' | 'push' | 'auto';
  readonly signal?: AbortSignal;
  readonly onProgress?: (p: ShuffleProgress) => void;
}

export interface SortReport {
  readonly rows: number;
  readonly bytes: number;
  readonly blocks: number;
  readonly ranges: number;
  readonly sampleMs: number;
  readonly mapMs: number;
  readonly reduceMs: number;
  readonly verifyMs: number;
  /** Rows of the largest range over those of an average one. */
  readonly skew: number;
  readonly checksum: Checksum;
}

/** What one task works on, as a share of the limit divided by the workers, and at most. */
const BLOCK_SHARE = 1 / 8;
const MOST_BLOCK = 64 << 20;
const RANGE_SHARE = 1 / 16;
const MOST_RANGE = 16 << 20;
const LEAST = 256 << 10;
const MOST_RANGES = 65536;
/** Keys sampled for each range: ranges are then within a quarter of their average, mostly. */
const SAMPLES = 128;

/** Bytes of a range, about: a worker holds twice as many, outside the store, to sort it. */
export function rangeBytes(memory: number, workers: number): number {
  return Math.max(LEAST, Math.min(MOST_RANGE, (memory * RANGE_SHARE) / workers));
}

function blocksOf(e: SortExperiment, memory: number, workers: number): MadeRows[] {
  const block = Math.max(LEAST, Math.min(MOST_BLOCK, (memory * BLOCK_SHARE) / workers));
  const blocks = Math.max(1, Math.ceil((e.rows * ROW_BYTES) / block));
  return Array.from({ length: blocks }, (_, b) => {
    const first = Math.floor((b * e.rows) / blocks);
    return { first, rows: Math.floor(((b + 1) * e.rows) / blocks) - first, seed: e.seed };
  });
}

/**
 * Runs it, and checks it: order within and across ranges, and that every row is there (EngineBug if not). The sorted ranges stay in the store until it has
 * been checked. Errors as of `shuffle`.
 */
export async function sortExperiment(engine: ShuffleEngine, e: SortExperiment): Promise<SortReport> {
  const started = performance.now();
  const blocks = blocksOf(e, engine.memory, engine.workers);
  const bytes = e.rows * ROW_BYTES;
  const ranges = Math.min(MOST_RANGES, Math.max(1, Math.ceil(bytes / rangeBytes(engine.memory, engine.workers))));
  const bounds = await boundsOf(engine, e, blocks, ranges);
  const sampled = performance.now();
  const done = await shuffle<RangeInput, BigUint64Array, BigUint64Array>(engine, {
    inputs: blocks.map((rows) => ({ rows, bounds })),
    map: workerFunction('mapRange'),
    partitions: ranges,
    reduce: workerFunction('sortPieces'),
    strategy: e.strategy,
    bytes,
    width: ROW_WIDTH,
    ...(e.signal === undefined ? {} : { signal: e.signal }),
    ...(e.onProgress === undefined ? {} : { onProgress: e.onProgress }),
  });
  const sorted = performance.now();
  try {
    const sorts = done.results.map((r) => [r]);
    const checks = await runEach<RangeCheck>(engine, 'check range', 'checkSorted', sorts, e.signal);
    const made = await runEach<Checksum>(
      engine,
      'expected rows',
      'expected',
      blocks.map((b) => [b]),
      e.signal,
    );
    const checksum = checks.map((c) => c.sum).reduce(addChecksums, NO_ROWS);
    checkOrder(checks);
    expectSame('a sort', made.reduce(addChecksums, NO_ROWS), checksum);
    const largest = Math.max(0, ...checks.map((c) => c.sum.rows));
    return {
      rows: done.rows,
      bytes: done.bytes,
      blocks: blocks.length,
      ranges,
      sampleMs: sampled - started,
      mapMs: done.mapMs,
      reduceMs: done.reduceMs,
      verifyMs: performance.now() - sorted,
      skew: (largest * ranges) / Math.max(1, done.rows),
      checksum,
    };
  } finally {
    for (const r of done.results) r.release();
  }
}

/** The keys between ranges: quantiles of samples from every block. */
async function boundsOf(
  engine: ShuffleEngine,
  e: SortExperiment,
  blocks: readonly MadeRows[],
  ranges: number,
): Promise<BigUint64Array> {
  const step = Math.max(1, Math.floor(e.rows / (ranges * SAMPLES)));
  const samples = await runEach<BigUint64Array>(
    engine,
    'sample keys',
    'sample',
    blocks.map((b) => [b, step]),
    e.signal,
  );
  const keys = new BigUint64Array(samples.reduce((n, s) => n + s.length, 0));
  let at = 0;
  for (const s of samples) {
    keys.set(s, at);
    at += s.length;
  }
  keys.sort();
  return BigUint64Array.from(
    { length: ranges - 1 },
    (_, i) => keys[Math.floor(((i + 1) * keys.length) / ranges)] ?? 2n ** 64n - 1n,
  );
}

function checkOrder(checks: readonly RangeCheck[]): void {
  let before: bigint | null = null;
  checks.forEach(({ wrong, first, last }, r) => {
    if (wrong > 0) throw new EngineBug(`${wrong} rows of range ${r} of a sort are out of order`);
    if (first === null) return;
    if (before !== null && first <= before)
      throw new EngineBug(`range ${r} of a sort begins before the one in front of it ends`);
    before = last;
  });
}
