import type { Batch } from '../batch/column.ts';
import { RunError } from '../errors.ts';
import type { TaskContext } from '../operators/def.ts';
import { operator } from '../operators/registry.ts';
import type { StepRef } from '../plan.ts';

/** Appends the fused steps to a source of batches. An error is attributed to the innermost step that raised it. */
export function chain(source: AsyncIterable<Batch>, steps: readonly StepRef[], ctx: TaskContext): AsyncIterable<Batch> {
  let out = source;
  for (const step of steps) out = attributed(transformOf(step, ctx)(out), step);
  return out;
}

function transformOf(step: StepRef, ctx: TaskContext): (input: AsyncIterable<Batch>) => AsyncIterable<Batch> {
  const def = operator(step.op);
  const make = step.phase === 'partial' ? def.partial : def.map;
  if (make === undefined) throw new Error(`operator ${step.op} has no ${step.phase} phase`);
  return make.call(def, step.params, step, ctx);
}

export async function* attributed(
  source: AsyncIterable<Batch>,
  step: Pick<StepRef, 'label' | 'span'>,
): AsyncIterable<Batch> {
  try {
    yield* source;
  } catch (e) {
    throw e instanceof RunError ? e.at({ step: step.label, span: step.span }) : e;
  }
}

/** Stops after `rows` rows. */
export async function* firstRows(
  source: AsyncIterable<Batch>,
  rows: number,
  cut: (b: Batch, n: number) => Batch,
): AsyncIterable<Batch> {
  let left = rows;
  if (left <= 0) return;
  for await (const b of source) {
    if (b.rows >= left) {
      yield b.rows === left ? b : cut(b, left);
      return;
    }
    left -= b.rows;
    yield b;
  }
}
