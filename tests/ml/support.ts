import type { GbtMemory, GbtOptions } from '../../engine/ml/gbt.ts';
import { type Binned, binRows, learnCuts, MAX_BINS } from '../../engine/ml/histogram.ts';
import type { Blocks } from '../../engine/ml/linear.ts';
import type { Model, ModelFeature } from '../../engine/ml/model.ts';
import { scoreBatch } from '../../engine/ml/score.ts';
import { T } from '../../engine/types.ts';
import { random } from '../e2e/harness.ts';

/** Rows of features (NaN = missing) with a target each, handed out `size` rows at a time. */
export function blocks(x: readonly (readonly number[])[], y: readonly number[], size = 1000): Blocks {
  const width = x[0]?.length ?? 0;
  return {
    width,
    rows: y.length,
    indicator: Array.from({ length: width }, () => false),
    each(f) {
      for (let at = 0; at < y.length; at += size) {
        const part = x.slice(at, at + size);
        const cols = Array.from({ length: width }, (_, k) => Float64Array.from(part, (row) => row[k] as number));
        f(cols, Float64Array.from(y.slice(at, at + size)), part.length);
      }
    },
  };
}

/** A generator of numbers in [0, 1). */
export function uniform(seed: number): () => number {
  const next = random(seed);
  return () => next() / 2 ** 32;
}

/** About normal. */
export function normal(u: () => number): number {
  let s = 0;
  for (let i = 0; i < 12; i++) s += u();
  return s - 6;
}

export const memory: GbtMemory = {
  floats: (n) => new Float64Array(n),
  indices: (n) => new Uint32Array(n),
  check: () => {},
};

export function binned(data: Blocks): { binned: Binned; target: Float64Array } {
  const cuts = learnCuts(data, MAX_BINS, memory.floats, 1 << 20);
  const target = new Float64Array(data.rows);
  return { binned: binRows(data, cuts, new Uint8Array(data.rows * data.width), target), target };
}

export const OPTIONS: GbtOptions = {
  trees: 1,
  depth: 3,
  learningRate: 1,
  l2: 1,
  minRows: 1,
  subsample: 1,
  colsample: 1,
  seed: 0,
};

export function modelOf(part: Model['part'], width: number, classes: Model['classes'] = []): Model {
  const features = Array.from(
    { length: width },
    (_, k): ModelFeature => ({ name: `x${k}`, type: T.float, encoding: 'numeric', categories: [] }),
  );
  return {
    format: 'flowc-model',
    version: 1,
    algorithm: part.kind === 'linear' ? 'linear' : 'gbt',
    task: classes.length > 0 ? 'classification' : 'regression',
    label: { name: 'y', type: typeof classes[0] === 'string' ? T.string : classes.length > 0 ? T.int : T.float },
    classes,
    features,
    training: { rows: 0, loss: 0 },
    part,
  };
}

/** Scores of rows, one list a class. */
export function scored(model: Model, x: readonly (readonly number[])[]): number[][] {
  const cols = model.features.map((_, k) => Float64Array.from(x, (row) => row[k] as number));
  const all = scoreBatch(model, cols, x.length);
  const count = all.length / x.length;
  return Array.from({ length: count }, (_, c) => [...all.subarray(c * x.length, (c + 1) * x.length)]);
}

export function near(a: number, b: number, tolerance: number): boolean {
  return Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b));
}
