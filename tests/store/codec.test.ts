import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { valuesOf } from '../../engine/batch/access.ts';
import { columnFromValues } from '../../engine/batch/build.ts';
import { decodeBatch, encodeBatch, encodedBytes, encodedSize } from '../../engine/batch/codec.ts';
import type { Batch, Column } from '../../engine/batch/column.ts';
import { type BatchPart, cutDictionary, layoutOfParts } from '../../engine/batch/parts.ts';
import { sliceBatch } from '../../engine/batch/slice.ts';
import { EngineBug } from '../../engine/errors.ts';
import type { LiteralValue } from '../../engine/expr.ts';
import { heapScratch } from '../../engine/memory/heap_scratch.ts';
import { field, T } from '../../engine/types.ts';
import { anyType, forms, nullable, show, toDict, typedValues } from '../batch/arbitrary.ts';

const RUNS = { numRuns: 300 };

function batchOf(...columns: Column[]): Batch {
  return { schema: columns.map((c, i) => field(`c${i}`, c.type)), rows: columns[0]?.length ?? 0, columns };
}

/** Encodes into memory full of other bytes, moves the span elsewhere, and decodes there. */
function roundTrip(batch: Batch): Batch {
  const size = encodedSize(batch);
  assert.is(size % 64, 0);
  const first = new Uint8Array(size + 64).fill(0xa5);
  assert.is(encodeBatch(batch, first), size);
  const moved = new Uint8Array(size + 192);
  moved.set(first, 128);
  assert.is(encodedBytes(moved.subarray(128)), size);
  return decodeBatch(moved.subarray(128), batch.schema);
}

const shown = (c: Column): string[] => valuesOf(c).map((v: LiteralValue) => show(v));

test('every type and form comes back as it was, and so does every slice', () => {
  fc.assert(
    fc.property(typedValues, fc.nat(), fc.nat(), ({ type, values }, a, b) => {
      for (const column of forms(type, values)) {
        const batch = batchOf(column, column);
        const n = values.length;
        const from = n === 0 ? 0 : a % (n + 1);
        const to = from + (n === from ? 0 : b % (n - from + 1));
        for (const part of [batch, sliceBatch(batch, from, to)]) {
          const back = roundTrip(part);
          assert.is(back.rows, part.rows);
          back.columns.forEach((c, i) => {
            const was = part.columns[i] as Column;
            assert.is(c.phys, was.phys);
            assert.is(c.nullCount, was.nullCount);
            assert.is(c.validity === null, was.validity === null);
            assert.equal(shown(c), shown(was));
          });
        }
      }
    }),
    RUNS,
  );
});

test('parts encoded together are their concatenation', () => {
  const lists = anyType.chain((type) =>
    fc
      .array(fc.array(nullable(type), { maxLength: 20 }), { minLength: 1, maxLength: 4 })
      .map((values) => ({ type, values })),
  );
  fc.assert(
    fc.property(
      lists,
      fc.array(fc.nat(), { minLength: 8, maxLength: 8 }),
      fc.boolean(),
      ({ type, values }, cuts, asDict) => {
        const scratch = heapScratch();
        const parts: BatchPart[] = values.map((v, i) => {
          const plain = columnFromValues(type, v);
          const column = type.kind === 'string' && (asDict || i % 2 === 1) ? toDict(plain) : plain;
          const from = (cuts[2 * i] as number) % (v.length + 1);
          return { batch: batchOf(column), from, to: from + ((cuts[2 * i + 1] as number) % (v.length - from + 1)) };
        });
        const schema = (parts[0] as BatchPart).batch.schema;
        const layout = layoutOfParts(parts, schema, scratch);
        const into = new Uint8Array(layout.bytes).fill(0x5a);
        layout.write(into);
        const back = decodeBatch(into, schema).columns[0] as Column;
        const expected = parts.flatMap((p, i) => (values[i] as LiteralValue[]).slice(p.from, p.to));
        assert.equal(shown(back), expected.map(show));
        assert.is(back.nullCount, expected.filter((v) => v === null).length);
      },
    ),
    RUNS,
  );
});

test('parts of one dictionary keep it, cut to what they use', () => {
  // Long ones: short strings are written out where few rows share them.
  const words = Array.from({ length: 1000 }, (_, i) => `a word that is longer than its code ${i}`);
  const column = toDict(columnFromValues(T.string, words));
  if (column.phys !== 'dict') throw new Error('a dictionary was expected');
  const few = cutDictionary(column, 10, 13, heapScratch());
  assert.is(few.dictionary.length, 3);
  assert.equal(valuesOf(few), words.slice(10, 13));
  const batch = batchOf(column);
  const layout = layoutOfParts(
    [
      { batch, from: 5, to: 7 },
      { batch, from: 6, to: 8 },
    ],
    batch.schema,
    heapScratch(),
  );
  assert.ok(layout.bytes < 1024, 'the unused entries are not stored');
  const into = new Uint8Array(layout.bytes);
  layout.write(into);
  const back = decodeBatch(into, batch.schema).columns[0] as Column;
  assert.equal(
    valuesOf(back),
    [5, 6, 6, 7].map((i) => words[i]),
  );
  assert.is(back.phys, 'dict');
});

test('short strings that few rows share are written out, parts of one dictionary or of several', () => {
  const words = Array.from({ length: 1000 }, (_, i) => `word ${i}`);
  for (const columns of [1, 2]) {
    const batches = Array.from({ length: columns }, () => batchOf(toDict(columnFromValues(T.string, words))));
    const parts = [
      { batch: batches[0] as Batch, from: 5, to: 300 },
      { batch: batches[columns - 1] as Batch, from: 6, to: 8 },
    ];
    const layout = layoutOfParts(parts, parts[0]?.batch.schema ?? [], heapScratch());
    const into = new Uint8Array(layout.bytes);
    layout.write(into);
    const back = decodeBatch(into, parts[0]?.batch.schema ?? []).columns[0] as Column;
    assert.is(back.phys, 'utf8');
    assert.equal(valuesOf(back), [...words.slice(5, 300), ...words.slice(6, 8)]);
  }
});

test('what is not an encoded batch of these columns is refused', () => {
  const batch = batchOf(columnFromValues(T.int, [1, 2, 3]));
  const bytes = new Uint8Array(encodedSize(batch));
  encodeBatch(batch, bytes);
  assert.throws(
    () => decodeBatch(bytes, []),
    (e: unknown) => e instanceof EngineBug,
  );
  assert.throws(
    () => decodeBatch(bytes.slice(0, 64), batch.schema),
    (e: unknown) => e instanceof EngineBug,
  );
  assert.throws(
    () => decodeBatch(new Uint8Array(128), batch.schema),
    (e: unknown) => e instanceof EngineBug,
  );
  assert.throws(
    () => encodeBatch(batch, new Uint8Array(32)),
    (e: unknown) => e instanceof EngineBug,
  );
});

test.run();
