import * as fs from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { STORE_DEFAULTS, storeSettings } from '../../engine/store/options.ts';
import { createStore, type StoreOptions, validateStoreOptions } from '../../engine/store/store.ts';
import { errorOf, freshDir } from './places.ts';

const GOOD = { limit: 1 << 20, threads: 2 };

test('an option that makes no sense is told by name and value, before anything is made', () => {
  const bad: readonly (readonly [keyof StoreOptions, unknown, RegExp])[] = [
    ['limit', 1000, /limit is 1000; allowed is a number from 65536 .*bytes/],
    ['limit', Number.NaN, /limit is NaN/],
    ['limit', undefined, /limit is undefined/],
    ['threads', 0, /threads is 0; allowed is a whole number from 1 to 1024/],
    ['threads', 1.5, /threads is 1\.5/],
    ['threshold', 1.1, /threshold is 1\.1; allowed is a number from 0 to 1, a share of the limit/],
    ['threshold', -0.1, /threshold/],
    ['threshold', '0.5', /threshold is "0\.5"/],
    ['minSpillBytes', 0, /minSpillBytes is 0; .*from 1 on, bytes/],
    ['fileBytes', -1, /fileBytes/],
    ['diskCap', -1, /diskCap is -1; .*from 0 on/],
    ['diskCap', Number.NaN, /diskCap is NaN/],
    ['ioRetries', 101, /ioRetries is 101; .*0 to 100/],
    ['ioRetries', 0.5, /ioRetries is 0\.5/],
    ['stallMs', 0, /stallMs is 0; .*milliseconds/],
    ['spill', 'no', /spill is "no"; allowed is true or false/],
    ['spillDirs', 'here', /spillDirs is "here"; allowed is a list/],
    ['spillDirs', [''], /spillDirs is \[""\]/],
    ['spillDirs', ['ftp://host/x'], /ftp:\/\/host\/x.* neither a folder nor an s3/],
    ['spillDirs', ['s3://'], /spillDirs: .*bucket/],
    ['spillDirs', ['unstable:/x?fail=2'], /fail=2/],
    ['spillDirs', ['unstable:/x?wrong=1'], /wrong=1/],
    ['treshold' as keyof StoreOptions, 0.5, /there is no option treshold; there are limit, .*threshold/],
  ];
  const dir = freshDir();
  for (const [option, value, message] of bad) {
    const options = { ...GOOD, spillDirs: [dir], [option]: value } as StoreOptions;
    for (const f of [() => validateStoreOptions(options), () => createStore(options)]) {
      const e = errorOf(f);
      assert.is(e.code, 'FLOW7016', `${option} = ${String(value)}`);
      assert.match(e.message, message);
    }
  }
  assert.not(fs.existsSync(dir));
});

test('defaults stand in for what is not given, and good values pass', () => {
  const small = storeSettings(GOOD);
  assert.is(small.minSpillBytes, GOOD.limit / 8);
  assert.is(small.threshold, STORE_DEFAULTS.threshold);
  assert.is(storeSettings({ limit: 8 * 2 ** 30, threads: 2 }).minSpillBytes, STORE_DEFAULTS.minSpillBytes);
  for (const more of [{ threshold: 0 }, { threshold: 1 }, { diskCap: 0 }, { ioRetries: 0 }, { spillDirs: [] }])
    validateStoreOptions({ ...GOOD, ...more });
});

test.run();
