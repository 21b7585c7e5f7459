// Ints of 64 bits and decimals of 38 digits are exact, or an error: every operator and aggregate against big integers.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { resolveAggregate } from '../../engine/aggregates/registry.ts';
import { valuesOf } from '../../engine/batch/access.ts';
import { columnFromValues } from '../../engine/batch/build.ts';
import type { Column } from '../../engine/batch/column.ts';
import { RunError } from '../../engine/errors.ts';
import { compileProjection } from '../../engine/expr/compile.ts';
import type { Expr, LiteralValue } from '../../engine/expr.ts';
import { heapScratch } from '../../engine/memory/heap_scratch.ts';
import { testStore } from '../../engine/store/store.ts';
import { type DataType, type Schema, T } from '../../engine/types.ts';
import { call, lit } from '../functions/mini.ts';

const SAFE = 9007199254740991n;
const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;

/** As values travel: a number while it is exact. */
const value = (v: bigint): LiteralValue => (v >= -SAFE && v <= SAFE ? Number(v) : v);
const big = (v: LiteralValue): bigint => BigInt(v as number | bigint);
const lesser = (a: bigint, b: bigint): bigint => {
  if (a < b) return a;
  return b;
};
const magnitude = (v: bigint): bigint => (v < 0n ? -v : v);

/** Integers of all widths, many of them next to a power of two or ten. */
function integers(min: bigint, max: bigint): fc.Arbitrary<bigint> {
  const edges = [0n, 1n, -1n, min, max, min + 1n, max - 1n];
  for (let k = 1n; 2n ** k <= max; k++) edges.push(2n ** k, -(2n ** k), 2n ** k - 1n, 1n - 2n ** k);
  for (let k = 1n; 10n ** k <= max; k++) edges.push(10n ** k, 5n * 10n ** (k - 1n), -(5n * 10n ** (k - 1n)));
  return fc.oneof(
    fc.constantFrom(...edges.filter((e) => e >= min && e <= max)),
    fc.bigInt({ min, max }),
    fc.bigInt({ min: -50n, max: 50n }),
  );
}

const INTS = integers(INT_MIN, INT_MAX);
type Sum = (a: bigint, b: bigint) => bigint | null;

const fits = (t: DataType, v: bigint): boolean =>
  t.kind === 'decimal' ? magnitude(v) < 10n ** BigInt(t.precision) : v >= INT_MIN && v <= INT_MAX;

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? magnitude(a) : gcd(b, a % b));

/** Null: an error. */
const INT_OPERATORS: Readonly<Record<string, Sum>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  intdiv: (a, b) => (b === 0n ? null : a / b),
  mod: (a, b) => (b === 0n ? null : a % b),
  floor_mod: (a, b) => (b === 0n ? null : ((a % b) + b) % b),
  gcd,
  lcm: (a, b) => (a === 0n || b === 0n ? 0n : magnitude((a / gcd(a, b)) * b)),
  bitand: (a, b) => a & b,
  bitor: (a, b) => a | b,
  bitxor: (a, b) => a ^ b,
  greatest: (a, b) => a + b - lesser(a, b),
  least: lesser,
};

/** The results of rows, or that one fails. */
function computed(e: Expr, schema: Schema, columns: readonly Column[]): LiteralValue[] | 'fails' {
  try {
    const rows = columns[0]?.length ?? 0;
    const [out] = compileProjection(
      null,
      [{ name: 'r', expr: e }],
      schema,
    )({ schema, rows, columns }, heapScratch()).columns;
    return valuesOf(out as Column);
  } catch (error) {
    if (error instanceof RunError && /^FLOW700[45]$/.test(error.code)) return 'fails';
    throw error;
  }
}

