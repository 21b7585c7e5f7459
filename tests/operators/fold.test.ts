// Aggregations without keys in one pass of native code, against the steps by JavaScript: the same results, or the same error.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { valuesOf } from '../../engine/batch/access.ts';
import type { Batch } from '../../engine/batch/column.ts';
import { RunError } from '../../engine/errors.ts';
import { setNativeRows } from '../../engine/expr/native/variants.ts';
import type { Expr, LiteralValue } from '../../engine/expr.ts';
import { useKernels } from '../../engine/kernels/load.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import { aggregate } from '../../engine/operators/aggregate.ts';
import { Fold, foldReason, foldsOf } from '../../engine/operators/fold.ts';
import { Groups } from '../../engine/operators/groups.ts';
import type { AggregateParams, AggregateSpec, ComputeParams } from '../../engine/operators/params.ts';
import type { StepRef } from '../../engine/plan.ts';
import { chain } from '../../engine/runtime/chain.ts';
import { testStore } from '../../engine/store/store.ts';
import { field, type Schema, T } from '../../engine/types.ts';
import { batchOf, rows, SCHEMA } from '../expr/random.ts';
import { tame, tameRows } from '../expr/tame.ts';
import { call, lit } from '../functions/mini.ts';
import { inArena } from '../kernels/arena.ts';
import { context, step } from './harness.ts';

const store = testStore();
const scratch = arenaScratch(store);
setNativeRows(1);

const FUNCTIONS: Readonly<Record<string, readonly string[]>> = {
  int: ['sum', 'mean', 'min', 'max', 'count'],
  decimal: ['sum', 'mean', 'min', 'max', 'count'],
  float: ['sum', 'mean', 'min', 'max', 'count'],
  date: ['min', 'max', 'count'],
  timestamp: ['min', 'max', 'count'],
  bool: ['count_if', 'count'],
};

interface Wanted {
  readonly fn: string;
  readonly arg: Expr | null;
}

/** A projection and the aggregation behind it. */
function stepsOf(filter: Expr | null, wanted: readonly Wanted[], input: Schema): StepRef[] {
  const outputs = wanted.flatMap(({ arg }, k) => (arg === null ? [] : [{ name: `c${k}`, expr: arg }]));
  const between = outputs.map((o) => ({ name: o.name, type: o.expr.type, nullable: o.expr.nullable }));
  const aggregates = wanted.map(({ fn, arg }, k): AggregateSpec => {
    const args = arg === null ? [] : [`c${k}`];
    return { name: `a${k}`, fn, args, argTypes: arg === null ? [] : [arg.type], distinct: false };
  });
  const params: AggregateParams = { keys: [], aggregates };
  const states = aggregate.partialSchema?.(params, [between]) ?? [];
  const compute: ComputeParams = { filter, outputs };
  return [step('compute', 'map', compute, input, between), step('aggregate', 'partial', params, between, states)];
}

function shown(v: unknown): string {
  return typeof v === 'bigint' ? `${v}n` : Object.is(v, -0) ? '-0' : String(v);
}

async function resultOf(steps: readonly StepRef[], batches: readonly Batch[]): Promise<readonly string[]> {
  const ctx = context(store, 1 << 20);
  const last = steps.at(-1) as StepRef;
  const final = new Groups(store, last.params as AggregateParams, last.output, false);
  async function* source(): AsyncGenerator<Batch> {
    for (const b of batches) {
      ctx.scratch.reset();
      yield inArena(b, ctx.scratch);
    }
  }
  try {
    for await (const b of chain(source(), steps, ctx).rows) final.take(b, 'merge');
    const output = aggregate.schema(last.params as AggregateParams, [last.input]);
    const [only] = [...final.values(output, 1, scratch)];
    return (only as Batch).columns.flatMap((c) => [c.phys, ...valuesOf(c).map(shown)]);
  } catch (e) {
    if (!(e instanceof RunError)) throw e;
    return [e.code, e.message, JSON.stringify(e.where)];
  } finally {
    final.free();
    ctx.end();
    scratch.reset();
  }
}

async function check(filter: Expr | null, wanted: readonly Wanted[], batches: readonly Batch[]): Promise<void> {
  const steps = stepsOf(filter, wanted, (batches[0] as Batch).schema);
  const native = await resultOf(steps, batches);
  useKernels(false);
  try {
    assert.equal(native, await resultOf(steps, batches));
  } finally {
    useKernels(true);
  }
}

const plain = tame(2);
const wanted = fc
  .oneof(...(['int', 'decimal', 'float', 'date', 'timestamp', 'bool'] as const).map((kind) => plain[kind]))
  .chain((arg): fc.Arbitrary<Wanted> => {
    const fns = FUNCTIONS[arg.type.kind] as readonly string[];
    return fc.constantFrom(...fns).map((fn) => ({ fn, arg }));
  });
const some = fc.array(fc.oneof({ arbitrary: wanted, weight: 5 }, fc.constant({ fn: 'count', arg: null })), {
  minLength: 1,
  maxLength: 4,
});

test('what native code computes, of several batches', async () => {
  await fc.assert(
    fc.asyncProperty(fc.option(plain.bool), some, fc.array(tameRows, { minLength: 1, maxLength: 3 }), (f, all, parts) =>
      check(f, all, parts.map(batchOf)),
    ),
    { numRuns: 400 },
  );
  assert.ok(taken > 100, `${taken} batches were taken`);
});

test('the greatest values, and those that fail', async () => {
  await fc.assert(
    fc.asyncProperty(fc.option(plain.bool), some, fc.array(rows, { minLength: 1, maxLength: 3 }), (f, all, parts) =>
      check(
        f,
        all,
        parts
          .filter((p) => p.length > 0)
          .map(batchOf)
          .concat(batchOf([{}])),
      ),
    ),
    { numRuns: 300 },
  );
});

