import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rowsOf, valuesOf } from '../../engine/batch/access.ts';
import { batchFromRows, constantColumn } from '../../engine/batch/build.ts';
import type { Batch, Column } from '../../engine/batch/column.ts';
import { RunError } from '../../engine/errors.ts';
import { compileFilter, compileProjection, evaluateConstant } from '../../engine/expr/compile.ts';
import { idOf, internedCharacters, MAX_DEPTH } from '../../engine/expr/nodes.ts';
import type { Expr, LiteralValue } from '../../engine/expr.ts';
import { heapScratch } from '../../engine/memory/heap_scratch.ts';
import { type DataType, field, type Schema, T } from '../../engine/types.ts';
import { call, lit } from '../functions/mini.ts';

const scratch = heapScratch();
const col = (name: string, type: DataType): Expr => ({ kind: 'column', name, type, nullable: true });
const int = (v: LiteralValue): Expr => lit(T.int, v);
const text = (v: LiteralValue): Expr => lit(T.string, v);

/** One output over a batch. */
function project(e: Expr, batch: Batch): Column {
  return compileProjection(null, [{ name: 'out', expr: e }], batch.schema)(batch, scratch).columns[0] as Column;
}

function batch(schema: Schema, ...values: LiteralValue[][]): Batch {
  return batchFromRows(
    schema,
    values.map((row) => Object.fromEntries(row.map((v, k) => [(schema[k] as Schema[number]).name, v]))),
  );
}

function failure(f: () => unknown): RunError {
  try {
    f();
  } catch (e) {
    assert.instance(e, RunError);
    return e as RunError;
  }
  throw new Error('nothing failed');
}

const AB: Schema = [field('a', T.bool), field('b', T.bool)];
const PAIRS = [true, false, null].flatMap((a) => [true, false, null].map((b) => [a, b]));

test('and, or, not, is over true, false and null', () => {
  const all = batch(AB, ...PAIRS);
  const [a, b] = [col('a', T.bool), col('b', T.bool)];
  const values = (e: Expr) => valuesOf(project(e, all));
  assert.equal(values(call('and', [a, b])), [true, false, null, false, false, false, null, false, null]);
  assert.equal(values(call('or', [a, b])), [true, true, true, true, false, null, true, null, null]);
  assert.equal(values(call('not', [a])), [false, false, false, true, true, true, null, null, null]);
  assert.equal(values(call('eq', [a, b])), [true, false, null, false, true, null, null, null, null]);
  assert.equal(values(call('is', [a, b])), [true, false, false, false, true, false, false, false, true]);
  assert.equal(values(call('isnot', [a, b])), [false, true, true, true, false, true, true, true, false]);
  assert.equal(values(call('coalesce', [a, b])), [true, true, true, false, false, false, true, false, null]);
});

test('in with nulls is three-valued', () => {
  const one = batch([field('x', T.int)], [1], [2], [null]);
  const isIn = (hasNull: boolean, negated: boolean): Expr => ({
    kind: 'in',
    arg: col('x', T.int),
    values: [1],
    hasNull,
    negated,
    type: T.bool,
    nullable: true,
  });
  assert.equal(valuesOf(project(isIn(false, false), one)), [true, false, null]);
  assert.equal(valuesOf(project(isIn(true, false), one)), [true, null, null]);
  assert.equal(valuesOf(project(isIn(false, true), one)), [false, true, null]);
  assert.equal(valuesOf(project(isIn(true, true), one)), [false, null, null]);
});

test('the right side of and, the branches of case and the rest of ?? are evaluated where they are needed', () => {
  const x = batch([field('x', T.int)], [0], [2], [null]);
  const inverse = call('intdiv', [int(10), col('x', T.int)]);
  const guarded = call('and', [call('ne', [col('x', T.int), int(0)]), call('gt', [inverse, int(3)])]);
  assert.equal(valuesOf(project(guarded, x)), [false, true, null]);
  const chosen = call('if', [call('is', [col('x', T.int), int(0)]), int(-1), inverse]);
  assert.equal(valuesOf(project(chosen, x)), [-1, 5, null]);
  assert.equal(valuesOf(project(call('coalesce', [col('x', T.int), inverse]), x)), [0, 2, null]);
});

test('an int result has the narrowest width its values need', () => {
  const of = (...v: LiteralValue[]) =>
    project(call('add', [col('x', T.int), int(1)]), batch([field('x', T.int)], ...v.map((y) => [y])));
  assert.is(of(1, 2).phys, 'i32');
  assert.is(of(2147483646).phys, 'i32');
  assert.is(of(2147483647, 1).phys, 'i64');
  assert.is(of(5).phys, 'i32', 'a wide batch does not widen the next');
  const wide = of(Number.MAX_SAFE_INTEGER, 2n ** 60n);
  assert.equal(valuesOf(wide), [9007199254740992n, 2n ** 60n + 1n]);
  assert.is(wide.phys === 'i64' && wide.wide, true);
});

