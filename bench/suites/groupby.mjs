// The group-by questions of db-benchmark, over its distributions: 100 groups, n/100 groups, integer and text keys, and six keys at once.
import { table } from './lib/files.mjs';
import { generator } from './lib/random.mjs';

const K = 100;
const COLUMNS = [
  ['id1', 'string'],
  ['id2', 'string'],
  ['id3', 'string'],
  ['id4', 'int'],
  ['id5', 'int'],
  ['id6', 'int'],
  ['v1', 'int'],
  ['v2', 'int'],
  ['v3', 'float'],
];

function* lines(rows) {
  const r = generator(108);
  const many = Math.max(1, Math.floor(rows / K));
  const short = () => `id${String(r.int(1, K)).padStart(3, '0')}`;
  for (let i = 0; i < rows; i++) {
    const long = `id${String(r.int(1, many)).padStart(10, '0')}`;
    const keys = `${short()},${short()},${long},${r.int(1, K)},${r.int(1, K)},${r.int(1, many)}`;
    yield `${keys},${r.int(1, 5)},${r.int(1, 15)},${(r.unit() * 100).toFixed(6)}`;
  }
}

/** The table of `rows` rows; the suites `sort` and `outofcore` read it, too. */
export const groupTable = (rows, formats) =>
  table({ folder: `groupby-${rows}`, name: 'x', columns: COLUMNS, lines: () => lines(rows) }, formats);

/** `aggs`: name, function, column(s). `post`: a column made of the aggregates. The answer is the number of groups and the sum of each of `sums`. */
const QUESTIONS = [
  { name: 'q1 sum by id1', by: ['id1'], aggs: [['v1', 'sum', 'v1']] },
  { name: 'q2 sum by id1, id2', by: ['id1', 'id2'], aggs: [['v1', 'sum', 'v1']] },
  {
    name: 'q3 sum, mean by id3',
    by: ['id3'],
    aggs: [
      ['v1', 'sum', 'v1'],
      ['v3', 'mean', 'v3'],
    ],
  },
  { name: 'q4 means by id4', by: ['id4'], aggs: ['v1', 'v2', 'v3'].map((c) => [c, 'mean', c]) },
  { name: 'q5 sums by id6', by: ['id6'], aggs: ['v1', 'v2', 'v3'].map((c) => [c, 'sum', c]) },
  {
    name: 'q6 median, sd by id4, id5',
    by: ['id4', 'id5'],
    aggs: [
      ['middle', 'median', 'v3'],
      ['spread', 'sd', 'v3'],
    ],
  },
  {
    name: 'q7 max - min by id3',
    by: ['id3'],
    aggs: [
      ['most', 'max', 'v1'],
      ['least', 'min', 'v2'],
    ],
    post: { name: 'range', op: '-', of: ['most', 'least'] },
  },
  { name: 'q8 largest two by id6', by: ['id6'], top: { column: 'v3', n: 2 } },
  {
    name: 'q9 corr² by id2, id4',
    by: ['id2', 'id4'],
    aggs: [['r', 'corr', 'v1', 'v2']],
    post: { name: 'r2', op: '*', of: ['r', 'r'] },
  },
  {
    name: 'q10 sum, count by six keys',
    by: ['id1', 'id2', 'id3', 'id4', 'id5', 'id6'],
    aggs: [
      ['v3', 'sum', 'v3'],
      ['count', 'count'],
    ],
  },
];

const sumsOf = ({ aggs, post, top }) => {
  if (top) return [top.column];
  return post ? [post.name] : aggs.map((a) => a[0]);
};

/** Correlations and deviations of groups that have none are null in one system and NaN in another: left out. */
const FLOW = { sd: 'stddev' };
function flowOf(question, src) {
  const { by, aggs, post, top } = question;
  const finite = (c) => `sum(case when isfinite(${c}::float) then ${c}::float else null end)`;
  const reduce = `| summarize n = count(), ${sumsOf(question)
    .map((c) => `s_${c} = ${finite(c)}`)
    .join(', ')}`;
  if (top) return `from ${src}\n| take ${top.n} sort ${top.column} desc by ${by.join(', ')}\n${reduce}`;
  const items = aggs.map(([name, f, ...args]) => `${name} = ${FLOW[f] ?? f}(${args.join(', ')})`);
  const derive = post ? `| derive ${post.name} = ${post.of.join(` ${post.op} `)}\n` : '';
  return `from ${src}\n| summarize ${items.join(', ')} by ${by.join(', ')}\n${derive}${reduce}`;
}

