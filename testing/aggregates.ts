import { AGGREGATE_LIST, resolveAggregate } from '../engine/aggregates/registry.ts';
import type { DataType } from '../engine/types.ts';
import type { Draw } from './draw.ts';
import { ALL_KINDS, KINDS, type Kind, kindOf, TYPES } from './kinds.ts';

/** Aggregates of the registry that random pipelines do without, and why. */
export const NOT_GENERATED: Readonly<Record<string, string>> = {
  approx_count_distinct: 'an estimate; its error is measured in tests/aggregates',
  approx_median: 'an estimate; its error is measured in tests/aggregates',
  approx_quantile: 'an estimate; its error is measured in tests/aggregates',
};

/** A call of an aggregate with arguments of these kinds. */
export interface AggregateForm {
  readonly fn: string;
  readonly args: readonly Kind[];
  /** Behind the arguments, as it is written: what has to be a constant. */
  readonly constants: readonly string[];
  readonly result: DataType;
  /** What it gives depends on the order of the rows. */
  readonly ordered: boolean;
  /** It computes with numbers, whose last digits depend on how they are added up. */
  readonly computes: boolean;
}

const ORDERED: ReadonlySet<string> = new Set([
  'first',
  'last',
  'any_value',
  'min_by',
  'max_by',
  'list',
  'string_agg',
  'mode',
  'histogram',
]);

/** Second arguments that have to be constants. */
const CONSTANTS: Readonly<Record<string, readonly string[]>> = {
  quantile: ['0.25', '0.5', '1.0', '0.0'],
  quantile_disc: ['0.25', '0.75', '1.0', '0.0'],
  string_agg: ['"-"', '""'],
};

let known: readonly (readonly AggregateForm[])[] | null = null;

/** Every aggregate of the registry, but those of NOT_GENERATED: its calls, found by asking which kinds it takes. */
export function aggregateForms(): readonly (readonly AggregateForm[])[] {
  known ??= AGGREGATE_LIST.filter((def) => !(def.name in NOT_GENERATED)).map((def) => formsOf(def.name));
  return known;
}

function formsOf(fn: string): readonly AggregateForm[] {
  const forms: AggregateForm[] = [];
  const numeric = fn === 'sum' || (resolves(fn, ['int']) ?? resolves(fn, ['int', 'int']))?.kind === 'float';
  const computes = numeric && resolves(fn, ['string']) === null;
  for (const args of tuples()) {
    const constants = CONSTANTS[fn];
    // The second argument is the constant, of the kind that it is.
    if (constants !== undefined && args.length === 2 && args[1] !== (fn === 'string_agg' ? 'string' : 'float'))
      continue;
    const result = resolves(fn, args);
    if (result === null) continue;
    const own = { fn, result, ordered: ORDERED.has(fn), computes: computes || fn === 'entropy' };
    if (constants === undefined || args.length < 2) forms.push({ ...own, args, constants: [] });
    else for (const c of constants) forms.push({ ...own, args: args.slice(0, 1), constants: [c] });
  }
  return forms;
}

function resolves(fn: string, args: readonly Kind[]): DataType | null {
  return (
    resolveAggregate(
      fn,
      args.map((k) => TYPES[k]),
      false,
    )?.type ?? null
  );
}

function* tuples(): Iterable<readonly Kind[]> {
  yield [];
  for (const a of ALL_KINDS) yield [a];
  for (const a of ALL_KINDS) for (const b of ALL_KINDS) yield [a, b];
}

/** Numbers that can be multiplied and added up without leaving what floats hold: small multiples of a quarter. */
const TAME: Partial<Readonly<Record<Kind, (e: string) => string>>> = {
  int: (e) => `(${e} % 100)`,
  float: (e) => `(case when ${e} between -100 and 100 then floor(${e} * 4) / 4 end)`,
  decimal: (e) => `(case when ${e} between -100 and 100 then ${e} end)`,
};
/** What these take is not negative, so that they are numbers. */
const POSITIVE: ReadonlySet<string> = new Set(['geometric_mean', 'harmonic_mean']);

export interface DrawnAggregate {
  /** The call, without what stands around it. */
  readonly call: string;
  /** Around the call (and its `over`): what makes the value one that can be compared. */
  readonly around: (call: string) => string;
  readonly type: DataType;
  readonly ordered: boolean;
}

/** A call over columns: `argument` writes an expression of a kind. */
export function drawAggregate(d: Draw, argument: (kind: Kind) => string, total: boolean): DrawnAggregate {
  // Half of them look at the order of rows, where there is one.
  const ordered = total && d.below(2) === 1;
  const forms = aggregateForms().filter(([one]) => one?.ordered === ordered);
  // Without functions, what SQL has too: no lists, maps and structs.
  const plain = (form: AggregateForm): boolean => form.args.every((kind) => KINDS.some((k) => k === kind));
  const fitting = d.functions ? forms : forms.map((same) => same.filter(plain)).filter((same) => same.length > 0);
  const form = d.pick(d.pick(fitting));
  const args = form.args.map((kind) => {
    const tame = form.computes && form.fn !== 'entropy' ? TAME[kind] : undefined;
    const e = tame === undefined ? argument(kind) : tame(argument(kind));
    return form.fn === 'product' ? `(${e} % 3)` : POSITIVE.has(form.fn) ? `abs(${e})` : e;
  });
  const distinctly = form.args.length === 1 && form.constants.length === 0 && d.below(4) === 3;
  // In parentheses: a list would be an index into a column of that name.
  const given = distinctly ? `distinct (${args[0]})` : [...args, ...form.constants].join(', ');
  return {
    call: `${form.fn}(${given})`,
    ...shape(form),
    ordered: form.ordered,
  };
}

/** Floats that are computed are cut to six digits; values of no kind are text. */
function shape({ result, computes }: AggregateForm): Pick<DrawnAggregate, 'around' | 'type'> {
  // Not at a tie, where the last digit would decide.
  if (computes && result.kind === 'float')
    return { around: (call) => `floor(${call} * 1000000 + 0.123) / 1000000`, type: result };
  if (result.kind === 'decimal') return { around: (call) => `${call}::decimal(12, 2)?`, type: TYPES.decimal };
  if (kindOf(result) === null) return { around: (call) => `to_json(${call})::string`, type: TYPES.string };
  return { around: (call) => call, type: result };
}
