import type { JobEvent, WorkerPool } from '../runtime/pool.ts';
import { placesOf } from '../runtime/references.ts';
import type { StageEvent } from '../runtime/run.ts';
import type { Store, StoreStats } from '../store/types.ts';
import { stageName } from './names.ts';
import type { EngineStats, OwnerBytes, TaskCounts } from './stats.ts';
import { Trace } from './trace.ts';

/** Memory is looked at so often while something runs. */
const SAMPLE_MS = 100;

/** Looks at an engine from the driver: who holds memory when most is in use, and, where it is wanted, a trace of everything. */
export class Monitor {
  readonly trace: Trace | null;
  readonly #store: Store;
  #peak = 0;
  #peakOwners: readonly OwnerBytes[] = [];
  #timer: NodeJS.Timeout | null = null;
  #sampled = 0;

  constructor(store: Store, pool: WorkerPool, traced: boolean) {
    this.#store = store;
    this.trace = traced ? new Trace(performance.timeOrigin + performance.now()) : null;
    const { trace } = this;
    if (trace === null) return;
    pool.onJob = (e) => {
      trace.job(e, argsOf(e));
      // Calls of tasks come without a run.
      if (performance.now() - this.#sampled > SAMPLE_MS) this.sample();
    };
  }

  /** Something runs from now on. */
  start(): void {
    if (this.#timer !== null) return;
    this.sample();
    this.#timer = setInterval(() => this.sample(), SAMPLE_MS);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.sample();
  }

  sample(): void {
    this.#sampled = performance.now();
    const s = this.#store.stats();
    const used = s.objectBytes + s.workingBytes;
    if (used > this.#peak) {
      this.#peak = used;
      this.#peakOwners = sorted(s.owners);
    }
    this.trace?.memory(used, s.owners);
  }

  stage(run: number, e: StageEvent): void {
    if (e.state === 'task') return;
    const args = e.state === 'start' ? { tasks: e.tasks, plan: e.stage.label } : { rows: e.rows };
    this.trace?.stage(`${run}.${e.stage.id}`, stageName(e.stage), e.state, args);
  }

  stats(tasks: TaskCounts): EngineStats {
    const s: StoreStats = this.#store.stats();
    const { spilledBytes, spilledObjects, spillMs, restoredBytes, restoredObjects, restoreMs } = s;
    return {
      memory: {
        limit: s.limit,
        used: s.objectBytes + s.workingBytes,
        peak: s.peakBytes,
        objects: s.objects,
        objectBytes: s.objectBytes,
        owners: sorted(s.owners),
        peakOwners: this.#peakOwners,
      },
      spill: { spilledBytes, spilledObjects, spillMs, restoredBytes, restoredObjects, restoreMs },
      operators: s.operators,
      tasks,
      disk: { bytes: s.diskBytes },
    };
  }
}

function argsOf({ done }: JobEvent): Readonly<Record<string, number>> {
  if (done === undefined) return {};
  return { rows: done.rows, bytes: placesOf(done.output).reduce((n, p) => n + p.bytes, 0) };
}

function sorted(owners: readonly OwnerBytes[]): OwnerBytes[] {
  return owners.filter((o) => o.bytes > 0).sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
}
