import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { resolveAggregate } from '../../engine/aggregates/registry.ts';
import { RunError } from '../../engine/errors.ts';
import type { LiteralValue } from '../../engine/expr.ts';
import { aggregate } from '../../engine/operators/aggregate.ts';
import type { AggregateParams, AggregateSpec } from '../../engine/operators/params.ts';
import type { Schema } from '../../engine/types.ts';
import { field, T } from '../../engine/types.ts';
import type { Row } from './harness.ts';
import { AMPLE, runExchange, SETTINGS, sameRows, textOf } from './harness.ts';
import { groupsOf } from './naive.ts';
import { ALL_TYPES, tables } from './tables.ts';

function spec(name: string, fn: string, args: readonly string[], schema: Schema, distinct = false): AggregateSpec {
  const argTypes = args.map((a) => (schema.find((f) => f.name === a) as Schema[number]).type);
  assert.ok(resolveAggregate(fn, argTypes, distinct), `${fn} resolves`);
  return { name, fn, args, argTypes, distinct };
}

function run(params: AggregateParams, rows: readonly Row[], schema: Schema, at: number): Promise<Row[]> {
  return runExchange(aggregate, params, params.keys, rows, schema, SETTINGS[at] as (typeof SETTINGS)[number]);
}

type Fold = (values: LiteralValue[]) => LiteralValue;

const num = (v: LiteralValue): number => Number(v);
const exact = (v: bigint): LiteralValue => (v >= -9007199254740991n && v <= 9007199254740991n ? Number(v) : v);
const sumOf = (v: LiteralValue[]): LiteralValue =>
  v.length === 0 ? null : exact(v.reduce((a, x) => (a as bigint) + BigInt(x as number), 0n) as bigint);
const less = (a: LiteralValue, b: LiteralValue): boolean =>
  typeof a === 'string' ? Buffer.compare(Buffer.from(a), Buffer.from(b as string)) < 0 : (a as number) < (b as number);
const minOf: Fold = (v) => v.reduce((a, x) => (a === null || less(x, a) ? x : a), null);
const maxOf: Fold = (v) => v.reduce((a, x) => (a === null || less(a, x) ? x : a), null);
const different = (v: LiteralValue[]): LiteralValue[] => {
  const seen = new Map<string, LiteralValue>();
  for (const x of v) if (!seen.has(textOf(x === 0 ? 0 : x))) seen.set(textOf(x === 0 ? 0 : x), x);
  return [...seen.values()];
};
const modeOf: Fold = (v) => {
  const counts = new Map<string, { x: LiteralValue; n: number }>();
  for (const x of v) {
    const c = counts.get(textOf(x === 0 ? 0 : x));
    if (c === undefined) counts.set(textOf(x === 0 ? 0 : x), { x, n: 1 });
    else c.n++;
  }
  return [...counts.values()].reduce<{ x: LiteralValue; n: number }>((a, c) => (c.n > a.n ? c : a), { x: null, n: 0 })
    .x;
};

