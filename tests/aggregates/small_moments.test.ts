// Sums of moments of small ints, kept as plain doubles first: the same states and values as adding row by row, to the last bit, wherever the records are left for double-doubles.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Accumulator } from '../../engine/aggregates/def.ts';
import { AGGREGATE_LIST } from '../../engine/aggregates/registry.ts';
import { columnFromValues } from '../../engine/batch/build.ts';
import type { Column } from '../../engine/batch/column.ts';
import { useKernels } from '../../engine/kernels/load.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import { testStore } from '../../engine/store/store.ts';
import type { DataType } from '../../engine/types.ts';
import { T } from '../../engine/types.ts';
import { columnInArena } from '../kernels/arena.ts';

const store = testStore();
const scratch = arenaScratch(store);

interface Step {
  readonly what: 'add' | 'look' | 'merge' | 'clear';
  readonly rows: number;
  readonly most: number;
  readonly seed: number;
  readonly nulls: boolean;
  readonly kernels: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom('add', 'add', 'add', 'add', 'look', 'merge', 'clear'),
  rows: fc.constantFrom(0, 1, 63, 64, 65, 1000, 5000),
  // 5000 rows of 2^20 fill the records at once, of 2^19 after four batches; products of 2^26 and more are not exact sums any more.
  most: fc.constantFrom(0, 1, 5, 1000, 2 ** 19, 2 ** 20, 2 ** 26, 2 ** 31),
  seed: fc.nat(1e6),
  nulls: fc.boolean(),
  kernels: fc.boolean(),
});

/** Values from -most to most, the ends among them. */
function column({ rows, most, seed, nulls }: Step, type: DataType, k: number): Column {
  const list = Array.from({ length: rows }, (_, i) => {
    const r = Math.imul(seed + i * 7 + k * 13, 0x9e3779b1) >>> 0;
    if (nulls && r % 5 === k) return null;
    if (r % 3 === 0) return most === 2 ** 31 ? -most : r % 2 === 0 ? most : -most;
    return Math.round((r / 2 ** 31 - 1) * most) || 0;
  }).map((v) => (v !== null && v >= 2 ** 31 ? 2 ** 31 - 1 : v));
  return columnInArena(columnFromValues(type, list), scratch);
}

/** The bits of what an accumulator gives out. */
function told(cols: readonly Column[]): string {
  return cols
    .map((c) =>
      c.phys === 'f64' ? `${c.validity} ${Buffer.from(c.values.slice().buffer).toString('hex')}` : JSON.stringify(c),
    )
    .join();
}

function run(
  steps: readonly Step[],
  acc: Accumulator,
  types: readonly DataType[],
  groups: number,
  on: boolean,
): string[] {
  const all: string[] = [];
  const order = scratch.u32(groups).map((_, i) => i);
  const picked = scratch.u32(groups);
  picked.set(order);
  acc.grow(groups);
  const look = (): readonly Column[] => acc.states(picked, groups, scratch);
  for (const s of steps) {
    useKernels(on && s.kernels);
    if (s.what === 'clear') {
      acc.clear();
      acc.grow(groups);
    } else if (s.what === 'merge') acc.merge(picked, groups, look());
    else if (s.what === 'look') all.push(told(look()), told([acc.values(picked, groups, scratch)]));
    else {
      const ids = scratch.u32(s.rows);
      for (let i = 0; i < s.rows; i++) ids[i] = ((Math.imul(s.seed + i, 0x85ebca6b) >>> 0) % (groups + 1)) % groups;
      acc.add(
        ids,
        s.rows,
        types.map((t, k) => column(s, t, k)),
      );
    }
  }
  useKernels(on);
  all.push(told(look()), told([acc.values(picked, groups, scratch)]));
  acc.free();
  useKernels(true);
  return all;
}

for (const [name, types] of [
  ['var_samp', [T.int]],
  ['corr', [T.int, T.int]],
  ['covar_pop', [T.decimal(9, 2), T.int]],
] as const) {
  test(`${name} of ints of any size, in any order of adding, merging and looking`, () => {
    const resolved = AGGREGATE_LIST.find((d) => d.name === name)?.resolve(types);
    assert.ok(resolved);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 9 }), fc.integer({ min: 1, max: 70 }), (steps, groups) => {
        const plain = run(steps, resolved.create(store), types, groups, false);
        assert.equal(run(steps, resolved.create(store), types, groups, true), plain);
        scratch.reset();
      }),
      { numRuns: 150 },
    );
  });
}

test.run();
