import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { readParquet } from 'parquet-wasm/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { valueReader } from '../../engine/batch/access.ts';
import { batchFromRows } from '../../engine/batch/build.ts';
import type { Column } from '../../engine/batch/column.ts';
import { RunError } from '../../engine/errors.ts';
import type { Expr, LiteralValue } from '../../engine/expr.ts';
import type { FormatWriter } from '../../engine/formats/def.ts';
import { parquet } from '../../engine/formats/parquet.ts';
import { serialEncoder } from '../../engine/formats/serial.ts';
import { testStore } from '../../engine/store/store.ts';
import type { DataType, Schema } from '../../engine/types.ts';
import { field, T } from '../../engine/types.ts';
import { nullable, show, TYPES, toDict, valueOf } from '../batch/arbitrary.ts';
import type { Row } from './harness.ts';
import { eachBatch, encode, file, readRows, rejects, scanOf, tempFolder } from './harness.ts';

const FLIGHTS = 'node_modules/vega-datasets/data/flights-3m.parquet';
const STORABLE = TYPES.filter((t) => t.kind !== 'interval');
const schemaOf = (types: readonly DataType[]): Schema => types.map((t, i) => field(`c${i}`, t));
const text = (rows: readonly Row[]): string[] => rows.map(show);

test('every type survives, with nulls, at edge lengths, in every compression', async () => {
  const schema = schemaOf(STORABLE);
  const row = fc.record(Object.fromEntries(schema.map((f) => [f.name, nullable(f.type)])));
  const rows = fc.sample(row, { numRuns: 140, seed: 7 }) as Row[];
  let k = 0;
  for (const n of [0, 1, 7, 8, 9, 63, 64, 65, 140]) {
    const compression = ['snappy', 'zstd', 'gzip', 'none', 'brotli', 'lz4'][k++ % 6];
    const path = file(await encode(parquet, schema, rows.slice(0, n), { compression }));
    const scan = await scanOf(parquet, [path]);
    assert.equal(
      scan.source.schema.map((f) => f.type.kind),
      schema.map((f) => f.type.kind),
    );
    assert.equal(text(await readRows(parquet, [path])), text(rows.slice(0, n)), `${n} rows`);
  }
});

test('columns without nulls stay so; types keep their details', async () => {
  const schema: Schema = [
    field('id', T.int, false),
    field('price', T.decimal(12, 3), false),
    field('at', { kind: 'timestamp', zone: 'Europe/Berlin' }),
    field('doc', T.json),
    field('tags', T.list(T.string, false), false),
  ];
  const rows: Row[] = [{ id: 1, price: 12345, at: 0, doc: '{"a":1}', tags: ['x'] }];
  const path = file(await encode(parquet, schema, rows));
  assert.equal((await scanOf(parquet, [path])).source.schema, schema);
  assert.equal(await readRows(parquet, [path]), rows);
});

test('row groups are cut by the data, not by batches; equal data gives equal bytes', async () => {
  const schema = schemaOf([T.int, T.string, T.list(T.int)]);
  const rows = fc.sample(fc.record({ c0: nullable(T.int), c1: valueOf(T.string), c2: nullable(T.list(T.int)) }), {
    numRuns: 2000,
    seed: 3,
  }) as Row[];
  const one = await encode(parquet, schema, rows, { row_group_rows: 500 });
  for (const sizes of [[2000], [1, 7, 500, 64], [499, 3]]) {
    assert.ok(one.equals(await encode(parquet, schema, rows, { row_group_rows: 500 }, sizes)));
  }
  const meta = parquetMetadata(new Uint8Array(one));
  assert.equal(
    meta.row_groups.map((g) => Number(g.num_rows)),
    [500, 500, 500, 500],
  );
  assert.equal(text(await readRows(parquet, [file(one)])), text(rows));
});

test('repeated strings stay dictionaries, shared by the batches of a row group, and are written like any others', async () => {
  const schema = [field('s', T.string), field('n', T.int)];
  const rows: Row[] = Array.from({ length: 150000 }, (_, i) => ({ s: i % 11 === 0 ? null : `v${i % 7}`, n: i }));
  const plain = await encode(parquet, schema, rows.slice(0, 9000), {}, [5000]);
  const encoder = await serialEncoder(parquet.writer as FormatWriter, { path: 'x', options: {}, schema }, testStore());
  const batch = batchFromRows(schema, rows.slice(0, 9000));
  const [first, ...rest] = batch.columns as [Column, ...Column[]];
  const parts = [
    ...(await encoder.write({ ...batch, columns: [toDict(first), ...rest] })),
    ...(await encoder.finish()),
  ];
  assert.ok(Buffer.concat(parts).equals(plain));

  const path = file(await encode(parquet, schema, rows, { row_group_rows: 100000 }));
  const dictionaries = new Set<unknown>();
  let at = 0;
  await eachBatch(parquet, await scanOf(parquet, [path]), (b) => {
    const col = b.columns[0] as Column;
    assert.is(col.phys, 'dict');
    if (col.phys === 'dict') dictionaries.add(col.dictionary);
    const read = valueReader(col);
    for (let i = 0; i < b.rows; i += 97) assert.is(read(i), rows[at + i]?.s);
    at += b.rows;
  });
  assert.is(at, rows.length);
  assert.is(dictionaries.size, 2);
});

