// Runs of an engine tell V8 to optimize later: for the whole process, so each case is one of its own.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const library = pathToFileURL(join(root, 'dist', 'index.js')).href;
const folder = mkdtempSync(join(tmpdir(), 'flowc-tier-'));
writeFileSync(join(folder, 'one.csv'), 'a\n1\n');
test.after(() => rmSync(folder, { recursive: true }));

/** After which of three runs V8's flags are others, which a tag of V8's own tells; 0: after none. */
function changesAfter(options: string, node: readonly string[] = []): number {
  const code = `
    import { cachedDataVersionTag } from 'node:v8';
    const { Engine, runText } = await import(${JSON.stringify(library)});
    const tags = [cachedDataVersionTag()];
    for (let i = 0; i < 3; i++) {
      const engine = new Engine(${options});
      await runText('from csv("one.csv")', { engine, cwd: ${JSON.stringify(folder)} });
      tags.push(cachedDataVersionTag());
      await engine.close();
    }
    const at = tags.findIndex((t) => t !== tags[0]);
    if (at > 0 && tags.slice(at).some((t) => t !== tags[at])) throw new Error('changed twice');
    process.stdout.write(String(Math.max(0, at)));`;
  const args = [...node, '--input-type=module', '-e', code];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.is(status, 0, stderr);
  assert.is(stderr, '', 'a flag that this V8 does not know');
  return Number(stdout);
}

test('V8 optimizes later from the second run of a process on, unless the engine is told not to', () => {
  // A first run that takes a quarter of a second, on a busy machine, is a long one.
  assert.ok([1, 2].includes(changesAfter('{ workers: 1 }')));
  assert.is(changesAfter('{ workers: 1, optimizeLate: false }'), 0);
});

test('what the command line says stays', () => {
  const flag = process.versions.node.startsWith('20.') ? 'interrupt-budget' : 'invocation-count-for-turbofan';
  assert.is(changesAfter('{ workers: 1 }', [`--${flag}=70000`]), 0);
  assert.is(changesAfter('{ workers: 1 }', [`--${flag.replaceAll('-', '_')}=70000`]), 0);
});

test.run();
