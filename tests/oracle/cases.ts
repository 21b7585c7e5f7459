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

/** Functions and aggregates that the database has nothing to set beside, and what tests them instead of it. */
export const WITHOUT_COUNTERPART: Readonly<Record<string, string>> = {
  initcap: 'a plain implementation in the tests',
  soundex: 'a plain implementation in the tests',
  crc32: 'a plain implementation in the tests, and the published check value',
  uuid5: 'a plain implementation in the tests; random ones are all that is there',
  hmac_sha256: 'its definition, by the SHA-256 that is there',
  sha512: 'the published test vectors',
  xxhash64: 'the published test vectors',
  approx_count_distinct: 'the exact count: each side estimates in a way of its own',
  approx_median: 'the exact median: each side estimates in a way of its own',
  approx_quantile: 'the exact quantile: each side estimates in a way of its own',
};
