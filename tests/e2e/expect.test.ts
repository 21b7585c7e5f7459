import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RunError, runText } from '../../index.ts';
import { CONFIGS, runEverywhere, runFlow, tempDir } from './harness.ts';

const dir = tempDir();
const rows = 60_000;
const big = path.join(dir, 'big.csv');
const lines = Array.from(
  { length: rows },
  (_, i) => `${i},${i % 10 === 3 ? -i : i % 7 === 0 ? '' : i},text number ${i}`,
);
fs.writeFileSync(big, `id,amount,note\n${lines.join('\n')}\n`);
const source = `from csv(${JSON.stringify(big)})`;
const negative = lines.map((line) => line.split(',')).filter(([, amount]) => Number(amount) < 0).length;

/** The error of a flow that fails, which is the same everywhere. */
async function failure(text: string): Promise<RunError> {
  const found: RunError[] = [];
  for (const config of CONFIGS) {
    try {
      await runFlow(text, config);
    } catch (e) {
      assert.instance(e, RunError);
      found.push(e as RunError);
    }
  }
  assert.is(found.length, CONFIGS.length);
  for (const e of found)
    assert.equal(
      [e.code, e.message, e.where.file, e.where.row],
      [found[0]?.code, found[0]?.message, found[0]?.where.file, found[0]?.where.row],
    );
  return found[0] as RunError;
}

test('an expectation that is broken fails the run, and says how often and where first', async () => {
  const e = await failure(`${source} | expect amount >= 0 : "negative amount" | summarize n = count()`);
  assert.is(e.code, 'FLOW7009');
  assert.is(
    e.message,
    `${negative} of ${rows} rows fail \`amount >= 0\`: negative amount; the first one has amount = -3`,
  );
  assert.is(e.where.file, big);
  assert.is(e.where.row, 4);
});

test('null passes, as in SQL', async () => {
  const { results, run } = await runEverywhere(`${source} | expect amount >= 0 else drop | summarize n = count()`);
  assert.is(results[0], `n\n${rows - negative}\n`);
  assert.equal([run.checks[0]?.failed, run.checks[0]?.rows], [negative, rows]);
});

test('all rows are looked at, also where only the first ones are wanted', async () => {
  for (const config of CONFIGS) {
    const { results, run } = await runFlow(`${source} | expect id < 59_990 else warn | take 2 | select id`, config);
    assert.is(results[0], 'id\n0\n1\n');
    assert.equal([run.checks[0]?.rows, run.checks[0]?.failed, run.checks[0]?.first?.row], [rows, 10, 59_991]);
  }
});

test('rows go to quarantine with every reason, and appear with the other outputs', async () => {
  const bytes = new Set<string>();
  for (const [i, config] of CONFIGS.entries()) {
    const out = path.join(dir, `q${i}`);
    const rejected = path.join(out, 'rejected.csv');
    await runFlow(
      `${source} | expect amount >= 0 : "negative", id % 100 != 3 : "odd" else quarantine(${JSON.stringify(rejected)})
       | write csv(${JSON.stringify(path.join(out, 'good.csv'))})`,
      config,
    );
    const text = fs.readFileSync(rejected, 'utf8');
    bytes.add(text + fs.readFileSync(path.join(out, 'good.csv'), 'utf8'));
    const [head, first, second] = text.split('\n');
    assert.is(head, 'id,amount,note,reason');
    assert.is(first, '3,-3,text number 3,negative; odd');
    assert.is(second, '13,-13,text number 13,negative');
    assert.is(text.split('\n').length - 2, negative);
  }
  assert.is(bytes.size, 1);
});

test('a run that fails leaves no quarantine', async () => {
  const rejected = path.join(dir, 'never.csv');
  const text = `${source} | expect amount >= 0 else quarantine(${JSON.stringify(rejected)}) | expect count() < 5 | summarize n = count()`;
  const e = await failure(text);
  assert.match(e.message, /^the rows fail `count\(\) < 5`; it has count\(\) = \d+$/);
  assert.not.ok(fs.existsSync(rejected));
});

test('unique: combinations of keys that are there more than once; null is not equal to null', async () => {
  const e = await failure(`${source} | expect unique(note), unique(id // 2, note like "%1%") | summarize n = count()`);
  assert.match(
    e.message,
    /combinations of keys fail `unique\(id \/\/ 2, note like "%1%"\)`; the first one has .* rows = 2$/,
  );
  const { run } = await runEverywhere(`${source} | expect unique(amount) else warn | summarize n = count()`);
  assert.is(run.checks[0]?.failed, 0);
});

test('what nothing uses is not checked, and empty input passes', async () => {
  const { run } = await runEverywhere(
    `let unused = ${source} | expect count() < 0\n${source} | where id < 0 | expect id > 5, unique(id) | expect count() == 0 | take 1`,
  );
  assert.equal(
    run.checks.map((c) => [c.text, c.rows, c.failed]),
    [
      ['id > 5', 0, 0],
      ['unique(id)', 0, 0],
      ['count() == 0', 1, 0],
    ],
  );
});

test('FlowResult tells of expectations', async () => {
  const { expectations } = await runText(`${source} | expect amount >= 0 : "negative" else warn | take 1`);
  assert.equal(expectations, [
    {
      text: 'amount >= 0',
      message: 'negative',
      each: 'row',
      action: 'warn',
      rows,
      failed: negative,
      first: {
        file: path.relative(process.cwd(), big).startsWith('..') ? big : path.relative(process.cwd(), big),
        row: 4,
        values: [{ column: 'amount', value: '-3' }],
      },
    },
  ]);
});

test.run();
