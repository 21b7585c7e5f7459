import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { check, Engine, plan, RunError } from '../../index.ts';
import { CONFIGS, rowsOfCsv, tempDir } from '../e2e/harness.ts';
import { rows } from '../golden/script.ts';
import { normal, uniform } from './support.ts';

const dir = tempDir();
const ROWS = 20_000;
writeRows();

/** y and yes follow from a, b and kind, with noise; some of each are missing. */
function writeRows(): void {
  const u = uniform(1);
  const lines = Array.from({ length: ROWS }, (_, i) => {
    const a = normal(u);
    const b = u() * 10;
    const kind = ['red', 'green', 'blue', ''][Math.floor(u() * 4)] as string;
    const y = 3 * a - b + (kind === 'red' ? 5 : 0) + normal(u);
    const hidden = u() < 0.05;
    return [
      i,
      u() < 0.1 ? '' : a.toFixed(6),
      b.toFixed(4),
      kind,
      hidden ? '' : y.toFixed(5),
      hidden ? '' : y > 0,
      Math.floor(b / 4),
    ].join(',');
  });
  fs.writeFileSync(path.join(dir, 'rows.csv'), `id,a,b,kind,y,yes,level\n${lines.join('\n')}\n`);
}

const engines = CONFIGS.map((c) => new Engine({ ...c, spillDirs: [tempDir()] }));
const [first] = engines as [Engine];
test.after(async () => {
  for (const e of engines) await e.close();
});

async function run(text: string, engine = first): Promise<string> {
  const bound = await check(text, 'ml.flow', { cwd: dir });
  if (bound.plan === null) throw new Error(bound.diagnostics.map((d) => d.message).join('\n'));
  return rows((await plan(bound.plan, {})).physical, engine);
}

async function fails(text: string): Promise<RunError> {
  try {
    await run(text);
  } catch (e) {
    if (e instanceof RunError) return e;
    throw e;
  }
  throw new Error('it did not fail');
}

const from = 'from csv("rows.csv")';
const features = 'features a, b, onehot(kind)';
const learners: Record<string, string> = {
  linear: `train linear() label y ${features}`,
  logistic: `train logistic() label yes ${features}`,
  gbt: `train gbt(trees: 5, depth: 4, subsample: 0.8, colsample: 0.7) label y ${features} seed 3`,
  classes: `train gbt(trees: 3, depth: 3, task: "classification") label level features a, y, kind seed 4`,
};

for (const [name, train] of Object.entries(learners)) {
  test(`${name}: the same bytes for any workers and memory; a stored model predicts the same`, async () => {
    let bytes: string | null = null;
    for (const engine of engines) {
      await run(`${from} | ${train} | write model("${name}.json")`, engine);
      const found = fs.readFileSync(path.join(dir, `${name}.json`), 'utf8');
      bytes ??= found;
      assert.ok(found === bytes, `${engine.workers} workers, ${engine.memory} bytes`);
    }
    const predict = (model: string) =>
      `${from} | derive kind = kind ?? "none", seen = kind | select id, a, b, kind = seen, y, level | predict ${model} as p | drop a, b, kind, y`;
    const kept = await run(predict(`model("${name}.json")`));
    const fresh = await run(`let m = ${from} | ${train} ${predict('m')}`);
    assert.ok(kept === fresh, 'a stored model and a fresh one');
    assert.is(fresh.split('\n').length, ROWS + 2);
    for (const engine of engines.slice(1)) assert.ok((await run(predict(`model("${name}.json")`), engine)) === fresh);
  });
}

test('what they learn is what is there to learn', async () => {
  const split = `let { tr, te } = ${from} | split tr 0.7, te rest seed 5`;
  const evaluate = async (train: string): Promise<Record<string, number>> => {
    const [row] = rowsOfCsv(await run(`${split} let m = from tr | ${train} from te | evaluate m`));
    return Object.fromEntries(Object.entries(row ?? {}).map(([k, v]) => [k, Number(v)]));
  };
  const linear = await evaluate(learners.linear as string);
  assert.ok(linear.rmse !== undefined && linear.rmse > 0.95 && linear.rmse < 1.6, JSON.stringify(linear));
  const gbt = await evaluate(`train gbt(trees: 60, depth: 4) label y ${features}`);
  assert.ok(gbt.r2 !== undefined && gbt.r2 > 0.85, JSON.stringify(gbt));
  const logistic = await evaluate(learners.logistic as string);
  assert.ok(logistic.auc !== undefined && logistic.auc > 0.93 && logistic.auc < 0.999, JSON.stringify(logistic));
});

