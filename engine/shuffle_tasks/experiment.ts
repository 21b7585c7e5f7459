import { EngineBug } from '../errors.ts';
import type { ShuffleChoice, ShuffleStrategy } from '../shuffle/strategy.ts';
import { task } from '../tasks/definition.ts';
import type { Ref } from '../tasks/types.ts';
import { addChecksums, type Checksum, NO_ROWS, sameChecksum } from './checksum.ts';
import type * as tasks from './experiment_tasks.ts';
import { Flight } from './flight.ts';
import { ROW_BYTES, ROW_WIDTH } from './row_kernels.ts';
import { KERNEL_BYTES, type MadeRows } from './rows.ts';
import { type ShuffleEngine, type ShuffleProgress, shuffle } from './shuffle.ts';
import { workerFunction } from './worker_url.ts';

/** The reference experiment: as many map tasks make partitions of rows as reduce tasks take them, split by the hash of their keys. */
export interface ShuffleExperiment {
  readonly partitions: number;
  /** Bytes each map task makes; whole rows of 16 bytes. */
  readonly partitionBytes: number;
  /** Which rows are made. */
  readonly seed: number;
  /**
   * Map tasks make and split a chunk at a time, and reduce tasks fold their rows to checksums. Otherwise partitions are made as a whole before they are split, and
   * reduced partitions stay in the store until the end.
   */
  readonly streaming: boolean;
  readonly strategy: ShuffleChoice;
  /** Every row is there, once, and in its partition: EngineBug if not. */
  readonly verify: boolean;
  readonly inFlight?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (p: ShuffleProgress) => void;
}

export interface ShuffleReport {
  readonly strategy: ShuffleStrategy;
  readonly rounds: number;
  readonly rows: number;
  readonly bytes: number;
  readonly mapMs: number;
  readonly reduceMs: number;
  /** Milliseconds of checking, which is no part of the shuffle; null: not asked for. */
  readonly verifyMs: number | null;
  /** Of all rows; null: rows were kept and not looked at. */
  readonly checksum: Checksum | null;
}

type Sum = tasks.PartitionSum;

/** Map tasks that stream make at most this share of the limit, divided by the workers, at a time. */
const PART_SHARE = 0.25;
const MIN_PART_BYTES = 1 << 20;

/** Memory for an engine whose workers hold their kernels' memory besides, and `more` bytes each: all of it within the limit. */
export function engineMemory(limit: number, workers: number, more = 0): number {
  return limit - workers * (KERNEL_BYTES + more);
}

/** The rows of each map task: partitions, in parts that fit where they are streamed. */
export function inputsOf(e: ShuffleExperiment, memory: number, workers: number): MadeRows[] {
  const rows = Math.max(1, Math.floor(e.partitionBytes / ROW_BYTES));
  const most = e.streaming ? Math.max(MIN_PART_BYTES, (memory * PART_SHARE) / workers) : Number.POSITIVE_INFINITY;
  const parts = Math.max(1, Math.ceil((rows * ROW_BYTES) / most));
  return Array.from({ length: e.partitions }, (_, p) =>
    Array.from({ length: parts }, (_, i) => {
      const from = Math.floor((i * rows) / parts);
      return { first: p * rows + from, rows: Math.floor(((i + 1) * rows) / parts) - from, seed: e.seed };
    }),
  ).flat();
}

