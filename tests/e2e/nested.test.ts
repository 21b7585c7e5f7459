// Nested and less common types through every operator, out of core, and through every format.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runText } from '../../index.ts';
import { runEverywhere, tempDir } from './harness.ts';

const dir = tempDir();
const ROWS = 12_000;

interface Row {
  readonly id: number;
  readonly l: readonly (string | null)[] | null;
  readonly st: { readonly a: number; readonly b: string; readonly c: readonly (number | null)[] } | null;
  readonly m: Readonly<Record<string, number | null>>;
}

const rows = Array.from(
  { length: ROWS },
  (_, id): Row => ({
    id,
    l: id % 7 === 0 ? null : Array.from({ length: id % 5 }, (__, k) => (k === 3 ? null : `t${(id * 3 + k) % 11}ü`)),
    st: id % 13 === 0 ? null : { a: id % 10, b: `x${id % 4}`, c: [id % 3, null] },
    m: { [`k${id % 3}`]: id % 5, z: null },
  }),
);
const file = path.join(dir, 'rows.ndjson');
fs.writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));

const from = `from ndjson("${file}") as { id: int, l: list<string?>?, st: { a: int, b: string, c: list<int?> }?, m: map<string, int?> }`;
/** Values of every type, made by expressions, so that their columns have the forms that expressions give them. */
const typed = `${from}
  | derive iv = if(id % 3 == 0, null::interval, if(id % 2 == 0, 1mo2d, 5h)), t = if(id % 2 == 0, @12:30:00, @01:00), b = st.b::bytes,
      z = if(id % 2 == 0, (@2024-01-01 + 1d)::timestamp("Europe/Paris"), null), d = st.a::decimal(30, 2)
  | derive x = { s: st.b, k: "same", up: upper(st.b), l: [st.b, "q"], iv: iv, t: t, b: b, z: z, d: d, f: list_transform(l, v => { v: v, i: id % 4 }) }`;

const key = (v: unknown): string => JSON.stringify(v);
const groups = (of: (r: Row) => unknown): Map<string, number> => {
  const out = new Map<string, number>();
  for (const r of rows) out.set(key(of(r)), (out.get(key(of(r))) ?? 0) + 1);
  return out;
};
const first = (text: string | undefined): string => (text as string).split('\n')[1] ?? '';

test('lists, structs and maps as keys of groups, of distinct, of joins', async () => {
  const right = `(${from} | where id < 60 | distinct l | select l2 = l, s2 = st, m2 = m, id2 = id)`;
  const { results } = await runEverywhere(`
    ${from} | summarize n = count(), f = first(st), ls = count(distinct l) by m, st | summarize g = count(), n = sum(n), most = max(n)
    ${from} | summarize n = count() by l | sort l | select n, l
    ${from} | select l, st | distinct | summarize n = count()
    ${from} | select l, m | union distinct (${from} | select l, m) | summarize n = count()
    ${from} | join inner ${right} as r on l == r.l2 add r.s2, r.id2 | summarize n = count(), s = sum(id2), k = count(s2)
    ${from} | join left (${from} | where id < 60 | distinct st | select s2 = st, m2 = m) as r on st == r.s2 matching at most one add r.m2 | summarize n = count(), k = count(m2)
    ${from} | join semi (${from} | where id < 2) as r on m == r.m | summarize n = count()
  `);
  const both = groups((r) => [r.m, r.st]);
  assert.is(first(results[0]), `${both.size},${ROWS},${Math.max(...both.values())}`);
  const lists = groups((r) => r.l);
  const seen = (results[1] as string).trimEnd().split('\n').slice(1);
  assert.is(seen.length, lists.size);
  assert.equal(
    seen.map((line) => Number(line.split(',')[0])).sort((a, b) => a - b),
    [...lists.values()].sort((a, b) => a - b),
  );
  assert.is(seen.at(-1), `${lists.get('null')},`, 'nulls last');
  assert.is(first(results[2]), String(groups((r) => [r.l, r.st]).size));
  assert.is(first(results[3]), String(groups((r) => [r.l, r.m]).size));
  const firsts = new Map<string, Row>();
  for (const r of rows.slice(0, 60)) if (!firsts.has(key(r.l))) firsts.set(key(r.l), r);
  const joined = rows.filter((r) => r.l !== null && firsts.has(key(r.l))).map((r) => firsts.get(key(r.l)) as Row);
  assert.is(
    first(results[4]),
    [joined.length, joined.reduce((s, r) => s + r.id, 0), joined.filter((r) => r.st !== null).length].join(','),
  );
  const structs = new Set(rows.slice(0, 60).map((r) => key(r.st)));
  assert.is(first(results[5]), `${ROWS},${rows.filter((r) => r.st !== null && structs.has(key(r.st))).length}`);
  assert.is(first(results[6]), String(rows.filter((r) => [0, 1].some((id) => key(rows[id]?.m) === key(r.m))).length));
});

