// Bad input, one clear error each: what, where, what to do; no output and nothing else left.
import * as fs from 'node:fs';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Place } from './harness.ts';

const place = new Place();
const OUT = '| write csv("out.csv")';

test.before(() => {
  fs.mkdirSync(place.path('folder'));
  place.write('folder/a.csv', 'a\n1\n');
  place.write('empty.csv', '');
  place.write('orders.csv', 'id,amount\n1,2\n2,3\n');
  place.write('out.csv', 'as it was');
});

test.after.each(() => {
  assert.is(place.read('out.csv'), 'as it was');
});

test('a missing file, with a near name', async () => {
  const flow = `from csv("ordres.csv") ${OUT}`;
  await place.fails(2, 'FLOW5001', flow, [
    /no file "ordres\.csv" \(looked in /,
    /job\.flow:1:10/,
    /did you mean "orders\.csv"/,
  ]);
});

test('a folder given as a file', async () => {
  await place.fails(2, 'FLOW5001', `from csv("folder") ${OUT}`, [
    /"folder" is a folder/,
    /help: name its files: "folder\/\*\.csv"/,
  ]);
});

test('an empty file', async () => {
  await place.fails(2, 'FLOW5001', `from csv("empty.csv") ${OUT}`, [/"empty\.csv" is empty/]);
});

test('a pipe in the place of a file does not hang', async () => {
  const { spawnSync } = await import('node:child_process');
  if (spawnSync('mkfifo', [place.path('pipe')]).status !== 0) {
    console.log('# skip: no mkfifo here');
    return;
  }
  await place.fails(2, 'FLOW5001', `from csv("pipe") ${OUT}`, [
    /"pipe" is a pipe, not a file/,
    /help: .*standard input/,
  ]);
});

test('a CSV file with a ragged row', async () => {
  place.write('ragged.csv', 'a,b\n1,2\n3\n');
  const says = [
    /a row has 1 where 2 fields are expected/,
    /at ragged\.csv, row 2/,
    /job\.flow:1:6/,
    /help: on_error: "reject"/,
  ];
  await place.fails(1, 'FLOW7003', `from csv("ragged.csv") ${OUT}`, says);
});

test('a bad number under a declared type: file, row, column, value', async () => {
  const rows = Array.from({ length: 300_000 }, (_, i) => `${i + 1},${i === 250_000 ? '12x' : i}\n`);
  place.write('numbers.csv', `id,n\n${rows.join('')}`);
  const says = [
    /"12x" is not an int/,
    /at numbers\.csv, row 250,001, column n/,
    /the value is 12x/,
    /help: on_error: "null"/,
  ];
  await place.fails(1, 'FLOW7004', `from csv("numbers.csv") as { id: int, n: int } ${OUT}`, says);
  // The same by a cast in a step: the error points at the cast.
  const cast = [
    /"12x" does not convert to int/,
    /at numbers\.csv, row 250,001, column n/,
    /job\.flow:3:18/,
    /help: `::int\?`/,
  ];
  await place.fails(
    1,
    'FLOW7004',
    `from csv("numbers.csv") as { id: int, n: string }\n| where id > 5\n| derive twice = n::int * 2 ${OUT}`,
    cast,
  );
  const divide = [/division by zero/, /at numbers\.csv, row 70,000/, /job\.flow:1:/];
  await place.fails(
    1,
    'FLOW7005',
    `from csv("numbers.csv") as { id: int, n: string } | derive x = 7 // (id - 70000) ${OUT}`,
    divide,
  );
});

test('the row is named in every format, and in a later split of a file', async () => {
  const rows = Array.from({ length: 400_000 }, (_, i) => ({ id: i + 1, t: i === 390_000 ? 'oops' : `${i}` }));
  place.write('rows.ndjson', rows.map((r) => `${JSON.stringify(r)}\n`).join(''));
  const made = await place.run(
    'from ndjson("rows.ndjson") as { id: int, t: string } | write parquet("rows.parquet")\nfrom ndjson("rows.ndjson") as { id: int, t: string } | write arrow("rows.arrow")',
  );
  assert.is(made.code, 0, made.err);
  for (const source of [
    'ndjson("rows.ndjson") as { id: int, t: string }',
    'parquet("rows.parquet")',
    'arrow("rows.arrow")',
  ]) {
    const file = /"(.*?)"/.exec(source)?.[1] ?? '';
    await place.fails(1, 'FLOW7004', `from ${source} | derive x = t::int ${OUT}`, [
      /"oops" does not convert to int/,
      new RegExp(`at ${file.replace('.', '\\.')}, row 390,001, column t`),
    ]);
  }
});

test('no row is claimed where rows are no longer those of the file', async () => {
  const flow = `from csv("numbers.csv") as { id: int, n: string }\n| sort id desc | take 100000\n| derive x = n::int ${OUT}`;
  const { err } = await place.fails(1, 'FLOW7004', flow, [
    /"12x" does not convert to int/,
    /the value is 12x/,
    /job\.flow:3:14/,
  ]);
  assert.not.match(err, /row \d/);
  // Rows left out by the reader make the numbers of the others unknown in their batch.
  place.write('holes.csv', 'a\n1,2\n3\nx\n');
  const holes = `from csv("holes.csv", on_error: "reject") as { a: string } | derive b = a::int ${OUT}`;
  assert.not.match((await place.fails(1, 'FLOW7004', holes, [/at holes\.csv|note: the value is x/])).err, /row \d/);
});

test('a truncated and a damaged gzip file', async () => {
  const whole = gzipSync(`a,b\n${Array.from({ length: 100_000 }, (_, i) => `${i},${i * 7919}\n`).join('')}`);
  place.write('cut.csv.gz', whole.subarray(0, whole.length >> 1));
  const says = [
    /"cut\.csv\.gz" is no whole gzip file: the file ends before the compressed data does \(\d+ rows were read/,
    /help: copy it again/,
  ];
  await place.fails(1, 'FLOW7003', `from csv("cut.csv.gz") ${OUT}`, says);
  const damaged = Buffer.from(whole);
  damaged.fill(0x55, whole.length >> 1, (whole.length >> 1) + 100);
  place.write('bad.csv.gz', damaged);
  await place.fails(1, 'FLOW7003', `from csv("bad.csv.gz") ${OUT}`, [
    /the compressed data is damaged|the file ends before|a row has|is not an/,
  ]);
});

test('a truncated Parquet file, and one whose pages are damaged', async () => {
  const whole = fs.readFileSync(place.path('rows.parquet'));
  place.write('cut.parquet', whole.subarray(0, whole.length >> 1));
  await place.fails(2, 'FLOW5001', `from parquet("cut.parquet") ${OUT}`, [
    /"cut\.parquet" is cut off/,
    /help: copy it again/,
  ]);
  const damaged = Buffer.from(whole);
  damaged.fill(0x5a, 1000, 3000);
  place.write('bad.parquet', damaged);
  await place.fails(1, 'FLOW7003', `from parquet("bad.parquet") ${OUT}`, [/"bad\.parquet" is damaged|bad\.parquet/]);
});

test('a bad NDJSON line, and one nested without end', async () => {
  place.write('bad.ndjson', '{"a":1}\n{"a":2}\n{"a":\n{"a":3}\n');
  await place.fails(1, 'FLOW7003', `from ndjson("bad.ndjson") ${OUT}`, [
    /line 3, column 6/,
    /at bad\.ndjson, row 3/,
    /help:/,
  ]);
  place.write('deep.ndjson', `{"a":1}\n{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}\n`);
  await place.fails(1, 'FLOW7003', `from ndjson("deep.ndjson") ${OUT}`, [/line 2, .*nesting deeper than \d+ levels/]);
});

test('an invalid model file, and a missing one', async () => {
  place.write('bad.model.json', 'a,b\n1,2\n');
  await place.fails(2, 'FLOW5001', `from csv("orders.csv") | predict model("bad.model.json") ${OUT}`, [
    /bad\.model\.json is not a model/,
  ]);
  await place.fails(2, 'FLOW5001', `from csv("orders.csv") | predict model("gone.json") ${OUT}`, [/no (model )?file/]);
});

test('text that is none: zero bytes in values, binary files, wide and endless lines', async () => {
  place.write('zero.csv', 'a,b\n1,x\0y\n2,z\n');
  assert.is((await place.run('from csv("zero.csv")', ['--out', 'csv'])).out, 'a,b\n1,x\0y\n2,z\n');
  const noise = Buffer.alloc(200_000);
  for (let i = 0; i < noise.length; i++) noise[i] = (Math.imul(i + 7, 0x9e3779b1) >>> 13) & 0xff;
  place.write('noise.csv', noise);
  await place.fails(2, 'FLOW5001', `from csv("noise.csv") ${OUT}`, [
    /"noise\.csv" is no text|is not UTF-8|columns "/,
    /help:/,
  ]);
  fs.copyFileSync(place.path('rows.parquet'), place.path('rows.csv'));
  await place.fails(2, 'FLOW5001', `from csv("rows.csv") ${OUT}`, [
    /it is a Parquet file/,
    /help: read it with parquet/,
  ]);
  place.write('wide.csv', `${Array.from({ length: 1_000_000 }, (_, i) => `c${i}`).join(',')}\n`);
  await place.fails(2, 'FLOW5001', `from csv("wide.csv") ${OUT}`, [
    /has 1000000 fields; a table has at most 16384 columns/,
    /help: is the delimiter right/,
  ]);
  place.write(
    'long.csv',
    Buffer.concat([Buffer.from('a,b\n1,'), Buffer.alloc(100_000_000, 'x'), Buffer.from('\n2,y\n')]),
  );
  await place.fails(1, 'FLOW7003', `from csv("long.csv") ${OUT}`, [
    /a record is longer than \d+ MiB/,
    /at long\.csv, row 1\b/,
    /help:/,
  ]);
  fs.rmSync(place.path('long.csv'));
});

test('numbers of any length', async () => {
  place.write('digits.csv', `a\n1\n${'9'.repeat(2_000_000)}\n`);
  const { err } = await place.fails(1, 'FLOW7004', `from csv("digits.csv") as { a: int } ${OUT}`, [
    /is not an int/,
    /row 2, column a/,
  ]);
  assert.ok(err.length < 2000, 'the value is cut');
  const cast = await place.fails(1, 'FLOW7004', `from csv("digits.csv") as { a: string } | derive b = a::int ${OUT}`, [
    /does not convert to int/,
  ]);
  assert.ok(cast.err.length < 2000, 'the value is cut');
});

test('a file that cannot be read', async () => {
  if (process.getuid?.() === 0) {
    console.log('# skip: root may read every file');
    return;
  }
  place.write('locked.csv', 'a\n1\n');
  fs.chmodSync(place.path('locked.csv'), 0);
  await place.fails(2, 'FLOW5001', `from csv("locked.csv") ${OUT}`, [/permission denied/]);
});

test('mistakes in the file: column, verb, type; several in one run', async () => {
  await place.fails(2, 'FLOW2002', `from csv("orders.csv") | select amont ${OUT}`, [
    /no column `amont`/,
    /job\.flow:1:33/,
    /did you mean `amount`/,
  ]);
  await place.fails(2, 'FLOW1104', `from csv("orders.csv") | selekt id ${OUT}`, [
    /no verb `selekt`/,
    /help: did you mean `select`\?/,
  ]);
  await place.fails(2, 'FLOW3002', `from csv("orders.csv") | where id + "x" > 2 ${OUT}`, [
    /`\+` does not take int/,
    /help:/,
  ]);
  const { code, out, err } = await place.run(
    'from csv("orders.csv") | select zz\nfrom csv("gone.csv") | take 1\nfrom csv("orders.csv") | where idd > 1',
  );
  assert.equal([code, out], [2, '']);
  assert.equal(err.match(/^error\[\w+\]/gm), ['error[FLOW2002]', 'error[FLOW5001]', 'error[FLOW2002]']);
  assert.match(err, /\n3 errors\n$/);
});

test('rows left out on request are counted, whichever columns are used', async () => {
  place.write('reject.csv', 'a,b\n1,2\n3\nx,6\n7,8\n');
  const flow =
    'from csv("reject.csv", on_error: "reject") as { a: int, b: int } | summarize n = count() | write csv("n.csv")';
  const { code, err } = await place.run(flow);
  assert.is(code, 0, err);
  assert.is(place.read('n.csv'), 'n\n2\n');
  assert.match(err, /left out 2 rows/);
});

test.run();
