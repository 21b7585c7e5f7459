import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rowsOf, stringReader, valuesOf } from '../../engine/batch/access.ts';
import { copyBits, countOnes, fillOnes, getBit } from '../../engine/batch/bitmap.ts';
import { batchFromRows, columnFromValues, constantColumn, nullColumn } from '../../engine/batch/build.ts';
import type { Column } from '../../engine/batch/column.ts';
import { isValid } from '../../engine/batch/column.ts';
import { columnComparator, equalRows, sortComparator } from '../../engine/batch/compare.ts';
import { concatBatches, concatColumns } from '../../engine/batch/concat.ts';
import { gatherBatch, gatherColumn, NO_ROW } from '../../engine/batch/gather.ts';
import { hashColumns } from '../../engine/batch/hash.ts';
import { sliceBatch, sliceColumn } from '../../engine/batch/slice.ts';
import type { LiteralValue } from '../../engine/expr.ts';
import { heapScratch } from '../../engine/memory/heap_scratch.ts';
import type { Scratch } from '../../engine/memory/types.ts';
import { field, T } from '../../engine/types.ts';
import { anyType, forms, key, nullable, show, TYPES, toDict, typedValues, values } from './arbitrary.ts';

/** Scratch whose memory comes dirty, as the arena's does. */
function dirtyScratch(): Scratch {
  const s = heapScratch();
  return {
    ...s,
    u8: (n) => s.u8(n).fill(0xa5),
    i32: (n) => s.i32(n).fill(-77777),
    u32: (n) => s.u32(n).fill(77777),
    f64: (n) => s.f64(n).fill(NaN),
    i64: (n) => s.i64(n).fill(-7777777777777n),
  };
}

const scratch = dirtyScratch();
const texts = (vals: readonly LiteralValue[]): string[] => vals.map(show);
const RUNS = { numRuns: 150 };

function checkColumn(col: Column, expected: readonly LiteralValue[]): void {
  assert.is(col.length, expected.length);
  assert.equal(texts(valuesOf(col)), texts(expected));
  assert.is(col.nullCount, expected.filter((v) => v === null).length);
  if (col.phys !== 'null') assert.is(col.validity === null, col.nullCount === 0);
}

test('bitmaps: counting, copying and filling agree with bits one by one', () => {
  const bits = fc.array(fc.boolean(), { maxLength: 200 });
  fc.assert(
    fc.property(bits, fc.nat(40), fc.nat(40), (all, from, to) => {
      const src = new Uint8Array((all.length + 7) >> 3);
      all.forEach((b, i) => {
        if (b) src[i >> 3] = (src[i >> 3] as number) | (1 << (i & 7));
      });
      const start = Math.min(from, all.length);
      assert.is(countOnes(src, start, all.length), all.slice(start).filter(Boolean).length);
      const n = all.length - start;
      const dst = new Uint8Array((to + n + 7) >> 3);
      copyBits(src, start, dst, to, n);
      for (let i = 0; i < to + n; i++) assert.is(getBit(dst, i), i >= to && (all[start + i - to] as boolean));
      const filled = new Uint8Array((to + n + 7) >> 3);
      fillOnes(filled, to, to + n);
      assert.is(countOnes(filled, 0, filled.length * 8), n);
      for (let i = to; i < to + n; i++) assert.ok(getBit(filled, i));
    }),
    RUNS,
  );
});

test('build and read back', () => {
  fc.assert(
    fc.property(typedValues, ({ type, values }) => {
      for (const col of forms(type, values)) checkColumn(col, values);
      checkColumn(columnFromValues(type, values, scratch), values);
      checkColumn(
        nullColumn(type, values.length, scratch),
        values.map(() => null),
      );
      for (const v of values.slice(0, 2))
        checkColumn(
          constantColumn(type, v, values.length, scratch),
          values.map(() => v),
        );
    }),
    { numRuns: 400 },
  );
});

test('ints take the narrowest form and know whether they are exact', () => {
  const form = (...v: LiteralValue[]): unknown => {
    const c = columnFromValues(T.int, v);
    return c.phys === 'i64' ? [c.phys, c.wide] : c.phys;
  };
  assert.is(form(1, null, -2147483648, 2147483647), 'i32');
  assert.equal(form(2147483648), ['i64', false]);
  assert.equal(form(-2147483649), ['i64', false]);
  assert.equal(form(9007199254740991), ['i64', false]);
  assert.equal(form(9007199254740992n), ['i64', true]);
  assert.equal(form(-9007199254740991), ['i64', false]);
  assert.equal(form(-9007199254740992n), ['i64', true]);
  assert.is(columnFromValues(T.decimal(38, 0), [1n << 63n]).phys, 'i128');
  assert.throws(
    () => columnFromValues(T.int, [1n << 63n]),
    (e: Error) => /does not fit int/.test(e.message),
  );
});

