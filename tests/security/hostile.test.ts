// Files and flows made to bring a program down: each gives a clear error in bounded memory, or the right rows. Nothing breaks, nothing hangs.
import { createWriteStream, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { check, DiagnosticsError, Engine, plan, RunError, runText } from '../../index.ts';

const MIB = 1 << 20;
const dir = mkdtempSync(join(tmpdir(), 'flowc-hostile-'));
const put = (name: string, content: string | Uint8Array): void => writeFileSync(join(dir, name), content);
const engine = new Engine({ workers: 1, memory: 64 * MIB });
test.after(async () => {
  await engine.close();
  rmSync(dir, { recursive: true });
});

/** Bytes of the process that one run may add: heaps of threads and windows of readers, and no file. */
const MOST = 600 * MIB;

/** The rows, or the code and the message of the error. Any other error fails the test, and so does memory that grows with the input. */
async function outcome(flow: string): Promise<string> {
  const before = process.memoryUsage.rss();
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 10);
  try {
    const { results } = await runText(flow, { engine, cwd: dir });
    return JSON.stringify(results[0]?.rows, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v));
  } catch (e) {
    if (e instanceof RunError) return `${e.code} ${e.message}`;
    if (e instanceof DiagnosticsError) return e.diagnostics.map((d) => `${d.code} ${d.message}`).join('\n');
    throw e;
  } finally {
    clearInterval(watch);
    assert.ok(most - before < MOST, `${Math.round((most - before) / MIB)} MiB more`);
  }
}

/** A gzip file of `head`, then `mib` MiB of one character: a thousandth of that on disk. */
async function bomb(name: string, head: string, character: string, mib: number): Promise<void> {
  const unit = Buffer.alloc(MIB, character);
  const content = function* (): Iterable<Buffer> {
    yield Buffer.from(head);
    for (let i = 0; i < mib; i++) yield unit;
  };
  await pipeline(Readable.from(content()), createGzip({ level: 1 }), createWriteStream(join(dir, name)));
}

test('archives that unpack to one endless record', async () => {
  const TOO_LONG = /^FLOW(5001|7003) a record is longer than \d+ MiB|^FLOW7007 out of memory: text window/;
  for (const [name, head, character, source] of [
    ['zeros.csv.gz', '', '\0', 'csv("zeros.csv.gz")'],
    ['field.csv.gz', 'a,b\n1,', '\0', 'csv("field.csv.gz")'],
    ['field.csv.gz', 'a,b\n1,', 'x', 'csv("field.csv.gz") as { a: int, b: string }'],
    ['quoted.csv.gz', 'a,b\n1,"', '\n', 'csv("quoted.csv.gz") as { a: int, b: string }'],
    ['line.ndjson.gz', '{"a":"', 'x', 'ndjson("line.ndjson.gz")'],
    ['line.ndjson.gz', '{"a":"', 'x', 'ndjson("line.ndjson.gz") as { a: string }'],
    ['open.ndjson.gz', '{"a":', '[', 'ndjson("open.ndjson.gz") as { a: json }'],
    ['text.json.gz', '["', 'x', 'json("text.json.gz")'],
  ] as const) {
    await bomb(name, head, character, 150);
    assert.match(await outcome(`from ${source} | summarize n = count()`), TOO_LONG, source);
  }
});

test('an archive of endless short records is read in bounded memory', async () => {
  await bomb('empty.ndjson.gz', '{"a":1}\n', '\n', 200);
  assert.is(await outcome('from ndjson("empty.ndjson.gz") | summarize n = count()'), '[{"n":1}]');
});

