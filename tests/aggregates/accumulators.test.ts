import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Accumulator, ResolvedAggregate } from '../../engine/aggregates/def.ts';
import { AGGREGATE_LIST, resolveAggregate } from '../../engine/aggregates/registry.ts';
import { valuesOf as columnValues } from '../../engine/batch/access.ts';
import { columnFromValues } from '../../engine/batch/build.ts';
import type { Column } from '../../engine/batch/column.ts';
import { RunError } from '../../engine/errors.ts';
import type { LiteralValue } from '../../engine/expr.ts';
import { heapScratch } from '../../engine/memory/heap_scratch.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import { spillContext } from '../../engine/operators/aggregate.ts';
import { testStore } from '../../engine/store/store.ts';
import type { DataType } from '../../engine/types.ts';
import { field, T } from '../../engine/types.ts';
import { columnInArena } from '../kernels/arena.ts';
import { valuesOf } from '../operators/tables.ts';

const TYPES: readonly DataType[] = [
  T.null,
  T.bool,
  T.int,
  T.float,
  T.decimal(9, 2),
  T.decimal(38, 0),
  T.string,
  T.bytes,
  T.date,
  T.time,
  T.timestamp,
  T.interval,
  T.json,
  T.list(T.int),
  T.struct([field('a', T.string), field('b', T.list(T.float))]),
  { kind: 'map', key: T.string, value: { type: T.int, nullable: true } },
];

const GROUPS = 3;

function valueOf(type: DataType): fc.Arbitrary<LiteralValue> {
  if (type.kind === 'interval')
    return fc.record({ months: fc.integer({ min: -3, max: 3 }), days: fc.nat(2), micros: fc.nat(1000) });
  if (type.kind === 'json') return fc.constantFrom('1', '{"a":2}', '[]');
  if (type.kind === 'map')
    return fc.array(fc.record({ key: fc.constantFrom('a', 'b'), value: fc.option(fc.nat(3)) }), {
      maxLength: 2,
    }) as fc.Arbitrary<LiteralValue>;
  return valuesOf(type);
}

/** All signatures the registry offers over these types, with a few second arguments. */
function signatures(): { name: string; args: DataType[]; resolved: ResolvedAggregate }[] {
  const out = [];
  for (const def of AGGREGATE_LIST) {
    for (const args of [
      [],
      ...TYPES.map((t) => [t]),
      ...TYPES.flatMap((t) => [T.int, T.float, T.string].map((u) => [t, u])),
    ]) {
      const resolved = def.resolve(args);
      // A quantile's second argument is a fraction, tested with the operator.
      if (resolved !== null && !/quantile/.test(def.name)) out.push({ name: def.name, args, resolved });
    }
  }
  return out;
}

interface Piece {
  readonly groups: Uint32Array;
  readonly rows: number;
  readonly columns: readonly Column[];
}

/** The rows as columns, cut at `at`. */
function pieces(
  rows: readonly (readonly [number, ...LiteralValue[]])[],
  args: readonly DataType[],
  at: number,
): Piece[] {
  return [rows.slice(0, at), rows.slice(at)].map((part) => ({
    groups: Uint32Array.from(part, (r) => r[0]),
    rows: part.length,
    columns: args.map((t, k) =>
      columnFromValues(
        t,
        part.map((r) => r[k + 1] as LiteralValue),
      ),
    ),
  }));
}

const ORDER = Uint32Array.from({ length: GROUPS }, (_, g) => GROUPS - 1 - g);

