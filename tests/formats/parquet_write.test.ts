// The encoder: what it writes is read back by ourselves and by other readers, and does not depend on how rows come in.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { readParquet } from 'parquet-wasm/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { batchFromRows } from '../../engine/batch/build.ts';
import type { Column } from '../../engine/batch/column.ts';
import type { Expr, LiteralValue } from '../../engine/expr.ts';
import { parquet } from '../../engine/formats/parquet.ts';
import { above, toldBounds } from '../../engine/formats/parquet_bounds.ts';
import { layoutOf } from '../../engine/formats/parquet_layout.ts';
import { Workspace } from '../../engine/formats/parquet_work.ts';
import { bufferOf } from '../../engine/kernels/memories.ts';
import type { Block } from '../../engine/memory/types.ts';
import type { DataType, Schema, Typed } from '../../engine/types.ts';
import { field, T } from '../../engine/types.ts';
import { show, TYPES, toDict, valueOf } from '../batch/arbitrary.ts';
import { CONFIGS, runFlow, tempDir } from '../e2e/harness.ts';
import { openDatabase } from '../oracle/duckdb.ts';
import { encode, encodeBatches, file, type Row, readRows } from './harness.ts';

const WORDS = ['', 'a', 'Zoë', '日本語', '😀 smile', 'x'.repeat(70), 'é'.repeat(40), '\u{10ffff}'.repeat(20)];
const FLOATS = [NaN, -0, 0, Infinity, -Infinity, 5e-324, 1.7976931348623157e308, -1.5];
const BERLIN: DataType = { kind: 'timestamp', zone: 'Europe/Berlin' };

/** A generator of numbers from 0 to n - 1, the same for every run. */
function random(start: number): (n: number) => number {
  let seed = start;
  return (n) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
  };
}

const SCHEMA: Schema = [
  field('seq', T.int, false),
  field('few', T.int),
  field('wide', T.int),
  field('f', T.float),
  field('low', T.string),
  field('high', T.string, false),
  field('long', T.string),
  field('none', T.string),
  field('b', T.bool),
  field('d9', T.decimal(9, 2)),
  field('d18', T.decimal(18, 4)),
  field('d38', T.decimal(38, 10)),
  field('day', T.date),
  field('at', T.timestamp),
  field('zoned', BERLIN),
  field('clock', T.time),
  field('doc', T.json),
  field('raw', T.bytes),
  field('nothing', T.null),
  field('items', T.list(T.int)),
  field('deep', T.list(T.struct([field('a', T.string), field('b', T.list(T.float, false), false)]))),
  field('s', T.struct([field('x', T.int, false), field('y', T.struct([field('z', T.string)]))])),
];

/** Rows in which every column has nulls in patterns, repeated values, and values at the edges of its type. */
function table(n: number, seed: number): Row[] {
  const int = random(seed);
  const some = <V>(v: V, i: number): V | null => (Math.floor(i / 97) % 3 === 0 || int(10) === 0 ? null : v);
  const word = (): string => WORDS[int(WORDS.length)] as string;
  return Array.from({ length: n }, (_, i) => ({
    seq: i * 3,
    few: some(int(7) - 3, i),
    wide: some(int(2) === 0 ? BigInt(int(2 ** 31)) * 4000000000n : i % 2 === 0 ? -(1n << 63n) : (1n << 63n) - 1n, i),
    f: some(int(3) === 0 ? (FLOATS[int(FLOATS.length)] as number) : int(1e6) / 8, i),
    low: some(word(), i),
    high: `k${i}-${int(1e9)}`,
    long: some(
      i % 2000 === 0 ? 'L'.repeat(300000) : i % 3 === 0 ? 'w'.repeat(int(300)) : 'again and again and again',
      i,
    ),
    none: null,
    b: some(int(2) === 0, i),
    d9: some(int(2e9 - 1) - 1e9 + 1, i),
    d18: some(BigInt(int(1e9)) * 999999999n + 2n ** 53n, i),
    d38: some(int(2) === 0 ? -(10n ** 37n) - BigInt(int(1e9)) : int(100), i),
    day: some(int(40000) - 10000, i),
    at: some(int(1e9) * 1e6, i),
    zoned: some(int(1e9), i),
    clock: some(int(86400) * 1e6, i),
    doc: some(`{"a":${int(10)}}`, i),
    raw: some(Uint8Array.of(int(256), 255, int(256)), i),
    nothing: null,
    items: some(
      Array.from({ length: int(4) }, () => some(int(100), i)),
      i,
    ),
    deep: some(
      Array.from({ length: int(3) }, () =>
        some({ a: some(word(), i), b: Array.from({ length: int(3) }, () => int(9) / 4) }, i),
      ),
      i,
    ),
    s: some({ x: int(10), y: some({ z: some(word(), i) }, i) }, i),
  })) as Row[];
}

