import * as A from 'apache-arrow';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RunError } from '../../engine/errors.ts';
import { testStore } from '../../engine/store/store.ts';
import { encodeArgs, fillArgs, fillPlain, placeValue, placeValues } from '../../engine/tasks/places.ts';
import { decodeValue, type EncodedValue, encodeValue, plainValue, readyToDecode } from '../../engine/tasks/values.ts';
import { PART_ALIGN } from '../../engine/tasks/values_layout.ts';
import { same } from './same.ts';

/** Written where garbage lay before, at a multiple of the alignment of shared memory. */
function written(e: EncodedValue, garbage: number): Uint8Array {
  const bytes = new Uint8Array(new SharedArrayBuffer(e.bytes + 2 * PART_ALIGN), PART_ALIGN, e.bytes);
  bytes.fill(garbage);
  e.write(bytes);
  return bytes;
}

function encoded(value: unknown): Uint8Array {
  return written(encodeValue(value), 0xa5);
}

function roundTrip(value: unknown, copy = false): unknown {
  return decodeValue(encoded(value), { copy });
}

function refusal(f: () => unknown): RunError {
  try {
    f();
  } catch (e) {
    if (e instanceof RunError) return e;
    throw e;
  }
  throw new Error('nothing was refused');
}

const KINDS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
] as const;

/** A view of any kind over random bytes, not at the start of its buffer. */
const view = fc
  .tuple(fc.constantFrom(...KINDS), fc.uint8Array({ maxLength: 80 }), fc.nat(3))
  .map(([Kind, bytes, skip]) => {
    const size = 'BYTES_PER_ELEMENT' in Kind ? Kind.BYTES_PER_ELEMENT : 1;
    const buffer = new ArrayBuffer(skip * size + bytes.length + size);
    new Uint8Array(buffer).set(bytes, skip * size);
    const make = Kind as unknown as new (b: ArrayBuffer, at: number, length: number) => ArrayBufferView;
    return new make(buffer, skip * size, Math.floor(bytes.length / size));
  });

const leaf = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withSparseArray: true }),
  view,
  fc.uint8Array().map((b) => Uint8Array.from(b).buffer),
  fc.uint8Array().map((b) => Buffer.from(b)),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(-0, Number.NaN, '\ud800', 'a\udc00b', undefined, null, new Date(NaN), /a+/giu, 2n ** 80n),
);

const { value: nested } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((e) => new Map(e)),
    fc.array(tie('value'), { maxLength: 3 }).map((e) => new Set(e)),
    // The same member twice, and a cycle.
    tie('value').map((v) => ({ a: v, b: [v] })),
    tie('value').map((v) => {
      const o: Record<string, unknown> = { v };
      o.self = [o];
      return o;
    }),
  ),
}));

test('a value is the same after encoding and decoding, as a copy and over the bytes', () => {
  fc.assert(
    fc.property(nested, fc.boolean(), (value, copy) => {
      same(roundTrip(value, copy), value);
    }),
    { numRuns: 300 },
  );
});

// One encoding written twice, not the value encoded twice: V8 may turn a dense array into one that could have holes by optimizing a read of it, and its
// serializer writes the two differently.
test('nothing stays of what lay there before', () => {
  fc.assert(
    fc.property(nested, (value) => {
      const e = encodeValue(value);
      assert.ok(Buffer.compare(written(e, 0), written(e, 0xff)) === 0);
    }),
    { numRuns: 100 },
  );
});

test('views lie in the bytes, aligned, or are copies of their own size', () => {
  fc.assert(
    fc.property(fc.array(view, { minLength: 1, maxLength: 6 }), (views) => {
      const bytes = encoded(views);
      for (const v of decodeValue(bytes, { copy: false }) as Uint8Array[]) {
        assert.is(v.buffer, bytes.buffer);
        assert.is((v.byteOffset - bytes.byteOffset) % PART_ALIGN, 0);
      }
      for (const v of decodeValue(bytes, { copy: true }) as Uint8Array[]) {
        assert.ok(v.buffer instanceof ArrayBuffer);
        assert.is(v.buffer.byteLength, v.byteLength);
      }
    }),
  );
});

