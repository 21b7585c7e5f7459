// Nearly as many groups as rows, of ints: the tables of the final half fill their grant, and are still there while what they hold is split.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rowsOfCsv, runEverywhere, tempDir } from './harness.ts';

const ROWS = 400_000;
const file = path.join(tempDir(), 'x.csv');
/** All different, in no order, then a tenth of them once more. */
const keyOf = (i: number): readonly [number, number] => {
  const k = ((i % (ROWS * 0.9)) * 7919) % 500_009;
  return [k % 500, Math.floor(k / 500)];
};
fs.writeFileSync(
  file,
  `a,b,v\n${Array.from({ length: ROWS }, (_, i) => `${keyOf(i).join(',')},${i % 13}`).join('\n')}\n`,
);

test('summarize', async () => {
  const { results } = await runEverywhere(
    `from csv("${file}") | summarize n = count(), s = sum(v) by a, b | where n > 0`,
  );
  const rows = rowsOfCsv(results[0] as string);
  assert.is(rows.length, ROWS * 0.9);
  assert.is(rows.filter((r) => r.n === '2').length, ROWS * 0.1);
  const sum = rows.reduce((n, r) => n + Number(r.s), 0);
  assert.is(
    sum,
    Array.from({ length: ROWS }, (_, i) => i % 13).reduce((a, b) => a + b),
  );
});

test('distinct', async () => {
  const { results } = await runEverywhere(`from csv("${file}") | distinct a, b`);
  const rows = rowsOfCsv(results[0] as string);
  assert.is(rows.length, ROWS * 0.9);
  assert.is(new Set(rows.map((r) => `${r.a},${r.b}`)).size, ROWS * 0.9);
  assert.ok(
    rows.every((r) => r.v !== undefined),
    'the whole first row of each key is kept',
  );
});

test.run();
