import type { Batch } from '../batch/column.ts';
import { compileProjection, type Projection } from '../expr/compile.ts';
import type { Schema } from '../types.ts';
import type { BatchTransform, OperatorDef, TaskContext } from './def.ts';
import type { ComputeParams } from './params.ts';

/**
 * Optional filter, then the outputs, in one pass: the fused form of `where derive select drop rename`. Rows keep their order; a batch of
 * which no row is left is dropped. Columns passed through are the input's own where no row is dropped, else they lie in scratch.
 */
export const compute: OperatorDef<ComputeParams> = {
  name: 'compute',
  traits: { shape: 'map', ordered: true, rowwise: true },
  schema: outputSchema,
  map: (params, step, ctx) => transform(compileProjection(params.filter, params.outputs, step.input), ctx),
};

function outputSchema(params: ComputeParams): Schema {
  return params.outputs.map(({ name, expr }) => ({ name, type: expr.type, nullable: expr.nullable }));
}

/** Runs a compiled projection over a stream; batches that an aggregation behind it takes as they come are left out. */
export function transform(project: Projection, ctx: TaskContext): BatchTransform {
  const kept = (rows: Uint32Array | null): void =>
    ctx.cameFrom?.((row) => (rows === null ? row : (rows[row] as number)));
  return async function* rows(input: AsyncIterable<Batch>) {
    for await (const batch of input) {
      ctx.check();
      if (ctx.fold?.take(batch, ctx.scratch) === true) continue;
      const out = project(batch, ctx.scratch, kept);
      if (out.rows > 0) yield out;
    }
  };
}
