import { valueReader } from '../batch/access.ts';
import { columnFromValues } from '../batch/build.ts';
import { type Column, isValid } from '../batch/column.ts';
import { EngineBug, RunError } from '../errors.ts';
import type { LiteralValue } from '../expr.ts';
import { columnOf, compareClasses } from '../ml/features.ts';
import { createMetrics, type Metrics } from '../ml/metrics.ts';
import { type ClassValue, decodeModel, type Model } from '../ml/model.ts';
import type { EvaluateParams, PredictParams } from '../ml/params.ts';
import { metricFields } from '../ml/schema.ts';
import { labelsOf, type Scored, scorer } from '../ml/scorer.ts';
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
        for (const { rows, scores } of score(b)) {
          const columns = [...rows.columns, ...predictions(model, scores, rows.rows, ctx)];
          yield { schema: step.output, rows: rows.rows, columns };
        }
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
    for (let c = 1; c < model.classes.length; c++)
      if ((scores[c * rows + i] as number) > (scores[best * rows + i] as number)) best = c;
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
  readonly metrics: Metrics;
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
        for (const part of score(b)) collect(part, model, params, groups);
        ctx.scratch.reset();
      }
    }
    const rows = [...groups.values()]
      .sort((a, b) => compareRows(a.by, b.by))
      .map((g) => [...g.by, ...g.metrics.values()]);
    const fields = step.output;
    const expected = params.by.length + metricFields(model.task).length;
    if (fields.length !== expected)
      throw new EngineBug(`evaluate yields ${expected} columns, the plan says ${fields.length}`);
    yield {
      schema: fields,
      rows: rows.length,
      columns: fields.map((f, k) =>
        columnFromValues(
          f.type,
          rows.map((r) => r[k] ?? null),
          ctx.scratch,
        ),
      ),
    };
  },
};

function newGroup(by: readonly LiteralValue[], model: Model): Group {
  return { by, metrics: createMetrics(model.task, model.classes.length) };
}

/** Rows without a label do not count. */
function collect({ rows: b, scores }: Scored, model: Model, params: EvaluateParams, groups: Map<string, Group>): void {
  const label = columnOf(b, params.label);
  const y = labelsOf(label, b.rows, model);
  const by = params.by.map((x) => valueReader(columnOf(b, x.column)));
  let all = groups.get('');
  for (let i = 0; i < b.rows; i++) {
    const t = y[i] as number;
    if (!isValid(label, i) || Number.isNaN(t)) continue;
    if (by.length > 0)
      all = groupOf(
        by.map((read) => read(i)),
        model,
        groups,
      );
    all?.metrics.add(t, scores, i, b.rows);
  }
}

function groupOf(values: readonly LiteralValue[], model: Model, groups: Map<string, Group>): Group {
  const key = JSON.stringify(values, (_, v: unknown) => (typeof v === 'bigint' || Number.isNaN(v) ? String(v) : v));
  const known = groups.get(key);
  if (known !== undefined) return known;
  const made = newGroup(values, model);
  groups.set(key, made);
  return made;
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
