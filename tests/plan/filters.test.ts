import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { foldConstants } from '../../compiler/optimize/fold_constants.ts';
import { pushFilters } from '../../compiler/optimize/push_filters.ts';
import { pushFiltersIntoScans } from '../../compiler/optimize/push_into_scans.ts';
import { orders, people, planOf, rewritten, shown, unchanged } from './harness.ts';

const vip = 'csv("vip.csv") as v';

test('filters become one, tested in the order of the file', async () => {
  assert.fixture(
    await rewritten(`${people} | where id != 0 | where 10 // id > 1`, pushFilters),
    'print\n  filter (id != 0) and ((10 // id) > 1)\n    scan csv "people.csv"',
  );
});

test('below a projection: over what its columns are made of', async () => {
  assert.fixture(
    await rewritten(`${people} | derive x = age + 1 | rename c = country | where x > 3 and c == "US"`, pushFilters),
    `print
  project id, name, age, salary, active, born, c = country, x
    project id, name, age, salary, active, born, country, x = age + 1
      filter ((age + 1) > 3) and (country == "US")
        scan csv "people.csv"`,
  );
});

test('what would be computed twice stays above, what is plain goes below', async () => {
  assert.fixture(
    await rewritten(`${people} | derive x = age + 1, y = id | where x + x > 3 | where y + y > 2 `, pushFilters),
    `print
  filter ((x + x) > 3) and ((y + y) > 2)
    project id, name, age, salary, active, born, country, x = age + 1, y = id
      scan csv "people.csv"`,
  );
  assert.fixture(
    await rewritten(`${people} | derive x = age + 1, y = id | where x + x > 3 | where y == 2`, pushFilters),
    `print
  filter (x + x) > 3
    project id, name, age, salary, active, born, country, x = age + 1, y = id
      filter id == 2
        scan csv "people.csv"`,
  );
});

test('a chain of doublings does not make an expression of exponential size', async () => {
  const chain = Array.from({ length: 40 }, (_, i) => `derive x${i + 1} = x${i} + x${i}`).join(' | ');
  const text = await rewritten(`${people} | select x0 = salary | ${chain} | where x40 > 1`, pushFilters);
  assert.ok(text.length < 20_000, `${text.length} characters`);
});

test('below sorts, not below top-N and limits', async () => {
  assert.fixture(
    await rewritten(`${people} | sort age | where age > 3`, pushFilters),
    'print\n  sort age\n    filter age > 3\n      scan csv "people.csv"',
  );
  await unchanged(`${people} | take 3 | where age > 3`, pushFilters);
  await unchanged(`${people} | skip 3 | where age > 3`, pushFilters);
  const { pushLimits } = await import('../../compiler/optimize/push_into_scans.ts');
  assert.match(
    await rewritten(`${people} | sort age | take 3 | where age > 3`, pushLimits, pushFilters),
    /filter age > 3\n {4}limit take 3\n {6}sort age \(top 3\)/,
  );
});

test('into every input of a union', async () => {
  assert.fixture(
    await rewritten(
      `${people} | select id, n = name | union (${people} | select id, n = country) | where n == "x"`,
      pushFilters,
    ),
    `print
  union
    project id, n = name
      filter name == "x"
        scan csv "people.csv"
    project id, n
      project id, n = country
        filter country == "x"
          scan csv "people.csv"`,
  );
});

test('below a grouping where it reads keys alone', async () => {
  assert.fixture(
    await rewritten(
      `${people} | summarize n = count() by country, y = age + 1 | where n > 3 and y > 2 and country == "US" and n > y`,
      pushFilters,
    ),
    `print
  filter (n > 3) and (n > y)
    aggregate n = count() by country, y = age + 1
      filter ((age + 1) > 2) and (country == "US")
        scan csv "people.csv"`,
  );
  await unchanged(`${people} | summarize n = count() by country | where n > 3`, pushFilters);
  // One row comes out whatever goes in.
  await unchanged(`${people} | summarize n = count() | where 1 == 2`, pushFilters);
});

test('below distinct where it reads keys alone', async () => {
  assert.fixture(
    await rewritten(`${people} | distinct country | where country == "US" and age > 3`, pushFilters),
    'print\n  filter age > 3\n    distinct country\n      filter country == "US"\n        scan csv "people.csv"',
  );
  assert.fixture(
    await rewritten(`${people} | distinct | where age > 3`, pushFilters),
    'print\n  distinct *\n    filter age > 3\n      scan csv "people.csv"',
  );
});

test('inner join: to the side it reads; both sides: stays', async () => {
  assert.fixture(
    await rewritten(
      `${people} | join ${vip} on id == v.cust | where level > 2 and age > 3 and level > age`,
      pushFilters,
    ),
    `print
  filter level > age
    join inner on id == cust add cust, level
      filter age > 3
        scan csv "people.csv"
      filter level > 2
        scan csv "vip.csv"`,
  );
});

test('inner join: renamed columns of the right side', async () => {
  assert.match(
    await rewritten(`${people} | join ${vip} on id == v.cust add l = v.level | where l > 2`, pushFilters),
    / {4}filter level > 2\n {6}scan csv "vip.csv"/,
  );
});

test('left join: never below its right side', async () => {
  assert.fixture(
    await rewritten(
      `${people} | join left ${vip} on id == v.cust | where level > 2 and age > 3 and level is null`,
      pushFilters,
    ),
    `print
  filter (level > 2) and (level is null)
    join left on id == cust add cust, level
      filter age > 3
        scan csv "people.csv"
      scan csv "vip.csv"`,
  );
});

