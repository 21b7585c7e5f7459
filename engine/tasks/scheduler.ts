import { CLAIM_WORDS, takeClaim } from '../runtime/messages.ts';
import { type Job, NO_CLAIM, type Slot } from './job.ts';
import { Fifo, ReadyQueue } from './queue.ts';

/** A worker is sent more when what it has takes less than this, and then up to twice this. Jobs that take longer are sent alone. */
const BATCH_MS = 1;
/** Most jobs a worker has at a time. It is sent more when half of them are answered. */
const BATCH_JOBS = 512;
/** Milliseconds of work that a worker is sent in tasks of stages: longer than a time slice of the system. */
const AHEAD_MS = 6;
/** Weight of the newest duration in the average of tasks. */
const NEWEST = 0.25;

export interface SchedulerOptions {
  readonly slots: readonly Slot[];
  /** Bytes of working memory (outside the store) jobs may take side by side. */
  readonly memory: number;
  /** Of WorkerInit. */
  readonly claims: Int32Array;
  readonly send: (slot: Slot, jobs: readonly Job[]) => void;
}

/**
 * Decides which ready job goes to which worker, and when. The best ready job goes first. One that wants more threads than are free holds back all
 * others until it has them, so that it is not starved; one that wants more memory than is free holds back those that want memory too.
 *
 * A worker that runs a task of a stage is sent more of them already, so that it never waits for an answer to its answers: where all processors are busy, the driver
 * is woken only when the system takes one away from a worker, milliseconds later. What has not begun when another worker has nothing to do is taken back for that one.
 */
export class Scheduler {
  readonly #slots: readonly Slot[];
  readonly #memory: number;
  readonly #claims: Int32Array;
  readonly #send: SchedulerOptions['send'];
  readonly #ready = new ReadyQueue();
  /** Wait for memory, in the order of their turns. */
  readonly #short = new Fifo();
  /** What a task of a stage takes; NaN: not known yet. */
  #taskMs = Number.NaN;
  #pinned = 0;
  #used = 0;
  #asked = false;
  #closed = false;

  constructor({ slots, memory, claims, send }: SchedulerOptions) {
    this.#slots = slots;
    this.#memory = memory;
    this.#claims = claims;
    this.#send = send;
  }

  /** Jobs that wait for a worker; those that died while they waited may be among them. */
  get waiting(): number {
    return this.#ready.size + this.#short.size + this.#pinned;
  }

  /** Most bytes a job may ask for. */
  get memory(): number {
    return this.#memory;
  }

  get workers(): number {
    return this.#slots.length;
  }

  /** The job is ready to run. */
  submit(job: Job): void {
    if (this.#closed) {
      job.closed();
      return;
    }
    if (job.pinned === null) this.#ready.push(job);
    else {
      job.pinned.waiting.push(job);
      this.#pinned++;
    }
    this.kick();
  }

