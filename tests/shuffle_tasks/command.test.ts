import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const command = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'flowc-shuffle-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

let places = 0;

/** A fresh folder to spill to. */
function place(): string {
  const dir = join(folder, `spill-${places++}`);
  mkdirSync(dir);
  return dir;
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function flowc(args: readonly string[], signalAfter?: { readonly text: string; readonly signal: NodeJS.Signals }) {
  return new Promise<Ended>((resolve) => {
    const child = spawn(process.execPath, [command, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    let signalled = false;
    child.stdout.on('data', (d: Buffer) => {
      stdout += d.toString();
    });
    child.stderr.on('data', (d: Buffer) => {
      stderr += d.toString();
      // Once: a second one would not be waited for.
      if (signalAfter !== undefined && !signalled && stderr.includes(signalAfter.text))
        signalled = child.kill(signalAfter.signal);
    });
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

const small = ['--partitions', '12', '--partition-size', '4MB', '--memory', '32MB', '--workers', '2'];

test('every strategy, streaming or not: verified, spilled, the same checksum, nothing left', async () => {
  const sums = new Set<string>();
  for (const more of [['--strategy', 'simple'], ['--strategy', 'push'], ['--no-streaming'], ['--memory', '400MB']]) {
    const dir = place();
    const { code, stdout, stderr } = await flowc([
      'shuffle',
      ...small,
      ...more,
      '--verify',
      '--json',
      '--spill-dir',
      dir,
    ]);
    assert.is(code, 0, stderr);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const end = events.at(-1);
    assert.is(end.status, 'done');
    assert.is(end.bytes, 48_000_000);
    assert.is(end.rows, 3_000_000);
    assert.is(end.checksum.rows, 3_000_000);
    assert.is(end.stats.spill.spilledBytes > 0, more[0] !== '--memory', more.join(' '));
    assert.ok(events.every((e) => e.event !== 'progress' || e.bytes <= 48_000_000));
    sums.add(JSON.stringify(end.checksum));
    assert.equal(readdirSync(dir), []);
  }
  assert.is(sums.size, 1);
});

test('it prints bars, what was spilled, and how long it took', async () => {
  const [a, b] = [place(), place()];
  const { code, stdout, stderr } = await flowc([
    'shuffle',
    ...small,
    '--verify',
    '--progress',
    '--spill-dir',
    `${a},${b}`,
  ]);
  assert.is(code, 0, stderr);
  assert.match(stdout, /^Spilled \d+ MiB, \d+ objects, \d+ MiB\/s\nRestored \d+ MiB, [\d,]+ reads, \d+ MiB\/s\n/);
  assert.match(stdout, /\nShuffled 46 MiB in \d+\.\d\d seconds\n/);
  assert.match(stdout, /peak resident \d+ MiB/);
  assert.match(stdout, /\nVerified 3,000,000 rows/);
  assert.match(stderr, /map \[#{24}\] 100 % 48\.0 MB {2}reduce \[#{24}\] 100 % 48\.0 MB/);
});

test('without spilling, what does not fit is an error that says so', async () => {
  for (const args of [
    ['shuffle', ...small],
    ['sort-bench', '--size', '60MB', '--memory', '48MB', '--workers', '2'],
  ]) {
    const { code, stderr } = await flowc([...args, '--no-spill']);
    assert.is(code, 1);
    assert.match(stderr, 'error[FLOW7007]: out of memory');
    assert.match(stderr, 'spilling is disabled');
    assert.not.match(stderr, /\n\s+at /);
  }
});

test('a sort larger than memory finishes with spilling, in order and complete', async () => {
  const dir = place();
  const { code, stdout, stderr } = await flowc([
    'sort-bench',
    '--rows',
    '4000000',
    '--memory',
    '48MB',
    '--workers',
    '2',
    '--spill-dir',
    dir,
  ]);
  assert.is(code, 0, stderr);
  assert.match(stdout, /Sorted 61 MiB, 4,000,000 rows, in/);
  assert.match(stdout, /Verified in .* in order, every row there/);
  assert.equal(readdirSync(dir), []);
});

test('a full disk is an error that says so, and leaves nothing', async () => {
  const dir = place();
  const { code, stderr } = await flowc(['shuffle', ...small, '--spill-dir', dir, '--spill-cap', '2MB']);
  assert.is(code, 1);
  assert.match(stderr, 'error[FLOW7008]');
  assert.equal(readdirSync(dir), []);
});

test('Ctrl-C and termination leave no files', async () => {
  for (const [signal, expected] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const dir = place();
    const endless = ['--partitions', '400', '--partition-size', '40MB', '--memory', '64MB', '--progress'];
    const { code, stderr } = await flowc(['shuffle', ...endless, '--spill-dir', dir], { text: 'map [', signal });
    assert.is(code, expected, stderr);
    assert.match(stderr, 'interrupted');
    assert.equal(readdirSync(dir), []);
  }
});

test('mistakes on the command line are told before anything starts', async () => {
  const file = join(folder, 'a-file');
  writeFileSync(file, '');
  for (const [args, message, code] of [
    [['--partitions', '0'], '--partitions', 2],
    [['--partition-size', 'much'], '--partition-size', 2],
    [['--partition-size', '8B'], 'less than one row', 2],
    [['--memory', '1MB'], '--memory', 2],
    [['--strategy', 'pull'], 'simple', 2],
    [['--out-dir', 'x'], '--out-dir needs --matrix', 2],
    [['--matrix', '--matrix-sizes', '1MB,,2MB'], 'is not a list', 2],
    [['--matrix', '--matrix-total', '1MB'], '--matrix-total', 2],
    [['--spill-dir', join(file, 'sub')], 'FLOW7008', 1],
  ] as const) {
    const ended = await flowc(['shuffle', ...args]);
    assert.is(ended.code, code, `${args.join(' ')}: ${ended.stderr}`);
    assert.match(ended.stderr, message);
    assert.is(ended.stdout, '');
  }
  const both = await flowc(['sort-bench', '--size', '1MB', '--rows', '3']);
  assert.is(both.code, 2);
  assert.match(both.stderr, '--size and --rows');
});

test('the grid writes a table and a plot', async () => {
  const dir = join(folder, 'grid');
  const sizes = ['--matrix-memory', '48MB', '--matrix-sizes', '500kB,2MB', '--matrix-total', '6MB', '--out-dir', dir];
  const { code, stdout, stderr } = await flowc(['shuffle', '--matrix', ...sizes, '--verify']);
  assert.is(code, 0, stderr);
  assert.is(readFileSync(join(dir, 'shuffle-matrix.md'), 'utf8').trim().split('\n').length, 6);
  assert.match(readFileSync(join(dir, 'shuffle-matrix.svg'), 'utf8'), '</svg>');
  assert.match(stdout, '| 48.0 MB | 12 x 500 kB | push |');
  assert.not.match(stderr, 'Warning');
});

test.run();
