import type { Stage } from '../plan.ts';

/** Share of the limit that tasks may hold as working memory; the rest is for objects that are being written and read. */
const WORKING_SHARE = 0.85;
/** Kept back of each task's part for its readers' buffers and the batches on their way; at most a quarter of it. */
const RESERVE = 8 * 2 ** 20;

/**
 * Working memory for each consumer of a task of this stage, in bytes. Consumers are what holds rows or tables: the final half of an operator, partial
 * halves, tables of broadcast sides, and the writer of an exchange; the tasks that run side by side share the limit evenly.
 */
export function grantOf(stage: Stage, memory: number, slots: number): number {
  const part = (memory * WORKING_SHARE) / slots;
  const holders =
    (stage.input.kind === 'merge' ? 1 : 0) +
    stage.steps.filter((s) => s.phase === 'partial' || s.sides.length > 0).length +
    (stage.output.kind === 'exchange' && stage.output.by !== 'single' ? 1 : 0);
  return Math.floor((part - Math.min(RESERVE, part / 4)) / Math.max(1, holders));
}
