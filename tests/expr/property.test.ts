import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { valuesOf } from '../../engine/batch/access.ts';
import { RunError } from '../../engine/errors.ts';
import { compileFilter, compileProjection, evaluateConstant } from '../../engine/expr/compile.ts';
import type { Expr, LiteralValue } from '../../engine/expr.ts';
import { heapScratch } from '../../engine/memory/heap_scratch.ts';
import { FAILS, interpret, passes, type Row } from '../../testing/reference/expr.ts';
import { canonical } from '../../testing/reference/values.ts';
import { batchOf, exprs, rows, SCHEMA } from './random.ts';

const scratch = heapScratch();

function run<V>(f: () => V): V | typeof FAILS {
  try {
    return f();
  } catch (e) {
    if (e instanceof RunError) return FAILS;
    throw e;
  }
}

/** The interpreter's results for all rows; FAILS when one fails. */
function expected(e: Expr, all: readonly Row[]): LiteralValue[] | typeof FAILS {
  const out: LiteralValue[] = [];
  for (const row of all) {
    const v = interpret(e, row);
    if (v === FAILS) return FAILS;
    out.push(v);
  }
  return out;
}

function same(actual: unknown, wanted: unknown): void {
  if (actual === FAILS || wanted === FAILS) assert.is(actual, wanted);
  else {
    const [a, w] = [actual as readonly unknown[], wanted as readonly unknown[]];
    assert.is(a.length, w.length);
    a.forEach((x, i) => {
      assert.ok(Object.is(x, w[i]), `row ${i}: ${String(x)} is not ${String(w[i])}`);
    });
  }
}

const deep = exprs(3);
const any = fc.oneof(...Object.values(deep));
const RUNS = { numRuns: 800 };

test('generated code gives what the interpreter gives', () => {
  fc.assert(
    fc.property(any, rows, (e, all) => {
      const batch = batchOf(all);
      const actual = run(() => compileProjection(null, [{ name: 'out', expr: e }], SCHEMA)(batch, scratch).columns[0]);
      const got = actual === FAILS || actual === undefined ? FAILS : valuesOf(actual).map((v) => canonical(e.type, v));
      same(got, expected(e, all));
    }),
    RUNS,
  );
});

test('a filter selects the rows where the interpreter says true; the outputs follow', () => {
  fc.assert(
    fc.property(deep.bool, any, any, rows, (pred, e, f, all) => {
      const batch = batchOf(all);
      const wanted = all.map((row) => passes(pred, row));
      const selected = run(() => Array.from(compileFilter(pred, SCHEMA)(batch, scratch)));
      const kept = wanted.includes(FAILS) ? FAILS : all.flatMap((_, i) => (wanted[i] === true ? [i] : []));
      same(selected, kept);
      if (kept === FAILS) return;
      const some = kept.map((i) => all[i] as Row);
      const outputs = [e, f].map((expr, k) => ({ name: `out${k}`, expr }));
      const result = run(() => compileProjection(pred, outputs, SCHEMA)(batch, scratch));
      const results = [e, f].map((x) => expected(x, some));
      if (result === FAILS || results.includes(FAILS)) {
        assert.ok(result === FAILS && results.includes(FAILS));
        return;
      }
      assert.is(result.rows, kept.length);
      [e, f].forEach((x, k) => {
        const col = result.columns[k];
        same(col === undefined ? FAILS : valuesOf(col).map((v) => canonical(x.type, v)), results[k]);
      });
    }),
    { numRuns: 400 },
  );
});

test('an expression without columns has the same value as a constant', () => {
  fc.assert(
    fc.property(any, rows, (e, all) => {
      const row = all[0] as Row;
      const bound = bind(e, row);
      const v = run(() => evaluateConstant(bound));
      const got = v === FAILS ? FAILS : [canonical(e.type, v as LiteralValue)];
      same(got, expected(bound, [row]));
    }),
    { numRuns: 300 },
  );
});

/** The columns of an expression replaced by the values of a row. */
function bind(e: Expr, row: Row): Expr {
  switch (e.kind) {
    case 'column':
      return { kind: 'literal', type: e.type, value: row[e.name] ?? null, nullable: true };
    case 'literal':
    case 'lambda':
    case 'local':
      return e;
    case 'call':
    case 'host':
      return { ...e, args: e.args.map((a) => bind(a, row)) };
    case 'cast':
    case 'in':
      return { ...e, arg: bind(e.arg, row) };
    case 'case':
      return {
        ...e,
        branches: e.branches.map((b) => ({ when: bind(b.when, row), then: bind(b.then, row) })),
        otherwise: bind(e.otherwise, row),
      };
  }
}

test.run();
