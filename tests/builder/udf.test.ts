import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { csv, Engine, flow, lit, RunError, udf } from '../../index.ts';
import { folder } from '../host/harness.ts';

const engine = new Engine({ workers: 2, memory: 64 << 20 });
const dir = folder({
  'x.csv': 'id,name\n1,ada\n2,bob\n3,cyd\n',
  'f.ts':
    'export const shout = async (name: string): Promise<string> => name.toUpperCase();\nexport const total = { init: () => 0, add: (n: number, x: number): number => n + x, merge: (a: number, b: number): number => a + b, value: (n: number): number => n };\n',
});
const options = { engine, cwd: dir };
const plain = (rows: readonly object[]): object[] => rows.map((row) => ({ ...row }));

test('functions themselves, with their types', async () => {
  const scaled = udf((x: number, by: number) => x * by, '(float, float) -> float');
  const rows = await flow(csv('x.csv'))
    .derive({ v: scaled('id', lit(10)) })
    .where(scaled('id', '2').gt(2))
    .select('name', 'v')
    .collect(options);
  assert.equal(plain(rows), [
    { name: 'bob', v: 20 },
    { name: 'cyd', v: 30 },
  ]);
});

test('functions of modules, aggregates among them, with the types of their annotations', async () => {
  const module = new URL(`file://${dir}/f.ts`);
  const shout = udf(module, 'shout');
  const total = udf(module, 'total');
  const rows = await flow(csv('x.csv'))
    .derive({ s: shout('name') })
    .summarize({ t: total('id'), s: 'max(s)' })
    .collect(options);
  assert.equal(plain(rows), [{ t: 6, s: 'CYD' }]);
});

test('map over rows, with generators, and over columns', async () => {
  const repeat = udf(function* repeat(row: { id: number; name: string }) {
    for (let i = 1; i < row.id; i++) yield { id: i, name: row.name };
  }, '({ id: int, name: string }) -> { id: int, name: string }');
  const rows = await flow(csv('x.csv')).map(repeat).collect(options);
  assert.equal(plain(rows), [
    { id: 1, name: 'bob' },
    { id: 1, name: 'cyd' },
    { id: 2, name: 'cyd' },
  ]);
  const twice = udf(
    ({ id }: { id: { values: ArrayLike<number> } }) => ({ v: Array.from(id.values, (x) => x * 2) }),
    '({ id: int }) -> { v: int }',
  );
  assert.equal(
    plain(
      await flow(csv('x.csv'))
        .mapBatches(twice, { as: { v: 'int' } })
        .collect(options),
    ),
    [{ v: 2 }, { v: 4 }, { v: 6 }],
  );
});

test('two functions of one name are two, and what a function misses is said', async () => {
  const rate = 3;
  const one = udf(function same(x: number) {
    return x + 1;
  }, '(float) -> float');
  const two = udf(function same(x: number) {
    return x + 2;
  }, '(float) -> float');
  const rows = await flow(csv('x.csv'))
    .take(1)
    .derive({ a: one('id'), b: two('id') })
    .select('a', 'b')
    .collect(options);
  assert.equal(plain(rows), [{ a: 2, b: 3 }]);
  const free = udf((x: number) => x * rate, '(float) -> float');
  try {
    await flow(csv('x.csv'))
      .derive({ v: free('id') })
      .collect(options);
    assert.unreachable();
  } catch (e) {
    assert.ok(e instanceof RunError);
    assert.is(e.code, 'FLOW7017');
    assert.match(e.hint ?? '', /pass rate as an argument/);
  }
  assert.throws(() => udf((x: number) => x, 'float'), /cannot read "float"/);
});

test.after(() => engine.close());

test.run();
