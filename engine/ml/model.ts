import { RunError } from '../errors.ts';
import type { DataType } from '../types.ts';
import { damage, isObject } from './damage.ts';

/** A feature as a model knows it. One-hot categories are in ascending order; each is one input column of the learner. */
export interface ModelFeature {
  readonly name: string;
  readonly type: DataType;
  readonly encoding: 'numeric' | 'onehot';
  readonly categories: readonly ClassValue[];
}

/** A class or category: a string, a number (int, date: days, …) or a boolean. */
export type ClassValue = string | number | boolean;

export type Task = 'regression' | 'classification';

/** weights[k] scores class k (one row for regression and for two classes): intercept + sum of weight * (x - mean) / scale. */
export interface LinearPart {
  readonly kind: 'linear';
  readonly means: readonly number[];
  readonly scales: readonly number[];
  readonly weights: readonly (readonly number[])[];
  readonly intercepts: readonly number[];
}

/** One regression tree in arrays: an inner node tests `x[feature] < threshold` (missing goes left where `missingLeft`), a leaf has feature -1. */
export interface Tree {
  readonly feature: readonly number[];
  readonly threshold: readonly number[];
  readonly missingLeft: readonly boolean[];
  readonly left: readonly number[];
  readonly right: readonly number[];
  readonly value: readonly number[];
}

/** Score of class k: base[k] + sum of the trees of class k. */
export interface TreesPart {
  readonly kind: 'trees';
  readonly base: readonly number[];
  readonly trees: readonly { readonly k: number; readonly tree: Tree }[];
}

export interface Model {
  readonly format: 'flowc-model';
  readonly version: 1;
  readonly algorithm: string;
  readonly task: Task;
  readonly label: { readonly name: string; readonly type: DataType };
  /** Ascending; empty for regression. */
  readonly classes: readonly ClassValue[];
  readonly features: readonly ModelFeature[];
  /** How well it fits the rows it learned from, and from how many. */
  readonly training: { readonly rows: number; readonly loss: number };
  readonly part: LinearPart | TreesPart;
}

/** Input columns of the learner: a numeric feature is one, a one-hot feature one a category. */
export function inputWidth(features: readonly ModelFeature[]): number {
  return features.reduce((n, f) => n + (f.encoding === 'onehot' ? f.categories.length : 1), 0);
}

export function encodeModel(m: Model): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(m));
}

/** Reads a model back. RunError FLOW7011 when the bytes are not one of ours, or are damaged. */
export function decodeModel(bytes: Uint8Array, where: string): Model {
  let m: unknown;
  try {
    // A copy, because TextDecoder refuses shared memory.
    m = JSON.parse(new TextDecoder().decode(bytes.slice()));
  } catch {
    throw notAModel(where, 'it is not JSON');
  }
  if (!isObject(m) || m.format !== 'flowc-model') throw notAModel(where, 'it was not written by flowc');
  if (m.version !== 1) throw notAModel(where, 'it was written by another version of flowc');
  const wrong = damage(m);
  if (wrong !== null) throw notAModel(where, `its ${wrong} is damaged`);
  return m as unknown as Model;
}

function notAModel(where: string, why: string): RunError {
  return new RunError(
    'FLOW7011',
    `${where} is not a model: ${why}`,
    { file: where },
    'A model file is what `write model("…")` made',
  );
}
