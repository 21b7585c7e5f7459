import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { schemaEquals } from '../../engine/types.ts';
import { complaint, complaints, node, schema } from './harness.ts';

const vip = 'from csv("vip.csv")';

test('columns are matched by name, in the order and type of all', async () => {
  const n = await node(`${vip} | union csv("more.csv")`);
  assert.ok(n.op === 'union');
  assert.ok(n.inputs.every((input) => schemaEquals(input.schema, n.schema)));
  assert.is(await schema(`${vip} | union csv("more.csv")`), 'cust int?, level float?');
});

test('a missing column is an error, and null with by name', async () => {
  const d = await complaint(
    `${vip} | union («from csv("more.csv") | drop level»)`,
    'FLOW4008',
    'this pipeline has no column `level`',
  );
  assert.match(d.suggestion?.text ?? '', 'union by name');
  await complaint(
    `${vip} | union («from csv("vip.csv") | derive x = 1»)`,
    'FLOW4008',
    'what stands before `union` has no column `x`',
  );
  assert.is(
    await schema(`${vip} | union by name (from csv("more.csv") | drop level | derive x = 1)`),
    'cust int?, level int?, x int?',
  );
});

test('distinct, several at once, types that do not fit', async () => {
  const n = await node(`${vip} | union distinct csv("vip.csv"), csv("more.csv")`);
  assert.equal([n.op, n.inputs[0]?.op, n.inputs[0]?.inputs.length], ['distinct', 'union', 3]);
  await complaint(
    `${vip} | union («from csv("vip.csv") | derive level = "x"»)`,
    'FLOW3005',
    'the columns `level` of this union have no common type: int, string',
  );
});

test('except and intersect match columns as union does', async () => {
  assert.is(await schema(`${vip} | except csv("vip.csv")`), await schema(vip));
  assert.is(await schema(`${vip} | intersect all csv("vip.csv")`), await schema(vip));
  assert.equal(await complaints(`${vip} | intersect csv("vip.csv") | select nope`), [
    'FLOW2002 <nope> there is no column `nope` here',
  ]);
  await complaint(`${vip} | except («from csv("vip.csv") | select cust»)`, 'FLOW4008', /has no column/);
});

test.run();
