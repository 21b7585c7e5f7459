// The direct way of the hash exchange against the staged one.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rowsOf } from '../../engine/batch/access.ts';
import { batchFromRows } from '../../engine/batch/build.ts';
import type { Batch } from '../../engine/batch/column.ts';
import type { LiteralValue } from '../../engine/expr.ts';
import { useKernels } from '../../engine/kernels/load.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import { DirectWriter } from '../../engine/shuffle/direct.ts';
import { hashWriter } from '../../engine/shuffle/hash.ts';
import { testStore } from '../../engine/store/store.ts';
import type { BatchRef, ObjectId } from '../../engine/store/types.ts';
import { field, T } from '../../engine/types.ts';
import { show } from '../batch/arbitrary.ts';
import { inArena } from './arena.ts';

const store = testStore();
const scratch = arenaScratch(store);
const schema = [
  field('k', T.int),
  field('f', T.float),
  field('b', T.bool),
  field('d', T.date),
  field('i', T.interval),
  field('row', T.int),
];
type Row = Record<string, LiteralValue>;

/** Rows of each partition, in order. The objects are released. */
function read(pieces: readonly (readonly BatchRef[])[]): string[][] {
  const out = pieces.map((refs) =>
    refs.flatMap((ref) => {
      const { batch, release } = store.readBatch(ref, schema);
      assert.is(batch.rows, ref.rows);
      assert.ok(batch.columns.every((c) => (c.nullCount === 0) === (c.validity === null)));
      const rows = rowsOf(batch).map((r) => Object.values(r).map(show).join('|'));
      release();
      return rows;
    }),
  );
  for (const id of new Set(pieces.flat().map((r) => r.object))) store.release(id);
  return out;
}

function staged(batches: readonly Batch[], bits: number, skip: number): string[][] {
  useKernels(false);
  const writer = hashWriter({ store, grant: 1 << 23 }, schema, ['k'], bits, skip);
  for (const b of batches) writer.add(b);
  const { pieces } = writer.finish();
  writer.free();
  useKernels(true);
  return read(pieces);
}

const rowArb = fc.record({
  k: fc.oneof(fc.constantFrom(1, 2), fc.integer(), fc.constant(null)),
  f: fc.oneof(fc.constantFrom(0, -0, NaN, null), fc.double({ noNaN: true })),
  b: fc.oneof(fc.boolean(), fc.constant(null)),
  d: fc.integer({ min: -9, max: 9 }),
  i: fc.record({ months: fc.nat(3), days: fc.nat(3), micros: fc.nat(3) }),
});

/** Batches in arena memory whose int column is 32 or 64 bits wide; `repeat`: how often each row comes. */
function arenaBatches(lists: readonly (readonly Row[])[], repeat: number): Batch[] {
  let row = 0;
  return lists.map((rows, l) => {
    const many = Array.from({ length: rows.length * repeat }, (_, i) => {
      const r = rows[i % rows.length] as Row;
      const far = l % 3 === 2 && i === 0 ? { k: 2 ** 40 } : {};
      return { ...r, k: i % 2 === 0 ? (r.k as LiteralValue) : (row * 977) % 3001, ...far, row: row++ };
    });
    return inArena(batchFromRows(schema, many), scratch);
  });
}

test('rows, their order and their partitions are those of the staged way', () => {
  const lists = fc.array(fc.array(rowArb, { minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 6 });
  const sizes = fc.constantFrom(200_000, 1_800_000, 1 << 22);
  fc.assert(
    fc.property(
      lists,
      fc.nat(60),
      fc.integer({ min: 1, max: 3 }),
      fc.nat(5),
      sizes,
      (rows, more, bits, skip, objectBytes) => {
        const batches = arenaBatches(rows, 1 + more);
        const pieces: BatchRef[][] = Array.from({ length: 2 ** bits }, () => []);
        const objects: ObjectId[] = [];
        const sink = {
          sealed: (id: ObjectId) => objects.push(id),
          piece: (p: number, ref: BatchRef) => (pieces[p] as BatchRef[]).push(ref),
        };
        const options = { bits, skip, keys: [0], objectBytes, pieceRows: 65536 };
        const tables = arenaScratch(store);
        const writer = new DirectWriter(store, sink, options, tables);
        const taken = batches.filter((b) => writer.accepts(b) && writer.add(b) === b.rows);
        writer.flush();
        tables.release();
        if (objectBytes > 3e6) assert.is(taken.length, batches.length);
        assert.equal(read(pieces), staged(taken, bits, skip));
        scratch.reset();
      },
    ),
    { numRuns: 60 },
  );
});

test('many rows take the direct way and change to the staged one when a column changes its form', () => {
  const many = (n: number, k: (i: number) => LiteralValue): Batch =>
    inArena(
      batchFromRows(
        schema,
        Array.from({ length: n }, (_, i) => ({
          k: k(i),
          f: i / 3,
          b: i % 3 === 0,
          d: i % 100,
          i: { months: 1, days: 0, micros: i },
          row: i,
        })),
      ),
      scratch,
    );
  const batches = [
    many(3000, (i) => i),
    many(40_000, (i) => i % 5),
    many(5000, (i) => 2 ** 40 + i),
    many(4000, () => null),
    many(500, (i) => i),
  ];
  const before = store.stats();
  const writer = hashWriter({ store, grant: 1 << 23 }, schema, ['k'], 3);
  for (const b of batches) writer.add(b);
  const { pieces, rows } = writer.finish();
  writer.free();
  assert.is(
    rows.reduce((a, b) => a + b),
    52_500,
  );
  assert.equal(read(pieces), staged(batches, 3, 0));
  assert.is(store.stats().workingBytes, before.workingBytes);
  assert.is(store.stats().objects, before.objects);
  scratch.reset();
});

test('a writer that is given up leaves nothing', () => {
  const batch = inArena(
    batchFromRows(
      schema,
      Array.from({ length: 40_000 }, (_, i) => ({
        k: i,
        f: null,
        b: null,
        d: 1,
        i: { months: 1, days: 0, micros: 0 },
        row: i,
      })),
    ),
    scratch,
  );
  const before = store.stats();
  const writer = hashWriter({ store, grant: 1 << 23 }, schema, ['k'], 4);
  writer.add(batch);
  writer.free();
  const after = store.stats();
  assert.is(after.objects, before.objects);
  assert.is(after.workingBytes + after.objectBytes, before.workingBytes + before.objectBytes);
  scratch.reset();
});

test.run();
