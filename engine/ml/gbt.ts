import { type Binned, bestSplit, fillHistogram, newHistogram, type Sums, subtractHistogram } from './histogram.ts';
import { logLoss, sigmoid } from './logistic.ts';
import type { Tree, TreesPart } from './model.ts';

export interface GbtOptions {
  readonly trees: number;
  readonly depth: number;
  readonly learningRate: number;
  readonly l2: number;
  /** Fewest rows of a leaf. */
  readonly minRows: number;
  /** Share of rows and of input columns each tree sees. */
  readonly subsample: number;
  readonly colsample: number;
  readonly seed: number;
}

export type Objective =
  | { readonly kind: 'squared' }
  | { readonly kind: 'logistic' }
  | { readonly kind: 'softmax'; readonly classes: number };

/** Working arrays of one training, from the store's memory. */
export interface GbtMemory {
  floats(n: number): Float64Array;
  indices(n: number): Uint32Array;
  /** Ends early when the run was cancelled. */
  check(): void;
}

/**
 * Gradient-boosted regression trees grown level by level over histograms (Friedman 2001; second-order gains as in Chen and Guestrin 2016). Rows are always
 * summed in input order, so the same rows, options and seed give the same model.
 */
export function fitGbt(
  data: Binned,
  target: Float64Array,
  objective: Objective,
  o: GbtOptions,
  memory: GbtMemory,
): { part: TreesPart; loss: number } {
  const k = objective.kind === 'softmax' ? objective.classes : 1;
  const scores = memory.floats(data.rows * k);
  const base = baseScores(target, objective, data.rows);
  for (let c = 0; c < k; c++) scores.fill(base[c] as number, c * data.rows, (c + 1) * data.rows);
  const grad = memory.floats(data.rows);
  const hess = memory.floats(data.rows);
  const grower = new Grower(data, o, memory, grad, hess);
  const trees: { k: number; tree: Tree }[] = [];
  for (let round = 0; round < o.trees; round++) {
    for (let c = 0; c < k; c++) {
      memory.check();
      gradients(objective, target, scores, c, data.rows, grad, hess);
      const tree = grower.grow(round * k + c);
      grower.addTo(scores.subarray(c * data.rows, (c + 1) * data.rows), tree);
      trees.push({ k: c, tree: tree.tree });
    }
  }
  return { part: { kind: 'trees', base: [...base], trees }, loss: lossOf(objective, target, scores, data.rows) };
}

function baseScores(y: Float64Array, objective: Objective, rows: number): Float64Array {
  if (objective.kind === 'softmax') {
    const counts = new Float64Array(objective.classes);
    for (let i = 0; i < rows; i++) counts[y[i] as number] = (counts[y[i] as number] as number) + 1;
    return counts.map((c) => Math.log(Math.max(c, 0.5) / rows));
  }
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += y[i] as number;
  const mean = rows === 0 ? 0 : sum / rows;
  if (objective.kind === 'squared') return Float64Array.of(mean);
  const q = Math.min(Math.max(mean, 1e-6), 1 - 1e-6);
  return Float64Array.of(Math.log(q / (1 - q)));
}

function gradients(
  objective: Objective,
  y: Float64Array,
  scores: Float64Array,
  c: number,
  rows: number,
  grad: Float64Array,
  hess: Float64Array,
): void {
  if (objective.kind === 'squared') {
    for (let i = 0; i < rows; i++) {
      grad[i] = (scores[i] as number) - (y[i] as number);
      hess[i] = 1;
    }
  } else if (objective.kind === 'logistic') {
    for (let i = 0; i < rows; i++) {
      const q = sigmoid(scores[i] as number);
      grad[i] = q - (y[i] as number);
      hess[i] = Math.max(q * (1 - q), 1e-16);
    }
  } else {
    const k = objective.classes;
    const factor = k / (k - 1);
    for (let i = 0; i < rows; i++) {
      const q = softmaxAt(scores, i, rows, k, c);
      grad[i] = q - (y[i] === c ? 1 : 0);
      hess[i] = Math.max(factor * q * (1 - q), 1e-16);
    }
  }
}