test('other readers read what we write, page indexes included', async () => {
  const schema = schemaOf([T.int, T.float, T.string, T.bool, T.decimal(10, 2), T.date]);
  const rows: Row[] = Array.from({ length: 3000 }, (_, i) => ({
    c0: i % 7 === 0 ? null : i,
    c1: i / 4,
    c2: `text ${i % 50}`,
    c3: i % 3 === 0,
    c4: i * 25,
    c5: i,
  }));
  const bytes = await encode(parquet, schema, rows, { row_group_rows: 1000 });
  const buffer = new Uint8Array(bytes).buffer;
  const asyncBuffer = { byteLength: buffer.byteLength, slice: (a: number, b?: number) => buffer.slice(a, b) };
  const seen = await parquetReadObjects({
    file: asyncBuffer,
    useOffsetIndex: true,
    rowStart: 900,
    rowEnd: 2100,
    columns: ['c0', 'c2'],
  });
  assert.equal(
    seen.map((r) => [r.c0 === null || r.c0 === undefined ? null : Number(r.c0), r.c2]),
    rows.slice(900, 2100).map((r) => [r.c0, r.c2]),
  );
  const found = await parquetReadObjects({
    file: asyncBuffer,
    filter: { c5: { $eq: new Date(2500 * 86400000) } },
    usePageIndex: true,
  });
  assert.is(found.length, 1);
  assert.is(found[0]?.c4, 625);
  const table = readParquet(bytes);
  assert.is(
    table.recordBatches().reduce((n, b) => n + b.numRows, 0),
    3000,
  );
});

test('only wanted columns are decoded, and none for a bare count', async () => {
  const schema = schemaOf([T.int, T.string, T.float]);
  const rows: Row[] = Array.from({ length: 300 }, (_, i) => ({ c0: i, c1: `s${i}`, c2: i / 2 }));
  const path = file(await encode(parquet, schema, rows, { row_group_rows: 100 }));
  assert.equal(
    await readRows(parquet, [path], { columns: ['c2', 'c0'] }),
    rows.map((r) => ({ c2: r.c2, c0: r.c0 })),
  );
  assert.is((await readRows(parquet, [path], { columns: [] })).length, 300);
  assert.is((await readRows(parquet, [path], { columns: [], limit: 10 })).length, 10);
  assert.equal(
    (await readRows(parquet, [path], { columns: ['c1'], limit: 3 })).map((r) => r.c1),
    ['s0', 's1', 's2'],
  );
});

const literal = (type: DataType, value: LiteralValue): Expr => ({
  kind: 'literal',
  type,
  nullable: value === null,
  value,
});
const column = (name: string, type: DataType): Expr => ({ kind: 'column', name, type, nullable: true });
const call = (fn: string, ...args: Expr[]): Expr => ({ kind: 'call', fn, args, type: T.bool, nullable: true });

