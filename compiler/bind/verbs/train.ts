import { columnsOf, type Expr, type LiteralExpr } from '../../../engine/expr.ts';
import {
  ALGORITHMS,
  type AlgorithmDef,
  type AlgorithmOption,
  canOnehot,
  defaultEncoding,
  MODEL_SCHEMA,
  taskOf,
} from '../../../engine/ml/schema.ts';
import { formatType, type Schema } from '../../../engine/types.ts';
import type * as Ast from '../../../grammar/ast.ts';
import { suggest } from '../../../grammar/suggest.ts';
import { codes } from '../../diagnostics.ts';
import type { FeatureSpec, TrainNode, TrainSpec } from '../../logical.ts';
import { bindConstant, bindSeed } from '../constants.ts';
import type { Context, Rows } from '../context.ts';
import { createEnv } from '../expr.ts';
import { column, isUnknown } from '../exprs.ts';
import { show } from '../invoke.ts';
import { base, nameOf, uniqueNames } from '../nodes.ts';
import { rowScope } from '../scope.ts';
import { expand } from './columns.ts';

/** A relation of one row: the model. Its features and its label are expressions, which go with it to where it is used. */
export function train(ctx: Context, input: Rows, step: Ast.TrainStep): Rows {
  const algorithm = algorithmOf(ctx, step.algorithm);
  const options = algorithm === null ? {} : optionsOf(ctx, algorithm, step.algorithm);
  const params = bindLearner(ctx, input, step, algorithm, options);
  if (input === null || params === null) return null;
  const node: TrainNode = {
    ...base(ctx, MODEL_SCHEMA, [input], step, `train ${params.algorithm}`),
    op: 'train',
    params,
  };
  return node;
}

/** Label, features and seed; null when it cannot be told what is learned from what. */
export function bindLearner(
  ctx: Context,
  input: Rows,
  step: Ast.TrainStep | Ast.TuneStep,
  algorithm: AlgorithmDef | null,
  options: Readonly<Record<string, unknown>>,
): TrainSpec | null {
  const label = step.label === null ? null : createEnv(ctx, rowScope(input?.schema ?? null)).bind(step.label);
  if (step.label === null) ctx.report(codes.trainNeeds, { what: 'a label' }, step.verbSpan);
  const features = bindFeatures(ctx, input, step, label);
  const seed = bindSeed(ctx, step.seed);
  if (step.features.length === 0)
    ctx.report(codes.trainNeeds, { what: 'features' }, step.verbSpan, {
      suggestion: { text: 'write `features *` for all other columns' },
    });
  if (algorithm !== null && label !== null && step.label !== null && !isUnknown(label)) {
    const task = taskOf(algorithm, label.type, options);
    if (typeof task !== 'string')
      ctx.report(codes.badLabel, { algorithm: algorithm.name, why: task.error }, step.label.span);
  }
  if (input === null || label === null || algorithm === null) return null;
  const name = label.kind === 'column' ? label.name : 'label';
  return { algorithm: algorithm.name, options, label: { name, expr: label }, features, seed };
}

export function algorithmOf(ctx: Context, call: Ast.Call): AlgorithmDef | null {
  const name = call.name.text;
  const found = Object.hasOwn(ALGORITHMS, name) ? ALGORITHMS[name] : undefined;
  if (found !== undefined) return found;
  const near = suggest(name, Object.keys(ALGORITHMS));
  ctx.report(codes.unknownAlgorithm, { name }, call.name.span, {
    notes: [`algorithms: ${Object.keys(ALGORITHMS).join(', ')}`],
    suggestion: near === null ? undefined : { text: `did you mean \`${near}\`?`, replacement: near },
  });
  return null;
}

function optionsOf(ctx: Context, algorithm: AlgorithmDef, call: Ast.Call): Record<string, unknown> {
  const options = defaultsOf(algorithm);
  eachOption(ctx, algorithm, call, (option, node, fail) => {
    const e = bindConstant(ctx, node, 'an option');
    if (isUnknown(e)) return;
    const wrong = optionProblem(option, e);
    if (wrong === null) options[option.name] = e.value;
    else fail(wrong);
  });
  return options;
}

export function defaultsOf(algorithm: AlgorithmDef): Record<string, unknown> {
  return Object.fromEntries(algorithm.options.map((option) => [option.name, option.default]));
}