function agrees(
  name: string,
  types: readonly [DataType, DataType],
  pairs: readonly (readonly [bigint, bigint])[],
  of: Sum,
): void {
  const schema: Schema = types.map((type, k) => ({ name: k === 0 ? 'a' : 'b', type, nullable: false }));
  const e = call(
    name,
    schema.map((f): Expr => ({ kind: 'column', name: f.name, type: f.type, nullable: false })),
  );
  const columnsOf = (some: readonly (readonly [bigint, bigint])[]): Column[] =>
    types.map((t, k) =>
      columnFromValues(
        t,
        some.map((p) => value(p[k] as bigint)),
      ),
    );
  const wanted = pairs.map(([a, b]) => {
    const v = of(a, b);
    return v === null || !fits(e.type, v) ? 'fails' : value(v);
  });
  // All at once (the width of a column is that of its widest value), and each by itself.
  assert.equal(computed(e, schema, columnsOf(pairs)), wanted.includes('fails') ? 'fails' : wanted, name);
  pairs.forEach((p, i) => {
    const alone = computed(e, schema, columnsOf([p]));
    assert.equal(alone, wanted[i] === 'fails' ? 'fails' : [wanted[i]], `${name}(${p[0]}, ${p[1]})`);
  });
}

test('ints', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(INTS, INTS), { minLength: 1, maxLength: 6 }), (pairs) => {
      for (const [name, of] of Object.entries(INT_OPERATORS)) agrees(name, [T.int, T.int], pairs, of);
    }),
    { numRuns: 120 },
  );
});

const DECIMALS: readonly (readonly [number, number])[] = [
  [4, 2],
  [9, 0],
  [18, 4],
  [19, 6],
  [38, 10],
  [38, 0],
];

const decimalOf = fc.constantFrom(...DECIMALS).chain(([p, s]) => {
  const most = 10n ** BigInt(p) - 1n;
  return fc.record({ type: fc.constant(T.decimal(p, s)), value: integers(-most, most) });
});

test('decimals', () => {
  fc.assert(
    fc.property(decimalOf, decimalOf, (x, y) => {
      const scaleOf = (t: DataType): number => (t.kind === 'decimal' ? t.scale : 0);
      const [p, q] = [scaleOf(x.type), scaleOf(y.type)];
      const common = Math.max(p, q);
      const at = (v: bigint, s: number): bigint => v * 10n ** BigInt(common - s);
      // A side that has no room for the common scale fails by itself.
      const room = (v: bigint): boolean => magnitude(v) < 10n ** 38n;
      const aligned =
        (f: Sum): Sum =>
        (a, b) =>
          room(at(a, p)) && room(at(b, q)) ? f(at(a, p), at(b, q)) : null;
      const pair = [[x.value, y.value]] as const;
      const types = [x.type, y.type] as const;
      agrees(
        'add',
        types,
        pair,
        aligned((a, b) => a + b),
      );
      agrees(
        'sub',
        types,
        pair,
        aligned((a, b) => a - b),
      );
      agrees(
        'intdiv',
        types,
        pair,
        aligned((a, b) => (b === 0n ? null : a / b)),
      );
      agrees(
        'mod',
        types,
        pair,
        aligned((a, b) => (b === 0n ? null : a % b)),
      );
      if (p + q <= 38) agrees('mul', types, pair, (a, b) => a * b);
    }),
    { numRuns: 1500 },
  );
});

type Rounding = (v: bigint, by: bigint) => bigint;
const down: Rounding = (v, by) => v / by - (v < 0n && v % by !== 0n ? 1n : 0n);
const ROUNDINGS: Readonly<Record<string, Rounding>> = {
  trunc: (v, by) => v / by,
  floor: down,
  ceil: (v, by) => -down(-v, by),
  round: (v, by) => (v < 0n ? -((-v * 2n + by) / (2n * by)) : (v * 2n + by) / (2n * by)),
  round_even: (v, by) => {
    const below = down(v, by);
    const twice = 2n * (v - below * by);
    return twice > by || (twice === by && below % 2n !== 0n) ? below + 1n : below;
  },
};