test('row groups that no row of can pass are skipped', async () => {
  const at: DataType = T.timestamp;
  const schema: Schema = [
    field('n', T.int),
    field('s', T.string),
    field('d', T.decimal(20, 2)),
    field('t', at),
    field('f', T.float),
    field('u', T.int),
  ];
  const rows: Row[] = Array.from({ length: 400 }, (_, i) => ({
    n: i,
    s: `k${String(i).padStart(3, '0')}`,
    d: i * 100,
    t: i * 1000000,
    f: i === 0 ? NaN : i / 2,
    u: i < 100 ? null : i,
  }));
  const path = file(await encode(parquet, schema, rows, { row_group_rows: 100 }));
  const kept = async (filter: Expr): Promise<number[]> => {
    const scan = await scanOf(parquet, [path], { filter });
    const splits = (await parquet.reader?.splits(scan)) ?? [];
    return splits.flatMap((s) => s.groups as number[]);
  };
  const n = column('n', T.int);
  assert.equal(await kept(call('eq', n, literal(T.int, 150))), [1]);
  assert.equal(await kept(call('lt', n, literal(T.int, 100))), [0]);
  assert.equal(await kept(call('le', n, literal(T.int, 100))), [0, 1]);
  assert.equal(await kept(call('gt', literal(T.int, 100), n)), [0]);
  assert.equal(await kept(call('ge', n, literal(T.int, 300n))), [3]);
  assert.equal(await kept(call('and', call('ge', n, literal(T.int, 150)), call('lt', n, literal(T.int, 250)))), [1, 2]);
  assert.equal(await kept(call('or', call('lt', n, literal(T.int, 5)), call('gt', n, literal(T.int, 395)))), [0, 3]);
  assert.equal(await kept(call('not', call('lt', n, literal(T.int, 5)))), [0, 1, 2, 3]);
  assert.equal(
    await kept({ kind: 'in', arg: n, values: [3, 399], hasNull: false, negated: false, type: T.bool, nullable: true }),
    [0, 3],
  );
  assert.equal(await kept(call('eq', column('s', T.string), literal(T.string, 'k250'))), [2]);
  assert.equal(await kept(call('gt', column('d', T.decimal(20, 2)), literal(T.decimal(20, 2), 30000))), [3]);
  assert.equal(await kept(call('lt', column('t', at), literal(at, 100000000))), [0]);
  assert.equal(await kept(call('is', column('u', T.int), literal(T.int, null))), [0]);
  assert.equal(await kept(call('isnot', column('u', T.int), literal(T.int, null))), [1, 2, 3]);
  assert.equal(await kept(call('eq', column('u', T.int), literal(T.int, 5))), []);
  const f = column('f', T.float);
  assert.equal(await kept(call('lt', f, literal(T.float, 50))), [0]);
  assert.equal(await kept(call('gt', f, literal(T.float, 199))), [0, 1, 2, 3], 'a NaN is greater');
  const asFloat: Expr = { kind: 'cast', arg: n, safe: false, type: T.float, nullable: true };
  assert.equal(await kept(call('gt', asFloat, literal(T.float, 299.5))), [3]);
});

test('pruning never loses a row that passes', async () => {
  const types = [T.int, T.float, T.string, T.bool, T.date, T.decimal(38, 2), T.timestamp, T.bytes];
  const schema = schemaOf(types);
  const row = fc.record(Object.fromEntries(schema.map((f) => [f.name, nullable(f.type)])));
  const rows = fc.sample(row, { numRuns: 120, seed: 11 }) as Row[];
  const path = file(await encode(parquet, schema, rows, { row_group_rows: 4 }));
  const same = (a: LiteralValue | undefined, b: LiteralValue): boolean =>
    a !== undefined && show(a).replace('-0', 'n0') === show(b).replace('-0', 'n0');
  for (const f of schema) {
    for (const r of rows.slice(0, 40)) {
      const value = r[f.name] as LiteralValue;
      if (value === null || Number.isNaN(value)) continue;
      const filter = call('eq', column(f.name, f.type), literal(f.type, value));
      const got = await readRows(parquet, [path], { columns: [f.name], filter });
      assert.is(
        got.filter((g) => same(g[f.name], value)).length,
        rows.filter((g) => same(g[f.name], value)).length,
        `${f.name} ${show(value)}`,
      );
    }
  }
});

test('several files: by name, in the wider type; clear errors where types clash', async () => {
  const a = file(await encode(parquet, [field('id', T.int, false), field('x', T.int)], [{ id: 1, x: 2 }]));
  const b = file(
    await encode(
      parquet,
      [field('x', T.float), field('id', T.int, false), field('y', T.string)],
      [{ id: 2, x: 2.5, y: 'b' }],
    ),
  );
  const scan = await scanOf(parquet, [a, b]);
  assert.equal(scan.source.schema, [field('id', T.int, false), field('x', T.float), field('y', T.string)]);
  assert.equal(await readRows(parquet, [a, b]), [
    { id: 1, x: 2, y: null },
    { id: 2, x: 2.5, y: 'b' },
  ]);
  const c = file(await encode(parquet, [field('id', T.string)], [{ id: 'no' }]));
  await rejects(() => scanOf(parquet, [a, c]), 'FLOW7003', /"id" is int in ".*", but string in/);
});

test('a declared schema is checked', async () => {
  const path = file(await encode(parquet, [field('n', T.int), field('s', T.string)], [{ n: 1, s: null }]));
  assert.equal(await readRows(parquet, [path], { schema: [field('n', T.decimal(30, 2))] }), [{ n: 100 }]);
  await rejects(
    () => readRows(parquet, [path], { schema: [field('n', T.string)] }),
    'FLOW7004',
    /"n" .* is int, but declared as string/,
  );
  await rejects(() => readRows(parquet, [path], { schema: [field('z', T.int)] }), 'FLOW7003', /has no column "z"/);
  await rejects(
    () => readRows(parquet, [path], { schema: [field('s', T.string, false)] }),
    'FLOW7004',
    /"s" .* has nulls/,
  );
});

