// Window functions over the table of the suite `sort`, reduced within the query to sums in which the place of a row counts.
import { suite as sort } from './sort.mjs';

/**
 * `call`: the function, in SQL and (where it is written otherwise) as a flow; `by`, `order`, `frame`: its window, which both write alike. `polars`: the same as an
 * expression, where Polars has one.
 */
const QUESTIONS = [
  {
    name: 'row number, 100 partitions',
    call: 'row_number()',
    by: 'g',
    order: 'k',
  },
  {
    name: 'rank by text, 100 partitions',
    call: 'rank()',
    by: 'g',
    order: 's',
    polars: (pl) => pl.col('s').rank('min').over('g'),
  },
  {
    name: 'running sum, 100 partitions',
    call: 'sum(f)',
    by: 'g',
    order: 'k',
    frame: ['rows between unbounded preceding and current row', 'rows ..0'],
  },
  {
    name: 'mean of ten rows, 100 partitions',
    call: 'avg(f)',
    flow: 'mean(f)',
    by: 'g',
    order: 'k',
    frame: ['rows between 9 preceding and current row', 'rows -9..0'],
  },
  { name: 'value before, rows/10 partitions', call: 'lag(k)', by: 'id // 10', order: 'k' },
  {
    name: 'mean of the partition, rows/10 partitions',
    call: 'avg(f)',
    flow: 'mean(f)',
    by: 'id // 10',
    polars: (pl) => pl.col('f').mean().over(pl.col('id').div(10).floor()),
  },
  { name: 'row number of all rows', call: 'row_number()', order: 'k' },
];

/** So that a value in the wrong row shows. */
const WEIGHT = '(id % 7 + 1)';

function flowOf({ call, flow = call, by, order, frame }, source) {
  const clauses = [by && `by ${by}`, order && `sort ${order}`, frame?.[1]].filter(Boolean);
  return `from ${source}
| derive w = ${flow} over (${clauses.join(' ')})
| summarize n = count(), total = sum(w::float * ${WEIGHT})`;
}

function sqlOf({ call, by, order, frame }, source) {
  const clauses = [by && `partition by ${by}`, order && `order by ${order}`, frame?.[0]].filter(Boolean);
  return `select count(*), sum(w::double * ${WEIGHT}) from (select id, ${call} over (${clauses.join(' ')}) as w from ${source})`;
}

function polarsOf(pl, make, frame) {
  const weight = pl.col('id').modulo(7).add(1);
  return frame
    .withColumn(make(pl).cast(pl.Float64).alias('w'))
    .select(pl.len().alias('n'), pl.col('w').mul(weight).sum().alias('total'));
}

export const suite = {
  ...sort,
  name: 'window',
  title: 'Windows',
  about:
    'One window function each, of which the weighted sum over all rows is taken. Polars has two of them in Node.js.',
  peers: ['duckdb', 'polars'],
};

export const cases = () =>
  QUESTIONS.map((question) => ({
    name: question.name,
    flowc: ({ t }) => flowOf(question, t),
    duckdb: ({ t }) => sqlOf(question, t),
    ...(question.polars ? { polars: (pl, { t }) => polarsOf(pl, question.polars, t) } : {}),
  }));
