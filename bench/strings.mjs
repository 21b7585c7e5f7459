// Functions of texts without a dictionary: kernels over their bytes, the same without kernels, and DuckDB, all on one thread and in memory, in turns; medians
// of processor time.
// node bench/strings.mjs [--rows N] [--runs N] [--only NAME]
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { register } from 'tsx/esm/api';
import { median } from './lib/measure.mjs';

register();
const { createStore } = await import('../engine/store/store.ts');
const { arenaScratch } = await import('../engine/memory/scratch.ts');
const { compileFilter, compileProjection } = await import('../engine/expr/compile.ts');
const { columnFromValues } = await import('../engine/batch/build.ts');
const { columnInArena } = await import('../tests/kernels/arena.ts');
const { useKernels } = await import('../engine/kernels/load.ts');
const { MORSEL_ROWS } = await import('../engine/batch/column.ts');
const { T, field } = await import('../engine/types.ts');
const { call, lit } = await import('../tests/functions/mini.ts');

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    runs: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
  },
});
const [rows, runs] = [values.rows, values.runs].map(Number);
const store = createStore({ limit: 2 * 2 ** 30, threads: 1 });
const data = arenaScratch(store);
const scratch = arenaScratch(store);
const schema = [field('s', T.string)];
const s = { kind: 'column', name: 's', type: T.string, nullable: true };
const text = (v) => lit(T.string, v);
const int = (v) => lit(T.int, v);

/** The same texts on both sides: words of a title and a number. */
const textAt = (k) => {
  const words = ['quick', 'Brown', 'foxes', 'jump', 'over', 'lazy', 'dogs', 'while', 'rain', 'falls'];
  const at = (j) => words[(Math.imul(k + j * 7919, 2654435761) >>> 8) % words.length];
  return `${at(1)} ${at(2)} ${at(3)} ${at(4)} ${at(5)} ${k}`;
};

const batches = [];
const duck = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
await duck.run('create table t (s varchar)');
const appender = await duck.createAppender('t');
for (let at = 0; at < rows; at += MORSEL_ROWS) {
  const n = Math.min(MORSEL_ROWS, rows - at);
  const texts = Array.from({ length: n }, (_, i) => textAt(at + i));
  for (const one of texts) {
    appender.appendVarchar(one);
    appender.endRow();
  }
  batches.push({ schema, rows: n, columns: [columnInArena(columnFromValues(T.string, texts), data)] });
}
appender.closeSync();

const filter = (name, predicate, sql) => ({ name, filter: predicate, sql: `select count(*) from t where ${sql}` });
const output = (name, expr, sql) => ({ name, output: expr, sql: `select sum(${sql}) from t` });
const CASES = [
  filter('contains', call('contains', [s, text('lazy rain')]), "contains(s, 'lazy rain')"),
  filter('starts_with', call('starts_with', [s, text('quick B')]), "starts_with(s, 'quick B')"),
  filter('ends_with', call('ends_with', [s, text('99')]), "ends_with(s, '99')"),
  filter('like %a%b%', call('like', [s, text('%rain%foxes%')]), "s like '%rain%foxes%'"),
  filter('matches', call('matches', [s, text('rain.*foxes')]), "regexp_matches(s, 'rain.*foxes')"),
  filter('length > 30', call('gt', [call('length', [s]), int(30)]), 'length(s) > 30'),
  output('upper', call('upper', [s]), 'strlen(upper(s))'),
  output('lower', call('lower', [s]), 'strlen(lower(s))'),
  output('substr', call('substr', [s, int(3), int(10)]), 'strlen(substr(s, 3, 10))'),
  output('replace', call('replace', [s, text('rain'), text('sunshine')]), "strlen(replace(s, 'rain', 'sunshine'))"),
];

/** Processor time of a run in milliseconds. */
async function timed(run) {
  const from = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1000;
}

function engine(test, kernels) {
  useKernels(kernels);
  const filters = test.filter === undefined ? null : compileFilter(test.filter, schema);
  const project = filters === null ? compileProjection(null, [{ name: test.name, expr: test.output }], schema) : null;
  for (const batch of batches) {
    scratch.reset();
    if (filters === null) project(batch, scratch);
    else filters(batch, scratch);
  }
  useKernels(true);
}

console.log(`${rows} texts, one thread, processor time: without kernels, kernels, DuckDB`);
for (const test of CASES.filter(({ name }) => name.includes(values.only))) {
  const [plain, fast, other] = [[], [], []];
  for (let r = -1; r < runs; r++) {
    const times = [
      await timed(() => engine(test, false)),
      await timed(() => engine(test, true)),
      await timed(() => duck.runAndReadAll(test.sql)),
    ];
    if (r < 0) continue;
    for (const [k, to] of [plain, fast, other].entries()) to.push(times[k]);
  }
  const [a, b, d] = [plain, fast, other].map(median);
  const show = (ms) => `${ms.toFixed(1).padStart(8)} ms`;
  console.log(`${test.name.padEnd(14)} ${show(a)} | ${show(b)} | ${show(d)}   kernels/DuckDB ${(b / d).toFixed(2)}`);
}
store.close();
