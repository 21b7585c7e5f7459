import { RunError } from '../../engine/errors.ts';
import type { AggregateCall, LiteralValue } from '../../engine/expr.ts';
import type { DataType } from '../../engine/types.ts';
import { FAILS, interpret, type Row } from './expr.ts';
import { centred, type Exact, exactly, ratio, total } from './numbers.ts';
import { canonical, keyText, order } from './values.ts';

/** The values of a group, those of each argument by themselves, in the order of its rows; rows with nulls are left out. */
interface Group {
  readonly values: readonly LiteralValue[];
  readonly type: DataType;
  /** Of the second argument. */
  readonly others: readonly LiteralValue[];
  readonly otherType: DataType;
  readonly result: DataType;
}

/** Aggregates from their definition: all values of a group at once. */
type Fold = (g: Group) => LiteralValue;

const extreme =
  (sign: 1 | -1): Fold =>
  ({ values, type }) =>
    values.reduce<LiteralValue>((best, v) => (best === null || sign * order(type, v, best) < 0 ? v : best), null);

/** The value in the row where the other one is least or greatest; its first row. */
const extremeBy =
  (sign: 1 | -1): Fold =>
  ({ values, others, otherType }) => {
    let at = -1;
    others.forEach((v, i) => {
      if (at < 0 || sign * order(otherType, v, others[at] as LiteralValue) < 0) at = i;
    });
    return values[at] ?? null;
  };

const sum: Fold = ({ values, type, result }) => {
  if (values.length === 0) return null;
  if (type.kind === 'float') {
    const exact = exactly(values, type);
    return exact === null
      ? (values as readonly number[]).reduce((a, b) => a + b, 0)
      : ratio(total(exact.tops), exact.below);
  }
  const whole = total(values.map((v) => BigInt(v as bigint)));
  const limit = result.kind === 'decimal' ? 10n ** BigInt(result.precision) : 2n ** 63n;
  if (whole >= limit || whole < -limit) throw new RunError('FLOW7005', 'a sum out of range');
  return whole;
};

/** A number as a float: decimals as what they stand for. */
const float = (v: LiteralValue, t: DataType): number => (t.kind === 'decimal' ? Number(v) / 10 ** t.scale : Number(v));
const floats = ({ values, type }: Group): number[] => values.map((v) => float(v, type));

/** Null with fewer values than `least`, nan where they are not finite. */
const overNumbers =
  (least: number, f: (x: Exact, n: number) => number | null): Fold =>
  ({ values, type }) => {
    if (values.length < least) return null;
    const x = exactly(values, type);
    return x === null ? Number.NaN : f(x, values.length);
  };

const overPairs =
  (least: number, f: (first: Exact, second: Exact, n: number) => number | null): Fold =>
  ({ values, type, others, otherType }) => {
    if (values.length < least) return null;
    const [a, b] = [exactly(values, type), exactly(others, otherType)];
    return a === null || b === null ? Number.NaN : f(a, b, values.length);
  };

const mean = (x: Exact): number => ratio(total(x.tops), BigInt(x.tops.length) * x.below);
const moment = (x: Exact, power: number): number => centred(x, x, [power, 0]) / x.tops.length;
const spread = (a: Exact, b: Exact): number => centred(a, b, [1, 1]);

/** Both sides have to vary, else there is no line. `y` is the first argument. */
const line = (f: (y: Exact, x: Exact) => number): Fold => overPairs(1, (y, x) => (spread(x, x) === 0 ? null : f(y, x)));
const slope = (y: Exact, x: Exact): number => spread(x, y) / spread(x, x);

const NUMERIC: Readonly<Record<string, Fold>> = {
  mean: overNumbers(1, mean),
  product: (g) => (g.values.length === 0 ? null : floats(g).reduce((a, b) => a * b, 1)),
  var_pop: overNumbers(1, (x) => moment(x, 2)),
  var_samp: overNumbers(2, (x, n) => spread(x, x) / (n - 1)),
  stddev_pop: overNumbers(1, (x) => Math.sqrt(moment(x, 2))),
  stddev_samp: overNumbers(2, (x, n) => Math.sqrt(spread(x, x) / (n - 1))),
  sem: overNumbers(2, (x, n) => Math.sqrt(spread(x, x) / (n - 1) / n)),
  covar_pop: overPairs(1, (a, b, n) => spread(a, b) / n),
  covar_samp: overPairs(2, (a, b, n) => spread(a, b) / (n - 1)),
  corr: overPairs(2, (a, b) => {
    const [xx, yy] = [spread(a, a), spread(b, b)];
    return xx === 0 || yy === 0 ? null : spread(a, b) / Math.sqrt(xx) / Math.sqrt(yy);
  }),
  regr_count: ({ values }) => BigInt(values.length),
  regr_slope: line(slope),
  regr_intercept: line((y, x) => mean(y) - slope(y, x) * mean(x)),
  regr_r2: line((y, x) => (spread(y, y) === 0 ? 1 : (spread(x, y) / spread(x, x)) * (spread(x, y) / spread(y, y)))),
  regr_avgx: overPairs(1, (_, x) => mean(x)),
  regr_avgy: overPairs(1, mean),
  regr_sxx: overPairs(1, (_, x) => spread(x, x)),
  regr_syy: overPairs(1, (y) => spread(y, y)),
  regr_sxy: overPairs(1, spread),
  weighted_mean: overPairs(1, (x, w) =>
    ratio(total(x.tops.map((v, i) => v * (w.tops[i] as bigint))), x.below * total(w.tops)),
  ),
  skewness: overNumbers(3, (x, n) => {
    const m2 = moment(x, 2);
    return m2 === 0 ? null : (Math.sqrt(n * (n - 1)) / (n - 2)) * (moment(x, 3) / m2 ** 1.5);
  }),
  kurtosis_pop: overNumbers(2, (x) => (moment(x, 2) === 0 ? null : moment(x, 4) / moment(x, 2) ** 2 - 3)),
  kurtosis: overNumbers(4, (x, n) => {
    const m2 = moment(x, 2);
    const g = moment(x, 4) / m2 ** 2 - 3;
    return m2 === 0 ? null : ((n - 1) / ((n - 2) * (n - 3))) * ((n + 1) * g + 6);
  }),
  geometric_mean: (g) =>
    g.values.length === 0 ? null : Math.exp(floats(g).reduce((a, x) => a + Math.log(x), 0) / g.values.length),
  harmonic_mean: (g) => (g.values.length === 0 ? null : g.values.length / floats(g).reduce((a, x) => a + 1 / x, 0)),
};