test('deep JSON', async () => {
  const deep = 1e6;
  put('list.ndjson', `{"a":${'['.repeat(deep)}${']'.repeat(deep)}}\n`);
  put('object.ndjson', `${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}\n`);
  put('open.json', '['.repeat(deep));
  put('one.ndjson', '{"a":1}\n');
  for (const source of [
    'ndjson("list.ndjson")',
    'ndjson("list.ndjson") as { a: json }',
    'ndjson("list.ndjson") as { a: list<int> }',
    'ndjson("list.ndjson") as { b: int? }',
    'ndjson("object.ndjson")',
    'json("open.json") | take 1',
  ]) {
    assert.match(await outcome(`from ${source}`), /^FLOW(5001|7003) .*nesting deeper than 500 levels/, source);
  }
  const nested = (levels: number): string => `concat(repeat("[", ${levels}), repeat("]", ${levels}))`;
  assert.is(await outcome(`from ndjson("one.ndjson") | select n = ${nested(deep)}::json?`), '[{"n":null}]');
  assert.match(await outcome(`from ndjson("one.ndjson") | select n = ${nested(deep)}::json`), /^FLOW7004 /);
  for (const [text, length] of [
    [nested(500), 1],
    [nested(501), null],
    // Brackets in a text are none.
    [String.raw`concat("[\"\\\"[[", repeat("[", 1000), "\"]")`, 1],
  ] as const) {
    const seen = await outcome(`from ndjson("one.ndjson") | select n = json_length(${text}::json?)`);
    assert.is(seen, `[{"n":${length}}]`, text);
  }
});

test('functions of steps that call each other in subqueries are told at once', async () => {
  put('one.csv', 'a,b\n1,x\n');
  const from = 'from csv("one.csv")';
  const nested = Array.from({ length: 40 }, (_, i) => {
    const inner = `where a in (${from} | p${i - 1}() | select a)`;
    return `fn p${i}() => | ${i === 0 ? 'where a > 0' : `${inner} | ${inner}`}`;
  });
  const started = process.cpuUsage().user;
  const seen = await outcome(`${nested.join('\n')}\n${from} | p39()`);
  const seconds = (process.cpuUsage().user - started) / 1e6;
  assert.ok(seen.startsWith('FLOW2019'), seen.slice(0, 300));
  assert.ok(seconds < 3, `${seconds} s`);
});

