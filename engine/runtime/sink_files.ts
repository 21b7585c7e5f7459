import { folderParts } from '../formats/partition_runs.ts';
import type { Stage } from '../plan.ts';
import type { BatchRef } from '../store/types.ts';
import { partitionOf } from './graph.ts';
import type { TaskInput, TaskOutput } from './messages.ts';
import type { Outputs } from './outputs.ts';

type EncodeInput = Extract<TaskInput, { kind: 'encode' }>;

/** The files that the collected rows of a sink become: one, or one for each folder. */
export function sinkFiles(
  stage: Stage,
  refs: readonly BatchRef[],
  outputs: ReadonlyMap<number, TaskOutput>,
  places: Outputs,
): EncodeInput[] {
  const base = { kind: 'encode', schema: stage.schema } as const;
  if (stage.output.kind !== 'sink' || partitionOf(stage.output) === null)
    return [{ ...base, refs, cut: null, place: places.place(stage) }];
  const runs = [...outputs]
    .sort(([a], [b]) => a - b)
    .flatMap(([, output]) => (output.kind === 'collect' ? (output.folders ?? []) : []));
  const within = new RefRanges(refs);
  return folderParts(runs).map(({ folder, skip, rows }) => {
    const found = within.find(skip, rows);
    return { ...base, refs: found.refs, cut: { skip: found.skip, take: rows }, place: places.part(stage, folder) };
  });
}

/** Finds the batches of ranges of rows that are asked for in order. */
class RefRanges {
  readonly #refs: readonly BatchRef[];
  #at = 0;
  /** Rows before the batch `#at`. */
  #before = 0;

  constructor(refs: readonly BatchRef[]) {
    this.#refs = refs;
  }

  find(skip: number, rows: number): { refs: readonly BatchRef[]; skip: number } {
    const rowsAt = (i: number): number => this.#refs[i]?.rows ?? Number.POSITIVE_INFINITY;
    while (this.#before + rowsAt(this.#at) <= skip) this.#before += rowsAt(this.#at++);
    let end = this.#at;
    for (let n = this.#before; n < skip + rows && end < this.#refs.length; end++) n += rowsAt(end);
    return { refs: this.#refs.slice(this.#at, end), skip: skip - this.#before };
  }
}
