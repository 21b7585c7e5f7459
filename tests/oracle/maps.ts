import { both, type Case } from './cases.ts';

/** Maps, structs and JSON. */

/** The names of the database for kinds of JSON, as they are here. */
const kind = (e: string): string =>
  `case ${e} when 'UBIGINT' then 'number' when 'BIGINT' then 'number' when 'DOUBLE' then 'number' when 'HUGEINT' then 'number' when 'VARCHAR' then 'string' when 'BOOLEAN' then 'bool' else lower(${e}) end`;
/** As JSON, which a text is on the way into a function. */
const size = (j: string): string =>
  `case json_type(${j}) when 'ARRAY' then json_array_length(${j}) when 'OBJECT' then len(json_keys(${j})) end::bigint`;
const members = (j: string): string =>
  `case when json_type(${j}) = 'OBJECT' then coalesce((select list({'key': key, 'value': value} order by id) from json_each(${j})), []) end`;

const PATHS = [
  '$',
  'a',
  '$.a',
  '$.b[1].c',
  '$[0]',
  '$[2]',
  '$["odd name"]',
  '$.a.b.c[1]',
  '$["é"]',
  '$.missing',
  '[1][0]',
];
const inSql = (path: string): string => {
  const rooted = path.startsWith('$') ? path : path.startsWith('[') ? `$${path}` : `$.${path}`;
  return `'${rooted.replace(/\["([^"]*)"\]/g, '."$1"')}'`;
};
const inFlow = (path: string): string => JSON.stringify(path);

export const MAPS: readonly Case[] = [
  both('map', 'text_pairs', 'map(w, v)', 'case when w is not null and v is not null then map(w, v) end'),
  both('map', 'lists', 'map(l, k)', 'case when l is not null and k is not null then map(l, k) end'),
  both('map_from_entries', 'entry_lists', 'map_from_entries(es)'),
  both('map_entries', 'maps', 'map_entries(m)'),
  both('map_entries', 'int_maps', 'map_entries(m)'),
  both('map_keys', 'maps', 'map_keys(m)'),
  both('map_keys', 'int_maps', 'map_keys(m)'),
  both('map_values', 'maps', 'map_values(m)'),
  both('map_values', 'int_maps', 'map_values(m)'),
  both('map_contains', 'maps', 'map_contains(m, s)'),
  both('map_contains', 'int_maps', 'map_contains(m, i)'),
  both('map_extract', 'maps', 'map_extract(m, s)', 'map_extract_value(m, s)'),
  both('map_extract', 'int_maps', 'map_extract(m, i)', 'map_extract_value(m, i)'),
  both('map_concat', 'maps', 'map_concat(m, o)'),
  both(
    'map_filter',
    'maps',
    'map_filter(m, (k, v) => v > 0 or k == s)',
    'map_from_entries(list_filter(map_entries(m), lambda e: e.value > 0 or e.key = s))',
  ),
  both(
    'map_transform_values',
    'maps',
    'map_transform_values(m, (k, v) => f"{k}{v}")',
    "map_from_entries(list_transform(map_entries(m), lambda e: {'k': e.key, 'v': e.key || e.value}))",
  ),
  both('struct_pack', 'scalars', 'struct_pack("i", i, "s", s)', 'struct_pack(i := i, s := s)'),
  both('struct_pack', 'lists', 'struct_pack("l", l, "k", struct_pack("k", k))', "{'l': l, 'k': {'k': k}}"),
  both('struct_extract', 'structs', 'struct_extract(st, "c")', "struct_extract(st, 'c')"),
  both('struct_extract', 'structs', 'struct_extract(st, "b")', "struct_extract(st, 'b')"),
  both('struct_insert', 'structs', 'struct_insert(st, "d", i)', 'struct_insert(st, d := i)'),
  both('struct_insert', 'structs', 'struct_insert(st, "a", i)', 'struct_update(st, a := i)'),
  both('struct_keys', 'structs', 'struct_keys(st)'),
  ...PATHS.flatMap((path) => [
    both('json_extract', 'jsons', `json_extract(j, ${inFlow(path)})`, `json_extract(j, ${inSql(path)})`),
    both('json_value', 'jsons', `json_value(j, ${inFlow(path)})`, `json_extract_string(j, ${inSql(path)})`),
    both('json_exists', 'jsons', `json_exists(j, ${inFlow(path)})`, `json_exists(j, ${inSql(path)})`),
    both('json_type', 'jsons', `json_type(j, ${inFlow(path)})`, kind(`json_type(j, ${inSql(path)})`)),
  ]),
  both('index', 'jsons', 'j["a"]', "json_extract(j, '$.a')"),
  both(
    'index',
    'jsons',
    'j[i]',
    "case when i < 0 then json_extract(j, '$[#' || i || ']') else json_extract(j, '$[' || i || ']') end",
  ),
  both('get', 'jsons', 'j.b', "json_extract(j, '$.b')"),
  both('json_extract', 'json_texts', 'json_extract(s, "$")', "json_extract(s::json, '$')"),
  both('json_value', 'json_texts', 'json_value(s, "a")', "json_extract_string(s::json, '$.a')"),
  both('json_type', 'json_texts', 'json_type(s)', kind('json_type(s::json)')),
  both('json_length', 'jsons', 'json_length(j)', size('j')),
  both('json_length', 'jsons', 'json_length(j, "b")', size("json_extract(j, '$.b')")),
  both('json_keys', 'jsons', 'json_keys(j)', "case when json_type(j) = 'OBJECT' then json_keys(j) end"),
  both(
    'json_keys',
    'json_texts',
    'json_keys(s)',
    "case when json_type(s::json) = 'OBJECT' then json_keys(s::json) end",
  ),
  both('json_valid', 'json_texts', 'json_valid(s)'),
  both('from_json', 'json_texts', 'from_json(s)', 's::json'),
  both('to_json', 'scalars', 'to_json(i)'),
  both('to_json', 'scalars', 'to_json(x)'),
  both('to_json', 'scalars', 'to_json(s)'),
  both('to_json', 'scalars', 'to_json(p)'),
  both('to_json', 'lists', 'to_json(l)'),
  both('to_json', 'float_lists', 'to_json(f)'),
  both('to_json', 'text_lists', 'to_json(w)'),
  both('to_json', 'structs', 'to_json(st)'),
  both('to_json', 'maps', 'to_json(m)'),
  both('to_json', 'int_maps', 'to_json(m)'),
  both('to_json', 'decimals', 'to_json(d)'),
  both('to_json', 'date_lists', 'to_json(d)'),
  both('to_json', 'jsons', 'to_json(j)'),
  both('json_array', 'scalars', 'json_array(i, s, p, null)'),
  both('json_array', 'jsons', 'json_array(j, i)'),
  both('json_object', 'scalars', 'json_object("i", i, "s", s)', "json_object('i', i, 's', s)"),
  both('json_object', 'scalars', 'json_object(s, p)', 'case when s is not null then json_object(s, p) end'),
  both('json_object', 'jsons', 'json_object("é", j)', "json_object('é', j)"),
  both('json_contains', 'json_pairs', 'json_contains(j, h)'),
  both('json_merge_patch', 'json_pairs', 'json_merge_patch(j, h)'),
  both('json_entries', 'jsons', 'json_entries(j)', members('j')),
  both('json_pretty', 'jsons', 'json_pretty(j)', "replace(json_pretty(j), '    ', '  ')"),
];
