import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rowsOf } from '../../engine/batch/access.ts';
import { batchFromRows } from '../../engine/batch/build.ts';
import type { LiteralValue } from '../../engine/expr.ts';
import { json, jsonReader, ndjson } from '../../engine/formats/ndjson.ts';
import { field, formatType, type Schema, T } from '../../engine/types.ts';
import { fileWith, type ReadOptions, type Row, readAll, runError, written } from './support.ts';

const reader = jsonReader();

const tiny = (splitBytes: number, windowBytes = 64) => jsonReader({ splitBytes, windowBytes, rows: 7 });

async function read(text: string | Uint8Array, how: ReadOptions = {}) {
  return readAll(reader, fileWith(text, '.ndjson'), how);
}

const types = (schema: Schema): string => schema.map((f) => `${f.name}: ${formatType(f.type)}`).join(', ');

test('types: scalars, nested values, mixes', async () => {
  const { schema, rows } = await read(
    [
      '{"i":1,"f":1,"b":true,"d":"2024-02-29","t":"2024-01-01T00:00:00Z","l":[1,null],"o":{"x":1,"y":"a"},"m":1,"j":[1],"n":null,"e":[]}',
      '{"o":{"y":"b","z":[{"q":2.5}]},"i":-9223372036854775808,"f":2.5,"m":"text","j":{"k":[ 1, 2 ]},"t":"2024-01-01T10:00:00+02:00","extra":"é"}',
      '{"m":true,"l":[],"o":null}',
    ].join('\n'),
  );
  assert.is(
    types(schema),
    'i: int, f: float, b: bool, d: date, t: timestamp, l: list<int?>, o: { x: int?, y: string?, z: list<{ q: float? }?>? }, m: string, j: json, n: string, e: list<string?>, extra: string',
  );
  assert.equal(rows[0]?.o, { x: 1, y: 'a', z: null });
  assert.equal(rows[1]?.o, { x: null, y: 'b', z: [{ q: 2.5 }] });
  assert.equal(
    rows.map((r) => [r.i, r.m, r.j, r.l, r.extra]),
    [
      [1, '1', '[1]', [1, null], null],
      [-9223372036854775808n, 'text', '{"k":[ 1, 2 ]}', null, 'é'],
      [null, 'true', null, [], null],
    ],
  );
});

test('integers keep 64 bits; larger numbers are floats', async () => {
  const { rows, schema } = await read(
    '{"a":9223372036854775807,"b":9223372036854775808}\n{"a":9007199254740993,"b":1}\n',
  );
  assert.is(types(schema), 'a: int, b: float');
  assert.equal(rows, [
    { a: 9223372036854775807n, b: 2 ** 63 },
    { a: 9007199254740993n, b: 1 },
  ]);
});

test('strings: escapes, surrogates, a lone surrogate, control characters', async () => {
  const { rows } = await read('{"s":"\\u00e9\\n\\"\\\\\\/\\b\\f\\t\\ud83d\\ude00 \\ud83d!"}\n');
  assert.is(rows[0]?.s, 'é\n"\\/\b\f\t😀 \ufffd!');
  assert.match((await runError(() => read('{"s":"a\tb"}\n{"s":"x\u0001"}\n'))).message, /control character/);
});

test('layouts: lines, a list, a list over lines, values over lines, an inner list', async () => {
  const expected = [{ a: 1 }, { a: 2 }];
  for (const text of [
    '{"a":1}\n{"a":2}\n',
    '\ufeff\n {"a":1} \r\n\n{"a":2}',
    '[{"a":1},{"a":2}]',
    '[\n  {"a": 1},\n  {\n "a": 2 }\n]\n\n',
    '{\n "a": 1\n}\n{\n"a":2}',
  ]) {
    assert.equal((await read(text)).rows, expected, text);
  }
  const inner = '{"meta":{"n":[1,2,{}],"s":"]}"},"data":{"rows":[{"a":1},{"a":2}],"more":1}}';
  assert.equal((await read(inner, { options: { path: 'data.rows' } })).rows, expected);
  assert.equal((await read(inner, { options: { path: 'data' } })).rows, [{ rows: expected, more: 1 }]);
  const e = await runError(() => read(inner, { options: { path: 'data.row' } }));
  assert.match(e.message, /no member "row"/);
  assert.match(e.hint ?? '', /"rows"/);
  assert.equal((await read('[1, 2.5, null]')).rows, [{ value: 1 }, { value: 2.5 }, { value: null }]);
  assert.equal((await read('[1]\n[2,3]\n')).rows, [{ value: [1] }, { value: [2, 3] }]);
  assert.equal((await read('[1,{"a":2}]')).rows, [{ value: '1' }, { value: '{"a":2}' }]);
});

