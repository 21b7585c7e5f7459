// Rows and batches through functions of the host language, and functions that give promises.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type CompileOptions, Engine, RunError } from '../../index.ts';
import { CONFIGS } from '../e2e/harness.ts';
import { diagnosticsOf, folder, rowsOf } from './harness.ts';

const engines = CONFIGS.map((config) => new Engine(config));
const [engine] = engines as [Engine];

const dir = folder({
  'x.csv': 'id,name,x\n1,ada,0.5\n2,bob,1.5\n3,,2.5\n4,dan,\n',
  'f.ts': `
interface In { id: number; name: string | null }
interface Out { id: bigint; label: string }
export function clean(row: In): Out | null {
  return row.id === 2 ? null : { id: BigInt(row.id), label: \`\${row.name}\` };
}
export function* repeat(row: In): Generator<Out> {
  for (let i = 0; i < row.id; i++) yield { id: BigInt(i), label: row.name ?? '' };
}
export const several = (row: In): Out[] => [clean(row), { id: 9n, label: 'x' }].filter((r) => r !== null) as Out[];
export async function later(row: In): Promise<Out | undefined> {
  await new Promise((r) => setTimeout(r, (7 - row.id) * 3));
  return row.id === 3 ? undefined : { id: BigInt(row.id), label: 'later' };
}
export async function* stream(row: In): AsyncGenerator<Out> {
  for (let i = 0; i < 2; i++) yield { id: BigInt(row.id * 10 + i), label: await Promise.resolve('s') };
}
export const whole = (row: any): any => ({ keys: Object.keys(row).join(), ...row });
export const strict = (row: { id: number; name: string }): Out => ({ id: 1n, label: row.name });
export const wrong = (row: In): Out => (row.id < 3 ? { id: 1n, label: 'a' } : { id: 1.5, label: 'b' }) as Out;
export function* breaks(row: In): Generator<Out> {
  yield { id: 1n, label: 'a' };
  if (row.id === 2) throw new Error('no more');
}
export const noRow = (row: In): Out => 'text' as never;
export const shout = async (name: string): Promise<string> => {
  await new Promise((r) => setTimeout(r, name === 'ada' ? 30 : 1));
  return name.toUpperCase();
};
export const maybe = async (name: string | null): Promise<string | null> => (name === null ? 'was null' : name === 'bob' ? null : name);
export const fails = async (id: number): Promise<number> => {
  await new Promise((r) => setTimeout(r, id === 2 ? 20 : 1));
  if (id >= 2) throw new Error(\`no \${id}\`);
  return id;
};
export const hangs = (id: number): Promise<number> => new Promise((r) => id === 3 ? undefined : r(id));
`,
  'batches.js': `
export function score(columns, rows) {
  const { id, x, name } = columns;
  const out = new Float64Array(rows);
  for (let i = 0; i < rows; i++) out[i] = x.isNull(i) ? -1 : x.values[i] * 2 + id.values[i];
  return { id, score: out, letters: name.toArray().map((n) => n === null ? null : n.length), kind: [...id].map((v) => typeof v) };
}
export const half = async ({ id }, rows) => ({ id: Int32Array.from(id.values).filter((v) => v % 2 === 0) });
export const none = () => null;
export const uneven = ({ id }) => ({ a: id.toArray(), b: [1] });
export const lacks = ({ id }) => ({ a: id.toArray() });
export const bad = ({ id }) => ({ a: [1, 2, 'three', 4] });
`,
  'package.json': '{"type":"module"}',
});

