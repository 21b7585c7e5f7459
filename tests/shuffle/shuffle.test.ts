import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rowsOf } from '../../engine/batch/access.ts';
import { batchFromRows } from '../../engine/batch/build.ts';
import type { Batch, Column } from '../../engine/batch/column.ts';
import { concatBatches } from '../../engine/batch/concat.ts';
import { gatherBatch } from '../../engine/batch/gather.ts';
import { hashColumns } from '../../engine/batch/hash.ts';
import type { LiteralValue, SortKey } from '../../engine/expr.ts';
import { heapScratch } from '../../engine/memory/heap_scratch.ts';
import type { RelationReader } from '../../engine/operators/def.ts';
import { sortIndices } from '../../engine/operators/sort_kernel.ts';
import { collectWriter } from '../../engine/shuffle/collect.ts';
import { hashWriter } from '../../engine/shuffle/hash.ts';
import {
  rangeBounds,
  rangePartition,
  rangeSlices,
  rangeTasks,
  rangeWriter,
  sampleBounds,
  sampleKeys,
} from '../../engine/shuffle/range.ts';
import { hashPartition, relationReader } from '../../engine/shuffle/reader.ts';
import { batchesOfRun } from '../../engine/shuffle/runs.ts';
import type { RunOutput } from '../../engine/shuffle/types.ts';
import { createStore, type MainStore } from '../../engine/store/store.ts';
import type { ObjectId, Store } from '../../engine/store/types.ts';
import { field, T } from '../../engine/types.ts';
import { show, toDict } from '../batch/arbitrary.ts';

const schema = [
  field('k', T.string),
  field('n', T.int),
  field('f', T.float),
  field('l', T.list(T.int)),
  field('row', T.int),
];
type Row = Record<string, LiteralValue>;

const rowArb = fc.record({
  k: fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.constant(null), fc.string({ maxLength: 5 })),
  n: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer(), fc.maxSafeInteger(), fc.constant(null)),
  f: fc.oneof(fc.constantFrom(0, -0, NaN, 1.5, null), fc.double({ noNaN: true })),
  l: fc.oneof(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 3 }), fc.constant(null)),
});

/** Rows in batches of differing sizes and forms, each row numbered. */
const inputArb = fc.array(fc.array(rowArb, { maxLength: 40 }), { maxLength: 8 }).map((lists) => {
  let row = 0;
  return lists.map((rows, i) => {
    const batch = batchFromRows(
      schema,
      rows.map((r) => ({ ...r, row: row++ })),
    );
    return i % 3 === 1
      ? { ...batch, columns: batch.columns.map(toDict).map((c, j) => (j === 0 ? c : (batch.columns[j] as Column))) }
      : batch;
  });
});

const text = (r: Row): string => Object.values(r).map(show).join('|');
const rowTexts = (batches: Iterable<Batch>): string[] => [...batches].flatMap((b) => rowsOf(b).map(text));
const read = (r: RelationReader): string[] => {
  const out: string[] = [];
  for (const b of r.batches()) out.push(...rowsOf(b).map(text));
  assert.is(out.length, r.rows);
  return out;
};

function withStore<V>(f: (store: MainStore) => V): V {
  const store = createStore({ limit: 2 << 20, threads: 1 });
  try {
    const v = f(store);
    const s = store.stats();
    assert.is(s.workingBytes, 0, 'all working memory came back');
    assert.is(s.objects, 0, 'all objects were released');
    return v;
  } finally {
    store.close();
  }
}

const objectsOf = (refs: readonly { object: ObjectId }[]): ObjectId[] => [...new Set(refs.map((r) => r.object))];
const releaseAll = (store: Store, refs: readonly { object: ObjectId }[]): void => {
  for (const o of objectsOf(refs)) store.release(o);
};

const hashOf = (rows: readonly Row[], keys: readonly string[]): Uint32Array => {
  const batch = batchFromRows(schema, rows);
  const out = new Uint32Array(rows.length);
  hashColumns(
    keys.map((k) => batch.columns[schema.findIndex((f) => f.name === k)] as Column),
    rows.length,
    out,
  );
  return out;
};

