import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Column } from '../../engine/batch/column.ts';
import { kernelChoices } from '../../engine/expr/choices.ts';
import { compileProjection } from '../../engine/expr/compile.ts';
import { loadNative } from '../../engine/expr/native/loaded.ts';
import { generateNative } from '../../engine/expr/native/module.ts';
import { setNativeRows } from '../../engine/expr/native/variants.ts';
import type { Expr } from '../../engine/expr.ts';
import { useKernels } from '../../engine/kernels/load.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import { testStore } from '../../engine/store/store.ts';
import { type DataType, field, T } from '../../engine/types.ts';
import { call, lit } from '../functions/mini.ts';

const SCHEMA = [field('a', T.int), field('x', T.float), field('s', T.string), field('l', T.list(T.int))];
const column = (name: string, type: DataType): Expr => ({ kind: 'column', name, type, nullable: true });
const [a, x, s] = [column('a', T.int), column('x', T.float), column('s', T.string)];

test('what is computed how, and why', () => {
  const outputs = [
    { name: 'sum', expr: call('add', [a, lit(T.int, 1)]) },
    { name: 'same', expr: x },
    { name: 'one', expr: lit(T.int, 1) },
    { name: 'power', expr: call('pow', [x, x]) },
    { name: 'kind', expr: call('if', [call('gt', [a, lit(T.int, 0)]), lit(T.string, 'up'), lit(T.string, 'down')]) },
    { name: 'upper', expr: call('upper', [s]) },
  ];
  const filter = call('and', [call('lt', [x, lit(T.float, 2)]), call('like', [s, lit(T.string, '%b%')])]);
  const shown = kernelChoices(filter, outputs, SCHEMA).map(({ name, how, reason }) => [name, how, reason]);
  assert.equal(shown, [
    [null, 'wasm', 'while its texts have dictionaries'],
    ['sum', 'wasm', null],
    ['power', 'js', 'pow()'],
    ['kind', 'wasm', null],
    ['upper', 'js', 'string results'],
  ]);
});

test('expressions with lambdas are told of as such', () => {
  const x: Expr = { kind: 'local', name: 'x', level: 0, type: T.int, nullable: true };
  const above = call('gt', [x, lit(T.int, 1)]);
  const lambda: Expr = { kind: 'lambda', params: [x], body: above, type: T.bool, nullable: false };
  const list: Expr = { kind: 'column', name: 'xs', type: T.list(T.int), nullable: true };
  const expr = call('not', [call('list_any', [list, lambda])]);
  const [choice] = kernelChoices(expr, [], [field('xs', T.list(T.int))]);
  assert.equal([choice?.how, choice?.reason], ['js', 'a lambda']);
});

test('code of one shape is one module, whatever its constants', () => {
  const slots = [{ name: 'a', type: T.int, form: 'i32' as const, nullable: false, lift: false }];
  const codeOf = (constant: number, fn = 'add') =>
    generateNative({
      kind: 'project',
      exprs: [call(fn, [a, lit(T.int, constant)])],
      slots,
      wide: [false],
      dense: true,
      forms: ['i32'],
      constant: () => null,
    }).bytes;
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
  assert.is(loadNative(codeOf(5), memory), loadNative(codeOf(7), memory));
  assert.is.not(loadNative(codeOf(5), memory), loadNative(codeOf(5, 'sub'), memory));
});

test('columns outside of the arena are computed by JavaScript', () => {
  const store = testStore();
  const scratch = arenaScratch(store);
  setNativeRows(1);
  useKernels(true);
  const values = Int32Array.from({ length: 1000 }, (_, k) => k);
  const heap: Column = { type: T.int, phys: 'i32', length: 1000, nullCount: 0, validity: null, values };
  const schema = [field('a', T.int)];
  const project = compileProjection(null, [{ name: 'o', expr: call('mul', [a, lit(T.int, 3)]) }], schema);
  const [col] = project({ schema, rows: 1000, columns: [heap] }, scratch).columns;
  assert.ok(col?.phys === 'i32');
  assert.is(col.values[999], 2997);
  scratch.release();
});

test.run();