test('evaluate by groups: nulls last, rows without a label left out, the whole adds up', async () => {
  const m = `let m = ${from} | ${learners.linear}`;
  const all = rowsOfCsv(await run(`${m} ${from} | evaluate m`));
  const groups = rowsOfCsv(await run(`${m} ${from} | evaluate m by kind`));
  assert.equal(
    groups.map((g) => g.kind),
    ['blue', 'green', 'red', ''],
  );
  const sum = (f: (g: Record<string, string>) => number): number => groups.reduce((s, g) => s + f(g), 0);
  const n = Number(all[0]?.n);
  assert.is(
    sum((g) => Number(g.n)),
    n,
  );
  assert.ok(n < ROWS && n > ROWS * 0.9);
  const squared = sum((g) => Number(g.n) * Number(g.rmse) ** 2);
  assert.ok(Math.abs(Math.sqrt(squared / n) - Number(all[0]?.rmse)) < 1e-9);
  assert.is(await run(`${m} ${from} | where id < 0 | evaluate m`), 'n,rmse,mae,r2\n0,,,\n');
});

test('classes come back in the type of the label', async () => {
  const types = async (train: string): Promise<string> => {
    const bound = await check(
      `let m = ${from} | ${train} ${from} | select id, a, b, y, kind, level, yes | predict m as p | select p, p_prob`,
      'x',
      { cwd: dir },
    );
    return (bound.plan?.outputs[0]?.input.schema ?? []).map((f) => f.type.kind).join();
  };
  const values = async (train: string): Promise<string[]> => {
    const text = await run(
      `let m = ${from} | ${train} ${from} | predict m as p | summarize n = count() by p | sort p | select p`,
    );
    return text.trimEnd().split('\n').slice(1);
  };
  const gbt = (label: string) =>
    `train gbt(trees: 3, depth: 3, learning_rate: 1, task: "classification") label ${label} features y, b, kind2 = kind ?? "none"`;
  assert.is(await types(gbt('yes')), 'bool,float');
  assert.is(await types(gbt('level')), 'int,float');
  assert.is(await types(gbt('kind')), 'string,float');
  assert.equal(await values(gbt('yes')), ['false', 'true']);
  assert.equal(await values(gbt('level')), ['0', '1', '2']);
  assert.equal(await values(gbt('kind')), ['blue', 'green', 'red']);
});

test('a category that was not there to learn from', async () => {
  const m = `let m = ${from} | where kind == "red" or kind == "green" | ${learners.gbt}`;
  const out = rowsOfCsv(
    await run(`${m} ${from} | where kind == "blue" | predict m as p | summarize n = count(), known = count(p)`),
  );
  assert.equal(out[0]?.n, out[0]?.known);
});

test('rows without a label teach nothing', async () => {
  const model = async (steps: string): Promise<string> => {
    await run(`${from} | ${steps} ${learners.logistic} | write model("l.json")`);
    return fs.readFileSync(path.join(dir, 'l.json'), 'utf8');
  };
  assert.is(await model(''), await model('where yes is not null |'));
});

test('what cannot be learned from', async () => {
  const none = await fails(`${from} | where id < 0 | ${learners.linear}`);
  assert.equal([none.code, none.message], ['FLOW7011', 'there are no rows to learn from']);
  const unlabelled = await fails(`${from} | derive y = if(id < 0, y, null) | ${learners.linear}`);
  assert.match(unlabelled.hint ?? '', /null y/);
  const one = await fails(`${from} | where yes | ${learners.logistic}`);
  assert.match(one.message, /the label yes has only one value: true/);
  assert.is(one.code, 'FLOW7011');
  const many = await fails(`${from} | train linear() label y features k = f"{id}"`);
  assert.match(many.message, /feature k has more than 1000 categories/);
  const infinite = await fails(
    `${from} | derive z = y / (if(id == 77, 0, 1)) | ${learners.linear?.replace('label y', 'label z')}`,
  );
  assert.match(infinite.message, /the label z is infinite/);
});

test('a damaged model file', async () => {
  await run(`${from} | ${learners.gbt} | write model("bad.json")`);
  const file = path.join(dir, 'bad.json');
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('"threshold":[', '"threshold":["x",'));
  const text = `${from} | predict model("bad.json") as p`;
  const bound = await check(text, 'x', { cwd: dir });
  assert.is(bound.plan, null);
  assert.match(bound.diagnostics[0]?.message ?? '', /bad\.json is not a model: its part is damaged/);
});

test.run();
