// The built command as a user runs it: dist/cli.js in a process of its own.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { version } from '../../cli/version.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const command = join(root, 'dist', 'cli.js');
const folder = mkdtempSync(join(tmpdir(), 'flowc-command-'));
test.after(() => rmSync(folder, { recursive: true }));

function flowc(args: readonly string[], input = '') {
  const env = { ...process.env, NO_COLOR: '1' };
  const result = spawnSync(process.execPath, [command, ...args], { cwd: folder, encoding: 'utf8', input, env });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

/** The command with its compiled code in a folder, `cache` by default. */
function keeping(cache: string, more: Readonly<Record<string, string>> = {}) {
  const env = { ...process.env, NO_COLOR: '1', XDG_CACHE_HOME: join(folder, cache), ...more };
  const result = spawnSync(process.execPath, [command, 'fmt', '-'], { encoding: 'utf8', input: messy, env });
  return [result.status, result.stdout, result.stderr];
}

const messy = 'from csv("a.csv")|where a>1   # keep\n|take 3';

test('--version and --help', () => {
  for (const flag of ['--version', '-V']) assert.equal(flowc([flag]), { code: 0, out: `${version}\n`, err: '' });
  for (const flag of ['--help', '-h', 'help']) {
    const { code, out, err } = flowc([flag]);
    assert.equal([code, err], [0, '']);
    assert.match(out, /Usage: flowc COMMAND/);
  }
  assert.is(statSync(command).mode & 0o111, 0o111, 'dist/cli.js is executable');
});

test('folders that cannot be made do not keep anybody waiting', () => {
  // Where there is no /proc the folder is made, or refused at once.
  const nowhere = existsSync('/proc/self') ? '/proc/nowhere/deeper' : join(folder, 'deeper/still');
  assert.equal(keeping('none', { XDG_CACHE_HOME: nowhere }), keeping('none', { NODE_DISABLE_COMPILE_CACHE: '1' }));
  writeFileSync(join(folder, 'one.csv'), 'a\n1\n');
  const { code, err } = flowc(['run', '-', '--spill-dir', nowhere], 'from csv("one.csv") | sort a');
  if (code !== 0) assert.match(err, /spill/i);
});

test('compiled code is kept, and is used only as it was written', () => {
  const expected = keeping('none', { NODE_DISABLE_COMPILE_CACHE: '1' });
  assert.is(expected[0], 0);
  assert.not.ok(existsSync(join(folder, 'none')), 'switched off');

  const cache = join(folder, 'cache/flowc');
  assert.equal(keeping('cache'), expected);
  const [name = '', ...others] = readdirSync(cache);
  assert.equal(others, []);
  const file = join(cache, name);
  const bytes = readFileSync(file);
  assert.ok(bytes.length > 100_000, 'it holds code');
  assert.is(statSync(file).mode & 0o077, 0, 'nobody else reads or writes it');
  assert.equal(keeping('cache'), expected);

  // V8 itself would not notice, and crash.
  for (const damaged of [flipped(bytes), bytes.subarray(0, 1000), Buffer.alloc(bytes.length), Buffer.alloc(0)]) {
    writeFileSync(file, damaged);
    assert.equal(keeping('cache'), expected);
    assert.ok(readFileSync(file).length > 100_000, 'it is written anew');
  }
  for (let i = 0; i < 5; i++) keeping('cache');
  const { mtimeMs } = statSync(file);
  assert.equal(keeping('cache'), expected);
  assert.is(statSync(file).mtimeMs, mtimeMs, 'after some runs it stays');
  assert.equal(readdirSync(cache), [name]);
});

test('compiled code cannot be kept: the command runs all the same', () => {
  writeFileSync(join(folder, 'no-folder'), '');
  assert.equal(keeping('no-folder'), keeping('none', { NODE_DISABLE_COMPILE_CACHE: '1' }));
});

test('what was compiled under other flags of V8 is kept beside it', () => {
  const flow = join(folder, 'flags.flow');
  writeFileSync(join(folder, 'flags.csv'), 'a\n1\n');
  writeFileSync(flow, 'from csv("flags.csv")');
  const cache = join(folder, 'flags');
  const run = (node: readonly string[], ...args: readonly string[]) => {
    const env = { ...process.env, XDG_CACHE_HOME: cache };
    const { status } = spawnSync(process.execPath, [...node, command, 'run', flow, ...args], { cwd: folder, env });
    assert.is(status, 0);
    return new Map(readdirSync(join(cache, 'flowc')).map((name) => [name, readFileSync(join(cache, 'flowc', name))]));
  };
  const first = run([]);
  // The first of these flags is the command's own: it sets it when it has read its arguments.
  const small = run([], '--memory', '64MB');
  const other = run(['--max-lazy']);
  for (const [name, bytes] of first) assert.ok(small.get(name)?.equals(bytes), name);
  assert.ok(other.size > small.size, 'another file');
});

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let at = 1000; at < copy.length; at += 1000) copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}

test('without a command: the help on standard error, exit code 2', () => {
  const { code, out, err } = flowc([]);
  assert.equal([code, out], [2, '']);
  assert.match(err, /Usage: flowc COMMAND/);
});

