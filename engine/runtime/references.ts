import { batchesOfRun } from '../shuffle/runs.ts';
import type { RangeSlice } from '../shuffle/types.ts';
import type { BatchRef, ObjectId } from '../store/types.ts';
import type { PartitionData, StageMessage, TaskInput, TaskOutput } from './messages.ts';

/** Where every reference to an object stands in what crosses between driver and workers: one place that knows, for reading them and for exchanging objects. */

export type Exchange = (object: ObjectId) => ObjectId;

/** The objects a task reads by its input; those of its stage's sides come on top. */
export function objectsOfInput(input: TaskInput): ReadonlySet<ObjectId> {
  if (input.kind === 'sample') return objectsOfInput(input.input);
  const out = new Set<ObjectId>();
  const add = (refs: readonly BatchRef[]): void => {
    for (const r of refs) out.add(r.object);
  };
  if (input.kind === 'refs') for (const p of input.parts) add(p.refs);
  if (input.kind === 'encode' || input.kind === 'block') add(input.refs);
  if (input.kind === 'regroup') for (const p of input.partitions) add(p);
  if (input.kind === 'partition') {
    for (const p of input.inputs) {
      if (p.by === 'pieces') add(p.pieces);
      else for (const s of p.slices) add(s.batches);
    }
  }
  return out;
}

export function objectsOfSides(message: StageMessage): ReadonlySet<ObjectId> {
  return new Set(message.sides.flatMap((s) => s.data.refs.map((r) => r.object)));
}

/** Every object that a task's result refers to. */
export function objectsOf(output: TaskOutput): ReadonlySet<ObjectId> {
  return new Set(placesOf(output).map((p) => p.object));
}

/** All parts of objects that a task's result refers to, in the order the task made them; a task that is run again gives as many of the same sizes. */
export function placesOf(output: TaskOutput): readonly Place[] {
  switch (output.kind) {
    case 'collect':
      return output.refs;
    case 'hash':
      return output.output.pieces.flat();
    case 'range':
      return output.runs.flatMap((run) => batchesOfRun(run));
    case 'bytes':
      return output.objects;
    default:
      return [];
  }
}

export interface Place {
  readonly object: ObjectId;
  readonly bytes: number;
  readonly offset?: number;
  readonly rows?: number;
  readonly whole?: number;
}

export function exchangeRefs(refs: readonly BatchRef[], f: Exchange): BatchRef[] {
  return refs.map((r) => ({ ...r, object: f(r.object) }));
}

export function exchangeInput(input: TaskInput, f: Exchange): TaskInput {
  switch (input.kind) {
    case 'refs':
      return { ...input, parts: input.parts.map((p) => ({ ...p, refs: exchangeRefs(p.refs, f) })) };
    case 'sample':
      return { ...input, input: exchangeInput(input.input, f) };
    case 'encode':
    case 'block':
      return { ...input, refs: exchangeRefs(input.refs, f) };
    case 'regroup':
      return { ...input, partitions: input.partitions.map((p) => exchangeRefs(p, f)) };
    case 'partition':
      return { ...input, inputs: input.inputs.map((p) => exchangePartition(p, f)) };
    default:
      return input;
  }
}

function exchangePartition(p: PartitionData, f: Exchange): PartitionData {
  if (p.by === 'pieces') return { ...p, pieces: exchangeRefs(p.pieces, f) };
  const slices = p.slices.map((s): RangeSlice => ({ ...s, batches: exchangeRefs(s.batches, f) }));
  return { ...p, slices };
}

export function exchangeSides(message: StageMessage, f: Exchange): StageMessage {
  const sides = message.sides.map((s) => ({ ...s, data: { ...s.data, refs: exchangeRefs(s.data.refs, f) } }));
  return { ...message, sides };
}
