import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { complaint, node, schema } from './harness.ts';

const orders = 'from csv("orders.csv")';
const typeOf = async (e: string): Promise<string> => (await schema(`${orders} | select v = ${e}`)).slice(2);

test('lists and structs of computed values have the types of their parts', async () => {
  assert.is(await typeOf('[id, person]'), 'list<int?>');
  assert.is(await typeOf('[id, id * 2]'), 'list<int>');
  assert.is(await typeOf('[id, amount]'), 'list<decimal(21, 2)?>');
  assert.is(await typeOf('{ a: id, b: [status, "x"] }'), '{ a: int, b: list<string?> }');
  assert.is(await typeOf('{ a: { b: id } }.a.b'), 'int');
  await complaint(`${orders} | select v = «[id, status]»`, 'FLOW3005', /the items of this list have no common type/);
  await complaint(`${orders} | select v = { a: id }.«b»`, 'FLOW2011', /b/);
});

test('a field of a struct that is made on the spot costs nothing', async () => {
  const { fired } = await import('../../compiler/optimize/index.ts').then(async ({ optimize }) => {
    const input = await node(`${orders} | derive s = { a: id, b: upper(status) } | select x = s.a`);
    const made = optimize({ outputs: [{ kind: 'result', input }] });
    const [out] = made.plan.outputs;
    assert.ok(out?.input.op === 'project');
    assert.equal(
      out.input.outputs.map((o) => o.expr.kind),
      ['column'],
    );
    return made;
  });
  assert.ok(fired.includes('fold constants'));
});

test('lambdas are typed by the items and by their bodies', async () => {
  assert.is(await typeOf('list_transform(tags, t => length(t))'), 'list<int?>?');
  assert.is(await typeOf('list_transform(tags, (t, i) => i + id)'), 'list<int?>?');
  assert.is(await typeOf('list_filter(tags, t => t == status)'), 'list<string?>?');
  assert.is(await typeOf('list_any([id, 2], x => x > 1)'), 'bool?');
  assert.is(await typeOf('list_sort(tags, t => lower(t), "desc")'), 'list<string?>?');
  assert.is(await typeOf('list_reduce([1, 2], (a, x) => a + x)'), 'int?');
  assert.is(await typeOf('list_reduce([1, 2], (a, x) => a + x / 2)'), 'float?');
  assert.is(await typeOf('list_reduce(tags, (n, t) => n + length(t), 0)'), 'int?');
  assert.is(
    await typeOf('list_transform([[1], [2]], row => list_transform(row, x => x + length(row)))'),
    'list<list<int?>?>',
  );
  assert.is(await typeOf('map_transform_values(map(tags, tags), (k, v) => length(k))'), 'map<string, int?>?');
});

test('names in a lambda: its parameters hide columns, and columns are seen', async () => {
  assert.is(await typeOf('list_transform([1.5], id => id)'), 'list<float?>');
  assert.is(
    await schema(`fn plus(xs, by) => list_transform(xs, x => x + by) ${orders} | select v = plus([1, 2], id)`),
    'v list<int?>',
  );
  await complaint(`${orders} | select v = list_transform(tags, t => «tt»)`, 'FLOW2002', 'there is no column `tt` here');
});

test('lambdas that do not fit', async () => {
  const select = `${orders} | select v =`;
  await complaint(`${select} upper(«t => t»)`, 'FLOW3011', 'upper takes no lambda');
  const filter = await complaint(
    `${select} «list_filter(tags, t => length(t))»`,
    'FLOW3002',
    'list_filter does not take list<string?>?, x => int',
  );
  assert.equal(filter.notes, ['the lambda has to give a bool']);
  await complaint(
    `${select} list_transform(tags, «(a, b, c) => a»)`,
    'FLOW3011',
    'list_transform takes a lambda of up to 2 parameters, not 3',
  );
  await complaint(`${select} list_transform(id, «x => x»)`, 'FLOW3002', 'list_transform does not take int');
  await complaint(`${select} «list_transform(tags, status)»`, 'FLOW3002', /list_transform does not take/);
  await complaint(`${select} «list_sort(tags, "down")»`, 'FLOW3002', /list_sort does not take/);
  await complaint(
    `${select} list_reduce(tags, «(n, t) => length(t)»)`,
    'FLOW3011',
    'list_reduce does not fit: the lambda gives another type than it starts with',
  );
  await complaint(
    `${select} list_reduce(tags, (n, t) => «n + 1», "x")`,
    'FLOW3002',
    /`\+` does not take string\?, int/,
  );
  await complaint(
    `${orders} | summarize v = list_transform(list(id), x => «sum(id)»)`,
    'FLOW3007',
    /sum is an aggregate/,
  );
});

test.run();
