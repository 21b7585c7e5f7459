import { EngineBug, errorToData, RunError } from '../errors.ts';
import type {
  CancelMessage,
  DropMessage,
  EndRunMessage,
  JobAnswer,
  StageMessage,
  TaskDone,
  TaskMessage,
} from '../runtime/messages.ts';
import { JOB } from '../runtime/messages.ts';
import type { StoreEvent } from '../store/types.ts';
import { Thrown } from './thrown.ts';
import type { CallJob, ValuePlace } from './types.ts';

export type LoopJob = TaskMessage | CallJob;
/** What takes effect between the jobs sent before and after it. */
export type Between = StageMessage | EndRunMessage | DropMessage;

export interface LoopHooks {
  /** false: the task has been given to another thread. */
  claim(job: TaskMessage): boolean;
  runTask(job: TaskMessage): Promise<TaskDone>;
  runCall(job: CallJob): ValuePlace[] | Promise<ValuePlace[]>;
  between(m: Between): void;
  /** Around a job that may leave objects: see ThreadStore. */
  beginTask(): void;
  endTask(keep: boolean): void;
  post(answers: readonly JobAnswer[]): void;
  /** Hands over what came in since the thread is busy (to `add` and `cancel`). */
  poll(): void;
  /** null: nobody wants them. */
  takeEvents(): readonly StoreEvent[] | null;
  /** What the stage tasks of a job took of scratch memory is free again. */
  reset(): void;
  /** All that came is done. */
  idle(): void;
  /** This thread's words of WorkerInit.jobs. */
  readonly words: Float64Array;
}

/** Answers are held back this long at most, unless the next job takes longer than expected. */
const GATHER_MS = 1;
/** A job of a function that took longer on average is not worth holding answers for; nor is one nobody has run yet. */
const QUICK_MS = 0.3;
/** How often what came in is looked at between jobs that never give way. */
const POLL_MS = 1;
/** After so long timers and input of user code get their turn. */
const YIELD_MS = 20;

/**
 * Runs jobs one at a time in the order they came and answers each exactly once. Tiny synchronous jobs go through without a promise, and their answers in
 * one message. An answer with objects is posted at once: they are its caller's only from then on, and would be lost with the thread.
 */
export class JobLoop {
  readonly #hooks: LoopHooks;
  readonly #queue: (LoopJob | Between | null)[] = [];
  #head = 0;
  #held: JobAnswer[] = [];
  #heldSince = 0;
  #running: number | null = null;
  #controller: AbortController | null = null;
  #active = false;
  /** Between beginTask and endTask: while only tiny calls run, which leave nothing, it stays open. */
  #open = false;
  /** Average milliseconds of the calls of a function. */
  readonly #usual = new Map<number, number>();

  constructor(hooks: LoopHooks) {
    this.#hooks = hooks;
  }

  /** Id of the job that runs; null: none. */
  get running(): number | null {
    return this.#running;
  }

