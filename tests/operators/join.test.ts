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
import type { JoinParams } from '../../engine/operators/params.ts';
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

/** Joins by looking at all pairs; `byHash`: the order of the partitioned join. */
function naive(p: JoinParams, left: readonly Row[], right: readonly Row[], byHash: boolean): Row[] {
  const hashes = hashesOf(left, p.leftKeys, LEFT);
  const order = left.map((_, i) => i);
  if (byHash) order.sort((i, j) => (hashes[i] as number) - (hashes[j] as number));
  const keyOf = (r: Row, names: readonly string[]): string | null =>
    names.some((k) => r[k] === null) ? null : textOf(names.map((k) => r[k]));
  const rightKeys = right.map((r) => keyOf(r, p.rightKeys));
  const out: Row[] = [];
  for (const i of order) {
    const l = left[i] as Row;
    const key = keyOf(l, p.leftKeys);
    const matches = right.filter(
      (r, j) => key !== null && rightKeys[j] === key && (p.residual === null || (l.x as number) < (r.y as number)),
    );
    const added = (r: Row | null): Row =>
      Object.fromEntries(p.add.map((c) => [c.name, r === null ? null : (r[c.column] as LiteralValue)]));
    if (p.kind === 'semi' || p.kind === 'anti') {
      if (matches.length > 0 === (p.kind === 'semi')) out.push({ ...l });
      continue;
    }
    for (const r of matches) out.push({ ...l, ...added(r) });
    if (matches.length === 0 && p.kind === 'left') out.push({ ...l, ...added(null) });
  }
  return out;
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

const KINDS = ['inner', 'left', 'semi', 'anti'] as const;
const leftRows = tables(LEFT, ['a', 's'], 80);
const rightRows = tables(RIGHT, ['b', 't'], 80);
const variants = fc
  .record({ kind: fc.constantFrom(...KINDS), residual: fc.boolean(), two: fc.boolean() })
  .map(({ kind, residual, two }) =>
    params({
      kind,
      ...(residual ? { residual: RESIDUAL, right: [{ name: 'right_y', column: 'y' }] } : {}),
      ...(two ? { leftKeys: ['a', 's'], rightKeys: ['b', 't'] } : {}),
    }),
  );

test('a partitioned join agrees with looking at all pairs, whatever the memory and the cuts', async () => {
  await fc.assert(
    fc.asyncProperty(variants, leftRows, rightRows, fc.nat(SETTINGS.length - 1), async (p, left, right, at) => {
      sameRows(await runJoin(p, left, right, SETTINGS[at] as Setting), naive(p, left, right, true));
    }),
    { numRuns: 120 },
  );
});

test('a lookup gives the same pairs in the order of the left rows', async () => {
  await fc.assert(
    fc.asyncProperty(variants, leftRows, rightRows, fc.nat(SETTINGS.length - 1), async (p, left, right, at) => {
      sameRows(await runLookup(p, left, right, SETTINGS[at] as Setting), naive(p, left, right, false));
    }),
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
    for (const residual of [false, true]) {
      const p = params({
        kind,
        ...(residual ? { residual: RESIDUAL, right: [{ name: 'right_y', column: 'y' }] } : {}),
      });
      sameRows(await runJoin(p, left, right, tiny), naive(p, left, right, true), kind);
    }
  }
});

test('one key with too many rows on both sides is joined block by block', async () => {
  const left = Array.from({ length: 600 }, (_, i) => leftOf(5, i % 7));
  const right = Array.from({ length: 1500 }, (_, i) => rightOf(5, i % 11));
  const tiny: Setting = { grant: 1 << 10, batchRows: 300, tasks: 1, bits: 0 };
  for (const kind of KINDS) {
    const p = params({
      kind,
      residual: RESIDUAL,
      right: [{ name: 'right_y', column: 'y' }],
      add: [{ name: 'y', column: 'y' }],
    });
    const rows = kind === 'inner' || kind === 'left' ? left.slice(0, 40) : left;
    const [few, many] = kind === 'inner' || kind === 'left' ? [rows, right] : [left, right];
    sameRows(await runJoin(p, few, many, tiny), naive(p, few, many, true), kind);
  }
  const p = params({ add: [{ name: 'y', column: 'y' }] });
  const out = await runJoin(p, left, right.slice(0, 400), tiny);
  assert.is(out.length, 600 * 400);
  assert.equal(out[400 * 3 + 7], { ...left[3], y: 7 });
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
  const failing = async (p: JoinParams, left: Row[], right: Row[]): Promise<void> => {
    for (const run of [runJoin, runLookup]) {
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
  await failing(params({ matching: 'one', kind: 'left' }), left, [rightOf(6, 1)]);
  await failing(params({ matching: 'one' }), [leftOf(7, 1)], []);
  const p = params({ matching: 'at most one', residual: RESIDUAL, right: [{ name: 'right_y', column: 'y' }] });
  const right = [rightOf(7, 1), rightOf(7, 2)];
  for (const s of SETTINGS) sameRows(await runJoin(p, left, right, s), naive(p, left, right, true));
});

test.run();
