import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { random } from '../e2e/harness.ts';
import { codesIn, Place } from './support.ts';

/** Several times the memory limit below, so that a sort has to spill. */
const ROWS = 1_500_000;
const SORT = 'from csv("big.csv") as { id: int, k: int, text: string } | sort k, text | write csv("out.csv")';
const SMALL = ['--memory', '16MiB', '--workers', '2'];

function big(place: Place): void {
  const r = random(5);
  const lines: string[] = ['id,k,text'];
  for (let i = 0; i < ROWS; i++) lines.push(`${i},${r()},text ${r() % 100_003}`);
  place.file('big.csv', `${lines.join('\n')}\n`);
  place.file('out.csv', 'what was there before');
}

const place = new Place();
big(place);
const before = (): string => fs.readFileSync(path.join(place.dir, 'out.csv'), 'utf8');

/** Resolves when the run has begun to spill. */
async function spilling(): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    const size = fs.readdirSync(place.spill, { recursive: true, withFileTypes: true }).filter((f) => f.isFile()).length;
    // The owner's mark is the first file, spilled bytes the second.
    if (size >= 2) return;
    await new Promise((r) => setTimeout(r, 20));
  }
  throw new Error('the run does not spill');
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} in the middle of a spilling sort`, async () => {
    const { child, ended } = place.start(SORT, SMALL);
    await spilling();
    child.kill(signal);
    const r = await ended;
    assert.is(r.code, code, r.stderr);
    assert.not.match(r.stderr, /\n {4}at |bug in flowc/);
    assert.is(before(), 'what was there before');
    assert.equal(place.leftovers(), []);
  });
}

test('SIGINT at odd moments', async () => {
  for (const ms of [30, 120, 250, 600]) {
    const { child, ended } = place.start(SORT, SMALL);
    await new Promise((r) => setTimeout(r, ms));
    child.kill('SIGINT');
    const r = await ended;
    // Before the command has begun to listen the signal ends it as it ends any process.
    assert.ok(r.code === 130 || r.signal === 'SIGINT', `after ${ms} ms: ${r.code} ${r.signal} ${r.stderr}`);
    assert.is(before(), 'what was there before');
    assert.equal(place.leftovers(), []);
  }
});

test('what a killed run leaves behind is removed by the next one', async () => {
  const { child, ended } = place.start(SORT, SMALL);
  await spilling();
  child.kill('SIGKILL');
  await ended;
  assert.ok(fs.readdirSync(place.spill).length > 0, 'a killed run cannot clean up');
  const r = await place.run('from csv("big.csv") | take 1', SMALL);
  assert.is(r.code, 0, r.stderr);
  assert.equal(fs.readdirSync(place.spill), []);
  for (const f of fs.readdirSync(place.dir)) if (f.endsWith('.tmp')) fs.rmSync(path.join(place.dir, f));
});

test('a reader of standard output that leaves ends the run quietly', async () => {
  const { child, ended } = place.start('from csv("big.csv")', [...SMALL, '--out', 'csv']);
  child.stdout?.once('data', () => child.stdout?.destroy());
  const r = await ended;
  assert.is(r.stderr.includes('bug in flowc'), false, r.stderr);
  assert.is(codesIn(r.stderr).length, 0, r.stderr);
  assert.equal(place.leftovers(), []);
});

/** A file system of 8 MB, where this process may make one. */
function tinyDisk(): string | null {
  const dir = path.join(place.dir, 'tiny');
  fs.mkdirSync(dir, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', dir], { stdio: 'ignore' });
    return dir;
  } catch {
    return null;
  }
}

const tiny = tinyDisk();
if (tiny === null) console.log('# skip: a small file system cannot be mounted here: full disks are not tried');
else {
  test.after(() => {
    execFileSync('umount', [tiny], { stdio: 'ignore' });
  });

  test('a full spill folder', async () => {
    const r = await place.run(SORT, [...SMALL, '--spill-dir', tiny]);
    assert.is(r.code, 1, r.stderr);
    assert.equal(codesIn(r.stderr), ['FLOW7008'], r.stderr);
    assert.ok(r.stderr.includes(tiny) && r.stderr.includes('--spill-dir'), r.stderr);
    assert.is(before(), 'what was there before');
    assert.equal(place.leftovers(), []);
  });

  test('a full disk below the output', async () => {
    const r = await place.run('from csv("big.csv") | write csv("tiny/out.csv")', ['--workers', '2']);
    assert.is(r.code, 1, r.stderr);
    assert.equal(codesIn(r.stderr), ['FLOW7006'], r.stderr);
    assert.match(r.stderr, /tiny\/out\.csv.*full/);
    assert.equal(fs.readdirSync(tiny), []);
  });

  test('a full disk below a Parquet output', async () => {
    const r = await place.run('from csv("big.csv") | write parquet("tiny/out.parquet")', ['--workers', '2']);
    assert.is(r.code, 1, r.stderr);
    assert.equal(codesIn(r.stderr), ['FLOW7006'], r.stderr);
    assert.equal(fs.readdirSync(tiny), []);
  });
}

test.run();
