import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkOutputs } from '../../compiler/optimize/check.ts';
import { optimize } from '../../compiler/optimize/index.ts';
import { mergeProjects } from '../../compiler/optimize/merge_projects.ts';
import { pruneColumns } from '../../compiler/optimize/prune_columns.ts';
import { people, planOf, rewritten, scanned, shown, unchanged } from './harness.ts';

async function reads(text: string): Promise<Record<string, string[]>> {
  return scanned(optimize(await planOf(text), [pruneColumns]).plan);
}

const vip = 'csv("vip.csv") as v';

test('readers load what is used', async () => {
  assert.equal(await reads(`${people} | where age > 3 | select name`), { 'people.csv': ['name', 'age'] });
  assert.equal(await reads(`${people} | sort age | select name`), { 'people.csv': ['name', 'age'] });
  assert.equal(await reads(`${people} | take 3 | select name`), { 'people.csv': ['name'] });
  assert.equal(await reads(`${people} | derive x = age + 1, y = salary | select x`), { 'people.csv': ['age'] });
  assert.equal(await reads(`${people} | summarize n = count()`), { 'people.csv': [] });
});

test('what a pipeline shows is all used', () => unchanged(`${people} | where age > 3`, pruneColumns));

test('a relation that others read too keeps what any of them uses', async () => {
  assert.equal(await reads(`let a = ${people} | where id > 1 from a | select name from a | select age`), {
    'people.csv': ['id', 'name', 'age'],
  });
});

test('through joins: keys, added columns, the residual', async () => {
  assert.equal(await reads(`${people} | join ${vip} on id == v.cust | select name`), {
    'people.csv': ['id', 'name'],
    'vip.csv': ['cust'],
  });
  assert.equal(await reads(`${people} | join ${vip} on id == v.cust and age > v.level | select name`), {
    'people.csv': ['id', 'name', 'age'],
    'vip.csv': ['cust', 'level'],
  });
  assert.equal(await reads(`${people} | join semi ${vip} on id == v.cust | select name`), {
    'people.csv': ['id', 'name'],
    'vip.csv': ['cust'],
  });
  assert.equal(await reads(`${people} | join left ${vip} on id == v.cust add l = v.level | select l`), {
    'people.csv': ['id'],
    'vip.csv': ['cust', 'level'],
  });
});

test('through groupings: keys stay, aggregates nobody reads go', async () => {
  const text = `${people} | summarize n = count(), s = sum(salary), a = max(age) by country | select a`;
  assert.equal(await reads(text), { 'people.csv': ['age', 'country'] });
  assert.match(await rewritten(text, pruneColumns), /aggregate a = max\(age\) by country/);
});

test('through distinct: all columns decide, or the keys', async () => {
  assert.equal(await reads(`${people} | select id, name, age | distinct | select name`), {
    'people.csv': ['id', 'name', 'age'],
  });
  assert.equal(await reads(`${people} | distinct country | select name`), { 'people.csv': ['name', 'country'] });
});

test('through unions: the inputs stay alike', async () => {
  const text = `${people} | select id, name, age | union (${people} | select id = age, name, age = id) | select name`;
  assert.equal(await reads(text), { 'people.csv': ['name'] });
  // One input carries more, because its own sort needs it.
  const sorted = `${people} | select id, name | sort id | union (${people} | select id, name) | select name`;
  assert.fixture(
    await rewritten(sorted, pruneColumns),
    `print
  project name
    union
      project name
        sort id
          project id, name
            scan csv "people.csv"
      project name
        scan csv "people.csv"`,
  );
});

test('through predict: the features; a prediction nobody reads is not made', async () => {
  const model = `let m = ${people} | train gbt() label active features age, s = ln(salary) `;
  const used = `${model} ${people} | predict m as p | select name, p`;
  assert.match(await rewritten(used, pruneColumns), /predict as p\n {6}scan csv "people.csv"\n {6}train/);
  assert.equal(
    await reads(used),
    { 'people.csv': ['age', 'salary', 'active'] },
    'of the training rows, which come last',
  );
  assert.fixture(
    await rewritten(`${model} ${people} | predict m as p | select name`, pruneColumns),
    'print\n  project name\n    scan csv "people.csv"',
  );
});

test('through evaluate: label, features and groups', async () => {
  const text = `let m = ${people} | train linear() label salary features age ${people} | where id > 1 | evaluate m by country`;
  const plan = optimize(await planOf(text), [pruneColumns]).plan;
  const evaluate = plan.outputs[0]?.input;
  assert.ok(evaluate?.op === 'evaluate');
  assert.equal(
    evaluate?.inputs[0]?.schema.map((f) => f.name),
    ['id', 'age', 'salary', 'country'],
  );
});

test('neighbouring projections become one', async () => {
  assert.fixture(
    await rewritten(`${people} | derive x = age + 1 | rename y = x | select y, name`, mergeProjects),
    'print\n  project y = age + 1, name\n    scan csv "people.csv"',
  );
  assert.fixture(
    await rewritten(`${people} | derive x = age | drop x`, mergeProjects),
    'print\n  scan csv "people.csv"',
  );
});

test('unless a value would be computed twice', async () => {
  assert.match(
    await rewritten(`${people} | derive x = age + 1 | select y = x * x`, mergeProjects),
    /y = x \* x\n {4}project/,
  );
  assert.match(
    await rewritten(`${people} | derive x = age | select y = x * x`, mergeProjects),
    /y = age \* age\n {4}scan/,
  );
});

test('or the first one is read by others too', async () => {
  const text = `let a = ${people} | derive x = age + 1 from a | select x from a | select y = x`;
  const { plan } = optimize(await planOf(text), [mergeProjects]);
  assert.is(plan.outputs[0]?.input.inputs[0], plan.outputs[1]?.input.inputs[0], shown(plan));
});

test('rules that change what comes out are a bug of ours', async () => {
  const plan = await planOf(`${people} | select id, age`);
  const other = (text: string): ReturnType<typeof planOf> => planOf(`${people} | ${text}`);
  checkOutputs(plan, await other('where age > 3 | select id, age'));
  for (const text of ['id, years = age', 'id, age = name', 'age, id', 'id', 'id, age, name']) {
    const after = await other(`select ${text}`);
    assert.throws(() => checkOutputs(plan, after), 'the rules changed the columns of output 0');
  }
});

test.run();
