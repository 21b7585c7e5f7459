// Sets of join keys: what `keep` leaves out matches nothing, with and without kernels, for every type of key; and what the step leaves out.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rowsOf } from '../../engine/batch/access.ts';
import { batchFromRows } from '../../engine/batch/build.ts';
import type { Batch } from '../../engine/batch/column.ts';
import type { LiteralValue } from '../../engine/expr.ts';
import { useKernels } from '../../engine/kernels/load.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import { keyFilter } from '../../engine/operators/key_filter.ts';
import { KeySet } from '../../engine/operators/key_set.ts';
import { relationReader } from '../../engine/shuffle/reader.ts';
import { field, T } from '../../engine/types.ts';
import { toDict } from '../batch/arbitrary.ts';
import { inArena } from '../kernels/arena.ts';
import { context, type Row, release, step, textOf, withStore } from './harness.ts';

const KEYS = {
  narrow: { type: T.int, value: fc.integer({ min: -300, max: 300 }) },
  wide: { type: T.int, value: fc.oneof(fc.integer(), fc.integer({ min: -(2 ** 50), max: 2 ** 50 }), fc.constant(7)) },
  ends: { type: T.int, value: fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, 0, 1, -1) },
  float: { type: T.float, value: fc.oneof(fc.constantFrom(0, -0, NaN, 1.5, Infinity), fc.double()) },
  string: { type: T.string, value: fc.oneof(fc.constantFrom('', 'a', 'é'), fc.string({ maxLength: 9 })) },
  date: { type: T.date, value: fc.integer({ min: -9, max: 9 }) },
};

const caseArb = fc.constantFrom(...Object.values(KEYS)).chain(({ type, value }) => {
  const key: fc.Arbitrary<LiteralValue> = fc.oneof(
    { weight: 6, arbitrary: value },
    { weight: 1, arbitrary: fc.constant(null) },
  );
  const row = fc.record({ k: key, also: fc.integer({ min: 0, max: 2 }) });
  return fc.record({
    schema: fc.constant([field('k', type), field('also', T.int)]),
    side: fc.array(row, { maxLength: 90 }),
    rows: fc.array(row, { maxLength: 90 }),
    two: fc.boolean(),
    dictionaries: fc.boolean(),
  });
});

function joinKey(r: Row, names: readonly string[]): string | null {
  if (names.some((n) => r[n] === null)) return null;
  return names.map((n) => (r[n] === 0 ? '0' : String(r[n]))).join('|');
}

test('a set keeps every row whose key is there, the same with and without kernels, and few others', async () => {
  let foreign = 0;
  let passed = 0;
  await fc.assert(
    fc.asyncProperty(caseArb, async ({ schema, side, rows, two, dictionaries }) => {
      await withStore(async (store) => {
        const scratch = arenaScratch(store);
        const batchOf = (list: readonly Row[], first: boolean): Batch => {
          const b = batchFromRows(schema, list);
          const columns = b.columns.map((c) => (dictionaries && first && c.phys === 'utf8' ? toDict(c) : c));
          return inArena({ ...b, columns }, scratch);
        };
        const half = side.length >> 1;
        const source = [batchOf(side.slice(0, half), true), batchOf(side.slice(half), false)];
        const tested = batchOf(rows, true);
        const names = two ? ['k', 'also'] : ['k'];
        const at = names.map((_, i) => i);
        const results = [true, false].map((kernels) => {
          useKernels(kernels);
          try {
            const set = KeySet.of(() => source, at, side.length, store);
            if (set === null) throw new Error('no set of a few keys');
            const out = scratch.u32(rows.length);
            const kept = set.keep(
              at.map((c) => tested.columns[c] as Batch['columns'][number]),
              rows.length,
              out,
              scratch,
            );
            set.free();
            return kept === null ? null : [...out.subarray(0, kept)];
          } finally {
            useKernels(true);
          }
        });
        assert.equal(results[0], results[1]);
        const there = new Set(side.map((r) => joinKey(r, names)).filter((k) => k !== null));
        const kept = new Set(results[0] ?? rows.keys());
        rows.forEach((r, i) => {
          const key = joinKey(r, names);
          if (key !== null && there.has(key)) assert.ok(kept.has(i), `row ${i} has the key ${key}`);
          else if (results[0] !== null) {
            if (key === null) assert.not.ok(kept.has(i), `row ${i} has no key`);
            foreign++;
            if (kept.has(i)) passed++;
          }
        });
        scratch.release();
      });
    }),
    { numRuns: 300 },
  );
  assert.ok(foreign > 1000 && passed < foreign / 10, `${passed} of ${foreign} foreign rows passed`);
});

const schema = [field('k', T.int), field('row', T.int)];

/** Rows that the step lets through, of `rows` with keys from 0 on, against a side of `keys`; null: in the last batch, a wide key. */
async function filtered(keys: readonly (number | null)[], rows: number, grant: number): Promise<Row[]> {
  return withStore(async (store) => {
    const scratch = arenaScratch(store);
    const sideSchema = [field('s', T.int)];
    const refs = [
      store.putBatch(
        batchFromRows(
          sideSchema,
          keys.map((s) => ({ s })),
        ),
      ),
    ];
    const ctx = context(store, grant, [relationReader(store, refs, sideSchema)]);
    const params = { keys: ['k'], sideKeys: ['s'] };
    const ref = step('key_filter', 'map', params, schema, schema, [{ relation: 0, schema: sideSchema }]);
    async function* source(): AsyncIterable<Batch> {
      for (let at = 0; at < rows; at += 1000) {
        const batch = batchFromRows(
          schema,
          Array.from({ length: 1000 }, (_, i) => ({ k: at + i, row: at + i })),
        );
        yield inArena(batch, scratch);
      }
    }
    const out: Row[] = [];
    for await (const b of keyFilter.map?.(params, ref, ctx)(source()) ?? []) out.push(...(rowsOf(b) as Row[]));
    ctx.end();
    scratch.release();
    release(store, [refs]);
    return out;
  });
}

test('the step drops rows without a match, in order, as long as that pays', async () => {
  const few = await filtered([5, null, 1999, 1_000_000], 3000, 32 << 20);
  assert.equal(
    few.map(textOf),
    [
      { k: 5, row: 5 },
      { k: 1999, row: 1999 },
    ].map(textOf),
  );
  const most = Array.from({ length: 400_000 }, (_, i) => i).filter((i) => i % 10 > 0);
  const trusted = await filtered(most, 400_000, 64 << 20);
  const first = trusted.filter((r) => (r.row as number) < 100_000).length;
  assert.is(first, 90_000);
  assert.ok(trusted.length > 360_000 && trusted.length < 400_000, 'a set that keeps nearly all is not asked for long');
});

test('a side that is large for the memory of a task is not read for a set', async () => {
  assert.is((await filtered([1, 2, 3], 2000, 32 << 20)).length, 3);
  const side = Array.from({ length: 50_000 }, (_, i) => i * 3);
  assert.is((await filtered(side, 2000, 1 << 20)).length, 2000);
});

test.run();
