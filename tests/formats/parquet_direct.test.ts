// The reader by kernels against the complete decoder, over files of many kinds.
import { closeSync, openSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import * as wasm from 'parquet-wasm/node';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { valueReader } from '../../engine/batch/access.ts';
import { batchFromRows } from '../../engine/batch/build.ts';
import type { Column } from '../../engine/batch/column.ts';
import { RunError } from '../../engine/errors.ts';
import { arrowSchema, loadArrow, recordBatch } from '../../engine/formats/arrow_export.ts';
import { parquet } from '../../engine/formats/parquet.ts';
import { DirectColumns } from '../../engine/formats/parquet_direct.ts';
import { decodeGroup } from '../../engine/formats/parquet_group.ts';
import { openParquet } from '../../engine/formats/parquet_schema.ts';
import { useKernels } from '../../engine/kernels/load.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import { testStore } from '../../engine/store/store.ts';
import type { DataType, Schema } from '../../engine/types.ts';
import { field, formatType, T } from '../../engine/types.ts';
import { nullable, show, TYPES, valueOf } from '../batch/arbitrary.ts';
import type { Row } from './harness.ts';
import { encode, file } from './harness.ts';

const store = testStore(256 << 20);
const context = { scratch: arenaScratch(store), store, grant: 128 << 20 };

interface Writing {
  readonly compression: number;
  readonly version: number;
  readonly dictionary: boolean;
  readonly pageBytes: number;
  readonly dictionaryBytes: number;
  readonly groupRows: number;
}

async function written(schema: Schema, rows: readonly Row[], w: Writing): Promise<string> {
  const arrow = await loadArrow();
  const batch = recordBatch(arrow, arrowSchema(arrow, schema), batchFromRows(schema, rows));
  const ipc = new arrow.RecordBatchStreamWriter().writeAll([batch]).toUint8Array(true);
  const properties = new wasm.WriterPropertiesBuilder()
    .setCompression(w.compression)
    .setWriterVersion(w.version)
    .setDictionaryEnabled(w.dictionary)
    .setDataPageSizeLimit(w.pageBytes)
    .setDictionaryPageSizeLimit(w.dictionaryBytes)
    .setWriteBatchSize(16)
    .setMaxRowGroupSize(w.groupRows)
    .build();
  return file(wasm.writeParquet(wasm.Table.fromIPCStream(ipc), properties));
}

/** What a column is, form and values, as text. */
function told(c: Column): string {
  const read = valueReader(c);
  const form = c.phys === 'i64' ? `i64 ${c.wide}` : c.phys;
  return `${formatType(c.type)} ${form} ${c.nullCount} ${c.validity !== null} ${Array.from({ length: c.length }, (_, i) => show(read(i))).join()}`;
}

/** All batches of a file as text, or what is wrong with it. */
function contents(path: string, names: readonly string[], kernels: boolean, limit = Infinity): string[] {
  const source = openParquet(path);
  const fd = openSync(path, 'r');
  useKernels(kernels);
  const out: string[] = [];
  try {
    for (let g = 0; g < source.footer.groups.length; g++) {
      for (const part of decodeGroup(fd, source, g, names, limit, context)) {
        out.push(`${part.rows}`, ...part.columns.map(told));
      }
    }
  } catch (e) {
    if (!(e instanceof RunError)) throw e;
    out.push(e.message);
  } finally {
    useKernels(true);
    closeSync(fd);
    context.scratch.release();
  }
  return out;
}

/** How many batches of the first row group the kernels give. */
function directBatches(path: string, names: readonly string[], rows: readonly number[]): number {
  const source = openParquet(path);
  const [group] = source.footer.groups;
  const fd = openSync(path, 'r');
  try {
    if (group === undefined) return 0;
    const direct = DirectColumns.open(fd, source.footer, group, names, source.fields, context);
    if (direct === null) return 0;
    assert.equal([...direct.names].sort(), [...names].sort());
    let batches = 0;
    for (const n of rows) {
      context.scratch.reset();
      if (direct.take(n, context.scratch) === null) break;
      batches++;
    }
    direct.free();
    return batches;
  } finally {
    closeSync(fd);
    context.scratch.release();
  }
}

const FLAT = TYPES.filter((t) => t.kind !== 'interval' && t.kind !== 'null');
const DECIMALS: readonly DataType[] = [T.decimal(5, 2), T.decimal(15, 3)];

function columnOf(type: DataType): fc.Arbitrary<{ type: DataType; nullable: boolean; value: fc.Arbitrary<unknown> }> {
  const values =
    type.kind === 'decimal' && type.precision < 20 ? fc.integer({ min: -99999, max: 99999 }) : valueOf(type);
  return fc
    .tuple(fc.boolean(), fc.boolean(), fc.array(values, { minLength: 1, maxLength: 5 }))
    .map(([some, few, picks]) => {
      // Few values make dictionaries.
      const value = few ? fc.constantFrom(...picks) : values;
      const odd = some ? fc.option(value, { freq: 3 }) : fc.option(value, { freq: 200 });
      return { type, nullable: true, value: some || !few ? odd : value };
    });
}

const writing: fc.Arbitrary<Writing> = fc.record({
  compression: fc.constantFrom(0, 1, 2, 3, 5, 6),
  version: fc.constantFrom(0, 1),
  dictionary: fc.boolean(),
  pageBytes: fc.constantFrom(64, 500, 1 << 20),
  dictionaryBytes: fc.constantFrom(100, 1 << 20),
  groupRows: fc.constantFrom(50, 1000, 100000),
});

const table = fc
  .array(fc.constantFrom(...FLAT, ...DECIMALS).chain(columnOf), { minLength: 1, maxLength: 5 })
  .chain((columns) => {
    const row = fc.record(Object.fromEntries(columns.map((c, i) => [`c${i}`, c.value])));
    const schema = columns.map((c, i) => field(`c${i}`, c.type, c.nullable));
    const sizes = fc.constantFrom(1, 7, 8, 9, 64, 65, 300);
    const rows = fc.tuple(sizes, fc.array(row, { minLength: 1, maxLength: 40 }));
    return fc.tuple(
      fc.constant(schema),
      rows.map(([n, some]) => Array.from({ length: n }, (_, i) => some[i % some.length] as Row)),
    );
  });

test('columns of any type, encoding and compression are those of the complete decoder', async () => {
  await fc.assert(
    fc.asyncProperty(table, writing, fc.constantFrom(Infinity, 1, 50), async ([schema, rows], w, limit) => {
      const path = await written(schema, rows, w);
      const names = schema.map((f) => f.name);
      assert.equal(contents(path, names, true, limit), contents(path, names, false, limit));
    }),
    { numRuns: 100 },
  );
});

test('batches of several pages and a page of several batches; dictionaries that are given up', async () => {
  const schema = [
    field('i', T.int),
    field('s', T.string),
    field('f', T.float),
    field('b', T.bool),
    field('w', T.int, false),
  ];
  const rows: Row[] = Array.from({ length: 150000 }, (_, i) => ({
    i: i % 9 === 0 ? null : i < 80000 ? i % 50 : i * 100003,
    s: i % 13 === 0 ? null : i < 100000 ? `v${i % 700}` : `é${i}`,
    f: i % 2 === 0 ? (i % 4) / 8 : null,
    b: i % 3 === 0,
    w: i % 70000,
  }));
  const names = schema.map((f) => f.name);
  for (const compression of [0, 1, 2, 6]) {
    for (const version of [0, 1]) {
      const small = {
        compression,
        version,
        dictionary: true,
        pageBytes: 9000,
        dictionaryBytes: 5000,
        groupRows: 200000,
      };
      const large = { ...small, pageBytes: 8 << 20, dictionaryBytes: 8 << 20 };
      for (const w of [small, large]) {
        const path = await written(schema, rows, w);
        assert.equal(contents(path, names, true), contents(path, names, false));
        assert.is(directBatches(path, names, [65536, 65536, 18928]), 3, 'read by kernels alone');
        assert.is(directBatches(path, names, [1, 7, 64, 30000, 9]), 5);
      }
    }
  }
});

test('packed differences, shared beginnings and split bytes are read by kernels', async () => {
  const { DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY, BYTE_STREAM_SPLIT } = wasm.Encoding;
  const schema = [
    field('i', T.int),
    field('d', T.date),
    field('f', T.float),
    field('s', T.string),
    field('t', T.string),
  ];
  const edges = [-(1n << 63n), (1n << 63n) - 1n, 0, -1];
  const int = (i: number): number => (Math.imul(i, 2654435761) >>> 8) % 1000003;
  for (const n of [1, 2, 33, 129, 5000]) {
    const rows: Row[] = Array.from({ length: n }, (_, i) => ({
      i: i % 7 === 0 ? null : i % 50 === 3 ? (edges[int(i) % 4] as number | bigint) : i * 1000 - int(i),
      d: i % 11 === 0 ? null : int(i) - 500000,
      f: i % 5 === 0 ? null : int(i) / 64,
      s: i % 6 === 0 ? null : `text ${int(i)}`.repeat(int(i) % 4),
      t: i % 4 === 0 ? null : `folder/of/many/${i >> 5}/${int(i)}`,
    }));
    for (const encoding of [DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY]) {
      const arrow = await loadArrow();
      const batch = recordBatch(arrow, arrowSchema(arrow, schema), batchFromRows(schema, rows));
      const ipc = new arrow.RecordBatchStreamWriter().writeAll([batch]).toUint8Array(true);
      let properties = new wasm.WriterPropertiesBuilder().setDictionaryEnabled(false).setDataPageSizeLimit(9000);
      for (const name of ['i', 'd']) properties = properties.setColumnEncoding(name, DELTA_BINARY_PACKED);
      properties = properties.setColumnEncoding('f', BYTE_STREAM_SPLIT);
      for (const name of ['s', 't']) properties = properties.setColumnEncoding(name, encoding);
      const path = file(wasm.writeParquet(wasm.Table.fromIPCStream(ipc), properties.build()));
      const names = schema.map((f) => f.name);
      assert.equal(contents(path, names, true), contents(path, names, false));
      assert.is(directBatches(path, names, [n]), 1, 'read by kernels alone');
    }
  }
});

test('stretches of a row group have the rows that are there when all is read', async () => {
  const cuts = fc.uniqueArray(fc.nat(300), { maxLength: 8 }).map((c) => c.sort((a, b) => a - b));
  let left = 0;
  await fc.assert(
    fc.asyncProperty(table, writing, cuts, async ([schema, rows], w, at) => {
      const path = await written(schema, rows, { ...w, groupRows: 100000 });
      const source = openParquet(path);
      const ranges = at.flatMap((to, i) =>
        i % 2 === 1 ? [{ from: at[i - 1] as number, to: Math.min(to, rows.length) }] : [],
      );
      const within = ranges.filter((r) => r.from < r.to);
      const names = schema.map((f) => f.name);
      const fd = openSync(path, 'r');
      const seen = new Set<number>();
      try {
        for (const part of decodeGroup(fd, source, 0, names, Infinity, context, within)) {
          const read = part.columns.map((c) => valueReader(c));
          for (let i = 0; i < part.rows; i++) {
            const row = rows[part.from + i] as Row;
            assert.not(seen.has(part.from + i));
            seen.add(part.from + i);
            assert.equal(
              read.map((r) => show(r(i))),
              names.map((n) => show((row[n] ?? null) as never)),
            );
          }
        }
      } finally {
        closeSync(fd);
        context.scratch.release();
      }
      for (const r of within) for (let i = r.from; i < r.to; i++) assert.ok(seen.has(i), `row ${i}`);
      left += rows.length - seen.size;
    }),
    { numRuns: 100 },
  );
  assert.ok(left > 1000, 'rows were left out');
});

test('a page that does not match its checksum is an error that names the column', async () => {
  const schema = [field('n', T.int), field('l', T.list(T.string))];
  const rows: Row[] = Array.from({ length: 5000 }, (_, i) => ({ n: i * 7, l: [`text ${i}`, null] }));
  const bytes = await encode(parquet, schema, rows, { compression: 'none' });
  for (const [column, content] of [
    ['n', Buffer.from(BigInt64Array.of(7n * 1234n, 7n * 1235n).buffer)],
    ['l', Buffer.from('text 1234')],
  ] as const) {
    const damaged = Buffer.from(bytes);
    const at = damaged.indexOf(content);
    assert.ok(at > 0);
    damaged[at + 5] = (damaged[at + 5] as number) ^ 1;
    const path = file(damaged);
    const [error] = contents(path, [column], true);
    assert.match(String(error), new RegExp(`a page of column "${column}" does not match its checksum`));
  }
});

test('columns that only the complete decoder reads stand beside the others', async () => {
  const schema = [field('l', T.list(T.int)), field('i', T.int), field('d', T.decimal(38, 0)), field('s', T.string)];
  const rows: Row[] = Array.from({ length: 70000 }, (_, i) => ({ l: [i, null], i, d: i, s: `v${i % 9}` }));
  const w = {
    compression: 1,
    version: 0,
    dictionary: true,
    pageBytes: 1 << 20,
    dictionaryBytes: 1 << 20,
    groupRows: 100000,
  };
  const path = await written(schema, rows, w);
  for (const names of [['l', 'i', 'd', 's'], ['s', 'l'], ['i', 's'], ['d']]) {
    assert.equal(contents(path, names, true), contents(path, names, false));
  }
});

test('a small grant leaves columns to the complete decoder', async () => {
  const schema = [field('i', T.int), field('s', T.string)];
  const rows: Row[] = Array.from({ length: 5000 }, (_, i) => ({ i, s: `text ${i}` }));
  const w = {
    compression: 1,
    version: 0,
    dictionary: true,
    pageBytes: 1 << 20,
    dictionaryBytes: 1 << 20,
    groupRows: 100000,
  };
  const path = await written(schema, rows, w);
  const source = openParquet(path);
  const fd = openSync(path, 'r');
  const [group] = source.footer.groups;
  assert.ok(group !== undefined);
  const small = { ...context, grant: 64 << 10 };
  assert.is(DirectColumns.open(fd, source.footer, group, ['i', 's'], source.fields, small), null);
  let n = 0;
  for (const part of decodeGroup(fd, source, 0, ['i', 's'], Infinity, small)) n += part.rows;
  assert.is(n, 5000);
  closeSync(fd);
  context.scratch.release();
});

test('damaged pages: values or the error of the complete decoder, never a crash, and no memory is lost', async () => {
  const schema = schemaOf([T.int, T.string, T.float, T.bool, T.timestamp, T.decimal(9, 2)]);
  const row = fc.record(
    Object.fromEntries(
      schema.map((f) => [f.name, f.type.kind === 'decimal' ? fc.integer({ min: 0, max: 99 }) : nullable(f.type)]),
    ),
  );
  const rows = fc.sample(row, { numRuns: 300, seed: 5 }) as Row[];
  let wrong = 0;
  for (const compression of [0, 1, 2, 6]) {
    for (const dictionary of [false, true]) {
      const w = { compression, version: 0, dictionary, pageBytes: 800, dictionaryBytes: 1 << 20, groupRows: 1000 };
      const whole = readFileSync(await written(schema, rows, w));
      const footer = whole.readUInt32LE(whole.length - 8);
      const flips = fc.array(
        fc.tuple(fc.integer({ min: 4, max: whole.length - footer - 9 }), fc.integer({ min: 1, max: 255 })),
        {
          minLength: 1,
          maxLength: 3,
        },
      );
      fc.assert(
        fc.property(flips, (changes) => {
          const bytes = Buffer.from(whole);
          for (const [at, by] of changes) bytes[at] = (bytes[at] as number) ^ by;
          const path = file(bytes);
          const names = schema.map((f) => f.name);
          const seen = contents(path, names, true).join('\n');
          if (/is damaged/.test(seen)) {
            wrong++;
            assert.is(seen, contents(path, names, false).join('\n'));
          }
        }),
        { numRuns: 60 },
      );
    }
  }
  assert.ok(wrong > 20);
});

function schemaOf(types: readonly DataType[]): Schema {
  return types.map((t, i) => field(`c${i}`, t));
}

test.after(() => {
  assert.is(store.stats().workingBytes, 0);
});

test.run();
