// Cases of bench/sort.mjs, the same rows in SQL and in columns: row i has x = i * 2654435761 mod 2^32 and y = i * 2246822519 mod 2^32, and is known by i.

/** Multipliers of the row number: odd, so that all rows differ. */
export const [X, Y] = [2654435761, 2246822519];

const i = '"i"::bigint';
const LONG = `((x::hugeint - 2147483648) * 4294967296 + y)::bigint`;

/** `keys`: name, kind, and whether descending; kinds are in sort_thread.mjs and SQL. `target`: ratio to DuckDB in memory, and with a third. */
export const CASES = {
  'int64 + payload': { keys: [['k', 'long', false]], target: [0.35, 0.5] },
  'float64 + payload': { keys: [['k', 'float', false]], target: [0.35, 0.5] },
  strings: { keys: [['k', 'text', false]], target: [0.35, 0.5] },
  '3 keys': {
    keys: [
      ['a', 'few', true],
      ['b', 'some', false],
      ['c', 'float', true],
    ],
    target: [0.35, 0.5],
  },
};

const SQL = {
  long: LONG,
  float: '(x::double - 2147483648.0) / 1000.0',
  text: "'id' || lpad(x::varchar, 10, '0')",
  few: '(x % 100)::int',
  some: '(y % 5003)::int',
};

export const BYTES = { long: 8, float: 8, text: 16, few: 4, some: 4 };

export function tableSql(name, { keys }, rows) {
  const columns = keys.map(([k, kind]) => `${SQL[kind]} as ${k}`);
  return `create or replace table ${name} as select ${columns.join(', ')}, ${i} as p
    from (select i, ((i::hugeint * ${X}) % 4294967296)::bigint as x, ((i::hugeint * ${Y}) % 4294967296)::bigint as y from range(${rows}) t(i))`;
}

export const orderSql = ({ keys }) => keys.map(([k, , desc]) => `${k} ${desc ? 'desc' : 'asc'}`).join(', ');
