import type { LiteralValue } from '../../engine/expr.ts';
import { parseDate, parseTimestamp } from '../../engine/functions/parse.ts';
import { type DataType, field, T } from '../../engine/types.ts';
import { cross } from './cross.ts';

/** Lists, maps, structs and JSON at their edges. */

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;
const INFINITY = Number.POSITIVE_INFINITY;

const INT_LISTS: readonly LiteralValue[] = [
  null,
  [],
  [null],
  [1],
  [1, 2, 3],
  [3, 1, 2, 1],
  [null, 1, null, 1],
  [5, 5, 5],
  [MAX, MIN],
  [MAX, 1],
  [9007199254740993n, 9007199254740992n, -1, 0],
];
const ITEMS: readonly LiteralValue[] = [null, 0, 1, -1, 2, 3, -3, 10, MAX, MIN];
const POSITIONS: readonly LiteralValue[] = [null, 0, 1, -1, 2, -2, 4, -9];

const FLOAT_LISTS: readonly LiteralValue[] = [
  null,
  [],
  [null, null],
  [0.5],
  [Number.NaN, 1, Number.NaN],
  [-0, 0],
  [0, -0],
  [INFINITY, -INFINITY],
  [INFINITY, 1, null],
  [1e308, 1e308, -1e308],
  [2.5, -1, null, 2.5, 5e-324],
];

const TEXT_LISTS: readonly LiteralValue[] = [
  null,
  [],
  [null],
  [''],
  ['a', 'b', 'a'],
  ['B', 'a', null, 'é', 'e\u0301'],
  ['\u{1f600}', '\uff5e', '日本語', '👩‍🚀'],
  ['a"b', 'c\\d', "it's", 'x\ny', ','],
  ['aa', 'a', ''],
];

const LISTS_OF_LISTS: readonly LiteralValue[] = [
  null,
  [],
  [null],
  [[]],
  [[1, 2], [], [3]],
  [[2], [1, null], null, [1], [null]],
  [[1], [1], [1, 0]],
];

const map = (key: DataType, value: DataType): DataType => ({
  kind: 'map',
  key,
  value: { type: value, nullable: true },
});
const entries = (...pairs: readonly (readonly [LiteralValue, LiteralValue])[]): LiteralValue =>
  pairs.map(([key, value]) => ({ key, value }));

const MAPS: readonly LiteralValue[] = [
  null,
  [],
  entries(['a', 1]),
  entries(['a', null], ['', 0]),
  entries(['b', MAX], ['a', -1], ['é', 3]),
  entries(['😀', 1], ['a b', 2], ['"', 3]),
];
const KEYS: readonly LiteralValue[] = [null, '', 'a', 'b', 'é', 'e\u0301', '😀', 'missing'];

const STRUCT = T.struct([field('a', T.int), field('b', T.string), field('c', T.list(T.int))]);
const STRUCTS: readonly LiteralValue[] = [
  null,
  { a: null, b: null, c: null },
  { a: 1, b: 'x', c: [1, null] },
  { a: MIN, b: '', c: [] },
  { a: -1, b: 'é"\\', c: [3, 2] },
];
const ENTRY = T.struct([field('k', T.string), field('v', T.float)]);
const ENTRY_LISTS: readonly LiteralValue[] = [
  null,
  [],
  [{ k: 'a', v: 1.5 }],
  [
    { k: 'b', v: null },
    { k: 'a', v: -0 },
  ],
  [
    { k: 'a', v: 1 },
    { k: 'a', v: 2 },
  ],
  [{ k: null, v: 1 }],
];

/** Of every kind; numbers in forms that are kept as they are written. */
const JSONS: readonly LiteralValue[] = [
  null,
  'null',
  'true',
  '0',
  '-7',
  '1.5',
  '9007199254740993',
  '""',
  '"text"',
  '"é\\n\\"q\\" 😀"',
  '[]',
  '[1,"a",null,true,[2],{"a":3}]',
  '{}',
  '{"a":1,"b":[2,{"c":"x"}]}',
  '{"a":null,"":0,"é":"ü","odd name":[]}',
  '{"a":{"b":{"c":[1,2,3]}},"b":"1"}',
  '[[1,2],[3]]',
];