test('adding all rows, and merging the states of two halves, give the same values for every aggregate over every type', () => {
  const store = testStore();
  for (const { name, args, resolved } of signatures()) {
    const row = fc.tuple(fc.nat(GROUPS - 1), ...args.map((t) => fc.option(valueOf(t), { freq: 5 })));
    fc.assert(
      fc.property(fc.array(row, { maxLength: 30 }), fc.nat(30), (rows, at) => {
        const halves = pieces(rows as [number, ...LiteralValue[]][], args, at);
        const made: Accumulator[] = [];
        const fresh = (): Accumulator => {
          const a = resolved.create(store);
          made.push(a);
          a.grow(GROUPS);
          return a;
        };
        try {
          const whole = fresh();
          const merged = fresh();
          for (const p of halves) {
            whole.add(p.groups, p.rows, p.columns);
            const half = fresh();
            half.add(p.groups, p.rows, p.columns);
            const states = half.states(ORDER, GROUPS, heapScratch());
            assert.is(states.length, resolved.state.length);
            states.forEach((s, k) => {
              assert.equal(s.type, resolved.state[k]?.type, `${name}: type of state ${k}`);
            });
            merged.merge(ORDER, GROUPS, states);
          }
          let expected: LiteralValue[] | Error;
          try {
            expected = columnValues(whole.values(ORDER, GROUPS, heapScratch()));
          } catch (e) {
            expected = e as Error;
          }
          if (expected instanceof Error)
            assert.throws(() => merged.values(ORDER, GROUPS, heapScratch()), expected.message);
          else {
            const column = merged.values(ORDER, GROUPS, heapScratch());
            assert.equal(column.type, resolved.type, `${name}: type`);
            assert.ok(resolved.nullable || column.nullCount === 0, `${name}: nullable`);
            assert.equal(columnValues(column), expected);
          }
          assert.ok(whole.bytes() >= 0);
        } finally {
          for (const a of made) a.free();
        }
      }),
      { numRuns: 12 },
    );
    assert.is(store.stats().workingBytes, 0, `${name} keeps memory`);
  }
  store.close();
});

test('sums of decimals by kernels are those of the columns in the heap, and exact', () => {
  const store = testStore();
  const scratch = arenaScratch(store);
  const type = T.decimal(38, 0);
  const resolved = resolveAggregate('sum', [type], false) as ResolvedAggregate;
  const bits = fc.constantFrom(20, 31, 33, 51, 52, 53, 54, 62, 63, 64, 80, 103, 104, 105, 115);
  const signed = (n: number): bigint[] => [1n, -1n].flatMap((s) => [0n, 1n, -1n].map((d) => s * (1n << BigInt(n)) + d));
  const value = fc.oneof(
    bits.chain((n) => fc.constantFrom(...signed(n))),
    bits.chain((n) => fc.bigInt({ min: -(1n << BigInt(n)), max: 1n << BigInt(n) })),
  );
  const rows = fc.array(fc.tuple(fc.nat(GROUPS - 1), fc.option(value, { freq: 6 })), { minLength: 1, maxLength: 40 });
  const batches = fc.tuple(bits, fc.array(rows, { minLength: 1, maxLength: 4 }));
  fc.assert(
    fc.property(batches, ([most, some]) => {
      scratch.reset();
      const [heap, arena] = [resolved.create(store), resolved.create(store)] as [Accumulator, Accumulator];
      const sums: (bigint | null)[] = new Array(GROUPS).fill(null);
      try {
        heap.grow(GROUPS);
        arena.grow(GROUPS);
        for (const batch of some) {
          // Batches of every width.
          const values = batch.map(([, v]) => (v === null ? null : BigInt.asIntN(most, v)));
          const groups = Uint32Array.from(batch, ([g]) => g);
          const column = columnFromValues(type, values);
          const placed = scratch.u32(groups.length);
          placed.set(groups);
          heap.add(groups, groups.length, [column]);
          arena.add(placed, groups.length, [columnInArena(column, scratch)]);
          values.forEach((v, i) => {
            const g = groups[i] as number;
            if (v !== null) sums[g] = (sums[g] ?? 0n) + v;
          });
        }
        const states = [heap, arena].map((a) => a.states(ORDER, GROUPS, heapScratch()).map(columnValues));
        assert.equal(states[1], states[0]);
        const expected = [...ORDER].map((g) => sums[g] ?? null);
        assert.equal(
          columnValues(arena.values(ORDER, GROUPS, heapScratch())).map((v) => (v === null ? v : BigInt(v as bigint))),
          expected,
        );
      } finally {
        heap.free();
        arena.free();
      }
    }),
  );
  scratch.release();
  store.close();
});

