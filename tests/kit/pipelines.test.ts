// The laws of pipelines and of the engine, for users: what they let pass, and what they find.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runText } from '../../index.ts';
import {
  arbitraryTable,
  checkEngine,
  checkPipeline,
  type FlowRunner,
  MAIN,
  OTHER,
  PIPELINE_LAWS,
  type PipelineLaws,
} from '../../testing/index.ts';
import { broken } from './broken.ts';

const input = arbitraryTable(MAIN, { extremes: false, maxRows: 12 });
const other = arbitraryTable(OTHER, { extremes: false, maxRows: 12 });

/** Laws that a pipeline keeps. */
const RIGHT: readonly (readonly [string, readonly string[], Partial<PipelineLaws>?])[] = [
  ['from input | where s is not null | derive y = id * 2', ['input order', 'row by row']],
  [
    'from input | summarize n = count(), t = sum(x) by g',
    ['parts', 'input order'],
    { merge: 'from input | summarize n = sum(n), t = sum(t) by g' },
  ],
  ['from input | where id > 1 | sort g desc, id', ['idempotence', 'subset']],
  ['from input | sort at, s desc', ['permutation', 'row for row', 'subset']],
  [
    'let w = from other | summarize w = max(w) by k\nfrom input | join left w as w on g == w.k add w = w.w # one each',
    ['row for row', 'row by row'],
    { tables: { other } },
  ],
];

for (const [pipeline, laws, more = {}] of RIGHT) {
  test(`it keeps ${laws.join(', ')}: ${pipeline}`, async () => {
    await checkPipeline(pipeline, { input, seed: 1, runs: 5, ...more });
    await checkPipeline(pipeline, { input, seed: 1, runs: 10, laws, ...more });
  });
}

/** A runner of flows in which something is wrong. */
function wrong(spoil: (flow: string, workers: number, turn: number) => boolean): FlowRunner {
  let turn = 0;
  return async (flow, setting) => {
    const { results } = await runText(flow, setting);
    const [first] = results;
    if (first === undefined) return null;
    return spoil(flow, setting.workers, turn++) ? { ...first, rows: first.rows.slice(1) } : first;
  };
}

const ALL = 'from input';
/** By law: a pipeline, or a way to run it, that breaks it, and what is said of it. */
const WRONG: Readonly<Record<string, readonly [string, Partial<PipelineLaws>, RegExp]>> = {
  determinism: [
    ALL,
    { runner: wrong((_, __, turn) => turn % 2 === 1) },
    /\d+ and \d+ rows, in order[\s\S]*\n {2}- row 1 /,
  ],
  'workers and memory': [ALL, { runner: wrong((_, workers) => workers > 1) }, /\d+ and \d+ rows, in order/],
  'several files': [ALL, { runner: wrong((flow) => flow.includes('["input0')) }, /\["input0\.(csv|ndjson)", "input1/],
  'always true': [ALL, { runner: wrong((flow) => flow.includes('where')) }, /second:\n {4}let input = .* \| where /],
  'input order': ['from input | take 3', {}, /"reversed\./],
  'row by row': ['from input | select g | distinct', {}, /first:\n[\s\S]*\n {6}and\n/],
  parts: [
    'from input | summarize m = avg(id)',
    { merge: 'from input | summarize m = avg(m)' },
    /1 and 1 rows, any order[\s\S]*\n {5}m\n {2}- {2}\S+\n {2}\+ {2}\S+\n/,
  ],
  idempotence: ['from input | derive id = id + 1', {}, /second:\n {4}let input = from parquet\("once.parquet"\)/],
  permutation: ['from input | where g is not null', {}, /\n {2}- .*\n {2}flow:\n {4}let input = /],
  subset: ['from input | union input', {}, /\n {2}\+ .*\n {2}flow:/],
  'row for row': [
    'from input | join left other as o on g == o.k add w = o.w',
    { tables: { other } },
    /\d+ rows went in, \d+ came out\n {2}flow:/,
  ],
};

test('every law is broken by something', () =>
  assert.equal(Object.keys(WRONG).sort(), PIPELINE_LAWS.map((law) => law.name).sort()));

for (const [law, [pipeline, options, message]] of Object.entries(WRONG)) {
  test(`what breaks ${law} is found`, async () => {
    const found = await broken(() =>
      checkPipeline(pipeline, { input, laws: [law], seed: 2, runs: 100, shrink: false, ...options }),
    );
    assert.is(found.law, law);
    const says = PIPELINE_LAWS.find((l) => l.name === law)?.says;
    assert.ok(found.message.startsWith(`${law}: ${says}, but not here: `), found.message);
    assert.match(found.message, message);
    assert.match(found.message, /\n {2}files:\n {4}--- input\.(csv|ndjson)\n[\s\S]*\n {2}again with \{ seed: 2 \}$/);
  });
}

test('the smallest case is shown', async () => {
  const rows = fc.integer({ min: 0, max: 9 }).map((v) => ({ v }));
  const table = fc
    .array(rows, { maxLength: 20 })
    .map((all) => ({ schema: [{ name: 'v', type: { kind: 'int' as const }, nullable: false }], rows: all }));
  const found = await broken(() =>
    checkPipeline('from input | where v < 7', { input: table, laws: ['permutation'], seed: 2 }),
  );
  assert.match(found.message, /\n {4}\{"v":7\}\n {2}the pipeline, case: input of 1 rows/);
});

test('laws that are not there, and what a law needs', async () => {
  await checkEngine({ laws: ['cross join'], runs: 3, seed: 1 });
  for (const [laws, message] of [
    [['nope'], /there is no law nope: determinism, /],
    [['parts'], /the law parts needs `merge`/],
  ] as const) {
    try {
      await checkPipeline(ALL, { input, laws });
      assert.unreachable();
    } catch (e) {
      assert.match((e as Error).message, message);
    }
  }
  const found = await broken(() =>
    checkPipeline('from input | write csv("x.csv")', { input, laws: ['determinism'], seed: 1, shrink: false }),
  );
  assert.match(found.message, /^rows: there are none to compare: all pipelines end in sinks/);
});

test.run();
