// --allow-read, --allow-write, --allow-net: what a flow reaches is within what they name, whatever links, `..` and globs say.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type AccessRules, check, csv, DiagnosticsError, Engine, flow, plan, RunError, runText } from '../../index.ts';

// Of a folder behind a link, as it is on some systems, the true name counts.
const dir = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'flowc-access-')));
test.after(() => fs.rmSync(dir, { recursive: true }));
process.chdir(dir);

const ROWS = 'a,b\n1,x\n2,y\n';
for (const folder of ['data/deep', 'out', 'secret', 'database']) fs.mkdirSync(folder, { recursive: true });
for (const file of ['data/a.csv', 'data/deep/b.csv', 'secret/s.csv', 'database/d.csv', 'data/{a,b}.csv'])
  fs.writeFileSync(file, ROWS);
fs.writeFileSync('secret/lib.flow', 'let mine = from csv("data/a.csv")\n');
fs.writeFileSync('data/lib.flow', 'let mine = from csv("secret/s.csv")\n');
fs.writeFileSync('secret/f.js', 'export const f = (x) => x;\n');
fs.writeFileSync('data/f.js', 'export const f = (x) => x;\n');
fs.symlinkSync('../secret/s.csv', 'data/link.csv');
fs.symlinkSync('../secret', 'data/folder');
fs.symlinkSync('a.csv', 'data/inner.csv');
fs.symlinkSync('../secret/not-there', 'out/dangling');
fs.symlinkSync('../secret', 'out/folder');

const rules: AccessRules = { allowRead: ['data'], allowWrite: ['out'] };
const codesOf = async (text: string, given: AccessRules = rules): Promise<string[]> =>
  (await check(text, 'x.flow', { ...given, udf: {} })).diagnostics.map((d) => d.code);

const READABLE = [
  'data/a.csv',
  './data/../data/a.csv',
  'data/inner.csv',
  'data/deep/*.csv',
  'data/**/b.csv',
  join(dir, 'data/a.csv'),
];
const HIDDEN = [
  'secret/s.csv',
  join(dir, 'secret/s.csv'),
  'data/../secret/s.csv',
  'data/link.csv',
  'data/folder/s.csv',
  'data/folder/../folder/s.csv',
  'data/l*.csv',
  'data/*/s.csv',
  '{data,secret}/*.csv',
  'secret/*.csv',
  '*/a.csv',
  // Its name starts like that of the folder.
  'database/d.csv',
  // Whether it is there is not told.
  'secret/not-there.csv',
  '/proc/self/environ',
  '/proc/self/cwd/secret/s.csv',
];

for (const path of READABLE)
  test(`may be read: ${path.replace(dir, '…')}`, async () =>
    assert.equal(await codesOf(`from csv(${JSON.stringify(path)})`), []));

for (const path of HIDDEN) {
  test(`may not be read: ${path.replace(dir, '…')}`, async () => {
    const text = JSON.stringify(path);
    assert.equal(await codesOf(`from csv(${text})`), ['FLOW5008']);
    assert.equal(await codesOf(`from csv(["data/a.csv", ${text}])`), ['FLOW5008']);
    assert.equal(await codesOf(`from csv(${text}) as { a: int, b: string }`), ['FLOW5008']);
    assert.equal(await codesOf(`from csv("data/a.csv") | union csv(${text})`), ['FLOW5008']);
    assert.equal(await codesOf(`from csv("data/a.csv") | join csv(${text}) as r on a == r.a`), ['FLOW5008']);
    assert.equal(await codesOf(`from csv("data/a.csv") | predict model(${text}) as p`), ['FLOW5008']);
    assert.equal(await codesOf(`param p: string = ${text}\nfrom csv($p)`), ['FLOW5008']);
  });
}

const WRITABLE = ['out/x.csv', 'out/new/deep/x.csv', 'out/../out/x.csv', '-'];
const PROTECTED = [
  'x.csv',
  'secret/x.csv',
  'out/../secret/x.csv',
  'out/folder/x.csv',
  'out/folder/new/x.csv',
  'out/dangling',
  '/tmp/x.csv',
  '/dev/null',
  'output/x.csv',
  'data/a.csv',
];