test('gather picks rows, missing ones are null', () => {
  fc.assert(
    fc.property(typedValues, fc.array(fc.nat(1000), { maxLength: 140 }), ({ type, values }, picks) => {
      const rows = Uint32Array.from(picks, (p) => (p % 7 === 0 || values.length === 0 ? NO_ROW : p % values.length));
      const expected = [...rows].map((r) => (r === NO_ROW ? null : (values[r] as LiteralValue)));
      for (const col of forms(type, values)) checkColumn(gatherColumn(col, rows, rows.length, scratch), expected);
    }),
    { numRuns: 400 },
  );
});

test('slice, then everything else on the slice', () => {
  fc.assert(
    fc.property(typedValues, fc.nat(140), fc.nat(140), ({ type, values }, a, b) => {
      const from = Math.min(a, b, values.length);
      const to = Math.min(Math.max(a, b), values.length);
      const expected = values.slice(from, to);
      for (const col of forms(type, values)) {
        const part = sliceColumn(col, from, to);
        checkColumn(part, expected);
        const rows = Uint32Array.from(expected, (_, i) => i);
        checkColumn(gatherColumn(part, rows, rows.length, scratch), expected);
        checkColumn(concatColumns([part, part], type, scratch), [...expected, ...expected]);
        const hashes = new Uint32Array(expected.length);
        hashColumns([part], expected.length, hashes);
        const again = new Uint32Array(expected.length);
        hashColumns([columnFromValues(type, expected)], expected.length, again);
        assert.equal(hashes, again);
      }
    }),
    { numRuns: 300 },
  );
});

test('concat unifies physical forms', () => {
  const parts = anyType.chain((type) =>
    fc.array(fc.tuple(values(type), fc.boolean()), { maxLength: 4 }).map((p) => ({ type, p })),
  );
  fc.assert(
    fc.property(parts, ({ type, p }) => {
      const cols = p.map(([v, dict]) =>
        dict && type.kind === 'string' ? toDict(columnFromValues(type, v)) : columnFromValues(type, v),
      );
      checkColumn(
        concatColumns(cols, type, scratch),
        p.flatMap(([v]) => v),
      );
    }),
    { numRuns: 400 },
  );
  const join = (...texts: string[][]): Column =>
    concatColumns(
      texts.map((t) => toDict(columnFromValues(T.string, t))),
      T.string,
      scratch,
    );
  const shared = join(['a', 'b', 'a', 'a'], ['b', 'c', 'b', 'b']);
  assert.is(shared.phys, 'dict');
  assert.equal(valuesOf(shared), ['a', 'b', 'a', 'a', 'b', 'c', 'b', 'b']);
  // Too few rows share an entry for the dictionaries to be worth merging.
  const alone = join(['a', 'b', 'a'], ['b', 'c', 'd']);
  assert.is(alone.phys, 'utf8');
  assert.equal(valuesOf(alone), ['a', 'b', 'a', 'b', 'c', 'd']);
});