test('a hash shuffle keeps the rows, their order and equal keys together, for any grant and number of partitions', () => {
  withStore((store) => {
    fc.assert(
      fc.property(
        inputArb,
        fc.integer({ min: 0, max: 5 }),
        fc.constantFrom(1, 5000, 1 << 20),
        fc.subarray(['k', 'n', 'f'], { minLength: 1 }),
        (input, bits, grant, keys) => {
          const writer = hashWriter({ store, grant }, schema, keys, bits);
          for (const b of input) writer.add(b);
          const out = writer.finish();
          writer.free();
          const rows = input.flatMap((b) => rowsOf(b));
          const hashes = hashOf(rows, keys);
          assert.is(out.pieces.length, 2 ** bits);
          out.pieces.forEach((pieces, p) => {
            const reader = hashPartition(store, pieces, schema, bits);
            const expected = rows.filter((_, i) => bits === 0 || (hashes[i] as number) >>> (32 - bits) === p).map(text);
            assert.equal(read(reader), expected);
            assert.is(out.rows[p], expected.length);
            assert.is(reader.hashBits, bits);
          });
          releaseAll(store, out.pieces.flat());
        },
      ),
      { numRuns: 60 },
    );
  });
});

test('a writer that is given up releases what it wrote', () => {
  withStore((store) => {
    const rows = Array.from({ length: 3000 }, (_, i) => ({ k: `key ${i % 50}`, n: i, f: i / 3, l: [i], row: i }));
    const batch = batchFromRows(schema, rows);
    const hash = hashWriter({ store, grant: 100_000 }, schema, ['k'], 3);
    const collect = collectWriter({ store, grant: 100_000 }, schema);
    const range = rangeWriter({ store, grant: 100_000 }, schema, [key('n')], null, sortIndices);
    for (const w of [hash, collect, range]) {
      for (let i = 0; i < 5; i++) w.add(batch);
      w.free();
    }
    assert.throws(() => hashWriter({ store, grant: 1 }, schema, ['nope'], 1), /not a column/);
  });
});

test('a relation is read in order, whole or cut, small batches fused', () => {
  withStore((store) => {
    fc.assert(
      fc.property(
        inputArb,
        fc.nat({ max: 200 }),
        fc.option(fc.nat({ max: 200 })),
        fc.constantFrom(1, 2000, 1 << 20),
        (input, skip, take, grant) => {
          const writer = collectWriter({ store, grant }, schema);
          for (const b of input) writer.add(b);
          const refs = writer.finish();
          writer.free();
          const all = rowTexts(input);
          assert.equal(read(relationReader(store, refs, schema)), all);
          assert.equal(
            read(relationReader(store, refs, schema, { skip, take })),
            all.slice(skip, take === null ? undefined : skip + take),
          );
          if (grant === 1 << 20) assert.ok(refs.length <= 1);
          releaseAll(store, refs);
        },
      ),
      { numRuns: 60 },
    );
  });
});

test('a reader that is left early lets go of its batch', () => {
  withStore((store) => {
    const writer = collectWriter({ store, grant: 1 }, schema);
    for (let i = 0; i < 4; i++) writer.add(batchFromRows(schema, [{ k: 'x', n: i, f: 0, l: null, row: i }]));
    const refs = writer.finish();
    writer.free();
    for (const reader of [relationReader(store, refs, schema), hashPartition(store, refs, schema, 0)]) {
      for (const b of reader.batches()) {
        assert.ok(b.rows > 0);
        break;
      }
    }
    releaseAll(store, refs);
  });
});

function key(name: string, desc = false, nullsFirst = false): SortKey {
  const f = schema.find((x) => x.name === name);
  if (f === undefined) throw new Error(name);
  return { expr: { kind: 'column', name, type: f.type, nullable: true }, desc, nullsFirst };
}

