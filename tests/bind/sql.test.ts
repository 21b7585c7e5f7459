import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sqlNames } from '../../compiler/bind/sql_names.ts';
import { complaint } from './harness.ts';

const names = (sql: string): string[] => sqlNames(sql).relations.map((one) => one.name);

test('relations stand behind from, join and the commas between', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['select a, b from t', ['t']],
    ['select t, u from a, b x, c as y where t in (select u from d, e)', ['a', 'b', 'c', 'd', 'e']],
    ['from t select x', ['t']],
    ['select * from a left join b on a.x = b.x cross join "C d" natural join e', ['a', 'b', 'C d', 'e']],
    ['select * from (select 1 from a) s, (b join c using (k)) where x > 1', ['a', 'b', 'c']],
    ["select extract(year from d), substring(s from 2), trim(both 'x' from s) from t", ['t']],
    ['select x is distinct from y, x is not distinct from z from t', ['t']],
    ['select \'from a\', $$from b$$, "from c" -- from d\n /* from e */ from f', ['f']],
    ['select * from range(10), generate_series(1, 2) g, t', ['t']],
    ["select * from information_schema.tables, 'file.csv', t", ['t']],
    [
      'select count(*) filter (where x > (select max(y) from u)) from t group by a, b order by c, d limit 1',
      ['u', 't'],
    ],
    ['select a from t union all select b from u except select c from v', ['t', 'u', 'v']],
    ['select * from t, lateral (select * from u where u.x = t.x) l', ['t', 'u']],
    ['select 1', []],
    ['', []],
    ['select zoë from größe', ['größe']],
    ["select 'it''s from x' from t", ['t']],
    ["select * from unclosed where 'abc from y", ['unclosed']],
  ];
  for (const [sql, expected] of cases) assert.equal(names(sql), expected, sql);
});

test('names that the query gives itself are known', () => {
  const { relations, own } = sqlNames(
    'with a as (select 1 from t), b as materialized (select * from a), "C" as (select 2) select * from a, b, C',
  );
  assert.equal(
    relations.map((one) => one.name),
    ['t', 'a', 'a', 'b', 'C'],
  );
  assert.equal([...own].sort(), ['a', 'b', 'c']);
});

const people = 'let people = from csv("people.csv")\n';

test('relations are looked up before the SQL engine is asked', async () => {
  const d = await complaint(
    `${people}from people\nfrom sql """ select id from «peeple» """ as { id: int }`,
    'FLOW2001',
    'there is no relation `peeple`',
  );
  assert.is(d.suggestion?.replacement, 'people');
});

test('a query needs its columns, and the engine', async () => {
  await complaint(`${people}from «sql """ select id from people """»`, 'FLOW4051', 'a query needs its columns');
  const d = await complaint(
    `${people}from «sql """ select id from people """» as { id: int }`,
    'FLOW4050',
    'embedded SQL needs the package @duckdb/node-api, which is not installed',
  );
  assert.is(d.suggestion?.text, 'run npm install @duckdb/node-api');
});

test('a query that reads itself is a cycle', async () => {
  await complaint(`let «a» = sql """ select x from a """ as { x: int }\nfrom a`, 'FLOW2007', /a/);
});

test.run();