test('nothing to infer from', async () => {
  assert.match((await runError(() => read(''))).message, /holds no values/);
  assert.match((await runError(() => read('[]'))).message, /holds no values/);
  assert.match((await runError(() => read('{}\n{}\n'))).message, /no members/);
  assert.equal((await read('', { schema: [field('a', T.int)] })).rows, []);
  assert.equal((await read('[ ]', { schema: [field('a', T.int)] })).rows, []);
});

test('syntax errors name line and column; such lines can be left out', async () => {
  const text = '{"a":1}\n\n{"a":2,}\n{"a":3} x\n{"a":01}\n{"a":4}\n';
  const e = await runError(() => read(text));
  assert.is(e.code, 'FLOW7003');
  assert.match(e.message, /line 3, column 8/);
  assert.is(e.where.row, 2);
  const { rows, rejected } = await read(text, { options: { on_error: 'reject' } });
  assert.equal(rows, [{ a: 1 }, { a: 4 }]);
  assert.is(rejected, 3);
  for (const bad of [
    '{"a" 1}',
    '{"a":tru}',
    '{"a":1',
    '{a:1}',
    '{"a":"x',
    '{"a":1.}',
    '{"a":-}',
    '{"a":1e}',
    '{"a":"\\x"}',
    '{"a":"\\u12"}',
    '{"a":[1 2]}',
    '{"a":1}}',
    'nul',
    '{"a":+1}',
    '12',
  ]) {
    const run = () => read(`${bad}\n`, { schema: [field('a', T.int)] });
    assert.is((await runError(run)).code, 'FLOW7003', bad);
  }
});

test('errors inside a list name the element', async () => {
  const schema = [field('a', T.int)];
  const e = await runError(() => read('[{"a":1},\n{"a":2},\n{"a":x}]', { schema }));
  assert.match(e.message, /line 3, column 6/);
  assert.is(e.where.row, 3);
  for (const bad of [
    '[{"a":1} {"a":2}]',
    '[{"a":1}',
    '[{"a":1},',
    '[{"a":1}] x',
    '[,{"a":1}]',
    '[{"a":1},,{"a":2}]',
    '[{"a":1}]]',
  ]) {
    assert.is((await runError(() => read(bad, { schema }))).code, 'FLOW7003', bad);
  }
});

test('a value that does not fit: error with its place, null, reject', async () => {
  const schema = [
    field('id', T.int, false),
    field('items', T.list(T.struct([field('qty', T.int, false), field('sku', T.string)]))),
  ];
  const text =
    '{"id":1,"items":[{"qty":1,"sku":"a"}]}\n{"id":2,"items":[{"qty":1},{"sku":"b","qty":"many"}]}\n{"items":[]}\n{"id":4,"items":null}\n';
  const e = await runError(() => read(text, { schema }));
  assert.is(e.code, 'FLOW7004');
  assert.equal([e.where.row, e.where.column, e.where.value], [2, 'items[1].qty', '"many"']);
  const rejected = await read(text, { schema, options: { on_error: 'reject' } });
  assert.equal(rejected.rows, [
    { id: 1, items: [{ qty: 1, sku: 'a' }] },
    { id: 4, items: null },
  ]);
  assert.is(rejected.rejected, 2);
  const missing = await runError(() => read(text, { schema, options: { on_error: 'null' } }));
  assert.equal([missing.where.row, missing.where.column], [3, 'id']);
  const nullable = [field('id', T.int), schema[1]!];
  assert.equal((await read(text, { schema: nullable, options: { on_error: 'null' } })).rows, [
    { id: 1, items: [{ qty: 1, sku: 'a' }] },
    { id: 2, items: [{ qty: 1, sku: null }, null] },
    { id: null, items: [] },
    { id: 4, items: null },
  ]);
});

test('declared types beyond those inferred', async () => {
  const map = { kind: 'map', key: T.string, value: { type: T.int, nullable: true } } as const;
  const schema = [
    field('d', T.decimal(30, 2)),
    field('m', map),
    field('j', T.json),
    field('x', T.bytes),
    field('c', T.time),
    field('s', T.string),
    field('i', T.int),
  ];
  const { rows, phys } = await read(
    '{"d":"12345678901234567890.5","m":{"a":1,"b\\n":null},"j":{"k":1},"x":"AAH/","c":"12:00:00.5","s":12.50,"i":3.0}\n{"d":7}\n',
    { schema },
  );
  assert.equal(rows[0], {
    d: 1234567890123456789050n,
    m: [
      { key: 'a', value: 1 },
      { key: 'b\n', value: null },
    ],
    j: '{"k":1}',
    x: new Uint8Array([0, 1, 255]),
    c: 43200500000,
    s: '12.50',
    i: 3,
  });
  assert.is(rows[1]?.d, 700);
  assert.is(phys[0]?.[0], 'i128');
  assert.match((await runError(() => read('{}', { schema: [field('v', T.null)] }))).message, /JSON does not hold/);
});

