// The commands around a run, as a user calls them: check, schema, docs, new, run --dry-run, explain-error.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { check } from '../../index.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const command = join(root, 'dist', 'cli.js');
const folder = mkdtempSync(join(tmpdir(), 'flowc-tools-'));
test.after(() => rmSync(folder, { recursive: true }));

function call(program: string, args: readonly string[], input: string, cwd: string) {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, NODE_TEST_CONTEXT: undefined };
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8', input, env });
  return { code: status, out: stdout, err: stderr };
}

function flowc(args: readonly string[], input = '', cwd = folder) {
  return call(process.execPath, [command, ...args], input, cwd);
}

/** One error in words, with the exit code of a mistake of the user's. */
function refused(args: readonly string[], message: RegExp, input = ''): void {
  const { code, out, err } = flowc(args, input);
  assert.equal([args, code, out], [args, 2, '']);
  assert.match(err, message);
  assert.not.match(err, /\n\s+at /, 'no stack trace');
}

function put(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

put(
  'sales.csv',
  'region,amount,unit price,at\nnorth,10,1.5,2024-01-01\nsouth,4,2.5,2024-01-02\nnorth,,0.5,2024-01-03\n',
);
put('nested.ndjson', '{"id":1,"tags":["a"],"item":{"a b":1.5}}\n{"id":2,"tags":[],"item":null}\n');
put('good.flow', 'let big = from csv("sales.csv") | where amount > 5\nfrom big | summarize n = count() by region\n');
put('bad.flow', 'from csv("sales.csv") | where amuont > 5\n');
put('untidy.flow', 'from csv("sales.csv") | sort amount | summarize n = count() by region\n');

test('check: several files, each with its errors; the worst decides the exit code', () => {
  const both = flowc(['check', 'good.flow', 'bad.flow']);
  assert.equal([both.code, both.out], [2, 'good.flow: no errors\n']);
  assert.match(both.err, /FLOW2002.*\n +--> bad\.flow:1:31/);
  const fine = flowc(['check', 'good.flow', 'untidy.flow']);
  assert.equal(fine, { code: 0, out: 'good.flow: no errors\nuntidy.flow: no errors\n', err: '' });
});

test('check: one file prints the schemas of its relations', () => {
  const { code, out } = flowc(['check', 'good.flow']);
  assert.is(code, 0);
  assert.match(out, /^big: region string\?, amount int\?.*\nresult: region string\?, n int\ngood\.flow: no errors\n$/);
  assert.is(flowc(['check', 'good.flow', '--quiet']).out, '');
  assert.is(flowc(['check', '-'], readFileSync(join(folder, 'good.flow'), 'utf8')).code, 0);
});

test('check: --lint warns, and exits with 1 where it does', () => {
  assert.is(flowc(['check', 'untidy.flow']).code, 0);
  const { code, out, err } = flowc(['check', '--lint', 'untidy.flow']);
  assert.is(code, 1);
  assert.match(err, /^warning\[FLOW6002\]: the order of this sort is lost in `summarize`\n +--> untidy\.flow:1:25/);
  assert.match(out, /untidy\.flow: no errors, 1 warning\n$/);
  assert.is(flowc(['check', '--lint', 'good.flow']).code, 0);
  assert.is(flowc(['check', '--lint', 'good.flow', 'bad.flow', 'untidy.flow']).code, 2);
});

test('check: wrong use', () => {
  refused(['check'], /missing required argument 'files'/);
  refused(['check', 'gone.flow'], /gone\.flow does not exist/);
  refused(['check', '-', 'good.flow'], /standard input\) stands alone/);
  refused(['check', '-p', 'a=1', 'good.flow', 'bad.flow'], /-p belongs to one file/);
  refused(['check', '--lnt', 'good.flow'], /unknown option '--lnt'[\s\S]*did you mean --lint/);
});

test('run --dry-run says what would be read and written, and runs nothing', () => {
  put(
    'dry.flow',
    'from csv("sales.csv") | where amount > 5 | select region\n| write csv("made/out.csv")\nfrom csv("sales.csv") | take 1\n',
  );
  const { code, out, err } = flowc(['run', 'dry.flow', '--dry-run']);
  assert.equal([code, err], [0, '']);
  assert.match(
    out,
    /^would read csv "sales\.csv", \d+ B, about \d+ rows: region, amount \(2 of 4 columns\)\n {4}where it can skip: amount > 5\n/,
  );
  assert.match(out, /\nwould write csv "made\/out\.csv": region string\?\n/);
  assert.match(out, /\nwould print region string\?, amount int\?, unit price float\?, at date\?\n/);
  assert.match(out, /\nnothing was run \(\d+ stages planned\)\n$/);
  assert.not(existsSync(join(folder, 'made')));
});