const ROWS = table(12000, 1);
const text = (rows: readonly Row[]): string => createHash('sha256').update(rows.map(show).join('\n')).digest('hex');

test('rows of every type and pattern come back, over pages, dictionaries and row groups', async () => {
  const bytes = await encode(parquet, SCHEMA, ROWS, { row_group_rows: 9000 }, [5000]);
  const back = await readRows(parquet, [file(bytes)]);
  back.forEach((row, i) => {
    if (show(row) !== show(ROWS[i] as Row)) assert.equal(row, ROWS[i], `row ${i}`);
  });
  assert.is(back.length, ROWS.length);
  const meta = parquetMetadata(new Uint8Array(bytes).buffer);
  assert.equal(
    meta.row_groups.map((g) => Number(g.num_rows)),
    [9000, 3000],
  );
});

test('the bytes are the same however the rows come in batches and forms', async () => {
  const whole = await encode(parquet, SCHEMA, ROWS, {}, [5000]);
  for (const sizes of [[7, 3000, 1, 999, 511], [256], [4097]])
    assert.ok(whole.equals(await encode(parquet, SCHEMA, ROWS, {}, sizes)), String(sizes));
  const parts = [0, 4000, 8000].map((at) => batchFromRows(SCHEMA, ROWS.slice(at, at + 4000)));
  const coded = parts.map((b) => ({
    ...b,
    columns: b.columns.map((c): Column => (c.phys === 'utf8' && c.type.kind === 'string' ? toDict(c) : c)),
  }));
  assert.ok(whole.equals(await encodeBatches(parquet, SCHEMA, coded)));
});

test('other readers see the same rows', async () => {
  const flat = SCHEMA.filter((f) => !['d38', 'd18', 'nothing'].includes(f.name));
  const bytes = await encode(parquet, flat, ROWS.slice(0, 3000), { row_group_rows: 2000 });
  const buffer = new Uint8Array(bytes).buffer;
  const seen = await parquetReadObjects({ file: buffer as never });
  assert.is(seen.length, 3000);
  seen.forEach((r, i) => {
    const row = ROWS[i] as Row;
    for (const name of ['few', 'seq']) assert.is((r[name] ?? null) === null ? null : Number(r[name]), row[name]);
    for (const name of ['low', 'high', 'long', 'b']) assert.is(r[name] ?? null, row[name]);
    assert.ok(Object.is(r.f ?? null, row.f));
    assert.equal(r.items?.map((v: bigint | null) => (v === null ? null : Number(v))) ?? null, row.items);
    assert.equal(JSON.stringify(r.deep ?? null), JSON.stringify(row.deep));
  });
  assert.is(
    readParquet(bytes)
      .recordBatches()
      .reduce((n, b) => n + b.numRows, 0),
    3000,
  );
});

