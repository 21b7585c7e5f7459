import type { LiteralValue } from '../../engine/expr.ts';
import type { Schema } from '../../engine/types.ts';

export interface Table {
  readonly schema: Schema;
  readonly rows: readonly (readonly LiteralValue[])[];
}

/** Every value of a column with every one of the others. */
export function cross(schema: Schema, ...columns: readonly (readonly LiteralValue[])[]): Table {
  let rows: LiteralValue[][] = [[]];
  for (const values of columns) rows = rows.flatMap((row) => values.map((v) => [...row, v]));
  return { schema, rows };
}
