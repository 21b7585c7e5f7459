// Every kernel against the path without it, on the same columns in the same memory.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { countOnes } from '../../engine/batch/bitmap.ts';
import { columnFromValues } from '../../engine/batch/build.ts';
import { encodeBatch, encodedSize } from '../../engine/batch/codec.ts';
import type { Column } from '../../engine/batch/column.ts';
import { gatherColumn, NO_ROW } from '../../engine/batch/gather.ts';
import { hashColumns } from '../../engine/batch/hash.ts';
import type { LiteralValue } from '../../engine/expr.ts';
import { kernelsFor, kernelsOf, useKernels } from '../../engine/kernels/load.ts';
import { bufferOf, memoryOf } from '../../engine/kernels/memories.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import { orderByPartition } from '../../engine/shuffle/hash.ts';
import { testStore } from '../../engine/store/store.ts';
import type { DataType } from '../../engine/types.ts';
import { field, T } from '../../engine/types.ts';
import { toDict, typedValues, valueOf, values } from '../batch/arbitrary.ts';
import { columnInArena } from './arena.ts';

const store = testStore();
const scratch = arenaScratch(store);

function both<V>(f: () => V): { readonly fast: V; readonly plain: V } {
  useKernels(true);
  const fast = f();
  useKernels(false);
  const plain = f();
  useKernels(true);
  return { fast, plain };
}

function encoded(col: Column): string {
  const batch = { schema: [field('c', col.type)], rows: col.length, columns: [col] };
  const bytes = new Uint8Array(encodedSize(batch));
  encodeBatch(batch, bytes);
  return Buffer.from(bytes).toString('hex');
}

test('the build has kernels, and arena memory finds them', () => {
  const k = kernelsFor(scratch.u8(10), scratch.u32(10), null);
  assert.ok(k !== null);
  assert.is(kernelsFor(scratch.u8(10), new Uint8Array(10)), null);
  assert.is(kernelsFor(new Uint8Array(10)), null);
  scratch.reset();
});

test('picked strings: nothing is written beyond them, and they may lie at the end of the memory', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const k = kernelsOf(memory);
  assert.ok(k !== null);
  const whole = new Uint8Array(bufferOf(memory));
  const lengths = fc.array(fc.oneof(fc.nat(40), fc.constantFrom(0, 15, 16, 17, 31, 32, 33, 250)), {
    minLength: 1,
    maxLength: 60,
  });
  fc.assert(
    fc.property(lengths, fc.array(fc.nat(), { maxLength: 90 }), fc.boolean(), (sizes, picks, runs) => {
      const total = sizes.reduce((a, b) => a + b, 0);
      const from = whole.length - total;
      for (let i = 0; i < total; i++) whole[from + i] = (i * 7 + 1) & 0xff;
      const offsets = new Uint32Array(whole.buffer, 0, sizes.length + 1);
      sizes.forEach((n, i) => {
        offsets[i + 1] = (offsets[i] as number) + n;
      });
      const rows = new Uint32Array(whole.buffer, 1024, picks.length);
      picks.forEach((p, i) => {
        const after = runs && i > 0 ? (rows[i - 1] as number) + 1 : p;
        rows[i] = p % 11 === 0 ? NO_ROW : after % sizes.length;
      });
      const target = new Uint32Array(whole.buffer, 2048, picks.length + 1);
      const end = k.gather_offsets(0, 1024, picks.length, 2048);
      const out = 4096;
      whole.fill(0xee, out, out + end + 64);
      k.gather_bytes(0, from, 1024, picks.length, target.byteOffset, out);
      const expected = [...rows].flatMap((r) =>
        r === NO_ROW ? [] : [...whole.subarray(from + (offsets[r] as number), from + (offsets[r + 1] as number))],
      );
      assert.equal([...whole.subarray(out, out + end + 64)], [...expected, ...new Array<number>(64).fill(0xee)]);
    }),
    { numRuns: 300 },
  );
});

test('views made before a memory grew are found; two memories have no kernels in common', () => {
  const make = (): WebAssembly.Memory => new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
  const memory = make();
  const before = new Uint8Array(bufferOf(memory), 0, 64);
  memory.grow(1);
  const after = new Uint8Array(bufferOf(memory), 65536, 64);
  assert.is(memoryOf(before), memory);
  assert.is(kernelsFor(before, after), kernelsOf(memory));
  const other = new Uint8Array(bufferOf(make()), 0, 64);
  assert.is(kernelsFor(before, other), null);
});

test('hashes are those of the path without kernels', () => {
  fc.assert(
    fc.property(fc.array(typedValues, { minLength: 1, maxLength: 3 }), (lists) => {
      const rows = Math.min(...lists.map((l) => l.values.length));
      const cols = lists.map((l) => columnInArena(columnFromValues(l.type, l.values.slice(0, rows)), scratch));
      const { fast, plain } = both(() => {
        const out = scratch.u32(rows);
        hashColumns(cols, rows, out);
        return [...out];
      });
      assert.equal(fast, plain);
      scratch.reset();
    }),
    { numRuns: 400 },
  );
});

