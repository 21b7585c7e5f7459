import { valueReader } from '../batch/access.ts';
import { type Batch, type Column, isValid } from '../batch/column.ts';
import { compileProjection } from '../expr/compile.ts';
import { formatValue } from '../functions/format.ts';
import type { BatchTransform, OperatorDef, TaskContext } from './def.ts';
import type { ExpectParams } from './params.ts';

/** A value of a failing row, as text that is cut to a readable length. */
export interface ShownValue {
  readonly column: string;
  readonly value: string | null;
}

/** The first row that a task found to fail a check, with its place where that is known. */
export interface FailingRow {
  readonly file?: string;
  readonly row?: number;
  readonly values: readonly ShownValue[];
}

/** What one task counted for one check. */
export interface Tally {
  /** Number of the check within the plan. */
  readonly check: number;
  readonly rows: number;
  readonly failed: number;
  readonly first: FailingRow | null;
}

const SHOWN_LENGTH = 80;

/**
 * `expect`: counts the rows for which a check is false (null passes), and keeps the first of them. All rows go on: what is to become of those that fail
 * is for the steps behind it, and for the driver, which puts the counts of all tasks together.
 */
export const expect: OperatorDef<ExpectParams> = {
  name: 'expect',
  traits: { shape: 'map', ordered: true, rowwise: true, seesAll: true },
  schema: (_, inputs) => inputs[0] ?? [],
  map(params, step, ctx): BatchTransform {
    const outputs = params.checks.map((c, i) => ({ name: `check.${i}`, expr: c.predicate }));
    const test = compileProjection(null, outputs, step.input);
    return async function* (input) {
      const tallies = params.checks.map((c): Mutable<Tally> => ({ check: c.id, rows: 0, failed: 0, first: null }));
      for await (const batch of input) {
        ctx.check();
        const tested = test(batch, ctx.scratch);
        for (const [i, tally] of tallies.entries()) {
          const { failed, first } = failing(tested.columns[i] as Column, batch.rows);
          tally.rows += batch.rows;
          tally.failed += failed;
          if (first >= 0) tally.first ??= await failingRow(batch, first, params.checks[i]?.shown ?? [], ctx);
        }
        yield batch;
      }
      for (const tally of tallies) ctx.tally?.(tally);
    };
  },
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** How many values are false, and where the first one is (-1: none). */
function failing(c: Column, rows: number): { failed: number; first: number } {
  let failed = 0;
  let first = -1;
  if (c.phys !== 'bool') return { failed, first };
  for (let i = 0; i < rows; i++) {
    if ((((c.values[i >> 3] as number) >> (i & 7)) & 1) === 1 || !isValid(c, i)) continue;
    if (failed++ === 0) first = i;
  }
  return { failed, first };
}

async function failingRow(b: Batch, row: number, shown: readonly string[], ctx: TaskContext): Promise<FailingRow> {
  const values = b.schema.flatMap((f, i): ShownValue[] => {
    const c = b.columns[i];
    if (c === undefined || !shown.includes(f.name)) return [];
    const v = valueReader(c)(row);
    return [{ column: f.name, value: v === null ? null : cut(formatValue(f.type, v)) }];
  });
  return { ...(await ctx.place?.(row)), values };
}

function cut(text: string): string {
  const chars = Array.from(text.slice(0, 2 * SHOWN_LENGTH));
  return chars.length <= SHOWN_LENGTH ? text : `${chars.slice(0, SHOWN_LENGTH).join('')}…`;
}
