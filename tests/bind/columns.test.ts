import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { complaint, complaints, fixed, node, schema } from './harness.ts';

const vip = 'from csv("vip.csv")';
const people = 'from csv("people.csv")';

test('derive adds at the end, replaces in place, and sees what stands before it', async () => {
  assert.is(await schema(`${vip} | derive a = cust + 1, b = a * 2.5`), 'cust int?, level int?, a int?, b float?');
  assert.is(await schema(`${vip} | derive cust = cust::string, n = 1`), 'cust string?, level int?, n int');
  assert.is(
    await schema(`${vip} | derive cust = cust + 1.5, twice = cust * 2`),
    'cust float?, level int?, twice float?',
  );
});

test('derive makes one projection where items do not need each other', async () => {
  const one = await node(`${vip} | derive a = cust + 1, b = level + 1`);
  assert.equal([one.op, one.inputs[0]?.op], ['project', 'scan']);
  const two = await node(`${vip} | derive a = cust + 1, b = a + 1`);
  assert.equal([two.op, two.inputs[0]?.op, two.inputs[0]?.inputs[0]?.op], ['project', 'project', 'scan']);
});

test('derive: names', async () => {
  const marked = `${vip} | derive «cust + 1»`;
  const d = await complaint(marked, 'FLOW2010', 'a computed column needs a name');
  assert.is(fixed(marked, d), `${vip} | derive x = cust + 1`);
  await complaint(`${vip} | derive a = 1, «a» = 2`, 'FLOW2009', 'the column `a` is given twice');
});

test('a wrong column is unknown, and its uses are not reported', async () => {
  assert.equal(
    await complaints(`${vip} | derive x = nope + 1 | derive y = x * 2, z = upper(x) | where x > 3 | select x, y`),
    ['FLOW2002 <nope> there is no column `nope` here'],
  );
});

test('select: order, stars, patterns, names', async () => {
  assert.is(
    await schema(`${people} | select name, n = id, "a*", * except salary, born`),
    'name string?, n int, age int?, active bool?, id int, country string',
  );
  assert.is(await schema(`${vip} | select level, *`), 'level int?, cust int?');
  assert.is(await schema(`from csv("orders.csv") | select item.qty, id`), 'qty int?, id int');
  await complaint(`${vip} | select cust, «cust»`, 'FLOW2009', 'the column `cust` is given twice');
  await complaint(`${vip} | select «"x_*"»`, 'FLOW2017', 'no column matches "x_*"');
  await complaint(`${vip} | select * except «levl»`, 'FLOW2002', /`levl`/);
  await complaint(`${vip} | «select * except cust, level»`, 'FLOW4010', 'no column is left behind this step');
});

test('drop', async () => {
  assert.is(await schema(`${people} | drop id, "*a*"`), 'born date?, country string');
  await complaint(`${people} | drop «nam»`, 'FLOW2002', 'there is no column `nam` here');
});

test('rename: several at once, collisions', async () => {
  assert.is(await schema(`${vip} | rename cust = level, level = cust`), 'level int?, cust int?');
  await complaint(`${vip} | rename «level» = cust`, 'FLOW2009', 'the column `level` is given twice');
  assert.equal(await complaints(`${vip} | rename x = nope | select x, cust`), [
    'FLOW2002 <nope> there is no column `nope` here',
  ]);
});

test('an unknown column names its neighbours and what there is', async () => {
  const marked = `${people} | select «contry»`;
  const d = await complaint(marked, 'FLOW2002', 'there is no column `contry` here');
  assert.equal(d.notes, ['columns: id, name, age, salary, active, born, country']);
  assert.is(fixed(marked, d), `${people} | select country`);
  const param = `param since: date = @2024-01-01 ${people} | where born > $since and born < «since»`;
  assert.is(
    fixed(param, await complaint(param, 'FLOW2002', /`since`/)),
    `param since: date = @2024-01-01 ${people} | where born > $since and born < $since`,
  );
});

test.run();
