import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { batchFromRows } from '../../engine/batch/build.ts';
import type { Batch } from '../../engine/batch/column.ts';
import type { LiteralValue, SortKey } from '../../engine/expr.ts';
import { kernelsFor, useKernels } from '../../engine/kernels/load.ts';
import { heapScratch } from '../../engine/memory/heap_scratch.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import { sort } from '../../engine/operators/sort.ts';
import { sortColumnsOf, sortIndices } from '../../engine/operators/sort_kernel.ts';
import { sortNormalized } from '../../engine/operators/sort_normal.ts';
import { testStore } from '../../engine/store/store.ts';
import type { Schema } from '../../engine/types.ts';
import { field, T } from '../../engine/types.ts';
import { inArena } from '../kernels/arena.ts';
import type { Row } from './harness.ts';
import { runSort, SETTINGS, sameRows } from './harness.ts';
import { ALL_TYPES, tables } from './tables.ts';

function key(schema: Schema, name: string, desc = false, nullsFirst = false): SortKey {
  const f = schema.find((x) => x.name === name) as Schema[number];
  return { expr: { kind: 'column', name, type: f.type, nullable: f.nullable }, desc, nullsFirst };
}

function compareValues(a: LiteralValue, b: LiteralValue): number {
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
  if (a instanceof Uint8Array) return Buffer.compare(a, b as Uint8Array);
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
}

/** The plain meaning: stable, nulls last unless nulls first, in both directions. */
function naive(rows: readonly Row[], keys: readonly SortKey[]): Row[] {
  return rows.toSorted((a, b) => {
    for (const k of keys) {
      const name = (k.expr as { name: string }).name;
      const x = a[name] as LiteralValue;
      const y = b[name] as LiteralValue;
      if (x === null || y === null) {
        if (x === y) continue;
        return (x === null) === k.nullsFirst ? -1 : 1;
      }
      const c = compareValues(x, y);
      if (c !== 0) return k.desc ? -c : c;
    }
    return 0;
  });
}

const numbered = (rows: readonly Row[]): Row[] => rows.map((r, i) => ({ ...r, row: i }));

test('indices are stable and right for every ordered type and every direction', () => {
  const schema: Schema = [...ALL_TYPES, field('raw', T.bytes)];
  const names = schema.map((f) => f.name);
  const keyOf = fc
    .tuple(fc.constantFrom(...names), fc.boolean(), fc.boolean())
    .map(([n, d, f]) => key(schema, n, d, f));
  fc.assert(
    fc.property(tables(schema, ['k', 's', 'b'], 200), fc.array(keyOf, { minLength: 1, maxLength: 3 }), (rows, keys) => {
      const input = numbered(rows);
      const order = [...sortIndices(batchFromRows(schema, rows), keys, heapScratch())];
      assert.equal(
        order,
        naive(input, keys).map((r) => r.row),
      );
    }),
    { numRuns: 300 },
  );
});

test('row numbers of sorted elements: as many as there are, and nothing behind them', () => {
  const store = testStore();
  const scratch = arenaScratch(store);
  const mask = 0xffff;
  fc.assert(
    fc.property(fc.array(fc.nat(mask), { maxLength: 40 }), fc.constantFrom(8, 16), (numbers, width) => {
      const n = numbers.length;
      const elements = scratch.u32((width / 4) * (n + 1));
      const words = width / 4;
      numbers.forEach((v, i) => {
        elements[i * words + (width === 8 ? 0 : 2)] = (0xabcd0000 | v) >>> 0;
      });
      const order = scratch.u32(n + 4).fill(77);
      const kernels = kernelsFor(elements, order);
      assert.ok(kernels !== null);
      kernels.sort_order(elements.byteOffset, width, mask, n, order.byteOffset);
      assert.equal([...order], [...numbers, 77, 77, 77, 77]);
      scratch.reset();
    }),
  );
  scratch.release();
  store.close();
});

/** The order by kernels, and by the path without them, of the same batch in arena memory. */
function orders(batch: Batch, keys: readonly SortKey[]): { readonly fast: number[]; readonly plain: number[] } {
  const store = testStore();
  const scratch = arenaScratch(store);
  try {
    const here = inArena(batch, scratch);
    assert.ok(sortNormalized(sortColumnsOf(here, keys), batch.rows, scratch) !== null, 'no kernels');
    const fast = [...sortIndices(here, keys, scratch)];
    useKernels(false);
    return { fast, plain: [...sortIndices(here, keys, scratch)] };
  } finally {
    useKernels(true);
    scratch.release();
    store.close();
  }
}

