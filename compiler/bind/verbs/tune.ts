import { evaluateConstant } from '../../../engine/expr/compile.ts';
import type { LiteralValue } from '../../../engine/expr.ts';
import type { SearchParams, SearchRound } from '../../../engine/ml/params.ts';
import {
  type AlgorithmDef,
  type AlgorithmOption,
  MODEL_SCHEMA,
  metricFields,
  taskOf,
} from '../../../engine/ml/schema.ts';
import { SCORES_SCHEMA } from '../../../engine/ml/trials.ts';
import { type DataType, field, type Schema, T } from '../../../engine/types.ts';
import type * as Ast from '../../../grammar/ast.ts';
import { suggest } from '../../../grammar/suggest.ts';
import { codes } from '../../diagnostics.ts';
import type { TrainNode, TrainSpec, TrialsNode, TrialTableNode } from '../../logical.ts';
import { bindConstant, bindCount } from '../constants.ts';
import type { Context, Rows } from '../context.ts';
import { isUnknown, literal } from '../exprs.ts';
import { call } from '../invoke.ts';
import { base } from '../nodes.ts';
import { algorithmOf, bindLearner, defaultsOf, eachOption, optionProblem } from './train.ts';

/** What a search may try for one option. */
type Space =
  | { readonly kind: 'choice'; readonly values: readonly LiteralValue[] }
  | { readonly kind: 'ints'; readonly low: number; readonly high: number }
  | {
      readonly kind: 'numbers';
      readonly low: number;
      readonly high: number;
      readonly log: boolean;
      readonly whole: boolean;
    };

const MAX_TRIALS = 1000;
const MAX_FOLDS = 100;
const DEFAULT_FOLDS = 5;
const MAX_HALVING = 100;

/**
 * The best model of a search, and the table of its trials. Trials are drawn here, from the seed alone; so the plan has them all, and each fold of each is a task.
 */
export function tune(ctx: Context, input: Rows, step: Ast.TuneStep): { model: Rows; trials: Rows } {
  const algorithm = algorithmOf(ctx, step.algorithm);
  const spaces = algorithm === null ? new Map<string, Space>() : spacesOf(ctx, algorithm, step.algorithm);
  const wanted = step.trials === null ? null : countOf(ctx, step.trials, 'the number of trials', 1, MAX_TRIALS);
  const folds =
    step.folds === null
      ? DEFAULT_FOLDS
      : (countOf(ctx, step.folds, 'the number of folds', 2, MAX_FOLDS) ?? DEFAULT_FOLDS);
  const halving = step.halving === null ? null : countOf(ctx, step.halving, 'the factor of halving', 2, MAX_HALVING);
  const first = algorithm === null ? {} : { ...defaultsOf(algorithm), ...at(spaces, () => 0) };
  const spec = bindLearner(ctx, input, step, algorithm, first);
  const metric = spec === null || algorithm === null ? null : metricOf(ctx, step, spec, algorithm);
  if (algorithm === null) return { model: null, trials: null };
  const options = trialsOf(ctx, spaces, wanted, spec?.seed ?? 0, step);
  if (input === null || spec === null || metric === null || options === null) return { model: null, trials: null };
  const trials = options.map((one) => ({ ...defaultsOf(algorithm), ...one }));
  const rounds = roundsOf(trials.length, halving);
  const search: SearchParams = { trials, folds, seed: spec.seed, metric, maximize: !MINIMIZED.has(metric), rounds };
  const scores: TrialsNode = {
    ...base(ctx, SCORES_SCHEMA, [input], step, `tune ${spec.algorithm}`),
    op: 'trials',
    params: { ...spec, search },
  };
  const model: TrainNode = {
    ...base(ctx, MODEL_SCHEMA, [input, scores], step, `tune ${spec.algorithm}`),
    op: 'train',
    params: { ...spec, search },
  };
  const searched = [...spaces.keys()];
  const table: TrialTableNode = {
    ...base(ctx, tableSchema(algorithm, searched, metric, rounds.length > 1), [scores], step, `tune ${spec.algorithm}`),
    op: 'trialTable',
    search,
    searched,
  };
  return { model, trials: table };
}

const MINIMIZED: ReadonlySet<string> = new Set(['rmse', 'mae', 'log_loss']);

