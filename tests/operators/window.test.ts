import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AGGREGATE_LIST, resolveAggregate } from '../../engine/aggregates/registry.ts';
import type { SortKey } from '../../engine/expr.ts';
import type { WindowCallParams, WindowParams } from '../../engine/operators/params.ts';
import { window } from '../../engine/operators/window.ts';
import { type Field, field, type Schema, T } from '../../engine/types.ts';
import type { FrameSpec, RangeBound } from '../../engine/windows/def.ts';
import { WINDOWS } from '../../engine/windows/registry.ts';
import type { Row } from './harness.ts';
import { AMPLE, runExchange, SETTINGS, type Setting, sameRows, withStore } from './harness.ts';
import { naiveWindow } from './naive_windows.ts';
import { tables } from './tables.ts';

const SCHEMA: Schema = [
  field('k', T.string),
  field('j', T.int),
  field('t', T.int),
  field('x', T.float),
  field('day', T.date),
  field('at', T.timestamp),
  field('m', T.decimal(12, 2)),
  field('v', T.int),
  field('s', T.string),
  field('b', T.bool),
];

const WHOLE: FrameSpec = { unit: 'rows', low: null, high: null };
const SETTING = { ...AMPLE, batchRows: 50 };

function fieldOf(name: string): Field {
  return SCHEMA.find((f) => f.name === name) as Field;
}

function key(name: string, desc = false, nullsFirst = false): SortKey {
  const { type, nullable } = fieldOf(name);
  return { expr: { kind: 'column', name, type, nullable }, desc, nullsFirst };
}

function call(fn: string, args: readonly string[], more: Partial<WindowCallParams> = {}): WindowCallParams {
  const argTypes = args.map((a) => fieldOf(a).type);
  const own = WINDOWS[fn]?.type(args.length === 0 ? null : fieldOf(args[0] as string));
  const resolved = own ?? resolveAggregate(fn, argTypes, more.distinct ?? false);
  if (resolved === null) throw new Error(`no function ${fn}`);
  return {
    name: fn,
    fn,
    args,
    argTypes,
    distinct: false,
    constant: null,
    fallback: null,
    ignoreNulls: false,
    frame: WHOLE,
    type: resolved.type,
    nullable: true,
    ...more,
  };
}

function params(calls: readonly WindowCallParams[], more: Partial<WindowParams> = {}): WindowParams {
  const named = calls.map((c, i) => ({ ...c, name: `c${i}` }));
  return { keys: ['k'], sort: [], ties: null, skip: 0, take: null, sorted: false, ...more, calls: named };
}

async function check(p: WindowParams, rows: readonly Row[], setting: Setting): Promise<void> {
  const actual = await runExchange(window, p, p.keys, rows, SCHEMA, setting);
  const expected = await withStore((store) => Promise.resolve(naiveWindow(p, rows, SCHEMA, store)));
  sameRows(actual, expected, JSON.stringify({ setting, keys: p.keys, sort: p.sort, calls: p.calls }, bigints));
}

const bigints = (_: string, v: unknown): unknown => (typeof v === 'bigint' ? `${v}n` : v);

const setting = fc.constantFrom(...SETTINGS, SETTING);
const keys = fc.constantFrom<readonly string[]>(['k'], ['k', 'b'], ['j'], ['x'], []);
const sortKey = fc
  .tuple(fc.constantFrom('t', 'x', 'day', 'at', 'm', 's', 'b'), fc.boolean(), fc.boolean())
  .map(([name, desc, nullsFirst]) => key(name, desc, nullsFirst));

const ends = fc.constantFrom<readonly [number | null, number | null]>(
  [null, null],
  [null, 0],
  [0, null],
  [-2, 0],
  [-1, 1],
  [1, 3],
  [-3, -2],
  [0, 0],
  [-40, 0],
  [-100, 40],
  [null, -1],
  [2, null],
);
const rowsFrame = ends.map(([low, high]): FrameSpec => ({ unit: 'rows', low, high }));

/** Frames of any kind that go with a sort key. */
function frameFor(sort: readonly SortKey[]): fc.Arbitrary<FrameSpec> {
  const peers: RangeBound = { kind: 'offset', value: 0 };
  const byPeers = fc.constantFrom<FrameSpec>(
    { unit: 'range', low: null, high: peers },
    { unit: 'range', low: peers, high: null },
    { unit: 'range', low: peers, high: peers },
  );
  const [only] = sort;
  const kind = only?.expr.type.kind;
  if (sort.length === 0) return rowsFrame;
  if (sort.length > 1 || kind === 'string' || kind === 'bool' || only === undefined)
    return fc.oneof(rowsFrame, byPeers);
  const unit = kind === 'timestamp' ? 1_000_000 : kind === 'float' ? 0.25 : 1;
  const byValue = ends.map(([low, high]): FrameSpec => {
    const end = (n: number | null): RangeBound => (n === null ? null : { kind: 'offset', value: n * unit });
    return { unit: 'range', low: end(low), high: end(high) };
  });
  return fc.oneof(rowsFrame, byPeers, byValue, byValue);
}

