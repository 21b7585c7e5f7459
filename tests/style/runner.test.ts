// The test runner's verdicts, on small test files in a temporary folder.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from './sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowc-runner-'));
mkdirSync(join(folder, 'tests', 'deep'), { recursive: true });
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
test.after(() => rmSync(folder, { recursive: true }));

const head = "import { test } from 'uvu';\nimport * as assert from 'uvu/assert';\n";
const files: Readonly<Record<string, string>> = {
  'pass.test.ts': `${head}test('a', () => {});\ntest('b', () => {});\ntest.run();`,
  'deep/fail.test.ts': `${head}test('a', () => {});\ntest('wrong', () => assert.is(1 as number, 2));\ntest.run();`,
  'norun.test.ts': `${head}test('a', () => {});`,
  'empty.test.ts': `${head}test.run();`,
  'crash.test.ts': "throw new Error('at the top');",
  'late.test.ts': `${head}test('a', () => {});\ntest.run();\nsetTimeout(() => { throw new Error('late'); }, 200);`,
  'exit.test.ts': `${head}test('a', () => process.exit(0));\ntest.run();`,
  'skip.test.ts': `${head}console.log('# skip: no server here');\ntest.skip('x', () => {});\ntest('a', () => {});\ntest.run();`,
  'allskip.test.ts': `${head}console.log('# skip: needs Windows');\ntest.run();`,
  'hang.test.ts': `${head}import { spawn } from 'node:child_process';
test('a', () => {});
test.run();
spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });`,
};
for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, 'tests', name), text);

function run(...args: string[]) {
  const runner = join(root, 'scripts', 'test.mjs');
  const result = spawnSync(process.execPath, [runner, '--no-build', '--root', folder, ...args], { encoding: 'utf8' });
  const lines = result.stdout.trimEnd().split('\n');
  return { code: result.status, text: result.stdout, last: lines.at(-1), lines };
}

test('a passing file is one line', () => {
  const { code, lines } = run('pass');
  assert.is(code, 0);
  assert.is(lines.length, 2);
  assert.match(lines[0] ?? '', /^ok {4}tests\/pass\.test\.ts {2}2 passed {2}\d+\.\d s$/);
  assert.is(lines[1], '2 passed, 0 failed');
});

test('a failure is printed in full', () => {
  const { code, last, text } = run('fail');
  assert.is(code, 1);
  assert.is(last, '1 passed, 1 failed');
  assert.match(text, /FAIL {2}tests\/deep\/fail\.test\.ts/);
  assert.match(text, /"wrong"/);
});

test('a file without a verdict of its own fails', () => {
  for (const [name, why] of [
    ['norun', /is test\.run\(\) missing/],
    ['empty', /ran no test/],
    ['crash', /at the top/],
    ['exit', /without a summary/],
  ] as const) {
    const { code, last, text } = run(name);
    assert.equal([name, code, last], [name, 1, '0 passed, 1 failed']);
    assert.match(text, why);
  }
});

test('a file that fails after its tests passed fails', () => {
  const { code, last, text } = run('late');
  assert.equal([code, last], [1, '1 passed, 1 failed']);
  assert.match(text, /although its tests passed/);
});

test('skips are counted, with their reasons', () => {
  const { code, last, text } = run('/skip');
  assert.equal([code, last], [0, '1 passed, 0 failed, 2 skipped']);
  assert.match(text, /skip {2}tests\/skip\.test\.ts: no server here/);
  const all = run('allskip');
  assert.equal([all.code, all.last], [0, '0 passed, 0 failed, 1 skipped']);
});

test('a file that does not end is killed with its children', () => {
  const { code, last, text } = run('hang', '--timeout', '2');
  assert.equal([code, last], [1, '1 passed, 1 failed']);
  assert.match(text, /did not end within 2 s/);
});

test('a selection that matches nothing fails', () => {
  const { code, last } = run('nothing-like-it');
  assert.equal([code, last], [1, '0 passed, 1 failed']);
});

test('totals are added up over the files', () => {
  const { code, last } = run('pass', 'fail', 'crash');
  assert.equal([code, last], [1, '3 passed, 2 failed']);
});

test.run();