test('semi and anti joins: their columns are those of the left side', async () => {
  for (const kind of ['semi', 'anti']) {
    assert.fixture(
      await rewritten(`${people} | join ${kind} ${vip} on id == v.cust | where age > 3`, pushFilters),
      `print\n  join ${kind} on id == cust\n    filter age > 3\n      scan csv "people.csv"\n    scan csv "vip.csv"`,
    );
  }
});

test('a join that bounds its matches sees all rows', async () => {
  await unchanged(`${people} | join ${vip} on id == v.cust matching one | where age > 3`, pushFilters);
  await unchanged(`${people} | join left ${vip} on id == v.cust matching at most one | where age > 3`, pushFilters);
});

test('what can fail meets no rows that a join would have dropped', async () => {
  await unchanged(`${people} | join ${vip} on id == v.cust | where 10 // age > 2`, pushFilters);
  await unchanged(`${people} | join semi ${vip} on id == v.cust | where name::int > 2`, pushFilters);
  // All left rows reach a filter behind a left join.
  assert.match(
    await rewritten(`${people} | join left ${vip} on id == v.cust | where 10 // age > 2`, pushFilters),
    / {4}filter \(10 \/\/ age\)/,
  );
  assert.match(
    await rewritten(`${people} | join ${vip} on id == v.cust | where name::int? > 2`, pushFilters),
    / {4}filter name::int\?/,
  );
  // Every value is a text, and every number a float.
  for (const test of ['id::string == "7"', 'id::float > 2.0'])
    assert.match(
      await rewritten(`${people} | join ${vip} on id == v.cust | where ${test}`, pushFilters),
      / {4}filter id::/,
    );
  await unchanged(`${people} | join ${vip} on id == v.cust | where name::float > 2`, pushFilters);
});

test('what can fail does not overtake what stays', async () => {
  assert.fixture(
    await rewritten(
      `${people} | summarize n = count() by age | where n > 1 and 10 // age > 2 and age > 5`,
      pushFilters,
    ),
    `print
  filter (n > 1) and ((10 // age) > 2)
    aggregate n = count() by age
      filter age > 5
        scan csv "people.csv"`,
  );
  assert.match(
    await rewritten(`${people} | summarize n = count() by age | where 10 // age > 2 and n > 1`, pushFilters),
    / {4}filter \(10 \/\/ age\) > 2/,
  );
});

test('a relation that others read too is not filtered for one of them', async () => {
  await unchanged(`let a = ${people} | derive x = age from a | where x > 3 from a`, pushFilters);
  const text = `let a = ${people} | derive x = age let b = from a | derive y = x from b | where y > 3 from a`;
  assert.match(await rewritten(text, pushFilters), /project [^\n]*y = x\n {4}filter x > 3\n {6}#\d+ project/);
});

test('below a prediction where it reads the rows’ own columns', async () => {
  const flow = `let m = ${people} | train gbt() label active features age ${people} | predict m as p | where p and age > 3`;
  assert.match(
    await rewritten(flow, pushFilters),
    /filter p\n {4}predict as p\n {6}filter age > 3\n {8}scan csv "people.csv"\n {6}train/,
  );
});

test('readers are told of a filter right above them', async () => {
  assert.fixture(
    await rewritten(`${people} | where age > 3`, pushFiltersIntoScans),
    'print\n  filter age > 3\n    scan csv "people.csv" filter age > 3',
  );
  // They are told once.
  const context = { nextId: () => 99 };
  const told = pushFiltersIntoScans.apply(await planOf(`${people} | where age > 3`), context);
  assert.is(pushFiltersIntoScans.apply(told, context), told);
  await unchanged(`${people} | take 3 | where age > 3`, pushFiltersIntoScans);
  await unchanged(`${people} | derive x = 1 | where age > 3`, pushFiltersIntoScans);
  // Others read it whole.
  const shared = await planOf(`let a = ${people} from a | where age > 3 from a`);
  assert.is(pushFiltersIntoScans.apply(shared, { nextId: () => 99 }), shared, shown(shared));
});

test('constants are computed', async () => {
  assert.match(await rewritten(`${people} | where age > 2 * 3 + 1`, foldConstants), /filter age > 7\n/);
  assert.match(await rewritten(`${orders} | where at >= @2024-01-01 + 1d`, foldConstants), /filter at >= @2024-01-02/);
  assert.fixture(await rewritten(`${people} | where 1 == 1`, foldConstants), 'print\n  scan csv "people.csv"');
  assert.match(await rewritten(`${people} | where 1 == 1 and age > 3`, foldConstants), /filter age > 3\n/);
  assert.match(await rewritten(`${people} | where age > 3 and 1 == 2`, foldConstants), /filter false\n/);
  assert.match(await rewritten(`${people} | where age > 3 or 1 == 2`, foldConstants), /filter age > 3\n/);
  assert.match(
    await rewritten(`${people} | derive x = case when 1 == 1 then age else id end`, foldConstants),
    /x = age\n/,
  );
});

test('a constant that fails is left for the rows that reach it', async () => {
  await unchanged(`${people} | derive x = if(age > 200, 1 // 0, age)`, foldConstants);
});

test('null is not false: it stays where it decides', async () => {
  await unchanged(`${people} | derive x = active and (age > 3)`, foldConstants);
  assert.match(await rewritten(`${people} | derive x = null and active`, foldConstants), /x = .*null/);
});

test.run();
