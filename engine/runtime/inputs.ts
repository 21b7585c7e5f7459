import type { Split } from '../formats/def.ts';
import type { BatchRef } from '../store/types.ts';
import type { Schema } from '../types.ts';
import type { PartitionData, TaskInput } from './messages.ts';
import { type Relation, refsOf } from './relations.ts';
import type { FileStamp } from './stamp.ts';

/** About this many bytes of materialised batches make one task. */
const TASK_BYTES = 8 * 2 ** 20;

/** Neighbouring splits of a file are one task up to `bytes` bytes. `stamps`: by file of the source. */
export function splitTasks(splits: readonly Split[], stamps: readonly (FileStamp | null)[], bytes = 0): TaskInput[] {
  const groups: [Split, ...Split[]][] = [];
  let sum = 0;
  for (const split of splits) {
    const group = groups[groups.length - 1];
    sum += split.bytes;
    if (group !== undefined && group[0].file === split.file && sum <= bytes) group.push(split);
    else {
      groups.push([split]);
      sum = split.bytes;
    }
  }
  return groups.map(([split, ...more]) => ({ kind: 'split', split, more, stamp: stamps[split.file] ?? null }));
}

interface Part {
  schema: Schema;
  refs: BatchRef[];
  skip: number;
  first: number;
}

/**
 * Cuts relations, read one after another, into tasks of contiguous batches. `skip` counts rows of the whole; batches before it are not
 * read at all. Task bounds do not show in the result: rows keep their order and outputs are joined in task order.
 */
export function streamTasks(relations: readonly Relation[], skip: number, taskBytes = TASK_BYTES): TaskInput[] {
  const tasks: TaskInput[] = [];
  let parts: Part[] = [];
  let bytes = 0;
  const flush = (): void => {
    if (parts.length > 0) tasks.push({ kind: 'refs', parts });
    parts = [];
    bytes = 0;
  };
  let at = 0;
  for (const r of relations) {
    let part: Part | null = null;
    for (const ref of refsOf(r)) {
      if (at + ref.rows > skip) {
        // The first part may begin within a batch; the batches of one relation share a part.
        if (part === null) {
          part = { schema: r.schema, refs: [], skip: Math.max(0, skip - at), first: Math.max(0, at - skip) };
          parts.push(part);
        }
        part.refs.push(ref);
        bytes += ref.bytes;
        if (bytes >= taskBytes) {
          flush();
          part = null;
        }
      }
      at += ref.rows;
    }
  }
  flush();
  return tasks;
}

/** References a task reads, for releasing them when it is done. */
export function refsOfTask(input: TaskInput): readonly BatchRef[] {
  if (input.kind === 'refs') return input.parts.flatMap((p) => p.refs);
  if (input.kind === 'partition') return input.inputs.flatMap(own);
  if (input.kind === 'encode') return input.refs;
  return [];
}

/** What only this task reads. */
function own(p: PartitionData): readonly BatchRef[] {
  if (p.by === 'pieces') return p.pieces;
  return p.whole ? p.slices.flatMap((s) => s.batches) : [];
}
