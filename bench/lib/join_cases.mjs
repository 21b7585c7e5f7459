// The join benchmark's cases, the same rows in SQL and in columns. Left row i has x = i * 2654435761 mod 2^32, the key of number x mod (keys) and v = x / 8;
// right row j (of `right`) has the key of number j * 7919 mod right and w = j / 4. Keys from `right` on have no match.

/** Multiplier of the row number: odd, so that all rows differ. */
export const STEP = 2654435761;
export const RIGHT_STEP = 7919;

/**
 * Cases by name. `right`: rows of the right side, none of which is a multiple of 7919, so that its keys differ; `times`: how often each of its rows is there;
 * `keys`: different keys on the left. `how`: broadcast (a lookup) or partitioned (both sides by hash). `use`: sums, or all rows put into the store (a temporary table).
 */
export const CASES = {
  'sparse ints, sums': { right: 1e6, key: 'sparse', how: 'broadcast', use: 'sums', target: 0.65 },
  'sparse ints, sums, partitioned': { right: 1e6, key: 'sparse', how: 'partitioned', use: 'sums', target: 0.65 },
  'sparse ints, rows': { right: 1e6, key: 'sparse', how: 'broadcast', use: 'rows', target: 0.35 },
  'sparse ints, rows, partitioned': { right: 1e6, key: 'sparse', how: 'partitioned', use: 'rows', target: 0.35 },
  'dense ints, sums': { right: 1e6, key: 'dense', how: 'broadcast', use: 'sums', target: 0.65 },
  'dense ints, rows': { right: 1e6, key: 'dense', how: 'broadcast', use: 'rows', target: 0.35 },
  'half match, sums': { right: 1e6, keys: 2e6, key: 'sparse', how: 'broadcast', use: 'sums', target: 0.65 },
  'twice each, sums': { right: 5e5, times: 2, key: 'sparse', how: 'broadcast', use: 'sums', target: 0.65 },
  'small side, sums': { right: 1000, key: 'sparse', how: 'broadcast', use: 'sums', target: 0.65 },
  'small side, rows': { right: 1000, key: 'sparse', how: 'broadcast', use: 'rows', target: 0.35 },
  'strings, sums': { right: 1e5, key: 'string', how: 'broadcast', use: 'sums', target: 0.65 },
  'strings, rows': { right: 1e5, key: 'string', how: 'broadcast', use: 'rows', target: 0.35 },
  'strings, rows, partitioned': { right: 1e5, key: 'string', how: 'partitioned', use: 'rows', target: 0.35 },
};

/** The int key of a number: as it is, or anywhere among 32 bits. */
export const intKey = (number, key) =>
  key === 'dense' ? number : ((Math.imul(number, 0x9e3779b1) >>> 0) - 2147483648) | 0;
export const textKey = (number) => `id${String(number).padStart(10, '0')}`;

function keySql(number, key) {
  if (key === 'string') return `'id' || lpad((${number})::varchar, 10, '0')`;
  return key === 'dense' ? `(${number})::int` : `((${number}) * 2654435761 % 4294967296 - 2147483648)::int`;
}

/** Both tables in DuckDB, `l` and `r`. */
export function tablesSql({ right, times = 1, keys = right, key }, rows) {
  return [
    `create or replace table l as select ${keySql(`x % ${keys}`, key)} as k, x / 8.0::double as v
      from (select (i * ${STEP}::hugeint % 4294967296)::bigint as x from (select i::hugeint as i from range(${rows}) t(i)))`,
    `create or replace table r as select ${keySql(`j * ${RIGHT_STEP} % ${right}`, key)} as k, j / 4.0::double as w
      from range(${right * times}) t(j)`,
  ];
}

export const SUMS_SQL = 'select count(*), sum(v), sum(w) from l join r on l.k = r.k';
export const ROWS_SQL = 'create or replace temp table o as select l.k, v, w from l join r on l.k = r.k';