test('every order-free aggregate over every type agrees with a naive fold, whatever the memory and the cuts', async () => {
  const schema = ALL_TYPES;
  const aggregates: [AggregateSpec, (rows: Row[]) => LiteralValue][] = [];
  const one = (fn: string, arg: string, fold: Fold, distinct = false): void => {
    const name = `${fn}_${arg}_${distinct}`;
    aggregates.push([
      spec(name, fn, [arg], schema, distinct),
      (rows) => fold(rows.map((r) => r[arg] as LiteralValue).filter((v) => v !== null)),
    ]);
  };
  aggregates.push([spec('n', 'count', [], schema), (rows) => rows.length]);
  for (const c of schema.map((f) => f.name)) {
    one('count', c, (v) => v.length);
    one('min', c, minOf);
    one('max', c, maxOf);
    one('first', c, (v) => v[0] ?? null);
    one('last', c, (v) => v.at(-1) ?? null);
    one('count_distinct', c, (v) => different(v).length);
    one('mode', c, modeOf);
    one('list', c, (v) => v);
  }
  one('sum', 'd', sumOf);
  one('sum', 'd', (v) => sumOf(different(v)), true);
  one('any', 'b', (v) => (v.length === 0 ? null : v.includes(true)));
  one('all', 'b', (v) => (v.length === 0 ? null : !v.includes(false)));
  one('count_if', 'b', (v) => v.filter((x) => x === true).length);
  one('string_agg', 's', (v) => (v.length === 0 ? null : v.join(',')));
  one('list', 'k', different, true);
  aggregates.push([
    spec('by', 'min_by', ['s', 'day'], schema),
    (rows) => {
      const held = rows.filter((r) => r.day !== null);
      return (
        held.reduce<Row | null>((a, r) => (a === null || (r.day as number) < (a.day as number) ? r : a), null)?.s ??
        null
      );
    },
  ]);
  for (const keys of [[], ['k'], ['s'], ['f'], ['k', 's', 'b']]) {
    const params: AggregateParams = { keys, aggregates: aggregates.map((a) => a[0]) };
    await fc.assert(
      fc.asyncProperty(tables(schema, ['k', 's', 'f', 'b'], 120), fc.nat(SETTINGS.length - 1), async (rows, at) => {
        const groups = keys.length === 0 ? [rows] : groupsOf(rows, keys, schema);
        const expected = groups.map((g) => ({
          ...Object.fromEntries(keys.map((k) => [k, g[0]?.[k] as LiteralValue])),
          ...Object.fromEntries(aggregates.map(([a, f]) => [a.name, f(g)])),
        }));
        sameRows(await run(params, rows, schema, at), expected as Row[]);
      }),
      { numRuns: 12 },
    );
  }
});

test('floating aggregates give the same bits however rows are grouped, and agree with plain arithmetic', async () => {
  const schema: Schema = [field('k', T.int), field('x', T.float), field('y', T.float)];
  const names = ['sum', 'mean', 'product', 'var_pop', 'var_samp', 'stddev_pop', 'stddev_samp', 'median'];
  const params: AggregateParams = {
    keys: ['k'],
    aggregates: [
      ...names.map((fn) => spec(fn, fn, ['x'], schema)),
      ...['covar_pop', 'covar_samp', 'corr'].map((fn) => spec(fn, fn, ['x', 'y'], schema)),
    ],
  };
  const row = fc.record({
    k: fc.integer({ min: 0, max: 5 }),
    x: fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { freq: 8 }),
    y: fc.double({ min: -10, max: 10, noNaN: true }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 200 }), async (rows) => {
      const base = await run(params, rows, schema, 0);
      for (let at = 1; at < SETTINGS.length; at++) sameRows(await run(params, rows, schema, at), base);
      groupsOf(rows, ['k'], schema).forEach((g, i) => {
        const pairs = g.filter((r) => r.x !== null).map((r) => [num(r.x as number), num(r.y as number)] as const);
        const xs = pairs.map((p) => p[0]);
        const ys = pairs.map((p) => p[1]);
        const got = base[i] as Row;
        const near = (name: string, v: number | null, scale = 1): void => {
          if (v === null || got[name] === null) assert.is(got[name], v, name);
          else
            assert.ok(
              Math.abs((got[name] as number) - v) <= 1e-9 * Math.max(Math.abs(v), scale),
              `${name}: ${got[name]} for ${v}`,
            );
        };
        const n = xs.length;
        const mean = (v: number[]): number => v.reduce((a, x) => a + x, 0) / v.length;
        const cov = (a: number[], b: number[]): number =>
          a.reduce((s, x, j) => s + (x - mean(a)) * ((b[j] as number) - mean(b)), 0);
        near('sum', n === 0 ? null : xs.reduce((a, x) => a + x, 0), 1e6);
        near('mean', n === 0 ? null : mean(xs), 1e6);
        near('var_pop', n === 0 ? null : cov(xs, xs) / n, 1);
        near('stddev_samp', n < 2 ? null : Math.sqrt(cov(xs, xs) / (n - 1)), 1);
        near('covar_samp', n < 2 ? null : cov(xs, ys) / (n - 1), 1);
        const p = xs.reduce((a, x) => a * x, 1);
        if (Number.isFinite(p) && Math.abs(p) > 1e-300) near('product', n === 0 ? null : p, 0);
        const sorted = xs.toSorted((a, b) => a - b);
        near('median', n === 0 ? null : ((sorted[(n - 1) >> 1] as number) + (sorted[n >> 1] as number)) / 2, 1);
      });
    }),
    { numRuns: 40 },
  );
});

