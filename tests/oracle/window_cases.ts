/** Every function of windows, and aggregates over frames, beside SQL. Rows that are equal in the order of ours stand as they come, which `n`, the number of the row, says there. */

export interface WindowCase {
  readonly fn: string;
  readonly ours: string;
  readonly sql: string;
  readonly within: number;
}

/** A window, or a part of one, in both languages. */
interface Window {
  readonly ours: string;
  readonly sql: string;
}

const by = (key: string): Window => ({ ours: `by ${key}`, sql: `partition by ${key}` });
const order = (ours: string, sql: string): Window => ({ ours: `sort ${ours}`, sql: `order by ${sql}` });
const within = (...parts: readonly Window[]): Window => ({
  ours: parts.map((p) => p.ours).join(' '),
  sql: parts.map((p) => p.sql).join(' '),
});

/** Orders in which rows may be equal: in both directions, with nulls at both ends, of every kind of key. */
const ORDERS: readonly Window[] = [
  order('t', 't nulls last'),
  order('t desc', 't desc nulls last'),
  order('t nulls first', 't nulls first'),
  order('t desc nulls first', 't desc nulls first'),
  order('x', 'x nulls last'),
  order('s desc', 's desc nulls last'),
  order('d, p desc nulls first', 'd nulls last, p desc nulls first'),
];
/** The same, each with the number of the row behind it. */
const TOTAL: readonly Window[] = ORDERS.map((o) => ({ ours: o.ours, sql: `${o.sql}, n` }));
const PARTITIONS: readonly Window[] = [by('k'), by('p, s'), { ours: '', sql: '' }];

const frame = (ours: string, sql: string): Window => ({ ours, sql });
const ROWS: readonly Window[] = [
  frame('rows ..0', 'rows between unbounded preceding and current row'),
  frame('rows -2..0', 'rows between 2 preceding and current row'),
  frame('rows 0..', 'rows between current row and unbounded following'),
  frame('rows ..', 'rows between unbounded preceding and unbounded following'),
  frame('rows -1..1', 'rows between 1 preceding and 1 following'),
  // Empty at the ends of a partition, and throughout those of a few rows.
  frame('rows 2..4', 'rows between 2 following and 4 following'),
  frame('rows -3..-2', 'rows between 3 preceding and 2 preceding'),
  frame('rows ..-1', 'rows between unbounded preceding and 1 preceding'),
];
const RANGES: readonly Window[] = [
  frame('range ..0', 'range between unbounded preceding and current row'),
  frame('range 0..', 'range between current row and unbounded following'),
  frame('range 0..0', 'range between current row and current row'),
  frame('range ..', 'range between unbounded preceding and unbounded following'),
];
/** By the distance of keys. */
const DISTANCES: readonly Window[] = [
  within(ORDERS[0] as Window, frame('range -1..1', 'range between 1 preceding and 1 following')),
  within(ORDERS[1] as Window, frame('range -2..0', 'range between 2 preceding and current row')),
  within(ORDERS[2] as Window, frame('range 1..3', 'range between 1 following and 3 following')),
  within(ORDERS[3] as Window, frame('range ..-1', 'range between unbounded preceding and 1 preceding')),
  within(
    order('d', 'd nulls last'),
    frame('range -2d..0d', "range between interval '2 days' preceding and current row"),
  ),
  within(
    order('at desc', 'at desc nulls last'),
    frame('range -90m..90m', "range between interval '90 minutes' preceding and interval '90 minutes' following"),
  ),
  within(
    order('m', 'm nulls last'),
    frame('range -0.5..0.25', 'range between 0.5::decimal(18, 4) preceding and 0.25::decimal(18, 4) following'),
  ),
];

/** Where the window stands inside an expression. */
const OVER = 'OVER';

const over = (fn: string, call: string, sql: string, w: Window, distance = 0): WindowCase => ({
  fn,
  ours: `${call} over (${w.ours})`,
  sql: sql.includes(OVER) ? sql.replace(OVER, `over (${w.sql})`) : `${sql} over (${w.sql})`,
  within: distance,
});

/** A few of the windows in turn, so that every call meets some and all are met. */
let turn = 0;
function some<V>(all: readonly V[], n: number): readonly V[] {
  const at = turn++;
  return Array.from({ length: Math.min(n, all.length) }, (_, i) => all[(at + i) % all.length] as V);
}

function ranked(fn: string, call: string, orders: readonly Window[], sql = call): WindowCase[] {
  return PARTITIONS.flatMap((p) => some(orders, 3).map((o) => over(fn, call, sql, within(p, o))));
}

function framed(fn: string, call: string, sql: string, distance = 0): WindowCase[] {
  const rows = some(ROWS, 3).flatMap((f) => some(TOTAL, 2).map((o) => within(o, f)));
  return rows.map((w) => over(fn, call, sql, within(some(PARTITIONS, 1)[0] as Window, w), distance));
}

