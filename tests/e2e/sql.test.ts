import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDuck } from '../../engine/sql/duckdb.ts';
import { check, RunError, runText } from '../../index.ts';
import { CONFIGS, runEverywhere, runFlow, tempDir } from './harness.ts';

const dir = tempDir();
const quoted = (name: string): string => JSON.stringify(path.join(dir, name));
const installed = (await loadDuck()) !== null;
if (!installed) console.log('# skip: @duckdb/node-api is not installed');

const rows = 20_000;
fs.writeFileSync(
  path.join(dir, 'orders.csv'),
  `id,customer,amount,day,note\n${Array.from({ length: rows }, (_, i) => `${i},${(i * 7919) % 501},${i % 9 === 0 ? '' : (i % 1000) / 4},2024-01-${10 + (i % 19)},note ${i}`).join('\n')}\n`,
);
fs.writeFileSync(
  path.join(dir, 'values.ndjson'),
  [
    {
      n: 1,
      b: true,
      i: 9007199254740993n,
      f: 0.5,
      s: 'Zoë',
      l: [1, null, 3],
      o: { a: 1, b: 'x' },
      d: '2024-05-01',
      t: '2024-05-01T12:00:00.5Z',
    },
    { n: 2, b: null, i: -5n, f: null, s: '', l: [], o: null, d: null, t: null },
    {
      n: 3,
      b: false,
      i: null,
      f: -0.25,
      s: null,
      l: null,
      o: { a: null, b: null },
      d: '1969-12-31',
      t: '1900-01-01T00:00:00Z',
    },
  ]
    .map((r) =>
      JSON.stringify(r, (_, v: unknown) => (typeof v === 'bigint' ? `#${v}#` : v)).replace(/"#(-?\d+)#"/g, '$1'),
    )
    .join('\n'),
);

const orders = `let orders = from csv(${quoted('orders.csv')})`;

const sqlTest = (name: string, body: () => Promise<void>): void =>
  test(name, async () => (installed ? body() : undefined));

sqlTest('the same rows as the steps give, whatever the workers and the memory', async () => {
  const sql = `${orders}
    from sql """
      select customer, sum(amount)::decimal(18, 2) as total, count(*) as n, max(day) as last
      from Orders o where id >= 100 group by all order by customer
    """ as { customer: int?, total: decimal(18, 2)?, n: int, last: date? }`;
  const steps = `${orders}
    from orders | where id >= 100
    | summarize total = sum(amount)::decimal(18, 2), n = count(), last = max(day) by customer | sort customer`;
  assert.is((await runEverywhere(sql)).results[0], (await runEverywhere(steps)).results[0]);
});

sqlTest('rows go in and come out as they are, in order', async () => {
  const flow = `${orders}
    let back = sql """ select * from orders order by id """ as { id: int?, customer: int?, amount: float?, day: date?, note: string? }
    from back`;
  assert.is((await runEverywhere(flow)).results[0], (await runEverywhere(`${orders}\nfrom orders`)).results[0]);
  const many = await runEverywhere(
    `${orders}\nfrom sql """ select id from orders """ as { id: int } | where id % 2 == 0 | summarize n = count(), s = sum(id)`,
  );
  assert.is(many.results[0], `n,s\n${rows / 2},${(rows / 2) * (rows / 2 - 1)}\n`);
});

sqlTest('values of all types', async () => {
  const declared =
    '{ n: int, b: bool?, i: int?, f: float?, s: string?, l: list<int?>?, o: { a: int?, b: string? }?, d: date?, t: timestamp? }';
  const source = `let v = from ndjson(${quoted('values.ndjson')}) as ${declared}`;
  const both = await runText(`${source}\nfrom v\nfrom sql """ select * from v order by n """ as ${declared}`, {
    workers: 1,
  });
  assert.equal(both.results[1]?.rows, both.results[0]?.rows);
  const made = await runText(
    `from sql """ select 170141183460469231731687303715884105727::hugeint as h, 1.5::float as f, 12.345::decimal(9, 3) as d,
        time '12:30:00.5' as t, interval '1 month 2 days 3 seconds' as i, 'ab'::blob as b, uuid '00000000-0000-0000-0000-000000000001' as u,
        map { 'k': 1 } as m, timestamp '2024-05-01 12:00:00' as at, 255::utinyint as tiny, [[1], []]::int[][] as nested """
     as { h: decimal(38, 0)?, f: float, d: decimal(12, 4), t: time, i: interval, b: bytes, u: string, m: map<string, int?>, at: timestamp, tiny: int, nested: list<list<int?>?> }`,
    { workers: 1 },
  ).catch((e: unknown) => e);
  // The largest value of all does not fit into 38 digits, and says so.
  assert.match(String((made as Error).message), /does not fit into decimal\(38, 0\)/);
});

