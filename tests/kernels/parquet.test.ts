// Kernels that read Parquet's pages, against plain JavaScript.
import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { getBit } from '../../engine/batch/bitmap.ts';
import { type Kernels, kernelsFor } from '../../engine/kernels/load.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import { testStore } from '../../engine/store/store.ts';

const scratch = arenaScratch(testStore());
const kernels = kernelsFor(scratch.u8(1)) as Kernels;
const SLACK = 64;
const GUARD = 0xa7;

/** The bytes in the arena, with room for kernels behind them. */
function placed(bytes: ArrayLike<number>): Uint8Array {
  const room = scratch.u8(bytes.length + SLACK).fill(GUARD);
  room.set(bytes);
  return room.subarray(0, bytes.length);
}

function varint(v: number): number[] {
  const out: number[] = [];
  for (let rest = v; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...out, rest];
    out.push((rest % 128) | 128);
  }
}

function packed(values: readonly number[], width: number): number[] {
  const out: number[] = new Array((values.length * width + 7) >> 3).fill(0);
  values.forEach((v, i) => {
    for (let b = 0; b < width; b++) {
      const bit = i * width + b;
      if (Math.floor(v / 2 ** b) % 2 === 1) out[bit >> 3] = (out[bit >> 3] as number) | (1 << (bit & 7));
    }
  });
  return out;
}

interface Run {
  readonly packed: boolean;
  readonly values: readonly number[];
}

/** Runs as Parquet writes them, and the values they stand for. */
function hybrid(runs: readonly Run[], width: number): { bytes: number[]; values: number[] } {
  const bytes: number[] = [];
  const values: number[] = [];
  for (const run of runs) {
    if (run.packed) {
      const padded = [...run.values, ...new Array((8 - (run.values.length % 8)) % 8).fill(0)];
      bytes.push(...varint(((padded.length >> 3) << 1) | 1), ...packed(padded, width));
      values.push(...padded);
    } else {
      const [value] = run.values as [number];
      bytes.push(...varint(run.values.length << 1));
      for (let b = 0; b < width; b += 8) bytes.push(Math.floor(value / 2 ** b) % 256);
      values.push(...run.values.map(() => value));
    }
  }
  return { bytes, values };
}

function runsOf(width: number): fc.Arbitrary<Run[]> {
  const max = 2 ** width - 1;
  const value = fc.oneof(fc.constantFrom(0, max), fc.integer({ min: 0, max }));
  const lengths = fc.constantFrom(1, 2, 7, 8, 9, 31, 64, 200, 1100);
  const run = fc
    .tuple(fc.boolean(), lengths, fc.array(value, { minLength: 1, maxLength: 20 }))
    .map(([p, n, some]): Run => {
      return { packed: p, values: Array.from({ length: n }, (_, i) => some[i % some.length] as number) };
    });
  return fc.array(run, { minLength: 1, maxLength: 6 });
}

function stateOver(bytes: Uint8Array, width: number): Int32Array {
  const state = scratch.i32(8).fill(0);
  state.set([bytes.byteOffset, bytes.byteOffset + bytes.length, width]);
  return state;
}

const cases = fc
  .integer({ min: 0, max: 32 })
  .chain((width) =>
    fc.tuple(fc.constant(width), runsOf(width), fc.array(fc.constantFrom(1, 3, 8, 13, 100, 1024), { minLength: 1 })),
  );

/** Calls `take` with pieces of [0, n) of the given sizes, over and over. */
function inPieces(n: number, sizes: readonly number[], take: (from: number, count: number) => void): void {
  for (let at = 0, i = 0; at < n; i++) {
    const count = Math.min(n - at, sizes[i % sizes.length] as number);
    take(at, count);
    at += count;
  }
}

test('runs and packed values of any width, taken in pieces', () => {
  fc.assert(
    fc.property(cases, ([width, runs, sizes]) => {
      scratch.reset();
      const { bytes, values } = hybrid(runs, width);
      const state = stateOver(placed(bytes), width);
      const out = scratch.u32(values.length + 4).fill(GUARD);
      inPieces(values.length, sizes, (from, n) => {
        assert.is(kernels.parquet_codes(state.byteOffset, n, out.byteOffset + 4 * from), 1);
      });
      assert.equal([...out.subarray(0, values.length)], values);
      assert.equal([...out.subarray(values.length)], [GUARD, GUARD, GUARD, GUARD]);
      assert.is(kernels.parquet_codes(state.byteOffset, 1, out.byteOffset), 0, 'there are no more');
    }),
  );
});

