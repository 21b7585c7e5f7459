import type { LiteralValue } from '../../engine/expr.ts';
import { parseDate, parseTimestamp } from '../../engine/functions/parse.ts';
import type { Schema } from '../../engine/types.ts';
import { field, T } from '../../engine/types.ts';
import { literalSql, typeSql } from '../../testing/duckdb_expr.ts';
import { cross, type Table } from './cross.ts';
import { NESTED_TABLES } from './nested_tables.ts';

/** Values at the edges of types, and tables of their combinations. */

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

export const INTS: readonly LiteralValue[] = [
  null,
  0,
  1,
  -1,
  2,
  -2,
  3,
  7,
  -7,
  10,
  12,
  18,
  20,
  21,
  63,
  64,
  255,
  -256,
  1000,
  2147483647,
  -2147483648,
  4294967296,
  9007199254740991,
  9007199254740992n,
  -9007199254740993n,
  MAX,
  MIN,
  MAX - 1n,
  MIN + 1n,
];

export const SMALL: readonly LiteralValue[] = [null, 0, 1, -1, 2, 3, 5, -3, 8, 63, 64];

export const FLOATS: readonly LiteralValue[] = [
  null,
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  -1.5,
  2.5,
  2,
  3,
  10,
  0.1,
  1.005,
  -1.005,
  123456.789,
  1e-300,
  5e-324,
  1e300,
  1.7976931348623157e308,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
  9007199254740992,
  0.3,
  100,
];

/** Long text, but not so long that quadratic distances take seconds. */
const LONG = 'abcdefghij'.repeat(200);

export const TEXTS: readonly LiteralValue[] = [
  null,
  '',
  'a',
  'A',
  'abc',
  'ABC',
  'hello world',
  'Hello WORLD',
  '  blanks  ',
  'a,b,,c',
  'naïve',
  'Zoë',
  'straße',
  'e\u0301',
  'cafe\u0301s NOIRS',
  'é',
  '日本語',
  '😀',
  'a😀b',
  '👩‍🚀',
  'ÀÉÎ',
  '100%',
  'a_b',
  'a.b',
  '\\',
  'x\ty\n',
  "it's",
  '12-34',
  'kitten',
  'sitting',
  'martha',
  'marhta',
  'aaa',
  'aa',
  'İ',
  LONG,
];

export const DATES: readonly LiteralValue[] = [
  null,
  ...[
    '1970-01-01',
    '1969-12-31',
    '2000-02-29',
    '1900-02-28',
    '1900-03-01',
    '2024-01-31',
    '2024-02-28',
    '2024-02-29',
    '2024-03-01',
    '2023-12-31',
    '2021-01-03',
    '2020-12-31',
    '2024-12-30',
    '1582-10-15',
    '0001-01-01',
    '9999-12-31',
    '2024-03-31',
    '2024-10-27',
  ].map(parseDate),
];

export const TIMES: readonly LiteralValue[] = [
  null,
  ...[
    '1970-01-01T00:00:00Z',
    '1969-12-31T23:59:59.999999Z',
    '2000-02-29T12:34:56.789012Z',
    '2024-02-29T00:00:00Z',
    '2024-03-31T00:59:59Z',
    '2024-03-31T01:00:00Z',
    '2024-10-27T00:30:00Z',
    '2024-10-27T01:30:00Z',
    '2024-12-31T23:59:59.999Z',
    '2023-01-31T10:00:00Z',
    '2023-02-28T09:59:59Z',
    '2023-02-28T10:00:00Z',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '2021-01-03T00:00:00Z',
  ].map(parseTimestamp),
];

const decimals = (digits: readonly string[]): readonly LiteralValue[] => [
  null,
  ...digits.map((d): LiteralValue => {
    const v = BigInt(d);
    return v <= 9007199254740991n && v >= -9007199254740991n ? Number(v) : v;
  }),
];

/** decimal(18, 4), as unscaled integers. */
export const DECIMALS = decimals([
  '0',
  '1',
  '-1',
  '5000',
  '-5000',
  '15000',
  '25000',
  '-25000',
  '10050',
  '123456789',
  '999999999999999999',
  '-999999999999999999',
  '30000',
]);

/** decimal(38, 10). */
export const WIDE = decimals([
  '0',
  '1',
  '-1',
  '5000000000',
  '-15000000000',
  '25000000000',
  `${'9'.repeat(38)}`,
  `-${'9'.repeat(38)}`,
  `1${'0'.repeat(37)}`,
  '30000000000',
]);

/** Pairs of short texts: every one with every other. */
const SHORT = TEXTS.filter((t) => t !== LONG);

export const TABLES = {
  floats: cross([field('x', T.float), field('y', T.float)], FLOATS, FLOATS),
  floats_n: cross([field('x', T.float), field('n', T.int)], FLOATS, [null, 0, 2, -1]),
  ints: cross([field('i', T.int), field('j', T.int)], INTS, INTS),
  ints_n: cross([field('i', T.int), field('n', T.int)], INTS, SMALL),
  decimals: cross([field('d', T.decimal(18, 4)), field('e', T.decimal(18, 4))], DECIMALS, DECIMALS),
  wide: cross([field('d', T.decimal(38, 10)), field('e', T.decimal(38, 10))], WIDE, WIDE),
  texts: cross([field('s', T.string), field('t', T.string)], SHORT, SHORT),
  texts_n: cross([field('s', T.string), field('n', T.int)], TEXTS, SMALL),
  dates: cross([field('a', T.date), field('b', T.date)], DATES, DATES),
  dates_n: cross([field('a', T.date), field('n', T.int)], DATES, SMALL),
  times: cross([field('a', T.timestamp), field('b', T.timestamp)], TIMES, TIMES),
  bools: cross([field('p', T.bool), field('q', T.bool)], [null, true, false], [null, true, false]),
  parts: cross(
    [field('y', T.int), field('m', T.int), field('n', T.int)],
    [null, 1, 1900, 2000, 2023, 2024, 9999],
    [null, 0, 1, 2, 12, 13],
    [null, 0, 1, 28, 29, 31, 32],
  ),
  ...NESTED_TABLES,
} satisfies Record<string, Table>;

export type TableName = keyof typeof TABLES;

/** Statements that make a table, its rows numbered. */
export function createTable(name: string, table: Table): string {
  const columns = table.schema.map((f) => `${f.name}::${typeSql(f.type)} as ${f.name}`).join(', ');
  const names = table.schema.map((f) => f.name).join(', ');
  const rows = table.rows.map(
    (row, k) => `(${k}, ${row.map((v, c) => literalSql((table.schema[c] as Schema[number]).type, v)).join(', ')})`,
  );
  return `create table "${name}" as select row_number, ${columns} from (values ${rows.join(', ')}) v(row_number, ${names})`;
}
