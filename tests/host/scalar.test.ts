// Functions of the host language in expressions: values and types at the border, nulls, dictionaries, every place of an expression.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine } from '../../index.ts';
import { CONFIGS } from '../e2e/harness.ts';
import { diagnosticsOf, folder, rowsOf } from './harness.ts';

const engines = CONFIGS.map((config) => new Engine(config));
const [engine] = engines as [Engine];

const GEO = `
import { rad } from './lib/rad.ts';
export function haversine(lat1: number, lon1: number, lat2: number, lon2: number): number {
  const s = (x: number): number => Math.sin(x / 2) ** 2;
  return 12742 * Math.asin(Math.sqrt(s(rad(lat2 - lat1)) + Math.cos(rad(lat1)) * Math.cos(rad(lat2)) * s(rad(lon2 - lon1))));
}
`;
const geo = folder({
  'geo.ts': GEO,
  'lib/rad.ts': 'export const rad = (deg: number): number => (deg * Math.PI) / 180;',
  'points.csv': 'id,lat,lon\n1,52.5,13.4\n2,48.8,2.3\n3,,5\n4,40.7,-74\n',
});

test('a TypeScript module that imports another, with types of its annotations', async () => {
  const flow = `use { haversine } from "./geo.ts"
    from csv("points.csv") | derive km = round(haversine(lat, lon, 52.5, 13.4), 1) | select id, km`;
  for (const e of engines) assert.is(await rowsOf(geo, flow, e), 'id,km\n1,0.0\n2,882.8\n3,\n4,6386.3\n');
});

/** One row with a value of every type, and a function that shows what it is given. */
const types = folder({
  'x.csv': 'k\n1\n',
  'f.mjs': `
    export const show = (x) => x === null ? 'null' : typeof x + ' ' + (x instanceof Date ? x.toISOString() : x instanceof Uint8Array ? [...x].join() : typeof x === 'object' ? JSON.stringify(x) : String(x));
    export const same = (x) => x;
  `,
});

