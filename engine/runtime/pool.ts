import { Worker } from 'node:worker_threads';
import { errorFromData, RunError } from '../errors.ts';
import type { FromWorker, StageMessage, TaskDone, TaskMessage, ToWorker, WorkerInit } from './messages.ts';

/** A worker thread died while it ran a task (crash, out of memory, `process.exit`); the task may be tried again elsewhere. */
export class WorkerDied extends Error {
  override readonly name = 'WorkerDied';
}

interface Slot {
  readonly thread: number;
  worker: Worker | null;
  /** Taken by a caller of run(), from before its task is sent until its answer came. */
  taken: boolean;
  busy: { resolve: (d: TaskDone) => void; reject: (e: Error) => void } | null;
  /** What this worker was last told of each stage: a stage is told again when its grant or partitions have been settled since. */
  known: Map<number, StageMessage>;
}

export interface PoolOptions {
  readonly workers: number;
  readonly init: (thread: number) => WorkerInit;
  /** Called before a thread is terminated: it may hold the store's lock. */
  readonly onEnding: (thread: number) => void;
  /** Called when a thread is gone for good, before its task is reported dead: frees what it held. */
  readonly onDeath: (thread: number) => void;
}

/** Worker threads, started when first needed; one task at a time each. */
export class WorkerPool {
  readonly size: number;
  readonly #slots: Slot[];
  readonly #options: PoolOptions;
  readonly #waiting: { resolve: (s: Slot) => void; reject: (e: Error) => void }[] = [];
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.size = options.workers;
    // Thread 0 is the driver.
    this.#slots = Array.from({ length: options.workers }, (_, i) => ({
      thread: i + 1,
      worker: null,
      taken: false,
      busy: null,
      known: new Map(),
    }));
  }

  /** Runs a task on the next free worker. Rejects with the task's error, or WorkerDied. */
  async run(stage: StageMessage, task: TaskMessage): Promise<TaskDone> {
    const slot = await this.#acquire();
    let worker: Worker;
    try {
      worker = slot.worker ?? this.#start(slot);
    } catch (e) {
      this.#release(slot);
      throw new WorkerDied(`a worker thread cannot be started: ${e instanceof Error ? e.message : String(e)}`, {
        cause: e,
      });
    }
    return new Promise((resolve, reject) => {
      slot.busy = { resolve, reject };
      if (slot.known.get(stage.stage.id) !== stage) {
        slot.known.set(stage.stage.id, stage);
        worker.postMessage(stage satisfies ToWorker);
      }
      worker.postMessage(task satisfies ToWorker);
    });
  }

  /** Starts the first thread before there is work for it, so that it comes up while the caller does something else. All of them would be in its way. */
  warm(): void {
    const [first] = this.#slots;
    if (first !== undefined && first.worker === null && !this.#closed) this.#start(first);
  }

  endRun(run: number): void {
    for (const s of this.#slots) {
      s.known.clear();
      s.worker?.postMessage({ type: 'end', run } satisfies ToWorker);
    }
  }

  /** Ends all threads; running and waiting tasks are rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const w of this.#waiting.splice(0)) w.reject(closed());
    await this.#end(this.#slots);
  }

  /** Ends the threads that are at work: their tasks are rejected with WorkerDied. New ones start when there is something to do. */
  async interrupt(): Promise<void> {
    await this.#end(this.#slots.filter((s) => s.busy !== null));
  }

  async #end(slots: readonly Slot[]): Promise<void> {
    const workers = slots.flatMap((s) => (s.worker === null ? [] : [{ thread: s.thread, worker: s.worker }]));
    for (const { thread } of workers) this.#options.onEnding(thread);
    await Promise.all(workers.map(({ worker }) => worker.terminate()));
  }

  #acquire(): Promise<Slot> {
    if (this.#closed) return Promise.reject(closed());
    const free = this.#slots.find((s) => !s.taken);
    if (free !== undefined) {
      free.taken = true;
      return Promise.resolve(free);
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #release(slot: Slot): void {
    slot.busy = null;
    const next = this.#waiting.shift();
    if (next !== undefined) next.resolve(slot);
    else slot.taken = false;
  }

  #start(slot: Slot): Worker {
    // The options of this process (a loader, say) are not the worker's: it is built code, and they may not resolve from the folder we are in now.
    const worker = new Worker(workerUrl(), {
      execArgv: [],
      workerData: this.#options.init(slot.thread),
      stdout: false,
      stderr: false,
    });
    slot.worker = worker;
    worker.on('message', (m: FromWorker) => {
      const job = slot.busy;
      this.#release(slot);
      if (m.type === 'done') job?.resolve(m);
      else job?.reject(errorFromData(m.error));
    });
    let cause: Error | null = null;
    worker.on('error', (e: Error) => {
      cause = e;
    });
    worker.on('exit', (code) => {
      if (slot.worker === worker) this.#died(slot, cause, code);
    });
    return worker;
  }

  #died(slot: Slot, cause: Error | null, code: number): void {
    slot.worker = null;
    slot.known.clear();
    if (!this.#closed) this.#options.onDeath(slot.thread);
    const job = slot.busy;
    if (job === null) return;
    this.#release(slot);
    if (this.#closed) job.reject(closed());
    else job.reject(new WorkerDied(cause === null ? `a worker exited with code ${code}` : cause.message, { cause }));
  }
}

function closed(): RunError {
  return new RunError('FLOW7012', 'the engine was closed while a run went on');
}

/** The bundle puts the worker beside every chunk; from source (tests) the built worker is used, so that threads start fast. */
function workerUrl(): URL {
  return import.meta.url.endsWith('.ts')
    ? new URL('../../dist/worker.js', import.meta.url)
    : new URL('./worker.js', import.meta.url);
}
