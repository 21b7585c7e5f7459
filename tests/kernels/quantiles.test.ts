// Lists and quantiles of the values of groups, by kernels and in plain JavaScript.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { resolveAggregate } from '../../engine/aggregates/registry.ts';
import type { Column } from '../../engine/batch/column.ts';
import { kernelsFor, useKernels } from '../../engine/kernels/load.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import { testStore } from '../../engine/store/store.ts';
import { T } from '../../engine/types.ts';

const store = testStore();
const scratch = arenaScratch(store);

const plain = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 1, 5e-324, -1.5),
  fc.nat(5),
);
const fraction = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.5, 1));

/** By sorting. */
function reference(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  const place = q * (sorted.length - 1);
  const below = Math.floor(place);
  const [a, b] = [sorted[below] as number, sorted[below + 1] as number];
  return (place === below ? a : a + (b - a) * (place - below)) + 0;
}

/** The quantiles of groups 0, 1, …, and the bitmap of those that have values. */
function selected(groups: readonly (readonly number[])[], qs: readonly number[], unit: number, distances: boolean) {
  const flat = groups.flat();
  const doubles = scratch.f64(flat.length);
  doubles.set(flat);
  const groupOf = scratch.u32(flat.length);
  groupOf.set(groups.flatMap((values, g) => values.map(() => g)));
  const n = groups.length;
  const [starts, entries, order] = [scratch.u32(n + 2), scratch.u32(flat.length), scratch.u32(n)];
  const [fractions, out, bits] = [scratch.f64(n), scratch.f64(n), scratch.bitmap(n, false)];
  const work = scratch.f64(Math.max(...groups.map((v) => v.length)));
  for (let i = 0; i < n; i++) order[i] = i;
  fractions.set(qs);
  const k = kernelsFor(doubles, groupOf, starts, entries, order, fractions, work, out, bits);
  assert.ok(k !== null);
  k.group_index(groupOf.byteOffset, 0xffffffff, flat.length, n, starts.byteOffset, entries.byteOffset);
  const places = [starts, entries, order].map((a) => a.byteOffset) as [number, number, number];
  const to = [work, out, bits].map((a) => a.byteOffset) as [number, number, number];
  const at = doubles.byteOffset;
  const none = k.group_quantiles(at, ...places, n, fractions.byteOffset, unit, distances ? 1 : 0, ...to);
  const found = groups.map((_, i) => (((bits[i >> 3] as number) >> (i & 7)) & 1 ? (out[i] as number) : null));
  scratch.reset();
  return { found, none };
}

test('quantiles and distances are those of sorted values', () => {
  const groups = fc.array(fc.tuple(fc.array(plain, { maxLength: 70 }), fraction), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(groups, fc.constantFrom(1, 100), fc.boolean(), (made, unit, distances) => {
      const all = made.map(([values]) => values);
      const qs = made.map(([, q]) => q);
      const { found, none } = selected(all, qs, unit, distances);
      const expected = made.map(([values, q]) => {
        if (values.length === 0) return null;
        const v = reference(values, q);
        return (
          (distances
            ? reference(
                values.map((x) => Math.abs(x - v)),
                q,
              )
            : v) / unit
        );
      });
      assert.equal(found, expected);
      assert.ok(found.every((v, i) => Object.is(v, expected[i])));
      assert.is(none, all.filter((v) => v.length === 0).length);
    }),
    { numRuns: 500 },
  );
});

test('many values of any shape: sorted, falling, alike, in steps, few different ones, and those that mislead a pivot of three', () => {
  const n = 5000;
  const shapes: ((i: number) => number)[] = [
    (i) => i,
    (i) => -i,
    () => 7,
    (i) => i % 3,
    (i) => (i % 2 === 0 ? i : n - i),
    (i) => Math.min(i, n - i),
    (i) => Math.sin(i * i) * 10 ** (i % 300),
    (i) => (i % 2 === 0 ? Number.MAX_VALUE : -Number.MAX_VALUE),
    (i) => (i % 5 === 0 ? Number.NaN : i),
    (i) => Number.NaN * i,
  ];
  const groups = shapes.map((f) => Array.from({ length: n }, (_, i) => f(i)));
  for (const q of [0, 0.001, 0.25, 0.5, 0.9, 1]) {
    const { found } = selected(
      groups,
      shapes.map(() => q),
      1,
      false,
    );
    groups.forEach((values, i) => {
      assert.is(Object.is(found[i], reference(values, q)), true, `shape ${i} at ${q}: ${found[i]}`);
    });
  }
});

test('aggregates over values, added and merged as lists, are those of the path without kernels', () => {
  const rows = fc.array(fc.tuple(fc.nat(6), plain), { minLength: 1, maxLength: 120 });
  fc.assert(
    fc.property(rows, fc.constantFrom('median', 'mad', 'list'), fc.boolean(), (made, name, sliced) => {
      const results = [true, false].map((on) => {
        useKernels(on);
        const arena = arenaScratch(store);
        const resolved = resolveAggregate(name, [T.float], false);
        assert.ok(resolved !== null);
        const [first, second] = [resolved.create(store), resolved.create(store)];
        const groups = arena.u32(made.length);
        const values = arena.f64(made.length);
        made.forEach(([g, v], i) => {
          groups[i] = g;
          values[i] = v;
        });
        const col = { type: T.float, phys: 'f64', length: made.length, nullCount: 0, validity: null, values } as const;
        const order = arena.u32(7);
        order.set([3, 1, 0, 2, 6, 5, 4]);
        first.grow(7);
        second.grow(7);
        first.add(groups, made.length, [col]);
        const state = first.states(order, 7, arena) as Column[];
        const [list] = state;
        assert.ok(list?.phys === 'list');
        // A slice of lists begins within its items.
        const from = sliced ? 2 : 0;
        const part = [{ ...list, length: 7 - from, offsets: list.offsets.subarray(from) }];
        second.merge(order.subarray(from), 7 - from, part);
        second.merge(order.subarray(from), 7 - from, part);
        const column = second.values(order, 7, arena);
        const shown = JSON.stringify(plainOf(column));
        first.free();
        second.free();
        arena.release();
        return shown;
      });
      useKernels(true);
      assert.is(results[0], results[1]);
    }),
  );
});

function plainOf(col: Column): unknown {
  const valid = (i: number): boolean =>
    col.validity === null || (((col.validity[i >> 3] as number) >> (i & 7)) & 1) === 1;
  if (col.phys === 'list') return [Array.from(col.offsets.subarray(0, col.length + 1)), plainOf(col.child)];
  assert.ok(col.phys === 'f64');
  return Array.from({ length: col.length }, (_, i) => (valid(i) ? String(col.values[i]) : null));
}

test.after(() => scratch.release());
test.run();
