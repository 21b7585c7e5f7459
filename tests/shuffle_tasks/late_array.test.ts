import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { testStore } from '../../engine/store/store.ts';
import { guessedArrays, type LateArray, lateArrays } from '../../engine/tasks/late_array.ts';
import { placeValues } from '../../engine/tasks/places.ts';
import type { ValuePlace } from '../../engine/tasks/types.ts';
import { decodeValue, encodeValue } from '../../engine/tasks/values.ts';

/** Whatever is where a value was placed. */
const readerOf =
  (store: ReturnType<typeof testStore>) =>
  (p: ValuePlace): unknown => {
    if (p.kind === 'plain') return p.value;
    if (p.kind === 'inline') return decodeValue(p.bytes, { copy: true });
    const lease = store.readBytes(p.object, p.offset, p.bytes);
    try {
      return decodeValue(lease.view, { copy: true });
    } finally {
      lease.release();
    }
  };

/** Numbers 100 * array + element, all filled at once. */
function counted(lengths: readonly number[]) {
  let fills = 0;
  const arrays = lateArrays(
    new Float64Array(),
    lengths.map((n) => 8 * n),
    (places) => {
      fills++;
      places.forEach((p, a) => {
        const into = new Float64Array(p.buffer, p.byteOffset, p.byteLength / 8);
        into.forEach((_, i) => {
          into[i] = 100 * a + i;
        });
      });
    },
  );
  return { arrays, fills: () => fills };
}

const expected = (lengths: readonly number[]) =>
  lengths.map((n, a) => Float64Array.from({ length: n }, (_, i) => 100 * a + i));

test('late arrays are filled where they lie: in an object, inline, nested', () => {
  const store = testStore();
  const read = readerOf(store);
  try {
    const lengths = [30, 0, 20_000, 7, 15_000];
    for (const inline of [0, 1000, 100_000]) {
      const { arrays, fills } = counted(lengths);
      const places = placeValues(store, arrays, undefined, inline);
      assert.is(fills(), 1);
      assert.equal(places.map(read), expected(lengths));
      const nested = counted(lengths);
      const [a, b] = nested.arrays.length > 2 ? [nested.arrays.slice(0, 2), nested.arrays.slice(2)] : [[], []];
      const groups = placeValues(store, [{ a }, [b]], undefined, inline).map(read);
      assert.equal(groups, [{ a: expected(lengths).slice(0, 2) }, [expected(lengths).slice(2)]]);
    }
  } finally {
    store.close();
  }
});

/** Arrays of `lengths` numbers, with room for `rooms`; behind them, what their lengths were found to be. */
function guessed(lengths: readonly number[], rooms: readonly number[]) {
  const calls = { guess: 0, exact: 0 };
  const put = (places: readonly Uint8Array[]): void =>
    places.forEach((p, a) => {
      new Float64Array(p.buffer, p.byteOffset, Math.min(lengths[a] as number, p.byteLength / 8)).fill(a + 0.5);
    });
  const bytes = (list: readonly number[]) => list.map((n) => 8 * n);
  const arrays = guessedArrays(new Float64Array(), {
    rooms: bytes(rooms),
    fill: (places) => {
      calls.guess++;
      put(places);
      return lengths.some((n, a) => n > (rooms[a] as number)) ? null : bytes(lengths);
    },
    exactly: () => ({
      sizes: bytes(lengths),
      fill: (places) => {
        calls.exact++;
        put(places);
      },
    }),
  });
  const found = lateArrays(
    new Float64Array(),
    [8 * lengths.length],
    ([into]) => {
      new Float64Array((into as Uint8Array).buffer, into?.byteOffset).set(arrays.map((a) => a.bytes / 8));
    },
    arrays,
  )[0] as LateArray;
  return { arrays, found, calls };
}

test('late arrays whose size is known when they are filled, and those that follow them', () => {
  const store = testStore();
  const read = readerOf(store);
  try {
    const lengths = [30, 0, 20_000, 7];
    const values = lengths.map((n, a) => new Float64Array(n).fill(a + 0.5));
    for (const [rooms, fits] of [
      [[30, 0, 20_000, 7], true],
      [[40, 5, 30_000, 7], true],
      [[40, 5, 19_999, 7], false],
    ] as const) {
      for (const inline of [0, 1000, 1_000_000]) {
        for (const nested of [false, true]) {
          const { arrays, found, calls } = guessed(lengths, rooms);
          assert.throws(() => arrays[0]?.bytes, /before it is filled/);
          const results = nested ? [arrays.slice(0, 2), found, arrays.slice(2)] : [found, ...arrays];
          const got = placeValues(store, results, undefined, inline).map(read);
          assert.equal(
            got,
            nested
              ? [values.slice(0, 2), Float64Array.from(lengths), values.slice(2)]
              : [Float64Array.from(lengths), ...values],
          );
          assert.equal(calls, { guess: 1, exact: fits ? 0 : 1 });
          assert.equal(
            arrays.map((a) => a.bytes),
            lengths.map((n) => 8 * n),
          );
        }
      }
    }
    assert.is(store.stats().workingBytes, 0);
  } finally {
    store.close();
  }
});

test('equal values give equal bytes, whatever lay there', () => {
  const written = [0, 255].map((before) => {
    const { arrays } = guessed([3, 9], [8, 9]);
    const all = arrays.map((a) => {
      const encoded = encodeValue(a);
      return { encoded, into: new Uint8Array(encoded.bytes).fill(before) };
    });
    for (const { encoded, into } of all) encoded.write(into);
    return all.map(({ into }) => into);
  });
  assert.equal(written[0], written[1]);
});

test('the results of one task share what may be inline, in their order', () => {
  const store = testStore();
  try {
    const places = placeValues(
      store,
      [new Uint8Array(600), new Uint8Array(600), 1, new Uint8Array(10)],
      undefined,
      1000,
    );
    assert.equal(
      places.map((p) => p.kind),
      ['inline', 'object', 'plain', 'inline'],
    );
  } finally {
    store.close();
  }
});

test.run();
