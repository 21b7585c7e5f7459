import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { exprText } from '../../compiler/explain/expr_text.ts';
import type { AggregateParams, ComputeParams } from '../../engine/operators/params.ts';
import { outline, people, stages } from './harness.ts';

async function outlined(text: string, sizes?: Record<string, number>): Promise<string[]> {
  return outline(await stages(text, sizes));
}

test('map-shaped steps become one step of one stage', async () => {
  const plan = await stages(
    `${people} | where id != 0 | derive x = 10 // id | where x > 1 | rename y = name | drop age`,
  );
  assert.equal(outline(plan), ['0 scan people.csv | compute -> collect', 'print 0']);
  const params = plan.stages[0]?.steps[0]?.params as ComputeParams;
  assert.is(params.filter && exprText(params.filter), '(id != 0) and ((10 // id) > 1)');
});

test('what would be computed twice is a step of its own', async () => {
  assert.equal(await outlined(`${people} | derive x = ln(salary) | derive y = x * x`), [
    '0 scan people.csv | compute | compute -> collect',
    'print 0',
  ]);
});

test('summarize and distinct: partial half, exchange by key, final half', async () => {
  assert.equal(await outlined(`${people} | summarize n = count() by country`), [
    '0 scan people.csv | compute | aggregate partial -> hash country',
    '1 merge 0 | aggregate final -> collect',
    'print 1',
  ]);
  assert.equal(await outlined(`${people} | summarize n = count()`), [
    '0 scan people.csv | aggregate partial -> single',
    '1 merge 0 | aggregate final -> collect',
    'print 1',
  ]);
  assert.equal(await outlined(`${people} | select country | distinct`), [
    '0 scan people.csv | distinct partial -> hash country',
    '1 merge 0 | distinct final -> collect',
    'print 1',
  ]);
});

test('steps behind an exchange are fused to its final half', async () => {
  assert.equal(await outlined(`${people} | summarize n = count() by country | where n > 1 | derive m = n * 2`), [
    '0 scan people.csv | compute | aggregate partial -> hash country',
    '1 merge 0 | aggregate final | compute -> collect',
    'print 1',
  ]);
});

/** Of the second stage, what its aggregation gives. */
async function finished(text: string): Promise<readonly [columns: string[], anyOrder: boolean | undefined]> {
  const input = (await stages(text)).stages[1]?.input;
  if (input?.kind !== 'merge') throw new Error('no stage that merges');
  const { output, params } = input.step;
  return [output.map((f) => f.name), (params as AggregateParams).anyOrder];
}

test('keys that nothing reads are not put together, and groups come in any order where that does not show', async () => {
  const grouped = `${people} | summarize n = count(), s = sum(salary) by country, age`;
  const all = ['country', 'age', 'n', 's'];
  assert.equal(await finished(grouped), [all, undefined]);
  assert.equal(await finished(`${grouped} | derive x = n + age`), [all, undefined]);
  assert.equal(await finished(`${grouped} | select n, s`), [['n', 's'], false]);
  assert.equal(await finished(`${grouped} | where n > age | select n, s`), [['age', 'n', 's'], false]);
  assert.equal(await finished(`${grouped} | summarize groups = count(), m = sum(n)`), [['n'], true]);
  assert.equal(await finished(`${grouped} | summarize f = first(n), c = first(country)`), [['country', 'n'], false]);
  assert.equal(await finished(`${grouped} | summarize m = sum(n) by age`), [['age', 'n'], false]);
});

test('sort: runs by range; with take, a top-N on both sides', async () => {
  assert.equal(await outlined(`${people} | sort age desc, id`), [
    '0 scan people.csv -> range age desc, id',
    '1 merge 0 | sort final -> collect',
    'print 1',
  ]);
  assert.equal(await outlined(`${people} | sort age | take 3`), [
    '0 scan people.csv | sort partial -> range age top 3',
    '1 merge 0 | sort final -> collect 3',
    'print 1',
  ]);
  // A computed key is a column on the way, and gone behind it.
  const plan = await stages(`${people} | select id | sort 0 - id`);
  assert.equal(outline(plan), [
    '0 scan people.csv | compute -> range sort.k0',
    '1 merge 0 | sort final | compute -> collect',
    'print 1',
  ]);
  assert.equal(
    plan.results[0]?.schema.map((f) => f.name),
    ['id'],
  );
});

