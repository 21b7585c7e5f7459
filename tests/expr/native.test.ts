// Native code against the JavaScript path, which is the reference: the same columns, or the same error.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { valuesOf } from '../../engine/batch/access.ts';
import type { Batch, Column } from '../../engine/batch/column.ts';
import { RunError } from '../../engine/errors.ts';
import { compileFilter, compileProjection } from '../../engine/expr/compile.ts';
import { setNativeRows } from '../../engine/expr/native/variants.ts';
import type { Expr } from '../../engine/expr.ts';
import { useKernels } from '../../engine/kernels/load.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import { testStore } from '../../engine/store/store.ts';
import { T } from '../../engine/types.ts';
import { call } from '../functions/mini.ts';
import { inArena } from '../kernels/arena.ts';
import { batchOf, exprs, rows, SCHEMA } from './random.ts';
import { tame, tameRows } from './tame.ts';

const store = testStore();
const scratch = arenaScratch(store);
setNativeRows(1);

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly row: unknown;
}

function outcome<V>(f: () => V): V | Failure {
  try {
    return f();
  } catch (e) {
    if (!(e instanceof RunError)) throw e;
    return { code: e.code, message: e.message, row: JSON.stringify(e) };
  }
}

/** With native code, and without it. */
function both<V>(f: () => V): readonly [V | Failure, V | Failure] {
  useKernels(true);
  const native = outcome(f);
  useKernels(false);
  const plain = outcome(f);
  useKernels(true);
  return [native, plain];
}

/** Everything about a column that is defined: values of rows that are not null, and its physical form. */
function shown(col: Column): unknown {
  const wide = col.phys === 'i64' && col.wide;
  const values = valuesOf(col).map((v) => (typeof v === 'bigint' ? `${v}n` : Object.is(v, -0) ? '-0' : String(v)));
  return { phys: col.phys, wide, nullCount: col.nullCount, hasValidity: col.validity !== null, values };
}

const deep = exprs(3);
const any = fc.oneof(deep.int, deep.float, deep.bool, deep.decimal, deep.date, deep.timestamp);

function checkProjection(filter: Expr | null, all: readonly Expr[], batch: Batch): void {
  const outputs = all.map((expr, k) => ({ name: `o${k}`, expr }));
  const project = compileProjection(filter, outputs, SCHEMA);
  const [native, plain] = both(() => project(batch, scratch).columns.map(shown));
  assert.equal(native, plain);
}

test('projections', () => {
  fc.assert(
    fc.property(fc.array(any, { minLength: 1, maxLength: 3 }), rows, (all, values) => {
      scratch.reset();
      checkProjection(null, all, inArena(batchOf(values), scratch));
    }),
    { numRuns: 400 },
  );
});

test('filters, and projections over the rows that pass', () => {
  fc.assert(
    fc.property(deep.bool, any, rows, (pred, e, values) => {
      scratch.reset();
      const batch = inArena(batchOf(values), scratch);
      const [native, plain] = both(() => Array.from(compileFilter(pred, SCHEMA)(batch, scratch)));
      assert.equal(native, plain);
      checkProjection(pred, [e], batch);
    }),
    { numRuns: 250 },
  );
});

const plain = tame(3);
const computable = fc.oneof(...Object.values(plain));

test('expressions that native code computes', () => {
  fc.assert(
    fc.property(fc.array(computable, { minLength: 1, maxLength: 3 }), tameRows, (all, values) => {
      scratch.reset();
      checkProjection(null, all, inArena(batchOf(values), scratch));
    }),
    { numRuns: 400 },
  );
});

test('filters that native code computes, and what follows them', () => {
  fc.assert(
    fc.property(plain.bool, computable, tameRows, (pred, e, values) => {
      scratch.reset();
      const batch = inArena(batchOf(values), scratch);
      const [native, reference] = both(() => Array.from(compileFilter(pred, SCHEMA)(batch, scratch)));
      assert.equal(native, reference);
      checkProjection(pred, [e], batch);
    }),
    { numRuns: 250 },
  );
});

test('filters of which native code computes some terms', () => {
  const terms = fc.array(fc.oneof(plain.bool, deep.bool), { minLength: 2, maxLength: 4 });
  fc.assert(
    fc.property(terms, fc.oneof(rows, tameRows), (all, values) => {
      scratch.reset();
      const batch = inArena(batchOf(values), scratch);
      const pred = all.reduce((a, b) => call('and', [a, b]));
      const [native, reference] = both(() => Array.from(compileFilter(pred, SCHEMA)(batch, scratch)));
      assert.equal(native, reference);
    }),
    { numRuns: 300 },
  );
});

test('the least date is one of 32 bits, beside another one in a choice, too', () => {
  const date = (value: number): Expr => ({ kind: 'literal', type: T.date, value, nullable: false });
  const cond: Expr = { kind: 'column', name: 'b', type: T.bool, nullable: true };
  const chosen = call('if', [cond, date(-(2 ** 31)), date(31)]);
  const all = ['year', 'month', 'day', 'dayofyear', 'weekday'].map((part) => call(part, [chosen]));
  const row = { i: 0, j: 0, w: 0, x: 0, b: null, s: '', t: null, d: null, e: null, f: 0, day: null, at: 0 };
  scratch.reset();
  checkProjection(null, [chosen, ...all], inArena(batchOf([row, row, row, row, row]), scratch));
});

test.run();
