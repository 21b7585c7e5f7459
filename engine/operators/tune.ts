import { columnFromValues } from '../batch/build.ts';
import type { Batch } from '../batch/column.ts';
import { EngineBug } from '../errors.ts';
import type { LiteralValue } from '../expr.ts';
import type { TrialParams, TrialTableParams } from '../ml/params.ts';
import { SCORES_SCHEMA, scoreFold, trialScores, trialsOf } from '../ml/trials.ts';
import type { Schema } from '../types.ts';
import type { OperatorDef, TaskContext } from './def.ts';

/** `trial`: each row of the input is the number of a fold of a trial of a round, trial after trial; a task each, so that they run side by side. */
export const trial: OperatorDef<TrialParams> = {
  name: 'trial',
  traits: { shape: 'map', ordered: true, rowwise: true },
  schema: () => SCORES_SCHEMA,
  map({ train, search, round }, step, ctx) {
    return async function* (input: AsyncIterable<Batch>) {
      const [side, before] = step.sides;
      if (side === undefined) throw new EngineBug('trials without rows');
      const taken = trialsOf(search, round, before === undefined ? undefined : ctx.side(before));
      for await (const b of input) {
        for (let i = 0; i < b.rows; i++) {
          const at = ctx.index;
          const [which, fold] = [Math.floor(at / search.folds), at % search.folds];
          const trial = taken[which];
          if (trial === undefined) throw new EngineBug(`a round without its trial ${which}`);
          const score = scoreFold(train, search, { round, trial, fold }, ctx.side(side), ctx);
          yield batchOf(step.output, [[round, trial, fold, score]], ctx);
        }
      }
    };
  },
};

/** `trials`: the table of a search. */
export const trials: OperatorDef<TrialTableParams> = {
  name: 'trials',
  traits: { shape: 'single', blocking: true },
  schema: (_, inputs) => inputs[0] ?? [],
  async *final({ search, searched }, step, inputs, ctx) {
    const [scores] = inputs;
    if (scores === undefined) throw new EngineBug('trials without scores');
    const rows = trialScores(search, scores).map(({ trial: number, options, round, mean, deviation }) => [
      number + 1,
      ...searched.map((name) => options[name] as LiteralValue),
      mean,
      deviation,
      ...(search.rounds.length > 1 ? [round + 1] : []),
    ]);
    yield batchOf(step.output, rows, ctx);
  },
};

function batchOf(schema: Schema, rows: readonly (readonly LiteralValue[])[], ctx: TaskContext): Batch {
  const columns = schema.map((f, k) =>
    columnFromValues(
      f.type,
      rows.map((r) => r[k] ?? null),
      ctx.scratch,
    ),
  );
  return { schema, rows: rows.length, columns };
}
