import { writeSync } from 'node:fs';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { setMorselRows } from '../batch/column.ts';
import { type HostFunction, hostFunctionsOf } from '../host/def.ts';
import { loadHost } from '../host/load.ts';
import { tearDown } from '../host/teardown.ts';
import { setWatchWords } from '../host/watch.ts';
import { arenaScratch } from '../memory/scratch.ts';
import { attachStore, type StoreHandle, type ThreadStore } from '../store/store.ts';
import { type CallContext, runCall } from '../tasks/execute.ts';
import { type Between, JobLoop } from '../tasks/job_loop.ts';
import { thrownData } from '../tasks/thrown.ts';
import type { FunctionSource } from '../tasks/types.ts';
import { stageName } from '../trace/names.ts';
import { freeShared, StageSatisfied, taskContext, type WorkerState } from './context.ts';
import {
  type FromWorker,
  JOB,
  JOB_WORDS,
  type RelationData,
  type TaskDone,
  type TaskMessage,
  type ToWorker,
  takeClaim,
  type WorkerInit,
} from './messages.ts';
import { runTask, type StageScope } from './task.ts';

interface KnownStage extends StageScope {
  /** Functions of the user's that its steps call. */
  readonly host: readonly HostFunction[];
  readonly sides: ReadonlyMap<number, RelationData>;
}

/** A worker thread: keeps the stages and functions it was told, runs one job at a time, answers each with references or an error. */
export class TaskThread {
  readonly #port: MessagePort;
  readonly #store: ThreadStore;
  readonly #state: WorkerState;
  readonly #stages = new Map<number, KnownStage>();
  readonly #functions = new Map<number, FunctionSource>();
  readonly #loop: JobLoop;
  readonly #calls: CallContext;
  #owner: string | null = null;
  #keep: (() => void) | null;

  /** `keep`: called once, when jobs have run and there is nothing to do. */
  constructor(port: MessagePort, init: WorkerInit, keep: (() => void) | null) {
    this.#port = port;
    this.#keep = keep;
    if (init.batchRows !== null) setMorselRows(init.batchRows);
    this.#store = attachStore(init.store as StoreHandle, init.thread, init.io);
    const words = new Float64Array(init.jobs);
    const own = words.subarray(init.thread * JOB_WORDS, (init.thread + 1) * JOB_WORDS);
    setWatchWords(own.subarray(JOB.CALL, JOB.TEARDOWN + 1));
    this.#state = {
      store: this.#store,
      scratch: arenaScratch(this.#store),
      control: new Int32Array(init.control),
      progress: new Float64Array(init.progress),
      thread: init.thread,
      shared: new Map(),
    };
    const loop = this.#makeLoop(init.trace, own, new Int32Array(init.claims));
    this.#loop = loop;
    this.#calls = {
      store: this.#store,
      functions: this.#functions,
      actors: new Map(),
      get signal() {
        return loop.signal;
      },
      get inline() {
        return words[JOB.INLINE] as number;
      },
    };
  }

  /** Takes jobs from now on. */
  listen(): void {
    /*
     * What user code throws outside of its task (in a timer, in a promise nobody awaits) ends the thread: nothing in it can be trusted any more. The job that
     * runs then is tried again and keeps the message; when none runs nobody would hear of it.
     */
    process.on('uncaughtExceptionMonitor', (e: unknown) => {
      if (this.#loop.running !== null) return;
      const { name, message, stack } = thrownData(e);
      writeSync(2, `flowc: an error outside of any task ended a worker thread: ${stack ?? `${name}: ${message}`}\n`);
    });
    this.#port.on('message', (m: ToWorker) => this.#receive(m));
  }

  #makeLoop(trace: boolean, words: Float64Array, claims: Int32Array): JobLoop {
    const store = this.#store;
    return new JobLoop({
      claim: (m) => takeClaim(claims, m),
      runTask: (m) => this.#runTask(m),
      runCall: (job) => {
        this.#own(job.name);
        return runCall(job, this.#calls);
      },
      between: (m) => this.#between(m),
      beginTask: () => store.beginTask(),
      endTask: (keep) => store.endTask(keep),
      post: (answers) => this.#post({ type: 'done', answers }),
      poll: () => {
        for (let m = receiveMessageOnPort(this.#port); m !== undefined; m = receiveMessageOnPort(this.#port)) {
          this.#receive(m.message as ToWorker);
        }
      },
      takeEvents: () => (trace ? store.takeEvents() : null),
      reset: () => this.#state.scratch.reset(),
      idle: () => {
        this.#keep?.();
        this.#keep = null;
      },
      words,
    });
  }

  #between(m: Between): void {
    if (m.type === 'stage') {
      this.#stages.set(m.stage.id, {
        stage: m.stage,
        grant: m.grant,
        bits: m.bits,
        bounds: m.bounds,
        firsts: m.firsts,
        host: hostFunctionsOf(m.stage),
        sides: new Map(m.sides.map((s) => [s.relation, s.data])),
      });
    } else if (m.type === 'end') {
      this.#stages.clear();
      freeShared(this.#state);
      this.#state.scratch.release();
    } else for (const id of m.actors) this.#calls.actors.delete(id);
  }

  async #runTask(m: TaskMessage): Promise<TaskDone> {
    const known = this.#stages.get(m.stage);
    if (known === undefined) throw new Error(`stage ${m.stage} is unknown here`);
    this.#own(stageName(known.stage));
    if (known.host.length > 0) await loadHost(known.host);
    const ctx = taskContext(this.#state, m.stage, m.index, known.grant, known.sides);
    try {
      const { rows, output } = await runTask(known, m.input, ctx);
      return { type: 'done', rows, output, ...(ctx.tallies.length === 0 ? {} : { tallies: ctx.tallies }) };
    } catch (e) {
      if (e instanceof StageSatisfied) return { type: 'done', rows: 0, output: { kind: 'collect', refs: [] } };
      throw e;
    }
  }

  /** What is spilled and restored from now on is told under this name. */
  #own(label: string): void {
    if (this.#owner === label) return;
    this.#owner = label;
    this.#store.owner(label);
  }

  #receive(m: ToWorker): void {
    if (m.type === 'jobs') this.#loop.add(m.jobs);
    else if (m.type === 'cancel') this.#loop.cancel(m);
    else if (m.type === 'teardown') void this.#end();
    else if (m.type === 'function') this.#functions.set(m.fn, m.source);
    else this.#loop.add([m]);
  }

  async #end(): Promise<void> {
    const failures = await tearDown((path) => this.#post({ type: 'ending', path }));
    this.#post({ type: 'ended', failures });
  }

  #post(m: FromWorker): void {
    this.#port.postMessage(m);
  }
}
