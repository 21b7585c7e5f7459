// Kernels that write Parquet's pages, against those that read them and plain JavaScript.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lz4Frame } from '../../engine/formats/lz4.ts';
import { type Kernels, kernelsFor } from '../../engine/kernels/load.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import { testStore } from '../../engine/store/store.ts';

const scratch = arenaScratch(testStore());
const kernels = kernelsFor(scratch.u8(1)) as Kernels;
const SLACK = 64;
const GUARD = 0xa7;
const NONE = 0xffffffff;

function placed(bytes: ArrayLike<number>): Uint8Array {
  const room = scratch.u8(bytes.length + SLACK).fill(GUARD);
  room.set(bytes);
  return room.subarray(0, bytes.length);
}

/** Bytes with matches near and far, overlapping ones, and stretches without any. */
const content = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((b) => [...b]),
      fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 300 })).map(([v, n]) => new Array<number>(n).fill(v)),
      fc
        .constantFrom('the same words ', 'ab', 'some other words that are longer than sixty-four bytes in one match, ')
        .map((t) => [...Buffer.from(t)]),
    ),
    { maxLength: 60 },
  )
  .map((parts) => Uint8Array.from(parts.flat()));

function snappy(bytes: Uint8Array): void {
  const from = placed(bytes);
  const most = 32 + bytes.length + Math.ceil(bytes.length / 6);
  const to = scratch.u8(most + SLACK).fill(GUARD);
  const size = kernels.snappy_encode(from.byteOffset, bytes.length, to.byteOffset, scratch.u8(32 << 10).byteOffset);
  assert.ok(size <= most);
  assert.is(to[most], GUARD);
  const back = scratch.u8(bytes.length + SLACK);
  assert.is(kernels.snappy_decode(to.byteOffset, size, back.byteOffset, bytes.length), 1);
  assert.ok(Buffer.compare(back.subarray(0, bytes.length), bytes) === 0);
}

function lz4(bytes: Uint8Array): void {
  const from = placed(bytes);
  const most = 16 + bytes.length + Math.ceil(bytes.length / 255);
  const to = scratch.u8(most + SLACK).fill(GUARD);
  const size = kernels.lz4_encode(from.byteOffset, bytes.length, to.byteOffset, scratch.u8(32 << 10).byteOffset);
  assert.ok(size <= most);
  assert.is(to[most], GUARD);
  const own = scratch.u8(bytes.length + SLACK);
  assert.is(kernels.lz4_decode(to.byteOffset, size, own.byteOffset, bytes.length), 1);
  assert.ok(Buffer.compare(own.subarray(0, bytes.length), bytes) === 0);
  if (size > 0)
    assert.is(kernels.lz4_decode(to.byteOffset, size - 1, own.byteOffset, bytes.length), bytes.length === 0 ? 1 : 0);
  const head = Buffer.alloc(11);
  head.writeUInt32LE(0x184d2204);
  head[4] = 0x40;
  head.writeUInt32LE(size, 7);
  const frame = Buffer.concat([head, to.slice(0, size), Buffer.alloc(4)]);
  assert.ok(Buffer.compare(lz4Frame(frame, bytes.length), bytes) === 0);
}

test('what is compressed comes back', () => {
  fc.assert(
    fc.property(content, (bytes) => {
      snappy(bytes);
      lz4(bytes);
      scratch.reset();
    }),
    { numRuns: 300, seed: 1 },
  );
  // Over the ends of fragments, and literals of every length.
  let seed = 1;
  const noise = new Uint8Array(200000);
  for (let i = 0; i < noise.length; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    noise[i] = seed >>> 24;
  }
  const words = Uint8Array.from({ length: 200000 }, (_, i) => 97 + ((i * i) % 19) + ((noise[i] as number) % 2));
  for (const all of [noise, words, new Uint8Array(200000)]) {
    for (const n of [0, 1, 14, 15, 16, 59, 60, 61, 62, 255, 256, 257, 258, 65535, 65536, 65537, 200000]) {
      snappy(all.subarray(0, n));
      lz4(all.subarray(0, n));
      scratch.reset();
    }
  }
});

