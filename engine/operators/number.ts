import type { Batch, Column } from '../batch/column.ts';
import { EngineBug } from '../errors.ts';
import { T } from '../types.ts';
import type { OperatorDef } from './def.ts';
import type { NumberParams } from './params.ts';

/** Adds the number of each row among all rows that enter the step, from 0, as a column. The task says which number its first row has. */
export const number: OperatorDef<NumberParams> = {
  name: 'number',
  traits: { shape: 'map', ordered: true, rowwise: true },
  schema: ({ as }, inputs) => [...(inputs[0] ?? []), { name: as, type: T.int, nullable: false }],
  map(_params, step, ctx) {
    return async function* (input: AsyncIterable<Batch>) {
      if (ctx.first === undefined) throw new EngineBug('rows are numbered whose place is not known');
      let next = ctx.first;
      for await (const b of input) {
        const values = ctx.scratch.i64(b.rows);
        fill(values, b.rows, next);
        next += b.rows;
        const column: Column = {
          phys: 'i64',
          type: T.int,
          length: b.rows,
          nullCount: 0,
          validity: null,
          wide: false,
          values,
        };
        yield { schema: step.output, rows: b.rows, columns: [...b.columns, column] };
      }
    };
  },
};

/** `from`, `from + 1`, … as words, without a bigint a row. */
function fill(values: BigInt64Array, rows: number, from: number): void {
  const words = new Int32Array(values.buffer, values.byteOffset, 2 * rows);
  for (let i = 0; i < rows; i++) {
    const v = from + i;
    const high = Math.floor(v / 4294967296);
    words[2 * i] = (v - high * 4294967296) | 0;
    words[2 * i + 1] = high;
  }
}
