import type { ClassValue, LinearPart, Model, ModelFeature, Tree, TreesPart } from './model.ts';

/** Looks at a decoded model as text from anywhere: whatever passes can be scored without an error, and without an end that never comes. */

type Json = Readonly<Record<string, unknown>>;

export function isObject(v: unknown): v is Json {
  return typeof v === 'object' && v !== null && !Array.isArray(v);
}

/** The part that is not as `train` writes it; null when all is well. */
export function damage(m: Json): keyof Model | null {
  const { features, classes, label, training } = m;
  if (typeof m.algorithm !== 'string') return 'algorithm';
  const task = m.task;
  if (task !== 'regression' && task !== 'classification') return 'task';
  if (!isObject(label) || typeof label.name !== 'string' || !isType(label.type)) return 'label';
  if (
    !listOf(classes, isClass) ||
    !classes.every((c) => isOf(c, label.type)) ||
    (task === 'regression' ? classes.length > 0 : classes.length < 2)
  )
    return 'classes';
  if (!listOf(features, isFeature)) return 'features';
  if (!isObject(training)) return 'training';
  // Two classes have one score, that of the second.
  const scores = classes.length > 2 ? classes.length : 1;
  const width = features.reduce((n, f) => n + (f.encoding === 'onehot' ? f.categories.length : 1), 0);
  return isPart(m.part, width, scores) ? null : 'part';
}

function listOf<T>(v: unknown, test: (x: unknown) => x is T): v is readonly T[] {
  return Array.isArray(v) && v.every(test);
}

function isNumber(v: unknown): v is number {
  return typeof v === 'number';
}

function isIndex(v: unknown): v is number {
  return Number.isInteger(v);
}

function isFlag(v: unknown): v is boolean {
  return typeof v === 'boolean';
}

function isClass(v: unknown): v is ClassValue {
  return typeof v === 'string' || typeof v === 'number' || typeof v === 'boolean';
}

/** A class is a value of the label's type. */
function isOf(c: ClassValue, type: unknown): boolean {
  const kind = isObject(type) ? type.kind : null;
  return kind === 'int' ? Number.isInteger(c) : typeof c === (kind === 'bool' ? 'boolean' : 'string');
}

const FEATURE_TYPES: ReadonlySet<unknown> = new Set(['bool', 'int', 'float', 'decimal', 'string', 'date', 'timestamp']);

function isType(v: unknown): boolean {
  return isObject(v) && FEATURE_TYPES.has(v.kind);
}

function isFeature(v: unknown): v is ModelFeature {
  return (
    isObject(v) &&
    typeof v.name === 'string' &&
    isType(v.type) &&
    (v.encoding === 'numeric' || v.encoding === 'onehot') &&
    listOf(v.categories, isClass)
  );
}

function isPart(v: unknown, width: number, scores: number): v is LinearPart | TreesPart {
  if (!isObject(v)) return false;
  const numbers = (x: unknown, length: number): x is number[] => listOf(x, isNumber) && x.length === length;
  if (v.kind === 'linear') {
    const { weights } = v;
    const rows = (w: unknown): w is number[] => numbers(w, width);
    return (
      numbers(v.means, width) &&
      numbers(v.scales, width) &&
      numbers(v.intercepts, scores) &&
      listOf(weights, rows) &&
      weights.length === scores
    );
  }
  const isTreeOfClass = (t: unknown): t is TreesPart['trees'][number] =>
    isObject(t) && isIndex(t.k) && t.k >= 0 && t.k < scores && isTree(t.tree, width);
  return v.kind === 'trees' && numbers(v.base, scores) && listOf(v.trees, isTreeOfClass);
}

/** Children stand behind their parent, so a walk from the root ends. */
function isTree(v: unknown, width: number): v is Tree {
  if (!isObject(v)) return false;
  const { feature, threshold, missingLeft, left, right, value } = v;
  if (!listOf(feature, isIndex) || !listOf(left, isIndex) || !listOf(right, isIndex)) return false;
  if (!listOf(threshold, isNumber) || !listOf(value, isNumber) || !listOf(missingLeft, isFlag)) return false;
  const n = feature.length;
  if (n === 0 || [threshold, missingLeft, left, right, value].some((a) => a.length !== n)) return false;
  const child = (c: number | undefined, node: number): boolean => c !== undefined && c > node && c < n;
  return feature.every((f, i) => f < 0 || (f < width && child(left[i], i) && child(right[i], i)));
}
