import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mergeLimits } from '../../compiler/optimize/merge_limits.ts';
import { pushLimits } from '../../compiler/optimize/push_into_scans.ts';
import { people, rewritten, unchanged } from './harness.ts';

async function merged(steps: string): Promise<string | undefined> {
  return (await rewritten(`${people} | ${steps}`, mergeLimits)).split('\n')[1]?.trim();
}

test('neighbouring limits become one', async () => {
  assert.is(await merged('skip 5 | take 10'), 'limit skip 5 take 10');
  assert.is(await merged('take 10 | skip 5'), 'limit skip 5 take 5');
  assert.is(await merged('take 3 | skip 5'), 'limit skip 5 take 0');
  assert.is(await merged('take 10 | take 3'), 'limit take 3');
  assert.is(await merged('take 3 | take 10'), 'limit take 3');
  assert.is(await merged('skip 2 | skip 3'), 'limit skip 5');
  assert.is(await merged('skip 2 | take 8 | skip 3 | take 4'), 'limit skip 5 take 4');
  assert.is(await merged('take 0'), 'limit take 0');
  assert.is(await merged('skip 0'), 'scan csv "people.csv"');
});

test('not where something stands between, or reads the first one too', async () => {
  await unchanged(`${people} | take 10 | where age > 3 | take 3`, mergeLimits);
  await unchanged(`${people} | take 10 | sort age | take 3`, mergeLimits);
  await unchanged(`let a = ${people} | take 10 from a | take 3 from a`, mergeLimits);
});

test('sort and take is a top-N', async () => {
  assert.fixture(
    await rewritten(`${people} | sort age | skip 2 | take 3`, mergeLimits, pushLimits),
    'print\n  limit skip 2 take 3\n    sort age (top 5)\n      scan csv "people.csv"',
  );
  assert.match(await rewritten(`${people} | sort age | select name, age | take 3`, pushLimits), /sort age \(top 3\)/);
});

test('a reader stops after the rows that are wanted', async () => {
  assert.match(await rewritten(`${people} | take 3`, pushLimits), /scan csv "people.csv" first 3 rows/);
  assert.match(await rewritten(`${people} | select name | take 3`, pushLimits), /first 3 rows/);
  assert.match(await rewritten(`${people} | skip 4 | take 3`, mergeLimits, pushLimits), /first 7 rows/);
  const model = `let m = ${people} | train gbt() label active features age`;
  assert.match(
    await rewritten(`${model} ${people} | predict m as p | take 3`, pushLimits),
    /predict as p\n {6}scan csv "people.csv" first 3 rows\n {6}train[^\n]*\n {8}scan csv "people.csv"$/,
  );
});

test('a limit does not pass what changes how many rows there are', async () => {
  await unchanged(`${people} | where age > 3 | take 3`, pushLimits);
  await unchanged(`${people} | skip 3`, pushLimits);
  await unchanged(`${people} | distinct | take 3`, pushLimits);
  await unchanged(`${people} | summarize n = count() by age | take 3`, pushLimits);
  await unchanged(`${people} | join left csv("vip.csv") as v on id == v.cust | take 3`, pushLimits);
  await unchanged(`${people} | union csv("people.csv") | take 3`, pushLimits);
});

test('a relation that others read too is not cut', async () => {
  await unchanged(`let a = ${people} from a | take 3 from a`, pushLimits);
  await unchanged(`let a = ${people} | sort age from a | take 3 from a`, pushLimits);
  await unchanged(`let a = ${people} | sort age from a | select name | take 3 from a`, pushLimits);
});

test.run();
