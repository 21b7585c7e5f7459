// A table as files of text have it: numbers, dates, short and long texts, commas and quotes within fields, missing values.
import { table } from './files.mjs';
import { generator } from './random.mjs';

const COLUMNS = [
  ['id', 'int'],
  ['day', 'date'],
  ['region', 'string'],
  ['name', 'string'],
  ['quantity', 'int'],
  ['price', 'float'],
  ['score', 'float?'],
];

const WORDS = 'amber basalt copper delta ember flint garnet harbor indigo juniper kelp lagoon maple nickel onyx'.split(
  ' ',
);

function* lines(rows) {
  const r = generator(2024);
  const first = Date.UTC(2015, 0, 1);
  for (let i = 0; i < rows; i++) {
    const day = new Date(first + r.int(0, 3651) * 86_400_000).toISOString().slice(0, 10);
    const plain = `${r.pick(WORDS)} ${r.pick(WORDS)} ${r.int(1, 99999)}`;
    // One name in fifty needs quotes.
    const name = i % 50 === 0 ? `"${plain}, ""${r.pick(WORDS)}"""` : plain;
    const score = r.int(1, 20) === 1 ? '' : (r.unit() * 10).toFixed(3);
    yield `${i},${day},region-${r.int(1, 50)},${name},${r.int(1, 500)},${(r.unit() * 1000).toFixed(2)},${score}`;
  }
}

export const trades = (rows, formats) =>
  table({ folder: `trades-${rows}`, name: 'trades', columns: COLUMNS, lines: () => lines(rows) }, formats);

/** Totals of every column: count, and sum or maximum of each. */
const TOTALS = [
  ['id', 'sum'],
  ['day', 'max'],
  ['region', 'max'],
  ['name', 'max'],
  ['quantity', 'sum'],
  ['price', 'sum'],
  ['score', 'sum'],
];

/** The case that reads every column. */
export const everyColumn = {
  name: 'every column',
  flowc: ({ trades: t }) =>
    `from ${t}\n| summarize n = count(), ${TOTALS.map(([c, f]) => `t_${c} = ${f}(${c})`).join(', ')}`,
  duckdb: ({ trades: t }) => `select count(*), ${TOTALS.map(([c, f]) => `${f}(${c})`).join(', ')} from ${t}`,
  polars: (pl, { trades: t }) => t.select(pl.len().alias('n'), ...TOTALS.map(([c, f]) => pl.col(c)[f]().alias(c))),
  async streams({ trades: t }, records) {
    const format = t.ndjson ? 'ndjson' : 'csv';
    let n = 0;
    const totals = TOTALS.map(([, f]) => (f === 'sum' ? 0 : ''));
    const names = TOTALS.map(([c], i) => (format === 'csv' ? i : c));
    for await (const row of records(t[format], format)) {
      n++;
      for (let i = 0; i < totals.length; i++) {
        const v = row[names[i]];
        if (TOTALS[i][1] === 'sum') totals[i] += Number(v);
        else if (v > totals[i]) totals[i] = v;
      }
    }
    return [[n, ...totals]];
  },
  python: { kind: 'totals', totals: TOTALS },
};

/** Two columns of seven, grouped: fifty groups. */
export const twoColumns = {
  name: 'two columns, grouped',
  flowc: ({ trades: t }) => `from ${t}\n| summarize n = count(), total = sum(price) by region\n| sort region`,
  duckdb: ({ trades: t }) => `select region, count(*), sum(price) from ${t} group by region order by region`,
  polars: (pl, { trades: t }) =>
    t.groupBy('region').agg(pl.len().alias('n'), pl.col('price').sum().alias('total')).sort('region'),
  async streams({ trades: t }, records) {
    const format = t.ndjson ? 'ndjson' : 'csv';
    const [region, price] = format === 'csv' ? [2, 5] : ['region', 'price'];
    const groups = new Map();
    for await (const row of records(t[format], format)) {
      const key = row[region];
      const group = groups.get(key) ?? [0, 0];
      group[0]++;
      group[1] += Number(row[price]);
      groups.set(key, group);
    }
    return [...groups].map(([k, g]) => [k, ...g]).sort((a, b) => (a[0] < b[0] ? -1 : 1));
  },
  python: { kind: 'grouped', by: 'region', sum: 'price' },
};

/** One row in a hundred, by a range of the sorted column. */
export const filtered = (rows) => {
  const [low, high] = [Math.floor(rows * 0.4), Math.floor(rows * 0.41)];
  return {
    name: 'one row in a hundred',
    flowc: ({ trades: t }) =>
      `from ${t}\n| where id >= ${low} and id < ${high}\n| summarize n = count(), q = sum(quantity), p = sum(price), m = max(name)`,
    duckdb: ({ trades: t }) =>
      `select count(*), sum(quantity), sum(price), max(name) from ${t} where id >= ${low} and id < ${high}`,
    polars: (pl, { trades: t }) =>
      t
        .filter(pl.col('id').gtEq(low).and(pl.col('id').lt(high)))
        .select(pl.len().alias('n'), pl.col('quantity').sum(), pl.col('price').sum(), pl.col('name').max()),
    python: { kind: 'filtered', low, high },
  };
};

/** Everything written again as Parquet. */
export const toParquet = (positionsOf) => ({
  name: 'to Parquet',
  flowc: ({ trades: t }, out) => `from ${t} | write parquet(${JSON.stringify(out)})`,
  duckdb: ({ trades: t }, out) => `copy (from ${t}) to '${out}' (format parquet, compression snappy)`,
  async polars(_, { trades: t }, out) {
    await t.sinkParquet(out, { compression: 'snappy' }).collect();
    return undefined;
  },
  answerOf: async (out) => [await positionsOf(out, 'id')],
});