test('means of ints by kernels are those of the columns in the heap, to the last bit', () => {
  const store = testStore();
  const scratch = arenaScratch(store);
  const resolved = resolveAggregate('mean', [T.int], false) as ResolvedAggregate;
  const edge = fc.constantFrom(30, 31, 51, 52, 53, 62).chain((n) => {
    const v = 2n ** BigInt(n);
    return fc.constantFrom(v, v - 1n, v + 1n, -v, -v - 1n, -v + 1n);
  });
  const value = fc.oneof(fc.integer({ min: -9, max: 9 }).map(BigInt), edge);
  const row = fc.tuple(fc.nat(GROUPS - 1), fc.option(value, { freq: 8 }));
  fc.assert(
    fc.property(fc.array(fc.array(row, { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 4 }), (some) => {
      scratch.reset();
      const [heap, arena] = [resolved.create(store), resolved.create(store)] as [Accumulator, Accumulator];
      try {
        heap.grow(GROUPS);
        arena.grow(GROUPS);
        for (const batch of some) {
          const groups = Uint32Array.from(batch, ([g]) => g);
          const column = columnFromValues(
            T.int,
            batch.map(([, v]) => v),
          );
          const placed = scratch.u32(groups.length);
          placed.set(groups);
          heap.add(groups, groups.length, [column]);
          arena.add(placed, groups.length, [columnInArena(column, scratch)]);
        }
        const results = [heap, arena].map((a) => {
          const parts = [...a.states(ORDER, GROUPS, heapScratch()), a.values(ORDER, GROUPS, heapScratch())];
          return parts.map((c) => columnValues(c));
        });
        assert.equal(results[1], results[0]);
      } finally {
        heap.free();
        arena.free();
      }
    }),
    { numRuns: 300 },
  );
  scratch.release();
  store.close();
});

test('values that went to the store give the same results as those that stayed', () => {
  const store = testStore();
  const context = spillContext({ store, grant: 1, check: () => {}, scratch: heapScratch() });
  const distinct = signatures().flatMap((s) => {
    const resolved = s.args.length === 1 ? resolveAggregate(s.name, s.args, true) : null;
    return resolved === null ? [] : [{ ...s, name: `${s.name} distinct`, resolved }];
  });
  const spilling = [...signatures(), ...distinct].filter(({ resolved }) => {
    const a = resolved.create(store);
    a.free();
    return a.spill !== undefined;
  });
  assert.ok(spilling.length > 100);
  for (const { name, args, resolved } of spilling) {
    const row = fc.tuple(fc.nat(GROUPS - 1), ...args.map((t) => fc.option(valueOf(t), { freq: 5 })));
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), fc.nat(40), (rows, at) => {
        const parts = pieces(rows as [number, ...LiteralValue[]][], args, at);
        const results = [false, true].map((spills) => {
          const a = resolved.create(store);
          try {
            a.grow(GROUPS);
            for (const p of parts) {
              a.add(p.groups, p.rows, p.columns);
              if (spills) a.spill?.(context);
            }
            const values = columnValues(a.values(ORDER, GROUPS, heapScratch()));
            assert.equal(columnValues(a.values(ORDER, GROUPS, heapScratch())), values, 'asked twice');
            return values;
          } catch (e) {
            if (e instanceof RunError) return e.message;
            throw e;
          } finally {
            a.free();
          }
        });
        assert.equal(results[1], results[0]);
      }),
      { numRuns: 6 },
    );
    const { workingBytes, objects } = store.stats();
    assert.is(workingBytes, 0, `${name} keeps memory`);
    assert.is(objects, 0, `${name} keeps objects`);
  }
  store.close();
});

test('a cleared accumulator starts anew', () => {
  const store = testStore();
  const row = fc.tuple(fc.nat(GROUPS - 1), fc.option(valueOf(T.int)));
  const [rows] = fc.sample(fc.array(row, { minLength: 20, maxLength: 20 }), { numRuns: 1, seed: 1 }) as [
    [number, LiteralValue][],
  ];
  const [piece] = pieces(rows, [T.int], rows.length) as [Piece];
  for (const { name, args, resolved } of signatures()) {
    if (args.length !== 1 || args[0]?.kind !== 'int') continue;
    const a = resolved.create(store);
    const once = (): string => {
      a.grow(GROUPS);
      a.add(piece.groups, piece.rows, piece.columns);
      try {
        return String(columnValues(a.values(ORDER, GROUPS, heapScratch())));
      } catch (e) {
        return (e as Error).message;
      }
    };
    const first = once();
    a.clear();
    assert.is(once(), first, name);
    a.free();
  }
  assert.is(store.stats().workingBytes, 0);
  store.close();
});

test.run();
