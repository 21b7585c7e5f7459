/** Every aggregate beside an expression of SQL, over the groups of the test. */

export interface AggregateCase {
  readonly fn: string;
  readonly args: readonly string[];
  readonly sql: string;
  readonly distinct?: boolean;
  readonly within?: number;
  /** Groups whose results differ on purpose, and why. */
  readonly except?: readonly [groups: readonly number[], why: string];
}

const CLOSE = 1e-12;
const sql = (fn: string, args: readonly string[], text: string, more: Partial<AggregateCase> = {}): AggregateCase => ({
  fn,
  args,
  sql: text,
  ...more,
});
const plain = (fn: string, args: readonly string[], more: Partial<AggregateCase> = {}): AggregateCase =>
  sql(fn, args, `${fn}(${args.join(', ')})`, more);

const NOT_FINITE = [[2, 3], 'of nan and infinite values the result is nan, there an error or null'] as const;
const FEW = [[0, 1, 4], 'without values, or without a spread, the result is null, there nan or 0'] as const;

export const AGGREGATE_CASES: readonly AggregateCase[] = [
  sql('count', [], 'count(*)'),
  plain('count', ['x']),
  sql('count', ['s'], 'count(distinct s)', { distinct: true }),
  sql('count_distinct', ['x'], 'count(distinct x)'),
  sql('count_if', ['p'], 'count_if(p)', { except: [[0], 'without a value the count is 0, there null'] }),
  sql('any', ['p'], 'bool_or(p)'),
  sql('all', ['p'], 'bool_and(p)'),
  plain('sum', ['i']),
  plain('sum', ['d']),
  plain('sum', ['x'], { within: CLOSE }),
  sql('sum', ['i'], 'sum(distinct i)', { distinct: true }),
  sql('mean', ['x'], 'avg(x)', { within: CLOSE }),
  sql('mean', ['d'], 'avg(d)', { within: CLOSE }),
  plain('product', ['y'], { within: CLOSE }),
  ...['min', 'max'].flatMap((fn) => ['x', 'i', 'd', 's', 'a'].map((c) => plain(fn, [c]))),
  sql('first', ['s'], 'first(s order by row_number) filter (s is not null)'),
  sql('last', ['a'], 'last(a order by row_number) filter (a is not null)'),
  sql('any_value', ['i'], 'any_value(i order by row_number)'),
  sql('min_by', ['s', 'i'], 'arg_min_null(s, i order by row_number)'),
  sql('max_by', ['a', 'i'], 'arg_max_null(a, i order by row_number)'),
  ...['var_pop', 'var_samp', 'stddev_pop', 'stddev_samp'].map((fn) =>
    plain(fn, ['x'], { within: CLOSE, except: NOT_FINITE }),
  ),
  plain('var_pop', ['i'], { within: 1e-9, except: [[5], 'near 2^53 the database loses the digits'] }),
  ...['covar_pop', 'covar_samp', 'regr_sxy'].map((fn) => plain(fn, ['x', 'y'], { within: 1e-10, except: NOT_FINITE })),
  plain('corr', ['x', 'y'], { within: 1e-10, except: [[...NOT_FINITE[0], ...FEW[0]], `${NOT_FINITE[1]}; ${FEW[1]}`] }),
  ...['regr_count', 'regr_avgx', 'regr_avgy', 'regr_sxx', 'regr_syy', 'regr_slope', 'regr_intercept', 'regr_r2'].map(
    (fn) =>
      plain(fn, ['x', 'y'], { within: 1e-9, except: [[...NOT_FINITE[0], ...FEW[0]], `${NOT_FINITE[1]}; ${FEW[1]}`] }),
  ),
  sql('weighted_mean', ['x', 'y'], 'sum(x * y) / sum(y) filter (x is not null)', { within: CLOSE }),
  ...['skewness', 'kurtosis', 'kurtosis_pop'].map((fn) =>
    plain(fn, ['x'], { within: 1e-9, except: [[...NOT_FINITE[0], ...FEW[0]], `${NOT_FINITE[1]}; ${FEW[1]}`] }),
  ),
  sql('geometric_mean', ['y'], 'exp(avg(ln(nullif(y, 0)))) * case when min(y) = 0 then 0 else 1 end', {
    within: CLOSE,
  }),
  sql('harmonic_mean', ['y'], 'case when min(y) = 0 then 0 else count(y) / sum(1 / nullif(y, 0)) end', {
    within: CLOSE,
  }),
  sql('sem', ['y'], 'stddev_samp(y) / sqrt(count(y))', { within: CLOSE }),
  plain('bit_and', ['i']),
  plain('bit_or', ['i']),
  plain('bit_xor', ['i']),
  sql('list', ['s'], 'coalesce(list(s order by row_number) filter (s is not null), [])'),
  sql('string_agg', ['s'], "string_agg(s, ',' order by row_number)"),
  plain('median', ['y']),
  plain('median', ['i'], { except: [[5], 'near 2^53 ints are halved as floats'] }),
  sql('median', ['d'], 'median(d::double)', { within: 1e-9 }),
  sql('quantile', ['y', '0.3'], 'quantile_cont(y, 0.3)', { within: CLOSE }),
  sql('quantile_disc', ['s', '0.3'], 'quantile_disc(s, 0.3)'),
  sql('quantile_disc', ['a', '0.75'], 'quantile_disc(a, 0.75)'),
  plain('mad', ['y']),
  sql('mode', ['s'], 'mode(s order by row_number)'),
  sql('entropy', ['s'], 'case when count(s) > 0 then entropy(s) end', { within: CLOSE }),
  sql('histogram', ['s'], 'list(distinct s order by s) filter (s is not null)'),
];