test('kernels give the order of the path without them, for every type, direction and number of keys', () => {
  const schema: Schema = [...ALL_TYPES, field('raw', T.bytes)];
  const names = schema.map((f) => f.name);
  const keyOf = fc
    .tuple(fc.constantFrom(...names), fc.boolean(), fc.boolean())
    .map(([n, d, f]) => key(schema, n, d, f));
  fc.assert(
    fc.property(
      tables(schema, ['k', 's', 'b'], 400).filter((rows) => rows.length > 0),
      fc.array(keyOf, { minLength: 1, maxLength: 4 }),
      (rows, keys) => {
        const { fast, plain } = orders(batchFromRows(schema, rows), keys);
        assert.equal(fast, plain);
      },
    ),
    { numRuns: 150 },
  );
});

test('kernels sort many rows of any distribution, as wide and as narrow words', () => {
  const schema: Schema = [field('a', T.int), field('b', T.int), field('f', T.float), field('s', T.string)];
  const distributions: ((i: number, r: number) => Row)[] = [
    (_i, r) => ({ a: Math.floor(r * 2 ** 52), b: null, f: r - 0.5, s: `${r}` }),
    (i) => ({ a: i, b: -i, f: -i, s: 'alike' }),
    (i, r) => ({ a: 7, b: r < 0.9 ? 0 : Math.floor(r * 1e15), f: r < 0.5 ? 0 : 1 / r, s: r < 0.99 ? '' : `${i}` }),
    (i, r) => ({
      a: i % 3 === 0 ? null : Math.floor(2 ** (r * 50)),
      b: i % 2,
      f: i % 5 === 0 ? Number.NaN : 2 ** (r * 100),
      s: `${'prefix of many bytes '.repeat(1 + (i % 3))}${Math.floor(r * 50)}${'\0'.repeat(i % 4)}`,
    }),
  ];
  let seed = 1;
  const random = (): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return seed / 2 ** 32;
  };
  const keySets = [
    [key(schema, 'a')],
    [key(schema, 'f', true)],
    [key(schema, 's')],
    [key(schema, 'b', true, true), key(schema, 'a')],
    [key(schema, 's', true), key(schema, 'f'), key(schema, 'a', true)],
  ];
  for (const n of [1, 25, 3000, 140_000]) {
    for (const row of n > 10_000 ? distributions.slice(2) : distributions) {
      const batch = batchFromRows(
        schema,
        Array.from({ length: n }, (_, i) => row(i, random())),
      );
      for (const keys of n > 10_000 ? keySets.slice(0, 3) : keySets) {
        const { fast, plain } = orders(batch, keys);
        assert.equal(
          Buffer.compare(Buffer.from(Uint32Array.from(fast).buffer), Buffer.from(Uint32Array.from(plain).buffer)),
          0,
        );
      }
    }
  }
});

test('texts that agree for long, or end one in the other', () => {
  const schema: Schema = [field('s', T.string)];
  const long = 'z'.repeat(400);
  const texts = Array.from(
    { length: 500 },
    (_, i) => [long.slice(0, (i * 7) % 401), `${long}${i % 9}`, `${'\0'.repeat(i % 20)}`][i % 3] as string,
  );
  for (const desc of [false, true]) {
    const rows = texts.map((s): Row => ({ s }));
    const { fast, plain } = orders(batchFromRows(schema, rows), [key(schema, 's', desc)]);
    assert.equal(fast, plain);
    assert.equal(
      fast,
      naive(numbered(rows), [key(schema, 's', desc)]).map((r) => r.row),
    );
  }
});

test('NaN is the greatest number, -0 equals 0', () => {
  const schema: Schema = [field('f', T.float)];
  const rows: Row[] = [
    Number.NaN,
    0,
    -0,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    -1,
    null,
    -Number.NaN,
    1,
  ].map((f) => ({ f }));
  const batch = batchFromRows(schema, rows);
  assert.equal([...sortIndices(batch, [key(schema, 'f')], heapScratch())], [4, 5, 1, 2, 8, 3, 0, 7, 6]);
  assert.equal([...sortIndices(batch, [key(schema, 'f', true)], heapScratch())], [0, 7, 3, 8, 1, 2, 5, 4, 6]);
  assert.equal([...sortIndices(batch, [key(schema, 'f', true, true)], heapScratch())], [6, 0, 7, 3, 8, 1, 2, 5, 4]);
});

