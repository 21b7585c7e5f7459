import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type RunError, runText } from '../../index.ts';
import { runEverywhere, tempDir } from '../e2e/harness.ts';
import { normal, uniform } from './support.ts';

const dir = tempDir();
const ROWS = 3000;
const u = uniform(5);
const lines = Array.from({ length: ROWS }, (_, i) => {
  const [a, b] = [normal(u), normal(u)];
  const y = Math.sin(2 * a) * 3 + b + normal(u) / 4;
  return [
    i,
    a.toFixed(5),
    b.toFixed(5),
    ['x', 'y', ''][i % 3],
    y.toFixed(5),
    y > 0,
    i % 97 === 0 ? '' : y > 2 ? 'hi' : y > 0 ? 'mid' : 'lo',
  ].join(',');
});
fs.writeFileSync(path.join(dir, 'd.csv'), `id,a,b,k,y,yes,band\n${lines.join('\n')}\n`);
const source = `from csv(${JSON.stringify(path.join(dir, 'd.csv'))})`;

const search = (algorithm: string, label: string, rest: string): string =>
  `let { model, trials } = ${source} | tune ${algorithm} label ${label} features a, b, k ${rest}`;

const tableOf = (text: string | undefined): Record<string, string>[] => {
  const [head = '', ...rows] = (text ?? '').trim().split('\n');
  return rows.map((row) => Object.fromEntries(row.split(',').map((v, i) => [head.split(',')[i] ?? '', v])));
};

test('the same trials and the same model whatever the workers and the memory', async () => {
  const { results } = await runEverywhere(
    `${search('gbt(trees: [3, 10], depth: 1..4, learning_rate: log_uniform(0.05, 0.5))', 'y', 'trials 4 folds 3 seed 7')}
     from trials
     from model
     ${source} | predict model as p | summarize s = sum(p)`,
  );
  const table = tableOf(results[0]);
  assert.equal(Object.keys(table[0] ?? {}), ['trial', 'trees', 'depth', 'learning_rate', 'rmse', 'rmse_std']);
  assert.is(table.length, 4);
  assert.is(new Set(table.map((t) => `${t.trees} ${t.depth} ${t.learning_rate}`)).size, 4);
  for (const t of table) {
    assert.ok(['3', '10'].includes(t.trees ?? ''));
    assert.ok(Number(t.depth) >= 1 && Number(t.depth) <= 4);
    assert.ok(Number(t.learning_rate) >= 0.05 && Number(t.learning_rate) <= 0.5);
  }
});

test('a score is what training on the other folds and measuring on one gives', async () => {
  // With as many folds as there are rows each row is predicted by a model of all others.
  const few = `${source} | take 12`;
  const { results } = await runEverywhere(
    `let t = ${few}
     let { model, trials } = from t | tune linear(l2: [0.001, 10.0]) label y features a, b metric mae folds 12 seed 3
     from trials
     from t | evaluate model`,
  );
  const table = tableOf(results[0]);
  for (const [i, l2] of [0.001, 10].entries()) {
    const errors: number[] = [];
    for (let row = 0; row < 12; row++) {
      const alone = await runText(
        `let t = ${few}
         let m = from t | where id != ${row} | train linear(l2: ${l2}) label y features a, b
         from t | where id == ${row} | evaluate m`,
        { workers: 1 },
      );
      errors.push(alone.results[0]?.rows[0]?.mae as number);
    }
    const mean = errors.reduce((a, b) => a + b, 0) / 12;
    assert.ok(Math.abs(Number(table[i]?.mae) - mean) < 1e-9, `${table[i]?.mae} and ${mean}`);
    const deviation = Math.sqrt(errors.reduce((a, e) => a + (e - mean) ** 2, 0) / 12);
    assert.ok(Math.abs(Number(table[i]?.mae_std) - deviation) < 1e-9);
  }
});

