import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ResultTable } from '../../cli/api.ts';
import { styleFor } from '../../cli/style.ts';
import { renderTable } from '../../cli/table.ts';
import { displayWidth } from '../../cli/width.ts';

const plain = styleFor({}, {});

function table(columns: readonly string[], rows: ResultTable['rows'], more = false): ResultTable {
  const parsed = columns.map((column) => {
    const [name = '', ...type] = column.split(' ');
    return { name, type: type.join(' ') };
  });
  return { title: undefined, columns: parsed, rows, more };
}

const draw = (value: ResultTable, width?: number) => renderTable(value, { style: plain, width });

test('numbers stand to the right, everything else to the left', () => {
  const text = draw(
    table(
      ['carrier string?', 'n int', 'delay float?', 'paid decimal(12, 2)', 'ok bool'],
      [
        ['AA', 1200, 1 / 3, '12.50', true],
        ['東京', 7n, null, '1200.00', false],
      ],
    ),
  );
  assert.is(
    text,
    [
      '┌─────────┬──────┬──────────┬─────────┬───────┐',
      '│ carrier │    n │    delay │    paid │ ok    │',
      '├─────────┼──────┼──────────┼─────────┼───────┤',
      '│ AA      │ 1200 │ 0.333333 │   12.50 │ true  │',
      '│ 東京    │    7 │     null │ 1200.00 │ false │',
      '└─────────┴──────┴──────────┴─────────┴───────┘',
      '2 rows',
      '',
    ].join('\n'),
  );
});

test('the closing line tells how much is shown', () => {
  const last = (text: string) => text.trimEnd().split('\n').at(-1);
  assert.is(last(draw(table(['a int'], [[1]]))), '1 row');
  assert.is(last(draw(table(['a int'], []))), '0 rows');
  assert.is(
    last(draw(table(['a int'], [[1], [2]], true))),
    'first 2 rows, there are more (--rows N shows more, --out csv all)',
  );
});

test('nulls are dim where there are colours', () => {
  const style = styleFor({ isTTY: true }, {});
  const text = renderTable(table(['a string?'], [[null], ['null']]), { style, width: 80 });
  assert.is(text.split('\u001b[2mnull\u001b[22m').length, 2);
});

test('long cells are cut to the width, the widest first', () => {
  const value = table(['id int', 'text string', 'short string'], [[1, 'x'.repeat(200), 'abcdefgh']]);
  const text = draw(value, 40);
  const lines = text.split('\n').slice(0, -2);
  for (const line of lines) assert.is(displayWidth(line), 40, line);
  assert.match(text, /xxx… │ abcdefgh │/);
  assert.match(draw(value), /x{200}/);
});

test('columns that do not fit are left out of the middle, and counted', () => {
  const names = Array.from({ length: 30 }, (_, i) => `column_${i} int`);
  const text = draw(table(names, [names.map((_, i) => i * 1_000_000)]), 60);
  const lines = text.trimEnd().split('\n');
  for (const line of lines.slice(0, -1)) assert.ok(displayWidth(line) <= 60, line);
  assert.match(text, / … /);
  assert.match(lines.at(-1) ?? '', /^1 row, \d of 30 columns shown$/);
});

test('a very narrow terminal still gets a table', () => {
  assert.match(draw(table(['a int', 'b int', 'c int'], [[1, 2, 3]]), 5), /1 row/);
});

test('control characters of the data never reach the terminal', () => {
  const text = draw(table(['a\u001b[2J string'], [['line\nnext\u0007\u009b1m']]));
  assert.match(text, /line\\nnext\\x07\\x9b1m/);
  assert.match(text, /a\\x1b\[2J/);
});

test('floats: six decimals at most, tiny and huge ones in scientific form', () => {
  const values = [0.1 + 0.2, 1234.5, 1e21, 1.5e-7, Number.NaN, Number.POSITIVE_INFINITY, -0.000123456789, 3];
  const text = draw(
    table(
      ['x float'],
      values.map((value) => [value]),
    ),
  );
  const cells = text
    .split('\n')
    .slice(3, -3)
    .map((line) => line.replaceAll('│', '').trim());
  assert.equal(cells, ['0.3', '1234.5', '1e+21', '1.5e-7', 'NaN', 'Infinity', '-0.000123457', '3']);
});

test.run();
