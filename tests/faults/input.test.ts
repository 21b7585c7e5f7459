import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { codesIn, Place } from './support.ts';

const PARQUET = fileURLToPath(new URL('../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url));

interface Case {
  readonly name: string;
  /** Files to make. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly flow: string;
  readonly args?: readonly string[];
  readonly exit: 1 | 2;
  readonly codes: readonly string[];
  /** What the message must say: what, where, what to do. */
  readonly says: readonly (string | RegExp)[];
}

const rows = Array.from({ length: 20_000 }, (_, i) => `${i},name ${i % 97}`).join('\n');

const CASES: readonly Case[] = [
  {
    name: 'a missing file',
    files: { 'orders.csv': 'a\n1\n' },
    flow: 'from csv("order.csv")',
    exit: 2,
    codes: ['FLOW5001'],
    says: ['order.csv', 'orders.csv'],
  },
  { name: 'a folder', flow: 'from csv("spill")', exit: 2, codes: ['FLOW5001'], says: ['is a folder', 'spill/*'] },
  {
    name: 'an empty file',
    files: { 'e.csv': '' },
    flow: 'from csv("e.csv")',
    exit: 2,
    codes: ['FLOW5001'],
    says: ['e.csv', 'is empty'],
  },
  {
    name: 'ragged rows',
    files: { 'r.csv': 'a,b\n1,2\n3\n4,5,6\n' },
    flow: 'from csv("r.csv") | write csv("out.csv")',
    exit: 1,
    codes: ['FLOW7003'],
    says: ['r.csv', 'row 2', 'on_error'],
  },
  {
    name: 'a bad number under a declared type',
    files: { 'n.csv': `id,name\n${rows}\nx1,last\n` },
    flow: 'from csv("n.csv") as { id: int, name: string } | summarize s = sum(id) | write csv("out.csv")',
    exit: 1,
    codes: ['FLOW7004'],
    says: ['n.csv', 'row 20,001', 'column id', '"x1"', 'int'],
  },
  {
    name: 'a value that does not convert in a step',
    files: { 'c.csv': 'code\n1\n2\nthree\n' },
    flow: 'from csv("c.csv") as { code: string } | derive n = code::int | write csv("out.csv")',
    exit: 1,
    codes: ['FLOW7004'],
    says: ['three', 'int', /derive|code::int/],
  },
  {
    name: 'a truncated gzip',
    files: { 'z.csv.gz': gzipSync(`id,name\n${rows}\n`).subarray(0, 30_000) },
    flow: 'from csv("z.csv.gz") as { id: int, name: string } | summarize n = count() | write csv("out.csv")',
    exit: 1,
    codes: ['FLOW7003'],
    says: ['z.csv.gz', 'gzip', 'rows were read'],
  },
  {
    name: 'a file that is no Parquet',
    files: { 'p.parquet': 'hello, this is text\n'.repeat(10) },
    flow: 'from parquet("p.parquet")',
    exit: 2,
    codes: ['FLOW5001'],
    says: ['p.parquet', 'Parquet'],
  },
  {
    name: 'a bad line of NDJSON',
    files: { 'l.ndjson': '{"a": 1}\n{"a": 2\n{"a": 3}\n' },
    flow: 'from ndjson("l.ndjson") as { a: int }',
    exit: 1,
    codes: ['FLOW7003'],
    says: ['l.ndjson', /line 2|row 2/],
  },
  {
    name: 'a binary file as CSV',
    files: { 'b.csv': Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256) },
    flow: 'from csv("b.csv")',
    exit: 2,
    codes: ['FLOW5001'],
    says: ['b.csv'],
  },
  {
    name: 'a damaged model',
    files: { 'm.json': '{"format":"flowc-model","version":1}', 'd.csv': 'a\n1\n' },
    flow: 'from csv("d.csv") | predict model("m.json") as p',
    exit: 2,
    codes: ['FLOW5001'],
    says: ['m.json', 'model'],
  },
  {
    name: 'an unknown column',
    files: { 'd.csv': 'price,n\n1,2\n' },
    flow: 'from csv("d.csv") | derive x = prise * 2',
    exit: 2,
    codes: ['FLOW2002'],
    says: ['prise', 'price', 'job.flow:1:'],
  },
  {
    name: 'an unknown verb',
    files: { 'd.csv': 'price,n\n1,2\n' },
    flow: 'from csv("d.csv") | wher price > 1',
    exit: 2,
    codes: ['FLOW1104'],
    says: ['wher', 'where'],
  },
  {
    name: 'a type error',
    files: { 'd.csv': 'price,n\n1,2\n' },
    flow: 'from csv("d.csv") | where price > "x"',
    exit: 2,
    codes: ['FLOW3003'],
    says: ['int', 'string'],
  },
  {
    name: 'several mistakes at once',
    files: { 'd.csv': 'price,n\n1,2\n' },
    flow: 'from csv("d.csv")\n| derive x = prise * 2\n| sort nn\n| take 3',
    exit: 2,
    codes: ['FLOW2002', 'FLOW2002'],
    says: ['prise', 'nn'],
  },
  {
    name: 'a spill folder that is a file',
    files: { 'd.csv': 'a\n1\n', plain: '' },
    flow: 'from csv("d.csv")',
    args: ['--spill-dir', 'plain'],
    exit: 1,
    codes: ['FLOW7008'],
    says: ['plain', 'not a directory', '--spill-dir'],
  },
  {
    name: 'a memory limit that is too small',
    files: { 'd.csv': 'a\n1\n' },
    flow: 'from csv("d.csv")',
    args: ['--memory', '1MB'],
    exit: 1,
    codes: ['FLOW7007'],
    says: ['--memory', '16'],
  },
  {
    name: 'an output that is a folder',
    files: { 'd.csv': 'a\n1\n' },
    flow: 'from csv("d.csv") | write csv("spill")',
    exit: 1,
    codes: ['FLOW7006'],
    says: ['spill', 'folder'],
  },
  {
    name: 'an output below a file',
    files: { 'd.csv': 'a\n1\n', plain: '' },
    flow: 'from csv("d.csv") | write csv("plain/out.csv")',
    exit: 1,
    codes: ['FLOW7006'],
    says: ['plain/out.csv', 'folder'],
  },
];

for (const c of CASES) {
  test(c.name, async () => {
    const place = new Place();
    for (const [name, content] of Object.entries(c.files ?? {})) place.file(name, content);
    place.file('out.csv', 'what was there before');
    const r = await place.run(c.flow, c.args);
    assert.is(r.code, c.exit, r.stderr);
    assert.equal(codesIn(r.stderr), c.codes, r.stderr);
    for (const s of c.says)
      assert.ok(
        typeof s === 'string' ? r.stderr.includes(s) : s.test(r.stderr),
        `${String(s)} is not in:\n${r.stderr}`,
      );
    assert.not.match(r.stderr, /\n {4}at /, 'no stack trace');
    assert.is(fs.readFileSync(path.join(place.dir, 'out.csv'), 'utf8'), 'what was there before');
    assert.equal(place.leftovers(), []);
  });
}

if (fs.existsSync(PARQUET)) {
  test('a truncated Parquet', async () => {
    const place = new Place();
    place.file('t.parquet', fs.readFileSync(PARQUET).subarray(0, 3_000_000));
    const r = await place.run('from parquet("t.parquet") | summarize n = count()');
    assert.is(r.code, 2);
    assert.equal(codesIn(r.stderr), ['FLOW5001']);
    assert.match(r.stderr, /t\.parquet.*cut off/);
  });

  test('a Parquet with damaged pages', async () => {
    const place = new Place();
    const bytes = Buffer.from(fs.readFileSync(PARQUET));
    bytes.fill(0x5a, 100_000, 1_400_000);
    place.file('t.parquet', bytes);
    const r = await place.run(
      'from parquet("t.parquet") | summarize d = sum(delay), o = count_distinct(origin) | write csv("out.csv")',
    );
    assert.is(r.code, 1, r.stderr);
    assert.equal(codesIn(r.stderr), ['FLOW7003'], r.stderr);
    assert.match(r.stderr, /t\.parquet/);
    assert.equal(place.leftovers(), []);
  });
} else console.log('# skip: vega-datasets is not installed, no Parquet file to damage');

test('rows left out on request are counted', async () => {
  const place = new Place();
  place.file('r.csv', 'a,b\n1,2\n3\nx,6\n7,8\n');
  const r = await place.run('from csv("r.csv", on_error: "reject") as { a: int, b: int } | summarize n = count()');
  assert.is(r.code, 0, r.stderr);
  assert.match(r.stdout, /│ 2 │/);
  assert.match(r.stderr, /left out 2 rows/);
});

test.run();