test('a SQL database reads the same values', async () => {
  const db = await openDatabase();
  if (db === null) {
    console.log('# skip: no SQL database is installed');
    return;
  }
  const path = file(await encode(parquet, SCHEMA, ROWS, { row_group_rows: 5000 }), 'duck.parquet');
  const columns = ['seq', 'few', 'wide', 'b', 'low', 'high', 'long'];
  const seen = await db.rows(`select ${columns.join()} from '${path}'`);
  assert.is(seen.length, ROWS.length);
  seen.forEach((r, i) => {
    columns.forEach((c, k) => {
      const v = r[k];
      assert.is(String(v), String((ROWS[i] as Row)[c]), `${c} of row ${i}`);
    });
  });
  const sums = await db.rows(
    `select sum(d9)::varchar, sum(d18)::varchar, sum(list_sum(items))::varchar, count(distinct raw)::int, min(day)::varchar,
     max("at")::varchar, count(nothing)::int, count(s.y.z)::int, sum(len(deep))::varchar from '${path}'`,
  );
  const of = (name: string): bigint => ROWS.reduce((n, r) => n + BigInt((r[name] as bigint | number | null) ?? 0), 0n);
  const scaled = (v: bigint, scale: number): string => {
    const digits = String(v < 0n ? -v : v).padStart(scale + 1, '0');
    return `${v < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  };
  const list = (name: string): unknown[] => ROWS.flatMap((r) => (r[name] as unknown as unknown[] | null) ?? []);
  const days = ROWS.flatMap((r) => (r.day === null ? [] : [r.day as number]));
  const times = ROWS.flatMap((r) => (r.at === null ? [] : [r.at as number]));
  const iso = (ms: number): string => new Date(ms).toISOString();
  assert.equal(sums[0], [
    scaled(of('d9'), 2),
    scaled(of('d18'), 4),
    String(list('items').reduce((n: number, v) => n + ((v as number | null) ?? 0), 0)),
    new Set(ROWS.flatMap((r) => (r.raw === null ? [] : [String(r.raw)]))).size,
    iso(Math.min(...days) * 86400000).slice(0, 10),
    iso(Math.max(...times) / 1000)
      .slice(0, 19)
      .replace('T', ' '),
    0,
    ROWS.filter((r) => ((r.s as unknown as { y: { z: string | null } | null } | null)?.y?.z ?? null) !== null).length,
    String(list('deep').length),
  ]);
  const rows = (where: string): Promise<unknown[][]> => db.rows(`select count(*)::int from '${path}' where ${where}`);
  assert.equal(await rows('seq between 3000 and 6000'), [[1001]]);
  assert.equal(await rows("low = 'Zoë'"), [[ROWS.filter((r) => r.low === 'Zoë').length]]);
  assert.equal(await rows("low > 'é'"), [
    [ROWS.filter((r) => r.low !== null && Buffer.from(r.low as string) > Buffer.from('é')).length],
  ]);
  db.close();
});

test('values that come again are codes, others are plain; pages and dictionaries have their bounds', async () => {
  const schema = [field('few', T.int), field('many', T.int), field('word', T.string), field('name', T.string)];
  const rows: Row[] = Array.from({ length: 40000 }, (_, i) => ({
    few: i % 50,
    many: i,
    word: `w${i % 11}`,
    name: `name ${i}`,
  }));
  const bytes = await encode(parquet, schema, rows);
  const [group] = parquetMetadata(new Uint8Array(bytes).buffer).row_groups;
  assert.equal(
    group?.columns.map((c) => c.meta_data?.encodings?.includes('RLE_DICTIONARY')),
    [true, false, true, false],
  );
  assert.equal(
    group?.columns.map((c) => [c.meta_data?.statistics?.min_value, c.meta_data?.statistics?.max_value]),
    [
      [0n, 49n],
      [0n, 39999n],
      ['w0', 'w9'],
      ['name 0', 'name 9999'],
    ],
  );
  assert.is(text(await readRows(parquet, [file(bytes)])), text(rows));
});

test('a dictionary that gets too large is given up, and no text is too long for a page', async () => {
  const schema = [field('s', T.string), field('t', T.list(T.string)), field('n', T.int)];
  const rows: Row[] = Array.from({ length: 60000 }, (_, i) => {
    const s = i < 25000 ? `w${i % 5000}` : `other ${i}`;
    return { s, t: i % 50 === 0 ? [s, null] : null, n: i < 20000 ? i % 4 : i * 7 };
  });
  rows[55000] = { s: 'y'.repeat(3 << 20), t: ['z'.repeat(2 << 20)], n: 1 };
  const bytes = await encode(parquet, schema, rows, {}, [60000]);
  assert.ok(bytes.equals(await encode(parquet, schema, rows, {}, [1000, 7])));
  const back = await readRows(parquet, [file(bytes)]);
  assert.is(text(back), text(rows));
  const columns = parquetMetadata(new Uint8Array(bytes).buffer).row_groups[0]?.columns;
  assert.equal(columns?.[0]?.meta_data?.encodings?.slice().sort(), ['PLAIN', 'RLE', 'RLE_DICTIONARY']);
});

test('pages that no row of can pass are left out, and none that has one', async () => {
  const schema = [field('id', T.int, false), field('s', T.string), field('f', T.float), field('u', T.int)];
  const rows: Row[] = Array.from({ length: 130000 }, (_, i) => ({
    id: i,
    s: `k${String(i >> 10).padStart(4, '0')}`,
    f: i % 1000 === 7 ? NaN : i / 8,
    u: i < 65536 ? null : i % 100,
  }));
  const path = file(await encode(parquet, schema, rows, {}, [60000]));
  const column = (name: string, type: DataType): Expr => ({ kind: 'column', name, type, nullable: true });
  const literal = (type: DataType, value: LiteralValue): Expr => ({ kind: 'literal', type, nullable: false, value });
  const call = (fn: string, ...args: Expr[]): Expr => ({ kind: 'call', fn, args, type: T.bool, nullable: true });
  const [id, s, f, u] = [column('id', T.int), column('s', T.string), column('f', T.float), column('u', T.int)];
  const cases: readonly [Expr, (row: Row) => boolean, number][] = [
    [call('eq', id, literal(T.int, 40000)), (r) => r.id === 40000, 32768],
    [
      call('and', call('ge', id, literal(T.int, 32000)), call('lt', id, literal(T.int, 33000))),
      (r) => (r.id as number) >= 32000 && (r.id as number) < 33000,
      65536,
    ],
    [call('eq', s, literal(T.string, 'k0100')), (r) => r.s === 'k0100', 130000 - 98304],
    [call('lt', f, literal(T.float, 100)), (r) => (r.f as number) < 100, 32768],
    [call('eq', u, literal(T.int, 5)), (r) => r.u === 5, 130000 - 65536],
    [
      call('or', call('lt', id, literal(T.int, 5)), call('gt', id, literal(T.int, 129990))),
      (r) => (r.id as number) < 5 || (r.id as number) > 129990,
      32768 + 130000 - 98304,
    ],
    [call('eq', id, literal(T.int, 129999)), (r) => r.id === 129999, 130000 - 98304],
  ];
  for (const [filter, passes, read] of cases) {
    const got = await readRows(parquet, [path], { filter, kernels: true });
    assert.is(got.length, read);
    assert.is(text(got.filter(passes)), text(rows.filter(passes)));
  }
});

/** Lists and structs in one another, over types of every width. */
const nestedTypes = fc.letrec<{ type: DataType }>((tie) => ({
  type: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<DataType>(
      ...TYPES.filter((t) => !['interval', 'null', 'list', 'struct', 'map'].includes(t.kind)),
      T.decimal(9, 2),
      T.decimal(18, 3),
      BERLIN,
    ),
    fc.tuple(tie('type'), fc.boolean()).map(([t, nullable]) => T.list(t, nullable)),
    fc
      .array(fc.tuple(tie('type'), fc.boolean()), { minLength: 1, maxLength: 3 })
      .map((fields) => T.struct(fields.map(([t, nullable], i) => field(`f${i}`, t, nullable)))),
  ),
})).type;

function nestedValue(t: DataType): fc.Arbitrary<unknown> {
  const of = ({ type, nullable }: Typed): fc.Arbitrary<unknown> =>
    nullable ? fc.option(nestedValue(type)) : nestedValue(type);
  if (t.kind === 'decimal' && t.precision <= 18) return fc.integer({ min: -99999, max: 99999 });
  if (t.kind === 'list') return fc.array(of(t.item), { maxLength: 4 });
  if (t.kind === 'struct') return fc.record(Object.fromEntries(t.fields.map((f) => [f.name, of(f)])));
  return valueOf(t);
}

test('values nested in any way come back', async () => {
  const input = fc.array(nestedTypes, { minLength: 1, maxLength: 3 }).chain((types) => {
    const schema = types.map((t, i) => field(`c${i}`, t));
    const row = fc.record(Object.fromEntries(schema.map((f) => [f.name, fc.option(nestedValue(f.type))])));
    return fc.tuple(fc.constant(schema), fc.array(row, { maxLength: 60 }) as fc.Arbitrary<Row[]>);
  });
  const compression = fc.constantFrom('snappy', 'lz4', 'zstd', 'none');
  await fc.assert(
    fc.asyncProperty(input, compression, fc.integer({ min: 1, max: 70 }), async ([schema, rows], codec, size) => {
      const bytes = await encode(parquet, schema, rows, { compression: codec, row_group_rows: 40 }, [size]);
      const back = await readRows(parquet, [file(bytes, 'nested')], { kernels: true });
      assert.equal(back.map(show), rows.map(show));
    }),
    { numRuns: 60 },
  );
});

test('wide rows make small row groups; there may be none', async () => {
  const schema = [field('s', T.string)];
  const rows: Row[] = Array.from({ length: 20000 }, (_, i) => ({ s: `${i % 9}`.repeat(9000) }));
  const bytes = await encode(parquet, schema, rows, {}, [3000]);
  const meta = parquetMetadata(new Uint8Array(bytes).buffer);
  assert.equal(
    meta.row_groups.map((g) => Number(g.num_rows)),
    [8192, 8192, 3616],
  );
  const empty = await encode(parquet, SCHEMA, []);
  assert.is(parquetMetadata(new Uint8Array(empty).buffer).row_groups.length, 0);
  assert.equal(await readRows(parquet, [file(empty)]), []);
});

test('texts that are told short are below and above all that there are', () => {
  const [leaf] = layoutOf('x', [field('s', T.string)]).leaves;
  const [raw] = layoutOf('x', [field('s', T.bytes)]).leaves;
  if (leaf === undefined || raw === undefined) throw new Error('no leaf');
  const values = [
    ...WORDS,
    'a'.repeat(64),
    `${'a'.repeat(63)}é`,
    `${'b'.repeat(60)}\u{d7ff}z`,
    '\u{10ffff}'.repeat(16),
  ];
  for (const value of values) {
    const bytes = new Uint8Array(Buffer.from(value));
    const { min, max } = toldBounds(leaf, { min: bytes, max: bytes });
    assert.ok(Buffer.compare(min.bytes, bytes) <= 0);
    assert.ok(min.bytes.length <= 64);
    assert.ok(max === null || Buffer.compare(max.bytes, bytes) >= 0, value);
    assert.is(min.exact, bytes.length <= 64);
    for (const b of [min, max])
      if (b !== null)
        assert.equal(new Uint8Array(Buffer.from(Buffer.from(b.bytes).toString())), new Uint8Array(b.bytes));
  }
  const ones = new Uint8Array(80).fill(255);
  assert.is(toldBounds(raw, { min: ones, max: ones }).max, null);
  ones[10] = 7;
  assert.equal(toldBounds(raw, { min: ones, max: ones }).max?.bytes, new Uint8Array([...new Array(10).fill(255), 8]));
  assert.equal(above(Uint8Array.of(1, 255), false)?.bytes, Uint8Array.of(2));
});

test('working memory in two segments is put together in one', () => {
  const memories = [0, 1].map(() => new WebAssembly.Memory({ initial: 1, maximum: 64, shared: true }));
  const used = [0, 0];
  let blocks = 0;
  const store = {
    allocate(bytes: number): Block {
      // Every second one lies in the other segment, as when the first one is full.
      const i = blocks++ < 3 ? 0 : 1;
      const memory = memories[i] as WebAssembly.Memory;
      const at = used[i] as number;
      used[i] = at + Math.ceil(bytes / 64) * 64;
      while (memory.buffer.byteLength < (used[i] as number)) memory.grow(1);
      return { address: at, bytes, view: new Uint8Array(bufferOf(memory) as SharedArrayBuffer, at, bytes) };
    },
    free: () => {},
  };
  const ws = new Workspace(store);
  const a = ws.region();
  const b = ws.region();
  ws.reserve(a, 100);
  ws.bytes(a, 0, 4).set([1, 2, 3, 4]);
  ws.reserve(b, 100);
  assert.is(ws.kernels.memory, memories[0]);
  ws.reserve(b, 5000);
  assert.is(ws.kernels.memory, memories[1]);
  assert.equal(Array.from(ws.bytes(a, 0, 4)), [1, 2, 3, 4]);
  assert.is(ws.bytes(a, 0, 1).buffer, ws.bytes(b, 0, 1).buffer);
  const [far] = ws.place([Uint8Array.of(9, 8)], 0) as [number];
  assert.equal(Array.from(ws.copyAt(far, 2)), [9, 8]);
  ws.free();
});

test('the file is the same whatever workers and memory', async () => {
  const dir = tempDir();
  const csv = join(dir, 'in.csv');
  const int = random(5);
  const lines = Array.from({ length: 90000 }, (_, i) => `${i},w${int(40)},${int(1e6)},text ${int(1e7)}`);
  writeFileSync(csv, ['id,word,n,name', ...lines].join('\n'));
  const hashes = new Set<string>();
  for (const config of CONFIGS) {
    const out = join(dir, 'out.parquet');
    const flow = `from csv("${csv}") | where n > 1000 | sort name | write parquet("${out}", row_group_rows: 7000)`;
    await runFlow(flow, config);
    hashes.add(createHash('sha256').update(readFileSync(out)).digest('hex'));
    const rows = await readRows(parquet, [out], { columns: ['id'] });
    assert.is(rows.length, lines.filter((l) => Number(l.split(',')[2]) > 1000).length);
  }
  assert.is(hashes.size, 1);
});

test.run();
