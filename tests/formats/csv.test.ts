import { existsSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { batchFromRows } from '../../engine/batch/build.ts';
import type { LiteralValue } from '../../engine/expr.ts';
import { csv, csvReader, tsv } from '../../engine/formats/csv.ts';
import type { CsvTuning } from '../../engine/formats/csv_read.ts';
import { field, formatType, type Schema, T } from '../../engine/types.ts';
import { fileWith, type ReadOptions, type Row, readAll, runError, TestContext, written } from './support.ts';

const reader = csvReader();

async function read(text: string | Uint8Array, how: ReadOptions = {}) {
  return readAll(reader, fileWith(text), how);
}

const types = (schema: Schema): string => schema.map((f) => `${f.name}: ${formatType(f.type)}`).join(', ');

/** Small parts, so that every kind of border falls everywhere. */
const tiny = (splitBytes: number, windowBytes = 64, indexFields = 8): CsvTuning => ({
  splitBytes,
  windowBytes,
  indexFields,
});

test('types are found from all values of a small file', async () => {
  const { schema, rows } = await read(
    'b,i,f,d,t,s,zip,big,none\ntrue,1,2,2024-02-29,2024-01-01T12:00:00Z,x,00501,9223372036854775807,\nFalse,-3,1e3,1970-01-01,2024-01-01 12:00:00.25+02:00,2024-01-01,90210,9223372036854775808,\n',
  );
  assert.is(
    types(schema),
    'b: bool, i: int, f: float, d: date, t: timestamp, s: string, zip: string, big: string, none: string',
  );
  assert.equal(rows[0], {
    b: true,
    i: 1,
    f: 2,
    d: 19782,
    t: 1704110400000000,
    s: 'x',
    zip: '00501',
    big: '9223372036854775807',
    none: null,
  });
  assert.is(rows[1]?.t, 1704103200250000);
});

test('quoting: delimiters, doubled quotes, line ends, empty strings and nulls', async () => {
  const { rows } = await read('a,b,c\n"x,y","he said ""hi""","two\nlines"\n"",,plain "quotes" inside\n');
  assert.equal(rows, [
    { a: 'x,y', b: 'he said "hi"', c: 'two\nlines' },
    { a: '', b: null, c: 'plain "quotes" inside' },
  ]);
});

test('line ends: CRLF, LF, CR, none at the end, blank lines', async () => {
  const expected = [
    { a: 1, b: 'x' },
    { a: 2, b: 'y\r\nz' },
  ];
  for (const [newline, tail] of [
    ['\r\n', '\r\n'],
    ['\n', '\n'],
    ['\r', '\r'],
    ['\n', ''],
    ['\r\n', ''],
    ['\n\n', '\n\n\n'],
    ['\r\n\r\n', '\r\n'],
  ] as const) {
    const value = newline.includes('\n') ? 'y\r\nz' : 'y\r\rz';
    const { rows } = await read(['a,b', '1,x', `2,"${value}"`].join(newline) + tail);
    assert.equal(rows, [expected[0], { a: 2, b: value }], JSON.stringify(newline + tail));
  }
});

test('a blank line is a null where there is one column', async () => {
  assert.equal((await read('a\n1\n\n3\n')).rows, [{ a: 1 }, { a: null }, { a: 3 }]);
});

test('a byte order mark is dropped, UTF-16 is told', async () => {
  assert.equal((await read('\ufeffa,b\n1,é\n')).rows, [{ a: 1, b: 'é' }]);
  const e = await runError(() => read(Buffer.from('\ufeffa,b\n', 'utf16le')));
  assert.is(e.code, 'FLOW7003');
  assert.match(e.message, /UTF-16/);
});

test('nothing, only a header, only blank lines', async () => {
  assert.match((await runError(() => read(''))).message, /empty/);
  assert.match((await runError(() => read('\n\n'))).message, /no header/);
  const { rows, schema } = await read('a,b\n');
  assert.equal(rows, []);
  assert.is(types(schema), 'a: string, b: string');
});

test('headers: duplicates are an error, empty names are numbered, names may be given', async () => {
  const e = await runError(() => read('id,name,id\n1,x,2\n'));
  assert.is(e.code, 'FLOW7003');
  assert.match(e.message, /two columns "id" \(number 1 and 3\)/);
  assert.match(e.hint ?? '', /names/);
  assert.is(types((await read('a,,c\n1,2,3\n')).schema), 'a: int, col2: int, c: int');
  assert.equal((await read('1,x\n', { options: { header: false } })).rows, [{ col1: 1, col2: 'x' }]);
  assert.equal((await read('1,x\n', { options: { header: false, names: ['n', 's'] } })).rows, [{ n: 1, s: 'x' }]);
  assert.equal((await read('a,b\n1,x\n', { options: { names: ['n', 's'] } })).rows, [{ n: 1, s: 'x' }]);
  assert.match(
    (await runError(() => read('a,b\n1,x\n', { options: { names: ['n'] } }))).message,
    /`names` gives 1 columns/,
  );
});

test('options: delimiter, quote, escape, nulls, skip, comment, trim, decimal comma, formats', async () => {
  const { rows } = await read(
    "made by hand\n# nothing, \"here\n a ; b;c;d;t\n1,5;'x; \\'y\\''; NA ;31.12.2024;01/02/2024 03:04 PM\n#x\n2; z ;-;01.01.1970;01/01/1970 12:00 AM\n",
    {
      options: {
        delimiter: ';',
        quote: "'",
        escape: '\\',
        nulls: ['NA', '-'],
        skip: 1,
        comment: '#',
        trim: true,
        decimal: ',',
        date_format: '%d.%m.%Y',
        timestamp_format: '%d/%m/%Y %I:%M %p',
      },
    },
  );
  assert.equal(rows, [
    { a: 1.5, b: "x; 'y'", c: null, d: 20088, t: 1706799840000000 },
    { a: 2, b: 'z', c: null, d: 0, t: 0 },
  ]);
});

test('an unknown delimiter is refused', async () => {
  assert.match((await runError(() => read('a\n', { options: { delimiter: '||' } }))).message, /delimiter/);
  assert.match((await runError(() => read('a\n', { options: { delimiter: '"' } }))).message, /differ/);
});

test('ragged rows: the error names row, expected and found; reject and null', async () => {
  const text = 'a,b\n1,2\n\n3\n4,5,6\n7,8\n';
  const e = await runError(() => read(text));
  assert.is(e.code, 'FLOW7003');
  assert.is(e.where.row, 2);
  assert.match(e.message, /1 where 2 fields/);
  const rejected = await read(text, { options: { on_error: 'reject' } });
  assert.equal(rejected.rows, [
    { a: 1, b: 2 },
    { a: 7, b: 8 },
  ]);
  assert.is(rejected.rejected, 2);
  assert.equal((await read(text, { options: { on_error: 'null' } })).rows, [
    { a: 1, b: 2 },
    { a: 3, b: null },
    { a: 4, b: 5 },
    { a: 7, b: 8 },
  ]);
});

test('text behind a closing quote and a quote that is never closed', async () => {
  const junk = await runError(() => read('a,b\n1,x\n2,"y"z\n'));
  assert.is(junk.where.row, 2);
  assert.match(junk.message, /closing quote/);
  const open = await runError(() => read('a,b\n1,x\n2,"y\n3,z\n'));
  assert.is(open.where.row, 2);
  assert.match(open.message, /never closed/);
  assert.equal((await read('a,b\n1,x\n2,"y\n3,z\n', { options: { on_error: 'reject' } })).rows, [{ a: 1, b: 'x' }]);
});

const declared: Schema = [field('id', T.int, false), field('amount', T.decimal(10, 2)), field('day', T.date)];

test('declared types: the error names file, row, column, value and type', async () => {
  const good = await read('day,id,amount,other\n2024-01-01,1,10.5,x\n,2,-0.05,y\n', { schema: declared });
  assert.equal(good.rows, [
    { id: 1, amount: 1050, day: 19723 },
    { id: 2, amount: -5, day: null },
  ]);
  const bad = await runError(() => read('id,amount,day\n1,2,2024-01-01\n2,2,2024-02-30\n', { schema: declared }));
  assert.is(bad.code, 'FLOW7004');
  assert.equal(
    { row: bad.where.row, column: bad.where.column, value: bad.where.value },
    { row: 2, column: 'day', value: '2024-02-30' },
  );
  assert.match(bad.message, /"2024-02-30" is not a date/);
  assert.match(
    (await runError(() => read('id,amount,day\n1,2.005,\n', { schema: declared }))).message,
    /more decimals than decimal\(10, 2\)/,
  );
  assert.match(
    (await runError(() => read('id,amount,day\n1,123456789,\n', { schema: declared }))).message,
    /too large/,
  );
  const missing = await runError(() => read('id,amout,day\n', { schema: declared }));
  assert.match(missing.message, /no column "amount"/);
  assert.match(missing.hint ?? '', /"amout"/);
  const none = await runError(() => read('id,amount,day\n1,,\n,,\n', { schema: declared }));
  assert.is(none.where.row, 2);
  assert.match(none.message, /declared without "\?"/);
});

test('declared types: reject and null', async () => {
  const text = 'id,amount,day\n1,x,2024-01-01\n,1,2024-01-01\n3,3,\n';
  assert.equal((await read(text, { schema: declared, options: { on_error: 'reject' } })).rows, [
    { id: 3, amount: 300, day: null },
  ]);
  const nullable = declared.map((f) => ({ ...f, nullable: true }));
  assert.equal((await read(text, { schema: nullable, options: { on_error: 'null' } })).rows, [
    { id: 1, amount: null, day: 19723 },
    { id: null, amount: 100, day: 19723 },
    { id: 3, amount: 300, day: null },
  ]);
});

test('a value that breaks the inferred type is told with the row, found late in a large file', async () => {
  const lines = Array.from({ length: 200000 }, (_, i) => `${i},${'x'.repeat(100)}`);
  lines[133333] = 'oops,y';
  const path = fileWith(`n,s\n${lines.join('\n')}\n`);
  const e = await runError(() => readAll(reader, path, { columns: ['n'] }));
  assert.is(e.code, 'FLOW7004');
  assert.equal(
    { row: e.where.row, column: e.where.column, value: e.where.value, file: e.where.file },
    { row: 133334, column: 'n', value: 'oops', file: path },
  );
  assert.match(e.hint ?? '', /as \{ n: string/);
});

test('integers to 64 bits, decimals to 38 digits, floats exactly rounded', async () => {
  const schema = [field('i', T.int), field('d', T.decimal(38, 3)), field('f', T.float)];
  const text =
    'i,d,f\n9223372036854775807,12345678901234567890123456789012345.678,0.1\n-9223372036854775808,-0.001,1.7976931348623157e308\n9007199254740993,+12,123456789012345678901234567890e-10\n+7,1.500000,5e-324\n';
  const { rows, phys } = await read(text, { schema });
  assert.equal(rows, [
    { i: 9223372036854775807n, d: 12345678901234567890123456789012345678n, f: 0.1 },
    { i: -9223372036854775808n, d: -1, f: 1.7976931348623157e308 },
    { i: 9007199254740993n, d: 12000, f: Number('12345678901234567890.123456789') },
    { i: 7, d: 1500, f: 5e-324 },
  ]);
  assert.equal(phys[0], ['i64', 'i128', 'f64']);
  for (const bad of [
    '9223372036854775808',
    '-9223372036854775809',
    '99999999999999999999',
    '1.5',
    '',
    ' 1',
    '1e3',
    '0x10',
    '-',
    '+',
  ]) {
    const run = () => read(`i\n"${bad}"\n`, { schema: [field('i', T.int, false)] });
    assert.is((await runError(run)).code, 'FLOW7004', bad);
  }
});

test('floats parse as Number does', async () => {
  const text = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc
      .tuple(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), fc.integer({ min: -330, max: 330 }))
      .map(([m, e]) => `${m}e${e}`),
    fc.tuple(fc.integer(), fc.integer({ min: 0, max: 99999999 })).map(([a, b]) => `${a}.${b}`),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 30 }), async (values) => {
      const { rows } = await read(`f\n${values.join('\n')}\n`, { schema: [field('f', T.float)] });
      assert.equal(
        rows.map((r) => r.f),
        values.map(Number),
      );
    }),
    { numRuns: 30 },
  );
});