test('int sums are exact and overflow is an error only when the total overflows', async () => {
  const schema: Schema = [field('k', T.int), field('x', T.int), field('d', T.decimal(38, 0))];
  const params: AggregateParams = {
    keys: ['k'],
    aggregates: [spec('s', 'sum', ['x'], schema), spec('t', 'sum', ['d'], schema), spec('m', 'mean', ['x'], schema)],
  };
  const big = 2n ** 62n;
  const huge = 10n ** 38n - 1n;
  const rows: Row[] = [
    { k: 1, x: big, d: huge },
    { k: 1, x: big, d: huge },
    { k: 1, x: -big, d: -huge },
    { k: 1, x: -1, d: -huge },
    { k: 1, x: -big, d: 5 },
  ];
  for (let at = 0; at < SETTINGS.length; at++) {
    const [row] = await run(params, rows, schema, at);
    assert.equal(row, { k: 1, s: -1, t: 5, m: -0.2 });
    try {
      await run(params, rows.slice(0, 2), schema, at);
      assert.unreachable('must overflow');
    } catch (e) {
      assert.instance(e, RunError);
      assert.is((e as RunError).code, 'FLOW7005');
    }
  }
});

test('without keys there is one row, also for empty input', async () => {
  const schema: Schema = [field('x', T.int)];
  const params: AggregateParams = {
    keys: [],
    aggregates: [spec('n', 'count', [], schema), spec('s', 'sum', ['x'], schema), spec('l', 'list', ['x'], schema)],
  };
  for (let at = 0; at < SETTINGS.length; at++) sameRows(await run(params, [], schema, at), [{ n: 0, s: null, l: [] }]);
  sameRows(await run({ keys: ['x'], aggregates: params.aggregates }, [], schema, 1), []);
});

test('many groups under little memory are split again and again and come out the same', async () => {
  const schema: Schema = [field('k', T.int), field('s', T.string), field('x', T.int)];
  const rows: Row[] = [];
  for (let i = 0; i < 30000; i++) rows.push({ k: (i * 7919) % 9001, s: i % 5 === 0 ? null : `name ${i % 4001}`, x: i });
  const params: AggregateParams = {
    keys: ['k', 's'],
    aggregates: [
      spec('n', 'count', [], schema),
      spec('m', 'mean', ['x'], schema),
      spec('l', 'list', ['x'], schema),
      spec('f', 'first', ['s'], schema),
    ],
  };
  const ample = await run(params, rows, schema, 0);
  const groups = groupsOf(rows, ['k', 's'], schema);
  assert.is(ample.length, groups.length);
  sameRows(
    ample,
    groups.map((g) => ({
      k: g[0]?.k as number,
      s: g[0]?.s as string,
      n: g.length,
      m: g.reduce((a, r) => a + num(r.x as number), 0) / g.length,
      l: g.map((r) => r.x as number),
      f: g[0]?.s as string,
    })),
  );
  for (const grant of [64 << 10, 300 << 10]) {
    sameRows(
      await runExchange(aggregate, params, params.keys, rows, schema, { grant, batchRows: 1000, tasks: 3, bits: 1 }),
      ample,
    );
  }
});

test('nested keys group by value', async () => {
  const type = T.list(T.struct([field('a', T.int), field('b', T.string)]));
  const schema: Schema = [field('k', type), field('x', T.int)];
  const keys = [[{ a: 1, b: 'x' }], null, [], [{ a: 1, b: 'x' }], [null], [], null];
  const rows = keys.map((k, i) => ({ k, x: i })) as Row[];
  const params: AggregateParams = {
    keys: ['k'],
    aggregates: [
      spec('l', 'list', ['x'], schema),
      spec('f', 'first', ['k'], schema),
      spec('n', 'count_distinct', ['k'], schema),
    ],
  };
  for (let at = 0; at < SETTINGS.length; at++) {
    const out = (await run(params, rows, schema, at)).toSorted((a, b) => (a.l as number[])[0]! - (b.l as number[])[0]!);
    sameRows(out, [
      { k: [{ a: 1, b: 'x' }], l: [0, 3], f: [{ a: 1, b: 'x' }], n: 1 },
      { k: null, l: [1, 6], f: null, n: 0 },
      { k: [], l: [2, 5], f: [], n: 1 },
      { k: [null], l: [4], f: [null], n: 1 },
    ] as unknown as Row[]);
  }
});

