/** An aggregate of DuckDB: over the texts of its arguments, the first of which may begin with DISTINCT. */
interface Twin {
  readonly sql: (args: readonly string[], order: string) => string;
  /** Made of several calls, or of one with an order: no window. */
  readonly composed: boolean;
  /** Whether `distinct` means the same there. */
  readonly distinct: boolean;
}

const call = (fn: string): Twin => ({
  sql: (args) => `${fn}(${args.join(', ')})`,
  composed: false,
  distinct: true,
});
const calls = (...names: readonly string[]): Readonly<Record<string, Twin>> =>
  Object.fromEntries(names.map((name) => [name, call(name)]));
const composed = (sql: Twin['sql']): Twin => ({ sql, composed: true, distinct: false });
/** Over values that are there, in the order of the rows. */
const inOrder = (fn: string): Twin =>
  composed(([x], order) => `${fn}(${x} ORDER BY ${order}) FILTER (WHERE ${x} IS NOT NULL)`);
/** Null unless a condition on the values holds: there it is nan, or 0. */
const unless = (fn: string, holds: (args: readonly string[]) => string): Twin =>
  composed((args) => `CASE WHEN ${holds(args)} THEN ${fn}(${args.join(', ')}) END`);
const varies = ([y, x]: readonly string[]): string => `regr_sxx(${y}, ${x}) > 0`;

/** Aggregates by name. */
export const AGGREGATE_SQL: Readonly<Record<string, Twin>> = {
  ...calls('count', 'sum', 'min', 'max', 'product', 'bit_and', 'bit_or', 'bit_xor', 'median', 'mad'),
  ...calls('var_pop', 'var_samp', 'stddev_pop', 'stddev_samp', 'covar_pop', 'covar_samp'),
  ...calls('regr_count', 'regr_avgx', 'regr_avgy', 'regr_sxx', 'regr_syy', 'regr_sxy', 'quantile_disc'),
  mean: call('avg'),
  any: call('bool_or'),
  all: call('bool_and'),
  quantile: call('quantile_cont'),
  count_distinct: { ...call('count'), sql: ([x]) => `count(DISTINCT ${x})`, distinct: false },
  count_if: { ...call('count_if'), sql: ([x]) => `count(*) FILTER (WHERE ${x})`, distinct: false },
  first: inOrder('first'),
  any_value: inOrder('first'),
  last: inOrder('last'),
  min_by: composed(([x, y], order) => `arg_min_null(${x}, ${y} ORDER BY ${order})`),
  max_by: composed(([x, y], order) => `arg_max_null(${x}, ${y} ORDER BY ${order})`),
  string_agg: composed(([x, separator = "','"], order) => `string_agg(${x}, ${separator} ORDER BY ${order})`),
  mode: composed(([x], order) => `mode(${x} ORDER BY ${order})`),
  entropy: unless('entropy', ([x]) => `count(${x}) > 0`),
  corr: unless('corr', ([y, x]) => `regr_sxx(${y}, ${x}) > 0 AND regr_syy(${y}, ${x}) > 0`),
  regr_slope: unless('regr_slope', varies),
  regr_intercept: unless('regr_intercept', varies),
  regr_r2: composed(
    ([y, x]) =>
      `CASE WHEN regr_sxx(${y}, ${x}) > 0 THEN CASE WHEN regr_syy(${y}, ${x}) > 0 THEN regr_r2(${y}, ${x}) ELSE 1 END END`,
  ),
  skewness: unless('skewness', ([x]) => `count(${x}) > 2 AND var_pop(${x}) > 0`),
  kurtosis: unless('kurtosis', ([x]) => `count(${x}) > 3 AND var_pop(${x}) > 0`),
  kurtosis_pop: unless('kurtosis_pop', ([x]) => `count(${x}) > 1 AND var_pop(${x}) > 0`),
  weighted_mean: composed(
    ([x, w]) =>
      `CASE WHEN regr_count(${x}, ${w}) > 0 THEN CASE WHEN sum(CASE WHEN ${x} IS NOT NULL THEN ${w} END) = 0 THEN 'nan'::DOUBLE ELSE CAST(sum(${x} * ${w}) AS DOUBLE) / CAST(sum(CASE WHEN ${x} IS NOT NULL THEN ${w} END) AS DOUBLE) END END`,
  ),
  geometric_mean: composed(([x]) => `CASE WHEN min(${x}) = 0 THEN 0 ELSE exp(avg(ln(nullif(${x}, 0)))) END`),
  harmonic_mean: composed(
    ([x]) => `CASE WHEN min(${x}) = 0 THEN 0 ELSE count(${x}) / sum(1 / nullif(CAST(${x} AS DOUBLE), 0)) END`,
  ),
  sem: composed(([x]) => `stddev_samp(${x}) / sqrt(count(${x}))`),
};

/** Aggregates that have no twin here, and why. */
export const NOT_IN_SQL: Readonly<Record<string, string>> = {
  list: 'a list of nothing is null there; beside SQL in tests/oracle/aggregates.test.ts',
  histogram: 'a map in the order of its keys there; its keys beside SQL in tests/oracle/aggregates.test.ts',
};

/** The SQL of a call; the reason why there is none. */
export function aggregateSqlOf(
  fn: string,
  args: readonly string[],
  { distinct, order, window }: { readonly distinct: boolean; readonly order: string; readonly window: boolean },
): { readonly sql: string } | { readonly why: string } {
  const twin = AGGREGATE_SQL[fn];
  if (twin === undefined) return { why: `aggregate ${fn}` };
  if (window && twin.composed) return { why: `window ${fn}` };
  if (distinct && !twin.distinct) return { why: `distinct ${fn}` };
  const [x = '*', ...rest] = args;
  return { sql: twin.sql([distinct ? `DISTINCT ${x}` : x, ...rest], order) };
}
