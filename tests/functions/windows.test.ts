// Every example of the reference of window functions, over the rows that the reference shows.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WINDOW_LIST } from '../../engine/windows/registry.ts';
import { check, Engine, plan } from '../../index.ts';
import { tempDir } from '../e2e/harness.ts';
import { rows } from '../golden/script.ts';

const dir = tempDir();
writeFileSync(join(dir, 'w.csv'), 'k,t,v\na,1,10\na,2,\na,2,30\na,3,20\nb,1,5\nb,2,7\n');
const engine = new Engine({ workers: 1, memory: 64 << 20 });
test.after(() => engine.close());

for (const def of WINDOW_LIST) {
  for (const [expression, values] of def.examples) {
    test(`${expression} is ${values}`, async () => {
      const bound = await check(`from csv("w.csv") | select x = ${expression}`, 'example.flow', { cwd: dir });
      assert.equal(bound.diagnostics, []);
      if (bound.plan === null) return;
      const [, ...lines] = (await rows((await plan(bound.plan)).physical, engine)).split('\n').slice(0, 7);
      assert.is(lines.map((line) => (line === '' ? 'null' : line)).join(', '), values);
    });
  }
}

test('every window function has a description, a signature and an example, and a name of its own', () => {
  const names = WINDOW_LIST.flatMap((d) => [d.name, ...(d.aliases ?? [])]);
  assert.is(new Set(names).size, names.length);
  for (const def of WINDOW_LIST) {
    assert.ok(def.doc.endsWith('.'), `${def.name}: the description is a sentence`);
    assert.ok(def.signature.startsWith(`${def.name}(`), `${def.name}: ${def.signature}`);
    assert.ok(def.examples.length > 0, `${def.name}: examples`);
  }
});

test.run();
