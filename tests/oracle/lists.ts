import { both, type Case } from './cases.ts';

/** Lists, and lambdas over their items. Where the database has a function of another order of items, or none, its side is put together of others. */

/** The items that are not null, each once, in order: the database's own function has no order. */
const distinct = (list: string): string =>
  `list_filter(${list}, lambda x, i: x is not null and list_position(${list}, x) = i)`;
/** Three values of logic over a list of conditions. */
const anyOf = (list: string): string =>
  `case when ${list} is null then null when list_contains(${list}, true) then true when len(${list}) > list_count(${list}) then null else false end`;
const allOf = (list: string): string =>
  `case when ${list} is null then null when list_contains(${list}, false) then false when len(${list}) > list_count(${list}) then null else true end`;
/** Positions from 0 and from -1, as positions from 1 and from -1. */
const fromOne = (n: string): string => `case when ${n} < 0 then ${n} else ${n} + 1 end`;
const sorted = (list: string, by: string, how: string): string =>
  `list_transform(list_sort(list_transform(${list}, lambda x, i: {'n': ${by} is null, 'k': ${how === 'desc' ? `-(${by})` : by}, 'i': i, 'x': x})), lambda q: q.x)`;
const slice = (to: string): string => {
  const at = (n: string): string => `greatest(case when ${n} < 0 then len(l) + ${n} else ${n} end, 0)`;
  const some = `list_slice(l, ${at('n')} + 1, ${at(to)})`;
  return `case when l is not null and n is not null and ${to} is not null then case when ${at('n')} < ${at(to)} then ${some} else [] end end`;
};

