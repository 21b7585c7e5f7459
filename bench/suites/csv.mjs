// CSV: read to totals of every column, to a few of the columns, filtered, and written as Parquet.
import { positionsOf } from './lib/order.mjs';
import { everyColumn, filtered, toParquet, trades, twoColumns } from './lib/trades.mjs';

export const suite = {
  name: 'csv',
  title: 'CSV',
  about: 'Seven typed columns with quoted fields, missing values and dates, stated to every contestant.',
  rows: 1e6,
  inputs: ['csv'],
  peers: ['duckdb', 'polars', 'streams', 'py-polars', 'pandas', 'dask', 'ray'],
  prepare: ({ rows, formats }) => ({ trades: trades(rows, formats) }),
};

export const cases = ({ rows }) => [everyColumn, twoColumns, filtered(rows), toParquet(positionsOf)];