const cellText = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ', 'é', '😀', '\t', ';'), maxLength: 6 }),
  fc.constantFrom('', '""', '\r\n', '"\n"', ',', '",'),
);

const anyRow = fc.record({
  s: fc.option(cellText),
  i: fc.option(fc.oneof(fc.integer(), fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }).map(exact))),
  f: fc.option(fc.double()),
  b: fc.option(fc.boolean()),
  d: fc.option(fc.integer({ min: -719528, max: 2932896 })),
  t: fc.option(fc.integer({ min: -62167219200000, max: 253402300799999 }).map((ms) => exact(BigInt(ms) * 1000n + 7n))),
  m: fc.option(fc.bigInt({ min: -(10n ** 30n) + 1n, max: 10n ** 30n - 1n }).map(exact)),
  x: fc.option(fc.uint8Array({ maxLength: 5 })),
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
];

test('what is written reads back the same, in parts of any size', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyRow, { maxLength: 25 }),
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 16, max: 300 }),
      fc.constantFrom(',', ';', '|', '\t'),
      fc.constantFrom('', 'NULL'),
      async (rows, splitBytes, windowBytes, delimiter, nullText) => {
        const spec = { path: 'x.csv', options: { delimiter, null: nullText }, schema: anySchema };
        const bytes = await written(csv.writer!, [batchFromRows(anySchema, rows as Row[])], spec);
        const path = fileWith(bytes);
        const options = { delimiter, nulls: [nullText === '' ? '' : nullText] };
        const whole = await readAll(reader, path, { schema: anySchema, options });
        const texts = rows.map((r) => ({ ...r, s: r.s === nullText && nullText !== '' ? null : r.s }));
        assert.equal(whole.rows, texts);
        const cut = await readAll(csvReader(',', tiny(splitBytes, windowBytes)), path, { schema: anySchema, options });
        assert.equal(cut.rows, whole.rows);
      },
    ),
    { numRuns: 80 },
  );
});