/** Texts that are JSON, and those that are not quite. */
const JSON_TEXTS: readonly LiteralValue[] = [
  ...JSONS,
  '',
  ' ',
  '{',
  ']',
  '[1,]',
  '{"a":1,}',
  "{'a':1}",
  '{a:1}',
  '01',
  '+1',
  '.5',
  '1.',
  'nan',
  'NaN',
  'Infinity',
  '-Infinity',
  'True',
  'nul',
  '"open',
  '"\t"',
  '"\\x41"',
  '"\\u00e9"',
  '"\\ud800"',
  '[1] 2',
  ' [1 , 2] ',
  '// c\n1',
  '1e400',
  '1E2',
  '1.0',
  '-0',
  '{"a":1,"a":2}',
];

/** Values of scalar types, for what writes any value. */
const SCALARS = cross(
  [field('i', T.int), field('x', T.float), field('s', T.string), field('p', T.bool)],
  [null, 0, MAX, MIN],
  [null, 0.5, -0, 1e21, Number.NaN, -INFINITY],
  [null, '', 'a"\\\n\u0001é😀'],
  [null, true],
);

export const NESTED_TABLES = {
  lists: cross([field('l', T.list(T.int)), field('k', T.list(T.int))], INT_LISTS, INT_LISTS),
  lists_i: cross([field('l', T.list(T.int)), field('i', T.int)], INT_LISTS, ITEMS),
  lists_n: cross([field('l', T.list(T.int)), field('n', T.int), field('m', T.int)], INT_LISTS, POSITIONS, POSITIONS),
  steps: cross([field('n', T.int), field('m', T.int), field('i', T.int)], POSITIONS, POSITIONS, [
    null,
    1,
    2,
    -1,
    -3,
    0,
  ]),
  float_lists: cross([field('f', T.list(T.float)), field('x', T.float)], FLOAT_LISTS, [
    null,
    0,
    -0,
    1,
    Number.NaN,
    INFINITY,
    2.5,
  ]),
  float_pairs: cross([field('f', T.list(T.float)), field('g', T.list(T.float))], FLOAT_LISTS, FLOAT_LISTS),
  decimal_lists: cross(
    [field('d', T.list(T.decimal(18, 4))), field('e', T.decimal(18, 4))],
    [null, [], [null], [10050, -1, 10050], [999999999999999999n, 1], [null, 20000, 0]],
    [null, 0, 10050, 999999999999999999n],
  ),
  date_lists: cross(
    [field('d', T.list(T.date)), field('t', T.list(T.timestamp))],
    [null, [], [null, 0], ['2024-02-29', '0001-01-01', '2024-02-29'].map(parseDate), [parseDate('9999-12-31')]],
    [null, [], [parseTimestamp('1969-12-31T23:59:59.999999Z'), null, 0]],
  ),
  text_lists: cross([field('w', T.list(T.string)), field('s', T.string)], TEXT_LISTS, [
    null,
    '',
    'a',
    'é',
    ', ',
    '👩‍🚀',
  ]),
  text_pairs: cross([field('w', T.list(T.string)), field('v', T.list(T.string))], TEXT_LISTS, TEXT_LISTS),
  lists_of_lists: cross(
    [field('ll', T.list(T.list(T.int))), field('l', T.list(T.int)), field('n', T.int)],
    LISTS_OF_LISTS,
    INT_LISTS,
    [null, 0, -1, 3],
  ),
  maps: cross(
    [field('m', map(T.string, T.int)), field('o', map(T.string, T.int)), field('s', T.string)],
    MAPS,
    MAPS,
    KEYS,
  ),
  int_maps: cross(
    [field('m', map(T.int, T.list(T.string))), field('i', T.int)],
    [null, [], entries([MAX, ['a', null]], [MIN, []], [0, null])],
    [null, MAX, MIN, 0, 1],
  ),
  structs: cross([field('st', STRUCT), field('i', T.int)], STRUCTS, [null, 7, MAX]),
  entry_lists: cross([field('es', T.list(ENTRY))], ENTRY_LISTS),
  jsons: cross([field('j', T.json), field('i', T.int)], JSONS, [null, 0, 1, -1, 5]),
  json_pairs: cross([field('j', T.json), field('h', T.json)], JSONS, JSONS),
  json_texts: cross([field('s', T.string)], JSON_TEXTS),
  scalars: SCALARS,
};