test('bytes at an odd place are read too', () => {
  const e = encodeValue([new Float64Array([1.5, -0]), new Uint8Array([7])]);
  const bytes = new Uint8Array(e.bytes + 1).subarray(1);
  e.write(bytes);
  same(decodeValue(bytes, { copy: false }), [new Float64Array([1.5, -0]), new Uint8Array([7])]);
});

test('a SharedArrayBuffer becomes a copy, wherever it is', () => {
  const shared = new SharedArrayBuffer(3);
  new Uint8Array(shared).set([1, 2, 3]);
  const back = roundTrip({ a: shared, m: new Map([['k', [shared]]]) }) as {
    a: SharedArrayBuffer;
    m: Map<string, SharedArrayBuffer[]>;
  };
  assert.ok(back.a instanceof SharedArrayBuffer);
  assert.is(back.m.get('k')?.[0], back.a);
  assert.equal([...new Uint8Array(back.a)], [1, 2, 3]);
});

test('errors, class instances and members called __proto__', () => {
  class Point {
    x = 1;
    #hidden = 2;
    sum(): number {
      return this.x + this.#hidden;
    }
  }
  const back = roundTrip({
    e: new TypeError('bad', { cause: new Error('inner') }),
    p: new Point(),
    ['__proto__']: { own: true },
    s: new SharedArrayBuffer(1),
  }) as { e: TypeError; p: object };
  assert.instance(back.e, TypeError);
  assert.is(back.e.message, 'bad');
  assert.is((back.e.cause as Error).message, 'inner');
  assert.equal(back.p, { x: 1 });
});

test('what cannot travel is told with its path', () => {
  const cases: readonly [unknown, string][] = [
    [() => 1, 'the result is a function'],
    [{ options: { callback: () => 1 } }, 'the result, .options.callback is a function'],
    [[1, { 'a b': Symbol('s') }], 'the result, [1]["a b"] is a symbol'],
    [new Map([['k', Promise.resolve(1)]]), 'the result, <the value of "k"> is a promise'],
    [{ w: new WeakMap() }, 'the result, .w is a WeakMap'],
    [new Set([new Proxy({}, {})]), 'the result, <a member> is a proxy'],
    [
      (function* () {
        yield 1;
      })(),
      'the result is a generator',
    ],
  ];
  for (const [value, message] of cases) {
    const e = refusal(() => encodeValue(value, 'the result'));
    assert.is(e.code, 'FLOW7013');
    assert.is(e.message, message);
    assert.ok(e.hint);
  }
  let deep: unknown = 1;
  for (let i = 0; i < 200_000; i++) deep = [deep];
  assert.match(refusal(() => encodeValue(deep)).message, /nested too deeply/);
});

test('a getter that throws throws what it throws, told as such', () => {
  const value = {
    get a(): number {
      throw new TypeError('not now');
    },
  };
  assert.match(refusal(() => encodeValue(value)).message, /not now/);
});

test('an array of a billion holes', () => {
  const sparse: unknown[] = [];
  sparse[1_000_000_000] = { x: new Uint8Array([1]) };
  const back = roundTrip(sparse) as unknown[];
  assert.is(back.length, 1_000_000_001);
  same(back[1_000_000_000], { x: new Uint8Array([1]) });
});

test('plain values', () => {
  for (const v of [undefined, null, true, 0, -0, 1n, 'x'.repeat(1024)]) assert.ok(plainValue(v));
  for (const v of ['x'.repeat(1025), {}, [], new Date(), () => 1, Symbol('x')]) assert.not(plainValue(v));
});

// --- Arrow ---

async function arrowTrip<T>(value: T, copy = false): Promise<T> {
  const bytes = encoded(value);
  await readyToDecode(bytes);
  return decodeValue(bytes, { copy }) as T;
}

