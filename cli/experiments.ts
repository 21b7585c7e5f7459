// What `flowc shuffle` and `flowc sort-bench` need of the library: loaded only for them.
import { availableParallelism } from 'node:os';
import {
  Engine,
  type EngineOptions,
  type EngineStats,
  engineMemory,
  MIN_MEMORY,
  RunError,
  rangeBytes,
  type ShuffleChoice,
  type ShuffleExperiment,
  type ShuffleProgress,
  type ShuffleReport,
  type SortReport,
  shuffleExperiment,
  sortExperiment,
  spillLines,
} from '../index.ts';
import type { Outcome } from './api.ts';
import { UsageError } from './exit.ts';
import { formatSize } from './size.ts';

/** The machine an experiment runs on: memory and places for spill files. */
export interface EngineRequest {
  /** Bytes of everything that the engine and its workers' kernels hold. */
  readonly memory: number;
  readonly workers: number | undefined;
  readonly spillDirs: readonly string[];
  readonly spill: boolean;
  readonly spillCap: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (p: ShuffleProgress) => void;
}

export type ShuffleRequest = EngineRequest & Omit<ShuffleExperiment, 'signal' | 'onProgress'>;

export interface SortRequest extends EngineRequest {
  readonly rows: number;
  readonly seed: number;
  readonly strategy: ShuffleChoice;
}

export interface Measured<R> {
  readonly report: R;
  readonly workers: number;
  readonly stats: EngineStats;
  /** `Spilled …` and `Restored …`. */
  readonly spillLines: readonly string[];
  /** Of the process since it started, bytes. */
  readonly peakRss: number;
}

/** Runs it on an engine of its own, which the request's signal closes. */
export function runShuffle(request: ShuffleRequest): Promise<Outcome<Measured<ShuffleReport>>> {
  return measured(request, 0, (engine) => shuffleExperiment(engine, { ...request, signal: undefined }));
}

export function runSort(request: SortRequest): Promise<Outcome<Measured<SortReport>>> {
  const workers = request.workers ?? availableParallelism();
  // A range lies in the worker's memory twice while it is sorted.
  const sorting = 2 * rangeBytes(request.memory, workers);
  return measured(request, sorting, (engine) => sortExperiment(engine, { ...request, signal: undefined }));
}

async function measured<R>(
  request: EngineRequest,
  workerBytes: number,
  work: (engine: Engine) => Promise<R>,
): Promise<Outcome<Measured<R>>> {
  const workers = request.workers ?? availableParallelism();
  const memory = engineMemory(request.memory, workers, workerBytes);
  if (memory < MIN_MEMORY) {
    const least = MIN_MEMORY + request.memory - memory;
    throw new UsageError(
      `--memory: ${formatSize(request.memory)} is too little for ${workers} workers`,
      `give at least ${Math.ceil(least / 2 ** 20)}MiB`,
    );
  }
  let engine: Engine | null = null;
  const stop = (): void => void engine?.close();
  request.signal.addEventListener('abort', stop, { once: true });
  try {
    engine = new Engine(engineOptions(request, workers, memory));
    const report = await work(engine);
    const stats = engine.stats();
    const peakRss = process.resourceUsage().maxRSS * 1024;
    return {
      status: 'done',
      value: { report, workers, stats, spillLines: spillLines(stats.spill), peakRss },
      warnings: [],
    };
  } catch (e) {
    if (request.signal.aborted) return { status: 'cancelled' };
    if (!(e instanceof RunError)) throw e;
    const { code, message, where, hint } = e;
    return { status: 'failed', failure: { code, message, where, hint }, warnings: [] };
  } finally {
    request.signal.removeEventListener('abort', stop);
    await engine?.close();
  }
}

function engineOptions(r: EngineRequest, workers: number, memory: number): EngineOptions {
  return {
    workers,
    memory,
    ...(r.spillDirs.length === 0 ? {} : { spillDirs: r.spillDirs }),
    ...(r.spill ? { spill: r.spillCap === undefined ? {} : { diskCap: r.spillCap } } : { spill: false as const }),
  };
}
