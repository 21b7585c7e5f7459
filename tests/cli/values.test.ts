import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addParam, parseInteger } from '../../cli/args.ts';
import { UsageError } from '../../cli/exit.ts';
import { formatCount, formatElapsed, formatSize, parseSize } from '../../cli/size.ts';
import { cutToWidth, displayWidth } from '../../cli/width.ts';

function refused(run: () => unknown, message: RegExp, hint?: RegExp): void {
  try {
    run();
  } catch (error) {
    assert.instance(error, UsageError);
    const usage = error as UsageError;
    assert.match(usage.message, message);
    if (hint) assert.match(usage.hint ?? '', hint);
    return;
  }
  assert.unreachable(`accepted, but should fail with ${message}`);
}

test('sizes: decimal and binary units in any case, fractions, plain bytes', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['64MB', 64_000_000],
    ['64MiB', 67_108_864],
    ['1.5GiB', 1_610_612_736],
    ['500kb', 500_000],
    ['500 KiB', 512_000],
    ['1_048_576', 1_048_576],
    ['12B', 12],
    ['.5TB', 500_000_000_000],
  ];
  for (const [text, bytes] of cases) assert.is(parseSize(text, '--memory'), bytes, text);
});

test('sizes: what is wrong is said', () => {
  refused(() => parseSize('lots', '--memory'), /--memory: 'lots' is not a size/, /64MB/);
  refused(() => parseSize('-5MB', '--memory'), /is not a size/);
  refused(() => parseSize('', '--memory'), /is not a size/);
  refused(() => parseSize('64Mb/s', '--memory'), /is not a size/);
  refused(() => parseSize('64m', '--memory'), /two meanings/, /64MB .* or 64MiB/);
  refused(() => parseSize('64megs', '--memory'), /'megs' in '64megs' is not a unit/, /KiB/);
  refused(() => parseSize('0GB', '--memory'), /less than one byte/);
  refused(() => parseSize('99999999TB', '--memory'), /more than any machine has/);
});

test('sizes, counts and durations for people', () => {
  const sizes: readonly (readonly [number, string])[] = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [1_500_000, '1.50 MB'],
    [64e6, '64.0 MB'],
    [999_499, '999 kB'],
    [999_600, '1.00 MB'],
    [2e15, '2000 TB'],
  ];
  for (const [bytes, text] of sizes) assert.is(formatSize(bytes), text);
  assert.equal([0, 999, 1000, 1234567].map(formatCount), ['0', '999', '1,000', '1,234,567']);
  assert.equal([40, 59_940, 59_960, 187_000, 3_723_000].map(formatElapsed), [
    '0.0 s',
    '59.9 s',
    '1:00',
    '3:07',
    '1:02:03',
  ]);
});

test('parameters: name=value, the value as it stands', () => {
  const params = addParam('filter=a=b', addParam('since=2024-05-01'));
  assert.equal(
    [...params],
    [
      ['since', '2024-05-01'],
      ['filter', 'a=b'],
    ],
  );
  assert.is(addParam('empty=').get('empty'), '');
  refused(() => addParam('since'), /'since' has no value/, /-p since=value/);
  refused(() => addParam('=x'), /does not start with a parameter's name/);
  refused(() => addParam('since=1', params), /given twice/);
});

test('whole numbers within bounds', () => {
  assert.is(parseInteger('4', '--workers', 1, 256), 4);
  for (const text of ['0', '257', '-1', '1.5', 'two', '', '1e2']) {
    refused(() => parseInteger(text, '--workers', 1, 256), /is not a whole number from 1 to 256/);
  }
});

test('widths count terminal cells', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['abc', 3],
    ['né', 2],
    ['ne\u0301', 2],
    ['東京', 4],
    ['👩‍👩‍👧', 2],
    ['한국', 4],
    ['', 0],
  ];
  for (const [text, width] of cases) assert.is(displayWidth(text), width, text);
  assert.is(cutToWidth('abcdef', 6), 'abcdef');
  assert.is(cutToWidth('abcdef', 4), 'abc…');
  assert.is(cutToWidth('東京都', 4), '東…');
  assert.is(cutToWidth('東京都', 6), '東京都');
  assert.is(cutToWidth('abc', 0), '');
});

test.run();