for (const path of WRITABLE)
  test(`may be written: ${path}`, async () =>
    assert.equal(await codesOf(`from csv("data/a.csv") | write csv(${JSON.stringify(path)})`), []));

for (const path of PROTECTED) {
  test(`may not be written: ${path}`, async () => {
    const text = JSON.stringify(path);
    assert.equal(await codesOf(`from csv("data/a.csv") | write csv(${text})`), ['FLOW5008']);
    assert.equal(await codesOf(`from csv("data/a.csv") | write csv(${text}, partition_by: "b")`), ['FLOW5008']);
    if (path.endsWith('.csv')) {
      assert.equal(await codesOf(`from csv("data/a.csv") | expect a > 1 else quarantine(${text})`), ['FLOW5008']);
    }
  });
}

test('imports, what they read, and modules', async () => {
  assert.equal(await codesOf('import { mine } from "./secret/lib.flow"\nfrom mine'), ['FLOW5008']);
  assert.equal(await codesOf('import { mine } from "./data/lib.flow"\nfrom mine'), ['FLOW5008']);
  const use = (path: string) =>
    codesOf(`use { f: (int) -> int } from "${path}"\nfrom csv("data/a.csv") | derive c = f(a)`);
  assert.equal(await use('./data/f.js'), []);
  assert.equal(await use('./secret/f.js'), ['FLOW5008']);
  assert.equal(await use(`file://${dir}/secret/f.js`), ['FLOW5008']);
  assert.equal(await use(`file://${dir}/data/../secret/f.js`), ['FLOW5008']);
});

test('the diagnostic names the place, where it leads and what to do', async () => {
  const text = 'from csv("data/link.csv")';
  const [d] = (await check(text, 'x.flow', rules)).diagnostics;
  assert.is(d?.message, '"data/link.csv" may not be read');
  assert.equal(d?.notes, [`it leads to ${join(dir, 'secret/s.csv')}, and allowed is "data"`]);
  assert.is(text.slice(d?.span.start, d?.span.end), '"data/link.csv"');
  assert.match(d?.suggestion?.text ?? '', /--allow-read/);
});

test('a kind that is not given is not limited, and one that is empty allows nothing', async () => {
  const both = 'from csv("secret/s.csv") | write csv("secret/x.csv")';
  assert.equal(await codesOf(both, {}), []);
  assert.equal(await codesOf(both, { allowRead: ['secret'] }), []);
  assert.equal(await codesOf(both, { allowWrite: ['secret/x.csv'] }), []);
  assert.equal(await codesOf(both, { allowRead: [] }), ['FLOW5008']);
  assert.equal(await codesOf(both, { allowRead: [], allowWrite: [] }), ['FLOW5008', 'FLOW5008']);
  for (const bad of [[''], ['a\0b'], 'data', [1]]) {
    assert.throws(
      () => new Engine({ allowRead: bad as string[] }),
      (e: unknown) => e instanceof RunError && e.code === 'FLOW7016',
    );
  }
});

const rejected = async (run: Promise<unknown>): Promise<void> => {
  const e: unknown = await run.then(
    () => null,
    (why: unknown) => why,
  );
  assert.ok(e instanceof DiagnosticsError, String(e));
  assert.equal(
    e.diagnostics.map((d) => d.code),
    ['FLOW5008'],
  );
};

const refused = async (run: Promise<unknown>): Promise<void> => {
  try {
    await run;
  } catch (e) {
    assert.ok(e instanceof RunError, String(e));
    assert.is(e.code, 'FLOW7019', e.message);
    return;
  }
  assert.unreachable('it ran');
};

test('an engine with rules refuses plans that were made without', async () => {
  const engine = new Engine({ ...rules, workers: 1 });
  try {
    for (const text of [
      'from csv("secret/s.csv")',
      'from csv("data/link.csv")',
      'from csv("data/a.csv") | write csv("secret/x.csv")',
      'use { f: (int) -> int } from "./secret/f.js"\nfrom csv("data/a.csv") | derive c = f(a)',
    ]) {
      const { plan: bound } = await check(text, 'x.flow');
      assert.ok(bound, text);
      await refused(engine.run((await plan(bound)).physical));
      // The flow's own check is told the engine's rules.
      await rejected(runText(text, { engine }));
    }
    await rejected(flow(csv('secret/s.csv')).collect({ engine }));
    await rejected(runText('from csv("data/deep/b.csv")', { engine, allowRead: ['data/a.csv'] }));
    assert.is((await runText('from csv("data/a.csv")', { engine })).results[0]?.rows.length, 2);
  } finally {
    await engine.close();
  }
  assert.not.ok(fs.existsSync('secret/x.csv'));
});

