import { type DataType, type Field, field, formatType, type Schema, T } from '../types.ts';
import type { Task } from './model.ts';

/** An option of an algorithm, as a user writes it in `gbt(trees: 200)`. Checked by the binder, documented from here. */
export interface AlgorithmOption {
  readonly name: string;
  readonly type: 'int' | 'float' | 'string';
  readonly default: number | string | null;
  /** Bounds of a number, both ends included. */
  readonly min?: number;
  readonly max?: number;
  readonly values?: readonly string[];
  readonly doc: string;
}

export interface AlgorithmDef {
  readonly name: string;
  readonly doc: string;
  /** `by label`: a number is learned as such, a bool or a text as a class. */
  readonly task: Task | 'by label';
  readonly options: readonly AlgorithmOption[];
}

const ridge = (value: number): AlgorithmOption => ({
  name: 'l2',
  type: 'float',
  default: value,
  min: 0,
  max: 1e9,
  doc: 'Penalty on large weights.',
});

/** The algorithms of `train`. Options reach the operator under these names, defaults filled in. */
export const ALGORITHMS: Readonly<Record<string, AlgorithmDef>> = {
  linear: {
    name: 'linear',
    doc: 'Linear regression (ridge). A missing feature counts as its mean.',
    task: 'regression',
    options: [ridge(1e-6)],
  },
  logistic: {
    name: 'logistic',
    doc: 'Logistic regression; more than two classes are learned one against the rest. A missing feature counts as its mean.',
    task: 'classification',
    options: [
      ridge(1e-6),
      { name: 'iterations', type: 'int', default: 50, min: 1, max: 10_000, doc: 'Steps of the optimiser at most.' },
      { name: 'tolerance', type: 'float', default: 1e-8, min: 0, max: 1, doc: 'Ends when no weight moves by more.' },
    ],
  },
  gbt: {
    name: 'gbt',
    doc: 'Gradient-boosted trees over histograms. A missing feature goes the way that fits best.',
    task: 'by label',
    options: [
      { name: 'trees', type: 'int', default: 100, min: 1, max: 10_000, doc: 'Rounds of boosting.' },
      { name: 'depth', type: 'int', default: 6, min: 1, max: 16, doc: 'Greatest depth of a tree.' },
      {
        name: 'learning_rate',
        type: 'float',
        default: 0.1,
        min: 1e-6,
        max: 1,
        doc: 'Share of each tree that is added.',
      },
      ridge(1),
      { name: 'min_rows', type: 'int', default: 20, min: 1, max: 1e9, doc: 'Fewest rows of a leaf.' },
      { name: 'subsample', type: 'float', default: 1, min: 0.01, max: 1, doc: 'Share of the rows each tree sees.' },
      { name: 'colsample', type: 'float', default: 1, min: 0.01, max: 1, doc: 'Share of the features each tree sees.' },
      {
        name: 'task',
        type: 'string',
        default: null,
        values: ['regression', 'classification'],
        doc: 'What to learn where the type of the label leaves it open: a number (the default) or a class.',
      },
    ],
  },
};

/** A trained model is a relation of one row. */
export const MODEL_SCHEMA: Schema = [field('model', T.bytes, false)];

/** What is learned from a label of this type, or why it cannot be, as the end of a sentence that begins with the algorithm. */
export function taskOf(
  algorithm: AlgorithmDef,
  label: DataType,
  options: Readonly<Record<string, unknown>>,
): Task | { readonly error: string } {
  const number = label.kind === 'int' || label.kind === 'float' || label.kind === 'decimal';
  const discrete = label.kind === 'bool' || label.kind === 'string' || label.kind === 'int';
  const wanted = options.task ?? algorithm.task;
  const task =
    wanted === 'regression' || wanted === 'classification' ? wanted : number ? 'regression' : 'classification';
  if (task === 'regression' && !number) return { error: `learns a number, and the label is ${formatType(label)}` };
  if (task === 'classification' && !discrete)
    return { error: `learns a class (bool, string or int), and the label is ${formatType(label)}` };
  return task;
}

/** Whether a column of that type can be a feature, and how it is given to the learner. Null: it cannot. */
export function defaultEncoding(type: DataType): 'numeric' | 'onehot' | null {
  switch (type.kind) {
    case 'bool':
    case 'int':
    case 'float':
    case 'decimal':
    case 'date':
    case 'timestamp':
      return 'numeric';
    case 'string':
      return 'onehot';
    default:
      return null;
  }
}

/** Whether the values of a column of that type can become one indicator each. */
export function canOnehot(type: DataType): boolean {
  return type.kind === 'string' || type.kind === 'int' || type.kind === 'bool' || type.kind === 'date';
}

/**
 * The columns `predict m as p` appends: the predicted number, or the predicted class in the label's type and `p_prob`, the probability of that class
 * (of `true` where the label is a bool, whatever is predicted).
 */
export function predictionFields(task: Task, label: DataType, as: string): readonly Field[] {
  return task === 'regression'
    ? [field(as, T.float, false)]
    : [field(as, label, false), field(`${as}_prob`, T.float, false)];
}

/** The columns `evaluate` gives behind its keys; `n` counts rows with a label. `auc` is null unless there are two classes, `r2` where the label is constant. */
export function metricFields(task: Task): readonly Field[] {
  const names = task === 'regression' ? ['rmse', 'mae', 'r2'] : ['accuracy', 'auc', 'log_loss'];
  return [field('n', T.int, false), ...names.map((name) => field(name, T.float, true))];
}
