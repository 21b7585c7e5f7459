import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { batchFromRows } from '../../engine/batch/build.ts';
import type { Column } from '../../engine/batch/column.ts';
import { hashColumns } from '../../engine/batch/hash.ts';
import { RunError } from '../../engine/errors.ts';
import type { Expr, LiteralValue } from '../../engine/expr.ts';
import type { PartitionReader } from '../../engine/operators/def.ts';
import { join } from '../../engine/operators/join.ts';
import { lookup } from '../../engine/operators/lookup.ts';
import type { JoinParams, Nearest } from '../../engine/operators/params.ts';
import { hashPartition, relationReader } from '../../engine/shuffle/reader.ts';
import type { Schema } from '../../engine/types.ts';
import { field, T } from '../../engine/types.ts';
import type { Row, Setting } from './harness.ts';
import {
  collect,
  context,
  cut,
  exchange,
  finals,
  release,
  SETTINGS,
  sameRows,
  step,
  tasksOf,
  textOf,
  withStore,
} from './harness.ts';
import { tables } from './tables.ts';

const LEFT: Schema = [field('a', T.int), field('s', T.string), field('x', T.int, false), field('l', T.list(T.string))];
const RIGHT: Schema = [field('b', T.int), field('t', T.string), field('y', T.int, false), field('z', T.list(T.int))];

/** x < y, over a left column and a right one. */
const RESIDUAL: Expr = {
  kind: 'call',
  fn: 'lt',
  type: T.bool,
  nullable: false,
  args: [
    { kind: 'column', name: 'x', type: T.int, nullable: false },
    { kind: 'column', name: 'right_y', type: T.int, nullable: false },
  ],
};

function params(over: Partial<JoinParams>): JoinParams {
  return {
    kind: 'inner',
    leftKeys: ['a'],
    rightKeys: ['b'],
    residual: null,
    nearest: null,
    right: [],
    add: [
      { name: 'y', column: 'y' },
      { name: 'text', column: 't' },
      { name: 'z', column: 'z' },
    ],
    matching: 'many',
    ...over,
  };
}

function hashesOf(rows: readonly Row[], keys: readonly string[], schema: Schema): Uint32Array {
  const batch = batchFromRows(schema, rows);
  const out = new Uint32Array(rows.length);
  hashColumns(
    keys.map((k) => batch.columns[schema.findIndex((f) => f.name === k)] as Column),
    rows.length,
    out,
  );
  return out;
}

function compare(a: LiteralValue, b: LiteralValue): number {
  if (typeof a === 'string' || typeof b === 'string')
    return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
  return (a as number | bigint) < (b as number | bigint) ? -1 : (a as number | bigint) > (b as number | bigint) ? 1 : 0;
}

/** Of rows in their order the one whose value is nearest to that of `l`. */
function nearestRow({ op, left, right }: Nearest, l: Row, rows: readonly Row[]): Row[] {
  const order = (r: Row): number => compare(l[left] as LiteralValue, r[right] as LiteralValue);
  const allowed = rows.filter((r) => {
    if (l[left] === null || r[right] === null) return false;
    return { ge: order(r) >= 0, gt: order(r) > 0, le: order(r) <= 0, lt: order(r) < 0 }[op];
  });
  const back = op === 'ge' || op === 'gt';
  let best: Row | null = null;
  for (const r of allowed) {
    const c = best === null ? 0 : compare(r[right] as LiteralValue, best[right] as LiteralValue);
    if (best === null || (back ? c >= 0 : c < 0)) best = r;
  }
  return best === null ? [] : [best];
}

