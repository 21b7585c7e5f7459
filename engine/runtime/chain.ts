import type { Batch } from '../batch/column.ts';
import { RunError } from '../errors.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { TaskContext } from '../operators/def.ts';
import { foldsOf } from '../operators/fold.ts';
import { operator } from '../operators/registry.ts';
import type { StepRef } from '../plan.ts';
import { type Origin, unplaced } from './origin.ts';

/** Batches that have gone through the fused steps of a stage. */
export interface Chain<C extends TaskContext> {
  readonly rows: AsyncIterable<Batch>;
  /** For whoever takes the batches: with working memory that is given back after each. */
  readonly ctx: C;
  /** Gives back what the steps have of their own; call it when the batches are no longer read. */
  free(): void;
}

/**
 * Appends the fused steps to a source of batches. An error is attributed to the innermost step that raised it, and where `origin` knows where the batches
 * come from, to its row. Behind a step that makes many batches of one, working memory is reset after each of them, not only when the source goes on.
 */
export function chain<C extends TaskContext>(
  source: AsyncIterable<Batch>,
  steps: readonly StepRef[],
  ctx: C,
  origin: Origin | null = null,
): Chain<C> {
  let rows = source;
  let scope = ctx;
  const own: Scratch[] = [];
  const folds = foldsOf(steps);
  steps.forEach((step, i) => {
    const input = origin === null || i === 0 ? rows : watched(rows, i, origin);
    const transform = transformOf(step, { ...scope, ...placing(origin, i), ...folds[i] });
    rows = attributed(transform(input), step, (e) => origin?.locate(e, i) ?? unplaced(e));
    if (operator(step.op).traits.expands !== true) return;
    const scratch = arenaScratch(ctx.store);
    own.push(scratch);
    rows = resetting(rows, scratch);
    scope = { ...scope, scratch };
  });
  return {
    rows,
    ctx: scope,
    free: () => {
      for (const scratch of own) scratch.release();
    },
  };
}

/** How a step tells where its rows come from, and asks it. */
function placing(origin: Origin | null, step: number): Pick<TaskContext, 'place' | 'cameFrom'> {
  if (origin === null) return {};
  return { place: (row) => origin.place(row, step), cameFrom: (rowOf) => origin.cameFrom(step, rowOf) };
}

async function* resetting(source: AsyncIterable<Batch>, scratch: Scratch): AsyncIterable<Batch> {
  for await (const b of source) {
    yield b;
    scratch.reset();
  }
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
