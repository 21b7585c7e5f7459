import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { complaint, complaints, outputs, schema } from './harness.ts';

const people = 'from csv("people.csv")';
const model = `let m = ${people} | train gbt(trees: 20) label active features age, log_pay = ln(salary), onehot(country) seed 42`;

test('train: a model is a relation of one row', async () => {
  const [out] = await outputs(`${model} from m | write model("m.json")`);
  const n = out?.input;
  assert.ok(n?.op === 'train');
  if (n?.op !== 'train') return;
  assert.equal(n.schema, [{ name: 'model', type: { kind: 'bytes' }, nullable: false }]);
  assert.equal(
    [n.params.algorithm, n.params.options.trees, n.params.options.depth, n.params.seed, n.params.label.name],
    ['gbt', 20, 6, 42, 'active'],
  );
  assert.equal(
    n.params.features.map((f) => [f.name, f.encoding]),
    [
      ['age', 'numeric'],
      ['log_pay', 'numeric'],
      ['country', 'onehot'],
    ],
  );
});

test('features *: the other columns', async () => {
  const [out] = await outputs(`${people} | train linear() label salary features * except name, born`);
  assert.equal(out?.input.op === 'train' && out.input.params.features.map((f) => f.name), [
    'id',
    'age',
    'active',
    'country',
  ]);
});

test('predict: the label’s type and its probability, or a number', async () => {
  assert.is(
    await schema(`${model} from csv("people.csv") | select age, salary, country | predict m as p`),
    'age int?, salary float?, country string, p bool, p_prob float',
  );
  assert.is(
    await schema(`let m = ${people} | train linear() label salary features age ${people} | select age | predict m`),
    'age int?, prediction float',
  );
  const [out] = await outputs(`${model} ${people} | predict m as p`);
  assert.equal(out?.input.op === 'predict' && out.input.features.map((f) => [f.name, f.expr.kind]), [
    ['age', 'column'],
    ['log_pay', 'call'],
    ['country', 'column'],
  ]);
});

test('evaluate: keys and metrics', async () => {
  assert.is(
    await schema(`${model} ${people} | evaluate m by country`),
    'country string, n int, accuracy float?, auc float?, log_loss float?',
  );
  assert.is(
    await schema(`let m = ${people} | train linear() label salary features age ${people} | evaluate m`),
    'n int, rmse float?, mae float?, r2 float?',
  );
});

test('the columns of a model are cast where they fit', async () => {
  const [out] = await outputs(
    `let m = ${people} | train linear() label id features salary from csv("vip.csv") | derive salary = level | predict m`,
  );
  assert.is(out?.input.op === 'predict' && out.input.features[0]?.expr.kind, 'cast');
});

test('a stored model reads columns by the names of its features', async () => {
  assert.is(
    await schema(`${people} | select id, age, country | predict model("m.json") as p`),
    'id int, age int?, country string, p bool, p_prob float',
  );
  const [out] = await outputs(`let m = from model("m.json") ${people} | evaluate m by country`);
  assert.equal(out?.input.op === 'evaluate' && out.input.features.map((f) => [f.name, f.expr.kind]), [
    ['age', 'cast'],
    ['country', 'column'],
  ]);
  await complaint(
    `from csv("vip.csv") | predict «model("m.json")»`,
    'FLOW4016',
    'the model `model` needs `age`, `country`',
  );
  await complaint(`${people} | predict «csv("vip.csv")»`, 'FLOW4015', '`csv` is not a model');
});

test('mistakes', async () => {
  await complaint(`${people} | train «gtb»() label active features age`, 'FLOW4011', 'there is no algorithm `gtb`');
  await complaint(
    `${people} | train gbt(«dept»: 3) label active features age`,
    'FLOW4012',
    'gbt: `dept` is not one of its options',
  );
  await complaint(
    `${people} | train gbt(depth: «99») label active features age`,
    'FLOW4012',
    'gbt: `depth` lies between 1 and 16, and this is 99',
  );
  await complaint(
    `${people} | train linear() label «name» features age`,
    'FLOW4013',
    'linear learns a number, and the label is string',
  );
  await complaint(`${people} | train logistic() label «salary» features age`, 'FLOW4013', /logistic learns a class/);
  await complaint(
    `from csv("orders.csv") | train linear() label id features «tags»`,
    'FLOW4014',
    'the feature `tags` is list<string?>, which is neither a number nor text',
  );
  await complaint(`let x = ${people} ${people} | predict «x»`, 'FLOW4015', '`x` is not a model');
  await complaint(
    `${model} from csv("vip.csv") | predict «m»`,
    'FLOW4016',
    'the model `m` needs `age`, `salary`, `country`',
  );
  await complaint(`${model} ${people} | derive p = 1 | predict m as «p»`, 'FLOW2009', 'the column `p` is given twice');
  assert.equal(await complaints(`${people} | predict nope as p | where p and p_prob > 0.5 and agee > 1`), [
    'FLOW2001 <nope> there is no relation `nope`',
    'FLOW2002 <agee> there is no column `agee` here',
  ]);
});

test('tune gives a model, and a table of trials, in this order or by their names', async () => {
  const search = 'from csv("people.csv") | tune gbt(depth: 2..3, l2: [0.5, 1.0]) label age features id';
  const table = 'trial int, depth int, l2 float, rmse float?, rmse_std float?';
  assert.is(await schema(`let { best, table } = ${search}\nfrom table`), table);
  assert.is(await schema(`let { trials, model } = ${search}\nfrom trials`), table);
  assert.is(
    await schema(`let { best, table } = ${search}\nfrom csv("people.csv") | predict best as p | select p`),
    'p float',
  );
  assert.is(await schema(`let m = ${search}\nfrom csv("people.csv") | predict m as p | select p`), 'p float');
});

test.run();
