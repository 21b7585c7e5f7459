import { availableParallelism, totalmem } from 'node:os';
import { Access } from '../access.ts';
import type { Batch } from '../batch/column.ts';
import { RunError } from '../errors.ts';
import { hostFunctionsOf } from '../host/def.ts';
import type { PhysicalPlan } from '../plan.ts';
import { relationReader } from '../shuffle/reader.ts';
import type { ShuffleChoice } from '../shuffle/strategy.ts';
import { createStore, type MainStore } from '../store/store.ts';
import { checkHost } from '../store/targets/open.ts';
import { TaskHost } from '../tasks/host.ts';
import { TaskRuntime } from '../tasks/runtime.ts';
import { Monitor } from '../trace/monitor.ts';
import { addTasks, type EngineStats, NO_TASKS, type RunStats, statsBetween, type TaskCounts } from '../trace/stats.ts';
import type { Schema } from '../types.ts';
import type { CheckResult } from './checks.ts';
import { watchHost } from './host.ts';
import { lostObject } from './lost.ts';
import { CLAIM_WORDS, JOB_WORDS, MAX_STAGES, PROGRESS_WORDS, type WorkerInit } from './messages.ts';
import { exchangeChoices, type InternalOptions, storeOptions, validateEngineOptions } from './options.ts';
import type { SinkSummary } from './outputs.ts';
import { WorkerPool } from './pool.ts';
import { RunProgress } from './progress.ts';
import { refsOf } from './relations.ts';
import { Run, type StageEvent } from './run.ts';
import { optimizeLate } from './tier_up.ts';

export type { EngineOptions, SpillOptions } from './options.ts';

/** Share of the machine's memory the store may use when no limit is given. */
export const DEFAULT_MEMORY_SHARE = 0.5;
/** Below this a worker cannot hold the batches of one task. */
export const MIN_MEMORY = 16 * 2 ** 20;
/** Memory one task needs at least; with less than this for each worker, fewer tasks run at a time. */
const TASK_MEMORY = 16 * 2 ** 20;

export interface Progress {
  readonly rowsRead: number;
  readonly bytesRead: number;
  /** Bytes of all sources, as far as they are known or estimated. */
  readonly bytesTotal: number;
  /** Share of the whole work that is done, 0 to 1: never goes back, and is 1 only when the run is over. */
  readonly share: number;
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
  /** Partitions of hash exchanges, 1 to 256, rounded up to a power of two, each with a task of its own. Default: by the sizes of rows and memory. RunError FLOW7016 for another number. */
  readonly partitions?: number;
}

/** Rows of a pipeline without a sink; read them, then `release`. */
export interface ResultRelation {
  readonly schema: Schema;
  /** All rows there are, also when fewer were kept. */
  readonly rows: number;
  /** May be read more than once until it is released. RunError FLOW7008 when spilled rows are lost: nothing is made again after the run. */
  batches(): Iterable<Batch>;
  release(): void;
}

export interface RunResult {
  readonly results: readonly ResultRelation[];
  readonly sinks: readonly SinkSummary[];
  /** What `expect` steps found, in file order. */
  readonly checks: readonly CheckResult[];
  readonly progress: Progress;
  /** Figures of this run alone. */
  readonly stats: RunStats;
  readonly ms: number;
}

/** The run is over and its plan forgotten: rows that are lost now stay lost. */
function* readable(batches: Iterable<Batch>): Iterable<Batch> {
  try {
    yield* batches;
  } catch (e) {
    if (lostObject(e) === null) throw e;
    const { message, where } = e as RunError;
    throw new RunError(
      'FLOW7008',
      `rows of a result are lost: ${message}`,
      where,
      'Run again: rows can be made again only while their run goes on.',
    );
  }
}

/** After a signal tasks end by themselves at their next batch; a thread that does not is ended after this long. */
const GRACE_MS = 2000;

/** Workers and a store that outlive single runs, so that memory touched once is used again. Runs go one after another. */
export class Engine extends TaskHost {
  readonly workers: number;
  readonly memory: number;
  /** What its runs may read and write. */
  readonly access: Access;
  readonly #store: MainStore;
  readonly #pool: WorkerPool;
  readonly #control = new SharedArrayBuffer(4 * (1 + MAX_STAGES));
  readonly #progress: SharedArrayBuffer;
  readonly #jobs: SharedArrayBuffer;
  override readonly tasks: TaskRuntime;
  #runs = 0;
  readonly #optimizeLate: boolean;
  #share: RunProgress | null = null;
  #closing: Promise<void> | null = null;
  #current: Run | null = null;
  #last: Promise<unknown> = Promise.resolve();
  readonly #monitor: Monitor;
  /** Counts of all runs that ended. */
  #tasks: TaskCounts = NO_TASKS;

