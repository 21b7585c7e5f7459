import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { resolvePaths } from '../../engine/formats/files.ts';
import { expandBraces, isGlob, segmentMatcher } from '../../engine/formats/glob.ts';
import { didYouMean, nearestNames } from '../../engine/formats/nearest.ts';
import { ByteOut } from '../../engine/formats/out.ts';
import { formatByExtension } from '../../engine/formats/registry.ts';
import { splitSize } from '../../engine/formats/split_size.ts';
import { compileTimeFormat } from '../../engine/formats/time_format.ts';
import { runError } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowc-files-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

for (const path of [
  'orders-2.csv',
  'orders-10.csv',
  'orders-1.csv',
  'Orders-3.csv',
  'notes.txt',
  '.hidden.csv',
  'a/x.csv',
  'a/b/y.csv',
  'a/b/z.json',
  'c/x.csv',
  'odd[1].csv',
]) {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), 'a\n1\n');
}
symlinkSync(join(folder, 'notes.txt'), join(folder, 'link.txt'));

async function resolve(pattern: string | string[]): Promise<string[]> {
  return (await resolvePaths(pattern, folder)).map((p) => p.slice(folder.length + 1));
}

test('globs, in code unit order', async () => {
  assert.equal(await resolve('orders-*.csv'), ['orders-1.csv', 'orders-10.csv', 'orders-2.csv']);
  assert.equal(await resolve('*.csv'), ['Orders-3.csv', 'odd[1].csv', 'orders-1.csv', 'orders-10.csv', 'orders-2.csv']);
  assert.equal(await resolve('orders-?.csv'), ['orders-1.csv', 'orders-2.csv']);
  assert.equal(await resolve('[oO]rders-[1-3].csv'), ['Orders-3.csv', 'orders-1.csv', 'orders-2.csv']);
  assert.equal(await resolve('orders-[!1].csv'), ['orders-2.csv']);
  assert.equal(await resolve('**/*.csv'), [
    'Orders-3.csv',
    'a/b/y.csv',
    'a/x.csv',
    'c/x.csv',
    'odd[1].csv',
    'orders-1.csv',
    'orders-10.csv',
    'orders-2.csv',
  ]);
  assert.equal(await resolve('a/**'), ['a/b/y.csv', 'a/b/z.json', 'a/x.csv']);
  assert.equal(await resolve('{c,a}/x.csv'), ['a/x.csv', 'c/x.csv']);
  assert.equal(await resolve('./a/../{notes,link}.txt'), ['link.txt', 'notes.txt']);
  assert.equal(await resolve(join(folder, '*/x.csv')), ['a/x.csv', 'c/x.csv']);
  assert.equal(await resolve('.*.csv'), ['.hidden.csv']);
});

test('a file whose name looks like a glob, lists, standard input', async () => {
  assert.equal(await resolve('odd[1].csv'), ['odd[1].csv']);
  assert.equal(await resolve(['c/x.csv', 'orders-1.csv', 'c/*']), ['c/x.csv', 'orders-1.csv']);
  assert.equal(await resolvePaths('-', folder), ['-']);
});

test('what is not there is told with its neighbours', async () => {
  const e = await runError(() => resolve('ordrs-1.csv'));
  assert.is(e.code, 'FLOW7001');
  assert.ok(e.message.includes('ordrs-1.csv') && e.message.includes(folder));
  assert.match(e.hint ?? '', /"orders-1.csv"/);
  assert.match((await runError(() => resolve('nowhere/x.csv'))).hint ?? '', /no folder "nowhere"/);
  const none = await runError(() => resolve('orders-*.tsv'));
  assert.is(none.code, 'FLOW7001');
  assert.match(none.message, /no file matches/);
  assert.is((await runError(() => resolve([]))).code, 'FLOW7001');
});

test('folders and unreadable files', async () => {
  const e = await runError(() => resolve('a'));
  assert.is(e.code, 'FLOW7002');
  assert.match(e.hint ?? '', /"a\/\*\.csv"/);
  if (process.getuid?.() === 0) {
    console.log('# skip: the superuser may read everything');
    return;
  }
  writeFileSync(join(folder, 'secret.csv'), 'a\n');
  chmodSync(join(folder, 'secret.csv'), 0);
  const denied = await runError(() => resolve('secret.csv'));
  assert.is(denied.code, 'FLOW7002');
  assert.match(denied.message, /permission denied/);
});

test('braces and segments', () => {
  assert.equal(expandBraces('a{b,c{d,e}}f{1,2}'), ['abf1', 'abf2', 'acdf1', 'acdf2', 'acef1', 'acef2']);
  assert.equal(expandBraces('a{b}c{'), ['a{b}c{']);
  assert.ok(isGlob('a*') && isGlob('{a,b}') && !isGlob('plain.csv') && !isGlob('a\\*b'));
  assert.ok(segmentMatcher('a\\*b')('a*b') && !segmentMatcher('a\\*b')('axb'));
  assert.ok(segmentMatcher('a.c')('a.c') && !segmentMatcher('a.c')('abc'));
  assert.ok(segmentMatcher('[]x]')(']') && segmentMatcher('[^a]')('b'));
});

test('near names', () => {
  assert.equal(nearestNames('amuont', ['amount', 'count', 'amounts', 'id']), ['amount', 'amounts']);
  assert.is(didYouMean('zzz', ['amount']), undefined);
});

