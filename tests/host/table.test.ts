// Functions of the host language as sources of rows.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type CompileOptions, Engine, flow, lit, RunError, udf } from '../../index.ts';
import { CONFIGS } from '../e2e/harness.ts';
import { diagnosticsOf, folder, rowsOf } from './harness.ts';

const engines = CONFIGS.map((config) => new Engine(config));
const [engine] = engines as [Engine];

const dir = folder({
  'gen.ts': `
import * as fs from 'node:fs';
interface Num { id: bigint; square: number }
export function* numbers(n: number, from: number = 0): Generator<Num> {
  for (let i = from; i < from + n; i++) yield { id: BigInt(i), square: i * i };
}
export async function* pages(n: number): AsyncGenerator<{ page: number; text: string | null }> {
  for (let i = 1; i <= n; i++) yield { page: i, text: await Promise.resolve(i % 2 === 0 ? null : 'p' + i) };
}
export const listed = (words: string[]): { word: string; size: number }[] => words.map((word) => ({ word, size: word.length }));
export const later = async (n: number): Promise<{ k: number }[]> => Array.from({ length: n }, (_, k) => ({ k }));
export const single = (at: Date, n: bigint): { at: Date; n: bigint; kind: string } => ({ at, n, kind: typeof n });
export function* gaps(n: number): Generator<{ k: number } | null> { for (let k = 0; k < n; k++) yield k % 2 === 0 ? { k } : null; }
export function* wide(n: number): Generator<{ g: number; text: string }> {
  for (let i = 0; i < n; i++) yield { g: (i * 7919) % 1000, text: 'row number ' + i + ' of many, which has some text' };
}
export function* forever(log: string): Generator<{ k: number }> {
  let k = 0;
  try { for (;;) yield { k: k++ }; }
  finally { fs.appendFileSync(log, 'stopped after ' + k + '\\n'); }
}
export async function* foreverLater(log: string): AsyncGenerator<{ k: number }> {
  let k = 0;
  try { for (;;) yield { k: k++ }; }
  finally { await Promise.resolve(); fs.appendFileSync(log, 'stopped after ' + k + '\\n'); }
}
export function* echo(row: { k: number }): Generator<{ k: number }> {
  try { for (;;) yield row; }
  finally { fs.appendFileSync(new URL('./echo.log', import.meta.url), 'left '); }
}
export function* once(log: string): Generator<{ k: number }> {
  fs.appendFileSync(log, 'started\\n');
  for (let k = 0; k < 200_000; k++) yield { k: (k * 7919) % 200_000 };
}
export function* breaks(n: number): Generator<Num> {
  yield* numbers(n);
  throw new RangeError('no more than ' + n);
}
export function* wrong(log: string): Generator<Num> {
  try {
    yield* numbers(70_000);
    yield { id: 1.5 as never, square: 1 };
  } finally { fs.appendFileSync(log, 'ended\\n'); }
}
export function* stuck(): Generator<Num> { yield { id: 1n, square: 1 }; for (;;); }
export const throws = (n: number): Num[] => { throw new Error('not today'); };
export const twice = (x: number): number => x * 2;
export const untyped = (n: any): any => [{ a: typeof n, b: n }];
export const sumUp = { init: () => 0, add: (s: number, x: number) => s + x, merge: (a: number, b: number) => a + b, value: (s: number): number => s };
`,
  'plain.js': 'export function* count(n, step = 1) { for (let i = 0; i < n; i += step) yield { i, half: i / 2 }; }',
  'package.json': '{"type":"module"}',
});
const use = (names: string): string => `use { ${names} } from "./gen.ts"\n`;

async function same(text: string): Promise<string> {
  const texts = new Set<string>();
  for (const e of engines) texts.add(await rowsOf(dir, text, e));
  assert.is(texts.size, 1, text);
  return [...texts][0] ?? '';
}

test('generators, lists, promises and single rows are sources', async () => {
  assert.is(await same(`${use('numbers')}from numbers(10) | where id > 7`), 'id,square\n8,64.0\n9,81.0\n');
  assert.is(await same(`${use('numbers')}from numbers(2, 5) | select id`), 'id\n5\n6\n');
  assert.is(await same(`${use('numbers')}from numbers(0)`), 'id,square\n');
  assert.is(await same(`${use('pages')}from pages(3)`), 'page,text\n1.0,p1\n2.0,\n3.0,p3\n');
  assert.is(await same(`${use('listed')}from listed(["a", "żółw"])`), 'word,size\na,1.0\nżółw,4.0\n');
  assert.is(await same(`${use('later')}from later(2)`), 'k\n0.0\n1.0\n');
  assert.is(await same(`${use('gaps')}from gaps(5)`), 'k\n0.0\n2.0\n4.0\n');
  assert.is(
    await same(`${use('single')}from single("2024-05-01"::timestamp, 7)`),
    'at,n,kind\n2024-05-01T00:00:00Z,7,bigint\n',
  );
});

