import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { barText, progressBars } from '../../cli/bars.ts';
import { type CellResult, cellsOf, matrixMarkdown, matrixPlot } from '../../cli/commands/shuffle-matrix.ts';
import { plotSvg } from '../../cli/plot.ts';

test('a bar is full when all is done, and never more', () => {
  const full = (bytes: number, total: number) => barText({ name: 'map', bytes, total });
  assert.is(full(0, 100), `map [${'.'.repeat(24)}]   0 % 0 B`);
  assert.is(full(99, 100), `map [${'#'.repeat(23)}.]  99 % 99 B`);
  assert.is(full(100, 100), `map [${'#'.repeat(24)}] 100 % 100 B`);
  assert.match(full(250, 100), '100 % 250 B');
  assert.match(full(0, 0), '100 %');
});

test('bars are drawn now and then, and at the end', () => {
  let now = 0;
  const written: string[] = [];
  const target = { write: (text: string) => written.push(text), isTTY: true, columns: 200 };
  const bars = progressBars(target, () => now);
  for (let i = 1; i <= 10; i++) {
    now += 30;
    bars.update([{ name: 'map', bytes: i, total: 10 }]);
  }
  bars.end();
  assert.is(written.length, 5);
  assert.match(written.at(-2) as string, '100 %');
  assert.is(written.at(-1), '\n');
  assert.ok(written.slice(0, -1).every((text) => text.startsWith('\r')));
});

const results: CellResult[] = cellsOf([64e6, 256e6], [1e6, 4e6], 8e6).map((cell, i) => ({
  ...cell,
  bytes: 8e6,
  ms: i === 2 ? null : 100 * (i + 1),
  spilledBytes: 2 ** 20 * i,
  restoredBytes: 0,
  peakBytes: 5e7,
  ...(i === 2 ? { failure: 'FLOW7007 out of memory: a | b' } : {}),
}));

test('a grid: each limit, size and strategy', () => {
  assert.equal(
    results.map((r) => [r.memory, r.partitions, r.strategy]),
    [
      [64e6, 8, 'simple'],
      [64e6, 8, 'push'],
      [64e6, 2, 'simple'],
      [64e6, 2, 'push'],
      [256e6, 8, 'simple'],
      [256e6, 8, 'push'],
      [256e6, 2, 'simple'],
      [256e6, 2, 'push'],
    ],
  );
});

test('the table of a grid', () => {
  const lines = matrixMarkdown(results).trim().split('\n');
  assert.is(lines.length, 2 + results.length);
  assert.is(lines[2], '| 64.0 MB | 8 x 1.00 MB | simple | 0.10 | 76 | 0 | 0 | 48 |');
  assert.match(lines[4] as string, 'failed: FLOW7007 out of memory: a \\| b');
  // Every row has the same cells, whatever stands in them.
  assert.equal(new Set(lines.map((l) => l.replaceAll('\\|', '').split('|').length)).size, 1);
});

test('the plot of a grid: a line for each limit and strategy, labels, a legend', () => {
  const svg = matrixPlot(results);
  assert.match(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  assert.is(svg.match(/<polyline/g)?.length, 4);
  assert.is(svg.match(/<circle/g)?.length, 7);
  for (const label of ['MiB/s', '1.00 MB', '4.00 MB', '64.0 MB, simple', '256 MB, push'])
    assert.match(svg, `>${label}<`);
  assert.not.match(svg, /NaN|undefined|Infinity/);
});

test('a plot of one value, and of names with signs of XML', () => {
  const series = [{ name: 'a < b & c', ys: [3], color: 'red' }];
  const svg = plotSvg({ title: 't', xLabel: 'x', yLabel: 'y', xs: [{ value: 1, label: '1' }], series });
  assert.match(svg, 'a &lt; b &amp; c');
  assert.not.match(svg, /NaN|Infinity/);
});

test.run();
