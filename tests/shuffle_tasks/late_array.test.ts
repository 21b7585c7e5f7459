import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { testStore } from '../../engine/store/store.ts';
import { lateArrays } from '../../engine/tasks/late_array.ts';
import { placeValues } from '../../engine/tasks/places.ts';
import type { ValuePlace } from '../../engine/tasks/types.ts';
import { decodeValue } from '../../engine/tasks/values.ts';

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
  const read = (p: ValuePlace): unknown => {
    if (p.kind === 'plain') return p.value;
    if (p.kind === 'inline') return decodeValue(p.bytes, { copy: true });
    const lease = store.readBytes(p.object, p.offset, p.bytes);
    try {
      return decodeValue(lease.view, { copy: true });
    } finally {
      lease.release();
    }
  };
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
