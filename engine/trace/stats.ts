import type { ExchangeSummary } from '../runtime/run.ts';

/** Bytes of working memory by who holds it; the store's objects among them as `objects`. */
export interface OwnerBytes {
  readonly name: string;
  readonly bytes: number;
}

/** What was written to spill files and read back. */
export interface SpillTotals {
  readonly spilledBytes: number;
  readonly spilledObjects: number;
  /** Milliseconds spent, of all threads together. */
  readonly spillMs: number;
  readonly restoredBytes: number;
  readonly restoredObjects: number;
  readonly restoreMs: number;
}

/** What one step spilled (objects it made) and restored (data it read back). */
export interface OperatorSpill extends SpillTotals {
  /** The stage as the user would name it, or the task's name. */
  readonly name: string;
}

export interface TaskCounts {
  /** Wait for other tasks, or for a worker. */
  readonly waiting: number;
  readonly ready: number;
  readonly running: number;
  readonly done: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Tries that were repeated because a worker died or an input was lost. */
  readonly retries: number;
  /** Tasks that were run again because what they had made was lost. */
  readonly reconstructions: number;
  readonly workersLost: number;
}

/** Figures of an engine since it was made, or of one run (then what counts up is the difference). Plain data. */
export interface EngineStats {
  readonly memory: {
    /** Bytes: the limit, in use now, the most that was in use. */
    readonly limit: number;
    readonly used: number;
    readonly peak: number;
    /** Objects alive, and their bytes in memory. */
    readonly objects: number;
    readonly objectBytes: number;
    /** Largest first. */
    readonly owners: readonly OwnerBytes[];
    /** Who held what when most was seen in use; looked at ten times a second while a run goes on. */
    readonly peakOwners: readonly OwnerBytes[];
  };
  readonly spill: SpillTotals;
  /** Steps that spilled or restored something. */
  readonly operators: readonly OperatorSpill[];
  readonly tasks: TaskCounts;
  /** Bytes in spill files now. */
  readonly disk: { readonly bytes: number };
}

/** The figures of one run. */
export interface RunStats extends EngineStats {
  readonly exchanges: readonly ExchangeSummary[];
  readonly ms: number;
}

const SPILL_KEYS = [
  'spilledBytes',
  'spilledObjects',
  'spillMs',
  'restoredBytes',
  'restoredObjects',
  'restoreMs',
] as const satisfies readonly (keyof SpillTotals)[];

function spillBetween(before: SpillTotals | undefined, after: SpillTotals): SpillTotals {
  const entries = SPILL_KEYS.map((k) => [k, after[k] - (before?.[k] ?? 0)] as const);
  return Object.fromEntries(entries) as unknown as SpillTotals;
}

const COUNTED = ['done', 'failed', 'cancelled', 'retries', 'reconstructions', 'workersLost'] as const;

/** What happened between two looks at an engine; what is there now is as of the second. */
export function statsBetween(before: EngineStats, after: EngineStats): EngineStats {
  const known = new Map(before.operators.map((o) => [o.name, o]));
  const operators = after.operators
    .map((o) => ({ name: o.name, ...spillBetween(known.get(o.name), o) }))
    .filter((o) => o.spilledObjects + o.restoredObjects > 0);
  const counted = Object.fromEntries(COUNTED.map((k) => [k, after.tasks[k] - before.tasks[k]]));
  return {
    ...after,
    spill: spillBetween(before.spill, after.spill),
    operators,
    tasks: { ...after.tasks, ...counted },
  };
}

export const NO_TASKS: TaskCounts = {
  waiting: 0,
  ready: 0,
  running: 0,
  done: 0,
  failed: 0,
  cancelled: 0,
  retries: 0,
  reconstructions: 0,
  workersLost: 0,
};

/** Counts of both together. */
export function addTasks(a: TaskCounts, b: Partial<TaskCounts>): TaskCounts {
  const keys = Object.keys(NO_TASKS) as (keyof TaskCounts)[];
  return Object.fromEntries(keys.map((k) => [k, a[k] + (b[k] ?? 0)])) as unknown as TaskCounts;
}
