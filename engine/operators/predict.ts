import { columnFromValues } from '../batch/build.ts';
import { valueReader } from '../batch/access.ts';
import { type Batch, type Column, isValid } from '../batch/column.ts';
import { EngineBug, RunError } from '../errors.ts';
import type { LiteralValue } from '../expr.ts';
import { classReader, columnOf, compareClasses, encodeBatchFeatures, toFloats } from '../ml/features.ts';
import { classificationMetrics, regressionMetrics } from '../ml/metrics.ts';
import { type ClassValue, decodeModel, inputWidth, type Model } from '../ml/model.ts';
import type { EvaluateParams, PredictParams } from '../ml/params.ts';
import { metricFields } from '../ml/schema.ts';
import { scoreBatch } from '../ml/score.ts';
import type { SideInput, StepRef } from '../plan.ts';
import { T } from '../types.ts';
import type { OperatorDef, TaskContext } from './def.ts';

/** `predict`: adds the model's value, or its class and that class's probability, to each row. */
export const predict: OperatorDef<PredictParams> = {
  name: 'predict',
  traits: { shape: 'map', ordered: true },
  schema: (_params, inputs) => inputs[0] ?? [],
  map(params, step, ctx) {
    return async function* (input) {
      const model = modelOf(step, ctx);
      const score = scorer(model, params.features);
      for await (const b of input) {
        const scores = score(b);
        const columns = [...b.columns, ...predictions(model, scores, b.rows, ctx)];
        yield { schema: step.output, rows: b.rows, columns };
      }
    };
  },
};

/** The model of a step's side: read once a worker. */
function modelOf(step: StepRef, ctx: TaskContext): Model {
  const side = step.sides[0];
  if (side === undefined) throw new EngineBug(`${step.op} without a model`);
  return ctx.shared(`model ${side.relation}`, () => readModel(side, ctx));
}

function readModel(side: SideInput, ctx: TaskContext): Model {
  for (const b of ctx.side(side).batches()) {
    const bytes = valueReader(columnOf(b, 'model'))(0);
    if (bytes instanceof Uint8Array) return decodeModel(bytes, 'the model');
  }
  throw new RunError('FLOW7011', 'the model relation is empty');
}

/** Scores batches; the input columns of the learner are kept between batches. */
function scorer(model: Model, features: PredictParams['features']): (b: Batch) => Float64Array {
  if (features.length !== model.features.length) {
    throw new RunError('FLOW7011', `the model has ${model.features.length} features, ${features.length} are given`);
  }
  const columns = features.map((f) => f.column);
  let x: Float64Array[] = [];
  return (b) => {
    if (x.length === 0 || (x[0]?.length ?? 0) < b.rows) x = Array.from({ length: inputWidth(model.features) }, () => new Float64Array(b.rows));
    encodeBatchFeatures(b, model.features, columns, x);
    return scoreBatch(model, x, b.rows);
  };
}

function predictions(model: Model, scores: Float64Array, rows: number, ctx: TaskContext): Column[] {
  const p = ctx.scratch.f64(rows);
  if (model.task === 'regression') {
    p.set(scores.subarray(0, rows));
    return [floatColumn(p, rows)];
  }
  const picked: LiteralValue[] = new Array(rows);
  // A bool label has the probability of true, whatever is predicted.
  const shown = model.label.type.kind === 'bool' ? model.classes.indexOf(true) : null;
  for (let i = 0; i < rows; i++) {
    let best = 0;
    for (let c = 1; c < model.classes.length; c++) if ((scores[c * rows + i] as number) > (scores[best * rows + i] as number)) best = c;
    picked[i] = model.classes[best] as ClassValue;
    p[i] = scores[(shown ?? best) * rows + i] as number;
  }
  return [columnFromValues(model.label.type, picked, ctx.scratch), floatColumn(p, rows)];
}

function floatColumn(values: Float64Array, rows: number): Column {
  return { phys: 'f64', type: T.float, length: rows, nullCount: 0, validity: null, values };
}

interface Group {
  readonly by: readonly LiteralValue[];
  readonly y: number[];
  /** One array a class (one in all for regression). */
  readonly p: number[][];
}

/** `evaluate`: scores all rows and turns scores and labels into metrics, for each group of `by`; groups come in the order of their values. */
export const evaluate: OperatorDef<EvaluateParams> = {
  name: 'evaluate',
  traits: { shape: 'single', blocking: true },
  schema: (_params, inputs) => inputs[0] ?? [],
  async *final(params, step, inputs, ctx) {
    const model = modelOf(step, ctx);
    const score = scorer(model, params.features);
    const groups = new Map<string, Group>();
    if (params.by.length === 0) groups.set('', newGroup([], model));
    for (const input of inputs) {
      for (const b of input.batches()) {
        ctx.check();
        collect(b, score(b), model, params, groups);
        ctx.scratch.reset();
      }
    }
    const rows = [...groups.values()].sort((a, b) => compareRows(a.by, b.by)).map((g) => [...g.by, ...metrics(g, model)]);
    const fields = step.output;
    const expected = params.by.length + metricFields(model.task).length;
    if (fields.length !== expected) throw new EngineBug(`evaluate yields ${expected} columns, the plan says ${fields.length}`);
    yield { schema: fields, rows: rows.length, columns: fields.map((f, k) => columnFromValues(f.type, rows.map((r) => r[k] ?? null), ctx.scratch)) };
  },
};

function newGroup(by: readonly LiteralValue[], model: Model): Group {
  return { by, y: [], p: Array.from({ length: model.task === 'regression' ? 1 : model.classes.length }, () => []) };
}

function collect(b: Batch, scores: Float64Array, model: Model, params: EvaluateParams, groups: Map<string, Group>): void {
  const label = columnOf(b, params.label);
  const y = labelReader(label, b.rows, model);
  const by = params.by.map((x) => valueReader(columnOf(b, x.column)));
  for (let i = 0; i < b.rows; i++) {
    if (!isValid(label, i)) continue;
    const values = by.map((read) => read(i));
    const key = values.length === 0 ? '' : JSON.stringify(values, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v));
    let g = groups.get(key);
    if (g === undefined) groups.set(key, (g = newGroup(values, model)));
    g.y.push(y(i));
    g.p.forEach((p, c) => p.push(scores[c * b.rows + i] as number));
  }
}

/** The label as a number: its value, or the index of its class (-1 when the model does not know it). */
function labelReader(label: Column, rows: number, model: Model): (i: number) => number {
  if (model.task === 'regression') {
    const values = new Float64Array(rows);
    toFloats(label, rows, values);
    return (i) => values[i] as number;
  }
  const index = new Map(model.classes.map((c, i) => [c, i]));
  const read = classReader(label);
  return (i) => index.get(read(i) as ClassValue) ?? -1;
}

function metrics(g: Group, model: Model): (number | null)[] {
  const n = g.y.length;
  const y = Float64Array.from(g.y);
  if (model.task === 'regression') return regressionMetrics(y, Float64Array.from(g.p[0] as number[]), n);
  const p = new Float64Array(n * model.classes.length);
  g.p.forEach((values, c) => p.set(values, c * n));
  return classificationMetrics(y, p, n, n, model.classes.length);
}

/** Nulls last. */
function compareRows(a: readonly LiteralValue[], b: readonly LiteralValue[]): number {
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as ClassValue | null;
    const y = b[i] as ClassValue | null;
    if (x === y) continue;
    if (x === null || y === null) return x === null ? 1 : -1;
    const c = compareClasses(x, y);
    if (c !== 0) return c;
  }
  return 0;
}
