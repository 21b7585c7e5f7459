// Kernels that narrow integers, against plain JavaScript.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Validity, validityOf } from '../../engine/batch/bitmap.ts';
import { narrowI64, narrowI128 } from '../../engine/batch/ints.ts';
import { type Kernels, kernelsFor, useKernels } from '../../engine/kernels/load.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import { testStore } from '../../engine/store/store.ts';
import { T } from '../../engine/types.ts';

const scratch = arenaScratch(testStore());
const kernels = kernelsFor(scratch.u8(1)) as Kernels;

const edges = [7, 31, 32, 52, 53, 62, 63, 64, 127].flatMap((bit) => {
  const v = 2n ** BigInt(bit);
  return [v - 1n, v, -v, -v - 1n, -v + 1n];
});
const integer = (bits: number): fc.Arbitrary<bigint> =>
  fc.oneof(
    fc.constantFrom(...edges.filter((v) => BigInt.asIntN(bits, v) === v)),
    fc.integer().map(BigInt),
    fc.bigInt({ min: -(2n ** BigInt(bits - 1)), max: 2n ** BigInt(bits - 1) - 1n }),
  );
/** Mostly of one width, so that every width is the widest of some. */
const integers = (bits: number): fc.Arbitrary<bigint[]> =>
  fc.oneof(
    fc.array(fc.integer().map(BigInt), { maxLength: 11 }),
    fc.array(integer(64), { maxLength: 11 }),
    fc.array(integer(bits), { maxLength: 11 }),
  );

test('the width that 64-bit integers need', () => {
  const value = fc.oneof(
    fc.constantFrom(0n, -1n, 2n ** 31n - 1n, 2n ** 31n, -(2n ** 31n), -(2n ** 31n) - 1n, 2n ** 53n - 1n, 2n ** 53n),
    fc.constantFrom(-(2n ** 53n) + 1n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)),
    fc.integer().map(BigInt),
  );
  fc.assert(
    fc.property(fc.array(value, { maxLength: 9 }), (some) => {
      scratch.reset();
      const values = scratch.i64(some.length);
      values.set(some);
      const least = (v: bigint): number => (BigInt.asIntN(32, v) === v ? 0 : v < 2n ** 53n && v > -(2n ** 53n) ? 1 : 2);
      const width = Math.max(0, ...some.map(least));
      assert.is(kernels.ints_width(values.byteOffset, some.length), width);
      const fits = scratch.i32(some.length);
      assert.is(kernels.ints_fit(values.byteOffset, some.length, fits.byteOffset), width === 0 ? 1 : 0);
      if (width === 0) assert.equal([...fits], some.map(Number));
      if (width > 0) return;
      const out = scratch.i32(some.length);
      kernels.ints_narrow(values.byteOffset, some.length, out.byteOffset);
      assert.equal([...out], some.map(Number));
      const back = scratch.i64(some.length);
      kernels.ints_widen(out.byteOffset, some.length, back.byteOffset);
      assert.equal([...back], some);
    }),
  );
});

test('whether 128-bit integers fit 32 bits', () => {
  const small = fc.oneof(fc.integer().map(BigInt), fc.constantFrom(0n, -1n, 2n ** 31n - 1n, -(2n ** 31n)));
  fc.assert(
    fc.property(fc.array(small, { maxLength: 11 }), fc.nat(10), integer(128), (all, at, other) => {
      for (const some of [all, all.map((v, i) => (i === at ? other : v))]) {
        scratch.reset();
        const values = scratch.i64(2 * some.length);
        some.forEach((v, i) => {
          values.set([BigInt.asIntN(64, v), v >> 64n], 2 * i);
        });
        const out = scratch.i32(some.length);
        const fits = some.every((v) => BigInt.asIntN(32, v) === v);
        assert.is(kernels.ints_32_of_128(values.byteOffset, some.length, out.byteOffset), fits ? 1 : 0);
        assert.equal(
          [...out],
          some.map((v) => Number(BigInt.asIntN(32, v))),
        );
      }
    }),
  );
});

/** The first 16 rows of a column of which some are null. */
function nulls(rows: number, bits: number): Validity {
  const bitmap = scratch.bitmap(rows, false);
  for (let i = 0; i < bitmap.length; i++) bitmap[i] = (bits >> (8 * i)) & 255;
  return validityOf(bitmap, rows);
}

function withAndWithout<R>(work: () => R): [R, R] {
  const fast = work();
  useKernels(false);
  try {
    return [fast, work()];
  } finally {
    useKernels(true);
  }
}

test('columns of 64 and 128 bits are narrowed as without kernels, whatever stands under a null', () => {
  fc.assert(
    fc.property(integers(128), fc.nat(0xffff), fc.boolean(), (some, bits, nullable) => {
      scratch.reset();
      const rows = some.length;
      const valid = nulls(rows, nullable ? bits : 0xffff);
      const words = scratch.i64(2 * rows);
      const low = scratch.i64(rows);
      some.forEach((v, i) => {
        words[2 * i] = BigInt.asIntN(64, v);
        words[2 * i + 1] = BigInt.asIntN(64, v >> 64n);
        low[i] = BigInt.asIntN(64, v);
      });
      const [fast, slow] = withAndWithout(() => narrowI128(T.decimal(38, 2), words, rows, valid, scratch));
      assert.equal(fast, slow);
      const [fast64, slow64] = withAndWithout(() => narrowI64(T.int, low, rows, valid, scratch));
      assert.equal(fast64, slow64);
    }),
    { numRuns: 500 },
  );
});

test.run();