test('equal rows have equal hashes, whatever their form; comparison agrees with equality', () => {
  const pair = anyType.chain((type) => fc.tuple(fc.constant(type), values(type), values(type)));
  fc.assert(
    fc.property(pair, ([type, left, right]) => {
      for (const a of forms(type, left)) {
        for (const b of forms(type, right)) {
          const ha = new Uint32Array(a.length);
          const hb = new Uint32Array(b.length);
          hashColumns([a, a], a.length, ha);
          hashColumns([b, b], b.length, hb);
          const equal = equalRows([a], [b]);
          const compare = columnComparator(a, b);
          const back = columnComparator(b, a);
          for (let i = 0; i < Math.min(a.length, 20); i++) {
            for (let j = 0; j < Math.min(b.length, 20); j++) {
              const same = key(left[i] as LiteralValue) === key(right[j] as LiteralValue);
              assert.is(equal(i, j), same, `${show(left[i] as LiteralValue)} ${show(right[j] as LiteralValue)}`);
              if (same) assert.is(ha[i], hb[j]);
              if (isValid(a, i) && isValid(b, j)) {
                const c = Math.sign(compare(i, j));
                assert.is(c === 0, same);
                assert.ok(c === -Math.sign(back(j, i)));
              }
            }
          }
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('order of values', () => {
  const ordered = (type: (typeof TYPES)[number], vals: LiteralValue[]): void => {
    for (const col of forms(type, vals)) {
      const compare = columnComparator(col, col);
      for (let i = 0; i + 1 < vals.length; i++)
        assert.ok(compare(i, i + 1) < 0, `${show(vals[i] as LiteralValue)} < ${show(vals[i + 1] as LiteralValue)}`);
    }
  };
  ordered(T.int, [-(1n << 63n), -5000000000, -1, 0, 1, 2147483648, (1n << 63n) - 1n]);
  ordered(T.decimal(38, 0), [-(10n ** 37n), -(1n << 63n), -1, 0, 4294967296, 1n << 64n, 10n ** 37n]);
  ordered(T.float, [-Infinity, -1, 0, 5e-324, 1, Infinity, NaN]);
  ordered(T.string, ['', 'a', 'ab', 'b', 'é', '日', '\uffff', '😀']);
  ordered(T.bool, [false, true]);
  ordered(T.list(T.int), [[], [1], [1, 2], [1, null], [2], [null]]);
});

test('sortComparator places nulls and reverses', () => {
  const vals = [3, null, 1, 2, null, 1];
  const other = ['a', 'b', 'z', 'c', 'a', 'y'];
  const col = columnFromValues(T.int, vals);
  const text = toDict(columnFromValues(T.string, other));
  const order = (desc: boolean, nullsFirst: boolean): number[] =>
    [0, 1, 2, 3, 4, 5].sort(
      sortComparator([
        { column: col, desc, nullsFirst },
        { column: text, desc: false, nullsFirst: false },
      ]),
    );
  assert.equal(order(false, false), [5, 2, 3, 0, 4, 1]);
  assert.equal(order(true, false), [0, 3, 5, 2, 4, 1]);
  assert.equal(order(false, true), [4, 1, 5, 2, 3, 0]);
});

test('hashes spread: top bits and low bits of running keys', () => {
  const n = 4096;
  const spread = (col: Column): void => {
    const h = new Uint32Array(n);
    hashColumns([col], n, h);
    for (const part of [(v: number): number => v >>> 26, (v: number): number => v & 63]) {
      const counts = new Int32Array(64);
      for (const v of h) counts[part(v)] = (counts[part(v)] as number) + 1;
      assert.ok(
        Math.max(...counts) < 110 && Math.min(...counts) > 25,
        `${Math.min(...counts)}..${Math.max(...counts)}`,
      );
    }
  };
  const ids = Array.from({ length: n }, (_, i) => i);
  spread(columnFromValues(T.int, ids));
  spread(
    columnFromValues(
      T.int,
      ids.map((i) => i * 65536),
    ),
  );
  spread(
    columnFromValues(
      T.int,
      ids.map((i) => BigInt(i) << 40n),
    ),
  );
  spread(
    columnFromValues(
      T.float,
      ids.map((i) => i + 0.5),
    ),
  );
  spread(
    columnFromValues(
      T.string,
      ids.map((i) => `k${i}`),
    ),
  );
});

test('batches: rows, gather of chosen columns, slice, concat', () => {
  const schema = TYPES.map((t, i) => field(`c${i}`, t));
  const row = fc.record(Object.fromEntries(schema.map((f) => [f.name, nullable(f.type)])));
  fc.assert(
    fc.property(fc.array(row, { maxLength: 20 }), (rows) => {
      const batch = batchFromRows(schema, rows);
      const same = (a: Record<string, LiteralValue>[], b: Record<string, LiteralValue>[]): void =>
        assert.equal(a.map(show), b.map(show));
      same(rowsOf(batch), rows);
      const half = rows.length >> 1;
      same(
        rowsOf(concatBatches([sliceBatch(batch, 0, half), sliceBatch(batch, half, rows.length)], schema, scratch)),
        rows,
      );
      const picked = gatherBatch(batch, Uint32Array.from(rows.keys()), rows.length, scratch, [3, 1]);
      same(
        rowsOf(picked),
        rows.map((r) => ({ c3: r.c3 as LiteralValue, c1: r.c1 as LiteralValue })),
      );
    }),
    { numRuns: 40 },
  );
});

test('strings read from shared memory', () => {
  const shared = new SharedArrayBuffer(64);
  const make = (text: string): Column => {
    const bytes = new Uint8Array(shared, 3, Buffer.byteLength(text));
    bytes.set(Buffer.from(text));
    const offsets = Int32Array.of(0, 1, 1, 4, 5, bytes.length);
    return { type: T.string, phys: 'utf8', length: 5, nullCount: 0, validity: null, offsets, bytes };
  };
  const read = (c: Column): string[] => [0, 1, 2, 3, 4].map(stringReader(c));
  assert.equal(read(make('abcdefgh')), ['a', '', 'bcd', 'e', 'fgh']);
  assert.equal(read(make('abcdeñ')), ['a', '', 'bcd', 'e', 'ñ']);
});

test('a value of the wrong kind is our bug', () => {
  fc.assert(
    fc.property(fc.constantFrom(...TYPES.filter((t) => t.kind !== 'bool')), (type) => {
      assert.throws(
        () => columnFromValues(type, [true]),
        (e: Error) => e.name === 'EngineBug',
      );
    }),
  );
});

test.run();