test('64-bit overflow names the values and the place', () => {
  const span = { file: 'p.flow', start: 3, end: 8 };
  const sum: Expr = { ...call('add', [col('x', T.int), int(1)]), span };
  const data = batch([field('x', T.int)], [7], [2n ** 63n - 1n]);
  const e = failure(() => project(sum, data));
  assert.is(e.code, 'FLOW7005');
  assert.is(e.message, '9223372036854775807 + 1 does not fit int');
  assert.equal(e.where.span, span);
  assert.is(e.where.batchRow, 1);
  const square = call('mul', [col('x', T.int), col('x', T.int)]);
  assert.is(failure(() => project(square, data)).message, '9223372036854775807 * 9223372036854775807 does not fit int');
  assert.is(failure(() => evaluateConstant(call('neg', [int(-(2n ** 63n))]))).code, 'FLOW7005');
  assert.is(evaluateConstant(call('sub', [int(-(2n ** 63n) + 1n), int(1)])), -(2n ** 63n));
});

test('a cast that fails names the value, its type and its row; a safe one gives null', () => {
  const data = batch([field('s', T.string)], ['12'], [null], ['1x']);
  const cast = (safe: boolean): Expr => ({ kind: 'cast', arg: col('s', T.string), safe, type: T.int, nullable: true });
  const e = failure(() => project(cast(false), data));
  assert.is(e.code, 'FLOW7004');
  assert.is(e.message, '"1x" does not convert to int');
  assert.is(e.where.value, '1x');
  assert.is(e.where.batchRow, 2);
  assert.equal(valuesOf(project(cast(true), data)), [12, null, null]);
});

test('an entry of a dictionary that no row holds may fail without harm', () => {
  const all = batch([field('s', T.string)], ['1'], ['2']);
  const plain = all.columns[0] as Column;
  assert.is(plain.phys, 'utf8');
  const dict = { ...constantColumn(T.string, '1', 3), codes: Int32Array.of(0, 1, 0) } as Column & { phys: 'dict' };
  const dictionary = batch([field('s', T.string)], ['1'], ['2'], ['bad']).columns[0] as Column & { phys: 'utf8' };
  const data: Batch = { schema: all.schema, rows: 3, columns: [{ ...dict, dictionary }] };
  const cast: Expr = { kind: 'cast', arg: col('s', T.string), safe: false, type: T.int, nullable: true };
  assert.equal(valuesOf(project(cast, data)), [1, 2, 1]);
});

test('text over a dictionary column stays a dictionary, with equal entries merged', () => {
  const codes = Int32Array.of(0, 1, 2, 1, 0, 2);
  const dictionary = batch([field('s', T.string)], ['a'], ['A'], ['b']).columns[0] as Column & { phys: 'utf8' };
  const column: Column = { type: T.string, phys: 'dict', length: 6, nullCount: 0, validity: null, codes, dictionary };
  const data: Batch = { schema: [field('s', T.string)], rows: 6, columns: [column] };
  const out = project(call('upper', [col('s', T.string)]), data);
  assert.is(out.phys === 'dict' && out.dictionary.length, 2);
  assert.equal(valuesOf(out), ['A', 'A', 'B', 'A', 'A', 'B']);
});

test('a choice among constants is a dictionary', () => {
  const data = batch([field('x', T.int)], [1], [5], [null]);
  const e = call('if', [call('gt', [col('x', T.int), int(2)]), text('big'), text('small')]);
  const out = project(e, data);
  assert.is(out.phys, 'dict');
  assert.equal(valuesOf(out), ['small', 'big', 'small']);
});

test('columns passed through are the same columns while no row is dropped', () => {
  const data = batch([field('x', T.int), field('s', T.string)], [1, 'a'], [2, 'b']);
  const outputs = [{ name: 's', expr: col('s', T.string) }];
  const keep = (v: number): Batch =>
    compileProjection(call('gt', [col('x', T.int), int(v)]), outputs, data.schema)(data, scratch);
  assert.is(keep(0).columns[0], data.columns[1]);
  assert.equal(rowsOf(keep(1)), [{ s: 'b' }]);
  assert.is(keep(9).rows, 0);
});

test('decimals keep their digits', () => {
  const d = (p: number, s: number, v: LiteralValue): Expr => lit(T.decimal(p, s), v);
  const sum = call('add', [d(12, 2, 1234), d(10, 4, 1)]);
  assert.equal(sum.type, T.decimal(15, 4));
  assert.is(evaluateConstant(sum), 123401);
  const product = call('mul', [d(20, 5, 10n ** 19n), d(18, 5, 10n ** 17n)]);
  assert.equal(product.type, T.decimal(38, 10));
  assert.is(evaluateConstant(product), 10n ** 36n);
  assert.is(failure(() => evaluateConstant(call('mul', [d(38, 0, 10n ** 37n), int(10)]))).code, 'FLOW7005');
  assert.throws(() => call('mul', [d(38, 30, 1), d(38, 20, 1)]), /needs 50 decimal places/);
  const half: Expr = { kind: 'cast', arg: d(5, 2, -105), safe: false, type: T.decimal(4, 1), nullable: false };
  assert.is(evaluateConstant(half), -11, 'half away from zero');
  assert.is(evaluateConstant(call('eq', [d(5, 2, 100), int(1)])), true);
});