for (const [type, value, shown] of [
  ['bool', 'true', 'boolean true'],
  ['int', '42', 'number 42'],
  ['int', '9_007_199_254_740_993', 'bigint 9007199254740993'],
  ['float', '0.5', 'number 0.5'],
  ['decimal(6, 2)', '"12.50"::decimal(6, 2)', 'string 12.50'],
  ['string', '"h\\u00e9"', 'string hé'],
  ['bytes', '"ab"::bytes', 'object 97,98'],
  ['date', '@2024-05-01', 'object 2024-05-01T00:00:00.000Z'],
  ['timestamp', '@2024-05-01T12:00:00.5Z', 'object 2024-05-01T12:00:00.500Z'],
  ['time', '@12:30', 'string 12:30:00'],
  ['interval', '90d', 'string 90d'],
  ['list<int?>', '[1, null]', 'object [1,null]'],
  ['{ a: int, b: string? }', '{ a: 1, b: "x" }', 'object {"a":1,"b":"x"}'],
  ['json', '"[1]"::json', 'string [1]'],
] as const) {
  test(`a ${type} goes in as ${shown} and comes back`, async () => {
    const flow = `use { show: (${type}?) -> string, same: (${type}?) -> ${type}? } from "./f.mjs"
      from csv("x.csv") | derive v = case when k > 0 then ${value} end
      | select a = show(v), b = same(v) is v, c = same(case when k > 1 then v end) is null, d = show(case when k > 1 then v end)`;
    const quoted = /[",]/.test(shown) ? `"${shown.replaceAll('"', '""')}"` : shown;
    assert.is(await rowsOf(types, flow, engine), `a,b,c,d\n${quoted},true,true,null\n`);
  });
}

test('what comes back may be written in several ways, and loses nothing', async () => {
  const dir = folder({
    'x.csv': 'k\n1\n',
    'f.js': `
      export const i = () => 7n;
      export const f = () => 3n;
      export const d = () => 0.1 + 0.2;
      export const d2 = () => '12.5';
      export const day = () => '2024-05-01';
      export const at = () => '2024-05-01T12:00:00.123456Z';
      export const list = () => Float64Array.of(1, 2);
      export const map = () => new Map([['a', 1], ['b', null]]);
      export const obj = () => ({ a: 1, extra: true });
      export const js = () => ({ a: [1, null] });
      export const zero = () => -0;`,
    'package.json': '{"type":"module"}',
  });
  const flow = `use { i: () -> int, f: () -> float, d: () -> decimal(6, 2), d2: () -> decimal(6, 2), day: () -> date, at: () -> timestamp,
      list: () -> list<float>, map: () -> map<string, int?>, obj: () -> { a: int, b: int? }, js: () -> json, zero: () -> int } from "./f.js"
    from csv("x.csv") | select i = i(), f = f(), d = d(), d2 = d2(), day = day(), at = at(), list = list()::string, map = map()::string, obj = obj()::string, js = js()::string, z = 1.0 / zero()`;
  assert.is(
    await rowsOf(dir, flow, engine),
    'i,f,d,d2,day,at,list,map,obj,js,z\n7,3.0,0.30,12.50,2024-05-01,2024-05-01T12:00:00.123456Z,"[1,2]","{""a"":1,""b"":null}","{""a"":1,""b"":null}","{""a"":[1,null]}",inf\n',
  );
});

test('nulls: not called where a parameter takes none, called where it does', async () => {
  const dir = folder({
    'x.csv': 'a,b\n1,2\n,3\n4,\n',
    'f.ts': `
      export function strict(a: number, b: number): number { if (a === null || b === null) throw new Error('called'); return a + b; }
      export function loose(a: number | null, b: number): string { return a + '/' + b; }
      export function none(a: number): number | undefined { return a > 1 ? undefined : a; }`,
  });
  const flow = `use { strict, loose, none } from "./f.ts"
    from csv("x.csv") | select s = strict(a, b), l = loose(a, b), n = none(a)`;
  assert.is(await rowsOf(dir, flow, engine), 's,l,n\n3.0,1/2,1.0\n,null/3,\n,,\n');
});

test('in every place of an expression, and only where it is needed', async () => {
  const dir = folder({
    'x.csv': 'k,s\n1,b\n2,a\n3,b\n4,c\n5,a\n',
    'f.ts': `
      export const up = (s: string): string => s.toUpperCase();
      export const odd = (k: number): boolean => { if (k === 4) throw new Error('four'); return k % 2 === 1; };
      export const neg = (k: number): number => -k;`,
  });
  const flow = `use { up, odd, neg } from "./f.ts"
    let t = from csv("x.csv") | where k != 4 and odd(k) | remove up(s) == "C"
    from t | summarize n = count(), m = max(neg(k)) by u = up(s) | sort u
    from csv("x.csv") | sort neg(k) | take 2 | derive v = if(k == 4, false, odd(k))
    from t | join inner csv("x.csv") as b on up(s) == up(b.s) and neg(k) != neg(b.k) add other = b.k | sort k, other`;
  const expected = 'u,n,m\nA,1,-5.0\nB,2,-1.0\n\nk,s,v\n5,a,true\n4,c,false\n\nk,s,other\n1,b,3\n3,b,1\n5,a,2\n';
  for (const e of engines) assert.is(await rowsOf(dir, flow, e), expected);
});

test('many rows, through dictionaries, wide integers and both kinds of memory', async () => {
  const lines = ['k,s,big'];
  for (let i = 0; i < 200_000; i++)
    lines.push(`${i},${['x', 'yy', 'zzz', ''][i % 4]},${i === 150_000 ? '9007199254740999' : i}`);
  const dir = folder({
    'x.csv': `${lines.join('\n')}\n`,
    'f.ts': `
      export const len = (s: string | null): number => s === null ? -1 : s.length;
      export const next = (k: bigint): bigint => k + 1n;
      export const half = (k: number): number => k / 2;`,
  });
  const flow = `use { len, next, half } from "./f.ts"
    from csv("x.csv", nulls: [""]) | summarize n = sum(len(s)), b = sum(next(big)), h = sum(half(k)) by g = k % 3 | sort g`;
  const texts = new Set<string>();
  for (const e of engines) texts.add(await rowsOf(dir, flow, e));
  const sums = [0, 0, 0];
  for (let i = 0; i < 200_000; i++) sums[i % 3] = (sums[i % 3] as number) + ([1, 2, 3, -1][i % 4] as number);
  assert.is(texts.size, 1);
  const [text] = texts;
  const rows = (text ?? '')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
  assert.equal(
    rows.map((row) => Number(row[1])),
    sums,
  );
  assert.is(
    rows.reduce((n, row) => n + BigInt(row[2] ?? 0), 0n),
    (199_999n * 200_000n) / 2n + 200_000n + 9007199254740999n - 150_000n,
  );
});

test('setup runs before the first call, once on a worker', async () => {
  const dir = folder({
    'x.csv': `k\n${Array.from({ length: 50 }, (_, i) => i).join('\n')}\n`,
    'f.ts': `
      let table: Map<number, string> | null = null;
      let setups = 0;
      export async function setup(): Promise<void> { await new Promise((r) => setTimeout(r, 5)); setups++; table = new Map([[1, 'one']]); }
      export const name = (k: number): string => (table as Map<number, string>).get(k) ?? String(setups);`,
  });
  const flow = 'use { name } from "./f.ts"\nfrom csv("x.csv") | summarize n = count() by v = name(k) | sort v';
  assert.is(await rowsOf(dir, flow, engine), 'v,n\n1,49\none,1\n');
});

test('a changed module is loaded anew by an engine that is kept', async () => {
  const dir = folder({ 'x.csv': 'k\n1\n', 'f.ts': 'export const f = (k: number): number => k;' });
  const flow = 'use { f } from "./f.ts"\nfrom csv("x.csv") | select v = f(k)';
  assert.is(await rowsOf(dir, flow, engine), 'v\n1.0\n');
  const { writeFileSync } = await import('node:fs');
  writeFileSync(`${dir}/f.ts`, 'export const f = (k: number): number => k * 10;');
  assert.is(await rowsOf(dir, flow, engine), 'v\n10.0\n');
});

test('names, types and arguments are checked before anything runs', async () => {
  const dir = folder({
    'x.csv': 'k,s\n1,a\n',
    'f.ts': `
      export const f = (k: number, n?: number): number => k;
      export const any = (k: any): number => k;
      export const agg = { init() { return 0; }, add(s: number, x: number): number { return s + x; }, merge(a: number, b: number): number { return a + b; }, value(s: number): number { return s; } };`,
    'f.txt': '',
  });
  const codes = async (use: string, e = '1'): Promise<string[]> =>
    (await diagnosticsOf(dir, `${use}\nfrom csv("x.csv") | derive v = ${e}`)).map((d) => `${d.code} ${d.message}`);
  assert.equal(await codes('use { f } from "./f.ts"', 'f(k)'), []);
  assert.equal(await codes('use { f } from "./f.ts"', 'f("a")'), ['FLOW3001 `k` of f is float, and this is string']);
  assert.equal(await codes('use { f } from "./f.ts"', 'f(1, 2, 3)'), ['FLOW3011 f takes 1 to 2 arguments, not 3']);
  assert.equal(await codes('use { f } from "./f.ts"', 'f(k: 1)'), [
    'FLOW3011 f takes its arguments in order, without names',
  ]);
  assert.equal(await codes('use { any } from "./f.ts"', 'any(k)'), [
    'FLOW8004 the types of `any` are not known: "./f.ts" does not state all of them',
  ]);
  assert.equal(await codes('use { any: (int) -> int } from "./f.ts"', 'any(k)'), []);
  assert.equal(await codes('use { g } from "./f.ts"', 'g(k)'), ['FLOW8002 "./f.ts" has no `g`']);
  assert.equal(await codes('use { f } from "./g.ts"', 'f(k)'), ['FLOW8001 "./g.ts" is not there']);
  assert.equal(await codes('use { f } from "./f.txt"'), [
    'FLOW8001 "./f.txt" is no module: its name ends in .js, .mjs, .ts or .mts',
  ]);
  assert.match((await codes('use { agg } from "./f.ts"', 'agg(k)')).join(), /^FLOW3007 agg is an aggregate/);
  const forbidden = await diagnosticsOf(dir, 'use { f } from "./f.ts"\nfrom csv("x.csv") | derive v = f(k)', {
    udf: false,
  });
  assert.equal(
    forbidden.map((d) => d.code),
    ['FLOW8003'],
  );
  const asked = await diagnosticsOf(dir, 'use { any as x } from "./f.ts"\nfrom csv("x.csv") | derive v = x(k)');
  assert.is(asked[0]?.suggestion?.replacement, 'any as x: (float) -> float');
});

test.after(async () => {
  for (const e of engines) await e.close();
});

test.run();
