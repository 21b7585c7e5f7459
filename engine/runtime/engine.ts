import { availableParallelism, totalmem } from 'node:os';
import type { Batch } from '../batch/column.ts';
import { RunError } from '../errors.ts';
import type { PhysicalPlan } from '../plan.ts';
import { relationReader } from '../shuffle/reader.ts';
import type { ShuffleChoice } from '../shuffle/strategy.ts';
import { createStore, type MainStore } from '../store/store.ts';
import type { StoreStats } from '../store/types.ts';
import type { Schema } from '../types.ts';
import { JOB_WORDS, MAX_STAGES, PROGRESS_WORDS, type WorkerInit } from './messages.ts';
import type { SinkSummary } from './outputs.ts';
import { WorkerPool } from './pool.ts';
import { refsOf } from './relations.ts';
import { type ExchangeSummary, Run, type StageEvent } from './run.ts';

/** Share of the machine's memory the store may use when no limit is given. */
export const DEFAULT_MEMORY_SHARE = 0.5;
/** Below this a worker cannot hold the batches of one task. */
export const MIN_MEMORY = 16 * 2 ** 20;
/** Memory one task needs at least; with less than this for each worker, fewer tasks run at a time. */
const TASK_MEMORY = 16 * 2 ** 20;

export interface EngineOptions {
  /** Worker threads; default: the processors this process may use. */
  readonly workers?: number;
  /** Hard limit in bytes over everything the engine holds; default: half of the machine's memory. */
  readonly memory?: number;
  /** Folders for spill files, used in turn; default: the system's folder for temporary files. */
  readonly spillDirs?: readonly string[];
}

export interface Progress {
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly bytesTotal: number;
  readonly rowsOut: number;
  /** Rows that readers left out because the flow asked for it (`on_error: "reject"`). */
  readonly rowsRejected: number;
  readonly spilledBytes: number;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly onStage?: (e: StageEvent) => void;
  /** How hash exchanges gather their rows; default 'auto': by the sizes of their pieces and whether they will be spilled. */
  readonly shuffle?: ShuffleChoice;
}

/** Rows of a pipeline without a sink; read them, then `release`. */
export interface ResultRelation {
  readonly schema: Schema;
  /** All rows there are, also when fewer were kept. */
  readonly rows: number;
  batches(): Iterable<Batch>;
  release(): void;
}

export interface RunResult {
  readonly results: readonly ResultRelation[];
  readonly sinks: readonly SinkSummary[];
  readonly progress: Progress;
  readonly store: StoreStats;
  readonly ms: number;
  /** What each hash exchange did, in the order they ended. */
  readonly exchanges: readonly ExchangeSummary[];
  /** Tasks that were run again because spilled data they had made was lost. */
  readonly reconstructions: number;
}

/** After a signal tasks end by themselves at their next batch; a thread that does not is ended after this long. */
const GRACE_MS = 2000;