const RANKING = ['row_number', 'rank', 'dense_rank', 'percent_rank', 'cume_dist'];

function calls(sort: readonly SortKey[]): fc.Arbitrary<WindowCallParams[]> {
  const frame = frameFor(sort);
  const value = fc.constantFrom('v', 's', 'x', 'b', 'day');
  const one = fc.oneof(
    fc.constantFrom(...RANKING).map((fn) => call(fn, [])),
    fc.integer({ min: 1, max: 9 }).map((constant) => call('ntile', [], { constant })),
    fc
      .tuple(fc.constantFrom('lag', 'lead'), value, fc.integer({ min: 0, max: 12 }), fc.boolean(), fc.boolean())
      .map(([fn, v, constant, ignoreNulls, fallback]) =>
        call(fn, [v], { constant, ignoreNulls, fallback: fallback ? v : null }),
      ),
    fc
      .tuple(fc.constantFrom('first_value', 'last_value', 'nth_value'), value, frame, fc.boolean())
      .map(([fn, v, f, ignoreNulls]) =>
        call(fn, [v], { constant: fn === 'nth_value' ? 3 : null, ignoreNulls, frame: f }),
      ),
    fc
      .tuple(fc.constantFrom('count', 'min', 'max', 'first', 'last', 'list', 'count_distinct', 'mode'), value, frame)
      .map(([fn, v, f]) => call(fn, [v], { frame: f })),
    fc
      .tuple(fc.constantFrom('sum', 'mean', 'median', 'stddev_samp', 'product'), fc.constantFrom('t', 'x', 'm'), frame)
      .filter(([fn, v]) => fn !== 'sum' || v !== 't')
      .map(([fn, v, f]) => call(fn, [v], { frame: f })),
    frame.map((f) => call('string_agg', ['s'], { frame: f })),
    frame.map((f) => call('count', [], { frame: f })),
    fc.tuple(fc.constantFrom('sum', 'mean'), frame).map(([fn, f]) => call(fn, ['j'], { frame: f, distinct: true })),
  );
  return fc.array(one, { minLength: 1, maxLength: 4 });
}

const small = tables(SCHEMA, ['k', 'j', 't'], 120).map((rows) =>
  // Sums of frames must fit, and keys must repeat.
  rows.map(
    (r, i): Row => ({
      ...r,
      j: r.j === null ? null : Number(r.j) % 3,
      x: r.x !== null && i % 17 === 0 ? Number.NaN : (r.x ?? null),
      m: r.m === null ? null : Number(r.m) % 1000,
    }),
  ),
);

test('windows are what they are row by row, however the work is split', async () => {
  const scenario = fc
    .tuple(small, keys, fc.array(sortKey, { maxLength: 2 }), setting)
    .chain(([rows, k, sort, s]) => calls(sort).map((c) => ({ rows, s, p: params(c, { keys: k, sort }) })));
  await fc.assert(
    fc.asyncProperty(scenario, ({ rows, s, p }) => {
      // Without keys the rows come in their order.
      const whole = p.keys.length === 0 ? { ...p, sorted: true, sort: [] } : p;
      const fits = whole.sort.length === p.sort.length || p.calls.every((c) => c.frame.unit === 'rows');
      return check(fits ? whole : p, rows, s);
    }),
    { numRuns: 60 },
  );
});

/** Rows of two partitions, one of them with nearly all rows: nulls, NaN, infinities, peers. */
function manyRows(n: number): Row[] {
  let a = 12345;
  const next = (below: number): number => {
    a = (Math.imul(a, 1103515245) + 12345) >>> 0;
    return (a >>> 8) % below;
  };
  return Array.from({ length: n }, (_, i) => ({
    k: next(20) === 0 ? null : 'all',
    j: next(6) === 0 ? null : next(5),
    t: next(15) === 0 ? null : Math.floor(i / 2) * 3 + next(4),
    x: next(9) === 0 ? null : next(200) === 0 ? Number.POSITIVE_INFINITY : next(1000) / 7 - 40,
    day: next(10) === 0 ? null : next(400),
    at: next(10) === 0 ? null : next(1e9),
    m: next(8) === 0 ? null : next(100000) - 40000,
    v: next(7) === 0 ? null : next(1000) - 500,
    s: next(5) === 0 ? null : `s${next(40)}`,
    b: next(4) === 0 ? null : next(2) === 0,
  }));
}

const ARGS: Readonly<Record<string, readonly string[]>> = {
  any: ['b'],
  all: ['b'],
  count_if: ['b'],
  string_agg: ['s'],
  min_by: ['s', 't'],
  max_by: ['s', 'x'],
  corr: ['v', 'm'],
  quantile: ['x', 'q'],
  quantile_disc: ['x', 'q'],
  approx_quantile: ['x', 'q'],
  mode: ['s'],
  list: ['v'],
  histogram: ['j'],
  min: ['s'],
};