/** Runs it. Errors as of `shuffle`. */
export async function shuffleExperiment(engine: ShuffleEngine, e: ShuffleExperiment): Promise<ShuffleReport> {
  const inputs = inputsOf(e, engine.memory, engine.workers);
  const make = task(workerFunction<typeof tasks.make>('make'), { name: 'make rows', ...signalOf(e) });
  const done = await shuffle<unknown, BigUint64Array, unknown>(engine, {
    inputs: e.streaming ? inputs : inputs.map((rows) => () => engine.task(make, rows) as Ref<unknown>),
    map: workerFunction(e.streaming ? 'mapMade' : 'mapRows'),
    partitions: e.partitions,
    reduce: workerFunction(e.streaming ? (e.verify ? 'checkPieces' : 'foldPieces') : 'keepPieces'),
    strategy: e.strategy,
    bytes: inputs.reduce((n, i) => n + i.rows * ROW_BYTES, 0),
    streaming: e.streaming,
    width: ROW_WIDTH,
    ...(e.inFlight === undefined ? {} : { inFlight: e.inFlight }),
    ...signalOf(e),
    ...(e.onProgress === undefined ? {} : { onProgress: e.onProgress }),
  });
  try {
    const started = performance.now();
    const sums = e.streaming
      ? ((await getAll(engine, done.results)) as Sum[])
      : e.verify
        ? await check(engine, e, done.results)
        : null;
    if (e.verify) await verify(engine, e, inputs, sums as Sum[]);
    const { strategy, rounds, rows, bytes, mapMs, reduceMs } = done;
    const verifyMs = e.verify ? performance.now() - started : null;
    const checksum = sums === null ? null : total(sums.map((s) => s.sum));
    return { strategy, rounds, rows, bytes, mapMs, reduceMs, verifyMs, checksum };
  } finally {
    for (const r of done.results) r.release();
  }
}

function signalOf(e: { readonly signal?: AbortSignal }): { signal?: AbortSignal } {
  return e.signal === undefined ? {} : { signal: e.signal };
}

function getAll(engine: ShuffleEngine, refs: readonly Ref<unknown>[]): Promise<unknown[]> {
  return Promise.all(refs.map((r) => engine.get(r)));
}

function total(sums: readonly Checksum[]): Checksum {
  return sums.reduce(addChecksums, NO_ROWS);
}

/** Runs a task for each argument list, two for each worker at a time, and gives their results. */
export async function runEach<R>(
  engine: ShuffleEngine,
  name: string,
  worker: string,
  args: readonly (readonly unknown[])[],
  signal?: AbortSignal,
): Promise<R[]> {
  const def = task(workerFunction(worker), { name, ...signalOf({ signal }) });
  const flight = new Flight(2 * engine.workers);
  const results: R[] = [];
  for (const [i, given] of args.entries()) {
    await flight.start(async () => {
      const ref = engine.task(def, ...given) as Ref<unknown>;
      try {
        results[i] = (await engine.get(ref)) as R;
      } finally {
        ref.release();
      }
    });
  }
  await flight.end();
  return results;
}

/** Of partitions that were kept. */
function check(engine: ShuffleEngine, e: ShuffleExperiment, kept: readonly Ref<unknown>[]): Promise<Sum[]> {
  const args = kept.map((rows, p) => [[rows], p, undefined, e.partitions]);
  return runEach<Sum>(engine, 'check partition', 'checkPieces', args, e.signal);
}

async function verify(
  engine: ShuffleEngine,
  e: ShuffleExperiment,
  inputs: readonly MadeRows[],
  sums: readonly Sum[],
): Promise<void> {
  const made = await runEach<Checksum>(
    engine,
    'expected rows',
    'expected',
    inputs.map((i) => [i]),
    e.signal,
  );
  const strangers = sums.reduce((n, s) => n + s.strangers, 0);
  if (strangers > 0) throw new EngineBug(`${strangers} rows of a shuffle are in partitions where they do not belong`);
  expectSame('a shuffle', total(made), total(sums.map((s) => s.sum)));
}

/** Throws EngineBug with both when what was made is not what arrived. */
export function expectSame(what: string, made: Checksum, got: Checksum): void {
  if (!sameChecksum(made, got)) throw new EngineBug(`rows of ${what} changed: made ${shown(made)}, got ${shown(got)}`);
}

function shown(c: Checksum): string {
  return JSON.stringify(c, (_, v: unknown) => (typeof v === 'bigint' ? v.toString(16) : v));
}
