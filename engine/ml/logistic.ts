import { type Blocks, linearPart, type Scaling, scaling, solve, standardize } from './linear.ts';
import type { LinearPart } from './model.ts';

export interface LogisticOptions {
  /** Penalty per row on the squared weights (not the intercept). */
  readonly l2: number;
  readonly iterations: number;
  /** Ends when no weight moves by more. */
  readonly tolerance: number;
}

/**
 * Logistic regression by Newton's method (iteratively reweighted least squares) over standardised inputs. `y` holds class numbers;
 * two classes are one model of class 1, more are one model a class against the rest. `loss` is the mean log loss.
 */
export function fitLogistic(
  data: Blocks,
  classes: number,
  options: LogisticOptions,
): { part: LinearPart; loss: number } {
  const s = scaling(data);
  const targets = classes === 2 ? [1] : Array.from({ length: classes }, (_, k) => k);
  const fits = targets.map((k) => newton(data, s, k, options));
  const loss = fits.reduce((sum, f) => sum + f.loss, 0) / Math.max(1, fits.length);
  return {
    part: linearPart(
      s,
      fits.map((f) => f.weights),
    ),
    loss,
  };
}

/** Newton steps, halved while they make the penalised loss worse: far from the optimum a whole step can overshoot. */
function newton(
  data: Blocks,
  s: Scaling,
  target: number,
  options: LogisticOptions,
): { weights: Float64Array; loss: number } {
  let w = new Float64Array(data.width + 1);
  let at = derivatives(data, s, target, w, options.l2);
  for (let step = 0; step < options.iterations; step++) {
    const delta = solve(at.hessian, at.gradient, w.length);
    const from = w;
    let share = 1;
    let next = at;
    for (let halvings = 0; halvings < MAX_HALVINGS; halvings++, share /= 2) {
      w = from.map((v, i) => v - share * (delta[i] as number));
      next = derivatives(data, s, target, w, options.l2);
      if (next.penalized <= at.penalized) break;
    }
    // No step makes it better: this is the optimum, as far as doubles can tell.
    if (next.penalized > at.penalized) return { weights: from, loss: at.loss };
    at = next;
    if (delta.every((d) => Math.abs(share * d) < options.tolerance)) break;
  }
  return { weights: w, loss: at.loss };
}

const MAX_HALVINGS = 10;

interface Derivatives {
  readonly gradient: Float64Array;
  /** Row-major, symmetric. */
  readonly hessian: Float64Array;
  /** Mean log loss, without and with the penalty. */
  readonly loss: number;
  readonly penalized: number;
}

function derivatives(data: Blocks, s: Scaling, target: number, w: Float64Array, l2: number): Derivatives {
  const p = w.length;
  const gradient = new Float64Array(p);
  const hessian = new Float64Array(p * p);
  let value = 0;
  data.each((x, y, n) => {
    standardize(x, n, s);
    const cols = [new Float64Array(n).fill(1), ...x];
    const residual = new Float64Array(n);
    const curvature = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      let z = 0;
      for (let k = 0; k < p; k++) z += (w[k] as number) * ((cols[k] as Float64Array)[i] as number);
      const q = sigmoid(z);
      const t = y[i] === target ? 1 : 0;
      residual[i] = q - t;
      // Kept away from zero: rows that are fitted perfectly must not make the Hessian singular.
      curvature[i] = Math.max(q * (1 - q), 1e-9);
      value += logLoss(q, t);
    }
    addDerivatives(cols, residual, curvature, n, gradient, hessian);
  });
  const rows = Math.max(1, data.rows);
  let penalty = 0;
  for (let a = 0; a < p; a++) {
    if (a > 0) {
      gradient[a] = (gradient[a] as number) + l2 * rows * (w[a] as number);
      hessian[a * p + a] = (hessian[a * p + a] as number) + l2 * rows;
      penalty += (l2 * (w[a] as number) ** 2) / 2;
    }
    for (let b = 0; b < a; b++) hessian[a * p + b] = hessian[b * p + a] as number;
  }
  return { gradient, hessian, loss: value / rows, penalized: value / rows + penalty };
}

/** Row after row: sums go on where the block before left off. */
function addDerivatives(
  cols: readonly Float64Array[],
  residual: Float64Array,
  curvature: Float64Array,
  n: number,
  gradient: Float64Array,
  hessian: Float64Array,
): void {
  const p = cols.length;
  for (let a = 0; a < p; a++) {
    const u = cols[a] as Float64Array;
    let g = gradient[a] as number;
    for (let i = 0; i < n; i++) g += (residual[i] as number) * (u[i] as number);
    gradient[a] = g;
    for (let b = a; b < p; b++) {
      const v = cols[b] as Float64Array;
      let h = hessian[a * p + b] as number;
      for (let i = 0; i < n; i++) h += (curvature[i] as number) * (u[i] as number) * (v[i] as number);
      hessian[a * p + b] = h;
    }
  }
}

export function sigmoid(z: number): number {
  return z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
}

/** Negative log likelihood of a 0/1 target under probability q, with q kept off 0 and 1. */
export function logLoss(q: number, t: number): number {
  const c = Math.min(Math.max(q, 1e-15), 1 - 1e-15);
  return t === 1 ? -Math.log(c) : -Math.log(1 - c);
}
