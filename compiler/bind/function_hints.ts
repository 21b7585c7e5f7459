import { AGGREGATES } from '../../engine/aggregates/registry.ts';
import { findFunction } from '../../engine/functions/registry.ts';

/** What a function of SQL, of a data frame or of a spreadsheet is called here. Only those that are no near miss of their name. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  isnull: 'coalesce',
  zeroifnull: 'coalesce',
  fillna: 'coalesce',
  iif: 'if',
  ifelse: 'if',
  if_else: 'if',
  average: 'mean',
  std: 'stddev',
  stdev: 'stddev',
  var: 'variance',
  percentile: 'quantile',
  approx_percentile: 'approx_quantile',
  collect_list: 'list',
  nunique: 'count_distinct',
  countif: 'count_if',
  sumif: 'sum',
  every: 'all',
  argmin: 'min_by',
  argmax: 'max_by',
  charindex: 'position',
  locate: 'position',
  index_of: 'position',
  indexof: 'position',
  find: 'position',
  strlen: 'length',
  size: 'length',
  cardinality: 'length',
  tolower: 'lower',
  lcase: 'lower',
  to_lower: 'lower',
  toupper: 'upper',
  ucase: 'upper',
  to_upper: 'upper',
  mid: 'substr',
  slice: 'substr',
  btrim: 'trim',
  strip: 'trim',
  includes: 'contains',
  startswith: 'starts_with',
  endswith: 'ends_with',
  explode: 'split',
  rand: 'hash_unit',
  random: 'hash_unit',
  datetrunc: 'date_trunc',
  trunc_date: 'date_trunc',
  dateadd: 'date_add',
  to_char: 'strftime',
  date_format: 'strftime',
  format_date: 'strftime',
  str_to_date: 'strptime',
  parse_date: 'strptime',
  isodate: 'date',
};

/** What is no function here, but written in another way. */
const FORMS: Readonly<Record<string, string>> = {
  cast: 'a conversion is written `x::int`, or `x::int?` for null where it fails',
  convert: 'a conversion is written `x::int`, or `x::int?` for null where it fails',
  try_cast: 'a conversion that gives null where it fails is written `x::int?`',
  safe_cast: 'a conversion that gives null where it fails is written `x::int?`',
  to_number: 'a conversion is written `x::float`, or `x::float?` for null where it fails',
  to_date: 'a conversion is written `x::date`; `strptime` reads other forms',
  to_string: 'a conversion is written `x::string`',
  tostring: 'a conversion is written `x::string`',
  str: 'a conversion is written `x::string`',
  int: 'a conversion is written `x::int`',
  float: 'a conversion is written `x::float`',
  string: 'a conversion is written `x::string`',
  interval: 'durations are literals: `90d`, `3mo`, `1h30m`',
  now: 'a run does not depend on the clock: declare `param today: date`, and give it with -p',
  today: 'a run does not depend on the clock: declare `param today: date`, and give it with -p',
  getdate: 'a run does not depend on the clock: declare `param today: date`, and give it with -p',
  current_date: 'a run does not depend on the clock: declare `param today: date`, and give it with -p',
  current_timestamp: 'a run does not depend on the clock: declare `param now: timestamp`, and give it with -p',
  exists: 'rows that have a match are kept by `join semi`',
  isna: 'write `x is null`',
  is_null: 'write `x is null`',
  is_not_null: 'write `x is not null`',
  notnull: 'write `x is not null`',
  struct: 'a struct is written `{ a: x, b: y }`',
  array: 'a list is written `[x, y]`',
  onehot: 'one indicator for each value stands behind `features` of `train`',
};

/** All names that `elsewhere` may be asked about. */
export const knownElsewhere: readonly string[] = [...Object.keys(ELSEWHERE), ...Object.keys(FORMS)];

/** The name or the form of what `name` may mean, where it is known under that name elsewhere. */
export function elsewhere(name: string): { readonly name: string } | { readonly form: string } | null {
  const key = name.toLowerCase();
  if (Object.hasOwn(ELSEWHERE, key)) {
    const here = ELSEWHERE[key] ?? '';
    return findFunction(here) !== null || Object.hasOwn(AGGREGATES, here) ? { name: here } : null;
  }
  return Object.hasOwn(FORMS, key) ? { form: FORMS[key] ?? '' } : null;
}