const PEERS: RangeBound = { kind: 'offset', value: 0 };
const FRAMES: readonly FrameSpec[] = [
  { unit: 'rows', low: null, high: null },
  { unit: 'rows', low: null, high: 0 },
  { unit: 'rows', low: -150, high: -3 },
  { unit: 'rows', low: -33, high: 190 },
  { unit: 'rows', low: 17, high: null },
  { unit: 'rows', low: -5, high: 4 },
  { unit: 'range', low: null, high: PEERS },
  { unit: 'range', low: { kind: 'offset', value: -200 }, high: { kind: 'offset', value: 90 } },
];

for (const def of AGGREGATE_LIST) {
  test(`${def.name} over frames of any length`, async () => {
    const rows = manyRows(250).map((r) => ({ ...r, q: 0.3 }));
    const schema = [...SCHEMA, field('q', T.float)];
    const typesOf = (args: readonly string[]) => args.map((a) => (schema.find((f) => f.name === a) as Field).type);
    // Aggregates of two numbers take two.
    const usual = [['v'], ['v', 'x']].find((args) => resolveAggregate(def.name, typesOf(args), false) !== null);
    const args = ARGS[def.name] ?? usual ?? [];
    const argTypes = typesOf(args);
    const resolved = resolveAggregate(def.name, argTypes, false);
    assert.ok(resolved, `${def.name} resolves`);
    if (resolved === null) return;
    const { type } = resolved;
    const one = (frame: FrameSpec) => ({ ...call('row_number', []), fn: def.name, args, argTypes, type, frame });
    const p = params(FRAMES.map(one), { sort: [key('t')] });
    const expected = await withStore((store) => Promise.resolve(naiveWindow(p, rows, schema, store)));
    for (const s of [AMPLE, { grant: 1 << 10, batchRows: 120, tasks: 3, bits: 1 }])
      sameRows(await runExchange(window, p, p.keys, rows, schema, s), expected, `${def.name} ${s.grant}`);
  });
}

test('a partition of more rows than memory holds', async () => {
  const rows = manyRows(8000);
  const calls = [
    call('row_number', []),
    call('dense_rank', []),
    call('cume_dist', []),
    call('lag', ['s'], { constant: 3000 }),
    call('lead', ['v'], { constant: 3, ignoreNulls: true }),
    call('first_value', ['s'], { frame: { unit: 'rows', low: -4000, high: 0 } }),
    call('last_value', ['s'], { frame: WHOLE, ignoreNulls: true }),
    call('sum', ['v'], { frame: { unit: 'rows', low: -5000, high: 3000 } }),
    call('mean', ['x'], { frame: { unit: 'range', low: null, high: PEERS } }),
    call('count_distinct', ['s'], { frame: { unit: 'rows', low: null, high: 0 } }),
    call('max', ['s'], { frame: { unit: 'range', low: { kind: 'offset', value: -5000 }, high: PEERS } }),
  ];
  for (const p of [
    params(calls, { sort: [key('t', true, true)] }),
    params(calls, { keys: [], sort: [key('t', false, true)] }),
  ]) {
    const ample = await runExchange(window, p, p.keys, rows, SCHEMA, AMPLE);
    for (const s of [
      { grant: 1 << 10, batchRows: 1000, tasks: 3, bits: 1 },
      { grant: 1 << 17, batchRows: 300, tasks: 2, bits: 2 },
    ])
      sameRows(await runExchange(window, p, p.keys, rows, SCHEMA, s), ample, `grant ${s.grant}`);
  }
});

test('the first rows of each partition, dropped before the exchange and behind it', async () => {
  const scenario = fc
    .tuple(tables(SCHEMA, ['k', 't'], 400), keys, fc.array(sortKey, { maxLength: 2 }), setting)
    .chain(([rows, k, sort, s]) =>
      fc
        .tuple(fc.integer({ min: 0, max: 4 }), fc.option(fc.integer({ min: 0, max: 6 })), fc.boolean())
        .map(([skip, take, numbered]) => ({
          rows,
          s,
          p: params(numbered ? [call('row_number', [])] : [], { keys: k, sort, skip, take }),
        })),
    );
  await fc.assert(
    fc.asyncProperty(
      scenario.filter(({ p }) => p.keys.length > 0),
      ({ rows, s, p }) => check(p, rows, s),
    ),
    { numRuns: 60 },
  );
});

test('empty input has no rows, and no error', async () => {
  await check(params([call('sum', ['v']), call('ntile', [], { constant: 3 })], { sort: [key('t')] }), [], AMPLE);
  await check(params([call('row_number', [])], { keys: [] }), [], AMPLE);
});

test.run();
