import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeText } from '../../compiler/explain/logical_text.ts';
import type { LogicalNode } from '../../compiler/logical.ts';
import { complaint, complaints, fixed, node, schema } from './harness.ts';

const people = 'from csv("people.csv")';
const orders = 'from csv("orders.csv")';

/** The nodes below one, from above. */
function chainOf(n: LogicalNode): string[] {
  const [below] = n.inputs;
  return [nodeText(n), ...(below === undefined || below.op === 'scan' ? [] : chainOf(below))];
}

test('a window is a column of its step, with the type of its function', async () => {
  const items =
    'a = row_number() over (), b = mean(age) over (by country), c = lag(name) over (sort id), d = lag(id, 1, 0) over ()';
  assert.equal(
    await schema(`${people} | select ${items}, e = first_value(id) over (sort id)`),
    await schema(`${people} | select a = 1, b = salary, c = name, d = id, e = id`),
  );
  assert.equal(
    chainOf(await node(`${people} | select id, r = rank() over (by country sort salary desc nulls first)`)),
    [
      'project id, r',
      'sort place',
      'window r = rank() by country sort salary desc nulls first',
      'number rows as place',
    ],
  );
});

test('windows that look at the same rows share a node, and equal ones a column', async () => {
  const text = `${people} | select a = (sum(age) over (by country)) + (sum(age) over (by country)), b = count() over (by country), c = count() over ()`;
  assert.equal(chainOf(await node(text)), [
    'project a = window_1 + window_1, b, c',
    'sort place',
    'window window_1 = sum(age), b = count() by country',
    'window c = count()',
    'number rows as place',
  ]);
});

test('items of a derive see the windows before them', async () => {
  const rows = chainOf(await node(`${people} | derive a = lag(age) over (sort id), b = max(a) over (by country)`));
  assert.is(rows.filter((line) => line.startsWith('window')).length, 2);
  assert.is(rows.filter((line) => line.startsWith('project')).length, 2);
});

test('rows of no order are not put in order again', async () => {
  assert.equal(chainOf(await node(`${people} | select n = row_number() over ()`)), [
    'project n',
    'window n = row_number()',
  ]);
});

test('frames: defaults, rows, ranges in the unit of the key', async () => {
  const frame = async (window: string): Promise<string> => {
    const lines = chainOf(await node(`${orders} | select x = count() over (${window})`));
    return lines.find((line) => line.startsWith('window')) ?? '';
  };
  assert.is(await frame('by person'), 'window x = count() by person');
  assert.is(await frame('sort id'), 'window x = count() range ..0 sort id');
  assert.is(await frame('sort id rows ..'), 'window x = count() sort id');
  assert.is(await frame('sort id rows -6..2'), 'window x = count() rows -6..2 sort id');
  assert.is(await frame('sort at range -1d..12h'), 'window x = count() range -86400000000..43200000000 sort at');
  assert.is(await frame('sort amount range -1..'), 'window x = count() range -100.. sort amount');
  assert.match(await frame('sort at desc range -1mo..0'), /range \(at - .*\)\.\.0 sort at desc$/);
});

test('a window stands in derive, select, where, remove and sort', async () => {
  assert.equal(
    await complaints(
      `${people} | where rank() over (sort age) < 3 | remove count() over (by country) == 1 | sort row_number() over (sort id) desc`,
    ),
    [],
  );
  await complaint(`${people} | summarize n = max(«rank() over (sort age)»)`, 'FLOW3101', 'a window cannot stand here');
  await complaint(`${people} | distinct «rank() over (sort age)»`, 'FLOW3101', /cannot stand/);
});

test('what over stands behind', async () => {
  await complaint(`${people} | select x = «rank()»`, 'FLOW3102', 'rank is a window function, and needs `over (…)`');
  await complaint(
    `${people} | select x = «upper»(name) over ()`,
    'FLOW3103',
    'upper is neither a window function nor an aggregate',
  );
  const marked = `${people} | select x = «row_numbr»() over ()`;
  assert.is(
    fixed(marked, await complaint(marked, 'FLOW3103', /neither/)),
    `${people} | select x = row_number() over ()`,
  );
  await complaint(
    `${people} | select x = sum(«lag(age) over (sort id)») over ()`,
    'FLOW3106',
    'a window stands inside of another one',
  );
  await complaint(`${people} | select x = «sum(age)»`, 'FLOW3007', /sum is an aggregate/);
});