test('dictionary strings sort as their text', () => {
  const schema: Schema = [field('s', T.string)];
  const texts = ['pear', 'apple', 'fig', 'apple and more', 'apple'];
  const entries = batchFromRows(
    schema,
    ['fig', 'apple and more', 'pear', 'apple', 'unused'].map((s) => ({ s })),
  ).columns[0];
  if (entries?.phys !== 'utf8') throw new Error('not utf8');
  for (const rows of [texts, texts.slice(0, 2)]) {
    const codes = Int32Array.from(rows, (t) => ['fig', 'apple and more', 'pear', 'apple'].indexOf(t));
    const column = {
      type: T.string,
      phys: 'dict',
      length: rows.length,
      nullCount: 0,
      validity: null,
      codes,
      dictionary: entries,
    } as const;
    const order = [...sortIndices({ schema, rows: rows.length, columns: [column] }, [key(schema, 's')], heapScratch())];
    assert.equal(
      order,
      rows.map((_, i) => i).toSorted((a, b) => compareValues(rows[a] as string, rows[b] as string)),
    );
  }
});

test('many texts of any length with long shared beginnings and zero bytes', () => {
  const schema: Schema = [field('s', T.string)];
  const part = fc.constantFrom(
    '',
    '\0',
    '\0\0',
    'a',
    'ab',
    'https://example.org/',
    'x'.repeat(31),
    'x'.repeat(32),
    'y'.repeat(70),
    'é',
    '\u{1f600}',
  );
  const text = fc.array(part, { maxLength: 5 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(
      fc.array(fc.option(text, { freq: 20 }), { minLength: 30, maxLength: 400 }),
      fc.boolean(),
      (texts, desc) => {
        const rows = texts.map((s): Row => ({ s }));
        const keys = [key(schema, 's', desc)];
        const order = [...sortIndices(batchFromRows(schema, rows), keys, heapScratch())];
        assert.equal(
          order,
          naive(numbered(rows), keys).map((r) => r.row),
        );
      },
    ),
    { numRuns: 100 },
  );
});

test('runs are merged stably, whatever the memory and the cuts', async () => {
  const schema: Schema = [...ALL_TYPES, field('row', T.int, false)];
  const keyOf = fc
    .tuple(fc.constantFrom('k', 's', 'i', 'f', 'd', 'h', 'b', 'day', 'at'), fc.boolean(), fc.boolean())
    .map(([n, d, f]) => key(schema, n, d, f));
  const cases = fc.tuple(
    tables(ALL_TYPES, ['k', 's', 'b', 'f']),
    fc.array(keyOf, { minLength: 1, maxLength: 2 }),
    fc.option(fc.nat(40)),
    fc.nat(SETTINGS.length - 1),
  );
  await fc.assert(
    fc.asyncProperty(cases, async ([rows, keys, limit, at]) => {
      const input = numbered(rows);
      const expected = naive(input, keys).slice(0, limit ?? rows.length);
      sameRows(
        await runSort(sort, { keys, limit }, input, schema, SETTINGS[at] as (typeof SETTINGS)[number]),
        expected,
      );
    }),
    { numRuns: 60 },
  );
});

test('many runs under little memory are merged in passes', async () => {
  const schema: Schema = [field('k', T.int), field('s', T.string), field('row', T.int, false)];
  const rows = numbered(
    Array.from({ length: 30000 }, (_, i) => ({ k: (i * 7919) % 501, s: i % 7 === 0 ? null : `text ${i % 977}` })),
  );
  const keys = [key(schema, 'k', true), key(schema, 's')];
  const expected = naive(rows, keys);
  for (const [limit, bits] of [
    [null, 2],
    [null, 0],
    [5000, 0],
  ] as const) {
    const setting = { grant: 20 << 10, batchRows: 500, tasks: 4, bits };
    sameRows(await runSort(sort, { keys, limit }, rows, schema, setting), expected.slice(0, limit ?? rows.length));
  }
});

test.run();
