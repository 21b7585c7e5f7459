// import, pipe functions, and both together: what is brought in, what runs, whose names an expression means, and errors in several files.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DiagnosticsError, Engine, runFile } from '../../index.ts';
import { diagnosticsOf, folder, rowsOf } from './harness.ts';

const engine = new Engine({ workers: 2, memory: 64 << 20 });

const FILES = {
  'x.csv': 'id,name,d\n1,ada,2024-01-03\n2,bob,2024-01-02\n3,,2024-01-01\n4,ada,2024-01-04\n',
  'lib/lib.flow': `
    import { thousand } from "./deep.flow"
    use { twice } from "./f.ts"
    param least: int = 2
    param needed: string
    schema P { id: int, name: string? }
    let people = from csv("x.csv") as P | where id >= $least
    let broken = from csv("nowhere.csv") | where name == $needed
    fn big(x: int, by: int = 10) => x * by + thousand(x)
    fn half(x) => twice(x) / 4
    fn latest(key: string, at: date, n: int = 1) => | where key is not null | derive rank = 1, kept = key | sort at desc, key | take n
    from broken | write csv("never.csv")`,
  'lib/deep.flow': 'fn thousand(x) => x * 1000\nlet unused = from csv("gone.csv")',
  'lib/f.ts': 'export const twice = (x: number): number => 2 * x;',
};
const dir = folder(FILES);

test('let, fn, schema and param of another file, under other names; only what is used runs', async () => {
  const flow = `import { people as them, big, half, P as Person, least } from "./lib/lib.flow"
    from them | derive b = big(id), c = big(id, by: 1), h = half(id), l = $least
    from csv("x.csv") as Person | take 1`;
  const second = 'id,name\n1,ada\n';
  assert.is(
    await rowsOf(dir, flow, engine),
    `id,name,b,c,h,l\n2,bob,2020,2002,1.0,2\n3,,3030,3003,1.5,2\n4,ada,4040,4004,2.0,2\n\n${second}`,
  );
  const other = await rowsOf(dir, flow, engine, { params: { least: '4' } });
  assert.is(other, `id,name,b,c,h,l\n4,ada,4040,4004,2.0,4\n\n${second}`);
  assert.not.ok(fs.existsSync('never.csv'));
});

test('a file that two others import is one: what they share runs once', async () => {
  const shared = folder({
    'x.csv': 'k\n1\n2\n',
    'base.flow': 'let rows = from csv("x.csv") | derive v = k * 2',
    'a.flow': 'import { rows } from "./base.flow"\nlet a = from rows | where k == 1',
    'b.flow': 'import { rows } from "./base.flow"\nlet b = from rows | where k == 2',
  });
  const flow = 'import { a } from "./a.flow"\nimport { b } from "./b.flow"\nfrom a | union b | sort k';
  assert.is(await rowsOf(shared, flow, engine), 'k,v\n1,2\n2,4\n');
  const { check, plan } = await import('../../index.ts');
  const bound = await check(flow, path.join(shared, 'main.flow'), { cwd: shared });
  const { physical } = await plan(bound.plan as NonNullable<typeof bound.plan>);
  assert.is(physical.stages.filter((s) => s.input.kind === 'scan').length, 1);
});

test('pipe functions: arguments in place of parameters, defaults, names, types that convert', async () => {
  const flow = `fn top(n: int, by: int = -1) => | sort id * by | take n
    fn per(key: string) => | summarize n = count() by key | sort key
    fn at_least(x: float) => | where id >= x
    from csv("x.csv") | top(2) | select id
    from csv("x.csv") | top(by: 1, n: 1) | select id
    from csv("x.csv") | per(upper(name))
    from csv("x.csv") | per(name)
    from csv("x.csv") | at_least(3) | select id`;
  assert.is(
    await rowsOf(dir, flow, engine),
    'id\n4\n3\n\nid\n1\n\nkey,n\nADA,2\nBOB,1\n,1\n\nname,n\nada,2\nbob,1\n,1\n\nid\n3\n4\n',
  );
});

test('an argument means what it means at the call, whatever the body makes', async () => {
  const flow = `import { latest } from "./lib/lib.flow"
    param least: int = 7
    fn mine(x) => x * 100
    from csv("x.csv") | derive rank = name | latest(lower(rank), d, n: 2) | select id, rank, kept
    fn shift(x: int) => | derive id = 0, sum = x + 1, id2 = x
    from csv("x.csv") | take 1 | shift(id) | select id, sum, id2
    fn inner(x: int) => | derive a = x
    fn outer(x: int, y: int) => | inner(x + y) | derive b = x
    from csv("x.csv") | skip 3 | outer(id, mine($least)) | select a, b`;
  assert.is(await rowsOf(dir, flow, engine), 'id,rank,kept\n4,1,ada\n1,1,ada\n\nid,sum,id2\n0,2,1\n\na,b\n704,4\n');
});

