import { columnFromValues } from '../batch/build.ts';
import { type Batch, type Column, MORSEL_ROWS, type Utf8Column } from '../batch/column.ts';
import { gatherBatch } from '../batch/gather.ts';
import { interleave } from '../batch/interleave.ts';
import { sliceBatch } from '../batch/slice.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { StepRef } from '../plan.ts';
import { type Field, type Schema, T } from '../types.ts';
import type { OperatorDef, TaskContext } from './def.ts';
import type { UnpivotParams } from './params.ts';

/** The columns that are kept, then the name and the value. */
function longSchema(params: UnpivotParams, input: Schema): Schema {
  const wide = params.columns.map(({ column }) => input.find((f) => f.name === column) as Field);
  const [first] = wide;
  const taken = new Set(params.columns.map(({ column }) => column));
  return [
    ...input.filter((f) => !taken.has(f.name)),
    { name: params.name, type: T.string, nullable: false },
    { name: params.value, type: first?.type ?? T.null, nullable: wide.some((f) => f.nullable) },
  ];
}

/** The labels by turns, as a dictionary. */
function labelColumn(labels: readonly string[], rows: number, scratch: Scratch): Column {
  const n = rows * labels.length;
  const codes = scratch.i32(n);
  for (let k = 0; k < n; k++) codes[k] = k % labels.length;
  const dictionary = columnFromValues(T.string, labels, scratch) as Utf8Column;
  return { type: T.string, phys: 'dict', length: n, nullCount: 0, validity: null, codes, dictionary };
}

async function* longRows(
  params: UnpivotParams,
  step: StepRef,
  source: AsyncIterable<Batch>,
  ctx: TaskContext,
): AsyncIterable<Batch> {
  const wide = params.columns.map(({ column }) => step.input.findIndex((f) => f.name === column));
  const labels = params.columns.map(({ label }) => label);
  const kept = step.input.map((_, i) => i).filter((i) => !wide.includes(i));
  const type = (step.output.at(-1) as Field).type;
  const most = Math.max(1, Math.floor(MORSEL_ROWS / wide.length));
  const out = arenaScratch(ctx.store, 'unpivot');
  try {
    for await (const batch of source) {
      for (let from = 0; from < batch.rows; from += most) {
        ctx.check();
        const piece = sliceBatch(batch, from, Math.min(from + most, batch.rows));
        ctx.cameFrom?.((row) => from + Math.floor(row / wide.length));
        const n = piece.rows * wide.length;
        const repeat = out.u32(n);
        for (let k = 0; k < n; k++) repeat[k] = Math.floor(k / wide.length);
        const columns = [
          ...gatherBatch(piece, repeat, n, out, kept).columns,
          labelColumn(labels, piece.rows, out),
          interleave(
            wide.map((i) => piece.columns[i] as Column),
            piece.rows,
            type,
            out,
          ),
        ];
        yield { schema: step.output, rows: n, columns };
        out.reset();
      }
    }
  } finally {
    out.release();
  }
}

/** Each row becomes one row for each of the columns, in their order: its label, and its value. Nulls are kept. */
export const unpivot: OperatorDef<UnpivotParams> = {
  name: 'unpivot',
  traits: { shape: 'map', ordered: true, expands: true },
  schema: (params, [input]) => longSchema(params, input ?? []),
  map: (params, step, ctx) => (source) => longRows(params, step, source, ctx),
};
