import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { main } from '../../cli/program.ts';
import { type FakeContext, fakeContext, summary } from './fakes.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowc-cli-'));
const file = join(folder, 'a.flow');
const text = 'from csv("a.csv")\n| take lots\n';
writeFileSync(file, text);
test.after(() => rmSync(folder, { recursive: true }));

const span = { file, start: text.indexOf('lots'), end: text.indexOf('lots') + 4 };
const diagnostic = { code: 'FLOW9999', severity: 'error', message: 'no such thing', span } as const;

async function usageError(args: readonly string[], message: RegExp, context: FakeContext = fakeContext()) {
  assert.is(await main(args, context), 2, args.join(' '));
  assert.match(context.stderr.text(), message);
  assert.is(context.stdout.text(), '');
  assert.is(context.request(), undefined, 'nothing ran');
  assert.not.match(context.stderr.text(), /\n\s+at /, 'no stack trace');
}

test('run passes its options on', async () => {
  const context = fakeContext();
  const options = ['-p', 'a=1', '--param', 'b=x=y', '--workers', '3', '--memory', '64MB', '--out', 'none'];
  const spill = ['--spill-dir', 's1', '--spill-dir', 's2', '--rows', '5'];
  assert.is(await main(['run', file, ...options, ...spill], context), 0);
  const request = context.request();
  assert.ok(request);
  assert.equal(
    [...request.params],
    [
      ['a', '1'],
      ['b', 'x=y'],
    ],
  );
  const { path, workers, memory, spillDirs, out, previewRows } = request;
  assert.equal(
    { path, text: request.text, workers, memory, spillDirs, out, previewRows },
    { path: file, text, workers: 3, memory: 64_000_000, spillDirs: ['s1', 's2'], out: 'none', previewRows: 5 },
  );
});

test('run leaves what is not given to the engine', async () => {
  const context = fakeContext();
  assert.is(await main(['run', file], context), 0);
  const request = context.request();
  assert.equal(
    [request?.workers, request?.memory, request?.spillDirs, request?.out, request?.params.size],
    [undefined, undefined, [], 'table', 0],
  );
  assert.is(request?.signal.aborted, false);
});

test('results go to standard output, the summary to standard error', async () => {
  const context = fakeContext(async (_, reporter) => {
    await reporter.result({ title: undefined, columns: [{ name: 'n', type: 'int' }], rows: [[1]], more: false });
    const written = [{ path: 'out/top.csv', rows: 20, bytes: 1100 }];
    const spills = { spilledBytes: 9_487e6, spilledObjects: 2487, restoredBytes: 9_400e6 };
    return { status: 'done', value: { ...summary, written, ...spills }, warnings: [] };
  });
  assert.is(await main(['run', file], context), 0);
  assert.match(context.stdout.text(), /│ n │[\s\S]*1 row\n$/);
  assert.is(
    context.stderr.text(),
    'wrote out/top.csv  20 rows, 1.10 kB\nspilled 9.49 GB, 2,487 objects, read back 9.40 GB\n' +
      'read 1,234 rows, 56.8 kB in 0.4 s, peak memory 1.00 MB\n',
  );
});

test('--quiet prints no summary and no warning', async () => {
  const warning = { ...diagnostic, severity: 'warning' } as const;
  const context = fakeContext(async () => ({ status: 'done', value: summary, warnings: [warning] }));
  assert.is(await main(['run', file, '--quiet'], context), 0);
  assert.is(context.stderr.text(), '');
});

test('--out csv streams bytes to standard output', async () => {
  const context = fakeContext(async (_, reporter) => {
    await reporter.output(Buffer.from('a,b\n'));
    await reporter.output(Buffer.from('1,2\n'));
    return { status: 'done', value: summary, warnings: [] };
  });
  assert.is(await main(['run', file, '--out', 'csv'], context), 0);
  assert.is(context.stdout.text(), 'a,b\n1,2\n');
});

test('a reader that leaves ends a streaming run', async () => {
  const context = fakeContext(async (request) => {
    context.stdout.close();
    return request.signal.aborted ? { status: 'cancelled' } : { status: 'done', value: summary, warnings: [] };
  });
  assert.is(await main(['run', file, '--out', 'csv'], context), 141);
  assert.is(context.stderr.text(), '');
});

