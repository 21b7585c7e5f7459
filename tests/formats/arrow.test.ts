import { existsSync, readFileSync } from 'node:fs';
import * as A from 'apache-arrow';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RunError } from '../../engine/errors.ts';
import type { LiteralValue } from '../../engine/expr.ts';
import { arrow } from '../../engine/formats/arrow.ts';
import { lz4Frame } from '../../engine/formats/lz4.ts';
import type { DataType, Schema } from '../../engine/types.ts';
import { field, T } from '../../engine/types.ts';
import { nullable, show, TYPES, valueOf } from '../batch/arbitrary.ts';
import type { Row } from './harness.ts';
import { eachBatch, encode, file, readRows, rejects, scanOf } from './harness.ts';

const FLIGHTS = 'node_modules/vega-datasets/data/flights-200k.arrow';
const schemaOf = (types: readonly DataType[]): Schema => types.map((t, i) => field(`c${i}`, t));
const text = (rows: readonly Row[]): string[] => rows.map(show);

test('every type survives, with nulls, at edge lengths, as file and as stream', async () => {
  const schema = schemaOf(TYPES);
  const row = fc.record(Object.fromEntries(schema.map((f) => [f.name, nullable(f.type)])));
  const rows = fc.sample(row, { numRuns: 140, seed: 7 }) as Row[];
  for (const stream of [false, true]) {
    for (const n of [0, 1, 7, 8, 9, 63, 64, 65, 140]) {
      const path = file(await encode(arrow, schema, rows.slice(0, n), { stream }));
      assert.equal((await scanOf(arrow, [path])).source.schema, schema);
      assert.equal(text(await readRows(arrow, [path])), text(rows.slice(0, n)), `${n} rows`);
    }
  }
});

test('equal data gives equal bytes, however it comes in batches', async () => {
  const schema = schemaOf([T.int, T.string, T.list(T.int)]);
  const rows = fc.sample(fc.record({ c0: nullable(T.int), c1: nullable(T.string), c2: nullable(T.list(T.int)) }), {
    numRuns: 900,
    seed: 3,
  }) as Row[];
  const one = await encode(arrow, schema, rows);
  for (const sizes of [
    [1, 7, 500, 64],
    [499, 3],
  ])
    assert.ok(one.equals(await encode(arrow, schema, rows, {}, sizes)));
});

test('apache-arrow reads what we write', async () => {
  const schema = schemaOf([T.int, T.float, T.string, T.decimal(10, 2), T.list(T.int)]);
  const rows: Row[] = [
    { c0: 1, c1: 0.5, c2: 'é', c3: 150, c4: [1, null] },
    { c0: null, c1: null, c2: null, c3: null, c4: null },
  ];
  for (const stream of [false, true]) {
    const table = A.tableFromIPC(await encode(arrow, schema, rows, { stream }));
    assert.is(table.numRows, 2);
    assert.equal(table.getChild('c2')?.toArray(), ['é', null]);
    assert.is(table.getChild('c0')?.get(0), 1n);
    assert.equal([...(table.getChild('c4')?.get(0) ?? [])], [1n, null]);
    assert.is(table.getChild('c0')?.get(1), null);
  }
});

/** A column in every way apache-arrow can write it, and what we read. */
const FOREIGN: readonly (readonly [string, A.DataType, unknown[], DataType, LiteralValue[]])[] = [
  ['int8', new A.Int8(), [-1, null, 127], T.int, [-1, null, 127]],
  ['uint8', new A.Uint8(), [0, null, 255], T.int, [0, null, 255]],
  ['int16', new A.Int16(), [-300, null, 300], T.int, [-300, null, 300]],
  ['uint16', new A.Uint16(), [65535, null, 1], T.int, [65535, null, 1]],
  ['uint32', new A.Uint32(), [4294967295, null, 1], T.int, [4294967295, null, 1]],
  ['uint64', new A.Uint64(), [9223372036854775807n, null, 1n], T.int, [9223372036854775807n, null, 1]],
  ['float32', new A.Float32(), [1.5, null, -0.25], T.float, [1.5, null, -0.25]],
  ['float16', new A.Float16(), [1.5, null, -0.25], T.float, [1.5, null, -0.25]],
  ['large text', new A.LargeUtf8(), ['a', null, '日本'], T.string, ['a', null, '日本']],
  ['date ms', new A.DateMillisecond(), [new Date(86400000), null, new Date(0)], T.date, [1, null, 0]],
  ['time s', new A.TimeSecond(), [3, null, 4], T.time, [3000000, null, 4000000]],
  ['time ns', new A.TimeNanosecond(), [3999n, null, 4000n], T.time, [3, null, 4]],
  [
    'timestamp s',
    new A.TimestampSecond('UTC'),
    [1, null, -1].map((v) => (v === null ? null : v * 1000)),
    T.timestamp,
    [1000000, null, -1000000],
  ],
  [
    'fixed',
    new A.FixedSizeBinary(2),
    [Uint8Array.of(1, 2), null, Uint8Array.of(3, 4)],
    T.bytes,
    [Uint8Array.of(1, 2), null, Uint8Array.of(3, 4)],
  ],
  ['dictionary', new A.Dictionary(new A.Utf8(), new A.Int8()), ['x', null, 'x'], T.string, ['x', null, 'x']],
  ['dictionary of ints', new A.Dictionary(new A.Int32(), new A.Uint8()), [7, null, 7], T.int, [7, null, 7]],
  [
    'fixed list',
    new A.FixedSizeList(2, new A.Field('item', new A.Int32())),
    [[1, 2], null, [3, 4]],
    T.list(T.int, false),
    [[1, 2], null, [3, 4]],
  ],
];