test('types of a use, of as, and of neither', async () => {
  const typed = 'use { count: (int, int) -> list<{ i: int, half: float }> } from "./plain.js"\n';
  assert.is(await same(`${typed}from count(3, 2)`), 'i,half\n0,0.0\n2,1.0\n');
  const js = 'use { count } from "./plain.js"\n';
  assert.is(await same(`${js}from count(3) as { i: int }`), 'i\n0\n1\n2\n');
  assert.is(await same(`${use('numbers')}from numbers(2) as { square: int, id: int }`), 'square,id\n0,0\n1,1\n');
  assert.is(await same(`${use('untyped')}from untyped("x") as { a: string, b: string }`), 'a,b\nstring,x\n');
});

test('arguments are constants over parameters; sources stand wherever a relation does', async () => {
  const text = `${use('numbers, pages as p')}
    param n: int = 3
    schema Num { id: int, square: float }
    let few = from numbers($n + 1) as Num
    from few | join left p($n) as q on id == q.page add q.text | select id, text | sort id
    from few | where id in (from numbers(2) | select id) | summarize s = sum(square)`;
  assert.is(await same(text), 'id,text\n0,\n1,p1\n2,\n3,p3\n\ns\n1.0\n');
  assert.is(await same(`${use('numbers')}from numbers(1) | union numbers(1, 9)`), 'id,square\n0,0.0\n9,81.0\n');
});

test('functions and rows of other files', async () => {
  const lib = folder({
    'gen.ts': fs.readFileSync(path.join(dir, 'gen.ts'), 'utf8'),
    'package.json': '{"type":"module"}',
    'lib.flow': 'use { numbers } from "./gen.ts"\nparam n: int = 2\nlet few = from numbers($n)\nfrom few',
  });
  const text = 'import { few, numbers as all } from "./lib.flow"\nfrom few | select id\nfrom all(1, 5)';
  assert.is(await rowsOf(lib, text, engine), 'id\n0\n1\n\nid,square\n5,25.0\n');
});

test('many rows: bounded memory, the same bytes, sorted, grouped, joined', async () => {
  const text = `${use('wide')}
    let rows = from wide(250000)
    from rows | summarize n = count(), last = max(text) by g | sort g | take 2
    from wide(250000) | sort g desc, text | take 1 | select g
    from wide(250000) | sort text | summarize n = count(), first = min(text)`;
  const row = 'of many, which has some text';
  assert.is(
    await same(text),
    `g,n,last\n0.0,250,"row number 99000 ${row}"\n1.0,250,"row number 99679 ${row}"\n\ng\n999.0\n\nn,first\n250000,"row number 0 ${row}"\n`,
  );
});

test('it runs once, and take stops it', async () => {
  for (const [k, e] of engines.entries()) {
    const log = (name: string): string => path.join(dir, `${name}${k}.log`);
    const read = (name: string): string => fs.readFileSync(log(name), 'utf8');
    const sorted = `${use('once')}let r = from once("${log('once')}")\nfrom r | sort k | take 1\nfrom r | summarize n = count()`;
    assert.is(await rowsOf(dir, sorted, e), 'k\n0.0\n\nn\n200000\n');
    assert.is(read('once'), 'started\n');
    assert.is(await rowsOf(dir, `${use('forever')}from forever("${log('a')}") | take 3`, e), 'k\n0.0\n1.0\n2.0\n');
    assert.is(read('a'), 'stopped after 3\n');
    const some = `from foreverLater("${log('b')}") | where k % 2 == 1 | take 2`;
    assert.is(await rowsOf(dir, `${use('foreverLater')}${some}`, e), 'k\n1.0\n3.0\n');
    assert.match(read('b'), /^stopped after \d+\n$/);
    assert.is(
      await rowsOf(dir, `${use('forever')}from forever("${log('c')}") | skip 70000 | take 1`, e),
      'k\n70000.0\n',
    );
    assert.is(read('c'), 'stopped after 70001\n');
    assert.is(await rowsOf(dir, `${use('later, echo')}from later(1) | map echo | take 1`, e), 'k\n0.0\n');
    assert.is(fs.readFileSync(path.join(dir, 'echo.log'), 'utf8'), 'left '.repeat(k + 1));
    assert.is(await rowsOf(dir, `${use('forever')}from forever("${log('d')}") | take 0`, e), 'k\n');
  }
});

