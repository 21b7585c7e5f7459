import { formatType } from '../../types.ts';
import type { ClassValue, LinearPart, Model, ModelFeature, TreesPart } from '../model.ts';
import { Graph, type Tensor } from './graph.ts';

/**
 * The model as an ONNX file (opset 15, ai.onnx.ml 3). One input for each feature, by its name, of shape [rows, 1]: numbers as double (NaN where there is none; dates in
 * days, timestamps in microseconds, bools 0 or 1), one-hot features as text or int64. A regression has the output `prediction`, a classification `label` and
 * `probabilities`, in the order of the classes.
 */
export function encodeOnnx(model: Model): Uint8Array {
  const g = new Graph();
  const columns = model.features.map((f) => featureColumns(g, f));
  const x = columns.length === 1 ? (columns[0] as string) : g.node('Concat', columns, { axis: 1 });
  const raw = model.part.kind === 'linear' ? linearScores(g, x, model.part) : treeScores(g, x, model.part);
  if (model.task === 'regression') {
    g.node('Identity', [raw], {}, 'prediction');
    g.output('prediction', 'double', 1);
  } else classOutputs(g, raw, model);
  return g.encode('model', 'flowc', {
    algorithm: model.algorithm,
    label: `${model.label.name}: ${formatType(model.label.type)}`,
    classes: JSON.stringify(model.classes),
  });
}

const doubles = (values: readonly number[], dims: readonly number[] = [values.length]): Tensor => ({
  element: 'double',
  dims,
  values,
});
const longs = (values: readonly number[]): Tensor => ({ element: 'int64', dims: [values.length], values });

const DOUBLE = 11;

/** The learner's columns of a feature, as doubles: [rows, 1], or [rows, categories]. */
function featureColumns(g: Graph, f: ModelFeature): string {
  if (f.encoding === 'numeric') return g.input(f.name, 'double');
  const texts = f.type.kind === 'string';
  const input = g.input(f.name, texts ? 'string' : 'int64');
  const numbers = f.categories.map(Number);
  const categories: Record<string, readonly string[] | readonly number[]> = texts
    ? { cats_strings: f.categories.map(String) }
    : { cats_int64s: numbers };
  const hot = g.mlNode('OneHotEncoder', [input], { ...categories, zeros: 1 });
  const flat = g.node('Reshape', [hot, g.constant(longs([-1, f.categories.length]))]);
  return g.node('Cast', [flat], { to: DOUBLE });
}

/** Missing values count as the mean. */
function linearScores(g: Graph, x: string, part: LinearPart): string {
  const width = part.means.length;
  const zero = g.constant(doubles([0], [1]));
  const centred = g.node('Sub', [x, g.constant(doubles(part.means, [1, width]))]);
  const scaled = g.node('Div', [centred, g.constant(doubles(part.scales, [1, width]))]);
  const known = g.node('Where', [g.node('IsNaN', [x]), zero, scaled]);
  const scores = part.weights.length;
  const weights = Array.from({ length: width }, (_, k) => part.weights.map((w) => w[k] as number)).flat();
  const sum = g.node('MatMul', [known, g.constant(doubles(weights, [width, scores]))]);
  return g.node('Add', [sum, g.constant(doubles(part.intercepts, [1, scores]))]);
}

/** A leaf adds its value to the score of the tree's class; thresholds are doubles, so that every row takes the same way as here. */
function treeScores(g: Graph, x: string, part: TreesPart): string {
  const nodes = part.trees.flatMap(({ tree }, t) =>
    tree.feature.map((feature, node) => {
      const leaf = feature < 0;
      return {
        t,
        node,
        feature: leaf ? 0 : feature,
        mode: leaf ? 'LEAF' : 'BRANCH_LT',
        threshold: leaf ? 0 : (tree.threshold[node] as number),
        missing: !leaf && tree.missingLeft[node] === true ? 1 : 0,
        yes: leaf ? 0 : (tree.left[node] as number),
        no: leaf ? 0 : (tree.right[node] as number),
      };
    }),
  );
  const leaves = part.trees.flatMap(({ k, tree }, t) =>
    tree.feature.flatMap((feature, node) => (feature < 0 ? [{ t, node, k, value: tree.value[node] as number }] : [])),
  );
  const scores = g.mlNode('TreeEnsembleRegressor', [x], {
    n_targets: part.base.length,
    post_transform: 'NONE',
    aggregate_function: 'SUM',
    base_values_as_tensor: doubles(part.base),
    nodes_treeids: nodes.map((n) => n.t),
    nodes_nodeids: nodes.map((n) => n.node),
    nodes_featureids: nodes.map((n) => n.feature),
    nodes_modes: nodes.map((n) => n.mode),
    nodes_values_as_tensor: doubles(nodes.map((n) => n.threshold)),
    nodes_missing_value_tracks_true: nodes.map((n) => n.missing),
    nodes_truenodeids: nodes.map((n) => n.yes),
    nodes_falsenodeids: nodes.map((n) => n.no),
    target_treeids: leaves.map((l) => l.t),
    target_nodeids: leaves.map((l) => l.node),
    target_ids: leaves.map((l) => l.k),
    target_weights_as_tensor: doubles(leaves.map((l) => l.value)),
  });
  return g.node('Cast', [scores], { to: DOUBLE });
}

function classOutputs(g: Graph, raw: string, model: Model): void {
  const count = model.classes.length;
  let probabilities: string;
  if (count === 2) {
    const yes = g.node('Sigmoid', [raw]);
    const no = g.node('Sub', [g.constant(doubles([1], [1])), yes]);
    probabilities = g.node('Concat', [no, yes], { axis: 1 }, 'probabilities');
  } else if (model.part.kind === 'trees') probabilities = g.node('Softmax', [raw], { axis: 1 }, 'probabilities');
  else {
    // One against the rest: what each says, made to add up to one.
    const each = g.node('Sigmoid', [raw]);
    const sum = g.node('ReduceSum', [each, g.constant(longs([1]))], { keepdims: 1 });
    probabilities = g.node('Div', [each, sum], {}, 'probabilities');
  }
  g.output('probabilities', 'double', count);
  const best = g.node('ArgMax', [probabilities], { axis: 1, keepdims: 0 });
  const { kind } = model.label.type;
  const element = kind === 'string' ? 'string' : kind === 'bool' ? 'bool' : 'int64';
  const values = model.classes.map((c: ClassValue) => (element === 'string' ? String(c) : Number(c)));
  g.node('Gather', [g.constant({ element, dims: [count], values }), best], { axis: 0 }, 'label');
  g.output('label', element, null);
}
