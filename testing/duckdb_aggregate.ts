/** Functions of DuckDB by aggregate; `x` is the argument, `order` that of the rows. */
export const AGGREGATE_SQL: Readonly<Record<string, (x: string, order: string) => string>> = {
  count: (x) => `count(${x})`,
  count_distinct: (x) => `count(DISTINCT ${x})`,
  count_if: (x) => `count(*) FILTER (WHERE ${x})`,
  sum: (x) => `sum(${x})`,
  mean: (x) => `avg(${x})`,
  min: (x) => `min(${x})`,
  max: (x) => `max(${x})`,
  any: (x) => `bool_or(${x})`,
  all: (x) => `bool_and(${x})`,
  var: (x) => `var_samp(${x})`,
  stddev: (x) => `stddev_samp(${x})`,
  first: (x, order) => `first(${x} ORDER BY ${order}) FILTER (WHERE ${x} IS NOT NULL)`,
  last: (x, order) => `last(${x} ORDER BY ${order}) FILTER (WHERE ${x} IS NOT NULL)`,
};