test('failures name the function, its line, and the row', async () => {
  const of = (name: string, rest: string, options: CompileOptions = {}): Promise<string> =>
    failureOf(`${use(name)}from ${name}${rest}`, options);
  assert.match(
    await of('breaks', '(70000)'),
    /^FLOW7017 breaks\(70000\) failed at \.\/gen\.ts:\d+: RangeError: no more than 70000 \(row 70001\)$/,
  );
  assert.match(await of('throws', '(1)'), /^FLOW7017 throws\(1\) failed at \.\/gen\.ts:\d+: Error: not today$/);
  const log = path.join(dir, 'wrong.log');
  assert.is(
    (await of('wrong', `("${log}")`)).replace(log, 'LOG'),
    'FLOW7018 wrong("LOG") (./gen.ts) gave 1.5 for id, which is not of the type int (row 70001)'.replace(
      'wrong("LOG")',
      'wrong("LOG")',
    ),
  );
  assert.is(fs.readFileSync(log, 'utf8'), 'ended\n');
  assert.is(
    await of('pages', '(2) as { page: int, text: string }'),
    'FLOW7018 pages(2) (./gen.ts) gave null for text, which is not of the type string (row 2)',
  );
  assert.is(
    await of('listed', '(["a"]) as { word: string, size: string }'),
    "FLOW7018 listed([ 'a' ]) (./gen.ts) gave 1 for size, which is not of the type string (row 1)",
  );
  assert.match(await of('stuck', '()', { udf: { timeout: 300 } }), /^FLOW7014 /);
});

test('mistakes are told before anything runs', async () => {
  const told = async (text: string, options: CompileOptions = {}): Promise<string> =>
    (await diagnosticsOf(dir, text, options))
      .map((d) => `${d.code} ${d.message} ${d.suggestion?.text ?? ''}`.trim())
      .join('\n');
  const of = (rest: string): Promise<string> => told(`${use('numbers, twice, untyped, sumUp')}from ${rest}`);
  assert.is(await of('numbers(1) | select id'), '');
  assert.match(await of('nubmers(1)'), /^FLOW\d+ .*`nubmers`.* did you mean `numbers`\?$/);
  assert.match(await of('numbers()'), /^FLOW\d+ .*takes 1 to 2 arguments, not 0$/);
  assert.match(await of('numbers(1, 2, 3)'), /takes 1 to 2 arguments, not 3$/);
  assert.match(await of('numbers("x")'), /^FLOW3001 `n` of numbers is float, and this is string/);
  assert.match(await of('numbers(null)'), /^FLOW3001 .*null/);
  assert.match(await of('numbers(n: 1)'), /takes its arguments in order, without names/);
  assert.match(await of('numbers(id)'), /^FLOW\d+ .*`id`/);
  assert.match(
    await of('twice(1)'),
    /^FLOW8005 `twice` is a function that gives float, which cannot stand as a source/,
  );
  assert.match(await of('sumUp(1)'), /^FLOW8005 `sumUp` is an aggregate, which cannot stand as a source/);
  assert.match(await of('untyped(1)'), /^FLOW8004 /);
  assert.match(await of('numbers(1) | where squre > 1'), /^FLOW2002 .*did you mean `square`/);
  assert.match(await of('numbers(1) as int'), /^FLOW\d+ /);
  const none = 'use { gone } from "./none.ts"\nfrom gone(1)';
  assert.match(await told(none), /^FLOW\d+ [^\n]*none\.ts[^\n]*$/);
  assert.match(await told(`${use('numbers')}from numbers(1)`, { udf: false }), /^FLOW\d+ [^\n]*$/);
});

test('from TypeScript', async () => {
  const letters = udf(function* letters(n: number) {
    for (let i = 0; i < n; i++) yield { letter: String.fromCharCode(97 + i) };
  }, '(int) -> list<{ letter: string }>');
  const pages = udf(new URL(`file://${dir}/gen.ts`), 'pages');
  const options = { engine, cwd: dir };
  const rows = await flow(letters(lit(3)))
    .where('letter > "a"')
    .collect(options);
  assert.equal(
    rows.map((row) => row['letter']),
    ['b', 'c'],
  );
  const stated = await flow(pages(lit(2)), { page: 'int' }).collect(options);
  assert.equal(
    stated.map((row) => row['page']),
    [1, 2],
  );
  assert.throws(() => flow(lit(3)), /a call of a `udf`/);
});

async function failureOf(text: string, options: CompileOptions): Promise<string> {
  try {
    await rowsOf(dir, text, engine, options);
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
