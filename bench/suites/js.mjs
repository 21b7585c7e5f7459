// A function of JavaScript for each row, over three columns of floats; and the same as an expression.
import { table } from './lib/files.mjs';
import { perRow } from './lib/per_row.mjs';
import { generator } from './lib/random.mjs';

const COLUMNS = ['a', 'b', 'c'].map((n) => [n, 'float']);
function* lines(rows) {
  const r = generator(77);
  for (let i = 0; i < rows; i++) yield `${r.unit().toFixed(6)},${(r.unit() * 100).toFixed(4)},${r.int(0, 999)}`;
}

const SQL = 'case when a > 0.5 then sqrt(b) * c else b - a * c end';

const MODULE = new URL('./lib/per_row.mjs', import.meta.url).href;
const USE = `use { perRow: (float, float, float) -> float } from "${MODULE}"`;

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
  flowc: ({ t }) => `${USE}\nfrom ${t}\n| summarize n = count(), s = sum(perRow(a, b, c))`,
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
  about: 'Three columns of floats, a function for each row, and the sum of what it gives.',
  rows: 1e6,
  inputs: ['memory'],
  peers: ['duckdb', 'polars', 'arquero'],
  prepare: ({ rows, formats }) => ({
    t: table({ folder: `js-${rows}`, name: 't', columns: COLUMNS, lines: () => lines(rows) }, formats),
  }),
};

export const cases = () => [byFunction, byExpression];