/** Joins by looking at all pairs; `byHash`: the order of the partitioned join. */
function naive(p: JoinParams, left: readonly Row[], right: readonly Row[], byHash: boolean): Row[] {
  const hashes = hashesOf(left, p.leftKeys, LEFT);
  const order = left.map((_, i) => i);
  if (byHash) order.sort((i, j) => (hashes[i] as number) - (hashes[j] as number));
  const keyOf = (r: Row, names: readonly string[]): string | null =>
    names.some((k) => r[k] === null) ? null : textOf(names.map((k) => (r[k] === 0 ? 0 : r[k])));
  const rightKeys = right.map((r) => keyOf(r, p.rightKeys));
  const keepsLeft = p.kind === 'left' || p.kind === 'full' || p.kind === 'asof';
  const out: { row: Row; hash: number; rank: number }[] = [];
  const used = new Set<Row>();
  for (const i of order) {
    const l = left[i] as Row;
    const at = { hash: byHash ? (hashes[i] as number) : 0, rank: 0 };
    const key = keyOf(l, p.leftKeys);
    const equal = right.filter(
      (r, j) => key !== null && rightKeys[j] === key && (p.residual === null || (l.x as number) < (r.y as number)),
    );
    const matches = p.nearest === null ? equal : nearestRow(p.nearest, l, equal);
    for (const r of matches) used.add(r);
    if (p.kind === 'semi' || p.kind === 'anti') {
      if (matches.length > 0 === (p.kind === 'semi')) out.push({ row: { ...l }, ...at });
      continue;
    }
    for (const r of matches) out.push({ row: { ...l, ...added(p, r) }, ...at });
    if (matches.length === 0 && keepsLeft) out.push({ row: { ...l, ...added(p, null) }, ...at });
  }
  if (p.kind === 'right' || p.kind === 'full') {
    const rightHashes = hashesOf(right, p.rightKeys, RIGHT);
    const nulls = Object.fromEntries(LEFT.map((f) => [f.name, null]));
    right.forEach((r, j) => {
      if (!used.has(r)) out.push({ row: { ...nulls, ...added(p, r) }, hash: rightHashes[j] as number, rank: 1 });
    });
    out.sort((a, b) => a.hash - b.hash || a.rank - b.rank);
  }
  return out.map((one) => one.row);
}

function added(p: JoinParams, r: Row | null): Row {
  return Object.fromEntries(p.add.map((c) => [c.name, r === null ? null : (r[c.column] as LiteralValue)]));
}

async function runJoin(p: JoinParams, left: readonly Row[], right: readonly Row[], s: Setting): Promise<Row[]> {
  return withStore(async (store) => {
    const lefts = await exchange(store, tasksOf(left, LEFT, s), LEFT, p.leftKeys, s, null);
    const rights = await exchange(store, tasksOf(right, RIGHT, s), RIGHT, p.rightKeys, s, null);
    try {
      const inputs = lefts.map((refs, i): PartitionReader[] => [
        hashPartition(store, refs, LEFT, s.bits),
        hashPartition(store, rights[i] as typeof refs, RIGHT, s.bits),
      ]);
      return await finals(join, p, inputs, step('join', 'final', p, LEFT, join.schema(p, [LEFT, RIGHT])), store, s);
    } finally {
      release(store, lefts);
      release(store, rights);
    }
  });
}

async function runLookup(p: JoinParams, left: readonly Row[], right: readonly Row[], s: Setting): Promise<Row[]> {
  return withStore(async (store) => {
    const refs = cut(right, RIGHT, s.batchRows).map((b) => store.putBatch(b));
    const ctx = context(store, s.grant, [relationReader(store, refs, RIGHT)]);
    const ref = step('lookup', 'map', p, LEFT, lookup.schema(p, [LEFT, RIGHT]), [{ relation: 0, schema: RIGHT }]);
    try {
      const out: Row[] = [];
      for (const batches of tasksOf(left, LEFT, s)) {
        const source = (async function* () {
          yield* batches;
        })();
        for (const r of await collect(lookup.map?.(p, ref, ctx)(source) as AsyncIterable<never>, ctx)) out.push(r);
      }
      return out;
    } finally {
      ctx.end();
      release(store, [refs]);
    }
  });
}

