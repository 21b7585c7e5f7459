// The samples of the task API print what they are expected to.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'samples/tasks');
const names = readdirSync(folder).flatMap((file) => (file.endsWith('.ts') ? [file.slice(0, -3)] : []));
const dataIsThere = existsSync(join(root, 'node_modules/vega-datasets/data'));
const needsData = new Set(['words']);

for (const name of names) {
  if (needsData.has(name) && !dataIsThere) {
    console.log(`# skip: ${name}: the development dependency vega-datasets is not installed`);
    continue;
  }
  test(name, () => {
    const done = spawnSync(process.execPath, ['--import', 'tsx', join(folder, `${name}.ts`)], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
    });
    assert.is(done.stderr, '');
    assert.is(done.status, 0);
    assert.is(done.stdout, readFileSync(join(folder, `expected/${name}.txt`), 'utf8'));
  });
}

test('each is described, and has its expected output', () => {
  const page = readFileSync(join(root, 'samples/README.md'), 'utf8');
  assert.equal([...page.matchAll(/\]\(tasks\/(\w+)\.ts\)/g)].map((match) => String(match[1])).sort(), names.sort());
  assert.equal(readdirSync(join(folder, 'expected')).sort(), names.map((name) => `${name}.txt`).sort());
});

test.run();
