// Text computed from bytes, with kernels and without, against the functions on strings.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { valuesOf } from '../../engine/batch/access.ts';
import { columnFromValues } from '../../engine/batch/build.ts';
import type { Batch, Column } from '../../engine/batch/column.ts';
import { compileFilter, compileProjection } from '../../engine/expr/compile.ts';
import { readTextColumns } from '../../engine/expr/text_columns.ts';
import { textMapOf } from '../../engine/expr/text_maps.ts';
import type { Expr, LiteralValue } from '../../engine/expr.ts';
import { findFunction } from '../../engine/functions/registry.ts';
import { kernelsOf, useKernels } from '../../engine/kernels/load.ts';
import { bufferOf } from '../../engine/kernels/memories.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import { testStore } from '../../engine/store/store.ts';
import type { Schema } from '../../engine/types.ts';
import { field, T } from '../../engine/types.ts';
import { call, lit } from '../functions/mini.ts';
import { columnInArena } from './arena.ts';

const store = testStore(256 << 20);
const scratch = arenaScratch(store);
const schema: Schema = [field('s', T.string), field('n', T.int)];
const s: Expr = { kind: 'column', name: 's', type: T.string, nullable: true };
const n: Expr = { kind: 'column', name: 'n', type: T.int, nullable: true };
const text = (v: string): Expr => lit(T.string, v);

/** Few letters, so that pieces occur, also nearly, at ends, across rows, and around the width of vectors. */
const letters = fc.constantFrom('a', 'b', 'ab', 'A', 'Z', 'z', '@', '[', '`', '{', ' ', 'é', '日', '😀', '%', '\0');
const plainLetters = fc.constantFrom('a', 'b', 'A', 'Z', 'z', '@', '[', '`', '{', ' ', '%', '\0', '\x7f');
const textOf = (of: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.array(of, { maxLength: 8 }).map((p) => p.join('')) },
    { weight: 2, arbitrary: fc.array(of, { minLength: 12, maxLength: 40 }).map((p) => p.join('')) },
    { weight: 1, arbitrary: fc.tuple(of, fc.nat(300)).map(([c, k]) => c.repeat(k)) },
  );
const rowsOf = (of: fc.Arbitrary<string>): fc.Arbitrary<(string | null)[]> =>
  fc.array(fc.option(textOf(of), { freq: 6 }), { maxLength: 70 });
const piece = fc.oneof(
  fc.array(letters, { maxLength: 4 }).map((p) => p.join('')),
  textOf(letters),
);

type Call = (...args: never[]) => LiteralValue;

/** The function on strings. */
function reference(e: Expr, v: string | null): LiteralValue {
  if (v === null || e.kind !== 'call') return null;
  const args = e.args.map((a) => (a.kind === 'literal' ? a.value : v));
  if (e.fn === 'eq') return args[0] === args[1];
  if (e.fn === 'ne') return args[0] !== args[1];
  const types = e.args.map((a) => a.type);
  const found = findFunction(e.fn)?.resolve(
    types,
    e.args.map((a) => (a.kind === 'literal' ? a.value : undefined)),
  );
  assert.ok(found !== null && found !== undefined && 'impl' in found);
  return (found as { impl: { call: Call } }).impl.call(...(args as never[]));
}

function batchOf(values: readonly (string | null)[], sliceFrom: number): Batch {
  const all = columnFromValues(T.string, ['before', ...values, 'after']);
  const col = columnInArena(all, scratch);
  assert.is(col.phys, 'utf8');
  const cut = { ...col, length: values.length } as Column & { phys: 'utf8' };
  // A slice: offsets that do not begin at 0, bytes of neighbours on both sides.
  const offsets = cut.offsets.subarray(1, values.length + 2);
  const whole = columnInArena(columnFromValues(T.string, values), scratch);
  const sliced: Column = whole.phys === 'utf8' ? { ...whole, offsets, bytes: cut.bytes } : whole;
  const numbers = columnInArena(
    columnFromValues(
      T.int,
      values.map((_, i) => i),
    ),
    scratch,
  );
  return { schema, rows: values.length, columns: [sliceFrom % 2 === 0 ? sliced : whole, numbers] };
}

const everywhere = (f: () => void): void => {
  for (const on of [true, false]) {
    useKernels(on);
    try {
      f();
    } finally {
      useKernels(true);
    }
  }
};

const runs = { numRuns: 150 };

function projected(e: Expr, batch: Batch, filter: Expr | null = null): LiteralValue[] {
  const [col] = compileProjection(filter, [{ name: 'r', expr: e }], schema)(batch, scratch).columns;
  return valuesOf(col as Column);
}