const KINDS = ['inner', 'left', 'right', 'full', 'semi', 'anti', 'asof'] as const;
const STREAMED = KINDS.filter((k) => k !== 'right' && k !== 'full');
/** What an as-of join compares: ints without nulls, texts with them. */
const NEAREST = (['ge', 'gt', 'le', 'lt'] as const).flatMap((op): Nearest[] => [
  { op, left: 'x', right: 'y' },
  { op, left: 's', right: 't' },
]);
const leftRows = tables(LEFT, ['a', 's'], 80);
const rightRows = tables(RIGHT, ['b', 't'], 80);
const variantsOf = (kinds: readonly JoinParams['kind'][], keys: readonly number[]): fc.Arbitrary<JoinParams> =>
  fc
    .record({
      kind: fc.constantFrom(...kinds),
      residual: fc.boolean(),
      keys: fc.constantFrom(...keys),
      nearest: fc.constantFrom(...NEAREST),
    })
    .map(({ kind, residual, keys: count, nearest }) =>
      params({
        kind,
        nearest: kind === 'asof' ? nearest : null,
        leftKeys: ['a', 's'].slice(0, count),
        rightKeys: ['b', 't'].slice(0, count),
        ...(residual && kind !== 'asof' ? { residual: RESIDUAL, right: [{ name: 'right_y', column: 'y' }] } : {}),
      }),
    );

/** As-of joins by a value that is not a key as well. */
const asOf = (kind: JoinParams['kind']): Partial<JoinParams> =>
  kind === 'asof' ? { nearest: NEAREST[0] as Nearest } : {};

test('a partitioned join agrees with looking at all pairs, whatever the memory and the cuts', async () => {
  await fc.assert(
    fc.asyncProperty(
      variantsOf(KINDS, [1, 2]),
      leftRows,
      rightRows,
      fc.nat(SETTINGS.length - 1),
      async (p, left, right, at) => {
        sameRows(await runJoin(p, left, right, SETTINGS[at] as Setting), naive(p, left, right, true));
      },
    ),
    { numRuns: 120 },
  );
});

test('a lookup gives the same pairs in the order of the left rows', async () => {
  await fc.assert(
    fc.asyncProperty(
      variantsOf(STREAMED, [0, 1, 2]),
      leftRows,
      rightRows,
      fc.nat(SETTINGS.length - 1),
      async (p, left, right, at) => {
        sameRows(await runLookup(p, left, right, SETTINGS[at] as Setting), naive(p, left, right, false));
      },
    ),
    { numRuns: 120 },
  );
});

const leftOf = (a: number | null, x: number): Row => ({ a, s: `left ${a}`, x, l: [`item ${x}`] });
const rightOf = (b: number | null, y: number): Row => ({ b, t: `right ${b}`, y, z: [y] });

test('sides far larger than the grant are split and joined, with one giant key on both', async () => {
  const left = Array.from({ length: 3000 }, (_, i) => leftOf(i % 3 === 0 ? 77 : i % 900, i % 13));
  const right = Array.from({ length: 2500 }, (_, i) => rightOf(i % 50 === 0 ? 77 : 900 - (i % 900), i % 17));
  const tiny: Setting = { grant: 64 << 10, batchRows: 200, tasks: 2, bits: 1 };
  for (const kind of KINDS) {
    for (const residual of kind === 'asof' ? [false] : [false, true]) {
      const p = params({
        kind,
        ...asOf(kind),
        ...(residual ? { residual: RESIDUAL, right: [{ name: 'right_y', column: 'y' }] } : {}),
      });
      sameRows(await runJoin(p, left, right, tiny), naive(p, left, right, true), kind);
    }
  }
});