/** A column of `n` rows that repeats generated values. */
function long(type: DataType, items: readonly LiteralValue[], n: number): Column {
  const all = Array.from({ length: n }, (_, i) => items[(i * 7 + (i >> 5)) % items.length] as LiteralValue);
  return columnFromValues(type, all);
}

test('hashes of long columns, with nulls and without', () => {
  for (const type of [T.int, T.float, T.decimal(38, 2), T.bool, T.string, T.date, T.timestamp, T.interval]) {
    const items = [...fc.sample(valueOf(type), { numRuns: 97, seed: 1 })];
    for (const some of [items, [...items, null]]) {
      for (const n of [2047, 2048, 2049, 5003]) {
        const col = columnInArena(long(type, some, n), scratch);
        const { fast, plain } = both(() => {
          const out = scratch.u32(n);
          hashColumns([col, col], n, out);
          return Buffer.from(out).toString('hex');
        });
        assert.is(fast, plain, `${type.kind} ${n}`);
        scratch.reset();
      }
    }
  }
});

test('gathered columns are byte for byte those of the path without kernels', () => {
  const picks = fc.array(fc.option(fc.nat(), { nil: null, freq: 8 }), { maxLength: 140 });
  fc.assert(
    fc.property(typedValues, fc.boolean(), picks, fc.boolean(), ({ type, values: list }, dict, picked, runs) => {
      const built = columnFromValues(type, list);
      const col = columnInArena(dict && type.kind === 'string' ? toDict(built) : built, scratch);
      const rows = scratch.u32(picked.length);
      picked.forEach((p, i) => {
        const next = runs && i % 5 !== 0 ? (rows[i - 1] as number) + 1 : p;
        rows[i] = p === null || list.length === 0 ? NO_ROW : ((next ?? 0) >>> 0) % list.length;
      });
      const { fast, plain } = both(() => encoded(gatherColumn(col, rows, picked.length, scratch)));
      assert.is(fast, plain);
      scratch.reset();
    }),
    { numRuns: 600 },
  );
});

test('gathering strings of all lengths', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 300 }), { minLength: 1, maxLength: 20 }), (texts) => {
      const col = columnInArena(columnFromValues(T.string, texts), scratch);
      const rows = scratch.u32(64);
      for (let i = 0; i < 64; i++) rows[i] = (i * 5) % texts.length;
      const { fast, plain } = both(() => encoded(gatherColumn(col, rows, 64, scratch)));
      assert.is(fast, plain);
      scratch.reset();
    }),
  );
});

test('rows are ordered by partition alike', () => {
  const hashes = fc.array(fc.integer({ min: 0, max: 0xffffffff }), { maxLength: 200 });
  fc.assert(
    fc.property(hashes, fc.integer({ min: 1, max: 10 }), fc.integer({ min: 0, max: 20 }), (list, bits, skip) => {
      const view = scratch.u32(list.length);
      view.set(list);
      const { fast, plain } = both(() => {
        const starts = scratch.u32(2 ** bits + 1);
        const order = scratch.u32(list.length);
        orderByPartition(view, 17, bits, skip, starts, order, scratch);
        return { starts: [...starts], order: [...order] };
      });
      assert.equal(fast, plain);
      scratch.reset();
    }),
  );
});

test('counting bits and moving offsets', () => {
  const k = kernelsFor(scratch.u8(1));
  assert.ok(k !== null);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.nat(), fc.nat(), (bytes, a, b) => {
      const bits = scratch.u8(bytes.length);
      bits.set(bytes);
      const [from, to] = [a % (8 * bytes.length), b % (8 * bytes.length + 1)];
      assert.is(k.count_ones(bits.byteOffset, from, to), countOnes(bits, from, to));
      scratch.reset();
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.integer(), { maxLength: 20 }), fc.integer(), (list, by) => {
      const [from, to] = [scratch.i32(list.length), scratch.i32(list.length)];
      from.set(list);
      k.add_i32(from.byteOffset, list.length, by, to.byteOffset);
      assert.equal([...to], [...Int32Array.from(list, (v) => v + by)]);
      scratch.reset();
    }),
  );
});

test('hashes of a random column of every type at every short length', () => {
  for (const type of [T.int, T.float, T.string, T.bool]) {
    const [list] = fc.sample(values(type), { numRuns: 1, seed: 7 }) as [LiteralValue[]];
    for (let n = 0; n <= Math.min(list.length, 20); n++) {
      const col = columnInArena(columnFromValues(type, list.slice(0, n)), scratch);
      const { fast, plain } = both(() => {
        const out = scratch.u32(n);
        hashColumns([col], n, out);
        return [...out];
      });
      assert.equal(fast, plain);
    }
    scratch.reset();
  }
});

test.run();