test('what changes between the check and the run is looked at again', async () => {
  fs.mkdirSync('data/swap');
  fs.writeFileSync('data/swap/s.csv', ROWS);
  const { plan: bound } = await check('from csv("data/swap/s.csv") | write csv("out/later/x.csv")', 'x.flow', rules);
  assert.ok(bound);
  const { physical } = await plan(bound);
  const engine = new Engine({ ...rules, workers: 1 });
  try {
    fs.symlinkSync('../secret', 'out/later');
    await refused(engine.run(physical));
    fs.rmSync('out/later');
    fs.rmSync('data/swap', { recursive: true });
    fs.symlinkSync('../secret', 'data/swap');
    await refused(engine.run(physical));
  } finally {
    await engine.close();
    fs.rmSync('data/swap');
  }
});

test('hosts of places to spill to', () => {
  const make = (allowNet: readonly string[], place: string): Engine =>
    new Engine({ allowNet, spillDirs: [place], workers: 1 });
  const away = 's3://bucket?endpoint=https://s3.example.com:9000&region=x';
  for (const allowed of [[], ['example.com'], ['s3.example.com:1'], ['s3.example.com.evil.org']]) {
    assert.throws(
      () => make(allowed, away),
      (e: unknown) => e instanceof RunError && e.code === 'FLOW7019',
    );
  }
  // The environment may name any host.
  assert.throws(() => make(['s3.example.com'], 's3://bucket?region=x'), /does not say its host/);
});

const command = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

test('the options of the command', () => {
  const flowText = 'from csv("data/a.csv") | write csv("out/cli.csv")\n';
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [command, 'run', '-', ...args], { input: flowText, encoding: 'utf8' });
  const good = run('--allow-read', 'data', '--allow-write', 'out', '-q');
  assert.equal([good.status, good.stderr], [0, '']);
  assert.is(fs.readFileSync('out/cli.csv', 'utf8'), ROWS);
  for (const args of [
    ['--allow-read', 'secret'],
    ['--allow-write', 'data'],
    ['--allow-read', 'secret', '--dry-run'],
  ]) {
    const bad = run(...args);
    assert.is(bad.status, 2);
    assert.match(bad.stderr, /error\[FLOW5008\]: "(data\/a|out\/cli)\.csv" may not be (read|written)/);
    assert.not.match(bad.stderr, /\n\s+at /);
  }
  assert.is(run('--allow-read', 'secret', '--allow-read', 'data').status, 0);
});

test('commands that look at sources without a run refuse them, too', () => {
  fs.writeFileSync('reads.flow', 'from csv("data/a.csv")\n');
  fs.writeFileSync('calls.flow', 'use { f } from "./data/f.js"\nfrom csv("data/a.csv")\n');
  const run = (...args: string[]) => spawnSync(process.execPath, [command, ...args], { encoding: 'utf8' });
  for (const name of ['check', 'explain', 'schema']) {
    assert.is(run(name, 'reads.flow', '--allow-read', 'data').status, 0, name);
    const bad = run(name, 'reads.flow', '--allow-read', 'secret');
    assert.is(bad.status, 2, name);
    assert.match(bad.stderr, /error\[FLOW5008\]: "data\/a\.csv" may not be read/);
    const code = run(name, 'calls.flow', '--no-udf');
    assert.is(code.status, 2, name);
    assert.match(code.stderr, /FLOW\d+.*use/s, name);
  }
  assert.is(run('schema', 'data/a.csv', '--allow-read', 'data').status, 0);
  for (const file of ['secret/s.csv', 'data/link.csv', 'data/../secret/s.csv']) {
    const bad = run('schema', file, '--allow-read', 'data');
    assert.equal([bad.status, bad.stdout], [2, ''], file);
    assert.match(bad.stderr, /may not be read/);
  }
});

test.run();