test('hive partitions come from the path, and prune', async () => {
  const paths: string[] = [];
  for (const [day, region] of [
    ['2024-01-01', 'eu'],
    ['2024-01-02', 'us%20west'],
    ['2024-01-02', '__HIVE_DEFAULT_PARTITION__'],
  ] as const) {
    const name = `hive/day=${day}/n=7/region=${region}/part.parquet`;
    mkdirSync(dirname(join(tempFolder(), name)), { recursive: true });
    paths.push(file(await encode(parquet, [field('v', T.int)], [{ v: paths.length }]), name));
  }
  const options = { hive: true };
  const rows = await readRows(parquet, paths, { options });
  assert.equal(rows, [
    { v: 0, day: 19723, n: 7, region: 'eu' },
    { v: 1, day: 19724, n: 7, region: 'us west' },
    { v: 2, day: 19724, n: 7, region: null },
  ]);
  const filter = call('eq', column('day', T.date), literal(T.date, 19723));
  assert.equal(await readRows(parquet, paths, { options, filter, columns: ['day'] }), [{ day: 19723 }]);
});

test('interval columns are refused when writing', async () => {
  await rejects(() => encode(parquet, [field('i', T.interval)], []), 'FLOW7006', /no type for the interval column "i"/);
});

test('unusable files', async () => {
  const open = (path: string): Promise<unknown> => scanOf(parquet, [path]);
  await rejects(() => open('no/such/file.parquet'), 'FLOW7001', /no file "no\/such/);
  await rejects(() => open('tests'), 'FLOW7002', /is a folder/);
  await rejects(() => open(file('')), 'FLOW7003', /is empty/);
  await rejects(() => open(file('a,b\n1,2\n3,4\n')), 'FLOW7003', /is not a Parquet file/);
  await rejects(
    () => open(file(Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(40), Buffer.from('PARE')]))),
    'FLOW7003',
    /is encrypted/,
  );
});

test('a file cut off anywhere is an error, never a crash', async () => {
  const schema = schemaOf([T.int, T.string, T.list(T.int)]);
  const rows = fc.sample(fc.record({ c0: nullable(T.int), c1: valueOf(T.string), c2: nullable(T.list(T.int)) }), {
    numRuns: 300,
    seed: 5,
  }) as Row[];
  const whole = await encode(parquet, schema, rows, { row_group_rows: 100 });
  for (let n = 0; n < whole.length; n += n < 16 || n > whole.length - 16 ? 1 : 397) {
    await rejects(
      () => readRows(parquet, [file(whole.subarray(0, n), 'cut')]),
      'FLOW7003',
      /empty|cut off|not a Parquet|damaged/,
    );
  }
});

test('damaged bytes give an error or other values, never a crash', async () => {
  const schema = schemaOf([T.int, T.string, T.list(T.int), T.decimal(30, 1)]);
  const row = fc.record(Object.fromEntries(schema.map((f) => [f.name, nullable(f.type)])));
  const whole = await encode(parquet, schema, fc.sample(row, { numRuns: 200, seed: 5 }) as Row[], {
    compression: 'none',
  });
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
        await readRows(parquet, [file(bytes, 'damaged')]);
      } catch (e) {
        assert.instance(e, RunError, String((e as Error).stack));
        errors++;
      }
    }),
    { numRuns: 60, seed: 1 },
  );
  assert.ok(errors > 10);
  assert.equal((await readRows(parquet, [file(whole)])).length, 200);
});

test('flights: all rows, split by row groups', async () => {
  if (!existsSync(FLIGHTS)) {
    console.log(`# skip: ${FLIGHTS} is missing`);
    return;
  }
  const scan = await scanOf(parquet, [FLIGHTS], { columns: ['delay', 'origin'] });
  assert.equal((await parquet.reader?.estimate(scan.source))?.rows, 3000000);
  const meta = parquetMetadata(new Uint8Array(readFileSync(FLIGHTS)));
  let rows = 0;
  const splits = await eachBatch(parquet, { ...scan, limit: 300000 }, (b) => {
    assert.ok(b.rows <= 65536);
    rows += b.rows;
  });
  assert.is(splits.length, Math.ceil(300000 / Number(meta.row_groups[0]?.num_rows)));
  assert.ok(rows >= 300000);
});

test.run();
