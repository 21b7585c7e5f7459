import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { orders, outline, people, stages } from './harness.ts';

/** Bytes: people are few enough to be broadcast, the others are not. */
const SIZES = { 'people.csv': 1e6, 'vip.csv': 1e7, 'orders.csv': 1e9 };

async function outlined(text: string, sizes: Readonly<Record<string, number>> = SIZES): Promise<string[]> {
  return outline(await stages(`${orders} ${text}`, sizes));
}

const vip = 'join inner csv("vip.csv") as v on id == v.cust add v.level';
const few = (key: string) => `join inner (${people} | where age > 60) as p on ${key} == p.id add p.name`;

test('keys of a small side thin out rows before a grouping moves them', async () => {
  assert.equal(await outlined(`| summarize n = count(), most = max(amount) by person | ${few('person')}`), [
    '0 scan people.csv | compute -> collect',
    '1 scan orders.csv | key_filter with 0 | compute | aggregate partial -> hash person',
    '2 merge 1 | aggregate final | lookup with 0 -> collect',
    'print 2',
  ]);
});

test('what a grouping makes cannot be asked for below it, and one that may fail sees all of its rows', async () => {
  for (const calls of ['person = max(person) by status', 'n = sum(id) by person'])
    assert.equal(
      (await outlined(`| summarize ${calls} | ${few('person')}`))[0],
      `0 scan orders.csv | compute | aggregate partial -> hash ${calls.split(' ').at(-1)}`,
      calls,
    );
});

test('each key goes below a join to the side that it comes from, and that side thins out the other one', async () => {
  assert.equal(await outlined(`| ${vip} | ${few('person')}`), [
    '0 scan people.csv | compute -> collect',
    '1 scan orders.csv | key_filter with 0 -> hash id',
    '2 scan vip.csv | key_filter with 1 -> hash cust',
    '3 merge 1 2 | join final | lookup with 0 -> collect',
    'print 3',
  ]);
  assert.equal(await outlined(`| ${vip} | ${few('level')}`), [
    '0 scan people.csv | compute -> collect',
    '1 scan vip.csv | key_filter with 0 -> hash cust',
    '2 scan orders.csv | key_filter with 1 -> hash id',
    '3 merge 2 1 | join final | lookup with 0 -> collect',
    'print 3',
  ]);
});

test('nothing is thinned out that a join above or on the way has to see', async () => {
  const flows = [
    // What it adds may be null where nothing matches.
    `| ${vip.replace('inner', 'left')} | ${few('level')}`,
    // Its rows without a match stay.
    `| ${vip} | ${few('person').replace('inner', 'left')}`,
    `| ${vip} | ${few('person').replace(' add', ' matching one add')}`,
    // It counts the matches of all rows.
    `| ${vip.replace(' add', ' matching at most one add')} | ${few('person')}`,
    // Nobody leaves anything out.
    `| ${vip} | join inner csv("people.csv") as p on person == p.id add p.name`,
  ];
  for (const flow of flows) {
    const lines = await outlined(flow);
    assert.is(lines[0], '0 scan orders.csv -> hash id', flow);
    assert.not.ok(
      lines.some((line) => line.includes('key_filter')),
      flow,
    );
  }
});

test('rows go behind a step that may fail on them', async () => {
  const [, line] = await outlined(`| derive z = 10 // id | ${vip.replace('id ==', 'z ==')} | ${few('person')}`);
  assert.is(line, '1 scan orders.csv | compute | key_filter with 0 -> hash z');
  // Between the joins, too.
  const [first] = await outlined(`| ${vip} | derive z = 10 // id | ${few('person')} | where z > 1`);
  assert.is(first, '0 scan orders.csv -> hash id');
});

test('a side that is partitioned itself is kept first, when it is small and the smaller one', async () => {
  const flow = `| summarize n = count() by person
    | join inner (from csv("vip.csv") | where level > 3) as p on person == p.cust add p.level`;
  assert.equal(await outlined(flow), [
    '0 scan vip.csv | compute -> collect',
    '1 scan orders.csv | key_filter with 0 | compute | aggregate partial -> hash person',
    '2 stream 0 -> hash cust',
    '3 merge 1 | aggregate final -> hash person',
    '4 merge 3 2 | join final -> collect',
    'print 4',
  ]);
  assert.equal(
    (await outlined(flow, { ...SIZES, 'vip.csv': 2e7, 'orders.csv': 1e7 }))[0],
    '0 scan orders.csv | compute | aggregate partial -> hash person',
  );
  assert.equal(await outlined(flow, { ...SIZES, 'vip.csv': 1e8 }), [
    '0 scan orders.csv | compute | aggregate partial -> hash person',
    '1 scan vip.csv | compute -> hash cust',
    '2 merge 0 | aggregate final | key_filter with 1 -> hash person',
    '3 merge 2 1 | join final -> collect',
    'print 3',
  ]);
});

test('what others read too stays whole', async () => {
  const flow = `let all = ${orders} | summarize n = count() by person
    from all | ${few('person')}
    from all | where n > 1`;
  const lines = outline(await stages(flow, SIZES));
  assert.not.ok(
    lines.some((line) => line.includes('key_filter')),
    lines.join('\n'),
  );
});

test.run();