/** Floats of which the order of adding shows in plain arithmetic, in double-doubles too where they lie far apart, or not at all. */
const usual = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.double({ noDefaultInfinity: true, noNaN: true, min: 1e-6, max: 1e6 }),
  fc.double({ noDefaultInfinity: true, noNaN: true, min: -1e3, max: -1e-3 }),
);
const odd = fc.constantFrom(0, -0, 5e-324, 1e-300, 1e300, -1e300, 1.7e308, -1.7e308, NaN, Infinity, -Infinity);
const batch = fc.oneof(
  { arbitrary: fc.array(fc.option(usual, { freq: 8 }), { minLength: 1, maxLength: 40 }), weight: 3 },
  { arbitrary: fc.array(fc.oneof({ arbitrary: usual, weight: 9 }, odd), { minLength: 1, maxLength: 40 }), weight: 1 },
);
const FLOATS: Schema = [field('x', T.float), field('k', T.int)];
const X: Expr = { kind: 'column', name: 'x', type: T.float, nullable: true };

function floats(values: readonly (number | null)[]): Batch {
  const bits = Uint8Array.from({ length: (values.length + 7) >> 3 }, (_, b) =>
    [0, 1, 2, 3, 4, 5, 6, 7].reduce((v, k) => v | ((values[8 * b + k] ?? null) === null ? 0 : 1 << k), 0),
  );
  const nullCount = values.filter((v) => v === null).length;
  const base = { length: values.length, nullCount: 0, validity: null };
  return {
    schema: FLOATS,
    rows: values.length,
    columns: [
      {
        ...base,
        type: T.float,
        phys: 'f64',
        ...(nullCount === 0 ? {} : { nullCount, validity: bits }),
        values: Float64Array.from(values, (v) => v ?? 0),
      },
      { ...base, type: T.int, phys: 'i32', values: Int32Array.from(values, (_, i) => i % 7) },
    ],
  };
}

const K: Expr = { kind: 'column', name: 'k', type: T.int, nullable: true };

let filters = 7;

/** Rows with `k` below `most`: a filter of its own, since after a batch with odd floats the same one leaves native code alone for a while. */
function below(most: number): Expr {
  const other = call('lt', [K, lit(T.int, filters++)]);
  return call('and', [call('lt', [K, lit(T.int, most)]), other]);
}

let taken = 0;
const { take } = Fold.prototype;
Fold.prototype.take = function counted(...args) {
  const whole = take.apply(this, args);
  if (whole) taken++;
  return whole;
};

const ALL: readonly Wanted[] = (FUNCTIONS.float as readonly string[]).map((fn) => ({ fn, arg: X }));

test('sums, means and extremes of floats are those of row by row, to the last bit', async () => {
  taken = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 4 }), fc.constantFrom(5, 7), (all, most) =>
      check(below(most), ALL, all.map(floats)),
    ),
    { numRuns: 500 },
  );
  assert.ok(taken > 500, `${taken} batches were taken`);
});

test('batches are taken whole, up to 65,536 rows', () => {
  const steps = stepsOf(below(5), [{ fn: 'count', arg: null }, ...ALL], FLOATS);
  const params = (steps[1] as StepRef).params as AggregateParams;
  for (const n of [1, 3, 4, 5, 127, 128, 129, 65_535, 65_536]) {
    const [first, second] = foldsOf(steps);
    const groups = new Groups(store, params, (steps[1] as StepRef).input, true);
    second?.folded?.begin(groups);
    const batch = inArena(floats(Array.from({ length: n }, (_, i) => (i % 100) / 8)), scratch);
    assert.is(first?.fold?.take(batch, scratch), true, `${n} rows`);
    const expected = Array.from({ length: n }, (_, i) => i).filter((i) => i % 7 < 5);
    const values: LiteralValue[] = [...groups.values(aggregate.schema(params, [FLOATS]), 1, scratch)].flatMap((b) =>
      b.columns.map((c) => valuesOf(c)[0] as LiteralValue),
    );
    const sum = expected.reduce((s, i) => s + (i % 100) / 8, 0);
    const highest = Math.max(...expected.map((i) => (i % 100) / 8));
    assert.equal(values, [expected.length, sum, sum / expected.length, 0, highest, expected.length]);
    groups.free();
    scratch.reset();
  }
});

test('what a step computes without native code is taken behind it, with the same results', async () => {
  const arg = call('sin', [X]);
  const wanted = ALL.map(({ fn }) => ({ fn, arg }));
  const steps = stepsOf(below(5), wanted, FLOATS);
  assert.type(
    foldReason(steps[0], steps[1] as StepRef, ({ name, type, nullable }) => {
      return { name, type, nullable, form: name === 'x' ? 'f64' : 'i32', lift: false };
    }),
    'string',
  );
  const first = foldsOf(steps)[0]?.fold;
  assert.is(first?.take(inArena(floats([1, 2, 3]), scratch), scratch), false);
  taken = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 4 }), (all) =>
      check(below(7), wanted, all.map(floats)),
    ),
    { numRuns: 100 },
  );
  assert.ok(taken > 10, `${taken} batches were taken`);
});

test('what is not known by native code is left to the steps', () => {
  const text: Expr = { kind: 'column', name: 's', type: T.string, nullable: true };
  assert.equal(foldsOf(stepsOf(null, [{ fn: 'median', arg: X }], FLOATS)), [{}, {}]);
  assert.equal(foldsOf(stepsOf(null, [{ fn: 'min', arg: text }], SCHEMA)), [{}, {}]);
});

test.run();