test('an order, where the function is about one', async () => {
  await complaint(`${people} | select x = «rank() over (by country)»`, 'FLOW3104', /rank needs an order/);
  await complaint(`${people} | select x = «sum(age) over (range -3..0)»`, 'FLOW3104', /a `range` needs an order/);
});

test('frames that mean nothing', async () => {
  const bad = (window: string, why: string | RegExp, code = 'FLOW3105') =>
    complaint(`${people} | select x = sum(age) over (${window})`, code, why);
  const marked = `${people} | select x = sum(age) over (sort id «rows 3..-1»)`;
  const d = await complaint(marked, 'FLOW3105', 'the frame ends before it begins: 3 lies behind -1');
  assert.is(fixed(marked, d), `${people} | select x = sum(age) over (sort id rows -1..3)`);
  await bad('sort name range «-3»..0', /a `range` goes by a number.*and the sort key is string/);
  await bad('sort id, age «range -3..0»', /goes by one sort key/);
  await bad('sort born range «-3»..0', /moves by a duration, not by int/);
  await bad('sort born range «-3h»..0', /a date moves by whole days/);
  await bad('sort id range «-0.5»..0', /is int, and does not move by float/);
  await bad('sort id «range 5..2»', /ends before it begins/);
  await bad('sort id rows «-1.5»..0', /an end of `rows` is an int, and this is float/, 'FLOW3001');
  await bad('sort id rows «age»..0', /there are no columns here/, 'FLOW2018');
  await complaint(`${people} | select x = rank() over (sort id «rows ..0»)`, 'FLOW3105', /takes no frame/);
});

test('arguments of window functions', async () => {
  const bad = (call: string, code: string, why: string | RegExp) =>
    complaint(`${people} | select x = ${call} over (sort id)`, code, why);
  await bad('«ntile()»', 'FLOW3011', 'ntile needs `buckets`');
  await bad('ntile(«0»)', 'FLOW3015', /at least 1/);
  await bad('lag(age, «-1»)', 'FLOW3015', /at least 0/);
  await bad('lag(age, «id»)', 'FLOW2018', /there are no columns here/);
  await bad('lag(age, «n: 2»)', 'FLOW3011', /has no parameter `n`/);
  await bad('rank(«age»)', 'FLOW3011', /takes at most 0 arguments/);
  await bad('«lag(age, 1, name)»', 'FLOW3005', /no common type/);
  await bad('lag(age, ignore_nulls: «1»)', 'FLOW3001', /is a bool/);
  await bad('«sum(name)»', 'FLOW3002', /sum does not take string/);
  await bad('«nth_value(age)»', 'FLOW3011', /needs `n`/);
  assert.equal(
    await complaints(`${people} | select x = lag(age, offset: 2, default: 0, ignore_nulls: true) over (sort id)`),
    [],
  );
});

test('take of each group', async () => {
  assert.equal(chainOf(await node(`${people} | take 3 sort salary desc by country`)), [
    'window by country sort salary desc (rows 1..3 of each)',
  ]);
  assert.equal(chainOf(await node(`${people} | take 2.. by c = upper(country)`))[0], 'window by c (rows 2.. of each)');
  assert.equal(chainOf(await node(`${people} | take 1 by country`)), ['distinct country']);
  await complaint(`${people} | take 2 sort age by «nme»`, 'FLOW2002', /no column `nme`/);
});

test('fill', async () => {
  assert.equal(
    await schema(`${people} | fill age = 0, salary = mean(salary)`),
    await schema(`${people} | select id, name, age = age ?? 0, salary, active, born, country`),
  );
  assert.match(chainOf(await node(`${people} | fill forward age sort born by country`))[2] ?? '', /last_value/);
  await complaint(`${people} | fill forward «agee» sort id`, 'FLOW2002', /no column `agee`/);
  await complaint(`${people} | fill «agee» = 0`, 'FLOW2002', /no column `agee`/);
  await complaint(`${people} | fill «age = "x"»`, 'FLOW3005', /no common type/);
});

test.run();
