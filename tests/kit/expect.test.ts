import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { csv, flow } from '../../index.ts';
import { expectPipeline, RowsError } from '../../testing/index.ts';

const cwd = mkdtempSync(join(tmpdir(), 'flowc-test-'));
test.after(() => rmSync(cwd, { recursive: true }));
writeFileSync(join(cwd, 'a.csv'), 'k,v\n1,x\n2,\n1,y\n');
const text = 'from csv("a.csv") | summarize n = count(), last = max(v) by k | sort k';

async function message(run: () => Promise<void>): Promise<string> {
  try {
    await run();
  } catch (e) {
    if (e instanceof RowsError) return e.message;
    throw e;
  }
  throw new Error('it passes');
}

test('rows that are there, in any order, of a text and of the builder', async () => {
  const rows = [
    { k: 2, n: 1, last: null },
    { k: 1, n: 2, last: 'y' },
  ];
  await expectPipeline(text, { cwd }).toEqualRows(rows);
  await expectPipeline(text, { cwd }).toEqualRows([{ n: 1 }, { n: 2 }]);
  await expectPipeline(flow(csv('a.csv')).where('v is null'), { cwd }).toEqualRows([{ k: 2, v: null }]);
  await expectPipeline(`${text} | where n > 9`, { cwd }).toEqualRows([]);
});

test('a difference is a table', async () => {
  const found = await message(() =>
    expectPipeline(text, { cwd }).toEqualRows([
      { k: 1, n: 3, last: 'y' },
      { k: 2, n: 1, last: null },
    ]),
  );
  assert.is(
    found,
    [
      '2 rows, expected 2 (- expected and not there, + there and not expected)',
      '     k  n  last',
      '  -  1  3  "y"',
      '  +  1  2  "y"',
    ].join('\n'),
  );
});

test('order counts where it is asked for', async () => {
  const rows = [{ k: 2 }, { k: 1 }];
  await expectPipeline(text, { cwd }).toEqualRows(rows);
  const found = await message(() => expectPipeline(text, { cwd }).toEqualRows(rows, { ordered: true }));
  assert.match(found, /- row 1 {2}2\n {2}\+ row 1 {2}1/);
});

test('too many rows of no interest, and errors', async () => {
  assert.match(await message(() => expectPipeline(text, { cwd }).toEqualRows([])), /2 rows, expected 0/);
  await expectPipeline('from csv("a.csv") | derive w = v::int', { cwd }).toFail('"x"');
  await expectPipeline('from csv("a.csv") | where nope > 1', { cwd }).toFail('there is no column `nope`');
  assert.match(
    await message(() => expectPipeline(text, { cwd }).toFail('x')),
    /it gives 2 rows, and was expected to fail/,
  );
});

test.run();