/** Probability of class c in row i; scores are class-major. */
function softmaxAt(scores: Float64Array, i: number, rows: number, k: number, c: number): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < k; j++) max = Math.max(max, scores[j * rows + i] as number);
  let sum = 0;
  for (let j = 0; j < k; j++) sum += Math.exp((scores[j * rows + i] as number) - max);
  return Math.exp((scores[c * rows + i] as number) - max) / sum;
}

function lossOf(objective: Objective, y: Float64Array, scores: Float64Array, rows: number): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    const t = y[i] as number;
    if (objective.kind === 'squared') sum += ((scores[i] as number) - t) ** 2;
    else if (objective.kind === 'logistic') sum += logLoss(sigmoid(scores[i] as number), t);
    else sum += logLoss(softmaxAt(scores, i, rows, objective.classes, t), 1);
  }
  return sum / Math.max(1, rows);
}

/** A tree with its splits in bins, as training rows are stored. */
interface BinnedTree {
  readonly tree: Tree;
  readonly bin: readonly number[];
  /** Where the rows of each leaf are, while the grower has not grown another tree; null when the tree did not see all rows. */
  readonly leaves: readonly Leaf[] | null;
}

interface Leaf {
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

function addScores(tree: Tree, bin: readonly number[], data: Binned, scores: Float64Array): void {
  const { feature, missingLeft, left, right, value } = tree;
  for (let i = 0; i < data.rows; i++) {
    let node = 0;
    for (let f = feature[0] as number; f >= 0; f = feature[node] as number) {
      const b = data.bins[f * data.rows + i] as number;
      const goLeft = b === 0 ? missingLeft[node] : b <= (bin[node] as number);
      node = (goLeft ? left[node] : right[node]) as number;
    }
    scores[i] = (scores[i] as number) + (value[node] as number);
  }
}

/** Grows one tree; its arrays are reused from tree to tree. */
class Grower {
  readonly #data: Binned;
  readonly #o: GbtOptions;
  readonly #grad: Float64Array;
  readonly #hess: Float64Array;
  readonly #idx: Uint32Array;
  readonly #spare: Uint32Array;
  readonly #free: Float64Array[] = [];

  constructor(data: Binned, o: GbtOptions, memory: GbtMemory, grad: Float64Array, hess: Float64Array) {
    this.#data = data;
    this.#o = o;
    this.#grad = grad;
    this.#hess = hess;
    this.#idx = memory.indices(data.rows);
    this.#spare = memory.indices(data.rows);
  }

