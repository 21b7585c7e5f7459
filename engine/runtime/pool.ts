import type { Worker } from 'node:worker_threads';
import { errorFromData, RunError } from '../errors.ts';
import type { ObjectId, StoreEvent } from '../store/types.ts';
import { type Death, type Job, NeverBegun, NO_CLAIM, type Slot, WorkerDied } from '../tasks/job.ts';
import { Fifo } from '../tasks/queue.ts';
import { Scheduler } from '../tasks/scheduler.ts';
import { stageName } from '../trace/names.ts';
import {
  claimOf,
  type FromWorker,
  JOB,
  JOB_WORDS,
  type JobAnswer,
  type StageMessage,
  type TaskDone,
  type TaskMessage,
  type ToWorker,
  type WorkerInit,
} from './messages.ts';
import { objectsOf } from './references.ts';
import { tornDown, warnOf } from './teardown.ts';
import { defaultHeap, startThread } from './threads.ts';

/** A task of a stage before it is sent. */
type NewTask = Omit<TaskMessage, 'id' | 'claim'>;

export { NeverBegun, WorkerDied };

/** How long a job that was cancelled may go on before its worker is ended. */
export const CANCEL_GRACE_MS = 2000;
/** One try of a job, for traces. */
export interface JobEvent {
  readonly id: number;
  readonly name: string;
  readonly thread: number;
  /** performance.timeOrigin + performance.now() */
  readonly start: number;
  readonly ms: number;
  readonly ok: boolean;
  readonly attempt: number;
  readonly storeEvents: readonly StoreEvent[];
  /** What a stage's task gave. */
  readonly done?: TaskDone;
}

export interface PoolOptions {
  readonly workers: number;
  /** Bytes of working memory that jobs may ask for, side by side. */
  readonly memory: number;
  /** MiB of JavaScript heap of a worker; default: by the machine. */
  readonly heap?: number | undefined;
  /** Of WorkerInit. */
  readonly claims: Int32Array;
  readonly init: (thread: number) => WorkerInit;
  /** Called before a thread is terminated: it may hold the store's lock. */
  readonly onEnding: (thread: number) => void;
  /** Called with the objects of results as they come: they are ours from now on, and do not go with the thread that made them. */
  readonly onObjects: (objects: readonly ObjectId[]) => void;
  /** Called when a thread is gone for good, before its jobs are reported dead: frees what it held. */
  readonly onDeath: (thread: number) => void;
}

