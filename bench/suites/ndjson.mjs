// NDJSON: read to totals of every column, to a few of the columns, filtered, and written as Parquet.
import { positionsOf } from './lib/order.mjs';
import { everyColumn, filtered, toParquet, trades, twoColumns } from './lib/trades.mjs';

export const suite = {
  name: 'ndjson',
  title: 'NDJSON',
  about: 'The same seven columns as JSON objects, one a line.',
  rows: 1e6,
  inputs: ['ndjson'],
  peers: ['duckdb', 'polars', 'streams'],
  prepare: ({ rows, formats }) => ({ trades: trades(rows, formats) }),
};

export const cases = ({ rows }) => [everyColumn, twoColumns, filtered(rows), toParquet(positionsOf)];
