// The sample that finds a planted bug says what it found.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

test('the sample finds the bug in a partitioner', () => {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', 'samples/testing/partitioner.ts'],
    {
      encoding: 'utf8',
    },
  );
  assert.is(status, 0, stderr);
  assert.is(stdout, readFileSync('samples/testing/expected.txt', 'utf8'));
});

test.run();
