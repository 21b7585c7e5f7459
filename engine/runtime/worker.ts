import { parentPort, workerData } from 'node:worker_threads';
import { errorToData } from '../errors.ts';
import { arenaScratch } from '../memory/scratch.ts';
import { attachStore, type StoreHandle } from '../store/store.ts';
import { freeShared, StageSatisfied, taskContext, type WorkerState } from './context.ts';
import type { FromWorker, RelationData, StageMessage, TaskMessage, ToWorker, WorkerInit } from './messages.ts';
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

async function perform(m: TaskMessage): Promise<FromWorker> {
  const known = stages.get(m.stage);
  if (known === undefined) return { type: 'failed', error: errorToData(new Error(`stage ${m.stage} is unknown here`)) };
  const ctx = taskContext(state, m.stage, m.index, known.grant, known.sides);
  let kept = false;
  store.beginTask();
  try {
    const { rows, output } = await runTask(known, m.input, ctx);
    kept = true;
    return { type: 'done', rows, output };
  } catch (e) {
    if (e instanceof StageSatisfied) return { type: 'done', rows: 0, output: { kind: 'collect', refs: [] } };
    return { type: 'failed', error: errorToData(e) };
  } finally {
    state.scratch.reset();
    store.endTask(kept);
  }
}

port.on('message', (m: ToWorker) => {
  if (m.type === 'stage') learn(m);
  else if (m.type === 'task') void perform(m).then((answer) => port.postMessage(answer));
  else {
    stages.clear();
    freeShared(state);
    state.scratch.release();
  }
});
