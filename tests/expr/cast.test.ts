import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { castFn } from '../../engine/expr/cast.ts';
import type { LiteralValue } from '../../engine/expr.ts';
import { formatDecimal, formatFloat } from '../../engine/functions/format.ts';
import { parseDecimal, parseFloat64 } from '../../engine/functions/parse.ts';
import { type DataType, field, T } from '../../engine/types.ts';

function cast(from: DataType, to: DataType, v: LiteralValue): LiteralValue {
  const fn = castFn(from, to);
  if (fn === null) throw new Error('no cast');
  return fn(v);
}

test('text to numbers', () => {
  const int = (s: string) => cast(T.string, T.int, s);
  assert.equal(['1', ' -7 ', '+3', '9223372036854775807'].map(int), [1, -7, 3, 2n ** 63n - 1n]);
  assert.equal(
    ['', ' ', '1.0', '1e3', '0x10', '9223372036854775808', '1_000', '--1'].map(int),
    new Array(8).fill(null),
  );
  const float = (s: string) => cast(T.string, T.float, s);
  assert.equal(['1', '.5', '1.', '-1e3', 'inf', '-Infinity', 'NaN'].map(float), [
    1,
    0.5,
    1,
    -1000,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NaN,
  ]);
  assert.equal(['', '.', 'e5', '1e999', '0x1', '1,5'].map(float), new Array(6).fill(null));
  const decimal = (s: string) => cast(T.string, T.decimal(5, 2), s);
  assert.equal(['1.005', '-1.005', '1e2', '999.994', '0.001'].map(decimal), [101, -101, 10000, 99999, 0]);
  assert.equal(['999.995', '1000', '', '.', '1e400', 'nan'].map(decimal), new Array(6).fill(null));
  const bool = (s: string) => cast(T.string, T.bool, s);
  assert.equal(['true', 'F', 'Yes', '0', 'maybe'].map(bool), [true, false, true, false, null]);
});

test('numbers to text', () => {
  assert.equal([1, 0.1, -0, 1e21, 1e-7, Number.NaN, Number.NEGATIVE_INFINITY].map(formatFloat), [
    '1.0',
    '0.1',
    '-0.0',
    '1e+21',
    '1e-7',
    'nan',
    '-inf',
  ]);
  assert.equal(
    [
      [5, 2],
      [-5, 2],
      [12345, 2],
      [7, 0],
      [-(10n ** 20n), 3],
    ].map(([v, s]) => formatDecimal(v as number, s as number)),
    ['0.05', '-0.05', '123.45', '7', '-100000000000000000.000'],
  );
});

test('numbers read back from their text', () => {
  fc.assert(fc.property(fc.double(), (v) => Object.is(parseFloat64(formatFloat(v)), v)));
  fc.assert(
    fc.property(fc.bigInt(-(10n ** 38n) + 1n, 10n ** 38n - 1n), fc.integer({ min: 0, max: 38 }), (v, scale) => {
      assert.is(BigInt(parseDecimal(formatDecimal(v, scale), 38, scale) as number | bigint), v);
    }),
  );
});

test('floats to decimals round as they are written', () => {
  const to = (v: number) => cast(T.float, T.decimal(6, 2), v);
  assert.equal([1.005, -2.675, 1e-9, 9999.99].map(to), [101, -268, 0, 999999]);
  assert.equal([1e4, Number.NaN, Number.POSITIVE_INFINITY].map(to), [null, null, null]);
});

test('decimals and ints', () => {
  assert.is(cast(T.decimal(5, 2), T.int, 250), 3);
  assert.is(cast(T.decimal(5, 2), T.int, -250), -3);
  assert.is(cast(T.decimal(38, 0), T.int, 2n ** 63n), null);
  assert.is(cast(T.int, T.decimal(3, 1), 100), null);
  assert.is(cast(T.decimal(38, 20), T.float, 10n ** 20n), 1);
});

test('dates and timestamps', () => {
  assert.is(cast(T.timestamp, T.date, -1), -1);
  assert.is(cast(T.date, T.timestamp, -1), -86_400_000_000);
  assert.is(cast(T.timestamp, T.time, -1), 86_399_999_999);
  assert.is(cast({ kind: 'timestamp', zone: 'Asia/Tokyo' }, T.date, 20 * 3.6e9), 1);
  assert.is(cast(T.string, T.timestamp, '1970-01-01T00:00:00.5+01:00'), -3_599_500_000);
  assert.is(cast(T.string, T.date, '2024-13-01'), null);
  assert.is(cast(T.string, T.time, '23:59:59.25'), 86_399_250_000);
});

test('json and nested values', () => {
  const point = T.struct([field('x', T.int), field('y', T.float)]);
  assert.equal(cast(T.json, point, '{"x": 1, "y": 2.5, "z": 0}'), { x: 1, y: 2.5 });
  assert.equal(cast(T.json, T.list(T.string), '["a", 1, null]'), ['a', '1', null]);
  assert.is(cast(T.json, point, '{"x": "one"}'), null);
  assert.is(cast(T.list(T.int), T.string, [1, null]), '[1,null]');
  assert.is(cast(point, T.json, { x: 1, y: null }), '{"x":1,"y":null}');
  assert.is(cast(T.string, T.json, '{'), null);
  assert.equal(cast(T.list(T.int), T.list(T.float), [1, null]), [1, null]);
});

test.run();
