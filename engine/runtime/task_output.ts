import type { Stage } from '../plan.ts';
import type { BatchRef, ObjectId } from '../store/types.ts';
import type { TaskDone, TaskOutput } from './messages.ts';
import { type Relation, type RelationContent, refsOf } from './relations.ts';

/** The result of a task that did not have to run. */
export const NOTHING: TaskDone = { type: 'done', rows: 0, output: { kind: 'collect', refs: [] } };

/** References to the first `rows` rows; the last one may name a part of its batch. */
export function firstRefs(refs: readonly BatchRef[], rows: number): BatchRef[] {
  const out: BatchRef[] = [];
  let left = rows;
  for (const ref of refs) {
    if (left <= 0) break;
    out.push(ref.rows <= left ? ref : { ...ref, rows: left, whole: ref.whole ?? ref.rows });
    left -= ref.rows;
  }
  return out;
}

/** Rows of the tasks that are done without a gap from the first. */
export function prefixRows(done: readonly (TaskDone | undefined)[]): number {
  let rows = 0;
  for (const d of done) {
    if (d === undefined) break;
    rows += d.rows;
  }
  return rows;
}

export function relationOf(stage: Stage, outputs: readonly TaskDone[], bits: number): Relation {
  const rows = outputs.reduce((n, o) => n + o.rows, 0);
  const content = contentOf(
    stage,
    outputs.map((o) => o.output),
    bits,
  );
  const relation = { id: stage.id, schema: stage.schema, rows, bytes: 0, content };
  return { ...relation, bytes: refsOf(relation).reduce((n, r) => n + r.bytes, 0) };
}

function contentOf(stage: Stage, outputs: readonly TaskOutput[], bits: number): RelationContent {
  const { output } = stage;
  if (output.kind === 'exchange' && output.by === 'hash') {
    return { kind: 'hash', bits, tasks: outputs.flatMap((o) => (o.kind === 'hash' ? [o.output] : [])) };
  }
  if (output.kind === 'exchange' && output.by === 'range') {
    return { kind: 'range', runs: outputs.flatMap((o) => (o.kind === 'range' ? o.runs : [])) };
  }
  return { kind: 'refs', refs: outputs.flatMap((o) => (o.kind === 'collect' ? o.refs : [])) };
}

/** Every object that a task's result refers to. */
export function objectsOf(output: TaskOutput): ReadonlySet<ObjectId> {
  switch (output.kind) {
    case 'collect':
      return new Set(output.refs.map((r) => r.object));
    case 'hash':
      return new Set(output.output.pieces.flat().map((r) => r.object));
    case 'range':
      return new Set(output.runs.flatMap((run) => run.batches).map((r) => r.object));
    case 'bytes':
      return new Set(output.objects.map((o) => o.object));
    default:
      return new Set();
  }
}