test('levels and codes are read as they were packed', () => {
  const runs = fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(12), fc.nat(40))), { maxLength: 30 });
  fc.assert(
    fc.property(runs, fc.integer({ min: 1, max: 32 }), (parts, width) => {
      const values = Uint32Array.from(parts.flatMap(([v, n]) => new Array<number>(n).fill(Math.floor(v % 2 ** width))));
      const n = values.length;
      const state = scratch.i32(8);
      const check = (at: Uint8Array, size: number): void => {
        state.fill(0);
        state.set([at.byteOffset, at.byteOffset + size, width]);
        const out = scratch.u32(n + 16);
        if (n > 0) assert.is(kernels.parquet_codes(state.byteOffset, n, out.byteOffset), 1);
        assert.equal(out.slice(0, n), values);
      };
      const codes = scratch.u32(n + 1);
      codes.set(values);
      const out = scratch.u8(5 * n + 32 + SLACK);
      check(out, kernels.parquet_pack_4(codes.byteOffset, n, width, out.byteOffset));
      if (width <= 8) {
        const levels = placed(values);
        check(out, kernels.parquet_pack_1(levels.byteOffset, n, width, out.byteOffset));
      }
      scratch.reset();
    }),
    { numRuns: 300, seed: 2 },
  );
});

test('least and greatest', () => {
  const texts = fc.array(
    fc.oneof(
      fc.string({ maxLength: 3 }),
      fc.string({ minLength: 7, maxLength: 20 }),
      fc.constantFrom('', 'abcdefgh', 'abcdefghi', 'abcdefgh\0'),
    ),
    {
      minLength: 1,
      maxLength: 20,
    },
  );
  fc.assert(
    fc.property(texts, (all) => {
      const bytes = all.map((t) => Buffer.from(t));
      const plain = placed(Buffer.concat(bytes.flatMap((b) => [Buffer.from(Uint32Array.of(b.length).buffer), b])));
      const sorted = [...bytes].sort(Buffer.compare);
      const out = scratch.u32(4);
      const check = (): void => {
        const [low, lowSize, high, highSize] = out as unknown as [number, number, number, number];
        const at = (a: number, n: number): Buffer => Buffer.from(new Uint8Array(kernels.memory.buffer, a, n));
        assert.ok(at(low, lowSize).equals(sorted[0] as Buffer));
        assert.ok(at(high, highSize).equals(sorted[sorted.length - 1] as Buffer));
      };
      kernels.parquet_extremes_texts(plain.byteOffset, NONE, NONE, all.length, out.byteOffset);
      check();
      const ends = scratch.u32(all.length + 1);
      ends[0] = 0;
      bytes.forEach((b, i) => {
        ends[i + 1] = (ends[i] as number) + b.length;
      });
      const codes = scratch.u32(all.length);
      codes.forEach((_, i) => {
        codes[i] = all.length - 1 - i;
      });
      const joined = placed(Buffer.concat(bytes));
      kernels.parquet_extremes_texts(joined.byteOffset, ends.byteOffset, codes.byteOffset, all.length, out.byteOffset);
      check();
      scratch.reset();
    }),
    { numRuns: 200, seed: 3 },
  );
  fc.assert(
    fc.property(fc.array(fc.bigInt(-(1n << 63n), (1n << 63n) - 1n), { minLength: 1, maxLength: 40 }), (all) => {
      const sorted = [...all].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
      const values = scratch.i64(all.length);
      values.set(all);
      const out = scratch.i64(2);
      kernels.parquet_extremes_8(values.byteOffset, all.length, out.byteOffset);
      assert.equal([...out], [sorted[0], sorted[sorted.length - 1]]);
      const narrow = scratch.i32(all.length);
      all.forEach((v, i) => {
        narrow[i] = Number(BigInt.asIntN(32, v));
      });
      const words = scratch.i32(2);
      kernels.parquet_extremes_4(narrow.byteOffset, all.length, words.byteOffset);
      assert.equal([...words], [Math.min(...narrow), Math.max(...narrow)]);
      // Of big-endian bytes, one more than the values have.
      const wide = scratch.u8(9 * all.length + SLACK);
      kernels.parquet_big_endian(values.byteOffset, 8, NONE, 0, all.length, 9, wide.byteOffset);
      const places = scratch.u32(2);
      kernels.parquet_extremes_wide(wide.byteOffset, all.length, 9, places.byteOffset);
      const read = (at: number): bigint => {
        let v = 0n;
        for (const b of new Uint8Array(kernels.memory.buffer, at, 9)) v = (v << 8n) | BigInt(b);
        return BigInt.asIntN(72, v);
      };
      assert.equal([...places].map(read), [sorted[0], sorted[sorted.length - 1]]);
      scratch.reset();
    }),
    { numRuns: 200, seed: 4 },
  );
});

test.run();