test('a mistake on the command line: one error, exit code 2, no stack trace', () => {
  for (const args of [
    ['rum', 'a.flow'],
    ['run', 'gone.flow'],
    ['run', '--memory', 'x', 'a.flow'],
    ['fmt', folder],
  ]) {
    const { code, out, err } = flowc(args);
    assert.equal([args, code, out], [args, 2, '']);
    assert.match(err, /^error: /);
    assert.not.match(err, /\n\s+at /);
  }
});

test('fmt formats in place, keeps comments and the mode, and says what it changed', () => {
  const file = join(folder, 'messy.flow');
  writeFileSync(file, messy, { mode: 0o600 });
  assert.equal(flowc(['fmt', 'messy.flow']), { code: 0, out: '', err: 'formatted messy.flow\n' });
  const once = readFileSync(file, 'utf8');
  assert.match(once, /^from csv\("a\.csv"\)\n\| where a > 1 +# keep\n\| take 3\n$/);
  assert.is(statSync(file).mode & 0o777, 0o600);
  assert.equal(flowc(['fmt', 'messy.flow']), { code: 0, out: '', err: '' });
  assert.is(readFileSync(file, 'utf8'), once);
  assert.equal(
    readdirSync(folder).filter((name) => name.endsWith('.tmp')),
    [],
  );
});

test('fmt --check lists what is not formatted and changes nothing', () => {
  writeFileSync(join(folder, 'a.flow'), messy);
  writeFileSync(join(folder, 'b.flow'), flowc(['fmt', '-'], messy).out);
  assert.equal(flowc(['fmt', '--check', 'a.flow', 'b.flow']), { code: 1, out: 'a.flow\n', err: '' });
  assert.is(readFileSync(join(folder, 'a.flow'), 'utf8'), messy);
  assert.equal(flowc(['fmt', '--check', 'b.flow']), { code: 0, out: '', err: '' });
});

test('fmt - goes from standard input to standard output', () => {
  const { code, out, err } = flowc(['fmt', '-'], messy);
  assert.equal([code, err], [0, '']);
  assert.match(out, /^from csv\("a\.csv"\)\n\| where a > 1/);
  assert.is(flowc(['fmt', '-', 'a.flow'], messy).code, 2);
});

test('fmt leaves a file with an error as it is, and formats the others', () => {
  const broken = 'from csv("a.csv"\n| where (a > \n';
  writeFileSync(join(folder, 'broken.flow'), broken);
  writeFileSync(join(folder, 'fine.flow'), messy);
  const { code, err } = flowc(['fmt', 'broken.flow', 'fine.flow']);
  assert.is(code, 2);
  assert.match(err, /error\[FLOW1\d\d\d\]: .*\n +--> broken\.flow:\d+:\d+\n/);
  assert.match(err, /formatted fine\.flow\n$/);
  assert.is(readFileSync(join(folder, 'broken.flow'), 'utf8'), broken);
  const piped = flowc(['fmt', '-'], broken);
  assert.equal([piped.code, piped.out], [2, '']);
  assert.match(piped.err, /--> <stdin>:\d+:\d+/);
});

test('explain-error knows every kind of code', () => {
  const { code, out } = flowc(['explain-error', 'flow1001']);
  assert.is(code, 0);
  assert.match(out, /^FLOW1001: \S/);
  const unknown = flowc(['explain-error', 'FLOW0000']);
  assert.equal([unknown.code, unknown.out], [2, '']);
  assert.match(unknown.err, /there is no error code 'FLOW0000'/);
});

test('a reader that leaves early is no error', async () => {
  const child = spawn(process.execPath, [command, 'explain-error', 'FLOW1001'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  const err: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal([code, Buffer.concat(err).toString()], [0, '']);
});

test('--params: values from a JSON file, of which -p replaces single ones', () => {
  writeFileSync(
    join(folder, 'p.flow'),
    'param day: date\nparam ids: list<int> = [1]\nparam n: int? = 3\nparam s: string = "a"\nfrom csv("p.csv") | where id in $ids | select id, day = $day, n = $n, s = $s\n',
  );
  writeFileSync(join(folder, 'p.csv'), 'id\n1\n2\n3\n');
  const given = (json: string, ...more: string[]) => {
    writeFileSync(join(folder, 'p.json'), json);
    return flowc(['run', 'p.flow', '--params', 'p.json', '--out', 'csv', '-q', ...more]);
  };
  const json = '{"day": "2024-05-01", "ids": [1, 3], "n": null, "s": "Zoë"}';
  assert.equal(given(json).out, 'id,day,n,s\n1,2024-05-01,,Zoë\n3,2024-05-01,,Zoë\n');
  assert.equal(given(json, '-p', 'ids=[2]', '-p', 's=b').out, 'id,day,n,s\n2,2024-05-01,,b\n');
  assert.is(flowc(['check', 'p.flow', '--params', 'p.json']).code, 0);
  assert.match(given('{"day": "2024-05-01", "idz": [1]}').err, /FLOW2015[\s\S]*did you mean -p ids=…/);
  assert.match(
    given('{"day": 5, "ids": ["x"], "s": null}').err,
    /"5" is no date[\s\S]*"\["x"\]" is no list<int>[\s\S]*"null" is no string/,
  );
  assert.match(given('{"day": "2024-05-01", "ids": 7}').err, /"7" is no list<int>/);
  assert.match(given('[1]').err, /--params: p\.json is no JSON object/);
  assert.match(given('{').err, /--params: p\.json is not JSON/);
  assert.match(given('{"n": 9007199254740993}').err, /beyond 2\^53/);
});

test.run();
