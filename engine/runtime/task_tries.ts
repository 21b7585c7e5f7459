import { RunError } from '../errors.ts';
import { hostFunctionsOf } from '../host/def.ts';
import type { Stage } from '../plan.ts';
import type { ObjectId } from '../store/types.ts';
import type { TaskCounts } from '../trace/stats.ts';
import type { Lineage } from './lineage.ts';
import { lostObject } from './lost.ts';
import type { StageMessage, TaskDone, TaskInput } from './messages.ts';
import { NeverBegun, WorkerDied, type WorkerPool } from './pool.ts';
import { REMAKES } from './sinks.ts';

/** A task that lost its worker is tried this often in all. */
export const ATTEMPTS = 3;

/** Stands for all objects that a task made for itself. */
const OWN = -1;

/** Runs the tasks of a run, again when a worker dies or when what a task reads is lost and can be made again. */
export class TaskTries {
  readonly #run: number;
  readonly #pool: WorkerPool;
  readonly #lineage: Lineage;
  readonly #failure: () => Error | null;
  #done = 0;
  #failed = 0;
  #retries = 0;

  /** `failure`: why the run has failed already; nothing is tried again then. */
  constructor(run: number, pool: WorkerPool, lineage: Lineage, failure: () => Error | null) {
    this.#run = run;
    this.#pool = pool;
    this.#lineage = lineage;
    this.#failure = failure;
  }

  get counts(): Pick<TaskCounts, 'done' | 'failed' | 'retries'> {
    return { done: this.#done, failed: this.#failed, retries: this.#retries };
  }

  /** `attempts` 1: the task cannot be repeated. */
  async run(message: StageMessage, index: number, input: TaskInput, attempts = ATTEMPTS): Promise<TaskDone> {
    const remade = new Map<ObjectId, number>();
    for (let deaths = 0; ; ) {
      try {
        const done = await this.#pool.run(this.#lineage.message(message), {
          type: 'task',
          run: this.#run,
          stage: message.stage.id,
          index,
          input: this.#lineage.input(input),
        });
        this.#done++;
        return done;
      } catch (e) {
        this.#failed++;
        const failure = this.#failure();
        if (failure !== null) throw failure;
        const lost = lostObject(e);
        if (e instanceof NeverBegun) {
          this.#failed--;
          continue;
        }
        if (e instanceof WorkerDied) {
          if (++deaths >= attempts) throw deadWorker(message.stage, attempts, e);
        } else if (lost === null || attempts === 1 || !(await this.#remake(lost, remade))) throw e;
        // A try that is repeated is no failure of the task.
        this.#failed--;
        this.#retries++;
      }
    }
  }

  /** Makes it worth trying again; false: the same was lost too often. */
  async #remake(lost: ObjectId, remade: Map<ObjectId, number>): Promise<boolean> {
    const original = this.#lineage.originalOf(lost);
    const times = (remade.get(original) ?? 0) + 1;
    if (times > REMAKES) return false;
    remade.set(original, times);
    if (await this.#lineage.remake(lost)) return true;
    // No stage made it: the task had made it for itself, and will again.
    const own = (remade.get(OWN) ?? 0) + 1;
    remade.set(OWN, own);
    return own <= REMAKES;
  }
}

/** A process that exits is most likely the user's own. */
function advice(stage: Stage, e: WorkerDied): string {
  const [fn] = hostFunctionsOf(stage);
  if (e.how !== 'exit' || fn === undefined) return 'Fewer workers or more memory may help: --workers 1';
  return `${fn.name} (${fn.path}) runs there, and must not end its process (process.exit)`;
}

function deadWorker(stage: Stage, attempts: number, e: WorkerDied): RunError {
  const how = attempts === 1 ? 'in a task that cannot be repeated' : `${attempts} times in the same task`;
  return new RunError('FLOW7010', `a worker died ${how}: ${e.message}`, { step: stage.label }, advice(stage, e));
}
