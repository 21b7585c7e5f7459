import { writeSync } from 'node:fs';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type HostFunction, hostFunctionsOf } from '../host/def.ts';
import { loadHost } from '../host/load.ts';
import { tearDown } from '../host/teardown.ts';
import { setWatchWords } from '../host/watch.ts';
import { arenaScratch } from '../memory/scratch.ts';
import { attachStore, type StoreHandle } from '../store/store.ts';
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
  type StageMessage,
  type TaskDone,
  type TaskMessage,
  type ToWorker,
  type WorkerInit,
} from './messages.ts';
import { runTask, type StageScope } from './task.ts';

/** A worker thread: keeps the stages and functions it was told, runs one job at a time, answers each with references or an error. */
const port = parentPort;
if (port === null) throw new Error('the worker module runs in a worker thread only');

/** What comes to a thread that was started before its engine, while it gets ready. */
const early: ToWorker[] = [];
const hold = (m: ToWorker): void => void early.push(m);

/** What the thread works on: of one that was started before its engine, the first message. */
function initFrom(messages: MessagePort): WorkerInit | Promise<WorkerInit> {
  if (workerData !== null) return workerData as WorkerInit;
  return new Promise((resolve) => {
    messages.once('message', (m: WorkerInit) => {
      messages.on('message', hold);
      resolve(m);
    });
  });
}

const init = await initFrom(port);

const store = attachStore(init.store as StoreHandle, init.thread, init.io);
const words = new Float64Array(init.jobs);
setWatchWords(words.subarray(init.thread * JOB_WORDS + JOB.CALL, init.thread * JOB_WORDS + JOB.TEARDOWN + 1));

const state: WorkerState = {
  store,
  scratch: arenaScratch(store),
  control: new Int32Array(init.control),
  progress: new Float64Array(init.progress),
  thread: init.thread,
  shared: new Map(),
};

interface KnownStage extends StageScope {
  /** Functions of the user's that its steps call. */
  readonly host: readonly HostFunction[];
  readonly sides: ReadonlyMap<number, RelationData>;
}

const stages = new Map<number, KnownStage>();
const functions = new Map<number, FunctionSource>();

function learn(m: StageMessage): void {
  stages.set(m.stage.id, {
    stage: m.stage,
    grant: m.grant,
    bits: m.bits,
    bounds: m.bounds,
    firsts: m.firsts,
    host: hostFunctionsOf(m.stage),
    sides: new Map(m.sides.map((s) => [s.relation, s.data])),
  });
}

function forgetRun(): void {
  stages.clear();
  freeShared(state);
  state.scratch.release();
}

async function runStageTask(m: TaskMessage): Promise<TaskDone> {
  const known = stages.get(m.stage);
  if (known === undefined) throw new Error(`stage ${m.stage} is unknown here`);
  own(stageName(known.stage));
  if (known.host.length > 0) await loadHost(known.host);
  const ctx = taskContext(state, m.stage, m.index, known.grant, known.sides);
  try {
    const { rows, output } = await runTask(known, m.input, ctx);
    return { type: 'done', rows, output, ...(ctx.tallies.length === 0 ? {} : { tallies: ctx.tallies }) };
  } catch (e) {
    if (e instanceof StageSatisfied) return { type: 'done', rows: 0, output: { kind: 'collect', refs: [] } };
    throw e;
  }
}

const post = (m: FromWorker): void => port.postMessage(m);

let owner: string | null = null;

/** What is spilled and restored from now on is told under this name. */
function own(label: string): void {
  if (owner === label) return;
  owner = label;
  store.owner(label);
}

const loop: JobLoop = new JobLoop({
  runTask: runStageTask,
  runCall: (job) => {
    own(job.name);
    return runCall(job, calls);
  },
  between(m: Between) {
    if (m.type === 'stage') learn(m);
    else if (m.type === 'end') forgetRun();
    else for (const id of m.actors) calls.actors.delete(id);
  },
  beginTask: () => store.beginTask(),
  endTask: (keep) => store.endTask(keep),
  post: (answers) => post({ type: 'done', answers }),
  poll() {
    for (let m = receiveMessageOnPort(port); m !== undefined; m = receiveMessageOnPort(port)) {
      receive(m.message as ToWorker);
    }
  },
  takeEvents: () => (init.trace ? store.takeEvents() : null),
  reset: () => state.scratch.reset(),
  words: words.subarray(init.thread * JOB_WORDS, (init.thread + 1) * JOB_WORDS),
});

const calls: CallContext = {
  store,
  functions,
  actors: new Map(),
  get signal() {
    return loop.signal;
  },
  get inline() {
    return words[JOB.INLINE] as number;
  },
};

function receive(m: ToWorker): void {
  if (m.type === 'jobs') loop.add(m.jobs);
  else if (m.type === 'cancel') loop.cancel(m);
  else if (m.type === 'teardown') void end();
  else if (m.type === 'function') functions.set(m.fn, m.source);
  else loop.add([m]);
}

async function end(): Promise<void> {
  const failures = await tearDown((path) => post({ type: 'ending', path }));
  post({ type: 'ended', failures });
}

/**
 * What user code throws outside of its task (in a timer, in a promise nobody awaits) ends the thread: nothing in it can be trusted any more. The job that
 * runs then is tried again and keeps the message; when none runs nobody would hear of it.
 */
process.on('uncaughtExceptionMonitor', (e: unknown) => {
  if (loop.running !== null) return;
  const { name, message, stack } = thrownData(e);
  writeSync(2, `flowc: an error outside of any task ended a worker thread: ${stack ?? `${name}: ${message}`}\n`);
});

port.on('message', receive);
port.off('message', hold);
for (const m of early.splice(0)) receive(m);