test('types of other writers', async () => {
  for (const [name, type, values, logical, expected] of FOREIGN) {
    const vector = A.vectorFromArray(values, type);
    const table = new A.Table({ x: vector });
    for (const form of ['file', 'stream'] as const) {
      const path = file(A.tableToIPC(table, form));
      assert.equal((await scanOf(arrow, [path])).source.schema[0]?.type, logical, name);
      assert.equal(
        text(await readRows(arrow, [path])),
        expected.map((v) => show({ x: v })),
        `${name} as a ${form}`,
      );
    }
  }
});

test('an unsigned value beyond int is an error', async () => {
  const path = file(
    A.tableToIPC(new A.Table({ big: A.vectorFromArray([1n, 18446744073709551615n], new A.Uint64()) }), 'file'),
  );
  await rejects(() => readRows(arrow, [path]), 'FLOW7004', /does not fit int/);
});

test('only wanted columns are read, limits end early', async () => {
  const schema = schemaOf([T.int, T.string, T.float]);
  const rows: Row[] = Array.from({ length: 300 }, (_, i) => ({ c0: i, c1: `s${i}`, c2: i / 2 }));
  const path = file(await encode(arrow, schema, rows));
  assert.equal(
    await readRows(arrow, [path], { columns: ['c2', 'c0'] }),
    rows.map((r) => ({ c2: r.c2, c0: r.c0 })),
  );
  assert.is((await readRows(arrow, [path], { columns: [] })).length, 300);
  assert.equal(
    (await readRows(arrow, [path], { columns: ['c1'], limit: 3 })).map((r) => r.c1),
    ['s0', 's1', 's2'],
  );
});

test('a large batch is read in pieces that begin anywhere', async () => {
  const n = 300000;
  const ids = Int32Array.from({ length: n }, (_, i) => i);
  const names = A.vectorFromArray(
    Array.from({ length: n }, (_, i) => (i % 5 === 0 ? null : `n${i}`)),
    new A.Utf8(),
  );
  const path = file(A.tableToIPC(new A.Table({ id: A.makeVector(ids), name: names }), 'file'));
  let next = 0;
  const splits = await eachBatch(arrow, await scanOf(arrow, [path]), (b) => {
    assert.ok(b.rows <= 65536);
    const [id, name] = b.columns;
    if (id?.phys !== 'i32' || name?.phys !== 'utf8') throw new Error('unexpected form');
    for (let i = 0; i < b.rows; i += 1009) {
      assert.is(id.values[i], next + i);
      const s = Buffer.from(name.bytes.subarray(name.offsets[i], name.offsets[i + 1])).toString();
      assert.is(s, (next + i) % 5 === 0 ? '' : `n${next + i}`);
    }
    next += b.rows;
  });
  assert.is(next, n);
  assert.is(splits.length, 3);
});

test('streams whose dictionaries are replaced', async () => {
  const batch = (values: string[]): A.RecordBatch => {
    const type = new A.Dictionary(new A.Utf8(), new A.Int32(), 5);
    return new A.RecordBatch({ x: A.vectorFromArray(values, type).data[0] as A.Data });
  };
  const writer = new A.RecordBatchStreamWriter();
  writer.write(batch(['a', 'b', 'a']));
  writer.write(batch(['c', 'd', 'c']));
  writer.close();
  const rows = await readRows(arrow, [file(writer.toUint8Array(true))]);
  assert.equal(
    rows.map((r) => r.x),
    ['a', 'b', 'a', 'c', 'd', 'c'],
  );
});

/** A valid LZ4 frame: a literal run and a copy of it when the content repeats, else a stored block. */
function lz4(content: Uint8Array): Uint8Array {
  const n = content.length;
  const repeats = n > 32 && content.every((b) => b === content[0]);
  const block: number[] = [];
  if (repeats) {
    // One literal, then a copy from one byte back that ends five bytes before the end, then the last five bytes.
    const copy = n - 1 - 5;
    block.push((1 << 4) | Math.min(15, copy - 4), content[0] as number, 1, 0);
    for (let rest = copy - 4 - 15; rest >= 0; rest -= 255) block.push(Math.min(255, rest));
    if ((copy - 4 - 15) % 255 === 0 && copy - 4 - 15 > 0) block.push(0);
    block.push(5 << 4, ...content.subarray(n - 5));
  }
  const head = Buffer.from([4, 34, 77, 24, 0x60, 0x40, 0x82, 0, 0, 0, 0]);
  head.writeUInt32LE(repeats ? block.length : (n | 0x80000000) >>> 0, 7);
  return Buffer.concat([head, repeats ? Buffer.from(block) : content, Buffer.alloc(4)]);
}

