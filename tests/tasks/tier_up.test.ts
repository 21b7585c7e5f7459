// The engine tells V8 to optimize later: for the whole process, so each case is one of its own.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const library = pathToFileURL(join(root, 'dist', 'index.js')).href;

/** Whether an engine changes V8's flags, which a tag of V8's own tells. */
function changes(options: string, node: readonly string[] = []): boolean {
  const code = `
    import { cachedDataVersionTag } from 'node:v8';
    const { Engine } = await import(${JSON.stringify(library)});
    const before = cachedDataVersionTag();
    await new Engine(${options}).close();
    const after = cachedDataVersionTag();
    await new Engine(${options}).close();
    if (after !== cachedDataVersionTag()) throw new Error('changed twice');
    process.stdout.write(String(before !== after));`;
  const args = [...node, '--input-type=module', '-e', code];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.is(status, 0, stderr);
  assert.is(stderr, '', 'a flag that this V8 does not know');
  return stdout === 'true';
}

test('an engine lets V8 optimize later, unless it is told not to', () => {
  assert.ok(changes('{ workers: 1 }'));
  assert.not(changes('{ workers: 1, optimizeLate: false }'));
});

test('what the command line says stays', () => {
  const flag = process.versions.node.startsWith('20.') ? 'interrupt-budget' : 'invocation-count-for-turbofan';
  assert.not(changes('{ workers: 1 }', [`--${flag}=70000`]));
  assert.not(changes('{ workers: 1 }', [`--${flag.replaceAll('-', '_')}=70000`]));
});

test.run();
