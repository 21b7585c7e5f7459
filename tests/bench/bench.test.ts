import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const HAS_DUCKDB = fs.existsSync(path.join(ROOT, 'bench/node_modules/@duckdb/node-api'));
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'flowc-bench-test-'));

interface Contestant {
  readonly name: string;
  readonly times: readonly number[];
  readonly median?: number;
  readonly coldMs?: number;
  readonly ratio?: number;
  readonly peak?: number | null;
  readonly failed?: string;
  readonly difference?: string;
}
interface Result {
  readonly suite: string;
  readonly rows: number;
  readonly cases: readonly { readonly name: string; readonly contestants: readonly Contestant[] }[];
  readonly problems: readonly string[];
  readonly conditions: { readonly loadBefore: readonly number[] };
}

const bench = (...args: string[]) =>
  spawnSync(process.execPath, ['bench/main.mjs', ...args, '--runs', '1', '--out-dir', dir], {
    cwd: ROOT,
    encoding: 'utf8',
  });

/** The results of a run that went well. */
function results(...args: string[]): Result[] {
  const done = bench(...args, '--json');
  assert.is(done.status, 0, done.stderr);
  return done.stdout
    .trim()
    .split('\n')
    .map((line): Result => JSON.parse(line));
}

test('flowc alone is measured cold and warm, and the results are stored', () => {
  const [result] = results('groupby', '--rows', '1000', '--case', 'q1 ', '--peers', 'none');
  assert.is(result?.rows, 1000);
  assert.equal(
    result?.cases.map((c) => c.name),
    ['q1 sum by id1'],
  );
  const ours = result?.cases[0]?.contestants[0];
  assert.is(ours?.name, 'flowc');
  assert.ok((ours?.median ?? 0) > 0 && (ours?.coldMs ?? 0) > 0);
  const stored = fs.readdirSync(dir).filter((f) => f.startsWith('groupby-1000'));
  assert.equal(
    stored.map((f) => path.extname(f)).sort((x, y) => x.localeCompare(y)),
    ['.json', '.md'],
  );
});

if (HAS_DUCKDB) {
  test('the answers of flowc and DuckDB agree', () => {
    const all = results('csv', 'parquet', '--rows', '2000', '--case', 'two', '--peers', 'duckdb');
    for (const { cases, problems } of all) {
      assert.equal(problems, []);
      for (const { name, contestants } of cases) {
        assert.equal(
          contestants.map((c) => [c.name, c.failed, c.difference]),
          ['flowc', 'duckdb'].map((n) => [n, undefined, undefined]),
          name,
        );
        assert.ok((contestants[1]?.ratio ?? 0) > 0);
      }
    }
  });
} else console.log('# skip: the peers are not installed (npm install in bench/)');

test('a command line that means nothing is refused', () => {
  for (const args of [['nosuch'], ['groupby', '--rows', 'many'], ['groupby', '--peers', 'nobody']]) {
    const done = bench(...args);
    assert.is(done.status, 2);
    assert.not.match(done.stderr, /^ {4}at /m);
  }
});

test('answers are compared by value', async () => {
  const { difference } = await import(new URL('../../bench/suites/lib/compare.mjs', import.meta.url).href);
  assert.is(difference([[1, 'a', '1.50', '2024-01-01T00:00:00.000Z']], [[1 + 1e-12, 'a', 1.5, '2024-01-01']]), null);
  assert.is(difference([[null]], [[null]]), null);
  assert.is(difference([[1]], []), '1 rows against 0');
  assert.ok(difference([[1]], [[1.001]]));
  assert.ok(difference([[null]], [[0]]));
  assert.ok(difference([['a']], [['b']]));
  assert.ok(difference([[1, 2]], [[1]]));
});

test('growth and spread are what they are', async () => {
  const { exponent, median, spread, geometricMean } = await import(
    new URL('../../bench/suites/lib/numbers.mjs', import.meta.url).href
  );
  const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-9, `${a} against ${b}`);
  near(exponent([10, 100, 1000].map((n) => [n, 3 * n ** 1.5])), 1.5);
  near(median([4, 1, 3, 2]), 2.5);
  near(spread([1, 2, 3, 4, 5]), 2);
  near(geometricMean([0.5, 2]), 1);
});

test('the same seed gives the same data', async () => {
  const { generator, permutation } = await import(new URL('../../bench/suites/lib/random.mjs', import.meta.url).href);
  const [a, b] = [generator(1), generator(1)];
  const drawn = Array.from({ length: 1000 }, () => a.int(1, 6));
  assert.equal(
    drawn,
    Array.from({ length: 1000 }, () => b.int(1, 6)),
  );
  assert.equal(
    [...new Set(drawn)].sort((x, y) => x - y),
    [1, 2, 3, 4, 5, 6],
  );
  assert.equal(
    [...permutation(a, 50)].sort((x: number, y: number) => x - y),
    Array.from({ length: 50 }, (_, i) => i),
  );
});

test.after(() => fs.rmSync(dir, { recursive: true, force: true }));
test.run();
