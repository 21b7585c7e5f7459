import type { Stage } from '../plan.ts';
import type { PartitionedOutput } from '../shuffle/types.ts';
import type { BatchRef, Store } from '../store/types.ts';
import type { TaskDone, TaskInput, TaskOutput } from './messages.ts';
import { objectsOf } from './references.ts';
import { releaseAll } from './relations.ts';
import { conserved } from './task_output.ts';

export interface PushOptions {
  readonly stage: Stage;
  readonly store: Store;
  /** Tasks that make rows, and how many of them, neighbours, make a round. */
  readonly maps: number;
  readonly round: number;
  readonly partitions: number;
  /** Bytes of pieces one merge task looks at at most, unless a single partition has more. */
  readonly groupBytes: number;
  /** Merge tasks at least, so that no worker is idle. */
  readonly slots: number;
  /** Runs a merge task. */
  readonly run: (task: number, input: TaskInput) => Promise<TaskDone>;
  /** What every task gave, by number. */
  readonly outputs: Map<number, TaskOutput>;
}

/** Partitions [from, to) go to one merge task. */
type Group = readonly [from: number, to: number];

/**
 * A push exchange: when all tasks of a round are done, merge tasks put its pieces together, a group of neighbouring partitions each, while the next round goes on; then
 * the round's own objects go. Rounds are neighbours in task order, and so are pieces within one: rows keep their order.
 */
export class PushExchange {
  readonly #o: PushOptions;
  readonly #left: number[];
  readonly #merged: Promise<TaskDone>[] = [];

  constructor(options: PushOptions) {
    this.#o = options;
    const rounds = Math.ceil(options.maps / options.round);
    this.#left = Array.from({ length: rounds }, (_, r) => Math.min(options.round, options.maps - r * options.round));
  }

  get rounds(): number {
    return this.#left.length;
  }

  /** A task that makes rows is done; its output is in `outputs`. */
  done(map: number): void {
    const r = Math.floor(map / this.#o.round);
    this.#left[r] = (this.#left[r] as number) - 1;
    if (this.#left[r] !== 0) return;
    const merged = this.#merge(r);
    // Whoever waits for all sees it; until then it must not count as unhandled.
    merged.catch(() => undefined);
    this.#merged[r] = merged;
  }

  /** The rounds in order, when all are merged. */
  async all(): Promise<TaskDone[]> {
    const ended = await Promise.allSettled(this.#merged);
    for (const e of ended) if (e.status === 'rejected') throw e.reason;
    return Promise.all(this.#merged);
  }

  /** What a merge task reads. */
  input(task: number): TaskInput {
    const { maps, partitions } = this.#o;
    const r = Math.floor((task - maps) / partitions);
    const outputs = this.#round(r);
    const group = groupsOf(outputs, partitions, this.#o)[(task - maps) % partitions];
    if (group === undefined) throw new Error(`there is no merge task ${task}`);
    return regroupInput(outputs, group);
  }

  #round(r: number): PartitionedOutput[] {
    const { maps, round, outputs } = this.#o;
    const out: PartitionedOutput[] = [];
    for (let i = r * round; i < Math.min(maps, (r + 1) * round); i++) {
      const o = outputs.get(i);
      if (o?.kind === 'hash') out.push(o.output);
    }
    return out;
  }

  async #merge(r: number): Promise<TaskDone> {
    const { stage, store, maps, round, partitions, outputs, run } = this.#o;
    const from = this.#round(r);
    const groups = groupsOf(from, partitions, this.#o);
    const parts = await Promise.all(
      groups.map(async (group, g) => {
        const task = maps + r * partitions + g;
        const done = await run(task, regroupInput(from, group));
        outputs.set(task, done.output);
        return done;
      }),
    );
    const pieces: BatchRef[][] = [];
    const rows: number[] = [];
    const bytes: number[] = [];
    for (const { output } of parts) {
      if (output.kind !== 'hash') continue;
      pieces.push(...output.output.pieces);
      rows.push(...output.output.rows);
      bytes.push(...output.output.bytes);
    }
    for (let p = 0; p < partitions; p++) {
      conserved(
        stage,
        'rows',
        from.reduce((n, o) => n + (o.rows[p] ?? 0), 0),
        rows[p] ?? 0,
      );
    }
    for (let i = r * round; i < Math.min(maps, (r + 1) * round); i++) {
      const o = outputs.get(i);
      if (o !== undefined) releaseAll(store, objectsOf(o));
    }
    return {
      type: 'done',
      rows: rows.reduce((a, b) => a + b, 0),
      output: { kind: 'hash', output: { pieces, rows, bytes } },
    };
  }
}

function groupsOf(
  outputs: readonly PartitionedOutput[],
  partitions: number,
  { groupBytes, slots }: PushOptions,
): Group[] {
  const weight = Array.from({ length: partitions }, (_, p) => outputs.reduce((n, o) => n + (o.bytes[p] ?? 0), 0));
  const fair = weight.reduce((a, b) => a + b, 0) / slots;
  const most = Math.max(1, Math.min(groupBytes, fair));
  const out: Group[] = [];
  for (let from = 0; from < partitions; ) {
    let to = from + 1;
    let sum = weight[from] as number;
    while (to < partitions && sum + (weight[to] as number) <= most) sum += weight[to++] as number;
    out.push([from, to]);
    from = to;
  }
  return out;
}

function regroupInput(outputs: readonly PartitionedOutput[], [from, to]: Group): TaskInput {
  const partitions: BatchRef[][] = [];
  for (let p = from; p < to; p++) partitions.push(outputs.flatMap((o) => o.pieces[p] ?? []));
  return { kind: 'regroup', partitions };
}
