// The first rows of each group as kernels find them, against sorting in plain JavaScript.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { columnFromValues } from '../../engine/batch/build.ts';
import type { Batch } from '../../engine/batch/column.ts';
import type { LiteralValue, SortKey } from '../../engine/expr.ts';
import { heapScratch } from '../../engine/memory/heap_scratch.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import type { WindowParams } from '../../engine/operators/params.ts';
import { TopOfEach } from '../../engine/operators/window_tops.ts';
import { testStore } from '../../engine/store/store.ts';
import { type DataType, field, type Schema, T } from '../../engine/types.ts';
import { toDict } from '../batch/arbitrary.ts';
import { inArena } from '../kernels/arena.ts';

interface Row {
  readonly k: string | null;
  readonly x: LiteralValue;
}

const schemaOf = (type: DataType): Schema => [field('k', T.string), field('x', type), field('row', T.int, false)];

const POOLS: readonly (readonly [DataType, readonly LiteralValue[]])[] = [
  [T.int, [null, 0n, 1n, -1n, 2147483647n, -2147483648n]],
  [T.int, [null, 0n, 3n, 9007199254740991n, -9007199254740991n]],
  [T.float, [null, 0, -0, 1.5, -1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324]],
];

function batchOf(rows: readonly Row[], first: number, type: DataType, dict: boolean): Batch {
  const arena = heapScratch();
  const k = columnFromValues(
    T.string,
    rows.map((r) => r.k),
    arena,
  );
  const x = columnFromValues(
    type,
    rows.map((r) => r.x),
    arena,
  );
  const row = columnFromValues(
    T.int,
    rows.map((_, i) => BigInt(first + i)),
    arena,
  );
  return { schema: schemaOf(type), rows: rows.length, columns: [dict ? toDict(k) : k, x, row] };
}

/** Order of two values: nulls at their end, NaN the greatest, -0 as 0. */
function compare(a: LiteralValue, b: LiteralValue, desc: boolean, nullsFirst: boolean): number {
  if (a === null || b === null) return a === b ? 0 : (a === null) === nullsFirst ? -1 : 1;
  const [x, y] = [Number(a), Number(b)];
  const order =
    Number.isNaN(x) || Number.isNaN(y) ? Number(Number.isNaN(x)) - Number(Number.isNaN(y)) : Math.sign(x - y);
  return desc ? -order || 0 : order || 0;
}

/** Numbers of the rows that are among the first `take` of their group, ascending. */
function reference(rows: readonly Row[], take: number, desc: boolean, nullsFirst: boolean, sorted: boolean): number[] {
  const groups = new Map<string | null, number[]>();
  for (const [i, { k }] of rows.entries()) groups.set(k, [...(groups.get(k) ?? []), i]);
  return [...groups.values()]
    .flatMap((list) => {
      const at = (i: number): LiteralValue => (rows[i] as Row).x;
      const ordered = sorted ? list : [...list].sort((i, j) => compare(at(i), at(j), desc, nullsFirst) || i - j);
      return ordered.slice(0, take);
    })
    .sort((a, b) => a - b);
}

function paramsOf(type: DataType, skip: number, take: number, desc: boolean, nullsFirst: boolean): WindowParams {
  const sort: SortKey = { expr: { kind: 'column', name: 'x', type, nullable: true }, desc, nullsFirst };
  return { keys: ['k'], sort: [sort], ties: null, calls: [], skip, take, sorted: false };
}

function numbersOf(batches: Iterable<Batch>): number[] {
  const out: number[] = [];
  for (const b of batches) {
    const col = b.columns[2];
    assert.ok(col?.phys === 'i32');
    out.push(...col.values.subarray(0, b.rows));
  }
  return out;
}

const store = testStore();

test('kept are the first rows of each group, in the order in which they came', () => {
  const made = fc.constantFrom(...POOLS).chain(([type, pool]) => {
    const k = fc.constantFrom<string | null>('a', 'b', 'a long key of a group', '', null);
    const rows = fc.array(fc.record({ k, x: fc.constantFrom(...pool) }), { minLength: 1, maxLength: 120 });
    return fc.record({ type: fc.constant(type), rows });
  });
  const flags = fc.tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean());
  fc.assert(
    fc.property(
      made,
      fc.nat(2),
      fc.integer({ min: 1, max: 4 }),
      flags,
      fc.integer({ min: 1, max: 50 }),
      (data, skip, take, how, size) => {
        const { type, rows } = data;
        const [desc, nullsFirst, sorted, dict] = how;
        const arena = arenaScratch(store);
        const params = { ...paramsOf(type, skip, take, desc, nullsFirst), sorted };
        const tops = TopOfEach.of(params, schemaOf(type), store, 32 << 20);
        assert.ok(tops !== null);
        for (let at = 0; at < rows.length; at += size) {
          assert.ok(tops.add(inArena(batchOf(rows.slice(at, at + size), at, type, dict), arena)));
          if (at % 3 === 0) tops.compact();
        }
        assert.equal(numbersOf(tops.take()), reference(rows, skip + take, desc, nullsFirst, sorted));
        // What was given out is forgotten.
        assert.is(tops.rows, 0);
        assert.ok(tops.add(inArena(batchOf(rows, 0, type, dict), arena)));
        assert.equal(numbersOf(tops.take()), reference(rows, skip + take, desc, nullsFirst, sorted));
        tops.free();
        arena.release();
      },
    ),
    { numRuns: 300 },
  );
});

test('what is not one number to sort by is left to others; a batch of another form is refused and changes nothing', () => {
  const params = paramsOf(T.int, 0, 2, false, false);
  const [sort] = params.sort as [SortKey];
  const of = (p: Partial<WindowParams>): TopOfEach | null =>
    TopOfEach.of({ ...params, ...p }, schemaOf(T.int), store, 32 << 20);
  assert.is(of({ keys: [] }), null);
  assert.is(of({ sort: [sort, sort] }), null);
  assert.is(of({ ties: sort }), null);
  assert.is(of({ take: null }), null);
  assert.is(of({ take: 100 }), null);
  const tops = of({});
  assert.ok(tops !== null);
  const arena = arenaScratch(store);
  const rows = [3n, 1n, 2n].map((x): Row => ({ k: 'a', x }));
  const huge = [1n << 62n, 0n].map((x): Row => ({ k: 'a', x }));
  assert.ok(tops.add(inArena(batchOf(rows, 0, T.int, false), arena)));
  assert.not(tops.add(inArena(batchOf(huge, 3, T.int, false), arena)));
  assert.not(tops.add(batchOf(rows, 3, T.int, false)));
  assert.equal(numbersOf(tops.take()), [1, 2]);
  tops.free();
  arena.release();
});

test.run();
