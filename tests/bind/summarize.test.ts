import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { complaint, complaints, fixed, node, schema } from './harness.ts';

const people = 'from csv("people.csv")';

test('plain aggregates are one node, keys first', async () => {
  const n = await node(`${people} | summarize n = count(), avg = mean(age) by country`);
  assert.ok(n.op === 'aggregate');
  assert.equal(
    n.keys.map((k) => k.name),
    ['country'],
  );
  assert.equal(
    n.aggregates.map((a) => [a.name, a.fn, a.distinct]),
    [
      ['n', 'count', false],
      ['avg', 'mean', false],
    ],
  );
  assert.is(n.label, 'summarize n, avg by country');
});

test('schemas', async () => {
  assert.is(
    await schema(`${people} | summarize n = count(), d = count(distinct name), s = sum(age), avg = mean(salary)`),
    'n int, d int, s int?, avg float?',
  );
  assert.is(await schema(`${people} | summarize by country, y = year(born)`), 'country string, y int?');
});

test('expressions over aggregates are a projection behind them; the same aggregate is computed once', async () => {
  const n = await node(`${people} | summarize r = sum(age) / count(), total = sum(age), c = count() + 1 by country`);
  assert.ok(n.op === 'project');
  const below = n.inputs[0];
  assert.ok(below?.op === 'aggregate');
  assert.equal(below.op === 'aggregate' && below.aggregates.map((a) => a.fn), ['sum', 'count']);
  assert.is(
    await schema(`${people} | summarize r = sum(age) / count(), total = sum(age), c = count() + 1 by country`),
    'country string, r float?, total int?, c int',
  );
});

test('keys stand in items, by name and as they were written', async () => {
  assert.is(
    await schema(
      `${people} | summarize label = upper(country), y = year(born) + 1, n = count() by country, year = year(born)`,
    ),
    'country string, year int?, label string, y int?, n int',
  );
});

test('items see the ones before them', async () => {
  assert.is(await schema(`${people} | summarize s = sum(age), n = count(), avg = s / n`), 's int?, n int, avg float?');
});

test('a column that is neither key nor aggregated', async () => {
  const d = await complaint(
    `${people} | summarize n = count() + «id» by country`,
    'FLOW3008',
    '`id` has many values in a group',
  );
  assert.equal(d.notes, ['keys: country']);
});

test('misplaced and nested aggregates, wrong types, missing names', async () => {
  await complaint(`${people} | derive x = «sum(age)»`, 'FLOW3007', 'sum is an aggregate, and its place is summarize');
  await complaint(`${people} | where «sum(age)» > 3`, 'FLOW3007', /summarize/);
  await complaint(`${people} | summarize x = sum(«sum(age)»)`, 'FLOW3013', 'sum stands inside of another aggregate');
  await complaint(`${people} | summarize x = «mean(name)»`, 'FLOW3002', 'mean does not take string?');
  const marked = `${people} | summarize «mean(age)» by country`;
  assert.is(
    fixed(marked, await complaint(marked, 'FLOW2010', /needs a name/)),
    `${people} | summarize mean_age = mean(age) by country`,
  );
  await complaint(`${people} | summarize n = count() by «year(born)»`, 'FLOW2010', /needs a name/);
  await complaint(
    `${people} | summarize «country» = count() by country`,
    'FLOW2009',
    'the column `country` is given twice',
  );
});

test('what follows only has keys and items', async () => {
  assert.equal(await complaints(`${people} | summarize n = count() by country | select age`), [
    'FLOW2002 <age> there is no column `age` here',
  ]);
});

test('sets of keys: a key that a set is without may be null, and grouping tells which', async () => {
  const by = async (keys: string): Promise<string> =>
    schema(`${people} | derive b = id * 2 | summarize n = count(), g = grouping(b) by ${keys}`);
  assert.is(await by('b'), 'b int, n int, g int');
  assert.is(await by('rollup(b, country)'), 'b int?, country string?, n int, g int');
  assert.is(await by('b, cube(country)'), 'b int, country string?, n int, g int');
  assert.is(await by('sets((b, id), (b))'), 'b int, id int?, n int, g int');
  await complaint(`${people} | summarize g = grouping(«age») by country`, 'FLOW3011', /takes keys/);
  await complaint(`${people} | summarize n = count() by rollup(country, «country»)`, 'FLOW2009', /given twice/);
  const many = Array.from({ length: 13 }, (_, i) => `k${i} = id + ${i}`).join(', ');
  await complaint(`${people} | summarize n = count() by «cube(${many})»`, 'FLOW3015', /at most 4096/);
});

test('over unknown rows nothing follows', async () => {
  assert.equal(await complaints('from nope | summarize n = count(), m = mean(x) + y by z | where q > 1'), [
    'FLOW2001 <nope> there is no relation `nope`',
  ]);
});

test.run();
