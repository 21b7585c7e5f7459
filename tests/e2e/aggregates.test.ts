// Aggregates that hold the values of a group give the same bytes for any number of workers and any memory, also where one group has most of the rows.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { random, rowsOfCsv, runEverywhere, runFlow, tempDir } from './harness.ts';

const ROWS = 400_000;
const file = path.join(tempDir(), 'values.csv');
const amounts: number[] = [];

{
  const r = random(3);
  const lines: string[] = [];
  for (let i = 0; i < ROWS; i++) {
    const amount = (r() % 1_000_000) / 4;
    amounts.push(amount);
    const key = r() % 4 === 0 ? r() % 5000 : 7;
    lines.push(`${key},${amount},name ${r() % 300_000},${r() % 90}`);
  }
  fs.writeFileSync(file, `k,x,name,small\n${lines.join('\n')}\n`);
}

const from = `from csv("${file}")`;

test('over all rows', async () => {
  const { results } = await runEverywhere(
    `${from} | summarize m = median(x), q = quantile(x, 0.9), n = count(distinct name), most = mode(small), disc = quantile_disc(name, 0.5), spread = mad(x), e = entropy(name)`,
  );
  const sorted = [...amounts].sort((a, b) => a - b);
  const [row] = rowsOfCsv(results[0] as string);
  assert.is(Number(row?.m), ((sorted[ROWS / 2 - 1] as number) + (sorted[ROWS / 2] as number)) / 2);
});

test('by keys, one of which has most of the rows', async () => {
  await runEverywhere(
    `${from} | summarize n = count(), m = median(x), d = count(distinct name), s = sum(distinct x), l = string_agg(small::string), last = max_by(name, x) by k`,
  );
});

test('groups of which the keys, or none but the totals, are wanted', async () => {
  const grouped = `${from} | summarize n = count(), s = sum(x) by k, third = small // 30`;
  const { results } = await runEverywhere(`${grouped} | summarize groups = count(), n = sum(n), s = sum(s)`);
  const [row] = rowsOfCsv(results[0] as string);
  assert.is(Number(row?.n), ROWS);
  assert.is(
    Number(row?.s),
    amounts.reduce((a, b) => a + b, 0),
  );
  await runEverywhere(`${grouped} | select n, s`);
  await runEverywhere(`${grouped} | where n > third | summarize least = min(s), firsts = first(n) by third`);
});

test('the smallest memory spills', async () => {
  const { run } = await runFlow(`${from} | summarize m = median(x), n = count(distinct name)`, {
    workers: 1,
    memory: 16 << 20,
  });
  assert.ok(run.stats.spill.spilledBytes > 0);
});

test.run();