  grow(number: number): BinnedTree {
    const rows = this.#sampleRows(number);
    const columns = this.#sampleColumns(number);
    const nodes = {
      feature: [] as number[],
      threshold: [] as number[],
      missingLeft: [] as boolean[],
      left: [] as number[],
      right: [] as number[],
      value: [] as number[],
    };
    const bin: number[] = [];
    const leaf = (): number => {
      nodes.feature.push(-1);
      nodes.threshold.push(0);
      nodes.missingLeft.push(false);
      nodes.left.push(-1);
      nodes.right.push(-1);
      nodes.value.push(0);
      return bin.push(0) - 1;
    };
    const leaves: Leaf[] = [];
    /** `h` is null where no split can follow, so that nobody needs it. */
    const visit = (node: number, from: number, to: number, depth: number, h: Float64Array | null): void => {
      const total = this.#total(from, to);
      nodes.value[node] = (-this.#o.learningRate * total.g) / (total.h + this.#o.l2);
      const split = h === null ? null : bestSplit(h, this.#data, columns, total, this.#o.l2, this.#o.minRows);
      if (h === null || split === null) {
        leaves.push({ from, to, value: nodes.value[node] });
        if (h !== null) this.#free.push(h);
        return;
      }
      const mid = this.#partition(from, to, split.column, split.bin, split.missingLeft);
      nodes.feature[node] = split.column;
      nodes.threshold[node] = this.#data.cuts[split.column]?.[split.bin - 1] ?? Number.MAX_VALUE;
      nodes.missingLeft[node] = split.missingLeft;
      bin[node] = split.bin;
      const l = leaf();
      const r = leaf();
      nodes.left[node] = l;
      nodes.right[node] = r;
      if (depth + 1 >= this.#o.depth) {
        this.#free.push(h);
        visit(l, from, mid, depth + 1, null);
        visit(r, mid, to, depth + 1, null);
        return;
      }
      const smallLeft = mid - from <= to - mid;
      const small = this.#histogram(columns, smallLeft ? from : mid, smallLeft ? mid : to);
      subtractHistogram(h, small);
      visit(l, from, mid, depth + 1, smallLeft ? small : h);
      visit(r, mid, to, depth + 1, smallLeft ? h : small);
    };
    visit(leaf(), 0, rows, 0, this.#histogram(columns, 0, rows));
    return { tree: nodes, bin, leaves: rows === this.#data.rows ? leaves : null };
  }

  /** Adds what the tree says to the rows' scores. */
  addTo(scores: Float64Array, { tree, bin, leaves }: BinnedTree): void {
    if (leaves === null) addScores(tree, bin, this.#data, scores);
    else {
      for (const { from, to, value } of leaves) {
        for (let i = from; i < to; i++) {
          const r = this.#idx[i] as number;
          scores[r] = (scores[r] as number) + value;
        }
      }
    }
  }

  #histogram(columns: readonly number[], from: number, to: number): Float64Array {
    const h = this.#free.pop() ?? newHistogram(this.#data.width);
    fillHistogram(h, this.#data, columns, { idx: this.#idx, from, to, grad: this.#grad, hess: this.#hess });
    return h;
  }

  #total(from: number, to: number): Sums {
    let g = 0;
    let h = 0;
    for (let i = from; i < to; i++) {
      const r = this.#idx[i] as number;
      g += this.#grad[r] as number;
      h += this.#hess[r] as number;
    }
    return { g, h, n: to - from };
  }

  /** Stable, so that rows stay in input order within a node. Returns where the right side begins. */
  #partition(from: number, to: number, column: number, bin: number, missingLeft: boolean): number {
    const base = column * this.#data.rows;
    let l = from;
    let r = 0;
    for (let i = from; i < to; i++) {
      const row = this.#idx[i] as number;
      const b = this.#data.bins[base + row] as number;
      if (b === 0 ? missingLeft : b <= bin) this.#idx[l++] = row;
      else this.#spare[r++] = row;
    }
    this.#idx.set(this.#spare.subarray(0, r), l);
    return l;
  }

  #sampleRows(tree: number): number {
    const { subsample, seed } = this.#o;
    let n = 0;
    for (let i = 0; i < this.#data.rows; i++) if (subsample >= 1 || unit(seed, tree, i) < subsample) this.#idx[n++] = i;
    return n;
  }

  #sampleColumns(tree: number): number[] {
    const { colsample, seed } = this.#o;
    const all = Array.from({ length: this.#data.width }, (_, k) => k);
    if (colsample >= 1) return all;
    const wanted = Math.max(1, Math.round(colsample * all.length));
    const rank = all.map((k) => ({ k, u: unit(seed ^ 0x9e3779b9, tree, k) })).sort((a, b) => a.u - b.u || a.k - b.k);
    return rank
      .slice(0, wanted)
      .map((r) => r.k)
      .sort((a, b) => a - b);
  }
}

/** A hash of its arguments as a number in [0, 1): the same draw whatever the order it is asked in. */
function unit(seed: number, a: number, b: number): number {
  let h = Math.imul(seed ^ Math.imul(a + 1, 0x85ebca6b), 0xc2b2ae35) ^ Math.imul(b + 1, 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return ((h ^ (h >>> 15)) >>> 0) / 2 ** 32;
}