const SQL = { sd: 'stddev_samp', mean: 'avg' };
function sqlOf(question, src) {
  const { by, aggs, post, top } = question;
  const sums = sumsOf(question).map((c) => `sum(${c}) filter (where isfinite(${c}::double))::double`);
  const reduce = (inner) => `select count(*), ${sums.join(', ')} from (${inner})`;
  const keys = by.join(', ');
  if (top) {
    const ranked = `select ${keys}, ${top.column}, row_number() over (partition by ${keys} order by ${top.column} desc) as place from ${src}`;
    return reduce(`select * from (${ranked}) where place <= ${top.n}`);
  }
  const items = aggs.map(([name, f, ...args]) => `${SQL[f] ?? f}(${args.join(', ') || '*'}) as ${name}`).join(', ');
  const grouped = `select ${keys}, ${items} from ${src} group by ${keys}`;
  return reduce(post ? `select *, ${post.of.join(` ${post.op} `)} as ${post.name} from (${grouped})` : grouped);
}

function polarsOf(pl, question, frame) {
  const { by, aggs, post, top } = question;
  const make = {
    count: () => pl.len(),
    corr: (a, b) => pl.pearsonCorr(a, b),
    sd: (a) => pl.col(a).std(),
  };
  let lf;
  if (top) {
    const best = pl.col(top.column).sort({ descending: true }).head(top.n);
    lf = frame.groupBy(by).agg(best.alias(top.column)).explode(top.column);
  } else {
    const items = aggs.map(([name, f, ...args]) => (make[f]?.(...args) ?? pl.col(args[0])[f]()).alias(name));
    lf = frame.groupBy(by).agg(...items);
  }
  if (post) {
    const [a, b] = post.of.map((c) => pl.col(c));
    lf = lf.withColumn((post.op === '-' ? a.minus(b) : a.mul(b)).alias(post.name));
  }
  const sums = sumsOf(question).map((c) => {
    const x = pl.col(c).cast(pl.Float64);
    return x.filter(x.isFinite()).sum().alias(`s_${c}`);
  });
  return lf.select(pl.len().alias('n'), ...sums);
}

function arqueroOf(aq, question, x) {
  const { by, aggs, post, top } = question;
  const names = { sd: 'stdev', mean: 'average' };
  let grouped = x.groupby(...by);
  if (top) {
    const place = aq.op.row_number();
    grouped = grouped
      .orderby(aq.desc(top.column))
      .derive({ place })
      .filter(aq.escape((d) => d.place <= top.n))
      .ungroup();
  } else
    grouped = grouped.rollup(
      Object.fromEntries(aggs.map(([name, f, ...args]) => [name, aq.op[names[f] ?? f](...args)])),
    );
  if (post) {
    const [a, b] = post.of;
    const value = post.op === '-' ? (d) => d[a] - d[b] : (d) => d[a] * d[b];
    grouped = grouped.derive({ [post.name]: aq.escape(value) });
  }
  const sums = sumsOf(question);
  const totals = sums.map(() => 0);
  for (const row of grouped) {
    for (const [i, c] of sums.entries()) if (Number.isFinite(row[c])) totals[i] += row[c];
  }
  return [[grouped.numRows(), ...totals]];
}

export const suite = {
  name: 'groupby',
  title: 'Group-by: the questions of db-benchmark',
  about:
    'One table of nine columns; each answer is reduced to the number of its groups and the sums of what was computed, in the same query.',
  rows: 1e6,
  inputs: ['parquet', 'memory', 'csv'],
  peers: ['duckdb', 'polars', 'arquero', 'py-polars', 'pandas', 'dask', 'ray'],
  prepare: ({ rows, formats }) => ({ x: groupTable(rows, formats) }),
};

export const cases = () =>
  QUESTIONS.map((question) => ({
    name: question.name,
    flowc: ({ x }) => flowOf(question, x),
    duckdb: ({ x }) => sqlOf(question, x),
    polars: (pl, { x }) => polarsOf(pl, question, x),
    arquero: (aq, { x }) => arqueroOf(aq, question, x),
    python: { kind: 'group', ...question, sums: sumsOf(question) },
  }));