test('diagnostics: frames on standard error, exit code 2', async () => {
  const context = fakeContext(async () => ({ status: 'rejected', diagnostics: [diagnostic, diagnostic] }));
  assert.is(await main(['run', file], context), 2);
  assert.match(
    context.stderr.text(),
    /error\[FLOW9999\]: no such thing\n +--> .*a\.flow:2:8\n2 \| \| take lots\n +\| +\^{4}\n/,
  );
  assert.match(context.stderr.text(), /\n2 errors\n$/);
});

test('a run error: where in the file, where in the data, what to do; exit code 1', async () => {
  const context = fakeContext(async () => ({
    status: 'failed',
    failure: {
      code: 'FLOW7004',
      message: '"abc" is not an int',
      where: { step: 'from csv("a.csv")', span, file: 'a.csv', row: 1200, column: 'n', value: '"abc"' },
      hint: 'declare it `int?`',
    },
    warnings: [],
  }));
  assert.is(await main(['run', file], context), 1);
  const told = context.stderr.text();
  assert.match(told, /^error\[FLOW7004\]: "abc" is not an int\n/);
  assert.match(told, /a\.flow:2:8/);
  assert.match(told, /note: at a\.csv, row 1,200, column n\n/);
  assert.match(told, /help: declare it `int\?`\n$/);
});

test('--json: an object a line, the last one the end', async () => {
  const context = fakeContext(async (_, reporter) => {
    const progress = { stage: 's', stageIndex: 1, stageCount: 1, rows: 1, bytes: 2, totalBytes: 3, share: 0.5 };
    reporter.progress({ ...progress, spilledBytes: 0, elapsedMs: 4 });
    const columns = [{ name: 'n', type: 'int' }];
    await reporter.result({ title: undefined, columns, rows: [[1n], [2n ** 60n], [Number.NaN]], more: false });
    return { status: 'done', value: summary, warnings: [{ ...diagnostic, severity: 'warning' }] };
  });
  assert.is(await main(['run', file, '--json'], context), 0);
  const events = context.stdout
    .text()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(
    events.map(({ event }) => event),
    ['progress', 'result', 'warning', 'end'],
  );
  assert.equal(events[1].rows, [[1], ['1152921504606846976'], ['NaN']]);
  assert.equal([events[2].line, events[2].column], [2, 8]);
  assert.is(events[3].status, 'done');
  assert.is(events[3].summary.rows, 1234);
  assert.is(context.stderr.text(), '');
});

test('--json tells failures too, with the same exit codes', async () => {
  const failure = { code: 'FLOW7001', message: 'gone', where: {}, hint: undefined };
  const failed = fakeContext(async () => ({ status: 'failed', failure, warnings: [] }));
  assert.is(await main(['run', file, '--json'], failed), 1);
  assert.match(failed.stdout.text(), /^{"event":"error","code":"FLOW7001".*}\n{"event":"end","status":"failed"}\n$/);
  const rejected = fakeContext(async () => ({ status: 'rejected', diagnostics: [diagnostic] }));
  assert.is(await main(['run', file, '--json'], rejected), 2);
  assert.match(
    rejected.stdout.text(),
    /^{"event":"diagnostic","code":"FLOW9999".*}\n{"event":"end","status":"rejected"}\n$/,
  );
});

test('progress is shown on a terminal, or when asked for', async () => {
  const show = async (args: readonly string[], columns?: number) => {
    const run: Parameters<typeof fakeContext>[0] = async (_, reporter) => {
      const progress = {
        stage: 's',
        stageIndex: 1,
        stageCount: 1,
        rows: 1,
        bytes: 2,
        totalBytes: undefined,
        share: undefined,
      };
      reporter.progress({ ...progress, spilledBytes: 0, elapsedMs: 4 });
      return { status: 'done', value: summary, warnings: [] };
    };
    const context = fakeContext(run, {}, columns);
    await main(['run', file, ...args], context);
    return context.stderr.text().includes('[1/1] s');
  };
  assert.is(await show([]), false);
  assert.is(await show(['--progress']), true);
  assert.is(await show([], 80), true);
  assert.is(await show(['--no-progress'], 80), false);
  assert.is(await show(['--quiet'], 80), false);
});