const rows = (t: A.Table): string => JSON.stringify(t.toArray(), (_, v) => (typeof v === 'bigint' ? `${v}n` : v));

function nestedTable(): A.Table {
  const type = new A.Struct([
    new A.Field('id', new A.Int64(), true),
    new A.Field('tags', new A.List(new A.Field('item', new A.Utf8(), true)), true),
    new A.Field('at', new A.TimestampMicrosecond('UTC'), true),
    new A.Field('price', new A.Float64(), true, new Map([['unit', 'EUR']])),
    new A.Field('fixed', new A.FixedSizeList(2, new A.Field('item', new A.Float32(), true)), true),
    new A.Field('flag', new A.Bool(), true),
  ]);
  const builder = A.makeBuilder<A.DataType>({ type, nullValues: [null] });
  for (let i = 0; i < 20; i++) {
    builder.append(
      i % 7 === 3
        ? null
        : {
            id: BigInt(i),
            tags: i % 2 ? ['a', `b${i}`] : null,
            at: i * 1000,
            price: i / 3,
            fixed: [i, -i],
            flag: i % 3 === 0,
          },
    );
  }
  const vector = builder.finish().toVector();
  const plain = A.makeTable({ n: Int32Array.from({ length: 20 }, (_, i) => i) });
  return plain.assign(new A.Table({ s: vector as A.Vector }));
}

test('Arrow tables: several batches, dictionaries, nested types, metadata', async () => {
  const words = A.vectorFromArray(['x', 'y', 'x', null, 'z'], new A.Dictionary(new A.Utf8(), new A.Int32(), 7));
  const one = new A.Table({ words, n: A.vectorFromArray([1, 2, null, 4, 5], new A.Int16()) });
  const several = one.concat(one.slice(1, 4)).concat(one.slice(4));
  for (const t of [one, several, several.slice(2, 7), nestedTable(), nestedTable().slice(3, 11), new A.Table()]) {
    for (const copy of [false, true]) {
      const back = await arrowTrip(t, copy);
      assert.instance(back, A.Table);
      assert.is(rows(back), rows(t));
      assert.is(back.batches.length, t.batches.length);
      assert.is(String(back.schema), String(t.schema));
      // What Arrow's own writer makes of it has all rows.
      assert.is(rows(A.tableFromIPC(A.tableToIPC(back))), rows(t));
    }
  }
  const back = await arrowTrip(nestedTable());
  const struct = back.schema.fields[1] as A.Field<A.Struct>;
  const field = struct.type.children.find((f) => f.name === 'price');
  assert.is(field?.metadata.get('unit'), 'EUR');
});

test('the columns of a table lie in the bytes', async () => {
  const t = A.makeTable({ a: Float64Array.of(1, 2, 3), b: Int32Array.of(4, 5, 6) });
  const bytes = encoded(t);
  await readyToDecode(bytes);
  const back = decodeValue(bytes, { copy: false }) as A.Table;
  for (const name of ['a', 'b']) assert.is(back.getChild(name)?.data[0]?.values.buffer, bytes.buffer);
});

test('a dictionary that batches share is written once and stays one', async () => {
  const dictionary = A.vectorFromArray(
    Array.from({ length: 1000 }, (_, i) => `word number ${i}`),
    new A.Utf8(),
  );
  const type = new A.Dictionary(new A.Utf8(), new A.Int32(), 3);
  const chunk = (): A.Data => A.makeData({ type, length: 2, data: Int32Array.of(5, 900), dictionary } as never);
  const schema = new A.Schema([new A.Field('w', type)]);
  const batch = (): A.RecordBatch =>
    new A.RecordBatch(
      schema,
      A.makeData({ type: new A.Struct(schema.fields), length: 2, children: [chunk()] }) as A.Data<A.Struct>,
    );
  const one = encodeValue(new A.Table(schema, [batch()])).bytes;
  const many = new A.Table(schema, [batch(), batch(), batch()]);
  assert.ok(encodeValue(many).bytes < one + 2000);
  const back = await arrowTrip(many);
  assert.is(rows(back), rows(many));
  assert.is(back.batches[0]?.data.children[0]?.dictionary, back.batches[2]?.data.children[0]?.dictionary);
});