/** Hands out the options that are written and exist; reports the others. `fail` reports what is wrong with one. */
export function eachOption(
  ctx: Context,
  algorithm: AlgorithmDef,
  call: Ast.Call,
  take: (option: AlgorithmOption, node: Ast.Expr, fail: (why: string) => void) => void,
): void {
  const names = algorithm.options.map((one) => one.name);
  for (const arg of call.args) {
    const fail = (option: string, why: string, span: Ast.Span, near: string | null = null): void => {
      ctx.report(codes.badModelOption, { algorithm: algorithm.name, option, why }, span, {
        notes: [`options: ${names.join(', ')}`],
        suggestion: near === null ? undefined : { text: `did you mean \`${near}\`?`, replacement: near },
      });
    };
    const name = arg.name?.text;
    const option = algorithm.options.find((one) => one.name === name);
    if (name === undefined || arg.name === null) fail('options', 'are given by name', arg.span);
    else if (option === undefined)
      fail(`\`${name}\``, 'is not one of its options', arg.name.span, suggest(name, names));
    else take(option, arg.value, (why) => fail(`\`${name}\``, why, arg.value.span));
  }
}

/** Why a value is none of the option; null when it is one. */
export function optionProblem(
  option: AlgorithmOption,
  e: Pick<LiteralExpr, 'type' | 'value' | 'nullable'>,
): string | null {
  if (option.type === 'string') {
    const values = option.values ?? [];
    return typeof e.value === 'string' && values.includes(e.value)
      ? null
      : `is one of ${values.map((v) => `"${v}"`).join(', ')}`;
  }
  const fits = e.type.kind === 'int' || (option.type === 'float' && e.type.kind === 'float');
  if (!fits || typeof e.value !== 'number')
    return `is ${option.type === 'int' ? 'an int' : 'a number'}, and this is ${show(e)}`;
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = option;
  return e.value >= min && e.value <= max ? null : `lies between ${min} and ${max}, and this is ${e.value}`;
}

function bindFeatures(
  ctx: Context,
  input: Rows,
  step: Ast.TrainStep | Ast.TuneStep,
  label: Expr | null,
): FeatureSpec[] {
  const isNew = uniqueNames(ctx);
  const out: FeatureSpec[] = [];
  const add = (name: string, expr: Expr, onehot: boolean, span: Ast.Span): void => {
    if (!isNew(name, span)) return;
    const encoding = onehot && canOnehot(expr.type) ? 'onehot' : onehot ? null : defaultEncoding(expr.type);
    if (!isUnknown(expr) && encoding === null) {
      ctx.report(codes.badFeature, { name, type: formatType(expr.type) }, span);
    }
    out.push({ name, expr, encoding: encoding ?? 'numeric' });
  };
  for (const item of step.features) {
    if (item.kind === 'namedExpr') {
      const { expr, onehot, named } = bindFeature(ctx, input, item);
      const name = nameOf(ctx, named);
      if (name !== null) add(name, expr, onehot, item.span);
    } else {
      for (const field of expand(ctx, starSchema(input, item, label), item))
        add(field.name, column(field), false, item.span);
    }
  }
  return out;
}

/** `*` means the other columns: all that the label does not read. */
function starSchema(input: Rows, item: Ast.Star | Ast.Pattern, label: Expr | null): Schema | null {
  if (input === null) return null;
  if (item.kind === 'pattern' || label === null) return input.schema;
  const read = columnsOf(label);
  const named = new Set(item.except.map((name) => name.text));
  return input.schema.filter((f) => !read.has(f.name) || named.has(f.name));
}

/** `onehot(country)` is the column with its encoding, and has the column's name. */
function bindFeature(
  ctx: Context,
  input: Rows,
  item: Ast.NamedExpr,
): { expr: Expr; onehot: boolean; named: Ast.NamedExpr } {
  const env = createEnv(ctx, rowScope(input?.schema ?? null));
  const { value } = item;
  const [arg, extra] = value.kind === 'call' && value.name.text === 'onehot' ? value.args : [];
  if (arg === undefined) return { expr: env.bind(value), onehot: false, named: item };
  if (extra !== undefined) ctx.report(codes.badArguments, { name: 'onehot', why: 'takes one column' }, value.span);
  return { expr: env.bind(arg.value), onehot: true, named: { ...item, value: arg.value } };
}