  /** Sends what can be sent once the caller's caller is done, so that a burst of jobs goes in one message; a long burst starts before it ends. */
  kick(): void {
    if (this.#asked) {
      if ((this.#ready.size & (BATCH_JOBS - 1)) === 0 && this.#slots.some((s) => s.jobs.size === 0)) this.dispatch();
      return;
    }
    this.#asked = true;
    queueMicrotask(() => {
      this.#asked = false;
      this.dispatch();
    });
  }

  /** A job of the slot came to its end. */
  finished(slot: Slot, job: Job): void {
    this.freeMemory(job.memory);
    if (slot.jobs.size === 0) empty(slot);
    else slot.load -= job.charge;
  }

  /** The jobs of a slot went with its worker; they were taken out of it. */
  vacated(slot: Slot, jobs: readonly Job[]): void {
    for (const job of jobs) this.freeMemory(job.memory);
    empty(slot);
  }

  freeMemory(bytes: number): void {
    this.#used -= bytes;
  }

  /** What waits for this slot only; nothing does afterwards. */
  takePinned(slot: Slot): Job[] {
    const jobs = slot.waiting.clear();
    this.#pinned -= jobs.length;
    return jobs;
  }

  /** Sends nothing any more; tells all jobs that wait. */
  close(): void {
    this.#closed = true;
    const jobs = [...this.#ready.clear(), ...this.#short.clear(), ...this.#slots.flatMap((s) => this.takePinned(s))];
    for (const job of jobs) if (!job.dead) job.closed();
  }

  dispatch(): void {
    if (this.#closed) return;
    if (this.#pinned > 0 && !this.#drains()) {
      for (const slot of this.#slots) {
        const job = this.#nextOwn(slot);
        if (job !== undefined && this.#ownTurn(slot)) this.#fill(slot, job);
      }
    }
    for (;;) {
      const job = this.#next();
      if (job === undefined) break;
      const slot = this.#slotFor(job) ?? this.#behind(job);
      if (slot === null) {
        job.soon();
        return;
      }
      this.#fill(slot, job);
    }
    for (const slot of this.#slots) if (slot.up && slot.jobs.size === 0 && !this.#ownTurn(slot)) this.#takeBack(slot);
  }

  /** Tasks of stages that a worker is sent at a time, by how long the last ones took. */
  get tasksAtATime(): number {
    return Number.isNaN(this.#taskMs) ? 2 : Math.max(2, Math.min(CLAIM_WORDS, Math.ceil(AHEAD_MS / this.#taskMs)));
  }

  /** A task of a stage took so long. */
  took(ms: number): void {
    this.#taskMs = Number.isNaN(this.#taskMs) ? ms : this.#taskMs * (1 - NEWEST) + ms * NEWEST;
  }

  /** Of the workers that run tasks of stages only, the one with the fewest. */
  #behind(job: Job): Slot | null {
    if (!job.stage) return null;
    let best: Slot | null = null;
    for (const s of this.#slots) {
      const { size } = s.jobs;
      if (size === 0 || size >= (best?.jobs.size ?? this.tasksAtATime) || s.waiting.size > 0) continue;
      if (firstJob(s).stage) best = s;
    }
    return best;
  }

  /** Nothing is ready, and the slot has nothing to do: it gets a task that has not begun, behind others or in a thread that starts. */
  #takeBack(idle: Slot): void {
    for (const slot of this.#slots) {
      const jobs = [...slot.jobs.values()];
      for (let i = jobs.length - 1; i >= (slot.up ? 1 : 0); i--) {
        const job = jobs[i] as Job;
        if (job.claim === NO_CLAIM || !takeClaim(this.#claims, { claim: job.claim, id: job.sent })) continue;
        slot.jobs.delete(job.sent);
        this.finished(slot, job);
        this.#ready.push(job);
        this.#fill(idle, job);
        return;
      }
    }
  }

  #nextOwn(slot: Slot): Job | undefined {
    for (;;) {
      const job = slot.waiting.peek();
      if (job === undefined || !job.dead) return job;
      slot.waiting.shift();
      this.#pinned--;
    }
  }

  /** The best job asks for more threads than are free: nothing else starts until it has them. */
  #drains(): boolean {
    const job = this.#ready.peek();
    return job !== undefined && job.threads > 1 && job.threads > this.#freeThreads();
  }

  #freeThreads(): number {
    let free = this.#slots.length;
    for (const s of this.#slots) if (s.jobs.size > 0) free -= s.threads;
    return free;
  }

  /** The slot's own jobs go now; they and all others take turns. */
  #ownTurn(slot: Slot): boolean {
    return slot.waiting.size > 0 && !(slot.turn && this.#ready.size > 0);
  }

  /** The best job there is memory for. */
  #next(): Job | undefined {
    while (this.#short.peek()?.dead) this.#short.shift();
    const first = this.#short.peek();
    if (first !== undefined && this.#fits(first)) return first;
    for (;;) {
      const job = this.#ready.peek();
      if (job === undefined || job.memory === 0 || (this.#short.size === 0 && this.#fits(job))) return job;
      this.#ready.pop();
      this.#short.push(job);
    }
  }

  #fits(job: Job): boolean {
    return this.#used + job.memory <= this.#memory;
  }

  /** A worker for the job: an empty one, or for short jobs one that has little to do. Null: not now. */
  #slotFor(job: Job): Slot | null {
    const alone = !(job.expected < BATCH_MS) || job.threads > 1;
    let best: Slot | null = null;
    for (const s of this.#slots) {
      if (s.jobs.size === 0 ? this.#ownTurn(s) : alone || isFull(s) || s.waiting.size > 0) continue;
      if (best === null || better(s, best, job)) best = s;
    }
    if (best !== null && best.jobs.size === 0 && this.#freeThreads() < job.threads) return null;
    return best;
  }

  /** Sends the job to the slot, and with it the next ones as long as they are short. */
  #fill(slot: Slot, first: Job): void {
    const own = first.pinned !== null;
    if (slot.jobs.size > 0 && !first.stage && (isFull(slot) || !(first.expected < BATCH_MS))) return;
    const ready = own ? slot.waiting.size : this.#ready.size;
    const most = own ? BATCH_JOBS : Math.max(1, Math.ceil(ready / this.#slots.length));
    const jobs: Job[] = [];
    let job: Job | undefined = first;
    do {
      this.#take(slot, job);
      this.#used += job.memory;
      job.charge = Number.isNaN(job.expected) ? BATCH_MS : Math.min(job.expected, BATCH_MS);
      slot.load += job.charge;
      slot.threads = Math.max(slot.threads, job.threads);
      job.claim = job.stage ? claimWord(slot) : NO_CLAIM;
      jobs.push(job);
      if (!(job.expected < BATCH_MS) || job.timeout > 0) {
        slot.solo = true;
        break;
      }
      job = own ? this.#nextOwn(slot) : this.#next();
    } while (
      job !== undefined &&
      jobs.length < most &&
      slot.jobs.size + jobs.length < BATCH_JOBS &&
      slot.load < 2 * BATCH_MS &&
      job.expected < BATCH_MS &&
      job.timeout === 0 &&
      job.threads === 1
    );
    slot.turn = own;
    this.#send(slot, jobs);
  }

  #take(slot: Slot, job: Job): void {
    if (job.pinned !== null) {
      slot.waiting.shift();
      this.#pinned--;
    } else if (this.#short.peek() === job) this.#short.shift();
    else this.#ready.pop();
  }
}

function firstJob(slot: Slot): Job {
  return slot.jobs.values().next().value as Job;
}

/** One that no task of the slot has. */
function claimWord(slot: Slot): number {
  const taken = new Set([...slot.jobs.values()].map((j) => j.claim));
  let word = slot.thread * CLAIM_WORDS;
  while (taken.has(word)) word++;
  return word;
}

function isFull(slot: Slot): boolean {
  return slot.solo || slot.load > BATCH_MS || slot.jobs.size > BATCH_JOBS / 2;
}

/** Workers that run cost nothing to use; what may end its worker had better not be where actors live. */
function better(a: Slot, b: Slot, job: Job): boolean {
  if (job.timeout > 0 && a.actors.size !== b.actors.size) return a.actors.size < b.actors.size;
  if (a.jobs.size !== b.jobs.size) return a.jobs.size < b.jobs.size;
  if (a.up !== b.up) return a.up;
  if ((a.worker === null) !== (b.worker === null)) return b.worker === null;
  return a.actors.size < b.actors.size;
}

function empty(slot: Slot): void {
  slot.load = 0;
  slot.threads = 0;
  slot.solo = false;
}