/** Between two of the sorted values where the place is not whole. */
function quantile(xs: readonly number[], q: number): number | null {
  const sorted = [...xs].sort((a, b) => a - b);
  const place = q * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return low === undefined || high === undefined ? null : low + (high - low) * (place - Math.floor(place));
}

const median: Fold = (g) => quantile(floats(g), 0.5);

/** How often each value is there, in the order in which they come first. */
function counted({ values, type }: Group): readonly { readonly key: LiteralValue; n: number }[] {
  const seen = new Map<string, { readonly key: LiteralValue; n: number }>();
  for (const key of values) {
    const entry = seen.get(keyText(type, key)) ?? { key, n: 0 };
    entry.n++;
    seen.set(keyText(type, key), entry);
  }
  return [...seen.values()];
}

const bits =
  (f: (a: bigint, b: bigint) => bigint): Fold =>
  ({ values }) =>
    values.length === 0 ? null : (values as readonly bigint[]).reduce(f);

const FOLDS: Readonly<Record<string, Fold>> = {
  ...NUMERIC,
  sum,
  min: extreme(1),
  max: extreme(-1),
  min_by: extremeBy(1),
  max_by: extremeBy(-1),
  count: ({ values }) => BigInt(values.length),
  count_distinct: (g) => BigInt(counted(g).length),
  count_if: ({ values }) => BigInt(values.filter((v) => v === true).length),
  any: ({ values }) => (values.length === 0 ? null : values.includes(true)),
  all: ({ values }) => (values.length === 0 ? null : !values.includes(false)),
  first: ({ values }) => values[0] ?? null,
  any_value: ({ values }) => values[0] ?? null,
  last: ({ values }) => values.at(-1) ?? null,
  list: ({ values }) => values,
  string_agg: ({ values, others }) => (values.length === 0 ? null : values.join(String(others[0] ?? ','))),
  bit_and: bits((a, b) => a & b),
  bit_or: bits((a, b) => a | b),
  bit_xor: bits((a, b) => a ^ b),
  median,
  quantile: (g) => quantile(floats(g), Number(g.others[0])),
  quantile_disc: ({ values, type, others }) => {
    const sorted = [...values].sort((a, b) => order(type, a, b));
    return sorted[Math.max(1, Math.ceil(Number(others[0]) * sorted.length)) - 1] ?? null;
  },
  mad: (g) => {
    const middle = median(g) as number | null;
    return middle === null
      ? null
      : quantile(
          floats(g).map((x) => Math.abs(x - middle)),
          0.5,
        );
  },
  mode: (g) => counted(g).reduce((best, one) => (one.n > best.n ? one : best), { key: null as LiteralValue, n: 0 }).key,
  histogram: (g) => counted(g).map(({ key, n }) => ({ key, value: BigInt(n) })),
  entropy: (g) => {
    const n = g.values.length;
    return n === 0 ? null : counted(g).reduce((a, one) => a - (one.n / n) * Math.log2(one.n / n), 0);
  },
};

/** Names of the aggregates that the reference knows. */
export const REFERENCE_AGGREGATES: readonly string[] = Object.keys(FOLDS);

/** Of these a row counts whose second argument is not null, whatever the first one is. */
const BY_SECOND: ReadonlySet<string> = new Set(['min_by', 'max_by']);

export function aggregateOf(call: AggregateCall, rows: readonly Row[]): LiteralValue {
  const fold = FOLDS[call.fn];
  if (fold === undefined) throw new Error(`the reference has no aggregate ${call.fn}`);
  const [arg, other] = call.args;
  if (arg === undefined) return BigInt(rows.length);
  const pairs = rows.map((row) =>
    call.args.map((e) => {
      const v = interpret(e, row);
      if (v === FAILS) throw new RunError('FLOW7005', 'an argument that fails');
      return v;
    }),
  );
  const there = pairs.filter((pair) => (BY_SECOND.has(call.fn) ? pair[1] !== null : !pair.includes(null)));
  const seen = new Set<string>();
  const kept = call.distinct
    ? there.filter(([v]) => {
        const key = keyText(arg.type, v as LiteralValue);
        const fresh = !seen.has(key);
        seen.add(key);
        return fresh;
      })
    : there;
  const column = (i: number): readonly LiteralValue[] => kept.map((pair) => pair[i] ?? null);
  const group = { values: column(0), type: arg.type, others: column(1), otherType: (other ?? arg).type };
  return canonical(call.type, fold({ ...group, result: call.type }));
}