/** Workers and a store that outlive single runs, so that memory touched once is used again. Runs go one after another. */
export class Engine {
  readonly workers: number;
  readonly memory: number;
  readonly #store: MainStore;
  readonly #pool: WorkerPool;
  readonly #control = new SharedArrayBuffer(4 * (1 + MAX_STAGES));
  readonly #progress: SharedArrayBuffer;
  readonly #jobs: SharedArrayBuffer;
  #runs = 0;
  #bytesTotal = 0;
  #closing: Promise<void> | null = null;
  #current: Run | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: EngineOptions = {}) {
    this.workers = options.workers ?? availableParallelism();
    this.memory = options.memory ?? Math.floor(totalmem() * DEFAULT_MEMORY_SHARE);
    if (this.memory < MIN_MEMORY) {
      throw new RunError(
        'FLOW7007',
        `a memory limit of ${this.memory} bytes is too small`,
        {},
        `Give at least ${MIN_MEMORY / 2 ** 20} MiB (--memory 16MiB)`,
      );
    }
    this.#progress = new SharedArrayBuffer(8 * PROGRESS_WORDS * (this.workers + 1));
    this.#store = createStore({
      limit: this.memory,
      threads: this.workers + 1,
      ...(options.spillDirs ? { spillDirs: [...options.spillDirs] } : {}),
    });
    this.#jobs = new SharedArrayBuffer(8 * JOB_WORDS * (this.workers + 1));
    this.#pool = new WorkerPool({
      workers: this.workers,
      memory: Math.floor(this.memory / 2),
      init: (thread): WorkerInit => ({
        store: this.#store.handle,
        thread,
        control: this.#control,
        progress: this.#progress,
        jobs: this.#jobs,
        io: null,
        trace: false,
      }),
      onEnding: (thread) => this.#store.markDying(thread),
      onDeath: (thread) => this.#store.releaseThread(thread),
    });
  }

  /** Tasks at a time: every one needs room for its batches. */
  get slots(): number {
    return Math.max(1, Math.min(this.workers, Math.floor(this.memory / TASK_MEMORY)));
  }

  progress(): Progress {
    const words = new Float64Array(this.#progress);
    let rowsRead = 0;
    let bytesRead = 0;
    let rowsOut = 0;
    let rowsRejected = 0;
    for (let i = 0; i < words.length; i += PROGRESS_WORDS) {
      rowsRead += words[i] as number;
      bytesRead += words[i + 1] as number;
      rowsOut += words[i + 2] as number;
      rowsRejected += words[i + 3] as number;
    }
    return {
      rowsRead,
      bytesRead,
      rowsOut,
      rowsRejected,
      bytesTotal: this.#bytesTotal,
      spilledBytes: this.#store.stats().spilledBytes,
    };
  }

  /** Starts the first worker thread now; the others, and it otherwise, start with their first tasks. */
  warm(): void {
    this.#pool.warm();
  }

  stats(): StoreStats {
    return this.#store.stats();
  }

  run(plan: PhysicalPlan, options: RunOptions = {}): Promise<RunResult> {
    const next = this.#last.then(() => this.#run(plan, options));
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #run(plan: PhysicalPlan, options: RunOptions): Promise<RunResult> {
    if (this.#closing !== null) throw new RunError('FLOW7012', 'the engine is closed');
    if (plan.stages.length > MAX_STAGES)
      throw new RunError('FLOW7007', `the plan has ${plan.stages.length} stages; at most ${MAX_STAGES} fit one run`);
    const started = performance.now();
    new Int32Array(this.#control).fill(0);
    new Float64Array(this.#progress).fill(0);
    this.#bytesTotal = 0;
    const run = new Run(
      ++this.#runs,
      plan,
      {
        store: this.#store,
        pool: this.#pool,
        control: new Int32Array(this.#control),
        slots: this.slots,
        memory: this.memory,
        shuffle: options.shuffle ?? 'auto',
      },
      {
        onInput: (bytes) => {
          this.#bytesTotal += bytes;
        },
        ...(options.onStage ? { onStage: options.onStage } : {}),
      },
    );
    this.#current = run;
    let grace: NodeJS.Timeout | undefined;
    const abort = (): void => {
      run.fail(new RunError('FLOW7012', 'the run was interrupted'));
      grace = setTimeout(() => void this.#pool.interrupt(), GRACE_MS);
    };
    if (options.signal?.aborted) abort();
    options.signal?.addEventListener('abort', abort, { once: true });
    try {
      const sinks = await run.execute();
      return {
        results: plan.results.map((r) => this.#result(run, r.relation)),
        sinks,
        progress: this.progress(),
        store: this.#store.stats(),
        ms: performance.now() - started,
        exchanges: run.exchanges,
        reconstructions: run.reconstructions,
      };
    } finally {
      clearTimeout(grace);
      options.signal?.removeEventListener('abort', abort);
      this.#current = null;
      this.#pool.endRun(this.#runs);
    }
  }

  #result(run: Run, id: number): ResultRelation {
    const relation = run.relations.get(id);
    let open = true;
    return {
      schema: relation.schema,
      rows: relation.rows,
      batches: () => relationReader(this.#store, refsOf(relation), relation.schema).batches(),
      release: () => {
        if (open) run.relations.readDone(id);
        open = false;
      },
    };
  }

  /**
   * Ends the threads and removes all spill files. Safe to call more than once, also while a run goes on: that run is rejected with FLOW7012 and leaves
   * no output.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#current?.fail(new RunError('FLOW7012', 'the engine was closed while a run went on'));
    await this.#pool.close();
    await this.#last;
    this.#store.close();
  }
}
