// Every tests/golden/cases/*.golden, under {1, 2 workers} x {ample, tiny memory}, and in batches of three rows. UPDATE=1 rewrites them, and shows what changed.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDuck } from '../../engine/sql/duckdb.ts';
import { Engine } from '../../index.ts';
import { generatedScripts } from './generated.ts';
import { diff, play, readScript, writeScript } from './script.ts';

const here = dirname(fileURLToPath(import.meta.url));
const cases = join(here, 'cases');
const update = process.env.UPDATE === '1';

const hasSql = (await loadDuck()) !== null;
const engines = [
  ...[512, 16].flatMap((mib) => [1, 2].map((workers) => new Engine({ workers, memory: mib << 20 }))),
  new Engine({ workers: 2, memory: 16 << 20, batchRows: 3 }),
];

for (const file of readdirSync(cases)
  .filter((name) => name.endsWith('.golden'))
  .sort()) {
  if (file.startsWith('sql') && !hasSql) {
    console.log('# skip: @duckdb/node-api is not installed');
    continue;
  }
  test(file, async () => {
    const path = join(cases, file);
    const found = readFileSync(path, 'utf8');
    const expected = writeScript(await play(readScript(path), engines, here));
    if (update && found !== expected) {
      console.log(`${file}\n${diff(found, expected)}`);
      writeFileSync(path, expected);
    } else assert.ok(found === expected, `${file} (UPDATE=1 accepts this)\n${diff(found, expected)}`);
  });
}

const generated = join(here, 'generated');
for (const [file, { head, sections }] of generatedScripts()) {
  test(`generated: ${file}`, async () => {
    const path = join(generated, file);
    const found = existsSync(path) ? readFileSync(path, 'utf8') : '';
    const expected = writeScript(await play({ head, sections }, engines, here));
    if (update && found !== expected) {
      console.log(`${file}\n${diff(found, expected)}`);
      mkdirSync(generated, { recursive: true });
      writeFileSync(path, expected);
    } else assert.ok(found === expected, `${file} (UPDATE=1 accepts this)\n${diff(found, expected)}`);
  });
}

test.after(async () => {
  for (const engine of engines) await engine.close();
});

test.run();