  /** Of the job that runs now. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  add(items: readonly (LoopJob | Between)[]): void {
    for (const item of items) this.#queue.push(item);
    if (!this.#active) void this.#run();
  }

  cancel({ jobs }: CancelMessage): void {
    for (let i = this.#head; i < this.#queue.length; i++) {
      const item = this.#queue[i];
      if (item === null || item === undefined || !isJob(item) || !jobs.includes(item.id)) continue;
      this.#queue[i] = null;
      const error = errorToData(new RunError('FLOW7012', 'the task was cancelled before it started'));
      this.#hold({ id: item.id, start: now(), ms: 0, ok: false, error, thrown: false });
    }
    if (this.#running !== null && jobs.includes(this.#running)) {
      this.#controller ??= new AbortController();
      this.#controller.abort(new RunError('FLOW7012', 'the task was cancelled'));
    }
    this.#flush();
  }

  async #run(): Promise<void> {
    this.#active = true;
    let time = now();
    let polled = time;
    let yielded = time;
    for (;;) {
      const item = this.#next();
      if (item === undefined) break;
      if (item === null) continue;
      if (!isJob(item)) {
        this.#flush();
        this.#close(true);
        this.#hooks.between(item);
        continue;
      }
      if (item.type === 'task' && !this.#hooks.claim(item)) continue;
      const done = this.#start(item, time);
      if (done !== null) {
        await done;
        // Tasks of stages may wait for nothing but each other.
        if (item.type === 'call') yielded = now();
      }
      time = now();
      if (time - polled > POLL_MS) {
        polled = time;
        this.#hooks.poll();
      }
      if (time - yielded > YIELD_MS) {
        this.#flush();
        await new Promise(setImmediate);
        time = now();
        yielded = time;
      }
    }
    this.#flush();
    this.#close(true);
    this.#active = false;
    this.#hooks.idle();
  }

  #next(): LoopJob | Between | null | undefined {
    const item = this.#queue[this.#head];
    this.#queue[this.#head++] = null;
    if (this.#head >= this.#queue.length) {
      this.#queue.length = 0;
      this.#head = 0;
    }
    return item;
  }

  /** null: the job is done. */
  #start(job: LoopJob, start: number): Promise<void> | null {
    const { words } = this.#hooks;
    const call = job.type === 'call';
    if (this.#held.length > 0 && !(call && this.#quick(job))) this.#flush();
    this.#running = job.id;
    this.#controller = null;
    words[JOB.START] = start;
    words[JOB.RUNNING] = job.id;
    if (!this.#open || !call) this.#begin();
    try {
      if (!call) {
        const task = this.#hooks.runTask(job).then((output) => this.#taskDone(job, start, output));
        return task.catch((e: unknown) => this.#failed(job, start, e));
      }
      const results = this.#hooks.runCall(job);
      if (results instanceof Promise) {
        // It may take any time.
        this.#flush();
        return results.then(
          (r) => this.#callDone(job, start, r),
          (e: unknown) => this.#failed(job, start, e),
        );
      }
      this.#callDone(job, start, results);
    } catch (e) {
      this.#failed(job, start, e);
    }
    return null;
  }

  #quick(job: CallJob): boolean {
    return (this.#usual.get(job.fn) ?? QUICK_MS) < QUICK_MS;
  }

  #begin(): void {
    this.#close(true);
    this.#hooks.beginTask();
    this.#open = true;
  }

  #close(keep: boolean): void {
    if (!this.#open) return;
    this.#open = false;
    this.#hooks.endTask(keep);
  }

  #taskDone(job: TaskMessage, start: number, output: TaskDone): void {
    this.#finish(true);
    this.#answer({ id: job.id, start, ms: now() - start, ok: true, output });
    this.#flush();
  }

  #callDone(job: CallJob, start: number, results: readonly ValuePlace[]): void {
    const ms = now() - start;
    const usual = this.#usual.get(job.fn);
    this.#usual.set(job.fn, usual === undefined ? ms : usual * 0.9 + ms * 0.1);
    const left = results.some((r) => r.kind === 'object');
    if (left) this.#finish(true);
    else this.#idle();
    this.#answer({ id: job.id, start, ms, ok: true, results });
    if (left) this.#flush();
  }

  #failed(job: LoopJob, start: number, e: unknown): void {
    this.#finish(false);
    const thrown = e instanceof Thrown;
    const error = thrown ? e.data : errorToData(e);
    this.#answer({ id: job.id, start, ms: now() - start, ok: false, error, thrown });
  }

  /** The job is over, and with it all that is known to be open. */
  #finish(keep: boolean): void {
    this.#idle();
    this.#hooks.reset();
    this.#close(keep);
  }

  #idle(): void {
    this.#hooks.words[JOB.RUNNING] = 0;
    this.#running = null;
    this.#controller = null;
  }

  #answer(answer: JobAnswer): void {
    const events = this.#hooks.takeEvents();
    this.#hold(events === null || events.length === 0 ? answer : { ...answer, events });
    if (answer.start + answer.ms - this.#heldSince > GATHER_MS) this.#flush();
  }

  #hold(answer: JobAnswer): void {
    if (this.#held.length === 0) this.#heldSince = answer.start + answer.ms;
    this.#held.push(answer);
  }

  #flush(): void {
    if (this.#held.length === 0) return;
    const answers = this.#held;
    this.#held = [];
    try {
      this.#hooks.post(answers);
    } catch (e) {
      this.#postOneByOne(answers, e);
    }
  }

  /** An answer that cannot be posted must not take the others with it. */
  #postOneByOne(answers: readonly JobAnswer[], cause: unknown): void {
    for (const a of answers) {
      try {
        this.#hooks.post([a]);
      } catch {
        const error = errorToData(new EngineBug(`an answer cannot be posted: ${String(cause)}`));
        this.#hooks.post([{ id: a.id, start: a.start, ms: a.ms, ok: false, error, thrown: false }]);
      }
    }
  }
}

function isJob(item: LoopJob | Between): item is LoopJob {
  return item.type === 'call' || item.type === 'task';
}

/** Milliseconds that mean the same on all threads. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