test('splits agree about quotes wherever they fall, in any text at all', async () => {
  const soup = fc.string({ unit: fc.constantFrom('a', 'b', ',', '"', '"', '\n', '\n', '\r\n', ' '), maxLength: 120 });
  const schema = [field('p', T.string), field('q', T.string)];
  await fc.assert(
    fc.asyncProperty(
      soup,
      fc.integer({ min: 1, max: 40 }),
      fc.boolean(),
      fc.constantFrom('null', 'reject'),
      async (text, splitBytes, trim, on_error) => {
        const path = fileWith(`p,q\n${text}`);
        const how = { schema, options: { on_error, trim } };
        const whole = await readAll(reader, path, how);
        const cut = await readAll(csvReader(',', tiny(splitBytes)), path, how);
        assert.equal(cut.rows, whole.rows);
        assert.is(cut.rejected, whole.rejected);
      },
    ),
    { numRuns: 300 },
  );
});

test('a quoted field longer than windows and splits', async () => {
  const long = 'line,"\n'.repeat(500).replaceAll('"', '""');
  const path = fileWith(`a,b\n1,"${long}"\n2,"${long}"\n3,z\n`);
  const { rows } = await readAll(csvReader(',', tiny(100, 50)), path);
  assert.equal(
    rows.map((r) => [r.a, String(r.b).length]),
    [
      [1, 3500],
      [2, 3500],
      [3, 1],
    ],
  );
});