test('roundings of decimals and ints', () => {
  fc.assert(
    fc.property(decimalOf, fc.integer({ min: -3, max: 12 }), INTS, (d, places, i) => {
      for (const [name, of] of Object.entries(ROUNDINGS)) {
        for (const [type, v] of [
          [d.type, d.value],
          [T.int, i],
        ] as const) {
          const scale = type.kind === 'decimal' ? type.scale : 0;
          const column: Expr = { kind: 'column', name: 'a', type, nullable: false };
          const e = call(name, [column, lit(T.int, places)]);
          const cut = 10n ** BigInt(Math.max(0, scale - places));
          const kept = e.type.kind === 'decimal' ? e.type.scale : 0;
          const rounded = places >= scale ? v : of(v, cut) * 10n ** BigInt(kept - places);
          const wanted = fits(e.type, rounded) ? [value(rounded)] : 'fails';
          const schema: Schema = [{ name: 'a', type, nullable: false }];
          assert.equal(computed(e, schema, [columnFromValues(type, [value(v)])]), wanted, `${name}(${v}, ${places})`);
        }
      }
    }),
    { numRuns: 400 },
  );
});

test('sums, extremes and bits of groups', () => {
  const store = testStore();
  const typed = fc.oneof(
    fc.array(INTS, { maxLength: 40 }).map((values) => ({ type: T.int as DataType, values })),
    fc.constantFrom(...DECIMALS).chain(([p, s]) => {
      const most = 10n ** BigInt(p) - 1n;
      return fc
        .array(integers(-most, most), { maxLength: 40 })
        .map((values) => ({ type: T.decimal(p, s) as DataType, values }));
    }),
  );
  const reduce = (f: (a: bigint, b: bigint) => bigint) => (v: readonly bigint[]) =>
    v.length === 0 ? null : v.reduce(f);
  const folds: Readonly<Record<string, (v: readonly bigint[]) => bigint | null>> = {
    sum: reduce((a, b) => a + b),
    'sum distinct': (v) => reduce((a, b) => a + b)([...new Set(v)]),
    min: reduce(lesser),
    max: reduce((a, b) => a + b - lesser(a, b)),
    bit_and: reduce((a, b) => a & b),
    bit_or: reduce((a, b) => a | b),
    bit_xor: reduce((a, b) => a ^ b),
  };
  fc.assert(
    fc.property(typed, fc.nat(40), ({ type, values }, at) => {
      for (const [name, fold] of Object.entries(folds)) {
        const [fn = '', distinct] = name.split(' ');
        const resolved = resolveAggregate(fn, [type], distinct !== undefined);
        if (resolved === null) {
          assert.ok(fn.startsWith('bit'));
          continue;
        }
        const exact = fold(values);
        const wanted = exact === null ? null : fits(resolved.type, exact) ? value(exact) : 'fails';
        const a = resolved.create(store);
        const half = resolved.create(store);
        try {
          const only = Uint32Array.of(0);
          for (const acc of [a, half]) acc.grow(1);
          // One half is added, the other one comes as a state.
          const add = (acc: typeof a, some: readonly bigint[]): void =>
            acc.add(new Uint32Array(some.length), some.length, [columnFromValues(type, some.map(value))]);
          add(a, values.slice(0, at));
          add(half, values.slice(at));
          a.merge(only, 1, half.states(only, 1, heapScratch()));
          let got: LiteralValue;
          try {
            got = valuesOf(a.values(only, 1, heapScratch()))[0] as LiteralValue;
          } catch (e) {
            if (!(e instanceof RunError) || e.code !== 'FLOW7005') throw e;
            got = 'fails';
          }
          assert.is(got === null || got === 'fails' ? got : value(big(got)), wanted, `${name} of ${values}`);
        } finally {
          a.free();
          half.free();
        }
      }
    }),
    { numRuns: 400 },
  );
  store.close();
});

test.run();
