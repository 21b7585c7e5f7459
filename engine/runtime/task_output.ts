import { EngineBug } from '../errors.ts';
import type { Stage } from '../plan.ts';
import type { BatchRef, ObjectId } from '../store/types.ts';
import type { TaskDone, TaskOutput } from './messages.ts';
import { objectsOf } from './references.ts';
import { eachRef, type Relation, type RelationContent } from './relations.ts';

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
  if (keepsAll(stage)) conserved(stage, 'rows', rows, sum(eachRef(relation), 'rows'));
  return { ...relation, bytes: sum(eachRef(relation), 'bytes') };
}

/** Sorted runs with a limit keep their first rows only. */
function keepsAll({ output }: Stage): boolean {
  return !(output.kind === 'exchange' && output.by === 'range' && output.limit !== null);
}

export function sum(refs: Iterable<BatchRef>, what: 'rows' | 'bytes'): number {
  let n = 0;
  for (const r of refs) n += r[what];
  return n;
}

/** Nothing is lost or doubled between those that give and those that take. */
export function conserved(stage: Stage, what: 'rows' | 'bytes', given: number, taken: number): void {
  if (given !== taken) throw new EngineBug(`"${stage.label}": ${given} ${what} were given, and ${taken} taken`);
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

/** Exactly the first `limit` rows; what tasks made in vain goes, and `outputs` has what is left of each. */
export function cutPrefix(
  done: readonly TaskDone[],
  limit: number,
  outputs: Map<number, TaskOutput>,
  store: { release(object: ObjectId): void },
): TaskDone[] {
  let left = limit;
  return done.map((d, i) => {
    if (d.output.kind !== 'collect') return d;
    const refs = firstRefs(d.output.refs, left);
    const kept = new Set(refs.map((r) => r.object));
    for (const o of objectsOf(d.output)) if (!kept.has(o)) store.release(o);
    const rows = Math.min(d.rows, left);
    left -= rows;
    const cut: TaskDone = { ...d, rows, output: { kind: 'collect', refs } };
    outputs.set(i, cut.output);
    return cut;
  });
}