test('runs cut off anywhere, or of any bytes, are refused or give what is there', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.tuple(cases, fc.nat()).map(([[width, runs], cut]) => {
      const whole = hybrid(runs, width).bytes;
      return Uint8Array.from(whole.slice(0, cut % (whole.length + 1)));
    }),
  );
  fc.assert(
    fc.property(bytes, fc.integer({ min: 0, max: 32 }), fc.constantFrom(1, 8, 500), (some, width, n) => {
      scratch.reset();
      const state = stateOver(placed(some), width);
      const out = scratch.u32(n + 1).fill(GUARD);
      kernels.parquet_codes(state.byteOffset, n, out.byteOffset);
      assert.is(out[n], GUARD);
      const levels = stateOver(placed(some), 1);
      const bits = scratch.bitmap(n + 64, false);
      const ones = kernels.parquet_levels(levels.byteOffset, n, bits.byteOffset, 0);
      assert.ok(ones >= -1 && ones <= n);
      for (let i = n; i < n + 64; i++) assert.not.ok(getBit(bits, i));
    }),
  );
});

test('levels become a bitmap at any place', () => {
  const sizes = fc.array(fc.constantFrom(1, 3, 8, 13, 100, 1024), { minLength: 1 });
  fc.assert(
    fc.property(runsOf(1), sizes, fc.nat(70), (runs, pieces, first) => {
      scratch.reset();
      const { bytes, values } = hybrid(runs, 1);
      const state = stateOver(placed(bytes), 1);
      const bits = scratch.bitmap(first + values.length + 64, false);
      let ones = 0;
      inPieces(values.length, pieces, (from, n) => {
        ones += kernels.parquet_levels(state.byteOffset, n, bits.byteOffset, first + from);
      });
      assert.is(
        ones,
        values.reduce((a, b) => a + b, 0),
      );
      for (let i = 0; i < first + values.length + 64; i++)
        assert.is(getBit(bits, i), values[i - first] === 1, `bit ${i}`);
    }),
  );
});

test('entries of dictionaries of both widths; codes beyond are refused', () => {
  fc.assert(
    fc.property(cases, fc.integer({ min: 1, max: 300 }), ([, , sizes], size) => {
      scratch.reset();
      const width = Math.ceil(Math.log2(size + 1));
      const codes = Array.from({ length: 3000 }, (_, i) => (i * 7919) % size);
      const { bytes } = hybrid([{ packed: true, values: codes }], width);
      const four = scratch.i32(size).map((_, i) => i * i - 9);
      const eight = scratch.f64(size).map((_, i) => i / 3);
      scratch.reset();
      const inArena = placed(bytes);
      const small = scratch.i32(size);
      const large = scratch.f64(size);
      small.set(four);
      large.set(eight);
      const ints = scratch.i32(codes.length);
      const floats = scratch.f64(codes.length);
      const a = stateOver(inArena, width);
      const b = stateOver(inArena, width);
      inPieces(codes.length, sizes, (from, n) => {
        assert.is(kernels.parquet_lookup_4(a.byteOffset, n, small.byteOffset, size, ints.byteOffset + 4 * from), 1);
        assert.is(kernels.parquet_lookup_8(b.byteOffset, n, large.byteOffset, size, floats.byteOffset + 8 * from), 1);
      });
      assert.equal(
        [...ints],
        codes.map((c) => four[c]),
      );
      assert.equal(
        [...floats],
        codes.map((c) => eight[c]),
      );
      if (size === 1) return;
      const short = stateOver(inArena, width);
      assert.is(kernels.parquet_lookup_4(short.byteOffset, size, small.byteOffset, size - 1, ints.byteOffset), 0);
    }),
    { numRuns: 50 },
  );
});