export const LISTS: readonly Case[] = [
  both('length', 'lists', 'length(l)', 'len(l)'),
  both('length', 'maps', 'length(m)', 'cardinality(m)::bigint'),
  both('index', 'lists_n', 'l[n]', `l[${fromOne('n')}]`),
  both('index', 'lists_of_lists', 'll[n][0]', `ll[${fromOne('n')}][1]`),
  both('index', 'maps', 'm[s]', 'map_extract_value(m, s)'),
  both('get', 'structs', 'st.c'),
  both('get', 'structs', 'st.b'),
  both('list_contains', 'lists_i', 'list_contains(l, i)'),
  both('list_contains', 'float_lists', 'list_contains(f, x)'),
  both('list_contains', 'text_lists', 'list_contains(w, s)'),
  both('list_contains', 'lists_of_lists', 'list_contains(ll, l)'),
  both('list_position', 'lists_i', 'list_position(l, i)', 'list_position(l, i) - 1'),
  both('list_position', 'float_lists', 'list_position(f, x)', 'list_position(f, x) - 1'),
  both('list_sort', 'lists', 'list_sort(l)', "list_sort(l, 'ASC', 'NULLS LAST')"),
  both('list_sort', 'float_lists', 'list_sort(f, "desc")', "list_sort(f, 'DESC', 'NULLS LAST')"),
  both('list_sort', 'text_lists', 'list_sort(w)', "list_sort(w, 'ASC', 'NULLS LAST')"),
  both('list_sort', 'decimal_lists', 'list_sort(d)', "list_sort(d, 'ASC', 'NULLS LAST')"),
  both('list_sort', 'date_lists', 'list_sort(d, "desc")', "list_sort(d, 'DESC', 'NULLS LAST')"),
  both('list_sort', 'lists_of_lists', 'list_sort(ll)', "list_sort(ll, 'ASC', 'NULLS LAST')"),
  both('list_sort', 'text_lists', 'list_sort(w, x => length(x))', sorted('w', 'length(x)', 'asc')),
  both('list_sort', 'text_lists', 'list_sort(w, x => length(x), "desc")', sorted('w', 'length(x)', 'desc')),
  both('list_sort', 'lists_i', 'list_sort(l, x => nullif(x % 3, 1))', sorted('l', 'nullif(x % 3, 1)', 'asc')),
  both('list_reverse', 'lists', 'list_reverse(l)'),
  both('list_reverse', 'text_lists', 'list_reverse(w)'),
  both('list_distinct', 'lists', 'list_distinct(l)', distinct('l')),
  both('list_distinct', 'float_lists', 'list_distinct(f)', distinct('f')),
  both('list_distinct', 'text_lists', 'list_distinct(w)', distinct('w')),
  both('list_distinct', 'lists_of_lists', 'list_distinct(ll)', distinct('ll')),
  both('list_sum', 'lists', 'list_sum(l)', 'list_sum(l)::bigint'),
  both('list_sum', 'float_lists', 'list_sum(f)'),
  both('list_sum', 'decimal_lists', 'list_sum(d)'),
  both('list_mean', 'lists', 'list_mean(l)', 'list_avg(l)', 1e-15),
  both('list_mean', 'float_lists', 'list_mean(f)', 'list_avg(f)', 1e-15),
  both('list_mean', 'decimal_lists', 'list_mean(d)', 'list_avg(d)', 1e-15),
  ...['min', 'max'].flatMap((fn) => [
    both(`list_${fn}`, 'lists', `list_${fn}(l)`),
    both(`list_${fn}`, 'float_lists', `list_${fn}(f)`),
    both(`list_${fn}`, 'text_lists', `list_${fn}(w)`),
    both(`list_${fn}`, 'date_lists', `list_${fn}(t)`),
    both(`list_${fn}`, 'decimal_lists', `list_${fn}(d)`),
  ]),
  both('list_concat', 'lists', 'list_concat(l, k)'),
  both('list_concat', 'text_pairs', 'list_concat(w, v)'),
  both('list_slice', 'lists_n', 'list_slice(l, n)', slice('len(l)')),
  both('list_slice', 'lists_n', 'list_slice(l, n, m)', slice('m')),
  ...['', 'a', ', ', '👩‍🚀'].map((by) =>
    both('list_join', 'text_lists', `list_join(w, "${by}")`, `array_to_string(w, '${by}')`),
  ),
  both('list_join', 'lists', 'list_join(l, "-")', "array_to_string(l, '-')"),
  both('list_join', 'date_lists', 'list_join(d, "/")', "array_to_string(d, '/')"),
  both('range', 'steps', 'range(n)', 'range(n)'),
  both('range', 'steps', 'range(n, m)', 'range(n, m)'),
  both('range', 'steps', 'range(n, m, i)', 'range(n, m, i)'),
  both('list_append', 'lists_i', 'list_append(l, i)'),
  both('list_append', 'lists_of_lists', 'list_append(ll, l)'),
  both('list_prepend', 'lists_i', 'list_prepend(i, l)'),
  both('list_prepend', 'text_lists', 'list_prepend(s, w)'),
  both('list_first', 'lists', 'list_first(l)', 'l[1]'),
  both('list_first', 'lists_of_lists', 'list_first(ll)', 'll[1]'),
  both('list_last', 'text_lists', 'list_last(w)', 'w[-1]'),
  both('list_last', 'lists', 'list_last(l)', 'l[-1]'),
  both('list_count', 'lists', 'list_count(l)'),
  both('list_count', 'lists_of_lists', 'list_count(ll)'),
  both('list_unique', 'lists', 'list_unique(l)', 'list_unique(l)::bigint'),
  both('list_unique', 'float_lists', 'list_unique(f)', 'list_unique(f)::bigint'),
  both('list_unique', 'text_lists', 'list_unique(w)', 'list_unique(w)::bigint'),
  both(
    'list_product',
    'lists',
    'list_product(l)',
    'case when list_count(l) > 0 then list_reduce(list_filter(l, lambda x: x is not null)::hugeint[], lambda a, x: a * x)::bigint end',
  ),
  both('list_product', 'float_lists', 'list_product(f)', 'list_product(f)', 1e-15),
  both('list_median', 'lists', 'list_median(l)', 'list_median(l::double[])', 1e-15),
  both('list_median', 'float_lists', 'list_median(f)'),
  both(
    'list_cum_sum',
    'lists',
    'list_cum_sum(l)',
    'list_transform(l, lambda x, i: case when x is not null then list_sum(l[1:i])::bigint end)',
  ),
  both(
    'list_cum_sum',
    'float_lists',
    'list_cum_sum(f)',
    'list_transform(f, lambda x, i: case when x is not null then list_reduce(list_filter(f[1:i], lambda y: y is not null), lambda a, y: a + y, 0::double) end)',
  ),
  ...['list_has_any', 'list_has_all'].flatMap((fn) => [
    both(fn, 'lists', `${fn}(l, k)`),
    both(fn, 'float_pairs', `${fn}(f, g)`),
    both(fn, 'text_pairs', `${fn}(w, v)`),
  ]),
  ...(
    [
      ['lists', 'l', 'k'],
      ['float_pairs', 'f', 'g'],
      ['text_pairs', 'w', 'v'],
    ] as const
  ).flatMap(([over, a, b]) => [
    both(
      'list_intersect',
      over,
      `list_intersect(${a}, ${b})`,
      `case when ${b} is not null then list_filter(${distinct(a)}, lambda y: list_contains(${b}, y)) end`,
    ),
    both(
      'list_difference',
      over,
      `list_difference(${a}, ${b})`,
      `case when ${b} is not null then list_filter(${distinct(a)}, lambda y: not list_contains(${b}, y)) end`,
    ),
    both(
      'list_union',
      over,
      `list_union(${a}, ${b})`,
      `case when ${a} is not null and ${b} is not null then ${distinct(`list_concat(${a}, ${b})`)} end`,
    ),
    both(
      'list_zip',
      over,
      `list_zip(${a}, ${b})`,
      `case when ${a} is not null and ${b} is not null then list_transform(list_zip(${a}, ${b}), lambda z: {'_1': z[1], '_2': z[2]}) end`,
    ),
  ]),
  both(
    'list_remove',
    'lists_i',
    'list_remove(l, i)',
    'case when i is not null then list_filter(l, lambda x: x is distinct from i) end',
  ),
  both(
    'list_remove',
    'float_lists',
    'list_remove(f, x)',
    'case when x is not null then list_filter(f, lambda y: y is distinct from x) end',
  ),
  both('flatten', 'lists_of_lists', 'flatten(ll)'),
  both('list_repeat', 'lists_n', 'list_repeat(m, n)', 'case when n is not null then repeat([m], n) end'),
  both('list_repeat', 'lists_n', 'list_repeat(l, n)', 'case when n is not null then repeat([l], n) end'),
  both(
    'list_transform',
    'lists_i',
    'list_transform(l, x => x % 1000 * 2 + i % 5)',
    'list_transform(l, lambda x: x % 1000 * 2 + i % 5)',
  ),
  both(
    'list_transform',
    'text_lists',
    'list_transform(w, (x, k) => f"{x}{k}")',
    'list_transform(w, lambda x, k: x || (k - 1))',
  ),
  both(
    'list_transform',
    'lists_of_lists',
    'list_transform(ll, x => list_transform(x, y => y + n))',
    'list_transform(ll, lambda x: list_transform(x, lambda y: y + n))',
  ),
  both('list_filter', 'lists_i', 'list_filter(l, x => x > i)', 'list_filter(l, lambda x: x > i)'),
  both('list_filter', 'lists_i', 'list_filter(l, x => x is null)', 'list_filter(l, lambda x: x is null)'),
  both(
    'list_filter',
    'float_lists',
    'list_filter(f, (x2, k) => x2 <= x or k == 1)',
    'list_filter(f, lambda x2, k: x2 <= x or k = 2)',
  ),
  both('list_any', 'lists_i', 'list_any(l, x => x > i)', anyOf('list_transform(l, lambda x: x > i)')),
  both('list_any', 'float_lists', 'list_any(f, y => y == x)', anyOf('list_transform(f, lambda y: y = x)')),
  both('list_all', 'lists_i', 'list_all(l, x => x > i)', allOf('list_transform(l, lambda x: x > i)')),
  both('list_all', 'text_lists', 'list_all(w, x => x != s)', allOf('list_transform(w, lambda x: x <> s)')),
  both(
    'list_reduce',
    'lists_i',
    'list_reduce(l, (a, x) => (a ?? 0) % 1000 + x % 7)',
    'case when len(l) > 0 then list_reduce(l, lambda a, x: coalesce(a, 0) % 1000 + x % 7) end',
  ),
  both(
    'list_reduce',
    'lists_i',
    'list_reduce(l, (a, x, k) => a % 100 + x % 10 * k, i)',
    'list_reduce(l, lambda a, x, k: a % 100 + x % 10 * (k - 1), i)',
  ),
  both(
    'list_reduce',
    'text_lists',
    'list_reduce(w, (a, x) => concat(a, x), s)',
    'list_reduce(w, lambda a, x: a || x, s)',
  ),
  both('list_value', 'steps', 'list_value(n, m, null, i)', '[n, m, null, i]'),
  both('list_value', 'floats_n', 'list_value(x, n)', '[x, n]'),
];