/** Successive halving: each round keeps one in `factor` trials, and gives them `factor` times the rows; the last one has all rows. */
function roundsOf(trials: number, factor: number | null): readonly SearchRound[] {
  const counts = [trials];
  for (let n = trials; factor !== null && n >= factor; counts.push(n)) n = Math.ceil(n / factor);
  return counts.map((n, i) => ({ trials: n, share: (factor ?? 1) ** (i + 1 - counts.length) }));
}

function tableSchema(algorithm: AlgorithmDef, searched: readonly string[], metric: string, halving: boolean): Schema {
  const types: Readonly<Record<AlgorithmOption['type'], DataType>> = { int: T.int, float: T.float, string: T.string };
  const options = searched.map((name) => {
    const option = algorithm.options.find((one) => one.name === name);
    return field(name, types[option?.type ?? 'float'], false);
  });
  return [
    field('trial', T.int, false),
    ...options,
    field(metric, T.float, true),
    field(`${metric}_std`, T.float, true),
    ...(halving ? [field('round', T.int, false)] : []),
  ];
}

function countOf(ctx: Context, node: Ast.Expr, what: string, least: number, most: number): number | null {
  const count = bindCount(ctx, node, what, least);
  if (count === null || count <= most) return count;
  ctx.report(codes.badCount, { what, expected: `at most ${most}, not ${count}` }, node.span);
  return null;
}

function metricOf(ctx: Context, step: Ast.TuneStep, spec: TrainSpec, algorithm: AlgorithmDef): string | null {
  const task = isUnknown(spec.label.expr) ? null : taskOf(algorithm, spec.label.expr.type, spec.options);
  if (typeof task !== 'string') return null;
  const names = metricFields(task)
    .map((f) => f.name)
    .filter((name) => name !== 'n');
  if (step.metric === null) return task === 'regression' ? 'rmse' : 'log_loss';
  const name = step.metric.text;
  if (names.includes(name)) return name;
  const near = suggest(name, names);
  ctx.report(codes.badSearch, { why: `a ${task} has no metric \`${name}\`` }, step.metric.span, {
    notes: [`metrics: ${names.join(', ')}`],
    suggestion: near === null ? undefined : { text: `did you mean \`${near}\`?`, replacement: near },
  });
  return null;
}

/** By option, in the order written; one that has a single value is tried with that. */
function spacesOf(ctx: Context, algorithm: AlgorithmDef, node: Ast.Call): Map<string, Space> {
  const spaces = new Map<string, Space>();
  eachOption(ctx, algorithm, node, (option, value, fail) => {
    const space = spaceOf(ctx, option, value, fail);
    if (space !== null) spaces.set(option.name, space);
  });
  return spaces;
}

function spaceOf(ctx: Context, option: AlgorithmOption, node: Ast.Expr, fail: (why: string) => void): Space | null {
  if (node.kind === 'range') {
    const low = node.low === null ? null : boundOf(ctx, option, node.low, fail);
    const high = node.high === null ? null : boundOf(ctx, option, node.high, fail);
    if (node.low === null || node.high === null) fail('is searched between two bounds: `3..8`');
    if (low === null || high === null) return null;
    const whole = Number.isInteger(low) && Number.isInteger(high);
    if (whole && low <= high) return { kind: 'ints', low, high };
    fail(
      whole
        ? `is searched from ${low} to ${high}, which is nothing`
        : 'is searched in whole numbers by a range: write `uniform(…)`',
    );
    return null;
  }
  if (node.kind === 'call' && (node.name.text === 'uniform' || node.name.text === 'log_uniform'))
    return numbersOf(ctx, option, node, fail);
  const e = bindConstant(ctx, node, 'an option');
  if (isUnknown(e)) return null;
  const values = e.type.kind === 'list' && Array.isArray(e.value) ? (e.value as readonly LiteralValue[]) : [e.value];
  const type = e.type.kind === 'list' ? e.type.item.type : e.type;
  const wrong = values
    .map((value) => optionProblem(option, { type, value, nullable: false }))
    .find((why) => why !== null);
  if (values.length === 0) fail('has no values to try');
  else if (wrong !== undefined) fail(wrong);
  else return { kind: 'choice', values };
  return null;
}

