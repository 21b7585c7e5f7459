import type { TableName } from './tables.ts';

/** One function of ours beside an expression of SQL, over a table of edge values. */
export interface Case {
  readonly fn: string;
  readonly over: TableName;
  readonly ours: string;
  readonly sql: string;
  /** Relative distance that two floats may have. */
  readonly within: number;
}

/** `ours` and `sql` are the same text unless told. */
export function both(fn: string, over: TableName, ours: string, sql = ours, within = 0): Case {
  return { fn, over, ours, sql, within };
}

/** Functions that the database has nothing to set beside, and what tests them instead of it. */
export const WITHOUT_COUNTERPART: Readonly<Record<string, string>> = {
  index: 'nested values have tests of their own',
  get: 'nested values have tests of their own',
  expm1: 'the database has no such function',
  log1p: 'the database has no such function',
  hypot: 'the database has no such function',
  e: 'the database has no such function',
  floor_mod: 'the database has no such function',
  width_bucket: 'the database has no such function',
  clamp: 'the database has no such function',
  choose: 'the database has no such function',
  num_nulls: 'the database has no such function',
  num_nonnulls: 'the database has no such function',
  typeof: 'types have other names',
  initcap: 'the database has no such function',
  graphemes: 'the database counts graphemes, and does not list them',
  overlay: 'the database has no such function',
  center: 'the database has no such function',
  occurrences: 'the database has no such function',
  soundex: 'the database has no such function',
  format_number: 'the database has no such function',
  regexp_position: 'the database has no such function',
  hash: 'hashes are made in ways of their own',
  hash_unit: 'hashes are made in ways of their own',
  sha512: 'the database has no such function; the example is the published test vector',
  hmac_sha256: 'the database has no such function',
  crc32: 'the database has no such function; the example is the published check value',
  xxhash64: 'the database has no such function; the examples are published test vectors',
  uuid5: 'the database makes random ones only; the example is the published one',
  from_base: 'the database has no such function',
  is_leap_year: 'the database has no such function',
  next_day: 'the database has no such function',
  make_time: 'tests of dates cover it',
  time: 'tests of dates cover it',
};