test('names: any order, twice, with escapes, unknown', async () => {
  const schema = [field('a', T.int), field('é"', T.string), field('c', T.int)];
  const { rows } = await read(
    '{"c":3,"\\u00e9\\"":"x","a":1,"a":9,"z":{"deep":[[[]]]}}\n{"a":1,"é\\"":"y","c":2}\n{"é\\"":"z"}\n',
    { schema },
  );
  assert.equal(rows, [
    { a: 1, 'é"': 'x', c: 3 },
    { a: 1, 'é"': 'y', c: 2 },
    { a: null, 'é"': 'z', c: null },
  ]);
});

test('deep nesting is an error, bad bytes are an error', async () => {
  const schema = [field('a', T.json)];
  const e = await runError(() => read(`{"a":${'['.repeat(100000)}${']'.repeat(100000)}}\n`, { schema }));
  assert.match(e.message, /nesting deeper/);
  const bytes = Buffer.concat([Buffer.from('{"a":"ok"}\n{"a":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}\n')]);
  const bad = await runError(() => read(bytes));
  assert.match(bad.message, /line 2.*UTF-8/);
  assert.equal((await read(bytes, { options: { on_error: 'reject' } })).rows, [{ a: 'ok' }]);
});

test('gzip, whole and cut off', async () => {
  const text = Array.from({ length: 20000 }, (_, i) => `{"a":${i},"b":"${(i * 7919).toString(36)}"}`).join('\n');
  const packed = gzipSync(text);
  assert.equal((await readAll(reader, fileWith(packed, '.ndjson.gz'))).rows[19999], {
    a: 19999,
    b: (19999 * 7919).toString(36),
  });
  const e = await runError(() => readAll(reader, fileWith(packed.subarray(0, 30000), '.ndjson.gz')));
  assert.match(e.message, /no whole gzip file.*\d+ rows/);
});

const anyJson = fc.jsonValue({ maxDepth: 3 });

test('any objects read as JSON.parse reads them, in parts of any size', async () => {
  const key = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '"', '\\', '\n'), minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.dictionary(key, anyJson, { noNullPrototype: true, minKeys: 1 }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 200 }),
      fc.constantFrom('lines', 'list', 'pretty'),
      async (objects, splitBytes, layout) => {
        const text =
          layout === 'lines'
            ? objects.map((o) => JSON.stringify(o)).join('\n')
            : layout === 'list'
              ? JSON.stringify(objects)
              : JSON.stringify(objects, null, 1);
        const path = fileWith(text, '.json');
        const names = [...new Set(objects.flatMap((o) => Object.keys(o)))];
        const schema = names.map((n) => field(n, T.json));
        const { rows } = await readAll(tiny(splitBytes, 32), path, { schema });
        const values = rows.map((r) =>
          Object.fromEntries(names.map((n) => [n, r[n] === null ? null : JSON.parse(r[n] as string)])),
        );
        assert.equal(
          values,
          objects.map((o) => Object.fromEntries(names.map((n) => [n, JSON.parse(JSON.stringify(o[n] ?? null))]))),
        );
        // Whatever the types come out as, the inferred schema reads every row.
        assert.is((await readAll(reader, path)).rows.length, objects.length);
      },
    ),
    { numRuns: 50 },
  );
});

function exact(v: bigint): LiteralValue {
  return v >= -9007199254740991n && v <= 9007199254740991n ? Number(v) : v;
}

const anySchema: Schema = [
  field('s', T.string),
  field('i', T.int),
  field('f', T.float),
  field('b', T.bool),
  field('d', T.date),
  field('t', T.timestamp),
  field('m', T.decimal(30, 4)),
  field('x', T.bytes),
  field('l', T.list(T.struct([field('p', T.string), field('q', T.list(T.int))]))),
  field('o', T.struct([field('k"\n', T.float), field('z', T.time)])),
];

const anyRow = fc.record({
  s: fc.option(fc.string({ unit: 'binary', maxLength: 8 })),
  i: fc.option(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }).map(exact)),
  f: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
  b: fc.option(fc.boolean()),
  d: fc.option(fc.integer({ min: -719528, max: 2932896 })),
  t: fc.option(fc.integer({ min: -62167219200000, max: 253402300799999 }).map((ms) => exact(BigInt(ms) * 1000n))),
  m: fc.option(fc.bigInt({ min: -(10n ** 30n) + 1n, max: 10n ** 30n - 1n }).map(exact)),
  x: fc.option(fc.uint8Array({ maxLength: 5 })),
  l: fc.option(
    fc.array(
      fc.option(
        fc.record({
          p: fc.option(fc.string({ maxLength: 3 })),
          q: fc.option(fc.array(fc.option(fc.integer()), { maxLength: 3 })),
        }),
      ),
      { maxLength: 3 },
    ),
  ),
  o: fc.option(
    fc.record({
      'k"\n': fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
      z: fc.option(fc.integer({ min: 0, max: 86399999999 })),
    }),
  ),
});

