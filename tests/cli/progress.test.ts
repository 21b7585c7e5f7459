import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Progress } from '../../cli/api.ts';
import { progressLine, progressText } from '../../cli/progress.ts';

const at = (elapsedMs: number, bytes: number, more: Partial<Progress> = {}): Progress => ({
  stage: 'summarize by carrier',
  stageIndex: 2,
  stageCount: 5,
  rows: 1_234_567,
  bytes,
  totalBytes: undefined,
  share: undefined,
  spilledBytes: 0,
  elapsedMs,
  ...more,
});

test('one line: stage, rows, bytes, rate, spills, time', () => {
  assert.is(
    progressText(at(3000, 812e6, { totalBytes: 1e9, share: 0.417, spilledBytes: 1.2e9 }), 402e6),
    '41 %  [2/5] summarize by carrier  1,234,567 rows  812 MB of 1.00 GB  402 MB/s  spilled 1.20 GB  3.0 s',
  );
  assert.is(progressText(at(0, 0), 0), '[2/5] summarize by carrier  1,234,567 rows  0 B  0.0 s');
});

function recorder(isTTY: boolean, columns?: number) {
  const written: string[] = [];
  let clock = 0;
  const line = progressLine({ write: (text) => void written.push(text), isTTY, columns }, () => clock);
  return {
    written,
    line,
    tick(milliseconds: number) {
      clock += milliseconds;
    },
  };
}

test('on a terminal the line is rewritten in place, no more than ten times a second, and cut to the width', () => {
  const { written, line, tick } = recorder(true, 30);
  line.update(at(0, 0));
  line.update(at(10, 1000));
  tick(100);
  line.update(at(100, 2000));
  assert.is(written.length, 2);
  assert.is(written[1], '\r[2/5] summarize by carrier  …\u001b[K');
  line.clear();
  line.clear();
  assert.equal(written.slice(2), ['\r\u001b[K']);
});

test('after a clear the next update draws at once', () => {
  const { written, line } = recorder(true);
  line.update(at(0, 0));
  line.clear();
  line.update(at(1, 0));
  assert.is(written.length, 3);
});

test('without a terminal it is a line a second', () => {
  const { written, line, tick } = recorder(false);
  for (let i = 0; i < 25; i++) {
    line.update(at(i * 100, i * 1e6));
    tick(100);
  }
  line.clear();
  assert.is(written.length, 3);
  assert.ok(written.every((text) => text.endsWith(' s\n') && !text.includes('\r')));
});

test('the rate is that of the last two seconds', () => {
  const { written, line, tick } = recorder(true, 200);
  for (let s = 0; s <= 10; s++) {
    line.update(at(s * 1000, s <= 5 ? s * 10e6 : 50e6 + (s - 5) * 1e6));
    tick(1000);
  }
  assert.match(written[5] ?? '', /10\.0 MB\/s/);
  assert.match(written[10] ?? '', /1\.00 MB\/s/);
});

test.run();
