// Places that cannot be written, or are full: outputs and spill directories. What was there before stays, and nothing new is left.
import * as fs from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bigCsv, Place } from './harness.ts';

const place = new Place();
const SMALL = ['--memory', '24MB'];
/** Sorts more than fits into the memory of SMALL. */
const SPILLING = 'from csv("big.csv") | sort k | write csv("out.csv")';

test.before(() => {
  bigCsv(place.path('big.csv'), 600_000);
  place.write('small.csv', 'a,b\n1,2\n3,4\n');
  place.write('bad.csv', 'a,b\n1,2\n3,x\n');
  place.write('out.csv', 'as it was');
  place.write('file', '');
  fs.mkdirSync(place.path('folder'));
});

test.after.each(() => {
  assert.is(place.read('out.csv'), 'as it was');
});

test('a spill directory that is no directory', async () => {
  const says = [/cannot spill to file: .* is not a directory/, /help: Give another directory with --spill-dir/];
  await place.fails(1, 'FLOW7008', SPILLING, says, ['--spill-dir', 'file']);
  await place.fails(1, 'FLOW7008', SPILLING, says.slice(1), ['--spill-dir', 'file/below']);
});

test('a spill directory that does not exist yet is made when it is needed', async () => {
  const flow = 'from csv("big.csv") | sort k | write csv("sorted.csv")';
  const { code, err } = await place.run(flow, [...SMALL, '--spill-dir', 'new/place']);
  assert.is(code, 0, err);
  assert.match(err, /spilled/);
  assert.is(place.read('sorted.csv').split('\n').length, 600_002);
  assert.equal(fs.readdirSync(place.path('new/place')), []);
  fs.rmSync(place.path('sorted.csv'));
});

test('a spill directory that cannot be written', async () => {
  if (!place.mount('readonly', 'size=1m,ro')) {
    console.log('# skip: no file system can be mounted here');
    return;
  }
  await place.fails(
    1,
    'FLOW7008',
    SPILLING,
    [/cannot spill to readonly: .* is not writable/, /help:/],
    ['--spill-dir', 'readonly'],
  );
});

test('a full spill directory: the need and the free space', async () => {
  if (!place.mount('full', 'size=4m')) {
    console.log('# skip: no file system can be mounted here');
    return;
  }
  const says = [
    /cannot spill to .*\/full: the disk is full \(needed [\d.]+ MiB, free .*\)/,
    /help: Give another directory/,
  ];
  await place.fails(1, 'FLOW7008', SPILLING, says, [...SMALL, '--spill-dir', 'full']);
  assert.equal(fs.readdirSync(place.path('full')), []);
});

test('an output on a full disk, text and Parquet, compressed and not', async () => {
  if (!place.mount('disk', 'size=2m')) {
    console.log('# skip: no file system can be mounted here');
    return;
  }
  place.write('disk/kept.csv', 'as it was');
  for (const sink of [
    'csv("disk/kept.csv")',
    'csv("disk/new/o.csv.gz", compression: "gzip")',
    'parquet("disk/o.parquet")',
    'arrow("disk/o.arrow")',
  ]) {
    const { err } = await place.fails(1, 'FLOW7006', `from csv("big.csv") | write ${sink}`, [
      /cannot write disk\/.*: the disk is full/,
      /job\.flow:1:23/,
      /help: free some space/,
    ]);
    assert.not.match(err, /note: at/);
    assert.equal(fs.readdirSync(place.path('disk')), ['kept.csv']);
  }
  assert.is(place.read('disk/kept.csv'), 'as it was');
});