test('floats round to int half to even, and fail out of range', () => {
  const toInt = (v: number): Expr => ({
    kind: 'cast',
    arg: lit(T.float, v),
    safe: false,
    type: T.int,
    nullable: false,
  });
  assert.equal(
    [0.5, 1.5, 2.5, -0.5, -1.5, 1e18].map((v) => evaluateConstant(toInt(v))),
    [0, 2, 2, 0, -2, 10n ** 18n],
  );
  for (const v of [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 63])
    assert.is(failure(() => evaluateConstant(toInt(v))).code, 'FLOW7004');
});

test('user text never becomes code', () => {
  const nasty = [
    '"',
    "'",
    '`',
    '\\',
    '${process.exit(1)}',
    '\n',
    '\u2028',
    '*/ throw 1 /*',
    '__proto__',
    '</script>',
    'constructor',
  ];
  const schema = nasty.map((name) => field(name, T.string));
  const data = batchFromRows(schema, [Object.fromEntries(nasty.map((v) => [v, v]))]);
  for (const name of nasty) {
    const value = col(name, T.string);
    assert.equal(valuesOf(project(call('concat', [value, text(name)]), data)), [name + name]);
    assert.equal(valuesOf(project(call('eq', [value, text(name)]), data)), [true]);
    assert.equal(
      valuesOf(project(call('like', [value, text(name.replaceAll('\\', '\\\\').replaceAll('_', '\\_'))]), data)),
      [true],
    );
    assert.equal(
      valuesOf(
        project(call('get', [lit(T.struct([field(name, T.int)]), Object.fromEntries([[name, 7]])), text(name)]), data),
      ),
      [7],
    );
    assert.equal(Array.from(compileFilter(call('contains', [value, text(name)]), schema)(data, scratch)), [0]);
  }
});

test('an expression may be long, and is refused when it is too deep', () => {
  let sum: Expr = col('x', T.int);
  for (let k = 1; k < MAX_DEPTH; k++) sum = call('add', [sum, int(1)]);
  const data = batch([field('x', T.int)], [1]);
  assert.equal(valuesOf(project(sum, data)), [MAX_DEPTH]);
  const e = failure(() => project(call('add', [sum, int(1)]), data));
  assert.match(e.message, 'nests more than 1000 levels');
});

test('fields of structs read as columns', () => {
  const point = T.struct([field('x', T.int), field('tag', T.string)]);
  const outer = T.struct([field('p', point)]);
  const schema = [field('o', outer)];
  const data = batch(schema, [{ p: { x: 1, tag: 'a' } }], [{ p: null }], [null], [{ p: { x: null, tag: 'b' } }]);
  const p = call('get', [col('o', outer), text('p')]);
  const at = (name: string): Expr => call('get', [p, text(name)]);
  assert.equal(valuesOf(project(call('add', [at('x'), int(1)]), data)), [2, null, null, null]);
  assert.equal(valuesOf(project(at('tag'), data)), ['a', null, null, 'b']);
  assert.equal(valuesOf(project(p, data)), [{ x: 1, tag: 'a' }, null, null, { x: null, tag: 'b' }]);
  assert.equal(Array.from(compileFilter(call('eq', [at('tag'), text('b')]), schema)(data, scratch)), [3]);
});

test('nan equals itself and is the greatest', () => {
  const schema = [field('x', T.float)];
  const data = batch(schema, [Number.NaN], [Number.POSITIVE_INFINITY], [-0]);
  const nan = lit(T.float, Number.NaN);
  const over = (op: string, y: Expr) => valuesOf(project(call(op, [col('x', T.float), y]), data));
  assert.equal(over('eq', nan), [true, false, false]);
  assert.equal(over('lt', nan), [false, true, true]);
  assert.equal(over('gt', lit(T.float, 0)), [true, true, false]);
  assert.equal(over('eq', lit(T.float, 0)), [false, false, true]);
});

test('text compares by code point', () => {
  const less = call('lt', [text('\uffff'), text('\u{10000}')]);
  assert.is(evaluateConstant(less), true);
});

test('equal expressions have one number, and what is kept for that has a bound', () => {
  const long = (i: number): Expr => call('eq', [col('a', T.string), text(`${'long '.repeat(40)}${i}`)]);
  assert.is(idOf(long(0)), idOf(long(0)));
  assert.is.not(idOf(long(0)), idOf(long(1)));
  for (let i = 0; i < 10_000; i++) idOf(long(i));
  assert.ok(internedCharacters() < 2 ** 20, `${internedCharacters()} characters are kept`);
  assert.is(idOf(long(5)), idOf(long(5)));
});

test.run();