test('an object is a row, null none, arrays and generators several; promises keep the order', async () => {
  const all = async (name: string): Promise<string> => {
    const flow = `use { ${name} } from "./f.ts"\nfrom csv("x.csv") | map ${name}`;
    const texts = new Set<string>();
    for (const e of engines) texts.add(await rowsOf(dir, flow, e));
    assert.is(texts.size, 1, name);
    return [...texts][0] ?? '';
  };
  assert.is(await all('clean'), 'id,label\n1,ada\n3,null\n4,dan\n');
  assert.is(await all('repeat'), 'id,label\n0,ada\n0,bob\n1,bob\n0,""\n1,""\n2,""\n0,dan\n1,dan\n2,dan\n3,dan\n');
  assert.is(await all('several'), 'id,label\n1,ada\n9,x\n9,x\n3,null\n9,x\n4,dan\n9,x\n');
  assert.is(await all('later'), 'id,label\n1,later\n2,later\n4,later\n');
  assert.is(await all('stream'), 'id,label\n10,s\n11,s\n20,s\n21,s\n30,s\n31,s\n40,s\n41,s\n');
});

test('without a stated parameter a function is given all columns; as states what it gives', async () => {
  const flow =
    'use { whole } from "./f.ts"\nfrom csv("x.csv") | take 1 | map whole as { keys: string, x: float?, gone: int? }';
  assert.is(await rowsOf(dir, flow, engine), 'keys,x,gone\n"id,name,x",0.5,\n');
});

test('one row may give more than a batch, and nothing of it is held', async () => {
  const big = folder({
    'x.csv': 'k\n1\n2\n',
    'f.ts':
      'export function* many(row: { k: number }): Generator<{ n: number }> { for (let i = 0; i < 300_000; i++) yield { n: i * row.k }; }',
  });
  const flow =
    'use { many } from "./f.ts"\nfrom csv("x.csv") | map many | where n % 2 == 0 | summarize c = count(), s = sum(n)';
  for (const e of engines) assert.is(await rowsOf(big, flow, e), 'c,s\n450000,112499550000.0\n');
});

test('batches of columns: views, nulls, values of every kind, other numbers of rows', async () => {
  const flow = (step: string): string => `use { score, half, none } from "./batches.js"\nfrom csv("x.csv") | ${step}`;
  const scored = await rowsOf(
    dir,
    flow('map_batches score as { id: int, score: float, letters: int?, kind: string }'),
    engine,
  );
  assert.is(scored, 'id,score,letters,kind\n1,2.0,3,number\n2,5.0,3,number\n3,8.0,,number\n4,-1.0,3,number\n');
  assert.is(await rowsOf(dir, flow('map_batches half as { id: int }'), engine), 'id\n2\n4\n');
  assert.is(await rowsOf(dir, flow('map_batches none as { id: int }'), engine), 'id\n');
});

test('async functions in expressions: many in flight, order kept, nulls as elsewhere, nested, in conditions and keys', async () => {
  const flow = `use { shout, maybe } from "./f.ts"
    from csv("x.csv") | derive s = shout(name) ?? "-", m = maybe(name), t = shout(shout(name)) | where maybe(name) is not null | select id, s, m, t
    from csv("x.csv") | summarize n = count() by k = shout(name) | sort maybe(k)
    from csv("x.csv") | join inner csv("x.csv") as b on shout(name) == shout(b.name) add other = b.id | select id, other | sort id`;
  const expected =
    'id,s,m,t\n1,ADA,ada,ADA\n3,-,was null,\n4,DAN,dan,DAN\n\nk,n\nADA,1\nBOB,1\nDAN,1\n,1\n\nid,other\n1,1\n2,2\n4,4\n';
  for (const e of engines) assert.is(await rowsOf(dir, flow, e), expected);
});

test('no more calls are in flight than allowed', async () => {
  const counted = folder({
    'x.csv': `k\n${Array.from({ length: 40 }, (_, i) => i).join('\n')}\n`,
    'f.ts': `
      let now = 0;
      export async function most(k: number): Promise<number> {
        const seen = ++now;
        await new Promise((r) => setTimeout(r, 1));
        now--;
        return seen;
      }`,
  });
  const flow = 'use { most } from "./f.ts"\nfrom csv("x.csv") | summarize m = max(most(k))';
  assert.is(await rowsOf(counted, flow, engine, { udf: { concurrency: 7 } }), 'm\n7.0\n');
});

