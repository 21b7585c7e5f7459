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
  /** Ascending; x < cuts[k][t - 1] exactly for the bins 1..t. */
  readonly cuts: readonly Float64Array[];
}

/** Quantile cuts per input column, learned from evenly spaced rows, so that they depend on the data alone. */
export function learnCuts(data: Blocks, bins: number): Float64Array[] {
  const stride = Math.max(1, Math.ceil(data.rows / SAMPLE));
  const size = Math.ceil(data.rows / stride);
  const samples = Array.from({ length: data.width }, () => new Float64Array(size));
  const counts = new Uint32Array(data.width);
  let row = 0;
  data.each((x, _, n) => {
    for (let i = (stride - (row % stride)) % stride; i < n; i += stride) {
      for (let k = 0; k < data.width; k++) {
        const v = (x[k] as Float64Array)[i] as number;
        if (Number.isNaN(v)) continue;
        const c = counts[k] as number;
        (samples[k] as Float64Array)[c] = v;
        counts[k] = c + 1;
      }
    }
    row += n;
  });
  return samples.map((s, k) => cutsOf(s.subarray(0, counts[k]).sort(), bins));
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
  const between = (a: number, b: number): number => {
    const m = a + (b - a) / 2;
    return m > a ? m : b;
  };
  if (distinct.length <= limit + 1) {
    for (let i = 1; i < distinct.length; i++) cuts.push(between(distinct[i - 1] as number, distinct[i] as number));
    return Float64Array.from(cuts);
  }
  for (let q = 1; q <= limit; q++) {
    const at = Math.floor((q * sorted.length) / (limit + 1));
    const v = sorted[at] as number;
    if (v > (sorted[0] as number) && (cuts.length === 0 || v > (cuts.at(-1) as number))) cuts.push(v);
  }
  return Float64Array.from(cuts);
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

export function fillHistogram(h: Float64Array, data: Binned, columns: readonly number[], idx: Uint32Array, from: number, to: number, grad: Float64Array, hess: Float64Array): void {
  h.fill(0);
  for (const k of columns) {
    const base = k * data.rows;
    const out = k * MAX_BINS * 3;
    const { bins } = data;
    for (let i = from; i < to; i++) {
      const r = idx[i] as number;
      const o = out + (bins[base + r] as number) * 3;
      h[o] = (h[o] as number) + (grad[r] as number);
      h[o + 1] = (h[o + 1] as number) + (hess[r] as number);
      h[o + 2] = (h[o + 2] as number) + 1;
    }
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

/** The best split of a node by the regularised gain of second-order boosting; null when none is worth it. */
export function bestSplit(h: Float64Array, data: Binned, columns: readonly number[], total: { g: number; h: number; n: number }, l2: number, minRows: number): Split | null {
  const parent = (total.g * total.g) / (total.h + l2);
  let best: Split | null = null;
  for (const k of columns) {
    const base = k * MAX_BINS * 3;
    const cuts = (data.cuts[k] as Float64Array).length;
    const missing = { g: h[base] as number, h: h[base + 1] as number, n: h[base + 2] as number };
    let g = 0;
    let hh = 0;
    let n = 0;
    for (let bin = 1; bin <= cuts; bin++) {
      g += h[base + bin * 3] as number;
      hh += h[base + bin * 3 + 1] as number;
      n += h[base + bin * 3 + 2] as number;
      for (const left of missing.n > 0 ? [false, true] : [false]) {
        const gl = left ? g + missing.g : g;
        const hl = left ? hh + missing.h : hh;
        const nl = left ? n + missing.n : n;
        if (nl < minRows || total.n - nl < minRows) continue;
        const gr = total.g - gl;
        const hr = total.h - hl;
        const gain = (gl * gl) / (hl + l2) + (gr * gr) / (hr + l2) - parent;
        if (gain > 1e-9 && (best === null || gain > best.gain)) best = { column: k, bin, missingLeft: left, gain };
      }
    }
  }
  return best;
}
