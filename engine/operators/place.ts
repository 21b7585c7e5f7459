import { ALL_VALID } from '../batch/bitmap.ts';
import { field, T } from '../types.ts';
import type { OperatorDef } from './def.ts';
import { exactColumn } from './number_store.ts';
import type { PlaceParams } from './params.ts';

/** Rows that one task can number; tasks are numbered too. */
const TASK_ROWS = 2 ** 32;

/** `place`: the position of each row, as a number by which rows can be put back in order: that of its task, and its own among the rows of the task. */
export const place: OperatorDef<PlaceParams> = {
  name: 'place',
  traits: { shape: 'map', ordered: true, rowwise: true },
  schema: (params, [input]) => [...(input ?? []), field(params.name, T.int, false)],
  map: (_params, step, ctx) =>
    async function* (input) {
      let next = ctx.index * TASK_ROWS;
      for await (const batch of input) {
        const values = ctx.scratch.f64(batch.rows);
        for (let i = 0; i < batch.rows; i++) values[i] = next + i;
        next += batch.rows;
        const column = exactColumn(T.int, values, batch.rows, ALL_VALID, ctx.scratch);
        yield { schema: step.output, rows: batch.rows, columns: [...batch.columns, column] };
      }
    },
};