test('values are spread over the rows that have one', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 200 }), fc.nat(9), (rows, first) => {
      scratch.reset();
      const n = rows.length;
      const bits = scratch.bitmap(first + n, false);
      rows.forEach((r, i) => {
        if (r) bits[(first + i) >> 3] = (bits[(first + i) >> 3] as number) | (1 << ((first + i) & 7));
      });
      const count = rows.filter((r) => r).length;
      let next = 0;
      const expected = rows.map((r) => (r ? ++next : 0));
      const four = scratch.i32(n).map((_, i) => i + 1);
      const eight = scratch.f64(n).map((_, i) => i + 1);
      const ints = scratch.i32(n);
      const floats = scratch.f64(n);
      ints.set(four);
      floats.set(eight);
      kernels.parquet_spread_4(ints.byteOffset, bits.byteOffset, first, n, count);
      kernels.parquet_spread_8(floats.byteOffset, bits.byteOffset, first, n, count);
      assert.equal([...ints], expected);
      assert.equal([...floats], expected);
      const dense = scratch.bitmap(count + 3, false);
      for (let i = 0; i < count; i += 2) dense[(i + 3) >> 3] = (dense[(i + 3) >> 3] as number) | (1 << ((i + 3) & 7));
      const out = scratch.bitmap(first + n, false);
      kernels.parquet_spread_bits(dense.byteOffset, 3, bits.byteOffset, first, n, out.byteOffset);
      rows.forEach((r, i) => {
        assert.is(getBit(out, first + i), r && (expected[i] as number) % 2 === 1);
      });
    }),
  );
});

/** A stream of literals and matches, and what it stands for. */
const blocks = fc
  .array(fc.tuple(fc.nat(3), fc.constantFrom(1, 2, 5, 11, 16, 60, 61, 64, 300, 70000), fc.nat(255), fc.nat()), {
    maxLength: 12,
  })
  .map((parts) => {
    const out: number[] = [];
    const bytes: number[] = [];
    for (const [kind, length, seed, far] of parts) {
      if (kind === 0 || out.length === 0) {
        const n = length - 1;
        if (n < 60) bytes.push(n << 2);
        else if (n < 256) bytes.push(60 << 2, n);
        else if (n < 65536) bytes.push(61 << 2, n & 255, n >> 8);
        else bytes.push(62 << 2, n & 255, (n >> 8) & 255, n >> 16);
        for (let i = 0; i < length; i++) {
          const b = (seed + i * 7) & 255;
          bytes.push(b);
          out.push(b);
        }
        continue;
      }
      const offset = (far % Math.min(out.length, kind === 1 ? 2047 : 65535)) + 1;
      const n = kind === 1 ? (length % 8) + 4 : ((length - 1) % 64) + 1;
      if (kind === 1) bytes.push(1 | ((n - 4) << 2) | ((offset >> 8) << 5), offset & 255);
      else if (kind === 2) bytes.push(2 | ((n - 1) << 2), offset & 255, offset >> 8);
      else bytes.push(3 | ((n - 1) << 2), offset & 255, offset >> 8, 0, 0);
      for (let i = 0; i < n; i++) out.push(out[out.length - offset] as number);
    }
    return { bytes: [...varint(out.length), ...bytes], out };
  });

test('snappy', () => {
  fc.assert(
    fc.property(blocks, ({ bytes, out }) => {
      scratch.reset();
      const from = placed(bytes);
      const to = placed(new Uint8Array(out.length));
      assert.is(kernels.snappy_decode(from.byteOffset, from.length, to.byteOffset, to.length), 1);
      assert.ok(Buffer.from(to).equals(Buffer.from(out)));
      assert.is(kernels.snappy_decode(from.byteOffset, from.length, to.byteOffset, to.length + 1), 0);
      assert.is(kernels.snappy_decode(from.byteOffset, from.length - 1, to.byteOffset, to.length), 0);
    }),
  );
});

test('snappy of damaged bytes writes nothing beyond its room', () => {
  fc.assert(
    fc.property(
      blocks,
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 }),
      ({ bytes, out }, changes) => {
        scratch.reset();
        const damaged = Uint8Array.from(bytes);
        for (const [at, b] of changes) damaged[at % damaged.length] = b;
        const from = placed(damaged);
        const room = scratch.u8(out.length + 2 * SLACK).fill(GUARD);
        kernels.snappy_decode(from.byteOffset, from.length, room.byteOffset, out.length);
        assert.ok(room.subarray(out.length + SLACK).every((b) => b === GUARD));
      },
    ),
  );
});

const PIECES = [
  'a',
  'abcdefghijklmnopqrstuvw',
  'é',
  '日',
  '😀',
  '\x7f',
  '\u0800',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{10ffff}',
];
const WRONG = [
  [0x80],
  [0xc0, 0x80],
  [0xc1, 0xbf],
  [0xe0, 0x9f, 0xbf],
  [0xed, 0xa0, 0x80],
  [0xf0, 0x8f, 0xbf, 0xbf],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf5],
  [0xe2, 0x82],
  [0xff],
];

