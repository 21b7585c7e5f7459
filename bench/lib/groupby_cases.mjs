// The group-by benchmark's cases, the same rows in SQL and in columns: row i has x = i * 2654435761 mod 2^32, and its keys are functions of x.

/** Multiplier of the row number: odd, so that all rows differ. */
export const STEP = 2654435761;

/**
 * Cases by name. `keys`: name, kind and number of different values of each; int keys are `spread` apart. `aggs`: function and column; v1 is an int
 * 1..5, v2 an int 1..15, v3 a float. `target`: the ratio to DuckDB to reach.
 */
const SUMS = [
  ['count', null],
  ['sum', 'v1'],
  ['sum', 'v2'],
  ['sum', 'v3'],
];
export const CASES = {
  dictionary: { keys: [['k', 'dictionary', 100]], aggs: SUMS, target: 0.7 },
  'string 100': { keys: [['k', 'string', 100]], aggs: SUMS, target: 0.55 },
  'string 1e5': { keys: [['k', 'string', 1e5]], aggs: SUMS, target: 0.6 },
  'int 1e5': { keys: [['k', 'int', 1e5, 13007]], aggs: SUMS, target: 0.6 },
  'int 1e6': { keys: [['k', 'int', 1e6, 2003]], aggs: SUMS, target: 0.4 },
  'dense int 1e5': { keys: [['k', 'int', 1e5, 1]], aggs: SUMS, target: 0.6 },
  'six keys': {
    keys: [
      ['k1', 'dictionary', 100],
      ['k2', 'dictionary', 97],
      ['k3', 'string', 1e5],
      ['k4', 'int', 101, 1],
      ['k5', 'int', 103, 1],
      ['k6', 'int', 1e5, 1],
    ],
    aggs: [
      ['sum', 'v3'],
      ['count', null],
    ],
    target: 0.3,
  },
};

/** The number of the key's value in row `x`, and how it is written. */
export const entryOf = (x, count) => x % count;
export const textOf = (entry, count) =>
  count <= 1000 ? `id${String(entry).padStart(3, '0')}` : `id${String(entry).padStart(10, '0')}`;

/** A table of `rows` rows in DuckDB with the columns of a case. */
export function tableSql(name, { keys }, rows) {
  const columns = keys.map(([k, kind, count, spread]) => {
    const entry = `x % ${count}`;
    if (kind === 'int') return `(${entry} * ${spread})::int as ${k}`;
    return `'id' || lpad((${entry})::varchar, ${count <= 1000 ? 3 : 10}, '0') as ${k}`;
  });
  const values = ['(x % 5 + 1)::int as v1', '(x % 15 + 1)::int as v2', '(x % 1000003) / 7.0::double as v3'];
  return `create or replace table ${name} as select ${[...columns, ...values].join(', ')}
    from (select (i * ${STEP}::hugeint) % 4294967296 as x from (select (i::hugeint) as i from range(${rows}) t(i)))`;
}

/** The grouping in SQL, with `aK` as names of the aggregates. */
export function groupSql(from, { keys, aggs }) {
  const names = keys.map((k) => k[0]).join(', ');
  const items = aggs.map(([fn, arg], i) => `${fn}(${arg ?? '*'}) as a${i}`).join(', ');
  return `select ${names}, ${items} from ${from} group by ${names}`;
}
