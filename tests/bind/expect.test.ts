import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { complaint, complaints, schema } from './harness.ts';

const people = 'from csv("people.csv")';

test('an expectation leaves the columns as they are', async () => {
  assert.equal(
    await schema(`${people} | expect age > 0 : "age", unique(id), count() > 1 | select id`),
    await schema(`${people} | select id`),
  );
});

test('conditions are bools over rows, or over all of them', async () => {
  await complaint(`${people} | expect «age»`, 'FLOW3001', 'a condition of `expect` is a bool, and this is int?');
  await complaint(`${people} | expect «count()»`, 'FLOW3001', 'a condition of `expect` is a bool, and this is int');
  await complaint(`${people} | expect «agee» > 1`, 'FLOW2002', 'there is no column `agee` here');
  await complaint(`${people} | expect mean(age) > «age»`, 'FLOW3008', /age/);
});

test('actions', async () => {
  const d = await complaint(`${people} | expect age > 0 else «warm»`, 'FLOW4040', 'there is no `else warm`');
  assert.is(d.suggestion?.replacement, 'warn');
  await complaint(`${people} | expect age > 0 else «drop(1)»`, 'FLOW4040', '`else drop` takes no arguments');
  await complaint(`${people} | expect age > 0 else «quarantine»`, 'FLOW4040', 'quarantine takes the path of one file');
  await complaint(
    `${people} | expect age > 0 else quarantine(«"x.zip"»)`,
    'FLOW4040',
    'the ending of "x.zip" does not name a format',
  );
  await complaint(
    `${people} | expect «count() > 1» else drop`,
    'FLOW4041',
    'a condition on all rows together has no rows to drop',
  );
});

test('unique stands by itself', async () => {
  await complaint(`${people} | expect «unique()»`, 'FLOW4042', '`unique` takes the columns that are unique together');
  await complaint(`${people} | expect unique(«agee»)`, 'FLOW2002', 'there is no column `agee` here');
  const found = await complaints(`${people} | expect age > 1 or unique(id)`);
  assert.ok(found.some((d) => d.startsWith('FLOW4042 <unique(id)>')));
});

test('a quarantine and a sink may not be one file', async () => {
  const found = await complaints(`${people} | expect age > 0 else quarantine("x.csv") | write csv("x.csv")`);
  assert.equal(found, ['FLOW4009 <quarantine("x.csv")> "x.csv" is written twice']);
});

test.run();
