import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { JoinNode } from '../../compiler/logical.ts';
import { complaint, complaints, fixed, node, schema } from './harness.ts';

const people = 'from csv("people.csv") | select id, name, age';
const join = async (text: string): Promise<JoinNode> => {
  const n = await node(text);
  assert.ok(n.op === 'join', n.op);
  return n as JoinNode;
};

test('equalities are keys, the rest is tested on pairs', async () => {
  const n = await join(`${people} | join csv("vip.csv") as v on id == v.cust and v.level > 2 and age > v.level`);
  assert.equal([n.kind, n.matching, n.leftKeys.length, n.rightKeys.length], ['inner', 'many', 1, 1]);
  assert.equal(
    n.rightKeys.map((k) => k.kind === 'column' && k.name),
    ['cust'],
  );
  assert.equal(n.right, [{ name: 'v.level', column: 'level' }]);
  assert.is(n.residual?.kind === 'call' && n.residual.fn, 'and');
  assert.equal(n.add, [
    { name: 'cust', column: 'cust' },
    { name: 'level', column: 'level' },
  ]);
});

test('keys get a common type, either way round', async () => {
  const n = await join(`${people} | join csv("more.csv") as m on m.level == id add m.cust`);
  assert.equal([n.leftKeys[0]?.type.kind, n.rightKeys[0]?.type.kind], ['float', 'float']);
  assert.is(n.leftKeys[0]?.kind, 'cast');
});

test('schemas of the kinds', async () => {
  const on = 'csv("vip.csv") as v on id == v.cust';
  assert.is(await schema(`${people} | join ${on}`), 'id int, name string?, age int?, cust int?, level int?');
  assert.is(
    await schema(`${people} | join left csv("more.csv") as m on id == m.cust add m.cust`),
    'id int, name string?, age int?, cust int?',
  );
  assert.is(await schema(`${people} | join semi ${on}`), 'id int, name string?, age int?');
  assert.is(await schema(`${people} | join anti ${on} and v.level > 3`), 'id int, name string?, age int?');
});

test('right and full: left columns may be null, and a key of one name is that of either side', async () => {
  const on = 'csv("vip.csv") as v on id == v.cust';
  assert.is(await schema(`${people} | join right ${on} add v.level`), 'id int?, name string?, age int?, level int?');
  assert.is(await schema(`${people} | join full ${on} add v.level`), 'id int?, name string?, age int?, level int?');
  const same = `(from csv("orders.csv") | select id, amount) as o on id == o.id`;
  assert.is(await schema(`${people} | join full ${same}`), 'id int, name string?, age int?, amount decimal(12, 2)?');
  const merged = await node(`${people} | join right ${same} add twice = o.id * 2`);
  assert.ok(merged.op === 'project');
  assert.equal(merged.op === 'project' && merged.outputs.map((o) => o.name), ['id', 'name', 'age', 'twice']);
  const [key] = merged.op === 'project' ? merged.outputs : [];
  assert.ok(key?.expr.kind === 'call' && key.expr.fn === 'coalesce');
});

test('as-of: equalities are keys, the inequality says what is nearest', async () => {
  const n = await join(`${people} | join asof csv("vip.csv") as v on id == v.cust and v.level < age add v.level`);
  assert.equal([n.kind, n.leftKeys.length, n.residual, n.nearest?.op], ['asof', 1, null, 'gt']);
  assert.is(
    await schema(`${people} | join asof csv("vip.csv") as v on age >= v.level add v.cust`),
    'id int, name string?, age int?, cust int?',
  );
  const asof = `${people} | join asof csv("vip.csv") as v on`;
  await complaint(`${asof} «id == v.cust»`, 'FLOW4060', /has no inequality/);
  await complaint(
    `${asof} id == v.cust and age >= v.level and «age <= v.level»`,
    'FLOW4060',
    /more than one condition/,
  );
  await complaint(`${asof} id == v.cust and «age > 3»`, 'FLOW4060', /can only compare the two sides/);
});

