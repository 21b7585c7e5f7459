// Ctrl-C and its kin at every moment of a run that spills: the right exit code, and nothing left. A killed run is cleaned up by the next one.
import * as fs from 'node:fs';
import * as os from 'node:os';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bigCsv, type Ended, Place, type Started, until } from './harness.ts';

const place = new Place();
const SPILLING = 'from csv("big.csv") | sort k, s | write csv("out.csv")';
const SMALL = ['--memory', '32MB'];

test.before(() => {
  bigCsv(place.path('big.csv'), 1_000_000);
  place.write('out.csv', 'as it was');
});

test.before.each(() => {
  assert.equal(place.leftovers(), []);
});

const temporary = (): string | undefined => fs.readdirSync(place.folder).find((f) => f.endsWith('.tmp'));
const spills = (): boolean => fs.readdirSync(place.spill).length > 0;
/** The owner's mark is the first file of a spill folder, spilled bytes are the next. */
const spilledBytes = (): boolean =>
  fs.readdirSync(place.spill, { recursive: true, withFileTypes: true }).filter((f) => f.isFile()).length > 1;
const written = (): boolean => {
  const name = temporary();
  return name !== undefined && fs.statSync(place.path(name)).size > 100_000;
};

/** Moments of the run, as they are seen from outside. */
const MOMENTS: readonly (readonly [string, () => boolean])[] = [
  ['the start', () => temporary() !== undefined],
  ['spilling', spills],
  ['writing', written],
];

async function interrupted(run: Started, signals: readonly NodeJS.Signals[]): Promise<Ended> {
  for (const s of signals) run.child.kill(s);
  return run.ended;
}

function check({ code, out, err }: Ended, expected: number): void {
  assert.equal([code, out, err], [expected, '', 'interrupted\n']);
  assert.is(place.read('out.csv'), 'as it was');
  place.isClean(err);
}

for (const [moment, reached] of MOMENTS) {
  test(`Ctrl-C at ${moment}`, async () => {
    const run = place.start(SPILLING, SMALL);
    await until(moment, reached);
    check(await interrupted(run, ['SIGINT']), 130);
  });
}

test('Ctrl-C in a computation without end', async () => {
  place.write('stuck.csv', `s\n${'a'.repeat(60)}!\n`);
  const run = place.start('from csv("stuck.csv") | where s matches "^(a+)+$" | write csv("out.csv")', ['--progress']);
  let told = '';
  run.child.stderr?.on('data', (text: string) => {
    told += text;
  });
  await until('a row that is read', () => told.includes('1 rows'));
  run.child.kill('SIGINT');
  const { code } = await run.ended;
  assert.is(code, 130);
  assert.is(place.read('out.csv'), 'as it was');
  assert.equal(place.leftovers(), []);
});

test('SIGTERM and SIGHUP', async () => {
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    const run = place.start(SPILLING, SMALL);
    await until('spilling', spills);
    check(await interrupted(run, [signal]), 143);
  }
});

test('a second Ctrl-C does not wait, and leaves nothing either', async () => {
  const run = place.start(SPILLING, SMALL);
  await until('spilling', spills);
  const { code } = await interrupted(run, ['SIGINT', 'SIGINT', 'SIGINT']);
  assert.is(code, 130);
  assert.equal(place.leftovers(), []);
  assert.is(place.read('out.csv'), 'as it was');
});

test('Ctrl-C while standard input is awaited', async () => {
  const copies = (pid: number | undefined): string[] =>
    fs.readdirSync(os.tmpdir()).filter((f) => f.startsWith(`flowc-${pid}-`));
  const run = place.start('from csv("-") | write csv("out.csv")', [], 'pipe');
  run.child.stdin?.write('a,b\n1,2\n');
  await until('the copy of standard input', () => copies(run.child.pid).length > 0);
  check(await interrupted(run, ['SIGINT']), 130);
  assert.equal(copies(run.child.pid), []);
});

test('Ctrl-C while nobody takes the output', async () => {
  const run = place.start('from csv("big.csv")', ['--out', 'csv']);
  run.child.stdout?.pause();
  // The pipe is full once the run is over and its result is being written; rows do not fit into any pipe.
  await until('output', () => (run.child.stdout?.readableLength ?? 0) > 0);
  run.child.kill('SIGINT');
  const code = await new Promise((resolve) => run.child.on('exit', resolve));
  run.child.stdout?.resume();
  assert.is(code, 130);
  await run.ended;
  assert.equal(place.leftovers(), []);
});

test('a killed run leaves its spill files to the next one, which removes them', async () => {
  const run = place.start(SPILLING, SMALL);
  // A folder without its owner's mark may belong to a process that is just starting, and is left alone for a minute.
  await until('spilled bytes', spilledBytes);
  run.child.kill('SIGKILL');
  await run.ended;
  const stale = fs.readdirSync(place.spill);
  assert.is(stale.length, 1);
  const temp = temporary();
  assert.ok(temp);
  fs.rmSync(place.path(temp));
  // A folder of a process that is alive is left alone.
  const own = `flowc-${process.pid}-0123456789ab`;
  fs.mkdirSync(`${place.spill}/${own}`);
  place.write('one.csv', 'a\n1\n');
  assert.is((await place.run('from csv("one.csv")')).code, 0);
  assert.equal(fs.readdirSync(place.spill), [own]);
  fs.rmdirSync(`${place.spill}/${own}`);
});

test('a reader of standard output that leaves early', async () => {
  const left = async (flow: string, args: readonly string[] = []): Promise<Ended> => {
    const run = place.start(flow, [...SMALL, ...args]);
    run.child.stdout?.once('data', () => run.child.stdout?.destroy());
    return run.ended;
  };
  for (const [flow, args] of [
    ['from csv("big.csv")', ['--out', 'csv']],
    ['from csv("big.csv")', ['--out', 'ndjson']],
    ['from csv("big.csv") | write csv("-")', []],
    ['from csv("big.csv") | write csv("-", compression: "gzip")', []],
    ['from csv("big.csv") | take 300000 | write arrow("-")', []],
  ] as const) {
    const { code, err } = await left(flow, args);
    assert.equal([flow, code, err], [flow, 141, '']);
    assert.equal(place.leftovers(), []);
  }
  // A table is told to nobody; the run has done its work.
  const { code, err } = await left('from csv("big.csv") | take 3');
  assert.is(code, 0, err);
});

test.run();