  /** Throws RunError FLOW7016 for an option that is wrong, FLOW7007 for too little memory, FLOW7008 for a place that cannot be spilled to. */
  constructor(options: InternalOptions = {}) {
    super();
    validateEngineOptions(options);
    this.#optimizeLate = options.optimizeLate !== false;
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
    this.access = new Access(options);
    for (const place of options.spillDirs ?? []) checkHost(this.access, place);
    this.#progress = new SharedArrayBuffer(8 * PROGRESS_WORDS * (this.workers + 1));
    this.#store = createStore(storeOptions(options, this.memory, this.workers + 1));
    // The driver reads what parallel formats write, and nothing else.
    this.#store.owner('output');
    this.#jobs = new SharedArrayBuffer(8 * JOB_WORDS * (this.workers + 1));
    const claims = new SharedArrayBuffer(4 * CLAIM_WORDS * (this.workers + 1));
    this.#pool = new WorkerPool({
      workers: this.workers,
      memory: Math.floor(this.memory / 2),
      heap: options.heap,
      claims: new Int32Array(claims),
      init: (thread): WorkerInit => ({
        store: this.#store.handle,
        thread,
        control: this.#control,
        progress: this.#progress,
        jobs: this.#jobs,
        claims,
        io: this.#store.ioPort(thread),
        trace: options.trace === true,
        batchRows: options.batchRows ?? null,
      }),
      onEnding: (thread) => this.#store.markDying(thread),
      onObjects: (objects) => this.#store.adopt(objects),
      onDeath: (thread) => this.#store.releaseThread(thread),
    });
    this.tasks = new TaskRuntime(this.#store, this.#pool, new Float64Array(this.#jobs));
    this.#monitor = new Monitor(this.#store, this.#pool, options.trace === true);
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
      bytesTotal: this.#share?.sourceBytes ?? 0,
      share: this.#share?.share(bytesRead) ?? 0,
      spilledBytes: this.#store.stats().spilledBytes,
    };
  }

  /** Starts the first worker thread now; the others, and it otherwise, start with their first tasks. */
  warm(): void {
    this.#pool.warm();
  }

  /** Figures since the engine was made; `formatStats` makes text of them. */
  stats(): EngineStats {
    const runs = addTasks(this.#tasks, this.#current?.tasks ?? {});
    const calls = this.tasks.stats();
    return this.#monitor.stats({ ...addTasks(runs, calls), running: calls.running });
  }

  /**
   * What ran so far, with EngineOptions.trace, as Chrome trace events (chrome://tracing, Perfetto): a row for each thread with its tasks, spills and restores, stages,
   * memory. Null without it. The first 400 000 events are kept.
   */
  traceJson(): string | null {
    return this.#monitor.trace?.json() ?? null;
  }

  run(plan: PhysicalPlan, options: RunOptions = {}): Promise<RunResult> {
    const next = this.#last.then(() => {
      const running = this.#run(plan, options);
      return this.#optimizeLate ? running.finally(optimizeLate()) : running;
    });
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #run(plan: PhysicalPlan, options: RunOptions): Promise<RunResult> {
    if (this.#closing !== null) throw new RunError('FLOW7012', 'the engine is closed');
    if (plan.stages.length >= MAX_STAGES)
      throw new RunError('FLOW7007', `the plan has ${plan.stages.length} stages; fewer than ${MAX_STAGES} fit one run`);
    this.access.check(plan);
    const started = performance.now();
    const before = this.stats();
    new Int32Array(this.#control).fill(0);
    new Float64Array(this.#progress).fill(0);
    const progress = new RunProgress(plan);
    this.#share = progress;
    const id = ++this.#runs;
    const run = new Run(
      id,
      plan,
      {
        store: this.#store,
        pool: this.#pool,
        control: new Int32Array(this.#control),
        slots: this.slots,
        memory: this.memory,
        ...exchangeChoices(options),
      },
      {
        onInput: (stage, bytes) => {
          progress.reads(stage, bytes);
        },
        onStage: (e) => {
          progress.on(e);
          this.#monitor.stage(id, e);
          options.onStage?.(e);
        },
      },
    );
    this.#current = run;
    const unwatch = watchHost(hostFunctionsOf(plan), new Float64Array(this.#jobs), (e) => {
      run.fail(e);
      void this.#pool.interrupt();
    });
    this.#monitor.start();
    let grace: NodeJS.Timeout | undefined;
    const abort = (): void => {
      run.fail(new RunError('FLOW7012', 'the run was interrupted'));
      grace = setTimeout(() => void this.#pool.interrupt(), GRACE_MS);
    };
    if (options.signal?.aborted) abort();
    options.signal?.addEventListener('abort', abort, { once: true });
    try {
      const sinks = await run.execute();
      this.#monitor.sample();
      progress.end();
      const ms = performance.now() - started;
      return {
        results: plan.results.map((r) => this.#result(run, r.relation)),
        sinks,
        checks: run.checks.results(),
        progress: this.progress(),
        stats: { ...statsBetween(before, this.stats()), exchanges: run.exchanges, ms },
        ms,
      };
    } finally {
      unwatch();
      clearTimeout(grace);
      options.signal?.removeEventListener('abort', abort);
      this.#monitor.stop();
      this.#tasks = addTasks(this.#tasks, run.tasks);
      this.#current = null;
      this.#pool.endRun(id);
    }
  }

  #result(run: Run, id: number): ResultRelation {
    const relation = run.relations.get(id);
    let open = true;
    return {
      schema: relation.schema,
      rows: relation.rows,
      batches: () => readable(relationReader(this.#store, refsOf(relation), relation.schema).batches()),
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
    this.tasks.close();
    await this.#pool.close();
    await this.#last;
    this.tasks.closeHoldings();
    this.#store.close();
  }
}