test('one key with too many rows on both sides is joined block by block', async () => {
  const left = Array.from({ length: 150 }, (_, i) => leftOf(5, i % 9));
  const right = Array.from({ length: 1500 }, (_, i) => rightOf(5, i % 11));
  const tiny: Setting = { grant: 1 << 10, batchRows: 300, tasks: 1, bits: 0 };
  for (const kind of KINDS) {
    const p = params({
      kind,
      ...asOf(kind),
      ...(kind === 'asof' ? {} : { residual: RESIDUAL, right: [{ name: 'right_y', column: 'y' }] }),
      add: [{ name: 'y', column: 'y' }],
    });
    sameRows(await runJoin(p, left, right, tiny), naive(p, left, right, true), kind);
  }
  const p = params({ add: [{ name: 'y', column: 'y' }] });
  const out = await runJoin(p, left, right.slice(0, 400), tiny);
  assert.is(out.length, 150 * 400);
  assert.equal(out[400 * 3 + 7], { ...left[3], y: 7 });
});

test('without keys a right side that does not fit is gone through block by block, in the order of the left rows', async () => {
  const left = Array.from({ length: 120 }, (_, i) => leftOf(i % 5 === 0 ? null : i, i % 19));
  const right = Array.from({ length: 2000 }, (_, i) => rightOf(i % 7 === 0 ? null : i, (i * 7) % 23));
  const tiny: Setting = { grant: 1 << 10, batchRows: 500, tasks: 2, bits: 0 };
  for (const kind of STREAMED) {
    for (const residual of kind === 'asof' ? [false] : [true, false]) {
      const p = params({
        kind,
        ...asOf(kind),
        leftKeys: [],
        rightKeys: [],
        ...(residual ? { residual: RESIDUAL, right: [{ name: 'right_y', column: 'y' }] } : {}),
        add: residual ? [] : [{ name: 'y', column: 'y' }],
      });
      sameRows(await runLookup(p, left, right, tiny), naive(p, left, right, false), `${kind} ${residual}`);
    }
  }
});

test('output batches stay small however many rows a row matches', async () => {
  const right = Array.from({ length: 100000 }, (_, i) => rightOf(1, i));
  const left = [leftOf(1, 0), leftOf(2, 1), leftOf(1, 2)];
  const p = params({ kind: 'left', add: [{ name: 'y', column: 'y' }] });
  for (const run of [runJoin, runLookup]) {
    const out = await run(p, left, right, SETTINGS[0] as Setting);
    assert.is(out.length, 200001);
    assert.is(out.filter((r) => r.y === null).length, 1);
    const ys = out.filter((r) => r.x === 2).map((r) => r.y);
    assert.equal(ys.slice(0, 3), [0, 1, 2]);
    assert.is(ys.at(-1), 99999);
  }
});

test('a stated cardinality is enforced and the error names the key', async () => {
  const failing = async (p: JoinParams, left: Row[], right: Row[], runs = [runJoin, runLookup]): Promise<void> => {
    for (const run of runs) {
      for (const s of SETTINGS) {
        try {
          await run(p, left, right, s);
          assert.unreachable('the cardinality is broken');
        } catch (e) {
          assert.instance(e, RunError);
          assert.is((e as RunError).code, 'FLOW7009');
          assert.match((e as RunError).message, 'a = 7');
        }
      }
    }
  };
  const left = [leftOf(6, 0), leftOf(7, 1)];
  await failing(params({ matching: 'at most one' }), left, [rightOf(6, 1), rightOf(7, 1), rightOf(7, 2)]);
  await failing(params({ matching: 'one' }), left, [rightOf(6, 1)]);
  for (const kind of ['left', 'right', 'full'] as const) {
    if (kind === 'left') await failing(params({ matching: 'one', kind }), left, [rightOf(6, 1)]);
    else await failing(params({ matching: 'one', kind }), left, [rightOf(6, 1)], [runJoin]);
  }
  await failing(params({ matching: 'one', kind: 'asof', ...asOf('asof') }), left, [rightOf(6, 0), rightOf(7, 5)]);
  await failing(params({ matching: 'one' }), [leftOf(7, 1)], []);
  const p = params({ matching: 'at most one', residual: RESIDUAL, right: [{ name: 'right_y', column: 'y' }] });
  const right = [rightOf(7, 1), rightOf(7, 2)];
  for (const s of SETTINGS) sameRows(await runJoin(p, left, right, s), naive(p, left, right, true));
});

test.run();