/** An aggregate sees peers together, so ranges are for those whose result has no order of rows in it. */
function aggregated(fn: string, call: string, sql = call, distance = 0): WindowCase[] {
  const ranges = [
    ...some(RANGES, 2).flatMap((f) => some(ORDERS, 1).map((o) => within(o, f))),
    ...some(DISTANCES, 2),
    ...some(ORDERS, 1),
  ];
  const whole = some(PARTITIONS, 2).map((p) => over(fn, call, sql, p, distance));
  const ranged = ranges.map((w) => over(fn, call, sql, within(some(PARTITIONS, 1)[0] as Window, w), distance));
  return [...framed(fn, call, sql, distance), ...ranged, ...whole];
}

const CLOSE = 1e-9;
const VALUES = ['v', 'x', 's', 'd', 'm'];

export const WINDOW_CASES: readonly WindowCase[] = [
  ...ranked('row_number', 'row_number()', TOTAL),
  ...ranked('rank', 'rank()', ORDERS),
  ...ranked('dense_rank', 'dense_rank()', ORDERS),
  ...ranked('percent_rank', 'percent_rank()', ORDERS),
  ...ranked('cume_dist', 'cume_dist()', ORDERS),
  ...['1', '3', '7', '1000'].flatMap((n) => ranked('ntile', `ntile(${n})`, TOTAL)),
  ...['lag', 'lead'].flatMap((fn) => [
    ...VALUES.flatMap((c) => ranked(fn, `${fn}(${c})`, TOTAL)),
    ...ranked(fn, `${fn}(v, 0)`, TOTAL),
    ...ranked(fn, `${fn}(v, 2, -1)`, TOTAL),
    ...ranked(fn, `${fn}(v, 100, v)`, TOTAL),
    ...ranked(fn, `${fn}(v, 2, 7, ignore_nulls: true)`, TOTAL, `${fn}(v, 2, 7 ignore nulls)`),
    ...ranked(fn, `${fn}(s, ignore_nulls: true)`, TOTAL, `${fn}(s ignore nulls)`),
  ]),
  ...['first_value', 'last_value'].flatMap((fn) => [
    ...VALUES.flatMap((c) => framed(fn, `${fn}(${c})`, `${fn}(${c})`)),
    ...framed(fn, `${fn}(v, ignore_nulls: true)`, `${fn}(v ignore nulls)`),
    ...framed(fn, `${fn}(s, ignore_nulls: true)`, `${fn}(s ignore nulls)`),
  ]),
  ...['1', '2', '5'].flatMap((n) => [
    ...framed('nth_value', `nth_value(v, ${n})`, `nth_value(v, ${n})`),
    ...framed('nth_value', `nth_value(x, ${n}, ignore_nulls: true)`, `nth_value(x, ${n} ignore nulls)`),
  ]),
  ...aggregated('count', 'count()', 'count(*)'),
  ...aggregated('count', 'count(s)'),
  ...aggregated('count', 'count(distinct s)', 'count(distinct s)'),
  ...aggregated('count_distinct', 'count_distinct(v)', 'count(distinct v)'),
  ...aggregated('sum', 'sum(v)'),
  ...aggregated('sum', 'sum(m)'),
  ...aggregated('sum', 'sum(y)', 'sum(y)', CLOSE),
  ...aggregated('mean', 'mean(v)', 'avg(v)', CLOSE),
  ...aggregated('mean', 'mean(y)', 'avg(y)', CLOSE),
  ...['min', 'max'].flatMap((fn) => VALUES.flatMap((c) => aggregated(fn, `${fn}(${c})`))),
  ...aggregated('any', 'any(p)', 'bool_or(p)'),
  ...aggregated('all', 'all(p)', 'bool_and(p)'),
  ...aggregated('var_samp', 'var_samp(v)', 'var_samp(v)', CLOSE),
  ...aggregated('stddev_pop', 'stddev_pop(y)', 'stddev_pop(y)', CLOSE),
  ...aggregated('covar_pop', 'covar_pop(v, y)', 'covar_pop(v, y)', CLOSE),
  ...aggregated('bit_xor', 'bit_xor(v)'),
  ...aggregated('median', 'median(v)'),
  ...aggregated('quantile', 'quantile(y, 0.3)', 'quantile_cont(y, 0.3)', CLOSE),
  ...aggregated('quantile_disc', 'quantile_disc(v, 0.75)'),
  ...aggregated('mad', 'mad(y)', 'mad(y)', CLOSE),
  ...framed('first', 'first(v)', 'first_value(v ignore nulls)'),
  ...framed('last', 'last(s)', 'last_value(s ignore nulls)'),
  ...framed('string_agg', 'string_agg(s, "/")', "string_agg(s, '/')"),
  ...framed('list', 'list(v)', 'coalesce(list(v) filter (v is not null) OVER, [])'),
];