test('a record beyond the limit is an error, not a crash', async () => {
  const path = fileWith(`a,b\n1,x\n2,"${'y'.repeat(100000)}\n`);
  const how = { schema: [field('a', T.int), field('b', T.string)], context: new TestContext(5000) };
  const e = await runError(() => readAll(csvReader(',', tiny(1000, 4096)), path, how));
  assert.is(e.code, 'FLOW7003');
  assert.match(e.message, /longer than/);
  assert.is(how.context.allocated, 0);
});

test('gzip: whole, and cut off', async () => {
  const text = `a,b\n${Array.from({ length: 30000 }, (_, i) => `${i},text${i * 7919}`).join('\n')}\n`;
  const packed = gzipSync(text);
  assert.equal((await readAll(reader, fileWith(packed, '.csv.gz'))).rows.length, 30000);
  assert.equal((await readAll(reader, fileWith(packed, '.csv'))).rows[29999], { a: 29999, b: `text${29999 * 7919}` });
  const e = await runError(() => readAll(reader, fileWith(packed.subarray(0, packed.length >> 1), '.csv.gz')));
  assert.is(e.code, 'FLOW7003');
  assert.match(e.message, /no whole gzip file/);
  assert.ok(Number(/\((\d+) rows/.exec(e.message)?.[1]) > 1000);
  const damaged = Buffer.from(packed);
  damaged.fill(0x55, 5000, 5100);
  assert.is((await runError(() => readAll(reader, fileWith(damaged, '.csv.gz')))).code, 'FLOW7003');
});

test('encodings', async () => {
  const latin1 = Buffer.from('a,b\n1,caf\xe9 \xff\n2,plain\n', 'latin1');
  assert.equal((await read(latin1, { options: { encoding: 'latin1' } })).rows, [
    { a: 1, b: 'café ÿ' },
    { a: 2, b: 'plain' },
  ]);
  const e = await runError(() => read(latin1));
  assert.is(e.code, 'FLOW7004');
  assert.equal([e.where.row, e.where.column], [1, 'b']);
  assert.match(e.hint ?? '', /latin1/);
  assert.equal((await read(latin1, { options: { on_error: 'reject' } })).rows, [{ a: 2, b: 'plain' }]);
  assert.equal((await read(latin1, { options: { on_error: 'null' } })).rows[0], { a: 1, b: 'caf? ?' });
});

test('a trailing delimiter is found from the file', async () => {
  const schema = [field('k', T.int), field('n', T.string)];
  const options = { delimiter: '|', header: false };
  assert.equal((await read('1|x|\n2|y|\r\n3|z|', { schema, options })).rows, [
    { k: 1, n: 'x' },
    { k: 2, n: 'y' },
    { k: 3, n: 'z' },
  ]);
  assert.is(types((await read('1|x|\n2|y|\n', { options })).schema), 'col1: int, col2: string');
  assert.is(types((await read('1|x|\n2|y|z\n', { options })).schema), 'col1: int, col2: string, col3: string');
  assert.equal((await read('a,b,\n1,2,\n')).rows, [{ a: 1, b: 2 }]);
  assert.equal((await read('a,b\n1,2,\n')).rows, [{ a: 1, b: 2 }]);
  assert.is(
    types((await read('a,b,\n1,2,\n', { options: { trailing_delimiter: false } })).schema),
    'a: int, b: int, col3: string',
  );
  const e = await runError(() => read('1|x|\n2|y|q\n', { schema, options: { ...options, trailing_delimiter: true } }));
  assert.is(e.where.row, 2);
});

test('several files: columns by name, a different header is an error naming both', async () => {
  const a = fileWith('x,y\n1,2\n');
  const b = fileWith('y,x\n3.5,4\n');
  const { rows, schema } = await readAll(reader, [a, b]);
  assert.is(types(schema), 'x: int, y: float');
  assert.equal(rows, [
    { x: 1, y: 2 },
    { x: 4, y: 3.5 },
  ]);
  const e = await runError(() => readAll(reader, [a, fileWith('x,z\n')]));
  assert.match(e.message, /lacks "y" and has "z" besides/);
  assert.ok(e.message.includes(a));
});

test('only the wanted columns, in the wanted order, and a limit', async () => {
  const text = `a,b,c\n${Array.from({ length: 100 }, (_, i) => `${i},bad,${i * 2}`).join('\n')}`;
  const { rows, batches } = await readAll(csvReader(',', tiny(10000, 64)), fileWith(text), {
    columns: ['c', 'a'],
    limit: 3,
  });
  assert.equal(rows.slice(0, 3), [
    { c: 0, a: 0 },
    { c: 2, a: 1 },
    { c: 4, a: 2 },
  ]);
  assert.ok(rows.length === 3 && batches <= 3);
  assert.equal((await readAll(reader, fileWith(text), { columns: [] })).rows.length, 100);
});

test('low cardinality becomes a dictionary, distinct values do not', async () => {
  const lines = Array.from({ length: 2000 }, (_, i) => `${i % 7 === 3 ? '' : `k${i % 5}`},v${i}`);
  const { phys, rows } = await read(`k,v\n${lines.join('\n')}\n`);
  assert.equal(phys[0], ['dict', 'utf8']);
  assert.equal([rows[3]?.k, rows[4]?.k, rows[1999]?.v], [null, 'k4', 'v1999']);
});

test('nested columns hold JSON; what text cannot hold is refused', async () => {
  const schema = [field('l', T.list(T.int)), field('s', T.struct([field('a', T.string)])), field('j', T.json)];
  const text = 'l,s,j\n"[1,null]","{""a"":""é""}",[1]\n,,\n[],{},"{""x"": ""y""}"\n';
  const { rows } = await read(text, { schema });
  assert.equal(rows, [
    { l: [1, null], s: { a: 'é' }, j: '[1]' },
    { l: null, s: null, j: null },
    { l: [], s: { a: null }, j: '{"x": "y"}' },
  ]);
  const spec = { path: 'x.csv', options: {}, schema };
  const again = await written(csv.writer!, [batchFromRows(schema, rows)], spec);
  assert.equal((await read(again, { schema })).rows, rows);
  const bad = await runError(() => read('l\n[1]\n"[1,]"\n', { schema: [schema[0]!] }));
  assert.equal([bad.code, bad.where.row, bad.where.value], ['FLOW7004', 2, '[1,]']);
  assert.equal((await read('l\n[1]\n"[1,""x""]"\n', { schema: [schema[0]!], options: { on_error: 'null' } })).rows, [
    { l: [1] },
    { l: null },
  ]);
  const e = await runError(() => read('a\n1d\n', { schema: [field('a', T.null)] }));
  assert.match(e.message, /delimited text does not hold/);
});

test('intervals are read as they are written', async () => {
  const schema = [field('i', T.interval)];
  const rows = [
    { i: { months: 14, days: -2, micros: 3_600_000_001 } },
    { i: null },
    { i: { months: 0, days: 0, micros: 0 } },
  ];
  const text = await written(csv.writer!, [batchFromRows(schema, rows)], { path: 'x.csv', options: {}, schema });
  assert.equal((await read(text, { schema })).rows, rows);
  const bad = await runError(() => read('i\n1d\nsoon\n', { schema }));
  assert.equal([bad.code, bad.where.row, bad.where.value], ['FLOW7004', 2, 'soon']);
});

test('writer: quotes only where needed, header on request', async () => {
  const schema = [field('a b', T.string), field('f', T.float), field('l', T.list(T.int)), field('t', T.timestamp)];
  const rows: Row[] = [
    { 'a b': 'x', f: 1, l: [1, null], t: 0 },
    { 'a b': '', f: Number.NaN, l: null, t: 1500 },
    { 'a b': 'q"r', f: -0.5, l: [], t: null },
  ];
  const batch = batchFromRows(schema, rows);
  const text = (await written(csv.writer!, [batch], { path: 'o.csv', options: {}, schema })).toString();
  assert.is(
    text,
    'a b,f,l,t\nx,1.0,"[1,null]",1970-01-01T00:00:00Z\n"",nan,,1970-01-01T00:00:00.001500Z\n"q""r",-0.5,[],\n',
  );
  const tabs = (await written(tsv.writer!, [batch], { path: 'o.tsv', options: { header: false }, schema })).toString();
  assert.ok(tabs.startsWith('x\t1.0\t[1,null]\t'));
  const writer = csv.writer!;
  assert.is(writer.kind === 'parallel' && writer.compression({ path: 'o.csv.gz', options: {}, schema }), 'gzip');
});

const vega = 'node_modules/vega-datasets/data';

test('real files read alike whole and in small parts', async () => {
  if (!existsSync(`${vega}/zipcodes.csv`)) {
    console.log('# skip: vega-datasets is not installed');
    return;
  }
  for (const [name, count, expected] of [
    [
      'zipcodes.csv',
      42049,
      'zip_code: string, latitude: float, longitude: float, city: string, state: string, county: string',
    ],
    ['birdstrikes.csv', 10000, null],
    [
      'airports.csv',
      3376,
      'iata: string, name: string, city: string, state: string, country: string, latitude: float, longitude: float',
    ],
    [
      'seattle-weather.csv',
      1461,
      'date: date, precipitation: float, temp_max: float, temp_min: float, wind: float, weather: string',
    ],
  ] as const) {
    const whole = await readAll(reader, `${vega}/${name}`);
    assert.is(whole.rows.length, count);
    if (expected !== null) assert.is(types(whole.schema), expected);
    const cut = await readAll(csvReader(',', tiny(40000, 3000, 999)), `${vega}/${name}`);
    assert.equal(cut.rows, whole.rows);
  }
  assert.is((await readAll(tsv.reader!, `${vega}/unemployment.tsv`)).rows.length, 3218);
});

const tpch = '../shared/data/tpch';

test('TPC-H tables: bars behind every field, declared decimals', async () => {
  if (!existsSync(`${tpch}/orders.tbl.gz`)) {
    console.log('# skip: the TPC-H tables are not there');
    return;
  }
  const schema = [
    field('orderkey', T.int, false),
    field('custkey', T.int, false),
    field('status', T.string, false),
    field('total', T.decimal(15, 2), false),
    field('day', T.date, false),
    field('priority', T.string, false),
    field('clerk', T.string, false),
    field('ship', T.int, false),
    field('comment', T.string, false),
  ];
  const { rows, phys } = await readAll(reader, `${tpch}/orders.tbl.gz`, {
    schema,
    options: { delimiter: '|', header: false },
  });
  assert.is(rows.length, 15000);
  assert.equal(rows[0], {
    orderkey: 1,
    custkey: 370,
    status: 'O',
    total: 17279949,
    day: 9497,
    priority: '5-LOW',
    clerk: 'Clerk#000000951',
    ship: 0,
    comment: 'nstructions sleep furiously among ',
  });
  assert.is(phys[0]?.[5], 'dict');
});

test.run();
