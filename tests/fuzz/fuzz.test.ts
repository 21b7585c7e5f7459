// A short share of the fuzzing, the same inputs each time (SEED=random for others), and all inputs that found something once.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Fuzz, keptInputs } from './targets.ts';

const dir = mkdtempSync(join(tmpdir(), 'flowc-fuzz-'));
const fuzz = await Fuzz.open(dir);
test.after(async () => {
  await fuzz.close();
  rmSync(dir, { recursive: true });
});

/** Milliseconds for each target, and inputs at most. */
const SHARE = 2500;
const MOST = 150;
const wanted = process.env['SEED'] ?? '1';
const first = wanted === 'random' ? Date.now() % 2 ** 31 : Number(wanted) * 1000;

for (const target of fuzz.targets.values()) {
  test(`${target.name}: spoiled inputs give rows, or an error of ours`, async () => {
    const end = performance.now() + SHARE;
    let seed = first;
    for (; seed < first + MOST && performance.now() < end; seed++) {
      const at = seed;
      await target.run(target.input(at)).catch((e: unknown) => {
        throw new Error(`npm run fuzz -- --target ${target.name} --seed ${at}\n${String(e)}`);
      });
    }
    assert.ok(seed > first);
  });
}

for (const { name, target, input } of keptInputs()) {
  test(`kept: ${name}`, async () => {
    const known = fuzz.targets.get(target);
    assert.ok(known, `a target of the name ${target}`);
    await known.run(input);
  });
}

test.run();