test('what is written reads back the same, as lines and as a list', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyRow, { maxLength: 20 }),
      fc.integer({ min: 1, max: 500 }),
      async (rows, splitBytes) => {
        const batches = [
          batchFromRows(anySchema, rows.slice(0, 7) as Row[]),
          batchFromRows(anySchema, rows.slice(7) as Row[]),
        ];
        const plain = batches.flatMap((b) => rowsOf(b));
        const spec = { path: 'x', options: {}, schema: anySchema };
        const lines = await written(ndjson.writer!, batches, spec);
        assert.is(lines.filter((b) => b === 10).length, rows.length);
        assert.equal((await readAll(tiny(splitBytes), fileWith(lines, '.ndjson'), { schema: anySchema })).rows, plain);
        const list = await written(json.writer!, batches, spec);
        assert.is((JSON.parse(list.toString()) as unknown[]).length, rows.length);
        assert.equal((await readAll(reader, fileWith(list, '.json'), { schema: anySchema })).rows, plain);
      },
    ),
    { numRuns: 40 },
  );
});

test('writer: numbers JSON lacks are null, json stays on its line, maps are objects', async () => {
  const map = { kind: 'map', key: T.string, value: { type: T.int, nullable: true } } as const;
  const schema = [field('f', T.float), field('j', T.json), field('m', map)];
  const rows: Row[] = [
    { f: Number.NaN, j: '{\n"a": 1}', m: [{ key: 'k', value: 1 }] },
    { f: 1e21, j: null, m: null },
    { f: -0, j: '[]', m: [] },
  ];
  const text = (
    await written(ndjson.writer!, [batchFromRows(schema, rows)], { path: 'x', options: {}, schema })
  ).toString();
  assert.is(text, '{"f":null,"j":{ "a": 1},"m":{"k":1}}\n{"f":1e+21,"j":null,"m":null}\n{"f":-0,"j":[],"m":{}}\n');
});

const vega = 'node_modules/vega-datasets/data';

test('real files read as JSON.parse reads them', async () => {
  if (!existsSync(`${vega}/movies.json`)) {
    console.log('# skip: vega-datasets is not installed');
    return;
  }
  for (const name of [
    'movies.json',
    'penguins.json',
    'flights-2k.json',
    'gapminder.json',
    'cars.json',
    'jobs.json',
    'football.json',
  ]) {
    const expected = JSON.parse(readFileSync(`${vega}/${name}`, 'utf8')) as Record<string, unknown>[];
    const { rows, schema } = await readAll(reader, `${vega}/${name}`);
    assert.is(rows.length, expected.length);
    for (const f of schema) {
      const text = f.type.kind === 'string';
      const skip = f.type.kind === 'date' || f.type.kind === 'timestamp';
      const wrong = rows.findIndex(
        (r, i) => !skip && r[f.name] !== (text ? textOf(expected[i]?.[f.name]) : (expected[i]?.[f.name] ?? null)),
      );
      assert.is(wrong, -1, `${name} ${f.name}`);
    }
    assert.equal((await readAll(tiny(5000, 2000), `${vega}/${name}`)).rows, rows);
  }
  const movies = await readAll(reader, `${vega}/movies.json`);
  assert.is(formatType(movies.schema[0]!.type), 'string');
  const quakes = await readAll(reader, `${vega}/earthquakes.json`, { options: { path: 'features' } });
  assert.is(quakes.rows.length, 1707);
  assert.is((await readAll(reader, `${vega}/flights-200k.json`)).rows.length, 200000);
});

function textOf(v: unknown): string | null {
  return v === null || v === undefined ? null : String(v);
}

test('intervals are read as they are written', async () => {
  const schema = [field('i', T.interval), field('l', T.list(T.interval))];
  const text = '{"i":"1y 2mo -2d 1h","l":["5m",null]}\n{"i":null,"l":[]}\n';
  assert.equal((await read(text, { schema })).rows, [
    { i: { months: 14, days: -2, micros: 3_600_000_000 }, l: [{ months: 0, days: 0, micros: 300_000_000 }, null] },
    { i: null, l: [] },
  ]);
  const bad = await runError(() => read('{"i":"soon"}\n', { schema: [schema[0]!] }));
  assert.is(bad.code, 'FLOW7004');
});

test.run();