test('formats by the ending of a path', () => {
  const names = ['x.csv', 'a/b.TSV', 'x.csv.gz', 'x.jsonl', 'x.ndjson.gz', 'x.json', 'x', 'x.gz', 'x.docx'];
  assert.equal(
    names.map((n) => formatByExtension(n)?.name ?? null),
    ['csv', 'tsv', 'csv', 'ndjson', 'ndjson', 'json', null, null, null],
  );
});

test('time formats', () => {
  const moment = (format: string, text: string) => {
    const m = compileTimeFormat(format)(text);
    return m === null ? null : m.days * 86400 + m.seconds + m.micros / 1e6;
  };
  const at = (iso: string) => Date.parse(iso) / 1000;
  assert.is(moment('%d.%m.%Y', '29.02.2024'), at('2024-02-29'));
  assert.is(moment('%d.%m.%Y', '29.02.2023'), null);
  assert.is(moment('%b %d %Y', 'Jun 12 1998'), at('1998-06-12'));
  assert.is(moment('%A, %B %e, %y', 'friday, june 12, 98'), at('1998-06-12'));
  assert.is(moment('%Y/%m/%d %H:%M', '2001/01/01 06:55'), at('2001-01-01T06:55Z'));
  assert.is(moment('%F %I:%M:%S.%f %p', '2001-01-01 12:00:01.25 am'), at('2001-01-01T00:00:01.250Z'));
  assert.is(moment('%FT%T%z', '2001-01-01T12:00:00+02:00'), at('2001-01-01T10:00:00Z'));
  assert.is(moment('%Y %j', '2024 366'), at('2024-12-31'));
  assert.is(moment('%Y %j', '2023 366'), null);
  assert.is(moment('100%% %Y', '100% 1970'), 0);
  assert.throws(() => compileTimeFormat('%Q'), /unknown directive %Q/);
});

test('floats are written as String writes them', () => {
  const out = new ByteOut(8);
  const text = (v: number): string => {
    out.clear();
    out.float(v);
    return Buffer.from(out.view()).toString();
  };
  const decimal = fc.tuple(fc.integer(), fc.integer({ min: 0, max: 8 })).map(([v, k]) => v / 10 ** k);
  fc.assert(
    fc.property(fc.oneof(decimal, fc.double({ noNaN: true, noDefaultInfinity: true })), (v) => {
      if (!Number.isInteger(v)) assert.is(text(v), String(v));
    }),
    { numRuns: 3000 },
  );
  for (const v of [0.1, -0.5, 0.000001, 1e-7, 123456789.123456, 999999999.99, -12.340001, 5e-324])
    assert.is(text(v), String(v));
});

test('splits grow with the root of the file, within bounds', () => {
  const MIB = 1 << 20;
  const tuning = { splitBytes: 4 * MIB, maxSplitBytes: 64 * MIB };
  assert.is(splitSize(tuning, 0), 4 * MIB);
  assert.is(splitSize(tuning, 16 * MIB), 4 * MIB);
  assert.is(splitSize(tuning, 64 * MIB), 8 * MIB);
  assert.is(splitSize(tuning, 900 * MIB), 30 * MIB);
  assert.is(splitSize(tuning, 2 ** 40), 64 * MIB);
  assert.is(splitSize({ splitBytes: 4000 }, 2 ** 40), 4000);
});

test('splits that have grown hold every row once', () => {
  const path = join(folder, 'grown.csv');
  writeFileSync(path, `a,b\n${Array.from({ length: 3000 }, (_, i) => `${i},"x\n${i}"`).join('\n')}\n`);
  const script = `
    import { csvReader } from './engine/formats/csv.ts';
    import { readAll } from './tests/formats/support.ts';
    const tuning = { splitBytes: 400, maxSplitBytes: 5000, windowBytes: 300, indexFields: 100 };
    const { rows, splits } = await readAll(csvReader(',', tuning), process.argv[1]);
    console.log(JSON.stringify([splits, rows.every((r, i) => r.a === i && r.b === 'x\\n' + i), rows.length]));
  `;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script, path];
  const child = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.is(child.status, 0, child.stderr);
  const [splits, same, rows] = JSON.parse(child.stdout);
  assert.equal([same, rows], [true, 3000]);
  // 38 KB in splits of about 1.9 KB.
  assert.ok(splits > 15 && splits < 30, `${splits} splits`);
});

test('standard input is read once and by ranges', () => {
  const script = `
    import { csvReader } from './engine/formats/csv.ts';
    import { spoolStdin } from './engine/formats/stdin.ts';
    import { readAll } from './tests/formats/support.ts';
    await spoolStdin();
    await spoolStdin();
    const small = csvReader(',', { splitBytes: 4000, windowBytes: 1000, indexFields: 100 });
    const first = await readAll(small, '-');
    const again = await readAll(small, '-');
    console.log(JSON.stringify([first.rows.length, first.splits, again.rows.length, first.rows[4999]]));
  `;
  const input = `a,b\n${Array.from({ length: 5000 }, (_, i) => `${i},x${i}`).join('\n')}\n`;
  const child = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    input,
    encoding: 'utf8',
  });
  assert.is(child.status, 0, child.stderr);
  const [rows, splits, again, last] = JSON.parse(child.stdout);
  assert.equal([rows, again, last], [5000, 5000, { a: 4999, b: 'x4999' }]);
  assert.ok(splits > 5);
});

test.run();
