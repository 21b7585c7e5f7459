import { parentPort, workerData } from 'node:worker_threads';
import { errorToData } from '../errors.ts';
import { arenaScratch } from '../memory/scratch.ts';
import { attachStore, type StoreHandle } from '../store/store.ts';
import { freeShared, StageSatisfied, taskContext, type WorkerState } from './context.ts';
import type {
  FromWorker,
  JobAnswer,
  JobsMessage,
  RelationData,
  StageMessage,
  TaskMessage,
  ToWorker,
  WorkerInit,
} from './messages.ts';
import { JOB, JOB_WORDS } from './messages.ts';
import { runTask, type StageScope } from './task.ts';

/** A worker thread: keeps the stages it was told, runs one task at a time, answers each with references or an error. */
const init = workerData as WorkerInit;
const port = parentPort;
if (port === null) throw new Error('the worker module runs in a worker thread only');
const store = attachStore(init.store as StoreHandle, init.thread);

const state: WorkerState = {
  store,
  scratch: arenaScratch(store),
  control: new Int32Array(init.control),
  progress: new Float64Array(init.progress),
  thread: init.thread,
  shared: new Map(),
};

interface KnownStage extends StageScope {
  readonly sides: ReadonlyMap<number, RelationData>;
}

const stages = new Map<number, KnownStage>();

function learn(m: StageMessage): void {
  stages.set(m.stage.id, {
    stage: m.stage,
    grant: m.grant,
    bits: m.bits,
    sides: new Map(m.sides.map((s) => [s.relation, s.data])),
  });
}

async function perform(m: TaskMessage): Promise<JobAnswer> {
  const start = performance.timeOrigin + performance.now();
  const words = new Float64Array(init.jobs, init.thread * JOB_WORDS * 8, JOB_WORDS);
  words[JOB.START] = start;
  words[JOB.RUNNING] = m.id;
  const known = stages.get(m.stage);
  const ms = (): number => performance.timeOrigin + performance.now() - start;
  let kept = false;
  store.beginTask();
  try {
    if (known === undefined) throw new Error(`stage ${m.stage} is unknown here`);
    const ctx = taskContext(state, m.stage, m.index, known.grant, known.sides);
    const { rows, output } = await runTask(known, m.input, ctx);
    kept = true;
    return { id: m.id, start, ms: ms(), ok: true, output: { type: 'done', rows, output } };
  } catch (e) {
    if (e instanceof StageSatisfied)
      return {
        id: m.id,
        start,
        ms: ms(),
        ok: true,
        output: { type: 'done', rows: 0, output: { kind: 'collect', refs: [] } },
      };
    return { id: m.id, start, ms: ms(), ok: false, error: errorToData(e), thrown: false };
  } finally {
    state.scratch.reset();
    store.endTask(kept);
    words[JOB.RUNNING] = 0;
  }
}

async function performAll(jobs: JobsMessage['jobs']): Promise<void> {
  for (const job of jobs) {
    if (job.type !== 'task') throw new Error(`a job of type ${job.type} is unknown here`);
    const answer = await perform(job);
    port?.postMessage({ type: 'done', answers: [answer] } satisfies FromWorker);
  }
}

port.on('message', (m: ToWorker) => {
  if (m.type === 'stage') learn(m);
  else if (m.type === 'jobs') void performAll(m.jobs);
  else if (m.type === 'end') {
    stages.clear();
    freeShared(state);
    state.scratch.release();
  }
});