test('sorts by lists and structs, and carries them through the runs', async () => {
  const { results } = await runEverywhere(`
    ${from} | sort l desc nulls first, st, id | select id, l, st, m
    ${typed} | sort x.l, x.iv, x.b desc, x.z, x.t, id desc | select id, x
    ${typed} | derive y = { d: d, s: [x.up] } | sort y, id | select id, y | take 2000
  `);
  const text = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
  const last = <V>(a: V | null, b: V | null, compare: (a: V, b: V) => number): number =>
    a === null || b === null ? Number(a === null) - Number(b === null) : compare(a, b);
  const listwise =
    <V>(compare: (a: V, b: V) => number) =>
    (a: readonly (V | null)[], b: readonly (V | null)[]): number => {
      for (let k = 0; k < Math.min(a.length, b.length); k++) {
        const d = last(a[k] as V | null, b[k] as V | null, compare);
        if (d !== 0) return d;
      }
      return a.length - b.length;
    };
  const number = (a: number, b: number): number => a - b;
  const byStruct = (a: NonNullable<Row['st']>, b: NonNullable<Row['st']>): number =>
    a.a - b.a || text(a.b, b.b) || listwise(number)(a.c, b.c);
  const wanted = [...rows].sort((a, b) => -last(a.l, b.l, listwise(text)) || last(a.st, b.st, byStruct) || a.id - b.id);
  const ids = (results[0] as string)
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => Number(line.split(',')[0]));
  assert.equal(
    ids,
    wanted.map((r) => r.id),
  );
});

test('every type is grouped, compared and kept', async () => {
  const { results } = await runEverywhere(`
    ${typed} | summarize n = count(), x = first(x), ivs = count(distinct iv), bs = count(distinct b) by t, z | sort t, z | select t, z, n, ivs, bs
    ${typed} | summarize n = count() by iv, b | summarize g = count(), n = sum(n)
    ${typed} | join semi (${typed} | where id in [1, 2]) as r on x.iv == r.iv and x.t == r.t | summarize n = count(), least = min(t), top = max(b), late = max(z), far = last(d)
    ${typed} | distinct x | summarize n = count()
    ${typed} | where x.z == @2024-01-01T23:00:00Z and x.t > @12:00 and x.b is not null and x.iv == 1mo2d | summarize n = count()
  `);
  const even = rows.filter((r) => r.id % 2 === 0);
  assert.equal((results[0] as string).trimEnd().split('\n').slice(1), [
    `01:00:00,,${ROWS - even.length},1,2`,
    `12:30:00,2024-01-02T00:00:00+01:00,${even.length},1,2`,
  ]);
  const spans = (r: Row): unknown => [r.id % 3 === 0 ? null : r.id % 2, r.st?.b];
  assert.is(first(results[1]), `${groups(spans).size},${ROWS}`);
  assert.is(first(results[4]), String(even.filter((r) => r.id % 3 !== 0 && r.st !== null).length));
});

for (const format of ['parquet', 'arrow', 'ndjson', 'json', 'csv']) {
  test(`written as ${format} and read again`, async () => {
    const out = path.join(dir, `out.${format}`);
    const interval = format === 'parquet' ? 'x = struct_insert(x, "iv", iv::string), iv = iv::string' : 'iv = iv';
    const iv = format === 'parquet' ? 'string' : 'interval';
    await runText(
      `${typed} | select id, l, st, m, x, iv, t, b, z, d | derive ${interval} | sort id desc | write ${format}("${out}")`,
      {
        workers: 2,
        memory: 32 << 20,
      },
    );
    const struct = `{ s: string?, k: string, up: string?, l: list<string?>, iv: ${iv}?, t: time?, b: bytes?, z: timestamp("Europe/Paris")?, d: decimal(30, 2)?, f: list<{ v: string?, i: int }?>? }`;
    const as = `as { id: int, l: list<string?>?, st: { a: int, b: string, c: list<int?> }?, m: map<string, int?>, x: ${struct}, iv: ${iv}?, t: time?, b: bytes?, z: timestamp("Europe/Paris")?, d: decimal(30, 2)? }`;
    const select =
      'sort id | select id, l, st, m, x = { s: x.s, k: x.k, up: x.up, l: x.l, iv: x.iv, t: x.t, b: x.b, z: x.z, d: x.d, f: x.f }, iv, t, b, z, d';
    const [before, after] = await Promise.all(
      [`${typed} | derive ${interval} | ${select}`, `from ${format}("${out}") ${as} | ${select}`].map(async (text) => {
        const { results } = await runText(text, { workers: 2, memory: 64 << 20 });
        return results[0]?.rows;
      }),
    );
    assert.is(before?.length, ROWS);
    assert.equal(after?.slice(0, 50), before?.slice(0, 50));
    assert.is(JSON.stringify(after), JSON.stringify(before));
  });
}

test('of a struct in a file, some fields may be declared, in any order and wider', async () => {
  for (const format of ['parquet', 'arrow', 'ndjson']) {
    const out = path.join(dir, `part.${format}`);
    await runText(`${from} | take 100 | write ${format}("${out}")`, { workers: 1 });
    const read = `from ${format}("${out}") as { st: { c: list<float?>, a: int }?, id: int } | select id, a = st.a, c = st.c`;
    const { results } = await runText(read, { workers: 1 });
    assert.equal(
      results[0]?.rows.map((r) => ({ ...r })),
      rows.slice(0, 100).map((r) => ({ id: r.id, a: r.st?.a ?? null, c: r.st === null ? null : [...r.st.c] })),
    );
  }
  const missing = `from parquet("${path.join(dir, 'part.parquet')}") as { st: { zz: int }? }`;
  await runText(missing, { workers: 1 }).then(
    () => assert.unreachable(),
    (e: unknown) => assert.match(String(e), /declared as \{ zz: int \}/),
  );
});

test('what is exploded and put together again is what it was', async () => {
  const { results } = await runEverywhere(`
    ${from} | explode l as item, range(length(l)) as at | summarize l = list({ v: item }) by id | derive l = list_transform(l, e => e.v)
    | join inner (${from} | select id, whole = l) as w on id == w.id matching one add w.whole
    | summarize n = count(), same = count_if(l is whole)
  `);
  const filled = rows.filter((r) => r.l !== null && r.l.length > 0).length;
  assert.is(first(results[0]), `${filled},${filled}`);
});

test.run();
