import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runText } from '../../index.ts';
import { runEverywhere, tempDir } from './harness.ts';

const dir = tempDir();
const rows = 60_000;
const csv = path.join(dir, 'big.csv');
const parquet = path.join(dir, 'big.parquet');
// Most rows are equal to others: a sample draws rows, not values.
fs.writeFileSync(
  csv,
  `id,k,note\n${Array.from({ length: rows }, (_, i) => `${i},${i % 3},note ${i % 5} ${'x'.repeat(i % 40)}`).join('\n')}\n`,
);
const fromCsv = `from csv(${JSON.stringify(csv)})`;
const fromParquet = `from parquet(${JSON.stringify(parquet)})`;

const idsOf = (text: string | undefined): number[] => (text ?? '').trim().split('\n').slice(1).map(Number);
const ids = async (flow: string): Promise<number[]> => idsOf((await runEverywhere(flow)).results[0]);

test('setup', async () => {
  await runText(`${fromCsv} | write parquet(${JSON.stringify(parquet)}, row_group_rows: 20000)`);
});

test('a share is drawn row by row, in order, by the seed alone', async () => {
  const found = await ids(`${fromCsv} | sample 0.1 seed 1 | select id`);
  // Six standard deviations.
  assert.ok(Math.abs(found.length - rows / 10) < 6 * Math.sqrt(rows * 0.09), `${found.length} rows`);
  assert.equal(
    found,
    [...found].sort((a, b) => a - b),
  );
  assert.is(new Set(found).size, found.length);
  const equal = await ids(`${fromCsv} | select k | sample 0.1 seed 1`);
  assert.is(equal.length, found.length);
  assert.equal(
    equal,
    found.map((id) => id % 3),
  );
  assert.not.equal(await ids(`${fromCsv} | sample 0.1 seed 2 | select id`), found);
});

test('what is drawn depends neither on the format, nor on the columns, nor on who else reads the rows', async () => {
  const found = await ids(`${fromCsv} | where k != 1 | sample 0.01 seed 5 | select id`);
  assert.equal(await ids(`${fromParquet} | where k is not 1 | sample 0.01 seed 5 | select id`), found);
  const shared = `let t = ${fromParquet} | where k is not 1
    from t | sample 0.01 seed 5 | select id, note | select id
    from t | summarize n = count()`;
  assert.equal(await ids(shared), found);
  const sorted = `${fromParquet} | sort id | where k is not 1 | sample 0.01 seed 5 | select id`;
  assert.equal(await ids(sorted), found);
});

test('so many rows, whatever there are', async () => {
  const found = await ids(`${fromCsv} | sample 1000 seed 1 | select id`);
  assert.is(found.length, 1000);
  assert.is(new Set(found).size, 1000);
  assert.equal(
    found,
    [...found].sort((a, b) => a - b),
  );
  const mean = found.reduce((a, b) => a + b, 0) / 1000;
  assert.ok(Math.abs(mean - rows / 2) < (6 * rows) / Math.sqrt(12 * 1000), `mean ${mean}`);
  assert.is((await ids(`${fromCsv} | where id < 10 | sample 1000 | select id`)).length, 10);
  assert.equal(await ids(`${fromCsv} | sample 0 | select id`), []);
  assert.equal(await ids(`${fromCsv} | sample 0.0 | select id`), []);
  assert.is((await ids(`${fromCsv} | sample 1.0 | select id`)).length, rows);
  assert.equal(await ids(`${fromCsv} | where id < 0 | sample 0.5 | select id`), []);
});

test('a shuffle has all rows, in another order for each seed', async () => {
  const found = await ids(`${fromCsv} | shuffle seed 7 | select id`);
  assert.is(new Set(found).size, rows);
  const fixed = found.filter((id, i) => id === i).length;
  assert.ok(fixed < 12, `${fixed} rows in their place`);
  const rising = found.filter((id, i) => i > 0 && id > (found[i - 1] as number)).length;
  assert.ok(Math.abs(rising - rows / 2) < 6 * Math.sqrt(rows / 12), `${rising} rises`);
  assert.equal(await ids(`${fromParquet} | shuffle seed 7 | take 10 | select id`), found.slice(0, 10));
  assert.not.equal(await ids(`${fromParquet} | shuffle seed 8 | take 10 | select id`), found.slice(0, 10));
});

test('repartition: equal keys together, in the given number of groups, in order within them', async () => {
  const found = await ids(`${fromCsv} | derive g = id % 1000 | repartition 16 by g | select id`);
  assert.is(new Set(found).size, rows);
  const falls = found.filter((id, i) => i > 0 && id < (found[i - 1] as number)).length;
  assert.ok(falls <= 15 && falls > 5, `${falls + 1} groups`);
  const all = await ids(`${fromCsv} | repartition 16 | select id`);
  assert.equal(
    all,
    Array.from({ length: rows }, (_, i) => i),
  );
});

test('by: each group by itself, in the order of the rows', async () => {
  const some = `${fromCsv} | where id < 9000 or k == 1 and id < 9030`;
  const of = async (amount: string) => {
    const found = await ids(`${some} | sample ${amount} by k seed 4 | select id`);
    assert.equal(
      found,
      [...found].sort((a, b) => a - b),
    );
    return [0, 1, 2].map((k) => found.filter((id) => id % 3 === k).length);
  };
  assert.equal(await of('7'), [7, 7, 7]);
  assert.equal(await of('0.1'), [300, 301, 300]);
  assert.equal(await of('0.00001'), [1, 1, 1]);
  assert.equal(await of('0.0'), [0, 0, 0]);
  assert.equal(await of('1.0'), [3000, 3010, 3000]);
});

test.run();
