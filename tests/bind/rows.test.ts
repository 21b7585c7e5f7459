import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeText } from '../../compiler/explain/logical_text.ts';
import { complaint, complaints, fixed, node, schema } from './harness.ts';

const people = 'from csv("people.csv")';

test('where and remove keep the schema; remove is null-safe', async () => {
  const kept = await node(`${people} | where age > 3`);
  assert.is(kept.op, 'filter');
  assert.is(kept.schema, kept.inputs[0]?.schema);
  const removed = await node(`${people} | remove age > 3`);
  assert.is(removed.op === 'filter' && removed.predicate.kind === 'call' && removed.predicate.fn, 'isnot');
  assert.is(removed.op === 'filter' && removed.predicate.nullable, false);
});

test('a condition is a bool', async () => {
  const d = await complaint(
    `${people} | where «age»`,
    'FLOW3001',
    'what stands behind `where` is a bool, and this is int?',
  );
  assert.is(fixed(`${people} | where «age»`, d), `${people} | where age != 0`);
  await complaint(
    `${people} | remove «upper(name)»`,
    'FLOW3001',
    'what stands behind `remove` is a bool, and this is string?',
  );
  await complaint(`${people} | where active and «name»`, 'FLOW3001', 'a side of `and` is a bool, and this is string?');
});

test('negations over nullable columns in where are warned about, and run', async () => {
  const marked = `${people} | where «age != 3»`;
  const d = await complaint(marked, 'FLOW3014', '`!=` also drops the rows where `age` is null');
  assert.is(d.severity, 'warning');
  assert.is(fixed(marked, d), `${people} | where age is not 3`);
  await complaint(
    `${people} | where id > 1 and «not active»`,
    'FLOW3014',
    /`not` also drops the rows where `active` is null/,
  );
  await complaint(`${people} | where «name not in ["a"]»`, 'FLOW3014', /`not in`/);
  assert.equal(await complaints(`${people} | where country != "US" and age is not 3 | remove age != 3`), []);
});

test('sort: keys, directions, nulls', async () => {
  const sorted = await node(`${people} | sort age desc nulls first, lower(name)`);
  assert.ok(sorted.op === 'sort');
  assert.equal(
    sorted.keys.map((k) => [k.desc, k.nullsFirst]),
    [
      [true, true],
      [false, false],
    ],
  );
  assert.is(sorted.limit, null);
  await complaint(`from csv("orders.csv") | sort «extra»`, 'FLOW3002', /`sort` does not take/);
  await complaint(`${people} | sort «agee» desc`, 'FLOW2002', 'there is no column `agee` here');
});

test('take and skip: counts, ranges, parameters', async () => {
  const limits = async (text: string, params = {}) => {
    const n = await node(text, params);
    return n.op === 'limit' ? [n.skip, n.take] : null;
  };
  assert.equal(await limits(`${people} | take 5`), [0, 5]);
  assert.equal(await limits(`${people} | take 11..20`), [10, 10]);
  assert.equal(await limits(`${people} | take 5..`), [4, null]);
  assert.equal(await limits(`${people} | take ..7`), [0, 7]);
  assert.equal(await limits(`${people} | skip 3`), [3, null]);
  assert.equal(await limits(`param n: int = 4 ${people} | take $n * 2`), [0, 8]);
  assert.equal(await limits(`param n: int = 4 ${people} | take $n`, { n: '9' }), [0, 9]);
  await complaint(`${people} | take «-1»`, 'FLOW3015', 'what `take` keeps is at least 0, not -1');
  await complaint(`${people} | take «0»..5`, 'FLOW3015', 'the first row is at least 1, not 0');
  await complaint(`${people} | take «10..5»`, 'FLOW3015', 'the last row is not before the first one, 10');
  await complaint(`${people} | take «1.5»`, 'FLOW3001', 'what `take` keeps is an int, and this is float');
  await complaint(`${people} | take «age»`, 'FLOW2018', /is a constant: there are no columns here, such as `age`/);
});

test('take … sort is a sort and a take; take … by takes of each group', async () => {
  const taken = await node(`${people} | take 3 sort age desc`);
  assert.equal([taken.op, taken.inputs[0]?.op], ['limit', 'sort']);
  const each = await node(`${people} | take 2..3 sort age by country`);
  assert.equal(each.op === 'window' && [each.skip, each.take, each.calls.length], [1, 2, 0]);
});

test('distinct: all columns, keys, computed keys', async () => {
  const all = await node(`${people} | distinct`);
  assert.is(all.op === 'distinct' && all.keys, null);
  const keys = await node(`${people} | distinct country, age`);
  assert.equal(keys.op === 'distinct' && keys.keys, ['country', 'age']);
  assert.is(await schema(`from csv("vip.csv") | distinct k = cust % 2`), 'cust int?, level int?, k int?');
  assert.is(await schema(`from csv("vip.csv") | distinct cust % 2`), 'cust int?, level int?');
  await complaint(`${people} | distinct «cuntry»`, 'FLOW2002', /`cuntry`/);
});

test('labels say what the user wrote', async () => {
  const labels = async (text: string) => nodeText(await node(text));
  assert.match(await labels(`${people} | sort age desc, name`), 'sort');
  assert.is((await node(`${people} | take 20`)).label, 'take 20');
  assert.is((await node(`${people} | sort age desc, name`)).label, 'sort age desc, name');
});

test.run();
