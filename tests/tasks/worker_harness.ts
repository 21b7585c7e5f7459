import { Worker } from 'node:worker_threads';
import {
  type FromWorker,
  JOB,
  JOB_WORDS,
  type JobAnswer,
  MAX_STAGES,
  PROGRESS_WORDS,
  type ToWorker,
} from '../../engine/runtime/messages.ts';
import { createStore, type MainStore } from '../../engine/store/store.ts';
import { describeFunction } from '../../engine/tasks/functions.ts';
import { encodeArgs } from '../../engine/tasks/places.ts';
import { type CallJob, INLINE_BYTES, type ValuePlace } from '../../engine/tasks/types.ts';
import { decodeValue, readyToDecode } from '../../engine/tasks/values.ts';

/** One built worker thread, spoken to by its protocol alone: what the pool does with it is tested elsewhere. */
export interface TestWorker {
  readonly store: MainStore;
  readonly worker: Worker;
  readonly words: Float64Array;
  /** Messages with answers, in the order they came. */
  readonly messages: (readonly JobAnswer[])[];
  /** 'exit' code and the error the thread died of. */
  readonly death: Promise<{ code: number; error: Error | null }>;
  send(m: ToWorker): void;
  /** Numbers the function and tells it; the same number for the same function. */
  fn(f: unknown): number;
  job(f: unknown, args?: readonly unknown[], more?: Partial<CallJob>): CallJob;
  answer(id: number): Promise<JobAnswer>;
  /** Runs one job to its answer. */
  call(f: unknown, args?: readonly unknown[], more?: Partial<CallJob>): Promise<JobAnswer>;
  value(place: ValuePlace): Promise<unknown>;
  end(): Promise<void>;
}

const noRefs = (_v: object): _v is never => false;

export interface WorkerOptions {
  readonly stdout?: boolean;
  readonly inline?: number;
}

export function startWorker(options: WorkerOptions = {}): TestWorker {
  const store = createStore({ limit: 64 << 20, threads: 2 });
  const words = new Float64Array(new SharedArrayBuffer(8 * 2 * JOB_WORDS));
  words[JOB.INLINE] = options.inline ?? INLINE_BYTES;
  const worker = new Worker(new URL('../../dist/worker.cjs', import.meta.url), {
    execArgv: [],
    stdout: options.stdout ?? false,
    stderr: options.stdout ?? false,
    workerData: {
      store: store.handle,
      thread: 1,
      control: new SharedArrayBuffer(4 * (1 + MAX_STAGES)),
      progress: new SharedArrayBuffer(8 * PROGRESS_WORDS * 2),
      jobs: words.buffer,
      io: null,
      trace: false,
      batchRows: null,
    },
  });
  let error: Error | null = null;
  worker.on('error', (e: Error) => {
    error = e;
  });
  const death = new Promise<{ code: number; error: Error | null }>((resolve) => {
    worker.on('exit', (code) => resolve({ code, error }));
  });
  const messages: (readonly JobAnswer[])[] = [];
  const got = new Map<number, JobAnswer>();
  const waiting = new Map<number, (a: JobAnswer) => void>();
  worker.on('message', (m: FromWorker) => {
    if (m.type !== 'done') return;
    messages.push(m.answers);
    for (const a of m.answers) {
      // As the pool does: the results are the driver's once it has heard of them.
      if (a.ok && 'results' in a) store.adopt(a.results.flatMap((r) => (r.kind === 'object' ? [r.object] : [])));
      got.set(a.id, a);
      waiting.get(a.id)?.(a);
    }
  });
  const numbers = new Map<unknown, number>();
  let ids = 0;
  const self: TestWorker = {
    store,
    worker,
    words: words.subarray(JOB_WORDS),
    messages,
    death,
    send: (m) => worker.postMessage(m),
    fn(f) {
      const known = numbers.get(f);
      if (known !== undefined) return known;
      const fn = numbers.size + 1;
      numbers.set(f, fn);
      self.send({ type: 'function', fn, source: describeFunction(f) });
      return fn;
    },
    job(f, args = [], more = {}) {
      const encoded = encodeArgs(store, args, noRefs);
      return {
        type: 'call',
        id: ++ids,
        fn: self.fn(f),
        args: encoded === null ? null : { shape: encoded.shape, values: [] },
        returns: null,
        name: 'test',
        attempt: 1,
        actor: null,
        ...more,
      };
    },
    answer: (id) => {
      const a = got.get(id);
      return a !== undefined ? Promise.resolve(a) : new Promise((resolve) => waiting.set(id, resolve));
    },
    call(f, args, more) {
      const job = self.job(f, args, more);
      self.send({ type: 'jobs', jobs: [job] });
      return self.answer(job.id);
    },
    async value(place) {
      if (place.kind === 'plain') return place.value;
      const lease = place.kind === 'object' ? store.readBytes(place.object, place.offset, place.bytes) : null;
      const bytes = place.kind === 'object' ? (lease?.view as Uint8Array) : place.bytes;
      await readyToDecode(bytes);
      const value = decodeValue(bytes, { copy: true });
      lease?.release();
      return value;
    },
    async end() {
      store.markDying(1);
      await worker.terminate();
      store.close();
    },
  };
  return self;
}
