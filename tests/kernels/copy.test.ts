// Copies between parts of the arena against `set` and `fill` on memory of our own.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { copyInto, fillBytes } from '../../engine/kernels/copy.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import { testStore } from '../../engine/store/store.ts';

const store = testStore();
const ROOM = 600;
const place = fc.record({
  from: fc.nat(150),
  to: fc.nat(150),
  length: fc.oneof(fc.nat(300), fc.constantFrom(0, 63, 64, 65)),
});
/** One span is a copy of the other, so that both copies may overlap in the same way. */
const spans = (): [Uint8Array, Uint8Array] => {
  const scratch = arenaScratch(store);
  const [a, b] = [scratch.u8(ROOM), new Uint8Array(ROOM)];
  for (let i = 0; i < ROOM; i++) a[i] = b[i] = (i * 131) & 0xff;
  return [a, b];
};

test('a copy is what `set` makes of it, wherever both sides lie, overlapping or not', () => {
  const [shared, own] = spans();
  fc.assert(
    fc.property(place, ({ from, to, length }) => {
      for (const bytes of [shared, own]) copyInto(bytes, bytes.subarray(from, from + length), to);
      assert.equal(Buffer.compare(shared, own), 0);
    }),
  );
});

test('values of four and eight bytes keep their places', () => {
  const scratch = arenaScratch(store);
  for (const make of [(n: number) => scratch.i32(n), (n: number) => scratch.f64(n)]) {
    const from = make(200);
    const to = make(300).fill(-1);
    for (let i = 0; i < from.length; i++) from[i] = i;
    copyInto(to as Float64Array, from.subarray(3, 103) as Float64Array, 7);
    assert.equal(
      Array.from(to.subarray(0, 110)),
      Array.from({ length: 110 }, (_, i) => (i >= 7 && i < 107 ? i - 4 : -1)),
    );
  }
});

test('filled is what lies between, and nothing else', () => {
  const [shared, own] = spans();
  fc.assert(
    fc.property(place, fc.nat(255), ({ from, length }, value) => {
      fillBytes(shared, value, from, from + length);
      own.fill(value, from, from + length);
      assert.equal(Buffer.compare(shared, own), 0);
    }),
  );
});

test('what does not fit is refused before anything is written', () => {
  const [shared, own] = spans();
  assert.throws(() => copyInto(shared.subarray(0, 100), own.subarray(0, 100), 1), RangeError);
  assert.throws(() => copyInto(shared.subarray(0, 100), shared.subarray(200, 300), 3), RangeError);
  assert.equal(Buffer.compare(shared, own), 0);
});

test.run();
