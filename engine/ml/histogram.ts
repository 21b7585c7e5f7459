import type { Blocks } from './linear.ts';

/** Bin 0 holds missing values; bins 1..cuts+1 hold the intervals between the cuts. One byte a value. */
export const MAX_BINS = 256;

/** Rows the cuts are learned from at most. */
const SAMPLE = 200_000;

export interface Binned {
  readonly rows: number;
  readonly width: number;
  /** Column-major: value of input column k in row i is bins[k * rows + i]. */
  readonly bins: Uint8Array;
  /** Ascending, finite; x < cuts[k][t - 1] exactly for the bins 1..t. */
  readonly cuts: readonly Float64Array[];
}

/**
 * Quantile cuts per input column, learned from evenly spaced rows, so that they depend on the data alone. `room` gives memory for about `budget` numbers
 * at most: with many columns the rows are read several times.
 */
export function learnCuts(
  data: Blocks,
  bins: number,
  room: (n: number) => Float64Array,
  budget: number,
): Float64Array[] {
  const cuts: Float64Array[] = data.indicator.map(() => Float64Array.of(0.5));
  const numeric = cuts.flatMap((_, k) => (data.indicator[k] ? [] : [k]));
  const stride = Math.max(1, Math.ceil(data.rows / SAMPLE));
  const size = Math.ceil(data.rows / stride);
  const together = Math.max(1, Math.min(numeric.length, Math.floor(budget / Math.max(1, size))));
  const samples = room(together * size);
  for (let at = 0; at < numeric.length; at += together) {
    const columns = numeric.slice(at, at + together);
    const counts = sample(data, columns, stride, samples, size);
    columns.forEach((k, j) => {
      cuts[k] = cutsOf(samples.subarray(j * size, j * size + (counts[j] as number)).sort(), bins);
    });
  }
  return cuts;
}

/** Every `stride`-th row's present values of the columns, column j from j * size. Returns how many each has. */
function sample(
  data: Blocks,
  columns: readonly number[],
  stride: number,
  into: Float64Array,
  size: number,
): Uint32Array {
  const counts = new Uint32Array(columns.length);
  let row = 0;
  data.each((x, _, n) => {
    const first = (stride - (row % stride)) % stride;
    columns.forEach((k, j) => {
      const col = x[k] as Float64Array;
      let at = j * size + (counts[j] as number);
      for (let i = first; i < n; i += stride) {
        const v = col[i] as number;
        if (!Number.isNaN(v)) into[at++] = v;
      }
      counts[j] = at - j * size;
    });
    row += n;
  });
  return counts;
}

/** At most `bins - 2` cuts between distinct values, at evenly spaced ranks; midpoints, so that a split generalises to values in between. */
function cutsOf(sorted: Float64Array, bins: number): Float64Array {
  const cuts: number[] = [];
  const limit = bins - 2;
  const distinct: number[] = [];
  for (const v of sorted) {
    if (distinct.length === 0 || v !== distinct.at(-1)) distinct.push(v);
    if (distinct.length > limit + 1) break;
  }
  if (distinct.length <= limit + 1) {
    for (let i = 1; i < distinct.length; i++) cuts.push(between(distinct[i - 1] as number, distinct[i] as number));
    return Float64Array.from(cuts);
  }
  for (let q = 1; q <= limit; q++) {
    const at = Math.floor((q * sorted.length) / (limit + 1));
    const v = sorted[at] as number;
    if (v > (sorted[0] as number) && (cuts.length === 0 || v > (cuts.at(-1) as number))) cuts.push(finite(v));
  }
  return Float64Array.from(cuts);
}

/** A cut with a < cut <= b. */
function between(a: number, b: number): number {
  const m = a / 2 + b / 2;
  return finite(m > a && m <= b ? m : b);
}

/** A model is JSON, which has no infinity. */
function finite(cut: number): number {
  return Math.min(cut, Number.MAX_VALUE);
}

/** Bins all rows into `bins` (width * rows bytes) and copies the target. */
export function binRows(data: Blocks, cuts: readonly Float64Array[], bins: Uint8Array, target: Float64Array): Binned {
  let row = 0;
  data.each((x, y, n) => {
    for (let k = 0; k < data.width; k++) {
      const c = cuts[k] as Float64Array;
      const col = x[k] as Float64Array;
      const base = k * data.rows + row;
      for (let i = 0; i < n; i++) bins[base + i] = binOf(col[i] as number, c);
    }
    target.set(y.subarray(0, n), row);
    row += n;
  });
  return { rows: data.rows, width: data.width, bins, cuts };
}

function binOf(v: number, cuts: Float64Array): number {
  if (Number.isNaN(v)) return 0;
  let lo = 0;
  let hi = cuts.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (v < (cuts[mid] as number)) hi = mid;
    else lo = mid + 1;
  }
  return lo + 1;
}

/** Sums of gradients, hessians and rows per bin of each input column: [k][bin][gradient, hessian, count]. */
export function newHistogram(width: number): Float64Array {
  return new Float64Array(width * MAX_BINS * 3);
}