test('the best one wins, and learns from all rows', async () => {
  for (const [metric, best] of [
    ['accuracy', Math.max],
    ['log_loss', Math.min],
    ['auc', Math.max],
  ] as const) {
    const { results } = await runText(
      `${search('gbt(trees: [1, 30], depth: [1, 4])', 'yes', `metric ${metric} folds 3 seed 1`)}
       from trials
       from model | write model(${JSON.stringify(path.join(dir, `${metric}.json`))})`,
    );
    const rows = results[0]?.rows ?? [];
    assert.is(rows.length, 4);
    assert.equal(
      rows.map((r) => [r.trees, r.depth]),
      [
        [1, 1],
        [1, 4],
        [30, 1],
        [30, 4],
      ],
    );
    const top = rows.find((r) => r[metric] === best(...rows.map((one) => one[metric] as number)));
    const model = JSON.parse(fs.readFileSync(path.join(dir, `${metric}.json`), 'utf8')) as {
      part: { trees: unknown[] };
      training: { rows: number };
    };
    assert.is(model.part.trees.length, top?.trees);
    assert.is(model.training.rows, ROWS);
  }
});

test('classes, labels that are missing, and the other metrics', async () => {
  const { results } = await runEverywhere(
    `let m = ${source} | tune logistic(l2: [0.000001, 0.1]) label band features a, b metric accuracy folds 3
     ${source} | evaluate m`,
  );
  assert.match(results[0] ?? '', /^n,accuracy,auc,log_loss\n2969,/);
});

test('what cannot be measured is an error', async () => {
  const fails = async (text: string, message: RegExp): Promise<void> => {
    await runText(text, { workers: 1 }).then(
      () => assert.unreachable(),
      (e: unknown) => assert.match((e as RunError).message, message),
    );
  };
  await fails(
    `${search('gbt(trees: [2, 3])', 'band', 'metric auc folds 2')}\nfrom model`,
    /auc has no value in any trial/,
  );
  await fails(
    `let m = ${source} | where id < 0 | tune linear(l2: [0.1, 1.0]) label y features a folds 2\nfrom m`,
    /there are no rows to learn from/,
  );
});

test('halving: each round keeps the best, and gives them more rows', async () => {
  const options = 'gbt(trees: [1, 2, 4, 8, 16], depth: 1..4, learning_rate: [0.05, 0.3])';
  const all = `${search(options, 'y', 'trials 12 folds 2 seed 7')}\n from trials | sort trial`;
  const { results } = await runEverywhere(
    `${search(options, 'y', 'trials 12 folds 2 halving 3 seed 7')}
     from trials | sort trial
     from model
     ${source} | predict model as p | summarize s = sum(p)`,
  );
  const halved = tableOf(results[0]);
  const { results: of } = await runText(all, { workers: 1 });
  const whole = (of[0]?.rows ?? []).map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, v]) => [name, String(v)])),
  );
  const inRound = (n: number): Record<string, string>[] => halved.filter((t) => Number(t.round) >= n);
  assert.equal(
    [1, 2, 3].map((n) => inRound(n).length),
    [12, 4, 2],
  );
  const options1 = (t: Record<string, string>): string => `${t.trees} ${t.depth} ${t.learning_rate}`;
  assert.equal(halved.map(options1), whole.map(options1));
  // The last round has all rows, so that its scores are those of a search that ends nothing.
  for (const t of inRound(3)) {
    const same = whole.find((w) => w.trial === t.trial);
    assert.equal([t.rmse, t.rmse_std], [same?.rmse, same?.rmse_std]);
  }
  for (const t of halved.filter((one) => one.round === '1'))
    assert.is.not(t.rmse, whole.find((w) => w.trial === t.trial)?.rmse, 'a part of the rows has another error');
  // Those that went on from the first round were its best, with errors on its rows that no other one had.
  const best = [...whole].sort((a, b) => Number(a.rmse) - Number(b.rmse)).slice(0, 2);
  assert.ok(
    inRound(2).some((t) => best.some((b) => b.trial === t.trial)),
    'one of the best two is not lost at once',
  );
});

test('halving of few rows: rounds have enough to learn from, or nothing to say', async () => {
  const { results } = await runEverywhere(
    `let t = ${source} | take 40
     let { model, trials } = from t | tune logistic(l2: [0.0001, 0.01, 1.0, 10.0]) label yes features a, b metric accuracy folds 3 halving 2 seed 1
     from trials
     from t | evaluate model`,
  );
  const table = tableOf(results[0]);
  assert.is(
    table
      .map((t) => t.round)
      .sort((a, b) => Number(a) - Number(b))
      .join(),
    '1,1,2,3',
  );
  for (const t of table) assert.ok(Number(t.accuracy) > 0.3);
});

test.run();
