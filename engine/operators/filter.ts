import { compileProjection } from '../expr/compile.ts';
import type { NamedExpr } from '../expr.ts';
import type { Schema } from '../types.ts';
import { transform } from './compute.ts';
import type { OperatorDef } from './def.ts';
import type { FilterParams } from './params.ts';

/** Rows for which the predicate is true (not false, not null), unchanged and in order; a batch of which no row is left is dropped. */
export const filter: OperatorDef<FilterParams> = {
  name: 'filter',
  traits: { shape: 'map', ordered: true, keepsRows: true, rowwise: true },
  schema: (_, inputs) => inputs[0] ?? [],
  map: (params, step, ctx) => transform(compileProjection(params.predicate, unchanged(step.input), step.input), ctx),
};

const known = new WeakMap<Schema, readonly NamedExpr[]>();

/** The columns of a schema as outputs; the same ones for the same schema. */
function unchanged(input: Schema): readonly NamedExpr[] {
  let outputs = known.get(input);
  if (outputs === undefined) {
    outputs = input.map((f) => ({
      name: f.name,
      expr: { kind: 'column', name: f.name, type: f.type, nullable: f.nullable },
    }));
    known.set(input, outputs);
  }
  return outputs;
}
