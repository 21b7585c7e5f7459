import type { Batch, Column } from '../batch/column.ts';
import { RunError } from '../errors.ts';
import { classCodes, classIndex, featureEncoder, pieces, toFloats } from './features.ts';
import type { Model } from './model.ts';
import type { PredictParams } from './params.ts';
import { scoreBatch } from './score.ts';

/** Scores parts of batches, small enough for a block; the learner's input columns are kept between them. */
export function scorer(model: Model, features: PredictParams['features']): (batch: Batch) => Iterable<Scored> {
  if (features.length !== model.features.length) {
    throw new RunError('FLOW7011', `the model has ${model.features.length} features, ${features.length} are given`);
  }
  const encoder = featureEncoder(
    model.features,
    features.map((f) => f.column),
  );
  let x: Float64Array[] = [];
  let room = -1;
  return function* (batch) {
    for (const rows of pieces(batch, encoder.width)) {
      if (room < rows.rows) {
        room = rows.rows;
        x = encoder.room(room);
      }
      encoder.encode(rows, x);
      yield { rows, scores: scoreBatch(model, x, rows.rows) };
    }
  };
}

export interface Scored {
  readonly rows: Batch;
  /** As `scoreBatch` gives them. */
  readonly scores: Float64Array;
}

/** The labels as numbers: their values, or the numbers of their classes (-1 when the model does not know one). */
export function labelsOf(label: Column, rows: number, model: Model): Float64Array | Int32Array {
  if (model.task === 'regression') {
    const values = new Float64Array(rows);
    toFloats(label, rows, values);
    return values;
  }
  const codes = new Int32Array(rows);
  classCodes(label, rows, classIndex(model.classes), codes);
  return codes;
}