test('without equalities all pairs are tested; right and full are unions of pairs and lone rows', async () => {
  const n = await join(`${people} | join csv("vip.csv") as v on id > v.cust add v.level`);
  assert.equal([n.kind, n.leftKeys.length, n.residual?.kind], ['inner', 0, 'call']);
  assert.is((await join(`${people} | join cross csv("vip.csv") as v`)).residual, null);
  const full = await node(`${people} | join full csv("vip.csv") as v on id > v.cust add v.level`);
  assert.equal(full.op, 'union');
  assert.is(
    await schema(`${people} | join full csv("vip.csv") as v on id > v.cust add v.level`),
    'id int?, name string?, age int?, level int?',
  );
  await complaint(`${people} | join csv("vip.csv") as v on «id > 3 and name == "x"»`, 'FLOW4061', /does not relate/);
  await complaint(`${people} | join csv("vip.csv") as v on «v.level > 3»`, 'FLOW4061', /does not relate/);
});

test('add: names, and expressions over both sides', async () => {
  const n = await join(
    `${people} | join left csv("vip.csv") as v on id == v.cust matching at most one add v.level, rank = v.level`,
  );
  assert.equal(n.add, [
    { name: 'level', column: 'level' },
    { name: 'rank', column: 'level' },
  ]);
  assert.is(n.matching, 'at most one');
  const text = `${people} | join csv("vip.csv") as v on id == v.cust add score = v.level * age, v.cust`;
  assert.is(await schema(text), 'id int, name string?, age int?, score int?, cust int?');
  assert.is((await node(text)).op, 'project');
});

test('a let is its own alias', async () => {
  assert.is(
    await schema(`let vip = from csv("vip.csv") ${people} | join vip on id == vip.cust add vip.level`),
    'id int, name string?, age int?, level int?',
  );
});

test('collisions are errors, but a key equal to the left column of its name stays out', async () => {
  const right = 'csv("orders.csv") as o on id == o.person';
  const d = await complaint(
    `${people} | join «csv("orders.csv")» as o on id == o.person`,
    'FLOW2012',
    'both sides have `id`',
  );
  assert.match(d.suggestion?.text ?? '', 'add o_id = o.id');
  const marked = `${people} | join ${right} add «o.id»`;
  assert.is(
    fixed(marked, await complaint(marked, 'FLOW2009', 'the column `id` is given twice')),
    `${people} | join ${right} add o_id = o.id`,
  );
  assert.is(
    await schema(`${people} | join (from csv("orders.csv") | select id, amount) as o on id == o.id`),
    'id int, name string?, age int?, amount decimal(12, 2)?',
  );
});

test('names: bare ones are left', async () => {
  const marked = `${people} | join csv("vip.csv") as v on id == «cust»`;
  assert.is(
    fixed(marked, await complaint(marked, 'FLOW2013', '`cust` is a column of the right side')),
    `${people} | join csv("vip.csv") as v on id == v.cust`,
  );
  await complaint(`${people} | join csv("vip.csv") on id == «cust»`, 'FLOW2013', /right side/);
  await complaint(`${people} | join csv("vip.csv") as v on id == v.«custt»`, 'FLOW2011', '`v` has no field `custt`');
  await complaint(`${people} | join csv("vip.csv") as v on id == «w».cust`, 'FLOW2002', /`w`/);
});

test('what a join needs', async () => {
  await complaint(`${people} | «join» csv("vip.csv") as v`, 'FLOW4006', 'this join has no condition');
  await complaint(`${people} | «join» full csv("vip.csv") as v`, 'FLOW4006', /no condition/);
  await complaint(
    `${people} | join cross csv("vip.csv") as v on «id == v.cust»`,
    'FLOW4007',
    'a cross join has no `on`',
  );
  await complaint(
    `${people} | join semi csv("vip.csv") as v on id == v.cust add «v.level»`,
    'FLOW4007',
    'a semi join has no `add`',
  );
  await complaint(
    `${people} | join csv("vip.csv") as v on «name == v.cust»`,
    'FLOW3003',
    'string? and int? do not compare',
  );
});

test('errors of a join do not spread', async () => {
  assert.equal(await complaints(`${people} | join left nope as n on id == n.x add n.y | where y > 1 and age > z`), [
    'FLOW2001 <nope> there is no relation `nope`',
    'FLOW2002 <z> there is no column `z` here',
  ]);
  assert.equal(await complaints(`${people} | join nope as n on id == n.x | where y > 1`), [
    'FLOW2001 <nope> there is no relation `nope`',
  ]);
});

test.run();
