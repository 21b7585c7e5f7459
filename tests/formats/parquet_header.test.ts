// Headers of pages, read without a tree, against the tree.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ABSENT, FALSE, parseHeader, TRUE } from '../../engine/formats/parquet_header.ts';
import {
  parseThriftPrefix,
  serializeThrift,
  type Thrift,
  ThriftError,
  type ThriftStruct,
} from '../../engine/formats/parquet_thrift.ts';

const bytes = fc.uint8Array({ maxLength: 20 });
const int: fc.Arbitrary<Thrift> = fc
  .tuple(fc.constantFrom(4, 5, 6), fc.oneof(fc.integer(), fc.integer({ min: -(2 ** 52), max: 2 ** 52 - 1 })))
  .map(([wire, value]) => ({ kind: 'int', wire: wire as 4 | 5 | 6, value }));
const flag: fc.Arbitrary<Thrift> = fc.boolean().map((value) => ({ kind: 'bool', value }));
const other: fc.Arbitrary<Thrift> = fc.oneof(
  bytes.map((value): Thrift => ({ kind: 'binary', value })),
  fc.integer({ min: -128, max: 127 }).map((value): Thrift => ({ kind: 'int', wire: 3, value })),
  fc.uint8Array({ minLength: 8, maxLength: 8 }).map((b): Thrift => ({ kind: 'double', bytes: b })),
  fc.array(flag, { maxLength: 20 }).map((items): Thrift => ({ kind: 'list', wire: 9, element: 1, items })),
  fc.array(bytes, { maxLength: 20 }).map((some): Thrift => {
    const items = some.map((value): Thrift => ({ kind: 'binary', value }));
    return { kind: 'list', wire: 10, element: 8, items };
  }),
);
const structOf = (value: fc.Arbitrary<Thrift>): fc.Arbitrary<ThriftStruct> =>
  fc
    .array(fc.tuple(fc.integer({ min: 1, max: 40 }), value), { maxLength: 8 })
    .map((pairs) => ({ kind: 'struct', fields: new Map(pairs) }));
const leaf = fc.oneof(int, flag, other);
const nested = structOf(fc.oneof(leaf, structOf(leaf)));
const headers = structOf(fc.oneof(leaf, nested)).chain((s) =>
  fc.tuple(nested, nested, fc.boolean()).map(([a, b, both]): ThriftStruct => {
    return { kind: 'struct', fields: new Map([...s.fields, [5, a], ...(both ? ([[8, b]] as const) : [])]) };
  }),
);

function told(s: Thrift | undefined): number[] | null {
  if (s?.kind !== 'struct') return null;
  return Array.from({ length: 9 }, (_, id) => {
    const f = s.fields.get(id);
    if (f?.kind === 'bool') return f.value ? TRUE : FALSE;
    return f?.kind === 'int' ? Number(f.value) : ABSENT;
  });
}

test('integers and flags of a header, and of the structs in it', () => {
  fc.assert(
    fc.property(headers, bytes, bytes, (tree, before, behind) => {
      const written = serializeThrift(tree);
      const header = parseHeader(Buffer.concat([before, written, behind]), before.length);
      const expected = parseThriftPrefix(written);
      assert.is(header.end, before.length + expected.end);
      assert.equal(header.fields, told(expected.tree));
      assert.equal(header.data, told(expected.tree.fields.get(5)));
      assert.equal(header.dictionary, told(expected.tree.fields.get(7)));
      assert.equal(header.data2, told(expected.tree.fields.get(8)));
    }),
  );
});

test('a header that is cut off, or makes no sense, is told as that', () => {
  fc.assert(
    fc.property(headers, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (tree, share) => {
      const written = serializeThrift(tree);
      const cut = written.subarray(0, Math.floor(written.length * share));
      assert.throws(
        () => parseHeader(cut, 0),
        (e: unknown) => e instanceof ThriftError,
      );
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      try {
        assert.ok(parseHeader(noise, 0).end <= noise.length);
      } catch (e) {
        assert.instance(e, ThriftError);
      }
    }),
  );
});

test.run();
