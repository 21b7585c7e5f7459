// Windows and sorts under the rules that limit, move and merge them.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { optimize } from '../../compiler/optimize/index.ts';
import { limitWindows } from '../../compiler/optimize/limit_windows.ts';
import { pushFilters } from '../../compiler/optimize/push_filters.ts';
import { mergeSorts } from '../../compiler/optimize/sorts.ts';
import { people, planOf, rewritten, unchanged } from './harness.ts';

const numbered = (more: string, test = 'n <= 3'): string =>
  `${people} | derive n = row_number() over (by country sort id)${more} | where ${test}`;

/** The filter has to reach the window first. */
const limited = (text: string): Promise<string> => rewritten(text, pushFilters, limitWindows);

test('a filter by row_number keeps the first rows of each partition', async () => {
  for (const [test, rows] of [
    ['n <= 3', 3],
    ['n < 3', 2],
    ['n <= 0', 0],
    ['n == 0', 0],
    ['n < 1', 0],
    ['n == 3', 3],
    ['3 >= n', 3],
    ['3 > n', 2],
    ['n <= 3 and age > 1', 3],
    ['n <= 5 and n <= 3', 3],
  ] as const)
    assert.match(await limited(numbered('', test)), new RegExp(`\\(rows 1\\.\\.${rows} of each\\)`), test);
  for (const test of ['n >= 3', 'n > 3', '3 <= n', 'n != 3', 'n <= age', 'n <= 3 or age > 1', 'age <= 3'])
    assert.not.match(await limited(numbered('', test)), /of each/, test);
});

test('what is limited once is left as it is', async () => {
  const { plan } = optimize(await planOf(numbered('')), [pushFilters, limitWindows]);
  assert.is(limitWindows.apply(plan, { nextId: () => 1000 }), plan);
});

test('only beside windows that do not look behind the row', async () => {
  const beside = (call: string): string => numbered(`, m = ${call}`);
  for (const call of [
    'lag(age) over (by country sort id)',
    'rank() over (by country sort id)',
    'sum(age) over (by country sort id rows ..0)',
    'sum(age) over (by country sort id rows -2..-1)',
  ])
    assert.match(await limited(beside(call)), /\(rows 1\.\.3 of each\)/, call);
  for (const call of [
    'lead(age) over (by country sort id)',
    'ntile(2) over (by country sort id)',
    'cume_dist() over (by country sort id)',
    'sum(age) over (by country sort id rows ..)',
    'sum(age) over (by country sort id rows 0..)',
    'sum(age) over (by country sort id rows -1..1)',
    // Peers of the row stand behind it.
    'sum(age) over (by country sort id)',
  ])
    assert.not.match(await limited(beside(call)), /of each/, call);
});

test('a filter on the keys of a window goes below it, unless it may fail where the window drops rows', async () => {
  const fails = 'where country::int > 1';
  const window = 'derive n = row_number() over (by country sort id)';
  assert.match(await rewritten(`${people} | ${window} | ${fails}`, pushFilters), /window [^\n]*\n.*\n +filter /);
  assert.match(
    await rewritten(`${people} | take 2 sort id by country | where country > "a"`, pushFilters),
    /window [^\n]*\n +filter /,
  );
  for (const take of ['take 2 sort id by country', 'take 2..3 sort id by country'])
    await unchanged(`${people} | ${take} | ${fails}`, pushFilters);
  assert.match(await rewritten(`${people} | ${window} | where age > 1`, pushFilters), /filter [^\n]*\n +window /);
});

test('a sort by an order that is there, also under other names, is dropped', async () => {
  assert.fixture(
    await rewritten(`${people} | sort age, id desc | select years = age, name | sort years`, mergeSorts),
    'print\n  project years = age, name\n    sort age, id desc\n      scan csv "people.csv"',
  );
  // Another column of that name has another order.
  assert.match(
    await rewritten(`${people} | sort age | select age = id, name | sort age`, mergeSorts),
    /sort age, `sort\.0`/,
  );
  for (const other of ['age desc', 'age nulls first', 'id, age'])
    assert.ok(
      (await rewritten(`${people} | sort age | select age, id | sort ${other}`, mergeSorts)).includes(
        `  sort ${other}\n    project`,
      ),
      other,
    );
});

test.run();