/** The rows of the sorted runs of one partition, merged stably: runs are in input order. */
function merged(runs: readonly RelationReader[], keys: readonly SortKey[]): string[] {
  const scratch = heapScratch();
  const batches = runs.flatMap((r) =>
    [...r.batches()].map((b) =>
      gatherBatch(
        b,
        Uint32Array.from({ length: b.rows }, (_, i) => i),
        b.rows,
        scratch,
      ),
    ),
  );
  return sorted(batches, keys);
}

function sorted(batches: readonly Batch[], keys: readonly SortKey[]): string[] {
  const scratch = heapScratch();
  const all = concatBatches(batches, schema, scratch);
  const order = sortIndices(all, keys, scratch);
  const rows = rowsOf(all);
  return Array.from(order, (i) => text(rows[i] as Row));
}

const keysArb = fc
  .subarray(['k', 'n', 'f'], { minLength: 1 })
  .chain((names) =>
    fc.tuple(...names.map((name) => fc.tuple(fc.boolean(), fc.boolean()).map(([desc, nf]) => key(name, desc, nf)))),
  );

test('a range shuffle gives the stable sort, for any grant and number of partitions', () => {
  withStore((store) => {
    fc.assert(
      fc.property(
        fc.array(inputArb, { minLength: 1, maxLength: 3 }),
        keysArb,
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom(1, 8000, 1 << 20),
        (tasks, keys, partitions, grant) => {
          const runs: RunOutput[] = [];
          for (const input of tasks) {
            const writer = rangeWriter({ store, grant }, schema, keys, null, sortIndices);
            for (const b of input) writer.add(b);
            runs.push(...structuredClone(writer.finish()));
            writer.free();
          }
          const bounds = structuredClone(rangeBounds(runs, partitions));
          const slices = rangeSlices(runs, bounds);
          assert.ok(slices.length <= partitions);
          const out = slices.flatMap((s) => merged(rangePartition(store, s, schema).runs, keys));
          assert.equal(out, sorted(tasks.flat(), keys));
          releaseAll(
            store,
            runs.flatMap((r) => batchesOfRun(r)),
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});

test('runs cut at sampled bounds give the stable sort; ranges of whole buckets read no batch of another', () => {
  withStore((store) => {
    fc.assert(
      fc.property(
        fc.array(inputArb, { minLength: 1, maxLength: 3 }),
        keysArb,
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom(1, 8000, 1 << 20),
        fc.constantFrom(1, 3000, 1 << 20),
        (tasks, keys, buckets, grant, rangeBytes) => {
          const scratch = heapScratch();
          // Only the first task is looked at: bounds need not fit the rest.
          const samples = (tasks[0] ?? []).map((b) => sampleKeys(b, keys, 20, scratch));
          const bounds = structuredClone(sampleBounds(samples, keys, schema, buckets));
          const runs: RunOutput[] = [];
          for (const input of tasks) {
            const writer = rangeWriter({ store, grant }, schema, keys, null, sortIndices, { bounds });
            for (const b of input) writer.add(b);
            runs.push(...structuredClone(writer.finish()));
            writer.free();
          }
          const cuts = rangeTasks(runs, rangeBytes);
          const read = new Set<string>();
          const out: string[] = [];
          for (let p = 0; p < cuts.partitions; p++) {
            const slices = cuts.slices(p);
            const reader = rangePartition(store, slices, schema);
            if (cuts.whole(p)) {
              for (const { object, offset } of slices.flatMap((s) => s.batches)) {
                assert.not(read.has(`${object} ${offset}`), 'a batch is read by two ranges');
                read.add(`${object} ${offset}`);
              }
            }
            const loaded = reader.load?.(Number.POSITIVE_INFINITY);
            const rows = merged(reader.runs, keys);
            assert.equal(sorted(loaded?.batches ?? [], keys), rows);
            loaded?.free();
            out.push(...rows);
          }
          assert.equal(out, sorted(tasks.flat(), keys));
          releaseAll(
            store,
            runs.flatMap((r) => batchesOfRun(r)),
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});

test('one hot key is split between partitions by run', () => {
  withStore((store) => {
    const runs: RunOutput[] = [];
    let row = 0;
    for (let t = 0; t < 8; t++) {
      const writer = rangeWriter({ store, grant: 1 << 20 }, schema, [key('k')], null, sortIndices);
      writer.add(
        batchFromRows(
          schema,
          Array.from({ length: 500 }, () => ({ k: 'hot', n: t, f: 0, l: null, row: row++ })),
        ),
      );
      runs.push(...writer.finish());
      writer.free();
    }
    const parts = rangeSlices(runs, rangeBounds(runs, 4)).map((s) => rangePartition(store, s, schema));
    assert.equal(
      parts.map((p) => p.rows),
      [1000, 1000, 1000, 1000],
    );
    assert.equal(
      parts.flatMap((p) => read(p)).map((r) => r.split('|')[4]),
      Array.from({ length: 4000 }, (_, i) => `n${i}`),
    );
    releaseAll(
      store,
      runs.flatMap((r) => batchesOfRun(r)),
    );
  });
});

test('partitions of a range shuffle are of about one size', () => {
  withStore((store) => {
    const runs: RunOutput[] = [];
    for (let t = 0; t < 4; t++) {
      const writer = rangeWriter({ store, grant: 1 << 20 }, schema, [key('f', true)], null, sortIndices);
      const n = t === 0 ? 6000 : 2000;
      writer.add(
        batchFromRows(
          schema,
          Array.from({ length: n }, (_, i) => ({ k: 'x', n: i, f: Math.sin(i * (t + 1)), l: null, row: i })),
        ),
      );
      runs.push(...writer.finish());
      writer.free();
    }
    const rows = rangeSlices(runs, rangeBounds(runs, 6)).map((s) => rangePartition(store, s, schema).rows);
    assert.is(
      rows.reduce((a, b) => a + b, 0),
      12_000,
    );
    for (const n of rows) assert.ok(n > 1500 && n < 2500, rows.join());
    releaseAll(
      store,
      runs.flatMap((r) => batchesOfRun(r)),
    );
  });
});

test('with a limit a run keeps its first rows only', () => {
  withStore((store) => {
    const writer = rangeWriter({ store, grant: 1 << 20 }, schema, [key('n', true)], 10, sortIndices);
    writer.add(
      batchFromRows(
        schema,
        Array.from({ length: 1000 }, (_, i) => ({ k: 'x', n: (i * 7) % 1000, f: 0, l: null, row: i })),
      ),
    );
    const runs = writer.finish();
    writer.free();
    assert.is(runs[0]?.rows, 10);
    const [slices] = rangeSlices(runs, rangeBounds(runs, 1));
    assert.equal(
      read(rangePartition(store, slices ?? [], schema)).map((r) => r.split('|')[1]),
      Array.from({ length: 10 }, (_, i) => `n${999 - i}`),
    );
    releaseAll(
      store,
      runs.flatMap((r) => batchesOfRun(r)),
    );
  });
});

test('many more rows than memory pass through a shuffle', () => {
  withStore((store) => {
    const writer = hashWriter({ store, grant: 200_000 }, schema, ['n'], 4);
    const rows = 4000;
    let sum = 0;
    for (let b = 0; b < 40; b++) {
      writer.add(
        batchFromRows(
          schema,
          Array.from({ length: rows }, (_, i) => ({ k: `name ${i % 9}`, n: i * b, f: i, l: [b], row: b * rows + i })),
        ),
      );
      sum += (b * rows * (rows - 1)) / 2;
    }
    const out = writer.finish();
    writer.free();
    assert.ok(store.stats().spilledBytes > 2 << 20);
    let got = 0;
    let count = 0;
    for (const pieces of out.pieces) {
      for (const b of hashPartition(store, pieces, schema, 4).batches()) {
        for (const r of rowsOf(b)) got += r.n as number;
        count += b.rows;
      }
    }
    assert.is(count, 40 * rows);
    assert.is(got, sum);
    releaseAll(store, out.pieces.flat());
  });
});

test.run();
