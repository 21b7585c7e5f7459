import { format } from '../formats/registry.ts';
import type { PhysicalPlan, Stage, StageOutput } from '../plan.ts';

/** Relations that every task of a stage reads whole. */
export function sidesOf(stage: Stage): number[] {
  const steps = stage.input.kind === 'merge' ? [stage.input.step, ...stage.steps] : stage.steps;
  return steps.flatMap((s) => s.sides.map((x) => x.relation));
}

/** Relations whose rows go through a stage. */
export function sourcesOf({ input }: Stage): number[] {
  return 'from' in input ? input.from.map((f) => f.relation) : [];
}

/** Relations a stage reads: its input and the sides of its steps. */
export function inputsOf(stage: Stage): number[] {
  return [...sourcesOf(stage), ...sidesOf(stage)];
}

/** The columns by which a sink puts its rows into folders; null for one file. */
export function partitionOf({ options }: Extract<StageOutput, { kind: 'sink' }>): readonly string[] | null {
  const by = options.partition_by;
  return Array.isArray(by) && by.length > 0 ? (by as string[]) : null;
}

/** A sink whose rows are collected first and written by one task behind them. */
export function writesSerially({ output }: Stage): boolean {
  return output.kind === 'sink' && (partitionOf(output) !== null || format(output.format).writer?.kind === 'serial');
}

/** How many readers each relation has: stages, the user for a result, and the writing task of a serial sink. */
export function countReaders(plan: PhysicalPlan): Map<number, number> {
  const readers = new Map<number, number>();
  const add = (r: number): void => void readers.set(r, (readers.get(r) ?? 0) + 1);
  for (const s of plan.stages) {
    inputsOf(s).forEach(add);
    if (writesSerially(s)) add(s.id);
  }
  for (const r of plan.results) add(r.relation);
  return readers;
}

/** Hash exchanges that meet in one merge have to be cut alike: they start when the inputs of all of them are known. */
export function exchangeGroups(plan: PhysicalPlan): Map<number, readonly Stage[]> {
  const byId = new Map(plan.stages.map((s) => [s.id, s]));
  const groups = new Map<number, readonly Stage[]>();
  for (const s of plan.stages) {
    if (s.input.kind !== 'merge' || s.input.from.length < 2) continue;
    const members = s.input.from.map((f) => byId.get(f.relation)).filter((x) => x !== undefined);
    for (const m of members) groups.set(m.id, members);
  }
  return groups;
}
