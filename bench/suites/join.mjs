// The join questions of db-benchmark: one large table against a small, a medium and a large one, on integers and on text.
import { table } from './lib/files.mjs';
import { generator, permutation } from './lib/random.mjs';

/** Sizes of the right sides. db-benchmark has n/1e6, n/1e3 and n; below 1e7 rows the small one would vanish, so that it keeps ten. */
const sizes = (rows) => ({
  small: Math.max(10, Math.floor(rows / 1e6)),
  medium: Math.max(20, Math.floor(rows / 1e3)),
  big: rows,
});

/** Keys of n rows: nine tenths of them on both sides, the others on one side each, all in random order. */
function keys(random, n) {
  const all = permutation(random, Math.ceil(n * 1.1));
  const both = all.subarray(0, Math.floor(n * 0.9));
  const [left, right] = [all.subarray(both.length, n), all.subarray(n, 2 * n - both.length)];
  const sided = (own) => Uint32Array.from([...both, ...own]);
  return { left: sided(left), right: sided(right) };
}

const int = ['id1', 'id2', 'id3'].map((n) => [n, 'int']);
const text = ['id4', 'id5', 'id6'].map((n) => [n, 'string']);
const COLUMNS = {
  x: [...int, ...text, ['v1', 'float']],
  small: [int[0], text[0], ['v2', 'float']],
  medium: [int[0], int[1], text[0], text[1], ['v2', 'float']],
  big: [...int, ...text, ['v2', 'float']],
};

/** Every key occurs in a table as long as the keys last; the rest is drawn. `levels` of small, medium, big. */
function* lines(seed, rows, all, side, levels) {
  const random = generator(seed);
  const values = levels.map((l) => all[l][side]);
  const orders = values.map((v) => (v.length === rows ? permutation(random, rows) : null));
  for (let i = 0; i < rows; i++) {
    const ids = values.map((v, k) => 1 + v[orders[k]?.[i] ?? random.int(0, v.length - 1)]);
    yield `${ids.join(',')},${ids.map((id) => `id${id}`).join(',')},${(random.unit() * 100).toFixed(6)}`;
  }
}

function prepare({ rows, formats }) {
  const n = sizes(rows);
  let made;
  const all = () => {
    made ??= Object.fromEntries(Object.entries(n).map(([l, size]) => [l, keys(generator(size + 11), size)]));
    return made;
  };
  const make = (name, seed, count, side, levels) =>
    table(
      { folder: `join-${rows}`, name, columns: COLUMNS[name], lines: () => lines(seed, count, all(), side, levels) },
      formats,
    );
  return {
    x: make('x', 1, rows, 'left', ['small', 'medium', 'big']),
    small: make('small', 2, n.small, 'right', ['small']),
    medium: make('medium', 3, n.medium, 'right', ['small', 'medium']),
    big: make('big', 4, n.big, 'right', ['small', 'medium', 'big']),
  };
}

/** The answer is the number of rows, and the sums of v1 and v2; with `wide` every column takes part. */
const QUESTIONS = [
  { name: 'q1 small, int', right: 'small', on: 'id1', how: 'inner' },
  { name: 'q2 medium, int', right: 'medium', on: 'id2', how: 'inner' },
  { name: 'q3 medium, left, int', right: 'medium', on: 'id2', how: 'left' },
  { name: 'q4 medium, text', right: 'medium', on: 'id5', how: 'inner' },
  { name: 'q5 big, int', right: 'big', on: 'id3', how: 'inner' },
  { name: 'q5 big, every column', right: 'big', on: 'id3', how: 'inner', wide: true },
];
const WIDE = ['id1', 'id2', 'id4', 'id5', 'id6'];

function flowOf({ right, on, how, wide }, t) {
  const add = ['r.v2', ...(wide ? WIDE.map((c) => `r_${c} = r.${c}`) : [])].join(', ');
  const maxima = wide ? WIDE.flatMap((c) => [`a_${c} = max(${c})`, `b_${c} = max(r_${c})`]) : [];
  const items = ['n = count()', 's1 = sum(v1)', 's2 = sum(v2)', ...maxima].join(', ');
  return `from ${t.x}\n| join ${how} ${t[right]} as r on ${on} == r.${on} add ${add}\n| summarize ${items}`;
}

function sqlOf({ right, on, how, wide }, t) {
  const maxima = wide ? WIDE.map((c) => `, max(x.${c}), max(r.${c})`).join('') : '';
  return `select count(*), sum(x.v1), sum(r.v2)${maxima} from ${t.x} x ${how} join ${t[right]} r on x.${on} = r.${on}`;
}

function polarsOf(pl, { right, on, how, wide }, t) {
  const { col } = pl;
  const joined = t.x.join(t[right], { on, how, suffix: '_r' });
  const maxima = wide ? WIDE.flatMap((c) => [col(c).max().alias(`a_${c}`), col(`${c}_r`).max().alias(`b_${c}`)]) : [];
  return joined.select(pl.len().alias('n'), col('v1').sum(), col('v2').sum(), ...maxima);
}

function arqueroOf(aq, { right, on, how, wide }, t) {
  const { op } = aq;
  const renamed = WIDE.filter((c) => c !== on && t[right].columnNames().includes(c)).map((c) => [c, `r_${c}`]);
  const other = t[right].rename(Object.fromEntries(renamed));
  const joined = how === 'left' ? t.x.join_left(other, on) : t.x.join(other, on);
  const maxima = {};
  for (const c of wide ? WIDE : []) Object.assign(maxima, { [`a_${c}`]: op.max(c), [`b_${c}`]: op.max(`r_${c}`) });
  const row = joined.rollup({ n: op.count(), s1: op.sum('v1'), s2: op.sum('v2'), ...maxima }).object(0);
  return [Object.values(row)];
}

export const suite = {
  name: 'join',
  title: 'Join: the questions of db-benchmark',
  about:
    'A table of n rows against ones of 10, n/1000 and n rows; nine tenths of the keys match. Each answer is reduced to its number of rows and sums in the same query.',
  rows: 1e6,
  inputs: ['parquet', 'memory', 'csv'],
  peers: ['duckdb', 'polars', 'arquero', 'py-polars', 'pandas', 'dask'],
  prepare,
};

export const cases = () =>
  QUESTIONS.map((question) => ({
    name: question.name,
    uses: ['x', question.right],
    flowc: (t) => flowOf(question, t),
    duckdb: (t) => sqlOf(question, t),
    polars: (pl, t) => polarsOf(pl, question, t),
    arquero: (aq, t) => arqueroOf(aq, question, t),
    python: { kind: 'join', ...question, wide: question.wide ? WIDE : [] },
  }));
