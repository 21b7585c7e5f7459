/** Steps that apply a model: its feature expressions, bound over the rows at hand. */

import { columnsOf, type Expr, type NamedExpr } from '../../../engine/expr.ts';
import { implicitCost } from '../../../engine/functions/types.ts';
import type { Task } from '../../../engine/ml/model.ts';
import { ALGORITHMS, metricFields, predictionFields, taskOf } from '../../../engine/ml/schema.ts';
import { type DataType, formatType, type Schema } from '../../../engine/types.ts';
import type * as Ast from '../../../grammar/ast.ts';
import { codes } from '../../diagnostics.ts';
import type { EvaluateNode, LogicalNode, PredictNode, TrainNode } from '../../logical.ts';
import type { StoredModel } from '../../sources.ts';
import { castTo } from '../casts.ts';
import type { Context, Rows } from '../context.ts';
import { createEnv } from '../expr.ts';
import { column, isUnknown, substitute, unknown } from '../exprs.ts';
import { show } from '../invoke.ts';
import { base, columnsByName, nameOf, schemaOfOutputs, text, uniqueNames } from '../nodes.ts';
import { listNames, rowScope } from '../scope.ts';

/** `p` is the number or the class predicted; a classification also gives its probability, `p_prob`. */
export function predict(ctx: Context, input: Rows, step: Ast.PredictStep): Rows {
  const model = modelOf(ctx, step.model);
  const as = step.alias?.text ?? 'prediction';
  if (input === null || model === null)
    return model === null && input !== null ? withUnknown(ctx, input, step, as) : null;
  const features = rebind(ctx, input.schema, model, model.features, step.model);
  const added = predictionFields(model.task, model.label.expr.type, as);
  const names = columnsByName(input.schema);
  for (const { name } of added) {
    if (!names.has(name)) continue;
    ctx.report(codes.duplicateColumn, { name }, step.alias?.span ?? step.verbSpan, {
      suggestion: { text: 'choose another name with `as`' },
    });
  }
  const node: PredictNode = {
    ...base(ctx, [...input.schema, ...added], [input, model.rows], step, `predict ${modelName(step.model)}`),
    op: 'predict',
    as,
    features,
  };
  return node;
}

/** The rows with columns whose types are not known, because the model is not. */
function withUnknown(ctx: Context, input: NonNullable<Rows>, step: Ast.PredictStep, as: string): Rows {
  const added = [as, `${as}_prob`].map((name) => ({ name, type: unknown().type, nullable: true }));
  return { ...base(ctx, [...input.schema, ...added], [input], step, 'predict'), op: 'filter', predicate: unknown() };
}

export function evaluate(ctx: Context, input: Rows, step: Ast.EvaluateStep): Rows {
  const model = modelOf(ctx, step.model);
  const env = createEnv(ctx, rowScope(input?.schema ?? null));
  const isNew = uniqueNames(ctx);
  const by: NamedExpr[] = [];
  for (const item of step.by) {
    const expr = env.bind(item.value);
    const name = nameOf(ctx, item);
    if (name !== null && isNew(name, (item.name ?? item.value).span)) by.push({ name, expr });
  }
  if (input === null || model === null) return null;
  const { label, features } = model;
  const [target, ...bound] = rebind(ctx, input.schema, model, [label, ...features], step.model);
  const metrics = metricFields(model.task);
  for (const { name } of metrics) isNew(name, step.span);
  const keys = by.length === 0 ? '' : ` by ${text(by.map((one) => one.name))}`;
  const node: EvaluateNode = {
    ...base(
      ctx,
      [...schemaOfOutputs(by), ...metrics],
      [input, model.rows],
      step,
      `evaluate ${modelName(step.model)}${keys}`,
    ),
    op: 'evaluate',
    target: target?.expr ?? unknown(),
    features: bound,
    by,
  };
  return node;
}

/** A model as the steps that apply it need it: trained in this file, or stored. */
interface UsedModel {
  readonly rows: LogicalNode;
  readonly task: Task;
  readonly label: NamedExpr;
  readonly features: readonly NamedExpr[];
  /** The columns its expressions read. */
  readonly learned: Schema;
}

/** Null when it is none, or is wrong itself; that has been reported. */
function modelOf(ctx: Context, node: Ast.RelationName | Ast.FormatCall): UsedModel | null {
  const rows = ctx.relation(node);
  if (rows === null) return null;
  if (rows.op === 'train') return trainedModel(rows);
  const stored = rows.op === 'scan' ? ctx.models.get(rows.source) : undefined;
  if (stored !== undefined) return storedModel(rows, stored);
  ctx.report(codes.notAModel, { name: modelName(node) }, node.span);
  return null;
}

function modelName(node: Ast.RelationName | Ast.FormatCall): string {
  return node.kind === 'relationName' ? node.name : node.format.text;
}

function trainedModel(rows: TrainNode): UsedModel | null {
  const { algorithm, label, features, options } = rows.params;
  const def = ALGORITHMS[algorithm];
  if (def === undefined || isUnknown(label.expr)) return null;
  const task = taskOf(def, label.expr.type, options);
  return typeof task === 'string' ? { rows, task, label, features, learned: rows.inputs[0]?.schema ?? [] } : null;
}

/** A stored model knows the values of its features, not how they were computed: they are columns of their names. */
function storedModel(rows: LogicalNode, { task, label, features }: StoredModel): UsedModel {
  const named = ({ name, type }: { name: string; type: DataType }) => ({
    name,
    expr: column({ name, type, nullable: true }),
  });
  const learned = [label, ...features].map(({ name, type }) => ({ name, type, nullable: true }));
  return { rows, task, label: named(label), features: features.map(named), learned };
}

/**
 * Expressions of the model over other rows: their columns are looked up by name, and cast where they fit the type that was learned
 * from. Reports what is missing, all at once, and what does not fit.
 */
function rebind(
  ctx: Context,
  schema: Schema,
  model: UsedModel,
  exprs: readonly NamedExpr[],
  node: Ast.RelationName | Ast.FormatCall,
): NamedExpr[] {
  const learned = columnsByName(model.learned);
  const there = columnsByName(schema);
  const name = `\`${modelName(node)}\``;
  const needed = [...new Set(exprs.flatMap(({ expr }) => [...columnsOf(expr)]))];
  const missing = needed.filter((one) => !there.has(one));
  if (missing.length > 0) {
    ctx.report(codes.modelColumns, { model: name, missing }, node.span, {
      notes: [listNames('columns', [...there.keys()])],
    });
  }
  const columns = new Map<string, Expr>();
  for (const one of needed) {
    const [has, wants] = [there.get(one), learned.get(one)];
    if (has === undefined || wants === undefined) continue;
    const e = column(has);
    const fits = isUnknown(e) || isUnknown(wants) || implicitCost(e.type, wants.type) !== null;
    if (!fits) {
      const params = {
        what: `the column \`${one}\`, which ${name} reads,`,
        expected: formatType(wants.type),
        found: show(e),
      };
      ctx.report(codes.wrongType, params, node.span);
    }
    columns.set(one, fits ? castTo(e, wants.type) : unknown());
  }
  return exprs.map((item) => ({
    name: item.name,
    expr: missing.length > 0 ? unknown() : substitute(item.expr, (one) => columns.get(one)),
  }));
}
