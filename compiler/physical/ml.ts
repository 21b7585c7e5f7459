import type { NamedExpr } from '../../engine/expr.ts';
import type {
  EvaluateParams,
  PredictParams,
  SearchRound,
  TrainParams,
  TrialParams,
  TrialTableParams,
} from '../../engine/ml/params.ts';
import type { SideInput, StepRef } from '../../engine/plan.ts';
import type { EvaluateNode, PredictNode, TrainNode, TrialsNode, TrialTableNode } from '../logical.ts';
import { inputOf } from '../plan_tree.ts';
import { addCompute, addStep, columnsFor, freshName, type Pipeline, schemaOf } from './pipeline.ts';
import type { Planner } from './planner.ts';

/** Label and features become columns. */
function learnerColumns(planner: Planner, n: TrainNode | TrialsNode): { p: Pipeline; params: TrainParams } {
  const info = { name: 'features', label: n.label, span: n.span };
  const { label, features } = n.params;
  const outputs: NamedExpr[] = [
    { name: 'label', expr: label.expr },
    ...features.map((f, i) => ({ name: `feature.${i}`, expr: f.expr })),
  ];
  const p = addCompute(planner.pipeline(inputOf(n)), { filter: null, outputs }, schemaOf(outputs), info);
  const params: TrainParams = {
    algorithm: n.params.algorithm,
    options: n.params.options,
    seed: n.params.seed,
    label: { name: label.name, column: 'label', type: label.expr.type },
    features: features.map((f, i) => ({
      name: f.name,
      column: `feature.${i}`,
      type: f.expr.type,
      encoding: f.encoding,
    })),
  };
  return { p, params };
}

/** All rows meet in one task, which trains. */
export function planTrain(planner: Planner, n: TrainNode): Pipeline {
  const { p, params } = learnerColumns(planner, n);
  const { search } = n.params;
  const relation = planner.close(p, { kind: 'exchange', by: 'single' }, 'gather for training');
  const step: StepRef = {
    op: 'train',
    phase: 'final',
    params: search === undefined ? params : { ...params, search },
    input: p.schema,
    output: n.schema,
    sides: search === undefined ? [] : [planner.materialize(inputOf(n, 1))],
    span: n.span,
    label: n.label,
  };
  return {
    input: { kind: 'merge', from: [{ relation, schema: p.schema }], step },
    steps: [],
    schema: n.schema,
    names: [`train ${n.params.algorithm}`],
  };
}

/** The rows are kept, and a task for each fold of each trial reads them; those of a later round read the scores of the one before, too. */
export function planTrials(planner: Planner, n: TrialsNode): Pipeline {
  const { p, params: train } = learnerColumns(planner, n);
  const relation = planner.close(p, { kind: 'collect', limit: null }, 'keep for trials');
  const { search } = n.params;
  const rows = { relation, schema: p.schema };
  const scores: SideInput[] = [];
  const planRound = (round: number): Pipeline => {
    const { trials } = search.rounds[round] as SearchRound;
    const params: TrialParams = { train, search, round };
    const empty: Pipeline = {
      input: { kind: 'items', count: trials * search.folds },
      steps: [],
      schema: [],
      names: [`trials of ${n.params.algorithm}`],
    };
    const at = { sides: [rows, ...scores.slice(-1)], span: n.span, label: n.label };
    return addStep(empty, { op: 'trial', phase: 'map', params, input: [], output: n.schema, ...at }, 'train and score');
  };
  const last = search.rounds.length - 1;
  for (let round = 0; round < last; round++)
    scores.push({
      relation: planner.close(planRound(round), { kind: 'collect', limit: null }, `round ${round + 1}`),
      schema: n.schema,
    });
  if (last === 0) return planRound(0);
  scores.push({
    relation: planner.close(planRound(last), { kind: 'collect', limit: null }, `round ${last + 1}`),
    schema: n.schema,
  });
  return {
    input: { kind: 'stream', from: scores, skip: 0 },
    steps: [],
    schema: n.schema,
    names: ['scores of all rounds'],
  };
}

export function planTrialTable(planner: Planner, n: TrialTableNode): Pipeline {
  const from = planner.materialize(inputOf(n));
  const below: Pipeline = {
    input: { kind: 'stream', from: [from], skip: 0 },
    steps: [],
    schema: from.schema,
    names: [],
  };
  const relation = planner.close(below, { kind: 'exchange', by: 'single' }, 'gather scores');
  const params: TrialTableParams = { search: n.search, searched: n.searched };
  const at = { sides: [], span: n.span, label: n.label };
  const step: StepRef = { op: 'trials', phase: 'final', params, input: from.schema, output: n.schema, ...at };
  return {
    input: { kind: 'merge', from: [{ relation, schema: from.schema }], step },
    steps: [],
    schema: n.schema,
    names: ['table of trials'],
  };
}

export function planPredict(planner: Planner, n: PredictNode): Pipeline {
  const info = { name: 'features', label: n.label, span: n.span };
  const model = planner.materialize(inputOf(n, 1));
  const { pipeline, names } = columnsFor(
    planner.pipeline(inputOf(n, 0)),
    n.features.map((f) => f.expr),
    'predict.f',
    info,
  );
  const params: PredictParams = {
    as: n.as,
    features: n.features.map((f, i) => ({ name: f.name, column: names[i] as string })),
  };
  const own = n.schema.filter((f) => f.name === n.as || f.name === `${n.as}_prob`);
  const output = [...pipeline.schema, ...own];
  const step: StepRef = {
    op: 'predict',
    phase: 'map',
    params,
    input: pipeline.schema,
    output,
    sides: [model],
    span: n.span,
    label: n.label,
  };
  return addStep(pipeline, step, 'predict');
}

/** Scores the rows on the map side; one task turns scores and labels into metrics. */
export function planEvaluate(planner: Planner, n: EvaluateNode): Pipeline {
  const info = { name: 'features', label: n.label, span: n.span };
  const model = planner.materialize(inputOf(n, 1));
  const below = planner.pipeline(inputOf(n, 0));
  const taken = new Set(below.schema.map((f) => f.name));
  const label = freshName(taken, 'evaluate.y');
  const by = n.by.map((b, i) => ({ name: b.name, column: `evaluate.by${i}` }));
  const features = n.features.map((f, i) => ({ name: f.name, column: `evaluate.f${i}` }));
  const outputs: NamedExpr[] = [
    { name: label, expr: n.target },
    ...n.by.map((b, i) => ({ name: `evaluate.by${i}`, expr: b.expr })),
    ...n.features.map((f, i) => ({ name: `evaluate.f${i}`, expr: f.expr })),
  ];
  const p = addCompute(below, { filter: null, outputs }, schemaOf(outputs), info);
  const params: EvaluateParams = { label, by, features };
  const relation = planner.close(p, { kind: 'exchange', by: 'single' }, 'gather for evaluation');
  const step: StepRef = {
    op: 'evaluate',
    phase: 'final',
    params,
    input: p.schema,
    output: n.schema,
    sides: [model],
    span: n.span,
    label: n.label,
  };
  return {
    input: { kind: 'merge', from: [{ relation, schema: p.schema }], step },
    steps: [],
    schema: n.schema,
    names: ['evaluate'],
  };
}
