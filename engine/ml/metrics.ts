import { logLoss } from './logistic.ts';

/** Metrics of predicted numbers, in the order of `metricFields`: n, rmse, mae, r2 (null where undefined). */
export function regressionMetrics(y: Float64Array, p: Float64Array, n: number): (number | null)[] {
  if (n === 0) return [0, null, null, null];
  let mean = 0;
  for (let i = 0; i < n; i++) mean += ((y[i] as number) - mean) / (i + 1);
  let squared = 0;
  let absolute = 0;
  let total = 0;
  for (let i = 0; i < n; i++) {
    const e = (p[i] as number) - (y[i] as number);
    squared += e * e;
    absolute += Math.abs(e);
    total += ((y[i] as number) - mean) ** 2;
  }
  return [n, Math.sqrt(squared / n), absolute / n, total > 0 ? 1 - squared / total : null];
}

/**
 * Metrics of predicted classes: n, accuracy, area under the ROC curve, log loss. `y` holds class numbers (-1: a class the model does not know), `p` one
 * probability a class, class-major with stride `stride`.
 */
export function classificationMetrics(y: Float64Array, p: Float64Array, n: number, stride: number, classes: number): (number | null)[] {
  if (n === 0) return [0, null, null, null];
  let right = 0;
  let loss = 0;
  for (let i = 0; i < n; i++) {
    let best = 0;
    for (let c = 1; c < classes; c++) if ((p[c * stride + i] as number) > (p[best * stride + i] as number)) best = c;
    const t = y[i] as number;
    if (best === t) right++;
    loss += logLoss(t < 0 ? 0 : (p[t * stride + i] as number), 1);
  }
  return [n, right / n, classes === 2 ? auc(y, p.subarray(stride, stride + n), n) : null, loss / n];
}

/** Probability that a row of class 1 scores above one of class 0, ties counting half (Mann-Whitney); null when a class is missing. */
export function auc(y: Float64Array, score: Float64Array, n: number): number | null {
  const order = Uint32Array.from({ length: n }, (_, i) => i).sort((a, b) => (score[a] as number) - (score[b] as number) || a - b);
  let positives = 0;
  let rankSum = 0;
  for (let i = 0; i < n; ) {
    let j = i + 1;
    while (j < n && score[order[j] as number] === score[order[i] as number]) j++;
    // Tied scores share the mean of their ranks (1-based).
    const rank = (i + 1 + j) / 2;
    for (let k = i; k < j; k++) {
      if (y[order[k] as number] === 1) {
        positives++;
        rankSum += rank;
      }
    }
    i = j;
  }
  const negatives = n - positives;
  return positives === 0 || negatives === 0 ? null : (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}
