// Every tests/diagnostics/cases/*.txt: what is said, where, and that the fix which is offered helps. UPDATE=1 writes what is seen.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine } from '../../index.ts';
import { casesFolder, dataFolder, diagnose, fixed, play, readScript, writeScript } from './script.ts';

// Paths of data are relative to the working folder, and stand so in messages.
process.chdir(dataFolder);

let engine: Engine | null = null;
const theEngine = () => {
  engine ??= new Engine({ workers: 1 });
  return engine;
};
test.after(() => engine?.close());

for (const file of readdirSync(casesFolder).sort()) {
  const path = join(casesFolder, file);
  const { intro, cases } = readScript(path);
  // Lints are asked for.
  const lint = file.startsWith('FLOW6');
  const code = /^FLOW\d{4}/.exec(file)?.[0];

  test(`${file}: what is said`, async () => {
    const seen: { input: string; seen: string }[] = [];
    for (const one of cases) seen.push({ input: one.input, seen: await play(one, theEngine, lint) });
    if (process.env.UPDATE === '1') writeFileSync(path, writeScript(intro, seen));
    for (const [i, one] of cases.entries()) {
      const text = seen[i]?.seen ?? '';
      if (process.env.UPDATE !== '1') assert.fixture(text, one.expected, `${file} (UPDATE=1 accepts this)`);
      if (code !== undefined)
        assert.ok(text.includes(`[${code}]`), `${file}: every case of it raises ${code}\n${text}`);
    }
  });

  test(`${file}: the fixes help`, async () => {
    for (const one of cases) {
      for (const found of await diagnose(one, lint)) {
        const better = fixed(one.flow, found);
        if (better === null) continue;
        const left = await diagnose({ ...one, flow: better }, lint);
        const again = left.filter(({ code, message }) => code === found.code && message === found.message);
        const before = (await diagnose(one, lint)).filter(
          ({ code, message }) => code === found.code && message === found.message,
        );
        assert.ok(again.length < before.length, `${found.code} is still there after its fix:\n${better}`);
      }
    }
  });
}

test('files with many mistakes report five and more of them at once', async () => {
  for (const one of readScript(join(casesFolder, 'many.txt')).cases) {
    const found = await diagnose(one);
    assert.ok(new Set(found.map(({ span }) => span.start)).size >= 5, one.flow);
    for (const { code, span } of found) assert.ok(span.file !== '', `${code} has a place`);
  }
});

test.run();
