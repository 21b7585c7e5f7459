import { compileProjection } from '../expr/compile.ts';
import { transform } from './compute.ts';
import type { OperatorDef } from './def.ts';
import type { FilterParams } from './params.ts';

/** Rows for which the predicate is true (not false, not null), unchanged and in order; a batch of which no row is left is dropped. */
export const filter: OperatorDef<FilterParams> = {
  name: 'filter',
  traits: { shape: 'map', ordered: true, keepsRows: true, rowwise: true },
  schema: (_, inputs) => inputs[0] ?? [],
  map: (params, step, ctx) => {
    const outputs = step.input.map((f) => ({
      name: f.name,
      expr: { kind: 'column' as const, name: f.name, type: f.type, nullable: f.nullable },
    }));
    return transform(compileProjection(params.predicate, outputs, step.input), ctx);
  },
};