test('giant and deep flows', async () => {
  put('one.csv', 'a,b\n1,x\n');
  const from = 'from csv("one.csv")';
  const chain = Array.from(
    { length: 40 },
    (_, i) => `fn f${i}(x) => ${i === 0 ? 'x + x' : `f${i - 1}(x) + f${i - 1}(x)`}`,
  );
  for (const [flow, code] of [
    [`${from} | derive x = ${'('.repeat(1e5)}a${')'.repeat(1e5)}`, 'FLOW1109'],
    [`${from} | derive x = ${'not '.repeat(1e5)}true`, 'FLOW1109'],
    [`${from} | derive x = ${'1+'.repeat(1e5)}1`, 'FLOW1109'],
    [`${from} | derive x = ${'['.repeat(1e5)}`, 'FLOW1'],
    [`${from} ${'| where a > 0 '.repeat(2e4)}`, 'FLOW4018'],
    [`${from} | where ${`a in (${from} | where `.repeat(2000)}true${' | select a)'.repeat(2000)}`, 'FLOW1109'],
    [`${from} as { a: ${'list<'.repeat(5e4)}int${'>'.repeat(5e4)} }`, 'FLOW1109'],
    [`${from} | select s = "${'x'.repeat(20e6)}"`, 'FLOW1121'],
    [`${from} | where a in [${Array.from({ length: 3e5 }, (_, i) => i).join(',')}]`, 'FLOW1121'],
    [`${from} | select s = ${'9'.repeat(1e6)}`, 'FLOW3009'],
    [`${chain.join('\n')}\n${from} | derive y = f39(a)`, 'FLOW2019'],
    [`fn f(x) => x + x\n${from} | derive y = ${'f('.repeat(90)}a${')'.repeat(90)}`, 'FLOW2019'],
    [
      `fn f() => | derive a = a + 1 | derive a = a + 1\nfn g() => | f() | f()\n${from} ${'| g()'.repeat(300)}`,
      'FLOW4018',
    ],
    [`from csv("${'{a,b}'.repeat(40)}.csv")`, 'FLOW5001'],
    [`from csv("${'{,'.repeat(5e4)}.csv")`, 'FLOW5001'],
    [`from csv("${'*a'.repeat(100)}.csv")`, 'FLOW5001'],
    [`${from} | select s = length(repeat("x", 2000000000))`, 'FLOW7004'],
    [`${from} | select s = length(lpad("x", 2000000000, "y"))`, 'FLOW7004'],
    [`${from} | select s = length(range(0, 4000000000))`, 'FLOW7004'],
  ] as const) {
    const seen = await outcome(flow);
    assert.ok(seen.startsWith(code), `${flow.slice(0, 100)}: ${seen.slice(0, 300)}`);
    assert.ok(seen.length < 10_000, 'a message of readable length');
  }
});

test('patterns too large for a regular expression', async () => {
  const TOO_LARGE = /^FLOW(7004|3010) .*(Regular expression too large|Stack overflow)$/;
  put('n.csv', 'n\n1\n');
  const half = 'a_'.repeat(20_000);
  for (const test of [
    'regexp_full_match("abc", repeat(" ", 40000 * n))',
    'regexp_extract_all("abc", repeat(" ", 40000 * n)) is null',
    '"abc" matches repeat(" ", 40000 * n)',
    '"abc" like repeat("a_", 20000 * n)',
    `"abc" like "${half}"`,
    `"abc" matches "${half}"`,
  ])
    assert.match(await outcome(`from csv("n.csv") as { n: int } | where ${test}`), TOO_LARGE, test.slice(0, 60));
});

test('what a message says of a name drives no terminal', async () => {
  const { diagnostics } = await check('from csv("one.csv") | select `\\u{1b}]0;x\\u{7}`', 'x.flow', { cwd: dir });
  const shown = new DiagnosticsError(diagnostics, '', 'x.flow').message;
  assert.match(shown, /there is no column/);
  // oxlint-disable-next-line no-control-regex
  assert.not.match(shown, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
});

/** The footer of a Parquet file with some of its bytes replaced, and its length set right. */
function withFooter(file: Buffer, from: readonly number[], to: readonly number[]): Buffer {
  const length = file.readUInt32LE(file.length - 8);
  const start = file.length - 8 - length;
  const footer = file.subarray(start, file.length - 8);
  const at = footer.indexOf(Buffer.from(from));
  assert.ok(at >= 0, 'the bytes are in the footer');
  const changed = Buffer.concat([footer.subarray(0, at), Buffer.from(to), footer.subarray(at + from.length)]);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(changed.length);
  return Buffer.concat([file.subarray(0, start), changed, size, Buffer.from('PAR1')]);
}

test('Parquet footers that claim giant sizes', async () => {
  put('three.csv', 'a,b\n1,x\n2,y\n3,z\n');
  await runText('from csv("three.csv") | write parquet("good.parquet")', { engine, cwd: dir });
  const good = readFileSync(join(dir, 'good.parquet'));
  const giant = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
  const spoiled: Buffer[] = [
    // Rows of the file: a field of 64 bits, which is 3.
    withFooter(good, [0x16, 0x06], [0x16, ...giant]),
    // Members of the first list: the schema.
    withFooter(good, [0x19, 0x3c], [0x19, 0xfc, ...giant.slice(0, 4), 0x07]),
  ];
  for (const length of [0x7fffffff, 0xffffffff, good.length, 0, 1]) {
    const file = Buffer.from(good);
    file.writeUInt32LE(length, file.length - 8);
    spoiled.push(file);
  }
  for (const [i, file] of spoiled.entries()) {
    put('bad.parquet', file);
    for (const rest of ['', ' | summarize n = count()', ' | where a > 2']) {
      assert.match(await outcome(`from parquet("bad.parquet")${rest}`), /^FLOW(5001|7003) /, `${i}${rest}`);
    }
  }
});

test('Arrow and Parquet files with one word of another value', async () => {
  const rows = Array.from({ length: 5 }, (_, i) => ({ i, s: `text ${i}`, l: [i, null], o: { f: i / 2 } }));
  put('rows.ndjson', rows.map((r) => `${JSON.stringify(r)}\n`).join(''));
  for (const format of ['arrow', 'parquet']) {
    await runText(`from ndjson("rows.ndjson") | write ${format}("good.${format}")`, { engine, cwd: dir });
    const good = readFileSync(join(dir, `good.${format}`));
    for (let at = 0; at + 4 <= good.length; at += 4) {
      for (const word of [0x7fffffff, 0xffffffff]) {
        const bad = Buffer.from(good);
        bad.writeUInt32LE(word, at);
        put(`bad.${format}`, bad);
        const seen = await outcome(`from ${format}("bad.${format}") | select n = length(s), o, l`);
        assert.match(seen, /^(\[|FLOW\d{4} )/, `${format}: ${word.toString(16)} at ${at}`);
      }
    }
  }
});

test('values of partitions are folders below their place, or an error', async () => {
  const values = [
    '..',
    '../..',
    '/etc',
    'a/../../b',
    'a\0b',
    '',
    '.',
    'con',
    'x'.repeat(60),
    '\u{1f600}',
    '%2e%2e',
    '..%2f',
    '-',
    '~',
    'a\nb',
    ' ',
  ];
  put('values.ndjson', values.map((v, i) => `${JSON.stringify({ v, i, w: v })}\n`).join(''));
  const before = readdirSync(dir).sort();
  const twice = '["v", "w"]';
  assert.is(await outcome(`from ndjson("values.ndjson") | write csv("parts", partition_by: ${twice})`), undefined);
  assert.equal(readdirSync(dir).sort(), [...before, 'parts'].sort());
  const back = await outcome('from csv("parts/**/*.csv", hive: true) as { v: string, w: string, i: int } | sort i');
  assert.is(back, JSON.stringify(values.map((v, i) => ({ v, w: v, i }))));
  put('long.ndjson', `${JSON.stringify({ v: 'x'.repeat(5000), i: 1 })}\n`);
  assert.match(await outcome('from ndjson("long.ndjson") | write csv("long", partition_by: "v")'), /^FLOW7006 /);
  assert.not.ok(existsSync(join(dir, 'long')));
  // The name of a column is in the folder's name, too.
  for (const name of ['..', '../x', '/', 'a\0b']) {
    put('name.ndjson', `${JSON.stringify({ [name]: 'v', i: 1 })}\n`);
    await outcome(
      `from ndjson("name.ndjson") | write csv("named", partition_by: ${JSON.stringify(name).replace('\\u0000', '\\u{0}')})`,
    );
    assert.equal(readdirSync(join(dir, 'named')).length, 1, name);
  }
  assert.equal(
    readdirSync(dir).filter((one) => one.startsWith('.')),
    [],
    'no temporary folder is left',
  );
});

/** Steps that make a relation of the one before it, which they read twice: as a tree the plan would have 2^50 nodes. */
const DOUBLING: Readonly<Record<string, (before: string, i: number) => string>> = {
  union: (a) => `from ${a} | union ${a}`,
  join: (a, i) => `from ${a} | join ${a} as b on g == b.g add x${i} = b.id`,
  'left join': (a, i) =>
    `from ${a} | where id > ${i} | join left ${a} as b on g == b.g add x${i} = b.id | where x${i} > 2`,
  mixed: (a, i) => `from ${a} | derive y${i} = id + ${i} | where y${i} > 0 | union (from ${a} | derive y${i} = 2)`,
  subqueries: (a) => `from ${a} | where id in (from ${a} | select id) and g in (from ${a} | select g)`,
  sorts: (a) => `from ${a} | sort g | union (from ${a} | sort id) | take 100 sort id by g`,
  except: (a, i) => `from ${a} | except (from ${a} | where id > ${i})`,
  windows: (a, i) => `from ${a} | derive o${i} = sum(id) over (by g) | union (from ${a} | derive o${i} = 1)`,
};

for (const [name, step] of Object.entries(DOUBLING)) {
  test(`a chain of relations that each read the one before twice: ${name}`, async () => {
    put('start.csv', 'id,g\n1,1\n2,2\n');
    const chain = Array.from({ length: 50 }, (_, k) => `let a${k + 1} = ${step(`a${k}`, k + 1)}\n`).join('');
    const flow = `let a0 = from csv("start.csv")\n${chain}from a50 | summarize n = count()`;
    const { plan: bound, diagnostics } = await check(flow, 'x.flow', { cwd: dir });
    assert.ok(bound !== null, diagnostics.map((d) => d.message).join('\n'));
    const planned = await plan(bound as NonNullable<typeof bound>);
    // Stages grow with the text, not with the ways through it.
    assert.ok(planned.physical.stages.length < 50 * 10, `${planned.physical.stages.length} stages`);
  });
}

test('rows that double are as many as they are said to be', async () => {
  const chain = Array.from({ length: 16 }, (_, k) => `let a${k + 1} = from a${k} | union a${k}\n`).join('');
  assert.is(
    await outcome(`let a0 = from csv("start.csv")\n${chain}from a16 | summarize n = count()`),
    '[{"n":131072}]',
  );
});

test.run();