test('approximate distinct counts are close, and the same for every cut', async () => {
  const schema: Schema = [field('k', T.int), field('x', T.int)];
  const rows: Row[] = [];
  for (let i = 0; i < 40000; i++) rows.push({ k: i % 2 === 0 ? 0 : i % 50, x: i * 31 });
  const params: AggregateParams = {
    keys: ['k'],
    aggregates: [spec('n', 'approx_count_distinct', ['x'], schema), spec('e', 'count_distinct', ['x'], schema)],
  };
  const base = await run(params, rows, schema, 0);
  for (const r of base) assert.ok(Math.abs((r.n as number) / (r.e as number) - 1) < 0.08, `${r.n} for ${r.e}`);
  for (let at = 1; at < SETTINGS.length; at++) sameRows(await run(params, rows, schema, at), base);
});

test('approximate quantiles are within a percent, and the same for every cut', async () => {
  const schema: Schema = [field('k', T.int), field('x', T.float), field('q', T.float)];
  const rows = Array.from(
    { length: 5000 },
    (_, i): Row => ({ k: i % 3, x: ((i * 7919) % 5000) ** 2 / 7 - 1000, q: 0.9 }),
  );
  const params: AggregateParams = {
    keys: ['k'],
    aggregates: [
      spec('a', 'approx_quantile', ['x', 'q'], schema),
      spec('e', 'quantile', ['x', 'q'], schema),
      spec('m', 'approx_median', ['x'], schema),
      spec('n', 'median', ['x'], schema),
    ],
  };
  const base = await run(params, rows, schema, 0);
  for (const r of base) {
    assert.ok(Math.abs((r.a as number) / (r.e as number) - 1) < 0.011, `${r.a} for ${r.e}`);
    assert.ok(Math.abs((r.m as number) / (r.n as number) - 1) < 0.011, `${r.m} for ${r.n}`);
  }
  for (let at = 1; at < SETTINGS.length; at++) sameRows(await run(params, rows, schema, at), base);
  const edges = [
    0,
    -0,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NaN,
    Number.MAX_VALUE,
    Number.MIN_VALUE,
    -7,
  ];
  for (const x of edges) {
    const [row] = await run(
      { keys: ['k'], aggregates: [spec('m', 'approx_median', ['x'], schema)] },
      [{ k: 1, x, q: 0 }],
      schema,
      0,
    );
    const got = row?.m as number;
    assert.ok(Object.is(got, x + 0) || Math.abs(got / x - 1) <= 0.011, `${got} for ${x}`);
  }
});

test('a histogram maps values to counts in order of appearance', async () => {
  const schema: Schema = [field('k', T.int), field('s', T.string)];
  const rows = ['b', 'a', null, 'b', 'c', 'b', 'a'].map((s, i): Row => ({ k: i < 6 ? 1 : 2, s }));
  const params: AggregateParams = { keys: ['k'], aggregates: [spec('h', 'histogram', ['s'], schema)] };
  for (let at = 0; at < SETTINGS.length; at++) {
    const out = (await run(params, rows, schema, at)).toSorted((a, b) => (a.k as number) - (b.k as number));
    const entry = (key: string, value: number): Row => ({ key, value });
    sameRows(out, [
      { k: 1, h: [entry('b', 3), entry('a', 1), entry('c', 1)] },
      { k: 2, h: [entry('a', 1)] },
    ]);
  }
});

test('quantile takes its fraction from the second argument and refuses one out of range', async () => {
  const schema: Schema = [field('x', T.decimal(6, 1)), field('q', T.float)];
  const params: AggregateParams = { keys: [], aggregates: [spec('v', 'quantile', ['x', 'q'], schema)] };
  const rows = (q: number): Row[] => [10, 20, 30, 40, null].map((x) => ({ x, q }));
  sameRows(await runExchange(aggregate, params, [], rows(0.25), schema, AMPLE), [{ v: 1.75 }]);
  try {
    await runExchange(aggregate, params, [], rows(1.5), schema, AMPLE);
    assert.unreachable();
  } catch (e) {
    assert.is((e as RunError).code, 'FLOW7005');
  }
});

test.run();