test('texts that are UTF-8, one by one', () => {
  const piece = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...PIECES).map((t) => [...Buffer.from(t)]) },
    { weight: 1, arbitrary: fc.constantFrom(...WRONG) },
  );
  const one = fc.array(piece, { maxLength: 6 }).map((p) => p.flat());
  fc.assert(
    fc.property(fc.array(one, { maxLength: 8 }), fc.boolean(), (all, split) => {
      scratch.reset();
      // Now and then a text is cut within a character.
      const texts = split ? all.flatMap((t) => [t.slice(0, 1), t.slice(1)]) : all;
      const offsets = scratch.i32(texts.length + 1);
      offsets[0] = 0;
      texts.forEach((t, i) => {
        offsets[i + 1] = (offsets[i] as number) + t.length;
      });
      const bytes = placed(texts.flat());
      const expected = texts.every((t) => isUtf8(Uint8Array.from(t)));
      assert.is(kernels.utf8_valid(offsets.byteOffset, texts.length, bytes.byteOffset) === 1, expected);
    }),
    { numRuns: 500 },
  );
});

test('texts behind their lengths; codes of texts; whether all are different', () => {
  // Some are there twice, and some differ in one byte.
  const long = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.nat(40), fc.nat(1)).map(([length, at, byte]) => {
    const text = new Uint8Array(length);
    text[at % length] = byte;
    return text;
  });
  const any = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 40 });
  const alike = fc.array(long, { maxLength: 12 });
  const texts = fc.oneof(any, alike);
  fc.assert(
    fc.property(texts, fc.array(fc.nat(), { maxLength: 60 }), (all, picks) => {
      scratch.reset();
      const n = all.length;
      const page = placed(all.flatMap((t) => [t.length, 0, 0, 0, ...t]));
      const end = page.byteOffset + page.length;
      const offsets = scratch.i32(n + 1);
      const out = scratch.u8(page.length + SLACK);
      const next = kernels.parquet_texts(page.byteOffset, end, n, offsets.byteOffset + 4, out.byteOffset);
      assert.is(next, end);
      kernels.parquet_offsets(offsets.byteOffset, n);
      all.forEach((t, i) => {
        assert.equal([...out.subarray(offsets[i], offsets[i + 1])], [...t]);
      });
      if (n === 0) return;
      assert.is(
        kernels.parquet_texts(
          page.byteOffset,
          end - 1,
          n,
          scratch.i32(n).byteOffset,
          scratch.u8(page.length + SLACK).byteOffset,
        ),
        0,
      );
      const codes = scratch.i32(picks.length + 1);
      picks.forEach((p, i) => {
        codes[i + 1] = p % n;
      });
      const chosen = picks.map((p) => [...(all[p % n] as Uint8Array)]);
      const size = chosen.flat().length;
      const from = codes.byteOffset + 4;
      assert.is(kernels.parquet_codes_bytes(from, picks.length, offsets.byteOffset), size);
      const gathered = scratch.u8(size + SLACK);
      kernels.parquet_codes_texts(from, picks.length, offsets.byteOffset, out.byteOffset, gathered.byteOffset);
      kernels.parquet_offsets(codes.byteOffset, picks.length);
      chosen.forEach((t, i) => {
        assert.equal([...gathered.subarray(codes[i], codes[i + 1])], t);
      });
      const hashes = scratch.u32(n);
      kernels.hash_utf8(offsets.byteOffset, out.byteOffset, 0xffffffff, n, hashes.byteOffset, 0);
      // What lies there before is no concern of the caller's.
      const slots = scratch.u32(128).fill(0xffffffff);
      const different = new Set(all.map((t) => Buffer.from(t).toString('hex'))).size === n;
      const told = kernels.utf8_distinct(
        offsets.byteOffset,
        n,
        out.byteOffset,
        hashes.byteOffset,
        slots.byteOffset,
        127,
      );
      assert.is(told === 1, different);
    }),
  );
});

test('floats of 32 bits become ones of 64', () => {
  fc.assert(
    fc.property(fc.array(fc.float(), { maxLength: 20 }), (numbers) => {
      scratch.reset();
      const values = scratch.u32(numbers.length);
      new Float32Array(values.buffer, values.byteOffset, numbers.length).set(numbers);
      const out = scratch.f64(numbers.length + 2).fill(7);
      kernels.parquet_floats(values.byteOffset, numbers.length, out.byteOffset + 8);
      assert.ok(numbers.every((v, i) => Object.is(out[i + 1], v)));
      assert.equal([out[0], out[numbers.length + 1]], [7, 7]);
    }),
  );
});

test.run();