/** Worker threads, started when first needed. They run one job at a time each; what they are sent decides the scheduler. */
export class WorkerPool {
  readonly size: number;
  readonly scheduler: Scheduler;
  /** Called for each answer. */
  onJob: ((e: JobEvent) => void) | null = null;
  readonly #slots: Slot[];
  readonly #options: PoolOptions;
  readonly #heap: number;
  /** The words of WorkerInit.jobs; one memory for all threads. */
  #words: Float64Array | null = null;
  readonly #timers = new Map<Job, NodeJS.Timeout>();
  #sent = 0;
  #order = 0;
  #lost = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#heap = options.heap ?? defaultHeap(options.workers);
    this.size = options.workers;
    this.#slots = Array.from({ length: options.workers }, (_, i) => newSlot(i + 1));
    this.scheduler = new Scheduler({
      slots: this.#slots,
      memory: options.memory,
      claims: options.claims,
      send: (slot, jobs) => this.#send(slot, jobs),
    });
  }

  /** Worker threads that died, or were ended with what they ran. */
  get workersLost(): number {
    return this.#lost;
  }

  /** Jobs that are with workers. */
  get running(): number {
    return this.#slots.reduce((n, s) => n + s.jobs.size, 0);
  }

  /** Numbers jobs in the order they were made. */
  nextOrder(): number {
    return ++this.#order;
  }

  /** Runs a stage's task. Rejects with the task's error, or WorkerDied. */
  run(stage: StageMessage, task: NewTask): Promise<TaskDone> {
    return new Promise((resolve, reject) => {
      this.scheduler.submit(new StageJob(stage, task, this.nextOrder(), resolve, reject));
    });
  }

  /** Starts the first thread before there is work for it, so that it comes up while the caller does something else. All of them would be in its way. */
  warm(): void {
    const [first] = this.#slots;
    if (first !== undefined && first.worker === null && !this.#closed) this.#start(first);
  }

  endRun(run: number): void {
    for (const s of this.#slots) {
      s.stages.clear();
      s.worker?.postMessage({ type: 'end', run } satisfies ToWorker);
    }
  }

  /** Ends all threads; running and waiting jobs are told that the engine closes. Threads without a job run what their modules have to do before. */
  async close(): Promise<void> {
    this.#closed = true;
    this.scheduler.close();
    const ends = this.#slots.map(async (slot) => {
      const { worker } = slot;
      const asked = worker !== null && slot.jobs.size === 0 && this.#word(slot, JOB.TEARDOWN) === 1;
      const failures = asked ? await tornDown(worker) : [];
      await this.#end([slot]);
      return failures;
    });
    warnOf((await Promise.all(ends)).flat());
  }

  /** Ends the threads that are at work for a run: their tasks are rejected with WorkerDied. New ones start when there is something to do. */
  async interrupt(): Promise<void> {
    await this.#end(this.#slots.filter((s) => [...s.jobs.values()].some((j) => j.stage)));
  }

  /** The job is not wanted any more: one that waits in its worker is dropped, a running one is told, and one that goes on nevertheless ended with its worker. */
  cancel(job: Job): void {
    const slot = this.#slots.find((s) => s.jobs.get(job.sent) === job);
    if (slot === undefined) return;
    slot.worker?.postMessage({ type: 'cancel', jobs: [job.sent] } satisfies ToWorker);
    this.#watch(slot, job, CANCEL_GRACE_MS, now());
  }

  tell(slot: Slot, message: ToWorker): void {
    slot.worker?.postMessage(message);
  }

  async #end(slots: readonly Slot[]): Promise<void> {
    const workers = slots.flatMap((s) => (s.worker === null ? [] : [{ thread: s.thread, worker: s.worker }]));
    for (const { thread } of workers) this.#options.onEnding(thread);
    await Promise.all(workers.map(({ worker }) => worker.terminate()));
  }

  #send(slot: Slot, jobs: readonly Job[]): void {
    for (const job of jobs) {
      job.sent = ++this.#sent;
      if (job.claim !== NO_CLAIM) Atomics.store(this.#options.claims, job.claim, claimOf(job.sent));
      slot.jobs.set(job.sent, job);
    }
    try {
      const worker = slot.worker ?? this.#start(slot);
      for (const job of jobs) job.prepare(slot);
      worker.postMessage({ type: 'jobs', jobs: jobs.map((j) => j.message()) } satisfies ToWorker);
    } catch (e) {
      const why = e instanceof Error ? e.message : String(e);
      this.#vacate(slot, new WorkerDied('start', `a worker thread cannot be started: ${why}`, e));
      return;
    }
    for (const job of jobs) if (job.timeout > 0) this.#watch(slot, job, job.timeout, 0);
  }

  /** Ends the worker when it has run the job for `ms` since it started, or since `from` where that is later. */
  #watch(slot: Slot, job: Job, ms: number, from: number): void {
    clearTimeout(this.#timers.get(job));
    const { sent } = job;
    const look = (): void => {
      this.#timers.delete(job);
      if (slot.jobs.get(sent) !== job) return;
      const since = this.#word(slot, JOB.RUNNING) === sent ? Math.max(from, this.#word(slot, JOB.START)) : now();
      const left = since + ms - now();
      if (left > 0) this.#timers.set(job, setTimeout(look, Math.ceil(left)));
      else {
        job.overdue = true;
        void this.#end([slot]);
      }
    };
    this.#timers.set(job, setTimeout(look, ms));
  }

  #word(slot: Slot, word: number): number {
    return this.#words?.[slot.thread * JOB_WORDS + word] ?? 0;
  }

  #start(slot: Slot): Worker {
    const init = this.#options.init(slot.thread);
    this.#words ??= new Float64Array(init.jobs);
    // The thread before may have ended within a call.
    for (const word of [JOB.RUNNING, JOB.CALL, JOB.TEARDOWN]) this.#words[slot.thread * JOB_WORDS + word] = 0;
    const worker = startThread(this.#heap, init);
    slot.worker = worker;
    worker.on('message', (m: FromWorker) => {
      if (m.type === 'done') this.#answers(slot, m.answers);
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

  #answers(slot: Slot, answers: readonly JobAnswer[]): void {
    slot.up = true;
    const objects = answers.flatMap(objectsIn);
    if (objects.length > 0) this.#options.onObjects(objects);
    for (const answer of answers) {
      const job = slot.jobs.get(answer.id);
      if (job === undefined) continue;
      slot.jobs.delete(answer.id);
      if (this.#timers.size > 0) this.#unwatch(job);
      this.scheduler.finished(slot, job);
      if (job.stage) this.scheduler.took(answer.ms);
      this.onJob?.({
        id: answer.id,
        name: job.name,
        thread: slot.thread,
        start: answer.start,
        ms: answer.ms,
        ok: answer.ok,
        attempt: job.attempt,
        storeEvents: answer.events ?? [],
        ...(answer.ok && 'output' in answer ? { done: answer.output } : {}),
      });
      job.sent = 0;
      job.answered(answer, slot);
    }
    this.scheduler.dispatch();
  }

  #unwatch(job: Job): void {
    clearTimeout(this.#timers.get(job));
    this.#timers.delete(job);
  }

  #died(slot: Slot, cause: Error | null, code: number): void {
    slot.worker = null;
    slot.up = false;
    this.#lost++;
    if (!this.#closed) this.#options.onDeath(slot.thread);
    const [how, message] = epitaph(cause, code, this.#heap);
    this.#vacate(slot, new WorkerDied(how, message, cause));
  }

  /** The slot starts anew: what it had goes back. Only the job that ran is blamed; when none ran yet, the first, so that a thread that cannot live is noticed. */
  #vacate(slot: Slot, died: WorkerDied): void {
    slot.stages.clear();
    slot.functions.clear();
    const jobs = [...slot.jobs.values()];
    slot.jobs.clear();
    this.scheduler.vacated(slot, jobs);
    const running = this.#word(slot, JOB.RUNNING);
    const guilty = jobs.find((j) => j.sent === running) ?? jobs[0];
    for (const job of jobs) {
      this.#unwatch(job);
      job.sent = 0;
      if (this.#closed) job.closed();
      else job.lost(died, job === guilty);
    }
    this.scheduler.takePinned(slot);
    const actors = [...slot.actors];
    slot.actors.clear();
    for (const actor of actors) actor.evicted(died);
    this.scheduler.kick();
  }
}

function newSlot(thread: number): Slot {
  return {
    thread,
    worker: null,
    up: false,
    jobs: new Map(),
    load: 0,
    threads: 0,
    solo: false,
    waiting: new Fifo(),
    turn: false,
    actors: new Set(),
    stages: new Map(),
    functions: new Set(),
  };
}

const NO_OBJECTS: readonly ObjectId[] = [];

function objectsIn(answer: JobAnswer): readonly ObjectId[] {
  if (!answer.ok) return NO_OBJECTS;
  if ('output' in answer) return [...objectsOf(answer.output.output)];
  const { results } = answer;
  if (results.length === 1 && results[0]?.kind !== 'object') return NO_OBJECTS;
  return results.flatMap((p) => (p.kind === 'object' ? [p.object] : []));
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

/** How a thread ended, for people. */
function epitaph(cause: Error | null, code: number, heap: number): [Death, string] {
  if (cause === null) return ['exit', `a worker exited with code ${code}`];
  if ((cause as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY')
    return ['heap', `a worker's JavaScript heap of ${heap} MiB was exhausted`];
  return ['crash', cause.message];
}

/** A task of a stage on its way. */
class StageJob implements Job {
  readonly attempt = 1;
  readonly priority = 0;
  readonly threads = 1;
  readonly memory = 0;
  readonly timeout = 0;
  readonly expected = Number.NaN;
  readonly pinned = null;
  readonly stage = true;
  readonly dead = false;
  sent = 0;
  charge = 0;
  claim = NO_CLAIM;
  overdue = false;
  readonly order: number;
  readonly #stage: StageMessage;
  readonly #task: NewTask;
  readonly #resolve: (d: TaskDone) => void;
  readonly #reject: (e: Error) => void;

  constructor(
    stage: StageMessage,
    task: NewTask,
    order: number,
    resolve: (d: TaskDone) => void,
    reject: (e: Error) => void,
  ) {
    this.#stage = stage;
    this.#task = task;
    this.order = order;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get name(): string {
    return stageName(this.#stage.stage);
  }

  soon(): void {}

  prepare(slot: Slot): void {
    const { id } = this.#stage.stage;
    if (slot.stages.get(id) === this.#stage) return;
    slot.stages.set(id, this.#stage);
    slot.worker?.postMessage(this.#stage satisfies ToWorker);
  }

  message(): TaskMessage {
    return { ...this.#task, id: this.sent, claim: this.claim };
  }

  answered(answer: JobAnswer): void {
    if (!answer.ok) this.#reject(errorFromData(answer.error));
    else if ('output' in answer) this.#resolve(answer.output);
  }

  lost(died: WorkerDied, guilty: boolean): void {
    this.#reject(guilty ? died : new NeverBegun(died.message));
  }

  closed(): void {
    this.#reject(new RunError('FLOW7012', 'the engine was closed while a run went on'));
  }
}
