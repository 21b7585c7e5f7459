import * as fs from 'node:fs';
import * as path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RunError } from '../../index.ts';
import { CONFIGS, runEverywhere, runFlow, tempDir } from './harness.ts';

const dir = tempDir();
const place = (name: string): string => path.join(dir, name);
const quoted = (name: string): string => JSON.stringify(place(name));

const odd = [
  'a/b',
  '../x',
  '..',
  '.',
  '',
  '__HIVE_DEFAULT_PARTITION__',
  'Zoë 1%',
  '日本',
  '%2F',
  'a=b',
  'x\ny',
  '*?[a]',
  'ok',
];
fs.writeFileSync(
  place('odd.ndjson'),
  [...odd, null]
    .flatMap((k, i) => [0, 1].map((n) => JSON.stringify({ id: 2 * i + n, k, day: `2024-01-0${1 + (i % 3)}` })))
    .join('\n'),
);
const rows = 40_000;
fs.writeFileSync(
  place('big.csv'),
  `id,day,k,note\n${Array.from({ length: rows }, (_, i) => `${(i * 7919) % rows},2024-01-${10 + (i % 9)},${i % 4 === 0 ? '' : i % 2 === 0},note ${i}`).join('\n')}\n`,
);

/** The files below a folder, with what is in them. */
function tree(folder: string): Map<string, Buffer> {
  const found = fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
  const files = found.map((e) => path.join(e.parentPath ?? e.path, e.name));
  return new Map(files.sort().map((f) => [path.relative(folder, f), fs.readFileSync(f)]));
}

const same = (a: Map<string, Buffer>, b: Map<string, Buffer>): boolean =>
  a.size === b.size && [...a].every(([name, bytes]) => b.get(name)?.equals(bytes) === true);

test('whatever the values are, folders stay below their place and give the values back', async () => {
  for (const format of ['csv', 'ndjson', 'parquet', 'arrow']) {
    const out = path.join('inner', `odd-${format}`);
    await runFlow(
      `from ndjson(${quoted('odd.ndjson')}) | write ${format}(${quoted(out)}, partition_by: ["k", "day"])`,
      CONFIGS[0],
    );
    assert.equal(
      fs.readdirSync(place('inner')).filter((name) => !name.startsWith('odd-')),
      [],
    );
    assert.is(fs.readdirSync(place(out)).length, odd.length + 1);
    const { results } = await runEverywhere(
      `from ${format}(${JSON.stringify(`${place(out)}/**/part-0.*`)}, hive: true) | sort id | select id, k, day`,
    );
    const back = await runEverywhere(
      `from ndjson(${quoted('odd.ndjson')}) as { id: int, k: string?, day: date } | sort id`,
    );
    assert.is(results[0], back.results[0], format);
  }
});

test('the same files whatever the workers and the memory; rows in their order within a file', async () => {
  for (const target of ['csv', 'parquet', 'ndjson', 'csv.gz']) {
    const trees = [];
    for (const [i, config] of CONFIGS.entries()) {
      const out = `big-${target}-${i}`;
      const [format, gz] = target.split('.');
      const extra = gz === undefined ? '' : ', compression: "gzip"';
      const { run } = await runFlow(
        `from csv(${quoted('big.csv')}) | sort id desc | write ${format}(${quoted(out)}, partition_by: ["day", "k"]${extra})`,
        config,
      );
      assert.is(run.sinks[0]?.rows, rows);
      trees.push(tree(place(out)));
      assert.is(
        run.sinks[0]?.bytes,
        [...(trees[i] as Map<string, Buffer>).values()].reduce((n, b) => n + b.length, 0),
      );
    }
    const [first] = trees as [Map<string, Buffer>];
    assert.is(first.size, 27);
    for (const other of trees) assert.ok(same(first, other), target);
    const text = first.get(`day=2024-01-12/k=true/part-0.${target}`);
    if (target.startsWith('csv') && text !== undefined) {
      const lines = (target === 'csv' ? text : gunzipSync(text)).toString().trim().split('\n');
      assert.is(lines[0], 'id,note');
      const ids = lines.slice(1).map((line) => Number(line.split(',')[0]));
      assert.equal(
        ids,
        [...ids].sort((a, b) => b - a),
      );
    }
  }
});

test('columns of folders are typed, and a filter on them leaves files unread', async () => {
  const source = `from csv(${JSON.stringify(`${place('big-csv-0')}/**/*.csv`)}, hive: true)`;
  const { results, run } = await runEverywhere(
    `${source} | where day == @2024-01-12 and k is true | summarize n = count(), first = min(day)`,
  );
  const n = Array.from({ length: rows }, (_, i) => i).filter((i) => i % 9 === 2 && i % 4 !== 0 && i % 2 === 0).length;
  assert.is(results[0], `n,first\n${n},2024-01-12\n`);
  assert.ok(run.progress.rowsRead < rows / 2, `${run.progress.rowsRead} rows read`);
  const declared = await runEverywhere(`${source} as { note: string, day: string } | summarize m = max(day)`).catch(
    (e: Error) => e,
  );
  assert.ok(declared instanceof Error || declared.results[0] === 'm\n2024-01-18\n');
});

test('a folder is replaced as a whole, and left alone when the run fails or it holds something else', async () => {
  const write = (filter: string): string =>
    `from csv(${quoted('big.csv')}) | where ${filter} | write csv(${quoted('again')}, partition_by: "day")`;
  await runFlow(write('id < 100'), CONFIGS[1]);
  const before = tree(place('again'));
  const failing = write('10 // (id - id) > 0');
  await runFlow(failing, CONFIGS[1]).then(
    () => assert.unreachable(),
    (e: unknown) => assert.instance(e, RunError),
  );
  assert.ok(same(tree(place('again')), before));
  await runFlow(write('day == @2024-01-12'), CONFIGS[1]);
  assert.equal(fs.readdirSync(place('again')), ['day=2024-01-12']);
  fs.writeFileSync(place('again/notes.txt'), 'mine');
  await runFlow(write('id < 100'), CONFIGS[1]).then(
    () => assert.unreachable(),
    (e: unknown) => assert.match((e as RunError).message, /holds notes.txt, which is no partition/),
  );
  assert.equal(
    fs.readdirSync(dir).filter((name) => name.endsWith('.tmp')),
    [],
  );
});

test('a folder and a file in it are one place', async () => {
  const text = `let t = from csv(${quoted('big.csv')})
    from t | write csv(${quoted('two')}, partition_by: "day")
    from t | write csv(${quoted('two/day=x/part-0.csv')})`;
  await runFlow(text, CONFIGS[1]).then(
    () => assert.unreachable(),
    (e: unknown) => assert.is((e as RunError).code, 'FLOW7006'),
  );
  assert.not.ok(fs.existsSync(place('two')));
});

test('too many folders are an error, and no rows an empty folder', async () => {
  await runFlow(`from csv(${quoted('big.csv')}) | write csv(${quoted('many')}, partition_by: "id")`, CONFIGS[1]).then(
    () => assert.unreachable(),
    (e: unknown) => assert.match((e as RunError).message, /more than 10000 combinations/),
  );
  assert.not.ok(fs.existsSync(place('many')));
  await runFlow(
    `from csv(${quoted('big.csv')}) | where id < 0 | write csv(${quoted('none')}, partition_by: "day")`,
    CONFIGS[1],
  );
  assert.equal(fs.readdirSync(place('none')), []);
});

test.run();
