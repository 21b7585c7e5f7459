// Parquet: read to totals of every column, to a few of the columns, filtered, and written as Parquet.
import { positionsOf } from './lib/order.mjs';
import { everyColumn, filtered, toParquet, trades, twoColumns } from './lib/trades.mjs';

export const suite = {
  name: 'parquet',
  title: 'Parquet',
  about: 'Seven columns in row groups of 131072 rows, Snappy.',
  rows: 1e6,
  inputs: ['parquet'],
  peers: ['duckdb', 'polars', 'py-polars', 'pandas', 'dask', 'ray'],
  prepare: ({ rows, formats }) => ({ trades: trades(rows, formats) }),
};

export const cases = ({ rows }) => [everyColumn, twoColumns, filtered(rows), toParquet(positionsOf)];