test('mistakes on the command line', async () => {
  await usageError([], /^flowc: dataflow files/);
  await usageError(['rnu', file], /unknown command 'rnu'\n {2}help: did you mean run\?/);
  await usageError([file], /is not a command\n {2}help: to run the file: flowc run .*a\.flow/);
  await usageError(['--verion'], /unknown option '--verion'\n {2}help: did you mean --version\?/);
  await usageError(['run'], /missing required argument 'file'/);
  await usageError(['run', file, 'b.flow'], /too many arguments/);
  await usageError(['run', file, '--worker', '2'], /unknown option '--worker'\n {2}help: did you mean --workers\?/);
  await usageError(['run', file, '--workers', 'x'], /--workers: 'x' is not a whole number from 1 to 256/);
  await usageError(['run', file, '--memory', '64m'], /two meanings\n {2}help: write 64MB/);
  await usageError(['run', file, '--memory'], /'--memory <size>' argument missing/);
  await usageError(['run', file, '--out', 'xml'], /'xml' is invalid.*Allowed choices are table, csv, ndjson, none/);
  await usageError(['run', file, '-p', 'since'], /'since' has no value/);
  await usageError(['run', file, '--json', '--out', 'csv'], /--json and --out csv both write to standard output/);
  await usageError(['explain', file, '--format', 'pdf'], /'pdf' is invalid/);
});

test('files that cannot be read', async () => {
  await usageError(['run', join(folder, 'other.flow')], /other\.flow does not exist\n$/);
  await usageError(
    ['run', join(folder, 'gone', 'a.flow')],
    /does not exist\n {2}help: there is no folder .*gone either/,
  );
  await usageError(['check', folder], /is a folder, not a file/);
  const binary = join(folder, 'binary.flow');
  writeFileSync(binary, Buffer.from([0x66, 0xff, 0xfe]));
  await usageError(['explain', binary], /is not UTF-8 text/);
});

test('a missing file: the nearest name beside it', async () => {
  const flights = join(folder, 'flights.flow');
  writeFileSync(flights, text);
  await usageError(['run', join(folder, 'fligths.flow')], /does not exist\n {2}help: did you mean .*flights\.flow\?/);
  rmSync(flights);
});

test('help of a command', async () => {
  const context = fakeContext();
  assert.is(await main(['run', '--help'], context), 0);
  for (const option of ['--param', '--workers', '--memory', '--spill-dir', '--out', '--json']) {
    assert.match(context.stdout.text(), option);
  }
  const other = fakeContext();
  assert.is(await main(['help', 'explain'], other), 0);
  assert.match(other.stdout.text(), /--format <format>/);
});

test('check prints the schemas, explain the plan', async () => {
  const columns = [
    { name: 'a', type: 'int' },
    { name: 'b', type: 'string?' },
  ];
  const checked = fakeContext(undefined, {
    check: async () => ({ status: 'done', value: { relations: [{ name: 'orders', columns }] }, warnings: [] }),
  });
  assert.is(await main(['check', file], checked), 0);
  assert.is(checked.stdout.text(), `orders: a int, b string?\n${file}: no errors\n`);
  const explained = fakeContext();
  assert.is(await main(['explain', file, '--format', 'dot'], explained), 0);
  assert.is(explained.stdout.text(), 'the plan\n');
  const rejected = fakeContext(undefined, { explain: async () => ({ status: 'rejected', diagnostics: [diagnostic] }) });
  assert.is(await main(['explain', file], rejected), 2);
});

test('explain-error prints the page, in any spelling of the code', async () => {
  for (const code of ['FLOW1001', 'flow1001', '1001']) {
    const context = fakeContext();
    assert.is(await main(['explain-error', code], context), 0);
    assert.is(context.stdout.text(), 'FLOW1001: A title\n\nWhy.\n\n    an example\n');
  }
  await usageError(
    ['explain-error', 'FLOW1010'],
    /there is no error code 'FLOW1010'\n {2}help: the nearest code is FLOW1001/,
  );
});

test('a bug of ours says so, with what to report', async () => {
  const context = fakeContext(async () => {
    throw new TypeError('undefined is not a function', { cause: new Error('deeper') });
  });
  assert.is(await main(['run', file], context), 1);
  const told = context.stderr.text();
  assert.match(told, /^error: this is a bug in flowc/);
  assert.match(told, /flowc \d+\.\d+\.\d+, node v\d+/);
  assert.match(told, /TypeError: undefined is not a function\n\s+at /);
  assert.match(told, /caused by: Error: deeper/);
});

test.run();