test('join: a small right side is broadcast, others are partitioned', async () => {
  const join = `${people} | join csv("vip.csv") as v on id == v.cust`;
  assert.equal(await outlined(join, { 'vip.csv': 1000 }), [
    '0 scan vip.csv -> collect',
    '1 scan people.csv | lookup with 0 -> collect',
    'print 1',
  ]);
  const partitioned = [
    '0 scan people.csv -> hash id',
    '1 scan vip.csv -> hash cust',
    '2 merge 0 1 | join final -> collect',
    'print 2',
  ];
  assert.equal(await outlined(join, { 'vip.csv': 1 << 30 }), partitioned);
  assert.equal(await outlined(join), partitioned, 'a size that is not known');
  const limited = await stages(join, { 'vip.csv': 1000 }, { broadcastBytes: 10 });
  assert.equal(outline(limited), partitioned);
});

test('a let is materialised once, and shown without a copy', async () => {
  assert.equal(
    await outlined(`let a = ${people} | where id > 1 from a | summarize n = count() from a | select id from a`),
    [
      '0 scan people.csv | compute -> collect',
      '1 stream 0 | aggregate partial -> single',
      '2 merge 1 | aggregate final -> collect',
      '3 stream 0 | compute -> collect',
      'print 2',
      'print 3',
      'print 0',
    ],
  );
  assert.equal(await outlined(`let a = ${people} | take 5 from a from a | select id`), [
    '0 scan people.csv -> collect 5',
    '1 stream 0 | compute -> collect',
    'print 0',
    'print 1',
  ]);
});

test('take: exactly the first rows are kept, and nothing is copied', async () => {
  assert.equal(await outlined(`${people} | take 3`), ['0 scan people.csv -> collect 3', 'print 0']);
  assert.equal(await outlined(`${people} | skip 2 | take 3 | where age > 1`), [
    '0 scan people.csv -> collect 5',
    '1 stream 0 skip 2 | compute -> collect',
    'print 1',
  ]);
  const limited = await stages(`${people} | where id > 1`, {}, { resultLimit: 40 });
  assert.equal(outline(limited), ['0 scan people.csv | compute -> collect 40', 'print 0']);
});

test('union: its inputs in order; a model: every task has it', async () => {
  assert.equal(await outlined(`${people} | union csv("people.csv") | select id | write csv("o.csv")`), [
    '0 scan people.csv -> collect',
    '1 scan people.csv -> collect',
    '2 stream 0 1 -> write o.csv',
  ]);
  assert.equal(
    await outlined(
      `let m = ${people} | train gbt() label active features age from m | write model("m.json") ${people} | predict m as p | select id, p`,
    ),
    [
      '0 scan people.csv | compute -> single',
      '1 merge 0 | train final -> collect',
      '2 stream 1 -> write m.json',
      '3 scan people.csv | predict with 1 | compute -> collect',
      'print 3',
    ],
  );
});

test('a stage reads relations of earlier stages only', async () => {
  const plan = await stages(
    `let a = ${people} | summarize n = count() by country let b = from a | where n > 1
     from a | join b as b on country == b.country add m = b.n | union (from b | derive m = n) | sort n | take 2
     from b | distinct n`,
  );
  const ids = plan.stages.map((s) => s.id);
  assert.equal(ids, [...ids.keys()]);
  for (const s of plan.stages) {
    const from = 'from' in s.input ? s.input.from.map((f) => f.relation) : [];
    const steps = s.input.kind === 'merge' ? [s.input.step, ...s.steps] : s.steps;
    for (const r of [...from, ...steps.flatMap((x) => x.sides.map((side) => side.relation))]) assert.ok(r < s.id);
    // What enters a step is what the one before it leaves.
    steps.slice(1).forEach((x, i) => {
      assert.equal(
        x.input.map((f) => f.name),
        steps[i]?.output.map((f) => f.name),
      );
    });
  }
  assert.equal(structuredClone(plan), plan, 'plain data');
});

test.run();