function boundOf(ctx: Context, option: AlgorithmOption, node: Ast.Expr, fail: (why: string) => void): number | null {
  const e = bindConstant(ctx, node, 'a bound of a search');
  if (isUnknown(e)) return null;
  const wrong = option.type === 'string' ? 'is a text: write a list of values' : optionProblem(option, e);
  if (wrong === null) return e.value as number;
  fail(wrong);
  return null;
}

function numbersOf(ctx: Context, option: AlgorithmOption, node: Ast.Call, fail: (why: string) => void): Space | null {
  const [low, high, extra] = node.args.map((arg) => boundOf(ctx, option, arg.value, fail));
  const name = node.name.text;
  if (low === undefined || high === undefined || extra !== undefined) {
    fail(`is searched between two bounds: \`${name}(0.01, 0.3)\``);
    return null;
  }
  if (low === null || high === null) return null;
  if (low < high && (name === 'uniform' || low > 0))
    return { kind: 'numbers', low, high, log: name === 'log_uniform', whole: option.type === 'int' };
  fail(
    low < high
      ? 'is searched by its logarithm from above 0 on'
      : `is searched from ${low} to ${high}, which is nothing`,
  );
  return null;
}

/** The value of each option at places from 0 to below 1 of its space. */
function at(spaces: ReadonlyMap<string, Space>, place: (option: number) => number): Record<string, LiteralValue> {
  return Object.fromEntries([...spaces].map(([name, space], i) => [name, valueAt(space, place(i))]));
}

function valueAt(space: Space, place: number): LiteralValue {
  if (space.kind === 'choice') return space.values[Math.floor(place * space.values.length)] ?? null;
  if (space.kind === 'ints') return space.low + Math.floor(place * (space.high - space.low + 1));
  const { low, high, log, whole } = space;
  const value = log ? low * (high / low) ** place : low + place * (high - low);
  return whole ? Math.min(high, Math.max(low, Math.round(value))) : value;
}

/** How many values a space has; infinitely many for numbers. */
function sizeOf(space: Space): number {
  if (space.kind === 'choice') return space.values.length;
  return space.kind === 'ints' ? space.high - space.low + 1 : Number.POSITIVE_INFINITY;
}

/** All combinations where there are no more than are wanted, else as many as are wanted, drawn by the seed and different. */
function trialsOf(
  ctx: Context,
  spaces: ReadonlyMap<string, Space>,
  wanted: number | null,
  seed: number,
  step: Ast.TuneStep,
): Record<string, LiteralValue>[] | null {
  const sizes = [...spaces.values()].map(sizeOf);
  const all = sizes.reduce((a, b) => a * b, 1);
  if (wanted === null && all > MAX_TRIALS) {
    const why = Number.isFinite(all)
      ? `the options have ${all} combinations, and at most ${MAX_TRIALS} are tried`
      : 'there is no end of combinations to try';
    ctx.report(codes.badSearch, { why }, step.algorithm.span, { suggestion: { text: 'say how many: `trials 20`' } });
    return null;
  }
  if (all <= (wanted ?? MAX_TRIALS)) return Array.from({ length: all }, (_, i) => combination(spaces, sizes, i));
  const found = new Map<string, Record<string, LiteralValue>>();
  const count = wanted ?? MAX_TRIALS;
  for (let draw = 0; found.size < count && draw < 100 * count; draw++) {
    const one = at(spaces, (option) => drawn(seed, draw, option));
    found.set(JSON.stringify(one), one);
  }
  return [...found.values()];
}

/** The last option varies fastest. */
function combination(
  spaces: ReadonlyMap<string, Space>,
  sizes: readonly number[],
  index: number,
): Record<string, LiteralValue> {
  const places: number[] = [];
  let rest = index;
  for (let i = sizes.length - 1; i >= 0; i--) {
    const size = sizes[i] as number;
    places[i] = ((rest % size) + 0.5) / size;
    rest = Math.floor(rest / size);
  }
  return at(spaces, (option) => places[option] ?? 0);
}

function drawn(seed: number, draw: number, option: number): number {
  const args = [seed, draw, option].map((v) => literal(T.int, v));
  return evaluateConstant(call('hash_unit', args)) as number;
}
