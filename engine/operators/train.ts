import { columnFromValues } from '../batch/build.ts';
import type { Batch } from '../batch/column.ts';
import { EngineBug } from '../errors.ts';
import { fit } from '../ml/fit.ts';
import { encodeModel } from '../ml/model.ts';
import type { TrainParams } from '../ml/params.ts';
import { MODEL_SCHEMA } from '../ml/schema.ts';
import { bestTrial } from '../ml/trials.ts';
import type { OperatorDef } from './def.ts';

/**
 * `train`: all rows meet in one task, which reads them as often as its learner needs, always in input order; so the model does not depend on the number
 * of workers. Yields one row with the model as JSON bytes. Linear learners hold a batch at a time; `gbt` holds one byte a value plus about 33 bytes a row.
 * Behind a search for options, the scores of all trials are a side, and the options are those of the best.
 */
export const train: OperatorDef<TrainParams> = {
  name: 'train',
  traits: { shape: 'single', blocking: true },
  schema: () => MODEL_SCHEMA,
  async *final(params, step, inputs, ctx): AsyncIterable<Batch> {
    const [input] = inputs;
    if (input === undefined) throw new EngineBug('train without rows');
    const [scores] = step.sides;
    const { search } = params;
    const options =
      search === undefined || scores === undefined ? params.options : bestTrial(search, ctx.side(scores)).options;
    const bytes = encodeModel(fit({ ...params, options }, input, ctx));
    ctx.scratch.reset();
    yield { schema: MODEL_SCHEMA, rows: 1, columns: [columnFromValues({ kind: 'bytes' }, [bytes], ctx.scratch)] };
  },
};