sqlTest('mistakes in the SQL are told at their place in the file', async () => {
  const messages = async (flow: string): Promise<string[]> => {
    const { diagnostics } = await check(flow, 'x.flow');
    return diagnostics.map((d) => `${d.code} <${flow.slice(d.span.start, d.span.end)}> ${d.message}`);
  };
  const use = `${orders}\nfrom orders\n`;
  assert.equal(await messages(`${use}from sql """\n  select id,\n    nope\n  from orders\n""" as { id: int? }`), [
    'FLOW4051 <nope> Referenced column "nope" not found in FROM clause!',
  ]);
  assert.equal(await messages(`${use}from sql """ select id,, day from orders """ as { id: int? }`), [
    'FLOW4051 <,> syntax error at or near ","',
  ]);
  assert.equal(await messages(`${use}from sql """ select id from orders """ as { id: string? }`), [
    'FLOW4051 <{ id: string? }> `id` is BIGINT in the SQL, and declared as string',
  ]);
  assert.equal(await messages(`${use}from sql """ select id from orders """ as { id: int?, k: int? }`), [
    'FLOW4051 <{ id: int?, k: int? }> the SQL has no column `k`',
  ]);
  assert.equal(await messages(`${use}from sql """ select id, day from orders """ as { id: int? }`), [
    'FLOW4051 <{ id: int? }> the column `day` of the SQL is not declared',
  ]);
});

sqlTest('nothing outside of the file can be reached', async () => {
  const csv = path.join(dir, 'orders.csv');
  const tries = [
    `select * from read_csv('${csv}')`,
    `select * from '${csv}'`,
    `copy (select 1 as x) to '${path.join(dir, 'out.csv')}'`,
    `attach '${path.join(dir, 'x.db')}'`,
    'install httpfs',
    'load httpfs',
    'set enable_external_access = true',
    "select * from glob('/etc/*')",
    "select content from read_text('/etc/hostname')",
    'create table x as select 1',
    'select 1 as x; drop table orders',
    "select getenv('HOME') as x",
  ];
  for (const sql of tries) {
    const { plan, diagnostics } = await check(`from sql """ ${sql} """ as { x: int? }`, 'x.flow');
    assert.is(plan, null, sql);
    assert.equal(
      diagnostics.map((d) => d.code),
      ['FLOW4051'],
      sql,
    );
  }
  assert.not.ok(fs.existsSync(path.join(dir, 'out.csv')) || fs.existsSync(path.join(dir, 'x.db')));
});

sqlTest('errors while it runs name the step', async () => {
  for (const [sql, columns, message] of [
    ["select ('x' || note)::int as x from orders", '{ x: int? }', /Could not convert string/],
    ['select amount as x from orders', '{ x: float }', /the SQL gives null for "x", which is declared without/],
    ['select (id + 9223372036854775807::hugeint) as x from orders', '{ x: int? }', /is beyond 64 bits/],
  ] as const) {
    await runFlow(`${orders}\nfrom sql """ ${sql} """ as ${columns} | summarize n = count(x)`, CONFIGS[1]).then(
      () => assert.unreachable(sql),
      (e: unknown) => {
        assert.instance(e, RunError);
        assert.match((e as RunError).message, message);
        assert.is((e as RunError).where.step, 'sql');
      },
    );
  }
});

sqlTest('a query is shared, takes part in the graph, and is stopped with the run', async () => {
  const { results } = await runEverywhere(
    `${orders}
     let top = sql """ select customer, count(*) as n from orders group by 1 """ as { customer: int?, n: int }
     from top | summarize groups = count()
     from orders | join inner top as t on customer == t.customer add t.n | summarize s = sum(n)`,
  );
  assert.is(results[0], 'groups\n501\n');
  const controller = new AbortController();
  const long = runText(
    'from sql """ select count(*) as n from range(10000000) a, range(1000000) b where a.range + b.range < 0 """ as { n: int }',
    {
      signal: controller.signal,
      workers: 1,
    },
  );
  setTimeout(() => controller.abort(), 1500);
  await long.then(
    () => assert.unreachable(),
    (e: unknown) => assert.is((e as RunError).code, 'FLOW7012'),
  );
});

test.run();
