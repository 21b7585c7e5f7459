import type { Split } from '../formats/def.ts';
import type { BatchRef } from '../store/types.ts';
import type { Schema } from '../types.ts';
import type { TaskInput } from './messages.ts';
import { refsOf, type Relation } from './relations.ts';

/** About this many bytes of materialised batches make one task. */
const TASK_BYTES = 8 * 2 ** 20;

export function splitTasks(splits: readonly Split[]): TaskInput[] {
  return splits.map((split) => ({ kind: 'split', split }));
}

interface Part {
  schema: Schema;
  refs: BatchRef[];
  skip: number;
  take: number | null;
}

/**
 * Cuts relations, read one after another, into tasks of contiguous batches. `skip` and `take` count rows of the whole; batches outside are not
 * read at all. Task bounds do not show in the result: rows keep their order and outputs are joined in task order.
 */
export function streamTasks(relations: readonly Relation[], skip: number, take: number | null, taskBytes = TASK_BYTES): TaskInput[] {
  const tasks: TaskInput[] = [];
  let parts: Part[] = [];
  let bytes = 0;
  const flush = (): void => {
    if (parts.length > 0) tasks.push({ kind: 'refs', parts });
    parts = [];
    bytes = 0;
  };
  let at = 0;
  const end = take === null ? Number.POSITIVE_INFINITY : skip + take;
  for (const r of relations) {
    let part: Part | null = null;
    for (const ref of refsOf(r)) {
      const from = Math.max(at, skip);
      const to = Math.min(at + ref.rows, end);
      if (from < to) {
        // A cut batch is a part of its own; whole batches of one relation share a part.
        const whole = from === at && to === at + ref.rows;
        if (part === null || !whole || part.take !== null) {
          part = { schema: r.schema, refs: [], skip: from - at, take: whole ? null : to - from };
          parts.push(part);
        }
        part.refs.push(ref);
        if (!whole) part = null;
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
  if (input.kind === 'partition') return input.inputs.flatMap((p) => (p.by === 'pieces' ? p.pieces : []));
  if (input.kind === 'encode') return input.refs;
  return [];
}