test('an imported pipe function sees its own file, its arguments the file of the call', async () => {
  const both = folder({
    'x.csv': 'k\n1\n2\n',
    'lib.flow': `param p: int = 10
      fn scale(x) => x * $p
      fn add(v: int) => | derive s = scale(k) + v`,
  });
  const flow = `import { add } from "./lib.flow"
    param p: int = 3
    fn scale(x) => x + $p
    from csv("x.csv") | add(scale(k))`;
  assert.is(await rowsOf(both, flow, engine), 'k,s\n1,14\n2,25\n');
});

test('mistakes are told where they are: at the call, in the definition, in the other file', async () => {
  const said = async (flow: string): Promise<string[]> =>
    (await diagnosticsOf(dir, flow)).map(
      (d) =>
        `${path.basename(d.span.file)} ${d.code} ${d.message}${(d.related ?? []).map((r) => ` < ${path.basename(r.span.file)}: ${r.message}`).join('')}`,
    );
  const from = 'from csv("x.csv")';
  assert.equal(await said(`import { nope } from "./lib/lib.flow"\n${from} | take 1`), [
    'test.flow FLOW8002 "./lib/lib.flow" has no `nope`',
  ]);
  assert.equal(await said(`import { latest } from "./lib/lib.flow"\n${from} | latest(id, d)`), [
    'test.flow FLOW3001 `key` of latest is string, and this is int? < lib.flow: defined here',
  ]);
  assert.equal(await said(`import { latest } from "./lib/lib.flow"\n${from} | latest(name)`), [
    'test.flow FLOW3011 latest needs `at` < lib.flow: defined here',
  ]);
  assert.equal(await said(`import { broken } from "./lib/lib.flow"\nfrom broken`), [
    'lib.flow FLOW2014 the parameter `needed: string` has no default and was not given',
    `lib.flow FLOW5001 no file "nowhere.csv" (looked in ${dir})`,
  ]);
  assert.equal(await said(`fn f(n: int) => | take n | g(n)\nfn g(n: int) => | f(n)\n${from} | f(2)`), [
    'test.flow FLOW2007 the function `f` needs itself: f -> g -> f < test.flow: in this call of f < test.flow: in this call of g',
  ]);
  assert.equal(await said(`fn f(c: int) => | where nowhere > c\n${from} | f(id)`), [
    'test.flow FLOW2002 there is no column `nowhere` here < test.flow: in this call of f',
  ]);
  assert.equal(await said(`fn f() => | write csv("a.csv")\n${from} | f()`), [
    'test.flow FLOW4002 write cannot stand in a function < test.flow: in this call of f',
  ]);
  assert.match(
    (await said(`fn f(x) => x\n${from} | f(id)`)).join(),
    /`f`, which is made of an expression, cannot stand as a step/,
  );
});

test('cycles of files, files that are not there, mistakes of syntax in them', async () => {
  const bad = folder({
    ...FILES,
    'a.flow': 'import { b } from "./b.flow"\nlet a = from csv("x.csv")\nfrom b',
    'b.flow': 'import { a } from "./a.flow"\nlet b = from a',
    'syntax.flow': 'let s = from csv("x.csv") | wher id > 1\nlet fine = from csv("x.csv")',
    'lib.txt': '',
  });
  const text = fs.readFileSync(path.join(bad, 'a.flow'), 'utf8');
  const { check } = await import('../../index.ts');
  const cycle = (await check(text, path.join(bad, 'a.flow'), { cwd: bad })).diagnostics;
  assert.match(
    cycle.map((d) => `${d.code} ${d.message}`).join(),
    /^FLOW2007 the file `.*a\.flow` needs itself: .*a\.flow -> .*b\.flow -> .*a\.flow$/,
  );
  const codes = async (flow: string): Promise<string[]> =>
    (await diagnosticsOf(bad, flow)).map((d) => `${path.basename(d.span.file)} ${d.code}`);
  assert.equal(await codes('import { s } from "./gone.flow"\nfrom s'), ['test.flow FLOW8001']);
  assert.equal(await codes('import { s } from "./lib.txt"\nfrom s'), ['test.flow FLOW8001']);
  assert.equal(await codes('import { s } from "./syntax.flow"\nfrom s'), ['syntax.flow FLOW1104']);
  assert.equal(
    await codes('import { fine } from "./syntax.flow"\nimport { people as fine } from "./lib/lib.flow"\nfrom fine'),
    ['syntax.flow FLOW1104', 'test.flow FLOW2006'],
  );
  fs.writeFileSync(path.join(bad, 'main.flow'), 'import { s } from "./syntax.flow"\nfrom s');
  try {
    await runFile(path.join(bad, 'main.flow'), { cwd: bad });
    assert.unreachable();
  } catch (e) {
    assert.ok(e instanceof DiagnosticsError);
    assert.match(e.message, /syntax\.flow:1:29\n1 \| let s = from csv\("x\.csv"\) \| wher id > 1/);
  }
});

test.after(() => engine.close());

test.run();