test('LZ4 frames', () => {
  for (const n of [0, 1, 33, 40, 290, 300, 545, 546, 547, 5000]) {
    for (const content of [new Uint8Array(n).fill(7), Uint8Array.from({ length: n }, (_, i) => i * 31)]) {
      assert.equal(lz4Frame(lz4(content), n), content);
      assert.throws(
        () => lz4Frame(lz4(content), n + 1),
        (e: Error) => e.name === 'Lz4Error',
      );
      for (let cut = 0; cut < Math.min(lz4(content).length, 40); cut++)
        assert.throws(
          () => lz4Frame(lz4(content).subarray(0, cut), n),
          (e: Error) => e.name === 'Lz4Error',
        );
    }
  }
});

test('compressed buffers', async () => {
  A.compressionRegistry.set(A.CompressionType.LZ4_FRAME, { encode: lz4 });
  const table = new A.Table({
    a: A.vectorFromArray(
      Array.from({ length: 500 }, () => 7),
      new A.Int32(),
    ),
    b: A.vectorFromArray(
      Array.from({ length: 500 }, (_, i) => (i % 3 === 0 ? null : `t${i}`)),
      new A.Utf8(),
    ),
  });
  const writer = new A.RecordBatchStreamWriter({ compressionType: A.CompressionType.LZ4_FRAME });
  const rows = await readRows(arrow, [file(writer.writeAll(table.batches).toUint8Array(true))]);
  assert.equal(
    rows.map((r) => [r.a, r.b]),
    Array.from({ length: 500 }, (_, i) => [7, i % 3 === 0 ? null : `t${i}`]),
  );
});

test('unusable files', async () => {
  const open = (path: string): Promise<unknown> => scanOf(arrow, [path]);
  await rejects(() => open('no/such/file.arrow'), 'FLOW7001', /no file "no\/such/);
  await rejects(() => open('tests'), 'FLOW7002', /is a folder/);
  await rejects(() => open(file('')), 'FLOW7003', /is empty/);
  await rejects(() => open(file('a,b\n1,2\n3,4\n')), 'FLOW7003', /is not an Arrow file/);
  await rejects(() => open(file('FEA1 and so on')), 'FLOW7003', /Feather file of version 1/);
});

test('a file or stream cut off anywhere is an error, never a crash', async () => {
  const schema = schemaOf([T.int, T.string, T.list(T.int)]);
  const rows = fc.sample(fc.record({ c0: nullable(T.int), c1: valueOf(T.string), c2: nullable(T.list(T.int)) }), {
    numRuns: 100,
    seed: 5,
  }) as Row[];
  for (const stream of [false, true]) {
    const whole = await encode(arrow, schema, rows, { stream });
    for (let n = 0; n < whole.length; n += n < 64 || n > whole.length - 64 ? 1 : 397) {
      await rejects(
        () => readRows(arrow, [file(whole.subarray(0, n), 'cut')]),
        'FLOW7003',
        /empty|cut off|not an Arrow|damaged/,
      );
    }
  }
});

test('damaged bytes give an error or other values, never a crash', async () => {
  const schema = schemaOf([T.int, T.string, T.list(T.int), T.decimal(30, 1), T.bool]);
  const row = fc.record(Object.fromEntries(schema.map((f) => [f.name, nullable(f.type)])));
  const whole = await encode(arrow, schema, fc.sample(row, { numRuns: 100, seed: 5 }) as Row[]);
  const flips = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 })), {
    minLength: 1,
    maxLength: 4,
  });
  let errors = 0;
  await fc.assert(
    fc.asyncProperty(flips, async (changes) => {
      const bytes = Buffer.from(whole);
      for (const [at, by] of changes) bytes[at] = (bytes[at] as number) ^ by;
      try {
        await readRows(arrow, [file(bytes, 'damaged')]);
      } catch (e) {
        assert.instance(e, RunError, String((e as Error).stack));
        errors++;
      }
    }),
    { numRuns: 300, seed: 1 },
  );
  assert.ok(errors > 10);
});

test('flights: all rows, as apache-arrow reads them', async () => {
  if (!existsSync(FLIGHTS)) {
    console.log(`# skip: ${FLIGHTS} is missing`);
    return;
  }
  const table = A.tableFromIPC(readFileSync(FLIGHTS));
  const rows = await readRows(arrow, [FLIGHTS]);
  assert.is(rows.length, table.numRows);
  const names = table.schema.fields.map((f) => f.name);
  for (let i = 0; i < rows.length; i += 4999) {
    for (const name of names) assert.is(Number(rows[i]?.[name]), Number(table.getChild(name)?.get(i)), `${name} ${i}`);
  }
});

test.run();
