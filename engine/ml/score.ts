import { sigmoid } from './logistic.ts';
import type { LinearPart, Model, Tree, TreesPart } from './model.ts';

/** Scores of one batch: regression has one value a row; classification one probability a class, class-major. */
export function scoreBatch(model: Model, x: readonly Float64Array[], rows: number): Float64Array {
  const raw = model.part.kind === 'linear' ? linearScores(model.part, x, rows) : treeScores(model.part, x, rows);
  if (model.task === 'regression') return raw;
  const k = model.classes.length;
  if (k === 1) return new Float64Array(rows).fill(1);
  const out = new Float64Array(rows * k);
  if (raw.length === rows) {
    for (let i = 0; i < rows; i++) {
      const q = sigmoid(raw[i] as number);
      out[i] = 1 - q;
      out[rows + i] = q;
    }
    return out;
  }
  for (let i = 0; i < rows; i++) {
    if (model.part.kind === 'linear') normalized(raw, out, i, rows, k, sigmoid);
    else softmax(raw, out, i, rows, k);
  }
  return out;
}

function normalized(
  raw: Float64Array,
  out: Float64Array,
  i: number,
  rows: number,
  k: number,
  f: (z: number) => number,
): void {
  let sum = 0;
  for (let c = 0; c < k; c++) sum += out[c * rows + i] = f(raw[c * rows + i] as number);
  for (let c = 0; c < k; c++) out[c * rows + i] = sum > 0 ? (out[c * rows + i] as number) / sum : 1 / k;
}

function softmax(raw: Float64Array, out: Float64Array, i: number, rows: number, k: number): void {
  let max = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < k; c++) max = Math.max(max, raw[c * rows + i] as number);
  normalized(raw, out, i, rows, k, (z) => Math.exp(z - max));
}

function linearScores(m: LinearPart, x: readonly Float64Array[], rows: number): Float64Array {
  const out = new Float64Array(rows * m.weights.length);
  m.weights.forEach((w, c) => {
    const o = out.subarray(c * rows, (c + 1) * rows).fill(m.intercepts[c] as number);
    w.forEach((wk, k) => {
      const col = x[k] as Float64Array;
      const mean = m.means[k] as number;
      const scale = m.scales[k] as number;
      for (let i = 0; i < rows; i++) {
        const v = col[i] as number;
        // A missing value counts as the mean.
        if (!Number.isNaN(v)) o[i] = (o[i] as number) + (wk * (v - mean)) / scale;
      }
    });
  });
  return out;
}

function treeScores(m: TreesPart, x: readonly Float64Array[], rows: number): Float64Array {
  const out = new Float64Array(rows * m.base.length);
  m.base.forEach((b, c) => {
    out.fill(b, c * rows, (c + 1) * rows);
  });
  for (const { k, tree } of m.trees) addTree(tree, x, rows, out.subarray(k * rows, (k + 1) * rows));
  return out;
}

function addTree(t: Tree, x: readonly Float64Array[], rows: number, out: Float64Array): void {
  for (let i = 0; i < rows; i++) {
    let node = 0;
    for (let f = t.feature[0] as number; f >= 0; f = t.feature[node] as number) {
      const v = (x[f] as Float64Array)[i] as number;
      const left = Number.isNaN(v) ? t.missingLeft[node] : v < (t.threshold[node] as number);
      node = (left ? t.left[node] : t.right[node]) as number;
    }
    out[i] = (out[i] as number) + (t.value[node] as number);
  }
}