test('tables inside of other values, vectors and record batches', async () => {
  const t = nestedTable();
  const value = { list: [t], map: new Map([[t, 'key']]), again: t, v: t.getChild('n'), b: t.batches[0] };
  const back = await arrowTrip(value);
  assert.is(back.list[0], back.again);
  assert.is(back.map.get(back.again), 'key');
  assert.is(rows(back.again), rows(t));
  assert.equal(back.v?.toArray(), t.getChild('n')?.toArray());
  assert.is(back.b?.numRows, t.batches[0]?.numRows);
});

// --- places ---

test('large values of one call share an object, with a reference for each', () => {
  const store = testStore();
  const big = (n: number): Float64Array => Float64Array.from({ length: 20_000 }, (_, i) => i * n);
  const places = placeValues(store, [1, big(1), 'x', { small: true }, { big: big(2) }]);
  assert.equal(
    places.map((p) => p.kind),
    ['plain', 'object', 'plain', 'inline', 'object'],
  );
  assert.is(store.stats().objects, 1);
  const read = (i: number): unknown => {
    const p = places[i];
    if (p?.kind !== 'object') throw new Error('no object');
    assert.is(p.offset % PART_ALIGN, 0);
    const lease = store.readBytes(p.object, p.offset, p.bytes);
    const v = decodeValue(lease.view, { copy: true });
    lease.release();
    store.release(p.object);
    return v;
  };
  same(read(1), big(1));
  assert.is(store.stats().objects, 1);
  same(read(4), { big: big(2) });
  assert.is(store.stats().objects, 0);
  store.close();
});

test('a value that cannot travel leaves nothing in the store', () => {
  const store = testStore();
  assert.throws(() => placeValues(store, [new Float64Array(100_000), () => 1]));
  assert.throws(() => placeValue(store, { f: () => 1 }));
  assert.is(store.stats().objects, 0);
  store.close();
});

class TestRef {
  readonly id: number;
  constructor(id: number) {
    this.id = id;
  }
}
const isRef = (v: object): v is TestRef => v instanceof TestRef;

test('refs in arguments are replaced, each once, wherever they are', () => {
  const store = testStore();
  const [a, b] = [new TestRef(1), new TestRef(2)];
  assert.is(encodeArgs(store, [], isRef), null);

  const plain = encodeArgs(store, [a, 5, b, a], isRef);
  assert.equal(plain?.refs, [a, b]);
  if (plain?.shape.kind !== 'plain') throw new Error('not plain');
  assert.equal(fillPlain(plain.shape.value, ['A', 'B']), ['A', 5, 'B', 'A']);

  const args = [b, { list: [a, { deep: b }], map: new Map([['k', a]]), data: new Uint8Array([1, 2]) }];
  const nestedArgs = encodeArgs(store, args, isRef);
  if (nestedArgs?.shape.kind !== 'inline') throw new Error('not inline');
  assert.is(nestedArgs.refs.length, 2);
  const holes = nestedArgs.refs.map((r) => ({ was: r.id }));
  const filled = fillArgs(nestedArgs.shape.bytes, holes, false);
  same(filled, [
    { was: 2 },
    { list: [{ was: 1 }, { deep: { was: 2 } }], map: new Map([['k', { was: 1 }]]), data: new Uint8Array([1, 2]) },
  ]);
  assert.is(filled[0], (filled[1] as { list: [unknown, { deep: unknown }] }).list[1].deep);
  // What the caller gave is as it was.
  assert.is((args[1] as { list: unknown[] }).list[0], a);

  const e = refusal(() => encodeArgs(store, [1, { options: { callback: () => 1 } }], isRef));
  assert.is(e.message, 'argument 2, .options.callback is a function');
  store.close();
});

test.run();
