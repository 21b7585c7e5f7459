import { logLoss } from './logistic.ts';
import type { Task } from './model.ts';

/** Adds up how well predictions fit labels, row by row; `values` are in the order of `metricFields`, null where undefined. */
export interface Metrics {
  /**
   * Row i of a block of scores (class-major with stride `stride`, as `scoreBatch` gives them). `label` is the number, or the number of the class: -1 is
   * a class that the model does not know.
   */
  add(label: number, scores: Float64Array, i: number, stride: number): void;
  values(): (number | null)[];
}

export function createMetrics(task: Task, classes: number): Metrics {
  return task === 'regression' ? regression() : classification(classes);
}

/** n, rmse, mae, r2. */
function regression(): Metrics {
  let n = 0;
  let mean = 0;
  let total = 0;
  let squared = 0;
  let absolute = 0;
  return {
    add(label, scores, i) {
      const e = (scores[i] as number) - label;
      squared += e * e;
      absolute += Math.abs(e);
      // Welford's update of the labels' spread.
      n++;
      const d = label - mean;
      mean += d / n;
      total += d * (label - mean);
    },
    values: () =>
      n === 0
        ? [0, null, null, null]
        : [n, Math.sqrt(squared / n), absolute / n, total > 0 ? 1 - squared / total : null],
  };
}

/** n, accuracy, area under the ROC curve (of two classes), log loss. */
function classification(classes: number): Metrics {
  let n = 0;
  let right = 0;
  let loss = 0;
  const positive = new Scores();
  const negative = new Scores();
  return {
    add(label, scores, i, stride) {
      let best = 0;
      for (let c = 1; c < classes; c++) {
        if ((scores[c * stride + i] as number) > (scores[best * stride + i] as number)) best = c;
      }
      n++;
      if (best === label) right++;
      loss += logLoss(label < 0 ? 0 : (scores[label * stride + i] as number), 1);
      if (classes === 2 && label >= 0) (label === 1 ? positive : negative).push(scores[stride + i] as number);
    },
    values: () =>
      n === 0
        ? [0, null, null, null]
        : [n, right / n, classes === 2 ? auc(positive.sorted(), negative.sorted()) : null, loss / n],
  };
}

/** A growing list of numbers. */
class Scores {
  #values = new Float64Array(16);
  #length = 0;

  push(v: number): void {
    if (this.#length === this.#values.length) {
      const next = new Float64Array(2 * this.#length);
      next.set(this.#values);
      this.#values = next;
    }
    this.#values[this.#length++] = v;
  }

  sorted(): Float64Array {
    return this.#values.subarray(0, this.#length).sort();
  }
}

/**
 * Probability that a positive scores above a negative, ties counting half (Mann-Whitney), from the ascending scores of each; null when there are none
 * of either.
 */
export function auc(positive: Float64Array, negative: Float64Array): number | null {
  if (positive.length === 0 || negative.length === 0) return null;
  let below = 0;
  let upTo = 0;
  let pairs = 0;
  for (const p of positive) {
    while (below < negative.length && (negative[below] as number) < p) below++;
    if (upTo < below) upTo = below;
    while (upTo < negative.length && negative[upTo] === p) upTo++;
    pairs += (below + upTo) / 2;
  }
  return pairs / (positive.length * negative.length);
}