test('run --dry-run --json, and with mistakes', () => {
  const lines = flowc(['run', 'dry.flow', '--dry-run', '--json'])
    .out.trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(
    lines.map((line) => line.event),
    ['plan', 'end'],
  );
  assert.equal(lines[0].writes[0], {
    format: 'csv',
    path: 'made/out.csv',
    columns: [{ name: 'region', type: 'string?' }],
    replaces: false,
  });
  assert.is(lines[1].status, 'done');
  const bad = flowc(['run', 'bad.flow', '--dry-run']);
  assert.equal([bad.code, bad.out], [2, '']);
  const json = flowc(['run', 'bad.flow', '--dry-run', '--json'])
    .out.trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(
    json.map((line) => line.event),
    ['diagnostic', 'end'],
  );
  refused(['run', 'dry.flow', '--dry-run', '-p', 'x=1'], /FLOW2015/);
});

test('schema: a statement that reads back as the same columns', async () => {
  for (const [file, format] of [
    ['sales.csv', 'csv'],
    ['nested.ndjson', 'ndjson'],
  ] as const) {
    const { code, out, err } = flowc(['schema', file]);
    assert.equal([code, err], [0, '']);
    const [, name] = /^schema (\w+) \{/.exec(out) ?? [];
    const declared = await check(`${out}\nfrom ${format}("${file}") as ${name}`, 'x.flow', { cwd: folder });
    const inferred = await check(`from ${format}("${file}")`, 'x.flow', { cwd: folder });
    assert.equal(declared.diagnostics, []);
    assert.equal(declared.relations, inferred.relations);
  }
  assert.match(flowc(['schema', 'nested.ndjson']).out, /item: \{ `a b`: float\? \}\?/);
});

test('schema: JSON, standard input, other formats, options, flows', () => {
  const columns = [
    { name: 'region', type: 'string?' },
    { name: 'amount', type: 'int?' },
    { name: 'unit price', type: 'float?' },
    { name: 'at', type: 'date?' },
  ];
  assert.equal(JSON.parse(flowc(['schema', 'sales.csv', '--json']).out), { name: 'sales.csv', columns });
  assert.is(flowc(['schema', '-', '--format', 'csv'], 'a;b\n1;x\n').out, 'schema Rows { `a;b`: string? }\n');
  const semicolons = flowc(['schema', '-', '--format', 'csv', '--with', 'delimiter: ";"'], 'a;b\n1;x\n').out;
  assert.is(semicolons, 'schema Rows { a: int?, b: string? }\n');
  const flow = flowc(['schema', 'good.flow']).out;
  assert.match(flow, /^# big\nschema Big \{[\s\S]*\}\n\n# result\nschema Result \{ region: string\?, n: int \}\n$/);
  const relations = JSON.parse(flowc(['schema', 'good.flow', '--json']).out);
  assert.equal(
    relations.map((one: { name: string }) => one.name),
    ['big', 'result'],
  );
});

test('schema: wrong use', () => {
  refused(['schema', 'gone.csv'], /no file "gone\.csv"/);
  refused(['schema', 'sales.xyz'], /the ending of sales\.xyz names no format[\s\S]*--format csv/);
  refused(['schema', 'sales.csv', '--format', 'cvs'], /there is no format `cvs`[\s\S]*did you mean `csv`/);
  refused(['schema', 'sales.csv', '--with', 'delimeter: ";"'], /no option `delimeter`[\s\S]*did you mean `delimiter`/);
  refused(['schema', 'sales.csv', '--with', 'delimiter: ";'], /not closed/);
  refused(['schema', 'sales.csv', '-p', 'a=1'], /-p belongs to a \.flow file/);
  refused(['schema', 'good.flow', '--with', 'header: false'], /--with belongs to a data file/);
  refused(['schema', 'bad.flow'], /FLOW2002/);
  put('short.parquet', 'not parquet');
  refused(['schema', 'short.parquet'], /is not a Parquet file/);
});

test('docs: functions, aggregates, operators, verbs, formats, algorithms, families', () => {
  for (const [name, pattern] of [
    ['upper', /^upper\(text\) \(function\)\n[\s\S]*=> {2}"STRASSE"/],
    ['substring', /^substr\([\s\S]*Also called substring/],
    ['sum', /\(aggregate\)[\s\S]*summarize revenue = sum/],
    ['+', /^a \+ b \(operator\)/],
    ['where', /^where condition \(verb\)/],
    ['csv', /Options:\n {2}delimiter: string, by default ","/],
    ['gbt', /Options:\n {2}trees: int, 1 to 10000, by default 100/],
    ['upper()', /^upper\(text\)/],
    ['UPPER', /^upper\(text\)/],
    ['string', /^Text\n\nconcat\(/],
  ] as const) {
    const { code, out, err } = flowc(['docs', name]);
    assert.equal([name, code, err], [name, 0, '']);
    assert.match(out, pattern);
  }
  const all = flowc(['docs']).out;
  for (const heading of ['Verbs (verbs)', 'Text (string)', 'Aggregates (aggregates)', 'Formats (formats)'])
    assert.ok(all.includes(heading));
  const [entry] = JSON.parse(flowc(['docs', 'upper', '--json']).out);
  assert.equal([entry.kind, entry.name, entry.family], ['function', 'upper', 'string']);
});

test('docs: near misses', () => {
  refused(['docs', 'uper'], /there is nothing named 'uper'\n {2}help: did you mean upper/);
  refused(['docs', 'zzzzzzzz'], /`flowc docs` lists everything/);
});

test('new: a project that runs, whose test passes, whose twin gives the same, and which is formatted', () => {
  const { code, out } = flowc(['new', 'spent']);
  assert.is(code, 0);
  assert.match(out, /flowc run spent\.flow/);
  const project = join(folder, 'spent');
  const run = flowc(['run', 'spent.flow'], '', project);
  assert.is(run.code, 0, run.err);
  const rows = readFileSync(join(project, 'out/spent.csv'), 'utf8');
  assert.is(
    rows,
    'customer,tier,orders,total\nAda,gold,2,182.25\nBob,silver,2,80.0\neve,,1,42.0\nCyd,silver,1,15.25\n',
  );
  assert.equal(flowc(['fmt', '--check', 'spent.flow'], '', project), { code: 0, out: '', err: '' });
  assert.is(flowc(['check', '--lint', 'spent.flow'], '', project).code, 0);
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(root, join(project, 'node_modules/flowc'), 'dir');
  symlinkSync(join(root, 'node_modules/tsx'), join(project, 'node_modules/tsx'), 'dir');
  const tested = call(process.execPath, ['--test'], '', project);
  assert.is(tested.code, 0, tested.out + tested.err);
  const twin = call(process.execPath, ['--import', 'tsx', 'spent.ts'], '', project);
  assert.equal(twin, { code: 0, out: 'Ada 2 182.25\nBob 2 80\neve 1 42\nCyd 1 15.25\n', err: '' });
  const types = ['--noEmit', '--strict', '--module', 'nodenext', '--skipLibCheck', '--types', '', 'spent.ts'];
  if (existsSync(join(root, 'dist/types/index.d.ts'))) {
    const checked = call(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...types], '', project);
    assert.is(checked.code, 0, checked.out);
  }
});

test('new: refuses what is there, and what is no name', () => {
  const before = readdirSync(join(folder, 'spent')).sort();
  refused(['new', 'spent'], /spent is there already and not empty[\s\S]*nothing was changed/);
  assert.equal(readdirSync(join(folder, 'spent')).sort(), before);
  refused(['new', 'sales.csv'], /not a name/);
  put('taken', '');
  refused(['new', 'taken'], /taken is there already/);
  refused(['new', 'Big Sales'], /'Big Sales' is not a name for a project/);
  refused(['new'], /missing required argument/);
  mkdirSync(join(folder, 'empty'));
  assert.is(flowc(['new', 'empty']).code, 0, 'an empty folder will do');
});

test('folders that cannot be made are told, also below /proc, where the system says that their parents are missing', () => {
  if (!existsSync('/proc/self')) return console.log('# skip: there is no /proc');
  refused(['new', '/proc/flowc-none/sales'], /\/proc\/flowc-none\/sales does not exist/);
  const sizes = ['--matrix-memory', '48MB', '--matrix-sizes', '500kB', '--matrix-total', '1MB'];
  refused(['shuffle', '--matrix', ...sizes, '--out-dir', '/proc/flowc-none'], /\/proc\/flowc-none does not exist/);
});

test('explain-error without a code lists all of them', () => {
  const { code, out } = flowc(['explain-error']);
  assert.is(code, 0);
  const lines = out.trimEnd().split('\n');
  assert.ok(lines.length > 100);
  for (const line of lines) assert.match(line, /^FLOW\d{4} {2}\S/);
  assert.equal([...lines].sort(), lines);
});

test.run();
