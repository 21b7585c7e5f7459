import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { complaint, complaints, fixed, schema } from './harness.ts';

const orders = 'from csv("orders.csv") | select id, tags, item, extra';
const people = 'from csv("people.csv")';

test('explode: items take the place of the list, or stand behind it under a name', async () => {
  const rest = 'item { sku: string?, qty: int? }?, extra json?';
  assert.is(await schema(`${orders} | explode tags`), `id int, tags string?, ${rest}`);
  assert.is(await schema(`${orders} | explode outer tags as tag`), `id int, tags list<string?>?, ${rest}, tag string?`);
  const zipped = 'from csv("orders.csv") | select id, n = range(3) | explode n, [1.5, 2.5] as x';
  assert.is(await schema(zipped), 'id int, n int?, x float?');
  assert.is(await schema('from csv("orders.csv") | select id | explode [1, 2] as n'), 'id int, n int');
});

test('explode: what it does not take', async () => {
  const what = /^what `explode` takes is a list or a map, and this is/;
  await complaint(`${orders} | explode «id»`, 'FLOW3001', what);
  const json = `${orders} | explode «extra»`;
  assert.is(fixed(json, await complaint(json, 'FLOW3001', what)), `${orders} | explode extra::list<json>`);
  await complaint(`${orders} | explode «tag»`, 'FLOW2002', 'there is no column `tag` here');
  await complaint(`${orders} | explode tags as «item»`, 'FLOW2009', /`item`/);
  await complaint(`${orders} | explode «range(3)»`, 'FLOW2010', 'a computed column needs a name');
  await complaint(`${orders} | explode tags, «tags»`, 'FLOW2009', /`tags`/);
});

test('unpivot: values of one type, the other columns first', async () => {
  assert.is(
    await schema(`${people} | select id, age, salary | unpivot age, salary into what, n`),
    'id int, what string, n float?',
  );
  assert.is(
    await schema(`${people} | select id, name, country | unpivot * except id into k, v`),
    'id int, k string, v string?',
  );
  assert.is(
    await schema(`${people} | select id, age | unpivot twice = age * 2, age into k, v`),
    'id int, k string, v int?',
  );
  await complaint(
    `${people} | «unpivot name, age into k, v»`,
    'FLOW3005',
    'the columns that `unpivot` puts below each other have no common type: string, int',
  );
  await complaint(`${people} | unpivot name into «id», v`, 'FLOW2009', /`id`/);
  await complaint(`${people} | unpivot name into k, «k»`, 'FLOW2009', /`k`/);
  await complaint(`${people} | unpivot «"zz*"» into k, v`, 'FLOW2017', /zz/);
});

test('pivot: a column for each value', async () => {
  const pivot = `${people} | pivot country values`;
  assert.is(await schema(`${pivot} ["de", "fr"] into mean(age) by active`), 'active bool?, de float?, fr float?');
  assert.is(
    await schema(`${pivot} ["de", null] into n = count(), top = max(salary)`),
    'de_n int, de_top float?, null_n int, null_top float?',
  );
  assert.is(
    await schema(`param c: list<string> = ["x"] ${pivot} $c into count() by year = year(born)`),
    'year int?, x int',
  );
});

test('pivot: values that are none, and aggregates that have no name', async () => {
  const pivot = `${people} | pivot country values`;
  await complaint(`${pivot} «[]» into count()`, 'FLOW4030', 'a pivot needs at least one value');
  await complaint(`${pivot} «["a", "a"]» into count()`, 'FLOW4030', 'the value a is given twice');
  await complaint(`${pivot} «"a"» into count()`, 'FLOW3001', /a list of constants/);
  await complaint(`${pivot} [«name»] into count()`, 'FLOW2018', /name/);
  await complaint(`${pivot} «[1]» into count()`, 'FLOW3005', /no common type: string, int/);
  await complaint(`${pivot} ["a"] into «count()», n = count()`, 'FLOW2010', 'a computed column needs a name');
  await complaint(`${pivot} ["a"] into «age»`, 'FLOW3008', /`age`/);
  assert.equal(await complaints(`${people} | pivot nope values ["a"] into count()`), [
    'FLOW2002 <nope> there is no column `nope` here',
  ]);
});

test.run();