test('tests of texts against constants, and lengths', () => {
  fc.assert(
    fc.property(rowsOf(letters), piece, piece, fc.nat(), (values, a, b, cut) => {
      const batch = batchOf(values, cut);
      const quoted = (t: string): string => t.replace(/[%_\\]/g, '\\$&');
      const exprs: Expr[] = [
        call('contains', [s, text(a)]),
        call('starts_with', [s, text(a)]),
        call('ends_with', [s, text(a)]),
        call('eq', [s, text(a)]),
        call('ne', [s, text(a)]),
        call('length', [s]),
        ...[
          `${quoted(a)}%${quoted(b)}`,
          `%${quoted(a)}%${quoted(b)}%`,
          `${quoted(a)}%${quoted(b)}%${quoted(a)}`,
          `%${quoted(a)}%${quoted(b)}`,
          '%',
          '%%',
          '',
        ].map((p) => call('like', [s, text(p)])),
      ];
      for (const e of exprs) {
        assert.ok(readTextColumns([e], schema) !== null, e.kind === 'call' ? e.fn : '');
        const expected = values.map((v) => reference(e, v));
        everywhere(() => assert.equal(projected(e, batch), expected));
        if (e.type.kind !== 'bool') continue;
        const rows = expected.flatMap((v, i) => (v === true ? [i] : []));
        everywhere(() => assert.equal([...compileFilter(e, schema)(batch, scratch)], rows));
        // Behind a term that leaves some rows only.
        const odd = call('gt', [n, lit(T.int, 20)]);
        everywhere(() =>
          assert.equal(
            [...compileFilter(call('and', [odd, e]), schema)(batch, scratch)],
            rows.filter((i) => i > 20),
          ),
        );
      }
      scratch.reset();
    }),
    runs,
  );
});

test('texts made of texts', () => {
  const number = fc.oneof(fc.integer({ min: -20, max: 20 }), fc.constantFrom(0, 1000, -1000));
  fc.assert(
    fc.property(
      fc.boolean().chain((ascii) => rowsOf(ascii ? plainLetters : letters)),
      piece,
      piece,
      number,
      number,
      fc.nat(),
      (values, a, b, from, length, cut) => {
        const batch = batchOf(values, cut);
        const int = (v: number): Expr => lit(T.int, v);
        const exprs: Expr[] = [
          call('lower', [s]),
          call('upper', [s]),
          call('substr', [s, int(from)]),
          call('substr', [s, int(from), int(length)]),
          call('left', [s, int(from)]),
          call('right', [s, int(from)]),
          call('replace', [s, text(a), text(b)]),
        ];
        for (const e of exprs) {
          const expected = values.map((v) => reference(e, v));
          everywhere(() => assert.equal(projected(e, batch), expected));
          const some = call('gt', [n, lit(T.int, 20)]);
          everywhere(() =>
            assert.equal(
              projected(e, batch, some),
              expected.filter((_, i) => i > 20),
            ),
          );
        }
        scratch.reset();
      },
    ),
    runs,
  );
  assert.ok(textMapOf(call('upper', [s])) !== null);
});

test('a morsel of texts, with and without nulls, at the bounds of batches', () => {
  for (const size of [65535, 65536]) {
    const values = Array.from({ length: size }, (_, i) =>
      i % 7 === 3 ? null : `row ${i} ${i % 64 === 0 ? 'needle' : 'hay'}`,
    );
    const batch = batchOf(values, size);
    const e = call('contains', [s, text('needle')]);
    const rows = values.flatMap((v, i) => (v?.includes('needle') === true ? [i] : []));
    everywhere(() => assert.equal([...compileFilter(e, schema)(batch, scratch)], rows));
    scratch.reset();
  }
});

test.after(() => {
  scratch.release();
  store.close();
});

test('pieces of texts that lie at the end of the memory', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const k = kernelsOf(memory);
  assert.ok(k !== null);
  const whole = new Uint8Array(bufferOf(memory));
  const [offsets, sizes] = [new Uint32Array(whole.buffer, 0, 2), new Uint32Array(whole.buffer, 64, 1)];
  const [pieceAt, outAt] = [128, 256];
  for (let size = 1; size <= 34; size++)
    for (let length = 0; length <= 70; length++) {
      const from = whole.length - length;
      whole.fill(97, from);
      whole.fill(97, pieceAt, pieceAt + size);
      // It is there once at most, at the very end.
      whole[pieceAt + size - 1] = 98;
      if (length > 0) whole[whole.length - 1] = length % 3 === 0 ? 99 : 98;
      offsets.set([0, length]);
      sizes[0] = size;
      for (const anchors of [0, 2]) {
        whole[outAt] = 0;
        k.text_pieces(0, from, 1, 0xffffffff, 1, 64, 1, pieceAt, anchors, outAt);
        assert.is(whole[outAt], length >= size && length % 3 !== 0 ? 1 : 0, `${size} of ${length}, ${anchors}`);
      }
    }
});

test.run();
