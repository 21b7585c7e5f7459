import type { Batch } from '../batch/column.ts';
import { RunError } from '../errors.ts';
import type { TaskContext } from '../operators/def.ts';
import { operator } from '../operators/registry.ts';
import type { StepRef } from '../plan.ts';
import { type Origin, unplaced } from './origin.ts';

/**
 * Appends the fused steps to a source of batches. An error is attributed to the innermost step that raised it, and where `origin` knows where the batches
 * come from, to its row.
 */
export function chain(
  source: AsyncIterable<Batch>,
  steps: readonly StepRef[],
  ctx: TaskContext,
  origin: Origin | null = null,
): AsyncIterable<Batch> {
  let out = source;
  steps.forEach((step, i) => {
    const input = origin === null || i === 0 ? out : watched(out, i, origin);
    const own = origin === null ? ctx : { ...ctx, place: (row: number) => origin.place(row, i) };
    out = attributed(transformOf(step, own)(input), step, (e) => origin?.locate(e, i) ?? unplaced(e));
  });
  return out;
}

/** It has a step that must not be stopped early. */
export function seesAll(steps: readonly StepRef[]): boolean {
  return steps.some((s) => operator(s.op).traits.seesAll === true);
}

/** By step: whether it is one whose rows are the rows that entered. */
export function rowwise(steps: readonly StepRef[]): boolean[] {
  return steps.map((s) => operator(s.op).traits.rowwise === true);
}

async function* watched(source: AsyncIterable<Batch>, step: number, origin: Origin): AsyncIterable<Batch> {
  for await (const b of source) {
    origin.entered(step, b.rows);
    yield b;
  }
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
  locate: (e: RunError) => RunError | Promise<RunError> = unplaced,
): AsyncIterable<Batch> {
  try {
    yield* source;
  } catch (e) {
    throw e instanceof RunError ? (await locate(e)).at({ step: step.label, span: step.span }) : e;
  }
}

/** Gives the first `rows` rows and stops there; `toEnd`: goes on to read the others. */
export async function* firstRows(
  source: AsyncIterable<Batch>,
  rows: number,
  toEnd: boolean,
  cut: (b: Batch, n: number) => Batch,
): AsyncIterable<Batch> {
  let left = rows;
  if (left <= 0 && !toEnd) return;
  for await (const b of source) {
    if (left <= 0) continue;
    if (b.rows < left) yield b;
    else yield b.rows === left ? b : cut(b, left);
    left -= b.rows;
    if (left <= 0 && !toEnd) return;
  }
}
