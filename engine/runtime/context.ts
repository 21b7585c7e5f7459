import { RunError } from '../errors.ts';
import type { Scratch } from '../memory/types.ts';
import type { RelationReader, TaskContext } from '../operators/def.ts';
import type { Tally } from '../operators/expect.ts';
import type { SideInput } from '../plan.ts';
import { relationReader } from '../shuffle/reader.ts';
import type { Store } from '../store/types.ts';
import { PROGRESS_WORDS, type RelationData } from './messages.ts';

/** Thrown inside a task whose stage already has all the rows it needs; the worker turns it into an empty result. */
export class StageSatisfied extends Error {
  override readonly name = 'StageSatisfied';
}

/** What lives as long as a worker thread. */
export interface WorkerState {
  readonly store: Store;
  readonly scratch: Scratch;
  readonly control: Int32Array;
  readonly progress: Float64Array;
  readonly thread: number;
  /** Values shared by the tasks of a run (join tables over broadcast sides); freed when the run ends. */
  readonly shared: Map<string, unknown>;
}

export interface TaskScope extends TaskContext {
  /** What its checks counted. */
  readonly tallies: Tally[];
  rowsFrom?: TaskContext['rowsFrom'];
  first?: TaskContext['first'];
  /** Adds to this worker's progress counters. */
  count(rowsRead: number, bytesRead: number, rowsOut: number): void;
}

export function taskContext(
  state: WorkerState,
  stage: number,
  index: number,
  grant: number,
  sides: ReadonlyMap<number, RelationData>,
): TaskScope {
  const base = state.thread * PROGRESS_WORDS;
  const check = (): void => {
    if (Atomics.load(state.control, 0) !== 0) throw new RunError('FLOW7012', 'the run was interrupted');
    if (Atomics.load(state.control, 1 + stage) !== 0) throw new StageSatisfied();
  };
  const tallies: Tally[] = [];
  return {
    tallies,
    tally: (t) => void tallies.push(t),
    scratch: state.scratch,
    store: state.store,
    grant,
    index,
    check,
    side: (input: SideInput): RelationReader => {
      const data = sides.get(input.relation);
      if (data === undefined) throw new Error(`relation ${input.relation} is not a side of stage ${stage}`);
      return relationReader(state.store, data.refs, data.schema);
    },
    shared<V>(key: string, make: () => V): V {
      const full = `${stage}:${key}`;
      if (!state.shared.has(full)) state.shared.set(full, make());
      return state.shared.get(full) as V;
    },
    reject(rows) {
      state.progress[base + 3] = (state.progress[base + 3] as number) + rows;
    },
    count(rowsRead, bytesRead, rowsOut) {
      const p = state.progress;
      p[base] = (p[base] as number) + rowsRead;
      p[base + 1] = (p[base + 1] as number) + bytesRead;
      p[base + 2] = (p[base + 2] as number) + rowsOut;
    },
  };
}

/** Frees what the tasks of a run shared; values that hold store memory have a `free` method. */
export function freeShared(state: WorkerState): void {
  for (const v of state.shared.values()) {
    if (typeof v === 'object' && v !== null && 'free' in v && typeof v.free === 'function') v.free();
  }
  state.shared.clear();
}