test('an output that cannot be: a folder, below a file, below /proc, on a read-only disk', async () => {
  const where = [/job\.flow:1:25/];
  await place.fails(1, 'FLOW7006', 'from csv("small.csv") | write csv("folder")', [
    /cannot write folder: it is a folder/,
    ...where,
  ]);
  await place.fails(1, 'FLOW7006', 'from csv("small.csv") | write csv("file/x/o.csv")', [
    /cannot write file\/x\/o\.csv: a part of the path is not a folder/,
    ...where,
  ]);
  if (fs.existsSync('/proc/self'))
    await place.fails(1, 'FLOW7006', 'from csv("small.csv") | write csv("/proc/none/o.csv")', [
      /cannot write \/proc\/none\/o\.csv/,
      ...where,
    ]);
  if (place.has('readonly'))
    await place.fails(1, 'FLOW7006', 'from csv("small.csv") | write csv("readonly/o.csv")', [
      /cannot write readonly\/o\.csv: the file system is read-only/,
      ...where,
    ]);
});

test('a bad place is told before the work, and two steps do not write one file', async () => {
  // Nothing is sorted, so nothing is spilled: a full spill directory would be the error otherwise.
  const { err } = await place.fails(
    1,
    'FLOW7006',
    'from csv("big.csv") | sort k | write csv("folder")',
    [/it is a folder/],
    SMALL,
  );
  assert.not.match(err, /spill/);
  const twice = 'from csv("small.csv") | write csv("new.csv")\nfrom csv("small.csv") | write ndjson("./new.csv")';
  await place.fails(1, 'FLOW7006', twice, [/two steps write (\.\/)?new\.csv/, /job\.flow:2:25/]);
  assert.not.ok(place.has('new.csv'));
});

test('a run that fails leaves all of its outputs as they were, and no folder that it made', async () => {
  place.write('first.csv', 'old');
  const flow = `from csv("small.csv") | write csv("first.csv")
from csv("small.csv") | write parquet("made/by/run.parquet")
from csv("bad.csv") as { a: int, b: int } | write csv("out.csv")`;
  await place.fails(1, 'FLOW7004', flow, [/"x" is not an int/]);
  assert.is(place.read('first.csv'), 'old');
  assert.not.ok(place.has('made'));
  const good = await place.run(flow.split('\n').slice(0, 2).join('\n'));
  assert.is(good.code, 0, good.err);
  assert.is(place.read('first.csv'), 'a,b\n1,2\n3,4\n');
  assert.ok(place.has('made/by/run.parquet'));
});

test('outputs through links, over files with a mode, and to devices', async () => {
  place.write('real.csv', 'old');
  fs.chmodSync(place.path('real.csv'), 0o640);
  fs.symlinkSync('real.csv', place.path('link.csv'));
  const { code, err } = await place.run(
    'from csv("small.csv") | write csv("link.csv")\nfrom csv("small.csv") | write csv("/dev/null")',
  );
  assert.is(code, 0, err);
  assert.ok(fs.lstatSync(place.path('link.csv')).isSymbolicLink());
  assert.is(place.read('real.csv'), 'a,b\n1,2\n3,4\n');
  assert.is(fs.statSync(place.path('real.csv')).mode & 0o777, 0o640);
  assert.ok(fs.statSync('/dev/null').isCharacterDevice());
  // A source may be the target too: it is read as it was.
  place.write('self.csv', 'a\n1\n2\n');
  assert.is((await place.run('from csv("self.csv") | derive b = a + 1 | write csv("self.csv")')).code, 0);
  assert.is(place.read('self.csv'), 'a,b\n1,2\n2,3\n');
});

test('sizes: too little, malformed, ambiguous', async () => {
  for (const [size, says] of [
    ['1MB', /1\.00 MB is too little for any run/],
    ['12Q', /'Q' in '12Q' is not a unit of size/],
    ['64M', /has two meanings/],
    ['lots', /is not a size/],
    ['-5MB', /is not a size/],
    ['0', /less than one byte/],
  ] as const) {
    const { code, out, err } = await place.run(SPILLING, [`--memory=${size}`]);
    assert.equal([code, out], [2, ''], size);
    assert.match(err, says);
    assert.match(err, /^error: /);
  }
  // More than any address space holds.
  await place.fails(
    1,
    'FLOW7007',
    SPILLING,
    [/does not give address space for a memory limit of 1000 TiB/, /help: Give less/],
    ['--memory=1000TiB'],
  );
});

test.run();
