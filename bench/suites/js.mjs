// A function of JavaScript for each row, over three columns of floats; and the same as an expression.
import { readFileSync } from 'node:fs';
import { table } from './lib/files.mjs';
import { generator } from './lib/random.mjs';

const COLUMNS = ['a', 'b', 'c'].map((n) => [n, 'float']);
/** Rows of a task: some ten milliseconds of work. */
const CHUNK = 131_072;

function* lines(rows) {
  const r = generator(77);
  for (let i = 0; i < rows; i++) yield `${r.unit().toFixed(6)},${(r.unit() * 100).toFixed(4)},${r.int(0, 999)}`;
}

/** The function: branches, a call, arithmetic. */
const perRow = (a, b, c) => (a > 0.5 ? Math.sqrt(b) * c : b - a * c);
const SQL = 'case when a > 0.5 then sqrt(b) * c else b - a * c end';

/** What a task does with its rows; sent to the workers as text, so that it says the function itself. */
function sumOfRows(a, b, c) {
  const f = (x, y, z) => (x > 0.5 ? Math.sqrt(y) * z : y - x * z);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += f(a[i], b[i], c[i]);
  return sum;
}

/** flowc has no user functions in flows yet: its task API runs them on the workers, over columns in its store. */
const tasks = {
  async load(engine, job) {
    const { tableFromIPC } = await import('apache-arrow');
    const all = tableFromIPC(readFileSync(job.tables.t.arrow));
    const columns = COLUMNS.map(([name]) => Float64Array.from(all.getChild(name).toArray()));
    const chunks = [];
    for (let at = 0; at < all.numRows; at += CHUNK)
      chunks.push(columns.map((values) => engine.put(values.slice(at, at + CHUNK))));
    return { rows: all.numRows, chunks };
  },
  async run(engine, { rows, chunks }) {
    const sums = await engine.get(chunks.map((refs) => engine.task(sumOfRows, ...refs)));
    return [[rows, sums.reduce((x, y) => x + y, 0)]];
  },
};

/** DuckDB calls JavaScript with chunks of its vectors. */
async function registerFunction(db, { DOUBLE, DuckDBScalarFunction }) {
  const mainFunction = (_, input, output) => {
    const [a, b, c] = [0, 1, 2].map((i) => input.getColumnVector(i));
    for (let i = 0; i < input.rowCount; i++) output.setItem(i, perRow(a.getItem(i), b.getItem(i), c.getItem(i)));
    output.flush();
  };
  const types = { returnType: DOUBLE, parameterTypes: [DOUBLE, DOUBLE, DOUBLE] };
  db.registerScalarFunction(DuckDBScalarFunction.create({ name: 'per_row', mainFunction, ...types }));
}

const byFunction = {
  name: 'a function per row',
  flowc: tasks,
  duckdb: { prepare: registerFunction, query: ({ t }) => `select count(*), sum(per_row(a, b, c)) from ${t}` },
  arquero(aq, { t }) {
    const derived = t.derive({ v: aq.escape((d) => perRow(d.a, d.b, d.c)) });
    const row = derived.rollup({ n: aq.op.count(), s: aq.op.sum('v') }).object(0);
    return [[row.n, row.s]];
  },
};

const byExpression = {
  name: 'the same as an expression',
  flowc: ({ t }) => `from ${t}\n| derive v = ${SQL}\n| summarize n = count(), s = sum(v)`,
  duckdb: ({ t }) => `select count(*), sum(${SQL}) from ${t}`,
  polars(pl, { t }) {
    const [a, b, c] = ['a', 'b', 'c'].map((n) => pl.col(n));
    const v = pl
      .when(a.gt(0.5))
      .then(b.pow(0.5).mul(c))
      .otherwise(b.minus(a.mul(c)));
    return t.select(pl.len().alias('n'), v.sum().alias('s'));
  },
};

export const suite = {
  name: 'js',
  title: 'Functions of JavaScript',
  about:
    'Three columns of floats in memory, a function for each row, and the sum of what it gives. flowc runs it by its task API: flows have no functions of the host language yet.',
  rows: 1e6,
  inputs: ['memory'],
  peers: ['duckdb', 'polars', 'arquero'],
  prepare: ({ rows, formats }) => ({
    t: table({ folder: `js-${rows}`, name: 't', columns: COLUMNS, lines: () => lines(rows) }, formats),
  }),
};

export const cases = () => [byFunction, byExpression];