test('failures name the function, the row, and the first row of many in flight', async () => {
  const of = (name: string, steps: string, options: CompileOptions = {}): Promise<string> =>
    failureOf(`use { ${name} } from "./f.ts"\nfrom csv("x.csv") | ${steps}`, options);
  assert.is(await of('strict', 'map strict'), 'FLOW7018 name is null, and strict (./f.ts) takes none there (row 3)');
  assert.is(
    await of('wrong', 'map wrong'),
    'FLOW7018 wrong (./f.ts) gave 1.5 for id, which is not of the type int (row 3)',
  );
  assert.match(await of('breaks', 'map breaks'), /^FLOW7017 breaks failed at \.\/f\.ts:\d+: Error: no more \(row 2\)$/);
  assert.is(
    await of('noRow', 'map noRow'),
    'FLOW7018 noRow (./f.ts) gave "text", which is not of the type { id: int, label: string } (row 1)',
  );
  assert.match(
    await of('fails', 'derive v = fails(id)'),
    /^FLOW7017 fails\(2\) failed at \.\/f\.ts:\d+: Error: no 2 \(row 2\)$/,
  );
  assert.is(
    await of('hangs', 'derive v = hangs(id)', { udf: { timeout: 200 } }),
    'FLOW7014 hangs (./f.ts) has not settled for 200 ms (row 3)',
  );
  const batches = (name: string, schema: string): Promise<string> =>
    failureOf(`use { ${name} } from "./batches.js"\nfrom csv("x.csv") | map_batches ${name} as ${schema}`);
  assert.is(
    await batches('uneven', '{ a: int, b: int }'),
    'FLOW7018 uneven (./batches.js) gave 4 rows for column a and 1 for b',
  );
  assert.is(await batches('lacks', '{ a: int, b: int }'), 'FLOW7018 lacks (./batches.js) gave no column b');
  assert.is(
    await batches('bad', '{ a: int }'),
    'FLOW7018 bad (./batches.js) gave "three" for column a[2], which is not of the type int',
  );
});

test('columns and types are checked before anything runs', async () => {
  const codes = async (steps: string): Promise<string[]> =>
    (await diagnosticsOf(dir, `use { clean, whole, shout } from "./f.ts"\nfrom csv("x.csv") | ${steps}`)).map(
      (d) => `${d.code} ${d.message}`,
    );
  assert.equal(await codes('map clean | select id, label'), []);
  assert.equal(await codes('map clean | select name'), ['FLOW2002 there is no column `name` here']);
  assert.equal(await codes('select id | map clean | where label == "a"'), []);
  assert.equal(await codes('drop id | map clean'), ['FLOW2002 there is no column `id` here']);
  assert.equal(await codes('derive id = name | map clean'), [
    'FLOW3001 `id` of the rows that clean takes is float, and this is string?',
  ]);
  assert.equal(await codes('map whole'), [
    'FLOW8004 the types of `whole` are not known: "./f.ts" does not state all of them',
  ]);
  assert.equal(await codes('map nope'), ['FLOW2003 there is no function `nope`']);
  assert.match(
    (await codes('join inner csv("x.csv") as b on id == b.id and shout(name) != b.name add y = b.x')).join(),
    /^FLOW8005 `shout` is an asynchronous function/,
  );
});

async function failureOf(flow: string, options: CompileOptions = {}): Promise<string> {
  try {
    await rowsOf(dir, flow, engine, options);
  } catch (e) {
    if (!(e instanceof RunError)) throw e;
    return `${e.code} ${e.message}${e.where.row === undefined ? '' : ` (row ${e.where.row})`}`;
  }
  return 'it did not fail';
}

test.after(async () => {
  for (const e of engines) await e.close();
});

test.run();
