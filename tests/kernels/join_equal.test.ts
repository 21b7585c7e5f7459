// Equality of keys alone, for pairs that a hash would hardly ever bring together: values that differ in one place only, in every place.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { batchFromRows } from '../../engine/batch/build.ts';
import type { Column } from '../../engine/batch/column.ts';
import type { LiteralValue } from '../../engine/expr.ts';
import { useKernels } from '../../engine/kernels/load.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import { keepEqual } from '../../engine/operators/join_keys.ts';
import { testStore } from '../../engine/store/store.ts';
import { type DataType, field, T } from '../../engine/types.ts';
import { toDict } from '../batch/arbitrary.ts';
import { columnInArena } from './arena.ts';

const scratch = arenaScratch(testStore());

/** The texts of `length` bytes that are all `a`, and those with one `b`. */
function nearTexts(length: number): string[] {
  return ['a'.repeat(length), ...Array.from({ length }, (_, i) => `${'a'.repeat(i)}b${'a'.repeat(length - i - 1)}`)];
}

/** Numbers with one bit set, and those around zero. */
const nearInts = [0, -1, ...Array.from({ length: 31 }, (_, i) => 2 ** i), ...[32, 40, 52].map((i) => 2 ** i)];

const CASES: readonly { readonly name: string; readonly type: DataType; readonly values: readonly LiteralValue[] }[] = [
  { name: 'texts', type: T.string, values: [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 33].flatMap(nearTexts) },
  { name: 'ints', type: T.int, values: nearInts },
  { name: 'floats', type: T.float, values: [0, 1, -1, Number.MIN_VALUE, Infinity, -Infinity, NaN] },
  { name: 'truth values', type: T.bool, values: [true, false] },
];

function columnOf(type: DataType, values: readonly LiteralValue[], coded: boolean): Column {
  const [column] = batchFromRows(
    [field('k', type)],
    values.map((k) => ({ k })),
  ).columns as [Column];
  return columnInArena(coded && column.phys === 'utf8' ? toDict(column) : column, scratch);
}

/** Pairs (i, j) of all values that are kept. */
function kept(a: Column, b: Column, n: number): string[] {
  const pairs = { positions: scratch.u32(n * n), rows: scratch.u32(n * n), rights: scratch.u32(n * n) };
  for (let i = 0; i < n * n; i++) {
    pairs.positions[i] = Math.floor(i / n);
    pairs.rows[i] = Math.floor(i / n);
    pairs.rights[i] = i % n;
  }
  const count = keepEqual([a], [b], pairs, n * n, scratch);
  return Array.from({ length: count }, (_, i) => `${pairs.rows[i]} ${pairs.rights[i]}`);
}

for (const { name, type, values } of CASES) {
  for (const coded of name === 'texts' ? [false, true] : [false]) {
    test(`${name}${coded ? ' with a dictionary on one side' : ''} are equal to themselves alone`, () => {
      const [a, b] = [columnOf(type, values, coded), columnOf(type, values, false)];
      const own = values.map((_, i) => `${i} ${i}`);
      for (const kernels of [true, false]) {
        useKernels(kernels);
        assert.equal(kept(a, b, values.length), own, kernels ? 'by kernels' : 'without');
        useKernels(true);
      }
    });
  }
}

test.run();