/** The rows of a node, in order: data rows idx[from..to) with their gradients and hessians. */
export interface NodeRows {
  readonly idx: Uint32Array;
  readonly from: number;
  readonly to: number;
  readonly grad: Float64Array;
  readonly hess: Float64Array;
}

/** Fills the histograms of the columns, four at a time: a row's gradient is fetched once for all of them. */
export function fillHistogram(h: Float64Array, data: Binned, columns: readonly number[], rows: NodeRows): void {
  h.fill(0);
  let c = 0;
  for (; c + 4 <= columns.length; c += 4) fillFour(h, data, columns.slice(c, c + 4), rows);
  for (; c < columns.length; c++) fillOne(h, data, columns[c] as number, rows);
}

function fillOne(h: Float64Array, { bins, rows: n }: Binned, k: number, { idx, from, to, grad, hess }: NodeRows): void {
  const base = k * n;
  const out = k * MAX_BINS * 3;
  for (let i = from; i < to; i++) {
    const r = idx[i] as number;
    const o = out + (bins[base + r] as number) * 3;
    h[o] = (h[o] as number) + (grad[r] as number);
    h[o + 1] = (h[o + 1] as number) + (hess[r] as number);
    h[o + 2] = (h[o + 2] as number) + 1;
  }
}

function fillFour(h: Float64Array, { bins, rows: n }: Binned, k: readonly number[], rows: NodeRows): void {
  const { idx, from, to, grad, hess } = rows;
  const [k0 = 0, k1 = 0, k2 = 0, k3 = 0] = k;
  const size = MAX_BINS * 3;
  for (let i = from; i < to; i++) {
    const r = idx[i] as number;
    const g = grad[r] as number;
    const e = hess[r] as number;
    const a = k0 * size + (bins[k0 * n + r] as number) * 3;
    h[a] = (h[a] as number) + g;
    h[a + 1] = (h[a + 1] as number) + e;
    h[a + 2] = (h[a + 2] as number) + 1;
    const b = k1 * size + (bins[k1 * n + r] as number) * 3;
    h[b] = (h[b] as number) + g;
    h[b + 1] = (h[b + 1] as number) + e;
    h[b + 2] = (h[b + 2] as number) + 1;
    const c = k2 * size + (bins[k2 * n + r] as number) * 3;
    h[c] = (h[c] as number) + g;
    h[c + 1] = (h[c + 1] as number) + e;
    h[c + 2] = (h[c + 2] as number) + 1;
    const d = k3 * size + (bins[k3 * n + r] as number) * 3;
    h[d] = (h[d] as number) + g;
    h[d + 1] = (h[d + 1] as number) + e;
    h[d + 2] = (h[d + 2] as number) + 1;
  }
}

/** The sibling's histogram is the parent's less the child's: the larger child is never scanned. */
export function subtractHistogram(parent: Float64Array, child: Float64Array): void {
  for (let i = 0; i < parent.length; i++) parent[i] = (parent[i] as number) - (child[i] as number);
}

export interface Split {
  readonly column: number;
  /** Bins 1..bin go left. */
  readonly bin: number;
  readonly missingLeft: boolean;
  readonly gain: number;
}

/** Sums of gradients and hessians over some rows, and how many there are. */
export interface Sums {
  readonly g: number;
  readonly h: number;
  readonly n: number;
}

/** Gains below this share of the scores they are the difference of are rounding. */
const NOISE = 1e-9;

/** The best split of a node by the regularised gain of second-order boosting; null when none is worth it. The first of equals wins. */
export function bestSplit(
  h: Float64Array,
  data: Binned,
  columns: readonly number[],
  total: Sums,
  l2: number,
  minRows: number,
): Split | null {
  const score = (g: number, hess: number): number => (g * g) / (hess + l2);
  const parent = score(total.g, total.h);
  let best: Split | null = null;
  for (const column of columns) {
    const base = column * MAX_BINS * 3;
    const missing = { g: h[base] as number, h: h[base + 1] as number, n: h[base + 2] as number };
    // Behind the last cut all present values go left: what is left to tell apart is present and missing.
    const bins = (data.cuts[column] as Float64Array).length + (missing.n > 0 ? 1 : 0);
    let g = 0;
    let hess = 0;
    let n = 0;
    for (let bin = 1; bin <= bins; bin++) {
      const at = base + bin * 3;
      g += h[at] as number;
      hess += h[at + 1] as number;
      n += h[at + 2] as number;
      for (let side = 0; side < (missing.n > 0 ? 2 : 1); side++) {
        const left = side === 1;
        const nl = left ? n + missing.n : n;
        if (nl < minRows || total.n - nl < minRows) continue;
        const gl = left ? g + missing.g : g;
        const hl = left ? hess + missing.h : hess;
        const both = score(gl, hl) + score(total.g - gl, total.h - hl);
        const gain = both - parent;
        if (gain <= NOISE * both || (best !== null && gain <= best.gain)) continue;
        // Where none is missing yet, one that comes later goes with the greater part.
        best = { column, bin, missingLeft: missing.n > 0 ? left : 2 * nl > total.n, gain };
      }
    }
  }
  return best;
}
