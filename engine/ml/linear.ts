import { RunError } from '../errors.ts';
import type { LinearPart } from './model.ts';

/**
 * Rows as a learner reads them, any number of times and always in the same order: input columns and target, a block at a time. Where blocks end depends
 * on the run, so nothing may be summed by block: a sum goes on where the block before left off.
 */
export interface Blocks {
  readonly width: number;
  readonly rows: number;
  /** Input columns that hold only 0 and 1. */
  readonly indicator: readonly boolean[];
  /** `x[k]` and `y` hold `n` values; missing inputs are NaN. */
  each(f: (x: readonly Float64Array[], y: Float64Array, n: number) => void): void;
}

export interface Scaling {
  readonly means: Float64Array;
  readonly scales: Float64Array;
}

/** Means and standard deviations of the present values; a constant column gets scale 1. Welford's update. */
export function scaling(data: Blocks): Scaling {
  const count = new Float64Array(data.width);
  const means = new Float64Array(data.width);
  const m2 = new Float64Array(data.width);
  data.each((x, _, n) => {
    for (let k = 0; k < data.width; k++) {
      const col = x[k] as Float64Array;
      for (let i = 0; i < n; i++) {
        const v = col[i] as number;
        if (Number.isNaN(v)) continue;
        const c = (count[k] as number) + 1;
        count[k] = c;
        const d = v - (means[k] as number);
        means[k] = (means[k] as number) + d / c;
        m2[k] = (m2[k] as number) + d * (v - (means[k] as number));
      }
    }
  });
  const scales = m2.map((s, k) => {
    const sd = Math.sqrt(s / Math.max(1, count[k] as number));
    return sd > 0 && Number.isFinite(sd) ? sd : 1;
  });
  return { means, scales };
}

/** Standardises a block in place; a missing value becomes the mean. */
export function standardize(x: readonly Float64Array[], n: number, s: Scaling): void {
  x.forEach((col, k) => {
    const mean = s.means[k] as number;
    const scale = s.scales[k] as number;
    for (let i = 0; i < n; i++) {
      const v = col[i] as number;
      col[i] = Number.isNaN(v) ? 0 : (v - mean) / scale;
    }
  });
}

/**
 * Ridge regression by the normal equations over standardised inputs; the intercept is not penalised.
 * `l2` is the penalty per row. One pass after scaling.
 */
export function fitLinear(data: Blocks, l2: number): { part: LinearPart; loss: number } {
  const s = scaling(data);
  const p = data.width + 1;
  const a = new Float64Array(p * p);
  const b = new Float64Array(p);
  let yy = 0;
  data.each((x, y, n) => {
    standardize(x, n, s);
    accumulate(x, y, n, p, a, b);
    for (let i = 0; i < n; i++) yy += (y[i] as number) ** 2;
  });
  const h = a.slice();
  for (let k = 1; k < p; k++) h[k * p + k] = (h[k * p + k] as number) + l2 * data.rows;
  const w = solve(h, b, p);
  let quad = 0;
  for (let i = 0; i < p; i++)
    for (let j = 0; j < p; j++) quad += (w[i] as number) * (a[i * p + j] as number) * (w[j] as number);
  const loss =
    Math.max(0, yy - 2 * w.reduce((sum, v, i) => sum + v * (b[i] as number), 0) + quad) / Math.max(1, data.rows);
  return { part: linearPart(s, [w]), loss };
}

export function linearPart(s: Scaling, ws: readonly Float64Array[]): LinearPart {
  return {
    kind: 'linear',
    means: [...s.means],
    scales: [...s.scales],
    weights: ws.map((w) => [...w.subarray(1)]),
    intercepts: ws.map((w) => w[0] as number),
  };
}

/** a += X'X and b += X'y with a leading column of ones, row after row. */
function accumulate(
  x: readonly Float64Array[],
  y: Float64Array,
  n: number,
  p: number,
  a: Float64Array,
  b: Float64Array,
): void {
  const ones = new Float64Array(n).fill(1);
  const cols = [ones, ...x];
  for (let i = 0; i < p; i++) {
    const u = cols[i] as Float64Array;
    for (let j = i; j < p; j++) {
      const v = cols[j] as Float64Array;
      let sum = a[i * p + j] as number;
      for (let r = 0; r < n; r++) sum += (u[r] as number) * (v[r] as number);
      a[i * p + j] = sum;
      a[j * p + i] = sum;
    }
    let sum = b[i] as number;
    for (let r = 0; r < n; r++) sum += (u[r] as number) * (y[r] as number);
    b[i] = sum;
  }
}

/** Cholesky with a growing ridge: one-hot columns next to an intercept are collinear, and a tiny penalty picks the smallest of the equal solutions. */
export function solve(h: Float64Array, b: Float64Array, p: number): Float64Array {
  let trace = 0;
  for (let i = 0; i < p; i++) trace += h[i * p + i] as number;
  for (let ridge = 1e-10 * (trace / p || 1), tries = 0; tries < 12; ridge *= 100, tries++) {
    const w = cholesky(h, b, p, ridge);
    if (w !== null) return w;
  }
  throw new RunError(
    'FLOW7011',
    'the features do not determine a model',
    {},
    'Check for infinite values among the features',
  );
}

function cholesky(h: Float64Array, b: Float64Array, p: number, ridge: number): Float64Array | null {
  const l = new Float64Array(p * p);
  for (let i = 0; i < p; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = (h[i * p + j] as number) + (i === j ? ridge : 0);
      for (let k = 0; k < j; k++) sum -= (l[i * p + k] as number) * (l[j * p + k] as number);
      if (i === j) {
        if (!(sum > 0)) return null;
        l[i * p + i] = Math.sqrt(sum);
      } else l[i * p + j] = sum / (l[j * p + j] as number);
    }
  }
  const w = new Float64Array(p);
  for (let i = 0; i < p; i++) {
    let sum = b[i] as number;
    for (let k = 0; k < i; k++) sum -= (l[i * p + k] as number) * (w[k] as number);
    w[i] = sum / (l[i * p + i] as number);
  }
  for (let i = p - 1; i >= 0; i--) {
    let sum = w[i] as number;
    for (let k = i + 1; k < p; k++) sum -= (l[k * p + i] as number) * (w[k] as number);
    w[i] = sum / (l[i * p + i] as number);
  }
  return w.every(Number.isFinite) ? w : null;
}
